package riskguard

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// marginView holds what the model said of the order, each asked for once.
type marginView struct {
	equity          decimal.Decimal
	projection      margin.Projection
	err             error
	reduces         bool
	askedEquity     bool
	askedProjection bool
	askedReduces    bool
}

// equity is the account's haircut equity.
func (c *check) equity() decimal.Decimal {
	if !c.margin.askedEquity {
		c.margin.askedEquity = true
		c.margin.equity = c.g.model.Equity()
	}
	return c.margin.equity
}

// held is the position that the order moves.
func (c *check) held() decimal.Decimal {
	return c.g.model.Position(c.order.Request.Inst, c.order.Request.PositionSide).Qty
}

// reducing says whether the order provably reduces risk: uniMMR now and under every
// shock not lower, and net delta not larger. What cannot be evaluated does not reduce.
func (c *check) reducing() bool {
	m := &c.margin
	if m.askedReduces {
		return m.reduces
	}
	m.askedReduces = true
	if _, found := c.staleInput(); found {
		return false
	}
	r, err := c.g.model.Reducing(c.order)
	m.reduces = err == nil && r.Strictly()
	return m.reduces
}

// projected is the worst case with the order, now and under every shock.
func (c *check) projected() (*margin.Projection, *exchange.Refusal) {
	m := &c.margin
	if !m.askedProjection {
		m.askedProjection = true
		m.projection, m.err = c.g.model.ProjectMoney(c.order)
	}
	if m.err != nil {
		limit := "the worst case must be computable"
		if errors.Is(m.err, margin.ErrMissing) {
			limit = "every price of the account must be known"
		}
		return nil, &exchange.Refusal{Value: m.err.Error(), Limit: limit}
	}
	return &m.projection, nil
}

// initialMargin: Binance's own admission, -2019, and the leverage brackets, for all open
// orders together.
func (c *check) initialMargin() *exchange.Refusal {
	p, no := c.projected()
	if no != nil {
		return no
	}
	if no := c.hold(boundInitialMargin, reading{share: fineShare(p.InitialMargin, p.Base.Equity)}); no != nil {
		return no
	}
	if len(p.Breaches) > 0 {
		b := p.Breaches[0]
		return &exchange.Refusal{
			Value: fmt.Sprintf("position of %v on %s at leverage %d", b.Size.Round(8), c.g.ins.At(b.Inst).Name(), b.Leverage),
			Limit: fmt.Sprintf("bracket cap %v", b.Cap),
		}
	}
	return nil
}

// uniMMR: the worst case of all open orders stays above the floor.
func (c *check) uniMMR() *exchange.Refusal {
	p, no := c.projected()
	if no != nil {
		return no
	}
	return c.floor(boundUniMMR, &p.Base, c.set.limits.UniMMRMin)
}

// uniMMRShock: the same under every shock.
func (c *check) uniMMRShock() *exchange.Refusal {
	p, no := c.projected()
	if no != nil {
		return no
	}
	return c.floor(boundUniMMRShock, &p.Shocked, c.set.limits.UniMMRShockMin)
}

// floor holds an outcome against the least uniMMR. One without maintenance margin has
// none, only a sign.
func (c *check) floor(id boundID, o *margin.Outcome, least decimal.Decimal) *exchange.Refusal {
	if o.Unbound {
		return nil
	}
	no := c.hold(id, reading{share: fineShare(least, o.UniMMR), name: o.Scenario})
	if no != nil {
		no.Passes = c.sizeThatPasses()
	}
	return no
}

// sizeThatPasses says which quantity would keep both floors and the limits on exposure, debts and collateral, or "".
func (c *check) sizeThatPasses() string {
	l := &c.set.limits
	size, err := c.g.model.SizeThatPasses(c.order, func(p *margin.Projection) bool {
		return p.Base.UniMMR.GreaterThanOrEqual(l.UniMMRMin) && p.Shocked.UniMMR.GreaterThanOrEqual(l.UniMMRShockMin) &&
			!p.Available.IsNegative() && len(p.Breaches) == 0 && !c.atStake(p)
	})
	if err != nil || size <= 0 {
		return ""
	}
	return "quantity " + size.String()
}

// shockSizes are the configured sizes, which have been validated to lie within 0 and 1.
func (l *Limits) shockSizes() margin.ShockSizes {
	size := func(d decimal.Decimal) exchange.Fixed {
		f, _ := exchange.FixedFromDecimal(d, exchange.RoundHalfUp)
		return f
	}
	return margin.ShockSizes{Coin: size(l.ShockCoin), Stable: size(l.ShockStable), Haircut: size(l.ShockHaircut)}
}
