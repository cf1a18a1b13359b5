package exec

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// ChaseTimer is the timer that [Chase.Step] sets: the strategy steps again when it rings.
const ChaseTimer = TWAPTimer + 1

// Chase gets a position to a quantity by one post-only order that follows the best price of
// its own side, amended and not cancelled, so that no fill is lost between two orders. When
// patience ends it takes what is left. All market and limit orders of the strategy on the
// instrument are taken for its own; native stops are left alone.
//
// How far it has come is read from the view. A restart begins patience anew, and finds its
// order.
type Chase struct {
	// Patience is for how long it rests before it takes; 0 is for ever.
	Patience time.Duration
	// Distance is how far it follows the price from where it began, as a ratio, resting or
	// taking; with 0 it follows everywhere and takes at the market.
	Distance exchange.Fixed
	// Amends is how often the order is moved, and Pause the least time between two moves.
	Amends int
	Pause  time.Duration

	want   exchange.Fixed
	side   exchange.Side
	since  exchange.Time
	from   exchange.Fixed // the best price at the beginning; 0 is no chase
	amends int
	asked  exchange.Time
	noes   Backoff
}

// Step takes the next step on the way to holding want, and says whether nothing is left that
// an order can do. It is called when best prices come, which the strategy must watch, when
// the timer rings and, by [Soon], behind fills.
func (c *Chase) Step(env *strategy.Env, in *exchange.Instrument, want exchange.Fixed) (done bool) {
	held := env.Held(in)
	left := strategy.Lots(in, exchange.Limit, want-held)
	c.begin(env, in, want, left)
	if o, ok := c.order(env, in); ok {
		c.follow(env, in, &o, left)
		return false
	}
	order, price := Trade(in, left), c.price(env, in)
	if reduces(in, held, left) {
		order = order.ReduceOnly()
	} else if price != 0 && in.Notional(left, price).LessThan(in.NotionalMin.Decimal()) {
		left = 0
	}
	switch {
	case left == 0:
		c.from = 0
		return true
	case price == 0 || !c.noes.Ready(env.Now()) || !may(env, in, held, left):
		return false
	case !c.over(env):
		order = order.Limit(price).PostOnly()
	case c.Distance > 0:
		order = order.Limit(c.bound(in)).IOC()
	}
	c.noes.Least = max(time.Second, c.Pause)
	c.asked = env.Now()
	env.Send(order.Tag("chase"))
	return false
}

// begin starts another chase when something else is wanted than before.
func (c *Chase) begin(env *strategy.Env, in *exchange.Instrument, want, left exchange.Fixed) {
	book, side := env.Quote(in), exchange.Buy
	if left < 0 {
		side = exchange.Sell
	}
	if book.Bid == 0 || book.Ask == 0 || left == 0 || c.from != 0 && c.want == want && c.side == side {
		return
	}
	c.want, c.side, c.since, c.amends, c.from = want, side, env.Now(), 0, book.Bid
	if side == exchange.Sell {
		c.from = book.Ask
	}
	if c.Patience > 0 {
		env.After(c.Patience, ChaseTimer)
	}
}

// over says whether patience has ended.
func (c *Chase) over(env *strategy.Env) bool {
	return c.Patience > 0 && c.from != 0 && env.Now() >= c.since.Add(c.Patience)
}

// order is the own order that is at work.
func (c *Chase) order(env *strategy.Env, in *exchange.Instrument) (exchange.Order, bool) {
	for _, o := range env.Orders() {
		if o.Request.Inst == in.ID && plain(&o) {
			return o, true
		}
	}
	return exchange.Order{}, false
}

// follow moves an order to where it should be, or takes it back.
func (c *Chase) follow(env *strategy.Env, in *exchange.Instrument, o *exchange.Order, left exchange.Fixed) {
	if o.Request.Type != exchange.Limit || o.Status != exchange.StatusWorking && o.Status != exchange.StatusPartiallyFilled {
		return // it is on its way
	}
	side, price := exchange.Fixed(o.Request.Side.Sign()), c.price(env, in)
	if left == 0 || (left > 0) != (side > 0) || c.over(env) || o.Request.ReduceOnly && !reduces(in, env.Held(in), left) {
		env.Cancel(o.Ref)
		return
	}
	more := left.Abs() - o.Remaining()
	moved := price != 0 && price != o.Request.Price
	if more == 0 && !moved || c.amends >= c.Amends && more >= 0 || env.Now().Sub(c.asked) < c.Pause || env.State(in) == exchange.Halted {
		return
	}
	if price == 0 {
		price = o.Request.Price
	}
	c.amends, c.asked = c.amends+1, env.Now()
	env.Amend(o.Ref, price, o.Request.Qty+more)
}

// price is the best one of the own side, no further than distance, and 0 while none is known.
func (c *Chase) price(env *strategy.Env, in *exchange.Instrument) exchange.Fixed {
	book := env.Quote(in)
	switch {
	case c.from == 0 || book.Bid == 0 || book.Ask == 0:
		return 0
	case c.side == exchange.Buy && c.Distance > 0:
		return min(book.Bid, c.bound(in))
	case c.side == exchange.Buy:
		return book.Bid
	case c.Distance > 0:
		return max(book.Ask, c.bound(in))
	}
	return book.Ask
}

// bound is the worst price.
func (c *Chase) bound(in *exchange.Instrument) exchange.Fixed {
	off, round := c.Distance.Decimal(), exchange.RoundFloor
	if c.side == exchange.Sell {
		off, round = off.Neg(), exchange.RoundCeil
	}
	at, err := exchange.FixedFromDecimal(c.from.Decimal().Mul(decimal.New(1, 0).Add(off)), round)
	if err != nil {
		return c.from // out of range
	}
	return max(at.Round(in.Tick, round), in.Tick)
}

// No notes that an order was refused, rejected or expired: the next one waits. The strategy
// calls it from OnRefusal and OnOrder.
func (c *Chase) No(env *strategy.Env) {
	c.noes.No(env.Now())
	env.At(c.noes.until, ChaseTimer)
}

// Yes notes a fill.
func (c *Chase) Yes() { c.noes.Yes() }
