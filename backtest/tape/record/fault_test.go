package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// faulty is a disk that fails as it is told. Its files are real.
type faulty struct {
	// left is how many bytes can still be written; a write beyond is taken in part.
	left int
	// write, sync, cut and open are the errors of these calls, nil for none. A write with an
	// error and room takes what there is room for.
	write, sync, cut, open error
	free                   int64
}

func (f *faulty) disk() disk {
	real := realDisk()
	return disk{
		create: func(path string) (file, error) {
			if f.open != nil {
				return nil, &fs.PathError{Op: "open", Path: path, Err: f.open}
			}
			opened, err := real.create(path)
			return faultyFile{opened, f}, err
		},
		free: func(string) (int64, error) { return f.free, nil },
	}
}

type faultyFile struct {
	file
	f *faulty
}

func (o faultyFile) Write(b []byte) (int, error) {
	n := min(len(b), o.f.left)
	if o.f.write == nil {
		n = len(b)
	}
	o.f.left -= n
	written, err := o.file.Write(b[:n])
	if err == nil && n < len(b) {
		err = o.f.write
	}
	return written, err
}

func (o faultyFile) Sync() error {
	if o.f.sync != nil {
		return o.f.sync
	}
	return o.file.Sync()
}

func (o faultyFile) Truncate(size int64) error {
	if o.f.cut != nil {
		return o.f.cut
	}
	return o.file.Truncate(size)
}

// again has the recorder ask the disk again at once.
func again(r *Recorder) {
	r.writer.retry, r.tables.retry = time.Time{}, time.Time{}
	r.writer.tidied = time.Time{}
	r.flush()
}

// TestDiskFull fills the disk at every byte of three frames: nothing half-written is left,
// nothing is lost while there is memory, and recording goes on when there is room.
func TestDiskFull(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO, syscall.EDQUOT} {
		for left := 0; left < 425; left += 17 {
			dir := t.TempDir()
			c, _ := config(t, dir)
			f := &faulty{left: left, write: cause}
			r := mustOpen(t, c, f.disk())
			for i := range 3 {
				r.Message(exchange.UM, start, trade(i))
				r.flush()
			}
			s := r.Stats()
			if s.Full != isFull(cause) || s.Fault == "" || s.Faults == 0 || s.Behind == 0 {
				t.Fatalf("%v at %d: %+v", cause, left, s)
			}
			for _, s := range mustSegments(t, dir) {
				if m, err := scan(s.Path); err != nil || m.cut != 0 {
					t.Fatalf("%v at %d: half a frame: %+v, %v", cause, left, m, err)
				}
			}
			f.write = nil
			again(r) // what has failed
			again(r) // what came meanwhile
			if s := r.Stats(); s.Fault != "" || s.Full || s.Behind != 0 {
				t.Fatalf("it does not go on: %+v", s)
			}
			stop(t, r)
			if got := strings.Count(all(t, dir), "btcusdt@trade"); got != 3 {
				t.Fatalf("%v at %d: %d messages of 3 are left", cause, left, got)
			}
		}
	}
}

// TestFullEnds says what could not be written by the end.
func TestFullEnds(t *testing.T) {
	c, _ := config(t, t.TempDir())
	r := mustOpen(t, c, (&faulty{write: syscall.ENOSPC}).disk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	if err := r.Table("um/exchangeInfo", start, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	err := r.end()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "bytes of lines and 1 tables could not be written") {
		t.Errorf("%v", err)
	}
	kill(t, r)
}

// TestCannotCut leaves a torn segment alone, goes on in another, and closes the first later.
func TestCannotCut(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	f := &faulty{}
	r := mustOpen(t, c, f.disk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	f.left, f.write, f.cut = 40, syscall.EIO, syscall.EIO
	r.Message(exchange.UM, start, trade(2))
	r.flush()
	f.write, f.cut = nil, nil
	again(r)
	again(r)
	stop(t, r)
	text := all(t, dir)
	for _, want := range []string{"2026-11-23T04.jsonl.zst\n", "T04_0002.jsonl.zst\n", `"t":1001`, `"t":1002`, "lost what it had taken"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, partSuffix) {
		t.Errorf("left open:\n%s", text)
	}
}

// TestSyncFails does not trust a segment that could not be forced to the disk.
func TestSyncFails(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	c.SyncEvery, c.Flush = 10*time.Millisecond, 10*time.Millisecond
	f := &faulty{sync: syscall.EIO}
	r := mustOpen(t, c, f.disk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	if s := r.Stats(); s.Faults == 0 || r.lanes[exchange.UM].segment != nil {
		t.Errorf("%+v", s)
	}
	f.sync = nil
	r.Message(exchange.UM, start, trade(2))
	again(r)
	stop(t, r)
	if text := all(t, dir); strings.Count(text, "btcusdt@trade") != 2 || strings.Contains(text, partSuffix) {
		t.Error(text)
	}
}

// TestRoomForOthers stops before the disk is full.
func TestRoomForOthers(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	c.FreeMin = 1 << 20
	f := &faulty{free: 1 << 20}
	r := mustOpen(t, c, f.disk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	if s := r.Stats(); !s.Full || !strings.Contains(s.Fault, "less room than is to be left free: 1048576 bytes, and 1048576 are to be left") {
		t.Errorf("%+v", s)
	}
	f.free = 1 << 30
	again(r)
	stop(t, r)
	if s := r.Stats(); s.Full || s.Fault != "" {
		t.Errorf("%+v", s)
	}
}

// TestRemoved goes on when somebody removes the directory under the recorder, and tells
// what is gone. It holds the new directory, too.
func TestRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recording")
	c, now := config(t, dir)
	r := mustOpen(t, c, realDisk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	now.at = start.Add(time.Second)
	r.Message(exchange.UM, now.at, trade(2))
	r.flush()
	if _, err := Open(c); !errors.Is(err, ErrLocked) {
		t.Errorf("the new directory is not held: %v", err)
	}
	stop(t, r)
	text := all(t, dir)
	if !strings.Contains(text, `"t":1002`) || !strings.Contains(text, `"e":"pmbot.gap","from":"2026-11-23T04:59:00Z","to":"2026-11-23T04:59:01Z"`) {
		t.Error(text)
	}
}

// TestCannotOpen keeps what comes while no segment can be made.
func TestCannotOpen(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	f := &faulty{open: syscall.EROFS}
	r := mustOpen(t, c, f.disk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	if s := r.Stats(); s.Full || !strings.Contains(s.Fault, "read-only file system") {
		t.Errorf("%+v", s)
	}
	f.open = nil
	again(r)
	stop(t, r)
	if !strings.Contains(all(t, dir), `"t":1001`) {
		t.Error("lost")
	}
}

// TestCannotClose closes a segment later whose checksum cannot be written.
func TestCannotClose(t *testing.T) {
	dir := t.TempDir()
	c, now := config(t, dir)
	r := mustOpen(t, c, realDisk())
	r.Message(exchange.UM, start, trade(1))
	r.flush()
	final := r.lanes[exchange.UM].segment.final
	if err := os.Mkdir(final, 0o755); err != nil { // the name is taken
		t.Fatal(err)
	}
	now.at = start.Add(time.Hour)
	r.flush()
	if s := r.Stats(); s.Faults != 1 || s.Segments != 0 {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(final); err != nil {
		t.Fatal(err)
	}
	again(r)
	if s := r.Stats(); s.Segments != 1 || !exists(final) {
		t.Errorf("%+v", s)
	}
	stop(t, r)
}

// TestStall blocks the disk: memory stays bounded, what does not fit is dropped, counted
// and told, and nobody who gives waits.
func TestStall(t *testing.T) {
	dir := t.TempDir()
	c, now := config(t, dir)
	c.BufferBytes = 1 << 20
	f := &faulty{write: syscall.EIO}
	r := mustOpen(t, c, f.disk())
	const given = 20_000
	for i := range given {
		now.at = start.Add(time.Duration(i) * time.Millisecond)
		r.Message(exchange.UM, now.at, trade(i))
		if i%1000 == 0 {
			r.flush()
		}
		r.mu.Lock()
		if r.buffer.total > int64(c.BufferBytes) {
			t.Fatalf("%d bytes of memory", r.buffer.total)
		}
		r.mu.Unlock()
	}
	s := product(r.Stats(), exchange.UM)
	if s.Dropped == 0 || s.Messages+s.Dropped != given || s.DroppedBytes == 0 {
		t.Fatalf("%+v", s)
	}
	f.write = nil
	again(r)
	r.Message(exchange.UM, now.at, trade(given))
	stop(t, r)
	text := all(t, dir)
	if n := strings.Count(text, "btcusdt@trade"); int64(n) != s.Messages+1 {
		t.Errorf("%d messages are kept, %d were taken", n, s.Messages+1)
	}
	told := int64(0)
	for _, g := range gaps(t, dir) {
		told += g.Count
		if g.From < start || g.To > now.at || g.From > g.To {
			t.Errorf("%+v", g)
		}
	}
	if told != s.Dropped {
		t.Errorf("%d dropped messages are told, %d were dropped", told, s.Dropped)
	}
}

// TestTableFails does not let a table that cannot be written stop messages or other tables.
func TestTableFails(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	if err := os.MkdirAll(filepath.Join(dir, "tables"), 0o755); err != nil {
		t.Fatal(err)
	}
	blocked := filepath.Join(dir, "tables", "um")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil { // where a directory is due
		t.Fatal(err)
	}
	for _, name := range []string{"um/a", "cm/b"} {
		if err := r.Table(name, start, []byte(`[1]`)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		r.Message(exchange.UM, start, trade(i))
		r.flush()
	}
	s := r.Stats()
	if um := product(s, exchange.UM); um.Written != um.Bytes || s.Fault != "" || s.Faults != 1 || !strings.Contains(s.TableFault, "is a file") {
		t.Errorf("%+v", s)
	}
	again(r)
	if _, _, err := TableAt(dir, "cm/b", start); err != nil {
		t.Errorf("the other: %v", err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	again(r)
	if s := r.Stats(); s.Tables != 2 || s.TableFault != "" {
		t.Errorf("%+v", s)
	}
	stop(t, r)
}

// TestLateAnswers does not take an answer that has waited for a clock that was set back.
func TestLateAnswers(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	now := start
	r.Message(exchange.UM, now, trade(1))
	r.Answer(exchange.UM, now.Add(-lateMax), "https://fapi.binance.com/x", []byte(`{}`))
	r.Note(exchange.UM, now.Add(-lateMax), Note{Name: NoteHeard})
	r.Message(exchange.UM, now.Add(-levelMax), trade(2))
	r.flush()
	if n := len(mustSegments(t, dir)); n != 1 {
		t.Errorf("%d segments", n)
	}
	r.Message(exchange.UM, now.Add(-levelMax-1), trade(3))
	stop(t, r)
	if n := len(mustSegments(t, dir)); n != 2 {
		t.Errorf("%d segments after the clock was set back", n)
	}
}
