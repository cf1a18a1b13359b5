package report

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
)

// accountLine leads from the net of trading to what became of the account.
type accountLine struct {
	name     string
	usd      decimal.Decimal
	pct      string // of the equity at the start
	drawdown string // of equity, in percent; empty where it has none
}

// totalLine is the line of all trading. Where the account's own lines follow, its name says
// that it is not theirs.
func totalLine(r *backtest.Result, name string, account []accountLine) *backtest.Line {
	total := r.Total
	total.Name = name
	if len(account) > 0 {
		total.Name += " of trading"
	}
	return &total
}

// accountLines are the lines below the total of trading: a hedge loses in its trading what
// its coins gain, and nobody shall read the one without the other. There are none where the
// net of trading is all that happened to the account.
func accountLines(r *backtest.Result, w readable.Numerals) []accountLine {
	change, rest := equityChange(r)
	if rest.Round(2).IsZero() {
		return nil
	}
	pct := func(d decimal.Decimal) string {
		if !r.Margin.EquityStart.IsPositive() {
			return undefined
		}
		return w.Percent(d.Shift(2).DivRound(r.Margin.EquityStart, 4))
	}
	return []accountLine{
		{"Value of collateral", rest, pct(rest), ""},
		{"Account", change, pct(change), w.Percent(r.Margin.DrawdownPct)},
	}
}

// houseLine is the name of what is no strategy's own, and houseNote says what that is.
const (
	houseLine = "house"
	houseNote = "house is what is no strategy's own: interest, exchanges and taken-over debts of the whole account, and where several strategies hold one instrument, what the account's net position earned beside the sum of theirs"
)

// hasHouse says whether there is such a line.
func hasHouse(r *backtest.Result) bool {
	return slices.ContainsFunc(r.ByStrategy, func(l backtest.Line) bool { return l.Name == houseLine })
}

// equityChange is by how much equity changed, and what of it is not the net of trading:
// the value of the coins that serve as collateral, after haircuts. Where that cannot be
// told, because trading began before the account was valued, the rest is nothing.
func equityChange(r *backtest.Result) (change, rest decimal.Decimal) {
	change = r.Margin.EquityEnd.Sub(r.Margin.EquityStart)
	if len(r.Equity) == 0 {
		return change, decimal.Zero
	}
	for _, f := range r.Fills.All() {
		if f.At < r.Equity[0].At {
			return change, decimal.Zero
		}
		break
	}
	return change, change.Sub(r.Total.Net)
}
