package tape

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// imported is a line of imports.jsonl: a file whose import is complete, the files of the
// tape that it wrote, and those that had all its rows already.
type imported struct {
	SHA256 string   `json:"sha256"`
	Name   string   `json:"name"`
	Parts  []string `json:"parts"`
	Within []within `json:"within,omitempty"`
	// Empty is the series that an archive without rows is of; it has no parts.
	Empty string `json:"empty,omitempty"`
}

// within is a file of the tape as it was when it had all rows that another source brought
// for it. It has them as long as it has only grown since: as long as its sources begin with
// the same ones.
type within struct {
	Part    string `json:"part"`
	Sources int    `json:"sources"`
	SHA256  string `json:"sha256"`
}

// withinOf notes the sources that a file of the tape has.
func withinOf(part string, origins []Origin) within {
	sum := sha256.New()
	for _, o := range origins {
		fmt.Fprintf(sum, "%s %v\n", o.SHA256, o.Repair)
	}
	return within{part, len(origins), hex.EncodeToString(sum.Sum(nil))}
}

const importsName = "imports.jsonl"

// partsMax bounds the files in one line of imports.jsonl.
const partsMax = 1000

// remember notes that a file has been imported, so that an import of many files that was
// stopped goes on where it was. The note may be lost; then the file is read again, which
// changes nothing. parts are the files of the tape that it wrote, gave and same those that
// lacked none of its rows: because they had come from it, and from others.
func (t *Tape) remember(f *source.File, parts, gave []string, same []within) error {
	parts = append(parts, gave...)
	if len(gave)+len(same) > 0 {
		known, err := t.remembered()
		if err != nil || known.noted(t, f.SHA256, parts, same) {
			return err
		}
	}
	var lines []imported
	for chunk := range slices.Chunk(parts, partsMax) {
		lines = append(lines, imported{f.SHA256, f.Name, chunk, nil, ""})
	}
	for chunk := range slices.Chunk(same, partsMax) {
		lines = append(lines, imported{f.SHA256, f.Name, []string{}, chunk, ""})
	}
	return t.note(lines)
}

// noteEmpty notes that an archive has no rows of a series, once.
func (t *Tape) noteEmpty(f *source.File, key row.Key) error {
	known, err := t.remembered()
	if err != nil || known.empty(f.SHA256, key) {
		return err
	}
	return t.note([]imported{{SHA256: f.SHA256, Name: f.Name, Parts: []string{}, Empty: key.String()}})
}

// note appends lines to imports.jsonl.
func (t *Tape) note(lines []imported) error {
	if len(lines) == 0 {
		return nil
	}
	var text []byte
	for _, l := range lines {
		line, err := json.Marshal(l)
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
type memory map[string]*remembered

// remembered is what one file wrote, in all imports of it.
type remembered struct {
	parts []string
	// within has for each file of the tape that lacked nothing the last that was noted.
	within map[string]within
	// empty are the series that it was found to have no rows of.
	empty []string
}

// Known is what a tape remembers of the files that it was made of, as it was when it was
// asked. Any goroutine may use it while others import.
type Known struct {
	tape   *Tape
	memory memory
}

// Known reads what the tape remembers.
func (t *Tape) Known() (*Known, error) {
	m, err := t.remembered()
	if err != nil {
		return nil, fmt.Errorf("tape %s: %w", t.dir, err)
	}
	return &Known{t, m}, nil
}

// Has says whether all rows that a file, known by its SHA-256 in hex, has of a series are
// on the tape, so that it need not be read again.
func (k *Known) Has(sha256 string, key row.Key) bool { return k.memory.has(k.tape, sha256, key) }

// Empty says whether a file, known by its SHA-256 in hex, is an archive of a series that was
// read with [ImportSpec.NoteEmpty] and has no rows.
func (k *Known) Empty(sha256 string, key row.Key) bool { return k.memory.empty(sha256, key) }

// Named lists the SHA-256 of the files of a base name that gave rows to a series, oldest
// import first. More than one, or another than the name has now, means that the file was
// replaced by who publishes it.
func (k *Known) Named(name string, key row.Key) []string {
	k.tape.mu.Lock()
	defer k.tape.mu.Unlock()
	var list []string
	for _, p := range k.tape.shelf[key] {
		for _, o := range p.meta.origins {
			if o.Name == name && !o.Repair && !slices.Contains(list, o.SHA256) {
				list = append(list, o.SHA256)
			}
		}
	}
	return list
}

// has says whether all that a file wrote is still there, so that it need not be read
// again: files of the tape that name it among their sources. A file may have been removed
// and made anew from others. What is known of the series must agree with what it wrote:
// the same file may be imported as two kinds, or for two markets.
func (m memory) has(t *Tape, sha256 string, known row.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return m.holds(t, sha256, known)
}

// holds is has for one who holds the tape's mutex.
func (m memory) holds(t *Tape, sha256 string, known row.Key) bool {
	r := m[sha256]
	if r == nil {
		return false
	}
	agrees := false
	gave := func(o Origin) bool { return o.SHA256 == sha256 && !o.Repair }
	for _, name := range slices.Concat(r.parts, slices.Collect(maps.Keys(r.within))) {
		part := strings.Split(name, "/")
		if len(part) != 4 {
			return false
		}
		key, err := row.ParseKey(part[0], part[1], part[2])
		if err != nil {
			return false
		}
		have, w := t.origins(key, part[3]), r.within[name]
		grown := w.Part != "" && len(have) >= w.Sources && withinOf(name, have[:w.Sources]) == w
		if !grown && !slices.ContainsFunc(have, gave) {
			return false
		}
		agrees = agrees || (known.Product == 0 || known.Product == key.Product) && (known.Symbol == "" || known.Symbol == key.Symbol) &&
			(known.Kind == "" || known.Kind == key.Kind) && (known.Interval == 0 || known.Interval == key.Interval)
	}
	return agrees
}

// empty says whether a file was found to have no rows of a series.
func (m memory) empty(sha256 string, key row.Key) bool {
	r := m[sha256]
	return r != nil && slices.Contains(r.empty, key.String())
}

// noted says whether a note would say nothing new: an import again must not add a line each
// time.
func (m memory) noted(t *Tape, sha256 string, parts []string, same []within) bool {
	r := m[sha256]
	if r == nil {
		return len(parts)+len(same) == 0
	}
	return m.holds(t, sha256, row.Key{}) &&
		!slices.ContainsFunc(parts, func(name string) bool { return !slices.Contains(r.parts, name) }) &&
		!slices.ContainsFunc(same, func(w within) bool { return r.within[w.Part].Part == "" })
}

// origins are the sources of a file of the tape, none if it is not there.
func (t *Tape) origins(key row.Key, name string) []Origin {
	parts := t.shelf[key]
	at := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
	if at < 0 {
		return nil
	}
	return parts[at].meta.origins
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
		r := known[line.SHA256]
		if r == nil {
			r = &remembered{within: map[string]within{}}
			known[line.SHA256] = r
		}
		r.parts = append(r.parts, line.Parts...)
		if line.Empty != "" {
			r.empty = append(r.empty, line.Empty)
		}
		for _, w := range line.Within {
			r.within[w.Part] = w
		}
	}
}
