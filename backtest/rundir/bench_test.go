package rundir

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
)

// manyFills is a run of as many fills, each with its bookings and every second with a
// trade, and samples of a year.
func manyFills(n int) *backtest.Result {
	r := fakeResult(24 * 365)
	r.Fills, r.Trades, r.Ledger = backtest.Rows[backtest.FillRow]{}, backtest.Rows[backtest.TradeRow]{}, backtest.Rows[backtest.LedgerRow]{}
	samples := r.Equity
	f := fake{r: r}
	for h := range n {
		f.hour(h)
		r.Equity = samples
	}
	r.Orders.Fills = n
	return r
}

// BenchmarkRun writes and loads a run of a million fills, two million bookings and half a
// million trades.
func BenchmarkRun(b *testing.B) {
	r := manyFills(1_000_000)
	runs := b.TempDir()
	for b.Loop() {
		start := time.Now()
		before, _ := memory()
		dir, err := Write(runs, r)
		if err != nil {
			b.Fatal(err)
		}
		written := time.Now()
		allocated, live := memory()
		b.ReportMetric(written.Sub(start).Seconds(), "s/write")
		b.ReportMetric(float64(allocated-before)/1e6, "MB-allocated/write")
		got, err := Load(dir)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(written).Seconds(), "s/load")
		_, now := memory()
		b.ReportMetric(float64(now-live)/1e6, "MB-loaded")
		runtime.KeepAlive(got)
		for _, f := range []string{"fills.csv", "fills.parquet", "ledger.csv", "ledger.parquet", "trades.csv", "trades.parquet", "equity.csv", "equity.parquet", "result.json"} {
			if info, err := os.Stat(dir + "/" + f); err == nil {
				b.ReportMetric(float64(info.Size())/1e6, f+"-MB")
			}
		}
	}
}

// memory is what was allocated so far, and what of it is still used.
func memory() (allocated, live uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc, m.HeapAlloc
}
