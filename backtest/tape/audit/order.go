package audit

import (
	"cmp"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// item is something with a key on its way through a series: a row, or a depth message.
type item[T any] struct {
	key  int64
	when exchange.Time
	at   place
	// lost counts what the series has lost up to here: lines without a row, and rows that
	// were not let through.
	lost int64
	v    T
}

// order lets the items of a series through by key, each once, and reports the others. An
// item waits for the one after it, because of two that disagree only a third tells which
// is wrong.
type order[T any] struct {
	// several says that items which differ may share a key.
	several bool
	// same compares what two items with one key hold, and differ says where they differ.
	same   func(a, b *T) bool
	differ func(a, b *T) string
	// pass takes what is in order. first says that it follows nothing.
	pass  func(it *item[T], first bool)
	fault func(c Check, p place, format string, args ...any)

	// held waits. below, if there is one, came after it and has a lower key.
	held, below       item[T]
	hasHeld, hasBelow bool
	// lastKey and lastWhen are of the last item let through, once there is one.
	started  bool
	lastKey  int64
	lastWhen exchange.Time
	recent   memory[T]
	// old counts the items in a row with a key that was passed long ago, early those with
	// such a time.
	old, early int
	// dropped counts the items before held that were not let through, dropping those after.
	dropped, dropping int64
}

// oldMax is the number of old items in a row after which they count as a new beginning:
// files that were joined in the wrong order give this many findings and not millions.
const oldMax = 16

// add takes the next item, mostly one that follows.
func (o *order[T]) add(q item[T]) {
	if !o.hasHeld || o.hasBelow || q.key <= o.held.key {
		o.sort(q)
		return
	}
	o.release(&o.held, q.when)
	o.held, o.old = q, 0
}

// sort finds out what is wrong with an item that does not simply follow.
func (o *order[T]) sort(q item[T]) {
	switch {
	case o.repeats(&q):
	case !o.hasHeld:
		o.held, o.hasHeld = q, true
	case o.hasBelow:
		o.decide(q)
	case o.follows(q.key, o.held.key):
		o.release(&o.held, q.when)
		o.held, o.old = q, 0
	case !o.started || o.follows(q.key, o.lastKey):
		o.below, o.hasBelow = q, true
	default:
		o.past(&q)
	}
}

func (o *order[T]) follows(key, before int64) bool {
	return key > before || key == before && o.several
}

// decide knows held, below it below, and now the item after them.
func (o *order[T]) decide(q item[T]) {
	switch {
	case o.follows(q.key, o.held.key): // below alone is out of place
		o.fault(Disorder, o.below.at, "stands after %s, before which it belongs", o.below.at.beside(o.held.at))
		o.release(&o.below, o.held.when)
		o.release(&o.held, q.when)
	case o.follows(q.key, o.below.key): // held is: both after it are below it
		o.fault(Disorder, o.held.at, "runs ahead of the rows after it")
		o.dropped++
		o.release(&o.below, q.when)
	case !o.started || o.follows(q.key, o.lastKey): // lower and lower
		o.fault(Disorder, o.below.at, "stands after %s, before which it belongs", o.below.at.beside(o.held.at))
		o.dropping++
		o.below = q
		if o.old++; o.old == oldMax {
			o.restart(q)
		}
		return
	default:
		o.past(&q)
		return
	}
	o.held, o.hasBelow, o.old = q, false, 0
}

// past reports an item whose place was passed, and that is no repetition.
func (o *order[T]) past(q *item[T]) {
	o.fault(Disorder, q.at, "goes back behind rows before it")
	o.dropping++
	if o.old++; o.old == oldMax {
		o.restart(*q)
	}
}

// restart begins anew with an item.
func (o *order[T]) restart(q item[T]) {
	o.release(&o.held, 0)
	o.recent.items = o.recent.items[:0]
	o.started, o.old, o.early = false, 0, 0
	o.held, o.hasHeld, o.hasBelow = q, true, false
}

// repeats reports an item whose key was there.
func (o *order[T]) repeats(q *item[T]) bool {
	if !o.hasHeld || q.key > o.held.key {
		return false
	}
	var other *item[T]
	meet := func(it *item[T]) bool {
		if it.key == q.key {
			other = it
		}
		return it.key == q.key && o.same(&it.v, &q.v)
	}
	same := meet(&o.held) || o.hasBelow && meet(&o.below)
	for i := o.recent.find(q.key); !same && i < len(o.recent.items) && o.recent.items[i].key == q.key; i++ {
		same = meet(&o.recent.items[i])
	}
	switch {
	case same:
		o.fault(Duplicate, q.at, "repeats %s", q.at.beside(other.at))
		return true
	case other == nil || o.several:
		return false
	}
	o.fault(Contradiction, q.at, "has the id of %s but differs from it: %s", q.at.beside(other.at), o.differ(&q.v, &other.v))
	o.dropping++
	return true
}

// release lets an item through. The one after it is of the time next, 0 if that is not
// known.
func (o *order[T]) release(it *item[T], next exchange.Time) {
	switch {
	case o.started && it.when < o.lastWhen && o.early < oldMax:
		o.fault(Disorder, it.at, "time goes back by %v, to %v", o.lastWhen.Sub(it.when), it.when)
		o.early++
	case next != 0 && it.when > next && (!o.started || next >= o.lastWhen):
		o.fault(Disorder, it.at, "time %v runs ahead of the row after it by %v", it.when, it.when.Sub(next))
	default:
		o.lastWhen, o.early = it.when, 0
	}
	it.lost += o.dropped
	o.dropped += o.dropping
	o.dropping = 0
	first := !o.started
	o.started, o.lastKey = true, it.key
	o.pass(it, first)
	o.recent.add(it)
}

// top is the highest key so far, if there is one.
func (o *order[T]) top() (int64, bool) {
	if o.hasHeld {
		return o.held.key, true
	}
	return o.lastKey, o.started
}

// end lets through what waits.
func (o *order[T]) end() {
	if o.hasBelow {
		o.fault(Disorder, o.below.at, "stands after %s, before which it belongs", o.below.at.beside(o.held.at))
		o.release(&o.below, o.held.when)
	}
	if o.hasHeld {
		o.release(&o.held, 0)
	}
	o.hasHeld, o.hasBelow = false, false
}

// memory keeps the last items of a series, sorted by key.
type memory[T any] struct {
	items []item[T]
	// most is how many are kept at least, once there are so many; at most it is twice that.
	most int
}

func (m *memory[T]) add(it *item[T]) {
	if len(m.items) >= 2*m.most {
		kept := copy(m.items, m.items[len(m.items)-m.most:])
		clear(m.items[kept:])
		m.items = m.items[:kept]
	}
	m.items = append(m.items, *it)
}

// find returns the index of the first item whose key is not below the given one.
func (m *memory[T]) find(key int64) int {
	if n := len(m.items); n == 0 || m.items[n-1].key < key {
		return n
	}
	i, _ := slices.BinarySearchFunc(m.items, key, func(it item[T], key int64) int { return cmp.Compare(it.key, key) })
	return i
}
