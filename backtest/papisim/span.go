package papisim

import (
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// span is a stretch of time that a list of money is asked for, both ends included.
type span struct{ from, to exchange.Time }

// has compares milliseconds, as times are told in them.
func (w span) has(at exchange.Time) bool {
	return w.from.Millis() <= at.Millis() && at.Millis() <= w.to.Millis()
}

// spanRule says how a list reads startTime and endTime.
type spanRule struct {
	// usual is how long the window is that ends at endTime, or now, when startTime is left
	// out; 0 reaches back to the beginning. most is the longest that may be asked for.
	usual, most time.Duration
	// keeps is how long the list is remembered, 0 for ever; older parts come back empty.
	keeps time.Duration
	// tooLong is the answer to more than most.
	tooLong *web.Error
}

// daysMax answers a window that is too long, as the futures engine does.
func daysMax(days int) *web.Error {
	return web.Errorf(-4165, "Maximum time interval is %d days", days)
}

// read reads startTime and endTime. A startTime without an endTime goes on to now, or as
// far as is allowed: Binance documents it for no list, and a client that takes the first
// page for everything would notice.
func (r spanRule) read(c *web.Call) span {
	w := span{from: c.Time("startTime"), to: c.Time("endTime")}
	switch {
	case w.from != 0 && w.to == 0:
		w.to = c.At
		if r.most != 0 {
			w.to = min(w.to, w.from.Add(r.most))
		}
		w.to = max(w.to, w.from)
	case w.to == 0:
		w.to = c.At
	}
	if w.from == 0 && r.usual != 0 {
		w.from = w.to.Add(-r.usual)
	}
	switch {
	case w.from > w.to:
		c.Fail(web.Errorf(-1023, "Start time is greater than end time."))
	case r.most != 0 && w.from != 0 && w.to.Sub(w.from) > r.most:
		c.Fail(r.tooLong)
	}
	if r.keeps != 0 {
		w.from = max(w.from, c.At.Add(-r.keeps))
	}
	return w
}

// limit reads a page size: usual when it is left out, and -1130 outside of 1 to most.
func limit(c *web.Call, name string, usual, most int) int {
	if !c.Has(name) {
		return usual
	}
	n := c.Int(name)
	if c.Err() == nil && (n < 1 || n > int64(most)) {
		c.Fail(invalid(name))
	}
	return int(max(0, min(n, int64(most))))
}

// pageOf cuts a list, newest first, into pages of a size and gives the one asked for, from 1.
func pageOf[Row any](c *web.Call, rows []Row) []Row {
	size, current := limit(c, "size", 10, 100), int64(1)
	if c.Has("current") {
		if current = c.Int("current"); c.Err() == nil && current < 1 {
			c.Fail(invalid("current"))
		}
	}
	first := int64(size) * (min(current, 1<<32) - 1)
	if c.Err() != nil || first >= int64(len(rows)) {
		return []Row{}
	}
	return rows[first:min(int64(len(rows)), first+int64(size))]
}

// invalid says that a parameter's value is none that it may have.
func invalid(name string) *web.Error {
	return web.Errorf(-1130, "Data sent for parameter '%s' is not valid.", name)
}

// rowsOf is a list in the shape of margin records: a page of rows, and how many there are.
type rowsOf[Row any] struct {
	Rows  []Row `json:"rows"`
	Total int   `json:"total"`
}
