package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// priceCollar: no order far on the aggressive side of what its price is held against: mark,
// last price, index, and the best price that it would meet; and no market order while mark
// and last disagree, or when the best price is far from the mark. A passive price is never
// too far: it only waits. Of index and book counts what is known: data of bars has neither.
//
// A market order is walked through the best price and no further, since decisions follow
// from what the journal keeps, and it keeps no depth. Margin pairs have no mark, so the last
// price counts twice, and their index is that of their assets. A contract with a delivery
// date has none here: its price may be apart from the index for good reasons, and so may a
// perpetual's by less, so the wider collar of limit prices holds there.
func (c *check) priceCollar() *exchange.Refusal {
	m, r := c.market, &c.order.Request
	mark := c.mark()
	if mark <= 0 || m.last <= 0 {
		return &exchange.Refusal{Value: "mark or last price of " + c.in.Name() + " is unknown", Limit: "both must be known"}
	}
	if r.Type.Conditional() {
		return nil // it is for the market at its trigger, which nobody knows yet
	}
	best, side, known := c.meets()
	if r.Type == exchange.Market {
		return c.collarMarket(mark, best, side, known)
	}
	if r.PriceMatch != exchange.PriceMatchNone {
		return nil
	}
	references := [...]struct {
		name  string
		price exchange.Fixed
	}{{"mark", mark}, {"last price", m.last}, {"index", c.index()}, {side, best}}
	for _, reference := range references {
		if reference.price == 0 {
			continue
		}
		beyond := c.beyondOf(r.Price, reference.price)
		if no := c.collar(boundCollarLimit, reading{price: r.Price, name: reference.name}, reference.price, beyond); no != nil {
			return no
		}
	}
	return c.percentPrice()
}

// collarMarket holds what a market order would pay or get against the mark and the index.
func (c *check) collarMarket(mark, best exchange.Fixed, side string, known bool) *exchange.Refusal {
	last := c.market.last
	if no := c.collar(boundCollarMarket, reading{price: last, name: "last price"}, mark, (last - mark).Abs()); no != nil {
		return no
	}
	taken := reading{price: last, name: "last price"}
	if known {
		if best == 0 {
			return &exchange.Refusal{Value: fmt.Sprintf("the book of %s has no %s", c.in.Name(), side), Limit: "somebody must be there to trade with"}
		}
		taken = reading{price: best, name: side}
		if no := c.collar(boundCollarMarket, taken, mark, c.beyondOf(best, mark)); no != nil {
			return no
		}
	}
	index := c.index()
	if index == 0 {
		return nil
	}
	taken.name = "index"
	return c.collar(boundCollarLimit, taken, index, c.beyondOf(taken.price, index))
}

// meets is the best price of the side that a taker would meet, with that side's name, and
// whether it is known; 0 if nobody is there. It is as long as it is as fresh as a last price
// must be: a book that has been silent for longer says nothing.
func (c *check) meets() (price exchange.Fixed, side string, known bool) {
	m := c.market
	known = m.bookAt != 0 && c.at.Sub(m.bookAt) <= freshFor(c.set.limits.FreshPrice, m.everyBook)
	price, side = m.ask, "ask"
	if c.order.Request.Side == exchange.Sell {
		price, side = m.bid, "bid"
	}
	if !known {
		price = 0
	}
	return price, side, known
}

// index is the instrument's index price, 0 where there is none or it is not known.
func (c *check) index() exchange.Fixed {
	switch {
	case c.in.Product == exchange.Margin:
		return c.g.model.PairPrice(c.order.Request.Inst)
	case c.in.Delivery != 0:
		return 0
	default:
		return c.market.index
	}
}

// mark is the instrument's mark price, and of a margin pair, which has none, the last.
func (c *check) mark() exchange.Fixed {
	if c.in.Product == exchange.Margin {
		return c.market.last
	}
	return c.market.mark
}

// beyondOf is how far a price is on the aggressive side of a reference: above it to buy,
// below it to sell.
func (c *check) beyondOf(price, reference exchange.Fixed) exchange.Fixed {
	if c.order.Request.Side == exchange.Sell {
		return reference - price
	}
	return price - reference
}

// collar holds a price that is so far beyond the reference against a bound. One that is
// not beyond it is on the passive side.
func (c *check) collar(id boundID, r reading, reference, beyond exchange.Fixed) *exchange.Refusal {
	if beyond < 0 {
		return nil
	}
	r.share = shareOf(int64(beyond), int64(reference))
	return c.hold(id, r)
}

// percentPrice is Binance's own collar around the mark.
func (c *check) percentPrice() *exchange.Refusal {
	price, mark, most, least := c.order.Request.Price, c.mark(), c.in.PercentUp, c.in.PercentDown
	no := func(times exchange.Fixed) *exchange.Refusal {
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", price), Limit: fmt.Sprintf("mark %v times %v", mark, times)}
	}
	one := int64(exchange.FixedOne)
	switch buys := c.order.Request.Side == exchange.Buy; {
	case buys && most > 0 && productAbove(int64(price), one, int64(mark), int64(most)):
		return no(most)
	case !buys && least > 0 && productAbove(int64(mark), int64(least), int64(price), one):
		return no(least)
	}
	return nil
}
