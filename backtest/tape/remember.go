package tape

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// imported is a line of imports.jsonl: a file whose import is complete, and the files of
// the tape that it wrote.
type imported struct {
	SHA256 string   `json:"sha256"`
	Name   string   `json:"name"`
	Parts  []string `json:"parts"`
}

const importsName = "imports.jsonl"

// remember notes that a file has been imported, so that an import of many files that was
// stopped goes on where it was. The note may be lost; then the file is read again, which
// changes nothing.
func (t *Tape) remember(f *source.File, parts []string) error {
	line, err := json.Marshal(imported{f.SHA256, f.Name, append([]string{}, parts...)})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(t.dir, importsName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// memory is what imports have written, by the SHA-256 of their files.
type memory map[string][]string

// has says whether all that a file wrote is still there, so that it need not be read
// again. A complete key must be among what it wrote: the same file may be imported as
// two kinds.
func (m memory) has(t *Tape, sha256 string, key row.Key) bool {
	parts := m[sha256]
	if key.Check() == nil && !slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, key.String()+"/") }) {
		return false
	}
	return len(parts) > 0 && t.hasAll(parts)
}

// remembered reads the notes. Lines that cannot be read count for nothing.
func (t *Tape) remembered() (memory, error) {
	known := memory{}
	file, err := os.Open(filepath.Join(t.dir, importsName))
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, source.LineMax)
	for lines.Scan() {
		var line imported
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		known[line.SHA256] = line.Parts
	}
	return known, lines.Err()
}

func (t *Tape) hasAll(parts []string) bool {
	for _, p := range parts {
		if _, err := os.Stat(filepath.Join(t.dir, filepath.FromSlash(p)+".parquet")); err != nil {
			return false
		}
	}
	return true
}
