package tape

import (
	"cmp"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Stretch is a time that a series covers.
type Stretch struct {
	From exchange.Time `json:"from"`
	To   exchange.Time `json:"to"`
	// Repaired says that the rows came from another source than those around them.
	Repaired bool `json:"repaired,omitempty"`
}

// Coverage lists the times for which a series has data, in order: those of its files
// without the holes in them. What a repair filled stands for itself.
func (t *Tape) Coverage(key row.Key) []Stretch {
	var all, repairs []Stretch
	parts := t.shelf[key]
	for i, p := range parts {
		from := p.meta.first
		if i > 0 && continues(parts[i-1], p, key) {
			from = parts[i-1].meta.last
		}
		for _, h := range p.meta.holes {
			all = cover(all, Stretch{From: from, To: h.From})
			from = h.To
		}
		all = cover(all, Stretch{From: from, To: p.meta.last.Add(key.Interval)})
		for _, o := range p.meta.origins {
			if o.Repair {
				repairs = append(repairs, Stretch{From: o.From, To: o.To.Add(key.Interval), Repaired: true})
			}
		}
	}
	return inlay(all, repairs)
}

// inlay cuts out of stretches what was repaired and puts that in its place.
func inlay(all, repairs []Stretch) (list []Stretch) {
	slices.SortStableFunc(repairs, func(a, b Stretch) int { return cmp.Compare(a.From, b.From) })
	for _, s := range all {
		for len(repairs) > 0 && repairs[0].From <= s.To {
			r := repairs[0]
			repairs = repairs[1:]
			if s.From < r.From {
				list = append(list, Stretch{From: s.From, To: r.From})
			}
			list = append(list, r)
			s.From = max(s.From, r.To)
		}
		if s.From < s.To || len(list) == 0 || list[len(list)-1].To < s.From {
			list = append(list, s)
		}
	}
	return append(list, repairs...)
}

// cover appends a stretch, or lengthens the last one that it continues.
func cover(list []Stretch, s Stretch) []Stretch {
	if s.To < s.From {
		return list
	}
	if n := len(list); n > 0 && list[n-1].To >= s.From {
		list[n-1].To = max(list[n-1].To, s.To)
		return list
	}
	return append(list, s)
}

// continues says whether nothing is missing between two files of a series. Of rows that
// come when they will, nobody knows; files of adjacent days are taken to hang together.
func continues(a, b part, key row.Key) bool {
	if _, hole := holeBetween(a.meta, b.meta, key); hole {
		return false
	}
	span := key.Kind.Span(key.Interval)
	return span.Name(span.End(a.meta.last)) == b.name
}
