// Package mm is a bundled strategy: a market maker. It keeps post-only orders at some levels on
// each side of one contract, leans them against what it holds, moves them apart when trades jump,
// and amends them when the market has moved.
//
// It promises never to hold more than its bound, all its orders filled, never to have more orders
// on a side than levels, to take its orders back when best prices do not come any more, and to make
// no more requests a minute than its budget. What it holds and has at work stands in the view; what
// it learned of trades is saved. README.md says what it is good for. Start reading at
// [Maker.OnBookTicker].
package mm

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// Params are the parameters; README.md lists them.
type Params struct {
	Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"the contract to make a market in"`
	Qty    exchange.Fixed  `default:"0.002" min:"0" unit:"coins or contracts" help:"quantity of each order"`
	MaxQty exchange.Fixed  `default:"0.01" min:"0" unit:"coins or contracts" help:"the most to hold either way; safe where a move of a day on it can be borne"`
	Levels int             `default:"2" min:"1" max:"5" unit:"orders" help:"orders on each side"`
	Step   int             `default:"10" min:"1" max:"100000" unit:"ticks" help:"distance from one level to the next; safe above move"`
	Half   int             `default:"5" min:"1" max:"100000" unit:"ticks" help:"least distance of the first level from the middle of the market; safe where it is worth more than the maker fee"`
	Vol    exchange.Fixed  `default:"1" min:"0" max:"100" unit:"deviations" help:"the first level is so many usual moves of a second from the middle, if that is more than half; 0 is half alone, and needs no trades"`
	VolFor int             `default:"60" min:"2" max:"10000" unit:"trades" help:"moves of which the usual one is the deviation, each between trades a second apart or more; half counts alone until there are so many"`
	Lean   int             `default:"5" min:"0" max:"100000" unit:"ticks" help:"how far all orders move against a position of max_qty"`
	Move   int             `default:"3" min:"1" max:"100000" unit:"ticks" help:"how far an order may be off before it is moved; twice and four times that once a half and three quarters of the budget are used"`
	Pause  time.Duration   `default:"1s" min:"100ms" max:"1m" help:"least time between two requests of one level"`
	Budget int             `default:"300" min:"2" max:"1200" unit:"requests" help:"the most new orders and amends in a minute; cancels are never held back. Safe at a share of the 1,200 that Binance gives the account"`
	Stale  time.Duration   `default:"10s" min:"1s" max:"1h" help:"all orders are taken back when no best price has come for so long; safe at a few times what the contract is usually silent"`
}

// levelsMax is the most levels of a side.
const levelsMax = 5

// Maker is the strategy.
type Maker struct {
	p  Params
	in *exchange.Instrument
	memory
	// moves are those of trades.
	moves *strategy.StdDev
	soon  exec.Soon
}

// memory is what a restart must not lose, for pauses, patience and budget would begin anew.
type memory struct {
	// Asked is when the last request of each level was made, by side.
	Asked [exchange.Sell + 1][levelsMax]exchange.Time
	Pace  exec.Pace
	// Noes is patience with refusals, rejections and orders that would have taken.
	Noes exec.Backoff
	// Seen is when a best price came last, or when it was first asked for.
	Seen exchange.Time
	// Sampled is when the last move was counted, and Moves is what is saved of them.
	Sampled exchange.Time
	Moves   [][]int64
}

// New makes the strategy with its parameters unset.
func New() strategy.Strategy { return &Maker{} }

// Manifest says what the strategy is and trades.
func (m *Maker) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "mm", Version: "1.1.0",
		Summary:    "quotes levels on both sides of one contract and leans against what it holds",
		Products:   []exchange.Product{exchange.UM, exchange.CM},
		OrderTypes: []exchange.OrderType{exchange.Limit},
	}
}

// Params returns the parameters to be filled in.
func (m *Maker) Params() any { return &m.p }

// Start looks the contract up and subscribes to its best prices and trades.
func (m *Maker) Start(env *strategy.Env) error {
	in, err := env.Instrument(m.p.Symbol)
	if err != nil {
		return err
	}
	if in.Product == exchange.Margin {
		return fmt.Errorf("%s is a margin pair; mm quotes futures", in.Name())
	}
	if strategy.Lots(in, exchange.Limit, m.p.Qty) == 0 {
		return fmt.Errorf("qty %v is below the smallest order of %s, %v", m.p.Qty, in.Name(), in.Lot.Min)
	}
	m.in, m.moves = in, strategy.NewStdDev(m.p.VolFor)
	m.Pace = exec.Pace{Most: m.p.Budget, Per: time.Minute}
	m.Noes = exec.Backoff{Least: max(time.Second, m.p.Pause), Most: time.Minute}
	env.BookTickers(in)
	if m.p.Vol > 0 {
		env.Trades(in)
	}
	env.After(m.p.Stale, 1) // at once, for there is no clock yet
	return nil
}

// OnTrade learns how far the price moves in a second.
func (m *Maker) OnTrade(env *strategy.Env, _ *exchange.Instrument, t exchange.Trade) {
	if env.Now().Sub(m.Sampled) >= time.Second {
		m.Sampled = env.Now()
		m.moves.Push(t.Price)
	}
}

// OnBookTicker renews the quotes when best prices come.
func (m *Maker) OnBookTicker(env *strategy.Env, _ *exchange.Instrument, _ exchange.BookTicker) {
	m.Seen = env.Now()
	m.quote(env)
}

// OnTimer quotes behind a fill, and takes the quotes back when no best price has come for too long:
// others trade on what this program does not see.
func (m *Maker) OnTimer(env *strategy.Env, id uint64) {
	if m.Seen == 0 {
		m.Seen = env.Now()
	}
	due := m.Seen.Add(m.p.Stale)
	switch stale := env.Now() >= due; {
	case id == exec.SoonTimer:
		if m.soon.Rang(); !stale {
			m.quote(env)
		}
		return
	case !stale:
		env.At(due, 1)
		return
	}
	m.pull(env, 0)
	env.After(m.p.Stale, 1)
}

// OnFill quotes again at once, behind the news of its order: what is held has changed.
func (m *Maker) OnFill(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Fill) {
	m.Noes.Yes()
	m.soon.Ask(env)
}

// OnOrder and OnRefusal wait after a no.
func (m *Maker) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	if u.Status == exchange.StatusRejected || u.Status == exchange.StatusExpired {
		m.Noes.No(env.Now())
	}
}

// OnRefusal is told what the guard has refused.
func (m *Maker) OnRefusal(env *strategy.Env, _ *exchange.Refusal) { m.Noes.No(env.Now()) }

// quote brings both sides to where they should be.
func (m *Maker) quote(env *strategy.Env) {
	mid, state, held := env.Quote(m.in).Mid(), env.State(m.in), env.Held(m.in)
	switch {
	case state == exchange.ReduceOnly:
		m.pull(env, held)
		return
	case mid == 0 || state != exchange.Active || !m.Noes.Ready(env.Now()):
		return
	}
	if slices.ContainsFunc(env.Orders(), func(o exchange.Order) bool { return o.Status.Working() && env.Now().Sub(o.Updated) >= m.Noes.Least }) {
		m.Noes.Yes() // something rests
	}
	lean, half := m.lean(held), m.half(mid)
	m.side(env, exchange.Buy, (mid-lean-half).Round(m.in.Tick, exchange.RoundDown), m.p.MaxQty-held)
	m.side(env, exchange.Sell, (mid-lean+half).Round(m.in.Tick, exchange.RoundCeil), m.p.MaxQty+held)
}

// pull takes back the quotes that would not close a part of what is held, 0 for all of them: who trades
// on quotes that cannot be moved knows the price that has come since.
func (m *Maker) pull(env *strategy.Env, held exchange.Fixed) {
	room := [...]exchange.Fixed{exchange.Buy: max(0, -held), exchange.Sell: max(0, held)}
	for _, o := range env.Orders() {
		left := &room[o.Request.Side]
		if *left -= max(1, o.Remaining()); *left < 0 && o.Status.Working() {
			env.Cancel(o.Ref)
		}
	}
}

// half is how far the first level is from the middle: more in a market that moves.
func (m *Maker) half(mid exchange.Fixed) exchange.Fixed {
	half := m.in.Tick * exchange.Fixed(m.p.Half)
	if m.moves.Ready() && m.p.Vol > 0 {
		move := float64(mid.Float() * m.moves.Value())
		if wide, ok := strategy.Snap(float64(move*m.p.Vol.Float()), m.in.Tick, exchange.RoundCeil); ok {
			return min(max(half, wide), mid/10)
		}
	}
	return half
}

// lean is how far the quotes move against what is held: the whole of it at the bound.
func (m *Maker) lean(held exchange.Fixed) exchange.Fixed {
	if m.p.MaxQty == 0 {
		return 0
	}
	part := float64(held) / float64(m.p.MaxQty)
	return m.in.Tick * exchange.Fixed(float64(float64(m.p.Lean)*part))
}

// side brings the orders of one side to its levels, of which best is the first, while room is
// what may be held more. As many orders as there is room for stay, the nearest ones, and are
// amended; the deepest of them has the deepest level, so that what is missing after a fill is
// one order at the front and the others keep their place in the queue.
func (m *Maker) side(env *strategy.Env, s exchange.Side, best, room exchange.Fixed) {
	mine, n := m.mine(env, s), 0
	for ; n < m.p.Levels && strategy.Lots(m.in, exchange.Limit, room-exchange.Fixed(n)*m.p.Qty) > 0; n++ {
	}
	for len(mine) > n { // the bound is near
		if o := mine[len(mine)-1]; o.Status.Working() && m.may(env, s, len(mine)-1) {
			env.Cancel(o.Ref)
		}
		mine = mine[:len(mine)-1]
	}
	for _, o := range m.mine(env, s) {
		room -= o.Remaining()
	}
	for i := range n {
		price := m.level(env, s, best, i)
		if missing := n - len(mine); i < missing {
			qty := strategy.Lots(m.in, exchange.Limit, max(0, min(m.p.Qty, room)))
			if qty > 0 && !m.at(env, s, price) && m.may(env, s, i) && m.Pace.Take(env.Now()) {
				room -= qty
				env.Send(exec.Trade(m.in, exchange.Fixed(s.Sign())*qty).Limit(price).PostOnly().Tag("quote"))
			}
		} else if o := mine[i-missing]; o.Status.Working() && m.off(env, o.Request.Price, price) && m.may(env, s, i) && m.Pace.Take(env.Now()) {
			env.Amend(o.Ref, price, o.Request.Qty)
		}
	}
}

// level is the price of a level, a tick before the other side at the most: there a post-only
// order would expire.
func (m *Maker) level(env *strategy.Env, s exchange.Side, best exchange.Fixed, i int) exchange.Fixed {
	book, away := env.Quote(m.in), m.in.Tick*exchange.Fixed(m.p.Step*i)
	if s == exchange.Buy {
		return max(min(best, book.Ask-m.in.Tick)-away, m.in.Tick)
	}
	return max(best, book.Bid+m.in.Tick) + away
}

// may says whether the pause of a level is over, and begins another one.
func (m *Maker) may(env *strategy.Env, s exchange.Side, i int) bool {
	at := &m.Asked[s][min(i, levelsMax-1)]
	if *at != 0 && env.Now().Sub(*at) < m.p.Pause {
		return false
	}
	*at = env.Now()
	return true
}

// off says whether a price is too far from where it should be, for what is left of the budget.
func (m *Maker) off(env *strategy.Env, is, should exchange.Fixed) bool {
	move := m.in.Tick * exchange.Fixed(m.p.Move)
	switch left := m.Pace.Left(env.Now()); {
	case 4*left < m.p.Budget:
		move *= 4
	case 2*left < m.p.Budget:
		move *= 2
	}
	return max(is-should, should-is) >= move
}

// mine are the own orders of a side, from the nearest to the market to the deepest.
func (m *Maker) mine(env *strategy.Env, s exchange.Side) (list []exchange.Order) {
	for _, o := range env.Orders() {
		if o.Request.Inst == m.in.ID && o.Request.Side == s {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b exchange.Order) int { return int(s.Sign()) * cmp.Compare(b.Request.Price, a.Request.Price) })
	return list
}

// at says whether an own order of the side stands at a price.
func (m *Maker) at(env *strategy.Env, s exchange.Side, price exchange.Fixed) bool {
	return slices.ContainsFunc(env.Orders(), func(o exchange.Order) bool { return o.Request.Side == s && o.Request.Price == price })
}

// Save returns the memory as JSON.
func (m *Maker) Save() (version int, state []byte, err error) {
	m.Moves = strategy.States(m.moves)
	return strategy.SaveJSON(1, m.memory)
}

// Restore brings back what Save returned. It fails when vol_for was changed in between.
func (m *Maker) Restore(version int, state []byte) error {
	if err := strategy.RestoreJSON(version, state, 1, &m.memory); err != nil {
		return err
	}
	return strategy.RestoreStates(m.Moves, m.moves)
}
