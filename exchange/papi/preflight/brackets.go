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
	tiers, ok := tiersOf(b.Brackets, func(x papi.UMBracket) (margin.Bracket, bool) {
		return tier(x.NotionalFloor, x.NotionalCap, x.MaintMarginRatio, x.Cum, x.InitialLeverage)
	})
	if !ok || !b.NotionalCoef.IsPositive() || b.NotionalCoef.Equal(decimal.NewFromInt(1)) {
		return tiers, ok
	}
	factor, err := exchange.FixedFromDecimal(b.NotionalCoef, exchange.RoundHalfUp)
	if err != nil {
		return nil, false
	}
	scaled, err := margin.Brackets{Product: exchange.UM, Tiers: tiers}.Scaled(factor)
	return scaled.Tiers, err == nil
}

// cmTiers are the brackets of a symbol in coins.
func cmTiers(b papi.CMBrackets) ([]margin.Bracket, bool) {
	return tiersOf(b.Brackets, func(x papi.CMBracket) (margin.Bracket, bool) {
		return tier(x.QtyFloor, x.QtyCap, x.MaintMarginRatio, x.Cum, x.InitialLeverage)
	})
}

// tiersOf reads every step, or says false; no step at all is no brackets.
func tiersOf[B any](steps []B, read func(B) (margin.Bracket, bool)) ([]margin.Bracket, bool) {
	var tiers []margin.Bracket
	for _, x := range steps {
		t, ok := read(x)
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
