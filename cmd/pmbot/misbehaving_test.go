package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/internal/raced"
)

// TestMisbehaving runs a bot with two strategies, of which one misbehaves in each way that there is,
// in a process of its own. The bot and the other strategy go on, what the first has open is dealt
// with, and a person sees what has happened in one clear line.
func TestMisbehaving(t *testing.T) {
	t.Parallel()
	sim := startSim(t, "[market]\ncoins = [\"BTC\"]\nwarmup = \"0s\"\n[account.margin]\nUSDT = \"100000\"\n")
	for _, c := range []struct {
		program, do string
		// line is what a person sees; cleared says that its open order is cancelled.
		line    string
		cleared bool
	}{
		{"rogue", "crash", `plugin \S+: OnBookTicker crashed at rogue_test.go:\d+ in strategy rogue handling .*: panic: out of my mind`, true},
		{"rogue", "hang", `plugin \S+: no answer within 5s in strategy rogue handling .*; a callback must return at once`, true},
		{"rogue", "freeze", `plugin \S+: no answer within 5s in strategy rogue handling .*; a callback must return at once`, true},
		{"rogue", "flood", `plugin \S+: strategy rogue, in answer to .*, has asked for more than 1000 intents and timers within a second`, true},
		{"liar", "", `plugin \S+: broke the protocol in strategy liar handling .*: it answered for 2147483648 events of \d+`, false},
		{"rogue", "beyond", `refused by permission: .*MARKET`, false},
		{"rogue", "stop", `plugin \S+: no answer within 5s in (?:strategy rogue handling|Stop of strategy rogue).*`, true},
		{"rogue", "leak", `plugin \S+: ended: it had \d+ MiB of memory, more than \d+, in strategy rogue handling .*; keep less, or give it more with memory_max_mb`, true},
		{"rogue", "late", `(?:Z strategy rogue: |"msg":")3 answers came too late, its open orders are cancelled, but for stops that only close`, true},
	} {
		t.Run(strings.TrimSpace(c.program+" "+c.do), func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(c.program)
			if err != nil {
				t.Fatal(err)
			}
			good, err := exec.LookPath("counter")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			params := ""
			if c.do != "" {
				params = fmt.Sprintf("params = { do = %q }\n", c.do)
			}
			config := fmt.Sprintf("state = %q\ninstruments = [\"UM:BTCUSDT\"]\n[paper.margin]\nUSDT = \"100000\"\n[risk]\n[exchange]\nfapi = %[2]q\ndapi = %[2]q\napi = %[2]q\nfstream = %[3]q\ndstream = %[4]q\nstream = %[5]q\n",
				dir, sim.URL, sim.FStream, sim.DStream, sim.Stream) +
				fmt.Sprintf("[[strategy]]\nplugin = %q\nmemory_max_mb = %d\n%s[[strategy]]\nplugin = %q\n", program, raced.Fewer(128, 1024), params, good)
			if err := os.WriteFile(filepath.Join(dir, "bot.toml"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(pmbotProgram(t), "run", "-c", "bot.toml", "--on-stop", "keep", "--for", "12s")
			run.Dir = dir
			var out, told bytes.Buffer
			run.Stdout, run.Stderr = &out, &told
			if err := run.Run(); err != nil {
				t.Errorf("the bot ends with %v", err)
			}
			at := regexp.MustCompile("(?m)^.*(" + c.line + ").*$").FindStringIndex(told.String())
			if at == nil {
				t.Fatalf("it has not said %q:\n%s", c.line, told.String())
			}
			t.Log(strings.TrimSpace(told.String()[at[0]:at[1]]))
			if lines := clearLines(told.String(), c.line); len(lines) != 1 {
				t.Errorf("it says so %d times, and should once:\n%s", len(lines), strings.Join(lines, "\n"))
			}
			if c.do == "late" && !strings.Contains(told.String(), "WATCH: 3 answers came too late") {
				t.Error("it is late again and again, and may go on to risk")
			}
			if more := regexp.MustCompile(`[2-9] like this one`).FindString(told.String()); more != "" {
				t.Errorf("what it was lives on beside what it is: %s", more)
			}
			if left := processesIn(t, dir); len(left) > 0 {
				t.Errorf("processes %v outlive the bot", left)
			}
			show := exec.Command(pmbotProgram(t), "journal", "show", "--dir", filepath.Join(dir, "main-dry", "journal"))
			shown, err := show.Output()
			if err != nil {
				t.Fatal(err)
			}
			if cleared := bytes.Contains(shown, []byte("by=\"pmbot's clearing\"")) && bytes.Contains(shown, []byte("status=CANCELED")); cleared != c.cleared {
				t.Errorf("its order is cancelled: %v", cleared)
			}
			if !strings.Contains(out.String(), " order") {
				t.Errorf("the other strategy's order is gone: %s", out.String())
			}
			log, err := os.ReadFile(filepath.Join(dir, "main-dry", "log", "pmbot.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			trouble := regexp.MustCompile(c.line).FindIndex(bytes.ReplaceAll(log, []byte(`\"`), []byte(`"`)))
			if trouble == nil {
				t.Fatalf("the log has not %q", c.line)
			}
			if n := bytes.Count(log[trouble[0]:], []byte(`"count `)); c.do != "stop" && n < 10 {
				t.Errorf("the other strategy has counted only %d times since", n)
			}
		})
	}
}

// processesIn are the processes that run in a directory, as far as the system tells.
func processesIn(t *testing.T, dir string) (list []string) {
	t.Helper()
	at, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if is, err := os.Readlink(l); err == nil && is == at {
			list = append(list, l)
		}
	}
	return list
}

// clearLines are the lines that tell of one trouble, for the first time that it has happened: what it
// was, what becomes of the orders, and what is done about it. Later ones tell of it again, or that it
// is over.
func clearLines(told, line string) (list []string) {
	about := regexp.MustCompile(line)
	for one := range strings.Lines(told) {
		switch {
		case len(list) > 0 && strings.Contains(one, " over: "):
			return list
		case !about.MatchString(one):
		default:
			list = append(list, strings.TrimSpace(one))
		}
	}
	return list
}
