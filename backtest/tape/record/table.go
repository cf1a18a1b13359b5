package record

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/exchange"
)

// Table is a table of a recording as it was from some instant on.
type Table struct {
	// Name is such as "um/exchangeInfo".
	Name string
	// At is when it was asked for and found to be so.
	At exchange.Time
	// SHA256 is that of its content without what changes with every answer, in hex.
	SHA256 string
	// Path is its file.
	Path string
}

const (
	tablesDirectory = "tables"
	tableExtension  = ".json.zst"
	// clockLayout is the first part of a table's file name, behind its day's directory.
	clockLayout = "15-04-05.000000000"
	// sumDigits of a table's checksum are the rest of it.
	sumDigits = 16
	// tableMax bounds a table in bytes; tableNameMax bounds its name.
	tableMax     = 32 << 20
	tableNameMax = 100
	wordsMax     = 4
)

// checkTable says whether a table can be kept.
func checkTable(name string, body []byte) error {
	if err := checkTableName(name); err != nil {
		return err
	}
	if len(body) > tableMax {
		return fmt.Errorf("table %s has %d bytes: %d are the most", name, len(body), tableMax)
	}
	if !json.Valid(body) {
		return fmt.Errorf("table %s is no JSON but %.40q", name, body)
	}
	return nil
}

func checkTableName(name string) error {
	words := strings.Split(name, "/")
	bad := len(name) > tableNameMax || len(words) > wordsMax
	for _, w := range words {
		_, err := time.Parse(time.DateOnly, w)
		bad = bad || w == "" || w[0] == '.' || err == nil || strings.ContainsFunc(w, func(c rune) bool {
			return c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
		})
	}
	if bad {
		return fmt.Errorf("table name %.40q: it is one to %d words of letters, digits, '-', '_' and '.', such as um/exchangeInfo", name, wordsMax)
	}
	return nil
}

// Tables lists the names of the tables of a recording, sorted.
func Tables(dir string) ([]string, error) {
	var names []string
	root := filepath.Join(dir, tablesDirectory)
	err := fs.WalkDir(os.DirFS(root), ".", func(at string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && at == "." {
			return fs.SkipAll
		}
		if err != nil || !d.IsDir() {
			return err
		}
		if _, day := time.Parse(time.DateOnly, d.Name()); day != nil {
			return nil
		}
		if name := path.Dir(at); checkTableName(name) == nil && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
		return fs.SkipDir
	})
	if err != nil {
		return nil, fmt.Errorf("tables of %s: %w", dir, err)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// TableAt is the table that was valid at an instant: the last one asked for at or before
// it, with its content as it came. It is fs.ErrNotExist if there is none so early, with an
// error that says from when on there is one. A table that was not asked for while the
// recorder did not run may have changed before At; the notes tell when it was asked for.
func TableAt(dir, name string, at exchange.Time) (Table, []byte, error) {
	if err := checkTableName(name); err != nil {
		return Table{}, nil, err
	}
	t, err := tableAt(filepath.Join(dir, tablesDirectory, filepath.FromSlash(name)), at)
	t.Name = name
	if err != nil {
		return t, nil, fmt.Errorf("table %s: %w", name, err)
	}
	body, err := readTable(t)
	if err != nil {
		return t, nil, fmt.Errorf("table %s: %w", name, err)
	}
	t.SHA256 = contentSum(body)
	return t, body, nil
}

// tableAt finds the file.
func tableAt(directory string, at exchange.Time) (Table, error) {
	days, err := days(directory)
	if err != nil {
		return Table{}, err
	}
	first := exchange.Time(0)
	for _, day := range slices.Backward(days) {
		files, err := versions(directory, day)
		if err != nil {
			return Table{}, err
		}
		for _, t := range slices.Backward(files) {
			if t.At <= at {
				return t, nil
			}
			first = t.At
		}
	}
	if first == 0 {
		return Table{}, absent("none was recorded")
	}
	return Table{}, absent(fmt.Sprintf("none at %v, the first is of %v", at, first))
}

// absent is an [fs.ErrNotExist] that says what is not there, and no more.
type absent string

func (a absent) Error() string      { return string(a) }
func (absent) Is(target error) bool { return target == fs.ErrNotExist }

// readTable unpacks a table and holds it to the checksum in its name.
func readTable(t Table) ([]byte, error) {
	packed, err := os.ReadFile(t.Path)
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(tableMax))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	body, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: is damaged: %w", t.Path, err)
	}
	if sum := contentSum(body); sum[:sumDigits] != t.SHA256 {
		return nil, fmt.Errorf("%s: is damaged: its content has the checksum %s", t.Path, sum[:sumDigits])
	}
	return body, nil
}

// days lists the directories of a table, by name.
func days(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []string
	for _, e := range entries {
		if _, bad := time.Parse(time.DateOnly, e.Name()); bad == nil && e.IsDir() {
			list = append(list, e.Name())
		}
	}
	return list, err
}

// versions lists the tables of a day by time. Their SHA256 is as long as in the name.
func versions(directory, day string) ([]Table, error) {
	entries, err := os.ReadDir(filepath.Join(directory, day))
	if err != nil {
		return nil, err
	}
	var list []Table
	for _, e := range entries {
		stem, ok := strings.CutSuffix(e.Name(), tableExtension)
		n := len(clockLayout)
		if !ok || len(stem) != n+1+sumDigits || stem[n] != '-' {
			continue
		}
		at, err := time.Parse(time.DateOnly+" "+clockLayout, day+" "+stem[:n])
		if err != nil {
			continue
		}
		list = append(list, Table{At: exchange.TimeOf(at), SHA256: stem[n+1:], Path: filepath.Join(directory, day, e.Name())})
	}
	slices.SortStableFunc(list, func(a, b Table) int { return cmp.Compare(a.At, b.At) })
	return list, nil
}
