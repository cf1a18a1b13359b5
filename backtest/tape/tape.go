package tape

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Tape is a store of recorded market data in a directory. One goroutine uses it at a
// time; several processes may read a tape while one imports.
type Tape struct {
	dir    string
	create func(path string) (sealer, error)
	// mu guards shelf, and the files that it lists, while ImportAll has several imports
	// under way: each ends with a commit of its own, and they share nothing else.
	mu    sync.Mutex
	shelf map[row.Key][]part // parts in the order of time
}

// Create makes the directory if it is not there and opens it.
func Create(dir string) (*Tape, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create tape: %w", err)
	}
	return Open(dir)
}

// Dir is the directory of the tape.
func (t *Tape) Dir() string { return t.dir }

// ErrDamaged says that a file of the tape is not as it was written: cut off, changed,
// moved, or not a file of a tape.
var ErrDamaged = errors.New("damaged tape")

// damage is an error that is ErrDamaged and says what is damaged in its own words.
type damage struct{ error }

func (d damage) Is(target error) bool { return target == ErrDamaged }

func (d damage) Unwrap() error { return d.error }

// damaged marks what was found wrong in a file, unless the system did not give us the
// file at all.
func damaged(err error) error {
	if _, system := errors.AsType[*fs.PathError](err); system || err == nil {
		return err
	}
	return damage{err}
}

// Open reads the metadata of all files of a tape. A file that cannot be read, or that
// does not belong where it is, is an ErrDamaged that names it: a backtest on part of the
// data would look like one on all of it.
func Open(dir string) (*Tape, error) {
	t := &Tape{dir: dir, shelf: map[row.Key][]part{}, create: createFile}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err // the path is ours to name
		}
		return nil, fmt.Errorf("tape %s: %w", dir, err)
	}
	var faults []error
	for _, market := range entries {
		if !market.IsDir() || row.ProductOf(market.Name()) == 0 {
			continue
		}
		if err := t.scan(market.Name(), &faults); err != nil {
			return nil, fmt.Errorf("open tape: %w", damaged(err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("open tape: %w", err)
	}
	return t, nil
}

// faultsMax bounds the damaged files that Open names.
const faultsMax = 100

// scan reads the files of a market. Those that cannot be read go to faults, so that one
// look shows all of them.
func (t *Tape) scan(market string, faults *[]error) error {
	return fs.WalkDir(os.DirFS(t.dir), market, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".") && d.IsDir() {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".parquet" || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		names := strings.Split(path, "/")
		if len(names) != 4 {
			return fmt.Errorf("%s is not in a directory <market>/<symbol>/<kind>", filepath.Join(t.dir, path))
		}
		key, err := row.ParseKey(names[0], names[1], names[2])
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(t.dir, path), err)
		}
		if err := t.shelve(key, strings.TrimSuffix(names[3], ".parquet")); err != nil {
			*faults = append(*faults, damaged(err))
		}
		if len(*faults) == faultsMax {
			return fs.SkipAll
		}
		return nil
	})
}

// find reads the metadata of a file as it is on disk now, nil if there is none. A file
// that does not belong where it is is an error.
func (t *Tape) find(key row.Key, name string) (*part, error) {
	p := &part{name: name, path: t.path(key, name)}
	if _, err := os.Stat(p.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	m, err := readMeta(p.path)
	span := key.Kind.Span(key.Interval)
	switch {
	case err != nil:
	case m.series != key.String():
		err = fmt.Errorf("%s: is a file of %s: it was moved or renamed", p.path, m.series)
	case m.schema != key.Kind.Schema():
		err = fmt.Errorf("%s: has the schema %s, this version reads %s: import its sources again", p.path, m.schema, key.Kind.Schema())
	case span.Name(m.first) != name || span.Name(m.last) != name:
		err = fmt.Errorf("%s: has rows from %v to %v: it was copied or renamed", p.path, m.first, m.last)
	}
	p.meta = m
	return p, damaged(err)
}

// shelve reads the metadata of a file and puts it where it belongs.
func (t *Tape) shelve(key row.Key, name string) error {
	found, err := t.find(key, name)
	if err != nil {
		return err
	}
	if found == nil {
		return fmt.Errorf("%s: %w", t.path(key, name), fs.ErrNotExist)
	}
	p := *found
	parts := t.shelf[key]
	at, there := slices.BinarySearchFunc(parts, name, func(p part, name string) int { return strings.Compare(p.name, name) })
	if there {
		parts[at] = p
	} else {
		t.shelf[key] = slices.Insert(parts, at, p)
	}
	return nil
}

func (t *Tape) path(key row.Key, name string) string {
	return filepath.Join(t.dir, filepath.FromSlash(key.String()), name+".parquet")
}

// Series is what a tape has of one kind of data for one instrument.
type Series struct {
	row.Key
	// From is the instant of the first row, To of the last; a bar's is its close.
	From, To exchange.Time
	Rows     int64
	// Gaps counts the holes; see [Tape.Holes].
	Gaps int
	// Duplicates and Skipped count rows of the sources that were left out.
	Duplicates, Skipped int64
	// Step is the usual distance of rows, 0 for trades.
	Step time.Duration
	// Source names the files that the rows came from; Origins has all.
	Source  string
	Origins []Origin
	// Hash is SHA-256 over the rows in canonical form: the same on every machine and for
	// every order of imports. See FORMAT.md.
	Hash string
}

// Series lists what the tape has, in the order of market, symbol, kind and interval.
func (t *Tape) Series() []Series {
	var list []Series
	for key, parts := range t.shelf {
		first, last := parts[0].meta, parts[len(parts)-1].meta
		s := Series{Key: key, From: first.first, To: last.last.Add(key.Interval), Gaps: len(t.Holes(key))}
		sum, origins := sha256.New(), map[originKey]int{}
		fmt.Fprintf(sum, "pmbot.series/1\n%s\n%s\n", first.schema, key)
		for _, p := range parts {
			s.Rows += p.meta.rows
			s.Step = max(s.Step, p.meta.step)
			for _, o := range p.meta.origins {
				s.Duplicates += o.Duplicates
				s.Skipped += o.Skipped
				s.addOrigin(o, origins)
			}
			fmt.Fprintf(sum, "%s %d %s\n", p.name, p.meta.rows, p.meta.hash)
		}
		s.Hash = hex.EncodeToString(sum.Sum(nil))
		s.Source = s.Origins[0].Name
		if n := len(s.Origins); n > 1 {
			s.Source = fmt.Sprintf("%s .. %s (%d files)", s.Source, s.Origins[n-1].Name, n)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), strings.Compare(a.Symbol, b.Symbol),
			strings.Compare(string(a.Kind), string(b.Kind)), cmp.Compare(a.Interval, b.Interval))
	})
	return list
}

// originKey tells the origins of a series apart: what a file filled as a repair is not
// what it gave as an import.
type originKey struct {
	sha256 string
	repair bool
}

// addOrigin joins what one source gave to several files; at says where it stands.
func (s *Series) addOrigin(o Origin, at map[originKey]int) {
	key := originKey{o.SHA256, o.Repair}
	i, known := at[key]
	if !known {
		at[key] = len(s.Origins)
		s.Origins = append(s.Origins, o)
		return
	}
	same := &s.Origins[i]
	same.Rows += o.Rows
	same.Duplicates += o.Duplicates
	same.Skipped += o.Skipped
	same.From, same.To = min(same.From, o.From), max(same.To, o.To)
}

// Holes lists the holes of a series in the order of time, those between its files too.
func (t *Tape) Holes(key row.Key) []Hole {
	var holes []Hole
	var before meta
	for i, p := range t.shelf[key] {
		if i > 0 {
			if h, ok := holeBetween(before, p.meta, key); ok {
				holes = append(holes, h)
			}
		}
		if i == 0 || p.meta.lastID != 0 || before.lastID == 0 {
			before = p.meta // a file without ids says nothing about what links its neighbours
		}
		holes = append(holes, p.meta.holes...)
	}
	return holes
}

// holeBetween looks for a hole between two files of a series.
func holeBetween(a, b meta, key row.Key) (Hole, bool) {
	f, err := formatOf(key.Kind)
	if err != nil {
		return Hole{}, false
	}
	switch f.holeRule() {
	case noHoles:
		return Hole{}, false
	case linkedHoles:
		if a.lastID == 0 || b.lastID == 0 {
			return Hole{}, false
		}
		return unlinked(a.last, a.lastID, b.first, b.firstAfter)
	case silentHoles:
		usual, most := silences(key.Kind)
		apart := b.first.Sub(a.last)
		return Hole{a.last.Add(usual), b.first, max(1, int64(apart/usual)-1)}, apart > most
	}
	step := max(a.step, b.step)
	apart := b.first.Sub(a.last)
	return Hole{a.last.Add(step), b.first, max(1, int64(apart/max(step, 1))-1)}, step > 0 && apart > step
}

// Hash is the data manifest hash: SHA-256 over the names and hashes of series, in
// whatever order they are given.
func Hash(series ...Series) string {
	var text []string
	for _, s := range series {
		text = append(text, s.Key.String()+" "+s.Hash+"\n")
	}
	slices.Sort(text)
	sum := sha256.Sum256([]byte("pmbot.data/1\n" + strings.Join(text, "")))
	return hex.EncodeToString(sum[:])
}

// Verify reads every row of the tape and compares it with what the metadata promises. It
// reports all files that fail.
func (t *Tape) Verify(ctx context.Context) error {
	var faults []error
	for _, s := range t.Series() {
		f, err := formatOf(s.Kind)
		if err != nil {
			return err
		}
		for _, p := range t.shelf[s.Key] {
			if err := ctx.Err(); err != nil {
				return err
			}
			faults = append(faults, f.verify(ctx, p))
		}
	}
	return errors.Join(faults...)
}
