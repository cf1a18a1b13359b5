package margin

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Holding is one asset of an account over all wallets. Money is in USD.
type Holding struct {
	Asset string
	// Net is the amount with unrealised PnL and without debts, in the asset.
	Net decimal.Decimal
	// Actual is Net at the index price, and Equity what of it counts after haircuts.
	Actual, Equity decimal.Decimal
}

// Holdings lists, sorted by name, every asset that the account has anything of: a
// balance, a debt, or unrealised PnL that settles in it; what cancels out is listed with
// a Net of 0. The sums of Actual and Equity are those of [Portfolio.Account], exactly.
func (p *Portfolio) Holdings() []Holding {
	p.refresh()
	var list []Holding
	for _, a := range p.assets {
		if a.held() {
			list = append(list, Holding{
				Asset: a.name, Net: a.net(0).decimal(amountPlaces),
				Actual: a.actual.decimal(usdPlaces), Equity: a.at[0].equity.decimal(usdPlaces),
			})
		}
	}
	slices.SortFunc(list, func(a, b Holding) int { return cmp.Compare(a.Asset, b.Asset) })
	return list
}

// held says whether the account has anything of the asset.
func (a *asset) held() bool {
	return a.wallet != [exchange.Wallets + 1]wide{} || !a.at[0].pnl.zero()
}

// Value is what an amount of an asset would count as if it were all that the account has
// of it, at the index price and the collateral rates as they stand; a debt is negative.
// An asset that the portfolio has no index price of is ErrMissing.
func (p *Portfolio) Value(name string, net decimal.Decimal) (Holding, error) {
	n, err := wideFromDecimal(net, amountPlaces, amountDigitsMax)
	if err != nil {
		return Holding{}, fmt.Errorf("%w: value of %s: %w", ErrInput, name, err)
	}
	a, ok := p.byAsset[name]
	if !ok || a.index == 0 {
		return Holding{}, fmt.Errorf("%w: index of %s", ErrMissing, name)
	}
	return Holding{
		Asset: name, Net: net, Actual: n.times(a.index).up().decimal(usdPlaces), Equity: a.worth(n, a.index, 0).decimal(usdPlaces),
	}, nil
}
