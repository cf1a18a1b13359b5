package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/exchange"
)

// ErrLocked says that another recorder holds the directory.
var ErrLocked = errors.New("another recorder is at work in this directory")

// Recorder keeps what it is given in the segments of a directory. Message, Answer, Table
// and Note may be called by several goroutines and never wait for the disk; Run writes.
type Recorder struct {
	c    Config
	lock *os.File
	disk disk

	// mu guards buffer, and fields of lanes that say so. It is a mutex because those who
	// give messages must not pay for waking another goroutine; it is held for the time of
	// copying a line, and nobody who holds it waits for the disk.
	mu     sync.Mutex
	buffer buffer
	lanes  [lanesMax]*lane

	stats    Stats
	unsynced time.Time

	// The others are Run's.
	writer    writer
	tables    tables
	converter *converter
}

// Open makes or opens a recording for writing. It closes the segments that a killed
// recorder has left open: whole frames are kept, the rest of the file is cut off; the time
// up to the first new line becomes a gap note. It fails if another recorder holds the
// directory (ErrLocked), or cannot write there.
//
// What is given before Run begins waits in the buffer. Who does not call Run calls Close.
func Open(c Config) (*Recorder, error) {
	r, err := openWith(c, realDisk())
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return r, nil
}

func openWith(c Config, d disk) (*Recorder, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	encoder, err := newEncoder()
	if err != nil {
		return nil, err
	}
	if err := durable.MakeDirectory(c.Dir); err != nil {
		return nil, err
	}
	lock, err := prepare(c.Dir)
	if err != nil {
		return nil, err
	}
	r := &Recorder{c: c, lock: lock, disk: d, buffer: newBuffer(c.BufferBytes), lanes: newLanes()}
	r.writer.encoder, r.writer.left = encoder, map[string]exchange.Time{}
	r.converter = newConverter(c)
	for _, l := range r.lanes {
		if err := r.recoverLane(l); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	if r.tables, err = openTables(c.Dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return r, nil
}

// prepare locks the directory and sees that it is a recording of a format that we know, to
// which we may write.
func prepare(dir string) (*os.File, error) {
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	if err := checkFormat(dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// checkFormat reads the file that names the format, and makes it where it is not there. It
// asks for the right to write without writing: a full disk is no reason not to begin.
func checkFormat(dir string) error {
	path := filepath.Join(dir, formatName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := clearHidden(dir); err != nil {
			return err
		}
		return writeFile(path, []byte(format+"\n"))
	}
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(text)) != format {
		return fmt.Errorf("%s says %.40q: this version writes %s; choose another directory", path, text, format)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// Message keeps a message of a stream as it came. at is the local time of its receipt. It
// never blocks: when the buffer is full, the message is dropped and counted.
func (r *Recorder) Message(p exchange.Product, at exchange.Time, raw []byte) {
	r.keep(laneOf(p), at, "", raw)
}

// Answer keeps what a REST server answered to a public request: order books and lists. url
// is what was asked for; a query with a signature is cut off. Like Message it never blocks.
func (r *Recorder) Answer(p exchange.Product, at exchange.Time, url string, body []byte) {
	r.keep(laneOf(p), at, public(url), body)
}

// Table keeps a table that was asked for at some time, such as "um/exchangeInfo": as a
// file of its own if its content differs from the last one's, which [TableAt] finds, and in
// any case as a note. Names are one to four words of letters, digits, '-', '_' and '.',
// joined by '/'; one that is not is refused with an error, as is a body that is no JSON.
// Like Message it never blocks; a table that the buffer has no room for is dropped.
func (r *Recorder) Table(name string, at exchange.Time, body []byte) error {
	if err := checkTable(name, body); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.TablesAsked++
	if !r.buffer.addTable(name, at, body) {
		r.stats.TablesDropped++
	}
	return nil
}

// Note keeps a note among the messages of a product; 0 is for those of none. The recorder
// itself writes those of its start and end, of what it dropped, of tables, and of the gap
// that its absence has left.
func (r *Recorder) Note(p exchange.Product, at exchange.Time, n Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(r.lanes[laneOf(p)], at, n)
}
