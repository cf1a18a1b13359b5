package venue

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// conditionalMax is how many conditional futures orders an account may have open.
	conditionalMax = 200
	// clientIDMax is the length of the longest client id.
	clientIDMax = 36
	// goodTillMin is how far ahead GTD orders must end.
	goodTillMin = 600 * time.Second
	// callbackMin and callbackMax bound the distance of trailing stops: 0.1% and 20%.
	callbackMin = exchange.FixedOne / 1000
	callbackMax = exchange.FixedOne / 5
)

// admit says what Binance would have against a new order. It also resolves its price
// match.
func (v *Venue) admit(o *order) cause {
	for _, check := range [...]func(*Venue, *order) cause{
		(*Venue).admitAccount, (*Venue).admitKind, (*Venue).admitName, (*Venue).matchPrice,
		(*Venue).admitNumbers, (*Venue).admitTrigger, (*Venue).admitCount,
	} {
		if why := check(v, o); why != (cause{}) {
			return why
		}
	}
	if o.Request.Type.Conditional() {
		return cause{} // neither margin nor position is asked for before the trigger
	}
	return v.admitMoney(o)
}

// admitChild says what Binance would have against the order that a trigger makes.
func (v *Venue) admitChild(o *order) cause {
	if why := v.admitAccount(o); why != (cause{}) {
		return why
	}
	return v.admitMoney(o)
}

// admitAmend says what Binance would have against changing o to changed.
func (v *Venue) admitAmend(o, changed *order) cause {
	r := &changed.Request
	switch {
	case r.Type != exchange.Limit || o.market.in.Product == exchange.Margin:
		return errLimitOnly
	case r.Price == o.Request.Price && r.Qty == o.Request.Qty:
		return errSame
	}
	if why := v.admitNumbers(changed); why != (cause{}) || changed.Remaining() == 0 {
		return why
	}
	return v.admitMoney(changed)
}

// admitKind checks what does not depend on prices: symbol, side, mode and the
// combination of fields.
func (v *Venue) admitKind(o *order) cause {
	r, in := &o.Request, o.market.in
	um, margin := in.Product == exchange.UM, in.Product == exchange.Margin
	switch {
	case in.Status != exchange.StatusTrading:
		return errSymbolStatus
	case r.Side != exchange.Buy && r.Side != exchange.Sell:
		return errSide
	case r.PositionSide != exchange.Both:
		return errPositionSide
	case r.Type < exchange.Limit || r.Type > exchange.TrailingStopMarket:
		return errOrderType
	case r.Type.Market() && r.TimeInForce != exchange.GTC:
		return errParameter // -1106: what takes any price has no time in force to apply
	case r.TimeInForce == exchange.GTD && !um:
		return errTimeInForce
	case r.TimeInForce == exchange.GTD && r.GoodTill <= v.now.Add(goodTillMin):
		return errGoodTill
	case margin && (r.ReduceOnly || r.ClosePosition), !margin && r.SideEffect != exchange.NoSideEffect:
		return errParameter
	case r.QuoteQty != 0 && (!margin || r.Type != exchange.Market || r.Qty != 0):
		return errParameter
	case r.ClosePosition && (!um || r.ReduceOnly || r.Type != exchange.StopMarket && r.Type != exchange.TakeProfitMarket):
		return errParameter
	case r.ClosePosition && r.Qty != 0:
		return errCloseQty
	case r.PriceMatch != exchange.PriceMatchNone && (!um || r.Price != 0):
		return errPriceMatch
	}
	return cause{}
}

// admitName checks the client id, which must be unique among open orders.
func (v *Venue) admitName(o *order) cause {
	switch {
	case o.ClientID == "" || len(o.ClientID) > clientIDMax:
		return errClientID
	case v.find(o.ClientID) != nil:
		return errDuplicate
	}
	return cause{}
}

// matchPrice sets the limit of an order that leaves it to the engine. The venue knows
// the best prices only, not the levels behind.
func (v *Venue) matchPrice(o *order) cause {
	q := o.market.quote
	own, other := q.Bid, q.Ask
	if o.Request.Side == exchange.Sell {
		own, other = q.Ask, q.Bid
	}
	switch o.Request.PriceMatch {
	case exchange.PriceMatchNone:
		return cause{}
	case exchange.Queue:
		o.Request.Price = own
	case exchange.Opponent:
		o.Request.Price = other
	}
	if o.Request.Price == 0 || o.Request.Type != exchange.Limit {
		return errPriceMatch
	}
	o.Request.PriceMatch = exchange.PriceMatchNone // it is a limit like any other from here on
	return cause{}
}

// admitCount checks how many orders are open.
func (v *Venue) admitCount(o *order) cause {
	in := o.market.in
	plain, conditional, all := 0, 0, 0
	for i := range v.markets {
		for _, other := range v.markets[i].orders {
			switch {
			case other.Request.Type.Conditional():
				all++
				if other.market == o.market {
					conditional++
				}
			case other.market == o.market:
				plain++
			}
		}
	}
	switch {
	case !o.Request.Type.Conditional():
		if in.OrdersMax > 0 && plain >= in.OrdersMax {
			return errOrdersMax
		}
	case all >= conditionalMax || in.AlgoOrdersMax > 0 && conditional >= in.AlgoOrdersMax:
		return errAlgoOrdersMax
	}
	return cause{}
}

// admitMoney checks that the account can carry the order: a reduce-only order has a
// position to reduce, a margin order what it pays with, any other the initial margin.
func (v *Venue) admitMoney(o *order) cause {
	if o.market.in.Product == exchange.Margin && !o.borrows() {
		if why := v.admitBalance(o); why != (cause{}) {
			return why
		}
	}
	if o.Request.ReduceOnly {
		if o.held() == 0 {
			return errReduceOnly
		}
		return cause{}
	}
	return v.admitMargin(o)
}

// admitBalance checks that the margin wallet holds what a margin order pays with, beside
// what other open orders will pay.
func (v *Venue) admitBalance(o *order) cause {
	out, need := o.cost(v)
	if v.free(o, out).LessThan(need) {
		return errBalance
	}
	return cause{}
}

// free is what the margin wallet holds of an asset beside what other open orders than o
// lock of it. Orders that may borrow lock nothing.
func (v *Venue) free(o *order, asset string) decimal.Decimal {
	free := v.wallets.balance(asset, exchange.WalletMargin)
	for i := range v.markets {
		for _, other := range v.markets[i].orders {
			if other.market.in.Product != exchange.Margin || other.ClientID == o.ClientID || other.borrows() || other.Request.Type.Conditional() {
				continue
			}
			if out, locked := other.cost(v); out == asset {
				free = free.Sub(locked)
			}
		}
	}
	return free
}

// cost is the asset and amount that the open part of a margin order pays: at its limit,
// and for a market order at the last price with slippage.
func (o *order) cost(v *Venue) (asset string, amount decimal.Decimal) {
	r := &o.Request
	price := r.Price
	if r.Type == exchange.Market {
		if r.QuoteQty != 0 && r.Side == exchange.Buy {
			return o.market.in.Quote, r.QuoteQty.Decimal()
		}
		price = v.slipped(o.market, r.Side, o.market.best(r.Side))
	}
	qty := o.Remaining()
	if r.QuoteQty != 0 {
		qty = o.market.quoteQty(r.QuoteQty, price)
	}
	asset, _, amount, _ = o.market.flows(r.Side, execution{price: price, qty: qty})
	return asset, amount
}
