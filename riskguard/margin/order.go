package margin

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// order is what the model needs of an open order.
type order struct {
	id  exchange.OrderID
	buy bool
	// reduce: it cannot carry the position through zero. all: it closes whatever is there.
	reduce, all bool
	// conditional: Binance asks no initial margin for it until it triggers.
	conditional bool
	// market: price is the mark and the collar. stopMarket: stop is the trigger, or
	// without one the mark, and the collar.
	market, stopMarket, oco bool
	// borrow and repay are the side effects of a margin order.
	borrow, repay bool
	qty           exchange.Fixed
	quoteQty      exchange.Fixed
	price, stop   exchange.Fixed
	trigger       exchange.Fixed // of an OCO's stop leg
	// slip is the collar's factor on the mark for this side.
	slip exchange.Fixed
}

// collar sets the prices that follow the mark.
func (o *order) collar(mark exchange.Fixed) {
	at := scaled(mark, o.slip)
	if o.market {
		o.price = at
	}
	if o.stopMarket {
		o.stop = at
		if o.trigger != 0 {
			o.stop = scaled(o.trigger, o.slip)
		}
	}
	if o.quoteQty != 0 && at != 0 {
		n, ok := wideInt(int64(o.quoteQty)).up().over(wideInt(int64(at))).small()
		if !ok {
			n = int64(exchange.FixedMax)
		}
		o.qty = exchange.Fixed(n)
	}
}

// read turns an order into the model's form and finds its book.
func (p *Portfolio) read(in *exchange.Order) (order, *book, error) {
	r := &in.Request
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: order %d: %s", ErrInput, in.ID, fmt.Sprintf(format, args...))
	}
	s, err := p.slot(r.Inst)
	if err != nil {
		return order{}, nil, err
	}
	o := order{
		id: in.ID, buy: r.Side == exchange.Buy, qty: in.Remaining(), price: r.Price,
		conditional: r.Type.Conditional(), market: r.Type.Market(),
		oco: r.Type == exchange.OCO, stop: r.StopPrice, trigger: r.Trigger,
		reduce: r.ReduceOnly || r.ClosePosition, all: r.ClosePosition && r.Qty == 0,
		borrow: r.SideEffect == exchange.MarginBuy || r.SideEffect == exchange.AutoBorrowRepay,
		repay:  r.SideEffect == exchange.AutoRepay || r.SideEffect == exchange.AutoBorrowRepay,
		slip:   exchange.FixedOne + p.tables.Collar,
	}
	o.stopMarket = o.oco && o.stop == 0
	if !o.buy {
		o.slip = exchange.FixedOne - p.tables.Collar
	}
	switch {
	case r.Side != exchange.Buy && r.Side != exchange.Sell:
		return order{}, nil, bad("side %v", r.Side)
	case r.PriceMatch != exchange.PriceMatchNone:
		o.market = true // the price is the book's own
	case !o.market && r.Price <= 0:
		return order{}, nil, bad("limit price %v is not positive", r.Price)
	}
	if r.Qty < 0 || in.Filled < 0 || r.QuoteQty < 0 || o.stop < 0 || o.trigger < 0 {
		return order{}, nil, bad("a quantity or price is negative")
	}
	if s.pair != nil {
		o.quoteQty = r.QuoteQty
		if o.qty == 0 && o.quoteQty == 0 {
			return order{}, nil, bad("no quantity")
		}
		return o, &s.pair.book, nil
	}
	if o.qty == 0 && !o.all {
		return order{}, nil, bad("no quantity")
	}
	// In hedge mode a leg cannot change its sign.
	o.reduce = o.reduce || r.ClosesLeg()
	l, err := p.leg(s, r.PositionSide)
	if err != nil {
		return order{}, nil, err
	}
	return o, &l.book, nil
}

// put adds an order to its book in the place of one with the same id. remember is false
// while orders are only tried.
func (p *Portfolio) put(in *exchange.Order, remember bool) (*book, error) {
	o, b, err := p.read(in)
	if err != nil {
		return nil, err
	}
	p.drop(in.ID, remember)
	p.keepBook(b)
	b.orders = append(b.orders, o)
	if remember && in.ID != 0 {
		p.where[in.ID] = b
	}
	p.touchBook(b)
	return b, nil
}

// drop takes an order out of its book, if it is in one.
func (p *Portfolio) drop(id exchange.OrderID, remember bool) {
	b, ok := p.where[id]
	if !ok {
		return
	}
	if i := slices.IndexFunc(b.orders, func(o order) bool { return o.id == id }); i >= 0 {
		p.keepBook(b)
		b.orders = slices.Delete(b.orders, i, i+1)
		p.touchBook(b)
	}
	if remember {
		delete(p.where, id)
	}
}
