package exec

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Pace bounds the requests of a strategy to Most in any second that begins with a request.
// A Most of 0 lets nothing pass.
type Pace struct {
	Most    int
	since   exchange.Time
	n       int
	waiting exchange.Time // when the timer that was set is due
}

// PaceTimer is the timer that [Pace.Ask] sets.
const PaceTimer = 1 << 62

// Take says whether one more request may be made now, and counts it.
func (p *Pace) Take(now exchange.Time) bool {
	if p.n == 0 || now.Sub(p.since) >= time.Second {
		p.since, p.n = now, 0
	}
	if p.n >= p.Most {
		return false
	}
	p.n++
	return true
}

// Ask is [Pace.Take], and sets a timer of the number [PaceTimer] for the rest when the
// answer is no: the strategy looks again when it rings.
func (p *Pace) Ask(env *strategy.Env) bool {
	ok := p.Take(env.Now())
	if due := env.Now().Add(time.Second); !ok && p.waiting <= env.Now() {
		p.waiting = due
		env.At(due, PaceTimer)
	}
	return ok
}
