package rundir

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -rewrite, then read the diff); got\n%s", path, got)
	}
}

// fullDisk takes some bytes and then fails.
type fullDisk struct{ left int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.left -= len(b); d.left < 0 {
		return 0, fmt.Errorf("no space left on device")
	}
	return len(b), nil
}

var fakeStart = exchange.TimeOf(time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC))

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// fake makes up a run.
type fake struct {
	r    *backtest.Result
	held [2]decimal.Decimal
}

// fakeResult is a run of as many hours: a carry over UM and CM that trades once an hour,
// alternately back and forth, and a sample after each.
func fakeResult(hours int) *backtest.Result {
	r := &backtest.Result{
		Schema: backtest.ResultSchema, Kind: backtest.KindBacktest, ID: "20261101T101500Z-3f9c2b1e", From: fakeStart,
		To: fakeStart.Add(time.Duration(hours) * time.Hour), Events: 1000, Hash: "7be1c04f6d20a9b34c1f7d6e5a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b",
		Elapsed: 1800 * time.Millisecond, Mode: "in-process", Version: "0.1.0", Seed: 7,
		ConfigHash: "c0ffee11", DataHash: "da7a0022", StrategyHash: "57a70033", Config: "seed = 7\n",
		Strategies: []backtest.StrategyInfo{{ID: 1, Label: "carry", Name: "carry", Version: "1.2.0", Params: map[string]string{"enter_bp": "6"}}},
		Legs:       []backtest.Leg{{Inst: 1, Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC"}, {Inst: 2, Product: exchange.CM, Symbol: "BTCUSD_PERP", Base: "BTC"}},
		Margin:     backtest.MarginSummary{EquityStart: dec("60000"), EquityEnd: dec("60123.45")},
		Balances:   []backtest.BalanceLine{{Asset: "USDT", Wallet: exchange.WalletUM, Start: dec("60000"), End: dec("60123.45")}},
	}
	f := fake{r: r}
	for h := range hours {
		f.hour(h)
	}
	r.Orders.Fills = r.Fills.Len()
	return r
}

// hour trades one leg, settles funding where a day begins, and takes a sample at its end.
func (f *fake) hour(h int) {
	at := fakeStart.Add(time.Duration(h) * time.Hour)
	leg, side := f.r.Legs[h%2], exchange.Buy
	if h%4 >= 2 {
		side = exchange.Sell
	}
	qty, price := exchange.MustFixed("0.25"), exchange.MustFixed("60000.5")+exchange.Fixed(h%7)*exchange.FixedOne
	if leg.Product == exchange.CM {
		qty = exchange.MustFixed("150")
	}
	f.held[h%2] = f.held[h%2].Add(qty.Decimal().Mul(decimal.NewFromInt(side.Sign())))
	fill := backtest.FillRow{At: at, Strategy: "carry", Product: leg.Product, Symbol: leg.Symbol, Tag: fmt.Sprintf("leg %d, \"open\"", h%2), Position: f.held[h%2],
		Fill: exchange.Fill{Strategy: 1, Order: exchange.OrderID(h + 1), Ref: uint64(h + 1), ClientID: fmt.Sprintf("pm-%d", h+1), VenueID: int64(9000 + h), TradeID: int64(h),
			Side: side, Maker: h%3 == 0, Price: price, Qty: qty, Fee: dec("7.50006250"), FeeAsset: "USDT", Realized: dec("-0.125")}}
	if leg.Product == exchange.CM {
		fill.FeeAsset, fill.Fee = "BTC", dec("0.00005")
	}
	f.r.Fills.Add(&fill)
	sample := backtest.Sample{At: at.Add(time.Hour), Account: exchange.Account{
		Equity: dec("59000").Add(decimal.New(int64(h), -2)), ActualEquity: dec("60000").Add(decimal.New(int64(h), -2)),
		Available: dec("57000"), InitialMargin: dec("2000"), MaintMargin: dec("240.00200000"), UniMMR: dec("245.83128474"), Status: exchange.StatusNormal}}
	for i, held := range f.held {
		if !held.IsZero() {
			sample.Exposure = append(sample.Exposure, backtest.Exposure{Inst: f.r.Legs[i].Inst, USD: held.Mul(dec("100.5"))})
		}
	}
	f.r.Equity = append(f.r.Equity, sample)
}

// hostile is a run whose every text tries to break out of its place.
func hostile() *backtest.Result {
	const evil = "</script>\x1b[31m\x1b]0;x\a\"'\u202e\\\r\nnet,999"
	r := fakeResult(3)
	r.Mode, r.Version, r.Config = evil, evil, evil
	r.Strategies[0] = backtest.StrategyInfo{Label: evil, Name: evil, Version: evil, Params: map[string]string{evil: evil}}
	r.Legs[0].Symbol, r.Legs[0].Base = evil, evil
	r.Warnings = append(r.Warnings, backtest.Warning{Kind: evil, Text: evil})
	r.Fills.Add(&backtest.FillRow{At: fakeStart, Strategy: evil, Product: exchange.UM, Symbol: evil, Tag: evil + "\xff", // JSON text is always UTF-8
		Fill: exchange.Fill{Side: exchange.Buy, Price: 1, Qty: exchange.FixedMax, FeeAsset: evil, ClientID: evil}})
	r.Orders.Fills = r.Fills.Len()
	return r
}
