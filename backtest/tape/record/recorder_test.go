package record

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

// TestLines shows every sort of line, the change of the hour, a clock that is set back, and
// what a second run finds.
func TestLines(t *testing.T) {
	dir := t.TempDir()
	c, now := config(t, dir)
	r := mustOpen(t, c, realDisk())
	at := start
	r.Message(exchange.UM, at, trade(1))
	r.Message(exchange.UM, at-5, trade(2)) // levelled
	r.Answer(exchange.UM, at+1, "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000", []byte(`{"lastUpdateId":7,"bids":[],"asks":[]}`))
	r.Answer(exchange.UM, at+2, "https://papi.binance.com/x?timestamp=1&signature=abc", []byte(`[]`))
	r.Answer(exchange.UM, at+3, "no url", []byte(`{}`))
	for _, odd := range []string{"", "{\n}", "<html>", " {}", "{} ", "{\"a\":\"\xff\"}"} {
		r.Message(exchange.CM, at+4, []byte(odd))
	}
	r.Message(exchange.Product(9), at+4, []byte(`{}`))
	r.Note(exchange.UM, at+5, Note{Name: NoteGap, Stream: "btcusdt@depth", From: at - 100, To: at, Count: 3, Text: "lost <it>"})
	r.Note(0, at+5, Note{Name: "Bad Name", Text: strings.Repeat("x", 1100)})
	r.flush()
	now.at = at.Add(time.Minute)
	r.Message(exchange.UM, now.at, trade(3)) // the next hour
	r.Message(exchange.UM, at.Add(30*time.Second), trade(4))
	r.Message(exchange.Margin, 12, []byte(`{"a":1}`)) // a clock of 1970
	r.flush()
	stop(t, r)
	first := r.Stats()
	r.Message(exchange.UM, at, trade(5))
	if s := product(r.Stats(), exchange.UM); s.Dropped != 1 {
		t.Errorf("dropped after the end: %+v", s)
	}

	now.at = at.Add(5 * time.Minute)
	r = mustOpen(t, c, realDisk())
	r.Message(exchange.UM, now.at, trade(6))
	r.flush()
	kill(t, r)
	now.at = at.Add(10 * time.Minute)
	r = mustOpen(t, c, realDisk())
	r.Message(exchange.UM, now.at, trade(7))
	stop(t, r)
	golden(t, "lines.txt", all(t, dir))

	um := product(first, exchange.UM)
	um.DiskBytes = 0
	want := ProductStats{Product: exchange.UM, Messages: 4, Answers: 3, Notes: 5, Odd: 1, Bytes: um.Bytes, Written: um.Bytes, Last: um.Last}
	if um != want {
		t.Errorf("stats %+v, want %+v", um, want)
	}
	if cm := product(first, exchange.CM); cm.Messages != 6 || cm.Odd != 6 {
		t.Errorf("stats of CM %+v", cm)
	}
}

// TestChecksum sees that closed segments have their checksum, and that nothing else is there.
func TestChecksum(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	entries, _ := os.ReadDir(filepath.Join(dir, "raw", "um"))
	if len(entries) != 1 || entries[0].Name() != "2026-11-23T04.jsonl.zst.part" {
		t.Errorf("while it is open: %v", entries)
	}
	stop(t, r)
	path := filepath.Join(dir, "raw", "um", "2026-11-23T04.jsonl.zst")
	m, err := scan(path)
	if err != nil || m.cut != 0 {
		t.Fatal(m, err)
	}
	text, err := os.ReadFile(path + ".CHECKSUM")
	if want := m.sum + "  2026-11-23T04.jsonl.zst\n"; err != nil || string(text) != want {
		t.Errorf("checksum file %q, %v; want %q", text, err, want)
	}
	entries, _ = os.ReadDir(filepath.Join(dir, "raw", "um"))
	if len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestTwoRecorders sees that a directory has one.
func TestTwoRecorders(t *testing.T) {
	c, _ := config(t, t.TempDir())
	r := mustOpen(t, c, realDisk())
	if _, err := Open(c); !errors.Is(err, ErrLocked) {
		t.Errorf("a second recorder: %v", err)
	}
	kill(t, r)
	r = mustOpen(t, c, realDisk())
	kill(t, r)
}

// TestRefused lists what Open refuses.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	later := filepath.Join(dir, "later")
	if err := os.Mkdir(later, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(later, "format"), []byte("pmbot.recording/9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		c    Config
		want string
	}{
		{Config{}, "no directory is given"},
		{Config{Dir: dir, Flush: 1}, "flush interval 1ns"},
		{Config{Dir: dir, SyncEvery: time.Millisecond}, "sync interval 1ms"},
		{Config{Dir: dir, SegmentSpan: 7 * time.Hour}, "segment span 7h0m0s"},
		{Config{Dir: dir, SegmentBytes: 5}, "segment size 5 bytes"},
		{Config{Dir: dir, BufferBytes: 5}, "buffer of 5 bytes"},
		{Config{Dir: dir, KeepRaw: -1}, "kept for -1ns"},
		{Config{Dir: dir, KeepRaw: 1}, "no tape is given"},
		{Config{Dir: dir, Tape: filepath.Join(dir, "tape")}, "lies in the recording"},
		{Config{Dir: file}, "is a file, where a directory is due"},
		{Config{Dir: filepath.Join(file, "x")}, "is a file"},
		{Config{Dir: later}, `says "pmbot.recording/9\n": this version writes pmbot.recording/1`},
	} {
		if _, err := Open(c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.c, err, c.want)
		}
	}
}

// TestReadOnly needs a user whom modes stop.
func TestReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("read-only directory: %v", err)
	}
}

// TestLarge keeps messages of any size whole: those that are no line come in parts.
func TestLarge(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	for _, n := range []int{chunkBytes, 1<<20 - 1, lineMax - 100, lineMax, 9 << 20} {
		r.Message(exchange.UM, start, append(append([]byte(`["`), bytes.Repeat([]byte("x"), n)...), `"]`...))
	}
	stop(t, r)
	s := product(r.Stats(), exchange.UM)
	if s.Messages != 5 || s.Odd != 2 || s.Dropped != 0 || s.Notes != 2+5+10 {
		t.Errorf("%+v", s)
	}
	for _, s := range mustSegments(t, dir) {
		for line, err := range Lines(s.Path) {
			if err != nil || len(line) >= lineMax {
				t.Errorf("line of %d bytes, %v", len(line), err)
			}
		}
	}
}

func mustSegments(t testing.TB, dir string) []Segment {
	t.Helper()
	list, err := Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
