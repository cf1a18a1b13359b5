package exec

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// SoonTimer is the timer that [Soon.Ask] sets.
const SoonTimer = PairTimer + 1

// Soon puts a step off behind all events of the instant: a fill, the news of its order and
// the bookings come one after the other, and between them the view counts the fill twice or
// not at all. However often it is asked in an instant, one timer is set.
type Soon struct{ asked exchange.Time }

// Ask sets the timer [SoonTimer] for this instant, unless it is set: the strategy takes the
// step when it rings.
func (s *Soon) Ask(env *strategy.Env) {
	if s.asked != env.Now() {
		s.asked = env.Now()
		env.At(env.Now(), SoonTimer)
	}
}

// Rang notes that the timer rang: what comes from here on sets another.
func (s *Soon) Rang() { s.asked = 0 }
