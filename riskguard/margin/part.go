package margin

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// LegMargin is what one futures position needs with its open orders, in the asset that it
// settles in.
type LegMargin struct {
	// Notional is |position| at the mark and PnL what is not realised of it.
	Notional, PnL decimal.Decimal
	// Maint is the maintenance margin of the position.
	Maint decimal.Decimal
	// Initial is the initial margin of position and open orders, and PositionInitial that
	// of the position alone: notional/leverage. The rest is that of the orders.
	Initial, PositionInitial decimal.Decimal
}

// LegMargin is that of an instrument's position side; zero for a margin pair, or where the
// mark is missing. Times the index prices of their assets, all Maint and all Initial of an
// account and what its loans need ([Portfolio.LoanMargin]) sum up to MaintMargin and
// InitialMargin of [Portfolio.Account], exactly.
func (p *Portfolio) LegMargin(id exchange.InstrumentID, side exchange.PositionSide) LegMargin {
	s, err := p.slot(id)
	if err != nil || side > exchange.Short || s.legs[side] == nil {
		return LegMargin{}
	}
	p.refresh()
	l := s.legs[side]
	size := l.qty.abs()
	return LegMargin{
		Notional: s.value(size, s.mark).decimal(entryPlaces), PnL: l.at[0].pnl.decimal(amountPlaces),
		Maint:   l.at[0].maint.decimal(amountPlaces),
		Initial: l.initial.decimal(amountPlaces), PositionInitial: s.initial(size).decimal(amountPlaces),
	}
}

// LoanMargin is the maintenance and initial margin of the loans in an asset, in the asset:
// debt·mmr and debt/(leverage-1), interest included.
func (p *Portfolio) LoanMargin(name string) (maint, initial decimal.Decimal) {
	a, ok := p.byAsset[name]
	if !ok {
		return decimal.Zero, decimal.Zero
	}
	p.refresh()
	return a.debt.times(a.loanMMR).decimal(amountPlaces + exchange.FixedPlaces), a.loanInitial(a.debt).decimal(amountPlaces)
}

// Interest is the hourly interest on loans of an asset by the tables, if they have one.
func (p *Portfolio) Interest(name string) (hourly exchange.Fixed, known bool) {
	hourly, known = p.tables.Interest[name]
	return hourly, known
}

// LoanRate is the maintenance rate of loans in an asset, by its leverage; 0 where the
// tables have none.
func (p *Portfolio) LoanRate(name string) exchange.Fixed {
	_, mmr, err := p.tables.loanTerms(name)
	if err != nil {
		return 0
	}
	return mmr
}
