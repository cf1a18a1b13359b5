package backtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// holdsLedger holds the ledger of a run against its balances and lines: every wallet's
// entries add up to what it has after each and at the end, and what was booked as fees,
// funding and interest is what the account paid, in dollars.
func holdsLedger(t *testing.T, what string, res *Result) {
	t.Helper()
	type pocket struct {
		asset  string
		wallet exchange.Wallet
	}
	has, before := map[pocket]decimal.Decimal{}, exchange.Time(0)
	usd := map[exchange.Reason]decimal.Decimal{}
	for i, row := range res.Ledger.All() {
		at := pocket{row.Asset, row.Wallet}
		if has[at] = has[at].Add(row.Delta); !has[at].Equal(row.Balance) || row.At < before {
			t.Errorf("%s: row %d, %+v: the entries add up to %v", what, i, *row, has[at])
		}
		before = row.At
		if row.Reason != exchange.ReasonLiquidation || row.USD.IsNegative() { // else the insurance fund has taken over a debt
			usd[row.Reason] = usd[row.Reason].Add(row.USD)
		}
	}
	for _, b := range res.Balances {
		if !has[pocket{b.Asset, b.Wallet}].Equal(b.End) {
			t.Errorf("%s: entries of %s add up to %v, the balance is %v", what, b.Asset, has[pocket{b.Asset, b.Wallet}], b.End)
		}
		delete(has, pocket{b.Asset, b.Wallet})
	}
	for at, sum := range has {
		t.Errorf("%s: %v has entries of %v and no balance", what, at, sum)
	}
	off := decimal.New(int64(res.Ledger.Len()+1), -exchange.FixedPlaces)
	fees := usd[exchange.ReasonCommission].Add(usd[exchange.ReasonLiquidation])
	for _, x := range [][2]decimal.Decimal{{fees, res.Total.Fees}, {usd[exchange.ReasonFunding], res.Total.Funding}, {usd[exchange.ReasonInterest], res.Total.Interest}} {
		if x[0].Sub(x[1]).Abs().GreaterThan(off) {
			t.Errorf("%s: booked %v, the total has %v", what, x[0], x[1])
		}
	}
}

// TestLedgerStart: what the account begins with is in the ledger, at the first prices.
func TestLedgerStart(t *testing.T) {
	cfg := deskConfig(1, time.Hour)
	cfg.Account.Margin = map[string]decimal.Decimal{"BTC": decimal.New(2, 0)}
	res := runDesk(t, cfg, program(puppet{start: sees(time.Hour, 0)}))
	sum := decimal.Zero
	for i, row := range res.Ledger.All() {
		if sum = sum.Add(row.USD); row.Asset == "BTC" && row.USD.LessThan(decimal.New(30_000, 0)) {
			t.Errorf("row %d: %+v", i, *row)
		}
	}
	if start := res.Equity[0].Account.ActualEquity; res.Ledger.Len() != 2 || sum.Sub(start).Abs().GreaterThan(decimal.New(1, -6)) {
		t.Errorf("%d rows that are worth %v; the account began with %v", res.Ledger.Len(), sum, start)
	}
	holdsLedger(t, "start", res)
}

// TestHashOfRows: the result hash is that of the rows which a report keeps. The strategy
// trades at the opens of bars alone and is never refused, so that what happened at one
// instant has one order: fundings, a fill and its bookings, the sample.
func TestHashOfRows(t *testing.T) {
	res := runDesk(t, deskConfig(6, time.Hour), program(puppet{start: sees(time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
		switch p.n++; p.n % 5 {
		case 1:
			env.Send(strategy.Buy(in, exchange.FixedOne/10).Market())
		case 2:
			env.Send(strategy.Sell(in, exchange.FixedOne/5).Market())
		case 4:
			env.Send(strategy.Buy(in, exchange.FixedOne/10).Market())
		}
	}}))
	if res.Fills.Len() < 50 || res.Ledger.Len() < 100 {
		t.Fatalf("%d fills, %d bookings", res.Fills.Len(), res.Ledger.Len())
	}
	c := newCanonical()
	fills := make([]FillRow, 0, res.Fills.Len())
	for _, f := range res.Fills.All() {
		fills = append(fills, *f)
	}
	samples := res.Equity
	flush := func(until exchange.Time) { // samples of earlier instants
		for len(samples) > 0 && samples[0].At < until {
			c.sample(samples[0].At, &samples[0].Account)
			samples = samples[1:]
		}
	}
	settled := true // of the last fill, its commission has come
	for _, row := range res.Ledger.All() {
		flush(row.At)
		if of := row.Reason; settled && (of == exchange.ReasonCommission || of == exchange.ReasonRealizedPnL) {
			c.fill(&fills[0])
			fills, settled = fills[1:], false
		}
		settled = settled || row.Reason == exchange.ReasonCommission
		symbol := ""
		if row.Symbol != "" {
			symbol = fmt.Sprintf("%v %s", row.Product, row.Symbol)
		}
		c.ledger(row.At, row.Strategy, symbol, &exchange.LedgerEntry{Asset: row.Asset, Wallet: row.Wallet, Reason: row.Reason, Delta: row.Delta, Balance: row.Balance})
	}
	flush(res.To + 1)
	if got := c.hex(); got != res.Hash || len(fills) != 0 {
		t.Errorf("the rows hash to %s, the run to %s; %d fills are left", got, res.Hash, len(fills))
	}
}
