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

// InIndexBand is InMarkBand for the index price of an asset. An asset that the portfolio
// has not met has no say.
func (p *Portfolio) InIndexBand(name string, price exchange.Fixed) bool {
	if !p.band.holds {
		return false
	}
	a, ok := p.byAsset[name]
	return !ok || price >= a.low && price <= a.high
}
