package tape

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// ImportSpec says what to bring in. What is left empty is taken from the path, if that
// has the form of Binance's archives, such as um/.../BTCUSDT-1m-2024-01-02.zip.
type ImportSpec struct {
	// Path is a .zip archive, verified against <Path>.CHECKSUM where that exists, or a
	// .csv file.
	Path string
	Key
	// Columns maps columns of files that do not name them as the archives do.
	Columns Columns
	// SkipBad sets bad rows aside instead of failing: rows that cannot be read, that go
	// back in time, or that contradict the row before. They are counted in the report and
	// in the tape, and kept with line and reason in <tape>/rejected/<series>/<file>.txt.
	// Rows that contradict what the tape has fail the import all the same.
	SkipBad bool
}

// skippedMax bounds the rows set aside: a file with more of them is the wrong file.
const skippedMax = 1000

// Progress is how far an import has come.
type Progress struct {
	Rows int64
	// Bytes of Total bytes of unpacked text are read.
	Bytes, Total int64
}

// Finding is one sort of thing that was wrong with a source.
type Finding struct {
	Count int64
	// Examples are the first few, each with its line in the file.
	Examples []string
}

const examplesMax = 5

func (f *Finding) add(format string, args ...any) {
	f.Count++
	if len(f.Examples) < examplesMax {
		f.Examples = append(f.Examples, fmt.Sprintf(format, args...))
	}
}

// Report is what an import found and did.
type Report struct {
	Key
	File, SHA256 string
	// Verified says that a CHECKSUM file agreed.
	Verified bool
	// Rows are the rows in the file; New those that the tape lacked, Known those that it
	// had already with the same content.
	Rows, New, Known int64
	// From is the instant of the first row taken, To of the last; a bar's is its close, as
	// in Series.
	From, To exchange.Time
	// Gaps are holes between rows of the file, Duplicates exact repetitions (dropped),
	// Outside rows beyond the day or month in the file's name (dropped), Skipped bad rows
	// set aside.
	Gaps, Duplicates, Outside, Skipped Finding
	// Absent are columns that the file lacks; they read as 0.
	Absent   []string
	Warnings []string
	// Written are the files of the tape that were made or changed.
	Written []string
}

// importRun is one import under way.
type importRun struct {
	tape     *Tape
	spec     ImportSpec
	named    named
	source   *source
	stage    *stage
	report   *Report
	progress func(Progress)
	// noVolume says that the file has a volume column and only zeros in it.
	noVolume bool
}

// Import reads a file into the tape. The report is filled as far as the import came, also
// when it fails; a failed import leaves the tape unchanged. Importing the same data again
// changes nothing. progress may be nil; it is called about a hundred times.
func Import(ctx context.Context, t *Tape, spec ImportSpec, progress func(Progress)) (report Report, err error) {
	run := &importRun{tape: t, spec: spec, named: readPath(spec.Path), report: &report, progress: progress}
	defer func() {
		if err != nil {
			err = fmt.Errorf("import: %w", err)
		}
	}()
	if run.source, err = openSource(spec.Path); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, run.source.close()) }()
	report.File, report.SHA256, report.Verified = run.source.name, run.source.sha256, run.source.verified
	if report.Key, err = run.key(); err != nil {
		return report, fmt.Errorf("%s: %w", spec.Path, err)
	}
	f, err := formatOf(report.Kind)
	if err != nil {
		return report, err
	}
	if run.stage, err = openStage(t.dir, t.create); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, run.stage.close()) }()
	stop := run.source.readAhead()
	err = f.importRows(ctx, run)
	stop()
	if err != nil {
		return report, err
	}
	run.warn()
	return report, run.commit()
}

// key joins what the caller gave and what the path says; the caller wins.
func (r *importRun) key() (Key, error) {
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
	k.Symbol = upper(k.Symbol)
	return k, k.check()
}

// warn adds what a reader of the report must know beside the findings.
func (r *importRun) warn() {
	if r.source.archive && !r.source.verified {
		r.report.Warnings = append(r.report.Warnings, "no CHECKSUM file beside the archive: its content is not verified")
	}
	if r.spec.Kind == "" && r.report.Kind == Klines && r.noVolume {
		r.report.Warnings = append(r.report.Warnings,
			"every volume is 0: bars of mark and index prices have the same file names; if these are, remove them and import with that kind")
	}
}

// commit moves the new files into the tape and reads their metadata back.
func (r *importRun) commit() error {
	if err := r.stage.commit(); err != nil {
		return err
	}
	for _, f := range r.stage.files {
		r.report.Written = append(r.report.Written, f.target)
		if f.part == "" {
			continue
		}
		if err := r.tape.shelve(r.report.Key, f.part); err != nil {
			return err
		}
	}
	return nil
}
