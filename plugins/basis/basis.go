// Package basis is a bundled strategy: it trades what one contract of a coin costs more than
// another, long of the one and short of the other: USD-M against COIN-M, or a perpetual
// against a dated contract, which it rolls before its delivery.
//
// The bot trades the legs slice by slice ([strategy.Env.Pair]), also while this process is gone. It
// promises to be hedged in coins but for one order, to open nothing while a leg fails, and to hold no dated contract into its delivery while it runs. Which way it stands follows from
// its position; what it learns of the basis is saved. README.md says what it is good for.
// Start reading at [Basis.OnBar].
package basis

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Near strategy.Symbol `default:"UM:BTCUSDT" help:"the perpetual"`
	Far  strategy.Symbol `default:"CM:BTCUSD_PERP" help:"the contract against it: another perpetual or a dated one"`
	Next strategy.Symbol `default:"" help:"the dated contract that far is rolled into; empty: out before the delivery"`
	Roll time.Duration   `default:"48h" min:"1h" max:"720h" help:"how long before its delivery a dated contract is left; safe while that is many bars"`

	Signal string         `default:"zscore" choices:"zscore|annual" help:"zscore: how unusual the basis is, both ways; annual: what a dated contract costs more, of a year, sold only"`
	Enter  exchange.Fixed `default:"2" min:"0" unit:"deviations or of a year" help:"the pair is opened from here on; with annual 0.05 is 5%"`
	Exit   exchange.Fixed `default:"0.5" unit:"deviations or of a year" help:"it is closed at this and less; below enter"`
	Cost   exchange.Fixed `default:"0.002" min:"0" max:"0.05" unit:"ratio" help:"with zscore, how far the basis must be from its mean besides: what four fills cost; safe at the taker fees of all of them and more"`
	Window int            `default:"240" min:"10" max:"20000" unit:"bars" help:"closes that mean and deviation are of"`

	Size  exchange.Fixed `default:"0.1" min:"0" unit:"coins" help:"what each side is worth when all is open"`
	Slice exchange.Fixed `default:"0.02" min:"0" unit:"coins" help:"the most that one order opens before the other side follows; one lot of the coarser contract at least"`
	Tries int            `default:"3" min:"1" max:"20" help:"so many refusals of a hedge running, and the pair is closed"`
	Cool  time.Duration  `default:"1h" min:"1m" max:"168h" help:"for how long nothing is opened then"`
	Bar   time.Duration  `default:"1m" min:"1m" max:"24h" help:"how often to look"`
}

// Basis is the strategy. What a restart must not lose is in the statistics.
type Basis struct {
	p               Params
	near, far, next *exchange.Instrument // next may be nil
	pair            exec.Pair
	stats           stats
	closed          [2]exchange.Time // when the last bar of near ended, and that of what is far now
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Basis{} }

// Manifest says what the strategy is and trades.
func (b *Basis) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "basis", Version: "1.0.0",
		Summary:    "one contract of a coin against another: UM against CM, or a dated one, rolled",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Market},
	}
}

// Params returns the parameters to be filled in.
func (b *Basis) Params() any { return &b.p }

// Start looks the contracts up and subscribes to their bars.
func (b *Basis) Start(env *strategy.Env) error {
	p := &b.p
	legs := []struct {
		symbol strategy.Symbol
		in     **exchange.Instrument
	}{{p.Near, &b.near}, {p.Far, &b.far}, {p.Next, &b.next}}
	b.pair = exec.Pair{
		Slice: p.Slice.Decimal(), Tries: p.Tries, Cool: p.Cool,
		Opens: exec.Backoff{Least: p.Bar, Most: max(time.Hour, p.Bar)},
	}
	for i, l := range legs {
		if i == 2 && l.symbol == (strategy.Symbol{}) {
			break
		}
		in, err := env.Instrument(l.symbol)
		if err != nil {
			return err
		}
		for _, other := range b.pair.Legs {
			if other == in || other.Base != in.Base || in.Product == exchange.Margin {
				return fmt.Errorf("%s and %s are no pair: take two futures of one coin", other.Name(), in.Name())
			}
		}
		*l.in = in
		b.pair.Legs = append(b.pair.Legs, in)
		env.Bars(in, p.Bar, 0)
	}
	switch {
	case b.near.Delivery != 0:
		return fmt.Errorf("near must be a perpetual, and %s ends", b.near.Name())
	case p.Exit >= p.Enter:
		return fmt.Errorf("exit %v must be below enter %v", p.Exit, p.Enter)
	case p.Signal == "annual" && b.far.Delivery == 0:
		return fmt.Errorf("signal annual needs a dated contract, and %s has no delivery", b.far.Name())
	case b.next != nil && (b.far.Delivery == 0 || b.next.Delivery <= b.far.Delivery):
		return errors.New("next must be delivered after far, which must have a delivery")
	}
	b.stats = stats{window: p.Window}
	return nil
}

// OnBar learns from bars of both contracts that end together, and acts. Live they come one after the
// other, in any order.
func (b *Basis) OnBar(env *strategy.Env, in *exchange.Instrument, bar *exchange.Bar) {
	far, end := b.current(env), bar.Start.Add(bar.Interval)
	switch in {
	case b.near:
		b.closed[0] = end
	case far:
		b.closed[1] = end
	}
	if (in != b.near && in != far) || b.closed[0] != b.closed[1] {
		return // the other one is still to come
	}
	if ratio, ok := basisOf(env.Last(b.near), env.Last(far)); ok && far == b.far {
		b.stats.push(ratio)
	}
	b.act(env)
}

// current is what is far now: next, once far is about to be delivered.
func (b *Basis) current(env *strategy.Env) *exchange.Instrument {
	if b.next != nil && b.ends(env, b.far) {
		return b.next
	}
	return b.far
}

// ends says whether a contract is about to be delivered, or has been.
func (b *Basis) ends(env *strategy.Env, in *exchange.Instrument) bool {
	return in.Delivery != 0 && env.Now() >= in.Delivery.Add(-b.p.Roll)
}

// act takes the next step: it rolls what is left of far, or goes to where the signal wants it.
func (b *Basis) act(env *strategy.Env) {
	if env.Warming() {
		return
	}
	far := b.current(env)
	if far != b.far && (env.Held(b.far) != 0 || env.Now() < b.far.Delivery.Add(2*b.p.Bar)) {
		b.pair.Step(env, b.far, far, decimal.Zero) // it rolls: what is closed there is opened here
		return
	}
	b.pair.Step(env, far, b.near, b.want(env, far))
}

// want is how many coins of far to hold: where the position says that it stands, until the
// signal says that it is over.
func (b *Basis) want(env *strategy.Env, far *exchange.Instrument) decimal.Decimal {
	size, stands := b.p.Size.Decimal(), exec.Coins(env, far)
	if b.ends(env, far) || stands.IsZero() && !exec.Coins(env, b.near).IsZero() {
		return decimal.Zero // it ends, or the exchange took this leg: the other follows
	}
	level, ok := b.signal(env, far)
	if !ok {
		return stands
	}
	switch enter, exit := b.p.Enter.Float(), b.p.Exit.Float(); {
	case level >= enter && stands.Sign() <= 0:
		return size.Neg() // dear: short of it
	case level <= -enter && stands.Sign() >= 0 && b.p.Signal == "zscore":
		return size
	case stands.IsNegative() && level <= exit, stands.IsPositive() && level >= -exit:
		return decimal.Zero
	}
	return stands
}

// signal is how dear far is against near.
func (b *Basis) signal(env *strategy.Env, far *exchange.Instrument) (level float64, ok bool) {
	ratio, ok := basisOf(env.Last(b.near), env.Last(far))
	if !ok {
		return 0, false
	}
	if b.p.Signal == "annual" {
		left := far.Delivery.Sub(env.Now())
		return float64(ratio.Float() * float64(365*24*time.Hour) / float64(max(left, time.Hour))), true
	}
	z, off, ok := b.stats.score(ratio)
	if flat := exec.Coins(env, far).IsZero(); flat && off < b.p.Cost.Float() {
		return 0, ok
	}
	return z, ok
}

// basisOf is far/near - 1.
func basisOf(near, far exchange.Fixed) (exchange.Fixed, bool) {
	if near <= 0 || far <= 0 {
		return 0, false
	}
	ratio, err := exchange.FixedFromDecimal((far-near).Decimal().DivRound(near.Decimal(), exchange.FixedPlaces), exchange.RoundDown)
	return ratio, err == nil
}

// OnFill and the callbacks below have the pair go on, wait or give up.
func (b *Basis) OnFill(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Fill) { b.pair.Fill(env) }

// OnTask is told when a pair is over.
func (b *Basis) OnTask(env *strategy.Env, u *exchange.TaskUpdate) { b.pair.Task(env, u) }

// OnOrder is told what was rejected.
func (b *Basis) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	b.pair.Order(env, u)
}

// OnRefusal is told what the guard has refused.
func (b *Basis) OnRefusal(env *strategy.Env, r *exchange.Refusal) { b.pair.Refusal(env, r) }

// OnTimer takes the step that was put off, behind all events of its instant.
func (b *Basis) OnTimer(env *strategy.Env, _ uint64) {
	b.pair.Rang()
	b.act(env)
}

// saved is the layout of version 1 of the state.
type saved struct {
	Values []exchange.Fixed
	Closed [2]exchange.Time
}

// Save returns the statistics as JSON.
func (b *Basis) Save() (version int, state []byte, err error) {
	state, err = json.Marshal(saved{b.stats.values, b.closed})
	return 1, state, err
}

// Restore brings back what Save returned; of a longer window the newest values.
func (b *Basis) Restore(version int, state []byte) error {
	var s saved
	if version != 1 {
		return fmt.Errorf("version %d is not 1, the only one known", version)
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return err
	}
	b.stats, b.closed = stats{window: b.p.Window}, s.Closed
	for _, v := range s.Values {
		b.stats.push(v)
	}
	return nil
}
