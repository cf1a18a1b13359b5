package audit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
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
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

// spots are the findings as line and check.
func spots(r Report) []string {
	list := []string{}
	for _, f := range r.Findings {
		spot := fmt.Sprintf("%d %s", f.Line, f.Check)
		if f.LineTo > f.Line {
			spot = fmt.Sprintf("%d-%d %s", f.Line, f.LineTo, f.Check)
		}
		list = append(list, spot)
	}
	return list
}

// TestSharedDefects holds the findings against the defects that the author of recordings
// put into them, and those that were in them before, line for line.
func TestSharedDefects(t *testing.T) {
	for _, c := range []struct {
		path string
		want string
	}{
		{"um/ws_csv/binance_data_processor/negative_trade_trxusdt_2025-03-04.csv", "2 malformed, 9328 void"},
		{"um/ws_csv/binance_data_processor/positive_trade_trxusdt_2025-03-04.csv", "9328 void"},
		{"um/ws_csv/binance_data_processor/positive_depth_trxusdt_2025-03-04.csv", ""},
		{"um/ws_csv/binance_data_processor/negative_merged_trxusdt_2025-04-14.csv", "146 malformed, 5667-5691 chain"},
		{"um/ws_csv/binance_data_processor/positive_merged_trxusdt_2025-04-14.csv", ""},
		{"cm/ws_csv/binance_data_processor/negative_depth_trxusd_perp_2025-03-04.csv",
			"2 malformed, 3 malformed, 4 malformed, 8 price, 10 malformed, 10001 malformed"},
		{"cm/ws_csv/binance_data_processor/positive_depth_trxusd_perp_2025-03-04.csv", "10001 malformed"},
		{"cm/ws_csv/binance_data_processor/negative_trade_trxusd_perp_2025-03-04.csv", "2 late, 4 contradiction, 10001 malformed"},
		{"cm/ws_csv/binance_data_processor/positive_trade_trxusd_perp_2025-03-04.csv", ""},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			r, err := File(context.Background(), []string{shared(t, c.path)}, Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(spots(r), ", "); got != c.want {
				t.Errorf("found %s\nwant  %s", got, c.want)
				for _, f := range r.Findings {
					t.Log(f)
				}
			}
			if r.Total() != int64(len(r.Findings)) || r.Lines < 10_000 || r.Rows < 9_000 {
				t.Errorf("%d findings counted, %d lines, %d rows", r.Total(), r.Lines, r.Rows)
			}
		})
	}
}

// TestSharedClean holds that nothing is found in real recordings and archives that are in
// order, alone and together.
func TestSharedClean(t *testing.T) {
	klines := source.Spec{Key: row.Key{Kind: row.Klines, Interval: 8 * 3600e9}, Columns: source.Columns{"time": "open_time_ms"}}
	funding := source.Spec{Key: row.Key{Kind: row.FundingRate}, Columns: source.Columns{"time": "funding_time_ms", "rate": "funding_rate"}}
	coins := klines
	coins.Columns = source.Columns{"time": "open_time_ms", "quote_volume": "volume"}
	of := func(s source.Spec, p exchange.Product, symbol string) source.Spec {
		s.Key.Product, s.Key.Symbol = p, symbol
		return s
	}
	freqtrade := source.Spec{Key: row.Key{Kind: row.Klines, Interval: 60e9}, Columns: source.Columns{"time": "date"}}
	for _, c := range []struct {
		paths []string
		spec  source.Spec
		rows  int64
	}{
		{[]string{"um/ws_raw/hftbacktest/btcusdt_20240808.gz"}, source.Spec{}, 532_923},
		{[]string{"cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz"}, source.Spec{}, 319_435},
		{[]string{"um/ws_raw/hftbacktest/btcusdt_20240808.gz", "cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz"}, source.Spec{}, 852_358},
		{[]string{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.ws.1.0", "um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.http.0.0",
			"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.0"}, source.Spec{}, 12_618},
		{[]string{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.ws.1.0", "cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.http.0.0",
			"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.0"}, source.Spec{}, 31_209},
		{[]string{"cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip"}, source.Spec{}, 105_280},
		{[]string{"um/vision/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip"}, source.Spec{}, 90},
		{[]string{"um/klines/aha_hh/BTCUSDT-8h-2023-01_2024-07.csv"}, of(klines, exchange.UM, "BTCUSDT"), 1642},
		{[]string{"um/klines/aha_hh/ETHUSDT-8h-2023-01_2024-07.csv"}, of(klines, exchange.UM, "ETHUSDT"), 1642},
		{[]string{"cm/klines/aha_hh/BTCUSD_PERP-8h-2023-01_2024-07.csv"}, of(coins, exchange.CM, "BTCUSD_PERP"), 1642},
		{[]string{"cm/klines/aha_hh/ETHUSD_PERP-8h-2023-01_2024-07.csv"}, of(coins, exchange.CM, "ETHUSD_PERP"), 1642},
		{[]string{"um/fundingRate/aha_hh/BTCUSDT-fundingRate-8h-2023-01_2024-07.csv"}, of(funding, exchange.UM, "BTCUSDT"), 1642},
		{[]string{"um/fundingRate/aha_hh/ETHUSDT-fundingRate-8h-2023-01_2024-07.csv"}, of(funding, exchange.UM, "ETHUSDT"), 1642},
		{[]string{"cm/fundingRate/aha_hh/BTCUSD_PERP-fundingRate-8h-2023-01_2024-07.csv"}, of(funding, exchange.CM, "BTCUSD_PERP"), 1642},
		{[]string{"cm/fundingRate/aha_hh/ETHUSD_PERP-fundingRate-8h-2023-01_2024-07.csv"}, of(funding, exchange.CM, "ETHUSD_PERP"), 1642},
		{[]string{"um/klines/freqtrade_typhonun/BTC_USDT_USDT-1m-futures.csv"}, of(freqtrade, exchange.UM, "BTCUSDT"), 43_199},
		{[]string{"um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-mark.csv"}, source.Spec{
			Key: row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: row.MarkPriceKlines, Interval: 8 * 3600e9}, Columns: source.Columns{"time": "date"}}, 266},
		{[]string{"um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-funding_rate.csv"}, source.Spec{
			Key: row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: row.FundingRate}, Columns: source.Columns{"time": "date", "rate": "open"}}, 266},
	} {
		t.Run(filepath.Base(c.paths[0]), func(t *testing.T) {
			var paths []string
			for _, p := range c.paths {
				paths = append(paths, shared(t, p))
			}
			r, err := File(context.Background(), paths, Options{Spec: c.spec}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				t.Error(f)
			}
			if r.Total() != 0 || r.Rows != c.rows || r.Resyncs != 0 {
				t.Errorf("%d findings, %d rows, %d resyncs", r.Total(), r.Rows, r.Resyncs)
			}
			for _, l := range r.Legs {
				t.Log(l.Product, l.Clock)
			}
			for _, c := range r.Compared {
				t.Logf("%s: %v against %v: %d of %d equal, of %d and %d", c.Check, c.Series, c.Against, c.Equal, c.Points, c.Rows, c.AgainstRows)
			}
		})
	}
}

// TestSharedBook holds how often the rebuilt book could be compared with bookTicker.
func TestSharedBook(t *testing.T) {
	um, cm := shared(t, "um/ws_raw/hftbacktest/btcusdt_20240808.gz"), shared(t, "cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz")
	r, err := File(context.Background(), []string{um, cm}, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	book := func(p exchange.Product, symbol string, points, pieces, tickers int64) Compared {
		return Compared{Check: Book, Series: row.Key{Product: p, Symbol: symbol, Kind: row.Depth},
			Against: row.Key{Product: p, Symbol: symbol, Kind: row.BookTicker}, Points: points, Equal: points, Rows: pieces, AgainstRows: tickers}
	}
	want := []Compared{book(exchange.UM, "BTCUSDT", 629, 6552, 66_089), book(exchange.CM, "BTCUSD_PERP", 1124, 26_848, 19_136)}
	if !slices.Equal(r.Compared, want) {
		t.Errorf("got  %+v\nwant %+v", r.Compared, want)
	}
	for dir, want := range map[string]Compared{
		"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES":  {Points: 44, Equal: 44},
		"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY": {Points: 201, Equal: 201},
	} {
		// The snapshots are in a file of their own.
		r, err := File(context.Background(), []string{shared(t, dir+".ws.1.0"), shared(t, dir+".http.0.0")}, Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Compared
		for _, c := range r.Compared {
			got.Points, got.Equal = got.Points+c.Points, got.Equal+c.Equal
		}
		if got != want {
			t.Errorf("%s: %d of %d points equal, want %d", dir, got.Equal, got.Points, want.Points)
		}
	}
	if len(r.Legs) != 2 || !r.Legs[0].Clock.Slow || !r.Legs[1].Clock.Slow {
		t.Errorf("both legs had a slow clock: %+v", r.Legs)
	}
}
