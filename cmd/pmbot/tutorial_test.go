package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/internal/raced"
)

// The tutorial's commands are run in an empty directory, exactly as they are printed, by a
// shell that stops at the first that fails; and what it shows of a script is what came out.
func TestTutorial(t *testing.T) {
	raced.Skip(t, "what it builds is not")
	if testing.Short() {
		t.Skip("builds programs and lets a bot run for a minute")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("needs bash")
	}
	t.Parallel()
	text, err := os.ReadFile("../../strategy/TUTORIAL.md")
	if err != nil {
		t.Fatal(err)
	}
	script := strings.Join(blocks(string(text), "sh"), "\n")
	shown := blocks(string(text), "golden")
	if strings.Count(script, "\n") < 15 || len(shown) != 1 {
		t.Fatalf("the tutorial has %d lines of commands and %d pieces of a script", strings.Count(script, "\n"), len(shown))
	}
	// What the dry run prints after a minute has the orders of the bar that has closed meanwhile, if
	// that was not a moment before.
	const middle = "until s=$(date +%-S); [ $s -ge 5 ] && [ $s -le 50 ]; do sleep 1; done\n"
	script = strings.Replace(script, "\npmbot run", "\n"+middle+"pmbot run", 1)
	if !strings.Contains(script, middle) {
		t.Fatal("the tutorial has no dry run")
	}
	dir := t.TempDir()
	out := follow(t, dir, script)
	golden, err := os.ReadFile(filepath.Join(dir, "my-strategy/testdata/fall.txt"))
	if err != nil || !strings.Contains(out, shown[0]) {
		t.Errorf("the tutorial shows\n%s\nand it was (%v)\n%s", shown[0], err, golden)
	}
	for _, want := range []string{"ok   restart", "\nsha256  ", "\nresult ", "dry run of account my-strategy ended after", "2 orders, 0 positions"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed %q:\n%s", want, out)
		}
	}
}

// The part about Python is run alike, where there is one that can.
func TestTutorialInPython(t *testing.T) {
	raced.Skip(t, "what it builds is not")
	if _, err := findPython(os.Getenv("PMBOT_PYTHON")); err != nil {
		t.Skip("python not at hand: install python3-grpcio and python3-protobuf, or name an interpreter that has them with PMBOT_PYTHON")
	}
	t.Parallel()
	text, err := os.ReadFile("../../strategy/TUTORIAL.md")
	if err != nil {
		t.Fatal(err)
	}
	out := follow(t, t.TempDir(), strings.Join(blocks(string(text), "bash"), "\n"))
	for _, want := range []string{"ok   restart", "\nresult ", "dry run of account my-python ended after"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed %q:\n%s", want, out)
		}
	}
}

// follow runs commands by a shell that stops at the first that fails.
func follow(t *testing.T, dir, script string) string {
	t.Helper()
	start := time.Now()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("all commands took %v", time.Since(start).Round(time.Second))
	return string(out)
}

// blocks are the fenced pieces of a Markdown text that are marked with a word.
func blocks(text, word string) (list []string) {
	for {
		_, rest, ok := strings.Cut(text, "\n```"+word+"\n")
		if !ok {
			return list
		}
		block, after, _ := strings.Cut(rest, "\n```")
		list, text = append(list, block), after
	}
}
