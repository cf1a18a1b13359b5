package rundir

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmbot/pmbot/backtest"
)

// ErrDamaged says that a run directory is not as it was written: a file is missing, broken,
// or of another run.
var ErrDamaged = errors.New("the run directory is damaged")

// damaged marks an error without changing its text.
type damaged struct{ error }

func (d damaged) Is(target error) bool { return target == ErrDamaged }
func (d damaged) Unwrap() error        { return d.error }

// Load reads a run directory back, so that its report can be made again. It checks every
// file against what result.json says of it. An error names the file and, where there is
// one, the line and the field; it is [ErrDamaged], or fs.ErrNotExist if there is no
// result.json.
//
// Directories of versions that kept no trades and no ledger have none, with a warning.
func Load(dir string) (*backtest.Result, error) {
	l, err := open(dir)
	if err != nil {
		return nil, err
	}
	r := &l.Result
	if err := read(l, "fills.csv", fillColumns(), r.Fills.Add, false); err != nil {
		return nil, err
	}
	if err := read(l, "trades.csv", tradeColumns(), r.Trades.Add, true); err != nil {
		return nil, err
	}
	if err := read(l, "ledger.csv", ledgerColumns(), r.Ledger.Add, true); err != nil {
		return nil, err
	}
	if err := l.prices(); err != nil {
		return nil, err
	}
	if err := l.samples(); err != nil {
		return nil, err
	}
	return r, nil
}

// Peek reads a run directory without fills, trades, ledger and prices.
func Peek(dir string) (*backtest.Result, error) {
	l, err := open(dir)
	if err != nil {
		return nil, err
	}
	if err := l.samples(); err != nil {
		return nil, err
	}
	return &l.Result, nil
}

// loading is a run directory that is being read.
type loading struct {
	document
	dir string
}

func open(dir string) (*loading, error) {
	file, err := os.Open(filepath.Join(dir, resultFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	doc, err := readDocument(file)
	if err != nil {
		return nil, damaged{fmt.Errorf("%s: %w", file.Name(), err)}
	}
	if len(doc.Files) == 0 { // a directory of a version that did not list its files
		doc.Files = []File{{Name: "fills.csv", Rows: doc.Orders.Fills}, {Name: "equity.csv", Rows: len(doc.Equity)}}
	}
	doc.Equity = nil
	return &loading{*doc, dir}, nil
}

func (l *loading) samples() error {
	add := func(s *backtest.Sample) { l.Equity = append(l.Equity, *s) }
	return read(l, "equity.csv", sampleColumns(l.Legs, l.Assets), add, false)
}

// read reads a file of rows and checks that it is the one of the run. One that older
// versions did not write may be missing.
func read[R any](l *loading, name string, columns []column[R], add func(*R), added bool) error {
	want := slices.IndexFunc(l.Files, func(f File) bool { return f.Name == name })
	if want < 0 && added {
		l.Warnings = append(l.Warnings, backtest.Warning{Kind: "missing", Text: "the run was kept by a version that wrote no " + name})
		return nil
	}
	path := filepath.Join(l.dir, name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return damaged{fmt.Errorf("%s is missing", path)} // not fs.ErrNotExist: the run is there
	}
	if err != nil {
		return err
	}
	defer file.Close()
	sum, rows := sha256.New(), 0
	err = readCSV(bufio.NewReaderSize(io.TeeReader(file, sum), 1<<16), columns, func(r *R) { add(r); rows++ })
	if err == nil && want < 0 {
		err = fmt.Errorf("%s does not know the file", resultFile)
	}
	if err == nil {
		err = l.Files[want].check(rows, hex.EncodeToString(sum.Sum(nil)))
	}
	if err != nil {
		return damaged{fmt.Errorf("%s: %w", path, err)}
	}
	return nil
}

// check says whether a file is the one that result.json tells of.
func (f *File) check(rows int, sum string) error {
	switch {
	case rows != f.Rows:
		return fmt.Errorf("%d rows in place of %d: it is not of the run in %s", rows, f.Rows, resultFile)
	case f.SHA256 != "" && f.SHA256 != sum:
		return fmt.Errorf("SHA-256 %.12s in place of %.12s: it was changed, or is not of the run in %s", sum, f.SHA256, resultFile)
	}
	return nil
}
