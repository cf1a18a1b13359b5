package tape

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

const (
	// groupRows is the size of a row group.
	groupRows = 1 << 18
	// packsAhead is how many batches of a series may wait to be packed. The writer's pages
	// fill all at once, so it is idle for some batches and then busy for as long.
	packsAhead = 16
)

// packer writes the files of a series, one after the other: it hashes rows, puts them into
// columns and compresses these. For a bar that takes longer than reading its line does
// (see BenchmarkImportBars), so whole batches are packed on a goroutine of their own.
type packer[R any] struct {
	codec   *zstd.Codec
	out     *parquet.GenericWriter[R]
	columns []row.Column
	sum     hash.Hash
	text    []byte

	// full are batches for the goroutine and empty those that it gives back, packsAhead of
	// them with the one that the caller fills; both are nil while there is no goroutine.
	// spare are empty batches of the file before.
	full  chan []R
	empty chan packed[R]
	spare [][]R
}

// packed is an empty batch, with the first error so far.
type packed[R any] struct {
	batch []R
	err   error
}

// newPacker makes the packer of a series. Packers may share a codec, whose buffers are half
// a MB.
func newPacker[R any](codec *zstd.Codec) *packer[R] {
	return &packer[R]{codec: codec, columns: row.Columns[R](), sum: sha256.New()}
}

// begin starts a file. It makes a new Parquet writer, whose buffers take 0.1 MB and grow to
// some 16 with the rows: after a Reset, that of parquet-go 0.32 forgets the names of the
// columns in the footer's row groups (format.ColumnMetaData.Reset clears what the writer
// still uses).
func (p *packer[R]) begin(file io.Writer) {
	p.out = parquet.NewGenericWriter[R](file, parquet.Compression(p.codec),
		parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("pmbot", "1", "tape"))
	p.sum.Reset()
}

// pack writes rows, after those that were sent before and waited for.
func (p *packer[R]) pack(rows []R) error {
	p.text = p.text[:0]
	for i := range rows {
		p.text = row.Canonical(p.text, p.columns, &rows[i])
	}
	p.sum.Write(p.text)
	_, err := p.out.Write(rows)
	return err
}

// send gives a batch to the goroutine and returns an empty one.
func (p *packer[R]) send(batch []R) ([]R, error) {
	if p.full == nil {
		p.start()
	}
	p.full <- batch
	next := <-p.empty
	if next.batch == nil {
		next.batch = make([]R, 0, batchRows)
	}
	return next.batch, next.err
}

func (p *packer[R]) start() {
	full, empty := make(chan []R, packsAhead), make(chan packed[R], packsAhead)
	p.full, p.empty = full, empty
	for range packsAhead - 1 {
		var one packed[R]
		if last := len(p.spare) - 1; last >= 0 {
			one.batch, p.spare = p.spare[last], p.spare[:last]
		}
		empty <- one
	}
	go func() {
		defer close(empty)
		var err error
		for batch := range full {
			if err == nil {
				err = p.pack(batch)
			}
			empty <- packed[R]{batch[:0], err}
		}
	}()
}

// wait ends the goroutine when all that was sent is packed.
func (p *packer[R]) wait() (err error) {
	if p.full == nil {
		return nil
	}
	close(p.full)
	for done := range p.empty {
		err = done.err
		if done.batch != nil {
			p.spare = append(p.spare, done.batch)
		}
	}
	p.full, p.empty = nil, nil
	return err
}

// hash is that of the file's rows, in hex.
func (p *packer[R]) hash() string { return hex.EncodeToString(p.sum.Sum(nil)) }

// end writes metadata and footer, and gives the Parquet writer's memory back.
func (p *packer[R]) end(m *meta) error {
	out := p.out
	p.out = nil
	if err := m.write(out.SetKeyValueMetadata); err != nil {
		return err
	}
	return out.Close()
}
