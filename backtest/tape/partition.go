package tape

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// batchRows is how many rows are read or written in one go.
	batchRows = 2048
	// movingMax bounds the rows without times of the exchange that wait for one with: three
	// of the largest snapshots.
	movingMax = 1 << 15
)

// ErrConflict says that there are two different rows for one instant or id.
var ErrConflict = errors.New("rows contradict each other")

// partition writes one file of the tape anew: the rows that it had, merged with those
// of a source. It writes to a staged file, which takes the old one's place only when
// the whole import has succeeded.
type partition[R comparable, P row.Row[R]] struct {
	path   string
	format *rowFormat[R, P]
	file   stagedFile
	packer *packer[R]
	batch  []R
	// moving are rows that come next and whose times may still be moved.
	moving []R

	// old are the rows that the tape has: those of oldFile not read yet, and oldRows from
	// oldAt on. oldSum must come to the hash that the file says it has.
	oldFile *rowFile[R]
	oldRows []R
	oldAt   int
	oldSum  hash.Hash
	oldText []byte
	oldHash string
	// group are rows of one key that the tape has.
	group   []R
	origins []Origin
	// repair are the holes that the tape has, of a repair that takes only rows which lie in
	// one, or so much before; what differs elsewhere is counted in differ, and what the tape
	// lacks elsewhere in beyond.
	repair         []Hole
	early          time.Duration
	differ, beyond Finding

	columns []row.Column
	sharing row.Sharing
	meta    meta
	gauge   clock.Gauge
	holes   holeFinder
	// origin is what the source adds, in a repair to the hole being filled; filled are the
	// holes before. added counts its rows, known those that the tape had already, and dated
	// those of them to which it gave the time of receipt.
	origin              Origin
	filled              []Origin
	hole                int
	added, known, dated int64
}

// openPartition begins a file in the stage. old is the file on the tape, nil if there is
// none.
func openPartition[R comparable, P row.Row[R]](f *rowFormat[R, P], key row.Key, origin Origin, old *part, file stagedFile,
	packer *packer[R]) (*partition[R, P], error) {
	p := &partition[R, P]{
		path: file.target, format: f, file: file, packer: packer, columns: packer.columns, sharing: key.Kind.Sharing(),
		meta:  meta{schema: key.Kind.Schema(), series: key.String(), clock: clockExchange},
		holes: newHoleFinder(f.holes, key), origin: origin,
	}
	if old != nil {
		rows, err := openRows[R](old.path)
		if err != nil {
			return nil, err
		}
		p.oldFile, p.oldRows, p.origins = rows, make([]R, 0, min(batchRows, old.meta.rows)), old.meta.origins
		p.oldSum, p.oldHash = sha256.New(), old.meta.hash
	}
	packer.begin(file)
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
			return nil, p.endOld()
		}
		if err != nil {
			return nil, err
		}
		p.oldText = p.oldText[:0]
		for i := range p.oldRows {
			p.oldText = row.Canonical(p.oldText, p.columns, &p.oldRows[i])
		}
		p.oldSum.Write(p.oldText)
	}
	return &p.oldRows[p.oldAt], nil
}

// endOld sees that the tape's rows were those that its file promised: they would get a
// good hash in the new one whatever they are.
func (p *partition[R, P]) endOld() error {
	err := p.oldFile.close()
	p.oldFile = nil
	if got := hex.EncodeToString(p.oldSum.Sum(nil)); err == nil && got != p.oldHash {
		return changed(p.path, got, p.oldHash)
	}
	return err
}

// changed is the error for a file whose rows are not those that it was written with.
func changed(path, got, want string) error {
	return damaged(fmt.Errorf("%s: rows have the SHA-256 %s, metadata says %s: the file was changed", path, got, want))
}

// putAll puts rows of one key.
func (p *partition[R, P]) putAll(rows []R) error {
	for i := range rows {
		if err := p.put(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// put takes the next row of the file.
func (p *partition[R, P]) put(r P) error {
	if p.format.moves((*R)(r)) {
		p.moving = append(p.moving, *r)
		if len(p.moving) < movingMax {
			return nil
		}
		p.format.lower(p.moving, math.MaxInt64)
		return p.settle(len(p.moving) / 2)
	}
	if len(p.moving) > 0 {
		p.format.lower(p.moving, r.When())
		if err := p.settle(len(p.moving)); err != nil {
			return err
		}
	}
	return p.write(r)
}

// settle writes the first n of the rows that may be moved, none before the row written
// last.
func (p *partition[R, P]) settle(n int) error {
	if p.meta.rows > 0 {
		p.format.raise(p.moving[:n], p.meta.last)
	}
	for i := range p.moving[:n] {
		if err := p.write(&p.moving[i]); err != nil {
			return err
		}
	}
	p.moving = slices.Delete(p.moving, 0, n)
	return nil
}

// write appends a row to the file.
func (p *partition[R, P]) write(r P) error {
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
	if len(p.batch) == batchRows {
		var err error
		p.batch, err = p.packer.send(p.batch)
		return err
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

// finish writes what is left and closes the file. It says whether the file differs from
// what the tape has; if not, the caller drops it.
func (p *partition[R, P]) finish() (changed bool, err error) {
	if p.added == 0 && p.dated == 0 {
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
	if len(p.moving) > 0 {
		p.format.lower(p.moving, math.MaxInt64)
		if err := p.settle(len(p.moving)); err != nil {
			return false, err
		}
	}
	if err := p.packer.wait(); err != nil {
		return false, err
	}
	if err := p.packer.pack(p.batch); err != nil {
		return false, err
	}
	if err := p.holes.finish(); err != nil {
		return false, err
	}
	p.meta.holes, p.meta.step = append([]Hole{}, p.holes.found...), p.holes.step
	p.meta.firstAfter, p.meta.lastID = p.holes.firstAfter, p.holes.lastID
	p.meta.knots = append([]clock.Knot{}, p.gauge.Knots()...)
	p.meta.origins = slices.Concat(p.origins, p.filled, []Origin{p.origin})
	p.meta.hash = p.packer.hash()
	if err := p.packer.end(&p.meta); err != nil {
		return false, err
	}
	return true, p.file.seal()
}

// abandon gives back what an unfinished partition holds. The stage removes its file.
func (p *partition[R, P]) abandon() {
	_ = p.packer.wait() // the file is removed
	if p.oldFile != nil {
		p.oldFile.close()
	}
	p.file.abandon()
}
