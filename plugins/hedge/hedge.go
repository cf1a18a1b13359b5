// Package hedge is a bundled strategy and the tutorial: it keeps the price exposure of a
// coin that the account owns at a target, with a short on COIN-M, on USD-M, or on both.
//
// It promises to count what the account really owns, over all its wallets, and never to
// have two orders of one contract at work. It keeps no memory of its own: whatever it
// needs to know stands in the view, so a restart loses nothing. README.md says what it
// is good for. Start reading at [Hedge.OnBar].
package hedge

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Coin   string          `default:"BTC" help:"the coin whose exposure is kept"`
	Leg    strategy.Symbol `default:"CM:BTCUSD_PERP" help:"the contract to hedge with"`
	Second strategy.Symbol `default:"" help:"a second contract for a part of the hedge; empty is none"`
	Split  exchange.Fixed  `default:"0.5" min:"0" max:"1" unit:"of the hedge" help:"part of the hedge that goes to the second contract"`

	Target exchange.Fixed `default:"0" unit:"coins" help:"exposure to keep; 0 is fully hedged"`
	Band   exchange.Fixed `default:"0.01" min:"0" unit:"by band_by" help:"how far the exposure may be off before anything is traded"`
	BandBy string         `default:"coins" choices:"coins|ratio" help:"coins: band is in coins; ratio: band is a part of the coins owned"`

	Style  string         `default:"maker" choices:"maker|taker" help:"maker: a post-only order beside the last price, renewed at each close; taker: a market order"`
	Offset int            `default:"1" min:"1" max:"1000" unit:"ticks" help:"how far a maker order stands from the last price, on the side where it rests"`
	Bar    time.Duration  `default:"1m" min:"1m" max:"24h" help:"how often to look; one decision is made at each close"`
	MaxQty exchange.Fixed `default:"0" min:"0" unit:"coins or contracts" help:"the most that one order trades; the rest follows with the next. 0 is no bound"`
}

// Hedge is the strategy.
type Hedge struct {
	p    Params
	legs []leg
}

// leg is a contract and its share of the hedge.
type leg struct {
	in    *exchange.Instrument
	share decimal.Decimal
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Hedge{} }

// Manifest says what the strategy is and trades.
func (h *Hedge) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "hedge", Version: "1.0.0",
		Summary:    "keeps the exposure of a coin balance at a target with UM and CM contracts",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Limit, exchange.Market},
		Stateless:  true,
	}
}

// Params returns the parameters to be filled in.
func (h *Hedge) Params() any { return &h.p }

// Start looks the contracts up and subscribes to their bars.
func (h *Hedge) Start(env *strategy.Env) error {
	h.legs = nil
	first := decimal.NewFromInt(1)
	if h.p.Second != (strategy.Symbol{}) {
		if h.p.Second == h.p.Leg {
			return fmt.Errorf("second %v is the same contract as leg", h.p.Second)
		}
		first = first.Sub(h.p.Split.Decimal())
	}
	if err := h.addLeg(env, h.p.Leg, first); err != nil {
		return err
	}
	if h.p.Second == (strategy.Symbol{}) {
		return nil
	}
	return h.addLeg(env, h.p.Second, h.p.Split.Decimal())
}

func (h *Hedge) addLeg(env *strategy.Env, s strategy.Symbol, share decimal.Decimal) error {
	in, err := env.Instrument(s)
	if err != nil {
		return err
	}
	if in.Product == exchange.Margin || in.Base != h.p.Coin {
		return fmt.Errorf("%s cannot hedge %s: it must be a UM or CM contract on that coin", in.Name(), h.p.Coin)
	}
	h.legs = append(h.legs, leg{in, share})
	env.Bars(in, h.p.Bar, 0)
	return nil
}

// OnBar looks at the whole hedge when a bar of any of its contracts closes. Only that
// contract's quote is renewed: the price of another may be about to change.
func (h *Hedge) OnBar(env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
	for _, o := range env.Orders() {
		if o.Request.Inst == in.ID && o.Request.Type == exchange.Limit && o.Request.Price != h.quote(env, in, o.Request.Side) {
			env.Cancel(o.Ref) // OnOrder renews it, when it can no longer fill
		}
	}
	h.rebalance(env)
}

// OnOrder renews an order that was cancelled. What was rejected or expired waits for the
// next close, so that a fault cannot become a loop.
func (h *Hedge) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	if u.Status == exchange.StatusCanceled {
		h.rebalance(env)
	}
}

// rebalance sends the order of every contract that has none at work, if the exposure of
// all together is out of the band.
func (h *Hedge) rebalance(env *strategy.Env) {
	owned, ok := h.owned(env)
	if !ok {
		return
	}
	band := h.p.Band.Decimal()
	if h.p.BandBy == "ratio" {
		band = band.Mul(owned.Abs())
	}
	// All contracts together shall have the target less what is owned, each its share.
	hedge := h.p.Target.Decimal().Sub(owned)
	gap := hedge
	for _, l := range h.legs {
		gap = gap.Sub(h.delta(env, l.in))
	}
	if gap.Abs().LessThanOrEqual(band) {
		return
	}
	for _, l := range h.legs {
		if env.State(l.in) != exchange.Halted && !working(env, l.in) {
			h.trade(env, l.in, hedge.Mul(l.share).Sub(h.delta(env, l.in)))
		}
	}
}

// working says whether an order of the contract is at work.
func working(env *strategy.Env, in *exchange.Instrument) bool {
	return slices.ContainsFunc(env.Orders(), func(o exchange.Order) bool { return o.Request.Inst == in.ID })
}

// owned is the coins of the account: all wallets, less debts, and the profit that open
// coin-margined positions of this strategy have not realised yet, for it is in coins
// too. ok=false means that a price is not known yet.
func (h *Hedge) owned(env *strategy.Env) (coins decimal.Decimal, ok bool) {
	coins = env.Coins(h.p.Coin)
	for _, l := range h.legs {
		last := env.Last(l.in)
		if last == 0 {
			return decimal.Zero, false
		}
		if p := env.Position(l.in); l.in.Inverse() {
			coins = coins.Add(l.in.PnL(p.Qty, p.Entry, last.Decimal()))
		}
	}
	return coins, true
}

// delta is the exposure of the own position in coins.
func (h *Hedge) delta(env *strategy.Env, in *exchange.Instrument) decimal.Decimal {
	return in.Delta(env.Position(in).Qty, env.Last(in).Decimal())
}

// trade sends one order for an exposure in coins, rounded down to whole lots.
func (h *Hedge) trade(env *strategy.Env, in *exchange.Instrument, coins decimal.Decimal) {
	amount := coins
	if in.Inverse() {
		amount = coins.Mul(env.Last(in).Decimal()).DivRound(in.ContractSize.Decimal(), 16)
	}
	size, err := exchange.FixedFromDecimal(amount.Abs(), exchange.RoundDown)
	if err != nil {
		env.Logf("%s: an order of %v is out of range", in.Name(), amount)
		return
	}
	if h.p.MaxQty > 0 {
		size = min(size, h.p.MaxQty)
	}
	kind := exchange.Market
	if h.p.Style == "maker" {
		kind = exchange.Limit
	}
	if size = strategy.Lots(in, kind, size); size == 0 {
		return
	}
	order := strategy.Buy(in, size)
	if coins.IsNegative() {
		order = strategy.Sell(in, size)
	}
	if kind == exchange.Limit {
		order = order.Limit(h.quote(env, in, order.Request().Side)).PostOnly()
	}
	env.Send(order.Tag("hedge"))
}

// quote is the price of a maker order. At the last price itself the next trade could
// meet it at once, and a post-only order that would take expires.
func (h *Hedge) quote(env *strategy.Env, in *exchange.Instrument, s exchange.Side) exchange.Fixed {
	offset := in.Tick * exchange.Fixed(h.p.Offset)
	if s == exchange.Buy {
		return max(env.Last(in)-offset, in.Tick)
	}
	return env.Last(in) + offset
}
