package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// File checks files of any layout that [tape.OpenReader] knows. All of them together are
// one recording: what one begins another may continue, the snapshots of one belong to the
// messages of another, and files that hold one series at one time are compared. Those
// whose names have a date are read in its order.
//
// Progress, which may be nil, is told how many rows were read and which share of all
// bytes. A file that is damaged, or whose layout cannot be told, gives a finding; an error
// means that the report is not complete: a path that is no file, a disk that fails, a
// series that cannot be told (row.ErrKey), a context that has ended.
func File(ctx context.Context, paths []string, o Options, progress func(rows int64, share float64)) (Report, error) {
	var feeds []*feed
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return Report{}, err
		}
		if info.IsDir() {
			return Report{}, fmt.Errorf("%s is a directory; name the files in it", path)
		}
		feeds = append(feeds, &feed{
			origin: origin{path: path, number: i}, from: source.ReadPath(path).From, size: info.Size(),
			open: func(f *feed) error { return f.openFile(o.Spec) },
		})
	}
	return auditFeeds(ctx, feeds, o, progress)
}

// feed is a file and the batch of it that comes next.
type feed struct {
	origin
	// from is the date in the file's name, 0 for none.
	from exchange.Time
	// open sets reader.
	open func(*feed) error
	// size is in bytes, read returns how many of them have been read.
	size int64
	read func() int64

	reader  source.Reader
	closers []func() error
	batch   source.Batch
	at      exchange.Time
	wire    *wire
	// keys are the series of the file so far, bads its bad lines: a series that appears late
	// may have lost some of them.
	keys []row.Key
	bads []badLine
	line int64
}

// badLine is a line without a row and the series that it seems to be of.
type badLine struct {
	line int64
	key  row.Key
}

const (
	// openMax bounds the files that are open at a time. Each takes some megabytes.
	openMax = 6
	// badsMax bounds the bad lines that a file remembers.
	badsMax = 1 << 13
)

func (f *feed) openFile(spec source.Spec) error {
	file, err := source.Open(f.path)
	if err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	f.closers = append(f.closers, file.Close)
	f.read = file.Progress
	if f.reader, _, err = tape.OpenReader(file, spec); err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	f.closers = append(f.closers, f.reader.Close)
	return nil
}

func (f *feed) close() {
	for _, c := range slices.Backward(f.closers) {
		_ = c() // it was read only
	}
	f.closers, f.reader = nil, nil
}

// fileRun is a run over files.
type fileRun struct {
	*auditor
	// waiting are the files to be opened, running those that are open.
	waiting, running []*feed
	total, done      int64
	lines            int64
	warnings         []string
}

func auditFeeds(ctx context.Context, feeds []*feed, o Options, progress func(rows int64, share float64)) (Report, error) {
	slices.SortStableFunc(feeds, func(a, b *feed) int { return cmp.Compare(a.from, b.from) })
	r := &fileRun{auditor: newAuditor(o, true), waiting: feeds}
	for _, f := range feeds {
		r.total += f.size
	}
	err := r.run(ctx, progress)
	for _, f := range r.running {
		f.close()
	}
	report := r.report()
	report.Lines, report.Warnings = r.lines, r.warnings
	return report, err
}

// run takes batch after batch, always from the file that is behind.
func (r *fileRun) run(ctx context.Context, progress func(rows int64, share float64)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.open(); err != nil {
			return err
		}
		if len(r.running) == 0 {
			return nil
		}
		f := slices.MinFunc(r.running, func(a, b *feed) int { return cmp.Compare(a.at, b.at) })
		r.take(f)
		if err := r.advance(f); err != nil {
			return err
		}
		if progress != nil {
			progress(r.rows, r.share())
		}
	}
}

// open opens the files whose time has come.
func (r *fileRun) open() error {
	for len(r.waiting) > 0 && len(r.running) < openMax {
		f := r.waiting[0]
		if now := r.now(); len(r.running) > 0 && f.from > now {
			return nil
		}
		r.waiting = r.waiting[1:]
		f.wire = &wire{a: r.auditor}
		if err := f.open(f); err != nil {
			f.close()
			if err := r.damaged(f, err); err != nil {
				return err
			}
			continue
		}
		r.running = append(r.running, f)
		if err := r.advance(f); err != nil {
			return err
		}
	}
	return nil
}

// damaged reports a file that cannot be read. What the system refuses, or the caller has
// not told, is no fault of the file.
func (r *fileRun) damaged(f *feed, err error) error {
	if system := new(fs.PathError); errors.As(err, &system) {
		return err
	}
	if errors.Is(err, row.ErrKey) {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	r.ledger.find(Damaged, row.Key{}, place{source: &f.origin, line: f.line}, "%v", err)
	return nil
}

// now is the earliest time of the batches that come next.
func (r *fileRun) now() exchange.Time {
	now := exchange.Time(1<<63 - 1)
	for _, f := range r.running {
		now = min(now, f.at)
	}
	return now
}

// share is the part of all bytes that has been read.
func (r *fileRun) share() float64 {
	read := r.done
	for _, f := range r.running {
		if f.read != nil {
			read += f.read()
		}
	}
	return float64(read) / float64(max(r.total, 1))
}

// advance reads the next batch of a file, or ends it.
func (r *fileRun) advance(f *feed) error {
	batch, err := f.reader.Next()
	if err == nil {
		f.batch, f.at = batch, moment(batch.Rows)
		return nil
	}
	if err != io.EOF {
		if err := r.damaged(f, fmt.Errorf("the file cannot be read on: %w", err)); err != nil {
			return err
		}
	}
	notes := f.reader.Notes()
	for _, w := range notes.Warnings {
		r.warnings = append(r.warnings, f.path+": "+w)
	}
	for _, g := range notes.Gaps {
		r.ledger.span(Gap, row.Key{}, place{source: &f.origin, line: g.Line, at: g.From}, 0, g.To, "the recorder notes: %v", g)
	}
	f.close()
	for _, key := range f.keys {
		r.strandOf(key, &f.origin).leave()
	}
	f.wire.end()
	r.running = slices.DeleteFunc(r.running, func(o *feed) bool { return o == f })
	r.done += f.size
	r.lines += f.line
	f.wire, f.bads = nil, nil
	return nil
}

// take checks the batch in hand.
func (r *fileRun) take(f *feed) {
	b := &f.batch
	var to strand
	if len(b.Lines) > 0 {
		if to = r.strandOf(b.Key, &f.origin); to == nil {
			to = r.begin(b.Key, &f.origin, f.wire, b.Rows)
			f.keys = append(f.keys, b.Key)
			for _, bad := range f.bads {
				if f.concerns(bad.key, b.Key) {
					to.bad(bad.line)
				}
			}
		}
	}
	for _, bad := range b.Bad {
		r.malformed(f, &bad)
	}
	if to == nil {
		return
	}
	r.rows += int64(to.take(b.Rows, b.Lines))
	if n := len(b.Lines); n > 0 {
		f.line = max(f.line, b.Lines[n-1])
	}
}

// malformed reports a bad line and tells the series that may have lost it.
func (r *fileRun) malformed(f *feed, bad *source.Bad) {
	f.line = max(f.line, bad.Line)
	r.ledger.find(Malformed, bad.Key, place{source: &f.origin, line: bad.Line}, "%v", bad.Reason)
	if len(f.bads) < badsMax {
		f.bads = append(f.bads, badLine{bad.Line, bad.Key})
	}
	for _, key := range f.keys {
		if f.concerns(bad.Key, key) {
			r.strandOf(key, &f.origin).bad(bad.Line)
		}
	}
}

// concerns says whether a bad line that seems to be of one series may be of another: what
// it does not say, or says of a symbol that the file does not have, is open.
func (f *feed) concerns(bad, key row.Key) bool {
	if bad.Kind != "" && bad.Kind != key.Kind || bad.Interval != 0 && bad.Interval != key.Interval {
		return false
	}
	if bad.Symbol == "" || bad.Symbol == key.Symbol {
		return true
	}
	return !slices.ContainsFunc(f.keys, func(k row.Key) bool { return k.Symbol == bad.Symbol })
}

// moment is when the first row of a batch was received, or if that is not known when it
// happened; 0 without rows.
func moment(rows any) exchange.Time {
	switch rows := rows.(type) {
	case []row.Trade:
		return first[row.Trade](rows)
	case []row.Ticker:
		return first[row.Ticker](rows)
	case []row.Level:
		return first[row.Level](rows)
	case []row.Bar:
		return first[row.Bar](rows)
	case []row.Mark:
		return first[row.Mark](rows)
	case []row.Funding:
		return first[row.Funding](rows)
	case []row.Metric:
		return first[row.Metric](rows)
	case []row.Bucket:
		return first[row.Bucket](rows)
	case []row.Liquidation:
		return first[row.Liquidation](rows)
	}
	return 0
}

func first[R any, P row.Row[R]](rows []R) exchange.Time {
	if len(rows) == 0 {
		return 0
	}
	r := P(&rows[0])
	if _, local := r.Clocks(); local != 0 {
		return local
	}
	return r.When()
}
