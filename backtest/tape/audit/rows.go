package audit

import (
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// check looks at the rows of a kind, in order and each once.
type check[R any] interface {
	row(it *item[R], first bool)
	// end looks at what has waited for more.
	end()
}

// rows is the strand of a kind whose rows stand for themselves.
type rows[R comparable, P row.Row[R]] struct {
	track
	order   order[R]
	gaps    gaps
	check   check[R] // may be nil
	columns []row.Column
}

const (
	// memoryRoom is how many rows of all series are kept to know a repetition by, shared
	// among the strands; memoryLeast is what each may keep.
	memoryRoom  = 1 << 15
	memoryLeast = 32
)

func newRows[R comparable, P row.Row[R]](t track, c func(*track) check[R]) *rows[R, P] {
	s := &rows[R, P]{track: t, columns: row.Columns[R](), gaps: newGaps(t.series.key, t.a.opt.Silence)}
	if c != nil {
		s.check = c(&s.track)
	}
	s.order = order[R]{
		several: t.series.key.Kind.Sharing() == row.Several,
		same:    func(a, b *R) bool { return *a == *b },
		differ: func(a, b *R) string {
			column, mine, theirs := row.Differ(s.columns, a, b)
			return fmt.Sprintf("%s is %s here and %s there", column, mine, theirs)
		},
		pass:  s.pass,
		fault: s.find,
	}
	s.gaps.find = func(p place, to exchange.Time, format string, args ...any) {
		s.a.ledger.span(Gap, s.series.key, p, 0, to, format, args...)
	}
	return s
}

// memory is how many rows a strand keeps. In a tape, whose rows are sorted, a repetition
// is near.
func (a *auditor) memory() int {
	if !a.inFiles {
		return memoryLeast
	}
	return share(memoryRoom, a.strands, memoryLeast)
}

func (s *rows[R, P]) take(batch any, lines []int64) int {
	list := batch.([]R)
	s.order.recent.most = s.a.memory()
	for i := range list {
		r := P(&list[i])
		when := r.When()
		p := s.place(when, lines, i)
		event, local := r.Clocks()
		s.receive(event, local, p)
		s.order.add(item[R]{key: r.Key(), when: when, at: p, lost: s.lost, v: r.Bare()})
	}
	return len(list)
}

func (s *rows[R, P]) top() (int64, bool) { return s.order.top() }

func (s *rows[R, P]) first(batch any) int64 { return P(&batch.([]R)[0]).Key() }

// pass takes the next row in order.
func (s *rows[R, P]) pass(it *item[R], first bool) {
	if s.a.inFiles {
		s.gaps.add(step{it.key, it.when, it.at, it.lost}, first)
	}
	s.count(it.at.source)
	for _, o := range s.rivals() {
		other := o.(*rows[R, P])
		compare(&s.track, &other.track, &other.order, it, s.unlike)
	}
	if s.check != nil {
		s.check.row(it, first)
	}
}

// unlike says where two sources differ about a row, empty if they do not.
func (s *rows[R, P]) unlike(a, b *R) string {
	for i := range s.columns {
		if c := &s.columns[i]; !agree(c, a, b) {
			return fmt.Sprintf("%s is %s here and %s there", c.Name, row.Text(nil, c, a), row.Text(nil, c, b))
		}
	}
	return ""
}

func (s *rows[R, P]) end() {
	s.order.end()
	s.gaps.end()
	if s.check != nil {
		s.check.end()
	}
}
