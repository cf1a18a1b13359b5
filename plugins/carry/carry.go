// Package carry is a bundled strategy: cash and carry on one margin account. It holds a coin
// and is short of as much by the perpetual while shorts are paid; while longs are paid more
// than a loan costs, it borrows the coin, sells it and is long by the perpetual.
//
// The bot trades the legs slice by slice ([strategy.Env.Pair]), also while this process is gone. It
// promises to be hedged in coins but for one order, to add nothing while uniMMR is below
// its own floor, and to repay with the first coins that it gets back. Which way it stands
// follows from its position, what it owes from the account. README.md says what it is good
// for. Start reading at [Carry.act].
package carry

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Spot      strategy.Symbol `default:"MARGIN:BTCUSDT" help:"the margin pair on which the coin is held or sold"`
	Perp      strategy.Symbol `default:"UM:BTCUSDT" help:"the perpetual against it"`
	Direction string          `default:"long" choices:"long|reverse|both" help:"long: own the coin while shorts are paid; reverse: borrow and sell it while longs are; the account must let it borrow"`

	Fundings int            `default:"6" min:"1" max:"1000" unit:"settlements" help:"the last ones, of which the forecast is the mean an hour, whatever their interval"`
	Horizon  time.Duration  `default:"336h" min:"1h" max:"8760h" help:"the time for which the forecast is believed: what is expected in it must be worth the way in and out"`
	Cost     exchange.Fixed `default:"0.003" min:"0" max:"0.1" unit:"ratio" help:"what the way in and out costs: the taker fees of two fills on each leg, and the spread; safe at these and more"`
	Enter    exchange.Fixed `default:"0.001" min:"-1" max:"1" unit:"ratio" help:"what must be left over of a horizon after cost and loan to begin; safe above 0"`
	Exit     exchange.Fixed `default:"0" min:"-1" max:"1" unit:"ratio" help:"it ends when less than this is expected of a horizon, loan subtracted; below enter"`
	LoanRate exchange.Fixed `default:"0.1" min:"0" max:"10" unit:"of a year" help:"what a loan of the coin is taken to cost; safe at the guard's loan_rate_max, which bounds the real one"`

	Size      exchange.Fixed `default:"0.1" min:"0" unit:"coins" help:"each leg when all is open"`
	Slice     exchange.Fixed `default:"0.02" min:"0" unit:"coins" help:"the most that one order opens before the other leg follows"`
	UnimmrMin exchange.Fixed `default:"3" min:"1.2" max:"1000" unit:"uniMMR" help:"below it the carry is taken off, for a day, and nothing is added below a fifth more; safe above the guard's unimmr_min"`
	Tries     int            `default:"3" min:"1" max:"20" help:"so many refusals of a hedge running, and the carry is closed"`
	Cool      time.Duration  `default:"1h" min:"1m" max:"168h" help:"for how long nothing is opened then"`
	Bar       time.Duration  `default:"1m" min:"1m" max:"24h" help:"how often to look"`
}

// Carry is the strategy. What a restart must not lose is in memory.
type Carry struct {
	p          Params
	spot, perp *exchange.Instrument
	pair       exec.Pair
	// loans is patience with loans, rests with buying the last bit of a debt.
	loans, rests exec.Backoff
	acting       bool // a loan or repayment of ours is under way, as far as is known
	capped       bool // the exchange had fewer coins than the memory
	memory       memory
}

// memory is what neither position nor account tells.
type memory struct {
	// Low is when uniMMR was below the floor last.
	Low exchange.Time
	// Forecast is of funding.
	exec.Forecast
	// Fees are what the exchange has kept of bought coins, and the interest that was paid in
	// coins. Interest is what was owed when the loan that is under way was wished.
	Fees, Interest decimal.Decimal
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Carry{} }

// Manifest says what the strategy is and trades.
func (c *Carry) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "carry", Version: "1.0.0",
		Summary:    "a coin against its perpetual for the funding: owned and short, or borrowed, sold and long",
		Products:   []exchange.Product{exchange.UM, exchange.Margin},
		OrderTypes: []exchange.OrderType{exchange.Market},
		Borrow:     true,
	}
}

// Params returns the parameters to be filled in.
func (c *Carry) Params() any { return &c.p }

// Start looks the legs up and subscribes to their bars and fundings.
func (c *Carry) Start(env *strategy.Env) (err error) {
	p := &c.p
	if c.spot, err = env.Instrument(p.Spot); err != nil {
		return err
	}
	if c.perp, err = env.Instrument(p.Perp); err != nil {
		return err
	}
	switch {
	case c.spot.Product != exchange.Margin || c.perp.Product != exchange.UM || c.perp.Delivery != 0 || c.spot.Base != c.perp.Base:
		return fmt.Errorf("%s and %s are no carry: take a margin pair and the UM perpetual of its coin", c.spot.Name(), c.perp.Name())
	case p.Exit >= p.Enter:
		return fmt.Errorf("exit %v must be below enter %v", p.Exit, p.Enter)
	}
	c.pair = exec.Pair{
		Legs: []*exchange.Instrument{c.perp, c.spot}, Slice: p.Slice.Decimal(), Tries: p.Tries, Cool: p.Cool,
		Opens: exec.Backoff{Least: p.Bar, Most: max(time.Hour, p.Bar)}, Own: c.own,
	}
	c.loans, c.rests = exec.Backoff{Least: p.Bar, Most: max(time.Hour, p.Bar)}, exec.Backoff{Least: time.Hour, Most: 24 * time.Hour}
	env.Bars(c.spot, p.Bar, 0)
	env.Bars(c.perp, p.Bar, 0)
	env.Fundings(c.perp, c.p.Fundings)
	return nil
}

// own is what the strategy has of a leg in coins: of the pair what it bought, less what it
// sold, fees and the interest that is owed in the coin.
func (c *Carry) own(env *strategy.Env, in *exchange.Instrument) decimal.Decimal {
	if in != c.spot {
		return exec.Coins(env, in)
	}
	coins := env.Position(in).Qty.Sub(c.memory.Fees).Sub(env.Balance(in.Base, exchange.WalletInterest))
	if has := env.Balance(in.Base, exchange.WalletMargin); c.capped && coins.GreaterThan(has) {
		return has
	}
	return coins
}

// OnFunding learns a settlement.
func (c *Carry) OnFunding(env *strategy.Env, _ *exchange.Instrument, f exchange.Funding) {
	c.memory.Settle(env.Now(), f, c.p.Fundings)
}

// rest is for how long nothing is opened once uniMMR was below the floor: without the carry it
// is high again at once.
const rest = 24 * time.Hour

// want is how many coins of the perpetual to hold.
func (c *Carry) want(env *strategy.Env) decimal.Decimal {
	stands, size := env.Position(c.perp).Qty, c.p.Size.Decimal()
	mmr, floor := env.Account().UniMMR, c.p.UnimmrMin.Decimal()
	short, ok := c.memory.Expect(c.p.Horizon, c.p.Fundings)
	switch {
	case mmr.IsZero() || !ok:
		return stands // nothing is known yet
	case mmr.LessThan(floor):
		c.memory.Low = env.Now()
		return decimal.Zero
	case c.memory.Low != 0 && env.Now() < c.memory.Low.Add(rest):
		return decimal.Zero
	case stands.IsZero() && c.own(env, c.spot).Abs().GreaterThan(c.p.Slice.Decimal()):
		return decimal.Zero // the exchange took the perpetual
	}
	loan := c.p.LoanRate.Decimal().Mul(decimal.New(int64(c.p.Horizon), 0)).DivRound(decimal.New(int64(8760*time.Hour), 0), 16)
	long := short.Neg().Sub(loan) // what a long is paid, after the loan
	least, room := c.p.Cost.Decimal().Add(c.p.Enter.Decimal()), mmr.GreaterThanOrEqual(floor.Mul(decimal.New(12, -1)))
	switch exit := c.p.Exit.Decimal(); {
	case stands.Sign() <= 0 && c.p.Direction != "reverse" && room && short.GreaterThanOrEqual(least):
		return size.Neg()
	case stands.Sign() >= 0 && c.p.Direction != "long" && room && long.GreaterThanOrEqual(least):
		return size
	case stands.IsNegative() && short.LessThan(exit), stands.IsPositive() && long.LessThan(exit):
		return decimal.Zero
	}
	return stands
}

// act takes the next step: debts that coins are there for are repaid first, coins that are to
// be sold are borrowed, and then the legs are moved.
func (c *Carry) act(env *strategy.Env) {
	if env.Warming() || env.Last(c.spot) == 0 || env.Last(c.perp) == 0 {
		return
	}
	want := c.want(env)
	if c.pair.Broken(env) {
		want = decimal.Zero
	}
	c.pair.Step(env, c.perp, c.spot, c.settle(env, want))
}

// settle borrows for the way in and repays on the way out, and returns what may be wanted now:
// no more than was borrowed.
func (c *Carry) settle(env *strategy.Env, want decimal.Decimal) decimal.Decimal {
	coin := c.spot.Base
	debt, free := env.Debt(coin), env.Balance(coin, exchange.WalletMargin).Sub(decimal.Max(decimal.Zero, c.own(env, c.spot)))
	may := !c.acting && c.loans.Ready(env.Now()) && c.p.Direction != "long"
	switch {
	case want.IsPositive():
		if may && debt.LessThan(want) {
			c.wish(env, env.Borrow, want.Sub(debt))
		}
		return decimal.Min(want, debt)
	case !may || !want.IsZero() || !debt.IsPositive():
	case free.IsPositive():
		c.wish(env, env.Repay, decimal.Min(debt, free))
	case c.pair.Flat(env) && c.rests.Ready(env.Now()): // less is owed than an order may buy
		least := c.spot.NotionalMin.Decimal().Mul(decimal.New(12, -1)).DivRound(env.Last(c.spot).Decimal(), 16)
		qty, err := exchange.FixedFromDecimal(decimal.Max(least, debt), exchange.RoundDown)
		if qty = qty.Round(c.spot.Lot.Step, exchange.RoundCeil); err == nil && env.State(c.spot) != exchange.Halted {
			c.rests.No(env.Now()) // and again only after a while
			env.Send(strategy.Buy(c.spot, qty).Tag("rest"))
		}
	}
	return want
}

// wish asks for a loan or a repayment.
func (c *Carry) wish(env *strategy.Env, ask func(string, exchange.Fixed) strategy.Ref, coins decimal.Decimal) {
	amount, err := exchange.FixedFromDecimal(coins, exchange.RoundDown)
	if err != nil || amount <= 0 || env.State(c.spot) == exchange.Halted {
		return
	}
	c.acting, c.memory.Interest = true, env.Balance(c.spot.Base, exchange.WalletInterest)
	ask(c.spot.Base, amount)
}

// OnLoan goes on when a loan or repayment is over.
func (c *Carry) OnLoan(env *strategy.Env, u *exchange.ActUpdate) {
	if !u.Status.Final() {
		return
	}
	if c.acting = false; u.Status == exchange.ActDone {
		c.loans.Yes()
	} else {
		c.loans.No(env.Now())
	}
	if m := &c.memory; u.Kind == exchange.ActRepay && u.Status == exchange.ActDone {
		m.Fees = m.Fees.Add(decimal.Min(m.Interest, u.Amount)) // which is paid first
	}
	c.pair.Ask(env)
}

// OnBar looks again.
func (c *Carry) OnBar(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Bar) { c.pair.Ask(env) }

// OnFill counts what the exchange kept, and goes on.
func (c *Carry) OnFill(env *strategy.Env, in *exchange.Instrument, f *exchange.Fill) {
	if in == c.spot && f.FeeAsset == in.Base {
		c.memory.Fees = c.memory.Fees.Add(f.Fee)
	}
	c.capped = false
	c.pair.Fill(env)
}

// OnTask goes on when a pair is over.
func (c *Carry) OnTask(env *strategy.Env, u *exchange.TaskUpdate) { c.pair.Task(env, u) }

// OnTimer takes the step that was put off.
func (c *Carry) OnTimer(env *strategy.Env, _ uint64) {
	c.pair.Rang()
	c.act(env)
}

// OnOrder and OnRefusal have the legs wait, or give up.
func (c *Carry) OnOrder(env *strategy.Env, in *exchange.Instrument, u *exchange.OrderUpdate) {
	c.capped = c.capped || in == c.spot && (u.Status == exchange.StatusRejected || u.Status == exchange.StatusExpired)
	c.pair.Order(env, u)
}

// OnRefusal is told what the guard has refused.
func (c *Carry) OnRefusal(env *strategy.Env, r *exchange.Refusal) {
	if r.Intent.Asset != "" {
		c.acting = false
		c.loans.No(env.Now())
		return
	}
	c.pair.Refusal(env, r)
}

// Save returns the memory as JSON.
func (c *Carry) Save() (version int, state []byte, err error) {
	state, err = json.Marshal(c.memory)
	return 1, state, err
}

// Restore brings back what Save returned.
func (c *Carry) Restore(version int, state []byte) error {
	if version != 1 {
		return fmt.Errorf("version %d is not 1, the only one known", version)
	}
	c.memory = memory{}
	return json.Unmarshal(state, &c.memory)
}
