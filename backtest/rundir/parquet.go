package rundir

import (
	"fmt"
	"io"
	"iter"
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

// writeParquet writes the rows, and the metadata as pairs of key and value. Equal rows
// make equal bytes.
func writeParquet[R any](w io.Writer, columns []column[R], rows iter.Seq2[int, *R], metadata ...[2]string) error {
	root := ordered{Group: parquet.Group{}}
	for _, c := range columns {
		if root.Group[c.name] != nil {
			return fmt.Errorf("two columns have the name %q", c.name)
		}
		root.Group[c.name], root.names = c.node, append(root.names, c.name)
	}
	out := parquet.NewGenericWriter[any](w, parquet.NewSchema("row", root), parquet.CreatedBy("pmbot", "1", "rundir"),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.DictionaryMaxBytes(dictionaryBytes))
	for _, pair := range metadata {
		out.SetKeyValueMetadata(pair[0], pair[1])
	}
	b := newBatch(out, columns)
	for i, row := range rows {
		b.add(row)
		if b.n < batchRows {
			continue
		}
		if err := b.write(); err != nil {
			return err
		}
		if (i+1)%groupRows == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	if err := b.write(); err != nil {
		return err
	}
	return out.Close()
}

// batch is some rows column by column.
type batch[R any] struct {
	columns []column[R]
	writers []*parquet.ColumnWriter
	// optional says which columns may be null: their values carry a level.
	optional []bool
	values   [][]parquet.Value
	rooms    [][]wide
	n        int
}

func newBatch[R any](out *parquet.GenericWriter[any], columns []column[R]) *batch[R] {
	b := &batch[R]{columns: columns, writers: out.ColumnWriters()}
	for _, c := range columns {
		b.optional = append(b.optional, c.node.Optional())
		b.values = append(b.values, make([]parquet.Value, batchRows))
		b.rooms = append(b.rooms, make([]wide, batchRows))
	}
	return b
}

func (b *batch[R]) add(row *R) {
	for i := range b.columns {
		v := b.columns[i].value(row, &b.rooms[i][b.n])
		if b.optional[i] && !v.IsNull() {
			v = v.Level(0, 1, i)
		}
		b.values[i][b.n] = v
	}
	b.n++
}

func (b *batch[R]) write() error {
	for i, w := range b.writers {
		if _, err := w.WriteRowValues(b.values[i][:b.n]); err != nil {
			return fmt.Errorf("column %s: %w", b.columns[i].name, err)
		}
	}
	b.n = 0
	return nil
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
