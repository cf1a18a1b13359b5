package exec

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// PairTimer is the timer that [Pair] sets: the strategy looks again when it rings.
const PairTimer = PaceTimer + 1

// Pair holds legs of one coin against each other. It follows a target: each step looks at what is
// held, and where the target is another it wishes a pair ([strategy.Env.Pair]), which the bot
// trades in slices, each hedged before the next, also while the strategy's process is gone.
//
// What stands open while no pair is at work, since the exchange took a leg away, interest was
// charged or a fill came late, is closed by one market order on the hedge. When the hedge of a
// slice fails, the bot trades the slice back, and the pair is broken, as it is when Tries such
// orders running are refused or rejected: for the time of Cool nothing is opened, what is open is
// closed by the leg that has it, and the legs are left slice by slice, as far as both can be
// traded. Legs that cannot stay hedged: half a hedge is worse than a whole one.
//
// What is held and what is at work is read from the view each time, so a restart needs no memory.
// A strategy hands its callbacks over: OnFill to [Pair.Fill], OnTask to [Pair.Task], OnOrder to
// [Pair.Order] and OnRefusal to [Pair.Refusal]. These ask for a step behind the events of the
// instant, and OnTimer calls Rang and takes it.
type Pair struct {
	Soon
	// Legs are all that count.
	Legs []*exchange.Instrument
	// Slice is the most that one order of the lead trades, in coins; with 0 nothing is traded.
	Slice decimal.Decimal
	// Tries is how many refusals and rejections running break the pair, 1 to 20, and Timeout how
	// long a slice may stand without its hedge, 1s to 1h; 0 is 30s.
	Tries   int
	Timeout time.Duration
	// Cool is for how long nothing is opened once it is broken.
	Cool time.Duration
	// Opens is patience with what opens risk.
	Opens Backoff
	// Own tells what the strategy has of a leg in coins; nil is [Coins].
	Own func(env *strategy.Env, in *exchange.Instrument) decimal.Decimal

	exits, trims Backoff
	tries        int
	broken       exchange.Time // until when nothing is opened
	asked        wish          // what was asked for last
	stopping     strategy.Ref  // the pair that was wished gone
}

// wish is what an order or a pair was to do.
type wish uint8

const (
	trims wish = iota
	opens
	exits
)

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

// Flat says whether nothing is held that an order could close, and neither an order nor a pair is
// at work.
func (p *Pair) Flat(env *strategy.Env) bool {
	for _, in := range p.Legs {
		if Lot(env, in, p.own(env, in)) != 0 {
			return false
		}
	}
	return p.task(env) == nil && !p.working(env)
}

// Step wishes what comes next on the way to want coins of the lead, with as much against it of
// the hedge: a pair, an order that closes what stands open, the end of a pair that goes elsewhere,
// or nothing while it must wait. From one side to the other it goes through flat.
func (p *Pair) Step(env *strategy.Env, lead, hedge *exchange.Instrument, want decimal.Decimal) {
	if p.Broken(env) {
		want = decimal.Zero
	}
	if t := p.task(env); t != nil {
		if p.stopping != t.Ref && p.strays(env, t, lead, hedge, want) {
			p.stopping = t.Ref
			env.Cancel(t.Ref)
		}
		return
	}
	if p.working(env) {
		return
	}
	if leg, qty := p.trim(env, hedge, p.Open(env)); qty != 0 {
		p.send(env, leg, qty, trims)
		return
	}
	p.tries = 0
	if env.Last(hedge) != 0 {
		p.move(env, lead, hedge, want)
	}
}

// strays says whether a pair at work must end: it is of other legs, it would go beyond what is
// wanted, or something stands open that it does not know of.
func (p *Pair) strays(env *strategy.Env, t *exchange.TaskUpdate, lead, hedge *exchange.Instrument, want decimal.Decimal) bool {
	if t.Status != exchange.TaskWorking {
		return false // it trades back
	}
	if t.Inst != lead.ID || t.Hedge != hedge.ID {
		return true
	}
	if _, qty := p.trim(env, hedge, p.Open(env).Sub(t.Lead).Sub(t.Hedged)); qty != 0 {
		return true
	}
	beyond := p.own(env, lead).Sub(t.Lead).Add(t.Coins).Sub(want)
	return beyond.Sign() == t.Coins.Sign() && Lot(env, lead, beyond.Neg()) != 0
}

// trim is the order that closes what is open, of quantity 0 for none.
func (p *Pair) trim(env *strategy.Env, hedge *exchange.Instrument, open decimal.Decimal) (*exchange.Instrument, exchange.Fixed) {
	if p.Broken(env) {
		hedge = p.most(env, open)
	}
	return hedge, Lot(env, hedge, open.Neg())
}

// move wishes the pair that brings the lead to where it is wanted.
func (p *Pair) move(env *strategy.Env, lead, hedge *exchange.Instrument, want decimal.Decimal) {
	own := p.own(env, lead)
	if own.Sign()*want.Sign() < 0 {
		want = decimal.Zero
	}
	more := want.Sub(own)
	step := decimal.Min(more.Abs(), p.Slice).Mul(decimal.NewFromInt(int64(more.Sign())))
	does, patience, least, round, tag := opens, &p.Opens, exchange.Active, exchange.RoundDown, "enter"
	if p.closes(env, lead, more) { // an order closes no more than there is, so that nothing is left
		does, patience, least, round, tag = exits, &p.exits, exchange.ReduceOnly, exchange.RoundCeil, "exit"
	}
	qty, other := Lot(env, lead, step), Lot(env, hedge, step.Neg())
	if qty == 0 || !patience.Ready(env.Now()) || !p.may(env, least) {
		return
	}
	coins, err := exchange.FixedFromDecimal(more.Abs(), round)
	slice, wrong := exchange.FixedFromDecimal(step.Abs(), round)
	switch {
	case other == 0 && does == exits:
		p.send(env, lead, qty, exits) // a rest that nothing is held against
	case other != 0 && err == nil && wrong == nil:
		p.asked = does
		coins *= exchange.Fixed(more.Sign())
		env.Pair(strategy.Pair{Lead: lead, Hedge: hedge, Coins: coins, Slice: slice, Timeout: p.Timeout, Tries: p.Tries, Tag: tag})
	}
}

// closes says whether so many coins are against what is held of an instrument.
func (p *Pair) closes(env *strategy.Env, in *exchange.Instrument, coins decimal.Decimal) bool {
	return coins.Sign()*p.own(env, in).Sign() < 0
}

// Fill notes a fill.
func (p *Pair) Fill(env *strategy.Env) {
	p.Opens.Yes()
	p.trims.Yes()
	p.Ask(env)
}

// Task notes news of a pair. One that was traded back breaks this one.
func (p *Pair) Task(env *strategy.Env, u *exchange.TaskUpdate) {
	at := slices.IndexFunc(p.Legs, func(in *exchange.Instrument) bool { return in.ID == u.Inst })
	if u.Kind != exchange.TaskPair || !u.Status.Final() || at < 0 {
		return
	}
	switch exit := p.closes(env, p.Legs[at], u.Coins); {
	case u.Status == exchange.TaskUnwound:
		if p.breaks(env, u.Reason); exit {
			p.later(env, exits)
		}
	case u.Status == exchange.TaskFailed && exit:
		p.later(env, exits)
	case u.Status == exchange.TaskFailed:
		p.Opens.No(env.Now())
	default:
		p.Opens.Yes()
		p.exits.Yes()
	}
	p.Ask(env)
}

// Order notes that an order was rejected or has expired.
func (p *Pair) Order(env *strategy.Env, u *exchange.OrderUpdate) {
	if u.Status == exchange.StatusRejected || u.Status == exchange.StatusExpired {
		p.no(env, u.Ref)
	}
}

// Refusal notes that an order, or the wish for a pair, was refused.
func (p *Pair) Refusal(env *strategy.Env, r *exchange.Refusal) { p.no(env, r.Intent.Ref) }

// no counts a refusal or a rejection. Those of a pair at work are the bot's own affair.
func (p *Pair) no(env *strategy.Env, ref strategy.Ref) {
	if slices.ContainsFunc(env.Tasks(), func(u exchange.TaskUpdate) bool { return u.Ref == ref }) {
		return
	}
	if p.asked == opens {
		p.Opens.No(env.Now())
		return
	}
	if p.asked == trims {
		if p.tries++; p.tries >= p.Tries && !p.Broken(env) {
			p.breaks(env, "a leg was refused or rejected")
			p.tries = 0
			p.trims.Yes()
			env.At(env.Now(), PairTimer)
			return
		}
	}
	p.later(env, p.asked)
}

// breaks has nothing opened for a while.
func (p *Pair) breaks(env *strategy.Env, why string) {
	p.broken = env.Now().Add(p.Cool)
	env.Logf("a leg has failed, %v coins are open, and nothing is opened for %v: %s", p.Open(env), p.Cool, why)
}

// later has it look again after a while.
func (p *Pair) later(env *strategy.Env, w wish) {
	patience := &p.trims
	if w == exits { // each one may cost fees on both legs
		patience = &p.exits
		patience.Least, patience.Most = p.Opens.Least, max(p.Cool, p.Opens.Least)
	}
	patience.No(env.Now())
	env.At(max(patience.until, env.Now()), PairTimer)
}

func (p *Pair) send(env *strategy.Env, in *exchange.Instrument, qty exchange.Fixed, w wish) {
	if w == trims && !p.trims.Ready(env.Now()) {
		return
	}
	if p.asked = w; env.State(in) == exchange.Halted {
		p.no(env, 0) // the guard would refuse it
		return
	}
	order, tag := Trade(in, qty), "hedge"
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

// task is the pair of ours at work on a leg, nil if there is none.
func (p *Pair) task(env *strategy.Env) *exchange.TaskUpdate {
	list := env.Tasks()
	at := slices.IndexFunc(list, func(u exchange.TaskUpdate) bool {
		return u.Kind == exchange.TaskPair && slices.ContainsFunc(p.Legs, func(in *exchange.Instrument) bool { return in.ID == u.Inst || in.ID == u.Hedge })
	})
	if at < 0 {
		return nil
	}
	return &list[at]
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
