package stats

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

func costMeasures() []measure {
	const idle = "without turnover"
	total := func(of func(n *run) decimal.Decimal) func(*run) Value {
		return func(n *run) Value { return exactly(of(n)) }
	}
	return []measure{
		{"turnover", "Turnover", USD, 0, "sum of the notional of all fills, at the index of the moment", "-", always,
			total(func(n *run) decimal.Decimal { return n.Total.Turnover })},
		{"turnover_per_day", "Turnover a day", USD, 0, "turnover / days of the run, parts of days counted", "-", withoutTime,
			timed(func(n *run) Value { return exactly(n.Total.Turnover.DivRound(n.spanDays(), exchange.FixedPlaces)) })},
		{"turnover_ratio", "Turnover of equity a day", PerDay, 0, "turnover_per_day / mean equity over time: how often a day the equity is turned over", "-",
			withoutTime + "; when the mean equity is not above 0", timed((*run).turnoverRatio)},
		{"fees_usd", "Fees", USD, 1, "sum of trading fees, negative when paid", "-", always,
			total(func(n *run) decimal.Decimal { return n.Total.Fees })},
		{"fees_bp", "Fees on turnover", Points, 1, "fees_usd / turnover, in hundredths of a percent", "-", idle,
			func(n *run) Value { return n.onTurnover(n.Total.Fees) }},
		{"slippage_usd", "Slippage", USD, 1, "sum over fills of what they were better than the reference price at the decision, negative when worse; a part of the price, not subtracted again", "-", always,
			total(func(n *run) decimal.Decimal { return n.Total.Slippage })},
		{"slippage_bp", "Slippage on turnover", Points, 1, "slippage_usd / turnover, in hundredths of a percent", "-", idle,
			func(n *run) Value { return n.onTurnover(n.Total.Slippage) }},
		{"funding_usd", "Funding", USD, 1, "sum of funding payments, negative when paid", "-", always,
			total(func(n *run) decimal.Decimal { return n.Total.Funding })},
		{"funding_pct_notional", "Funding on exposure a year", Percent, 1, "funding_usd / average_gross_exposure * 365 / days of the run, in percent, parts of days counted", "-",
			"on runs of less than a day; when no position was held", timed((*run).fundingOnExposure)},
		{"interest_usd", "Interest", USD, 1, "sum of interest on loans and negative balances, negative when paid", "-", always,
			total(func(n *run) decimal.Decimal { return n.Total.Interest })},
		{"maker_share", "Maker share", Percent, 1, "fills that rested / fills, in percent, rounded to one decimal", "-", "without fills", (*run).makerShare},
	}
}

func (n *run) turnoverRatio() Value {
	if !n.held.equity.IsPositive() {
		return none("the mean equity is not above 0")
	}
	return quotient(n.Total.Turnover, n.spanDays().Mul(n.held.equity))
}

// onTurnover relates money to the turnover in hundredths of a percent.
func (n *run) onTurnover(usd decimal.Decimal) Value {
	if !n.Total.Turnover.IsPositive() {
		return none("there was no turnover")
	}
	return exactly(usd.Shift(4).DivRound(n.Total.Turnover, percentPlaces))
}

func (n *run) fundingOnExposure() Value {
	switch {
	case n.span() < day:
		return none("the run is shorter than a day")
	case n.held.gross.IsZero():
		return none("no position was held")
	}
	return quotient(n.Total.Funding.Mul(decimal.NewFromInt(daysPerYear*100)), n.held.gross.Mul(n.spanDays()))
}

// makerShare is what the run has counted.
func (n *run) makerShare() Value {
	if n.Orders.Fills == 0 {
		return none("no order was filled")
	}
	pct, err := decimal.NewFromString(strings.TrimSuffix(n.Orders.MakerPct, "%"))
	if err != nil || pct.IsNegative() || pct.GreaterThan(decimal.New(100, 0)) {
		return none("the run does not say how many fills rested")
	}
	return exactly(pct)
}
