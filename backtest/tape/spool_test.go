package tape

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// TestSpool brings two series that are larger than memory holds before they are spooled,
// and wants them back.
func TestSpool(t *testing.T) {
	r := newRecorder(1, eve.Add(-5*time.Hour), 100*time.Millisecond, 20*time.Millisecond, 0)
	trades := r.trades(2*spoolRows + 77)
	bars := newRecorder(2, eve.Add(-2000*time.Hour), 0, 0, 0).bars(spoolRows, time.Minute)
	tape := newTape(t)
	one, two := batchesOf(tradeKey, trades, 3000), batchesOf(minuteKey, bars, 1500)
	for i, b := range two.list {
		one.list = slices.Insert(one.list, min(2*i, len(one.list)), b)
	}
	report, err := bring(t, tape, "both", true, ImportSpec{}, one)
	must(t, err)
	sound(t, tape)
	if got := rowsOf[row.Trade](t, tape, tradeKey); !slices.Equal(got, trades) {
		t.Errorf("%d trades of %d, or others", len(got), len(trades))
	}
	if got := rowsOf[row.Bar](t, tape, minuteKey); !slices.Equal(got, bars) {
		t.Errorf("%d bars of %d, or others", len(got), len(bars))
	}
	if left := tree(t, tape.dir); slices.ContainsFunc(left, func(name string) bool { return name[0] == '.' }) || report.Skipped.Count > 0 {
		t.Errorf("left behind: %v; skipped %v", left, report.Skipped)
	}
}

// TestSpoolDamaged changes and cuts the spool while it is needed.
func TestSpoolDamaged(t *testing.T) {
	for _, cut := range []int64{0, 1000} {
		tape := newTape(t)
		b := batchesOf(tradeKey, received(tradesFrom(0, 2*spoolRows)), 3000)
		b.each = func(n int) {
			if n == len(b.list) {
				spools, err := filepath.Glob(filepath.Join(tape.dir, stagePrefix+"*", "spool"))
				must(t, errors.Join(err, os.Truncate(spools[0], cut)))
			}
		}
		if _, err := bring(t, tape, "cut", true, ImportSpec{}, b); err == nil || len(tree(t, tape.dir)) != 0 {
			t.Errorf("a spool cut to %d bytes: %v", cut, err)
		}
	}
}

// TestRecordingLeftOut holds that what was left out is told of the day that it was left
// out of, though a recording's days are written after all of it is read.
func TestRecordingLeftOut(t *testing.T) {
	rows := received(tradesFrom(0, 300)) // 120 on the first day
	rows = slices.Insert(rows, 200, rows[199], rows[199])
	rows = slices.Insert(rows, 50, rows[49])
	tape := newTape(t)
	_, err := bring(t, tape, "a", true, ImportSpec{}, batchesOf(tradeKey, rows, 30))
	must(t, err)
	for i, want := range []int64{1, 2} {
		if got := tape.shelf[tradeKey][i].meta.origins[0].Duplicates; got != want {
			t.Errorf("day %d: %d duplicates, want %d", i, got, want)
		}
	}
}
