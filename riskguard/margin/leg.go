package margin

import "github.com/pmbot/pmbot/exchange"

// leg is a futures position of one instrument and position side with its open orders.
type leg struct {
	slot     *slot
	position exchange.Position
	// qty (qty scale) and entry (quotient scale) are the position as integers.
	qty, entry wide
	// lot is a fill that is only tried: see [Portfolio.Reducing].
	lot  lot
	book book

	stale, kept, lacks bool
	// repriced says that mark or position have changed and not only orders.
	repriced bool
	// reach is the largest size that open orders can make, and reachNow without the
	// conditional ones (qty scale).
	reach, reachNow wide
	// initial margin, exposure to the base coin, and what orders can add to the exposure
	// or take from it (amount scale).
	initial, delta, raise, lower wide
	// gross is the reach at the mark (amount scale).
	gross wide
	at    []legAt
}

// lot is a signed quantity at a price, with its fee (amount scale).
type lot struct {
	qty   wide
	price exchange.Fixed
	fee   wide
}

// legAt is a leg under one scenario, in its settlement asset (amount scale).
type legAt struct {
	mark exchange.Fixed
	// pnl is unrealised; loss is what filling orders would add to it, never positive.
	pnl, loss wide
	// maint is the maintenance margin of the position, maintWorst that of its reach.
	maint, maintWorst wide
}

func (l *leg) reset(scenarios int) {
	l.at = make([]legAt, scenarios)
	l.lacks = false
	l.initial, l.delta, l.raise, l.lower, l.gross = wide{}, wide{}, wide{}, wide{}, wide{}
}

// updateLeg computes the leg again and moves the sums of its assets along.
func (p *Portfolio) updateLeg(l *leg) {
	p.keepLeg(l)
	s := l.slot
	p.keepScenarios(s.settle)
	p.keepAsset(s.base)
	l.price()
	before := *l
	low, high := l.span(true)
	q := l.qty.add(l.lot.qty)
	l.reach, l.repriced = high.max(low.neg()), false
	lowNow, highNow := l.span(false)
	l.reachNow = highNow.max(lowNow.neg())
	l.initial = s.initial(l.reachNow)
	l.delta = s.exposure(q)
	l.raise, l.lower = s.exposure(high.sub(q)), s.exposure(low.sub(q))
	l.gross = s.value(l.reach, s.mark).up()
	s.settle.initial = s.settle.initial.replace(before.initial, l.initial)
	s.settle.gross = s.settle.gross.replace(before.gross, l.gross)
	s.base.exposure = s.base.exposure.replace(before.delta, l.delta)
	s.base.raise = s.base.raise.replace(before.raise, l.raise)
	s.base.lower = s.base.lower.replace(before.lower, l.lower)
	for i := range l.at {
		old := l.at[i]
		if twin := s.base.twin[i]; twin < i { // most shocks move other coins
			l.at[i] = l.at[twin]
		} else {
			if before.repriced {
				l.at[i] = l.held(scaled(s.mark, s.base.markRatio[i]), q)
			}
			l.fills(&l.at[i])
		}
		a, now := &s.settle.at[i], &l.at[i]
		a.pnl = a.pnl.replace(old.pnl, now.pnl)
		a.loss = a.loss.replace(old.loss, now.loss)
		a.legMaint = a.legMaint.replace(old.maint, now.maint)
		a.legMaintWorst = a.legMaintWorst.replace(old.maintWorst, now.maintWorst)
	}
	l.lacks = s.mark == 0 && (!q.zero() || len(l.book.orders) > 0)
	p.lack(before.lacks, l.lacks)
	p.touchAsset(s.settle)
	if s.base != s.settle {
		p.updateStakes(s.base)
	}
}

// held values the position at a mark.
func (l *leg) held(mark exchange.Fixed, q wide) legAt {
	s := l.slot
	at := legAt{mark: mark}
	if mark == 0 || q.zero() && l.lot.qty.zero() {
		return at
	}
	at.pnl = s.pnl(l.qty, l.entry, mark)
	if !l.lot.qty.zero() {
		at.pnl = at.pnl.add(s.pnl(l.lot.qty, wideInt(int64(l.lot.price)).up(), mark)).sub(l.lot.fee)
	}
	at.maint = s.maintenance(q.abs(), mark)
	return at
}

// fills values what open orders can make of it.
func (l *leg) fills(at *legAt) {
	at.loss, at.maintWorst = wide{}, at.maint
	if at.mark == 0 || len(l.book.orders) == 0 {
		return
	}
	for i := range l.book.orders {
		at.loss = at.loss.add(l.fillLoss(&l.book.orders[i], at.mark))
	}
	at.maintWorst = at.maint.max(l.slot.maintenance(l.reach, at.mark))
}

// fillLoss is what the fill of an order would change equity by at a mark if that is a
// loss, else 0.
func (l *leg) fillLoss(o *order, mark exchange.Fixed) wide {
	qty := l.size(o)
	loss := l.slot.fill(o.buy, qty, o.price, mark)
	if o.oco {
		loss = loss.min(l.slot.fill(o.buy, qty, o.stop, mark))
	}
	return loss.min(wide{})
}

// fill is the profit of a fill at a price against the mark, fee taken off.
func (s *slot) fill(buy bool, qty wide, price, mark exchange.Fixed) wide {
	fee := s.value(qty, price).times(s.fee)
	if !buy {
		qty = qty.neg()
	}
	return s.pnl(qty, wideInt(int64(price)).up(), mark).sub(fee)
}

// size is the quantity that an order can fill (qty scale). One that closes whatever is
// there can close what the other side's orders add first.
func (l *leg) size(o *order) wide {
	if !o.all {
		return wideInt(int64(o.qty))
	}
	q := l.qty.add(l.lot.qty)
	if o.buy {
		q = q.neg()
	}
	for i := range l.book.orders {
		if other := &l.book.orders[i]; !other.all && other.buy != o.buy {
			q = q.add(wideInt(int64(other.qty)))
		}
	}
	return q.max(wide{})
}

// price gives orders without a limit the mark and the collar as their price.
func (l *leg) price() {
	for i := range l.book.orders {
		l.book.orders[i].collar(l.slot.mark)
	}
}

// span is the lowest and highest position that fills of open orders can lead to (qty
// scale); conditional orders count on request. An order that only reduces cannot carry
// the position through zero.
func (l *leg) span(conditional bool) (low, high wide) {
	var bids, asks, bidsReduce, asksReduce wide
	for i := range l.book.orders {
		o := &l.book.orders[i]
		if o.conditional && !conditional {
			continue
		}
		sum := &asks
		switch {
		case o.buy && o.reduce:
			sum = &bidsReduce
		case o.buy:
			sum = &bids
		case o.reduce:
			sum = &asksReduce
		}
		*sum = sum.add(l.size(o))
	}
	q := l.qty.add(l.lot.qty)
	low, high = q, q
	if q.positive() {
		low = q.sub(asksReduce).max(wide{})
	}
	if q.negative() {
		high = q.add(bidsReduce).min(wide{})
	}
	return low.sub(asks), high.add(bids)
}

// value is |qty|·price in the settlement asset, qty·size/price for CM (value scale). qty
// is not negative.
func (s *slot) value(qty wide, price exchange.Fixed) wide {
	if !s.in.Inverse() {
		return qty.times(price)
	}
	if price == 0 {
		return wide{}
	}
	// qty·1e8 · size·1e8 / (price·1e8) has eight decimals; eight more are wanted.
	return qty.mul(s.contractValue).up().over(wideInt(int64(price)))
}

// pnl is the profit of a signed quantity from an entry to a price (amount scale).
func (s *slot) pnl(qty, entry wide, price exchange.Fixed) wide {
	at := wideInt(int64(price)).up()
	if !s.in.Inverse() {
		return qty.mulWide(at.sub(entry))
	}
	if qty.zero() || entry.zero() {
		return wide{}
	}
	// qty(8)·size(8)·gain(16) / (entry(16)·price(8)) has eight decimals.
	gain := qty.mul(s.contractValue).mulWide(at.sub(entry)).up()
	return gain.over(entry.times(price)).up()
}

// exposure is a signed quantity in base coins at the mark (amount scale).
func (s *slot) exposure(qty wide) wide {
	if !s.in.Inverse() {
		return qty.up2()
	}
	v := s.value(qty.abs(), s.mark).up()
	if qty.negative() {
		return v.neg()
	}
	return v
}

// maintenance is the maintenance margin of a size at a mark (amount scale).
func (s *slot) maintenance(size wide, mark exchange.Fixed) wide {
	if size.zero() {
		return wide{}
	}
	return s.brackets.maintenance(s.value(size, mark))
}

// initial is value/leverage at the mark, one division (amount scale).
func (s *slot) initial(size wide) wide { return s.initialAt(size, s.mark) }

func (s *slot) initialAt(size wide, price exchange.Fixed) wide {
	if price == 0 || size.zero() {
		return wide{}
	}
	if !s.in.Inverse() {
		return size.times(price).over(wideInt(s.leverage)).up()
	}
	return size.mul(s.contractValue).up().over(wideInt(int64(price)).mul(s.leverage)).up()
}
