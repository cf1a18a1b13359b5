package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Layout is a form of files, by the name that a command line has for it.
type Layout string

// The layouts; see the package comment.
const (
	CSV         Layout = "csv"
	Archive     Layout = "archive"
	HftBacktest Layout = "hftbacktest"
)

// Layouts lists every layout, in the order of messages.
var Layouts = [...]Layout{CSV, Archive, HftBacktest}

// ParseLayout reads the name of a layout. An unknown one is exchange.ErrUnknownName.
func ParseLayout(s string) (Layout, error) {
	if l := Layout(s); slices.Contains(Layouts[:], l) {
		return l, nil
	}
	return "", fmt.Errorf("%w layout %q; known are csv, archive, hftbacktest", exchange.ErrUnknownName, s)
}

var (
	// ErrSpec says that what is asked for makes no sense, or lacks something.
	ErrSpec = errors.New("cannot be asked for")
	// ErrLayout says that a layout cannot hold a series, by its kind or by a value in it.
	// The layout CSV holds everything.
	ErrLayout = errors.New("layout cannot hold the data")
	// ErrNoRows says that the tape has no such series, or no rows of it within the bounds.
	ErrNoRows = errors.New("no rows")
)

// Spec says what to write, and where.
type Spec struct {
	Layout Layout
	// Path is the file to write: .csv or .csv.gz for CSV, .npz for HftBacktest. For Archive
	// it is the directory above um, cm and spot. The directory of a file must be there.
	Path string
	// Series are the series to write: one for CSV, any for Archive. For HftBacktest those
	// of one symbol: trades or aggTrades, depth, bookTicker.
	Series []row.Key
	// From and To bound the instants of rows, both included; 0 is no bound. A bar's instant
	// is its start. A day that they cut makes an archive of a part of that day.
	From, To exchange.Time
	// Overwrite replaces files that are there already. Without it they are fs.ErrExist.
	Overwrite bool
	// Monthly makes archives of months and not of days, where Binance has both. Funding
	// rates come by month always.
	Monthly bool
	// ContractSize is the USD value of a contract, 100 for BTC and 10 for other coins:
	// archives of COIN-M trades have a quantity in coins, which follows from it.
	ContractSize exchange.Fixed
	// Latency is for HftBacktest: how long after the exchange's time an event without a
	// local time arrives. Where local times are before those of the exchange, all of them
	// are moved so that the smallest latency is this one.
	Latency time.Duration
}

// Report is what an export wrote.
type Report struct {
	Files  []File
	Series []SeriesReport
	// ClockShift is by how much HftBacktest has moved local times; 0 if the recorder's
	// clock was never behind the exchange's.
	ClockShift time.Duration
}

// File is a file that was written, with its size in bytes.
type File struct {
	Path   string
	Bytes  int64
	SHA256 string
}

// SeriesReport is what became of a series.
type SeriesReport struct {
	row.Key
	// Rows were written.
	Rows int64
	// Omitted counts rows that files of the layout never hold: trades of the insurance fund
	// and of auto-deleveraging, which have ids and are no prices.
	Omitted int64
	// Lost are columns of which some row had a value that the layout has no place for.
	Lost []string
}

// Series writes series of a tape. Without an error all files are complete and in their
// places; with one, nothing has changed, unless the system failed to rename some of several
// files. A process that is killed leaves a directory .export-*, which may be removed.
//
// progress may be nil. It is called with the rows done and their expected total, which is
// an estimate while bounds cut a series, and equal to done in the last call.
func Series(ctx context.Context, t *tape.Tape, spec Spec, progress func(done, total int64)) (Report, error) {
	return write(ctx, t, spec, progress, createFile)
}

func write(ctx context.Context, t *tape.Tape, spec Spec, progress func(done, total int64), create creator) (Report, error) {
	r := &run{tape: t, spec: spec, progress: progress}
	err := r.check()
	if err == nil {
		err = r.perform(ctx, create)
	}
	if err != nil {
		return Report{}, fmt.Errorf("export: %w", err)
	}
	return r.report, nil
}

// run is an export under way.
type run struct {
	tape        *tape.Tape
	spec        Spec
	stage       *stage
	report      Report
	progress    func(done, total int64)
	done, total int64
}

// check looks at all that can be wrong before a file is made.
func (r *run) check() error {
	if len(r.spec.Series) == 0 {
		return fmt.Errorf("%w: no series", ErrSpec)
	}
	if r.spec.To != 0 && r.spec.To < r.spec.From {
		return fmt.Errorf("%w: bounds from %v to %v", ErrSpec, r.spec.From, r.spec.To)
	}
	all := r.tape.Series()
	for i, key := range r.spec.Series {
		if slices.Contains(r.spec.Series[:i], key) {
			return fmt.Errorf("%w: %v twice", ErrSpec, key)
		}
		at := slices.IndexFunc(all, func(s tape.Series) bool { return s.Key == key })
		if at < 0 {
			return fmt.Errorf("%w: %v is not on this tape", ErrNoRows, key)
		}
		r.total += r.expect(all[at])
	}
	switch r.spec.Layout {
	case CSV:
		return r.checkCSV()
	case Archive:
		return r.checkArchive()
	case HftBacktest:
		return r.checkHftBacktest()
	}
	_, err := ParseLayout(string(r.spec.Layout))
	return err
}

// checkPath wants the path of a file to end as its layout does.
func (r *run) checkPath(extensions ...string) error {
	if slices.ContainsFunc(extensions, func(e string) bool { return strings.HasSuffix(r.spec.Path, e) }) {
		return nil
	}
	return fmt.Errorf("%w: %s is to be a file of layout %s, whose name ends in %s",
		ErrSpec, r.spec.Path, r.spec.Layout, strings.Join(extensions, " or "))
}

// expect estimates how many rows of a series lie within the bounds.
func (r *run) expect(s tape.Series) int64 {
	from, to := max(s.From, r.spec.From), s.To
	if r.spec.To != 0 {
		to = min(to, r.spec.To)
	}
	switch {
	case from > to:
		return 0
	case from == s.From && to == s.To:
		return s.Rows
	}
	return int64(float64(s.Rows) * float64(to-from) / float64(s.To-s.From))
}

// perform writes all files and moves them into their places.
func (r *run) perform(ctx context.Context, create creator) (err error) {
	if r.stage, err = openStage(r.spec, create); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stage.close()) }()
	if r.spec.Layout == HftBacktest {
		err = r.hftBacktest(ctx)
	} else {
		err = r.each(ctx)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	if r.report.Files, err = r.stage.commit(); err != nil {
		return err
	}
	r.total = r.done
	r.tell(0)
	return nil
}

// each writes the series one after the other.
func (r *run) each(ctx context.Context) error {
	layout := r.csv
	if r.spec.Layout == Archive {
		layout = r.archive
	}
	for _, key := range r.spec.Series {
		r.report.Series = append(r.report.Series, SeriesReport{Key: key})
		s := &r.report.Series[len(r.report.Series)-1]
		if err := layout(ctx, s); err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
		if s.Rows == 0 {
			return r.nothing(key, s.Omitted)
		}
	}
	return nil
}

// nothing says where the rows of a series are that the bounds leave out.
func (r *run) nothing(key row.Key, omitted int64) error {
	if omitted > 0 {
		return fmt.Errorf("%w of %v that files of layout %s hold: all %d are of the insurance fund and the like", ErrNoRows, key, r.spec.Layout, omitted)
	}
	at := slices.IndexFunc(r.tape.Series(), func(s tape.Series) bool { return s.Key == key })
	s := r.tape.Series()[at]
	return fmt.Errorf("%w of %v from %v to %v: the tape has %v to %v", ErrNoRows, key, r.spec.From, r.spec.To, s.From, s.To)
}

// tell counts rows and reports progress.
func (r *run) tell(rows int) {
	r.done += int64(rows)
	if r.progress != nil {
		r.progress(r.done, max(r.done, r.total))
	}
}

// rows hands the rows of a series to take, block by block.
func rows[R any, P row.Row[R]](ctx context.Context, r *run, key row.Key, take func([]R) error) error {
	for block, err := range tape.Rows[R, P](r.tape, key, r.spec.From, r.spec.To) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = take(block)
		}
		if err != nil {
			return err
		}
		r.tell(len(block))
	}
	return nil
}

// losses looks for values in columns that a layout has no place for.
type losses struct {
	report  *SeriesReport
	columns []row.Column
}

// newLosses watches the named columns of a row type.
func newLosses[R any](report *SeriesReport, names ...string) losses {
	columns := slices.DeleteFunc(row.Columns[R](), func(c row.Column) bool { return !slices.Contains(names, c.Name) })
	return losses{report, columns}
}

// note looks at a row. A column is named once, and then not looked at again.
func note[R any](l *losses, r *R) {
	for i := 0; i < len(l.columns); i++ {
		if c := &l.columns[i]; *row.IntAt(c, r) != 0 {
			l.report.Lost = append(l.report.Lost, c.Name)
			l.columns = slices.Delete(l.columns, i, i+1)
			i--
		}
	}
}
