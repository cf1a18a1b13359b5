package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/record"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// judgeKilled compares what was recorded with what the exchange has told.
func judgeKilled(t *testing.T, k *killTerms, kills []killed) {
	gaps := reportedGaps(t, filepath.Join(k.dir, "recording", "raw"))
	told := filepath.Join(k.dir, "told")
	products := []exchange.Product{exchange.UM, exchange.CM, exchange.Margin}
	if k.whole {
		products = products[:1]
	}
	judge := &killJudge{t: t, gaps: gaps, kills: kills, lost: make([]int64, len(kills)), speed: k.speed, most: k.most()}
	judge.losses(products...)
	runPmbot(t, nil, "data", "import", "-q", "--tape", told, filepath.Join(k.dir, "history"))
	ours := openForTest(t, filepath.Join(k.dir, "tape"))
	theirs := openForTest(t, told)
	judge.compare(ours, theirs)
	for i, kill := range kills {
		t.Logf("kill %d at %v (%v of the exchange): %d rows of the compared series were told in the lost time before it",
			i+1, kill.wall.Floor(time.Millisecond), kill.there, judge.lost[i])
	}
	t.Logf("rows of trades, books and marks: %d equal, %d missing in %d reported gaps, %d missing without a report, %d that nobody told, %d that differ",
		judge.equal, judge.missing, len(gaps), judge.unreported, judge.invented, judge.different)
	if judge.equal == 0 {
		t.Error("nothing was compared")
	}
	for _, of := range [][]string{{filepath.Join(k.dir, "recording", "raw")}, {"--tape", filepath.Join(k.dir, "tape")}} {
		var v verifyDocument
		runPmbot(t, &v, append([]string{"data", "verify", "--json", "--findings", "3"}, of...)...)
		t.Logf("data verify %s: %d rows in %d lines, %d findings, %d of them faults; counts %+v", strings.Join(of, " "), v.Rows, v.Lines, v.Total, v.Faults, v.Counts)
		if v.Faults > 0 {
			t.Errorf("faults such as %+v", v.Findings)
		}
	}
}

func openForTest(t *testing.T, dir string) *tape.Tape {
	t.Helper()
	opened, err := tape.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// gapNote is a note in a recording that says that something is missing.
type gapNote struct {
	product  exchange.Product
	stream   string
	from, to exchange.Time
	// restart says that the recorder itself was away.
	restart bool
}

// reportedGaps reads the notes of all segments.
func reportedGaps(t *testing.T, raw string) []gapNote {
	t.Helper()
	var gaps []gapNote
	for folder, product := range map[string]exchange.Product{"um": exchange.UM, "cm": exchange.CM, "spot": exchange.Margin} {
		files, err := filepath.Glob(filepath.Join(raw, folder, "*.jsonl.zst"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			for _, note := range notesOf(t, name) {
				if note.Event == "pmbot.gap" || note.Event == "pmbot.dropped" {
					gaps = append(gaps, gapNote{product, note.Stream, note.From, note.To, note.Stream == ""})
				}
			}
		}
	}
	slices.SortFunc(gaps, func(a, b gapNote) int { return cmp.Compare(a.from, b.from) })
	return gaps
}

// noteRead is a note as it stands in a segment.
type noteRead struct {
	Event  string        `json:"e"`
	Stream string        `json:"stream"`
	From   exchange.Time `json:"from"`
	To     exchange.Time `json:"to"`
	Text   string        `json:"text"`
}

func notesOf(t *testing.T, name string) []noteRead {
	t.Helper()
	var notes []noteRead
	for line, err := range record.Lines(name) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, text, found := bytes.Cut(line, []byte(` {"e":"pmbot.`)); found {
			var n noteRead
			if err := json.Unmarshal(append([]byte(`{"e":"pmbot.`), text...), &n); err != nil {
				t.Fatalf("%s: note %s: %v", name, text, err)
			}
			notes = append(notes, n)
		}
	}
	return notes
}

// killJudge gathers the verdict.
type killJudge struct {
	t     *testing.T
	gaps  []gapNote
	kills []killed
	// lost are the rows told between the last one recorded before a kill and the kill.
	lost                                                   []int64
	speed                                                  int
	most                                                   time.Duration
	equal, missing, unreported, invented, different, shown int64
}

// losses holds each kill to the flush interval, by our clock: from the last line kept to the
// signal.
func (j *killJudge) losses(products ...exchange.Product) {
	for i, kill := range j.kills {
		for _, p := range products {
			n := slices.IndexFunc(j.gaps, func(g gapNote) bool {
				return g.product == p && g.restart && g.from <= kill.wall.Add(killFlush) && g.to >= kill.wall
			})
			if n < 0 {
				j.t.Errorf("kill %d: no gap of %v is reported around %v", i+1, p, kill.wall)
				continue
			}
			g := j.gaps[n]
			cost := max(kill.wall.Sub(g.from), 0)
			j.t.Logf("kill %d: %v lost the last %v, and was away for %v", i+1, p, cost.Round(time.Millisecond), g.to.Sub(kill.wall).Round(time.Millisecond))
			if cost > j.most {
				j.t.Errorf("kill %d cost %v %v, more than %v", i+1, p, cost, j.most)
			}
		}
	}
}

// compare compares all series of trades, books and marks.
func (j *killJudge) compare(ours, theirs *tape.Tape) {
	for _, s := range theirs.Series() {
		switch s.Kind {
		case row.AggTrades, row.Trades:
			compareRows[row.Trade](j, ours, theirs, s.Key)
		case row.BookTicker:
			compareRows[row.Ticker](j, ours, theirs, s.Key)
		case row.Depth:
			compareRows[row.Level](j, ours, theirs, s.Key)
		case row.MarkPrice:
			compareRows[row.Mark](j, ours, theirs, s.Key)
		}
	}
}

// rowsOf reads a series without snapshots, which were asked for at other times.
func rowsOf[R any, P row.Row[R]](j *killJudge, t *tape.Tape, key row.Key) []R {
	var all []R
	for rows, err := range tape.Rows[R, P](t, key, 0, exchange.Never) {
		if err != nil {
			j.t.Fatalf("%v: %v", key, err)
		}
		for i := range rows {
			if l, ok := any(&rows[i]).(*row.Level); !ok || !l.Snapshot {
				all = append(all, rows[i])
			}
		}
	}
	return all
}

// compareRows walks both series by key: what is ours must be what was told, and what is not
// ours must lie in a gap that is reported.
func compareRows[R any, P row.Row[R]](j *killJudge, ours, theirs *tape.Tape, key row.Key) {
	told, kept := rowsOf[R, P](j, theirs, key), rowsOf[R, P](j, ours, key)
	if len(kept) == 0 {
		j.wrong("%v: nothing is recorded of %d rows", key, len(told))
		return
	}
	// What was told before we listened, and after, is nobody's loss.
	first, last := P(&kept[0]).Key(), P(&kept[len(kept)-1]).Key()
	i := 0
	for n := 0; n < len(told); {
		at := P(&told[n]).Key()
		switch {
		case at < first:
			n++
		case at > last || i == len(kept):
			return
		case P(&kept[i]).Key() < at:
			j.invented++
			j.wrong("%v: row %d was never told", key, P(&kept[i]).Key())
			i++
		case P(&kept[i]).Key() == at:
			if !reflect.DeepEqual(P(&kept[i]).Bare(), P(&told[n]).Bare()) {
				j.different++
				j.wrong("%v: recorded %+v, told %+v", key, kept[i], told[n])
			} else {
				j.equal++
			}
			i, n = i+1, n+1
		default:
			n = missingRun[R, P](j, key, kept, i, told, n)
		}
	}
}

// missingRun judges rows that were told between two that are ours, and returns the next one.
func missingRun[R any, P row.Row[R]](j *killJudge, key row.Key, kept []R, i int, told []R, n int) int {
	_, before := P(&kept[i-1]).Clocks()
	_, after := P(&kept[i]).Clocks()
	stream := strings.ToLower(key.Symbol) + "@"
	reported := slices.ContainsFunc(j.gaps, func(g gapNote) bool {
		return g.product == key.Product && (g.stream == "" || strings.HasPrefix(g.stream, stream)) && g.from <= after && g.to >= before
	})
	start := n
	for ; n < len(told) && P(&told[n]).Key() < P(&kept[i]).Key(); n++ {
		for k := range j.kills {
			if when := P(&told[n]).When(); when <= j.kills[k].there && when > j.kills[k].there.Add(-time.Duration(j.speed)*2*killFlush) {
				j.lost[k]++
			}
		}
	}
	j.missing += int64(n - start)
	if !reported {
		j.unreported += int64(n - start)
		j.wrong("%v: %d rows are missing between %v and %v, and no gap is reported", key, n-start, before, after)
	}
	return n
}

// wrong tells the first of many mistakes.
func (j *killJudge) wrong(format string, args ...any) {
	if j.shown++; j.shown <= 20 {
		j.t.Errorf(format, args...)
	} else if j.shown == 21 {
		j.t.Error("and so on")
	}
}
