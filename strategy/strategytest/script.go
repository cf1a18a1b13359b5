package strategytest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// rewrite is the flag of every test that has golden files. Another package of a test may
// have brought it already.
var rewrite = rewriteFlag()

func rewriteFlag() flag.Getter {
	if flag.Lookup("rewrite") == nil {
		flag.Bool("rewrite", false, "write into golden files what came out; then read the difference")
	}
	g, _ := flag.Lookup("rewrite").Value.(flag.Getter)
	return g
}

// Rewrite says whether the tests were started with -rewrite, for golden files of an author's
// own: the flag is this package's, and a second one of that name would be refused.
func Rewrite() bool {
	on, _ := rewrite.Get().(bool)
	return on
}

// Run plays the scripts that a pattern such as "testdata/*.txt" matches, each as a test of
// its own, against fresh strategies. A script fails where the strategy asks for something
// else than is written there, where it breaks what [Conform] demands of every wish, and
// where it panics. With -rewrite what it asks for is written into the file. [Verbs] are what
// a script can say.
func Run(t *testing.T, fresh func() strategy.Strategy, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no script matches %s; the first may be two lines:\nstart\nbar UM:BTCUSDT 60000", pattern)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, problems := play(fresh, string(want))
			for _, p := range problems {
				t.Errorf("%s:%v", file, p)
			}
			switch {
			case got == string(want):
			case Rewrite() && len(problems) == 0:
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			case len(problems) == 0:
				t.Errorf("%s: %s\ngo test -rewrite writes what it asks for now", file, firstDifference(string(want), got))
			}
		})
	}
}

// problem is what is wrong in a line of a script.
type problem struct {
	line int
	what string
}

func (p problem) String() string { return fmt.Sprintf("%d: %s", p.line, p.what) }

// script is a script being played.
type script struct {
	fresh func() strategy.Strategy
	known []exchange.Instrument
	desk  *desk
	// started says whether there is a strategy to tell anything.
	started bool
	out     []string
}

// play gives the text with what the strategy asks for, and what is wrong. It ends at the
// first line that cannot be played, since what follows would mislead.
func play(fresh func() strategy.Strategy, text string) (string, []problem) {
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		return text, []problem{{1, err.Error()}}
	}
	s := &script{fresh: fresh, known: known}
	var got strings.Builder
	var problems []problem
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for n, line := range lines {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			continue // what it asked for when the script was written
		}
		got.WriteString(line + "\n")
		s.out = nil
		err := s.line(line)
		for _, o := range s.out {
			got.WriteString("  " + o + "\n")
		}
		for _, f := range s.faults() {
			problems = append(problems, problem{n + 1, f})
		}
		if err != nil {
			return text, append(problems, problem{n + 1, err.Error()})
		}
	}
	return got.String(), problems
}

// faults are those of the last line.
func (s *script) faults() []string {
	if s.desk == nil {
		return nil
	}
	f := s.desk.faults
	s.desk.faults = nil
	return f
}

func (s *script) line(line string) error {
	fields := strings.Fields(line)
	if len(fields) == 0 || strings.HasPrefix(line, "#") {
		return nil
	}
	name, args := fields[0], fields[1:]
	for _, v := range verbs() {
		if v.name != name {
			continue
		}
		if v.running && !s.started {
			return fmt.Errorf("nothing is started; begin with: start name=value ...")
		}
		err := v.do(s, args)
		if errors.Is(err, errUsage) {
			return fmt.Errorf("%w; it is: %s", err, v.usage)
		}
		return err
	}
	names := make([]string, 0, len(verbs()))
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	cure := "there are " + strings.Join(names, ", ")
	if near := strategy.Nearest(name, names); near != "" {
		cure = "did you mean " + near + "?"
	}
	return fmt.Errorf("no verb %q; %s", name, cure)
}

// say notes what the strategy asked for.
func (s *script) say(_ *exchange.Event, out *strategy.Output, why string) {
	for _, l := range describe(s.desk.ins, out, s.desk.now) {
		if why != "" {
			l = "after " + why + ": " + l
		}
		s.out = append(s.out, l)
	}
}

// begin starts a strategy with parameters, on a fresh desk.
func (s *script) begin(args []string) error {
	values := map[string]string{}
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return fmt.Errorf("%q: %w", a, errUsage)
		}
		values[name] = value
	}
	ins, err := exchange.NewInstruments(s.known...)
	if err != nil {
		return err
	}
	s.desk, s.started = newDesk(s.fresh, values, ins), false
	s.desk.told = s.say
	out, err := s.desk.start()
	if err != nil {
		s.out = append(s.out, "error: "+err.Error())
		return nil
	}
	if out != nil {
		s.started = true
		s.say(nil, out, "")
		s.desk.elapse(s.desk.now)
	}
	return nil
}

// instrument looks up a symbol of the run.
func (s *script) instrument(text string) (*exchange.Instrument, error) {
	symbol, err := strategy.ParseSymbol(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errUsage)
	}
	in, err := s.desk.ins.Find(symbol.Product, symbol.Name)
	if err != nil {
		return nil, fmt.Errorf("%w; add above start: instrument %v tick=0.1 lot=0.001", err, symbol)
	}
	return in, nil
}

// firstDifference says where two texts part.
func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	event := "nothing"
	for _, l := range b[:min(at, len(b))] {
		if isEvent(l) {
			event = l
		}
	}
	line := func(list []string) string {
		if at < len(list) && strings.HasPrefix(list[at], " ") {
			return strings.TrimSpace(list[at])
		}
		return "nothing"
	}
	return fmt.Sprintf("line %d: after %q the script has %q, and it asked for %q", at+1, event, line(a), line(b))
}

func isEvent(line string) bool { return line != "" && !strings.HasPrefix(line, " ") }
