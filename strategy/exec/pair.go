package exec

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// PairTimer is the timer that [Pair] sets: the strategy looks again when it rings.
const PairTimer = PaceTimer + 1

// Pair holds legs of one coin against each other with market orders: the lead is traded in
// slices, and before the next slice the hedge has taken over what the one before left open.
// One order is at work at a time. A hedge that is refused or rejected Tries times running
// breaks the pair: what is open is closed by the legs that have it, everything else after
// it, and for the time of Cool nothing is opened again.
//
// What is held is read from the view each time, so a restart, a leg that the exchange took
// away and a fill that came late are the same to it: something is open, and is hedged.
type Pair struct {
	// Legs are all that count.
	Legs []*exchange.Instrument
	// Slice is the most that one order of the lead trades, in coins.
	Slice decimal.Decimal
	Tries int
	Cool  time.Duration
	// Opens is patience with what opens risk.
	Opens Backoff
	// Own tells what the strategy has of a leg in coins; nil is [Coins].
	Own func(env *strategy.Env, in *exchange.Instrument) decimal.Decimal

	closes Backoff
	tries  int
	broken exchange.Time // until when nothing is opened
	opened bool          // the last order was to open risk
}

// Coins is what the own position of an instrument comes to in coins. A coin-margined one
// wins and loses coins, so together with these it is worth as many coins at every price as
// at its entry, and by that price it is counted.
func Coins(env *strategy.Env, in *exchange.Instrument) decimal.Decimal {
	p := env.Position(in)
	return in.Delta(p.Qty, p.Entry)
}

// Open is what no leg hedges, in coins.
func (p *Pair) Open(env *strategy.Env) decimal.Decimal {
	sum := decimal.Zero
	for _, in := range p.Legs {
		sum = sum.Add(p.own(env, in))
	}
	return sum
}

// Broken says whether nothing is opened now, because a leg has failed.
func (p *Pair) Broken(env *strategy.Env) bool { return env.Now() < p.broken }

// Flat says whether nothing is held that an order could close, and no order is at work.
func (p *Pair) Flat(env *strategy.Env) bool {
	for _, in := range p.Legs {
		if Lot(env, in, p.own(env, in)) != 0 {
			return false
		}
	}
	return !p.working(env)
}

// Step sends the one order that comes next on the way to want coins of the lead, with as
// much against it of the hedge.
func (p *Pair) Step(env *strategy.Env, lead, hedge *exchange.Instrument, want decimal.Decimal) {
	if p.working(env) {
		return
	}
	open, broken := p.Open(env), p.Broken(env)
	leg := hedge
	if broken {
		leg = p.most(env, open)
		want = decimal.Zero
	}
	if qty := Lot(env, leg, open.Neg()); qty != 0 {
		p.send(env, leg, qty, false)
		return
	}
	p.tries = 0
	more := want.Sub(p.own(env, lead))
	if more.Abs().GreaterThan(p.Slice) {
		more = p.Slice.Mul(decimal.New(int64(more.Sign()), 0))
	}
	opens, least := more.Sign()*p.own(env, lead).Sign() >= 0, exchange.ReduceOnly
	if opens {
		least = exchange.Active
	}
	if qty := Lot(env, lead, more); qty != 0 && p.may(env, least) && (broken || env.Last(hedge) != 0) {
		p.send(env, lead, qty, opens)
	}
}

// No notes that an order of the pair was refused or rejected.
func (p *Pair) No(env *strategy.Env) {
	if p.opened {
		p.Opens.No(env.Now())
		return
	}
	p.closes.No(env.Now())
	if p.tries++; p.tries >= p.Tries && !p.Broken(env) {
		p.broken, p.tries = env.Now().Add(p.Cool), 0
		p.closes.Yes()
		env.Logf("a leg has failed: %v coins are open and are closed", p.Open(env))
	}
	env.At(max(p.closes.until, env.Now()), PairTimer)
}

// Yes notes a fill.
func (p *Pair) Yes() {
	p.Opens.Yes()
	p.closes.Yes()
}

func (p *Pair) send(env *strategy.Env, in *exchange.Instrument, qty exchange.Fixed, opens bool) {
	patience, tag := &p.closes, "hedge"
	if opens {
		patience, tag = &p.Opens, "enter"
	}
	if !patience.Ready(env.Now()) {
		return
	}
	if p.opened = opens; env.State(in) == exchange.Halted {
		p.No(env) // the guard would refuse it
		return
	}
	order := Trade(in, qty)
	if held := env.Held(in); in.Product != exchange.Margin && held != 0 && (held > 0) != (qty > 0) {
		order, tag = order.ReduceOnly(), "exit" // Lot closes no more than there is
	}
	env.Send(order.Tag(tag))
}

// most is the leg that has the most of what is open.
func (p *Pair) most(env *strategy.Env, open decimal.Decimal) *exchange.Instrument {
	leg, most := p.Legs[0], decimal.Zero
	for _, in := range p.Legs {
		if own := p.own(env, in); own.Sign() == open.Sign() && own.Abs().GreaterThan(most) {
			leg, most = in, own.Abs()
		}
	}
	return leg
}

func (p *Pair) own(env *strategy.Env, in *exchange.Instrument) decimal.Decimal {
	if p.Own != nil {
		return p.Own(env, in)
	}
	return Coins(env, in)
}

func (p *Pair) working(env *strategy.Env) bool {
	for _, o := range env.Orders() {
		for _, in := range p.Legs {
			if o.Request.Inst == in.ID {
				return true
			}
		}
	}
	return false
}

// may says whether all legs have at least that state: what one leg does the other must follow.
func (p *Pair) may(env *strategy.Env, least exchange.TradingState) bool {
	for _, in := range p.Legs {
		if env.State(in) < least {
			return false
		}
	}
	return true
}

// Lot is [exchange.Instrument.LotOf] at the last price and against the strategy's own position.
func Lot(env *strategy.Env, in *exchange.Instrument, coins decimal.Decimal) exchange.Fixed {
	own := env.Position(in)
	return in.LotOf(coins, env.Last(in), &own)
}
