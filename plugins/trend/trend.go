// Package trend is a bundled strategy: it follows the trends of up to four futures contracts,
// by the cross of two averages or a breakout, and is the example for bars, indicators,
// sizing by volatility and native stop orders.
//
// It promises one decision a bar and contract, made at the bar's close from closed bars alone,
// and at most one order at a time beside the stop of each. README.md says what it is good for.
// Start reading at [contract.decide].
package trend

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"the contract to trade"`
	Second strategy.Symbol `default:"" help:"a second contract, which is followed for itself; empty is none"`
	Third  strategy.Symbol `default:"" help:"a third contract"`
	Fourth strategy.Symbol `default:"" help:"a fourth contract"`
	Bar    time.Duration   `default:"1m" min:"1m" max:"24h" help:"length of a bar; one decision is made at each close"`

	Rule string `default:"sma" choices:"sma|ema|breakout" help:"sma and ema: long while the fast average is above the slow one; breakout: long after a close above the highest high of the slow bars before, short after one below their lowest low"`
	Fast int    `default:"10" min:"1" max:"10000" unit:"bars" help:"length of the fast average; breakout does not use it"`
	Slow int    `default:"50" min:"2" max:"10000" unit:"bars" help:"length of the slow average or of the channel"`
	Mode string `default:"always" choices:"always|long|flat-first" help:"always: from long to short in one order; long: long or flat; flat-first: flat at the signal, the other way at the next close"`

	Sizing    string         `default:"fixed" choices:"fixed|volatility" help:"fixed: always qty; volatility: what risks the same share of equity in calm and in wild markets"`
	Qty       exchange.Fixed `default:"0.01" min:"0" unit:"coins or contracts" help:"size of each position with fixed sizing"`
	TargetVol exchange.Fixed `default:"0.01" min:"0.0001" max:"0.2" unit:"of equity" help:"what a usual day, one standard deviation, may move the account with volatility sizing, all contracts together if they move as one; safe to 0.01"`
	VolBars   int            `default:"240" min:"2" max:"100000" unit:"bars" help:"returns from which the usual day is estimated"`
	Leverage  exchange.Fixed `default:"1" min:"0.001" max:"20" unit:"of equity" help:"the most notional that volatility sizing takes, shared by the contracts; a flip trades twice that in one order, which the guard's limits must allow"`

	Stop    exchange.Fixed `default:"0" min:"0" max:"1000" unit:"ATR" help:"distance of a native stop order from the entry price, in average true ranges; safe from 2 on; 0 is no stop"`
	ATRBars int            `default:"14" min:"1" max:"10000" unit:"bars" help:"length of the average true range"`
	Warmup  int            `default:"0" min:"0" max:"100000" unit:"bars" help:"bars from before the start to learn from"`
}

// Trend is the strategy.
type Trend struct {
	p         Params
	contracts []*contract
}

// contract is one that is followed. What a restart must not lose is in memory and indicators.
type contract struct {
	p *Params
	// of is how many are followed.
	of     int64
	in     *exchange.Instrument
	ind    indicators
	memory memory
}

// memory is what the strategy remembers beside its indicators.
type memory struct {
	// Signal is the last direction that the rule gave, +1 or -1; 0 before the first.
	Signal int
	// Sized says that Target, the signed quantity to hold, has been worked out for the
	// signal. A stop that was hit makes Target 0 until the next signal.
	Sized  bool
	Target exchange.Fixed
	// Order and Stop are the refs of the last market and stop order, 0 for none.
	Order, Stop strategy.Ref
	// Trigger is the price of that stop, and Beyond how many closes running were past it.
	Trigger exchange.Fixed
	Beyond  int
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Trend{} }

// Manifest says what the strategy is and trades.
func (t *Trend) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "trend", Version: "1.1.0",
		Summary:    "follows the trends of some contracts: averages or breakout, volatility sizing, native stops",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Market, exchange.StopMarket},
	}
}

// Params returns the parameters to be filled in.
func (t *Trend) Params() any { return &t.p }

// Start subscribes to the bars.
func (t *Trend) Start(env *strategy.Env) error {
	if t.p.Rule != "breakout" && t.p.Fast >= t.p.Slow {
		return fmt.Errorf("fast %d must be below slow %d", t.p.Fast, t.p.Slow)
	}
	t.contracts = nil
	for i, s := range []strategy.Symbol{t.p.Symbol, t.p.Second, t.p.Third, t.p.Fourth} {
		if i > 0 && s == (strategy.Symbol{}) {
			continue
		}
		in, err := env.Instrument(s)
		if err != nil {
			return err
		}
		if err := t.add(env, in); err != nil {
			return err
		}
	}
	for _, c := range t.contracts {
		c.of = int64(len(t.contracts))
	}
	return nil
}

// add follows one more contract.
func (t *Trend) add(env *strategy.Env, in *exchange.Instrument) error {
	if t.of(in) != nil {
		return fmt.Errorf("%s is named twice", in.Name())
	}
	if in.Product == exchange.Margin {
		return fmt.Errorf("symbol %s: only UM and CM contracts can be held short by selling", in.Name())
	}
	if t.p.Sizing == "fixed" && strategy.Lots(in, exchange.Market, t.p.Qty) != t.p.Qty {
		return fmt.Errorf("qty %v is not on the lot grid of %s: least %v, step %v", t.p.Qty, in.Name(), in.Lot.Min, in.Lot.Step)
	}
	t.contracts = append(t.contracts, &contract{p: &t.p, in: in, ind: newIndicators(&t.p)})
	env.Bars(in, t.p.Bar, t.p.Warmup)
	return nil
}

// of is what follows an instrument, nil for none.
func (t *Trend) of(in *exchange.Instrument) *contract {
	for _, c := range t.contracts {
		if c.in == in {
			return c
		}
	}
	return nil
}

// OnBar has the contract's decision made.
func (t *Trend) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	if c := t.of(in); c != nil {
		c.decide(env, b)
	}
}

// OnOrder puts the stop where the position now is when the market order is over.
func (t *Trend) OnOrder(env *strategy.Env, in *exchange.Instrument, u *exchange.OrderUpdate) {
	if c := t.of(in); c != nil && u.Ref == c.memory.Order && u.Status.Final() {
		c.placeStop(env)
	}
}

// decide learns from a closed bar and moves the position to where the rule wants it.
func (t *contract) decide(env *strategy.Env, b *exchange.Bar) {
	m := &t.memory
	if signal := t.learn(b); signal != 0 && signal != m.Signal {
		m.Signal, m.Sized = signal, false
	}
	if _, working := env.Order(m.Order); working || env.Warming() || m.Signal == 0 {
		return
	}
	held := env.Held(t.in)
	t.checkStop(env, held, b.Close)
	if env.State(t.in) == exchange.Halted {
		return // all would be refused; the next close after it tries again
	}
	if !m.Sized {
		m.Target, m.Sized = t.size(env, b.Close)
	}
	if !m.Sized {
		return // not known yet: try again at the next close
	}
	want := m.Target
	if t.p.Mode == "flat-first" && opposite(held, want) {
		want = 0
	}
	m.Order = t.move(env, held, want)
}

// move sends one market order for the difference and returns its ref, 0 for none. What
// is refused or rejected leaves a difference, and the next close tries again.
func (t *contract) move(env *strategy.Env, held, want exchange.Fixed) strategy.Ref {
	qty := strategy.Lots(t.in, exchange.Market, want-held)
	if qty == 0 {
		return 0
	}
	tag := "enter"
	switch {
	case want == 0:
		tag = "exit"
	case opposite(held, want):
		tag = "flip"
	case held != 0:
		tag = "resize"
	}
	if qty < 0 {
		return env.Send(strategy.Sell(t.in, -qty).Market().Tag(tag))
	}
	return env.Send(strategy.Buy(t.in, qty).Market().Tag(tag))
}

func opposite(a, b exchange.Fixed) bool { return a < 0 && b > 0 || a > 0 && b < 0 }
