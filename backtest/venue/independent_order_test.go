package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// orderBook is what the independent account knows of orders: what was asked for, and what
// works now on margin pairs, whose orders lock money and lose by being open.
type orderBook struct {
	// asked are the requests by client id, those of children and legs included, and of are
	// the orders that these come from. ids are the client ids by our number.
	asked map[string]exchange.OrderRequest
	of    map[string]string
	ids   map[exchange.OrderID]string
	// told are those of which there has been news, and open what works.
	told map[string]bool
	open map[string]working
	// estimates are what the exchange takes waiting market orders to cost, before a call.
	estimates map[string]decimal.Decimal
}

// working is an open order on a margin pair.
type working struct {
	request     exchange.OrderRequest
	left, price decimal.Decimal
}

func newOrderBook() orderBook {
	return orderBook{
		asked: map[string]exchange.OrderRequest{}, of: map[string]string{}, ids: map[exchange.OrderID]string{},
		told: map[string]bool{}, open: map[string]working{},
	}
}

func (k *orderBook) sent(o exchange.Order) {
	k.asked[o.ClientID], k.ids[o.ID] = o.Request, o.ClientID
}

// root is the client id of the order that was sent.
func (k *orderBook) root(id string) string {
	for k.of[id] != "" {
		id = k.of[id]
	}
	return id
}

// update follows which orders on margin pairs are open, and who is whose child.
func (b *independent) update(inst exchange.InstrumentID, u *exchange.OrderUpdate) {
	k := &b.orders
	r, known := k.asked[u.ClientID]
	k.told[u.ClientID] = true
	if u.Child != "" {
		k.of[u.Child], k.asked[u.Child] = u.ClientID, childOf(r, u)
	}
	if !known || !b.c.Instruments.Has(inst) || b.in[inst].Product != exchange.Margin {
		return
	}
	switch {
	case r.Type == exchange.OCO: // its legs are the orders
	case u.Status == exchange.StatusWorking, u.Status == exchange.StatusPartiallyFilled:
		k.open[u.ClientID] = working{r, (u.Qty - u.Filled).Decimal(), u.Price.Decimal()}
	default:
		delete(k.open, u.ClientID)
	}
	if u.Status.Final() && k.of[u.ClientID] == "" {
		b.loanOver(u)
	}
}

// childOf is what becomes of a request: the leg of an OCO, by its name, or the order that
// a trigger makes.
func childOf(r exchange.OrderRequest, u *exchange.OrderUpdate) exchange.OrderRequest {
	limit, _ := exchange.OCOLegs(u.ClientID)
	switch {
	case r.Type == exchange.OCO && u.Child == limit:
		r.Type = exchange.Limit
	case r.Type == exchange.OCO && r.StopPrice == 0:
		r.Type, r.Price = exchange.StopMarket, 0
	case r.Type == exchange.OCO:
		r.Type, r.Price = exchange.Stop, r.StopPrice
	case r.Type.Market():
		r.Type = exchange.Market
	default:
		r.Type = exchange.Limit
	}
	return r
}

// free is what the margin wallet has of an asset beside what open orders lock, other than
// those that come from the order called self. What a waiting market order locks is an
// estimate of the exchange's: it is asked for before every call, and so is certain for what
// happens first in it, by the clock.
func (b *independent) free(asset, self string) (amount decimal.Decimal, certain bool) {
	amount, certain = b.pockets[pocket{asset, exchange.WalletMargin}], true
	pairs := map[string]decimal.Decimal{} // the two legs of an OCO lock once, the dearer
	for id, w := range b.orders.open {
		of, locks, known := b.cost(w.request, w.left)
		switch {
		case of != asset || id == self || b.orders.root(id) == b.orders.root(self):
		case !known:
			certain = false
			amount = amount.Sub(b.orders.estimates[id])
		case b.orders.asked[b.orders.of[id]].Type == exchange.OCO:
			list := b.orders.of[id]
			pairs[list] = decimal.Max(pairs[list], locks)
		default:
			amount = amount.Sub(locks)
		}
	}
	for _, locks := range pairs {
		amount = amount.Sub(locks)
	}
	return amount, certain
}

// cost is what an order on a margin pair may have to pay: at its limit, without one at its
// trigger moved by the slippage, and an OCO the more of its legs. That of a market order is
// not known.
func (b *independent) cost(r exchange.OrderRequest, left decimal.Decimal) (asset string, amount decimal.Decimal, known bool) {
	in := b.in[r.Inst]
	price := r.Price.Decimal()
	switch r.Type {
	case exchange.Market:
		return sideAsset(in, r.Side), decimal.Zero, false
	case exchange.StopMarket, exchange.TakeProfitMarket:
		price = b.slipped(in, r.Side, r.Trigger.Decimal())
	case exchange.OCO:
		if stop := r.StopPrice.Decimal(); stop.IsPositive() {
			price = decimal.Max(price, stop)
		} else {
			price = decimal.Max(price, b.slipped(in, r.Side, r.Trigger.Decimal()))
		}
	}
	if r.Side == exchange.Sell {
		return in.Base, left, true
	}
	return in.Quote, cents(left.Mul(price)), true
}

// sideAsset is what an order of that side pays with.
func sideAsset(in *exchange.Instrument, s exchange.Side) string {
	if s == exchange.Sell {
		return in.Base
	}
	return in.Quote
}

// slipped is a price moved against a taker by the slippage, to the tick on the bad side.
// The slippage of the price is rounded up to the eighth decimal.
func (b *independent) slipped(in *exchange.Instrument, s exchange.Side, price decimal.Decimal) decimal.Decimal {
	move, tick := price.Mul(b.c.Slippage.Decimal()).RoundCeil(8), in.Tick.Decimal()
	if s == exchange.Buy {
		return over(price.Add(move), tick).Ceil().Mul(tick)
	}
	return decimal.Max(over(price.Sub(move), tick).Floor().Mul(tick), tick)
}
