package backtest

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// settles notes a settlement when the exchange makes it, before it books payments.
func (r *recorder) settles(e *exchange.Event) {
	book, f := &r.fundings[e.Inst], e.Funding()
	if !r.live {
		book.before(f.Rate)
		return
	}
	mark := f.Mark
	if mark == 0 {
		mark = r.attribution.marks[e.Inst]
	}
	r.attribution.fundFlat(e.Inst, e.At)
	book.settlement(e.At, f, mark)
	r.attribution.awaited[e.Inst] = e.At
}

// payment is the row of a funding payment, which is worth so many dollars.
func (r *recorder) payment(e *exchange.Event, l *exchange.LedgerEntry, usd decimal.Decimal) Settlement {
	in := r.ins.At(e.Inst)
	p := Settlement{At: e.At, Product: in.Product, Symbol: in.Symbol, Asset: l.Asset, Amount: l.Delta, USD: usd}
	if e.Exchange != 0 {
		p.At = e.Exchange // when it was settled, which may be before we hear of it
	}
	if s := r.fundings[e.Inst].paid(p.At, l); s != nil {
		p.Rate, p.Previous, p.Estimate = s.rate, s.previous, s.estimate
		p.NotionalUSD = r.notional(in, s, l, usd)
	}
	return p
}

// notional is the position that a funding payment is of: in hedge mode there is one for
// each leg, and the sign of the payment tells which. The bookings of our fills come in
// order with it, so the position is the one that the settlement met.
func (r *recorder) notional(in *exchange.Instrument, s *settled, l *exchange.LedgerEntry, usd decimal.Decimal) decimal.Decimal {
	if s.mark == 0 { // settled at the last price: only the payment tells
		return usd.Neg().DivRound(s.rate.Decimal(), exchange.FixedPlaces)
	}
	sign := 1
	if l.Delta.IsNegative() != (s.rate > 0) {
		sign = -1
	}
	sum := decimal.Zero
	for i := range r.attribution.net[in.ID] {
		if q := r.attribution.net[in.ID][i].Qty; q.Sign() == sign {
			sum = sum.Add(q)
		}
	}
	worth := r.attribution.usd(l.Asset, in.Value(sum, s.mark.Decimal()))
	if sign < 0 {
		worth = worth.Neg()
	}
	return worth.Round(exchange.FixedPlaces)
}
