package backtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

// Rows is a long list that only grows: fills, bookings and round trips, of which a run may
// have millions. R is one of [FillRow], [LedgerRow] and [TradeRow]; other rows panic.
//
// A row is kept as some forty bytes that hold what differs from the row before, so the
// list is read from its beginning only (BenchmarkRows has what it saves). The zero value is
// an empty list. Copies share their rows: they may be read at once, and one that grows
// leaves the others as they were, but nothing may read while a copy grows.
type Rows[R any] struct {
	kept *rowStore[R]
	n    int
}

// rowStore is what copies of a list share.
type rowStore[R any] struct {
	chunks    [][]byte // whole rows
	n         int
	write     columns
	row, last R
}

// chunkBytes is the size of a chunk; only a row that is longer alone has a larger one.
const chunkBytes = 64 << 10

// RowsOf is a list of these rows.
func RowsOf[R any](rows ...R) Rows[R] {
	var r Rows[R]
	for i := range rows {
		r.Add(&rows[i])
	}
	return r
}

// Add appends a copy of a row.
func (r *Rows[R]) Add(row *R) {
	if r.kept == nil || r.kept.n != r.n { // nothing yet, or a copy has grown
		r.kept = r.own()
	}
	r.kept.add(row)
	r.n++
}

// own is a store of this list's rows alone.
func (r Rows[R]) own() *rowStore[R] {
	s := &rowStore[R]{write: columns{words: words{ids: map[string]int{}}}}
	for _, row := range r.All() {
		s.add(row)
	}
	return s
}

func (s *rowStore[R]) add(row *R) {
	c := &s.write
	c.begin()
	s.row = *row
	fields(c, &s.row, &s.last)
	s.last = s.row
	s.n++
	end := len(s.chunks) - 1
	if need := binary.MaxVarintLen64 + len(c.b); end < 0 || len(s.chunks[end])+need > chunkBytes {
		var chunk []byte
		if end >= 0 { // the first one grows as it must
			chunk = make([]byte, 0, max(need, chunkBytes))
		}
		s.chunks = append(s.chunks, chunk)
		end++
	}
	s.chunks[end] = append(binary.AppendUvarint(s.chunks[end], c.mask), c.b...)
}

// fields lets a row's columns pass.
func fields[R any](c *columns, row, last *R) {
	any(row).(interface{ fields(c *columns, last *R) }).fields(c, last)
}

// Len is the number of rows.
func (r Rows[R]) Len() int { return r.n }

// All goes through the rows in order, with their index; rows that are added meanwhile are
// not among them. A row is good until the next one.
func (r Rows[R]) All() iter.Seq2[int, *R] {
	return func(yield func(int, *R) bool) {
		var row, last R
		c := columns{reading: true}
		for i, next := 0, 0; i < r.n; i++ {
			if len(c.b) == 0 {
				c.b = r.kept.chunks[next]
				next++
			}
			c.begin()
			fields(&c, &row, &last)
			last = row
			if !yield(i, &row) {
				return
			}
			row = last // whatever was done to it
		}
	}
}

// Each goes through a list as [Rows.All] does, for code that reads both.
func Each[R any](list []R) iter.Seq2[int, *R] {
	return func(yield func(int, *R) bool) {
		for i := range list {
			if !yield(i, &list[i]) {
				return
			}
		}
	}
}

// Equal says whether two lists have the same rows, to the last digit of every number.
func (r Rows[R]) Equal(other Rows[R]) bool {
	return r.n == other.n && bytes.Equal(r.bytes(), other.bytes())
}

// bytes are the rows in one piece.
func (r Rows[R]) bytes() []byte {
	switch {
	case r.n == 0:
		return nil
	case r.n < r.kept.n: // a copy has more
		return slices.Concat(r.own().chunks...)
	default:
		return slices.Concat(r.kept.chunks...)
	}
}

// GobEncode writes the rows for a process of the same version.
func (r Rows[R]) GobEncode() ([]byte, error) {
	return append(binary.AppendUvarint(nil, uint64(r.n)), r.bytes()...), nil
}

// GobDecode reads what [Rows.GobEncode] has written.
func (r *Rows[R]) GobDecode(b []byte) error {
	c := columns{reading: true, b: b}
	var list Rows[R]
	var row, last R
	for n := c.uvarint(); n > 0 && !c.bad; n-- {
		c.begin()
		fields(&c, &row, &last)
		last = row
		list.Add(&row)
	}
	if c.bad || len(c.b) > 0 {
		return fmt.Errorf("row %d of the list is damaged", list.n)
	}
	*r = list
	return nil
}
