package margin

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Admission is what the exchange's margin check weighs before it takes an order. Money is
// in USD.
type Admission struct {
	// Available is adjusted equity less initial margin, of the account without the order.
	// Resting margin orders have taken their open loss from it and the initial margin of
	// what they may borrow.
	Available decimal.Decimal
	// InitialMargin is what the order adds to the account's, and OpenLoss what it would
	// lose at once against the mark, or by exchanging collateral for such of a lower rate.
	InitialMargin, OpenLoss decimal.Decimal
	// Breaches are the position that the order could carry beyond what its leverage
	// allows, if there is one. Binance answers -2027.
	Breaches []Breach
}

// Cost is what Available must cover, else Binance answers -2019. It is 0 for an order that
// makes no position larger, borrows nothing and swaps for no worse collateral.
func (a *Admission) Cost() decimal.Decimal { return a.InitialMargin.Add(a.OpenLoss) }

// lastMarkup is how far above the last price an order to sell is assumed to fill, and
// askMarkup how far above the best ask a market order to buy.
const (
	lastMarkup = exchange.FixedOne + exchange.FixedOne*15/10_000
	askMarkup  = exchange.FixedOne + exchange.FixedOne*5/10_000
)

// Admit weighs one order as plain Portfolio Margin does when it arrives; one with the id
// of an open order is weighed in its place. last is the last price of a futures instrument
// and best the one that a taker of the order's side would meet, 0 where not known.
//
// Futures cost initial margin and open loss of the quantity by which the order makes
// max(|position+bids|, |position-asks|) larger (Binance FAQ on the cost of opening a
// position): the initial margin at the order's price for a long and at the highest of
// last·1.0015, mark and order price for a short, and the open loss as the distance from
// the order's price to a worse mark. The FAQ does not speak of market orders and of CM.
// Assumed: a market order's price is the best one, for a long with 0.05% on it; and CM's
// initial margin is taken at the lower of order price and mark, where the coins are most.
//
// Margin orders cost the initial margin of what they may borrow, debt/(leverage-1), and
// their open loss; a market order is taken to have one like a limit order.
//
// Errors are those of [Portfolio.Project].
func (p *Portfolio) Admit(in exchange.Order, last, best exchange.Fixed) (Admission, error) {
	p.try()
	defer p.undo()
	var r Admission
	o, b, err := p.read(&in)
	if err != nil {
		return r, err
	}
	p.drop(in.ID, false)
	p.refresh()
	before := p.totals[0]
	r.Available = before.equity.sub(before.openLoss).sub(before.initialWorst).decimal(usdPlaces)
	var reached wide
	if b.leg != nil {
		reached = b.leg.reachNow
	}
	if _, err := p.put(&in, false); err != nil {
		return r, err
	}
	if err := p.Missing(); err != nil {
		return r, err
	}
	if b.pair != nil {
		s := b.pair.slot
		o.collar(s.pairPrice())
		r.InitialMargin = p.totals[0].initialWorst.sub(before.initialWorst).decimal(usdPlaces)
		r.OpenLoss = s.rateLoss(&o, 0).decimal(usdPlaces)
		return r, nil
	}
	added := b.leg.reachNow.sub(reached)
	if !added.positive() {
		return r, nil
	}
	s := b.leg.slot
	price, assumed := s.orderPrices(&o, last, best)
	r.InitialMargin = s.initialAt(added, assumed).times(s.settle.index).up().decimal(usdPlaces)
	r.OpenLoss = s.openLoss(o.buy, added, price).times(s.settle.index).up().decimal(usdPlaces)
	if breach, found := s.breach(b.leg.reachNow); found {
		r.Breaches = []Breach{breach}
	}
	return r, nil
}

// orderPrices are the price that a futures order is taken to have and the one at which its
// initial margin counts.
func (s *slot) orderPrices(o *order, last, best exchange.Fixed) (price, assumed exchange.Fixed) {
	price = o.price
	if o.market {
		if price = best; price == 0 {
			price = s.mark
		}
		if o.buy {
			price = scaled(price, askMarkup)
		}
	}
	switch {
	case s.in.Inverse():
		return price, min(price, s.mark)
	case o.buy:
		return price, price
	default:
		return price, max(scaled(last, lastMarkup), s.mark, price)
	}
}

// openLoss is what a quantity bought or sold at a price has lost at the mark (amount
// scale), 0 if it has gained.
func (s *slot) openLoss(buy bool, qty wide, price exchange.Fixed) wide {
	if !buy {
		qty = qty.neg()
	}
	return s.pnl(qty, wideInt(int64(price)).up(), s.mark).min(wide{}).neg()
}

// rateLoss is what a margin order loses by giving collateral that counts more than what it
// gets (usd scale): qty·price·(rate given - rate got), by the rates of the first tiers.
func (s *slot) rateLoss(o *order, scenario int) wide {
	given, got := s.settle, s.base
	if !o.buy {
		given, got = s.base, s.settle
	}
	gap := given.firstRate(given.haircut[scenario]) - got.firstRate(got.haircut[scenario])
	if gap <= 0 {
		return wide{}
	}
	return wideInt(int64(o.qty)).times(o.price).up().times(s.settle.at[scenario].index).times(gap)
}
