package margin

import (
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestPartsSumToAccount: what positions and loans need, one by one, sums to what the
// account needs, in random accounts whose prices, positions and orders change.
func TestPartsSumToAccount(t *testing.T) {
	for i := range worlds(t, 400) {
		r := rand.New(rand.NewPCG(23, uint64(i)))
		w := draw(t, r)
		p := w.portfolio(t)
		for range 8 {
			w.sameParts(t, p)
			w.change(t, r, p)
		}
		if t.Failed() {
			t.Fatalf("world %d", i)
		}
	}
}

func (w *world) sameParts(t *testing.T, p *Portfolio) {
	t.Helper()
	var maint, initial decimal.Decimal
	for _, asset := range w.assetNames() {
		m, i := p.LoanMargin(asset)
		maint, initial = maint.Add(m.Mul(w.index[asset].Decimal())), initial.Add(i.Mul(w.index[asset].Decimal()))
	}
	for _, in := range w.ins.All() {
		for side := exchange.Both; side <= exchange.Short; side++ {
			l := p.LegMargin(in.ID, side)
			index := w.index[settle(&in)].Decimal()
			maint, initial = maint.Add(l.Maint.Mul(index)), initial.Add(l.Initial.Mul(index))
		}
	}
	if a := p.Account(); !a.MaintMargin.Equal(maint) || !a.InitialMargin.Equal(initial) {
		t.Errorf("parts sum to maintenance %v and initial %v, the account has %v and %v", maint, initial, a.MaintMargin, a.InitialMargin)
	}
}

// TestLegMargin is a short of 9 BTC at 100,000 with 10x leverage, counted by hand at a mark
// of 99,000: notional 891,000, profit 9,000, initial margin 89,100 and 9,900 for an order to
// sell one more.
func TestLegMargin(t *testing.T) {
	p := smallAccount(t)
	ok(t, p.SetMark(2, exchange.MustFixed("99000")))
	ok(t, p.SetLeverage(2, 10))
	ok(t, p.SetOrder(exchange.Order{ID: 77, Request: exchange.OrderRequest{
		Inst: 2, Side: exchange.Sell, Type: exchange.Limit, Qty: exchange.FixedOne, Price: exchange.MustFixed("101000"),
	}}))
	l := p.LegMargin(2, exchange.Both)
	for _, n := range []struct {
		name string
		got  decimal.Decimal
		want string
	}{
		{"notional", l.Notional, "891000"}, {"PnL", l.PnL, "9000"},
		{"initial margin", l.Initial, "99000"}, {"of the position", l.PositionInitial, "89100"},
	} {
		if !n.got.Equal(decimalOf(n.want)) {
			t.Errorf("%s %v, want %s", n.name, n.got, n.want)
		}
	}
	if got := p.LegMargin(2, exchange.Long); got != (LegMargin{}) {
		t.Errorf("a leg that is not there has %v", got)
	}
}
