package tape

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// without is rows but for those of some places, each from one up to another.
func without[R any](rows []R, places ...[2]int) []R {
	var list []R
	for i := range rows {
		if !slices.ContainsFunc(places, func(p [2]int) bool { return p[0] <= i && i < p[1] }) {
			list = append(list, rows[i])
		}
	}
	return list
}

// testRepair makes a tape with holes, repairs it with all rows, and wants what a tape has
// onto which all rows were imported, but for those before the first and after the last.
func testRepair[R comparable, P row.Row[R]](t *testing.T, key row.Key, rows []R, places [][2]int, origins int) {
	t.Helper()
	name := key.String()
	tape, whole := newTape(t), newTape(t)
	edge := 7 // rows that the repair has beyond the tape, at either end
	_, err := bring(t, tape, "holed", false, ImportSpec{}, batchesOf(key, without(rows[edge:len(rows)-edge], places...), 30))
	must(t, err)
	_, err = bring(t, whole, "whole", false, ImportSpec{}, batchesOf(key, rows[edge:len(rows)-edge], 30))
	must(t, err)
	if len(tape.Holes(key)) != len(places) {
		t.Fatalf("%s: %d holes, want %d: %v", name, len(tape.Holes(key)), len(places), tape.Holes(key))
	}
	missing := int64(0)
	for _, p := range places {
		missing += int64(p[1] - p[0])
	}
	report, err := bring(t, tape, "repair", false, ImportSpec{Repair: true}, batchesOf(key, rows, 30))
	if s := report.Series[0]; err != nil || s.New != missing || s.Beyond.Count != int64(2*edge) || s.Differ.Count != 0 {
		t.Errorf("%s: %d filled of %d, %d beyond, %d differ, %v", name, s.New, missing, s.Beyond.Count, s.Differ.Count, err)
	}
	sound(t, tape)
	if a, b := Hash(tape.Series()...), Hash(whole.Series()...); a != b || len(tape.Holes(key)) != 0 {
		t.Errorf("%s: hash %.8s, want %.8s; holes %v", name, a, b, tape.Holes(key))
	}
	// What was repaired is marked, and nothing else.
	var marked, repaired []string
	for _, p := range places {
		from, to := P(&rows[edge+p[0]]).When(), P(&rows[edge+p[1]-1]).When().Add(key.Interval)
		marked = append(marked, fmt.Sprint(from, to))
	}
	coverage := tape.Coverage(key)
	for i, s := range coverage {
		if s.Repaired {
			repaired = append(repaired, fmt.Sprint(s.From, s.To))
		}
		if i > 0 && s.From < coverage[i-1].To {
			t.Errorf("%s: stretch %+v overlaps %+v", name, s, coverage[i-1])
		}
		if !s.Repaired && s.To <= s.From {
			t.Errorf("%s: stretch %+v is empty", name, s)
		}
	}
	if origins == len(places) && !slices.Equal(marked, repaired) || len(repaired) != origins {
		t.Errorf("%s: marked as repaired are %v, want %v", name, repaired, marked)
	}
	before := snapshot(t, tape.dir)
	report, err = bring(t, tape, "repair", false, ImportSpec{Repair: true}, batchesOf(key, rows, 30))
	if s := report.Series[0]; err != nil || s.New != 0 || snapshot(t, tape.dir) != before {
		t.Errorf("%s: a second repair filled %d, %v", name, s.New, err)
	}
}

// TestRepair repairs series of every sort of hole, some of them over midnight or a year's
// end, and with rows at the very edges of holes.
func TestRepair(t *testing.T) {
	testRepair(t, tradeKey, tradesFrom(0, 400), [][2]int{{3, 4}, {50, 60}, {90, 140}, {200, 210}}, 5) // one is over midnight
	same := tradesFrom(0, 100)
	for i := range same {
		same[i].Time -= same[i].Time % 10_000_000 // ten a time, so that holes begin and end within one
	}
	testRepair(t, tradeKey, same, [][2]int{{12, 25}, {40, 41}}, 2)

	var bars []row.Bar
	for i := range 400 {
		bars = append(bars, row.Bar{Start: row.MicrosOf(eve.Add(time.Duration(i-200) * time.Minute)), Open: 1, High: 2, Low: 1, Close: 1})
	}
	testRepair(t, minuteKey, bars, [][2]int{{3, 4}, {100, 180}, {190, 200}}, 4)

	var marks []row.Mark
	for i := range 300 { // every second, so that a hole begins before the next of the usual 3 s
		marks = append(marks, row.Mark{Time: row.MicrosOf(eve.Add(time.Duration(i) * time.Second)), Price: exchange.Fixed(i + 1)})
	}
	testRepair(t, series(exchange.UM, "A", row.MarkPrice, 0), marks, [][2]int{{10, 40}, {150, 190}}, 2)

	settlements := newRecorder(1, eve.Add(-100*24*time.Hour), time.Hour, 0, 0).settlements(500)
	testRepair(t, series(exchange.UM, "A", row.FundingRate, 0), settlements, [][2]int{{20, 21}, {30, 33}}, 2)

	var metrics []row.Metric
	for i := range 300 {
		metrics = append(metrics, row.Metric{Time: row.MicrosOf(eve.Add(time.Duration(i) * 5 * time.Minute)), Count: 1})
	}
	testRepair(t, series(exchange.UM, "A", row.Metrics, 0), metrics, [][2]int{{20, 21}, {30, 33}}, 2)
}

// TestRepairDepth fills two holes of a book, one over midnight.
func TestRepairDepth(t *testing.T) {
	var rows []row.Level
	for i := range int64(200) {
		rows = append(rows, change(eve.Add(time.Duration(i)*time.Second), 10*i+1, 10*i+10, 10*i, 2)...)
	}
	tape := newTape(t)
	_, err := bring(t, tape, "holed", true, ImportSpec{}, batchesOf(depthKey, without(rows, [2]int{20, 40}, [2]int{220, 260}), 30))
	must(t, err)
	report, err := bring(t, tape, "repair", true, ImportSpec{Repair: true}, batchesOf(depthKey, rows, 30))
	if s := report.Series[0]; err != nil || s.New != 60 || s.Known != 340 || len(tape.Holes(depthKey)) != 0 {
		t.Errorf("%d filled, %d known, holes %v, %v", s.New, s.Known, tape.Holes(depthKey), err)
	}
	sound(t, tape)
}

// TestRepairContradicts has a repair file that is otherwise in places: it is counted, and
// nothing of it is taken.
func TestRepairContradicts(t *testing.T) {
	rows := tradesFrom(0, 100)
	tape := newTape(t)
	_, err := bring(t, tape, "holed", false, ImportSpec{}, batchesOf(tradeKey, without(rows, [2]int{40, 50}), 30))
	must(t, err)
	other := slices.Clone(rows)
	other[10].Price++
	for i := 40; i < 50; i++ {
		other[i].Time = other[40].Time - 5_000_000 // before the hole
	}
	report, err := bring(t, tape, "other", true, ImportSpec{Repair: true}, batchesOf(tradeKey, other, 30))
	if s := report.Series[0]; err != nil || s.New != 0 || s.Differ.Count != 1 || s.Known == 0 || len(tape.Series()[0].Origins) != 1 {
		t.Errorf("%d new, %d differ, %d known, %v", s.New, s.Differ.Count, s.Known, err)
	}
	wrong := []row.Trade{rows[45]}
	wrong[0].ID = 1009 // in the time of the hole, with an id before it
	wrong = append(wrong, rows[46])
	wrong[1].ID = 1200
	report, err = bring(t, tape, "wrong", true, ImportSpec{Repair: true}, batchesOf(tradeKey, wrong, 30))
	if s := report.Series[0]; err != nil || s.New != 0 || s.Differ.Count != 2 {
		t.Errorf("%d new, %d differ %v, %v", s.New, s.Differ.Count, s.Differ.Examples, err)
	}
}
