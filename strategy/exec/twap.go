package exec

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TWAPTimer is the timer that [TWAP.Step] sets: the strategy steps again when it rings.
const TWAPTimer = SoonTimer + 1

// TWAP takes a position from one quantity to another in slices, the first at the start and
// the others equally far apart. How far it has come is read from what is held: a restart, a
// refused slice and a part of a fill are made up for with the next slice, and the end is
// exact. It is plain data, which the strategy keeps in its memory.
type TWAP struct {
	// From and To are what is held, signed, at the start and at the end.
	From, To exchange.Fixed
	Start    exchange.Time
	// For is the time from the first slice to the end of the last; Slices is how many there
	// are, at least 1.
	For    time.Duration
	Slices int

	rings exchange.Time // the timer that was set
	noes  Backoff
}

// Want is what should be held at an instant, before it is brought to the lots of an order.
// Before the start it is From.
func (t *TWAP) Want(now exchange.Time) exchange.Fixed {
	slices := exchange.Fixed(max(t.Slices, 1))
	k := exchange.Fixed(t.slice(now))
	more := t.To - t.From
	return t.From + more/slices*k + more%slices*k/slices
}

// slice is how many slices are due.
func (t *TWAP) slice(now exchange.Time) int {
	slices := max(t.Slices, 1)
	every := t.For / time.Duration(slices)
	switch passed := now.Sub(t.Start); {
	case passed < 0:
		return 0
	case every <= 0 || passed/every >= time.Duration(slices):
		return slices
	default:
		return int(passed/every) + 1
	}
}

// Step sends what is due as one market order, if none is at work, and sets a timer for the
// next slice. It says whether the end is reached: all that an order can trade is done. It is
// called from OnBar or OnTimer and, by [Soon], behind fills.
func (t *TWAP) Step(env *strategy.Env, in *exchange.Instrument) (done bool) {
	now, slices := env.Now(), max(t.Slices, 1)
	k := t.slice(now)
	if next := t.Start.Add(t.For / time.Duration(slices) * time.Duration(k)); k < slices && t.rings != next {
		t.rings = next
		env.At(next, TWAPTimer)
	}
	held := env.Held(in)
	qty := strategy.Lots(in, exchange.Market, t.Want(now)-held)
	order := Trade(in, qty)
	if reduces(in, held, qty) {
		order = order.ReduceOnly()
	} else if in.Notional(qty, env.Last(in)).LessThan(in.NotionalMin.Decimal()) {
		qty = 0 // less than the exchange takes: with the next slice
	}
	switch {
	case busy(env, in):
		return false
	case qty == 0:
		return k == slices && (env.Last(in) != 0 || t.To == held)
	case t.noes.Ready(now) && may(env, in, held, qty):
		env.Send(order.Tag("twap"))
	}
	return false
}

// No notes that a slice was refused or rejected: it is tried again after a while, or is part
// of the next one. The strategy calls it from OnRefusal and OnOrder.
func (t *TWAP) No(env *strategy.Env) {
	t.noes.No(env.Now())
	env.At(t.noes.until, TWAPTimer)
}

// Yes notes a fill.
func (t *TWAP) Yes() { t.noes.Yes() }

// busy says whether an order of an instrument is at work that is no native stop.
func busy(env *strategy.Env, in *exchange.Instrument) bool {
	for _, o := range env.Orders() {
		if o.Request.Inst == in.ID && plain(&o) {
			return true
		}
	}
	return false
}

func plain(o *exchange.Order) bool {
	return o.Request.Type == exchange.Limit || o.Request.Type == exchange.Market
}

// reduces says whether a trade only closes what is held.
func reduces(in *exchange.Instrument, held, qty exchange.Fixed) bool {
	return in.Product != exchange.Margin && held != 0 && (held > 0) != (qty > 0) && qty.Abs() <= held.Abs()
}

// may says whether a trade may be sent now.
func may(env *strategy.Env, in *exchange.Instrument, held, qty exchange.Fixed) bool {
	if reduces(in, held, qty) {
		return env.State(in) != exchange.Halted
	}
	return env.State(in) == exchange.Active
}
