// Package grid is a bundled strategy: a ladder of post-only orders between two hard bounds,
// that buys a cell's quantity at its lower line and sells it at its upper one.
//
// It promises never to hold more than its cells, all its open orders filled, never to spend
// more than its budget, and to be out once the price has left the bounds by the stop. Which
// cells hold follows from the position alone, and which lines have an order from the orders
// that the view lists: so a restart finds its own ladder, whatever was filled meanwhile.
// README.md says what it is good for. Start reading at [Grid.climb].
package grid

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Symbol  strategy.Symbol `default:"UM:BTCUSDT" help:"the contract to trade"`
	Lower   exchange.Fixed  `default:"54000" min:"0.00000001" unit:"price" help:"lowest line; nothing is bought below it"`
	Upper   exchange.Fixed  `default:"66000" min:"0.00000001" unit:"price" help:"highest line; nothing is sold above it"`
	Cells   int             `default:"20" min:"1" max:"200" help:"cells between the lines; safe while a cell is several times as wide as two maker fees"`
	Spacing string          `default:"arithmetic" choices:"arithmetic|geometric" help:"arithmetic: lines are as many dollars apart; geometric: as many percent"`
	Flat    exchange.Fixed  `default:"0" min:"0" unit:"price" help:"where it holds nothing: at upper the grid is only ever long, at lower only short; 0 is half way"`

	Qty    exchange.Fixed `default:"0.002" min:"0" unit:"coins or contracts" help:"quantity of a cell"`
	Budget exchange.Fixed `default:"2000" min:"0" unit:"quote or USD" help:"the most that the larger side may cost, all its cells held; the grid does not start if they could cost more"`
	Window int            `default:"6" min:"1" max:"50" unit:"orders" help:"lines of each side that have an order, the nearest ones; safe while twice this and one stay below the guard's open_orders_max"`
	Burst  int            `default:"5" min:"1" max:"20" unit:"requests" help:"the most requests in a second; safe below the guard's messages_per_second_max"`

	Stop exchange.Fixed `default:"0.02" min:"0" max:"0.5" unit:"of the bound" help:"how far beyond a bound everything is closed, by a native stop order and at a bar's close; 0 is no stop, and then the loss has no bound"`
	Bar  time.Duration  `default:"1m" min:"1m" max:"24h" help:"how often to look when nothing is filled"`
}

// Grid is the strategy. What a restart must not lose is in memory; the rest may go.
type Grid struct {
	p      Params
	in     *exchange.Instrument
	ladder ladder
	memory memory
	// patient waits for the ladder, closing for what closes, and crossed when the price has
	// gone past a line before its order came.
	patient, closing, crossed exec.Backoff

	pace exec.Pace
	soon exec.Soon
}

// memory is what no order and no position tells.
type memory struct {
	// Stopped says that the price has left the bounds by the stop.
	Stopped bool
	// Stop is the ref of the last native stop order, 0 for none.
	Stop strategy.Ref
	// Price is that of the newest close or own fill.
	Price exchange.Fixed
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Grid{} }

// Manifest says what the strategy is and trades.
func (g *Grid) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "grid", Version: "1.0.0",
		Summary:    "a ladder of post-only orders between hard bounds, with a stop and a budget",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Limit, exchange.Market, exchange.StopMarket},
	}
}

// Params returns the parameters to be filled in.
func (g *Grid) Params() any { return &g.p }

// Start draws the lines, and holds what they could cost against the budget.
func (g *Grid) Start(env *strategy.Env) error {
	in, err := env.Instrument(g.p.Symbol)
	if err != nil {
		return err
	}
	if in.Product == exchange.Margin {
		return fmt.Errorf("%s is a margin pair; grid trades UM and CM contracts", in.Name())
	}
	if strategy.Lots(in, exchange.Limit, g.p.Qty) != g.p.Qty || g.p.Qty == 0 {
		return fmt.Errorf("qty %v is not on the lot grid of %s: least %v, step %v", g.p.Qty, in.Name(), in.Lot.Min, in.Lot.Step)
	}
	if g.ladder, err = newLadder(in, &g.p); err != nil {
		return err
	}
	if cost := g.ladder.cost(); cost.GreaterThan(g.p.Budget.Decimal()) {
		return fmt.Errorf("all cells of one side cost up to %v, more than budget %v: take fewer cells or a smaller qty", cost.Round(2), g.p.Budget)
	}
	g.in = in
	g.patient, g.closing = exec.Backoff{Least: g.p.Bar, Most: max(time.Hour, g.p.Bar)}, exec.Backoff{Least: time.Minute, Most: 15 * time.Minute}
	g.crossed = exec.Backoff{Least: min(g.p.Bar, 5*time.Second), Most: g.p.Bar}
	g.pace = exec.Pace{Most: g.p.Burst}
	env.Bars(in, g.p.Bar, 0)
	return nil
}

// OnBar looks for the stop, and puts right whatever is missing of the ladder.
func (g *Grid) OnBar(env *strategy.Env, _ *exchange.Instrument, b *exchange.Bar) {
	g.memory.Price = b.Close
	m, low, high := &g.memory, g.ladder.stop(1), g.ladder.stop(-1)
	if env.Warming() {
		return
	}
	if g.p.Stop > 0 && !m.Stopped && (b.Close <= low || b.Close >= high) {
		m.Stopped = true
		env.Logf("%s closed at %v, beyond the stop: out", g.in.Name(), b.Close)
	}
	g.act(env)
	if g.p.Stop > 0 && !m.Stopped && env.State(g.in) != exchange.Halted && g.closing.Ready(env.Now()) {
		m.Stop = exec.Protect(env, g.in, g.ladder.stop)
	}
}

// OnFill has the ladder renewed. The exchange's stop ends it.
func (g *Grid) OnFill(env *strategy.Env, _ *exchange.Instrument, f *exchange.Fill) {
	g.memory.Price = f.Price
	g.patient.Yes()
	g.crossed.Yes()
	if f.Ref == g.memory.Stop && f.Ref != 0 {
		g.memory.Stopped = true
	}
	g.soon.Ask(env)
}

// OnOrder goes on when an order is gone. What the exchange did not want waits for the next
// close, and then longer and longer.
func (g *Grid) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	switch {
	case u.Status == exchange.StatusRejected && g.memory.Stopped:
		g.closing.No(env.Now())
	case u.Status == exchange.StatusRejected:
		g.patient.No(env.Now())
	case u.Status == exchange.StatusExpired:
		g.crossed.No(env.Now())
	case u.Status == exchange.StatusCanceled:
		g.soon.Ask(env)
	}
}

// OnRefusal waits: the guard will say the same again.
func (g *Grid) OnRefusal(env *strategy.Env, r *exchange.Refusal) {
	if r.Intent.Request.ReduceOnly {
		g.closing.No(env.Now())
		return
	}
	g.patient.No(env.Now())
}

// OnTimer does what was put off.
func (g *Grid) OnTimer(env *strategy.Env, _ uint64) {
	g.soon.Rang()
	g.act(env)
}

// act climbs, or closes.
func (g *Grid) act(env *strategy.Env) {
	switch {
	case env.Warming() || g.memory.Price == 0:
	case g.memory.Stopped:
		exec.Leave(env, g.in, func() bool { return g.closing.Ready(env.Now()) && g.pace.Ask(env) })
	case env.State(g.in) == exchange.Active && g.patient.Ready(env.Now()) && g.crossed.Ready(env.Now()):
		g.climb(env)
	}
}

// climb brings the orders to where the ladder wants them: those on a line that wants them
// stay, with the quantity corrected, others are cancelled, and what is missing is sent.
func (g *Grid) climb(env *strategy.Env) {
	wanted := g.ladder.rungs(env.Held(g.in), g.memory.Price, g.p.Window)
	var room [exchange.Sell + 1]exchange.Fixed // that neither the position nor an open order has
	for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
		room[s] = g.ladder.room(env.Held(g.in), s)
	}
	for _, o := range env.Orders() {
		if g.rung(&o) {
			room[o.Request.Side] -= o.Remaining()
		}
	}
	for _, o := range env.Orders() {
		if !g.rung(&o) {
			continue
		}
		r := find(wanted, o.Request.Side, o.Request.Price)
		if r == nil {
			if o.Status.Working() && g.pace.Ask(env) {
				env.Cancel(o.Ref)
			}
			continue
		}
		more := r.qty - o.Remaining()
		if r.qty = 0; more != 0 && more <= room[r.side] && o.Status.Working() && g.pace.Ask(env) {
			env.Amend(o.Ref, o.Request.Price, o.Request.Qty+more)
			room[r.side] -= max(0, more)
		}
	}
	for _, r := range wanted {
		qty := strategy.Lots(g.in, exchange.Limit, max(0, min(r.qty, room[r.side])))
		if qty == 0 || g.in.Notional(qty, r.price).LessThan(g.in.NotionalMin.Decimal()) || !g.pace.Ask(env) {
			continue
		}
		room[r.side] -= qty
		env.Send(exec.Trade(g.in, exchange.Fixed(r.side.Sign())*qty).Limit(r.price).PostOnly().Tag("cell"))
	}
}

// rung says whether an order belongs to the ladder.
func (g *Grid) rung(o *exchange.Order) bool {
	return o.Request.Inst == g.in.ID && o.Request.Type == exchange.Limit
}

// Save returns the memory as JSON.
func (g *Grid) Save() (version int, state []byte, err error) {
	state, err = json.Marshal(g.memory)
	return 1, state, err
}

// Restore brings back what Save returned.
func (g *Grid) Restore(version int, state []byte) error {
	if version != 1 {
		return fmt.Errorf("version %d is not 1, the only one known", version)
	}
	return json.Unmarshal(state, &g.memory)
}
