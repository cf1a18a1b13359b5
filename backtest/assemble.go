package backtest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// result puts together what was recorded. end is the last instant of the data.
func (r *recorder) result(end exchange.Time) *Result {
	r.priceStart() // if it has waited in vain
	res := &Result{
		Schema: ResultSchema, Fills: r.fills, Ledger: r.bookings.rows, Refusals: r.refusals, Equity: r.samples, Settlements: r.settled, Assets: r.assets,
		Margin: r.margin.MarginSummary, Orders: r.orders, Balances: r.balances.lines, Hash: r.hash.hex(), Warnings: r.warnings,
	}
	for _, m := range []*StressMoment{r.lowest, r.last} {
		if m != nil {
			res.Stress = append(res.Stress, *m)
		}
	}
	if len(r.samples) > 0 {
		res.From, res.To = r.samples[0].At, r.samples[len(r.samples)-1].At
	}
	res.States = r.states.result(res.To)
	for _, rule := range slices.Sorted(maps.Keys(r.rules)) {
		res.Orders.ByRule = append(res.Orders.ByRule, RuleCount{rule, r.rules[rule]})
	}
	slices.SortStableFunc(res.Orders.ByRule, func(a, b RuleCount) int { return b.Count - a.Count })
	for _, code := range slices.Sorted(maps.Keys(r.reasons)) {
		res.Orders.ByReason = append(res.Orders.ByReason, *r.reasons[code])
	}
	slices.SortStableFunc(res.Orders.ByReason, func(a, b ReasonCount) int { return b.Count - a.Count })
	res.Orders.MakerPct = "-"
	if r.orders.Fills > 0 {
		share := decimal.NewFromInt(int64(r.makers)).Shift(2).DivRound(decimal.NewFromInt(int64(r.orders.Fills)), 1)
		res.Orders.MakerPct = share.StringFixed(1)
	}
	r.lines(res)
	res.Making = r.making.result(r.ins, r.labels, r.queue)
	res.Trades = r.attribution.roundTrips(res.To)
	r.alarms(res)
	r.unpriced.warn(res)
	for id := 1; id <= r.ins.Len(); id++ {
		in := r.ins.At(exchange.InstrumentID(id))
		res.Legs = append(res.Legs, Leg{in.ID, in.Product, in.Symbol, in.Base})
		res.Prices = append(res.Prices, PriceSeries{Product: in.Product, Symbol: in.Symbol, Points: r.prices[id].points})
		r.fundingOf(res, in, end)
		r.openOf(res, in)
	}
	return res
}

// alarms warns of what a reader of the tables must not overlook.
func (r *recorder) alarms(res *Result) {
	if list := r.margin.liquidated; len(list) > 0 {
		text := fmt.Sprintf("the account was liquidated at %v", list[0])
		if len(list) > 1 {
			text = fmt.Sprintf("the account was liquidated %d times, first at %v", len(list), list[0])
		}
		res.Warnings = append(res.Warnings, Warning{"liquidated", text})
	}
	if owed := r.attribution.takenOver; owed.IsPositive() {
		res.Warnings = append(res.Warnings, Warning{"bankrupt", "the insurance fund took over debts of " + owed.Round(2).String() + " USD, which the tables count as gains by price: the account lost more than it had"})
	}
	if r.margin.EquityMin.IsNegative() {
		res.Warnings = append(res.Warnings, Warning{"bankrupt", "equity fell below zero, to " + r.margin.EquityMin.Round(2).String() + " USD"})
	}
}

func (r *recorder) fundingOf(res *Result, in *exchange.Instrument, end exchange.Time) {
	f := &r.fundings[in.ID]
	if f.Held+f.Passed == 0 {
		return
	}
	f.end(end)
	f.Product, f.Symbol = in.Product, in.Symbol
	res.Funding = append(res.Funding, f.FundingCount)
	for _, at := range f.Missing {
		res.Warnings = append(res.Warnings, Warning{"missing", fmt.Sprintf("funding of %s: no settlement at %v", in.Name(), at)})
	}
}

func (r *recorder) openOf(res *Result, in *exchange.Instrument) {
	if in.Product == exchange.Margin {
		return
	}
	held, mark := &r.attribution.net[in.ID], r.attribution.marks[in.ID]
	for side := range held {
		p := &held[side]
		if p.Qty.IsZero() {
			continue
		}
		res.Open = append(res.Open, OpenPosition{
			Product: in.Product, Symbol: in.Symbol, Side: p.Side, Qty: p.Qty, Entry: p.Entry, Mark: mark, Asset: in.MarginAsset,
			Unrealized: in.PnL(p.Qty, p.Entry, mark.Decimal()).Round(exchange.FixedPlaces),
		})
	}
}
