package tape

import (
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// columns reads the columns of one row group in step, some thousand rows at a time. The
// slices that it returns are good until the same column is asked again. The first error
// stays in err, and slices are empty from then on.
type columns struct {
	column []column
	// rows is how many rows each call returns.
	rows int
	err  error
}

// column is one column's pages; what the current page still holds is in ints, bytes or
// bools, by its type.
type column struct {
	pages parquet.Pages
	page  parquet.Page
	ints  []int64
	bytes []byte
	bools parquet.BooleanReader

	intBuf  []int64
	wideBuf []row.Wide
	boolBuf []bool
}

// open begins to read a column of a row group at one of its rows.
func (c *columns) open(i int, chunk parquet.ColumnChunk, start int64) {
	pages := chunk.Pages()
	c.column[i].pages = pages
	if start > 0 {
		_, err := chunk.OffsetIndex() // so that SeekToRow goes to the page and reads none before
		c.note(err)
		c.note(pages.SeekToRow(start))
	}
}

func (c *columns) close() {
	for i := range c.column {
		col := &c.column[i]
		parquet.Release(col.page)
		col.page, col.ints, col.bytes, col.bools = nil, nil, nil, nil
		if col.pages != nil {
			c.note(col.pages.Close())
			col.pages = nil
		}
	}
}

func (c *columns) note(err error) {
	if err != nil && c.err == nil {
		c.err = err
	}
}

// next moves a column to its next page.
func (c *columns) next(col *column) bool {
	parquet.Release(col.page)
	col.page = nil
	page, err := col.pages.ReadPage()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // the row group promised more rows
	}
	if err != nil {
		c.note(err)
		return false
	}
	col.page = page
	data := page.Data()
	switch page.Type().Kind() {
	case parquet.Int64:
		col.ints = data.Int64()
	case parquet.FixedLenByteArray:
		col.bytes, _ = data.FixedLenByteArray()
	case parquet.Boolean:
		col.bools, _ = page.Values().(parquet.BooleanReader)
	}
	return true
}

// ints returns the next rows of a 64-bit column, without copying them if they stand in
// one page.
func (c *columns) ints(i int) []int64 {
	col := &c.column[i]
	if len(col.ints) >= c.rows {
		out := col.ints[:c.rows]
		col.ints = col.ints[c.rows:]
		return out
	}
	col.intBuf = col.intBuf[:0]
	for len(col.intBuf) < c.rows {
		if len(col.ints) == 0 && (c.err != nil || !c.next(col)) {
			return nil
		}
		n := min(len(col.ints), c.rows-len(col.intBuf))
		col.intBuf = append(col.intBuf, col.ints[:n]...)
		col.ints = col.ints[n:]
	}
	return col.intBuf
}

// wides returns the next rows of a 16-byte column.
func (c *columns) wides(i int) []row.Wide {
	col := &c.column[i]
	col.wideBuf = col.wideBuf[:0]
	for len(col.wideBuf) < c.rows {
		if len(col.bytes) == 0 && (c.err != nil || !c.next(col)) {
			return nil
		}
		n := min(len(col.bytes)/len(row.Wide{}), c.rows-len(col.wideBuf))
		if n == 0 {
			c.note(io.ErrUnexpectedEOF) // a page that ends within a value
			return nil
		}
		for k := range n {
			col.wideBuf = append(col.wideBuf, row.Wide(col.bytes[k*len(row.Wide{}):]))
		}
		col.bytes = col.bytes[n*len(row.Wide{}):]
	}
	return col.wideBuf
}

// bools returns the next rows of a boolean column.
func (c *columns) bools(i int) []bool {
	col := &c.column[i]
	if cap(col.boolBuf) < c.rows {
		col.boolBuf = make([]bool, c.rows)
	}
	out := col.boolBuf[:c.rows]
	for n := 0; n < len(out); {
		if col.bools == nil && (c.err != nil || !c.next(col)) {
			return nil
		}
		k, err := col.bools.ReadBooleans(out[n:])
		n += k
		if err != nil || k == 0 {
			col.bools = nil
			if err != io.EOF {
				c.note(err)
			}
		}
	}
	return out
}
