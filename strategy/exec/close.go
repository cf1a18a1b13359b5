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
