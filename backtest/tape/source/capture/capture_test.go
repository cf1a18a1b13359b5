package capture

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// open writes a file and opens it as a recording.
func open(t testing.TB, path string, content []byte, key row.Key) source.Reader {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return openPath(t, path, key)
}

func openPath(t testing.TB, path string, key row.Key) source.Reader {
	t.Helper()
	f, err := source.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	r, err := Open(f, source.Spec{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// found is what a recording gave.
type found struct {
	t testing.TB
	// rows counts those of each series, lines those that gave any, pieces the first rows of
	// pieces of a book.
	rows   map[row.Key]int
	lines  map[int64]bool
	pieces int
	bad    []source.Bad
	notes  source.Notes
	err    error
	// text has a line a row if it is wanted.
	wanted bool
	text   strings.Builder
}

// drain reads to the end and holds batches to what source.Batch promises.
func drain(t testing.TB, r source.Reader, wanted bool) *found {
	f := &found{t: t, rows: map[row.Key]int{}, lines: map[int64]bool{}, wanted: wanted}
	last := map[row.Key]int64{}
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			f.err = err
			return f
		}
		for _, bad := range b.Bad {
			if n := len(f.bad); n > 0 && f.bad[n-1].Line >= bad.Line {
				t.Fatalf("bad line %d after %d", bad.Line, f.bad[n-1].Line)
			}
			f.bad = append(f.bad, bad)
		}
		if b.Rows == nil {
			if len(b.Lines) > 0 || len(b.Bad) == 0 {
				t.Fatalf("a batch without rows has %d lines and %d bad ones", len(b.Lines), len(b.Bad))
			}
			continue
		}
		if err := b.Key.Check(); err != nil {
			t.Fatal(err)
		}
		for _, line := range b.Lines {
			if line < last[b.Key] || line < 1 {
				t.Fatalf("%v: line %d after %d", b.Key, line, last[b.Key])
			}
			last[b.Key], f.lines[line] = line, true
		}
		f.rows[b.Key] += len(b.Lines)
		f.take(&b)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatalf("after the end: %v", err)
	}
	f.notes = r.Notes()
	return f
}

func (f *found) take(b *source.Batch) {
	switch rows := b.Rows.(type) {
	case []row.Trade:
		check(f, b, rows)
	case []row.Ticker:
		check(f, b, rows)
	case []row.Level:
		check(f, b, rows)
		for i := range rows {
			if rows[i].Begins {
				f.pieces++
			}
		}
		if !rows[0].Begins {
			f.t.Fatalf("%v: line %d: a batch begins within a piece", b.Key, b.Lines[0])
		}
	case []row.Mark:
		check(f, b, rows)
	case []row.Bar:
		check(f, b, rows)
	case []row.Liquidation:
		check(f, b, rows)
	default:
		f.t.Fatalf("batch of %T", b.Rows)
	}
}

func check[R any, P row.Row[R]](f *found, b *source.Batch, rows []R) {
	if len(rows) == 0 || len(rows) != len(b.Lines) {
		f.t.Fatalf("%v: %d rows with %d lines", b.Key, len(rows), len(b.Lines))
	}
	columns := row.Columns[R]()
	for i := range rows {
		if err := P(&rows[i]).Check(&b.Key); err != nil {
			f.t.Fatalf("%v: line %d: %v", b.Key, b.Lines[i], err)
		}
		for c := range columns {
			if columns[c].Type == row.Decimal && exchange.Fixed(*row.IntAt(&columns[c], &rows[i])).Abs() >= row.DecimalMax {
				f.t.Fatalf("%v: line %d: %s does not fit", b.Key, b.Lines[i], columns[c].Name)
			}
		}
		if f.wanted {
			fmt.Fprintf(&f.text, "%v %d:%s\n", b.Key, b.Lines[i], columnText(columns, &rows[i]))
		}
	}
}

// columnText prints the columns that are not 0.
func columnText[R any](columns []row.Column, r *R) string {
	var text []byte
	var zero R
	for i := range columns {
		c := &columns[i]
		if value := row.Text(nil, c, r); !bytes.Equal(value, row.Text(nil, c, &zero)) {
			text = fmt.Appendf(text, " %s=%s", c.Name, value)
		}
	}
	return string(text)
}

// account adds up what became of the lines, each of which must have become one thing.
func (f *found) account(lines int) {
	f.t.Helper()
	var taken, passed int64
	for _, c := range f.notes.Taken {
		taken += c.Count
	}
	for _, c := range f.notes.Passed {
		passed += c.Count
	}
	for _, bad := range f.bad {
		if f.lines[bad.Line] {
			f.t.Errorf("line %d is bad and gave rows", bad.Line)
		}
	}
	if int(taken) != len(f.lines) {
		f.t.Errorf("%d lines were taken and %d gave rows", taken, len(f.lines))
	}
	if sum := int(taken+passed) + len(f.bad); sum != lines {
		f.t.Errorf("%d taken, %d passed and %d bad make %d lines, the file has %d", taken, passed, len(f.bad), sum, lines)
	}
}

// TestLayouts and what is refused are golden text: read the diff after -rewrite.
func TestLayouts(t *testing.T)  { golden(t, "layouts.txt") }
func TestRefusals(t *testing.T) { golden(t, "refusals.txt") }

func golden(t *testing.T, name string) {
	path := filepath.Join("testdata", name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		out = append(out, runCase(t, block, name == "layouts.txt"))
	}
	got := strings.Join(out, "\n\n") + "\n"
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(data) {
		want := strings.Split(string(data), "\n")
		for i, line := range strings.Split(got, "\n") {
			if i >= len(want) || line != want[i] {
				t.Fatalf("%s:%d differs; -rewrite and read the diff. Got:\n%s", path, i+1, line)
			}
		}
		t.Fatalf("%s has more lines than were got", path)
	}
}

// runCase reads the file of a paragraph and returns the paragraph with what it gave.
func runCase(t *testing.T, block string, detected bool) string {
	input, _, _ := strings.Cut(block, "\n->")
	dir := t.TempDir()
	path, key, content := parseCase(t, input)
	if detected && !Detect(content) {
		t.Errorf("%s is not taken for a recording", path)
	}
	r := open(t, filepath.Join(dir, path), content, key)
	f := drain(t, r, true)
	out := f.text.String()
	for _, bad := range f.bad {
		out += fmt.Sprintf("bad %d", bad.Line)
		if bad.Key != (row.Key{}) {
			out += fmt.Sprintf(" of %v", bad.Key)
		}
		out += fmt.Sprintf(": %v\n", bad.Reason)
		if want := lineOf(content, bad.Line); bad.Text != want {
			t.Errorf("line %d: text %q, want %q", bad.Line, bad.Text, want)
		}
	}
	if f.err != nil {
		out += "error " + strings.ReplaceAll(f.err.Error(), dir+"/", "") + "\n"
	} else {
		f.account(len(strings.FieldsFunc(string(content), func(c rune) bool { return c == '\n' })))
	}
	for _, w := range f.notes.Warnings {
		out += "warning " + w + "\n"
	}
	for _, c := range f.notes.Taken {
		out += fmt.Sprintf("taken %s %d\n", c.Name, c.Count)
	}
	for _, c := range f.notes.Passed {
		out += fmt.Sprintf("passed %s %d\n", c.Name, c.Count)
	}
	return input + "\n-> " + strings.ReplaceAll(strings.TrimSuffix(out, "\n"), "\n", "\n-> ")
}

// parseCase reads "file <path> product=UM symbol=X cut" and the lines of the file.
func parseCase(t *testing.T, input string) (path string, key row.Key, content []byte) {
	cut := false
	for _, line := range strings.Split(input, "\n") {
		if text, ok := strings.CutPrefix(line, "| "); ok || line == "|" {
			content = append(content, text+"\n"...)
		}
		words := strings.Fields(line)
		if words[0] != "file" {
			continue
		}
		path = words[1]
		for _, w := range words[2:] {
			name, value, _ := strings.Cut(w, "=")
			switch name {
			case "product":
				p, err := exchange.ParseProduct(value)
				if err != nil {
					t.Fatal(err)
				}
				key.Product = p
			case "symbol":
				key.Symbol = value
			case "cut":
				cut = true
			}
		}
	}
	if cut {
		content = bytes.TrimSuffix(content, []byte("\n"))
	}
	return path, key, content
}

func lineOf(content []byte, n int64) string {
	return strings.TrimRight(strings.Split(string(content), "\n")[n-1], " ")
}
