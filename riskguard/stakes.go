package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// stake is one thing that an order can make worse, in USD: as it would be with the order, as
// it is without, and the whole of which its bound allows a ratio. It is of an asset where that
// has a name.
type stake struct {
	bound              boundID
	now, before, whole exchange.Fixed
	asset              string
}

// stakes are those of a projection.
type stakes [6]stake

// The stakes of each rule.
func (s *stakes) exposure() []stake   { return s[:3] }
func (s *stakes) loan() []stake       { return s[3:4] }
func (s *stakes) collateral() []stake { return s[4:] }

func (c *check) stakes(p *margin.Projection) stakes {
	e, l := &p.Exposure, &p.Collateral
	return stakes{
		{boundGross, e.Gross, e.GrossBefore, e.Equity, ""},
		{boundNet, e.Net, e.NetBefore, e.Equity, ""},
		{boundCoin, e.Gap, 0, e.Equity, e.GapCoin},
		{boundBorrow, e.Debt, e.DebtBefore, c.set.borrowMax, ""},
		{boundCollateral, l.Worth, 0, l.Equity, l.Coin},
		{boundNegativeStable, l.Short, 0, l.Equity, l.Stable},
	}
}

// holdStakes holds what the order makes worse against its bounds.
func (c *check) holdStakes(list []stake) *exchange.Refusal {
	for _, s := range list {
		if s.now <= s.before {
			continue
		}
		if no := c.hold(s.bound, reading{share: shareOf(int64(s.now), int64(s.whole)), name: s.asset}); no != nil {
			no.Passes = c.sizeThatPasses()
			return no
		}
	}
	return nil
}

// atStake says whether a projection makes something worse that is beyond its bound then.
func (c *check) atStake(p *margin.Projection) bool {
	all := c.stakes(p)
	for _, s := range all {
		share := shareOf(int64(s.now), int64(s.whole))
		if s.now > s.before && share.exceeds(&c.set.bounds[s.bound].ratio) {
			return true
		}
	}
	return false
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
	all := c.stakes(p)
	return c.holdStakes(all.exposure())
}

// collateral: no coin becomes too large a part of the collateral by an order, and no stable
// coin a debt of the futures wallets. Only orders on margin pairs exchange collateral, so
// whoever has one coin alone may trade futures on it, sell it and hedge it, but buy no more.
func (c *check) collateral() *exchange.Refusal {
	if c.in.Product != exchange.Margin {
		return nil
	}
	p, no := c.projected()
	if no != nil {
		return no
	}
	all := c.stakes(p)
	return c.holdStakes(all.collateral())
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
