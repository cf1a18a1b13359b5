package tape

import (
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// barCursor plays bars of traded prices: each when it opens and when it closes.
type barCursor struct {
	rowCursor[row.Bar, *row.Bar]
	// bars are what events point to.
	bars []exchange.Bar
	// opened says that the next bar has been announced.
	opened bool
}

func newBarCursor(l lane, s *rowStream[row.Bar]) cursor {
	return &barCursor{rowCursor: newRowCursor[row.Bar, *row.Bar](l, s), bars: make([]exchange.Bar, batchRows)}
}

func (c *barCursor) load() (bool, error) {
	more, err := c.fill(nil)
	for i := range c.rows {
		r, b := &c.rows[i], &c.bars[i]
		b.Start, b.Interval = r.When(), c.interval
		b.Open, b.High, b.Low, b.Close = r.Open, r.High, r.Low, r.Close
		b.Volume, b.QuoteVolume, b.TakerBuy = r.Volume.Value(), r.QuoteVolume.Value(), r.TakerBuy.Value()
		b.Trades = r.Trades
	}
	return more, err
}

func (c *barCursor) head() position {
	start := c.rows[c.next].When()
	if c.opened {
		return c.position(start.Add(c.interval), rankMatch)
	}
	return c.position(start, rankBarOpen)
}

func (c *barCursor) emit(buf []exchange.Event, until position) int {
	n := 0
	for n < len(buf) && c.next < len(c.rows) {
		if n > 0 && !c.head().before(until) {
			break
		}
		b, e := &c.bars[c.next], &buf[n]
		n++
		if !c.opened {
			*e = exchange.Event{At: b.Start, Exchange: b.Start, Inst: c.inst}
			e.SetBarOpen(exchange.BarOpen{Price: b.Open, Interval: c.interval})
			c.opened = true
			continue
		}
		end := b.Start.Add(c.interval)
		*e = exchange.Event{At: end, Exchange: end, Inst: c.inst}
		e.SetBar(b)
		c.opened = false
		c.next++
	}
	return n
}

// markCursor plays bars of mark prices: the open when they open and the close when they
// close.
type markCursor struct {
	rowCursor[row.Bar, *row.Bar]
	// opened says that the next bar's open has been played.
	opened bool
}

func newMarkCursor(l lane, s *rowStream[row.Bar]) cursor {
	return &markCursor{rowCursor: newRowCursor[row.Bar, *row.Bar](l, s)}
}

func (c *markCursor) load() (bool, error) { return c.fill(nil) }

func (c *markCursor) head() position {
	at := c.rows[c.next].When()
	if c.opened {
		at = at.Add(c.interval)
	}
	return c.position(at, rankMark)
}

// price takes the next price off the rows.
func (c *markCursor) price() exchange.Fixed {
	r := &c.rows[c.next]
	c.opened = !c.opened
	if c.opened {
		return r.Open
	}
	c.next++
	return r.Close
}

func (c *markCursor) emit(buf []exchange.Event, until position) int {
	n := 0
	for n < len(buf) && !c.drained() {
		head := c.head()
		if n > 0 && !head.before(until) {
			break
		}
		e := &buf[n]
		*e = exchange.Event{At: head.at, Exchange: head.at, Inst: c.inst}
		e.SetMark(exchange.Mark{Price: c.price(), Index: *c.index})
		n++
	}
	return n
}

// indexCursor follows bars of index prices for the mark prices of the same instrument.
type indexCursor struct{ markCursor }

func newIndexCursor(l lane, s *rowStream[row.Bar]) cursor {
	return &indexCursor{markCursor{rowCursor: newRowCursor[row.Bar, *row.Bar](l, s)}}
}

func (c *indexCursor) emit(_ []exchange.Event, until position) int {
	for first := true; !c.drained() && (first || c.head().before(until)); first = false {
		*c.index = c.price()
	}
	return 0
}
