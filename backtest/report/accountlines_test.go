package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
)

// hedged is a run that lost by trading 900 of 1,000 USD, which its coins have more than
// made good.
func hedged() *backtest.Result {
	r := fakeResult(3)
	r.Total.Net, r.Total.NetPct = decimal.New(-900, 0), decimal.New(-90, 0)
	r.Margin.EquityStart, r.Margin.EquityEnd, r.Margin.DrawdownPct = decimal.New(1000, 0), decimal.New(1050, 0), decimal.New(125, -2)
	return r
}

// console is what is printed of a run, its lines with single spaces.
func console(t *testing.T, r *backtest.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := Console(&b, r, ConsoleOptions{}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n") + "\n"
}

// Nobody shall read the net of a hedge's trading as the result of its account.
func TestAccountStandsBelowTheTotalOfTrading(t *testing.T) {
	r := hedged()
	text := console(t, r)
	for _, want := range []string{"\nTOTAL of trading ", "\nValue of collateral 950.00 95.0\nAccount 50.00 5.00 1.25\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the console has no %q in\n%s", want, text)
		}
	}
	foot := strategyTable(r).Foot
	if len(foot) != 3 || foot[0][0].Text != "Total of trading" || foot[1][1].Text != "950.00" || foot[2][1].Text != "50.00" || foot[2][2].Text != "5.00" {
		t.Errorf("the page ends its table with %+v", foot)
	}
	for name, r := range map[string]*backtest.Result{"no other gain": plainGain(), "valued late": valuedLate()} {
		if text, foot := console(t, r), strategyTable(r).Foot; strings.Contains(text, "Value of collateral") || !strings.Contains(text, "\nTOTAL ") || len(foot) != 1 || foot[0][0].Text != "Total" {
			t.Errorf("%s: a foot of %d rows and\n%s", name, len(foot), text)
		}
	}
}

// What a line of nobody is must be said where it stands, and nowhere else.
func TestHouseIsExplained(t *testing.T) {
	r := fakeResult(3)
	if strings.Contains(console(t, r), "house") || strings.Contains(strategyTable(r).Note, "house") {
		t.Error("a house that is not there is explained")
	}
	r.ByStrategy = append(r.ByStrategy, backtest.Line{Name: "house", Net: decimal.New(151, 0)})
	if !strings.Contains(console(t, r), "\n"+houseNote+"\n") || !strings.Contains(strategyTable(r).Note, "The house is what is no strategy's own") {
		t.Error("nobody says what the house is")
	}
}

// plainGain is a run of which the net of trading is all.
func plainGain() *backtest.Result {
	r := hedged()
	r.Margin.EquityEnd = r.Margin.EquityStart.Add(r.Total.Net)
	return r
}

// valuedLate is a run that has traded before its equity was known: nobody can say what of
// its change the collateral was.
func valuedLate() *backtest.Result {
	r := hedged()
	for _, f := range r.Fills.All() {
		for r.Equity[0].At <= f.At {
			r.Equity = r.Equity[1:]
		}
		break
	}
	return r
}

// An alarm between two samples is no reason to say that nothing was the matter.
func TestUniMMRThatFellBetweenSamples(t *testing.T) {
	for _, c := range []struct{ min, want string }{
		{"-0.19", "below 2.0 only between two samples"}, {"1.99", "below 2.0 only between two samples"}, {"2", "never below 2.0"},
	} {
		r := fakeResult(3)
		r.Margin.UniMMRMin, r.Margin.UniMMRMinAt, r.Margin.Below20 = decimal.RequireFromString(c.min), fakeStart.Add(time.Minute), 0
		if text := console(t, r); strings.Contains(text, "never below") != (c.want == "never below 2.0") || !strings.Contains(text, c.want) {
			t.Errorf("uniMMR %s: no %q in\n%s", c.min, c.want, text)
		}
		if said := belowFigure(&runColumn{r: r}).Sub != ""; said != (c.want != "never below 2.0") {
			t.Errorf("uniMMR %s: the front page says so: %v", c.min, said)
		}
	}
}

// The console tells of the limits that were near or refused, and counts the others.
func TestConsoleLeavesOutFarLimits(t *testing.T) {
	use := func(rule, used string, refused int) backtest.LimitUse {
		return backtest.LimitUse{Rule: rule, Limit: "9", Value: "1", Used: decimal.RequireFromString(used), At: fakeStart, Refused: refused}
	}
	r := fakeResult(3)
	r.Limits = []backtest.LimitUse{use("near", "0.01", 0), use("refusing", "0.0001", 3), use("far", "0.0099", 0), use("farther", "0", 0)}
	text := console(t, r)
	if !strings.Contains(text, "\nnear 1.00% ") || !strings.Contains(text, "\nrefusing 0.01% 3 ") || strings.Contains(text, "\nfar") ||
		!strings.Contains(text, "\nleft out: 2 that refused nothing and of which less than 1% was used") {
		t.Error(text)
	}
	r.Limits = r.Limits[2:]
	if text := console(t, r); !strings.Contains(text, "\nLIMITS nothing was refused, and less than 1% was used of each of the 2 that orders were held against\n") {
		t.Error(text)
	}
	r.Limits = []backtest.LimitUse{{Rule: "unimmr", Limit: "2"}}
	if text := console(t, r); strings.Contains(text, "LIMITS") {
		t.Error(text)
	}
}

// TestBudgets: console and page tell what was used of budgets, and nothing where there is none.
func TestBudgets(t *testing.T) {
	r := fakeResult(3)
	if text := console(t, r); strings.Contains(text, "BUDGETS") {
		t.Error(text)
	}
	r.Budgets = []backtest.BudgetLine{
		{Strategy: "carry", Key: "risk.budget.loss_usd", Limit: decimal.New(500, 0), Used: decimal.New(-125, -1)},
		{Strategy: "mm", Key: "risk.budget.capital_usd", Limit: decimal.New(500, 0), Used: decimal.New(500, 0), Full: true},
		{Strategy: "x", Key: "risk.budget.notional_usd", Limit: decimal.New(7, 0), Unknown: "no price of UM BTCUSDT is known", Full: true},
	}
	text := console(t, r)
	for _, want := range []string{"\ncarry loss_usd -12.50 500.00", "\nmm capital_usd 500.00 500.00 used up", "\nx notional_usd no price of UM BTCUSDT is known 7.00 used up"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	rows := budgetTable(r.Budgets).Rows
	if len(rows) != 3 || rows[0][4].Text != "open" || rows[1][4].Text != "used up" || rows[2][4].Text != "no price of UM BTCUSDT is known" || rows[2][2].Text != undefined {
		t.Errorf("%+v", rows)
	}
}
