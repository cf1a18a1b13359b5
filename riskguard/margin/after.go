package margin

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// After is another portfolio: this one when a scenario has happened, without open orders. Its
// marks, index prices and collateral rates are the scenario's, fundings are booked in the
// margin wallet, and what auto-deleveraging has closed is gone with its profit booked there.
// What can be asked of a portfolio can be asked of it; its equity, maintenance margin and
// uniMMR are those of [Portfolio.Stress]. This one is not changed. Errors are those of Stress.
func (p *Portfolio) After(s Scenario) (*Portfolio, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w: scenario %q: %w", ErrInput, s.Name, err)
	}
	if _, _, err := p.under(&s); err != nil {
		return nil, err
	}
	q, err := p.copied()
	if err != nil {
		return nil, err
	}
	for i, f := range p.slots {
		for side, l := range f.legs {
			if l != nil && !l.qty.zero() {
				q.book(q.slots[i].legs[side], l, &s)
			}
		}
		if f.mark != 0 {
			if err := q.SetMark(f.in.ID, moved(f.mark, s.ratioOf(f))); err != nil {
				return nil, err
			}
		}
	}
	for _, a := range p.assets {
		if a.index != 0 {
			_, ratio := s.on(a)
			if err := q.SetIndex(a.name, moved(a.index, ratio)); err != nil {
				return nil, err
			}
		}
		points, steps := s.rateCut(a.name)
		if points == 0 && steps == 0 || len(a.schedule.Tiers) == 0 {
			continue
		}
		lower := a.schedule.stepped(steps)
		for i := range lower.Tiers {
			lower.Tiers[i].Rate = max(0, lower.Tiers[i].Rate-points)
		}
		if err := q.SetCollateral(a.name, lower); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// book writes down what a leg has realised and paid in a scenario.
func (p *Portfolio) book(to, from *leg, s *Scenario) {
	mark := moved(from.slot.mark, s.ratioOf(from.slot))
	gain := from.funding(s, mark).neg()
	if pnl, _, closed := from.under(s); closed {
		gain = pnl
		to.qty, to.entry = wide{}, wide{}
		to.position = exchange.Position{Inst: to.position.Inst, Side: to.position.Side}
		p.touchLeg(to)
	}
	if !gain.zero() {
		a := to.slot.settle
		p.setWallet(a, exchange.WalletMargin, a.wallet[exchange.WalletMargin].add(gain))
	}
}

// StressedLeg is a futures position under a [Scenario]. Money is in USD, at the index price
// of the asset that it settles in: of Gain and MaintAfter at the one after the scenario.
type StressedLeg struct {
	exchange.Position
	Mark, MarkAfter exchange.Fixed
	// Gain is what the scenario wins or costs, its fundings included.
	Gain              decimal.Decimal
	Maint, MaintAfter decimal.Decimal
	// Closed says that auto-deleveraging has closed it half-way.
	Closed bool
}

// StressLegs says what a scenario makes of each futures position that is not flat, by
// instrument and position side. Errors are those of [Portfolio.Stress].
func (p *Portfolio) StressLegs(s Scenario) ([]StressedLeg, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w: scenario %q: %w", ErrInput, s.Name, err)
	}
	if _, _, err := p.under(&s); err != nil {
		return nil, err
	}
	var list []StressedLeg
	for _, f := range p.slots {
		for _, l := range f.legs {
			if l == nil || l.qty.zero() {
				continue
			}
			_, ratio := s.on(f.settle)
			index := moved(f.settle.index, ratio)
			pnl, maint, closed := l.under(&s)
			list = append(list, StressedLeg{
				Position: l.position, Mark: f.mark, MarkAfter: moved(f.mark, s.ratioOf(f)), Closed: closed,
				Gain:  pnl.sub(f.pnl(l.qty, l.entry, f.mark)).times(index).up().decimal(usdPlaces),
				Maint: f.maintenance(l.qty.abs(), f.mark).times(f.settle.index).up().decimal(usdPlaces), MaintAfter: maint.times(index).up().decimal(usdPlaces),
			})
		}
	}
	return list, nil
}

// copied is a portfolio of its own that has been told the same, but for open orders.
func (p *Portfolio) copied() (*Portfolio, error) {
	q, err := New(p.ins, p.tables)
	if err != nil {
		return nil, err
	}
	for _, from := range p.assets {
		to, err := q.asset(from.name)
		if err != nil {
			return nil, err
		}
		to.index, to.wallet = from.index, from.wallet
		to.sum()
		q.touchAsset(to)
	}
	for i, from := range p.slots {
		to := q.slots[i]
		to.mark, to.leverage = from.mark, from.leverage
		for side, l := range from.legs {
			if l == nil {
				continue
			}
			leg, err := q.leg(to, exchange.PositionSide(side))
			if err != nil {
				return nil, err
			}
			leg.position, leg.qty, leg.entry = l.position, l.qty, l.entry
			q.touchLeg(leg)
		}
	}
	if !p.standard {
		return q, q.SetShocks(p.shocks)
	}
	return q, q.SetShockSizes(p.sizes)
}

// AfterFill is the account when one order has filled, and no other: at its price, a market
// order at the mark and the collar, with the taker's fee and what it borrows or repays. An
// open order is meant by its id. Nothing is kept. Errors are those of [Portfolio.Project].
func (p *Portfolio) AfterFill(o exchange.Order) (exchange.Account, error) {
	if o.Request.Type == exchange.OCO {
		return p.worseLeg(o)
	}
	if err := p.Missing(); err != nil {
		return exchange.Account{}, err
	}
	p.try()
	defer p.undo()
	filled, b, err := p.read(&o)
	if err != nil {
		return exchange.Account{}, err
	}
	p.drop(o.ID, false)
	p.refresh()
	if b.leg != nil {
		filled.collar(b.leg.slot.mark)
		p.fillLeg(b.leg, b.leg.fillSize(&filled), filled.price)
	} else {
		s := b.pair.slot
		filled.collar(s.pairPrice())
		base, quote := amount(filled.qty), filled.cost().neg()
		if !filled.buy {
			base, quote = base.neg(), quote.neg()
		}
		p.fillPair(s, &filled, base, quote)
	}
	if err := p.Missing(); err != nil {
		return exchange.Account{}, err
	}
	return p.Account(), nil
}

// worseLeg is the account after the leg of an OCO that leaves the lower uniMMR.
func (p *Portfolio) worseLeg(o exchange.Order) (exchange.Account, error) {
	limit, stop := o, o
	limit.Request, stop.Request = o.Request.OCOLegs()
	a, err := p.AfterFill(limit)
	if err != nil {
		return a, err
	}
	b, err := p.AfterFill(stop)
	if b.UniMMR.LessThan(a.UniMMR) {
		a = b
	}
	return a, err
}
