package rundir

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest"
)

// The files of a run directory.
const (
	configFile = "config.toml"
	resultFile = "result.json"
	fillsFile  = "fills.csv"
	equityFile = "equity.csv"
)

// Page is a file of a run directory that others make of a result.
type Page struct {
	Name  string
	Write func(io.Writer, *backtest.Result) error
}

// runFiles are all files of a run.
func runFiles(pages []Page) []Page {
	return append([]Page{
		{configFile, func(w io.Writer, r *backtest.Result) error { _, err := io.WriteString(w, r.Config); return err }},
		{resultFile, JSON},
		{fillsFile, func(w io.Writer, r *backtest.Result) error { return writeCSV(w, fillFields(), r.Fills.All()) }},
		{equityFile, func(w io.Writer, r *backtest.Result) error {
			return writeCSV(w, sampleFields(r.Legs), pointers(r.Equity))
		}},
	}, pages...)
}

// pointers goes through a list as Rows.All does.
func pointers[R any](list []R) iter.Seq2[int, *R] {
	return func(yield func(int, *R) bool) {
		for i := range list {
			if !yield(i, &list[i]) {
				return
			}
		}
	}
}

// sameNameMax is how many runs of one second and one result may stand side by side.
const sameNameMax = 100

// Write makes the run directory runs/<ID> with all its files, the pages too, and returns
// its path. It is there whole or not at all: the files are written and synced under another name, and
// the directory is renamed when the last one is complete. A name that is taken, for equal
// runs of one second share theirs, gets a number; nothing is ever overwritten.
func Write(runs string, r *backtest.Result, pages ...Page) (dir string, err error) {
	if r.ID != filepath.Base(r.ID) || strings.HasPrefix(r.ID, ".") || !filepath.IsLocal(r.ID) || !printable(r.ID) {
		return "", fmt.Errorf("the run's id %q is no name for a directory", r.ID)
	}
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(runs, ".unfinished-")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temporary)
		}
	}()
	if err := os.Chmod(temporary, 0o755); err != nil {
		return "", err
	}
	for n := 1; n <= sameNameMax; n++ {
		named := *r
		if n > 1 {
			named.ID = fmt.Sprintf("%s-%d", r.ID, n)
		}
		dir = filepath.Join(runs, named.ID)
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := writeFiles(temporary, &named, runFiles(pages)); err != nil {
			return "", err
		}
		err := os.Rename(temporary, dir)
		if err == nil {
			return dir, syncDir(runs)
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%s: %d runs of that name are there already", filepath.Join(runs, r.ID), sameNameMax)
}

func writeFiles(dir string, r *backtest.Result, files []Page) error {
	for _, f := range files {
		write := func(w io.Writer) error { return f.Write(w, r) }
		if err := writeFile(filepath.Join(dir, f.Name), write); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	return syncDir(dir)
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// syncDir makes names in a directory survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Load reads a run directory back, so that its report can be made again. An error names
// the file and, where there is one, the line and the field.
func Load(dir string) (*backtest.Result, error) {
	r, err := readFile(filepath.Join(dir, resultFile), ReadJSON)
	if err != nil {
		return nil, err
	}
	if err := readRows(filepath.Join(dir, fillsFile), fillFields(), r.Fills.Add); err != nil {
		return nil, err
	}
	var samples []backtest.Sample
	err = readRows(filepath.Join(dir, equityFile), sampleFields(r.Legs), func(s *backtest.Sample) { samples = append(samples, *s) })
	if err != nil {
		return nil, err
	}
	if err := sameSamples(samples, r.Equity); err != nil {
		return nil, fmt.Errorf("%s: %w: it is not of the run in %s", filepath.Join(dir, equityFile), err, resultFile)
	}
	if r.Fills.Len() != r.Orders.Fills {
		return nil, fmt.Errorf("%s: %d fills in place of %d: it is not of the run in %s",
			filepath.Join(dir, fillsFile), r.Fills.Len(), r.Orders.Fills, resultFile)
	}
	return r, nil
}

// sameSamples says where two lists of samples part.
func sameSamples(got, want []backtest.Sample) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d samples in place of %d", len(got), len(want))
	}
	for i := range got {
		if got[i].At != want[i].At || !got[i].Account.Equity.Equal(want[i].Account.Equity) {
			return fmt.Errorf("line %d differs", i+2)
		}
	}
	return nil
}

func readFile[T any](path string, read func(io.Reader) (T, error)) (T, error) {
	var zero T
	file, err := os.Open(path)
	if err != nil {
		return zero, err
	}
	defer file.Close()
	v, err := read(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return zero, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

func readRows[R any](path string, fields []field[R], add func(*R)) error {
	_, err := readFile(path, func(r io.Reader) (struct{}, error) { return struct{}{}, readCSV(r, fields, add) })
	return err
}
