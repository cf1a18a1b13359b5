package source

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/klauspost/compress/zstd"
)

// TestReadAhead reads contents of several blocks ahead and wants what Open gives without,
// also of a file that is cut off.
func TestReadAhead(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("1704153600000,42000.5,0.001\n", 3*aheadBlocks*aheadSize/28)
	gz := gzipped(t, strings.NewReader(text))
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"a.csv", []byte(text)},
		{"a.csv.gz", gz},
		{"a.zst", z.EncodeAll([]byte(text), nil)},
		{"short.zip", zipped(t, "b.csv")},
		{"cut.gz", gz[:len(gz)*2/3]},
	} {
		path := write(t, dir, c.name, c.content)
		want, wantErr := readAll(t, path, func(*File) {})
		got, gotErr := readAll(t, path, (*File).ReadAhead)
		if got != want || !errors.Is(gotErr, wantErr) || (c.name == "cut.gz") != (wantErr != nil) {
			t.Errorf("%s: %d bytes, %v; without reading ahead %d bytes, %v", c.name, len(got), gotErr, len(want), wantErr)
		}
	}
}

func readAll(t *testing.T, path string, prepare func(*File)) (string, error) {
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if head, err := f.Peek(4); err != nil || len(head) != 4 {
		t.Errorf("%s: peek gives %q, %v", path, head, err)
	}
	prepare(f) // what was peeked before stays
	text, err := io.ReadAll(f)
	if f.Progress() < f.Size && err == nil {
		t.Errorf("%s: read %d of %d bytes", path, f.Progress(), f.Size)
	}
	if closed := f.Close(); closed != nil && !errors.Is(closed, err) {
		t.Errorf("%s: close: %v", path, closed)
	}
	return string(text), err
}

// TestReadAheadClosed closes files before, within and after their content: no goroutine
// stays, which synctest would report.
func TestReadAheadClosed(t *testing.T) {
	path := write(t, t.TempDir(), "a.csv.gz", gzipped(t, &endless{5 * aheadBlocks * aheadSize, '\n'}))
	for _, bytes := range []int64{0, 1, aheadSize, 3 * aheadSize, 5 * aheadBlocks * aheadSize} {
		synctest.Test(t, func(t *testing.T) {
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			f.ReadAhead()
			if _, err := io.CopyN(io.Discard, f, bytes); err != nil {
				t.Error(err)
			}
			if err := errors.Join(f.Close(), f.Close()); err != nil {
				t.Error(err)
			}
			if _, err := io.Copy(io.Discard, f.content); bytes == 0 && !errors.Is(err, os.ErrClosed) {
				t.Errorf("reading on gives %v", err)
			}
		})
	}
}

// TestChanged reads files that change after they were opened: content that is appended is
// not read, and a file that is cut is an error, packed or not.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("1704153600000,42000.5,0.001\n", 40_000)
	random := make([]byte, 2<<20) // which does not shrink when it is packed
	_, _ = rand.NewChaCha8([32]byte{}).Read(random)
	for name, content := range map[string][]byte{"a.csv": []byte(text), "a.csv.gz": gzipped(t, bytes.NewReader(random))} {
		for _, ahead := range []bool{false, true} {
			path := write(t, dir, name, content)
			want, _ := readAll(t, path, func(*File) {})
			got, err := readAll(t, path, func(f *File) {
				file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				_, err = file.Write(content)
				if err = errors.Join(err, file.Close()); err != nil {
					t.Fatal(err)
				}
				if ahead {
					f.ReadAhead()
				}
			})
			if got != want || err != nil {
				t.Errorf("%s with more at its end: %d bytes, %v, want %d", name, len(got), err, len(want))
			}
			write(t, dir, name, content)
			if _, err = readAll(t, path, func(f *File) {
				if err := os.Truncate(path, 100<<10); err != nil {
					t.Fatal(err)
				}
				if ahead {
					f.ReadAhead()
				}
			}); !errors.Is(err, errShorter) {
				t.Errorf("%s cut: %v", name, err)
			}
		}
	}
}
