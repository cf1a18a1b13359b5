package report

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// largeRun is a market maker's run of a year with that many fills, and samples of the
// account and a price that often.
func largeRun(fills int, every time.Duration) *backtest.Result {
	const year = 365 * 24 * time.Hour
	rng := rand.New(rand.NewPCG(9, 10))
	r := fakeResult(24 * 31)
	r.To = r.From.Add(year)
	r.Fills, r.Trades = backtest.Rows[backtest.FillRow]{}, backtest.Rows[backtest.TradeRow]{}
	price, held := int64(6_290_000), int64(0)
	fixed := func(cents int64) exchange.Fixed { return exchange.Fixed(cents * int64(exchange.FixedOne) / 100) }
	for i := range fills {
		at := r.From.Add(time.Duration(float64(year) * (float64(i) + rng.Float64()) / float64(fills)))
		price = max(price+rng.Int64N(2001)-1000, 100_000)
		side := exchange.Buy
		if held > 0 && rng.IntN(2) == 0 || held > 5000 {
			side = exchange.Sell
		}
		held += side.Sign() * 10
		r.Fills.Add(&backtest.FillRow{At: at, Strategy: "mm-btc", Product: exchange.UM, Symbol: "BTCUSDT", Tag: "quote",
			Position: decimal.New(held, -3),
			Fill: exchange.Fill{Order: exchange.OrderID(i + 1), Strategy: 1, TradeID: int64(i + 1), Side: side, Maker: rng.IntN(8) > 0,
				Price: fixed(price), Qty: exchange.Fixed(exchange.FixedOne / 100), Fee: decimal.New(rng.Int64N(900), -4), FeeAsset: "USDT"}})
		if i%10 == 0 {
			r.Trades.Add(&backtest.TradeRow{Strategy: "mm-btc", Product: exchange.UM, Symbol: "BTCUSDT", Side: side, From: at, To: at.Add(time.Minute),
				Qty: decimal.New(1, -2), Entry: decimal.New(price, -2), Exit: decimal.New(price+rng.Int64N(500)-250, -2), Fills: 10,
				Net: decimal.New(rng.Int64N(200)-90, -2)})
		}
	}
	samples := r.Equity
	r.Equity = nil
	for at, i := r.From, 0; at <= r.To; at, i = at.Add(every), i+1 {
		s := samples[i%len(samples)]
		s.At = at
		r.Equity = append(r.Equity, s)
	}
	r.Prices = r.Prices[:1]
	r.Prices[0].Points = nil
	for i := range 16_384 {
		price = max(price+rng.Int64N(40_001)-20_000, 100_000)
		r.Prices[0].Points = append(r.Prices[0].Points, backtest.PricePoint{At: r.From.Add(time.Duration(i) * (year / 16_384)),
			Open: fixed(price), Close: fixed(price + 500), High: fixed(price + 3000), Low: fixed(price - 3000)})
	}
	return r
}

// BenchmarkPage writes the page of a large run. With PMBOT_BENCH_PAGES set to a directory,
// the pages stay there to be looked at.
func BenchmarkPage(b *testing.B) {
	for _, c := range []struct {
		name  string
		fills int
		every time.Duration
	}{{"fills=1M", 1_000_000, time.Hour}, {"minutes=1y", 2_000, time.Minute}} {
		r := largeRun(c.fills, c.every)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := onePage(&out, r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Len())/1e6, "MB/page")
			if dir := os.Getenv("PMBOT_BENCH_PAGES"); dir != "" {
				if err := os.WriteFile(dir+"/"+c.name+".html", out.Bytes(), 0o600); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
