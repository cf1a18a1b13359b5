package margin

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Outcome is the worst case of one scenario. Money is in USD.
type Outcome struct {
	// Scenario is the shock's name, empty for the market as it is.
	Scenario string
	// Equity is adjusted equity after the worst fills; MaintMargin the most that could be
	// needed.
	Equity, MaintMargin decimal.Decimal
	// UniMMR is Equity/MaintMargin: a lower bound of uniMMR over all subsets of the open
	// orders while Equity is positive. Without maintenance margin it is UniMMRMax, or
	// -UniMMRMax if Equity is negative.
	UniMMR decimal.Decimal
	// Unbound says that there is no maintenance margin, and that Equity is not negative.
	Unbound bool
}

// Projection is what an account could come to with orders added to the open ones.
type Projection struct {
	// Base is the worst case at the prices as they are, Shocked the worst over the shocks:
	// the one with the lowest UniMMR, of equals that with the least Equity. Without shocks
	// it equals Base.
	Base, Shocked Outcome
	// InitialMargin is Binance's after the orders rest, with what they may borrow;
	// Available is Base.Equity less InitialMargin. Binance refuses orders with -2019 when
	// it would be negative.
	InitialMargin, Available decimal.Decimal
	// Coins are the exposures that the added orders can change: base coins, and quote
	// coins of margin pairs, stable ones left out.
	Coins []CoinDelta
	// Breaches are the positions that the added orders can carry beyond what their
	// leverage allows.
	Breaches []Breach
	// Exposure and Collateral are with the added orders; of the projection of an act they are
	// zero.
	Exposure   Exposure
	Collateral Collateral
}

// CoinDelta is the net exposure to a coin, in coins, over margin, UM and CM.
type CoinDelta struct {
	Coin string
	// Index is the coin's index price.
	Index exchange.Fixed
	// Held is without open orders. LowBefore and HighBefore are the least and the most
	// that open orders can make of it, Low and High the same with the added ones. Fills
	// count at the mark.
	Held, LowBefore, HighBefore, Low, High decimal.Decimal
}

// Breach is a position too large for its leverage.
type Breach struct {
	Inst     exchange.InstrumentID
	Leverage int
	// Size is the largest that open orders can make of it, Cap what the brackets allow at
	// the leverage: notional in margin asset for UM, coins for CM.
	Size, Cap decimal.Decimal
}

// Project computes the worst case with the given orders added to the open ones, without
// keeping them. One with the id of an open order takes its place, as an amend does. It
// fails with ErrMissing when a price is not there, and with ErrInput when an order makes
// no sense.
func (p *Portfolio) Project(add ...exchange.Order) (Projection, error) {
	return p.project(true, add)
}

// ProjectMoney is Project without Coins, Available, and of the outcomes the money but for
// Base.Equity, for limits on margin: whoever waits for an order's answer need not wait for
// numbers that nobody reads.
func (p *Portfolio) ProjectMoney(add ...exchange.Order) (Projection, error) {
	return p.project(false, add)
}

func (p *Portfolio) project(all bool, add []exchange.Order) (Projection, error) {
	p.try()
	defer p.undo()
	var r Projection
	swaps := false
	for i := range add {
		s, err := p.slot(add[i].Request.Inst)
		if err != nil {
			return r, err
		}
		swaps = swaps || s.pair != nil
		if all {
			r.noteCoins(s)
		}
	}
	for i := range add {
		if _, err := p.put(&add[i], false); err != nil {
			return r, err
		}
	}
	if err := p.Missing(); err != nil {
		return r, err
	}
	t := &p.totals[0]
	worst := p.worst()
	r.Base, r.Shocked = p.outcome(0, all), p.outcome(worst, all)
	if !all {
		r.Base.Equity = t.adjustedWorst().decimal(usdPlaces)
	}
	r.InitialMargin = t.initialWorst.decimal(usdPlaces)
	r.Exposure = p.exposure(&p.trial.stakes)
	if swaps {
		r.Collateral = p.collateral()
	}
	if all {
		r.Available = t.adjustedWorst().sub(t.initialWorst).decimal(usdPlaces)
	}
	for i := range r.Coins {
		r.Coins[i].after(p.byAsset[r.Coins[i].Coin])
	}
	for i := range add {
		r.noteBreach(p.slots[add[i].Request.Inst-1], add[i].Request.PositionSide)
	}
	return r, nil
}

// Scenarios are the worst cases of the open orders as they are: first the market as it
// is, then each shock.
func (p *Portfolio) Scenarios() ([]Outcome, error) {
	if err := p.Missing(); err != nil {
		return nil, err
	}
	all := make([]Outcome, len(p.totals))
	for i := range all {
		all[i] = p.outcome(i, true)
	}
	return all, nil
}

// adjustedWorst is a scenario's adjusted equity after the worst fills.
func (t *total) adjustedWorst() wide { return t.equityWorst.sub(t.swapWorst) }

// worst finds the shock with the lowest uniMMR, of equals that with the least equity. It
// is the base scenario if there are no shocks.
func (p *Portfolio) worst() int {
	found, lowest, least := 0, wide{}, wide{}
	for i := 1; i < len(p.totals); i++ {
		adjusted := p.totals[i].adjustedWorst()
		if found != 0 && above(adjusted, p.totals[i].maintWorst, lowest) {
			continue
		}
		u := uniMMR(adjusted, p.totals[i].maintWorst)
		if found == 0 || u.less(lowest) || u == lowest && adjusted.less(least) {
			found, lowest, least = i, u, adjusted
		}
	}
	return found
}

// above says, without the division, that uniMMR is above one that is known. It may be above where
// this does not say so: of what is so large that the products would not fit.
func above(adjusted, maint, known wide) bool {
	next := known.add(wideInt(1)) // at most 2^80 of 2^255, so 2^174 is left for the margin
	if maint.zero() || adjusted.w3|maint.w3|maint.w2>>46|next.w3|next.w2|next.w1>>16 != 0 {
		return false
	}
	return maint.mulWide(next).less(adjusted.up2())
}

// outcome is that of a scenario, with its money or without.
func (p *Portfolio) outcome(scenario int, money bool) Outcome {
	t := &p.totals[scenario]
	adjusted := t.adjustedWorst()
	o := Outcome{
		UniMMR:  uniMMR(adjusted, t.maintWorst).decimal(entryPlaces),
		Unbound: t.maintWorst.zero() && !adjusted.negative(),
	}
	if money {
		o.Equity, o.MaintMargin = adjusted.decimal(usdPlaces), t.maintWorst.decimal(usdPlaces)
	}
	if scenario > 0 {
		o.Scenario = p.shocks[scenario-1].Name
	}
	return o
}

// noteCoins adds the coins of an instrument that are not in the list yet, as they are
// before.
func (r *Projection) noteCoins(s *slot) {
	list := [2]*asset{s.base}
	if s.pair != nil {
		list[1] = s.settle
	}
	for _, a := range list {
		if a == nil || a.stable || r.has(a.name) {
			continue
		}
		held := a.delta()
		r.Coins = append(r.Coins, CoinDelta{
			Coin: a.name, Index: a.index, Held: held.decimal(amountPlaces),
			LowBefore:  held.add(a.lower).decimal(amountPlaces),
			HighBefore: held.add(a.raise).decimal(amountPlaces),
		})
	}
}

func (r *Projection) has(coin string) bool {
	for i := range r.Coins {
		if r.Coins[i].Coin == coin {
			return true
		}
	}
	return false
}

func (c *CoinDelta) after(a *asset) {
	held := a.delta()
	c.Low, c.High = held.add(a.lower).decimal(amountPlaces), held.add(a.raise).decimal(amountPlaces)
}

// noteBreach adds the leg if its reach is too large for its leverage.
func (r *Projection) noteBreach(s *slot, side exchange.PositionSide) {
	if s.pair != nil {
		return
	}
	b, found := s.breach(s.legs[side].reach)
	if !found {
		return
	}
	for _, known := range r.Breaches {
		if known.Inst == b.Inst && known.Size.Equal(b.Size) {
			return
		}
	}
	r.Breaches = append(r.Breaches, b)
}

// breach says whether a size is more than the brackets allow at the symbol's leverage.
func (s *slot) breach(reach wide) (Breach, bool) {
	size, most := s.value(reach, s.mark), s.brackets.CapAt(int(s.leverage))
	if most == exchange.FixedMax || !wideInt(int64(most)).up().less(size) {
		return Breach{}, false
	}
	return Breach{Inst: s.in.ID, Leverage: int(s.leverage), Size: size.decimal(entryPlaces), Cap: most.Decimal()}, true
}

// SizeThatPasses answers a refusal with what would do: the largest quantity of the
// order, on its instrument's lot grid and at most its own, whose projection passes. The
// test must not fail for a quantity and pass for a larger one, which holds for floors
// under uniMMR and Available. It is 0 when not even the smallest lot passes.
func (p *Portfolio) SizeThatPasses(o exchange.Order, pass func(*Projection) bool) (exchange.Fixed, error) {
	s, err := p.slot(o.Request.Inst)
	if err != nil {
		return 0, err
	}
	lot := s.in.LotFor(o.Request.Type)
	if o.Request.Qty <= 0 {
		return 0, fmt.Errorf("%w: order %d has no quantity to size", ErrInput, o.ID)
	}
	step := max(lot.Step, 1)
	at := func(n int64) exchange.Fixed { return lot.Min + exchange.Fixed(n)*step }
	// Quantities are at(0) .. at(last); -1 stands for none.
	low, high := int64(-1), int64(-1)
	if o.Request.Qty >= lot.Min {
		high = int64((o.Request.Qty - lot.Min) / step)
	}
	for low < high {
		middle := high - (high-low)/2
		o.Request.Qty = at(middle)
		if o.Request.Qty > o.Filled {
			r, err := p.Project(o)
			if err != nil {
				return 0, err
			}
			if !pass(&r) {
				high = middle - 1
				continue
			}
		}
		low = middle
	}
	if low < 0 || at(low) <= o.Filled {
		return 0, nil
	}
	return at(low), nil
}
