package main

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// everyLine holds the lines of each strategy in USD one by one, for what is given to the wrong one
// changes no sum: fees against the bookings of its own fills, to the last digit, and funding and
// interest against its lines of assets, which everyLoss holds against the guard. Those are valued at
// the end of the run and not when they were booked, so only what is far off is wrong.
func everyLine(t *testing.T, name string, res *backtest.Result) {
	t.Helper()
	end := ends{res}
	for _, l := range res.ByStrategy {
		if l.Name == "house" {
			continue
		}
		fees := decimal.Zero
		for _, b := range res.Ledger.All() {
			if b.Reason == exchange.ReasonCommission && b.Strategy == l.Name {
				fees = fees.Add(b.USD)
			}
		}
		if !fees.Equal(l.Fees) || fees.IsZero() != (l.Trades == 0) {
			t.Errorf("%s: %s has fees of %v, by the bookings of its %d fills %v", name, l.Name, l.Fees, l.Trades, fees)
		}
		funding, interest := decimal.Zero, decimal.Zero
		for i := range res.ByStrategyAsset {
			if a := &res.ByStrategyAsset[i]; a.Strategy == l.Name {
				funding, interest = funding.Add(a.Funding.Mul(end.index(a.Asset))), interest.Add(a.Interest.Mul(end.index(a.Asset)))
			}
		}
		for _, c := range []struct {
			what     string
			line, by decimal.Decimal
		}{{"funding", l.Funding, funding}, {"interest", l.Interest, interest}} {
			most := decimal.Max(c.line.Abs(), c.by.Abs()).Mul(decimal.New(4, -1)).Add(decimal.New(5, -1))
			if c.line.Sub(c.by).Abs().GreaterThan(most) {
				t.Errorf("%s: %s has %s of %v, by its lines of assets %v", name, l.Name, c.what, c.line, c.by)
			}
		}
	}
}
