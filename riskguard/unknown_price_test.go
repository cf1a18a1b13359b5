package riskguard

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestUnknownPrices: what a control needs and nobody has told refuses, whichever of it is not
// there.
func TestUnknownPrices(t *testing.T) {
	mark := func(b *bench) { b.price(benchUM, exchange.MustFixed("50000"), 0) }
	last := func(b *bench) { b.price(benchUM, 0, exchange.MustFixed("50000")) }
	cross := func(b *bench) { b.price(benchCross, 0, exchange.MustFixed("0.05")) }
	pair := func(b *bench) { b.price(benchMargin, 0, exchange.MustFixed("50000")) }
	usdt := func(b *bench) { b.do(strings.Fields("index USDT 1")) }
	btc := func(b *bench) { b.do(strings.Fields("index BTC 50000")) }
	money := func(b *bench) { b.do(strings.Fields("deposit UM USDT 10000")) }
	for _, c := range []struct {
		order, want string
		told        []func(*bench)
	}{
		{"buy UM 0.002 limit 50000", "refused by price-collar: mark or last price of UM BTCUSDT is unknown", []func(*bench){usdt, btc, money, mark}},
		{"buy UM 0.002 limit 50000", "refused by price-collar: mark or last price of UM BTCUSDT is unknown", []func(*bench){usdt, btc, money, last}},
		{"buy CROSS 0.01 market", "refused by order-size: no price of MARGIN ETHBTC is known", []func(*bench){usdt, btc, money}},
		{"buy CROSS 0.01 limit 0.05", "refused by exposure: price is missing: index of", []func(*bench){usdt, btc, money, cross}},
		{"buy MARGIN 0.002 limit 50000", "refused by exposure: price is missing: index of", []func(*bench){usdt, money, pair}},
		{"buy UM 0.002 limit 50000", "passes", []func(*bench){usdt, btc, money, mark, last}},
	} {
		l := DefaultLimits()
		l.ShockCoin = decimal.Zero
		g, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Limits: l, Strategies: 2, Permits: Unbound(2), Labels: benchLabels})
		if err != nil {
			t.Fatal(err)
		}
		promiseForever(g)
		b := &bench{t: t, g: g, now: benchStart, sent: map[string]exchange.Order{}}
		b.do([]string{"state", "ACTIVE"})
		for _, tell := range c.told {
			tell(b)
		}
		if got := b.ask(strings.Fields("check " + c.order)); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.order, got, c.want)
		}
	}
}

// TestAdoptedPositionCounts: what reconciliation says that the account holds is held: its mark
// must be fresh as if a fill had told of it, and that of what it says is gone need not.
func TestAdoptedPositionCounts(t *testing.T) {
	b := newBench(t, DefaultLimits())
	ask := func(adopted exchange.Position, want string) {
		t.Helper()
		b.do(strings.Fields("fresh"))
		b.g.SetPosition(adopted) // no mark comes behind it
		b.do(strings.Fields("wait 4s"))
		b.price(benchUM, exchange.MustFixed("50000"), exchange.MustFixed("50000"))
		if got := b.ask(strings.Fields("check buy UM 0.002 limit 50000")); !strings.HasPrefix(got, want) {
			t.Errorf("%+v: %s, want %s", adopted, got, want)
		}
	}
	ask(exchange.Position{Inst: benchCM, Qty: decimal.New(1, 0), Entry: decimal.New(50000, 0)}, "refused by freshness: mark of CM BTCUSD_PERP is 4s old")
	ask(exchange.Position{Inst: benchCM}, "passes")
}
