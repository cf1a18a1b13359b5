package audit

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// endless gives batches of many symbols, in turn trades, tickers and depth, with nothing
// wrong in them, or with a void trade and two wrong prices in each batch.
type endless struct {
	symbols, batches int
	wrong            bool
	n                int
	trades           []row.Trade
	tickers          []row.Ticker
	levels           []row.Level
	lines            []int64
}

func (e *endless) Next() (source.Batch, error) {
	if e.n == e.batches {
		return source.Batch{}, io.EOF
	}
	if e.lines == nil {
		e.trades, e.tickers = make([]row.Trade, source.BatchRows), make([]row.Ticker, source.BatchRows)
		e.levels, e.lines = make([]row.Level, source.BatchRows), make([]int64, source.BatchRows)
	}
	round := e.n / (3 * e.symbols)
	key := row.Key{Product: exchange.UM, Symbol: fmt.Sprintf("S%dUSDT", e.n/3%e.symbols)}
	b := source.Batch{Key: key, Lines: e.lines}
	for i := range e.lines {
		id := int64(round*source.BatchRows + i + 1)
		at := row.MicrosOf(base) + row.Micros(id*10_000)
		local := at.Time() + 3_000_000
		e.lines[i] = int64(e.n*source.BatchRows + i + 1)
		e.trades[i] = row.Trade{Time: at, Event: at, Local: local, ID: id, Price: 100 * exchange.FixedOne, Qty: exchange.FixedOne}
		e.tickers[i] = row.Ticker{Time: at, Event: at, Local: local, ID: id, Bid: 99 * exchange.FixedOne, BidQty: 1, Ask: 101 * exchange.FixedOne, AskQty: 1}
		piece := (id + 3) / 4
		e.levels[i] = row.Level{Time: row.MicrosOf(base) + row.Micros(piece*40_000), First: piece, Last: piece, Prev: piece - 1, Begins: id%4 == 1,
			Side: row.Bid, Price: exchange.Fixed(60+id%50) * exchange.FixedOne, Qty: exchange.Fixed(id%3) * exchange.FixedOne}
	}
	if e.wrong {
		e.trades[7].Type, e.trades[7].Price, e.trades[7].Qty = row.TradeVoid, 0, 0
		e.trades[90].Price, e.tickers[50].Ask = exchange.FixedOne, 900*exchange.FixedOne
	}
	switch b.Key.Kind = [...]row.Kind{row.Trades, row.BookTicker, row.Depth}[e.n%3]; b.Key.Kind {
	case row.Trades:
		b.Rows = e.trades
	case row.BookTicker:
		b.Rows = e.tickers
	default:
		b.Rows = e.levels
	}
	e.n++
	return b, nil
}

func (e *endless) Notes() source.Notes { return source.Notes{} }
func (e *endless) Close() error        { return nil }

// run checks the rows and returns the largest heap seen, in bytes.
func (e *endless) run(t testing.TB) (Report, uint64) {
	f := &feed{origin: origin{path: "endless"}, size: 1, open: func(f *feed) error { f.reader = e; return nil }}
	most, calls := uint64(0), 0
	r, err := auditFeeds(t.Context(), []*feed{f}, Options{}, func(int64, float64) {
		if calls++; calls%300 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, most
}

// TestMemory holds that memory does not grow with the rows, nor far with the series, and
// that findings are bounded while their counts are exact.
func TestMemory(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	if testing.Short() {
		t.Skip("short")
	}
	const limit = 90 << 20
	for _, c := range []endless{{symbols: 1, batches: 600}, {symbols: 300, batches: 1800}, {symbols: 1, batches: 600, wrong: true}} {
		r, most := c.run(t)
		t.Logf("%d symbols, %d rows: %d MB", c.symbols, r.Rows, most>>20)
		if most > limit {
			t.Errorf("%d symbols: heap of %d MB", c.symbols, most>>20)
		}
		if want := int64(0); !c.wrong && r.Total() != want || r.Rows != int64(c.batches)*source.BatchRows {
			t.Errorf("%d findings in %d rows", r.Total(), r.Rows)
		}
		if c.wrong && (r.Total() != 600 || len(r.Findings) != 600) {
			t.Errorf("%d findings, %d kept, want 600", r.Total(), len(r.Findings))
		}
	}
}

func BenchmarkRows(b *testing.B) {
	for _, symbols := range []int{1, 300} {
		b.Run(fmt.Sprintf("symbols=%d", symbols), func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				e := endless{symbols: symbols, batches: 900}
				r, _ := e.run(b)
				rows += int(r.Rows)
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
