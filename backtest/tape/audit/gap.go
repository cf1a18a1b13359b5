package audit

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// step is a row as far as gaps need it.
type step struct {
	key  int64
	when exchange.Time
	at   place
	lost int64
}

// gaps finds rows that are missing by those around the hole. At most as many as lines were
// lost in between are no finding: the lines are.
type gaps struct {
	kind row.Kind
	// usual is the distance of rows that come steadily, most the longest that is no gap; 0
	// for others.
	usual, most time.Duration
	find        func(p place, to exchange.Time, format string, args ...any)

	last step
	// settled are the last settlements: those before a distance that waits to be judged by
	// those after it.
	settled []step
}

// around is how many distances before and after one tell what is usual.
const around = 3

func newGaps(key row.Key, silence time.Duration) gaps {
	g := gaps{kind: key.Kind}
	switch {
	case key.Kind.Bars():
		g.usual, g.most = key.Interval, key.Interval
	case key.Kind == row.MarkPrice:
		g.usual, g.most = 3*time.Second, silence // the slower of the stream's two speeds
	case key.Kind == row.Metrics:
		g.usual, g.most = 5*time.Minute, 5*time.Minute
	case key.Kind == row.BookDepth:
		g.usual, g.most = 30*time.Second, 3*time.Minute
	}
	return g
}

// add takes the next row in order. first says that it follows nothing.
func (g *gaps) add(s step, first bool) {
	if first {
		g.end()
		g.settled, g.last = g.settled[:0], s
	}
	last := g.last
	g.last = s
	switch {
	case g.kind == row.FundingRate:
		g.settle(s)
	case first:
	case g.kind == row.AggTrades || g.kind == row.Trades:
		missing := s.key - last.key - 1
		if missing > s.lost-last.lost && !row.Made(s.key) && !row.Made(last.key) {
			g.missing(last, s, "ids from %d to %d are missing", last.key+1, s.key-1)
		}
	case g.usual > 0:
		apart := s.when.Sub(last.when)
		if missing := max(1, int64(apart/g.usual)-1); apart > g.most && missing > s.lost-last.lost {
			g.missing(last, s, "nothing for %v, where rows come every %v", apart, g.usual)
		}
	}
}

func (g *gaps) missing(last, s step, format string, args ...any) {
	from := s.at
	from.at = last.when
	g.find(from, s.when, format, args...)
}

// settle takes a settlement and judges the distance that has enough others after it.
func (g *gaps) settle(s step) {
	g.settled = append(g.settled, s)
	if n := len(g.settled); n > around+1 {
		g.judge(n - around - 1)
	}
	if len(g.settled) > 2*(around+1) {
		g.settled = append(g.settled[:0], g.settled[1:]...)
	}
}

// judge looks at the distance between settlement i and the one before: it is a gap if it
// is longer than what is usual before and after it, so that a change of the interval is
// none.
func (g *gaps) judge(i int) {
	s := g.settled
	apart := func(from, to int) (list []time.Duration) {
		for i := max(1, from); i < min(to, len(s)); i++ {
			list = append(list, s[i].when.Sub(s[i-1].when))
		}
		return list
	}
	before, after := commonest(apart(i-around, i)), commonest(apart(i+1, i+1+around))
	d := s[i].when.Sub(s[i-1].when)
	if before == 0 && after == 0 || d <= max(before, after) {
		return
	}
	usual := before
	if before == 0 || after != 0 && after < before {
		usual = after
	}
	if missing := max(1, int64((d+usual/2)/usual)-1); missing > s[i].lost-s[i-1].lost {
		g.missing(s[i-1], s[i], "%d settlements are missing in %v, where one comes every %v", missing, d, usual)
	}
}

// end judges the last distances by what there is after them.
func (g *gaps) end() {
	for i := max(1, len(g.settled)-around); i < len(g.settled); i++ {
		g.judge(i)
	}
	g.settled = g.settled[:0]
}

// commonest is the most frequent of a few distances, the largest of those that tie, and
// 0 of none.
func commonest(apart []time.Duration) (best time.Duration) {
	most := 0
	for _, d := range apart {
		n := 0
		for _, e := range apart {
			if e == d {
				n++
			}
		}
		if n > most || n == most && d > best {
			best, most = d, n
		}
	}
	return best
}

// median is the middle of some values, which it sorts; of an even number the lower of the
// two.
func median(values []exchange.Fixed) exchange.Fixed {
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
