package tape

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// gather reads all rows of the next key that the tape has into group.
func (p *partition[R, P]) gather() error {
	p.group = p.group[:0]
	for {
		old, err := p.head()
		if err != nil {
			return err
		}
		if old == nil || len(p.group) > 0 && old.Key() != P(&p.group[0]).Key() {
			return nil
		}
		p.group = append(p.group, *old)
		p.oldAt++
	}
}

// add takes the next rows of the source, all those of one key. Rows that the tape has
// already are counted, those that contradict it are ErrConflict.
func (p *partition[R, P]) add(rows []R) error {
	key := P(&rows[0]).Key()
	for {
		old, err := p.head()
		if err != nil {
			return err
		}
		if old == nil || old.Key() > key {
			return p.insert(rows, old)
		}
		if old.Key() == key {
			return p.join(rows)
		}
		p.oldAt++
		if err := p.put(old); err != nil {
			return err
		}
	}
}

// insert takes rows of a key that the tape lacks; next is the tape's row after them.
func (p *partition[R, P]) insert(rows []R, next P) error {
	first, last := P(&rows[0]).When(), P(&rows[len(rows)-1]).When()
	if p.origin.Repair && !p.enter(first) {
		p.beyond.many(len(rows), "%v", first)
		return nil
	}
	early := p.meta.rows > 0 && first < p.meta.last
	late := next != nil && last > next.When() && !p.format.moves((*R)(next))
	if (early || late) && !p.format.moves(&rows[0]) {
		return p.misplaced(rows, next)
	}
	for i := range rows {
		p.give(&rows[i])
	}
	return p.putAll(rows)
}

// enter says whether an instant lies in a hole, which becomes the one being filled.
func (p *partition[R, P]) enter(at exchange.Time) bool {
	i, _ := slices.BinarySearchFunc(p.repair, at, func(h Hole, at exchange.Time) int { return cmp.Compare(h.To, at) })
	if i == len(p.repair) || at < p.repair[i].From.Add(-p.early) {
		return false
	}
	if i != p.hole && p.origin.Rows > 0 {
		p.filled = append(p.filled, p.origin)
		p.origin.Rows = 0
	}
	p.hole = i
	return true
}

// give counts a row that the source adds.
func (p *partition[R, P]) give(r P) {
	p.widen(r.When())
	p.origin.Rows++
	p.added++
}

// widen has the source's span hold an instant.
func (p *partition[R, P]) widen(at exchange.Time) {
	if p.origin.Rows == 0 && p.dated == 0 {
		p.origin.From = at
	}
	p.origin.To = at
}

// join merges rows of the source with those of the same key on the tape.
func (p *partition[R, P]) join(rows []R) error {
	if err := p.gather(); err != nil {
		return err
	}
	merge := p.joinRows
	if p.sharing == row.Piece {
		merge = p.joinPiece
	}
	if err := merge(rows); err != nil {
		return err
	}
	return p.putAll(p.group)
}

// joinPiece keeps the tape's piece, or of two snapshots the deeper one.
func (p *partition[R, P]) joinPiece(rows []R) error {
	whole := p.format.piece.whole(&rows[0])
	switch same := equal[R, P](p.group, rows); {
	case same || whole && contains[R, P](p.group, rows):
		p.known += int64(len(rows))
		for i := range rows {
			if same {
				p.date(&p.group[i], &rows[i])
			}
		}
	case whole && !p.origin.Repair && contains[R, P](rows, p.group):
		p.known += int64(len(p.group))
		for range len(rows) - len(p.group) {
			p.give(&rows[0])
		}
		p.group = append(p.group[:0], rows...)
	default:
		i := 0
		for i < min(len(rows), len(p.group))-1 && P(&rows[i]).Bare() == P(&p.group[i]).Bare() {
			i++
		}
		return p.contradict(rows, &rows[i], &p.group[i])
	}
	return nil
}

// joinRows adds the rows that the tape lacks where several may share a key.
func (p *partition[R, P]) joinRows(rows []R) error {
	had := p.group
	index := indexOf[R, P](had)
	for i := range rows {
		at := index(P(&rows[i]).Bare())
		switch {
		case at >= 0:
			p.known++
			p.date(&p.group[at], &rows[i])
		case p.sharing == row.Several && !p.origin.Repair:
			p.give(&rows[i])
			p.group = append(p.group, rows[i])
		default:
			if err := p.contradict(rows[i:i+1], &rows[i], &had[min(i, len(had)-1)]); err != nil {
				return err
			}
		}
	}
	byTime[R, P](p.group, nil)
	return nil
}

// date gives a row that the tape has from an archive the time at which somebody received
// it.
func (p *partition[R, P]) date(have, r P) {
	if _, local := have.Clocks(); local != 0 || p.origin.Repair {
		return
	}
	if _, local := r.Clocks(); local != 0 {
		p.widen(r.When())
		p.dated++
		*have = *r
	}
}

// contradict is the error for rows of which one differs from the tape's, which a repair
// counts in place of failing.
func (p *partition[R, P]) contradict(rows []R, r, old *R) error {
	mine, have := P(r).Bare(), P(old).Bare()
	column, ours, theirs := row.Differ(p.columns, &mine, &have)
	at := P(r).When()
	if column == "" { // one piece is the beginning of the other
		column, ours, theirs = "number of levels", strconv.Itoa(len(rows)), strconv.Itoa(len(p.group))
	}
	if p.origin.Repair {
		p.differ.many(len(rows), "%v: %s is %s, on the tape %s", at, column, ours, theirs)
		return nil
	}
	return fmt.Errorf("%w at %v: %s is %s, on the tape it is %s from %s (%s)",
		ErrConflict, at, column, ours, theirs, p.originOf(at), p.path)
}

// misplaced is the same for rows that the tape lacks and whose time is not between those
// of their neighbours by id.
func (p *partition[R, P]) misplaced(rows []R, next P) error {
	r := P(&rows[0])
	place := fmt.Sprintf("after one of %v", p.meta.last)
	near := p.meta.last
	if p.meta.rows == 0 || r.When() >= p.meta.last {
		near = next.When()
		place = fmt.Sprintf("before one of %v", near)
	}
	if p.origin.Repair {
		p.differ.many(len(rows), "%v: by its %s %d it belongs %s", r.When(), p.format.holes.keyName(), r.Key(), place)
		return nil
	}
	return fmt.Errorf("%w at %v: by its %s %d the row belongs %s from %s (%s): ids of two sorts do not go together in one file",
		ErrConflict, r.When(), p.format.holes.keyName(), r.Key(), place, p.originOf(near), p.path)
}

// originOf names the files that rows of an instant may have come from.
func (p *partition[R, P]) originOf(at exchange.Time) string {
	var names []string
	for _, o := range p.origins {
		if o.From <= at && at <= o.To {
			names = append(names, o.Name)
		}
	}
	return strings.Join(names, " or ")
}
