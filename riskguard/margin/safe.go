package margin

import "github.com/pmbot/pmbot/exchange"

// band is the last answer of [Portfolio.Safe]: while holds, every price lies between the
// low and high of its slot or asset, and uniMMR is above the line.
type band struct {
	holds bool
	line  exchange.Fixed
}

// The widest and the narrowest band that Safe tries; each try halves the width.
const (
	widest    = exchange.FixedOne / 2
	narrowest = exchange.FixedOne / 512
)

// Safe says that uniMMR is provably above a line: that the account's status cannot have
// crossed it. False means "not proven", and [Portfolio.Account] knows.
//
// It keeps a band around every mark and index price in which the proof holds wherever
// each price lies, all independent of each other. Inside the band, with balances,
// positions and margin orders as they were, the answer costs a comparison in SetMark;
// when a price leaves the band, or something changed, a new band is sought around the
// prices as they are. The proof for a width w, prices p in p0·(1-w) .. p0·(1+w): every
// position has its worst PnL of the two ends, every holding counts at (1-w) of its index
// and every debt at (1+w), maintenance margin and open loss are those of the most
// expensive ends. All of these are monotone in the prices, so no point inside is worse.
func (p *Portfolio) Safe(line exchange.Fixed) bool {
	if p.band.holds && p.band.line == line {
		return true
	}
	p.refresh()
	p.band = band{line: line}
	if p.lacks > 0 {
		return false
	}
	for w := widest; w >= narrowest; w /= 2 {
		if p.proves(line, w) {
			p.setBand(w)
			p.band.holds = true
			return true
		}
	}
	return false
}

// proves says whether uniMMR stays above the line within a width.
func (p *Portfolio) proves(line, width exchange.Fixed) bool {
	equity, maint := p.within(width)
	if maint.zero() {
		return !equity.negative()
	}
	// One unit above the line, so that rounding uniMMR cannot bring it down to the line.
	need, _ := maint.times(line + 1).divide(wideInt(fixedOne))
	return need.less(equity)
}

// within is the least adjusted equity and the most maintenance margin that a width
// allows (usd scale).
func (p *Portfolio) within(width exchange.Fixed) (equity, maint wide) {
	for _, a := range p.assets {
		if !a.used() {
			continue
		}
		low, high := ends(a.index, width)
		net, legs := a.own, wide{}
		for _, s := range a.futures {
			for _, l := range s.legs {
				if l != nil && !l.qty.zero() {
					pnl, m := l.worstWithin(width)
					net, legs = net.add(pnl), legs.add(m)
				}
			}
		}
		if net.negative() {
			low = high
		}
		equity = equity.add(a.worth(net, low, 0))
		maint = maint.add(legs.up().add(a.debt.times(a.loanMMR)).times(high))
	}
	// Open loss grows with the index of its quote asset.
	openLoss, _ := p.totals[0].openLoss.times(exchange.FixedOne + width).divide(wideInt(fixedOne))
	return equity.sub(openLoss).sub(wideInt(1)), maint
}

// worstWithin is the lowest PnL and the highest maintenance margin of a leg while its
// mark is within a width. PnL is monotone in the mark; maintenance grows with the value.
func (l *leg) worstWithin(width exchange.Fixed) (pnl, maint wide) {
	low, high := ends(l.slot.mark, width)
	against, dear := low, high
	if l.qty.negative() {
		against = high
	}
	if l.slot.in.Inverse() {
		dear = low
	}
	return l.slot.pnl(l.qty, l.entry, against), l.slot.maintenance(l.qty.abs(), dear)
}

// ends are the borders of a band around a price, rounded inward.
func ends(price, width exchange.Fixed) (low, high exchange.Fixed) {
	part, _ := wideInt(int64(price)).times(width).divide(wideInt(fixedOne))
	distance, _ := part.small()
	return price - exchange.Fixed(distance), price + min(exchange.Fixed(distance), exchange.FixedMax-price)
}

func (p *Portfolio) setBand(width exchange.Fixed) {
	for _, s := range p.slots {
		s.low, s.high = 0, exchange.FixedMax
		for _, l := range s.legs {
			if l != nil && !l.qty.zero() {
				s.low, s.high = ends(s.mark, width)
			}
		}
	}
	for _, a := range p.assets {
		a.low, a.high = 0, exchange.FixedMax
		if a.used() {
			a.low, a.high = ends(a.index, width)
		}
	}
}
