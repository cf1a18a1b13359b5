package csv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

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
		root = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

// content is all that a reader gave.
type content struct {
	keys  []row.Key
	rows  map[row.Key]reflect.Value
	lines map[row.Key][]int64
	bad   []source.Bad
	notes source.Notes
}

// count is how many rows a file has in all its series.
func (c *content) count() (n int) {
	for _, lines := range c.lines {
		n += len(lines)
	}
	return n
}

// badLines are the numbers of the bad lines.
func (c *content) badLines() []int64 {
	lines := []int64{}
	for _, b := range c.bad {
		lines = append(lines, b.Line)
	}
	return lines
}

// readFile reads a file whole and checks what a reader promises of every batch.
func readFile(t testing.TB, path string, spec source.Spec) (*content, error) {
	t.Helper()
	f, err := source.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Open(f, spec)
	if err != nil {
		return nil, err
	}
	c := &content{rows: map[row.Key]reflect.Value{}, lines: map[row.Key][]int64{}}
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c, err
		}
		c.add(t, b)
	}
	c.notes = r.Notes()
	return c, r.Close()
}

func (c *content) add(t testing.TB, b source.Batch) {
	t.Helper()
	for _, bad := range b.Bad {
		if n := len(c.bad); n > 0 && c.bad[n-1].Line >= bad.Line {
			t.Errorf("bad line %d after %d", bad.Line, c.bad[n-1].Line)
		}
		c.bad = append(c.bad, bad)
	}
	if b.Rows == nil {
		if len(b.Bad) == 0 || b.Lines != nil {
			t.Errorf("a batch without rows has %d bad lines and %d lines", len(b.Bad), len(b.Lines))
		}
		return
	}
	rows := reflect.ValueOf(b.Rows)
	if rows.Len() == 0 || rows.Len() != len(b.Lines) {
		t.Errorf("%v: %d rows with %d lines", b.Key, rows.Len(), len(b.Lines))
	}
	if err := b.Key.Check(); err != nil {
		t.Errorf("key %v: %v", b.Key, err)
	}
	for i := range rows.Len() {
		r := rows.Index(i).Addr().Interface().(interface{ Check(k *row.Key) error })
		if err := r.Check(&b.Key); err != nil {
			t.Errorf("%v: line %d: %v", b.Key, b.Lines[i], err)
		}
	}
	have, ok := c.rows[b.Key]
	if !ok {
		c.keys = append(c.keys, b.Key)
		have = reflect.Zero(rows.Type())
	}
	c.rows[b.Key] = reflect.AppendSlice(have, rows)
	c.lines[b.Key] = append(c.lines[b.Key], b.Lines...)
}

func mustRead(t testing.TB, path string, spec source.Spec) *content {
	t.Helper()
	c, err := readFile(t, path, spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSharedProcessor reads the recordings that their author has damaged on purpose, and
// those that he has not. What a line alone does not show, such as a repeated id, is the
// audit's matter.
func TestSharedProcessor(t *testing.T) {
	for _, c := range []struct {
		path   string
		rows   int
		bad    []int64
		reason []string
	}{
		{path: "um/ws_csv/binance_data_processor/positive_trade_trxusdt_2025-03-04.csv", rows: 10000},
		{path: "um/ws_csv/binance_data_processor/positive_depth_trxusdt_2025-03-04.csv", rows: 10000},
		{path: "um/ws_csv/binance_data_processor/positive_merged_trxusdt_2025-04-14.csv", rows: 9856},
		{path: "cm/ws_csv/binance_data_processor/positive_trade_trxusd_perp_2025-03-04.csv", rows: 10000},
		{path: "cm/ws_csv/binance_data_processor/positive_depth_trxusd_perp_2025-03-04.csv", rows: 9999, bad: []int64{10001},
			reason: []string{"EventTime"}},
		{path: "um/ws_csv/binance_data_processor/negative_trade_trxusdt_2025-03-04.csv", rows: 9999, bad: []int64{2},
			reason: []string{"price"}},
		{path: "um/ws_csv/binance_data_processor/negative_merged_trxusdt_2025-04-14.csv", rows: 9855, bad: []int64{146},
			reason: []string{"TimestampOfReceiveUS"}},
		{path: "cm/ws_csv/binance_data_processor/negative_trade_trxusd_perp_2025-03-04.csv", rows: 9999, bad: []int64{10001},
			reason: []string{"TimestampOfReceive"}},
		{path: "cm/ws_csv/binance_data_processor/negative_depth_trxusd_perp_2025-03-04.csv", rows: 9995, bad: []int64{2, 3, 4, 10, 10001},
			reason: []string{"Symbol", "TransactionTime", "IsAsk", "FirstUpdateId", "TimestampOfReceive"}},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			got := mustRead(t, shared(t, c.path), source.Spec{})
			if got.count() != c.rows || fmt.Sprint(got.badLines()) != fmt.Sprint(c.bad) {
				t.Errorf("%d rows, bad lines %v, want %d and %v", got.count(), got.badLines(), c.rows, c.bad)
			}
			for i, b := range got.bad {
				if want := "field " + c.reason[min(i, len(c.reason)-1)] + ":"; !strings.HasPrefix(b.Reason.Error(), want) {
					t.Errorf("line %d: %v, want %s", b.Line, b.Reason, want)
				}
				t.Logf("line %d of %v: %v", b.Line, b.Key, b.Reason)
			}
			t.Logf("%v %+v", got.keys, got.notes)
		})
	}
}

// TestSharedFiles reads the other real files and compares with what their index says.
func TestSharedFiles(t *testing.T) {
	at := func(s string) exchange.Time {
		v, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return exchange.TimeOf(v)
	}
	um, cm := exchange.UM, exchange.CM
	for _, c := range []struct {
		path     string
		key      row.Key
		columns  string
		rows     int
		from, to string // of the rows' instants
	}{
		{path: "cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip", rows: 105280},
		{path: "um/vision/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip", rows: 90,
			from: "2026-04-01 00:00:00", to: "2026-04-30 16:00:00"},
		{path: "um/klines/freqtrade_typhonun/BTC_USDT_USDT-1m-futures.csv",
			key: row.Key{Product: um, Symbol: "BTCUSDT", Kind: row.Klines, Interval: time.Minute}, columns: "time=date", rows: 43199,
			from: "2025-05-04 15:33:00", to: "2025-06-03 15:31:00"},
		{path: "um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-funding_rate.csv",
			key: row.Key{Product: um, Symbol: "BTCUSDT", Kind: row.FundingRate}, columns: "time=date,rate=open", rows: 266,
			from: "2025-03-06 16:00:00", to: "2025-06-03 00:00:00"},
		{path: "um/klines/freqtrade_typhonun/BTC_USDT_USDT-8h-mark.csv",
			key: row.Key{Product: um, Symbol: "BTCUSDT", Kind: row.MarkPriceKlines, Interval: 8 * time.Hour}, columns: "time=date", rows: 266,
			from: "2025-03-06 16:00:00", to: "2025-06-03 00:00:00"},
		{path: "um/klines/aha_hh/BTCUSDT-8h-2023-01_2024-07.csv",
			key: row.Key{Product: um, Symbol: "BTCUSDT", Kind: row.Klines, Interval: 8 * time.Hour}, columns: "time=open_time_ms", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 00:00:00"},
		{path: "um/klines/aha_hh/ETHUSDT-8h-2023-01_2024-07.csv",
			key: row.Key{Product: um, Symbol: "ETHUSDT", Kind: row.Klines, Interval: 8 * time.Hour}, columns: "time=open_time_ms", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 00:00:00"},
		{path: "cm/klines/aha_hh/BTCUSD_PERP-8h-2023-01_2024-07.csv",
			key:     row.Key{Product: cm, Symbol: "BTCUSD_PERP", Kind: row.Klines, Interval: 8 * time.Hour},
			columns: "time=open_time_ms,quote_volume=volume", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 00:00:00"},
		{path: "cm/fundingRate/aha_hh/BTCUSD_PERP-fundingRate-8h-2023-01_2024-07.csv",
			key: row.Key{Product: cm, Symbol: "BTCUSD_PERP", Kind: row.FundingRate}, columns: "time=funding_time_ms,rate=funding_rate", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 00:00:00"},
		{path: "um/fundingRate/aha_hh/BTCUSDT-fundingRate-8h-2023-01_2024-07.csv",
			key: row.Key{Product: um, Symbol: "BTCUSDT", Kind: row.FundingRate}, columns: "time=funding_time_ms,rate=funding_rate", rows: 1642,
			from: "2023-01-01 00:00:00", to: "2024-07-01 00:00:00"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			columns, err := ParseColumns(c.columns)
			if err != nil {
				t.Fatal(err)
			}
			got := mustRead(t, shared(t, c.path), source.Spec{Key: c.key, Columns: columns})
			if got.count() != c.rows || len(got.bad) != 0 || len(got.keys) != 1 {
				t.Fatalf("%d rows of %v, bad %v; want %d and none", got.count(), got.keys, got.bad, c.rows)
			}
			rows := got.rows[got.keys[0]]
			when := func(i int) exchange.Time {
				return rows.Index(i).Addr().Interface().(interface{ When() exchange.Time }).When()
			}
			if c.from != "" && (when(0) != at(c.from) || when(rows.Len()-1) != at(c.to)) {
				t.Errorf("from %v to %v, want %s to %s", when(0), when(rows.Len()-1), c.from, c.to)
			}
		})
	}
}

// TestSharedSums compares sums over real rows with those that another program took from
// the text.
func TestSharedSums(t *testing.T) {
	trades := mustRead(t, shared(t, "cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip"), source.Spec{})
	makers, qty := 0, exchange.Fixed(0)
	for _, r := range trades.rows[trades.keys[0]].Interface().([]row.Trade) {
		qty += r.Qty
		if r.BuyerMaker {
			makers++
		}
	}
	bars := mustRead(t, shared(t, "um/klines/freqtrade_typhonun/BTC_USDT_USDT-1m-futures.csv"), source.Spec{
		Key:     row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: row.Klines, Interval: time.Minute},
		Columns: source.Columns{"time": "date"},
	})
	var volume exchange.Wide
	for _, r := range bars.rows[bars.keys[0]].Interface().([]row.Bar) {
		var err error
		if volume, err = volume.Add(r.Volume.Value()); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fmt.Sprint(trades.count(), qty, makers, bars.count(), volume), "105280 4919071 51256 43199 5549713.208"; got != want {
		t.Errorf("trades, quantity, makers, bars, volume: %s, want %s", got, want)
	}
}
