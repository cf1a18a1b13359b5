package exec

import (
	"encoding/json"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Pace bounds the requests of a strategy to Most in any time of Per that begins with a
// request. A Most of 0 lets nothing pass. Its JSON is what was used, for a strategy's memory; Most,
// Per and the timer are not in it.
type Pace struct {
	Most int
	// Per is a time; 0 is a second.
	Per     time.Duration
	since   exchange.Time
	n       int
	waiting exchange.Time // when the timer that was set is due
}

// PaceTimer is the timer that [Pace.Ask] sets.
const PaceTimer = 1 << 62

// Take says whether one more request may be made now, and counts it.
func (p *Pace) Take(now exchange.Time) bool {
	if p.Left(now) <= 0 {
		return false
	}
	if p.over(now) {
		p.since, p.n = now, 0
	}
	p.n++
	return true
}

// Left is how many requests may be made now.
func (p *Pace) Left(now exchange.Time) int {
	if p.over(now) {
		return p.Most
	}
	return p.Most - p.n
}

// over says whether a new time begins with the next request.
func (p *Pace) over(now exchange.Time) bool { return p.n == 0 || now.Sub(p.since) >= p.per() }

func (p *Pace) per() time.Duration {
	if p.Per <= 0 {
		return time.Second
	}
	return p.Per
}

// Ask is [Pace.Take], and sets a timer of the number [PaceTimer] for the rest when the
// answer is no: the strategy looks again when it rings.
func (p *Pace) Ask(env *strategy.Env) bool {
	ok := p.Take(env.Now())
	if due := env.Now().Add(p.per()); !ok && p.waiting <= env.Now() {
		p.waiting = due
		env.At(due, PaceTimer)
	}
	return ok
}

// MarshalJSON writes how many requests were made, and since when.
func (p Pace) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]int64{int64(p.since), int64(p.n)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Pace) UnmarshalJSON(text []byte) error {
	var s [2]int64
	err := json.Unmarshal(text, &s)
	p.since, p.n = exchange.Time(s[0]), int(max(s[1], 0))
	return err
}
