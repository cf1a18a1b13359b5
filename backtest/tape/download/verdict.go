package download

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// dayLate and monthLate are how long after its end an archive may come: a day's on the
	// next day, a month's on the first Monday of the next month.
	dayLate   = 48 * time.Hour
	monthLate = 9 * 24 * time.Hour
)

// verdicts tells of every missing archive why it is not there, in the order of the series.
func (r *run) verdicts(tell func(a Archive, reason string, early bool)) {
	for _, k := range r.c.Want {
		rec := r.recordOf(k)
		slices.SortFunc(rec.missing, func(a, b Archive) int { return cmp.Compare(a.From, b.From) })
		for _, a := range rec.missing {
			reason, early := rec.reason(a, r.c.Now())
			tell(a, reason, early)
		}
	}
}

// reason says why an archive is likely not there, from its age and from its neighbours, and
// whether it is only too early for it.
func (r *record) reason(a Archive, now exchange.Time) (text string, early bool) {
	first, last := exchange.Never, exchange.Time(0)
	for _, p := range r.present {
		first, last = min(first, p.From), max(last, p.To)
	}
	late, comes := dayLate, "a day's archive comes on the next day"
	if a.Monthly {
		late, comes = monthLate, "a month's archive comes on the first Monday after it"
	}
	switch {
	case a.To > now:
		return "not yet published: the month is not over", true
	case now.Sub(a.To) < late:
		return "not yet published: " + comes, true
	case last == 0:
		return "no archive of this series in all the time that was asked for: not listed then, not published, or not its name", false
	case a.To <= first:
		return fmt.Sprintf("before the first archive, of %s: not listed yet, or not published then", dateOf(first)), false
	case a.From >= last:
		return fmt.Sprintf("after the last archive, until %s: delisted, or published no more", dateOf(last-1)), false
	}
	return "a hole: there are archives before and after it", false
}

func dateOf(t exchange.Time) string { return t.UTC().Format(time.DateOnly) }
