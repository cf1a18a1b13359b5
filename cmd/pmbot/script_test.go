package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/pythontest"
	"github.com/pmbot/pmbot/internal/raced"
)

// TestMain makes the test binary be pmbot when a script, or pmbot itself, starts it
// under that name. Tests that let bots run for a while wait more than they compute, so
// twice as many may run at a time as there are processors.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"pmbot": main, "crasher": serveCrasher, "churner": serveChurner, "exerciser": serveExerciser, "counter": serveCounter, "rogue": serveRogue, "liar": serveLiar,
		"mover": serveMover("mover"), "impostor": serveMover("impostor"), "greedy": serveMover("mover", exchange.Market),
	})
}

// TestScripts runs the command line as a user does; see testdata/script.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Files: scripts(t),
		Setup: func(env *testscript.Env) error { // under the race detector every process sleeps for a second at its end, or as this says
			env.Setenv("GORACE", "atexit_sleep_ms=50")
			return offerPython(env)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "namespaces":
				return exec.Command("unshare", "--map-root-user", "--mount", "true").Run() == nil, nil
			case "python":
				return pythontest.Interpreter() != "", nil
			default:
				return false, fmt.Errorf("no condition %q", name)
			}
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "fault": injectFault, "usr1": signalBot, "until": until, "ended": ended, "files": files, "samedata": sameData, "simulate": simulate, "exchange": startExchange, "hook": startHook, "certificate": certificate, "zip": zipFile, "bucket": bucket, "truncate": truncate, "tear": tear, "flip": flip, "journal": writeJournal,
		},
	})
}

// scripts are those of testdata/script. The race detector goes without some that have pmbot compute
// for long: what they show of goroutines others show as well.
func scripts(t *testing.T) []string {
	list, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(list) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	if raced.On() {
		list = slices.DeleteFunc(list, func(path string) bool {
			return slices.Contains([]string{"compare.txtar", "report.txtar", "overrides.txtar", "stressrun.txtar"}, filepath.Base(path))
		})
	}
	return list
}

// exits runs pmbot and demands its exit code: "exits 3 backtest -c x.toml".
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exits code arguments...")
	}
	code := 0
	if err := ts.Exec("pmbot", args[1:]...); err != nil {
		e, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = e.ExitCode()
	}
	if got := strconv.Itoa(code); got != args[0] {
		ts.Fatalf("pmbot ended with %s, want %s", got, args[0])
	}
}

// until runs pmbot again and again until it ends with 0 and an output matches, for half a
// minute: "until stdout '^ACTIVE' status".
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: until stdout|stderr pattern arguments...")
	}
	pattern := regexp.MustCompile("(?m)" + args[1])
	again, late := time.NewTicker(50*time.Millisecond), time.After(30*time.Second)
	defer again.Stop()
	for ts.Exec("pmbot", args[2:]...) != nil || !pattern.MatchString(ts.ReadFile(args[0])) {
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("it never came to %s", args[1])
		}
	}
}

// ended demands that the last line of an output matches: "ended stdout '^result '".
func ended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended stdout|stderr pattern")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	if last := lines[len(lines)-1]; !regexp.MustCompile(args[1]).MatchString(last) {
		ts.Fatalf("%s ends with %q", args[0], last)
	}
}

// files demands what is in a directory, which may be named by a pattern that one matches:
// "files runs/* a b".
func files(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: files directory name...")
	}
	dirs, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(dirs) != 1 {
		ts.Fatalf("%d directories match %s: %v", len(dirs), args[0], dirs)
	}
	entries, err := os.ReadDir(dirs[0])
	ts.Check(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, args[1:]) {
		ts.Fatalf("%s has %v, want %v", args[0], names, args[1:])
	}
}

// sameData demands that two tapes hold the same rows: "samedata tape other".
func sameData(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: samedata tape other")
	}
	var hashes [2]string
	for i, dir := range args {
		ts.Check(ts.Exec("pmbot", "data", "ls", "--json", "--tape", dir))
		var l listing
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &l))
		if len(l.Series) == 0 {
			ts.Fatalf("tape %s is empty", dir)
		}
		hashes[i] = l.Hash
	}
	if (hashes[0] == hashes[1]) == neg {
		ts.Fatalf("data hashes are %s and %s", hashes[0], hashes[1])
	}
}

// zipFile packs files as Binance's archives are, each with its CHECKSUM file beside it:
// "zip x.zip x.csv".
func zipFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: zip archive file")
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(filepath.Base(args[1]))
	ts.Check(err)
	_, err = f.Write([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
	sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(b.Bytes()), filepath.Base(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".CHECKSUM"), []byte(sum), 0o644))
}

// truncate cuts the end off a file: "truncate x.zip 100" leaves 100 bytes.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncate file bytes")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// tear cuts bytes off the newest segment of a journal: "tear state/pmbot/main/journal 5".
func tear(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tear directory bytes")
	}
	off, err := strconv.Atoi(args[1])
	ts.Check(err)
	segments, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.pmj"))
	ts.Check(err)
	newest := segments[len(segments)-1] // Glob sorts, and names are numbers of one width
	info, err := os.Stat(newest)
	ts.Check(err)
	ts.Check(os.Truncate(newest, info.Size()-int64(off)))
}

// flip changes one byte of a file: "flip x.parquet 40".
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip file offset")
	}
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	b[at] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}
