package exec

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Trade writes an order for a signed quantity: a buy above 0, a sell below.
func Trade(in *exchange.Instrument, qty exchange.Fixed) strategy.Order {
	if qty < 0 {
		return strategy.Sell(in, -qty)
	}
	return strategy.Buy(in, qty)
}

// Leave takes one step out of an instrument: while the strategy has orders there it cancels
// them, and then it closes what is held with a reduce-only market order. It asks ok before
// each request, and is called again until nothing is left.
func Leave(env *strategy.Env, in *exchange.Instrument, ok func() bool) {
	waits := false
	for _, o := range env.Orders() {
		if o.Request.Inst != in.ID {
			continue
		}
		waits = true
		if o.Status.Working() && o.Request.Type != exchange.Market && ok() {
			env.Cancel(o.Ref)
		}
	}
	qty := strategy.Lots(in, exchange.Market, env.Held(in))
	if !waits && qty != 0 && env.State(in) != exchange.Halted && ok() {
		env.Send(Trade(in, -qty).ReduceOnly().Tag("leave"))
	}
}

// Protect keeps one native, reduce-only stop order for all that is held of an instrument,
// where stop says for its side, and returns its ref, 0 for none. A stop that has another
// quantity, side or price is replaced; so it is called at intervals, not with every fill. A
// stop that is being changed or triggered is left alone. 0 from stop means none.
func Protect(env *strategy.Env, in *exchange.Instrument, stop func(held exchange.Fixed) exchange.Fixed) strategy.Ref {
	held, trigger := env.Held(in), exchange.Fixed(0)
	if held != 0 {
		trigger = stop(held)
	}
	order := Trade(in, -held).Stop(trigger).ReduceOnly().Tag("stop")
	want := order.Request()
	for _, o := range env.Orders() {
		r := &o.Request
		if r.Inst != in.ID || r.Type != exchange.StopMarket {
			continue
		}
		if !o.Status.Working() || trigger != 0 && r.Qty == want.Qty && r.Side == want.Side && r.Trigger == want.Trigger {
			return o.Ref
		}
		env.Cancel(o.Ref)
	}
	if trigger == 0 {
		return 0
	}
	return env.Send(order)
}
