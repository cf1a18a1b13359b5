package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/exchange"
)

// killed records some frames, of which the first has one line and the others three, into a directory and ends without closing anything. It returns
// the open segment's content and where its frames end.
func killed(t testing.TB, dir string, frames int) (path string, content []byte, ends []int) {
	t.Helper()
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	r.mu.Lock()
	r.arrive(r.lanes[exchange.UM], start.Add(1), 0) // the note of the start is a frame of its own
	r.mu.Unlock()
	r.drain()
	ends = append(ends, int(r.lanes[exchange.UM].segment.size))
	for i := range frames - 1 {
		for j := range 3 {
			r.Message(exchange.UM, start.Add(1), trade(10*i+j))
		}
		r.flush()
		ends = append(ends, int(r.lanes[exchange.UM].segment.size))
	}
	path = r.lanes[exchange.UM].segment.final + partSuffix
	kill(t, r)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content, ends
}

// wholeFrames is how many frames end at or before a size.
func wholeFrames(ends []int, size int) (n int) {
	for _, e := range ends {
		if e <= size {
			n++
		}
	}
	return n
}

// checkRecovered opens a recording whose open segment is as given, and sees that exactly
// the first frames are kept, closed and checked.
func checkRecovered(t *testing.T, content, damaged []byte, ends []int, frames int) {
	t.Helper()
	dir := t.TempDir()
	c, _ := config(t, dir)
	path := filepath.Join(dir, "raw", "um", "2026-11-23T04.jsonl.zst")
	if err := durable.MakeDirectory(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+partSuffix, damaged, 0o644); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, c, realDisk())
	defer kill(t, r)
	kept, err := os.ReadFile(path)
	if frames == 0 {
		if !errors.Is(err, os.ErrNotExist) || exists(path+partSuffix) {
			t.Fatalf("of no frame something is left: %d bytes, %v", len(kept), err)
		}
		return
	}
	if err != nil || !bytes.Equal(kept, content[:ends[frames-1]]) {
		t.Fatalf("kept %d bytes of %d, want %d of %d frames; %v", len(kept), len(damaged), ends[frames-1], frames, err)
	}
	if m, err := scan(path); err != nil || m.cut != 0 || m.last != start.Add(1) {
		t.Fatalf("%+v, %v", m, err)
	}
	if l := r.lanes[exchange.UM]; l.before != start.Add(1) || !l.killed {
		t.Fatalf("lane %+v", l)
	}
	if !exists(path+checksumSuffix) || exists(path+partSuffix) {
		t.Fatal("it is not closed")
	}
}

// TestCutAnywhere cuts an open segment at every byte, with nothing, garbage or zeros behind
// the cut, as a kill and a loss of power leave it. One in sixty is recovered on the disk.
func TestCutAnywhere(t *testing.T) {
	_, content, ends := killed(t, t.TempDir(), 4)
	garbage := bytes.Repeat([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xff, 'x'}, 100)
	for at := 0; at <= len(content); at++ {
		for name, tail := range map[string][]byte{"cut": nil, "zeros": make([]byte, 5000), "garbage": garbage} {
			damaged := append(bytes.Clone(content[:at]), tail...)
			frames := wholeFrames(ends, sameUntil(content, damaged))
			want := 0
			if frames > 0 {
				want = ends[frames-1]
			}
			if m := scanBytes(t, damaged); m.size != int64(want) || m.cut != int64(len(damaged)-want) {
				t.Fatalf("%s at %d: %+v, want %d bytes", name, at, m, want)
			}
			if at%61 == len(tail)%61 || at == len(content) {
				t.Run(fmt.Sprintf("%s-%d", name, at), func(t *testing.T) { checkRecovered(t, content, damaged, ends, frames) })
			}
		}
	}
}

// scanBytes scans a file of these bytes.
func scanBytes(t testing.TB, b []byte) mended {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.part")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := scan(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestFlippedBits changes every bit of the last frame: it is cut off, or has its content
// all the same, for some bits of a header mean nothing.
func TestFlippedBits(t *testing.T) {
	path, content, ends := killed(t, t.TempDir(), 3)
	text := func(b []byte) (all []byte) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		for line, err := range Lines(path) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, line...), '\n')
		}
		return all
	}
	whole, cut := text(content), text(content[:ends[1]])
	harmless := 0
	for bit := 8 * ends[1]; bit < 8*len(content); bit++ {
		damaged := bytes.Clone(content)
		damaged[bit/8] ^= 1 << (bit % 8)
		got := text(damaged)
		if bytes.Equal(got, whole) {
			harmless++
		} else if !bytes.Equal(got, cut) {
			t.Fatalf("bit %d: %q", bit, got)
		}
	}
	t.Logf("%d bits, of which %d mean nothing", 8*(len(content)-ends[1]), harmless)
}

// sameUntil is how many bytes two texts begin with in common.
func sameUntil(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// TestUnreadable sets a segment aside that the system cannot read.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "2026-11-23T04.jsonl.zst.part")
	if err := os.Mkdir(path, 0o755); err != nil { // reading a directory fails as a bad disk does
		t.Fatal(err)
	}
	if _, err := mend(path, slog.New(slog.DiscardHandler)); err != nil || !exists(path+damagedSuffix) {
		t.Errorf("%v", err)
	}
}

// TestReadWhileWritten reads an open segment: the whole frames, and nothing of one that is
// being written.
func TestReadWhileWritten(t *testing.T) {
	path, content, ends := killed(t, t.TempDir(), 3)
	for at := ends[0]; at <= len(content); at++ {
		if err := os.WriteFile(path, content[:at], 0o644); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for _, err := range Lines(path) {
			if err != nil {
				t.Fatal(err)
			}
			lines++
		}
		if want := 1 + 3*(wholeFrames(ends, at)-1); lines != want {
			t.Fatalf("%d bytes: %d lines, want %d", at, lines, want)
		}
	}
	closed := path[:len(path)-len(partSuffix)]
	if err := os.WriteFile(closed, content[:len(content)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range Lines(closed) {
		last = err
	}
	if !errors.Is(last, errFrame) {
		t.Errorf("a closed segment that is cut off: %v", last)
	}
}

// FuzzRecover reads any bytes as a segment: no panic, no more memory than a frame may have,
// and what is kept is read again whole.
func FuzzRecover(f *testing.F) {
	_, content, ends := killed(f, f.TempDir(), 2)
	f.Add(content)
	f.Add(content[:ends[0]+9])
	f.Add(append(bytes.Clone(content), make([]byte, 64)...))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0xff, 0xff})
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}) // a frame to be skipped
	f.Fuzz(func(t *testing.T, b []byte) {
		end := func(b []byte) (int64, error) {
			r, err := newFrames(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			defer r.close()
			for {
				if err := r.next(); err != nil {
					return r.end, err
				}
				if len(r.content) > contentMax || len(r.packed) > packedMax || r.content[len(r.content)-1] != '\n' {
					t.Fatalf("frame of %d bytes in %d", len(r.content), len(r.packed))
				}
			}
		}
		n, err := end(b)
		if err != io.EOF && !errors.Is(err, errFrame) {
			t.Fatal(err)
		}
		if again, err := end(b[:n]); again != n || err != io.EOF {
			t.Fatalf("kept %d bytes, and of these %d: %v", n, again, err)
		}
	})
}

// TestForeignFrames keeps only frames that a recorder writes: with a checksum, of whole
// lines.
func TestForeignFrames(t *testing.T) {
	_, content, ends := killed(t, t.TempDir(), 2)
	with, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	without, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	for name, foreign := range map[string][]byte{
		"no line end": with.EncodeAll([]byte("1795409940000000000 {}"), nil),
		"no checksum": without.EncodeAll([]byte("1795409940000000000 {}\n"), nil),
		"too long":    with.EncodeAll(append(make([]byte, contentMax), '\n'), nil),
	} {
		damaged := append(bytes.Clone(content), foreign...)
		if m := scanBytes(t, damaged); m.size != int64(ends[1]) {
			t.Errorf("%s: %d bytes are kept of %d", name, m.size, ends[1])
		}
	}
}

// TestRecoverLater begins to record though an old segment cannot be closed, and closes it
// as soon as it can.
func TestRecoverLater(t *testing.T) {
	dir := t.TempDir()
	path, content, _ := killed(t, dir, 2)
	final := path[:len(path)-len(partSuffix)]
	blocked := final + checksumSuffix
	if err := os.Mkdir(blocked, 0o755); err != nil { // where the checksum is due
		t.Fatal(err)
	}
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	r.Message(exchange.UM, start.Add(9), trade(9))
	r.flush()
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	again(r)
	kept, err := os.ReadFile(final)
	if err != nil || !bytes.Equal(kept, content) {
		t.Errorf("%d bytes, %v", len(kept), err)
	}
	stop(t, r)
	list := gaps(t, dir)
	if len(mustSegments(t, dir)) != 2 || len(list) != 1 || list[0].From != start.Add(1) || list[0].To != start.Add(9) {
		t.Errorf("%v", list)
	}
}
