package host

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// waiting is a request that has not been sent yet.
type waiting struct {
	request
	frame []byte
	flow  flow
	// The list is linked both ways, so that one in the middle can be taken out.
	before, after *waiting
}

// request is what the host must know of one that was sent.
type request struct {
	head head
	kind requestKind
	// warming says that the event was history.
	warming bool
	// saved gets the answer of a save.
	saved chan savedAnswer
}

type requestKind uint8

const (
	anEvent requestKind = iota
	aStart
	aStop
	aSave
	aSync
)

// flow is one series of market events of which a strategy that lags needs the latest.
type flow struct {
	inst exchange.InstrumentID
	kind exchange.Kind
}

// String names what was asked, for messages.
func (r request) String() string {
	switch r.kind {
	case aStart:
		return "Start"
	case aStop:
		return "Stop"
	default:
		return r.head.String()
	}
}

// liveQueue holds what a plugin that lags has not been sent, in the order of events. Of
// quotes and marks it keeps the latest of each instrument, of trades and liquidations the
// newest tradesMax; all else it keeps, and of history everything.
type liveQueue struct {
	first, last *waiting
	count       int
	latest      map[flow]*waiting
	// trades are those of the list that may be dropped, oldest first.
	trades    []*waiting
	tradesMax int
	free      *waiting

	conflated, dropped uint64
}

// flowOf is the series whose latest event stands for all; ok is false for kinds that are
// kept.
func flowOf(h head) (f flow, ok bool) {
	switch h.kind {
	case exchange.KindBookTicker, exchange.KindMark:
		return flow{h.inst, h.kind}, true
	default:
		return flow{}, false
	}
}

// droppable says that a strategy that lags may miss it.
func (r *request) droppable() bool {
	return r.kind == anEvent && !r.warming && (r.head.kind == exchange.KindTrade || r.head.kind == exchange.KindLiquidation)
}

// room returns a place whose frame may be written anew.
func (q *liveQueue) room() *waiting {
	w := q.free
	if w == nil {
		return &waiting{}
	}
	q.free = w.after
	*w = waiting{frame: w.frame[:0]}
	return w
}

// push puts a request at the end. What it makes superfluous goes.
func (q *liveQueue) push(w *waiting) {
	if w.kind == anEvent && !w.warming {
		if f, ok := flowOf(w.head); ok {
			if old := q.latest[f]; old != nil {
				q.remove(old)
				q.conflated++
			}
			if q.latest == nil {
				q.latest = map[flow]*waiting{}
			}
			w.flow, q.latest[f] = f, w
		}
		if w.droppable() {
			if len(q.trades) >= q.tradesMax {
				old := q.trades[0]
				q.trades = q.trades[1:]
				q.remove(old)
				q.dropped++
			}
			q.trades = append(q.trades, w)
		}
	}
	w.before, w.after = q.last, nil
	if q.last != nil {
		q.last.after = w
	} else {
		q.first = w
	}
	q.last = w
	q.count++
}

// pop takes the first request out, nil if there is none. Its place comes back by release.
func (q *liveQueue) pop() *waiting {
	w := q.first
	if w == nil {
		return nil
	}
	q.unlink(w)
	if w.flow != (flow{}) {
		delete(q.latest, w.flow)
	}
	if w.droppable() {
		q.trades = q.trades[1:] // both lists have one order
	}
	return w
}

// remove drops a request from the middle.
func (q *liveQueue) remove(w *waiting) {
	q.unlink(w)
	q.release(w)
}

func (q *liveQueue) unlink(w *waiting) {
	if w.before != nil {
		w.before.after = w.after
	} else {
		q.first = w.after
	}
	if w.after != nil {
		w.after.before = w.before
	} else {
		q.last = w.before
	}
	q.count--
}

// release keeps a place for the next request.
func (q *liveQueue) release(w *waiting) { w.after, q.free = q.free, w }

// quota bounds how much may happen within a time.
type quota struct {
	most  int
	every time.Duration
	from  time.Time
	count int
}

// take counts n more and says whether that is within the bound.
func (q *quota) take(n int, now time.Time) bool {
	if now.Sub(q.from) >= q.every {
		q.from, q.count = now, 0
	}
	q.count += n
	return q.count <= q.most
}

// quotas are those of a second and of a minute.
type quotas [2]quota

func newQuotas(most int) quotas {
	return quotas{{most: most, every: time.Second}, {most: 3 * most, every: time.Minute}}
}

// take counts n more and returns the bound that they are beyond, nil if none.
func (q *quotas) take(n int, now time.Time) (beyond *quota) {
	for i := range q {
		if !q[i].take(n, now) && beyond == nil {
			beyond = &q[i]
		}
	}
	return beyond
}

func (q *quota) String() string {
	if q.every == time.Minute {
		return fmt.Sprintf("%d intents and timers within a minute", q.most)
	}
	return fmt.Sprintf("%d intents and timers within a second", q.most)
}
