package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// admit says what Binance would have against a new order. It also resolves its price
// match.
func (v *Venue) admit(o *order) cause {
	for _, check := range [...]func(*Venue, *order) cause{
		(*Venue).admitAccount, (*Venue).admitKind, (*Venue).admitFields, (*Venue).admitName, (*Venue).matchPrice,
		(*Venue).admitLegs, (*Venue).admitNumbers, (*Venue).admitTrigger, (*Venue).admitMaker, (*Venue).admitCount,
	} {
		if why := check(v, o); why != (cause{}) {
			return why
		}
	}
	switch {
	case !o.Request.Type.Conditional():
		return v.admitMoney(o)
	case o.market.in.Product == exchange.Margin:
		return v.admitMoney(v.atTrigger(o))
	default:
		return cause{} // neither margin nor position is asked for before the trigger
	}
}

// atTrigger is a conditional margin order as the limit order that its trigger makes, with
// the price that it locks its balance at. The spot engine locks it at once.
func (v *Venue) atTrigger(o *order) *order {
	limit := *o
	if limit.Request.Type.Market() {
		limit.Request.Price = v.slipped(o.market, o.Request.Side, o.Request.Trigger)
	}
	limit.Request.Type = exchange.Limit
	return &limit
}

// admitAgain says what Binance would have against the order that a trigger or an amend makes.
func (v *Venue) admitAgain(o *order) cause {
	if why := v.admitAccount(o); why != (cause{}) {
		return why
	}
	return v.admitMoney(o)
}

// admitAmend says what Binance would have against changing o to changed.
func (v *Venue) admitAmend(o, changed *order) cause {
	r := &changed.Request
	if why := v.matchPrice(changed); why != (cause{}) {
		return why
	}
	switch {
	case r.Type != exchange.Limit || o.market.in.Product == exchange.Margin:
		return errLimitOnly
	case r.Price == o.Request.Price && r.Qty == o.Request.Qty:
		return errSame
	}
	switch why := v.admitNumbers(changed); {
	case why == errNotional:
		return errAmendNotional
	case why != (cause{}) || changed.Remaining() == 0:
		return why
	}
	return v.admitAgain(changed)
}

// admitMoney checks that the account can carry the order: a reduce-only order has a
// position to reduce, a margin order what it pays with, any other the initial margin.
func (v *Venue) admitMoney(o *order) cause {
	if o.market.in.Product == exchange.Margin {
		if why := v.admitBalance(o); why != (cause{}) {
			return why
		}
	}
	if o.reduces() {
		held := o.held()
		if held == 0 || o.Request.PositionSide != exchange.Both && o.Remaining() > held {
			return errReduceOnly
		}
		return cause{}
	}
	return v.admitMargin(o)
}

// admitBalance checks that the margin wallet holds what a margin order pays with, beside
// what other open orders will pay, or that what is missing could be borrowed.
func (v *Venue) admitBalance(o *order) cause {
	out, need := o.cost(v)
	if o.borrows() {
		return v.lent(o, out, need)
	}
	if v.freeBeside(o, out).LessThan(need) {
		return errBalance
	}
	return cause{}
}

// free is what the margin wallet holds of an asset beside what open orders lock of it.
func (v *Venue) free(asset string) decimal.Decimal { return v.freeBeside(nil, asset) }

// freeBeside is free for an order, whose own lock does not count.
func (v *Venue) freeBeside(o *order, asset string) decimal.Decimal {
	free := v.wallets.balance(asset, exchange.WalletMargin)
	for i := range v.markets {
		for _, other := range v.markets[i].orders {
			if other.market.in.Product != exchange.Margin || o != nil && other.ClientID == o.ClientID {
				continue
			}
			if out, locked := other.locks(v); out == asset {
				free = free.Sub(locked)
			}
		}
	}
	return free
}

// locks is the asset and amount that an open margin order holds back: what it may have to
// pay. The legs of an OCO lock one amount together, that of the dearer leg.
func (o *order) locks(v *Venue) (asset string, amount decimal.Decimal) {
	switch {
	case !o.paired():
		return o.cost(v)
	case o == o.parent.pair.limit:
		return o.parent.cost(v)
	default:
		return "", decimal.Zero
	}
}

// cost is the asset and amount that the open part of a margin order pays: at its limit,
// and without one at the trigger or the last price, with slippage.
func (o *order) cost(v *Venue) (asset string, amount decimal.Decimal) {
	r := &o.Request
	price := r.Price
	switch r.Type {
	case exchange.OCO:
		pair := o.split()
		asset, amount = pair.limit.cost(v)
		_, other := pair.stop.cost(v)
		return asset, decimal.Max(amount, other)
	case exchange.Market:
		if r.QuoteQty != 0 && r.Side == exchange.Buy {
			return o.market.in.Quote, r.QuoteQty.Decimal()
		}
		price = v.slipped(o.market, r.Side, o.market.best(r.Side))
	case exchange.StopMarket, exchange.TakeProfitMarket:
		price = v.slipped(o.market, r.Side, r.Trigger)
	}
	qty := o.Remaining()
	if r.QuoteQty != 0 {
		qty = o.market.quoteQty(r.QuoteQty, price)
	}
	asset, _, amount, _ = o.market.flows(r.Side, execution{price: price, qty: qty})
	return asset, amount
}
