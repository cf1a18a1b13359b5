package record

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/audit"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/tape/source/capture"
	"github.com/pmbot/pmbot/exchange"
)

// readBack reads a segment as package tape does. Lines that are no message fail the test.
func readBack(t testing.TB, s Segment) source.Notes {
	t.Helper()
	f, err := source.Open(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader, err := capture.Open(f, source.Spec{Key: row.Key{Product: s.Product}})
	if err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range batch.Bad {
			t.Errorf("%s:%d: %v: %.200s", s.Path, bad.Line, bad.Reason, bad.Text)
		}
	}
	return reader.Notes()
}

// gaps are those that the notes of a recording tell, in the words of package capture.
func gaps(t testing.TB, dir string) (list []source.Gap) {
	t.Helper()
	for _, s := range mustSegments(t, dir) {
		list = append(list, readBack(t, s).Gaps...)
	}
	return list
}

// recording makes three segments of trades with a gap and with everything else that a line
// can be.
func recording(t testing.TB, dir string) Config {
	t.Helper()
	c, now := config(t, dir)
	r := mustOpen(t, c, realDisk())
	for i := range 100 {
		now.at = start.Add(time.Duration(i) * 2 * time.Second)
		r.Message(exchange.UM, now.at, trade(i))
		if i == 50 {
			r.Note(exchange.UM, now.at, Note{Name: NoteGap, Stream: "btcusdt@trade", From: now.at - 10, To: now.at, Count: 7, Text: "lost"})
			r.Note(exchange.UM, now.at, Note{Name: NoteResync, Stream: "btcusdt@depth"})
			r.Answer(exchange.UM, now.at, "https://fapi.binance.com/fapi/v1/exchangeInfo", []byte(`{"symbols":[]}`))
			r.Answer(exchange.UM, now.at, "http://127.0.0.1:5000/fapi/v1/depth?symbol=BTCUSDT", []byte(
				`{"lastUpdateId":7,"E":1795409940001,"T":1795409940001,"bids":[["65000.1","1"]],"asks":[["65000.2","2"]]}`))
			r.Message(exchange.UM, now.at, []byte("garbage"))
			if err := r.Table("um/exchangeInfo", now.at, []byte(`{"serverTime":1}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop(t, r)
	return c
}

func TestConvert(t *testing.T) {
	dir := t.TempDir()
	c := recording(t, filepath.Join(dir, "recording"))
	c.Tape = filepath.Join(dir, "tape")
	stats, err := Convert(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ConversionStats{Converted: 3, Rows: 102}); stats != want {
		t.Errorf("%+v, want %+v", stats, want)
	}
	// By hand.
	other, err := tape.Create(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range mustSegments(t, c.Dir) {
		report, err := tape.Import(context.Background(), other, tape.ImportSpec{Path: s.Path, Spec: source.Spec{Key: row.Key{Product: s.Product}}}, nil)
		if err != nil || !report.Verified {
			t.Fatal(report, err)
		}
	}
	mine, err := tape.Open(c.Tape)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := tape.Hash(mine.Series()...), tape.Hash(other.Series()...); a != b || len(mine.Series()) != 2 {
		t.Errorf("converted %s, imported by hand %s, %d series", a, b, len(mine.Series()))
	}
	// Again there is nothing to do.
	if stats, err = Convert(context.Background(), c); err != nil || stats != (ConversionStats{}) {
		t.Errorf("again: %+v, %v", stats, err)
	}
	done, err := readConverted(c.Dir, c.Tape)
	if err != nil || len(done) != 3 {
		t.Fatal(done, err)
	}
	first := done["um/2026-11-23T04.jsonl.zst"]
	if first.Rows+done["um/2026-11-23T05.jsonl.zst"].Rows != 102 || len(done["um/2026-11-23T05.jsonl.zst"].Gaps) != 1 {
		t.Errorf("%+v", done)
	}
	if done, err = readConverted(c.Dir, filepath.Join(dir, "other")); err != nil || len(done) != 0 {
		t.Errorf("another tape: %v, %v", done, err)
	}
}

// TestVerify reads the whole directory as "pmbot data verify" does: gaps are told, and
// nothing is a fault.
func TestVerify(t *testing.T) {
	c := recording(t, t.TempDir())
	files, err := source.Walk([]string{c.Dir})
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.File(context.Background(), files, audit.Options{FindingsMax: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range report.Findings {
		f.File = strings.TrimPrefix(f.File, c.Dir+"/")
		got = append(got, f.String())
	}
	want := []string{"raw/um/2026-11-23T05.jsonl.zst:22: gap: the recorder notes: 7 messages of btcusdt@trade from 2026-11-23T05:00:39.99999999Z to 2026-11-23T05:00:40Z were missed: lost"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(files) != 3 || report.Rows != 102 || len(report.Warnings) > 0 {
		t.Errorf("files %v, %d rows, %q", files, report.Rows, report.Warnings)
	}
	counts := map[string]int64{}
	for _, s := range mustSegments(t, c.Dir) {
		for _, p := range readBack(t, s).Passed {
			counts[p.Name] += p.Count
		}
	}
	if diff := cmp.Diff(map[string]int64{
		"pmbot.started": 2, "pmbot.gap": 1, "pmbot.resync": 1, "exchangeInfo": 1, "pmbot.raw": 1, "pmbot.table": 1, "pmbot.stopped": 2,
	}, counts); diff != "" {
		t.Error(diff)
	}
}

// TestConversionFails tells what is wrong, waits longer each time, and goes on with others.
func TestConversionFails(t *testing.T) {
	dir := t.TempDir()
	c := recording(t, filepath.Join(dir, "recording"))
	c.Tape = filepath.Join(dir, "tape")
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	broken := mustSegments(t, c.Dir)[1]
	content, err := os.ReadFile(broken.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken.Path, append(content, 0), 0o644); err != nil {
		t.Fatal(err)
	}
	k := newConverter(c)
	if err := k.round(context.Background()); err == nil || !strings.Contains(err.Error(), "checksum mismatch") {
		t.Fatalf("%v", err)
	}
	s := k.status()
	if s.Converted != 2 || s.Failed != 1 || s.Waiting != 1 {
		t.Fatalf("%+v", s)
	}
	if err := k.round(context.Background()); err != nil || k.status().Failed != 1 {
		t.Errorf("it is tried again too soon: %v, %+v", err, k.status())
	}
	for i := range 12 {
		k.tries[broken.Path] = try{failed: i}
		_ = k.round(context.Background())
		if wait := time.Until(k.tries[broken.Path].next); wait > tryMax || i > 10 && wait < tryMax/2 {
			t.Errorf("after %d failures it waits %v", i+1, wait)
		}
	}
	if err := os.WriteFile(broken.Path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	k.tries[broken.Path] = try{}
	if err := k.round(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := k.status(); s.Converted != 3 || s.Waiting != 0 || s.Fault != "" {
		t.Errorf("%+v", s)
	}
}

// TestConversionStopped goes on where it was stopped.
func TestConversionStopped(t *testing.T) {
	dir := t.TempDir()
	c := recording(t, filepath.Join(dir, "recording"))
	c.Tape = filepath.Join(dir, "tape")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if stats, err := Convert(ctx, c); err == nil || stats.Converted != 0 || stats.Failed != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	// The note of the first segment was lost in part.
	if stats, err := Convert(context.Background(), c); err != nil || stats.Converted != 3 {
		t.Fatalf("%+v, %v", stats, err)
	}
	path := filepath.Join(c.Dir, convertedName)
	notes, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, notes[:30], 0o644); err != nil {
		t.Fatal(err)
	}
	stats, err := Convert(context.Background(), c)
	if err != nil || stats.Converted != 3 || stats.Rows != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	if done, err := readConverted(c.Dir, c.Tape); err != nil || len(done) != 3 {
		t.Errorf("%v, %v", done, err)
	}
}

// TestRemove removes old segments, and never one whose rows the tape lacks.
func TestRemove(t *testing.T) {
	dir := t.TempDir()
	c := recording(t, filepath.Join(dir, "recording"))
	c.Tape, c.KeepRaw = filepath.Join(dir, "tape"), time.Hour
	now := &clock{start}
	c.Now = now.now
	convert := func() (ConversionStats, error) { return Convert(context.Background(), c) }
	if stats, err := convert(); err != nil || stats.Converted != 3 {
		t.Fatalf("%+v, %v", stats, err)
	}
	now.at = now.at.Add(time.Hour - 1)
	if stats, err := convert(); err != nil || stats.Removed != 0 {
		t.Fatalf("too early: %+v, %v", stats, err)
	}
	now.at++
	if err := os.RemoveAll(filepath.Join(c.Tape, "um", "BTCUSDT", "trades")); err != nil {
		t.Fatal(err)
	}
	stats, err := convert()
	if err == nil || !strings.Contains(err.Error(), "the tape lacks rows") || stats.Removed != 1 || len(mustSegments(t, c.Dir)) != 2 {
		t.Fatalf("%+v, %v", stats, err)
	}
	if stats, err = convert(); err != nil || stats.Removed != 2 {
		t.Fatalf("%+v, %v", stats, err)
	}
	entries, err := os.ReadDir(filepath.Join(c.Dir, "raw", "um"))
	if err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}
