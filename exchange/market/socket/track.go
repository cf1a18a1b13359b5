package socket

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// track is what a lane knows of one of its streams.
type track struct {
	*Sub
	order order
	// owner is the slot of the link whose messages are delivered.
	owner int
	// asks say by slot what became of the subscription.
	asks [2]ask

	// last is the key of the last message delivered, if there was one; lastAt when that was,
	// or when the first subscription was acknowledged; 0 is before that.
	last    int64
	hasLast bool
	lastAt  exchange.Time

	// gap says that something may be missing since gapFrom, which is told before the next
	// message.
	gap     bool
	gapFrom exchange.Time

	watch watch
	seam  seam
}

// ask is the state of a subscription on a link.
type ask struct {
	state askState
	// id is that of the command.
	id int64
	// at is when it was acknowledged, or refused.
	at time.Duration
	// most is how many names a command may have that asks for it, 0 for as many as there may be.
	most int
}

type askState uint8

const (
	wanted askState = iota
	asked
	acknowledged
	refused
)

// known says whether p is a message that has been delivered already, on whichever link.
func (t *track) known(p *piece) bool {
	if p.keyed && t.order != loose {
		switch {
		case !t.hasLast:
			return false
		case p.key != t.last || t.order == unique:
			return p.key <= t.last
		}
	}
	return t.seam.window.index(p.printed()) >= 0
}

// note remembers that p is delivered.
func (t *track) note(p *piece, now exchange.Time) {
	if p.keyed {
		t.last, t.hasLast = p.key, true
	}
	t.lastAt = now
	t.watch.fresh = true
}
