package tape

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	footer "github.com/parquet-go/parquet-go/format"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// selection is what a replay wants of a file.
type selection struct {
	// from and to bound the column time, both included, 0 being no bound. Row groups and
	// pages that their statistics put outside are not read; rows outside may still come.
	from, to exchange.Time
	// columns are the names of those wanted; the others stay 0 in the rows. One that is
	// constant in a row group, by its statistics, is not read either. nil is all columns,
	// as they stand in the file.
	columns []string
	// open opens a file; nil is os.Open. Tests count what is read.
	open func(path string) (disk, error)
}

// disk is an open file.
type disk interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// rowFile reads the rows of one file of the tape in order.
type rowFile[R any] struct {
	path   string
	file   disk
	footer *footer.FileMetaData
	groups []parquet.RowGroup
	// group is the next row group.
	group int
	// columns are those of R. timed is the place of time among them.
	columns  []row.Column
	timed    int
	selected *selection
	wanted   []bool
	constant []constant
	cols     columns
	// left is what the open row group still has.
	left int
}

// constant is the value of a column in the whole open row group.
type constant struct {
	known bool
	value int64
	// in is the first of count rows that have the value already.
	in    any
	count int
}

// openRows opens a file, whose columns must be those of R, to read all of it.
func openRows[R any](path string) (*rowFile[R], error) { return openSelected[R](path, &selection{}) }

// openSelected opens a file to read a selection.
func openSelected[R any](path string, s *selection) (*rowFile[R], error) {
	open := s.open
	if open == nil {
		open = openDisk
	}
	file, pf, err := openParquetBy(open, path)
	if err != nil {
		return nil, err
	}
	want := parquet.SchemaOf(new(R))
	if got := pf.Schema(); !parquet.EqualNodes(got, want) {
		file.Close()
		return nil, damaged(fmt.Errorf("%s: columns are not those of the schema: has\n%v\nwants\n%v", path, got, want))
	}
	r := &rowFile[R]{path: path, file: file, footer: pf.Metadata(), groups: pf.RowGroups(), columns: row.Columns[R](), selected: s}
	r.timed = r.place("time")
	r.cols.column = make([]column, len(r.columns))
	r.wanted, r.constant = make([]bool, len(r.columns)), make([]constant, len(r.columns))
	for i, c := range r.columns {
		r.wanted[i] = s.columns == nil || slices.Contains(s.columns, c.Name)
	}
	return r, nil
}

// place is the index of a column.
func (r *rowFile[R]) place(name string) int {
	return slices.IndexFunc(r.columns, func(c row.Column) bool { return c.Name == name })
}

func openDisk(path string) (disk, error) { return os.Open(path) }

func openParquet(path string) (disk, *parquet.File, error) { return openParquetBy(openDisk, path) }

// caught makes an error of a panic of the Parquet library, which meets damaged files with
// one.
func caught(path string, err *error) {
	if p := recover(); p != nil {
		*err = damaged(fmt.Errorf("%s: not a readable Parquet file: %v", path, p))
	}
}

func openParquetBy(open func(string) (disk, error), path string) (file disk, pf *parquet.File, err error) {
	if file, err = open(path); err != nil {
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
	pf, err = parquet.OpenFile(io.NewSectionReader(file, 0, info.Size()), info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return file, nil, damaged(fmt.Errorf("%s: not a readable Parquet file: %w", path, err))
	}
	return file, pf, nil
}

// read fills rows as far as the row group goes and returns how many it filled; io.EOF
// ends.
func (r *rowFile[R]) read(rows []R) (n int, err error) {
	defer caught(r.path, &err)
	for r.left == 0 && r.cols.err == nil {
		r.cols.close()
		if r.cols.err != nil || r.group == len(r.groups) {
			break
		}
		r.enter(r.group)
		r.group++
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
		return 0, fmt.Errorf("%s: %w", r.path, damaged(r.cols.err))
	}
	return n, nil
}

// enter opens a row group where its first wanted row may be. One without any is passed
// over.
func (r *rowFile[R]) enter(group int) {
	chunks, rows := r.groups[group].ColumnChunks(), r.groups[group].NumRows()
	start := int64(0)
	if least, most, ok := r.bounds(group, r.timed); ok {
		s := r.selected
		if row.Micros(most).Time() < s.from || s.to != 0 && row.Micros(least).Time() > s.to {
			return
		}
		if row.Micros(least).Time() < s.from {
			start = firstRow(chunks[r.timed], s.from, rows)
		}
	}
	r.left = int(rows - start)
	for i, chunk := range chunks {
		if !r.wanted[i] {
			continue
		}
		least, most, ok := r.bounds(group, i)
		c := &r.constant[i]
		if !c.known || c.value != least {
			c.count = 0
		}
		c.value, c.known = least, r.selected.columns != nil && ok && least == most
		if !c.known {
			r.cols.open(i, chunk, start)
		}
	}
}

// bounds are the least and the greatest value of a column in a row group by the file's
// footer, false as 0 and true as 1. They are taken from its bytes, for the library takes
// a damaged footer's as they are.
func (r *rowFile[R]) bounds(group, i int) (least, most int64, ok bool) {
	s := &r.footer.RowGroups[group].Columns[i].MetaData.Statistics
	width := 8
	switch r.columns[i].Type {
	case row.Boolean:
		width = 1
	case row.Volume:
		return 0, 0, false
	}
	if len(s.MinValue) != width || len(s.MaxValue) != width {
		return 0, 0, false
	}
	if width == 1 {
		return int64(s.MinValue[0]), int64(s.MaxValue[0]), true
	}
	return int64(binary.LittleEndian.Uint64(s.MinValue)), int64(binary.LittleEndian.Uint64(s.MaxValue)), true
}

// firstRow is the first row of the page that holds the first row from an instant on, by
// the index of pages; 0 where that is missing or says nothing.
func firstRow(times parquet.ColumnChunk, from exchange.Time, rows int64) int64 {
	index, err := times.ColumnIndex()
	if err != nil {
		return 0
	}
	offsets, err := times.OffsetIndex()
	if err != nil {
		return 0
	}
	for i := range min(index.NumPages(), offsets.NumPages()) {
		if row.Micros(index.MaxValue(i).Int64()).Time() < from {
			continue
		}
		if start := offsets.FirstRowIndex(i); start > 0 && start < rows {
			return start
		}
		break
	}
	return 0
}

// load fills rows column by column.
func (r *rowFile[R]) load(rows []R) {
	for i := range r.columns {
		if !r.wanted[i] {
			continue
		}
		switch c := &r.columns[i]; {
		case r.constant[i].known:
			repeat(&r.constant[i], c, rows)
		case c.Type == row.Volume:
			row.FillWides(c, rows, r.cols.wides(i))
		case c.Type == row.Boolean:
			row.FillBools(c, rows, r.cols.bools(i))
		default:
			row.FillInts(c, rows, r.cols.ints(i))
		}
	}
}

// repeat sets a constant column in rows that do not have it yet: a reader fills the same
// rows again and again.
func repeat[R any](k *constant, c *row.Column, rows []R) {
	if first := any(&rows[0]); first != k.in {
		k.in, k.count = first, 0
	}
	for i := k.count; i < len(rows); i++ {
		if c.Type == row.Boolean {
			*row.BoolAt(c, &rows[i]) = k.value != 0
		} else {
			*row.IntAt(c, &rows[i]) = k.value
		}
	}
	k.count = max(k.count, len(rows))
}

// close gives the file and its pages back. It may be called twice.
func (r *rowFile[R]) close() error {
	r.cols.close()
	return r.file.Close()
}
