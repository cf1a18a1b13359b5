package backtest_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/riskguard"
)

// independentCase is one data set on which a whole run of the trend strategy is held
// against plainRun.
type independentCase struct {
	product            exchange.Product
	symbol             string
	bars, rates, marks string // CSV files; marks may be empty
	open, at, rate     string // column names: bar time, funding time, rate
	bar                time.Duration
	qty                string
	size, places, usd  int64 // qty = size/places; dollars of a contract, 0 for UM
	asset, deposit     string
	barMap, fundingMap source.Columns
	markMap            source.Columns
}

func umMinutes(dir string) independentCase {
	prefix := filepath.Join(dir, "BTC_USDT_USDT-")
	return independentCase{
		product: exchange.UM, symbol: "BTCUSDT",
		bars: prefix + "1m-futures.csv", rates: prefix + "8h-funding_rate.csv", marks: prefix + "8h-mark.csv",
		open: "date", at: "date", rate: "open", bar: time.Minute,
		qty: "0.01", size: 1, places: 100, asset: "USDT", deposit: "10000",
		barMap:     source.Columns{"time": "date"},
		fundingMap: source.Columns{"time": "date", "rate": "open"},
		markMap:    source.Columns{"time": "date"},
	}
}

func cmEightHours(dir string) independentCase {
	return independentCase{
		product: exchange.CM, symbol: "BTCUSD_PERP",
		bars:  filepath.Join(dir, "klines", "BTCUSD_PERP-8h.csv"),
		rates: filepath.Join(dir, "fundingRate", "BTCUSD_PERP-8h.csv"),
		open:  "open_time_ms", at: "funding_time_ms", rate: "funding_rate", bar: 8 * time.Hour,
		qty: "10", size: 10, places: 1, usd: 100, asset: "BTC", deposit: "1",
		barMap:     source.Columns{"time": "open_time_ms", "quote_volume": "volume"},
		fundingMap: source.Columns{"time": "funding_time_ms", "rate": "funding_rate"},
	}
}

// sharedData is the folder of recordings, or a skip.
func sharedData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PMBOT_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	dir = filepath.Join(dir, "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("shared data not at hand: set PMBOT_SHARED to the folder that holds data/")
	}
	return dir
}

func TestIndependentUM(t *testing.T) {
	raced.Skip(t, "TestIndependentCM shows the same goroutines")
	c := umMinutes(filepath.Join(sharedData(t), "um", "klines", "freqtrade_typhonun"))
	res := c.compare(t)
	if f := res.Funding[0]; f.Held+f.Passed != 89 || len(f.Missing) != 1 || f.Missing[0].String() != "2025-06-03T08:00:00Z" {
		t.Errorf("settlements %d held, %d passed, missing %v; want 89 and 2025-06-03T08:00:00Z", f.Held, f.Passed, f.Missing)
	}
}

func TestIndependentCM(t *testing.T) {
	dir := filepath.Join(sharedData(t), "cm")
	c := cmEightHours(dir)
	c.bars = filepath.Join(dir, "klines", "aha_hh", "BTCUSD_PERP-8h-2023-01_2024-07.csv")
	c.rates = filepath.Join(dir, "fundingRate", "aha_hh", "BTCUSD_PERP-fundingRate-8h-2023-01_2024-07.csv")
	c.compare(t)
}

// compare imports the files, runs the strategy through the whole system and holds every
// number against the second computation.
func (c independentCase) compare(t *testing.T) *backtest.Result {
	t.Helper()
	dir := t.TempDir()
	store, err := tape.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.load(t, store, c.bars, row.Klines, c.bar, c.barMap)
	c.load(t, store, c.rates, row.FundingRate, 0, c.fundingMap)
	marks := map[int64]*big.Rat{}
	if c.marks != "" {
		c.load(t, store, c.marks, row.MarkPriceKlines, 8*time.Hour, c.markMap)
		marks = plainByHour(t, c.marks, c.at, "open")
	}
	res, err := backtest.Run(context.Background(), c.config(dir), backtest.Options{Programs: []backtest.Program{backtest.LocalProgram(trend.New)}})
	if err != nil {
		t.Fatal(err)
	}
	want := plainRun(plainRows(t, c.bars, c.open, "open", "close"), plainByHour(t, c.rates, c.at, c.rate), marks, c.size, c.usd, c.places)
	c.check(t, res, want)
	return res
}

func (c independentCase) load(t *testing.T, store *tape.Tape, path string, kind row.Kind, interval time.Duration, columns source.Columns) {
	t.Helper()
	key := row.Key{Product: c.product, Symbol: c.symbol, Kind: kind, Interval: interval}
	spec := tape.ImportSpec{Path: path, Spec: source.Spec{Key: key, Columns: columns}}
	if _, err := tape.Import(context.Background(), store, spec, nil); err != nil {
		t.Fatal(err)
	}
}

func (c independentCase) config(tapeDir string) *backtest.Config {
	fee := backtest.FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg := &backtest.Config{Risk: riskguard.DefaultLimits()}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0) // nobody is there to resume
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = decimal.New(1, 0), decimal.New(1, 0), 1_000_000
	cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(5, -1), decimal.New(5, -1)
	cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	cfg.Data.Tape = tapeDir
	cfg.Account.Leverage = 10
	deposit := map[string]decimal.Decimal{c.asset: decimal.RequireFromString(c.deposit)}
	if c.product == exchange.UM {
		cfg.Account.UM = deposit
	} else {
		cfg.Account.CM = deposit
	}
	cfg.Venue.UM, cfg.Venue.CM, cfg.Venue.Margin = fee, fee, fee
	cfg.Strategies = []backtest.StrategyConfig{{Plugin: "trend", Params: map[string]string{
		"symbol": c.product.String() + ":" + c.symbol, "bar": c.bar.String(), "qty": c.qty,
	}}}
	return cfg
}

func (c independentCase) check(t *testing.T, res *backtest.Result, want plainResult) {
	t.Helper()
	if res.Fills.Len() != len(want.fills) || len(want.fills) < 10 {
		t.Fatalf("%d fills, the second computation has %d", res.Fills.Len(), len(want.fills))
	}
	fees := decimal.Zero
	for i, f := range res.Fills.All() {
		w := want.fills[i]
		signed := f.Qty.Decimal().Mul(decimal.NewFromInt(f.Side.Sign()))
		if f.At.Millis() != w.at || !f.Price.Decimal().Equal(decimal.RequireFromString(w.price)) || !signed.Equal(decimal.RequireFromString(w.qty)) {
			t.Fatalf("fill %d: %v at %v, %v; want %s at %s, %d", i, signed, f.Price, f.At, w.qty, w.price, w.at)
		}
		fees = fees.Sub(f.Fee)
	}
	funding := res.Funding[0].Amount
	balance := res.Balances[0].End.Sub(res.Balances[0].Start)
	equity := res.Balances[0].End.Add(res.Open[0].Unrealized)
	wantEquity := new(big.Rat).Add(new(big.Rat).Add(rat(c.deposit), want.balance), cents(want.unrealized))
	for _, x := range []struct {
		what string
		got  decimal.Decimal
		want *big.Rat
	}{
		{"fees", fees, want.fees}, {"funding", funding, want.funding}, {"balance", balance, want.balance}, {"final equity", equity, wantEquity},
	} {
		if x.got.StringFixed(8) != x.want.FloatString(8) {
			t.Errorf("%s %v %s, the second computation has %s", x.what, x.got, c.asset, x.want.FloatString(8))
		}
	}
	t.Logf("%s: %d fills, fees %v, funding %v, final equity %v %s (%v USD after haircut)", c.symbol, res.Fills.Len(), fees, funding, equity, c.asset, res.Margin.EquityEnd.Round(8))
}

// TestIndependentSmall is the same on files of our own making, for machines without the
// recordings: a random walk of six weeks, with fundings and marks a little late.
func TestIndependentSmall(t *testing.T) {
	um, cm := umMinutes(t.TempDir()), cmEightHours(t.TempDir())
	um.bar, cm.bar = time.Hour, time.Hour
	walk(t, um.bars, um.rates, um.marks)
	walk(t, cm.bars, cm.rates, "")
	um.compare(t)
	cm.compare(t)
}

// walk writes the CSV files of a random walk in whole tenths.
func walk(t *testing.T, bars, rates, marks string) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 11))
	start, price := int64(1_700_006_400_000), int64(350_000)
	tenth := func(n int64) string { return fmt.Sprintf("%d.%d", n/10, n%10) }
	b := "date,open_time_ms,open,high,low,close,volume\n"
	r, m := "date,funding_time_ms,open,funding_rate,high,low,close,volume\n", "date,open,high,low,close,volume\n"
	for i := range int64(1003) {
		at, open := start+i*3_600_000, price
		price += random.Int64N(2001) - 1000
		b += fmt.Sprintf("%d,%d,%s,%s,%s,%s,1\n", at, at, tenth(open), tenth(max(open, price)+7), tenth(min(open, price)-7), tenth(price))
		if i%8 == 0 {
			late := at + random.Int64N(20)
			rate := fmt.Sprintf("%de-06", random.Int64N(200)-60)
			r += fmt.Sprintf("%d,%d,%s,%s,0,0,0,0\n", late, late, rate, rate)
			mark := tenth(open + random.Int64N(50))
			m += fmt.Sprintf("%d,%s,%s,%s,%s,0\n", at, mark, mark, mark, mark)
		}
	}
	for path, text := range map[string]string{bars: b, rates: r, marks: m} {
		if path == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
