package tape

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// batchRows is how many rows are read or written in one go.
	batchRows = 2048
	// groupRows is the size of a row group.
	groupRows = 1 << 18
)

// ErrConflict says that there are two different rows for one instant or id.
var ErrConflict = errors.New("rows contradict each other")

// partition writes one file of the tape anew: the rows that it had, merged with those
// of a source. It writes to a staged file, which takes the old one's place only when
// the whole import has succeeded.
type partition[R comparable, P record[R]] struct {
	path   string
	out    *parquet.GenericWriter[R]
	buffer *bufio.Writer
	file   stagedFile
	batch  []R

	// old are the rows that the tape has: those of oldFile not read yet, and oldRows from
	// oldAt on.
	oldFile *rowFile[R]
	oldRows []R
	oldAt   int
	origins []Origin

	meta  meta
	holes holeFinder
	sum   hash.Hash
	text  []byte
	// origin is what the source adds; known counts its rows that the tape had already.
	origin Origin
	known  int64
}

// newRowWriter makes the writer that one import uses for all its files: its buffers are
// some 16 MB.
func newRowWriter[R any]() *parquet.GenericWriter[R] {
	return parquet.NewGenericWriter[R](io.Discard,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}),
		parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("pmbot", "1", "tape"))
}

// openPartition begins a file in the stage, written by out. old is the file on the tape,
// nil if there is none.
func openPartition[R comparable, P record[R]](f *rowFormat[R, P], key Key, origin Origin, old *part, file stagedFile,
	out *parquet.GenericWriter[R]) (*partition[R, P], error) {
	p := &partition[R, P]{
		path: file.target, file: file, buffer: bufio.NewWriterSize(file, 256<<10), out: out,
		batch: make([]R, 0, batchRows), sum: sha256.New(),
		meta:  meta{schema: f.name, series: key.String(), clock: clockExchange},
		holes: holeFinder{rule: f.holes, step: key.Interval}, origin: origin,
	}
	if old != nil {
		rows, err := openRows(old.path, f.load)
		if err != nil {
			return nil, err
		}
		p.oldFile, p.oldRows, p.origins = rows, make([]R, 0, batchRows), old.meta.origins
	}
	out.Reset(p.buffer)
	return p, nil
}

// head returns the next row that the tape has, nil after the last.
func (p *partition[R, P]) head() (P, error) {
	if p.oldAt == len(p.oldRows) {
		if p.oldFile == nil {
			return nil, nil
		}
		n, err := p.oldFile.read(p.oldRows[:cap(p.oldRows)])
		p.oldRows, p.oldAt = p.oldRows[:n], 0
		if err == io.EOF {
			err = p.oldFile.close()
			p.oldFile = nil
			return nil, err
		}
		if err != nil {
			return nil, err
		}
	}
	return &p.oldRows[p.oldAt], nil
}

// add takes the next row of the source. A row that the tape has already is counted, one
// that contradicts it is ErrConflict.
func (p *partition[R, P]) add(row P) error {
	for p.oldFile != nil || p.oldAt < len(p.oldRows) {
		old, err := p.head()
		if err != nil {
			return err
		}
		if old == nil || old.key() > row.key() {
			break
		}
		if old.key() == row.key() && *old != *row {
			column, theirs, ours := differ((*R)(old), (*R)(row))
			return fmt.Errorf("%w at %v: %s is %s, on the tape it is %s from %s (%s)",
				ErrConflict, row.when(), column, ours, theirs, p.originOf(row.when()), p.path)
		}
		p.oldAt++
		if err := p.put(old); err != nil {
			return err
		}
		if old.key() == row.key() {
			p.known++
			return nil
		}
	}
	if p.origin.Rows == 0 {
		p.origin.From = row.when()
	}
	p.origin.Rows++
	p.origin.To = row.when()
	return p.put(row)
}

// originOf names the files that rows of an instant may have come from.
func (p *partition[R, P]) originOf(at exchange.Time) string {
	var names []string
	for _, o := range p.origins {
		if o.From <= at && at <= o.To {
			names = append(names, o.Name)
		}
	}
	return strings.Join(names, " or ")
}

// put appends a row to the file.
func (p *partition[R, P]) put(row P) error {
	at, key := row.when(), row.key()
	if p.meta.rows == 0 {
		p.meta.first, p.meta.firstKey = at, key
	} else if at < p.meta.last {
		return fmt.Errorf("%w: the row %d of %v comes after one of %v in %s", ErrConflict, key, at, p.meta.last, p.path)
	}
	p.meta.rows++
	p.meta.last, p.meta.lastKey = at, key
	p.holes.add(at, key, 0)
	p.batch = append(p.batch, *row)
	if len(p.batch) == cap(p.batch) {
		return p.flush()
	}
	return nil
}

func (p *partition[R, P]) flush() error {
	p.text = p.text[:0]
	for i := range p.batch {
		p.text = P(&p.batch[i]).canonical(p.text)
	}
	p.sum.Write(p.text)
	_, err := p.out.Write(p.batch)
	p.batch = p.batch[:0]
	return err
}

// finish writes what is left and closes the file. It says whether the file differs from
// what the tape has; if not, the caller drops it.
func (p *partition[R, P]) finish() (changed bool, err error) {
	if p.origin.Rows == 0 {
		return false, nil
	}
	for {
		old, err := p.head()
		if err != nil {
			return false, err
		}
		if old == nil {
			break
		}
		p.oldAt++
		if err := p.put(old); err != nil {
			return false, err
		}
	}
	if err := p.flush(); err != nil {
		return false, err
	}
	if err := p.holes.finish(); err != nil {
		return false, err
	}
	p.meta.holes, p.meta.step = append([]Hole{}, p.holes.found...), p.holes.step
	p.meta.origins = append(append([]Origin{}, p.origins...), p.origin)
	p.meta.hash = hex.EncodeToString(p.sum.Sum(nil))
	if err := p.meta.write(p.out.SetKeyValueMetadata); err != nil {
		return false, err
	}
	if err := p.out.Close(); err != nil {
		return false, err
	}
	if err := p.buffer.Flush(); err != nil {
		return false, err
	}
	return true, p.file.seal()
}

// abandon gives back what an unfinished partition holds. The stage removes its file.
func (p *partition[R, P]) abandon() {
	if p.oldFile != nil {
		p.oldFile.close()
	}
	p.file.abandon()
}
