package tape

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// TestSharedCaptures replays the recordings of both futures markets. By the corrected clock
// the quickest quote of each product takes the base of latencies, within what the smallest
// latency varies; and the book that a replay from the middle begins with becomes, with what
// follows, the book of the whole replay.
func TestSharedCaptures(t *testing.T) {
	tape := newTape(t)
	for path, product := range map[string]exchange.Product{
		"um/ws_raw/hftbacktest/btcusdt_20240808.gz": exchange.UM, "cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz": exchange.CM,
	} {
		mustImport(t, tape, ImportSpec{Path: shared(t, path), Spec: source.Spec{Key: row.Key{Product: product}}})
	}
	for _, s := range tape.Series() {
		bytes := int64(0)
		for _, p := range tape.shelf[s.Key] {
			bytes += size(t, []string{p.path})
		}
		t.Logf("%s: %d rows, %.1f bytes a row", s.Key, s.Rows, float64(bytes)/float64(s.Rows))
	}
	const base = 5 * time.Millisecond
	least := map[exchange.InstrumentID]time.Duration{}
	drain(t, open(t, tape, ReaderSpec{Clock: CorrectedClock, LatencyBase: base}), 1000, func(e *exchange.Event) {
		if e.Kind != exchange.KindBookTicker {
			return
		}
		if _, ok := least[e.Inst]; !ok {
			least[e.Inst] = math.MaxInt64
		}
		least[e.Inst] = min(least[e.Inst], e.At.Sub(e.Exchange))
	})
	t.Logf("smallest latencies, at a base of %v: %v", base, least)
	if len(least) != 2 || least[1] < 0 || least[1] > base || least[2] < 0 || least[2] > base {
		t.Errorf("smallest latencies %v, want two from 0 to %v", least, base)
	}
	for _, s := range tape.Series() {
		if s.Kind != row.Depth {
			continue
		}
		for _, c := range []Clock{ExchangeClock, LocalClock, CorrectedClock} {
			whole, snapshots := lastBook(t, tape, ReaderSpec{Series: []Series{s}, Clock: c})
			half, begun := lastBook(t, tape, ReaderSpec{Series: []Series{s}, Clock: c, From: s.From.Add(s.To.Sub(s.From) / 2)})
			if !whole.Ready() || !half.Ready() || begun != 1 || half.UpdateID() != whole.UpdateID() || half.BookTicker() != whole.BookTicker() {
				t.Errorf("%s by %v: %d and %d snapshots end in %+v and %+v", s.Key, c, snapshots, begun, whole.BookTicker(), half.BookTicker())
			}
			for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
				for i := range min(half.Known(side), whole.Known(side)) {
					if half.At(side, i) != whole.At(side, i) {
						t.Fatalf("%s by %v: level %d is %v, in the whole replay %v", s.Key, c, i, half.At(side, i), whole.At(side, i))
					}
				}
			}
			t.Logf("%s by %v: %d and %d levels known at the end, %d and %d from the middle", filepath.Base(s.Symbol), c,
				whole.Known(exchange.Buy), whole.Known(exchange.Sell), half.Known(exchange.Buy), half.Known(exchange.Sell))
		}
	}
}

// lastBook is the book after a replay, and how many snapshots it had.
func lastBook(t *testing.T, tape *Tape, spec ReaderSpec) (b *book.Book, snapshots int) {
	b = book.New(book.Futures)
	drain(t, open(t, tape, spec), 100, func(e *exchange.Event) {
		if e.Kind == exchange.KindDepth {
			if e.Depth().Snapshot {
				snapshots++
			}
			b.Apply(e.Depth())
		}
	})
	return b, snapshots
}
