package tape

import (
	"errors"
	"fmt"
	"io"
	"os"

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

func (c *columns) open(group parquet.RowGroup) {
	for i, chunk := range group.ColumnChunks() {
		c.column[i].pages = chunk.Pages()
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

// rowFile reads the rows of one file of the tape in order.
type rowFile[R any] struct {
	file    *os.File
	groups  []parquet.RowGroup
	columns []row.Column
	cols    columns
	// left is what the open row group still has.
	left int
}

// openRows opens a file whose columns must be those of R.
func openRows[R any](path string) (*rowFile[R], error) {
	file, pf, err := openParquet(path)
	if err != nil {
		return nil, err
	}
	want := parquet.SchemaOf(new(R))
	if got := pf.Schema(); !parquet.EqualNodes(got, want) {
		file.Close()
		return nil, damaged(fmt.Errorf("%s: columns are not those of the schema: has\n%v\nwants\n%v", path, got, want))
	}
	r := &rowFile[R]{file: file, groups: pf.RowGroups(), columns: row.Columns[R]()}
	r.cols.column = make([]column, len(want.Fields()))
	return r, nil
}

// caught makes an error of a panic of the Parquet library, which meets damaged files with
// one.
func caught(path string, err *error) {
	if p := recover(); p != nil {
		*err = damaged(fmt.Errorf("%s: not a readable Parquet file: %v", path, p))
	}
}

func openParquet(path string) (file *os.File, pf *parquet.File, err error) {
	if file, err = os.Open(path); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
			file = nil
		}
	}()
	defer caught(path, &err)
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return file, nil, fmt.Errorf("%s: %w", path, err)
	}
	pf, err = parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return file, nil, damaged(fmt.Errorf("%s: not a readable Parquet file: %w", path, err))
	}
	return file, pf, nil
}

// read fills rows as far as the row group goes and returns how many it filled; io.EOF
// ends.
func (r *rowFile[R]) read(rows []R) (n int, err error) {
	defer caught(r.file.Name(), &err)
	for r.left == 0 {
		r.cols.close()
		if r.cols.err != nil || len(r.groups) == 0 {
			break
		}
		r.left = int(r.groups[0].NumRows())
		r.cols.open(r.groups[0])
		r.groups = r.groups[1:]
	}
	if r.cols.err == nil && r.left == 0 {
		return 0, io.EOF
	}
	n = min(len(rows), r.left)
	if r.cols.err == nil {
		r.cols.rows = n
		r.load(rows[:n])
		r.left -= n
	}
	if r.cols.err != nil {
		return 0, fmt.Errorf("%s: %w", r.file.Name(), damaged(r.cols.err))
	}
	return n, nil
}

// load fills rows column by column.
func (r *rowFile[R]) load(rows []R) {
	for i := range r.columns {
		switch c := &r.columns[i]; c.Type {
		case row.Volume:
			row.FillWides(c, rows, r.cols.wides(i))
		case row.Boolean:
			row.FillBools(c, rows, r.cols.bools(i))
		default:
			row.FillInts(c, rows, r.cols.ints(i))
		}
	}
}

// close gives the file and its pages back. It may be called twice.
func (r *rowFile[R]) close() error {
	r.cols.close()
	return r.file.Close()
}
