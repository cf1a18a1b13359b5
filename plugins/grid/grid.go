// Package grid is a bundled strategy: a ladder of post-only orders between two hard bounds,
// that buys a cell's quantity at its lower line and sells it at its upper one.
//
// It promises never to hold more than its cells, all its open orders filled, never to spend more than
// its budget, and to be out once the price has left the bounds by the stop, which the bot keeps also
// while it is not there. Which cells hold follows from the position alone, the rest from the orders
// and tasks of the view, so a restart finds its own ladder. Start reading at [Grid.climb].
package grid

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

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
	Qty     exchange.Fixed  `default:"0.002" min:"0" unit:"coins or contracts" help:"quantity of a cell"`
	Budget  exchange.Fixed  `default:"2000" min:"0" unit:"quote or USD" help:"the most that the larger side may cost, all its cells held; the grid does not start if they could cost more"`
	Window  int             `default:"6" min:"1" max:"50" unit:"orders" help:"lines of each side that have an order, the nearest ones; safe while twice this and one stay below the guard's open_orders_max"`
	Burst   int             `default:"5" min:"1" max:"20" unit:"requests" help:"the most requests in a second; safe below the guard's messages_per_second_max"`
	Stop    exchange.Fixed  `default:"0.02" min:"0" max:"0.5" unit:"of the bound" help:"how far beyond a bound everything is closed, by a native stop order and at a bar's close; 0 is no stop, and then the loss has no bound"`
	Bar     time.Duration   `default:"1m" min:"1m" max:"24h" help:"how often to look when nothing is filled"`
}

// Grid is the strategy.
type Grid struct {
	p      Params
	in     *exchange.Instrument
	ladder ladder
	memory memory
	soon   exec.Soon
}

// memory is what no order, task and position tells.
type memory struct {
	// Stopped says that the price has left the bounds by the stop.
	Stopped bool
	// Price is that of the newest close or own fill.
	Price exchange.Fixed
	Noes  exec.Backoff // patience with what is refused, rejected, or would have taken
	Pace  exec.Pace
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Grid{} }

// Manifest says what the strategy is and trades.
func (g *Grid) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "grid", Version: "1.1.0",
		Summary:    "a ladder of post-only orders between hard bounds, with a stop and a budget",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Limit, exchange.Market, exchange.StopMarket},
	}
}

// Params returns the parameters to be filled in.
func (g *Grid) Params() any { return &g.p }

// Start draws the lines.
func (g *Grid) Start(env *strategy.Env) (err error) {
	if g.in, err = env.Instrument(g.p.Symbol); err != nil {
		return err
	}
	if g.in.Product == exchange.Margin {
		return fmt.Errorf("%s is a margin pair; grid trades UM and CM contracts", g.in.Name())
	}
	if strategy.Lots(g.in, exchange.Limit, g.p.Qty) != g.p.Qty || g.p.Qty == 0 {
		return fmt.Errorf("qty %v is not on the lot grid of %s: least %v, step %v", g.p.Qty, g.in.Name(), g.in.Lot.Min, g.in.Lot.Step)
	}
	g.memory = memory{Noes: exec.Backoff{Least: min(g.p.Bar, 5*time.Second), Most: max(time.Hour, g.p.Bar)}, Pace: exec.Pace{Most: g.p.Burst}}
	env.Bars(g.in, g.p.Bar, 0)
	env.After(0, exec.SoonTimer) // at once after a restart, which has lost the timers there were
	g.ladder, err = newLadder(g.in, &g.p)
	return err
}

// OnBar looks for the stop, closes what that has left, and puts right what is missing of the ladder.
func (g *Grid) OnBar(env *strategy.Env, _ *exchange.Instrument, b *exchange.Bar) {
	m := &g.memory
	m.Price = b.Close
	if g.p.Stop > 0 && !m.Stopped && !env.Warming() && (b.Close <= g.ladder.low || b.Close >= g.ladder.high) {
		m.Stopped = true
		env.Logf("%s closed at %v, beyond the stop: out", g.in.Name(), b.Close)
	}
	if g.act(env); m.Stopped {
		exec.Leave(env, g.in, func() bool { return m.Noes.Ready(env.Now()) && m.Pace.Ask(env) })
	}
}

// OnFill has the ladder renewed.
func (g *Grid) OnFill(env *strategy.Env, _ *exchange.Instrument, f *exchange.Fill) {
	g.memory.Price = f.Price
	g.memory.Noes.Yes()
	g.soon.Ask(env)
}

// OnTask looks whether the stop was hit. One that somebody has ended is wished again, but not at once.
func (g *Grid) OnTask(env *strategy.Env, u *exchange.TaskUpdate) {
	if u.Status.Final() {
		g.memory.Noes.No(env.Now())
	}
	g.soon.Ask(env)
}

// OnOrder goes on when an order is gone. What the exchange did not want waits, and then longer and
// longer, until something rests or fills.
func (g *Grid) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	switch u.Status {
	case exchange.StatusWorking:
		g.memory.Noes.Yes()
	case exchange.StatusRejected, exchange.StatusExpired:
		g.memory.Noes.No(env.Now())
	case exchange.StatusCanceled:
		g.soon.Ask(env)
	}
}

// OnRefusal waits: the guard will say the same again.
func (g *Grid) OnRefusal(env *strategy.Env, _ *exchange.Refusal) { g.memory.Noes.No(env.Now()) }

// OnTimer does what was put off.
func (g *Grid) OnTimer(env *strategy.Env, _ uint64) {
	g.soon.Rang()
	g.act(env)
}

// act brings the orders to where the ladder wants them, or takes them back for good.
func (g *Grid) act(env *strategy.Env) {
	m := &g.memory
	if env.Warming() || m.Price == 0 {
		return
	}
	if m.Stopped = g.protect(env) || m.Stopped; m.Stopped {
		g.climb(env, nil)
	} else if env.State(g.in) == exchange.Active && m.Noes.Ready(env.Now()) {
		g.climb(env, g.ladder.rungs(env.Held(g.in), m.Price, g.p.Window))
	}
}

// protect has the bot keep a stop on each side, for whatever is held there, and says whether one
// was hit.
func (g *Grid) protect(env *strategy.Env) (hit bool) {
	missing := []strategy.Order{strategy.Sell(g.in, 0).Stop(g.ladder.low).Tag("stop"), strategy.Buy(g.in, 0).Stop(g.ladder.high).Tag("stop")}
	for _, u := range env.Tasks() {
		hit = hit || !u.Lead.IsZero()
		missing = slices.DeleteFunc(missing, func(o strategy.Order) bool { return o.Request().Trigger == u.Trigger })
	}
	for _, o := range missing {
		if g.p.Stop > 0 && g.memory.Noes.Ready(env.Now()) {
			env.Protect(o)
		}
	}
	return hit
}

// climb cancels what is wanted nowhere, corrects what has another quantity, and sends what is
// missing: never more than what neither the position nor an open order has.
func (g *Grid) climb(env *strategy.Env, wanted []exchange.OrderRequest) {
	m, l, held := &g.memory, &g.ladder, env.Held(g.in)
	room := [exchange.Sell + 1]exchange.Fixed{exchange.Buy: l.cells - l.above - held, exchange.Sell: held + l.above}
	mine := slices.DeleteFunc(slices.Clone(env.Orders()), func(o exchange.Order) bool { return o.Request.Type != exchange.Limit })
	for _, o := range mine {
		room[o.Request.Side] -= o.Remaining()
	}
	for _, o := range mine {
		r, qty := &o.Request, exchange.Fixed(0)
		if i := slices.IndexFunc(wanted, func(w exchange.OrderRequest) bool { return w.Side == r.Side && w.Price == r.Price }); i >= 0 {
			qty, wanted[i].Qty = wanted[i].Qty, 0
		}
		switch more := qty - o.Remaining(); {
		case more == 0 || more > max(0, room[r.Side]) || !o.Status.Working() || !m.Pace.Ask(env):
		case qty == 0:
			env.Cancel(o.Ref)
		default:
			room[r.Side] -= max(0, more)
			env.Amend(o.Ref, r.Price, r.Qty+more)
		}
	}
	for _, w := range wanted {
		qty := strategy.Lots(g.in, exchange.Limit, max(0, min(w.Qty, room[w.Side])))
		if qty == 0 || g.in.Notional(qty, w.Price).LessThan(g.in.NotionalMin.Decimal()) || !m.Pace.Ask(env) {
			continue
		}
		room[w.Side] -= qty
		env.Send(exec.Trade(g.in, exchange.Fixed(w.Side.Sign())*qty).Limit(w.Price).PostOnly().Tag("cell"))
	}
}

// Save returns the memory as JSON.
func (g *Grid) Save() (version int, state []byte, err error) { return strategy.SaveJSON(1, g.memory) }

// Restore brings back what Save returned.
func (g *Grid) Restore(version int, state []byte) error {
	return strategy.RestoreJSON(version, state, 1, &g.memory)
}

// ladder is the lines, and what follows from them. The cells above the price hold: each has
// bought at its lower line and sells at its upper one. So the position says which cells hold,
// from the top down, and nothing has to be remembered.
type ladder struct {
	lines []exchange.Fixed // from the lowest; a cell lies between each two
	qty   exchange.Fixed   // of a cell
	// cells is what all of them hold, and above what they hold where the position is flat.
	cells, above exchange.Fixed
	// low and high are the stops of what is held long and short.
	low, high exchange.Fixed
}

// newLadder draws the lines, and holds what all cells of the larger side could cost against the
// budget: in quote, or in USD for contracts that pay in coins.
func newLadder(in *exchange.Instrument, p *Params) (l ladder, err error) {
	lower, upper, flat := p.Lower, p.Upper, p.Flat
	if flat == 0 {
		flat = lower + (upper-lower)/2
	}
	switch {
	case lower >= upper:
		return l, fmt.Errorf("lower %v must be below upper %v", lower, upper)
	case lower.Round(in.Tick, exchange.RoundDown) != lower || upper.Round(in.Tick, exchange.RoundDown) != upper:
		return l, fmt.Errorf("lower %v and upper %v must be whole ticks of %s, %v", lower, upper, in.Name(), in.Tick)
	case flat < lower || flat > upper:
		return l, fmt.Errorf("flat %v must be from lower %v to upper %v, or 0 for half way", flat, lower, upper)
	}
	const places = 20 // of the ratio between lines
	ratio, err := upper.Decimal().DivRound(lower.Decimal(), places).RootRound(int64(p.Cells), places)
	at, long, short := lower.Decimal(), decimal.Zero, decimal.Zero
	for i := 0; i <= p.Cells && err == nil; i++ {
		line := lower + (upper-lower)/exchange.Fixed(p.Cells)*exchange.Fixed(i)
		if p.Spacing == "geometric" {
			line, err = exchange.FixedFromDecimal(at.Round(exchange.FixedPlaces), exchange.RoundDown)
			at = at.Mul(ratio).Round(places)
		}
		if line = line.Round(in.Tick, exchange.RoundDown); i == p.Cells {
			line = upper
		}
		l.lines = append(l.lines, line)
		switch under := l.lines[max(0, i-1)]; {
		case i == 0:
		case line <= under:
			return l, fmt.Errorf("%d cells between %v and %v are narrower than a tick of %s, %v", p.Cells, lower, upper, in.Name(), in.Tick)
		case under < flat:
			long = long.Add(in.Notional(p.Qty, under))
		default:
			short = short.Add(in.Notional(p.Qty, line))
			l.above += p.Qty
		}
	}
	if cost := decimal.Max(long, short); cost.GreaterThan(p.Budget.Decimal()) && err == nil {
		return l, fmt.Errorf("all cells of one side cost up to %v, more than budget %v: take fewer cells or a smaller qty", cost.Round(2), p.Budget)
	}
	l.qty, l.cells = p.Qty, p.Qty*exchange.Fixed(p.Cells)
	one, stop := decimal.New(1, 0), p.Stop.Decimal()
	if err == nil {
		l.low, err = exchange.FixedFromDecimal(lower.Decimal().Mul(one.Sub(stop)), exchange.RoundFloor)
	}
	if err == nil {
		l.high, err = exchange.FixedFromDecimal(upper.Decimal().Mul(one.Add(stop)), exchange.RoundCeil)
	}
	l.low, l.high = l.low.Round(in.Tick, exchange.RoundFloor), l.high.Round(in.Tick, exchange.RoundCeil)
	return l, err
}

// rungs is what the lines want when so much is held, from the nearest one on: every cell sells
// what it holds at its upper line and buys what it lacks at its lower one, no more than window
// lines a side. What would take, because the price has gone past its line, waits at the nearest
// line that rests, and a line has at most the quantity of a cell: the rest follows.
func (l *ladder) rungs(held, price exchange.Fixed, window int) (list []exchange.OrderRequest) {
	in := min(max(held+l.above, 0), l.cells)
	walk := func(side exchange.Side, from, step int) {
		done := exchange.Fixed(0) // that nearer lines want, or are too short for
		for j, n := from, 0; j >= 0 && j < len(l.lines) && n < window; j += step {
			over := l.cells - l.qty*exchange.Fixed(j) // what the cells over the line may hold
			all := max(0, exchange.Fixed(side.Sign())*(over-in))
			if qty := min(l.qty, all-done); qty > 0 {
				list, n = append(list, exchange.OrderRequest{Side: side, Price: l.lines[j], Qty: qty}), n+1
			}
			done = all
		}
	}
	from, _ := slices.BinarySearch(l.lines, price)
	above, _ := slices.BinarySearch(l.lines, price+1)
	walk(exchange.Buy, from-1, -1)
	walk(exchange.Sell, above, 1)
	return list
}
