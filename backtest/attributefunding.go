package backtest

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Each strategy pays and receives the funding of its own position, as if it were alone: the
// notional at the settlement's mark times the rate. Strategies that are opposite pay each other,
// though Binance sees the difference only, or nothing at all. The house has what Binance has
// booked less all that: what nobody holds, and the last digits.

// fund shares a booked payment, which the account got if sign is above 0. Of a settlement that is
// not known, or had no mark, only the payment can be shared, by positions.
func (a *attribution) fund(e *exchange.Event, sign int, usd decimal.Decimal) {
	var s *settled
	if a.settlement != nil {
		s = a.settlement(e.Inst, cmp.Or(e.Exchange, e.At))
	}
	if s == nil || s.mark == 0 || s.rate == 0 {
		a.fundByPositions(e.Inst, usd)
		return
	}
	rest := usd
	for side := range a.net[e.Inst] {
		// In hedge mode each leg is paid for by itself; the sign tells of which this is.
		if held := a.net[e.Inst][side].Qty.Sign(); held != 0 && (held > 0) == ((sign < 0) == (s.rate > 0)) && !s.shared[side] {
			s.shared[side] = true
			rest = rest.Sub(a.fundOwn(e.Inst, side, s))
		}
	}
	a.cells[0][e.Inst].book(exchange.ReasonFunding, rest)
}

// fundFlat shares, of the last settlement that was before an instant, what no booking has come of:
// strategies hold positions of a side that cancel. It is asked before a position changes, for
// what was filled at the settlement's own instant is told after it, and counts.
func (a *attribution) fundFlat(inst exchange.InstrumentID, before exchange.Time) {
	at := a.awaited[inst]
	if at == 0 || at >= before {
		return
	}
	a.awaited[inst] = 0
	s := a.settlement(inst, at)
	if s == nil || s.mark == 0 {
		return
	}
	for side := range a.net[inst] {
		if !a.net[inst][side].Qty.IsZero() || s.shared[side] {
			continue
		}
		s.shared[side] = true
		if all := a.fundOwn(inst, side, s); !all.IsZero() {
			a.cells[0][inst].book(exchange.ReasonFunding, all.Neg())
		}
	}
}

// fundOwn gives every strategy the funding of its own position of a side, and returns the sum in
// USD.
func (a *attribution) fundOwn(inst exchange.InstrumentID, side int, s *settled) (sum decimal.Decimal) {
	in := a.ins.At(inst)
	for who := 1; who < len(a.cells); who++ {
		c := &a.cells[who][inst]
		held := c.position[side].Qty
		if held.IsZero() {
			continue
		}
		own := in.Value(held.Mul(s.rate.Decimal()), s.mark.Decimal()).Round(exchange.FixedPlaces)
		if held.IsPositive() == (s.rate > 0) {
			own = own.Neg()
		}
		part := a.usd(in.MarginAsset, own).Round(exchange.FixedPlaces)
		a.native.move(exchange.StrategyID(who), in.MarginAsset, exchange.ReasonFunding, own)
		c.book(exchange.ReasonFunding, part)
		a.trades.fundSide(who, inst, side, part)
		sum = sum.Add(part)
	}
	return sum
}

// fundByPositions divides a payment among the strategies that hold the position, in proportion to
// their signed positions and rounded down.
func (a *attribution) fundByPositions(inst exchange.InstrumentID, usd decimal.Decimal) {
	total := decimal.Zero
	for s := range a.cells {
		total = total.Add(a.cells[s][inst].position.qty())
	}
	rest := usd
	for s := 1; s < len(a.cells) && !total.IsZero(); s++ {
		c := &a.cells[s][inst]
		if c.position.flat() {
			continue
		}
		part := usd.Mul(c.position.qty()).DivRound(total, divPlaces).Truncate(exchange.FixedPlaces)
		c.book(exchange.ReasonFunding, part)
		a.trades.funding(s, &c.position, part)
		rest = rest.Sub(part)
	}
	a.cells[0][inst].book(exchange.ReasonFunding, rest)
}
