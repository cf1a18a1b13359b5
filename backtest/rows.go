package backtest

import (
	"bytes"
	"encoding/gob"
	"iter"
)

// Rows is a long list that only grows: fills, bookings and round trips, of which a run may
// have millions.
type Rows[R any] struct {
	list []R
}

// RowsOf is a list of these rows.
func RowsOf[R any](rows ...R) Rows[R] { return Rows[R]{rows} }

// Add appends a row.
func (r *Rows[R]) Add(row *R) { r.list = append(r.list, *row) }

// Len is the number of rows.
func (r *Rows[R]) Len() int { return len(r.list) }

// All goes through the rows in order, with their index; rows that are added meanwhile are
// not among them. A row is good until the next one.
func (r *Rows[R]) All() iter.Seq2[int, *R] {
	return func(yield func(int, *R) bool) {
		for i := range r.list {
			row := r.list[i]
			if !yield(i, &row) {
				return
			}
		}
	}
}

// GobEncode writes the rows for another process of the same version.
func (r Rows[R]) GobEncode() ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(r.list)
	return b.Bytes(), err
}

// GobDecode reads what GobEncode has written.
func (r *Rows[R]) GobDecode(b []byte) error {
	return gob.NewDecoder(bytes.NewReader(b)).Decode(&r.list)
}
