package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every template is made in an empty directory outside the repository, passes its own tests
// and those of its program, without a network, and sends orders in a backtest as it is.
func TestTemplates(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	t.Setenv("GOPROXY", "off")
	for _, s := range scaffolds() {
		t.Run(s.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "my-"+s.name)
			for _, args := range [][]string{
				{"strategy", "new", dir, "--template", s.name},
				{"strategy", "test", dir},
				{"strategy", "build", dir},
			} {
				if code, out := ran(t, args...); code != 0 {
					t.Fatalf("pmbot %s ended with %d:\n%s", strings.Join(args, " "), code, out)
				}
			}
			t.Chdir(dir)
			code, out := ran(t, "backtest", "--no-report", "-c", "config.toml")
			if code != 0 || !strings.Contains(out, "\nresult ") {
				t.Fatalf("backtest ended with %d:\n%s", code, out)
			}
			if sends := !strings.Contains(out, "sent 0 "); sends != (s.name != "empty") {
				t.Errorf("orders were sent: %v\n%s", sends, out)
			}
		})
	}
}

// ran runs a command in this process.
func ran(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &out, &out, os.Getenv)
	return code, out.String()
}

// A released pmbot is required by its version, and a checkout in place of it.
func TestFindModule(t *testing.T) {
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
