package tape

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// arrival is a message as a recorder gets it: all its rows at once.
type arrival[R any] struct {
	at   exchange.Time
	rows []R
}

// world is a market of one kind of rows, and how a recorder sees it.
type world[R comparable, P row.Row[R]] struct {
	key row.Key
	// messages are the exchange's, by key.
	messages [][]R
	// receive gives rows the time of receipt.
	receive func(r *R, local exchange.Time)
	// undated says that the time of a row that comes late depends on what the file has beside.
	undated bool
	// late is by how much messages may come late.
	late time.Duration
	// poll makes a recorder's own message about the state at a moment, nil for none.
	poll func(r *rand.Rand, n int) []R
}

// listen is what a recorder gets of the messages from one on up to another: some are lost,
// some come late, some twice; its clock is wrong by offset.
func (w *world[R, P]) listen(r *rand.Rand, from, to int, offset time.Duration, twice float64) (list []arrival[R]) {
	hear := func(rows []R, at exchange.Time) {
		heard := slices.Clone(rows)
		for i := range heard {
			w.receive(&heard[i], at.Add(offset))
		}
		list = append(list, arrival[R]{at, heard})
	}
	for n := from; n < to; n++ {
		rows := w.messages[n]
		if r.Float64() < 0.05 {
			continue
		}
		sent := P(&rows[0]).When()
		late := func() exchange.Time { return sent.Add(time.Duration(r.Int64N(int64(w.late)))) }
		at := sent.Add(time.Duration(r.Int64N(int64(30 * time.Millisecond))))
		if r.Float64() < 0.02 {
			at = late()
		}
		hear(rows, at)
		if r.Float64() < twice {
			hear(rows, late())
		}
		if w.poll != nil && r.Float64() < 0.05 {
			hear(w.poll(r, n), late())
		}
	}
	slices.SortStableFunc(list, func(a, b arrival[R]) int { return cmp.Compare(a.at, b.at) })
	return list
}

// files cuts a recording in some pieces and forgets where messages begin.
func files[R any](r *rand.Rand, list []arrival[R], n int) (files [][]R) {
	cuts := []int{0, len(list)}
	for range n - 1 {
		cuts = append(cuts, r.IntN(len(list)))
	}
	slices.Sort(cuts)
	for i := 1; i < len(cuts); i++ {
		var rows []R
		for _, a := range list[cuts[i-1]:cuts[i]] {
			rows = append(rows, a.rows...)
		}
		if len(rows) > 0 {
			files = append(files, rows)
		}
	}
	return files
}

// union is the plain second version of the store: the bare rows of all files, each once,
// by key; of several snapshots of one id the deepest.
func (w *world[R, P]) union(files [][]R) map[int64]map[R]bool {
	all := map[int64]map[R]bool{}
	for _, rows := range files {
		for i := range rows {
			key := P(&rows[i]).Key()
			if all[key] == nil {
				all[key] = map[R]bool{}
			}
			all[key][P(&rows[i]).Bare()] = true
		}
	}
	return all
}

// imported brings files onto a new tape in some order and in batches of some size.
func (w *world[R, P]) imported(t *testing.T, r *rand.Rand, files [][]R, order []int) *Tape {
	tape := newTape(t)
	for _, i := range order {
		report, err := bring(t, tape, fmt.Sprintf("file %d", i), true, ImportSpec{}, batchesOf(w.key, files[i], 1+r.IntN(9), 1+r.IntN(200)))
		if err != nil || report.Skipped.Count > 0 {
			t.Fatalf("file %d of the order %v: skipped %v, %v", i, order, report.Skipped, err)
		}
	}
	return tape
}

// holds compares a tape with the plain version.
func (w *world[R, P]) holds(t *testing.T, tape *Tape, files [][]R) []R {
	t.Helper()
	want := w.union(files)
	got := rowsOf[R, P](t, tape, w.key)
	left := 0
	for _, rows := range want {
		left += len(rows)
	}
	for i := range got {
		r := P(&got[i])
		if i > 0 && (r.Key() < P(&got[i-1]).Key() || r.When() < P(&got[i-1]).When()) {
			t.Fatalf("row %d of key %d at %v comes after key %d at %v", i, r.Key(), r.When(), P(&got[i-1]).Key(), P(&got[i-1]).When())
		}
		if !want[r.Key()][r.Bare()] {
			t.Fatalf("row %d is in no file, or twice on the tape: %+v", i, got[i])
		}
		delete(want[r.Key()], r.Bare())
		left--
	}
	if left != 0 {
		for key, rows := range want {
			for r := range rows {
				t.Fatalf("%d rows are not on the tape; one of key %d: %+v", left, key, r)
			}
		}
	}
	return got
}

// testWorld imports what two recorders have heard, in files and orders of all sorts.
func testWorld[R comparable, P row.Row[R]](t *testing.T, make func(r *rand.Rand) *world[R, P]) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := make(r)
		n := len(w.messages)
		// One recorder, whose files make the same tape in whatever order, to the last column.
		one := files(r, w.listen(r, 0, n, 0, 0), 1+r.IntN(4))
		var want []R
		for range 4 {
			tape := w.imported(t, r, one, r.Perm(len(one)))
			got := w.holds(t, tape, one)
			if want == nil {
				want = got
			}
			if i := slices.IndexFunc(want, func(x R) bool { return !slices.Contains(got, x) }); i >= 0 && !w.undated {
				t.Fatalf("seed %d: another order of files has not row %d: %+v", seed, i, want[i])
			}
		}
		// Two, whose clocks differ, and messages that come twice.
		offset := time.Duration(r.Int64N(int64(4*time.Second))) - 2*time.Second
		two := slices.Concat(files(r, w.listen(r, 0, n*2/3, 0, 0.1), 1+r.IntN(3)), files(r, w.listen(r, n/3, n, offset, 0.1), 1+r.IntN(3)))
		tape := w.imported(t, r, two, r.Perm(len(two)))
		w.holds(t, tape, two)
		sound(t, tape)
		before := snapshot(t, tape.dir)
		for i := range two {
			report, err := bring(t, tape, fmt.Sprintf("file %d", i), true, ImportSpec{}, batchesOf(w.key, two[i], 100))
			if err != nil || report.Series[0].New != 0 || len(report.Written) != 0 {
				t.Fatalf("seed %d: file %d again: %d new rows, written %v, %v", seed, i, report.Series[0].New, report.Written, err)
			}
		}
		if snapshot(t, tape.dir) != before {
			t.Errorf("seed %d: importing the files again has changed the tape", seed)
		}
	}
}

// lateMost is just within what an import puts in order.
const lateMost = holdTime - 100*time.Millisecond

// eve is just before a midnight that ends a February, a month and a day.
var eve = exchange.TimeOf(time.Date(2024, 2, 29, 23, 58, 0, 0, time.UTC))

// moments are times of messages from an instant on, of which some share a millisecond.
func moments(r *rand.Rand, from exchange.Time, n int) []row.Micros {
	list := make([]row.Micros, n)
	at := from
	for i := range list {
		if r.IntN(4) > 0 {
			at = at.Add(time.Duration(1+r.IntN(900)) * time.Millisecond)
		}
		list[i] = row.MicrosOf(at)
	}
	return list
}

func TestMergeTrades(t *testing.T) {
	testWorld(t, func(r *rand.Rand) *world[row.Trade, *row.Trade] {
		w := &world[row.Trade, *row.Trade]{key: series(exchange.UM, "A", row.AggTrades, 0), late: lateMost}
		for i, at := range moments(r, eve, 500) {
			w.messages = append(w.messages, []row.Trade{{Time: at, Event: at + 5000, ID: int64(7_000_000 + i), Price: exchange.Fixed(1 + r.IntN(9)), Qty: 100_000_000}})
		}
		w.receive = func(r *row.Trade, local exchange.Time) { r.Local = local }
		return w
	})
}

func TestMergeMarks(t *testing.T) {
	testWorld(t, func(r *rand.Rand) *world[row.Mark, *row.Mark] {
		w := &world[row.Mark, *row.Mark]{key: series(exchange.UM, "A", row.MarkPrice, 0), late: lateMost}
		for i := range 300 {
			w.messages = append(w.messages, []row.Mark{{Time: row.MicrosOf(eve.Add(time.Duration(i) * time.Second)), Price: exchange.Fixed(1 + r.IntN(9))}})
		}
		w.receive = func(r *row.Mark, local exchange.Time) { r.Local = local }
		return w
	})
}

// TestMergeTickers has quotes of futures, whose update ids some rows share, also over
// midnight. What counts is by how much a row is later than the first of its id.
func TestMergeTickers(t *testing.T) {
	testWorld(t, func(r *rand.Rand) *world[row.Ticker, *row.Ticker] {
		w := &world[row.Ticker, *row.Ticker]{key: series(exchange.UM, "A", row.BookTicker, 0), late: lateMost / 3}
		id := int64(5_000_000_000_000)
		for i, at := range moments(r, eve, 500) {
			if r.IntN(3) > 0 {
				id += int64(1 + r.IntN(50))
			}
			w.messages = append(w.messages, []row.Ticker{{Time: at, Event: at + 1000, ID: id, Bid: exchange.Fixed(i + 1), BidQty: 1, Ask: 1000, AskQty: 1}})
		}
		w.receive = func(r *row.Ticker, local exchange.Time) { r.Local = local }
		return w
	})
}

// TestMergeSpotTickers has quotes without a time of the exchange. They stay clear of
// midnight, where the recorder's clock decides in which file a quote is.
func TestMergeSpotTickers(t *testing.T) {
	testWorld(t, func(r *rand.Rand) *world[row.Ticker, *row.Ticker] {
		w := &world[row.Ticker, *row.Ticker]{key: series(exchange.Margin, "A", row.BookTicker, 0), undated: true, late: lateMost}
		for i, at := range moments(r, eve.Add(-time.Hour), 500) {
			w.messages = append(w.messages, []row.Ticker{{Time: at, ID: int64(5_000_000 + i), Bid: exchange.Fixed(1 + r.IntN(9)), BidQty: 1}})
		}
		w.receive = func(r *row.Ticker, local exchange.Time) { r.Local, r.Time = local, row.MicrosOf(local) }
		return w
	})
}

func TestMergeLiquidations(t *testing.T) {
	testWorld(t, func(r *rand.Rand) *world[row.Liquidation, *row.Liquidation] {
		w := &world[row.Liquidation, *row.Liquidation]{key: series(exchange.UM, "A", row.LiquidationSnapshot, 0), late: lateMost}
		for i, at := range moments(r, eve, 300) {
			w.messages = append(w.messages, []row.Liquidation{{Time: at, Event: at + 1000, Side: 1, Price: exchange.Fixed(1 + i), Qty: 1}})
		}
		w.receive = func(r *row.Liquidation, local exchange.Time) { r.Local = local }
		return w
	})
}

// TestMergeDepth has messages of some levels and snapshots of several depths, which are
// stamped by the recorder's clock.
func TestMergeDepth(t *testing.T) {
	testWorld(t, func(r *rand.Rand) *world[row.Level, *row.Level] {
		w := &world[row.Level, *row.Level]{key: series(exchange.UM, "A", row.Depth, 0), late: lateMost}
		last := int64(9_000_000)
		for _, at := range moments(r, eve, 400) {
			head := row.Level{Time: at, Event: at + 1000, First: last + 1, Last: last + 10, Prev: last}
			last = head.Last
			rows := []row.Level{}
			for k := range 1 + r.IntN(5) {
				rows = append(rows, side(head, row.Bid, 500-k, exchange.Fixed(r.IntN(3)), k == 0))
			}
			w.messages = append(w.messages, rows)
		}
		w.receive = func(r *row.Level, local exchange.Time) {
			if r.Local = local; r.Snapshot {
				r.Time = row.MicrosOf(local)
			}
		}
		w.poll = func(r *rand.Rand, n int) (rows []row.Level) {
			head := row.Level{Last: w.messages[n][0].Last, Snapshot: true}
			for k := range 3 + r.IntN(5) {
				rows = append(rows, side(head, row.Bid, 500-k, exchange.Fixed(n+1), k == 0))
			}
			return rows
		}
		return w
	})
}
