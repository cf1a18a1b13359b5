package main

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// churner is a strategy that does everything that orders can do, at random and without end:
// the tests that kill a bot need something to be under way whenever they do. It trades with
// itself, too. It is a plugin program of its own.
type churner struct {
	p struct {
		UM    strategy.Symbol `default:"UM:BTCUSDT" help:"a perpetual"`
		CM    strategy.Symbol `default:"CM:BTCUSD_PERP" help:"another"`
		Spot  strategy.Symbol `default:"MARGIN:BTCUSDT" help:"a margin pair"`
		Pause time.Duration   `default:"60ms" min:"1ms" help:"between two acts"`
		Most  int             `default:"8" min:"1" help:"open orders, then some are ended"`
		Seed  int             `default:"1" min:"0" help:"of its dice, with the time of its start"`
	}
	ins []*exchange.Instrument
	rng *rand.Rand
}

func serveChurner() { sdk.Serve(func() strategy.Strategy { return &churner{} }) }

func (c *churner) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "churner", Version: "0.1.0", Summary: "does everything at random", Borrow: true, Stateless: true}
}

func (c *churner) Params() any { return &c.p }

func (c *churner) Start(env *strategy.Env) error {
	for _, s := range []strategy.Symbol{c.p.UM, c.p.CM, c.p.Spot} {
		in, err := env.Instrument(s)
		if err != nil {
			return err
		}
		c.ins = append(c.ins, in)
		env.BookTickers(in)
	}
	env.After(time.Millisecond, 1)
	return nil
}

// OnTimer does the next thing. Its clock is the seed, so that no two lives are the same.
func (c *churner) OnTimer(env *strategy.Env, _ uint64) {
	if c.rng == nil {
		c.rng = rand.New(rand.NewPCG(uint64(env.Now()), uint64(c.p.Seed)))
	}
	env.After(c.p.Pause/2+time.Duration(c.rng.Int64N(int64(c.p.Pause))), 1)
	in := c.ins[c.rng.IntN(len(c.ins))]
	book := env.Quote(in)
	if book.Bid == 0 || book.Ask == 0 || env.State(in) != exchange.Active {
		return
	}
	if open := certain(env.Orders()); len(open) >= c.p.Most {
		env.Cancel(open[c.rng.IntN(len(open))].Ref)
		return
	}
	c.act(env, in, book)
}

// lots is what one order of an instrument has.
func (c *churner) lots(in *exchange.Instrument) exchange.Fixed {
	if in.Inverse() {
		return 2 * exchange.FixedOne
	}
	return exchange.MustFixed("0.004")
}

// act sends an order, or changes or ends one.
func (c *churner) act(env *strategy.Env, in *exchange.Instrument, book exchange.BookTicker) {
	qty := c.lots(in)
	order, price, cross := strategy.Buy(in, qty), book.Bid, book.Ask+50*in.Tick
	away := exchange.Fixed(1)
	if held := env.Held(in); held > 4*qty || held > -4*qty && c.rng.IntN(2) == 0 {
		order, price, cross, away = strategy.Sell(in, qty), book.Ask, book.Bid-50*in.Tick, -1
	}
	far := (book.Mid()/200).Round(in.Tick, exchange.RoundDown) * away
	switch r := c.rng.IntN(100); {
	case r < 25:
		env.Send(order.Limit(price - exchange.Fixed(c.rng.IntN(40))*in.Tick*away).PostOnly().Tag("rest"))
	case r < 45:
		if better := price + in.Tick*away; better > book.Bid && better < book.Ask { // first in line, for ourselves to meet
			price = better
		}
		env.Send(order.Limit(price).Tag("touch"))
	case r < 57:
		env.Send(order.Limit(cross).IOC().Tag("take"))
	case r < 65:
		env.Send(order.Market().Tag("market"))
	case r < 75:
		c.amend(env, in, price-20*in.Tick*away)
	case r < 85:
		if open := env.Orders(); len(open) > 0 {
			env.Cancel(open[c.rng.IntN(len(open))].Ref)
		}
	case r < 92:
		env.Send(order.Stop(price + far).Tag("stop"))
	case r < 96:
		env.Send(order.TakeProfitLimit(price-far, price-far).Tag("profit"))
	case in.Product == exchange.Margin && away < 0:
		env.Send(order.OCO(price-2*far, price+2*far, 0).Tag("oco"))
	case in.Product == exchange.Margin:
		env.Send(order.Limit(cross).IOC().Borrow().Tag("borrow"))
	default:
		env.CancelAll(in)
	}
}

// certain are the orders of which it is known how they stand.
func certain(orders []exchange.Order) []exchange.Order {
	return slices.DeleteFunc(slices.Clone(orders), func(o exchange.Order) bool { return o.Status == exchange.StatusUnknown })
}

// amend moves a resting order, where that can be.
func (c *churner) amend(env *strategy.Env, in *exchange.Instrument, price exchange.Fixed) {
	for _, o := range env.Orders() {
		if o.Request.Inst == in.ID && o.Request.Type == exchange.Limit && o.Status == exchange.StatusWorking && in.Product != exchange.Margin {
			env.Amend(o.Ref, price, o.Request.Qty)
			return
		}
	}
}
