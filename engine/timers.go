package engine

import (
	"cmp"
	"container/heap"

	"github.com/pmbot/pmbot/exchange"
)

// timers is a heap by due time, strategy and id.
type timers struct{ heap timerHeap }

func (t *timers) push(timer exchange.Timer) { heap.Push(&t.heap, timer) }

func (t *timers) next() (exchange.Time, bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].Due, true
}

// pop takes the first timer due at or before now.
func (t *timers) pop(now exchange.Time) (exchange.Timer, bool) {
	if len(t.heap) == 0 || t.heap[0].Due > now {
		return exchange.Timer{}, false
	}
	return heap.Pop(&t.heap).(exchange.Timer), true
}

type timerHeap []exchange.Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Strategy, b.Strategy), cmp.Compare(a.ID, b.ID)) < 0
}

func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *timerHeap) Push(x any) { *h = append(*h, x.(exchange.Timer)) }

func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
