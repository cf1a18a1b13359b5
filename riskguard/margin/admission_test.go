package margin

import (
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The published example of the cost of opening a position (T7 of the formulas): 1 BTC at
// 9,253.30 and leverage 20 with the mark at 9,259.84 and the last price at 9,258.99.
func TestAdmitPublished(t *testing.T) {
	f := exchange.MustFixed
	p := smallAccount(t)
	ok(t, p.SetPosition(exchange.Position{Inst: 2}))
	ok(t, p.SetMark(2, f("9259.84")))
	ok(t, p.SetLeverage(2, 20))
	for _, c := range []struct {
		side              exchange.Side
		kind              exchange.OrderType
		initial, openLoss string
	}{
		{exchange.Buy, exchange.Limit, "462.665", "0"},          // 9,253.30 / 20
		{exchange.Sell, exchange.Limit, "463.64392425", "6.54"}, // 9,258.99 · 1.0015 = 9,272.878485; 9,259.84 - 9,253.30
		{exchange.Buy, exchange.Market, "463.21149", "4.3898"},  // 9,259.60 · 1.0005 = 9,264.2298
		{exchange.Sell, exchange.Market, "463.64392425", "0.24"},
	} {
		o := limitOrder(1, 2, c.side, "1", "9253.30")
		if o.Request.Type = c.kind; c.kind == exchange.Market {
			o.Request.Price = 0
		}
		got, err := p.Admit(o, f("9258.99"), f("9259.60"))
		if err != nil || got.InitialMargin.String() != c.initial || got.OpenLoss.String() != c.openLoss {
			t.Errorf("%v %v: initial margin %v and open loss %v, want %s and %s; %v", c.side, c.kind, got.InitialMargin, got.OpenLoss, c.initial, c.openLoss, err)
		}
	}
}

// What an order costs beside a position and other orders: only what it makes larger.
func TestAdmitNetting(t *testing.T) {
	f := exchange.MustFixed
	for _, c := range []struct {
		what, position string
		resting        []exchange.Order
		order          exchange.Order
		cost           string
	}{
		{"flat", "0", nil, limitOrder(1, 2, exchange.Buy, "1", "1000"), "50"},
		{"reduces", "3", nil, limitOrder(1, 2, exchange.Sell, "2", "1000"), "0"},
		{"turns as large", "-1", nil, limitOrder(1, 2, exchange.Buy, "2", "1000"), "0"},
		{"turns larger", "-1", nil, limitOrder(1, 2, exchange.Buy, "2.5", "1000"), "25"},
		{"other side", "0", []exchange.Order{limitOrder(7, 2, exchange.Sell, "4", "1000")}, limitOrder(1, 2, exchange.Buy, "3", "1000"), "0"},
		{"same side", "0", []exchange.Order{limitOrder(7, 2, exchange.Buy, "4", "1000")}, limitOrder(1, 2, exchange.Buy, "3", "1000"), "150"},
		{"amended", "0", []exchange.Order{limitOrder(1, 2, exchange.Buy, "4", "1000")}, limitOrder(1, 2, exchange.Buy, "3", "1000"), "150"},
		{"below the mark", "0", nil, limitOrder(1, 2, exchange.Buy, "1", "900"), "45"},
		{"above the mark", "0", nil, limitOrder(1, 2, exchange.Buy, "1", "1100"), "155"}, // 55 and a loss of 100
		{"margin buy", "0", nil, limitOrder(1, 1, exchange.Buy, "1", "1000"), "50"},      // BTC counts at 0.95
		{"margin sell", "0", nil, limitOrder(1, 1, exchange.Sell, "1", "1000"), "0"},
	} {
		p := smallAccount(t)
		ok(t, p.SetMark(2, f("1000")))
		ok(t, p.SetBalance("USDT", exchange.WalletMargin, decimal.NewFromInt(100_000)))
		ok(t, p.SetPosition(exchange.Position{Inst: 2, Qty: decimalOf(c.position), Entry: decimalOf("1000")}))
		for _, o := range c.resting {
			ok(t, p.SetOrder(o))
		}
		got, err := p.Admit(c.order, f("998"), 0)
		if cost := got.Cost(); err != nil || cost.String() != c.cost {
			t.Errorf("%s: cost %v, want %s; %v", c.what, cost, c.cost, err)
		}
	}
}

// admission is the check once more, in plain decimals, by the formulas of the FAQ.
func (w *world) admission(o exchange.Order, last, best exchange.Fixed) (available, initial, openLoss decimal.Decimal, breach bool) {
	names := w.assetNames()
	without := *w
	without.orders = nil
	for _, other := range w.orders {
		if other.ID != o.ID {
			without.orders = append(without.orders, other)
		}
	}
	with := without
	with.orders = append(append([]exchange.Order{}, without.orders...), o)
	in, r := w.ins.At(o.Request.Inst), o.Request
	a := without.account(names)
	available = a.Equity.Sub(a.OpenLoss).Sub(without.initial(names, true))
	if in.Product == exchange.Margin {
		given, got := in.Quote, in.Base
		if r.Side == exchange.Sell {
			given, got = in.Base, in.Quote
		}
		gap := w.firstRate(given, nil).Sub(w.firstRate(got, nil))
		loss := left(o).Mul(w.fillPrice(o)).Mul(dec(w.index[in.Quote])).Mul(gap)
		return available, with.initial(names, true).Sub(without.initial(names, true)), decimal.Max(zero, loss), false
	}
	reach := func(w *world) decimal.Decimal {
		_, low, high := w.span(r.Inst, r.PositionSide, false)
		return decimal.Max(low.Abs(), high.Abs())
	}
	added := reach(&with).Sub(reach(&without))
	if !added.IsPositive() {
		return available, zero, zero, false
	}
	mark, price := dec(w.marks[r.Inst]), dec(r.Price)
	if r.Type.Market() {
		if price = dec(best); best == 0 {
			price = mark
		}
		if r.Side == exchange.Buy {
			price = price.Mul(decimalOf("1.0005")).Round(8)
		}
	}
	assumed := price
	switch {
	case in.Product == exchange.CM:
		assumed = decimal.Min(price, mark)
	case r.Side == exchange.Sell:
		assumed = decimal.Max(price, mark, dec(last).Mul(decimalOf("1.0015")).Round(8))
	}
	leverage, index := decimal.NewFromInt(int64(w.leverage[r.Inst])), dec(w.index[in.MarginAsset])
	if in.Product == exchange.CM {
		initial = added.Mul(dec(in.ContractSize)).DivRound(assumed.Mul(leverage), 16)
	} else {
		initial = added.Mul(assumed).DivRound(leverage, 16)
	}
	openLoss = decimal.Min(zero, profit(in, signed(o, added), price, mark)).Neg()
	most := zero
	for _, t := range w.bracketsOf(in).Tiers {
		if t.Leverage >= w.leverage[r.Inst] {
			most = dec(t.Cap)
		}
	}
	return available, initial.Mul(index), openLoss.Mul(index), value(in, reach(&with), mark).GreaterThan(most)
}

// TestAdmitEqualsOracle compares random orders on random accounts with the oracle, to the
// last digit, and finds the account as it was.
func TestAdmitEqualsOracle(t *testing.T) {
	costly, breaches := 0, 0
	for i := range worlds(t, 1000) {
		r := rand.New(rand.NewPCG(31, uint64(i)))
		w := draw(t, r)
		p := w.portfolio(t)
		before := p.Account()
		for range 4 {
			o := w.drawOrder(r, exchange.OrderID(1+r.IntN(12)))
			o.Request.Type, o.Request.StopPrice = []exchange.OrderType{exchange.Limit, exchange.Market}[r.IntN(2)], 0
			if o.Request.ClosePosition || o.Request.Price == 0 {
				o.Request.Type, o.Request.Price = exchange.Market, 0
			}
			mark := int64(w.marks[o.Request.Inst])
			last, best := exchange.Fixed(mark-mark/500+r.Int64N(mark/250+1)), exchange.Fixed(r.Int64N(2)*(mark-r.Int64N(mark/500+1)))
			got, err := p.Admit(o, last, best)
			ok(t, err)
			available, initial, openLoss, breach := w.admission(o, last, best)
			if !got.Available.Equal(available) || !got.InitialMargin.Equal(initial) || !got.OpenLoss.Equal(openLoss) || len(got.Breaches) > 0 != breach {
				t.Fatalf("seed 31, %d: %+v\nis %v, %v and %v, breach %v,\nthe oracle says %v, %v and %v, %v", i, o.Request,
					got.Available, got.InitialMargin, got.OpenLoss, got.Breaches, available, initial, openLoss, breach)
			}
			if got.Cost().IsPositive() {
				costly++
			}
			if breach {
				breaches++
			}
		}
		if after := p.Account(); !after.InitialMargin.Equal(before.InitialMargin) || !after.UniMMR.Equal(before.UniMMR) {
			t.Fatalf("seed 31, %d: weighing an order has changed the account", i)
		}
	}
	if costly < 1000 || breaches < 5 {
		t.Errorf("only %d orders cost something and %d were too large: the test tests little", costly, breaches)
	}
}
