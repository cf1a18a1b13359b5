package tape

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/tape/source/csv"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts print into testdata/scripts/*.txt")

// TestScripts runs testdata/scripts/*.txt. A script is a list of cases: a command, its input, a
// line "----", the output, a blank line. All cases of a file share one tape.
//
//	import <path> [market= symbol= kind= interval= columns= skip-bad checksum=none|wrong|text]
//	series
//	holes
//	play [from= to=]
//	files
//	verify
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := script{t: t, tape: newTape(t), sources: t.TempDir()}
			got := s.run(string(text))
			if *rewrite {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(text) && !*rewrite {
				t.Errorf("output differs; run with -rewrite and read the diff. Got:\n%s", got)
			}
		})
	}
}

type script struct {
	t       *testing.T
	tape    *Tape
	sources string
}

func (s *script) run(text string) string {
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		input, _, _ := strings.Cut(block, "\n----")
		for strings.HasPrefix(input, "#") {
			comment, rest, _ := strings.Cut(input, "\n")
			fmt.Fprintln(&out, comment)
			input = rest
		}
		command, body, _ := strings.Cut(input, "\n")
		result := s.do(strings.Fields(command), body)
		for _, dir := range []string{s.sources, s.tape.dir} {
			result = strings.ReplaceAll(result, dir+string(filepath.Separator), "")
		}
		fmt.Fprintf(&out, "%s\n----\n%s\n\n", input, strings.TrimRight(result, "\n"))
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func (s *script) do(args []string, body string) string {
	options := map[string]string{}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		options[name] = value
	}
	switch args[0] {
	case "import":
		return s.importFile(args[1], options, body)
	case "series":
		var out strings.Builder
		for _, x := range s.tape.Series() {
			fmt.Fprintf(&out, "%s %v .. %v: %d rows, step %v, %d gaps, %d duplicates, %d skipped, %s, %.16s\n",
				x.Key, x.From, x.To, x.Rows, x.Step, x.Gaps, x.Duplicates, x.Skipped, x.Source, x.Hash)
		}
		return out.String()
	case "holes":
		var out strings.Builder
		for _, x := range s.tape.Series() {
			for _, h := range s.tape.Holes(x.Key) {
				fmt.Fprintf(&out, "%s %v .. %v: %d missing\n", x.Key, h.From, h.To, h.Missing)
			}
		}
		return out.String()
	case "play":
		return s.play(options)
	case "files":
		return strings.Join(tree(s.t, s.tape.dir), "\n")
	case "cat":
		text, err := os.ReadFile(filepath.Join(s.tape.dir, args[1]))
		return fmt.Sprint(string(text), errorText(err))
	case "verify":
		return errorText(s.tape.Verify(s.t.Context()))
	}
	s.t.Fatalf("unknown command %q", args)
	return ""
}

func errorText(err error) string {
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return ""
}

func (s *script) importFile(path string, options map[string]string, body string) string {
	full := filepath.Join(s.sources, path)
	writeSource(s.t, full, body+"\n")
	switch c := options["checksum"]; c {
	case "":
		sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(readFile(s.t, full)), filepath.Base(full))
		must(s.t, os.WriteFile(full+".CHECKSUM", []byte(sum), 0o644))
	case "none":
		if err := os.Remove(full + ".CHECKSUM"); !errors.Is(err, fs.ErrNotExist) {
			must(s.t, err)
		}
	default:
		must(s.t, os.WriteFile(full+".CHECKSUM", []byte(c+"  file\n"), 0o644))
	}
	_, skip := options["skip-bad"]
	_, repair := options["repair"]
	spec := ImportSpec{Path: full, SkipBad: skip, Repair: repair, Spec: source.Spec{Key: row.Key{Symbol: options["symbol"], Kind: row.Kind(options["kind"])}}}
	var err error
	if m := options["market"]; m != "" {
		spec.Key.Product, err = row.ParseMarket(m)
		must(s.t, err)
	}
	if i := options["interval"]; i != "" {
		spec.Key.Interval, err = row.ParseInterval(i)
		must(s.t, err)
	}
	if spec.Columns, err = csv.ParseColumns(options["columns"]); err != nil {
		return errorText(err)
	}
	before := snapshot(s.t, s.tape.dir)
	report, err := Import(s.t.Context(), s.tape, spec, nil)
	if err != nil {
		if after := snapshot(s.t, s.tape.dir); after != before {
			s.t.Errorf("failed import changed the tape:\n%s\nwas\n%s", after, before)
		}
		return errorText(err)
	}
	return reportText(report)
}

func reportText(r Report) string {
	var out strings.Builder
	for _, x := range r.Series {
		fmt.Fprintf(&out, "%s: %d rows, %d new, %d known, %v .. %v, verified %v\n", x.Key, x.Rows, x.New, x.Known, x.From, x.To, r.Verified)
		for _, f := range []struct {
			name string
			Finding
		}{{"gaps", x.Gaps}, {"duplicates", x.Duplicates}, {"outside", x.Outside}, {"differ", x.Differ}} {
			writeFinding(&out, f.name, f.Finding)
		}
	}
	writeFinding(&out, "skipped", r.Skipped)
	if len(r.Absent) > 0 {
		fmt.Fprintf(&out, "absent %s\n", strings.Join(r.Absent, " "))
	}
	for _, p := range r.Passed {
		fmt.Fprintf(&out, "passed %d %s\n", p.Count, p.Name)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&out, "warning: %s\n", w)
	}
	for _, w := range r.Written {
		fmt.Fprintf(&out, "wrote %s\n", w)
	}
	return out.String()
}

func writeFinding(out *strings.Builder, name string, f Finding) {
	if f.Count > 0 {
		fmt.Fprintf(out, "%s %d\n  %s\n", name, f.Count, strings.Join(f.Examples, "\n  "))
	}
}

func (s *script) play(options map[string]string) string {
	spec := ReaderSpec{Series: s.tape.Series()}
	for name, to := range map[string]*exchange.Time{"from": &spec.From, "to": &spec.To} {
		if options[name] != "" {
			must(s.t, to.UnmarshalText([]byte(options[name])))
		}
	}
	ids := map[string]exchange.InstrumentID{}
	spec.Instrument = func(p exchange.Product, symbol string) (exchange.InstrumentID, error) {
		name := p.String() + symbol
		if ids[name] == 0 {
			ids[name] = exchange.InstrumentID(len(ids) + 1)
		}
		return ids[name], nil
	}
	if r, err := s.tape.Reader(spec); err != nil {
		return errorText(err)
	} else if err := r.Close(); err != nil {
		s.t.Error(err)
	}
	var out strings.Builder
	for _, e := range play(s.t, s.tape, spec) {
		fmt.Fprintln(&out, eventText(&e))
	}
	return out.String()
}

// eventText prints an event on one line.
func eventText(e *exchange.Event) string {
	head := fmt.Sprintf("%v %d %v", e.At, e.Inst, e.Kind)
	if e.Exchange != e.At {
		head += fmt.Sprintf(" (%v)", e.Exchange)
	}
	switch e.Kind {
	case exchange.KindBar:
		b := e.Bar()
		return fmt.Sprintf("%s start %v %v o %v h %v l %v c %v v %v q %v t %v n %d", head, b.Start, b.Interval,
			b.Open, b.High, b.Low, b.Close, b.Volume, b.QuoteVolume, b.TakerBuy, b.Trades)
	case exchange.KindBarOpen:
		return fmt.Sprintf("%s %+v", head, e.BarOpen())
	case exchange.KindMark:
		return fmt.Sprintf("%s price %v index %v", head, e.Mark().Price, e.Mark().Index)
	case exchange.KindFunding:
		return fmt.Sprintf("%s %+v", head, e.Funding())
	case exchange.KindTrade:
		return fmt.Sprintf("%s %+v", head, e.Trade())
	case exchange.KindCadence:
		return fmt.Sprintf("%s %v every %v", head, e.Cadence().Kind, e.Cadence().Every)
	case exchange.KindGap:
		return fmt.Sprintf("%s %v from %v to %v: %s", head, e.Gap().Kind, e.Gap().From, e.Gap().To, e.Gap().Reason)
	}
	return head
}

// writeSource writes a CSV text as it is, or as the one entry of a zip archive.
func writeSource(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	content := []byte(text)
	if filepath.Ext(path) == ".zip" {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		entry, err := z.CreateHeader(&zip.FileHeader{
			Name: strings.TrimSuffix(filepath.Base(path), ".zip") + ".csv", Method: zip.Deflate, Modified: time.Unix(1700000000, 0),
		})
		must(t, err)
		_, err = entry.Write(content)
		must(t, errors.Join(err, z.Close()))
		content = b.Bytes()
	}
	must(t, os.WriteFile(path, content, 0o644))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// tree lists what is in a directory, files with a slash-separated path.
func tree(t testing.TB, dir string) (names []string) {
	t.Helper()
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != "." {
			names = append(names, path)
		}
		return err
	}))
	return names
}

// snapshot is everything in a directory, names and content.
func snapshot(t testing.TB, dir string) string {
	t.Helper()
	var out strings.Builder
	for _, name := range tree(t, dir) {
		out.WriteString(name)
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			fmt.Fprintf(&out, " %x", sha256.Sum256(readFile(t, filepath.Join(dir, name))))
		}
		out.WriteByte('\n')
	}
	return out.String()
}
