package rundir

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pmbot/pmbot/backtest"
)

// The files of a run directory, beside the rows.
const (
	configFile = "config.toml"
	resultFile = "result.json"
)

// Page is a file of a run directory that others make of a result.
type Page struct {
	Name  string
	Write func(io.Writer, *backtest.Result) error
}

// File is what result.json says of a file of rows.
type File struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
	// SHA256 is of the file's bytes, in hex.
	SHA256 string `json:"sha256"`
}

// rowsFile is one kind of rows, which are written to two files at once: to read the rows is
// a good part of the work.
type rowsFile struct {
	name  string
	rows  int
	write func(csv, table io.Writer) error
}

// rowsFiles are all kinds of rows of a run.
func rowsFiles(r *backtest.Result) []rowsFile {
	return []rowsFile{
		rowsOf(r, "fills", fillColumns(), r.Fills.Len(), r.Fills.All()),
		rowsOf(r, "trades", tradeColumns(), r.Trades.Len(), r.Trades.All()),
		rowsOf(r, "ledger", ledgerColumns(), r.Ledger.Len(), r.Ledger.All()),
		rowsOf(r, "equity", sampleColumns(r.Legs, r.Assets), len(r.Equity), backtest.Each(r.Equity)),
		rowsOf(r, "prices", priceColumns(), pointCount(r.Prices), priceRows(r.Prices)),
	}
}

func rowsOf[R any](r *backtest.Result, name string, columns []column[R], count int, rows iter.Seq2[int, *R]) rowsFile {
	metadata := [][2]string{{"pmbot.schema", name + "/1"}, {"pmbot.run", r.ID}, {"pmbot.result_hash", r.Hash}}
	return rowsFile{name, count, func(csv, table io.Writer) error { return writeRows(csv, table, columns, rows, metadata...) }}
}

// writeRows writes rows as CSV and as Parquet, with metadata as pairs of key and value.
func writeRows[R any](csv, table io.Writer, columns []column[R], rows iter.Seq2[int, *R], metadata ...[2]string) error {
	text, err := newCSV(csv, columns)
	if err != nil {
		return err
	}
	typed, err := newParquet(table, columns, metadata)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := text.add(row); err != nil {
			return err
		}
		if err := typed.add(row); err != nil {
			return err
		}
	}
	return typed.close()
}

// unfinishedPrefix begins the name of what is still being written.
const unfinishedPrefix = ".unfinished-"

// sameNameMax is how many runs of one second and one result may stand side by side.
const sameNameMax = 100

// Write makes the run directory runs/<ID> with all its files, the pages too, and returns
// its path. It is there whole or not at all: the files are written and synced under another
// name, and the directory is renamed when the last one is complete. A name that is taken,
// for equal runs of one second share theirs, gets a number; nothing is ever overwritten.
func Write(runs string, r *backtest.Result, pages ...Page) (dir string, err error) {
	if r.ID != filepath.Base(r.ID) || strings.HasPrefix(r.ID, ".") || !filepath.IsLocal(r.ID) || !printable(r.ID) {
		return "", fmt.Errorf("the run's id %q is no name for a directory", r.ID)
	}
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(runs, unfinishedPrefix)
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
		if err := writeFiles(temporary, &named, pages); err != nil {
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

// writeFiles writes the rows, all kinds at once, then what tells of them, then the pages.
func writeFiles(dir string, r *backtest.Result, pages []Page) error {
	kinds := rowsFiles(r)
	written, failed := make([][]File, len(kinds)), make([]error, len(kinds))
	var all sync.WaitGroup
	for i := range kinds {
		all.Go(func() { written[i], failed[i] = kinds[i].writeTo(dir) })
	}
	all.Wait()
	if err := cmp.Or(failed...); err != nil {
		return err
	}
	files := slices.Concat(written...)
	for _, p := range append([]Page{
		{configFile, func(w io.Writer, r *backtest.Result) error { _, err := io.WriteString(w, r.Config); return err }},
		{resultFile, func(w io.Writer, r *backtest.Result) error { return writeResult(w, r, files) }},
	}, pages...) {
		err := writeFile(filepath.Join(dir, p.Name), func(w io.Writer) error { return p.Write(w, r) })
		if err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// writeTo writes the CSV and the Parquet file.
func (f *rowsFile) writeTo(dir string) ([]File, error) {
	names := [2]string{f.name + ".csv", f.name + ".parquet"}
	var sums [2]hash.Hash
	var drafts [2]*draft
	for i, name := range names {
		sums[i] = sha256.New()
		d, err := create(filepath.Join(dir, name), sums[i])
		if err != nil {
			return nil, err
		}
		defer d.file.Close() // for errors: twice is no harm
		drafts[i] = d
	}
	if err := f.write(drafts[0], drafts[1]); err != nil {
		return nil, fmt.Errorf("write %s: %w", f.name, err)
	}
	var files []File
	for i, d := range drafts {
		if err := d.finish(); err != nil {
			return nil, fmt.Errorf("write %s: %w", names[i], err)
		}
		files = append(files, File{names[i], f.rows, hex.EncodeToString(sums[i].Sum(nil))})
	}
	return files, nil
}

// Replace writes a file that may be there already: it is the old one or the new one, whole,
// whatever happens.
func Replace(path string, write func(io.Writer) error) (err error) {
	if f, err := os.Stat(path); err == nil && f.IsDir() {
		return fmt.Errorf("%s is a directory; name a file in it", path)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), unfinishedPrefix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(draft.Name())
		}
	}()
	if err := errors.Join(draft.Chmod(0o644), draft.Close()); err != nil {
		return err
	}
	if err := writeFile(draft.Name(), write); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

// writeFile makes a file and syncs it.
func writeFile(path string, write func(io.Writer) error) (err error) {
	d, err := create(path, io.Discard)
	if err != nil {
		return err
	}
	defer d.file.Close() // for errors: twice is no harm
	if err = write(d); err == nil {
		err = d.finish()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// draft is a file that is being written.
type draft struct {
	*bufio.Writer
	file *os.File
}

// create makes a file; copied gets what is written, too.
func create(path string, copied io.Writer) (*draft, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &draft{bufio.NewWriterSize(io.MultiWriter(file, copied), 1<<16), file}, nil
}

// finish writes the rest, syncs and closes.
func (d *draft) finish() error {
	if err := d.Flush(); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	return d.file.Close()
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
