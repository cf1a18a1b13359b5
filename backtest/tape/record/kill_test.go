package record

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// victimDir names, in the environment, where the process to be killed records.
const victimDir = "PMBOT_RECORD_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		victim(dir)
	}
	goleak.VerifyTestMain(m)
}

const (
	// killFlush is the stated loss in the test of kills.
	killFlush = 500 * time.Millisecond
	// killRate is how many messages a second the victim is given.
	killRate = 5000
)

// given is what the victim says about each message before it gives it to the recorder: its
// number and its time.
type given struct{ ID, At int64 }

// victim records until it is killed.
func victim(dir string) {
	r, err := Open(Config{Dir: dir, Flush: killFlush, FreeMin: -1})
	if err != nil {
		panic(err)
	}
	go func() { panic(r.Run(context.Background())) }()
	pace := time.NewTicker(time.Millisecond)
	began := time.Now()
	id := int64(0)
	for range pace.C {
		for due := int64(time.Since(began).Seconds() * killRate); id < due; {
			id++
			at := exchange.TimeOf(time.Now())
			if err := binary.Write(os.Stdout, binary.LittleEndian, given{id, int64(at)}); err != nil {
				os.Exit(1)
			}
			r.Message(exchange.UM, at, fmt.Appendf(nil, `{"stream":"btcusdt@victim","data":{"e":"victim","n":%d}}`, id))
		}
	}
}

// TestKill kills a recorder ten times at random moments, as hard as a process can be
// killed, and compares what is on the disk with what it was given.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills ten processes that record for a while each")
	}
	dir := filepath.Join(t.TempDir(), "recording")
	var worst time.Duration
	var missed []given
	for i := range 10 {
		said := killOne(t, dir, 400+rand.IntN(3600))
		last := said[len(said)-1]
		kept := int64(0)
		for _, s := range mustSegments(t, dir) {
			if s.Open { // the others are of those killed before
				kept += follows(t, s.Path)
			}
		}
		if kept > last.ID {
			t.Fatalf("kill %d: %d kept, %d given", i, kept, last.ID)
		}
		missed = append(missed, said[kept:]...)
		lost := time.Duration(0)
		if kept < last.ID {
			lost = time.Duration(last.At - said[kept].At)
		}
		t.Logf("kill %d: %d messages given, %d lost, of the last %v", i, last.ID, last.ID-kept, lost.Round(time.Millisecond))
		if worst = max(worst, lost); lost > killFlush {
			t.Errorf("kill %d lost %v, stated are %v", i, lost, killFlush)
		}
	}
	t.Logf("at most %v were lost, stated are %v", worst.Round(time.Millisecond), killFlush)
	r, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	r.Message(exchange.UM, exchange.TimeOf(time.Now()), []byte(`{"e":"last"}`))
	stop(t, r)
	for _, s := range mustSegments(t, dir) {
		if s.Open || !exists(s.Path+checksumSuffix) {
			t.Errorf("%+v was left open", s)
		}
	}
	told := gaps(t, dir)
	for _, m := range missed {
		if !slices.ContainsFunc(told, func(g source.Gap) bool { return int64(g.From) <= m.At && m.At <= int64(g.To) }) {
			t.Fatalf("message %d of %d was lost, and no gap tells of it: %v", m.ID, m.At, told)
		}
	}
	t.Logf("%d lost messages lie in the %d gaps that are noted", len(missed), len(told))
}

// killOne starts a victim, kills it once it was given a number of messages, and returns all
// that it was given.
func killOne(t *testing.T, dir string, after int) (said []given) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(out)
	for {
		var g given
		if err := binary.Read(from, binary.LittleEndian, &g); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if said = append(said, g); len(said) == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	return said
}

// follows counts the messages of a segment, which must be numbered from 1.
func follows(t *testing.T, path string) (n int64) {
	t.Helper()
	for line, err := range Lines(path) {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(line, []byte("@victim")) {
			continue
		}
		if n++; !bytes.HasSuffix(line, fmt.Appendf(nil, `"n":%d}}`, n)) {
			t.Fatalf("%s: message %d is %s", path, n, line)
		}
	}
	return n
}
