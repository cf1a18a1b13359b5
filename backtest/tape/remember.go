package tape

import (
	"encoding/json"
	"errors"
	"io"
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

// partsMax bounds the files in one line of imports.jsonl.
const partsMax = 1000

// remember notes that a file has been imported, so that an import of many files that was
// stopped goes on where it was. The note may be lost; then the file is read again, which
// changes nothing.
func (t *Tape) remember(f *source.File, parts []string) error {
	if len(parts) == 0 {
		return nil
	}
	var text []byte
	for chunk := range slices.Chunk(parts, partsMax) {
		line, err := json.Marshal(imported{f.SHA256, f.Name, chunk})
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	file, err := os.OpenFile(filepath.Join(t.dir, importsName), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	end := make([]byte, 1)
	if at, err := file.Seek(-1, io.SeekEnd); err == nil {
		if _, err := file.ReadAt(end, at); err == nil && end[0] != '\n' {
			text = append([]byte("\n"), text...) // the line before was cut off
		}
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// memory is what imports have written, by the SHA-256 of their files.
type memory map[string][]string

// has says whether all that a file wrote is still there, so that it need not be read
// again: files of the tape that name it among their sources. A file may have been removed
// and made anew from others. What is known of the series must agree with what it wrote:
// the same file may be imported as two kinds, or for two markets.
func (m memory) has(t *Tape, sha256 string, known row.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	agrees := false
	for _, name := range m[sha256] {
		part := strings.Split(name, "/")
		if len(part) != 4 {
			return false
		}
		key, err := row.ParseKey(part[0], part[1], part[2])
		if err != nil || !t.gave(key, part[3], sha256) {
			return false
		}
		agrees = agrees || (known.Product == 0 || known.Product == key.Product) && (known.Symbol == "" || known.Symbol == key.Symbol) &&
			(known.Kind == "" || known.Kind == key.Kind) && (known.Interval == 0 || known.Interval == key.Interval)
	}
	return agrees
}

// gave says whether a file of the tape has all rows of a source.
func (t *Tape) gave(key row.Key, name, sha256 string) bool {
	parts := t.shelf[key]
	at := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
	return at >= 0 && slices.ContainsFunc(parts[at].meta.origins, func(o Origin) bool { return o.SHA256 == sha256 && !o.Repair })
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
	lines := source.NewLines(file)
	for {
		text, err := lines.Next()
		if err == source.ErrLine {
			err = lines.Rest()
			text = nil
		}
		if err == io.EOF {
			return known, nil
		}
		if err != nil {
			return nil, err
		}
		var line imported
		if json.Unmarshal(text, &line) != nil {
			continue
		}
		known[line.SHA256] = append(known[line.SHA256], line.Parts...)
	}
}
