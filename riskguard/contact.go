package riskguard

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// What the exchange says of the account as a whole, and its clock, are inputs of every decision:
// without the first nobody notices that the picture of the account is wrong, and by a wrong clock
// signed requests fail, and settlements come when nobody expects them. Both must be fresh before
// new risk is taken. What reduces risk is not held up by them.

// clockFor is how long a measurement of the clock holds: a bad one goes off by some 60 ms.
const clockFor = 10 * time.Minute

// contact is when the exchange has told of itself.
type contact struct {
	account, clock heard
}

// heard is when something was told last, and how often it is promised.
type heard struct {
	at    exchange.Time
	every time.Duration
	// anew says that a process has begun since the promise: the next one replaces it.
	anew bool
	// offset is the clock's: the exchange's minus ours.
	offset time.Duration
}

// promise takes a promise. Of several of one process the shortest counts.
func (h *heard) promise(every time.Duration) {
	if h.anew {
		h.every, h.anew = 0, false
	}
	h.every = sooner(h.every, every)
}

func (h *heard) measured(offset time.Duration, at exchange.Time) { h.offset, h.at = offset, at }

// never says that nothing needs to be told: a simulated exchange has no account or clock beside
// the one that events tell.
func (h *heard) never() bool { return h.every >= exchange.Forever }

// anew begins a process, which promises for itself.
func (c *contact) anew() { c.account.anew, c.clock.anew = true, true }

// contact: the account was read lately, and the clock is right. It is not for orders that reduce.
func (c *check) contact() *exchange.Refusal {
	for _, look := range [...]func(*check) *exchange.Refusal{(*check).freshAccount, (*check).rightClock} {
		if no := look(c); no != nil && !c.plan && !c.reducing() {
			return no
		}
	}
	return nil
}

func (c *check) freshAccount() *exchange.Refusal {
	h := &c.g.contact.account
	if h.never() {
		return nil
	}
	in := c.input(boundFreshAccount, h.at, freshFor(c.set.limits.FreshAccount, h.every))
	if c.tells(in.bound, &in.share) && c.stale(&in) {
		return c.beyond(in.bound, in.reading)
	}
	return nil
}

func (c *check) rightClock() *exchange.Refusal {
	h := &c.g.contact.clock
	if h.never() && h.at == 0 {
		return nil
	}
	if value := h.unmeasured(c.at); value != "" {
		c.refusals = &c.set.bounds[boundClock].refused
		return &exchange.Refusal{Value: value, Limit: oldAtMost(freshFor(clockFor, h.every))}
	}
	r := reading{share: shareOf(int64(h.offset.Abs()), int64(c.set.limits.ClockOffsetMax))}
	if h.offset < 0 {
		r.name = "ahead of"
	}
	return c.hold(boundClock, r)
}

// unmeasured says for how long nobody has measured the clock, "" while a measurement holds.
func (h *heard) unmeasured(at exchange.Time) string {
	switch age := at.Sub(h.at); {
	case h.at == 0:
		return "the exchange's clock was never measured"
	case age > freshFor(clockFor, h.every):
		return fmt.Sprintf("the exchange's clock was measured %v ago", age)
	}
	return ""
}

// sayClock: our clock is part nanoseconds off and may be whole; name says which way.
func sayClock(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return offsetWords(time.Duration(r.part), r.name != ""), b.limit
}

func offsetWords(off time.Duration, ahead bool) string {
	way := "behind"
	if ahead {
		way = "ahead of"
	}
	return fmt.Sprintf("our clock is %v %s the exchange's", off, way)
}

// clock tells when our clock is not the exchange's, or nobody measures it any more.
func (w *watch) clock() {
	h := &w.g.contact.clock
	if h.at == 0 {
		return
	}
	value, limit := h.unmeasured(w.at), oldAtMost(freshFor(clockFor, h.every))
	if value == "" {
		if h.offset.Abs() <= w.g.limits.ClockOffsetMax {
			return
		}
		value, limit = offsetWords(h.offset.Abs(), h.offset < 0), w.g.limits.ClockOffsetMax.String()
	}
	w.alert(0, exchange.Alert{Severity: exchange.SeverityWarning, Value: value, Limit: limit})
}

// heardSnapshot is when something was told as a snapshot has it.
type heardSnapshot struct {
	Anew   bool          `json:"anew,omitzero"`
	At     exchange.Time `json:"at,omitzero"`
	Every  duration      `json:"every,omitzero"`
	Offset duration      `json:"offset,omitzero"`
}

type contactSnapshot struct {
	Account heardSnapshot `json:"account,omitzero"`
	Clock   heardSnapshot `json:"clock,omitzero"`
}

func (h *heard) snapshot() heardSnapshot {
	return heardSnapshot{h.anew, h.at, duration(h.every), duration(h.offset)}
}

func (s *heardSnapshot) heard() heard {
	return heard{at: s.At, every: time.Duration(s.Every), anew: s.Anew, offset: time.Duration(s.Offset)}
}

// snapshot is nil while nothing was told.
func (c *contact) snapshot() *contactSnapshot {
	if *c == (contact{}) {
		return nil
	}
	return &contactSnapshot{c.account.snapshot(), c.clock.snapshot()}
}

func (c *contact) restore(s *contactSnapshot) {
	if s != nil {
		*c = contact{s.Account.heard(), s.Clock.heard()}
	}
}
