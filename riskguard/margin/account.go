package margin

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Account is the account as Binance computes it, exact but for the roundings of the
// package comment. It is meaningful only while [Portfolio.Missing] is nil: what has no
// price counts as nothing.
func (p *Portfolio) Account() exchange.Account {
	p.refresh()
	t := &p.totals[0]
	adjusted := t.equity.sub(t.openLoss)
	u := uniMMR(adjusted, t.maint)
	if t.maint.zero() {
		u = uniMMRMax()
	}
	return exchange.Account{
		Equity:        t.equity.decimal(usdPlaces),
		ActualEquity:  t.actual.decimal(usdPlaces),
		OpenLoss:      t.openLoss.decimal(usdPlaces),
		MaintMargin:   t.maint.decimal(usdPlaces),
		InitialMargin: t.initial.decimal(usdPlaces),
		Available:     t.equity.sub(t.initial).decimal(usdPlaces),
		UniMMR:        u.decimal(entryPlaces),
		Status:        p.status(adjusted, u),
	}
}

// Equity is the haircut equity of [Portfolio.Account], without the price of the rest.
func (p *Portfolio) Equity() decimal.Decimal {
	p.refresh()
	return p.totals[0].equity.decimal(usdPlaces)
}

// MaintMargin is that of [Portfolio.Account], without the price of the rest.
func (p *Portfolio) MaintMargin() decimal.Decimal {
	p.refresh()
	return p.totals[0].maint.decimal(usdPlaces)
}

// ActualEquity is that of [Portfolio.Account], before haircuts.
func (p *Portfolio) ActualEquity() decimal.Decimal {
	p.refresh()
	return p.totals[0].actual.decimal(usdPlaces)
}

// ActualAbove says whether actual equity is above an amount of USD. It allocates nothing.
func (p *Portfolio) ActualAbove(usd exchange.Fixed) bool {
	p.refresh()
	return amount(usd).up2().less(p.totals[0].actual)
}

// uniMMRMax is the sentinel at the scale of quotients.
func uniMMRMax() wide { return wideInt(exchange.UniMMRMax).up2() }

// uniMMR is adjusted/maint at the scale of quotients, within ±UniMMRMax. Without
// maintenance margin it is UniMMRMax, or -UniMMRMax when equity is negative, so that it
// is under every floor.
func uniMMR(adjusted, maint wide) wide {
	if maint.zero() {
		if adjusted.negative() {
			return uniMMRMax().neg()
		}
		return uniMMRMax()
	}
	if maint.w3 != 0 { // beyond 6e17 dollars; words below cannot matter any more
		adjusted = adjusted.over(wide{w1: 1})
		maint = maint.over(wide{w1: 1})
	}
	whole, rest := adjusted.abs().divide(maint)
	if !whole.less(wideInt(exchange.UniMMRMax)) {
		whole, rest = wideInt(exchange.UniMMRMax), wide{}
	}
	u := whole.up2().add(rest.up2().over(maint))
	if adjusted.negative() {
		return u.neg()
	}
	return u
}

// status places the account on the ladder. A negative adjusted equity is liquidated
// even without positions.
func (p *Portfolio) status(adjusted, u wide) exchange.AccountStatus {
	l := &p.tables.Ladder
	under := func(line exchange.Fixed) bool {
		return line != 0 && !wideInt(int64(line)).up().less(u)
	}
	switch {
	case adjusted.negative():
		return exchange.StatusBankrupted
	case under(l.Liquidation):
		return exchange.StatusActiveLiquidation
	case under(l.ReduceOnly):
		return exchange.StatusReduceOnly
	case under(l.SupplyMargin):
		return exchange.StatusSupplyMargin
	case under(l.MarginCall):
		return exchange.StatusMarginCall
	default:
		return exchange.StatusNormal
	}
}

// Delta is the exposure to a coin in coins over margin, UM and CM: the asset's net
// amount, unrealised PnL included, and the positions in its futures, without open
// orders. It is 0 for an asset that nothing is known of.
func (p *Portfolio) Delta(coin string) decimal.Decimal {
	p.refresh()
	a, ok := p.byAsset[coin]
	if !ok {
		return decimal.Zero
	}
	return a.delta().decimal(amountPlaces)
}

// Net is the net amount of an asset over all wallets, unrealised PnL included.
func (p *Portfolio) Net(name string) decimal.Decimal {
	p.refresh()
	a, ok := p.byAsset[name]
	if !ok {
		return decimal.Zero
	}
	return a.net(0).decimal(amountPlaces)
}

// Missing names the first price that the account's valuation lacks, as ErrMissing, or
// is nil.
func (p *Portfolio) Missing() error {
	p.refresh()
	if p.lacks == 0 {
		return nil
	}
	for _, s := range p.slots {
		for _, l := range s.legs {
			if l != nil && l.lacks {
				return fmt.Errorf("%w: mark of %s", ErrMissing, s.in.Name())
			}
		}
	}
	for _, a := range p.assets {
		if a.lacks {
			return fmt.Errorf("%w: index of %s", ErrMissing, a.name)
		}
	}
	return nil
}

// Warnings are those of [Tables.Warnings] for the instruments and assets in use.
func (p *Portfolio) Warnings() []string {
	var names []string
	for _, a := range p.assets {
		names = append(names, a.name)
	}
	return p.tables.Warnings(p.ins, names)
}
