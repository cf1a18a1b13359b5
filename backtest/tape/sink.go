package tape

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var errDisorder = errors.New("unsorted rows")

const (
	// holdTime is how long rows of a recording wait for others that belong before them:
	// a snapshot comes seconds after the messages that it goes before, and two connections
	// that overlap tell everything twice.
	holdTime = 10 * time.Second
	// holdRows bounds the rows that wait, those of all series of a recording. Beyond it they
	// wait less long.
	holdRows = 1 << 17
	// holdSlack is for how many rows more than twice those that wait memory is kept.
	holdSlack = 256
	// groupMax bounds the rows of one key. The largest snapshot has 10,000 levels.
	groupMax = 1 << 17
)

// sink takes the rows of one series of a source and puts them into the files that they
// belong in.
type sink interface {
	take(b source.Batch) error
	// settle passes on what waits, after the last batch.
	settle() error
	// finish writes what is left, closes the last file and completes the report.
	finish() error
	// abandon gives back what an unfinished sink holds.
	abandon()
	// reject notes rows of the series that were set aside, or a line that holds none.
	reject(bad source.Bad, rows int64)
}

// seriesSink is the sink of rows of type R.
type seriesSink[R comparable, P row.Row[R]] struct {
	run     *importRun
	format  *rowFormat[R, P]
	report  *SeriesReport
	columns []row.Column
	sharing row.Sharing
	packer  *packer[R]

	// held are rows that wait, sorted by key.
	held  []R
	lines []int64

	// last is the row passed before, from lastLine, 0 if there is none.
	last     R
	lastLine int64
	holes    holeFinder
	gauge    clock.Gauge

	// spooled are the rows that have passed, of a recording; those of other sources go to
	// their file at once.
	spooled *spooled[R]
	// spans are what the report had counted when the rows of each file had passed, but for
	// those of the span that lasts until the instant until.
	spans []counted
	until exchange.Time
	// part is the file being written, until end, and closed is how many were before it.
	part   *partition[R, P]
	end    exchange.Time
	closed int
}

// counted are rows left out.
type counted struct{ duplicates, skipped int64 }

func (f *rowFormat[R, P]) sink(run *importRun, key row.Key) sink {
	s := &seriesSink[R, P]{
		run: run, format: f, report: run.series(key), columns: row.Columns[R](), sharing: key.Kind.Sharing(),
		holes: newHoleFinder(f.holes, key),
	}
	if run.recording {
		s.spooled = newSpooled[R](&run.spool)
	}
	return s
}

func (s *seriesSink[R, P]) take(b source.Batch) error {
	rows, ok := b.Rows.([]R)
	if !ok || len(rows) != len(b.Lines) {
		panic(fmt.Sprintf("tape: a batch of %v has %T with %d lines", b.Key, b.Rows, len(b.Lines)))
	}
	if len(rows) == 0 {
		return nil
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
	s.held, s.lines = slices.Grow(s.held, len(rows)), slices.Grow(s.lines, len(rows))
	for i := range rows {
		s.hold(rows[i], b.Lines[i])
	}
	s.run.held += len(rows)
	return s.releaseOld(P(&rows[len(rows)-1]).Key())
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
}

// releaseOld passes on what has waited long enough, whole keys only. More rows of the key
// that came last may be in the next batch, wherever they belong.
func (s *seriesSink[R, P]) releaseOld(coming int64) error {
	if s.format.undated != nil {
		s.format.lower(s.held, math.MaxInt64)
	}
	limit := s.newest().Add(-holdTime)
	most, done := len(s.held), 0
	if s.run.held > holdRows {
		most = int(int64(most) * holdRows / int64(s.run.held))
	}
	for done < len(s.held) {
		end := s.groupEnd(done)
		if end-done > groupMax {
			return s.tooMany(done)
		}
		waits := s.run.recording && P(&s.held[done]).When() > limit && len(s.held)-done <= most
		if end == len(s.held) || waits || P(&s.held[done]).Key() == coming {
			break
		}
		if err := s.release(s.held[done:end], s.lines[done:end], &s.held[end]); err != nil {
			return err
		}
		done = end
	}
	s.run.held -= done
	s.held, s.lines = slices.Delete(s.held, 0, done), slices.Delete(s.lines, 0, done)
	if cap(s.held) > 2*len(s.held)+holdSlack { // a recording may have hundreds of series
		s.held, s.lines = slices.Clone(s.held), slices.Clone(s.lines)
	}
	return nil
}

// newest is the instant of the last row in the order of keys. One row with an impossible
// time decides it no longer than until the next, and snapshots among the messages of a
// book, which may have the recorder's time, do not.
func (s *seriesSink[R, P]) newest() exchange.Time {
	for i := len(s.held) - 1; i >= 0; i-- {
		if r := &s.held[i]; s.format.link == nil || s.format.piece == nil || !s.format.piece.whole(r) {
			return P(r).When()
		}
	}
	return 0
}

func (s *seriesSink[R, P]) tooMany(at int) error {
	return s.run.at(s.lines[at], fmt.Errorf("more than %d rows of %s have the %s %d: that is no %[3]s of market data",
		groupMax, s.report.Key, s.format.holes.keyName(), P(&s.held[at]).Key()))
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
	if rows, lines = s.inside(rows, lines); len(rows) == 0 {
		return nil
	}
	if s.format.undated != nil && s.lastLine != 0 {
		s.format.raise(rows, P(&s.last).When())
	}
	if s.sharing == row.Several {
		byTime[R, P](rows, lines)
	}
	if s.lastLine != 0 && P(&rows[0]).Key() == P(&s.last).Key() {
		return s.again(rows, lines)
	}
	if err := s.follows(&rows[0], next); err != nil {
		return s.refuse(rows, lines, err)
	}
	rows, lines, err := s.once(rows, lines)
	if err != nil || len(rows) == 0 {
		return err
	}
	return s.pass(rows, lines)
}

// inside drops the rows that the file's name rules out.
func (s *seriesSink[R, P]) inside(rows []R, lines []int64) ([]R, []int64) {
	if s.run.recording || s.run.named.To == 0 {
		return rows, lines
	}
	kept := 0
	for i := range rows {
		if at := P(&rows[i]).When(); s.run.outside(at) {
			s.report.Outside.add("line %d: %v", lines[i], at)
			continue
		}
		rows[kept], lines[kept] = rows[i], lines[i]
		kept++
	}
	return rows[:kept], lines[:kept]
}

// again takes rows of the key that has been passed on: repetitions, or rows that come
// too late to be compared.
func (s *seriesSink[R, P]) again(rows []R, lines []int64) error {
	key := P(&s.last).Key()
	if s.sharing != row.Unique {
		return s.refuse(rows, lines, fmt.Errorf("%w: id %d again, after that of line %d was complete", errDisorder, key, s.lastLine))
	}
	for i := range rows {
		if P(&rows[i]).Bare() == P(&s.last).Bare() {
			s.duplicate(rows[i:i+1], lines[i], s.lastLine)
		} else if err := s.refuse(rows[i:i+1], lines[i:i+1], s.conflict(&rows[i], &s.last, s.lastLine)); err != nil {
			return err
		}
	}
	return nil
}

// duplicate counts rows that are dropped, those of line like those of another.
func (s *seriesSink[R, P]) duplicate(rows []R, line, like int64) {
	s.report.Duplicates.many(len(rows), "line %d: like line %d, %v", line, like, P(&rows[0]).When())
}

// conflict says in what a row differs from one of the same key on a line before.
func (s *seriesSink[R, P]) conflict(r, before *R, line int64) error {
	mine, have := P(r).Bare(), P(before).Bare()
	column, ours, theirs := row.Differ(s.columns, &mine, &have)
	return fmt.Errorf("%w: %s is %s, on line %d of the same file it is %s for the same %s",
		ErrConflict, column, ours, line, theirs, s.format.holes.keyName())
}

// follows says whether a row may come after the last one, and whether the next one of a
// recording may come after it: where the time of one row is beyond those of its
// neighbours, that row is wrong and not all that follow.
func (s *seriesSink[R, P]) follows(r P, next *R) error {
	last := P(&s.last)
	switch {
	case s.lastLine != 0 && r.When() < last.When():
		return fmt.Errorf("%w: time goes back from %v on line %d to %v", errDisorder, last.When(), s.lastLine, r.When())
	case s.lastLine != 0 && r.Key() < last.Key():
		return fmt.Errorf("%w: id goes back from %d on line %d to %d", errDisorder, last.Key(), s.lastLine, r.Key())
	case !s.run.recording || next == nil || s.format.moves(next):
		return nil
	}
	after := P(next).When()
	if r.When() <= after || s.lastLine != 0 && after < last.When() {
		return nil
	}
	return fmt.Errorf("%w: the row after it is of %v, before its own time, %v", errDisorder, after, r.When())
}

// refuse sets rows aside, or fails where that is not asked for. Rows of one line count as
// one line, and are kept as the first of them.
func (s *seriesSink[R, P]) refuse(rows []R, lines []int64, reason error) error {
	for i := 0; i < len(rows); {
		same := i + 1
		for same < len(rows) && lines[same] == lines[i] {
			same++
		}
		var text []byte
		for c := range s.columns {
			text = append(row.Text(text, &s.columns[c], &rows[i]), ',')
		}
		bad := source.Bad{Line: lines[i], Key: s.report.Key, Reason: reason, Text: string(text[:len(text)-1])}
		if err := s.run.reject(bad, int64(same-i)); err != nil {
			return err
		}
		i = same
	}
	return nil
}

func (s *seriesSink[R, P]) reject(bad source.Bad, rows int64) {
	s.report.Skipped.many(int(rows), "line %d: %v", bad.Line, bad.Reason)
}

// pass gives good rows of one key to the file that they belong in.
func (s *seriesSink[R, P]) pass(rows []R, lines []int64) error {
	at := P(&rows[0]).When()
	if s.lastLine == 0 {
		s.report.From, s.until = at, s.report.Kind.Span(s.report.Interval).End(at)
	}
	if at >= s.until {
		s.spans = append(s.spans, counted{s.report.Duplicates.Count, s.report.Skipped.Count})
		s.until = s.report.Kind.Span(s.report.Interval).End(at)
	}
	if last := len(rows) - 1; last > 0 && P(&rows[last]).When() >= s.until {
		later := last
		for later > 0 && P(&rows[later-1]).When() >= s.until {
			later--
		}
		if err := s.pass(rows[:later], lines[:later]); err != nil {
			return err
		}
		return s.pass(rows[later:], lines[later:])
	}
	s.note(rows, lines)
	s.last, s.lastLine = rows[len(rows)-1], lines[len(lines)-1]
	if s.spooled != nil {
		return s.spooled.add(rows, lines)
	}
	return s.write(rows, lines)
}

// write gives rows that have passed to the files that they belong in, all those of a key
// at a time.
func (s *seriesSink[R, P]) write(rows []R, lines []int64) error {
	for len(rows) > 0 {
		key, at, n := P(&rows[0]).Key(), P(&rows[0]).When(), 1
		if s.part == nil || at >= s.end {
			if err := s.turn(at); err != nil {
				return err
			}
		}
		for n < len(rows) && P(&rows[n]).Key() == key && P(&rows[n]).When() < s.end {
			n++
		}
		if err := s.part.add(rows[:n]); err != nil {
			return s.run.at(lines[0], err)
		}
		rows, lines = rows[n:], lines[n:]
	}
	return nil
}

// note looks at rows that pass: their holes and their clocks.
func (s *seriesSink[R, P]) note(rows []R, lines []int64) {
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
	if s.packer == nil {
		s.packer = newPacker[R](s.run.codec)
	}
	origin := Origin{Name: s.run.file.Name, SHA256: s.run.file.SHA256, Repair: s.run.spec.Repair}
	if s.part, err = openPartition(s.format, key, origin, old, file, s.packer); err != nil {
		file.abandon()
		return err
	}
	if s.run.spec.Repair {
		s.run.tape.mu.Lock()
		defer s.run.tape.mu.Unlock()
		s.part.repair = s.run.tape.Holes(key)
		s.part.early = s.format.holes.early(key.Kind)
	}
	return nil
}

func (s *seriesSink[R, P]) closePart() error {
	p := s.part
	if p == nil {
		return nil
	}
	var before counted
	now := counted{s.report.Duplicates.Count, s.report.Skipped.Count}
	if s.closed > 0 {
		before = s.spans[s.closed-1]
	}
	if s.closed < len(s.spans) {
		now = s.spans[s.closed]
	}
	s.closed++
	p.origin.Duplicates, p.origin.Skipped = now.duplicates-before.duplicates, now.skipped-before.skipped
	changed, err := p.finish()
	if err != nil {
		return err
	}
	s.report.New += p.added
	s.report.Known += p.known
	s.report.Differ.join(p.differ)
	s.report.Beyond.join(p.beyond)
	s.part = nil
	if !changed {
		s.run.unchanged(s.report.Key.String()+"/"+p.file.part, p.origins)
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

func (s *seriesSink[R, P]) settle() error {
	if s.format.undated != nil {
		s.format.lower(s.held, math.MaxInt64)
	}
	waiting := len(s.held)
	for len(s.held) > 0 {
		end := s.groupEnd(0)
		if end > groupMax {
			return s.tooMany(0)
		}
		var next *R
		if end < len(s.held) {
			next = &s.held[end]
		}
		if err := s.release(s.held[:end], s.lines[:end], next); err != nil {
			return err
		}
		s.held, s.lines = s.held[end:], s.lines[end:]
	}
	s.held, s.lines = nil, nil
	s.run.held -= waiting
	return nil
}

func (s *seriesSink[R, P]) finish() error {
	if s.spooled != nil {
		if err := s.spooled.each(s.write); err != nil {
			return err
		}
	}
	if err := s.closePart(); err != nil {
		return err
	}
	s.packer = nil // and with it some MB
	if err := s.holes.finish(); err != nil {
		return fmt.Errorf("%s: %w", s.run.file.Path, err)
	}
	for i, h := range s.holes.found {
		s.report.Gaps.add("line %d: %d missing from %v to %v", s.holes.lines[i], h.Missing, h.From, h.To)
	}
	s.report.Gaps.Count = s.holes.counted
	if knots := s.gauge.Knots(); len(knots) > 0 {
		s.report.Knots = knots
	}
	return nil
}
