package python_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/pythontest"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
)

func trades(n int) []exchange.Event {
	events := make([]exchange.Event, n)
	for i := range events {
		events[i] = exchange.Event{Seq: uint64(101 + i), At: exchange.Time(1_767_225_601e9 + int64(i)*1e9), Inst: 1}
		events[i].SetTrade(exchange.Trade{Price: 60_000e8, Qty: 1e6, ID: int64(i)})
	}
	return events
}

// playTrades starts the probe, announces twenty trades, delivers them and stops. It returns
// the lines that the strategy logged.
func playTrades(t *testing.T, p *host.Plugin, params map[string]string) (lines []string, err error) {
	t.Helper()
	session, err := p.Start("probe", params, plugintest.Instruments(t), 1)
	if err != nil {
		return nil, err
	}
	events := trades(20)
	if err := session.Ahead(events); err != nil {
		return nil, err
	}
	for i := range events {
		out, err := session.Deliver(&events[i])
		if err != nil {
			return nil, err
		}
		lines = append(lines, out.Logs...)
	}
	out, err := session.Stop(events[19].At)
	if err != nil {
		return nil, err
	}
	return append(lines, out.Logs...), nil
}

// TestTrouble lets a strategy go wrong in every way. Each is one clear line, with the callback
// and the author's own line of code.
func TestTrouble(t *testing.T) {
	for _, c := range []struct {
		do   string
		kind host.Kind
		want string
	}{
		{"panic", host.Crashed, `on_trade crashed at probe.py:* in strategy probe handling TRADE seq 107 at *: RuntimeError: event 7 is too much`},
		{"helper", host.Crashed, `on_trade crashed at probe.py:* in strategy probe handling TRADE seq 107 at *: KeyError: 'no such key'`},
		{"exit", host.Crashed, `on_trade crashed at probe.py:* in strategy probe handling TRADE seq 107 at *: SystemExit: 3`},
		{"osexit", host.Crashed, `crashed in strategy probe handling one of 20 events *: exit status 3: I quit`},
		{"hang", host.Hung, `no answer within * in strategy probe handling one of 20 events *; a callback must return at once*`},
		{"spin", host.Hung, `no answer within * in strategy probe handling one of 20 events *; a callback must return at once*`},
		{"intents", host.Lied, `broke the protocol in strategy probe handling *: 5000 intents for one event, more than 4096`},
		{"float", host.Crashed, `on_trade crashed at probe.py:* handling TRADE seq 107 at *: TypeError: qty 0.1 is a float, not a Decimal; write Decimal('0.1'), *`},
		{"naive", host.Crashed, `on_trade crashed at probe.py:* handling TRADE seq 107 at *: FloatOperation: a float was compared with a Decimal, or made into one; write Decimal('0.1'), or compare float(price)`},
		{"replace", host.Crashed, `on_trade crashed at probe.py:* handling TRADE seq 107 at *: TypeError: price 0.1 is a float, *`},
		{"when", host.Crashed, `on_trade crashed at probe.py:* handling TRADE seq 107 at *: TypeError: time 1000000000.0 is no int of nanoseconds`},
		{"unsendable", host.Failed, `in strategy probe handling TRADE seq 107 at *: what it asked for cannot be sent: *`},
		{"fail-start", host.Failed, `in Start of strategy probe: strategy probe: start: no luck today`},
		{"panic-start", host.Crashed, `start crashed at probe.py:* in Start of strategy probe: RuntimeError: not today`},
		{"panic-stop", host.Crashed, `stop crashed at probe.py:* in Stop of strategy probe: RuntimeError: not like this`},
	} {
		t.Run(c.do, func(t *testing.T) {
			t.Parallel()
			s := spec(t, "tests/probe.py")
			if c.kind == host.Hung {
				s.Timeout = 4 * time.Second // for the start of Python, too
			}
			p, err := host.Open(t.Context(), s)
			check(t, err)
			defer p.Close()
			_, err = playTrades(t, p, map[string]string{"do": c.do, "at": "7"})
			var e *host.Error
			if !errors.As(err, &e) || e.Kind != c.kind || !matches("plugin probe.py: "+c.want, e.Error()) {
				t.Errorf("got  %v\nwant %s: %s", err, c.kind, c.want)
			}
		})
	}
}

// TestReadme runs the strategy that README.md prints, and the test that it prints for it.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	check(t, err)
	dir := t.TempDir()
	source, err := filepath.Abs("src/pmbot")
	check(t, err)
	check(t, os.Symlink(source, filepath.Join(dir, "pmbot")))
	for name, code := range map[string]string{"follow.py": block(t, string(text), 0), "test_follow.py": block(t, string(text), 1)} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(code), 0o755))
	}
	p := open(t, filepath.Join(dir, "follow.py"))
	cfg := config(20, backtest.StrategyConfig{Plugin: "follow", Label: "follow", Params: map[string]string{"length": "50"}})
	cfg.Data.Generate.Bar = 15 * time.Minute
	if result := run(t, cfg, remote{t.Context(), p, ""}); result.Fills.Len() < 20 {
		t.Errorf("%d fills", result.Fills.Len())
	}
	cmd := exec.Command(pythontest.Need(t), "-B", "-m", "unittest", "test_follow")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Ran 1 test") {
		t.Errorf("%v\n%s", err, out)
	}
}

// block is the i-th block of Python in a text.
func block(t *testing.T, text string, i int) string {
	t.Helper()
	parts := strings.Split(text, "```python\n")
	if len(parts) < i+2 {
		t.Fatalf("README.md has no %d blocks of Python", i+1)
	}
	code, _, _ := strings.Cut(parts[i+1], "```")
	return code
}

// records collects log records of the host.
type records struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (r *records) Write(b []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.Buffer.Write(b)
}

func (r *records) text() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.Buffer.String()
}

// TestLogging holds that what is logged in a callback belongs to its event, and that what is
// printed disturbs nobody and is shown.
func TestLogging(t *testing.T) {
	var log records
	s := spec(t, "tests/probe.py")
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	p, err := host.Open(t.Context(), s)
	check(t, err)
	lines, err := playTrades(t, p, map[string]string{"do": "log", "at": "7"})
	check(t, err)
	if got := strings.Join(lines[:3], "|"); got != "seen 7|WARNING: two|lines" {
		t.Errorf("logged %q", got)
	}
	if _, err := playTrades(t, p, map[string]string{"do": "print", "at": "7"}); err != nil {
		t.Error(err)
	}
	if lines, err = playTrades(t, p, map[string]string{"do": "flood", "at": "7"}); err != nil {
		t.Error(err)
	}
	if n := len(lines); n != 1025 || !strings.Contains(lines[1023], "dropped") || len(lines[0]) != 4096 {
		t.Errorf("%d lines of a flood, of %d bytes, then %q", n, len(lines[0]), lines[n-2])
	}
	p.Close() // its output has been read then
	for _, want := range []string{"printed by the author", "and to standard error"} {
		if !strings.Contains(log.text(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.text())
		}
	}
}

// TestProgram holds what a person sees of a script: it runs by its first line, prints before
// and after the import without harm, says what it is for when started by hand, and explains
// what is wrong with a class.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	source, err := filepath.Abs("src")
	check(t, err)
	check(t, os.Symlink(filepath.Join(source, "pmbot"), filepath.Join(dir, "pmbot")))
	script := func(name, body string) string {
		path := filepath.Join(dir, name)
		text := "#!" + pythontest.Need(t) + " -B\nprint('hello')\nimport pmbot\nprint('hello again')\n" + body
		check(t, os.WriteFile(path, []byte(text), 0o755))
		return path
	}
	const class = "class Mine(pmbot.Strategy):\n    manifest = pmbot.Manifest('mine', '2.0.0')\n    def start(self, env): pass\n    def on_signal(self): pass\n"
	good := script("mine.py", class+"pmbot.serve(Mine)\n")
	p, err := host.Open(t.Context(), host.Spec{Path: good})
	check(t, err)
	if got := strings.Join(p.List(), " "); got != "mine" {
		t.Errorf("it lists %q", got)
	}
	p.Close()

	out, err := exec.Command(good).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "mine.py is the strategy mine 2.0.0 for pmbot.") ||
		!strings.Contains(string(out), `plugin = "`+good+`"`) {
		t.Errorf("by hand it ends with %v and says:\n%s", err, out)
	}

	for name, c := range map[string]struct{ body, want string }{
		"class": {"pmbot.serve('mine')", "at class.py:5: TypeError: serve('mine'): it is no class derived from pmbot.Strategy"},
		"start": {"class M(pmbot.Strategy): manifest = pmbot.Manifest('m')\npmbot.serve(M)", "at start.py:6: TypeError: M has no start: there it subscribes to what it wants to see"},
		"bound": {"class P(pmbot.Params):\n    a: int = pmbot.param(1, min=2)\n", "at bound.py:5: TypeError: P.a: 1 is below the least, 2"},
		"type":  {"class P(pmbot.Params):\n    a: float = pmbot.param(1)\n", "at type.py:5: TypeError: P.a: type <class 'float'>; int, bool, str, Decimal, *"},
		"near":  {class + "    def on_bars(self, env, inst, bar): pass\npmbot.serve(Mine)\n", "at near.py:10: TypeError: Mine.on_bars is no callback and would never be called; did you mean on_bar?"},
		"code":  {"def (\n", "at code.py:5: SyntaxError: invalid syntax"},
		"other": {"import no_such_thing\n", "at other.py:5: ModuleNotFoundError: No module named 'no_such_thing'; install it for the interpreter in the first line *"},
		"serve": {class, ""},
	} {
		_, err := host.Open(t.Context(), host.Spec{Path: script(name+".py", c.body), Name: name})
		want := "plugin " + name + ": crashed at start: exit status 1 " + c.want
		if c.want == "" {
			want = "plugin " + name + ": it ended at once without a handshake; *"
		}
		if err == nil || !matches(want, err.Error()) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
