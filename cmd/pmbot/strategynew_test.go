package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/internal/raced"
)

// Every template is made in an empty directory outside the repository, passes its own tests
// and those of its program, without a network, and sends orders in a backtest as it is. In
// Python it gives the results that it gives in Go, to the last digit.
func TestTemplates(t *testing.T) {
	raced.Skip(t, "what it builds is not")
	if testing.Short() {
		t.Skip("builds programs")
	}
	t.Parallel()
	for _, s := range scaffolds() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			first := tryTemplate(t, "go", s.name)
			for _, l := range languages()[1:] {
				if _, err := findPython(os.Getenv("PMBOT_PYTHON")); err != nil {
					t.Skip("python not at hand: install python3-grpcio and python3-protobuf, or name an interpreter that has them with PMBOT_PYTHON")
				}
				if hash := tryTemplate(t, l.name, s.name); hash != first {
					t.Errorf("in %s the result is %s, in Go %s", l.name, hash, first)
				}
			}
		})
	}
}

// tryTemplate makes, tests, builds and backtests a template, also while the exchange takes no orders
// of its contract for a while and takes a part of a position, and returns the results' hashes.
func tryTemplate(t *testing.T, lang, name string) string {
	t.Helper()
	parent, dir := t.TempDir(), "my-"+name
	ran(t, parent, "strategy", "new", dir, "--template", name, "--lang", lang)
	if out, err := exec.Command("gofmt", "-l", filepath.Join(parent, dir)).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v\n%s", err, out)
	}
	ran(t, parent, "strategy", "test", dir)
	ran(t, parent, "strategy", "build", dir)
	faults := `paper.venue.faults=["at 40h status UM BTCUSDT BREAK", "at 90h status UM BTCUSDT TRADING", "at 150h adl UM BTCUSDT short 50%"]`
	if name == "carry" { // there the other leg is the hedge
		faults = strings.ReplaceAll(faults, "status UM", "status MARGIN")
	}
	hashes := ""
	for _, set := range []string{"seed=1", faults} {
		out := ran(t, filepath.Join(parent, dir), "backtest", "--no-report", "-c", "config.toml", "--set", set)
		_, hash, ok := strings.Cut(out, "\nresult ")
		if !ok {
			t.Fatalf("the backtest has no result:\n%s", out)
		}
		if sends := !strings.Contains(out, "sent 0 "); sends != (name != "empty") {
			t.Errorf("orders were sent: %v\n%s", sends, out)
		}
		hashes += " " + strings.TrimSpace(hash)
	}
	return hashes
}

// ran runs pmbot in a directory, without a network for go, and returns what it printed.
func ran(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("pmbot", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("pmbot %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// A released pmbot is required by its version, and a checkout in place of it.
func TestFindModule(t *testing.T) {
	raced.Skip(t, "what it builds is not")
	dir, version, err := findModule("")
	if err != nil || version != "" || !isCheckout(dir) {
		t.Errorf("built from %q %q, %v", dir, version, err)
	}
	if _, _, err := findModule(t.TempDir()); err == nil || !strings.Contains(err.Error(), "name the directory that you cloned pmbot into") {
		t.Errorf("an empty directory as source: %v", err)
	}
	text, err := replacedModule("mine", dir)
	if err != nil || !strings.HasPrefix(string(text), "module mine\n\ngo ") || !strings.Contains(string(text), "replace github.com/pmbot/pmbot => "+dir+"\n") {
		t.Errorf("%v:\n%s", err, text)
	}
	if got := quoted("/home/some body/pmbot"); got != `"/home/some body/pmbot"` {
		t.Error(got)
	}
}
