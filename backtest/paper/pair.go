package paper

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// side is one of the two exchanges.
type side uint8

const (
	live side = iota
	simulated
)

// course is what became of an order at one of the exchanges.
type course struct {
	over   bool
	ended  exchange.Time
	status exchange.OrderStatus
	code   int
	reason string
	filled exchange.Fixed
	// worth is the sum of price times quantity of the fills, fees of what was paid by asset.
	worth       decimal.Decimal
	first, last exchange.Time // of the fills
	makers      int
	fills       int
	trades      []int64 // their ids, for one may be told again
	fee         decimal.Decimal
	feeAsset    string
}

// average is the mean price of the fills; 0 without any.
func (c *course) average() decimal.Decimal {
	if c.filled == 0 {
		return decimal.Zero
	}
	return c.worth.DivRound(c.filled.Decimal(), 16)
}

func (c *course) maker() bool { return c.fills > 0 && c.makers == c.fills }

// pair is an order at both exchanges.
type pair struct {
	order  exchange.Order
	sent   exchange.Time
	course [2]course
	// holed says that market data is known to lack while both worked.
	holed bool
	// cut says that the simulated one was cancelled because it had outlived the live one.
	cut bool
}

// over says whether both are.
func (p *pair) over() bool { return p.course[live].over && p.course[simulated].over }

// update takes down news of the order at one exchange.
func (c *course) update(e *exchange.Event) {
	u := e.OrderUpdate()
	if c.over || u.Status == exchange.StatusUnknown {
		return
	}
	c.status = u.Status
	if u.Status.Final() {
		c.over, c.ended, c.code, c.reason = true, e.At, u.Code, u.Reason
	}
}

// fill takes down an execution.
func (c *course) fill(e *exchange.Event) {
	f := e.Fill()
	if slices.Contains(c.trades, f.TradeID) {
		return
	}
	c.trades = append(c.trades, f.TradeID)
	if c.fills == 0 {
		c.first = e.At
	}
	c.last = e.At
	c.fills++
	if f.Maker {
		c.makers++
	}
	c.filled += f.Qty
	c.worth = c.worth.Add(f.Price.Decimal().Mul(f.Qty.Decimal()))
	c.fee, c.feeAsset = c.fee.Add(f.Fee), f.FeeAsset
}

// Cause says why an order went otherwise in the simulation.
type Cause string

// The causes, in the order in which they are looked for: an order has the first that holds.
const (
	// Same: quantity, price, fee and time agree.
	Same Cause = "same"
	// MissingData: the market data of the instrument had a hole while the order worked.
	MissingData Cause = "missing market data"
	// RejectedLive and RejectedSim: only one of the two took the order.
	RejectedLive Cause = "rejected only live"
	RejectedSim  Cause = "rejected only in simulation"
	// QueueLive and QueueSim: the order rested, and only one of the two filled it: the place in
	// line was estimated otherwise than it was.
	QueueLive Cause = "filled only live, as a maker"
	QueueSim  Cause = "filled only in simulation, as a maker"
	// Missed and MissedLive: the order took, and found something in one of the two only.
	Missed     Cause = "filled only live, as a taker"
	MissedLive Cause = "filled only in simulation, as a taker"
	// Partial: both filled, but not as much.
	Partial Cause = "other quantity"
	// Late: the first or the last fills are farther apart in time than the tolerance. A price
	// that differs, too, is the market's of another moment.
	Late Cause = "latency"
	// Better and Worse: at one time, live at a better or a worse price.
	Better Cause = "live at a better price"
	Worse  Cause = "live at a worse price"
	// Fees: at one price, but the commission is another.
	Fees Cause = "other fee"
	// Ended: nothing filled, and the order ended in another way.
	Ended Cause = "ended otherwise"
)

// Causes lists all, in the order of tables.
func Causes() []Cause {
	return []Cause{
		Same, Late, QueueLive, QueueSim, Missed, MissedLive, Partial, Better, Worse, RejectedLive, RejectedSim, MissingData, Fees, Ended,
	}
}

// judge says why the two differ.
func (p *pair) judge(tolerance time.Duration) Cause {
	l, s := &p.course[live], &p.course[simulated]
	why := p.compare(l, s, tolerance)
	if why != Same && p.holed {
		return MissingData
	}
	return why
}

// codePostOnly refuses a post-only order that would take. Some of Binance's endpoints reject
// such an order and others let it expire, which is the same to us.
const codePostOnly = -5022

// refused says whether the order never came to the book.
func (c *course) refused() bool {
	return c.status == exchange.StatusRejected || c.status == exchange.StatusNotArrived ||
		c.status == exchange.StatusExpired && c.code == codePostOnly && c.filled == 0
}

func (p *pair) compare(l, s *course, tolerance time.Duration) Cause {
	refused := (*course).refused
	switch {
	case refused(l) && !refused(s):
		return RejectedLive
	case refused(s) && !refused(l):
		return RejectedSim
	case l.filled == 0 && s.filled == 0:
		if l.status != s.status && !p.cut && !refused(l) {
			return Ended
		}
		return Same
	case s.filled == 0 && l.maker():
		return QueueLive
	case s.filled == 0:
		return Missed
	case l.filled == 0 && s.maker():
		return QueueSim
	case l.filled == 0:
		return MissedLive
	case l.filled != s.filled:
		return Partial
	case l.first.Sub(s.first).Abs() > tolerance || l.last.Sub(s.last).Abs() > tolerance:
		return Late
	}
	return p.priced(l, s)
}

// priced compares what two that filled alike have cost.
func (p *pair) priced(l, s *course) Cause {
	paid := l.average().Cmp(s.average()) * int(p.order.Request.Side.Sign())
	switch {
	case paid < 0:
		return Better
	case paid > 0:
		return Worse
	case l.feeAsset != s.feeAsset || !l.fee.Equal(s.fee):
		return Fees
	}
	return Same
}
