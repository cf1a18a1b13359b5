package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// What the account is now, for reports. None of it emits anything, and what has no price
// yet counts as nothing.

// Account values the account.
func (v *Venue) Account() exchange.Account { return v.assess() }

// Missing names the first price that the account's value lacks, as margin.ErrMissing, or is
// nil.
func (v *Venue) Missing() error {
	v.lendAll()
	return v.risk.model.Missing()
}

// Holdings is the account asset by asset; see [margin.Portfolio.Holdings]. The sums are
// those of Account.
func (v *Venue) Holdings() []margin.Holding {
	v.lendAll()
	return v.risk.model.Holdings()
}

// Stress is the account under the scenarios of a report, as if it had no open orders; see
// [margin.Portfolio.Stress]. A price that is not there is margin.ErrMissing.
func (v *Venue) Stress() ([]margin.Stressed, error) {
	v.lendAll()
	return v.risk.model.Stress(v.risk.model.StressScenarios())
}

// Picture is the account as a document, of which another portfolio can be made; see
// [margin.Portfolio.Picture]. It has no open orders.
func (v *Venue) Picture() margin.Picture {
	v.lendAll()
	return v.risk.model.Picture()
}

// Value is what an amount of an asset would count as if it were all that the account has
// of it; see [margin.Portfolio.Value].
func (v *Venue) Value(asset string, net decimal.Decimal) (margin.Holding, error) {
	return v.risk.model.Value(asset, net)
}
