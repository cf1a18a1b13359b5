package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/pythontest"
	"github.com/pmbot/pmbot/internal/raced"
)

// moved is one strategy of TestSwapUnderLoad: the program it begins with and the one that takes
// its place, "go" or "python", with what the latter does.
type moved struct{ label, from, to, do string }

// swapLoad swaps strategies of a bot that trades on a simulated exchange.
type swapLoad struct {
	*survival
	steps int
	list  []moved
}

// TestSwapUnderLoad replaces the programs of strategies that trade all the time, in Go and in
// Python and from one to the other, over real processes on a simulated exchange. What they have
// counted, on both sides of the swap, is what the journal has: no timer, order, refusal or fill was
// lost or came twice; and every approved order is at the exchange once at most. New versions that
// fail are rolled back or never begin, and a person is told in one line each.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	s := &swapLoad{survival: &survival{t: t, dir: t.TempDir(), rng: rand.New(rand.NewPCG(1, 1))}, steps: raced.Fewer(700, 300)}
	s.list = []moved{{"a", "go", "go", "move"}, {"b", "go", "go", "crash"}}
	if pythontest.Interpreter() != "" {
		s.list = append(s.list, moved{"c", "go", "python", "move"}, moved{"d", "python", "go", "move"}, moved{"e", "python", "python", "crash"})
	}
	s.open(1)
	s.settle(0)
	s.client = monitor.NewClient(filepath.Join(s.dir, "main", controlSocket))
	bot := s.launch()
	if !s.waitUntilActive(bot) {
		t.Fatalf("the bot does not start:\n%s", bot.errors.String())
	}
	s.all(func(m moved) string { return m.label + "-old is under way" })
	for _, wrong := range []struct{ program, do, want string }{
		{"impostor", "move", `is strategy impostor, and a runs mover: that needs a new start`},
		{"greedy", "move", `it may trade what the bot has not allowed it when it began: .*; that needs a new start`},
		{"mover", "refuse", `strategy a goes on with its old program: .*not my memory`},
	} {
		s.write(func(m moved) string { return s.section(m, m.label == "a", wrong.program, wrong.do) })
		if line := s.swap("a", false); !regexp.MustCompile(wrong.want).MatchString(line) {
			t.Errorf("%s: it was told %q", wrong.want, line)
		}
	}
	for i, m := range s.list {
		s.settle(i + 1)
		if line := s.swap(m.label, true); !strings.Contains(line, "in force since") {
			t.Errorf("%s: it was told %q", m.label, line)
		}
	}
	s.all(func(m moved) string {
		if m.do == "crash" {
			return m.label + "-old is torn" // and goes on
		}
		return m.label + "-new rests"
	})
	s.agree()
	if err := bot.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-bot.over; err != nil {
		t.Errorf("the bot ends with %v\n%s", err, bot.errors.String())
	}
	s.told()
	s.counted()
	s.audit()
}

// settle writes the configuration in which the first n strategies have their new programs.
func (s *swapLoad) settle(n int) {
	i := 0
	s.write(func(m moved) string {
		i++
		if i > n {
			return s.section(m, false, "", "")
		}
		return s.section(m, true, m.to, m.do)
	})
}

func (s *swapLoad) write(section func(moved) string) {
	var b strings.Builder
	for _, m := range s.list {
		b.WriteString(section(m))
	}
	s.configure("loss_streak_max = 1000\n", b.String())
}

// section is a strategy's part of the configuration, with its new program or its old one, which
// goes on until it is replaced.
func (s *swapLoad) section(m moved, swapped bool, program, do string) string {
	word, steps := m.label+"-new", s.steps
	if !swapped {
		word, steps, program, do = m.label+"-old", 0, m.from, "move"
	}
	return fmt.Sprintf("[[strategy]]\nlabel = %q\nplugin = %q\nparams = { steps = %d, word = %q, do = %q }\n", m.label, s.program(program), steps, word, do)
}

// program is the path of a program.
func (s *swapLoad) program(name string) string {
	switch name {
	case "go":
		name = "mover"
	case "python":
		return s.script()
	}
	path, err := exec.LookPath(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return path
}

// script makes a program of mover.py.
func (s *swapLoad) script() string {
	path := filepath.Join(s.dir, "mover.py")
	if exists(path) {
		return path
	}
	text, err := os.ReadFile(filepath.Join("testdata", "mover.py"))
	if err == nil {
		err = os.WriteFile(path, append([]byte("#!"+pythontest.Interpreter()+" -B\n"), text...), 0o755)
	}
	var source string
	if err == nil {
		source, err = filepath.Abs("../../plugins/python/src/pmbot")
	}
	if err == nil {
		err = os.Symlink(source, filepath.Join(s.dir, "pmbot"))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return path
}

// swap runs pmbot swap and returns the last line that it prints.
func (s *swapLoad) swap(label string, succeeds bool) string {
	s.t.Helper()
	out, err := exec.Command(pmbotProgram(s.t), "swap", label, "--yes", "--state", s.dir, "--reason", "a test").CombinedOutput()
	if (err == nil) != succeeds {
		s.t.Fatalf("swap %s: %v\n%s", label, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	s.t.Log(lines[len(lines)-1])
	return lines[len(lines)-1]
}

// log is what the bot has logged.
func (s *swapLoad) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "main", "log", "pmbot.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// all waits until every strategy has logged what it should.
func (s *swapLoad) all(words func(moved) string) {
	s.t.Helper()
	for began := time.Now(); ; pause(50 * time.Millisecond) {
		log, n := s.log(), 0
		for _, m := range s.list {
			if strings.Contains(log, words(m)) {
				n++
			}
		}
		if n == len(s.list) {
			return
		}
		if time.Since(began) > patience {
			s.t.Fatalf("%d of %d strategies have come so far:\n%s", n, len(s.list), log)
		}
	}
}

// told holds what was told of the programs that failed: one line of the crash and one of the way
// back for each.
func (s *swapLoad) told() {
	s.t.Helper()
	back, crash := "the new program has failed within 1m0s, so the old one, version 0.1.0, goes on with what it had saved", "enough of it"
	for _, m := range s.list {
		want := 0
		if m.do == "crash" {
			want = 1
		}
		backs, crashes := 0, 0
		for line := range strings.Lines(s.log()) {
			var entry struct{ Level, Msg, Strategy string }
			if json.Unmarshal([]byte(line), &entry) != nil || entry.Strategy != m.label || entry.Level != "ERROR" {
				continue
			}
			backs += strings.Count(entry.Msg, back)
			if strings.Contains(entry.Msg, "its process is gone") {
				crashes += strings.Count(entry.Msg, crash)
			}
			s.t.Logf("%s: %s", m.label, entry.Msg)
		}
		if backs != want || crashes != want {
			s.t.Errorf("%s: %d crashes and %d ways back were told", m.label, crashes, backs)
		}
	}
}

// counted holds what strategies have counted that never failed against the journal.
func (s *swapLoad) counted() {
	s.t.Helper()
	tales := s.journalTales()
	for i, m := range s.list {
		if m.do == "crash" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(s.dir, "main", "memory", m.label+".json"))
		var kept memory
		if err == nil {
			err = json.Unmarshal(text, &kept)
		}
		var tale moverTale
		if err == nil {
			_, err = fmt.Sscan(string(kept.State), tale.fields()...)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		want := tales[exchange.StrategyID(i+1)]
		if tale.Next <= int64(s.steps+underWay) {
			s.t.Errorf("%s: it was swapped before it was under way", m.label)
		}
		want.Trade = tale.Trade // of the market, which the journal does not keep
		if tale != want || tale.Sent != tale.Ended+tale.Refused || tale.Fills == 0 {
			s.t.Errorf("%s has counted %+v, the journal has %+v", m.label, tale, want)
		}
		if strings.Contains(s.log(), m.label+"-new is torn") {
			s.t.Errorf("%s: a timer was lost", m.label)
		}
		s.t.Logf("%s: %+v", m.label, tale)
	}
}

// journalTales is what each strategy should have counted, by the journal.
func (s *swapLoad) journalTales() map[exchange.StrategyID]moverTale {
	r, err := journal.Read(filepath.Join(s.dir, "main", "journal"), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	tales, owner := map[exchange.StrategyID]moverTale{}, map[string]exchange.StrategyID{}
	change := func(id exchange.StrategyID, f func(*moverTale)) {
		t := tales[id]
		f(&t)
		tales[id] = t
	}
	var rec journal.Record
	for {
		if err := r.Next(&rec); errors.Is(err, io.EOF) {
			return tales
		} else if err != nil {
			s.t.Fatal(err)
		}
		switch e := &rec.Event; e.Kind {
		case exchange.KindTimer:
			change(e.Timer().Strategy, func(t *moverTale) { t.Next = max(t.Next, int64(e.Timer().ID)+1) })
		case exchange.KindIntent:
			if e.Intent().Kind != exchange.IntentNew {
				break
			}
			approved := rec.Decision != nil && rec.Decision.Order.ID != 0
			if approved {
				owner[rec.Decision.Order.ClientID] = e.Intent().Strategy
			}
			change(e.Intent().Strategy, func(t *moverTale) {
				t.Sent++
				if approved {
					t.Ended++ // by now
				} else {
					t.Refused++
				}
			})
		case exchange.KindFill:
			f := e.Fill()
			change(owner[f.ClientID], func(t *moverTale) {
				t.Fills++
				t.Sum += f.Side.Sign() * int64(f.Qty)
			})
		}
	}
}
