package rundir

import (
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Row groups are what a reader takes at once, and what the writer holds, compressed.
// Batches are what it holds beside.
const (
	groupRows = 1 << 17
	batchRows = 1 << 10
)

// dictionaryBytes bounds what a column of words holds; one with more is plain text from
// there on.
const dictionaryBytes = 1 << 20

// parquetWriter writes rows as Parquet, column by column of batchRows at a time. Equal rows
// make equal bytes.
type parquetWriter[R any] struct {
	out     *parquet.GenericWriter[any]
	columns []column[R]
	writers []*parquet.ColumnWriter
	rows    []R // the batch; its room is kept for the next one
	values  []parquet.Value
	rooms   []wide
	group   int // rows of the row group so far
}

// newParquet begins a file with metadata as pairs of key and value.
func newParquet[R any](w io.Writer, columns []column[R], metadata [][2]string) (*parquetWriter[R], error) {
	root := ordered{Group: parquet.Group{}}
	for i := range columns {
		name := columns[i].name
		if root.Group[name] != nil {
			return nil, fmt.Errorf("two columns have the name %q", name)
		}
		root.Group[name], root.names = columns[i].node, append(root.names, name)
	}
	out := parquet.NewGenericWriter[any](w, parquet.NewSchema("row", root), parquet.CreatedBy("pmbot", "1", "rundir"),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.DictionaryMaxBytes(dictionaryBytes))
	for _, pair := range metadata {
		out.SetKeyValueMetadata(pair[0], pair[1])
	}
	return &parquetWriter[R]{out: out, columns: columns, writers: out.ColumnWriters(),
		rows: make([]R, 0, batchRows), values: make([]parquet.Value, batchRows), rooms: make([]wide, batchRows)}, nil
}

func (p *parquetWriter[R]) add(row *R) error {
	p.rows = append(p.rows, *row)
	if len(p.rows) < batchRows {
		return nil
	}
	if err := p.write(); err != nil {
		return err
	}
	if p.group += batchRows; p.group < groupRows {
		return nil
	}
	p.group = 0
	return p.out.Flush()
}

// write writes the batch.
func (p *parquetWriter[R]) write() error {
	values := p.values[:len(p.rows)]
	for i := range p.columns {
		c, optional := &p.columns[i], p.columns[i].node.Optional()
		for n := range p.rows {
			v := c.value(&p.rows[n], &p.rooms[n])
			if optional && !v.IsNull() {
				v = v.Level(0, 1, i)
			}
			values[n] = v
		}
		if _, err := p.writers[i].WriteRowValues(values); err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	clear(p.rows)
	p.rows = p.rows[:0]
	return nil
}

// close writes what is left, and the end of the file.
func (p *parquetWriter[R]) close() error {
	if err := p.write(); err != nil {
		return err
	}
	return p.out.Close()
}

// ordered is a group whose fields stand in the order of names; a plain one sorts them.
type ordered struct {
	parquet.Group
	names []string
}

func (o ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(o.names, a.Name()) - slices.Index(o.names, b.Name())
	})
	return fields
}
