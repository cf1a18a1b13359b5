package tape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/tape/source/csv"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// shared finds recorded data that is not part of the repository.
func shared(t testing.TB, path string) string {
	t.Helper()
	if raced.On() {
		t.Skip("the race detector makes do with the small inputs of our own")
	}
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

func newTape(t testing.TB) *Tape {
	t.Helper()
	tape, err := Create(filepath.Join(t.TempDir(), "tape"))
	if err != nil {
		t.Fatal(err)
	}
	return tape
}

func mustImport(t testing.TB, tape *Tape, spec ImportSpec) Report {
	t.Helper()
	report, err := Import(context.Background(), tape, spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// play returns what a reader gives, with bars copied.
func play(t testing.TB, tape *Tape, spec ReaderSpec) []exchange.Event {
	t.Helper()
	if spec.Instrument == nil {
		spec.Instrument = func(exchange.Product, string) (exchange.InstrumentID, error) { return 1, nil }
	}
	if spec.Series == nil {
		spec.Series = tape.Series()
	}
	r, err := tape.Reader(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var events []exchange.Event
	for buf := make([]exchange.Event, 100); ; {
		n, err := r.Next(buf)
		for i := range buf[:n] {
			if e := &buf[i]; e.Kind == exchange.KindBar {
				b := *e.Bar()
				e.SetBar(&b)
			}
		}
		events = append(events, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSharedFiles imports the real recordings and compares what the tape then holds with
// what their index says about them.
func TestSharedFiles(t *testing.T) {
	at := func(s string) exchange.Time {
		v, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return exchange.TimeOf(v)
	}
	for _, c := range []struct {
		path     string
		key      row.Key
		columns  string
		rows     int64
		from, to string // of the rows' instants; a bar's To is its close
		verified bool
	}{
		{path: "cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip", rows: 105280, verified: true},
		{path: "um/vision/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip", rows: 90, verified: true,
			from: "2026-04-01 00:00:00", to: "2026-04-30 16:00:00"},
		{path: "um/klines/freqtrade_typhonun/BTC_USDT_USDT-1m-futures.csv",
			key: row.Key{Symbol: "BTCUSDT", Kind: row.Klines, Interval: time.Minute}, columns: "time=date", rows: 43199,
			from: "2025-05-04 15:33:00", to: "2025-06-03 15:32:00"},
		{path: "um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-funding_rate.csv",
			key: row.Key{Symbol: "BTCUSDT", Kind: row.FundingRate}, columns: "time=date,rate=open", rows: 266,
			from: "2025-03-06 16:00:00", to: "2025-06-03 00:00:00"},
		{path: "um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-mark.csv",
			key: row.Key{Symbol: "BTCUSDT", Kind: row.MarkPriceKlines, Interval: 8 * time.Hour}, columns: "time=date", rows: 266,
			from: "2025-03-06 16:00:00", to: "2025-06-03 08:00:00"},
		{path: "um/klines/aha_hh/BTCUSDT-8h-2023-01_2024-07.csv",
			key: row.Key{Symbol: "BTCUSDT", Kind: row.Klines, Interval: 8 * time.Hour}, columns: "time=open_time_ms", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 08:00:00"},
		{path: "cm/klines/aha_hh/BTCUSD_PERP-8h-2023-01_2024-07.csv",
			key: row.Key{Symbol: "BTCUSD_PERP", Kind: row.Klines, Interval: 8 * time.Hour}, columns: "time=open_time_ms,quote_volume=volume", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 08:00:00"},
		{path: "cm/fundingRate/aha_hh/BTCUSD_PERP-fundingRate-8h-2023-01_2024-07.csv",
			key: row.Key{Symbol: "BTCUSD_PERP", Kind: row.FundingRate}, columns: "time=funding_time_ms,rate=funding_rate", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 00:00:00"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			columns, err := csv.ParseColumns(c.columns)
			if err != nil {
				t.Fatal(err)
			}
			tape := newTape(t)
			whole := mustImport(t, tape, ImportSpec{Path: shared(t, c.path), Spec: source.Spec{Key: c.key, Columns: columns}})
			report := whole.Series[0]
			if report.Rows != c.rows || report.New != c.rows || report.Gaps.Count+report.Duplicates.Count+report.Outside.Count != 0 {
				t.Errorf("report %+v, want %d rows and nothing wrong", report, c.rows)
			}
			if whole.Verified != c.verified {
				t.Errorf("verified %v, want %v", whole.Verified, c.verified)
			}
			series := tape.Series()
			if len(series) != 1 || series[0].Rows != c.rows || series[0].Gaps != 0 {
				t.Fatalf("series %+v, want one of %d rows without gaps", series, c.rows)
			}
			if s := series[0]; c.from != "" && (s.From != at(c.from) || s.To != at(c.to)) {
				t.Errorf("from %v to %v, want %s to %s", s.From, s.To, c.from, c.to)
			}
			if err := tape.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			t.Logf("%s: %d bytes a row", series[0].Key, size(t, whole.Written)/c.rows)
		})
	}
}

// TestSharedSums plays the real trades and bars and compares sums that were taken from
// the text of the sources with another program.
func TestSharedSums(t *testing.T) {
	tape := newTape(t)
	mustImport(t, tape, ImportSpec{Path: shared(t, "cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip")})
	mustImport(t, tape, ImportSpec{Path: shared(t, "um/klines/freqtrade_typhonun/BTC_USDT_USDT-1m-futures.csv"),
		Spec: source.Spec{Key: row.Key{Symbol: "BTCUSDT", Kind: row.Klines, Interval: time.Minute}, Columns: source.Columns{"time": "date"}}})
	trades, makers, bars, opens := 0, 0, 0, 0
	var qty exchange.Fixed
	var volume exchange.Wide
	for _, e := range play(t, tape, ReaderSpec{}) {
		switch e.Kind {
		case exchange.KindTrade:
			trades++
			qty += e.Trade().Qty
			if e.Trade().BuyerMaker {
				makers++
			}
		case exchange.KindBar:
			bars++
			var err error
			volume, err = volume.Add(e.Bar().Volume)
			must(t, err)
		case exchange.KindBarOpen:
			opens++
		}
	}
	got := fmt.Sprint(trades, qty, makers, bars, opens, volume)
	if want := "105280 4919071 51256 43199 43199 5549713.208"; got != want {
		t.Errorf("trades, quantity, makers, bars, opens, volume: %s, want %s", got, want)
	}
}

func size(t testing.TB, files []string) (bytes int64) {
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
	}
	return bytes
}
