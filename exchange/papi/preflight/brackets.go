package preflight

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// umTiers are the brackets of a symbol with the account's coefficient; false if a number
// is none that a bracket can have.
func umTiers(b papi.UMBrackets) ([]margin.Bracket, bool) {
	var tiers []margin.Bracket
	for _, x := range b.Brackets {
		t, ok := tier(x.NotionalFloor, x.NotionalCap, x.MaintMarginRatio, x.Cum, x.InitialLeverage)
		if !ok {
			return nil, false
		}
		tiers = append(tiers, t)
	}
	if b.NotionalCoef.IsPositive() && !b.NotionalCoef.Equal(decimal.NewFromInt(1)) {
		factor, err := exchange.FixedFromDecimal(b.NotionalCoef, exchange.RoundHalfUp)
		if err != nil {
			return nil, false
		}
		scaled, err := margin.Brackets{Product: exchange.UM, Tiers: tiers}.Scaled(factor)
		return scaled.Tiers, err == nil
	}
	return tiers, len(tiers) > 0
}

// cmTiers are the brackets of a symbol in coins.
func cmTiers(b papi.CMBrackets) ([]margin.Bracket, bool) {
	var tiers []margin.Bracket
	for _, x := range b.Brackets {
		t, ok := tier(x.QtyFloor, x.QtyCap, x.MaintMarginRatio, x.Cum, x.InitialLeverage)
		if !ok {
			return nil, false
		}
		tiers = append(tiers, t)
	}
	return tiers, len(tiers) > 0
}

func tier(floor, limit, rate, cum decimal.Decimal, leverage int64) (margin.Bracket, bool) {
	t := margin.Bracket{Leverage: int(leverage)}
	for _, x := range [...]struct {
		to   *exchange.Fixed
		from decimal.Decimal
	}{{&t.Floor, floor}, {&t.Cap, limit}, {&t.MMR, rate}, {&t.Cum, cum}} {
		v, err := exchange.FixedFromDecimal(x.from, exchange.RoundHalfUp)
		if err != nil {
			return margin.Bracket{}, false
		}
		*x.to = v
	}
	return t, true
}
