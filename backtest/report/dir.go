package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	pageFile   = "report.html"
)

// runFile is one file of a run directory.
type runFile struct {
	name  string
	write func(io.Writer) error
}

func runFiles(r *backtest.Result) []runFile {
	return []runFile{
		{configFile, func(w io.Writer) error { _, err := io.WriteString(w, r.Config); return err }},
		{resultFile, func(w io.Writer) error { return JSON(w, r) }},
		{fillsFile, func(w io.Writer) error { return FillsCSV(w, r) }},
		{equityFile, func(w io.Writer) error { return EquityCSV(w, r) }},
		{pageFile, func(w io.Writer) error { return HTML(w, r) }},
	}
}

// sameNameMax is how many runs of one second and one result may stand side by side.
const sameNameMax = 100

// Write makes the run directory runs/<ID> with all its files and returns its path. It is
// there whole or not at all: the files are written and synced under another name, and
// the directory is renamed when the last one is complete. A name that is taken, for equal
// runs of one second share theirs, gets a number; nothing is ever overwritten.
func Write(runs string, r *backtest.Result) (dir string, err error) {
	if r.ID != filepath.Base(r.ID) || strings.HasPrefix(r.ID, ".") || !filepath.IsLocal(r.ID) || clean(r.ID) != r.ID {
		return "", fmt.Errorf("the run's id %q is no name for a directory", clean(r.ID))
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
		if err := writeFiles(temporary, runFiles(&named)); err != nil {
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

func writeFiles(dir string, files []runFile) error {
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, f.name), f.write); err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
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
	fills, err := readFile(filepath.Join(dir, fillsFile), ReadFillsCSV)
	if err != nil {
		return nil, err
	}
	r.Fills = backtest.RowsOf(fills...)
	samples, err := readFile(filepath.Join(dir, equityFile), func(in io.Reader) ([]backtest.Sample, error) {
		return ReadEquityCSV(in, r.Legs)
	})
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
