package plugintest

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Tasker is a strategy that leaves its orders to the bot: every half hour it wishes a pair, into
// a position and out of it, and while it is in, a stop on the lead.
type Tasker struct {
	p struct {
		Lead  strategy.Symbol `default:"UM:BTCUSDT" help:"the leg that goes first"`
		Hedge strategy.Symbol `default:"CM:BTCUSD_PERP" help:"the leg behind it"`
		Size  exchange.Fixed  `default:"0.03" min:"0" unit:"coins" help:"what each leg comes to"`
	}
	lead, hedge *exchange.Instrument
	bars        int
}

// Manifest describes it.
func (t *Tasker) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "tasker", Version: "1.0.0", Summary: "leaves its orders to the bot", Products: []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Market, exchange.StopMarket}, Stateless: true,
	}
}

// Params are its parameters.
func (t *Tasker) Params() any { return &t.p }

// Start looks its legs up.
func (t *Tasker) Start(env *strategy.Env) (err error) {
	if t.lead, err = env.Instrument(t.p.Lead); err != nil {
		return err
	}
	if t.hedge, err = env.Instrument(t.p.Hedge); err != nil {
		return err
	}
	env.Bars(t.lead, time.Minute, 0)
	env.Bars(t.hedge, time.Minute, 0)
	return nil
}

// OnBar wishes the next pair.
func (t *Tasker) OnBar(env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
	if in != t.hedge {
		return
	}
	if t.bars++; t.bars%30 != 0 {
		return
	}
	coins, held := t.p.Size, env.Held(t.hedge)
	switch {
	case env.Held(t.lead) == 0 && held > 0: // the stop has closed the lead
		env.Send(strategy.Sell(t.hedge, held).ReduceOnly().Tag("rest"))
		return
	case env.Held(t.lead) == 0:
		coins = -coins
	}
	env.Pair(strategy.Pair{Lead: t.lead, Hedge: t.hedge, Coins: coins, Slice: t.p.Size / 3, Timeout: 5 * time.Minute, Tag: "pair"})
}

// OnTask protects what a pair has opened.
func (t *Tasker) OnTask(env *strategy.Env, u *exchange.TaskUpdate) {
	env.Logf("task %d %v %v: %v and %v coins", u.Ref, u.Kind, u.Status, u.Lead, u.Hedged)
	if u.Kind == exchange.TaskPair && u.Status == exchange.TaskDone && env.Held(t.lead) < 0 {
		stop := env.Last(t.lead) + 60*exchange.FixedOne
		env.Protect(strategy.Buy(t.lead, 0).Stop(stop.Round(t.lead.Tick, exchange.RoundDown)).OnMark().Tag("stop"))
	}
}
