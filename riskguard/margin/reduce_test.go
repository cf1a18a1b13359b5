package margin

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// leveraged is an account of 20000 USDT with the given UM positions in BTC and ETH.
func leveraged(t *testing.T, btc, eth string, orders ...exchange.Order) *Portfolio {
	t.Helper()
	p, err := New(testInstruments(t), testTables())
	ok(t, err)
	ok(t, p.SetIndex("USDT", exchange.FixedOne))
	ok(t, p.SetIndex("BTC", exchange.MustFixed("100000")))
	ok(t, p.SetIndex("ETH", exchange.MustFixed("4000")))
	ok(t, p.SetMark(1, exchange.MustFixed("100000")))
	ok(t, p.SetMark(2, exchange.MustFixed("4000")))
	ok(t, p.SetMark(4, exchange.MustFixed("100000")))
	ok(t, p.SetBalance("USDT", exchange.WalletUM, decimal.NewFromInt(20_000)))
	ok(t, p.SetPosition(exchange.Position{Inst: 1, Qty: decimalOf(btc), Entry: decimalOf("100000")}))
	ok(t, p.SetPosition(exchange.Position{Inst: 2, Qty: decimalOf(eth), Entry: decimalOf("4000")}))
	for _, o := range orders {
		ok(t, p.SetOrder(o))
	}
	return p
}

func marketOrder(inst exchange.InstrumentID, side exchange.Side, qty string) exchange.Order {
	o := limitOrder(50, inst, side, qty, "1")
	o.Request.Type, o.Request.Price = exchange.Market, 0
	return o
}

// TestReducing holds the definition against the cases that decide it.
func TestReducing(t *testing.T) {
	carry := func(t *testing.T) *Portfolio {
		p := smallAccount(t)
		ok(t, p.SetPosition(exchange.Position{Inst: 2, Qty: decimalOf("-10"), Entry: decimalOf("100000")}))
		return p
	}
	for _, c := range []struct {
		what string
		p    *Portfolio
		o    exchange.Order
		want bool
	}{
		{"close half of a long", leveraged(t, "1", "0"), limitOrder(50, 1, exchange.Sell, "0.5", "100000"), true},
		{"close all of a long", leveraged(t, "1", "0"), limitOrder(50, 1, exchange.Sell, "1", "100000"), true},
		{"close a long at the market", leveraged(t, "1", "0"), marketOrder(1, exchange.Sell, "1"), true},
		{"close far below the mark", leveraged(t, "1", "0"), limitOrder(50, 1, exchange.Sell, "0.5", "80001"), false},
		{"add to a long", leveraged(t, "1", "0"), limitOrder(50, 1, exchange.Buy, "0.1", "100000"), false},
		{"turn a long into a smaller short", leveraged(t, "1", "0"), limitOrder(50, 1, exchange.Sell, "1.5", "100000"), true},
		{"turn a long into a larger short", leveraged(t, "1", "0"), limitOrder(50, 1, exchange.Sell, "2.5", "100000"), false},
		{"a second close while the first is open", leveraged(t, "1", "0", limitOrder(1, 1, exchange.Sell, "1", "100100")), limitOrder(50, 1, exchange.Sell, "1", "100000"), false},
		{"close one of two longs", leveraged(t, "1", "100"), limitOrder(50, 2, exchange.Sell, "100", "4000"), true},
		{"close the short of a carry", carry(t), limitOrder(50, 2, exchange.Buy, "5", "100000"), false},
		{"close the short of a carry, flagged reduce-only", carry(t), reduceOnly(limitOrder(50, 2, exchange.Buy, "5", "100000")), false},
		{"sell the coin of a carry", carry(t), limitOrder(50, 1, exchange.Sell, "5", "100000"), false},
		{"a reduce-only order without a position", leveraged(t, "0", "1"), reduceOnly(limitOrder(50, 1, exchange.Buy, "5", "100000")), true},
		{"close a part of a long that a shock ruins", leveraged(t, "3", "0"), limitOrder(50, 1, exchange.Sell, "0.5", "100000"), true},
		{"add to a long that a shock ruins", leveraged(t, "3", "0"), limitOrder(50, 1, exchange.Buy, "0.5", "100000"), false},
		{"hedge a long through the inverse contract", leveraged(t, "1", "0"), limitOrder(50, 4, exchange.Sell, "500", "100000"), false},
	} {
		r, err := c.p.Reducing(c.o)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if r.Reduces() != c.want {
			t.Errorf("%s: reduces is %v: %+v", c.what, r.Reduces(), r)
		}
	}
}

func reduceOnly(o exchange.Order) exchange.Order {
	o.Request.ReduceOnly = true
	return o
}

// TestReducingDelta looks at the exposure alone: open orders may have turned it already.
func TestReducingDelta(t *testing.T) {
	open := func(side exchange.Side, qty string) exchange.Order { return limitOrder(1, 1, side, qty, "100000") }
	for _, c := range []struct {
		held string
		open exchange.Order
		side exchange.Side
		qty  string
		want bool
	}{
		{"1", open(exchange.Sell, "0.5"), exchange.Sell, "1", true}, // 0.5 becomes -0.5
		{"1", open(exchange.Sell, "0.5"), exchange.Sell, "1.001", false},
		{"1", open(exchange.Sell, "1"), exchange.Sell, "0.001", false},
		{"1", open(exchange.Buy, "5"), exchange.Sell, "2", true}, // the buy may not fill
		{"1", open(exchange.Buy, "5"), exchange.Sell, "2.001", false},
		{"-1", open(exchange.Buy, "0.5"), exchange.Buy, "1", true},
		{"-1", open(exchange.Buy, "0.5"), exchange.Buy, "1.001", false},
		{"-1", open(exchange.Buy, "1"), exchange.Buy, "0.001", false},
		{"-1", open(exchange.Buy, "0.5"), exchange.Sell, "0.001", false},
	} {
		p := leveraged(t, c.held, "0", c.open)
		r, err := p.Reducing(limitOrder(50, 1, c.side, c.qty, "100000"))
		if err != nil || r.Delta != c.want {
			t.Errorf("%s with %v %v open, %v %s: delta is %v, %v", c.held, c.open.Request.Side, c.open.Request.Qty, c.side, c.qty, r.Delta, err)
		}
	}
}

// TestReducingNearTheLine: a market close at uniMMR 1.25 costs its fee, not the collar:
// with the collar it would seem to make things worse.
func TestReducingNearTheLine(t *testing.T) {
	p := leveraged(t, "0.4", "0")
	ok(t, p.SetBalance("USDT", exchange.WalletUM, decimal.NewFromInt(200)))
	equal(t, "uniMMR", p.Account().UniMMR, "1.25")
	r, err := p.Reducing(marketOrder(1, exchange.Sell, "0.2"))
	if err != nil || !r.Base {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestReducingForgoesProfit documents why the worst shock counts and not every one: with
// little equity, closing one of two longs gains less when that coin rises, and is still
// the right thing to do.
func TestReducingForgoesProfit(t *testing.T) {
	p := leveraged(t, "0.3", "500")
	ok(t, p.SetShocks([]Shock{{Name: "BTC +20%", Coin: "BTC", Move: coinMove}, {Name: "coins -20%", Coin: AllCoins, Move: -coinMove}}))
	r, err := p.Reducing(limitOrder(50, 1, exchange.Sell, "0.3", "100000"))
	if err != nil || !r.Reduces() || r.Strictly() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestReducingLoan: buying back a borrowed coin reduces when it repays.
func TestReducingLoan(t *testing.T) {
	for _, c := range []struct {
		effect exchange.SideEffect
		want   bool
	}{{exchange.AutoRepay, true}, {exchange.NoSideEffect, false}} {
		p := leveraged(t, "0", "0")
		ok(t, p.SetBalance("USDT", exchange.WalletMargin, decimal.NewFromInt(150_000)))
		ok(t, p.SetBalance("BTC", exchange.WalletLoan, decimal.NewFromInt(1)))
		o := limitOrder(50, 6, exchange.Buy, "1", "100000")
		o.Request.SideEffect = c.effect
		r, err := p.Reducing(o)
		if err != nil || r.Reduces() != c.want {
			t.Errorf("%v: %+v, %v", c.effect, r, err)
		}
	}
}

// TestSizeThatPasses: the size passes, and one step more does not.
func TestSizeThatPasses(t *testing.T) {
	floor := decimalOf("20")
	pass := func(r *Projection) bool { return r.Shocked.UniMMR.GreaterThanOrEqual(floor) }
	for _, o := range []exchange.Order{
		limitOrder(50, 1, exchange.Buy, "5", "100000"), limitOrder(50, 1, exchange.Sell, "5", "100000"), marketOrder(2, exchange.Buy, "400"),
	} {
		p := leveraged(t, "0.1", "0")
		size, err := p.SizeThatPasses(o, pass)
		if err != nil || size <= 0 || size >= o.Request.Qty {
			t.Fatalf("%v: size %v, %v", o.Request.Side, size, err)
		}
		for k, want := range []bool{true, false} {
			o.Request.Qty = size + exchange.Fixed(k)*exchange.MustFixed("0.001")
			r, err := p.Project(o)
			if err != nil || pass(&r) != want {
				t.Errorf("%v %v: passes is %v, %v", o.Request.Side, o.Request.Qty, pass(&r), err)
			}
		}
	}
	p := leveraged(t, "0.1", "0")
	if size, err := p.SizeThatPasses(limitOrder(50, 1, exchange.Buy, "0.1", "100000"), pass); err != nil || size != exchange.MustFixed("0.1") {
		t.Errorf("an order that passes is sized %v, %v", size, err)
	}
	never := func(*Projection) bool { return false }
	if size, err := p.SizeThatPasses(limitOrder(50, 1, exchange.Buy, "0.1", "100000"), never); err != nil || size != 0 {
		t.Errorf("an order that never passes is sized %v, %v", size, err)
	}
}
