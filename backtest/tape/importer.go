package tape

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/pmbot/pmbot/exchange"
)

var (
	errDisorder  = errors.New("unsorted rows")
	errDuplicate = errors.New("exact duplicate")
	errNoRows    = errors.New("has no rows of data")
)

// importer reads the rows of one source and hands them to the files they belong in.
type importer[R comparable, P record[R]] struct {
	*importRun
	format *rowFormat[R, P]
	fields fields
	lines  *lines
	holes  holeFinder
	out    *parquet.GenericWriter[R]

	// row is the one at hand, last the one before, from lastLine.
	row      R
	last     R
	lastLine int64

	// part is the file being written, until end. duplicates and skipped are what the
	// report counted when it was begun.
	part                *partition[R, P]
	end                 exchange.Time
	duplicates, skipped int64

	rejected bytes.Buffer
	reported int64
}

func (f *rowFormat[R, P]) importRows(ctx context.Context, run *importRun) error {
	key := run.report.Key
	im := &importer[R, P]{
		importRun: run, format: f, lines: newLines(run.source.rows),
		fields: fields{columns: f.columns, interval: key.Interval, contracts: key.Product == exchange.CM},
		holes:  holeFinder{rule: f.holes, step: key.Interval},
		out:    newRowWriter[R](),
	}
	err := im.run(ctx)
	if err != nil && im.part != nil {
		im.part.abandon()
	}
	return err
}

func (im *importer[R, P]) run(ctx context.Context) error {
	line, err := im.begin()
	for ; err == nil; line, err = im.lines.next() {
		im.report.Rows++
		if err := im.take(line); err != nil {
			return err
		}
		if im.report.Rows%batchRows == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			im.tell(false)
		}
	}
	if err != io.EOF {
		return im.at(err)
	}
	im.tell(true)
	return im.finish()
}

// at puts file and line before an error.
func (im *importer[R, P]) at(err error) error {
	return fmt.Errorf("%s:%d: %w", im.source.path, max(1, im.lines.number), err)
}

// begin reads the header, if there is one, and returns the first row.
func (im *importer[R, P]) begin() ([]byte, error) {
	line, err := im.lines.next()
	if err == io.EOF {
		return nil, errNoRows
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // a byte order mark
	header, err := im.fields.bind(line, im.format.archiveWidth, im.spec.Columns)
	if err != nil {
		return nil, err
	}
	im.report.Absent = im.fields.absent()
	if !header {
		return line, nil
	}
	if line, err = im.lines.next(); err == io.EOF {
		return nil, errNoRows
	}
	return line, err
}

// take decodes a row, checks it against the one before and passes it on.
func (im *importer[R, P]) take(line []byte) error {
	row := P(&im.row)
	im.fields.split(line)
	if im.fields.err == nil {
		row.decode(&im.fields)
	}
	err := im.fields.err
	if err == nil {
		if at := row.when(); im.named.to != 0 && (at < im.named.from || at >= im.named.to) {
			im.report.Outside.add("line %d: %v", im.lines.number, at)
			return nil
		}
		err = im.follows(row)
	}
	switch {
	case err == nil:
		return im.pass(row)
	case errors.Is(err, errDuplicate):
		im.report.Duplicates.add("line %d: like line %d, %v", im.lines.number, im.lastLine, row.when())
		return nil
	case im.spec.SkipBad:
		return im.skip(line, err)
	}
	return im.at(err)
}

// follows says whether a row may come after the last one.
func (im *importer[R, P]) follows(row P) error {
	last := P(&im.last)
	switch {
	case im.lastLine == 0 || row.key() > last.key() && row.when() >= last.when():
		return nil
	case *row == im.last:
		return errDuplicate
	case row.key() == last.key():
		column, theirs, ours := differ(&im.last, (*R)(row))
		return fmt.Errorf("%w: %s is %s, on line %d of the same file it is %s for the same %s",
			ErrConflict, column, ours, im.lastLine, theirs, im.format.holes.keyName())
	case row.when() < last.when():
		return fmt.Errorf("%w: time goes back from %v on line %d to %v", errDisorder, last.when(), im.lastLine, row.when())
	}
	return fmt.Errorf("%w: id goes back from %d on line %d to %d", errDisorder, last.key(), im.lastLine, row.key())
}

// pass gives a good row to the file that it belongs in.
func (im *importer[R, P]) pass(row P) error {
	at := row.when()
	if im.part == nil || at >= im.end {
		if err := im.turn(at); err != nil {
			return err
		}
	}
	if im.lastLine == 0 {
		im.report.From = at
	}
	im.report.To = at.Add(im.report.Interval)
	im.last, im.lastLine = *row, im.lines.number
	im.holes.add(at, row.key(), im.lines.number)
	if err := im.part.add(row); err != nil {
		return im.at(err)
	}
	return nil
}

// turn closes the file being written and begins the one that holds an instant.
func (im *importer[R, P]) turn(at exchange.Time) error {
	if err := im.closePart(); err != nil {
		return err
	}
	span := im.format.span(im.report.Interval)
	name := span.name(at)
	im.end = span.end(at)
	old, err := im.tape.find(im.report.Key, name)
	if err != nil {
		return err
	}
	file, err := im.stage.begin(im.tape.path(im.report.Key, name), name)
	if err != nil {
		return err
	}
	origin := Origin{Name: im.source.name, SHA256: im.source.sha256}
	if im.part, err = openPartition(im.format, im.report.Key, origin, old, file, im.out); err != nil {
		file.abandon()
	}
	return err
}

func (im *importer[R, P]) closePart() error {
	p := im.part
	if p == nil {
		return nil
	}
	p.origin.Duplicates = im.report.Duplicates.Count - im.duplicates
	p.origin.Skipped = im.report.Skipped.Count - im.skipped
	changed, err := p.finish()
	if err != nil {
		return err
	}
	im.duplicates, im.skipped = im.report.Duplicates.Count, im.report.Skipped.Count
	im.report.New += p.origin.Rows
	im.report.Known += p.known
	im.part = nil
	if !changed {
		p.abandon()
		return nil
	}
	im.stage.keep(p.file)
	return nil
}

// skip sets a bad row aside.
func (im *importer[R, P]) skip(line []byte, reason error) error {
	im.report.Skipped.add("line %d: %v", im.lines.number, reason)
	if im.report.Skipped.Count > skippedMax {
		return im.at(fmt.Errorf("more than %d bad rows; the last: %w", skippedMax, reason))
	}
	fmt.Fprintf(&im.rejected, "%d\t%v\t%s\n", im.lines.number, reason, line)
	return nil
}

// finish closes the last file and completes the report.
func (im *importer[R, P]) finish() error {
	if im.part == nil {
		return fmt.Errorf("%s: %w", im.source.path, errNoRows)
	}
	if err := im.closePart(); err != nil {
		return err
	}
	if err := im.holes.finish(); err != nil {
		return fmt.Errorf("%s: %w", im.source.path, err)
	}
	for i, h := range im.holes.found {
		im.report.Gaps.add("line %d: %d missing from %v to %v", im.holes.lines[i], h.Missing, h.From, h.To)
	}
	if im.lines.cut {
		im.report.Warnings = append(im.report.Warnings, "the last line has no line end: the file may be cut off")
	}
	im.noVolume = im.fields.volumes == 0 && im.fields.volumeless > 0
	return im.keepRejected()
}

// keepRejected stages the rows set aside, with line and reason.
func (im *importer[R, P]) keepRejected() error {
	if im.rejected.Len() == 0 {
		return nil
	}
	directory := filepath.Join(im.tape.dir, "rejected", filepath.FromSlash(im.report.Key.String()))
	file, err := im.stage.begin(filepath.Join(directory, im.source.name+".txt"), "")
	if err != nil {
		return err
	}
	if _, err := file.Write(im.rejected.Bytes()); err != nil {
		file.abandon()
		return err
	}
	im.stage.keep(file)
	return file.seal()
}

// tell reports progress about a hundred times in all.
func (im *importer[R, P]) tell(end bool) {
	if im.progress == nil || !end && im.lines.read-im.reported < im.source.size/100 {
		return
	}
	im.reported = im.lines.read
	im.progress(Progress{Rows: im.report.Rows, Bytes: im.lines.read, Total: im.source.size})
}
