package tape

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// once drops the repetitions among rows of one key. Pieces are compared whole.
func (s *seriesSink[R, P]) once(rows []R, lines []int64) ([]R, []int64, error) {
	if s.format.piece != nil {
		return s.onePiece(rows, lines)
	}
	if len(rows) == 1 {
		return rows, lines, nil
	}
	seen, kept := map[R]int64{}, 0
	for i := range rows {
		bare := P(&rows[i]).Bare()
		like, again := seen[bare]
		switch {
		case again:
			s.duplicate(rows[i:i+1], lines[i], like)
		case s.sharing == row.Unique && i > 0:
			if err := s.refuse(rows[i:i+1], lines[i:i+1], s.conflict(&rows[i], &rows[0], lines[0])); err != nil {
				return nil, nil, err
			}
		default:
			seen[bare] = lines[i]
			rows[kept], lines[kept] = rows[i], lines[i]
			kept++
		}
	}
	return rows[:kept], lines[:kept], nil
}

// onePiece keeps one of the pieces with one key: the first, or of snapshots the deepest.
func (s *seriesSink[R, P]) onePiece(rows []R, lines []int64) (kept []R, keptLines []int64, err error) {
	rule := s.format.piece
	for len(rows) > 0 {
		end := 1
		for end < len(rows) && !rule.begins(&rows[end]) {
			end++
		}
		piece, at := rows[:end], lines[:end]
		rows, lines = rows[end:], lines[end:]
		torn := slices.IndexFunc(piece, func(r R) bool { return !rule.alike(&piece[0], &r) })
		switch {
		case !rule.begins(&piece[0]):
			err = s.refuse(piece, at, fmt.Errorf("%w: the first row of the piece is missing", errDisorder))
		case torn >= 0:
			err = s.refuse(piece, at, fmt.Errorf("%w: line %d has the id of the piece, but other times or ids", ErrConflict, at[torn]))
		case kept == nil:
			kept, keptLines = piece, at
		case equal[R, P](kept, piece), rule.whole(&piece[0]) && contains[R, P](kept, piece):
			s.duplicate(piece, at[0], keptLines[0])
		case rule.whole(&piece[0]) && contains[R, P](piece, kept):
			s.duplicate(kept, keptLines[0], at[0])
			kept, keptLines = piece, at
		default:
			err = s.refuse(piece, at, fmt.Errorf("%w: another piece of the book has the ids of that on line %d", ErrConflict, keptLines[0]))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return kept, keptLines, nil
}

// equal compares rows by all that does not depend on who recorded them.
func equal[R comparable, P row.Row[R]](a, b []R) bool {
	return slices.EqualFunc(a, b, func(x, y R) bool { return P(&x).Bare() == P(&y).Bare() })
}

// contains says whether all rows of b are among a.
func contains[R comparable, P row.Row[R]](a, b []R) bool {
	if len(b) > len(a) {
		return false
	}
	have := make(map[R]bool, len(a))
	for i := range a {
		have[P(&a[i]).Bare()] = true
	}
	return !slices.ContainsFunc(b, func(r R) bool { return !have[P(&r).Bare()] })
}

// indexOf returns what finds a bare row among some, -1 if it is not there.
func indexOf[R comparable, P row.Row[R]](rows []R) func(bare R) int {
	if len(rows) <= 8 {
		return func(bare R) int {
			return slices.IndexFunc(rows, func(have R) bool { return P(&have).Bare() == bare })
		}
	}
	place := make(map[R]int, len(rows))
	for i := range rows {
		place[P(&rows[i]).Bare()] = i
	}
	return func(bare R) int {
		if at, ok := place[bare]; ok {
			return at
		}
		return -1
	}
}

// byTime sorts rows of one key by their instants and leaves those of one instant as they
// are. lines may be nil.
func byTime[R any, P row.Row[R]](rows []R, lines []int64) {
	earlier := func(a, b R) int { return cmp.Compare(P(&a).When(), P(&b).When()) }
	if slices.IsSortedFunc(rows, earlier) {
		return
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	unsorted := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b int) int { return earlier(unsorted[a], unsorted[b]) })
	of := slices.Clone(lines)
	for i, from := range order {
		rows[i] = unsorted[from]
		if lines != nil {
			lines[i] = of[from]
		}
	}
}
