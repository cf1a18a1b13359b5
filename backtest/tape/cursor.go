package tape

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/pmbot/pmbot/exchange"
)

// position orders events: by time, then by rank and the order of series.
type position struct {
	at  exchange.Time
	tie int32
}

func (p position) before(q position) bool { return p.at < q.at || p.at == q.at && p.tie < q.tie }

// never is a position after all others.
var never = position{math.MaxInt64, math.MaxInt32}

// cursor is where the replay of one series, or of its notices, stands.
type cursor struct {
	// head is the position of the next event.
	head  position
	order int32
	// block is being played, from next on.
	block *block
	next  int
	// decoder makes the blocks, nil for notices, which have one. ready has those that were
	// made ahead.
	decoder decoder
	ready   chan *block
	// index is the latest index price of the instrument, nil for kinds without: a series of
	// index prices writes it in place of giving events, and one of marks without index
	// reads it.
	index *exchange.Fixed
	role  role
}

// role is what becomes of a cursor's events.
type role uint8

const (
	plain role = iota
	marked
	indexing
)

// seriesMax bounds the series of a reader, so that order and rank fit a position.
const seriesMax = 1 << 16

func (c *cursor) position(e *exchange.Event) position {
	return position{e.At, int32(Rank(e.Kind))*2*seriesMax + c.order}
}

func (c *cursor) drained() bool { return c.next == len(c.block.events) }

// settle sets the head. The cursor has an event.
func (c *cursor) settle() { c.head = c.position(&c.block.events[c.next]) }

// emit writes the events that come before a position, as far as buf and the block go, and
// returns their number. The first one is taken to come before.
func (c *cursor) emit(buf []exchange.Event, until position) int {
	events := c.block.events[c.next:]
	most := min(len(buf), len(events))
	if c.role == indexing {
		most = len(events)
	}
	n := 1
	if until == never {
		n = most
	}
	for n < most && c.position(&events[n]).before(until) {
		n++
	}
	c.next += n
	if !c.drained() {
		c.settle()
	}
	switch c.role {
	case indexing:
		*c.index = events[n-1].Mark().Price
		return 0
	case plain:
		copy(buf, events[:n])
		return n
	}
	for i := range n {
		buf[i] = events[i]
		if m := buf[i].Mark(); m.Index == 0 {
			m.Index = *c.index
			buf[i].SetMark(m)
		}
	}
	return n
}

// ahead decodes blocks before they are asked for, on a goroutine of its own. It does what
// it is told in the order in which it is told, so it is no part of what is played.
type ahead struct {
	work  chan errand
	halt  atomic.Bool
	ended sync.WaitGroup
}

// errand is a block to be filled with the next events of a series.
type errand struct {
	cursor *cursor
	block  *block
}

// start begins, unless it has begun, to decode the second block of each series.
func (a *ahead) start(cursors []*cursor) {
	if a.work != nil {
		return
	}
	a.work = make(chan errand, 2*len(cursors)) // a series has two blocks, so it is never full
	a.ended.Go(func() {
		for e := range a.work {
			if !a.halt.Load() {
				e.block.err = e.cursor.decoder.decode(e.block)
			}
			e.cursor.ready <- e.block
		}
	})
	for _, c := range cursors {
		c.ready = make(chan *block, 2)
		a.work <- errand{c, &block{}}
	}
}

// swap gives a played block back and waits for the next one.
func (a *ahead) swap(c *cursor) {
	a.work <- errand{c, c.block}
	c.block, c.next = <-c.ready, 0
}

// stop ends the goroutine and waits for it. It may be called again.
func (a *ahead) stop() {
	if a.work == nil {
		return
	}
	a.halt.Store(true)
	close(a.work)
	a.ended.Wait()
	a.work = nil
}
