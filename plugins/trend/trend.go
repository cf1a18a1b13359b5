// Package trend is a bundled strategy: it follows the trends of up to four futures contracts, by the
// cross of two averages or a breakout, with sizes by volatility and stops that the bot keeps.
//
// It promises one decision a bar and contract, made at the bar's close from closed bars alone, and at
// most one order at a time beside the stop of each. Start reading at [contract.decide].
package trend

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Symbol    strategy.Symbol `default:"UM:BTCUSDT" help:"the contract to trade"`
	Second    strategy.Symbol `default:"" help:"a second contract, which is followed for itself; empty is none"`
	Third     strategy.Symbol `default:"" help:"a third contract"`
	Fourth    strategy.Symbol `default:"" help:"a fourth contract"`
	Bar       time.Duration   `default:"1m" min:"1m" max:"24h" help:"length of a bar; one decision is made at each close"`
	Rule      string          `default:"sma" choices:"sma|ema|breakout" help:"sma and ema: long while the fast average is above the slow one; breakout: long after a close above the highest high of the slow bars before, short after one below their lowest low"`
	Fast      int             `default:"10" min:"1" max:"10000" unit:"bars" help:"length of the fast average; breakout does not use it"`
	Slow      int             `default:"50" min:"2" max:"10000" unit:"bars" help:"length of the slow average or of the channel"`
	Mode      string          `default:"always" choices:"always|long|flat-first" help:"always: from long to short in one order; long: long or flat; flat-first: flat at the signal, the other way at the next close"`
	Sizing    string          `default:"fixed" choices:"fixed|volatility" help:"fixed: always qty; volatility: what risks the same share of equity in calm and in wild markets"`
	Qty       exchange.Fixed  `default:"0.01" min:"0" unit:"coins or contracts" help:"size of each position with fixed sizing"`
	TargetVol exchange.Fixed  `default:"0.01" min:"0.0001" max:"0.2" unit:"of equity" help:"what a usual day, one standard deviation, may move the account with volatility sizing, all contracts together if they move as one; safe to 0.01"`
	VolBars   int             `default:"240" min:"2" max:"100000" unit:"bars" help:"returns from which the usual day is estimated"`
	Leverage  exchange.Fixed  `default:"1" min:"0.001" max:"20" unit:"of equity" help:"the most notional that volatility sizing takes, shared by the contracts; a flip trades twice that in one order, which the guard's limits must allow"`
	Stop      exchange.Fixed  `default:"0" min:"0" max:"1000" unit:"ATR" help:"distance of a native stop order from the entry price, in average true ranges; safe from 2 on; 0 is no stop"`
	ATRBars   int             `default:"14" min:"1" max:"10000" unit:"bars" help:"length of the average true range"`
	Warmup    int             `default:"0" min:"0" max:"100000" unit:"bars" help:"bars from before the start to learn from"`
}

// Trend is the strategy.
type Trend struct {
	p         Params
	contracts []*contract
}

// contract is one that is followed, among of.
type contract struct {
	p      *Params
	of     int64
	in     *exchange.Instrument
	memory memory

	rule      *strategy.Rule
	deviation *strategy.StdDev
	atr       *strategy.ATR
}

// memory is what the strategy remembers beside its indicators.
type memory struct {
	// Signal is the last direction that the rule gave, +1 or -1; 0 before the first.
	Signal int
	// Sized says that Target, the signed quantity to hold, has been worked out for the
	// signal. A stop that was hit makes Target 0 until the next signal.
	Sized  bool
	Target exchange.Fixed
	// Order and Stop are the refs of the last market order and stop, 0 for none; Long is its position's.
	Order, Stop strategy.Ref
	Long        bool
	// Noes is patience with what is refused or rejected.
	Noes exec.Backoff
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Trend{} }

// Manifest says what the strategy is and trades.
func (t *Trend) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "trend", Version: "1.2.0",
		Summary:    "follows the trends of some contracts: averages or breakout, volatility sizing, native stops",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Market, exchange.StopMarket},
	}
}

// Params returns the parameters to be filled in.
func (t *Trend) Params() any { return &t.p }

// Start subscribes to the bars.
func (t *Trend) Start(env *strategy.Env) error {
	p := &t.p
	if p.Rule != "breakout" && p.Fast >= p.Slow {
		return fmt.Errorf("fast %d must be below slow %d", p.Fast, p.Slow)
	}
	more := slices.DeleteFunc([]strategy.Symbol{p.Second, p.Third, p.Fourth}, func(s strategy.Symbol) bool { return s == (strategy.Symbol{}) })
	symbols := append([]strategy.Symbol{p.Symbol}, more...)
	for _, s := range symbols {
		in, err := env.Instrument(s)
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(t.contracts, func(c *contract) bool { return c.in == in }):
			return fmt.Errorf("%s is named twice", in.Name())
		case in.Product == exchange.Margin:
			return fmt.Errorf("symbol %s: only UM and CM contracts can be held short by selling", in.Name())
		case p.Sizing == "fixed" && strategy.Lots(in, exchange.Market, p.Qty) != p.Qty:
			return fmt.Errorf("qty %v is not on the lot grid of %s: least %v, step %v", p.Qty, in.Name(), in.Lot.Min, in.Lot.Step)
		}
		t.contracts = append(t.contracts, &contract{
			p: p, of: int64(len(symbols)), in: in, memory: memory{Noes: exec.Backoff{Least: p.Bar, Most: max(time.Hour, p.Bar)}},
			rule: strategy.NewRule(p.Rule, p.Fast, p.Slow), deviation: strategy.NewStdDev(p.VolBars), atr: strategy.NewATR(p.ATRBars),
		})
		env.Bars(in, p.Bar, p.Warmup)
	}
	return nil
}

// OnBar has the contract's decision made.
func (t *Trend) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	for _, c := range t.contracts {
		if c.in == in {
			c.decide(env, b)
		}
	}
}

// OnOrder puts the stop where the position now is when the market order is over.
func (t *Trend) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	for _, c := range t.contracts {
		if u.Ref != c.memory.Order || !u.Status.Final() {
			continue
		}
		if c.placeStop(env); u.Filled > 0 {
			c.memory.Noes.Yes()
		} else {
			c.memory.Noes.No(env.Now())
		}
	}
}

// OnRefusal waits for a close, and then longer and longer: the guard will say the same again.
func (t *Trend) OnRefusal(env *strategy.Env, r *exchange.Refusal) {
	for _, c := range t.contracts {
		if ref := r.Intent.Ref; ref == c.memory.Order || ref == c.memory.Stop && r.Intent.Task() {
			c.memory.Noes.No(env.Now())
		}
	}
}

// decide learns from a closed bar and moves the position to where the rule wants it, by one order for
// the difference. What is refused or rejected leaves one, and a later close tries again.
func (t *contract) decide(env *strategy.Env, b *exchange.Bar) {
	m := &t.memory
	t.deviation.Push(b.Close)
	t.atr.Push(b.High, b.Low, b.Close)
	if signal := t.rule.Push(b); signal != 0 && signal != m.Signal {
		m.Signal, m.Sized = signal, false
		m.Noes.Yes()
	}
	if _, working := env.Order(m.Order); working || env.Warming() || m.Signal == 0 || t.stopping(env) {
		return
	}
	if env.State(t.in) == exchange.Halted || !m.Noes.Ready(env.Now()) {
		return // it would be refused; a close after it tries again
	}
	if !m.Sized {
		m.Target, m.Sized = t.size(env, b.Close)
	}
	held, want, tag := env.Held(t.in), m.Target, "enter"
	if t.p.Mode == "flat-first" && opposite(held, want) {
		want = 0
	}
	switch {
	case want == 0:
		tag = "exit"
	case opposite(held, want):
		tag = "flip"
	case held != 0:
		tag = "resize"
	}
	if qty := strategy.Lots(t.in, exchange.Market, want-held); m.Sized && qty != 0 { // or not known yet
		m.Order = env.Send(exec.Trade(t.in, qty).Market().Tag(tag))
	} else if !t.stands(env) {
		t.placeStop(env)
	}
}

func opposite(a, b exchange.Fixed) bool { return a < 0 && b > 0 || a > 0 && b < 0 }

// size is the quantity to hold for the signal; ok=false means that something it needs is not known
// yet. By volatility it is equity·target_vol/day in notional, where day is the deviation of a day's
// return, and at most equity·leverage, shared by all contracts, which are taken to move as one.
func (t *contract) size(env *strategy.Env, price exchange.Fixed) (qty exchange.Fixed, ok bool) {
	signal, equity := exchange.Fixed(t.memory.Signal), env.Account().Equity
	switch {
	case t.p.Mode == "long" && signal < 0:
		return 0, true
	case t.p.Sizing == "fixed":
		return t.p.Qty * signal, true
	case !t.deviation.Ready() || equity.Sign() <= 0:
		return 0, false
	}
	day := float64(t.deviation.Value() * math.Sqrt(float64(24*time.Hour)/float64(t.p.Bar)))
	share := t.p.Leverage
	if target, ok := strategy.Snap(t.p.TargetVol.Float()/day, 0, exchange.RoundDown); ok {
		share = min(share, target)
	}
	unit := price // UM: notional/price coins; CM: notional/size contracts.
	if t.in.Inverse() {
		unit = t.in.ContractSize
	}
	qty, err := exchange.FixedFromDecimal(equity.Mul(share.Decimal()).DivRound(unit.Decimal().Mul(decimal.New(t.of, 0)), 16), exchange.RoundDown)
	return strategy.Lots(t.in, exchange.Market, qty) * signal, err == nil
}

// stopping sees what has become of the stop. If it was hit, or the position was taken whole: stay
// flat until the next signal, which has to wait while the bot still closes.
func (t *contract) stopping(env *strategy.Env) bool {
	m, held := &t.memory, env.Held(t.in)
	hit := slices.ContainsFunc(env.Tasks(), func(u exchange.TaskUpdate) bool { return u.Inst == t.in.ID && !u.Lead.IsZero() })
	if hit || m.Stop != 0 && held == 0 {
		m.Target = 0
		t.endStops(env)
	}
	return hit && held != 0
}

// endStops ends whatever stop there is.
func (t *contract) endStops(env *strategy.Env) {
	t.memory.Stop = 0
	for _, u := range env.Tasks() {
		if u.Inst == t.in.ID {
			env.Cancel(u.Ref)
		}
	}
}

// stands says whether the position has its stop, if it is to have one.
func (t *contract) stands(env *strategy.Env) bool {
	m, held := &t.memory, env.Held(t.in)
	kept := slices.ContainsFunc(env.Tasks(), func(u exchange.TaskUpdate) bool { return u.Ref == m.Stop })
	return t.p.Stop == 0 || held == 0 || kept && m.Long == (held > 0)
}

// placeStop has the bot keep a stop for the position there is, rounded away from the entry, in place
// of those there are.
func (t *contract) placeStop(env *strategy.Env) {
	held, order, rounding := env.Held(t.in), strategy.Sell(t.in, 0), exchange.RoundFloor
	distance := float64(t.atr.Value() * t.p.Stop.Float())
	if held < 0 {
		distance, order, rounding = -distance, strategy.Buy(t.in, 0), exchange.RoundCeil
	}
	entry, err := exchange.FixedFromDecimal(env.Position(t.in).Entry, rounding)
	off, ok := strategy.Snap(distance, 0, rounding)
	trigger := (entry - off).Round(t.in.Tick, rounding)
	t.endStops(env)
	if m := &t.memory; held != 0 && t.p.Stop > 0 && err == nil && ok && trigger > 0 {
		m.Stop, m.Long = env.Protect(order.Stop(trigger).Tag("stop")), held > 0
	}
}

// saved is what is kept of a contract.
type saved struct {
	Symbol     string
	Memory     memory
	Indicators [][]int64
}

func (t *contract) indicators() []strategy.Indicator {
	return append(t.rule.Indicators(), t.deviation, t.atr)
}

// Save returns memory and indicators of all contracts as JSON.
func (t *Trend) Save() (version int, state []byte, err error) {
	list := make([]saved, len(t.contracts))
	for i, c := range t.contracts {
		list[i] = saved{c.in.Name(), c.memory, strategy.States(c.indicators()...)}
	}
	return strategy.SaveJSON(2, list)
}

// Restore brings back what Save returned, for the contracts that are followed still; what is
// new begins without memory. It fails when lengths of indicators were changed in between.
func (t *Trend) Restore(version int, state []byte) error {
	var list []saved
	err := strategy.RestoreJSON(version, state, 2, &list)
	for _, s := range list {
		for _, c := range t.contracts {
			if s.Symbol == c.in.Name() && err == nil {
				s.Memory.Noes.Least, s.Memory.Noes.Most = c.memory.Noes.Least, c.memory.Noes.Most
				c.memory, err = s.Memory, strategy.RestoreStates(s.Indicators, c.indicators()...)
			}
		}
	}
	return err
}
