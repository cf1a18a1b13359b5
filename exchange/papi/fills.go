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
// or the catch-up brings it, and what they sum up to by order.
type fills struct {
	seen map[fillName]struct{}
	sums map[dealer]exchange.Fixed
	ring []fillName
	next int
}

func newFills() fills { return fills{seen: map[fillName]struct{}{}, sums: map[dealer]exchange.Fixed{}} }

// count notes a fill and says whether it was new.
func (f *fills) count(n fillName, qty exchange.Fixed) bool {
	if _, found := f.seen[n]; found {
		return false
	}
	f.seen[n] = struct{}{}
	d := dealer{n.inst, n.order}
	f.raise(d, f.sums[d]+min(qty, exchange.FixedMax-f.sums[d]))
	if len(f.ring) < fillsMax {
		f.ring = append(f.ring, n)
		return true
	}
	old := f.ring[f.next]
	delete(f.seen, old)
	delete(f.sums, dealer{old.inst, old.order})
	f.ring[f.next] = n
	f.next = (f.next + 1) % fillsMax
	return true
}

// raise notes that so much of an order has been told in fills.
func (f *fills) raise(d dealer, sum exchange.Fixed) { f.sums[d] = max(f.sums[d], sum) }
