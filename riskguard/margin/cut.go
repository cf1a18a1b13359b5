package margin

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Cut is one step of a plan that frees margin: a futures position, or a part of it, is
// closed at its mark. Money is in USD.
type Cut struct {
	Inst exchange.InstrumentID
	// Leg is the position side, Side that of the order that closes, Qty its quantity: base
	// coin for UM, contracts for CM, on the lot grid unless the whole position is smaller.
	Leg  exchange.PositionSide
	Side exchange.Side
	Qty  decimal.Decimal
	// Freed is the maintenance margin that the step frees, Cost the fee and the half spread
	// that it takes.
	Freed, Cost decimal.Decimal
	// UniMMR is what the account has after this step and all before it.
	UniMMR decimal.Decimal
	// Opens says that the step leaves more net exposure to the coin than there was: it takes
	// a leg off a hedge.
	Opens bool
}

// Cuts says which positions to cut first so that uniMMR comes to a target: each step takes
// what frees the most maintenance margin for its cost, taker fee and half of a spread, a
// ratio of the price; what would open a hedge comes after what does not. The last step is as
// small as the lots allow. Where even closing everything is not enough the plan closes
// everything, and its last UniMMR tells. Open orders are left as they are; nothing changes.
// It is empty where the target is met or nothing is held; a missing price is ErrMissing.
func (p *Portfolio) Cuts(target decimal.Decimal, spread exchange.Fixed) ([]Cut, error) {
	if err := p.Missing(); err != nil {
		return nil, err
	}
	p.try()
	defer p.undo()
	var plan []Cut
	for p.now().LessThan(target) {
		l, opens := p.nextCut(spread)
		if l == nil {
			break
		}
		plan = append(plan, p.cut(l, opens, target, spread))
	}
	return plan, nil
}

// Closing says in which order to close every futures position, each as a whole: that of
// [Portfolio.Cuts] without a target. Behind what opens a hedge comes the other leg of it at
// once, since that then opens nothing, so that the legs of a pair go one after the other. A
// missing price is ErrMissing.
func (p *Portfolio) Closing(spread exchange.Fixed) ([]Cut, error) {
	return p.Cuts(uniMMRMax().decimal(entryPlaces), spread)
}

// now is uniMMR as it is.
func (p *Portfolio) now() decimal.Decimal {
	t := &p.totals[0]
	if t.maint.zero() {
		return uniMMRMax().decimal(entryPlaces)
	}
	return uniMMR(t.equity.sub(t.openLoss), t.maint).decimal(entryPlaces)
}

// nextCut is the position that frees the most margin for its cost, and whether closing it
// opens a hedge; nil if there is none left.
func (p *Portfolio) nextCut(spread exchange.Fixed) (best *leg, opens bool) {
	var freed, cost decimal.Decimal
	for _, s := range p.slots {
		for _, l := range s.legs {
			if l == nil || l.left().zero() {
				continue
			}
			f, c := l.closing(l.left(), spread)
			open := l.opens(l.left())
			better := best == nil || opens && !open ||
				open == opens && f.Mul(cost).GreaterThan(freed.Mul(c)) // f/c > freed/cost
			if better {
				best, opens, freed, cost = l, open, f, c
			}
		}
	}
	return best, opens
}

// left is what a trial has left of the position.
func (l *leg) left() wide { return l.qty.add(l.lot.qty) }

// closing is the maintenance margin in USD that closing a part of what is left frees, and
// what it costs.
func (l *leg) closing(part wide, spread exchange.Fixed) (freed, cost decimal.Decimal) {
	s := l.slot
	index := s.settle.index
	less := s.maintenance(l.left().abs(), s.mark).sub(s.maintenance(l.left().sub(part).abs(), s.mark))
	paid := s.value(part.abs(), s.mark).times(s.fee + spread/2)
	return less.times(index).up().decimal(usdPlaces), paid.times(index).up().decimal(usdPlaces)
}

// opens says whether closing a part leaves more exposure to the coin than there is.
func (l *leg) opens(part wide) bool {
	base := l.slot.base
	if base.stable {
		return false
	}
	held := base.delta()
	return held.abs().less(held.sub(l.slot.exposure(part)).abs())
}

// cut tries a step and tells what came of it.
func (p *Portfolio) cut(l *leg, opens bool, target decimal.Decimal, spread exchange.Fixed) Cut {
	part := p.enough(l, target)
	c := Cut{Inst: l.slot.in.ID, Leg: l.position.Side, Side: exchange.Sell, Qty: part.abs().decimal(qtyPlaces), Opens: opens}
	if part.negative() {
		c.Side = exchange.Buy
	}
	c.Freed, c.Cost = l.closing(part, spread)
	p.close(l, part)
	c.UniMMR = p.now()
	return c
}

// enough is the least part of a position, by lots, whose end meets the target: all of it
// if no part does. More closed is never less uniMMR but for its fees, so halves find it.
func (p *Portfolio) enough(l *leg, target decimal.Decimal) wide {
	left, step := l.left(), int64(max(1, l.slot.in.LotFor(exchange.Market).Step))
	whole, small := left.abs().small()
	if !small || whole < step {
		return left
	}
	part := func(lots int64) wide {
		if size := wideInt(lots * step); !left.negative() {
			return size
		} else {
			return size.neg()
		}
	}
	low, high := int64(1), whole/step
	if high*step < whole {
		high++ // the last one is what is left beyond the grid
	}
	last := high
	for low < high {
		middle := low + (high-low)/2
		if p.after(l, part(middle)).LessThan(target) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == last {
		return left
	}
	return part(low)
}

// after is uniMMR with a part of a position closed.
func (p *Portfolio) after(l *leg, part wide) decimal.Decimal {
	was := l.lot
	p.close(l, part)
	u := p.now()
	l.lot = was
	p.touchLeg(l)
	p.refresh()
	return u
}

// close tries the end of a part of a position at its mark, fee paid.
func (p *Portfolio) close(l *leg, part wide) {
	p.fillLeg(l, l.lot.qty.sub(part), l.slot.mark)
	p.refresh()
}
