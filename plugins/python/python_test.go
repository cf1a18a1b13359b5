package python_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/internal/pythontest"
	"github.com/pmbot/pmbot/plugins/host"
)

// spec describes a script of this directory as a plugin.
func spec(t testing.TB, script string, args ...string) host.Spec {
	t.Helper()
	path, err := filepath.Abs(script)
	check(t, err)
	// -B: no files beside the source.
	return host.Spec{Path: pythontest.Need(t), Args: append([]string{"-B", path}, args...), Name: filepath.Base(script)}
}

// open starts a script until the test ends.
func open(t testing.TB, script string) *host.Plugin {
	t.Helper()
	p, err := host.Open(t.Context(), spec(t, script))
	check(t, err)
	t.Cleanup(p.Close)
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		var e *host.Error
		if errors.As(err, &e) {
			t.Fatalf("%v\n%s", err, strings.Join(e.Stderr, "\n"))
		}
		t.Fatal(err)
	}
}

// TestUnits runs the package's own tests, which need no pmbot.
func TestUnits(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, pythontest.Need(t), "-B", "-m", "unittest", "discover", "-s", "tests", "-t", ".")
	cmd.Env = append(os.Environ(), "PYTHONPATH=src")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDescribe holds that a strategy says of itself what its Go twin says.
func TestDescribe(t *testing.T) {
	p := open(t, "tests/probe.py")
	if got := strings.Join(p.List(), " "); got != "deaf probe quiet" {
		t.Errorf("it lists %s", got)
	}
	if p.CoreHash() != "" {
		t.Error("it says that it can run whole backtests")
	}
	d, err := p.Describe(t.Context(), "probe", map[string]string{"every": "3"})
	check(t, err)
	if d.Manifest.Version != "1.2.3" || len(d.Manifest.OrderTypes) != 2 || d.Values["every"] != "3" || d.Values["bars"] != "false" || len(d.Symbols) != 1 {
		t.Errorf("described as %+v", d)
	}
	for _, c := range []struct {
		name   string
		params map[string]string
		want   string
	}{
		{"probe", map[string]string{"every": "-1", "evry": "2"}, `plugin probe.py: every: -1 is below the least, 0 events; evry: no such parameter; did you mean every?`},
		{"probe", map[string]string{"at": "x", "do": "harm"}, `plugin probe.py: do: "harm" is none of nothing, panic, helper, *; at: "x" is not a whole number`},
		{"probe", map[string]string{"symbol": "BTC"}, `plugin probe.py: symbol: "BTC" is not PRODUCT:SYMBOL, such as UM:BTCUSDT`},
		{"prob", nil, `plugin probe.py: no strategy "prob" in this program; name one of deaf, probe, quiet`},
		{"", nil, `plugin probe.py: the program has several strategies and none was named; name one of deaf, probe, quiet`},
	} {
		if _, err := p.Describe(t.Context(), c.name, c.params); err == nil || !matches(c.want, err.Error()) {
			t.Errorf("%v: got %v\nwant %s", c.params, err, c.want)
		}
	}
}

// matches compares with a text in which * stands for anything.
func matches(want, got string) bool {
	parts := strings.Split(want, "*")
	if !strings.HasPrefix(got, parts[0]) {
		return false
	}
	for i, p := range parts {
		at := strings.Index(got, p)
		if at < 0 || i == len(parts)-1 && !strings.HasSuffix(got, p) {
			return false
		}
		got = got[at+len(p):]
	}
	return got == "" || parts[len(parts)-1] == ""
}
