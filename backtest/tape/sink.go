package tape

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var (
	errDisorder  = errors.New("unsorted rows")
	errDuplicate = errors.New("exact duplicate")
)

const (
	// holdTime is how long rows of a recording wait for others that belong before them:
	// a snapshot comes seconds after the messages that it goes before, and two connections
	// that overlap tell everything twice.
	holdTime = 10 * time.Second
	// holdRows bounds the rows that wait.
	holdRows = 200_000
)

// sink takes the rows of one series of a source and puts them into the files that they
// belong in.
type sink interface {
	take(b source.Batch) error
	// finish writes what waits, closes the last file and completes the report.
	finish() error
	// abandon gives back what an unfinished sink holds.
	abandon()
	// reject notes a line of the series that holds no row.
	reject(bad source.Bad)
}

// seriesSink is the sink of rows of type R.
type seriesSink[R comparable, P row.Row[R]] struct {
	run     *importRun
	format  *rowFormat[R, P]
	report  *SeriesReport
	columns []row.Column
	sharing row.Sharing
	out     *parquet.GenericWriter[R]

	// held are rows that wait, sorted by key, and newest the latest instant among them.
	held   []R
	lines  []int64
	newest exchange.Time

	// last is the row passed before, from lastLine, 0 if there is none.
	last     R
	lastLine int64
	holes    holeFinder
	gauge    clock.Gauge

	// part is the file being written, until end. duplicates and skipped are what the
	// report counted when it was begun.
	part                *partition[R, P]
	end                 exchange.Time
	duplicates, skipped int64
}

func (f *rowFormat[R, P]) sink(run *importRun, key row.Key) sink {
	return &seriesSink[R, P]{
		run: run, format: f, report: run.series(key), columns: row.Columns[R](), sharing: key.Kind.Sharing(),
		holes: newHoleFinder(f.holes, key), out: newRowWriter[R](zstd.SpeedFastest),
	}
}

func (s *seriesSink[R, P]) take(b source.Batch) error {
	rows, ok := b.Rows.([]R)
	if !ok || len(rows) != len(b.Lines) {
		panic(fmt.Sprintf("tape: a batch of %v has %T with %d lines", b.Key, b.Rows, len(b.Lines)))
	}
	s.report.Rows += int64(len(rows))
	if s.sharing == row.Unique && !s.run.recording {
		for i := range rows {
			if err := s.release(rows[i:i+1], b.Lines[i:i+1], nil); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range rows {
		s.hold(rows[i], b.Lines[i])
	}
	return s.releaseOld()
}

// hold puts a row among those that wait: at the end, but for one that comes late.
func (s *seriesSink[R, P]) hold(r R, line int64) {
	key := P(&r).Key()
	at := len(s.held)
	if s.run.recording && at > 0 && key < P(&s.held[at-1]).Key() {
		at, _ = slices.BinarySearchFunc(s.held, key, func(have R, key int64) int {
			if P(&have).Key() <= key {
				return -1
			}
			return 1
		})
	}
	s.held, s.lines = slices.Insert(s.held, at, r), slices.Insert(s.lines, at, line)
	s.newest = max(s.newest, P(&r).When())
}

// releaseOld passes on what has waited long enough, whole keys only.
func (s *seriesSink[R, P]) releaseOld() error {
	limit := s.newest
	if s.run.recording {
		limit = limit.Add(-holdTime)
	}
	done := 0
	for done < len(s.held) {
		end := s.groupEnd(done)
		if end == len(s.held) || P(&s.held[done]).When() > limit && len(s.held)-done < holdRows {
			break
		}
		if err := s.release(s.held[done:end], s.lines[done:end], &s.held[end]); err != nil {
			return err
		}
		done = end
	}
	if done > len(s.held)/2 {
		s.held = slices.Delete(s.held, 0, done)
		s.lines = slices.Delete(s.lines, 0, done)
		return nil
	}
	s.held, s.lines = s.held[done:], s.lines[done:]
	return nil
}

// groupEnd is where the rows with the key of row i end.
func (s *seriesSink[R, P]) groupEnd(i int) int {
	key := P(&s.held[i]).Key()
	for i < len(s.held) && P(&s.held[i]).Key() == key {
		i++
	}
	return i
}

// release passes on the rows of one key, once each; next is the row after them, if it
// is known.
func (s *seriesSink[R, P]) release(rows []R, lines []int64, next *R) error {
	first := P(&rows[0])
	if at := first.When(); s.run.outside(at) {
		for i := range rows {
			s.report.Outside.add("line %d: %v", lines[i], at)
		}
		return nil
	}
	if s.lastLine != 0 && first.Key() == P(&s.last).Key() && s.sharing != row.Unique {
		return s.refuse(rows, lines, fmt.Errorf("%w: id %d again, after that of line %d was complete", errDisorder, first.Key(), s.lastLine))
	}
	if err := s.follows(first); errors.Is(err, errDuplicate) {
		s.duplicate(lines[0], s.lastLine, first)
		return nil
	} else if err != nil {
		return s.refuse(rows, lines, err)
	}
	if len(rows) > 1 {
		var err error
		if rows, lines, err = s.once(rows, lines); err != nil {
			return err
		}
	}
	if s.format.fit != nil {
		var last *R
		if s.lastLine != 0 {
			last = &s.last
		}
		for i := range rows {
			s.format.fit(last, &rows[i], next)
		}
	}
	return s.pass(rows, lines)
}

func (s *seriesSink[R, P]) duplicate(line, like int64, r P) {
	s.report.Duplicates.add("line %d: like line %d, %v", line, like, r.When())
}

// once drops the repetitions among rows of one key. Pieces are compared whole.
func (s *seriesSink[R, P]) once(rows []R, lines []int64) ([]R, []int64, error) {
	size := len(rows) // of the first piece
	if s.format.begins != nil {
		for i := 1; i < len(rows); i++ {
			if s.format.begins(&rows[i]) {
				size = i
				break
			}
		}
		for from := size; from < len(rows); from += size {
			again := rows[from:min(from+size, len(rows))]
			if !s.equal(rows[:size], again) {
				return rows[:size], lines[:size], s.refuse(rows[from:], lines[from:], fmt.Errorf(
					"%w: another piece of the book has the ids of that on line %d", ErrConflict, lines[0]))
			}
			s.duplicate(lines[from], lines[0], &rows[0])
		}
		return rows[:size], lines[:size], nil
	}
	kept := 1
	for i := 1; i < len(rows); i++ {
		bare := P(&rows[i]).Bare()
		at := slices.IndexFunc(rows[:kept], func(have R) bool { return P(&have).Bare() == bare })
		switch {
		case at >= 0:
			s.duplicate(lines[i], lines[at], &rows[i])
		case s.sharing == row.Unique:
			if err := s.refuse(rows[i:i+1], lines[i:i+1], s.conflict(&rows[i], &rows[0], lines[0])); err != nil {
				return nil, nil, err
			}
		default:
			rows[kept], lines[kept] = rows[i], lines[i]
			kept++
		}
	}
	return rows[:kept], lines[:kept], nil
}

func (s *seriesSink[R, P]) equal(a, b []R) bool {
	return slices.EqualFunc(a, b, func(x, y R) bool { return P(&x).Bare() == P(&y).Bare() })
}

// conflict says in what a row differs from one of the same key on a line before.
func (s *seriesSink[R, P]) conflict(r, before *R, line int64) error {
	mine, have := P(r).Bare(), P(before).Bare()
	column, ours, theirs := row.Differ(s.columns, &mine, &have)
	return fmt.Errorf("%w: %s is %s, on line %d of the same file it is %s for the same %s",
		ErrConflict, column, ours, line, theirs, s.format.holes.keyName())
}

// follows says whether a row may come after the last one.
func (s *seriesSink[R, P]) follows(r P) error {
	last := P(&s.last)
	switch {
	case s.lastLine == 0 || r.Key() > last.Key() && r.When() >= last.When():
		return nil
	case r.Bare() == last.Bare():
		return errDuplicate
	case r.Key() == last.Key():
		return s.conflict((*R)(r), &s.last, s.lastLine)
	case r.When() < last.When():
		return fmt.Errorf("%w: time goes back from %v on line %d to %v", errDisorder, last.When(), s.lastLine, r.When())
	}
	return fmt.Errorf("%w: id goes back from %d on line %d to %d", errDisorder, last.Key(), s.lastLine, r.Key())
}

// refuse sets rows aside, or fails where that is not asked for.
func (s *seriesSink[R, P]) refuse(rows []R, lines []int64, reason error) error {
	for i := range rows {
		var text []byte
		for c := range s.columns {
			text = append(row.Text(text, &s.columns[c], &rows[i]), ',')
		}
		bad := source.Bad{Line: lines[i], Key: s.report.Key, Reason: reason, Text: string(text[:len(text)-1])}
		if err := s.run.reject(bad); err != nil {
			return err
		}
	}
	return nil
}

func (s *seriesSink[R, P]) reject(bad source.Bad) {
	s.report.Skipped.add("line %d: %v", bad.Line, bad.Reason)
}

// pass gives good rows of one key to the file that they belong in.
func (s *seriesSink[R, P]) pass(rows []R, lines []int64) error {
	at := P(&rows[0]).When()
	if s.part == nil || at >= s.end {
		if err := s.turn(at); err != nil {
			return err
		}
	}
	if s.lastLine == 0 {
		s.report.From = at
	}
	for i := range rows {
		r := P(&rows[i])
		s.report.To = r.When().Add(s.report.Interval)
		var after, id int64
		if s.format.link != nil {
			after, id = s.format.link(&rows[i])
		}
		s.holes.add(r.When(), after, id, lines[i])
		if event, local := r.Clocks(); event != 0 && local != 0 {
			s.gauge.Add(event, local)
		}
	}
	s.last, s.lastLine = rows[len(rows)-1], lines[len(lines)-1]
	if err := s.part.add(rows); err != nil {
		return s.run.at(lines[0], err)
	}
	return nil
}

// turn closes the file being written and begins the one that holds an instant.
func (s *seriesSink[R, P]) turn(at exchange.Time) error {
	if err := s.closePart(); err != nil {
		return err
	}
	key := s.report.Key
	span := key.Kind.Span(key.Interval)
	name := span.Name(at)
	s.end = span.End(at)
	old, err := s.run.tape.find(key, name)
	if err != nil {
		return err
	}
	file, err := s.run.stage.begin(key, s.run.tape.path(key, name), name)
	if err != nil {
		return err
	}
	origin := Origin{Name: s.run.file.Name, SHA256: s.run.file.SHA256, Repair: s.run.spec.Repair}
	if s.part, err = openPartition(s.format, key, origin, old, file, s.out); err != nil {
		file.abandon()
		return err
	}
	if s.run.spec.Repair {
		s.run.tape.mu.Lock()
		defer s.run.tape.mu.Unlock()
		s.part.repair = s.run.tape.Holes(key)
	}
	return nil
}

func (s *seriesSink[R, P]) closePart() error {
	p := s.part
	if p == nil {
		return nil
	}
	p.origin.Duplicates = s.report.Duplicates.Count - s.duplicates
	p.origin.Skipped = s.report.Skipped.Count - s.skipped
	changed, err := p.finish()
	if err != nil {
		return err
	}
	s.duplicates, s.skipped = s.report.Duplicates.Count, s.report.Skipped.Count
	s.report.New += p.origin.Rows
	s.report.Known += p.known
	s.report.Differ.join(p.differ)
	s.part = nil
	if !changed {
		p.abandon()
		return nil
	}
	s.run.stage.keep(p.file)
	return nil
}

func (s *seriesSink[R, P]) abandon() {
	if s.part != nil {
		s.part.abandon()
	}
}

func (s *seriesSink[R, P]) finish() error {
	for len(s.held) > 0 {
		end := s.groupEnd(0)
		var next *R
		if end < len(s.held) {
			next = &s.held[end]
		}
		if err := s.release(s.held[:end], s.lines[:end], next); err != nil {
			return err
		}
		s.held, s.lines = s.held[end:], s.lines[end:]
	}
	if err := s.closePart(); err != nil {
		return err
	}
	if err := s.holes.finish(); err != nil {
		return fmt.Errorf("%s: %w", s.run.file.Path, err)
	}
	for i, h := range s.holes.found {
		s.report.Gaps.add("line %d: %d missing from %v to %v", s.holes.lines[i], h.Missing, h.From, h.To)
	}
	if knots := s.gauge.Knots(); len(knots) > 0 {
		s.report.Knots = knots
	}
	return nil
}
