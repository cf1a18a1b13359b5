package tape

import (
	"io"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// rowCursor loads the rows of a series block by block and leaves those out that lie
// beyond the bounds.
type rowCursor[R any, P row.Row[R]] struct {
	lane
	stream *rowStream[R]
	block  []R
	// rows are the block's rows within the bounds, from next on not played yet.
	rows []R
	next int
	done bool
}

func newRowCursor[R any, P row.Row[R]](l lane, s *rowStream[R]) rowCursor[R, P] {
	return rowCursor[R, P]{lane: l, stream: s, block: make([]R, batchRows)}
}

func (c *rowCursor[R, P]) drained() bool { return c.next == len(c.rows) }

func (c *rowCursor[R, P]) close() error { return c.stream.close() }

// fill loads the next block that has rows within the bounds. leave is called with the
// last row before them.
func (c *rowCursor[R, P]) fill(leave func(P)) (bool, error) {
	c.next, c.rows = 0, nil
	for !c.done {
		n, err := c.stream.read(c.block)
		if err == io.EOF {
			c.done = true
			break
		}
		if err != nil {
			return false, err
		}
		rows := c.block[:n]
		start := 0
		for start < n && P(&rows[start]).When() < c.from {
			start++
		}
		if start > 0 && leave != nil {
			leave(&rows[start-1])
		}
		for n > start && P(&rows[n-1]).When().Add(c.interval) > c.to {
			n--
			c.done = true // rows are sorted: nothing after them fits
		}
		if c.rows = rows[start:n]; len(c.rows) > 0 {
			return true, nil
		}
	}
	return false, c.close()
}

// tradeCursor plays trades.
type tradeCursor struct {
	rowCursor[row.Trade, *row.Trade]
}

func newTradeCursor(l lane, s *rowStream[row.Trade]) cursor {
	return &tradeCursor{newRowCursor[row.Trade, *row.Trade](l, s)}
}

func (c *tradeCursor) load() (bool, error) { return c.fill(nil) }

func (c *tradeCursor) head() position {
	return c.position(c.rows[c.next].When(), rankMatch)
}

func (c *tradeCursor) emit(buf []exchange.Event, until position) int {
	n := 0
	for n < len(buf) && c.next < len(c.rows) {
		r := &c.rows[c.next]
		at := r.When()
		if n > 0 && !c.position(at, rankMatch).before(until) {
			break
		}
		e := &buf[n]
		*e = exchange.Event{At: at, Exchange: at, Inst: c.inst}
		e.SetTrade(tradeOf(r))
		n++
		c.next++
	}
	return n
}

func tradeOf(r *row.Trade) exchange.Trade {
	return exchange.Trade{Price: r.Price, Qty: r.Qty, ID: r.ID, First: r.First, Last: r.Last, BuyerMaker: r.BuyerMaker}
}

// fundingCursor plays funding settlements.
type fundingCursor struct {
	rowCursor[row.Funding, *row.Funding]
	// before is the settlement before the next one, 0 if there is none.
	before exchange.Time
	// ends are the ends of holes: the distance of the row there says nothing.
	ends map[exchange.Time]bool
}

func newFundingCursor(l lane, s *rowStream[row.Funding]) cursor {
	c := &fundingCursor{rowCursor: newRowCursor[row.Funding, *row.Funding](l, s), ends: map[exchange.Time]bool{}}
	for _, h := range l.holes {
		c.ends[h.To] = true
	}
	return c
}

func (c *fundingCursor) load() (bool, error) {
	return c.fill(func(r *row.Funding) { c.before = r.When() })
}

func (c *fundingCursor) head() position {
	return c.position(c.rows[c.next].When(), rankFunding)
}

func (c *fundingCursor) emit(buf []exchange.Event, until position) int {
	n := 0
	for n < len(buf) && c.next < len(c.rows) {
		r := &c.rows[c.next]
		at := r.When()
		if n > 0 && !c.position(at, rankFunding).before(until) {
			break
		}
		every := time.Duration(r.Hours) * time.Hour
		if c.before != 0 && !c.ends[at] {
			every = at.Sub(c.before)
		}
		e := &buf[n]
		*e = exchange.Event{At: at, Exchange: r.Time.Time(), Inst: c.inst}
		e.SetFunding(exchange.Funding{Rate: r.Rate, Mark: r.Mark, Interval: every})
		n++
		c.next++
		c.before = at
	}
	return n
}

// noticeCursor plays what a series says about itself: its cadence and its holes.
type noticeCursor struct {
	lane
	cadence exchange.Cadence
	gaps    []exchange.Gap
	// at are the instants of the notices, the cadence first; next is the next one.
	at   []exchange.Time
	next int
}

// tradesCadence is the cadence that trades are taken to have.
const tradesCadence = time.Minute

func newNoticeCursor(l lane, s Series) *noticeCursor {
	c := &noticeCursor{lane: l, cadence: exchange.Cadence{Kind: eventKind(s.Kind), Every: s.Step}}
	reason := "bars are missing on the tape"
	switch s.Kind {
	case row.AggTrades:
		c.cadence.Every, reason = tradesCadence, "trade ids are missing on the tape"
	case row.FundingRate:
		reason = "settlements are missing on the tape"
	}
	for _, h := range l.holes {
		c.gaps = append(c.gaps, exchange.Gap{Kind: c.cadence.Kind, From: h.From, To: h.To, Reason: reason})
	}
	return c
}

// eventKind is the kind of the events that a kind of data becomes, 0 if it becomes none.
func eventKind(k row.Kind) exchange.Kind {
	switch k {
	case row.AggTrades:
		return exchange.KindTrade
	case row.FundingRate:
		return exchange.KindFunding
	case row.MarkPriceKlines:
		return exchange.KindMark
	case row.IndexPriceKlines:
		return 0
	}
	return exchange.KindBar
}

// start sets the instant of the cadence and drops the holes outside the bounds. It says
// whether there is anything to play.
func (c *noticeCursor) start(first, to exchange.Time) bool {
	c.at = append(c.at, first)
	kept := c.gaps[:0]
	for _, g := range c.gaps {
		if g.To >= first && g.To <= to {
			kept, c.at = append(kept, g), append(c.at, g.To)
		}
	}
	c.gaps = kept
	return c.cadence.Kind != 0
}

func (c *noticeCursor) head() position { return c.position(c.at[c.next], rankNotice) }

func (c *noticeCursor) drained() bool { return c.next == len(c.at) }

func (c *noticeCursor) load() (bool, error) { return false, nil }

func (c *noticeCursor) close() error { return nil }

func (c *noticeCursor) emit(buf []exchange.Event, _ position) int {
	e := &buf[0]
	*e = exchange.Event{At: c.at[c.next], Inst: c.inst}
	if c.next == 0 {
		e.SetCadence(&c.cadence)
	} else {
		e.SetGap(&c.gaps[c.next-1])
	}
	c.next++
	return 1
}
