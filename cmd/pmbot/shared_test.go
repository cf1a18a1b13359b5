package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/internal/raced"
)

// sharedData finds recorded market data that is not part of the repository.
func sharedData(t *testing.T) string {
	dir := os.Getenv("PMBOT_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("shared data not at hand: set PMBOT_SHARED to its directory")
	}
	return dir
}

// pmbot runs a command in this process and returns what it printed.
func pmbot(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, os.Getenv); code != 0 {
		t.Fatalf("pmbot %s ended with %d: %s", strings.Join(args, " "), code, stderr.String())
	}
	return stdout.String()
}

// TestRecordedRuns imports recordings by other people and runs the shipped configurations
// on them, with the words that their comments tell the user. The scripts do the same with
// small files of our own.
func TestRecordedRuns(t *testing.T) {
	raced.Skip(t, "the script data shows the same goroutines")
	data := sharedData(t)
	configs, err := filepath.Abs("../../configs")
	if err != nil {
		t.Fatal(err)
	}
	imports := []struct{ flags, file string }{
		{"--product UM --symbol BTCUSDT --kind klines --interval 1m --map time=date", "um/klines/freqtrade_typhonun/BTC_USDT_USDT-1m-futures.csv"},
		{"--product UM --symbol BTCUSDT --kind fundingRate --map time=date,rate=open", "um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-funding_rate.csv"},
		{"--product UM --symbol BTCUSDT --kind markPriceKlines --interval 8h --map time=date", "um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-mark.csv"},
		{"--product CM --symbol BTCUSD_PERP --kind klines --interval 8h --map time=open_time_ms,quote_volume=volume", "cm/klines/aha_hh/BTCUSD_PERP-8h-2023-01_2024-07.csv"},
		{"--product UM --symbol BTCUSDT --kind klines --interval 8h --map time=open_time_ms", "um/klines/aha_hh/BTCUSDT-8h-2023-01_2024-07.csv"},
		{"--product CM --symbol BTCUSD_PERP --kind fundingRate --map time=funding_time_ms,rate=funding_rate", "cm/fundingRate/aha_hh/BTCUSD_PERP-fundingRate-8h-2023-01_2024-07.csv"},
		{"--product UM --symbol BTCUSDT --kind fundingRate --map time=funding_time_ms,rate=funding_rate", "um/fundingRate/aha_hh/BTCUSDT-fundingRate-8h-2023-01_2024-07.csv"},
		{"", "cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip"},
	}
	t.Chdir(t.TempDir()) // the configurations name the tape as a neighbour
	for _, i := range imports {
		args := append([]string{"data", "import", "--json"}, strings.Fields(i.flags)...)
		var document importDocument
		if err := json.Unmarshal([]byte(pmbot(t, append(args, filepath.Join(data, i.file))...)), &document); err != nil {
			t.Fatal(err)
		}
		r := document.Imports[0]
		if len(r.Series) != 1 || r.Series[0].New == 0 || r.Series[0].New != r.Series[0].Rows || r.Verified != (i.flags == "") {
			t.Errorf("%s: %+v", i.file, r)
		}
	}
	for _, test := range []struct {
		config string
		fills  int
	}{{"trend-um-1m", 1000}, {"trend-cm-8h", 40}, {"hedge-8h", 1}, {"trend-cm-trades", 30}} {
		args := []string{"backtest", "--json", "--mode", "inprocess", "-c", filepath.Join(configs, test.config+".toml")}
		var first, second backtest.Result
		if err := json.Unmarshal([]byte(pmbot(t, args...)), &first); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(pmbot(t, args...)), &second); err != nil {
			t.Fatal(err)
		}
		if first.Hash == "" || first.Hash != second.Hash || first.Orders.Fills < test.fills || first.Margin.Liquidations != 0 {
			t.Errorf("%s: hashes %s and %s, orders %+v", test.config, first.Hash, second.Hash, first.Orders)
		}
	}
}
