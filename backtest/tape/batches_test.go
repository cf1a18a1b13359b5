package tape

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// batches is a source.Reader of rows that a test has made.
type batches struct {
	list []source.Batch
	// each is called before every batch.
	each func(n int)
	n    int
}

func (b *batches) Next() (source.Batch, error) {
	if b.each != nil {
		b.each(b.n)
	}
	if b.n == len(b.list) {
		return source.Batch{}, io.EOF
	}
	b.n++
	return b.list[b.n-1], nil
}

func (b *batches) Notes() source.Notes { return source.Notes{} }
func (b *batches) Close() error        { return nil }

// batchesOf cuts rows of one series into batches of some sizes, one after the other and
// over again. Each row is a line.
func batchesOf[R any](key row.Key, rows []R, sizes ...int) *batches {
	b := &batches{}
	for i, line := 0, 1; len(rows) > 0; i++ {
		n := min(len(rows), sizes[i%len(sizes)])
		lines := make([]int64, n)
		for k := range lines {
			lines[k] = int64(line + k)
		}
		b.list = append(b.list, source.Batch{Key: key, Rows: slices.Clone(rows[:n]), Lines: lines})
		rows, line = rows[n:], line+n
	}
	return b
}

// bring imports what a reader gives like a file of some name.
func bring(t testing.TB, tape *Tape, name string, recording bool, spec ImportSpec, reader source.Reader) (report Report, err error) {
	t.Helper()
	run := newRun(tape, spec, &report)
	run.file, run.recording = &source.File{Name: name, Path: name, SHA256: fmt.Sprintf("%064x", name)}, recording
	must(t, run.begin())
	defer func() { must(t, run.end()) }()
	if err := run.read(t.Context(), reader); err != nil {
		run.abandon()
		return report, err
	}
	err = run.commit()
	balanced(t, &report, reader)
	return report, err
}

// balanced holds that the report of an import that has succeeded accounts for every row.
func balanced(t testing.TB, r *Report, reader source.Reader) {
	t.Helper()
	for _, s := range r.Series {
		bad := int64(0) // lines without a row, which are skipped too
		if b, ok := reader.(*batches); ok {
			for _, batch := range b.list {
				for _, line := range batch.Bad {
					if line.Key == s.Key {
						bad++
					}
				}
			}
		}
		sum := s.New + s.Known + s.Duplicates.Count + s.Outside.Count + s.Beyond.Count + s.Differ.Count + s.Skipped.Count
		if s.Rows+bad != sum {
			t.Errorf("%s: %d rows and %d bad lines, but %d new, %d known, %d duplicates, %d outside, %d beyond, %d differ, %d skipped",
				s.Key, s.Rows, bad, s.New, s.Known, s.Duplicates.Count, s.Outside.Count, s.Beyond.Count, s.Differ.Count, s.Skipped.Count)
		}
	}
}

// rowsOf reads a series back.
func rowsOf[R comparable, P row.Row[R]](t testing.TB, tape *Tape, key row.Key) (list []R) {
	t.Helper()
	for rows, err := range Rows[R, P](tape, key, 0, 0) {
		must(t, err)
		list = append(list, rows...)
	}
	return list
}

// sound holds that a tape on disk is what the one in memory is, that it opens and is as
// its metadata says.
func sound(t testing.TB, tape *Tape) {
	t.Helper()
	again, err := Open(tape.dir)
	must(t, err)
	if a, b := Hash(again.Series()...), Hash(tape.Series()...); a != b {
		t.Errorf("opened again the tape has the hash %s, before %s", a, b)
	}
	must(t, errors.Join(again.Verify(t.Context()), tape.Verify(t.Context())))
}
