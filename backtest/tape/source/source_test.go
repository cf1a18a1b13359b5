package source

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/internal/raced"
)

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, "text")
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t *testing.T, content io.Reader) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenUnpacks(t *testing.T) {
	dir := t.TempDir()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, entry string
		content     []byte
	}{
		{"a.csv", "a.csv", []byte("text")},
		{"a.zip", "b.csv", zipped(t, "b.csv")},
		{"a.csv.gz", "a.csv", gzipped(t, strings.NewReader("text"))},
		{"a.ZST", "a", z.EncodeAll([]byte("text"), nil)},
	} {
		f, err := Open(write(t, dir, c.name, c.content))
		if err != nil {
			t.Fatal(err)
		}
		if head, err := f.Peek(2); err != nil || string(head) != "te" {
			t.Errorf("%s: peek %q, %v", c.name, head, err)
		}
		text, err := io.ReadAll(f)
		if err != nil || string(text) != "text" || f.Entry != c.entry || f.Progress() == 0 || f.Archive != (c.name == "a.zip") {
			t.Errorf("%s: %q, %v; entry %q, progress %d, archive %v", c.name, text, err, f.Entry, f.Progress(), f.Archive)
		}
		if want := fmt.Sprintf("%x", sha256.Sum256(c.content)); f.SHA256 != want || f.Verified {
			t.Errorf("%s: SHA-256 %s, want %s; verified %v", c.name, f.SHA256, want, f.Verified)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	good := zipped(t, "a.csv")
	for _, c := range []struct{ name, want string }{
		{write(t, dir, "empty.csv", nil), "is empty"},
		{dir, "is a directory; name the files in it"},
		{write(t, dir, "text.zip", []byte("no zip")), "not a zip archive, or cut off"},
		{write(t, dir, "cut.zip", good[:len(good)-9]), "not a zip archive, or cut off"},
		{write(t, dir, "two.zip", zipped(t, "a.csv", "b.csv")), "an archive holds one file, this one holds 2 entries"},
		{write(t, dir, "text.gz", []byte("no gzip")), "not a gzip file, or cut off"},
	} {
		f, err := Open(c.name)
		if err == nil {
			_, err = io.ReadAll(f)
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	path := write(t, dir, "sum.csv", []byte("text"))
	write(t, dir, "sum.csv.CHECKSUM", []byte(strings.Repeat("00", 32)+"  sum.csv\n"))
	if _, err := Open(path); !errors.Is(err, ErrChecksum) {
		t.Errorf("another checksum gave %v", err)
	}
	write(t, dir, "sum.csv.CHECKSUM", []byte("not hex  sum.csv\n"))
	if _, err := Open(path); !errors.Is(err, ErrChecksum) {
		t.Errorf("no checksum at all gave %v", err)
	}
	write(t, dir, "sum.csv.CHECKSUM", fmt.Appendf(nil, "%x  sum.csv\n", sha256.Sum256([]byte("text"))))
	f, err := Open(path)
	if err != nil || !f.Verified {
		t.Fatalf("the right checksum gave %v", err)
	}
	f.Close()
}

// endless is n bytes of zeros, or of one line without an end.
type endless struct {
	n int64
	b byte
}

func (e *endless) Read(b []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), e.n))
	for i := range b[:n] {
		b[i] = e.b
	}
	e.n -= int64(n)
	return n, nil
}

// allocated is how many bytes a function has allocated in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestBombs holds that a small file that unpacks without end is refused in bounded
// memory: a gzip of 300 MB of zeros, and a zip whose directory says that it holds 30 GB.
func TestBombs(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	dir := t.TempDir()
	gz := write(t, dir, "bomb.csv.gz", gzipped(t, &endless{300 << 20, '\n'}))
	used := allocated(func() {
		f, err := Open(gz)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := NewLines(f).Next(); !errors.Is(err, ErrBomb) {
			t.Errorf("a gzip bomb gave %v", err)
		}
	})
	if used > 16<<20 {
		t.Errorf("a gzip bomb took %d bytes", used)
	}
	bomb := zipped(t, "a.csv")
	at := bytes.LastIndex(bomb, []byte("PK\x01\x02")) + 24 // uncompressed size in the directory
	copy(bomb[at:], []byte{0, 0, 0, 0xf0})
	if _, err := Open(write(t, dir, "bomb.zip", bomb)); !errors.Is(err, ErrBomb) {
		t.Errorf("a zip bomb gave %v", err)
	}
}

// TestLineWithoutEnd reads 10 GB without a line end, as far as one must to know.
func TestLineWithoutEnd(t *testing.T) {
	used := allocated(func() {
		text := &endless{10 << 30, 'x'}
		if _, err := NewLines(text).Next(); !errors.Is(err, ErrLine) {
			t.Errorf("a line of 10 GB gave %v", err)
		}
		if read := 10<<30 - text.n; read > LineMax {
			t.Errorf("%d bytes were read of a line of at most %d", read, LineMax)
		}
	})
	if used > 4*LineMax {
		t.Errorf("a line of 10 GB took %d bytes", used)
	}
}

func TestLines(t *testing.T) {
	l := NewLines(strings.NewReader("a\r\n\n \nb c \nlast"))
	var got []string
	for {
		line, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d:%s", l.Number, line))
	}
	if want := "1:a 4:b c 5:last"; strings.Join(got, " ") != want || !l.Cut || l.Bytes != 15 {
		t.Errorf("got %q, cut %v, %d bytes; want %q", got, l.Cut, l.Bytes, want)
	}
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/2.csv", "b/1.zip", "b/1.zip.CHECKSUM", "a.ws.1.0", "notes.md", ".hidden/x.csv", "c/d/e.gz", "tables/um/x.json.zst", "raw/um/y.jsonl.zst.part", "converted"} {
		write(t, dir, name, []byte("x"))
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling.csv")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	got, err := Walk([]string{dir, filepath.Join(dir, "notes.md")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i], _ = filepath.Rel(dir, got[i])
	}
	if want := "a.ws.1.0 b/1.zip b/2.csv c/d/e.gz notes.md"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "c", "d", "up")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if _, err := Walk([]string{dir}); !errors.Is(err, ErrLoop) || !strings.Contains(err.Error(), filepath.Join("c", "d", "up")) {
		t.Errorf("a directory loop gave %v", err)
	}
	diamonds := t.TempDir()
	for i := range 30 {
		here, next := filepath.Join(diamonds, fmt.Sprint(i)), filepath.Join(diamonds, fmt.Sprint(i+1))
		if err := errors.Join(os.Mkdir(here, 0o755), os.Symlink(next, filepath.Join(here, "a")), os.Symlink(next, filepath.Join(here, "b"))); err != nil {
			t.Fatal(err)
		}
	}
	file := write(t, diamonds, "30/x.csv", []byte("x"))
	if got, err := Walk([]string{filepath.Join(diamonds, "0")}); err != nil || len(got) != 1 || filepath.Base(got[0]) != filepath.Base(file) {
		t.Errorf("links to links gave %q, %v", got, err)
	}
	if _, err := Walk([]string{t.TempDir()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty directory gave %v", err)
	}
	recording := t.TempDir()
	write(t, recording, "raw/um/2026-11-23T05.jsonl.zst.part", nil)
	if _, err := Walk([]string{recording}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "T05.jsonl.zst.part") {
		t.Errorf("a recording without a closed segment: %v", err)
	}
}
