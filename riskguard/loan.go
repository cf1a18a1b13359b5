package riskguard

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// hoursOfYear is by how much an hourly rate is multiplied for a year's, without interest on
	// interest.
	hoursOfYear = 365 * 24
	// loanRateAge is how old a rate may be that was told, unless its source has promised
	// otherwise: rates change every hour, and the broker tells them twice an hour at least.
	loanRateAge = time.Hour
)

// loan: an order that can make the account owe more, by itself or by leaving less for others
// that borrow, is held against what may be owed, counting all open orders, at a rate that is
// known and not too high, and while nothing else becomes of debts in the asset.
func (c *check) loan() *exchange.Refusal {
	if c.in.Product != exchange.Margin {
		return nil
	}
	p, no := c.projected()
	if no != nil {
		return no
	}
	if p.Exposure.Debt <= p.Exposure.DebtBefore {
		return nil
	}
	asset := c.in.Quote
	if c.order.Request.Side == exchange.Sell {
		asset = c.in.Base
	}
	if no := c.g.actOpen(asset); no != nil {
		return no
	}
	yearly, no := c.g.yearlyRate(asset, c.at)
	if no != nil {
		return no
	}
	if no := c.hold(boundLoanRate, reading{share: shareOf(int64(yearly), int64(exchange.FixedOne)), name: asset}); no != nil {
		return no
	}
	all := c.stakes(p)
	return c.holdStakes(all.loan())
}

// actOpen refuses while it is not known what becomes of a loan or repayment of the asset.
func (g *Guard) actOpen(asset string) *exchange.Refusal {
	a := g.ActOn(asset)
	if a == nil {
		return nil
	}
	return &exchange.Refusal{
		Value: actWords(a),
		Limit: "nothing is borrowed of an asset of which an act is open",
	}
}

// yearlyRate is the interest of a year on a loan of the asset, a ratio rounded up: 8,760 times
// the hourly rate that the exchange told last. One that was never told, or too long ago, refuses:
// what the tables assume may be a tenth of what is asked for a coin that many want to sell.
func (g *Guard) yearlyRate(asset string, at exchange.Time) (exchange.Fixed, *exchange.Refusal) {
	hourly, told := g.LoanRate(asset)
	most := g.rateAge(asset)
	if told == 0 {
		return 0, &exchange.Refusal{Value: "the interest on loans of " + asset + " was never told", Limit: "it must be known"}
	}
	if age := at.Sub(told); age > most {
		return 0, &exchange.Refusal{Value: fmt.Sprintf("the interest on loans of %s is %v old", asset, age), Limit: oldAtMost(most)}
	}
	yearly, err := exchange.FixedFromDecimal(hourly.Mul(decimal.NewFromInt(hoursOfYear)).RoundCeil(exchange.FixedPlaces), exchange.RoundHalfUp)
	if err != nil || yearly < 0 {
		return 0, &exchange.Refusal{Value: fmt.Sprintf("the interest on loans of %s is %v an hour", asset, hourly), Limit: "it must make sense"}
	}
	return yearly, nil
}

// rateAge is how old the rate of an asset may be.
func (g *Guard) rateAge(asset string) time.Duration {
	if l := g.lendingOf(asset); l != nil {
		return freshFor(loanRateAge, l.every)
	}
	return loanRateAge
}

// sayRate: a loan costs part of whole in a year.
func sayRate(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("interest of %v a year on %s", exchange.Fixed(r.part), r.name), b.limit
}

// sayDebts: debts of part USD, of which whole are allowed.
func sayDebts(_ *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("debts of %v USD", exchange.Fixed(r.part).Decimal().RoundCeil(2)), fmt.Sprintf("%v USD", exchange.Fixed(r.whole))
}
