package papi

import "github.com/pmbot/pmbot/exchange"

// fillName tells fills apart: in a self-trade both our orders carry one trade id.
type fillName struct {
	inst         exchange.InstrumentID
	trade, order int64
}

// dealer is an order by its number.
type dealer struct {
	inst  exchange.InstrumentID
	order int64
}

// fillsMax is how many fills are remembered: an hour of eighteen a second.
const fillsMax = 1 << 16

// fills are the newest fills told, so that none is told twice, whichever of two connections
// or the catch-up brings it, and what they sum up to by order. An order's sum is kept as
// long as the newest of its fills.
type fills struct {
	seen map[fillName]struct{}
	sums map[dealer]tally
	ring []fillName
	next int
}

// tally is how much of an order has been told in fills, and how many entries of the ring
// are about it.
type tally struct {
	sum     exchange.Fixed
	entries int
}

func newFills() fills { return fills{seen: map[fillName]struct{}{}, sums: map[dealer]tally{}} }

// told is how much of an order has been told in fills.
func (f *fills) told(d dealer) exchange.Fixed { return f.sums[d].sum }

// count notes a fill and says whether it was new.
func (f *fills) count(n fillName, qty exchange.Fixed) bool {
	if _, found := f.seen[n]; found {
		return false
	}
	sum := f.told(dealer{n.inst, n.order})
	f.remember(n, sum+min(qty, exchange.FixedMax-sum))
	return true
}

// summary is the trade id of entries that stand for fills which were summed up elsewhere; no
// trade has it.
const summary = -1

// raise notes that so much of an order has been told in fills, or is not wanted.
func (f *fills) raise(d dealer, sum exchange.Fixed) {
	if sum > f.told(d) {
		f.remember(fillName{d.inst, summary, d.order}, sum)
	}
}

// remember puts an entry into the ring, in the place of the oldest, and sets the sum of its
// order.
func (f *fills) remember(n fillName, sum exchange.Fixed) {
	d := dealer{n.inst, n.order}
	t := f.sums[d]
	t.sum = sum
	if _, found := f.seen[n]; found { // a summary that has grown
		f.sums[d] = t
		return
	}
	t.entries++
	f.sums[d] = t
	f.seen[n] = struct{}{}
	if len(f.ring) < fillsMax {
		f.ring = append(f.ring, n)
		return
	}
	f.forget(f.ring[f.next])
	f.ring[f.next] = n
	f.next = (f.next + 1) % fillsMax
}

// forget takes an entry out, and with the last one of an order its sum.
func (f *fills) forget(old fillName) {
	delete(f.seen, old)
	d := dealer{old.inst, old.order}
	t := f.sums[d]
	if t.entries--; t.entries == 0 {
		delete(f.sums, d)
		return
	}
	f.sums[d] = t
}
