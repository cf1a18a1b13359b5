package backtest

import "iter"

// Rows is a long list that only grows: fills, bookings and round trips, of which a run may
// have millions.
type Rows[R any] struct {
	List []R
}

// RowsOf is a list of these rows.
func RowsOf[R any](rows ...R) Rows[R] { return Rows[R]{rows} }

// Add appends a row.
func (r *Rows[R]) Add(row *R) { r.List = append(r.List, *row) }

// Len is the number of rows.
func (r *Rows[R]) Len() int { return len(r.List) }

// All goes through the rows in order, with their index. A row is good until the next one.
func (r *Rows[R]) All() iter.Seq2[int, *R] {
	return func(yield func(int, *R) bool) {
		for i := range r.List {
			if !yield(i, &r.List[i]) {
				return
			}
		}
	}
}
