package tape

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
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
type partition[R comparable, P row.Row[R]] struct {
	path   string
	format *rowFormat[R, P]
	out    *parquet.GenericWriter[R]
	buffer *bufio.Writer
	file   stagedFile
	batch  []R

	// old are the rows that the tape has: those of oldFile not read yet, and oldRows from
	// oldAt on.
	oldFile *rowFile[R]
	oldRows []R
	oldAt   int
	group   []R
	origins []Origin
	// repair says that only rows in the holes that the tape has come in; what differs
	// elsewhere is counted in differ.
	repair []Hole
	differ Finding

	columns []row.Column
	sharing row.Sharing
	meta    meta
	gauge   clock.Gauge
	holes   holeFinder
	sum     hash.Hash
	text    []byte
	// origin is what the source adds; known counts its rows that the tape had already.
	origin Origin
	known  int64
}

// newRowWriter makes the writer that a series uses for all its files: its buffers are
// some 16 MB.
func newRowWriter[R any](level zstd.Level) *parquet.GenericWriter[R] {
	return parquet.NewGenericWriter[R](io.Discard,
		parquet.Compression(&zstd.Codec{Level: level, Concurrency: 1}),
		parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("pmbot", "1", "tape"))
}

// openPartition begins a file in the stage, written by out. old is the file on the tape,
// nil if there is none.
func openPartition[R comparable, P row.Row[R]](f *rowFormat[R, P], key row.Key, origin Origin, old *part, file stagedFile,
	out *parquet.GenericWriter[R]) (*partition[R, P], error) {
	p := &partition[R, P]{
		path: file.target, format: f, file: file, buffer: bufio.NewWriterSize(file, 256<<10), out: out,
		batch: make([]R, 0, batchRows), sum: sha256.New(), columns: row.Columns[R](), sharing: key.Kind.Sharing(),
		meta:  meta{schema: key.Kind.Schema(), series: key.String(), clock: clockExchange},
		holes: newHoleFinder(f.holes, key), origin: origin,
	}
	if old != nil {
		rows, err := openRows[R](old.path)
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

// add takes the next rows of the source, all those of one key. Rows that the tape has
// already are counted, those that contradict it are ErrConflict.
func (p *partition[R, P]) add(rows []R) error {
	key := P(&rows[0]).Key()
	for {
		old, err := p.head()
		if err != nil {
			return err
		}
		if old == nil || old.Key() > key {
			break
		}
		if old.Key() == key {
			return p.join(rows)
		}
		p.oldAt++
		if err := p.put(old); err != nil {
			return err
		}
	}
	if at := P(&rows[0]).When(); p.origin.Repair && !within(p.repair, at) {
		return nil
	}
	return p.take(rows)
}

// take puts rows of the source into the file.
func (p *partition[R, P]) take(rows []R) error {
	for i := range rows {
		r := P(&rows[i])
		if p.origin.Rows == 0 {
			p.origin.From = r.When()
		}
		p.origin.Rows++
		p.origin.To = r.When()
		if err := p.put(r); err != nil {
			return err
		}
	}
	return nil
}

// within says whether an instant lies in a hole.
func within(holes []Hole, at exchange.Time) bool {
	return slices.ContainsFunc(holes, func(h Hole) bool { return h.From <= at && at <= h.To })
}

// join merges rows of the source with those of the same key on the tape.
func (p *partition[R, P]) join(rows []R) error {
	p.group = p.group[:0]
	for {
		old, err := p.head()
		if err != nil {
			return err
		}
		if old == nil || old.Key() != P(&rows[0]).Key() {
			break
		}
		p.group = append(p.group, *old)
		p.oldAt++
	}
	for i := range p.group {
		if err := p.put(&p.group[i]); err != nil {
			return err
		}
	}
	for i := range rows {
		bare := P(&rows[i]).Bare()
		if slices.ContainsFunc(p.group, func(old R) bool { return P(&old).Bare() == bare }) {
			p.known++
			continue
		}
		if p.sharing == row.Several && !p.origin.Repair {
			if err := p.take(rows[i : i+1]); err != nil {
				return err
			}
			continue
		}
		if err := p.contradict(&rows[i], &p.group[min(i, len(p.group)-1)]); err != nil {
			return err
		}
	}
	return nil
}

// contradict is the error for a row that differs from the tape's, which a repair counts
// in place of failing.
func (p *partition[R, P]) contradict(r, old *R) error {
	mine, have := P(r).Bare(), P(old).Bare()
	column, ours, theirs := row.Differ(p.columns, &mine, &have)
	at := P(r).When()
	if p.origin.Repair {
		p.differ.add("%v: %s is %s, on the tape %s", at, column, ours, theirs)
		return nil
	}
	return fmt.Errorf("%w at %v: %s is %s, on the tape it is %s from %s (%s)",
		ErrConflict, at, column, ours, theirs, p.originOf(at), p.path)
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
func (p *partition[R, P]) put(r P) error {
	at := r.When()
	if p.meta.rows == 0 {
		p.meta.first = at
	} else if at < p.meta.last {
		return fmt.Errorf("%w: the row %d of %v comes after one of %v in %s", ErrConflict, r.Key(), at, p.meta.last, p.path)
	}
	p.meta.rows++
	p.meta.last = at
	var after, id int64
	if p.format.link != nil {
		after, id = p.format.link((*R)(r))
	}
	p.holes.add(at, after, id, 0)
	p.clock(at, r)
	p.batch = append(p.batch, *r)
	if len(p.batch) == cap(p.batch) {
		return p.flush()
	}
	return nil
}

// clock notes how the recorder's clock stands to the exchange's.
func (p *partition[R, P]) clock(at exchange.Time, r P) {
	event, local := r.Clocks()
	if local == 0 {
		return
	}
	lag := local.Sub(at)
	if p.meta.clock != clockBoth {
		p.meta.clock, p.meta.lagMin, p.meta.lagMax = clockBoth, lag, lag
	}
	p.meta.lagMin, p.meta.lagMax = min(p.meta.lagMin, lag), max(p.meta.lagMax, lag)
	if event != 0 {
		p.gauge.Add(event, local)
	}
}

func (p *partition[R, P]) flush() error {
	p.text = p.text[:0]
	for i := range p.batch {
		p.text = row.Canonical(p.text, p.columns, &p.batch[i])
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
	p.meta.firstAfter, p.meta.lastID = p.holes.firstAfter, p.holes.lastID
	p.meta.knots = append([]clock.Knot{}, p.gauge.Knots()...)
	p.meta.origins = append(append([]Origin{}, p.origins...), p.origin)
	p.meta.hash = hex.EncodeToString(p.sum.Sum(nil))
	return true, p.seal()
}

// seal writes metadata and footer and makes the file durable.
func (p *partition[R, P]) seal() error {
	if err := p.meta.write(p.out.SetKeyValueMetadata); err != nil {
		return err
	}
	if err := p.out.Close(); err != nil {
		return err
	}
	if err := p.buffer.Flush(); err != nil {
		return err
	}
	return p.file.seal()
}

// abandon gives back what an unfinished partition holds. The stage removes its file.
func (p *partition[R, P]) abandon() {
	if p.oldFile != nil {
		p.oldFile.close()
	}
	p.file.abandon()
}
