package link

import (
	"github.com/pmbot/pmbot/exchange"
)

// queue is a heap by time. What is due at one instant keeps the order in which it came.
type queue[T any] struct {
	heap []queued[T]
	last uint64
}

type queued[T any] struct {
	at  exchange.Time
	seq uint64
	v   T
}

func (a *queued[T]) before(b *queued[T]) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// next is when the first one is due, never if there is none.
func (q *queue[T]) next() exchange.Time {
	if len(q.heap) == 0 {
		return exchange.Never
	}
	return q.heap[0].at
}

func (q *queue[T]) push(at exchange.Time, v T) {
	q.last++
	q.heap = append(q.heap, queued[T]{at, q.last, v})
	h := q.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// pop takes the first one; there must be one.
func (q *queue[T]) pop() (exchange.Time, T) {
	h := q.heap
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h[last] = queued[T]{} // keeps nothing alive
	q.heap = h[:last]
	h = q.heap
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			return first.at, first.v
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
