package npz

import "github.com/pmbot/pmbot/backtest/tape/row"

// ids makes the ids of a series from its times.
type ids struct {
	at   row.Micros
	last int64
}

// next makes the id of something at t. Ids of a file whose times do not fall grow, even
// where a microsecond has more than the thousand that row.MakeID can tell apart: they run
// on into the microseconds after, as those of times in whole milliseconds can.
func (i *ids) next(t row.Micros) int64 {
	first := row.MakeID(t, 0)
	switch {
	case t == i.at:
		i.last++
	case t > i.at:
		i.last = max(first, i.last+1)
	default:
		i.last = first
	}
	i.at = t
	return i.last
}
