package venue

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// ownTerms gives the independent account copies of what can change.
func (b *independent) ownTerms() {
	tables := *b.c.Tables
	tables.Collateral = maps.Clone(tables.Collateral)
	b.c.Tables = &tables
	b.interest = maps.Clone(tables.Interest)
	b.brackets = map[exchange.InstrumentID][]margin.Bracket{}
	for _, in := range b.c.Instruments.All() {
		b.in[in.ID] = &in
		switch in.Product {
		case exchange.UM:
			b.brackets[in.ID] = slices.Clone(tables.UM[in.Pair].Tiers)
		case exchange.CM:
			b.brackets[in.ID] = slices.Clone(tables.CM[in.Pair+"_PERP"].Tiers)
		}
	}
}

// act takes note of what was done beside orders, if the exchange did not refuse it.
func (b *independent) act(o *op, err error) {
	if err != nil {
		return
	}
	switch a := o.act.(type) {
	case moneyAct:
		b.money(a)
	case rateAct:
		b.interest[a.asset] = a.hourly
	case feesAct:
		switch a.product {
		case exchange.UM:
			b.c.UM = a.fees
		case exchange.CM:
			b.c.CM = a.fees
		default:
			b.c.Margin = a.fees
		}
	case collateralAct:
		b.c.Tables.Collateral[a.asset] = a.schedule
	case bracketsAct:
		b.scaleBrackets(a)
	case filterAct:
		a.change(b.in[a.inst])
	}
}

// money moves what a transfer, a deposit or a withdrawal moves. A loan, and a repayment,
// must show in the loan history.
func (b *independent) money(a moneyAct) {
	switch a.kind {
	case "deposit":
		b.move(a.asset, exchange.WalletMargin, a.amount, poolOutside)
	case "withdraw":
		b.move(a.asset, exchange.WalletMargin, a.amount.Neg(), poolOutside)
	case "transfer":
		b.shift(a.asset, a.from, a.to, a.amount)
	case "borrow":
		b.loans.missing = &record{pocket{a.asset, exchange.WalletLoan}, a.amount}
	case "repay":
		b.mustRepay(a.asset, a.amount)
	}
}

// scaleBrackets moves the edges of brackets, and with them what is cumulated.
func (b *independent) scaleBrackets(a bracketsAct) {
	if a.tiers != nil {
		b.brackets[a.inst] = a.tiers
		return
	}
	times := func(n exchange.Fixed) exchange.Fixed {
		f, err := exchange.FixedFromDecimal(n.Decimal().Mul(a.factor.Decimal()), exchange.RoundHalfUp)
		if err != nil {
			b.t.Fatal(err)
		}
		return f
	}
	list := slices.Clone(b.brackets[a.inst])
	for i := range list {
		list[i].Floor, list[i].Cap, list[i].Cum = times(list[i].Floor), times(list[i].Cap), times(list[i].Cum)
	}
	b.brackets[a.inst] = list
}

// delivered checks the settlement price of a delivery: the mean of the index over the last
// half hour, a sample for every second, rounded to the eighth decimal.
func (b *independent) delivered(in *exchange.Instrument, f *exchange.Fill) {
	if f.Forced != exchange.ForcedDelivery || in.Delivery == 0 || b.now < in.Delivery {
		return
	}
	sum, count := decimal.Zero, int64(0)
	told := b.indexTold[in.ID]
	for second := in.Delivery.Add(-30 * 60e9); second < in.Delivery; second = second.Add(1e9) {
		for len(told) > 1 && told[1].at <= second {
			told = told[1:]
		}
		sum, count = sum.Add(told[0].price), count+1
	}
	if want := sum.DivRound(decimal.NewFromInt(count), 8); !want.Equal(f.Price.Decimal()) {
		b.t.Fatalf("-seed=%d: %s is delivered at %v, want %v", b.seed, in.Name(), f.Price, want)
	}
	b.deliveries++
}

// toldIndex is an index price and when it was told.
type toldIndex struct {
	at    exchange.Time
	price decimal.Decimal
}
