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
		Assets:     []string{"BTC", "USDT"},
		Prices:     []backtest.PriceSeries{{Product: exchange.UM, Symbol: "BTCUSDT"}, {Product: exchange.CM, Symbol: "BTCUSD_PERP"}}, // the second never had one
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
	f.book(&fill)
	sample := backtest.Sample{At: at.Add(time.Hour), Held: dec("58999.5"), Account: exchange.Account{
		Equity: dec("59000").Add(decimal.New(int64(h), -2)), ActualEquity: dec("60000").Add(decimal.New(int64(h), -2)),
		Available: dec("57000"), InitialMargin: dec("2000"), MaintMargin: dec("240.00200000"), UniMMR: dec("245.83128474"), Status: exchange.StatusNormal}}
	for i, held := range f.held {
		if !held.IsZero() {
			sample.Exposure = append(sample.Exposure, backtest.Exposure{Inst: f.r.Legs[i].Inst, USD: held.Mul(dec("100.5"))})
		}
	}
	if h > 0 { // at first the account has no price of BTC
		sample.Assets = append(sample.Assets, backtest.AssetValue{Asset: "BTC", Net: dec("0.5"), Actual: dec("30000.25"), Equity: dec("28500.2375")})
	}
	sample.Assets = append(sample.Assets, backtest.AssetValue{Asset: "USDT", Net: dec("30000"), Actual: dec("30000"), Equity: dec("29999.123456789012345678901234567")})
	f.r.Equity = append(f.r.Equity, sample)
	f.r.Prices[0].Points = append(f.r.Prices[0].Points, backtest.PricePoint{At: at, Open: price, High: price + 5, Low: price - 7, Close: price + 1})
}

// book makes the bookings of a fill and, of every other one, a round trip.
func (f *fake) book(fill *backtest.FillRow) {
	row := backtest.LedgerRow{At: fill.At, Strategy: fill.Strategy, Product: fill.Product, Symbol: fill.Symbol, Asset: fill.FeeAsset, Wallet: exchange.WalletOf(fill.Product),
		Reason: exchange.ReasonCommission, Delta: fill.Fee.Neg(), Balance: dec("29992.4999375"), USD: fill.Fee.Neg().Mul(dec("1.00012345"))}
	f.r.Ledger.Add(&row)
	if fill.Product == exchange.UM {
		row.Reason, row.Delta, row.USD = exchange.ReasonRealizedPnL, fill.Realized, fill.Realized
		f.r.Ledger.Add(&row)
		f.r.Ledger.Add(&backtest.LedgerRow{At: fill.At, Strategy: "house", Asset: "USDT", Wallet: exchange.WalletLoan, Reason: exchange.ReasonInterest,
			Delta: dec("0.00000001"), Balance: dec("0.00000001"), USD: dec("-0.0000000100000001")})
	}
	if fill.Order%2 == 0 {
		f.r.Trades.Add(&backtest.TradeRow{Strategy: fill.Strategy, Product: fill.Product, Symbol: fill.Symbol, Side: exchange.Sell, From: fill.At - 1, To: fill.At, Open: fill.Order%4 == 0,
			Qty: fill.Qty.Decimal(), Entry: dec("60000.12345678"), Exit: fill.Price.Decimal(), Fills: 2, Volume: dec("30000.5"), Price: dec("12.5"), Fees: dec("-15.000125"),
			Funding: dec("0.25"), Slippage: dec("-1.0000000000000001"), Net: dec("-2.250125"), EntryTag: "in", Forced: exchange.ForcedADL})
	}
}

// hostile is a run whose every text tries to break out of its place.
func hostile() *backtest.Result {
	const evil = "</script>\x1b[31m\x1b]0;x\a\"'\u202e\\\r\nnet,999"
	r := fakeResult(3)
	r.Mode, r.Version, r.Config = evil, evil, evil
	r.Strategies[0] = backtest.StrategyInfo{Label: evil, Name: evil, Version: evil, Params: map[string]string{evil: evil}}
	r.Legs[0].Symbol, r.Legs[0].Base = evil, evil
	r.Warnings = append(r.Warnings, backtest.Warning{Kind: evil, Text: evil})
	r.Assets[0] = evil
	r.Prices[0].Symbol = evil
	for i := range r.Equity {
		if a := r.Equity[i].Assets; len(a) == 2 {
			a[0].Asset = evil
		}
	}
	r.Trades.Add(&backtest.TradeRow{Strategy: evil, Product: exchange.UM, Symbol: evil, Side: exchange.Buy, From: fakeStart, To: fakeStart, EntryTag: evil, ExitTag: evil, Net: dec("-1e37")})
	r.Ledger.Add(&backtest.LedgerRow{At: fakeStart, Strategy: evil, Symbol: evil, Asset: evil, Wallet: exchange.WalletCM, Reason: exchange.ReasonTrade, Delta: dec("1e-60"), Balance: dec("1e60")})
	r.Fills.Add(&backtest.FillRow{At: fakeStart, Strategy: evil, Product: exchange.UM, Symbol: evil, Tag: evil + "\xff", // JSON text is always UTF-8
		Fill: exchange.Fill{Side: exchange.Buy, Price: 1, Qty: exchange.FixedMax, FeeAsset: evil, ClientID: evil}})
	r.Orders.Fills = r.Fills.Len()
	return r
}
