package riskguard

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// copied is a reading of the second key: the account as it is here, but for what the words say.
//
//	copy UM 0.2, CM -3 LONG, USDT UM 9999, order UM web_1, order UM pmb-9 ours, without c1, resized c1 0.3, foreign DOGE
func (b *bench) copied(f []string) *exchange.Truth {
	t := &exchange.Truth{At: b.now, Balances: b.g.Balances()}
	for _, p := range b.g.Positions() {
		t.Positions = append(t.Positions, exchange.Position{Inst: p.Inst, Side: p.Side, Qty: p.Qty})
	}
	for i := range b.g.open {
		if b.g.open[i].VenueID != 0 {
			t.Orders = append(t.Orders, exchange.TruthOrder{Order: b.g.open[i], Ours: true})
		}
	}
	for one := range strings.SplitSeq(strings.Join(f, " "), ",") {
		if f := strings.Fields(one); len(f) > 1 {
			b.copiedBut(t, f)
		}
	}
	return t
}

func (b *bench) copiedBut(t *exchange.Truth, f []string) {
	find := func(name string) int {
		return slices.IndexFunc(t.Orders, func(o exchange.TruthOrder) bool { return o.ClientID == name })
	}
	switch f[0] {
	case "order":
		o := exchange.Order{ClientID: f[2], Status: exchange.StatusWorking, VenueID: 7}
		o.Request = exchange.OrderRequest{Inst: b.inst(f[1]), Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.FixedOne, Price: exchange.MustFixed("40000")}
		t.Orders = append(t.Orders, exchange.TruthOrder{Order: o, Ours: len(f) > 3})
	case "oco":
		o := exchange.Order{ClientID: f[2], Status: exchange.StatusWorking, VenueID: 8, Request: exchange.OrderRequest{Inst: b.inst(f[1]), Side: exchange.Sell, Type: exchange.OCO}}
		t.Orders = append(t.Orders, exchange.TruthOrder{Order: o, Ours: true})
	case "without":
		t.Orders = slices.Delete(t.Orders, find(f[1]), find(f[1])+1)
	case "resized":
		t.Orders[find(f[1])].Request.Qty = exchange.MustFixed(f[2])
	case "foreign":
		t.Foreign = append(t.Foreign, strings.Join(f[1:], " "))
	case "UM", "CM":
		p := exchange.Position{Inst: b.inst(f[0]), Qty: decimal.RequireFromString(f[1])}
		if len(f) > 2 {
			p.Side, _ = exchange.ParsePositionSide(f[2])
		}
		t.Positions = append(slices.DeleteFunc(t.Positions, func(o exchange.Position) bool { return o.Inst == p.Inst && o.Side == p.Side }), p)
	default:
		w, _ := exchange.ParseWallet(f[1])
		one := exchange.TruthBalance{Asset: f[0], Wallet: w, Amount: decimal.RequireFromString(f[2])}
		t.Balances = append(slices.DeleteFunc(t.Balances, func(o exchange.TruthBalance) bool { return o.Asset == one.Asset && o.Wallet == w }), one)
	}
}

// works is "works c1 UM LIMIT WORKING", an order of ours as it is now, its last news of this moment.
func (b *bench) works(f []string) string {
	o := exchange.Order{ID: exchange.OrderID(f[1][1] - '0'), Strategy: 1, ClientID: f[1], VenueID: 5, Created: b.now, Updated: b.now}
	o.Request = exchange.OrderRequest{Inst: b.inst(f[2]), Side: exchange.Buy, Qty: exchange.MustFixed("0.01"), Price: exchange.MustFixed("40000")}
	if err := o.Request.Type.UnmarshalText([]byte(f[3])); err != nil {
		return err.Error()
	}
	if o.Request.Type != exchange.Limit {
		o.Request.Trigger, o.Request.StopPrice = exchange.MustFixed("60000"), exchange.MustFixed("60000")
	}
	for o.Status = 1; o.Status.String() != f[4]; {
		o.Status++
	}
	b.g.Hold(o)
	return ""
}
