package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// stakes are the exposures that an order can make larger, each with its bound.
func stakes(e *margin.Exposure) [3]stake {
	return [3]stake{
		{boundGross, e.Gross, e.GrossBefore, ""},
		{boundNet, e.Net, e.NetBefore, ""},
		{boundCoin, e.Gap, 0, e.GapCoin},
	}
}

// stake is one exposure in USD, with the order and without it.
type stake struct {
	bound       boundID
	now, before exchange.Fixed
	coin        string
}

// exposure: what the account could have at stake, whichever of its open orders fill, is a
// bounded multiple of equity: all of it, what is not hedged of it, and what is not hedged of
// one coin. An order that makes none of them larger is held against none, so that a hedge
// may come when the account is beyond its limits already.
func (c *check) exposure() *exchange.Refusal {
	p, no := c.projected()
	if no != nil {
		return no
	}
	for _, s := range stakes(&p.Exposure) {
		if s.now <= s.before {
			continue
		}
		if no := c.hold(s.bound, reading{share: shareOf(int64(s.now), int64(p.Exposure.Equity)), name: s.coin}); no != nil {
			no.Passes = c.sizeThatPasses()
			return no
		}
	}
	return nil
}

// exposed says whether a projection is beyond a bound on exposure that the order has moved.
func (c *check) exposed(p *margin.Projection) bool {
	for _, s := range stakes(&p.Exposure) {
		share := shareOf(int64(s.now), int64(p.Exposure.Equity))
		if s.now > s.before && share.exceeds(&c.set.bounds[s.bound].ratio) {
			return true
		}
	}
	return false
}

// sayUSD: part USD of whole USD, both to eight decimals, of which the bound allows a ratio.
func sayUSD(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	value = b.what
	if r.name != "" {
		value += " " + r.name
	}
	most := exchange.Fixed(r.whole).Decimal().Mul(b.ratio.exact)
	return fmt.Sprintf("%s %v USD", value, exchange.Fixed(r.part).Decimal().RoundCeil(2)), fmt.Sprintf("%v USD, %s", most.RoundFloor(2), b.limit)
}
