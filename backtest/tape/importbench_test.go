package tape

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// writeBars writes a header and n one-minute bars from 2022 on.
func writeBars(t testing.TB, path string, n int) {
	writeFile(t, path, func(w io.Writer) {
		fmt.Fprintln(w, "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore")
		r := rand.New(rand.NewPCG(1, 1))
		at, price := int64(1640995200000), 460000
		for range n {
			open := price
			price += r.IntN(201) - 100
			high, low := max(open, price)+r.IntN(50), min(open, price)-r.IntN(50)
			volume := r.IntN(200000)
			fmt.Fprintf(w, "%d,%d.%d,%d.%d,%d.%d,%d.%d,%d.%03d,%d,%d.%04d,%d,%d.%03d,0,0\n", at, open/10, open%10, high/10, high%10,
				low/10, low%10, price/10, price%10, volume/1000, volume%1000, at+59999, volume*46, r.IntN(10000), r.IntN(5000), volume/2000, volume%1000)
			at += 60000
		}
	})
}

// writeTrades writes a zip with n trades of one day.
func writeTrades(t testing.TB, path string, n int) {
	writeFile(t, path, func(w io.Writer) {
		z := zip.NewWriter(w)
		entry, err := z.Create("trades.csv")
		if err != nil {
			t.Fatal(err)
		}
		b := bufio.NewWriterSize(entry, 1<<20)
		fmt.Fprintln(b, "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker")
		r := rand.New(rand.NewPCG(1, 1))
		price, at, id := 650000, int64(1704153600000), 7000000000
		for i := range n {
			price += r.IntN(11) - 5
			many := 1 + r.IntN(3)
			fmt.Fprintf(b, "%d,%d.%d,%d.%03d,%d,%d,%d,%v\n", 1900000000+i, price/10, price%10, r.IntN(3), 1+r.IntN(999), id, id+many-1,
				at+int64(i)*86_000_000/int64(n), r.IntN(2) == 0)
			id += many
		}
		if err := errors.Join(b.Flush(), z.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

func writeFile(t testing.TB, path string, write func(io.Writer)) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	write(b)
	if err := errors.Join(b.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func benchmarkImport(b *testing.B, path string, key row.Key) {
	rows := int64(0)
	for b.Loop() {
		tape := newTape(b)
		report := mustImport(b, tape, ImportSpec{Path: path, Spec: source.Spec{Key: key}})
		for _, s := range report.Series {
			rows += s.Rows
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// BenchmarkImportTrades reads an archive of two million trades into a new tape.
func BenchmarkImportTrades(b *testing.B) {
	path := filepath.Join(b.TempDir(), "um", "trades.zip")
	writeTrades(b, path, 2_000_000)
	benchmarkImport(b, path, row.Key{Symbol: "BTCUSDT", Kind: row.AggTrades})
}

// BenchmarkImportBars reads a plain file of a million bars into a new tape.
func BenchmarkImportBars(b *testing.B) {
	path := filepath.Join(b.TempDir(), "um", "bars.csv")
	writeBars(b, path, 1_000_000)
	benchmarkImport(b, path, row.Key{Symbol: "BTCUSDT", Kind: row.Klines, Interval: time.Minute})
}
