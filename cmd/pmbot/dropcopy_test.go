package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDoctorDropCopy: a second key that reads alone is fit; one that may do more, the account's own
// under another name, and one that nobody knows are not.
func TestDoctorDropCopy(t *testing.T) {
	for right, want := range map[string]string{"": "ok copy-reads", "portfolio_margin = true": "fail copy-rights", "withdrawals = true": "fail copy-rights"} {
		s := startSim(t, doctorSim+fmt.Sprintf("[[key]]\nid = %q\nsecret = %q\nreading = true\n%s\n", watchdogKey, watchdogSecret, right))
		dir := t.TempDir()
		file := func(name, text string) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return `"file:` + path + `"`
		}
		ask := func(key, secret, want string, code exitCode) {
			t.Helper()
			d, got := s.diagnose(t, "--set", "drop_copy.key="+file("key", key), "--set", "drop_copy.secret="+file("secret", secret))
			last := d.Verdicts[len(d.Verdicts)-1]
			if found := last.Level + " " + last.ID; found != want || got != int(code) || d.MayTrade != (code == 0) {
				t.Errorf("%q: %s, exit %d; want %s, %d", right, found, got, want, code)
			}
		}
		if right != "" {
			ask(watchdogKey, watchdogSecret, want, exitCheck)
			continue
		}
		ask(watchdogKey, watchdogSecret, want, 0)
		ask(doctorKey, doctorSecret, "fail copy-same", exitCheck)
		ask(strings.Repeat("x", 64), "whatever", "fail copy-unknown", exitCheck)
	}
}

// TestDropCopyConfig refuses what makes no sense, by its key.
func TestDropCopyConfig(t *testing.T) {
	for text, want := range map[string]string{
		`key = "env:SECOND"`:                                        "drop_copy.secret",
		`secret = "env:SECOND"`:                                     "drop_copy.key",
		"key = \"env:PMBOT_KEY\"\nsecret = \"env:OTHER\"":           "drop_copy.key: it is the account's own",
		"key = \"abc\"\nsecret = \"env:OTHER\"":                     "drop_copy.key",
		`every = "9s"`:                                              "drop_copy.every: 9s is not within 10s to 1h0m0s",
		`every = "61m"`:                                             "drop_copy.every: 1h1m0s",
		"key = \"env:A\"\nsecret = \"env:B\"\nevery = \"10s\"":      "",
		"key = \"file:/a\"\nsecret = \"key:b\"\nevery = \"1h0m\"\n": "",
	} {
		_, err := loadLive("live.toml", "[drop_copy]\n"+text, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
}

// TestRunDropCopy: a live bot is read along by a second key, which finds nothing, and does not begin
// with one that may trade.
func TestRunDropCopy(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	text, err := os.ReadFile(filepath.Join(w.dir, "bot.toml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("bot.toml", strings.Replace(string(text), "[paper.margin]", "[drop_copy]\nkey = \"env:PMBOT_WATCHDOG_KEY\"\nsecret = \"env:PMBOT_WATCHDOG_SECRET\"\nevery = \"10s\"\n[paper.margin]", 1))
	bot := func() int {
		cmd := w.start("run", "-c", "bot.toml", "--live", "--account", "main", "--yes=main", "--quiet", "--for", "16s")
		var e *exec.ExitError
		if err := cmd.Wait(); errors.As(err, &e) {
			return e.ExitCode()
		}
		return 0
	}
	if code := bot(); code != int(exitCheck) {
		t.Errorf("with a key that may trade it ends with %d", code)
	}
	w.sim.do(t, "/key", fmt.Sprintf(`{"id":%q,"reading":true,"portfolio_margin":false}`, watchdogKey))
	if code := bot(); code != 0 {
		t.Errorf("with a key that reads alone it ends with %d", code)
	}
	journals, err := filepath.Glob(filepath.Join(w.dir, "main", "journal*"))
	if err != nil || len(journals) == 0 {
		t.Fatal("no journal", err)
	}
	var out, wrong bytes.Buffer
	args := []string{"journal", "show", "-c", filepath.Join(w.dir, "bot.toml"), "--kind", "SURVEY,ALERT,STATE"}
	if code := run(context.Background(), args, strings.NewReader(""), &out, &wrong, func(string) string { return "" }); code != 0 {
		t.Fatal(wrong.String())
	}
	lines := strings.Split(out.String(), "\n")
	reads := slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return !strings.Contains(l, "SURVEY") || !strings.Contains(strings.ToLower(l), "copy")
	})
	if len(reads) < 2 || strings.Contains(out.String(), "drop-copy") {
		t.Errorf("%d readings:\n%s", len(reads), out.String())
	}
}
