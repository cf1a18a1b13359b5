package tape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// ImportSpec says what to bring in. What is left empty is taken from the path, if that
// has the form of Binance's archives, such as um/.../BTCUSDT-1m-2024-01-02.zip, or from
// the file's content.
type ImportSpec struct {
	// Path is an archive, verified against <Path>.CHECKSUM where that exists, a CSV file
	// or a recording; see package source for what can be read.
	Path string
	source.Spec
	// SkipBad sets bad rows of an archive or CSV file aside instead of failing: rows that
	// cannot be read, that go back in time, or that contradict the row before. Bad lines
	// of recordings always are. They are counted in the report and in the tape, and kept
	// with line and reason in <tape>/rejected/<file>.txt. Rows that contradict what the
	// tape has fail the import all the same.
	SkipBad bool
	// Repair takes only rows that lie in holes of series that the tape has, and marks them
	// as a repair. Rows that differ elsewhere are counted and left alone.
	Repair bool
	// NoteEmpty notes an archive that fails with ErrNoRows, so that [Known.Empty] knows it
	// again. It is all that a failed import leaves.
	NoteEmpty bool
}

// ErrChecksum says that a file is not the one its CHECKSUM file was made for.
var ErrChecksum = source.ErrChecksum

// ErrNoRows says that a file is whole and has no row, as the archive of a day on which
// nothing was traded.
var ErrNoRows = source.ErrNoRows

// skippedMax bounds the rows set aside: an archive with more of them is the wrong file. A
// recording may have as many in a hundred lines, too.
const skippedMax = 1000

// Progress is how far an import has come.
type Progress struct {
	Rows int64
	// Bytes of Total bytes of the file are read.
	Bytes, Total int64
}

// Finding is one sort of thing that was wrong with a source.
type Finding struct {
	Count int64
	// Examples are the first few, each with its line in the file.
	Examples []string
}

const examplesMax = 5

func (f *Finding) add(format string, args ...any) { f.many(1, format, args...) }

// many counts n things with one example.
func (f *Finding) many(n int, format string, args ...any) {
	f.Count += int64(n)
	if len(f.Examples) < examplesMax {
		f.Examples = append(f.Examples, fmt.Sprintf(format, args...))
	}
}

func (f *Finding) join(other Finding) {
	f.Count += other.Count
	f.Examples = append(f.Examples, other.Examples[:min(len(other.Examples), examplesMax-len(f.Examples))]...)
}

// Report is what an import found and did.
type Report struct {
	File, SHA256 string
	// Verified says that a CHECKSUM file agreed.
	Verified bool
	// Already says that the tape had the file, which was not read again.
	Already bool
	// Key is what was known of the file before it was read.
	Key row.Key
	// Series has one entry for each series in the file.
	Series []*SeriesReport
	// Skipped are lines set aside, those that belong to no series too.
	Skipped Finding
	source.Notes
	// Written are the files of the tape that were made or changed.
	Written []string
}

// SeriesReport is what an import found in one series of a file.
type SeriesReport struct {
	row.Key
	// Rows are the rows in the file; New those that the tape lacked, Known those that it
	// had already with the same content.
	Rows, New, Known int64
	// From is the instant of the first row taken, To of the last; a bar's is its close, as
	// in Series.
	From, To exchange.Time
	// Gaps are holes between rows of the file, Duplicates exact repetitions (dropped),
	// Outside rows beyond the day or month in the file's name (dropped), Skipped bad rows
	// set aside. Of a repair, Differ are rows that the tape has otherwise and Beyond those
	// that it lacks where it has no gap (both left alone). Every row is New, Known or
	// counted in one of these; Skipped has the bad lines that hold no row, too.
	Gaps, Duplicates, Outside, Skipped, Differ, Beyond Finding
	// Knots show the recorder's clock against the exchange's, see package clock.
	Knots []clock.Knot
}

// importRun is one import under way.
type importRun struct {
	tape      *Tape
	spec      ImportSpec
	named     source.Named
	file      *source.File
	recording bool
	// only is the series that the run may write, any if it is zero.
	only  row.Key
	stage *stage
	// codec is for the packers of all series.
	codec *zstd.Codec
	// spool has the rows of a recording while it is read.
	spool  spool
	report *Report
	sinks  map[row.Key]sink
	// early are bad lines of series that have had no row yet.
	early map[row.Key]Finding
	order []sink
	rows  int64
	// held are the rows that wait in all sinks.
	held int
	// gave are files of the tape that had all rows which the source has for them, because
	// they had them from it; same are those that had them from others.
	gave []string
	same []within
	// bad counts the lines set aside, which rejected has once there is one.
	bad      int64
	rejected *rejects
	progress func(Progress)
	reported int64
}

// Import reads a file into the tape. The report is filled as far as the import came, also
// when it fails; a failed import leaves the tape unchanged. Importing the same data again
// changes nothing. progress may be nil; it is called about a hundred times.
func Import(ctx context.Context, t *Tape, spec ImportSpec, progress func(Progress)) (Report, error) {
	lock, err := lockDirectory(t.dir)
	if err != nil {
		return Report{}, fmt.Errorf("import: %w", err)
	}
	if err := clearStages(t.dir); err != nil {
		return Report{}, errors.Join(fmt.Errorf("import: %w", err), lock.Close())
	}
	report, err := t.importFile(ctx, spec, nil, row.Key{}, progress)
	return report, errors.Join(err, lock.Close())
}

func newRun(t *Tape, spec ImportSpec, report *Report) *importRun {
	return &importRun{
		tape: t, spec: spec, named: source.ReadPath(spec.Path), report: report, sinks: map[row.Key]sink{}, early: map[row.Key]Finding{},
		codec: &zstd.Codec{Level: zstd.SpeedFastest},
	}
}

// errOthers says that a file has other series than the one that it was to be read for.
var errOthers = errors.New("other series than the path says")

// importFile does the work of Import for one who holds the tape. Files that known has are
// not read again. A file with rows of another series than only, unless that is zero, is
// errOthers.
func (t *Tape) importFile(ctx context.Context, spec ImportSpec, known memory, only row.Key, progress func(Progress)) (report Report, err error) {
	run := newRun(t, spec, &report)
	run.progress, run.only = progress, only
	defer func() {
		if err != nil {
			err = fmt.Errorf("import: %w", err)
		}
	}()
	if run.file, err = source.Open(spec.Path); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, run.file.Close()) }()
	report.File, report.SHA256, report.Verified = run.file.Name, run.file.SHA256, run.file.Verified
	report.Key = run.known()
	if err := run.agrees(); err != nil {
		return report, fmt.Errorf("%s: %w", spec.Path, err)
	}
	if known.has(t, run.file.SHA256, report.Key) {
		report.Already = true
		return report, nil
	}
	spec.Key = report.Key
	run.file.ReadAhead()
	reader, recording, err := OpenReader(run.file, spec.Spec)
	if err != nil {
		return report, run.without(fmt.Errorf("%s: %w", spec.Path, err))
	}
	run.recording = recording
	if err := run.begin(); err != nil {
		return report, errors.Join(err, reader.Close())
	}
	defer func() { err = errors.Join(err, run.end()) }()
	err = run.read(ctx, reader)
	err = errors.Join(err, reader.Close())
	if err != nil {
		run.abandon()
		return report, run.without(err)
	}
	return report, run.commit()
}

// without notes an archive that has no rows, if that is wanted; err is why it failed.
func (r *importRun) without(err error) error {
	if r.spec.NoteEmpty && errors.Is(err, ErrNoRows) && r.file.Archive && r.report.Key.Check() == nil {
		if err := r.tape.noteEmpty(r.file, r.report.Key); err != nil {
			r.report.Warnings = append(r.report.Warnings, fmt.Sprintf("that it has no rows could not be noted, so the file will be read again: %v", err))
		}
	}
	return err
}

// begin opens the stage.
func (r *importRun) begin() (err error) {
	if r.stage, err = openStage(r.tape.dir, r.tape.create); err == nil {
		r.spool.dir = r.stage.dir
	}
	return err
}

// end removes what is not on the tape.
func (r *importRun) end() error { return errors.Join(r.spool.close(), r.stage.close()) }

// agrees sees that the caller does not take an archive for another one than its name
// says. Bars of traded, mark, index and premium prices have names alike.
func (r *importRun) agrees() error {
	given, named := r.spec.Key, r.named.Key
	alike := given.Kind.Bars() && named.Kind.Bars()
	switch {
	case given.Symbol != "" && named.Symbol != "" && row.Upper(given.Symbol) != named.Symbol:
		return fmt.Errorf("the symbol is given as %s, but the file's name says %s", row.Upper(given.Symbol), named.Symbol)
	case given.Kind != "" && named.Kind != "" && given.Kind != named.Kind && !alike:
		return fmt.Errorf("the kind is given as %s, but the file's name says %s", given.Kind, named.Kind)
	case given.Interval != 0 && named.Interval != 0 && given.Interval != named.Interval:
		return fmt.Errorf("the interval is given as %s, but the file's name says %s", row.IntervalName(given.Interval), row.IntervalName(named.Interval))
	}
	return nil
}

// known joins what the caller gave and what the path says; the caller wins.
func (r *importRun) known() row.Key {
	k := r.spec.Key
	if k.Product == 0 {
		k.Product = r.named.Product
	}
	if k.Symbol == "" {
		k.Symbol = r.named.Symbol
	}
	if k.Kind == "" {
		k.Kind = r.named.Kind
	}
	if k.Interval == 0 && k.Kind.Bars() {
		k.Interval = r.named.Interval
	}
	k.Symbol = row.Upper(k.Symbol)
	return k
}

// read brings all rows into the stage.
func (r *importRun) read(ctx context.Context, reader source.Reader) error {
	for {
		batch, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.take(batch)
		}
		if err != nil {
			return err
		}
		r.tell(false)
	}
	r.tell(true)
	r.report.Notes = reader.Notes()
	for _, s := range r.order {
		if err := s.settle(); err != nil {
			return err
		}
	}
	for _, s := range r.order {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.finish(); err != nil {
			return err
		}
	}
	switch none := r.rows == 0 && len(r.report.Passed) == 0; {
	case none && r.bad > 0:
		return fmt.Errorf("%s: has no good rows of data", r.file.Path)
	case none:
		return fmt.Errorf("%s: %w", r.file.Path, ErrNoRows)
	}
	if r.file.Archive && !r.file.Verified {
		r.report.Warnings = append(r.report.Warnings, "no CHECKSUM file beside the archive: its content is not verified")
	}
	return r.keepRejected()
}

func (r *importRun) take(b source.Batch) error {
	for _, bad := range b.Bad {
		if err := r.reject(bad, 1); err != nil {
			return err
		}
	}
	if b.Rows == nil {
		return nil
	}
	s, err := r.sink(b.Key)
	if err != nil {
		return fmt.Errorf("%s: %w", r.file.Path, err)
	}
	r.rows += int64(len(b.Lines))
	return s.take(b)
}

// sink is where the rows of a series go.
func (r *importRun) sink(key row.Key) (sink, error) {
	if s, ok := r.sinks[key]; ok {
		return s, nil
	}
	if err := key.Check(); err != nil {
		return nil, err
	}
	if r.only != (row.Key{}) && key != r.only {
		return nil, errOthers
	}
	f, err := formatOf(key.Kind)
	if err != nil {
		return nil, err
	}
	s := f.sink(r, key)
	r.sinks[key], r.order = s, append(r.order, s)
	return s, nil
}

// series begins the report of a series.
func (r *importRun) series(key row.Key) *SeriesReport {
	s := &SeriesReport{Key: key, Skipped: r.early[key]}
	delete(r.early, key)
	r.report.Series = append(r.report.Series, s)
	return s
}

// outside says whether an instant lies beyond the day or month in the file's name.
// Recordings begin and end when they will.
func (r *importRun) outside(at exchange.Time) bool {
	return r.named.To != 0 && !r.recording && (at < r.named.From || at >= r.named.To)
}

// at puts file and line before an error.
func (r *importRun) at(line int64, err error) error {
	return fmt.Errorf("%s:%d: %w", r.file.Path, max(1, line), err)
}

// reject sets a bad line aside that stands for some rows, or fails.
func (r *importRun) reject(bad source.Bad, rows int64) error {
	if !r.spec.SkipBad && !r.recording {
		return r.at(bad.Line, bad.Reason)
	}
	r.report.Skipped.many(int(rows), "line %d: %v", bad.Line, bad.Reason)
	if s, ok := r.sinks[bad.Key]; ok {
		s.reject(bad, rows)
	} else {
		early := r.early[bad.Key]
		early.many(int(rows), "line %d: %v", bad.Line, bad.Reason)
		r.early[bad.Key] = early
	}
	most := int64(skippedMax)
	if r.recording {
		most = max(most, bad.Line/100)
	}
	if r.bad++; r.bad > most {
		return r.at(bad.Line, fmt.Errorf("more than %d bad lines; the last: %w", most, bad.Reason))
	}
	if r.rejected == nil {
		var err error
		if r.rejected, err = r.openRejects(); err != nil {
			return err
		}
	}
	return r.rejected.add(bad)
}

// keepRejected ends the file of what was set aside.
func (r *importRun) keepRejected() error {
	if r.rejected == nil {
		return nil
	}
	file, err := r.rejected.finish()
	r.rejected = nil
	if err == nil {
		r.stage.keep(file)
	}
	return err
}

// unchanged notes a file of the tape that lacks nothing, and the sources that it has.
func (r *importRun) unchanged(part string, origins []Origin) {
	if slices.ContainsFunc(origins, func(o Origin) bool { return o.SHA256 == r.file.SHA256 && !o.Repair }) {
		r.gave = append(r.gave, part)
		return
	}
	r.same = append(r.same, withinOf(part, origins))
}

// tell reports progress about a hundred times in all.
func (r *importRun) tell(end bool) {
	if r.progress == nil || !end && r.file.Progress()-r.reported < r.file.Size/100 {
		return
	}
	r.reported = r.file.Progress()
	r.progress(Progress{Rows: r.rows, Bytes: r.reported, Total: r.file.Size})
}

func (r *importRun) abandon() {
	for _, s := range r.order {
		s.abandon()
	}
	if r.rejected != nil {
		r.rejected.file.abandon()
	}
}

// commit moves the new files into the tape and reads their metadata back.
func (r *importRun) commit() error {
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	if err := r.stage.commit(); err != nil {
		return err
	}
	var parts []string
	for _, f := range r.stage.files {
		r.report.Written = append(r.report.Written, f.target)
		if f.part == "" {
			continue
		}
		parts = append(parts, f.key.String()+"/"+f.part)
		if err := r.tape.shelve(f.key, f.part); err != nil {
			return err
		}
	}
	slices.Sort(r.report.Written)
	slices.SortFunc(r.report.Series, func(a, b *SeriesReport) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	if r.spec.Repair {
		return nil // the file's other rows may be wanted one day
	}
	if err := r.tape.remember(r.file, parts, r.gave, r.same); err != nil { // the rows are on the tape all the same
		r.report.Warnings = append(r.report.Warnings, fmt.Sprintf("the import could not be noted, so the file will be read again: %v", err))
	}
	return nil
}
