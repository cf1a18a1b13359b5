package tape

import (
	"os"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

var midnight = exchange.TimeOf(time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC))

// replay plays a whole tape and reports how many rows it has a second.
func replay(b *testing.B, tape *Tape, spec ReaderSpec) {
	rows := int64(0)
	spec.Series, spec.Instrument = tape.Series(), anyone()
	for _, s := range spec.Series {
		rows += s.Rows
	}
	buf := make([]exchange.Event, 1024)
	b.ReportAllocs()
	for b.Loop() {
		r, err := tape.Reader(spec)
		must(b, err)
		for err == nil {
			_, err = r.Next(buf)
		}
		must(b, r.Close())
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(float64(bytesOf(b, tape))/float64(rows), "B/row")
}

// bytesOf is the size of all files of a tape.
func bytesOf(t testing.TB, tape *Tape) (bytes int64) {
	for _, parts := range tape.shelf {
		for _, p := range parts {
			info, err := os.Stat(p.path)
			must(t, err)
			bytes += info.Size()
		}
	}
	return bytes
}

// BenchmarkReplayBars plays two years of minutes, each as two events.
func BenchmarkReplayBars(b *testing.B) {
	tape := newTape(b)
	store(b, tape, series(exchange.UM, "BTCUSDT", row.Klines, time.Minute), newRecorder(1, midnight, 0, 0, 0).bars(1_050_000, time.Minute))
	replay(b, tape, ReaderSpec{})
}

// BenchmarkReplayBarsMerged plays the same minutes of four symbols.
func BenchmarkReplayBarsMerged(b *testing.B) {
	tape := newTape(b)
	for _, symbol := range []string{"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"} {
		store(b, tape, series(exchange.UM, symbol, row.Klines, time.Minute), newRecorder(1, midnight, 0, 0, 0).bars(250_000, time.Minute))
	}
	replay(b, tape, ReaderSpec{})
}

func benchmarkTrades(b *testing.B, latency time.Duration, spec ReaderSpec, symbols ...string) {
	tape := newTape(b)
	n := 1_000_000 / len(symbols)
	for i, symbol := range symbols {
		store(b, tape, series(exchange.UM, symbol, row.AggTrades, 0), newRecorder(uint64(i), midnight, 23*time.Hour/time.Duration(n), latency, 0).trades(n))
	}
	replay(b, tape, spec)
}

// BenchmarkReplayTrades plays a day of a million trades.
func BenchmarkReplayTrades(b *testing.B) { benchmarkTrades(b, 0, ReaderSpec{}, "BTCUSDT") }

// BenchmarkReplayTradesMerged plays a million trades of eight symbols.
func BenchmarkReplayTradesMerged(b *testing.B) {
	benchmarkTrades(b, 0, ReaderSpec{}, "A", "B", "C", "D", "E", "F", "G", "H")
}

// BenchmarkReplayTradesLocal plays them by the recorder's clock, corrected.
func BenchmarkReplayTradesLocal(b *testing.B) {
	benchmarkTrades(b, 5*time.Millisecond, ReaderSpec{Clock: CorrectedClock}, "A", "B", "C", "D", "E", "F", "G", "H")
}

// BenchmarkReplayTickers plays a day of a million best bids and asks, as recorded.
func BenchmarkReplayTickers(b *testing.B) {
	tape := newTape(b)
	store(b, tape, series(exchange.UM, "BTCUSDT", row.BookTicker, 0), newRecorder(1, midnight, 80*time.Millisecond, 5*time.Millisecond, 0).tickers(1_000_000))
	replay(b, tape, ReaderSpec{})
}

// BenchmarkReplayDepth plays a million levels of some 70,000 messages of a book; its rows
// are levels.
func BenchmarkReplayDepth(b *testing.B) {
	tape := newTape(b)
	store(b, tape, series(exchange.UM, "BTCUSDT", row.Depth, 0), newRecorder(1, midnight, 100*time.Millisecond, 5*time.Millisecond, 0).levels(70_000, 10_000))
	replay(b, tape, ReaderSpec{})
}
