package tape

import (
	"errors"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// waitingMax bounds the events that a sorter holds, 25 MB of them.
const waitingMax = 1 << 18

// sorter brings the events of a series, which come in the order of the exchange's clock,
// into that of the recorder's: an event may go when no row to come can be before it. Events
// of one instant keep their order.
type sorter struct {
	// low is the least by which an event is after the time of its row.
	low time.Duration
	// limit is the instant up to which events may go.
	limit exchange.Time
	// in are the events that are to be taken.
	in block
	// waiting is a heap of those that may not go yet. Their events are in slots, free are
	// those of no event.
	waiting []waiter
	slots   []exchange.Event
	free    []int32
	taken   uint64
}

// waiter is an event that waits: the nth one taken.
type waiter struct {
	at   exchange.Time
	nth  uint64
	slot int32
}

func (w *waiter) before(v *waiter) bool { return w.at < v.at || w.at == v.at && w.nth < v.nth }

// take puts the events of in among those that wait; the rows to come are not before
// floor.
func (s *sorter) take(floor exchange.Time) error {
	for i := range s.in.events {
		s.push(&s.in.events[i])
	}
	if floor != 0 {
		s.limit = max(s.limit, floor.Add(s.low))
	}
	if len(s.waiting) > waitingMax && s.waiting[0].at > s.limit {
		return errors.New("more rows than fit wait for others: the recorder's clock went back and forth by too much; play by the corrected or by the exchange's clock")
	}
	return nil
}

func (s *sorter) push(e *exchange.Event) {
	var slot int32
	if n := len(s.free); n > 0 {
		slot, s.free = s.free[n-1], s.free[:n-1]
		s.slots[slot] = *e
	} else {
		slot, s.slots = int32(len(s.slots)), append(s.slots, *e)
	}
	s.waiting = append(s.waiting, waiter{e.At, s.taken, slot})
	s.taken++
	h := s.waiting
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// release appends the events that may go to a block, as far as it goes.
func (s *sorter) release(b *block) {
	for len(s.waiting) > 0 && s.waiting[0].at <= s.limit && len(b.events) < blockEvents {
		slot := s.waiting[0].slot
		b.events = append(b.events, s.slots[slot])
		s.free = append(s.free, slot)
		s.pop()
	}
}

// pop takes the first waiter away.
func (s *sorter) pop() {
	h := s.waiting
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	s.waiting = h
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
