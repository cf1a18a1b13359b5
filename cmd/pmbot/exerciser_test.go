package main

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// exerciser is a strategy that does once what orders can do, on all products, one act after
// the other, and logs what came of each. It is the player of TestTranscript, and a plugin
// program of its own. Started again with an order open it sends one more, and ends.
type exerciser struct {
	p struct {
		UM   strategy.Symbol `default:"UM:BTCUSDT" help:"a perpetual"`
		CM   strategy.Symbol `default:"CM:BTCUSD_PERP" help:"another"`
		Spot strategy.Symbol `default:"MARGIN:BTCUSDT" help:"a margin pair"`
		Lent strategy.Symbol `default:"MARGIN:ETHUSDT" help:"a margin pair whose coin the account lacks"`
	}
	um, cm, spot, lent *exchange.Instrument

	acts []exercise
	now  int          // the act that is on
	ref  strategy.Ref // its order, 0 before it has begun
	// working says that the order has rested, and wanted is the price that an amend wants.
	working bool
	wanted  exchange.Fixed
	settled map[exchange.InstrumentID]bool
}

// exercise is one act to do: begin sends it, and it is over when its order is in the state until,
// or over altogether.
type exercise struct {
	what  string
	in    *exchange.Instrument
	begin func(env *strategy.Env) strategy.Ref
	until exchange.OrderStatus
	// stop says that it is a stop, which somebody must trigger: that it works is logged, too,
	// and it is over when the order that its trigger makes is.
	stop bool
}

func serveExerciser() { sdk.Serve(func() strategy.Strategy { return &exerciser{} }) }

func (x *exerciser) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "exerciser", Version: "0.1.0", Summary: "does everything once", Borrow: true, Stateless: true}
}

func (x *exerciser) Params() any { return &x.p }

func (x *exerciser) Start(env *strategy.Env) error {
	for _, want := range []struct {
		symbol strategy.Symbol
		in     **exchange.Instrument
	}{{x.p.UM, &x.um}, {x.p.CM, &x.cm}, {x.p.Spot, &x.spot}, {x.p.Lent, &x.lent}} {
		in, err := env.Instrument(want.symbol)
		if err != nil {
			return err
		}
		*want.in = in
		env.BookTickers(in)
	}
	env.Fundings(x.um, 0)
	env.Fundings(x.cm, 0)
	x.settled = map[exchange.InstrumentID]bool{}
	env.After(time.Millisecond, 1)
	return nil
}

// list is what is done, in order.
func (x *exerciser) list() []exercise {
	um, cm, coin := exchange.MustFixed("0.01"), 5*exchange.FixedOne, exchange.MustFixed("0.01")
	ether, back := exchange.MustFixed("0.5"), exchange.MustFixed("0.51")
	send := func(order func(b exchange.BookTicker) strategy.Order, in *exchange.Instrument) func(*strategy.Env) strategy.Ref {
		return func(env *strategy.Env) strategy.Ref { return env.Send(order(env.Quote(in))) }
	}
	resting := func(b exchange.BookTicker) strategy.Order {
		return strategy.Buy(x.um, um).Limit(part(x.um, b.Bid, 995)).PostOnly()
	}
	return []exercise{
		{"UM limit, post-only", x.um, send(resting, x.um), exchange.StatusWorking, false},
		{"UM amend", x.um, x.amend, exchange.StatusWorking, false},
		{"UM cancel", x.um, x.cancel, exchange.StatusCanceled, false},
		{"UM market buy", x.um, send(func(exchange.BookTicker) strategy.Order { return strategy.Buy(x.um, um).Market() }, x.um), exchange.StatusFilled, false},
		{"UM stop market, an algo order, until the price falls", x.um, send(func(b exchange.BookTicker) strategy.Order {
			return strategy.Sell(x.um, um).Stop(part(x.um, b.Bid, 992)).ReduceOnly()
		}, x.um), exchange.StatusFilled, true},
		{"CM limit buy", x.cm, send(func(b exchange.BookTicker) strategy.Order {
			return strategy.Buy(x.cm, cm).Limit(part(x.cm, b.Ask, 1003))
		}, x.cm), exchange.StatusFilled, false},
		{"CM stop, a conditional order, until the price falls", x.cm, send(func(b exchange.BookTicker) strategy.Order {
			return strategy.Sell(x.cm, cm).Stop(part(x.cm, b.Bid, 992)).ReduceOnly()
		}, x.cm), exchange.StatusFilled, true},
		{"margin limit buy", x.spot, send(func(b exchange.BookTicker) strategy.Order {
			return strategy.Buy(x.spot, coin).Limit(part(x.spot, b.Ask, 1003))
		}, x.spot), exchange.StatusFilled, false},
		{"margin market sell of borrowed coins", x.lent, send(func(exchange.BookTicker) strategy.Order { return strategy.Sell(x.lent, ether).Market().Borrow() }, x.lent), exchange.StatusFilled, false},
		{"margin market buy that repays them", x.lent, send(func(exchange.BookTicker) strategy.Order { return strategy.Buy(x.lent, back).Market().Repay() }, x.lent), exchange.StatusFilled, false},
		{"margin OCO", x.spot, send(func(b exchange.BookTicker) strategy.Order {
			return strategy.Sell(x.spot, coin).OCO(part(x.spot, b.Ask, 1030), part(x.spot, b.Bid, 970), 0)
		}, x.spot), exchange.StatusWorking, false},
		{"margin OCO's cancel", x.spot, x.cancel, exchange.StatusCanceled, false},
		{"UM market buy, to hold", x.um, send(func(exchange.BookTicker) strategy.Order { return strategy.Buy(x.um, um).Market() }, x.um), exchange.StatusFilled, false},
		{"CM market sell, to hold", x.cm, send(func(exchange.BookTicker) strategy.Order { return strategy.Sell(x.cm, cm).Market() }, x.cm), exchange.StatusFilled, false},
		{"funding of both positions", x.um, nil, 0, false},
		{"UM limit, to stay", x.um, send(resting, x.um), exchange.StatusWorking, false},
	}
}

// part is so many thousandths of a price, in ticks.
func part(in *exchange.Instrument, price, thousandths exchange.Fixed) exchange.Fixed {
	return (price / 1000 * thousandths).Round(in.Tick, exchange.RoundDown)
}

// amend moves the oldest order nearer to the market.
func (x *exerciser) amend(env *strategy.Env) strategy.Ref {
	if len(env.Orders()) == 0 {
		return 0
	}
	o := env.Orders()[0]
	x.wanted = part(x.um, env.Quote(x.um).Bid, 994)
	env.Amend(o.Ref, x.wanted, o.Request.Qty)
	return o.Ref
}

// cancel ends the oldest order.
func (x *exerciser) cancel(env *strategy.Env) strategy.Ref {
	if len(env.Orders()) == 0 {
		return 0
	}
	o := env.Orders()[0]
	env.Cancel(o.Ref)
	return o.Ref
}

// OnTimer begins the next act once the one before is over and everything is there for it.
func (x *exerciser) OnTimer(env *strategy.Env, _ uint64) {
	env.After(100*time.Millisecond, 1)
	for _, in := range []*exchange.Instrument{x.um, x.cm, x.spot, x.lent} {
		if b := env.Quote(in); b.Bid == 0 || b.Ask == 0 || env.State(in) != exchange.Active {
			return
		}
	}
	if x.acts == nil {
		x.acts = x.list()
		if open := env.Orders(); len(open) > 0 {
			env.Logf("started again: %d order open, %v of %s held", len(open), env.Held(x.um), x.p.UM)
			last := x.acts[len(x.acts)-1]
			last.what = "UM limit, one more"
			x.acts = []exercise{last}
		}
	}
	if x.now == len(x.acts) || x.ref != 0 {
		return
	}
	if begin := x.acts[x.now].begin; begin != nil {
		if x.ref = begin(env); x.ref == 0 {
			x.over(env, "there is no order")
		}
		return
	}
	if x.settled[x.um.ID] && x.settled[x.cm.ID] {
		x.over(env, "settled")
	}
}

// OnFunding notes what the positions are for.
func (x *exerciser) OnFunding(env *strategy.Env, in *exchange.Instrument, _ exchange.Funding) {
	if x.acts != nil && x.now < len(x.acts) && x.acts[x.now].begin == nil {
		x.settled[in.ID] = true
	}
}

// OnOrder ends the act when its order is where it should be.
func (x *exerciser) OnOrder(env *strategy.Env, in *exchange.Instrument, u *exchange.OrderUpdate) {
	if x.ref == 0 || u.Ref != x.ref {
		return
	}
	a := x.acts[x.now]
	switch {
	case a.stop && u.Status == exchange.StatusFinished: // its child's end is told for itself
	case u.Status == a.until && (x.wanted == 0 || u.Price == x.wanted) || u.Status.Final():
		came := u.Status.String()
		if u.Filled > 0 {
			came += fmt.Sprintf(", filled %v", u.Filled)
		}
		if u.Reason != "" {
			came += ": " + u.Reason
		}
		x.over(env, came)
	case u.Status == exchange.StatusWorking && !x.working && a.stop:
		x.working = true
		env.Logf("%2d %s: WORKING", x.now+1, a.what)
	}
}

// OnRefusal ends it, too.
func (x *exerciser) OnRefusal(env *strategy.Env, r *exchange.Refusal) {
	if x.ref != 0 {
		x.over(env, "REFUSED by "+r.Rule)
	}
}

func (x *exerciser) over(env *strategy.Env, came string) {
	env.Logf("%2d %s: %s", x.now+1, x.acts[x.now].what, came)
	x.now, x.ref, x.working, x.wanted = x.now+1, 0, false, 0
	if x.now == len(x.acts) {
		env.Logf("all done")
	}
}
