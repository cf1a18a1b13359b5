package strategy_test

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Follow buys once and keeps what it bought.
type Follow struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to trade"`
		Qty    exchange.Fixed  `default:"0.01" min:"0.001" unit:"coin" help:"order size"`
	}
}

func (f *Follow) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "follow", Version: "1.0.0"}
}

func (f *Follow) Params() any { return &f.p }

func (f *Follow) Start(env *strategy.Env) error {
	in, err := env.Instrument(f.p.Symbol)
	if err != nil {
		return err
	}
	env.Bars(in, time.Minute, 0)
	return nil
}

func (f *Follow) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	if env.Held(in) == 0 && len(env.Orders()) == 0 {
		env.Send(strategy.Buy(in, f.p.Qty).Market().Tag("enter"))
	}
}

// A whole strategy, and how a test runs it: a Runtime is given events and returns what
// the strategy asked for. A second bar brings no second order while one is on its way.
func Example() {
	table, _ := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT"})
	run, err := strategy.NewRuntime(new(Follow), map[string]string{"qty": "0.25"}, table, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, price := range []string{"60000", "60100"} {
		e := exchange.Event{Inst: 1}
		e.SetBar(&exchange.Bar{Interval: time.Minute, Close: exchange.MustFixed(price)})
		for _, i := range run.Deliver(&e).Intents {
			fmt.Println(price, i.Kind, i.Request.Side, i.Request.Qty, i.Request.Type, i.Tag)
		}
	}
	// Output: 60000 NEW BUY 0.25 MARKET enter
}

// A parameter that is wrong is refused with all that is wrong about it.
func ExampleBind() {
	err := strategy.Bind(new(Follow).Params(), map[string]string{"qty": "0", "symbl": "UM:ETHUSDT"})
	fmt.Println(err)
	// Output: qty: 0 is below the least, 0.001 coin; symbl: no such parameter; did you mean symbol?
}

// Guarded is Follow with a stop that the bot keeps.
type Guarded struct{ Follow }

func (g *Guarded) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	for _, u := range env.Tasks() {
		if !u.Lead.IsZero() {
			env.Logf("stopped out, %v coins", u.Lead)
			return
		}
	}
	if len(env.Tasks()) == 0 { // also after a restart it is there, whoever has wished it
		env.Protect(strategy.Sell(in, 0).Stop((b.Close - 1000*exchange.FixedOne).Round(in.Tick, exchange.RoundFloor)).OnMark().Tag("stop"))
	}
	g.Follow.OnBar(env, in, b)
}

// A stop that the bot keeps as large as the position. It is wished once, before there is anything to
// protect, and stands in env.Tasks from then on, also after a restart; its Lead says what it has closed.
func ExampleEnv_Protect() {
	table, _ := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Tick: exchange.MustFixed("0.1")})
	run, err := strategy.NewRuntime(new(Guarded), nil, table, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	bar := exchange.Event{Inst: 1}
	bar.SetBar(&exchange.Bar{Interval: time.Minute, Close: exchange.MustFixed("60000")})
	for range 2 {
		for _, i := range run.Deliver(&bar).Intents {
			fmt.Println(i.Kind, i.Request.Side, i.Request.Qty, i.Request.Type, i.Request.Trigger)
		}
	}
	hit := exchange.Event{Inst: 1}
	hit.SetTask(&exchange.TaskUpdate{Strategy: 1, Ref: 1, Kind: exchange.TaskStop, Status: exchange.TaskWorking, Inst: 1, Lead: exchange.MustFixed("-0.01").Decimal()})
	run.Deliver(&hit)
	fmt.Println(run.Deliver(&bar).Logs)
	// Output:
	// PROTECT SELL 0 STOP_MARKET 59000
	// NEW BUY 0.01 MARKET 0
	// [stopped out, -0.01 coins]
}
