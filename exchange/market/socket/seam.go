package socket

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// heldMost is how long a message of the successor is held back for the owner to reach
	// it. Two healthy connections are a fraction of that apart; who is further behind is
	// stuck, and no reason to wait.
	heldMost = 5 * time.Second
	// againMax is how often a stream that the successor does not bring is asked for again,
	// before that one becomes its owner all the same: the old one ends soon.
	againMax = 3
	// heldPiece is what is counted for a message held back beside its bytes.
	heldPiece = 128
)

// seam is where a stream goes from one link over to its successor without losing or
// doubling a message: the owner's are delivered and the successor's held back until it is
// proved that the two overlap.
type seam struct {
	// window has the prints of what was delivered since the successor was dialed, of messages
	// that no key tells apart.
	window window
	// held are the successor's messages, heldSince when the first of them came.
	held      []piece
	heldSince time.Duration
	// heardAt is when the owner brought something for the first time that the successor
	// should have brought as well, 0 if it has not. again is how often the stream was asked
	// for again for that reason.
	heardAt time.Duration
	again   int

	// filter says that the new owner may still bring what the old one has delivered, until
	// filterEnd at the latest.
	filter    bool
	filterEnd time.Duration
}

// succeed dials a successor.
func (l *lane) succeed() {
	for _, t := range l.tracks {
		s := &t.seam // a filter of the handover before may still be at work
		s.held, s.heardAt, s.again = nil, 0, 0
	}
	l.beganAt, l.renewedAt, l.held = l.at, l.now, 0
	l.dial(1 - l.main)
}

// hold takes a message of the successor: it waits, unless it proves that nothing is missing.
func (l *lane) hold(k *link, t *track, p *piece) {
	s := &t.seam
	if t.watch.step != speaking { // the owner is known to be deaf
		t.gapSince(t.lastAt)
		l.turn(k, t)
		l.take(t, p)
		return
	}
	if len(s.held) == 0 {
		if t.known(p) || t.follows(p) {
			l.turn(k, t)
			l.take(t, p)
			return
		}
		s.heldSince = l.now
	}
	joined := t.order == loose && t.known(p)
	copied := *p
	copied.raw, copied.message = append([]byte(nil), p.raw...), nil
	s.held = append(s.held, copied)
	l.held += len(p.raw) + heldPiece
	switch {
	case joined:
		l.turn(k, t)
	case l.held > l.rules.held:
		l.tell(Notice{Kind: Overflow, Sub: t.Sub, Conn: k.conn, Text: fmt.Sprintf("more than %d bytes held back", l.rules.held)})
		t.gapSince(t.lastAt)
		l.turn(k, t)
	}
}

// take delivers a message of the new owner, unless the old one has.
func (l *lane) take(t *track, p *piece) {
	if !l.repeated(t, p) {
		l.deliver(t, p)
	}
}

// follows says whether p is the message right behind the last one delivered.
func (t *track) follows(p *piece) bool { return p.chained && t.hasLast && p.prev == t.last }

// gapSince opens a gap, of a stream that was had before.
func (t *track) gapSince(from exchange.Time) {
	if from != 0 && !t.gap {
		t.gap, t.gapFrom = true, from
	}
}

// delivered looks whether what the owner has brought proves that the successor overlaps.
func (l *lane) delivered(t *track, p *piece) {
	s := &t.seam
	if t.owner != l.main || len(s.held) == 0 {
		return
	}
	first := &s.held[0]
	joined := t.known(first) || t.follows(first)
	if t.order == loose {
		for i := range s.held {
			joined = joined || s.held[i].printed() == p.printed()
		}
	}
	if joined {
		l.turn(l.links[1-l.main], t)
	}
}

// turn makes a link the owner of a stream, and delivers what was held back of it.
func (l *lane) turn(k *link, t *track) {
	s := &t.seam
	t.owner = k.slot
	s.filter, s.filterEnd = true, l.now+l.rules.overlap
	held := s.held
	s.held = nil
	for i := range held {
		l.held -= len(held[i].raw) + heldPiece
		l.take(t, &held[i])
	}
}

// repeated says whether the old owner has delivered what the new one brings, and ends the
// filter behind the last message for which that is so.
func (l *lane) repeated(t *track, p *piece) bool {
	s := &t.seam
	if t.known(p) {
		if t.order != unique {
			s.window.take(p.printed())
		}
		return true
	}
	if p.keyed && t.order != loose && (!t.hasLast || p.key > t.last) {
		s.filter = false
	}
	return false
}

// overlap looks at the streams that the successor does not own yet, and ends the rotation
// when there is none.
func (l *lane) overlap(main, next *link) {
	left := 0
	for _, t := range l.tracks {
		if t.owner != main.slot {
			continue
		}
		if l.links[next.slot] == next && !l.pass(t, next) {
			left++
		}
	}
	if left > 0 || len(l.tracks) == 0 {
		return
	}
	l.drop(main.slot)
	l.main = next.slot
	text := "age"
	if l.renew != "" {
		text = l.renew
	}
	l.renew = ""
	l.tell(Notice{Kind: Rotated, Conn: next.conn, From: l.beganAt, To: l.at, Text: text})
}

// pass says whether the successor owns a stream now.
func (l *lane) pass(t *track, next *link) bool {
	s := &t.seam
	a := &t.asks[next.slot]
	if a.state == refused { // it brings nothing, and keeps nothing back
		t.gapSince(t.lastAt)
		l.turn(next, t)
		return true
	}
	if a.state != acknowledged {
		return false
	}
	if s.heardAt == 0 && t.watch.heardAt > a.at+heldMost {
		s.heardAt = l.now
	}
	switch {
	case len(s.held) > 0:
		if l.now-s.heldSince < heldMost {
			return false
		}
		t.gapSince(t.lastAt) // the owner is stuck
	case s.heardAt != 0:
		if l.now-s.heardAt < heldMost {
			return false
		}
		if s.again < againMax { // the successor is deaf
			s.heardAt = 0
			s.again++
			l.askAgain(next, t)
			l.tell(Notice{Kind: Resubscribed, Sub: t.Sub, Conn: next.conn, From: t.lastAt, To: l.at, Text: "the new connection did not bring what the old one did"})
			return false
		}
		t.gapSince(t.lastAt)
	case l.now-a.at < l.rules.overlap: // nothing came on either
		return false
	}
	l.turn(next, t)
	l.settle(t)
	return true
}

// inherit gives a stream of the main link, which is lost, to the successor. Of what was not
// proved before, nothing can be proved any more.
func (l *lane) inherit(t *track, lost, heir *link) {
	t.miss(lost)
	subscribed := t.asks[heir.slot].state == acknowledged
	l.turn(heir, t)
	if subscribed {
		l.settle(t)
	}
}

// forsake gives the streams that a lost successor has owned back to the main link, which
// still brings them; some of it was passed over meanwhile.
func (l *lane) forsake(k *link) {
	for _, t := range l.tracks {
		s := &t.seam
		s.held, s.heardAt, s.again = nil, 0, 0
		if t.owner != k.slot {
			continue
		}
		t.miss(k)
		t.owner = l.main
		s.filter, s.filterEnd = true, l.now+l.rules.overlap
		if t.asks[l.main].state == acknowledged {
			l.settle(t)
		}
	}
	l.held = 0
}
