package margin

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// band is the last answer of [Portfolio.Safe]: while holds, every price lies between the
// low and high of its slot or asset, and uniMMR is above the line.
type band struct {
	holds bool
	line  exchange.Fixed
	swing swing
	width exchange.Fixed
}

// swing bounds what a band allows actual equity to do. The zero value does not.
type swing struct {
	bounded bool
	floor   wide           // usd scale; the least must be above it
	keep    exchange.Fixed // and above this part of the most
}

// The widest and the narrowest band that Safe tries; each try halves the width. Steady has
// less room, and in its bands stable coins move a part of what coins do.
const (
	widest          = exchange.FixedOne / 2
	narrowest       = exchange.FixedOne / 512
	narrowestSteady = exchange.FixedOne / 2048
	stablePart      = 16
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
func (p *Portfolio) Safe(line exchange.Fixed) bool { return p.safe(line, swing{}) }

// Steady is Safe, and says besides that actual equity, before haircuts, is above a floor in
// USD and nowhere in the band less than a part of what it is anywhere in it: a keep of 0.98
// proves that it cannot fall by 2% from any height that it reaches there. A floor that is
// no amount of money is not proven.
func (p *Portfolio) Steady(line exchange.Fixed, floor decimal.Decimal, keep exchange.Fixed) bool {
	at, err := wideFromDecimal(floor.RoundCeil(exchange.FixedPlaces), usdPlaces, amountDigitsMax)
	if err != nil {
		return false
	}
	return p.safe(line, swing{bounded: true, floor: at, keep: keep})
}

// Proven says that the last true answer of Safe or Steady still holds.
func (p *Portfolio) Proven() bool { return p.band.holds }

func (p *Portfolio) safe(line exchange.Fixed, s swing) bool {
	if p.band.holds && p.band.line == line && p.band.swing == s {
		return true
	}
	p.refresh()
	p.band = band{line: line, swing: s}
	if p.lacks > 0 {
		return false
	}
	least := narrowest
	if s.bounded {
		least = narrowestSteady
	}
	for w := widest; w >= least; w /= 2 {
		if p.proves(line, w) && (!s.bounded || p.calm(&s, w)) {
			p.setBand(w)
			p.band.holds = true
			return true
		}
	}
	return false
}

// Narrow proves the last true answer of Steady in a narrower band, around the prices as they are
// now, for whoever needs to know more than Steady proves. Without one it says false, and the band
// is as it was.
func (p *Portfolio) Narrow() bool {
	if !p.band.holds {
		return false
	}
	p.refresh()
	for w := p.band.width / 2; w >= narrowestSteady; w /= 2 {
		if p.proves(p.band.line, w) && (!p.band.swing.bounded || p.calm(&p.band.swing, w)) {
			p.setBand(w)
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

// calm says whether actual equity keeps within its bounds in a width.
func (p *Portfolio) calm(s *swing, width exchange.Fixed) bool {
	var least, most wide
	for _, a := range p.assets {
		if !a.used() {
			continue
		}
		low, high := a.ends(width, s)
		worst, best := a.own, a.own
		for _, f := range a.futures {
			for _, l := range f.legs {
				if l != nil && !l.qty.zero() {
					down, up := ends(f.mark, width)
					one, other := f.pnl(l.qty, l.entry, down), f.pnl(l.qty, l.entry, up)
					worst, best = worst.add(one.min(other)), best.add(one.max(other))
				}
			}
		}
		least = least.add(worst.times(low).min(worst.times(high)).up())
		most = most.add(best.times(low).max(best.times(high)).up())
	}
	kept, _ := most.times(s.keep).divide(wideInt(fixedOne))
	return s.floor.less(least) && least.positive() && kept.less(least)
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
	p.band.width = width
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
			a.low, a.high = a.ends(width, &p.band.swing)
		}
	}
}

// ends are the borders of the index in a band.
func (a *asset) ends(width exchange.Fixed, s *swing) (low, high exchange.Fixed) {
	if a.stable && s.bounded {
		width /= stablePart
	}
	return ends(a.index, width)
}
