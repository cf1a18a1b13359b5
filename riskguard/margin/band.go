package margin

import "github.com/pmbot/pmbot/exchange"

// InMarkBand says that the last true answer of [Portfolio.Safe] would go on holding if
// the mark of an instrument were price. It changes nothing, so a venue can tell without
// an event whether the event could change the account's status.
func (p *Portfolio) InMarkBand(id exchange.InstrumentID, price exchange.Fixed) bool {
	if !p.band.holds || !p.ins.Has(id) {
		return false
	}
	s := p.slots[id-1]
	return price >= s.low && price <= s.high
}

// MarkBand is the band of an instrument's mark in which the last true answer of Safe or Steady
// holds; all prices where the portfolio has no position, and none without such an answer.
func (p *Portfolio) MarkBand(id exchange.InstrumentID) (low, high exchange.Fixed) {
	if !p.band.holds || !p.ins.Has(id) {
		return 0, 0
	}
	return p.slots[id-1].low, p.slots[id-1].high
}

// IndexBand is MarkBand for the index price of an asset.
func (p *Portfolio) IndexBand(name string) (low, high exchange.Fixed) {
	a, ok := p.byAsset[name]
	switch {
	case !p.band.holds:
		return 0, 0
	case !ok:
		return 0, exchange.FixedMax
	}
	return a.low, a.high
}

// InIndexBand is InMarkBand for the index price of an asset. An asset that the portfolio
// has not met has no say.
func (p *Portfolio) InIndexBand(name string, price exchange.Fixed) bool {
	if !p.band.holds {
		return false
	}
	a, ok := p.byAsset[name]
	return !ok || price >= a.low && price <= a.high
}
