package host_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
)

// TestOutside builds the strategy of an author whose module is elsewhere on the disk,
// without network, runs it by hand and as a plugin, and compares its core with ours.
func TestOutside(t *testing.T) {
	raced.Skip(t, "what it builds is not")
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program := buildOutside(t, root)

	out, err := exec.Command(program).CombinedOutput()
	if code := exitCode(err); code != 2 || !strings.Contains(string(out), "follow is the strategy follow 1.0.0 for pmbot") ||
		!strings.Contains(string(out), `plugin = "`+program+`"`) {
		t.Errorf("by hand it exits with %d and says:\n%s", code, out)
	}

	p, err := host.Open(t.Context(), host.Spec{Path: program})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if ours := plugintest.Open(t, plugintest.Serve).CoreHash(); p.CoreHash() != ours || ours == "" {
		t.Errorf("core %q there and %q here, from the same source", p.CoreHash(), ours)
	}
	s, err := p.Start("", map[string]string{"qty": "0.02"}, plugintest.Instruments(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	bar := exchange.Event{Seq: 1, At: 60e9, Inst: 1}
	bar.SetBar(&exchange.Bar{Interval: time.Minute, Close: 5})
	got, err := s.Deliver(&bar)
	if err != nil || len(got.Intents) != 1 || got.Intents[0].Request.Qty != 2_000_000 || got.Intents[0].Tag != "enter" {
		t.Errorf("after a bar: %+v (%v)", got, err)
	}
}

// buildOutside makes a module that requires this one and builds it.
func buildOutside(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, filepath.Join(root, "plugins/sdk/testdata/follow/main.go"), filepath.Join(dir, "main.go"))
	copyFile(t, filepath.Join(root, "go.sum"), filepath.Join(dir, "go.sum"))
	writeFile(t, filepath.Join(dir, "go.mod"), `module example.com/follow

go 1.26

require github.com/pmbot/pmbot v0.0.0

replace github.com/pmbot/pmbot => `+root+"\n", 0o644)
	program := filepath.Join(dir, "follow")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, string(b), 0o644)
}

func exitCode(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return -1
}
