// Package mm is a bundled strategy: a minimal market maker. It keeps one post-only order on
// each side of one contract, leans them against what it holds, and moves them when the
// market has moved.
//
// It promises never to hold more than its bound, all its orders filled, never to have two
// orders on one side, to take its orders back when best prices do not come any more, and to send at most one request a side and pause. It keeps no memory:
// whatever it needs to know stands in the view. README.md says what it is good for. Start
// reading at [Maker.OnBookTicker].
package mm

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"the contract to make a market in"`
	Qty    exchange.Fixed  `default:"0.002" min:"0" unit:"coins or contracts" help:"quantity of each order"`
	MaxQty exchange.Fixed  `default:"0.01" min:"0" unit:"coins or contracts" help:"the most to hold either way"`
	Half   int             `default:"5" min:"1" max:"100000" unit:"ticks" help:"distance of each order from the middle of the market"`
	Lean   int             `default:"5" min:"0" max:"100000" unit:"ticks" help:"how far both orders move against a position of max_qty"`
	Move   int             `default:"3" min:"1" max:"100000" unit:"ticks" help:"how far an order may be off before it is moved"`
	Pause  time.Duration   `default:"1s" min:"100ms" max:"1m" help:"least time between two requests of one side"`
	Stale  time.Duration   `default:"10s" min:"1s" max:"1h" help:"both orders are taken back when no best price has come for so long; safe at a few times what the contract is usually silent"`
}

// Maker is the strategy.
type Maker struct {
	p     Params
	in    *exchange.Instrument
	sides [2]side
	// seen is when a best price came last, or when it was first asked for.
	seen exchange.Time
}

// side is one side of the quotes.
type side struct {
	is exchange.Side
	// asked is when the last request was made.
	asked exchange.Time
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Maker{} }

// Manifest says what the strategy is and trades.
func (m *Maker) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "mm", Version: "1.0.0",
		Summary:    "quotes both sides of one contract and leans against what it holds",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Limit},
		Stateless:  true,
	}
}

// Params returns the parameters to be filled in.
func (m *Maker) Params() any { return &m.p }

// Start looks the contract up and subscribes to its best prices.
func (m *Maker) Start(env *strategy.Env) error {
	in, err := env.Instrument(m.p.Symbol)
	if err != nil {
		return err
	}
	if in.Product == exchange.Margin {
		return fmt.Errorf("%s is a margin pair; mm quotes futures", in.Name())
	}
	if strategy.Lots(in, exchange.Limit, m.p.Qty) == 0 {
		return fmt.Errorf("qty %v is below the smallest order of %s, %v", m.p.Qty, in.Name(), in.Lot.Min)
	}
	m.in, m.sides = in, [2]side{{is: exchange.Buy}, {is: exchange.Sell}}
	env.BookTickers(in)
	env.After(m.p.Stale, 1) // at once, for there is no clock yet
	return nil
}

// OnBookTicker renews the quotes when best prices come.
func (m *Maker) OnBookTicker(env *strategy.Env, _ *exchange.Instrument, _ exchange.BookTicker) {
	m.seen = env.Now()
	m.quote(env)
}

// OnTimer takes the quotes back when no best price has come for too long: others trade on
// what this program does not see.
func (m *Maker) OnTimer(env *strategy.Env, _ uint64) {
	if m.seen == 0 {
		m.seen = env.Now()
	}
	due := m.seen.Add(m.p.Stale)
	if env.Now() < due {
		env.At(due, 1)
		return
	}
	for _, o := range env.Orders() {
		if o.Request.Inst == m.in.ID && answered(o.Status) {
			env.Cancel(o.Ref)
		}
	}
	env.After(m.p.Stale, 1)
}

// OnFill quotes again at once: what is held has changed.
func (m *Maker) OnFill(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Fill) {
	if env.Now() < m.seen.Add(m.p.Stale) {
		m.quote(env)
	}
}

// quote brings both sides to where they should be.
func (m *Maker) quote(env *strategy.Env) {
	book := env.Quote(m.in)
	mid := book.Mid()
	if mid == 0 || env.State(m.in) != exchange.Active {
		return
	}
	held := env.Held(m.in)
	mid -= m.lean(held)
	half := m.in.Tick * exchange.Fixed(m.p.Half)
	for i := range m.sides {
		s := &m.sides[i]
		price, room := (mid-half).Round(m.in.Tick, exchange.RoundDown), m.p.MaxQty-held
		if s.is == exchange.Sell {
			price, room = (mid+half).Round(m.in.Tick, exchange.RoundCeil), m.p.MaxQty+held
		}
		m.side(env, s, outside(s.is, price, book, m.in.Tick), min(m.p.Qty, room))
	}
}

// lean is how far the quotes move against what is held: the whole of it at the bound.
func (m *Maker) lean(held exchange.Fixed) exchange.Fixed {
	if m.p.MaxQty == 0 {
		return 0
	}
	part := float64(held) / float64(m.p.MaxQty)
	ticks := exchange.Fixed(float64(float64(m.p.Lean) * part))
	return ticks * m.in.Tick
}

// outside keeps a quote from meeting the other side, where a post-only order would expire.
func outside(s exchange.Side, price exchange.Fixed, book exchange.BookTicker, tick exchange.Fixed) exchange.Fixed {
	if s == exchange.Buy {
		return max(min(price, book.Ask-tick), tick)
	}
	return max(price, book.Bid+tick)
}

// side sends, moves or takes back the order of one side.
func (m *Maker) side(env *strategy.Env, s *side, price, qty exchange.Fixed) {
	if s.asked != 0 && env.Now().Sub(s.asked) < m.p.Pause {
		return
	}
	qty = strategy.Lots(m.in, exchange.Limit, max(qty, 0))
	o, works := m.working(env, s.is)
	switch {
	case !works && qty > 0:
		order := strategy.Buy(m.in, qty)
		if s.is == exchange.Sell {
			order = strategy.Sell(m.in, qty)
		}
		env.Send(order.Limit(price).PostOnly().Tag("quote"))
	case works && qty == 0:
		env.Cancel(o.Ref)
	case works && answered(o.Status) && m.off(o.Request.Price, price):
		env.Amend(o.Ref, price, o.Request.Qty)
	default:
		return
	}
	s.asked = env.Now()
}

// off says whether a price is too far from where it should be.
func (m *Maker) off(is, should exchange.Fixed) bool {
	return max(is-should, should-is) >= m.in.Tick*exchange.Fixed(m.p.Move)
}

// working is the own order on a side, if there is one.
func (m *Maker) working(env *strategy.Env, s exchange.Side) (exchange.Order, bool) {
	for _, o := range env.Orders() {
		if o.Request.Inst == m.in.ID && o.Request.Side == s {
			return o, true
		}
	}
	return exchange.Order{}, false
}

// answered says whether an order can be moved: nothing is on its way.
func answered(s exchange.OrderStatus) bool {
	return s == exchange.StatusWorking || s == exchange.StatusPartiallyFilled
}
