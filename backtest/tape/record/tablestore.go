package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/exchange"
)

// polled is a table that was given and has not been written.
type polled struct {
	name string
	at   exchange.Time
	body []byte
}

func (p *polled) size() int64 { return int64(cap(p.body)) }

// addTable keeps a copy; false says that the buffer is full.
func (b *buffer) addTable(name string, at exchange.Time, body []byte) bool {
	if !b.take(int64(len(body))) {
		return false
	}
	kept := make([]byte, len(body))
	copy(kept, body)
	b.tables = append(b.tables, polled{name, at, kept})
	b.wake()
	return true
}

// tables knows the last content of each table.
type tables struct {
	dir  string
	last map[string]string
	// retry is when a table that could not be written is tried again.
	retry time.Time
	// fault is why the last one could not be written, nil if it could.
	fault error
}

// tableRetry is how long one that could not be written waits.
const tableRetry = 10 * time.Second

// openTables reads the last checksum of each table from the names of files.
func openTables(dir string) (tables, error) {
	t := tables{dir: dir, last: map[string]string{}}
	names, err := Tables(dir)
	for _, name := range names {
		directory := filepath.Join(dir, tablesDirectory, filepath.FromSlash(name))
		days, err := days(directory)
		if err != nil || len(days) == 0 {
			return t, err
		}
		day := days[len(days)-1]
		if err := clearHidden(filepath.Join(directory, day)); err != nil {
			return t, err
		}
		files, err := versions(directory, day)
		if err != nil {
			return t, err
		}
		if len(files) > 0 {
			t.last[name] = files[len(files)-1].SHA256
		}
	}
	return t, err
}

// storeTables writes the tables that wait. One that cannot be written waits behind the
// others, and does not keep messages from the disk.
func (r *Recorder) storeTables() {
	for time.Now().After(r.tables.retry) {
		r.mu.Lock()
		waiting := r.buffer.tables
		if len(waiting) == 0 {
			r.mu.Unlock()
			return
		}
		p := waiting[0]
		r.mu.Unlock()
		sum, changed, err := r.storeTable(&p)
		if err != nil {
			r.c.Log.Error("a table cannot be written", "table", p.name, "err", err, "retry", tableRetry)
			r.tables.retry = time.Now().Add(tableRetry)
		}
		r.tables.fault = err
		r.mu.Lock()
		r.tableDone(&p, sum, changed, err)
		r.mu.Unlock()
	}
}

// tableDone takes the first table from the buffer and notes that it was asked for.
func (r *Recorder) tableDone(p *polled, sum string, changed bool, err error) {
	b := &r.buffer
	b.tables = append(b.tables[:0], b.tables[1:]...)
	if err != nil {
		b.tables = append(b.tables, *p)
		r.stats.Faults++
		r.stats.TableFault = err.Error()
		return
	}
	b.total -= p.size()
	r.stats.TableFault = ""
	n := Note{Name: NoteTable, Stream: p.name, From: p.at, Text: sum}
	if changed {
		n.Count = 1
		r.stats.Tables++
	}
	own := r.lanes[0]
	r.note(own, max(p.at, own.last), n)
}

// storeTable writes a table if it has changed.
func (r *Recorder) storeTable(p *polled) (sum string, changed bool, err error) {
	sum = contentSum(p.body)
	if r.tables.last[p.name] == sum[:sumDigits] {
		return sum, false, nil
	}
	if err := r.room(int64(len(p.body))); err != nil {
		return sum, false, err
	}
	at := p.at.UTC()
	directory := filepath.Join(r.tables.dir, tablesDirectory, filepath.FromSlash(p.name), at.Format(time.DateOnly))
	if err := durable.MakeDirectory(directory); err != nil {
		return sum, false, err
	}
	name := at.Format(clockLayout) + "-" + sum[:sumDigits] + tableExtension
	if err := writeFile(filepath.Join(directory, name), r.writer.encoder.EncodeAll(p.body, nil)); err != nil {
		return sum, false, err
	}
	r.tables.last[p.name] = sum[:sumDigits]
	return sum, true, nil
}

// contentSum is the checksum of a table's content: compact, and of an object its fields
// sorted and without serverTime, which is another in every answer of exchangeInfo.
func contentSum(body []byte) string {
	var text bytes.Buffer
	var fields map[string]json.RawMessage
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] == '{' && json.Unmarshal(body, &fields) == nil {
		delete(fields, "serverTime")
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			fmt.Fprintf(&text, "%q:", name)
			compact(&text, fields[name])
			text.WriteByte('\n')
		}
	} else {
		compact(&text, body)
	}
	sum := sha256.Sum256(text.Bytes())
	return hex.EncodeToString(sum[:])
}

// compact adds JSON text without blanks, and what is none as it is.
func compact(to *bytes.Buffer, text []byte) {
	if err := json.Compact(to, text); err != nil {
		to.Write(text)
	}
}
