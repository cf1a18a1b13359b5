package papisim

import (
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// pages are what a query of history may ask for.
type pages struct {
	// span is how long a window may be; below says that it must be shorter.
	span  time.Duration
	below bool
	// usual and most are the page sizes.
	usual, most int
}

const week = 7 * day

// pagesOfOrders are those of most histories of orders: less than 7 days, 500 to 1000 rows.
func pagesOfOrders() pages { return pages{span: week, below: true, usual: 500, most: 1000} }

// period is the part of a history that a query asks for.
type period struct {
	from, to exchange.Time
	limit    int
	// asked says that a time was sent, and latest that the query has no start: of what there
	// is too much of, the newest rows are the answer then, and else the oldest.
	asked, latest bool
}

// readPeriod reads startTime, endTime and limit. Without a start the window ends at the end,
// or now, and is as long as may be; without an end it is as long as may be from the start.
func readPeriod(c *web.Call, of pages) period {
	from, to := c.Time("startTime"), c.Time("endTime")
	w := period{from: from, to: to, limit: of.usual, asked: c.Has("startTime") || c.Has("endTime"), latest: !c.Has("startTime")}
	switch {
	case from == 0 && to == 0:
		w.from, w.to = c.At.Add(-of.span), c.At
	case from == 0:
		w.from = to.Add(-of.span)
	case to == 0:
		w.to = from.Add(of.span)
	case from > to:
		c.Fail(web.Errorf(-1023, "Start time is greater than end time."))
	case to.Sub(from) > of.span || of.below && to.Sub(from) == of.span:
		if of.span < 2*day {
			c.Fail(web.Errorf(-1127, "More than %d hours between startTime and endTime.", of.span/time.Hour))
		}
		c.Fail(daysMax(int(of.span / day)))
	}
	if c.Has("limit") {
		limit := c.Int("limit")
		if limit < 1 || limit > int64(of.most) {
			c.Fail(invalid("limit"))
			return w
		}
		w.limit = int(limit)
	}
	return w
}

// has says whether an instant lies in the window, to the millisecond and with both ends.
func (w *period) has(t exchange.Time) bool {
	ms := t.Millis()
	return ms >= w.from.Millis() && ms <= w.to.Millis()
}

// cut takes the first rows of a list, or the last ones.
func cut[T any](list []T, limit int, latest bool) []T {
	if latest {
		return list[max(0, len(list)-limit):]
	}
	return list[:min(len(list), limit)]
}
