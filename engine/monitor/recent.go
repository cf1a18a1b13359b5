package monitor

import (
	"fmt"
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// keptMax is how many fills and how many bookings are remembered.
const keptMax = 1000

// Recent remembers what a kernel does not: the newest fills and bookings, what strategies
// are doing, what the exchange has reported, the running rates of funding. It is the
// observer of a loop, and costs a market event one comparison.
type Recent struct {
	// A mutex, and no goroutine, because whoever runs the kernel must not wait for one; it is
	// held for nanoseconds.
	mu sync.Mutex

	fills, bookings ring
	totals          map[string]decimal.Decimal // funding by asset
	marks           []exchange.Mark            // by InstrumentID
	strategies      []noted                    // by StrategyID
	counts          Counts
	reported        exchange.Account
	reportedAt      exchange.Time
	closings        []failure // orders of a flatten that came to nothing, newest last
	closed          int       // and how many there were
}

// failure is an order of a flatten that was not executed, and why.
type failure struct {
	ref uint64
	why string
	// final says that the exchange has judged the order itself, so that the same again is not
	// likely to pass; codes above -1100 are of its servers and of the pace of requests.
	final bool
	code  int
}

// closingsMax is how many of them are remembered.
const closingsMax = 256

// noted is what is remembered of a strategy.
type noted struct {
	running        bool
	why            string
	fills, refused int
}

// ring keeps the newest events of a kind.
type ring struct {
	events []exchange.Event
	next   int
	total  int
}

func (r *ring) push(e exchange.Event) {
	r.total++
	if len(r.events) < keptMax {
		r.events = append(r.events, e)
		return
	}
	r.events[r.next] = e
	r.next = (r.next + 1) % keptMax
}

// newest are the last n, oldest first.
func (r *ring) newest(n int) []exchange.Event {
	all := slices.Concat(r.events[r.next:], r.events[:r.next])
	return all[max(0, len(all)-n):]
}

// NewRecent makes a memory for so many instruments and strategies.
func NewRecent(instruments, strategies int) *Recent {
	return &Recent{
		totals: map[string]decimal.Decimal{}, marks: make([]exchange.Mark, instruments+1), strategies: make([]noted, strategies+1),
	}
}

// Observe notes what is worth it of an event.
func (r *Recent) Observe(e *exchange.Event) {
	if e.Kind.Market() && e.Kind != exchange.KindMark && e.Kind != exchange.KindGap {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case exchange.KindMark:
		if int(e.Inst) < len(r.marks) {
			r.marks[e.Inst] = e.Mark()
		}
	case exchange.KindGap:
		r.counts.Gaps++
	case exchange.KindFill:
		r.fill(e)
	case exchange.KindLedger:
		r.booking(e)
	case exchange.KindRefusal:
		r.counts.Refused++
		r.strategy(e.Refusal().Intent.Strategy).refused++
		r.came(failure{ref: e.Refusal().Intent.Ref, why: e.Refusal().Error()})
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		switch f := (failure{ref: u.Ref, code: u.Code}); u.Status {
		case exchange.StatusRejected:
			r.counts.Rejected++
			f.why, f.final = fmt.Sprintf("rejected by the exchange: %s (code %d)", u.Reason, u.Code), u.Code <= -1100
			r.came(f)
		case exchange.StatusExpired, exchange.StatusNotArrived:
			f.why = "it ended " + u.Status.String()
			if u.Reason != "" {
				f.why += ": " + u.Reason
			}
			r.came(f)
		}
	case exchange.KindAccount, exchange.KindRiskLevel:
		r.reported, r.reportedAt = *e.Account(), e.At
	case exchange.KindStrategy:
		s := e.Strategy()
		one := r.strategy(s.Strategy)
		one.running, one.why = s.Running, s.Reason
	}
}

// came notes that an order of a flatten came to nothing.
func (r *Recent) came(f failure) {
	if f.ref < engine.FlattenRef {
		return
	}
	if r.closed++; len(r.closings) == closingsMax {
		r.closings = append(r.closings[:0], r.closings[1:]...)
	}
	r.closings = append(r.closings, f)
}

// failed are the orders of flattens that came to nothing after the first so many, as far as
// they are remembered, and how many there were.
func (r *Recent) failed(after int) (list []failure, all int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(r.closed-after, len(r.closings))
	return slices.Clone(r.closings[len(r.closings)-n:]), r.closed
}

func (r *Recent) strategy(id exchange.StrategyID) *noted {
	if int(id) >= len(r.strategies) {
		id = 0
	}
	return &r.strategies[id]
}

// fill notes an execution. A strategy's share of a forced one moves no money and is told
// beside it, so it is left out.
func (r *Recent) fill(e *exchange.Event) {
	if e.Share() {
		return
	}
	own, f := *e, *e.Fill()
	own.SetFill(&f)
	r.fills.push(own)
	r.counts.Fills++
	r.strategy(f.Strategy).fills++
}

func (r *Recent) booking(e *exchange.Event) {
	own, l := *e, *e.Ledger()
	switch l.Reason {
	case exchange.ReasonFunding:
		r.totals[l.Asset] = r.totals[l.Asset].Add(l.Delta)
	case exchange.ReasonInterest:
	default:
		return
	}
	own.SetLedger(&l)
	r.bookings.push(own)
}
