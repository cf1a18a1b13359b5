package npz

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/source"
)

// withHeader is an array whose header says something else, filled up or not to 64 bytes.
func withHeader(version byte, text string, records []byte) []byte {
	b := []byte(magic)
	b = append(b, version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	}
	return append(append(b, text...), records...)
}

func header(fields, order, shape string) string {
	return fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n", fields, order, shape)
}

// TestRefusals lists what each damaged file is told, in refusals.txt. Read the diff after
// -rewrite.
func TestRefusals(t *testing.T) {
	one := parseRecord(t, "both trade buy +0 +5000000 100 1")
	two := append(bytes.Clone(one), parseRecord(t, "both trade buy +1000000 +6000000 100 1")...)
	good := archive(t, entryName, zip.Deflate, array(2, two))
	stored := archive(t, entryName, zip.Store, array(2, two))
	damaged := bytes.Clone(stored)
	damaged[bytes.Index(stored, two)+100] ^= 1
	text := header(descr, "False", "(1,)")
	npy := func(content []byte) []byte { return archive(t, entryName, zip.Deflate, content) }
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(good)
	z.Close()
	cases := []struct {
		name, file string
		data       []byte
	}{
		{"no archive", "a.npz", []byte("1700000000000,100,1\n")},
		{"archive cut off", "a.npz", good[:len(good)-30]},
		{"archive of another array", "a.npz", archive(t, "arr_0.npy", zip.Deflate, array(1, one))},
		{"archive in gzip", "a.npz.gz", packed.Bytes()},
		{"wrong checksum", "a.npz", damaged},
		{"directory without end", "a.npz", manyEntries(t)},
		{"bomb", "a.npz", bytes.Replace(good, binary.LittleEndian.AppendUint32(nil, headerSize+128), []byte{0, 0, 0, 0xf0}, -1)},
		{"bad magic", "a.npz", npy([]byte("\x93NUMPX\x01\x00\x10\x00 and more"))},
		{"empty array file", "a.npz", npy(nil)},
		{"version 4", "a.npz", npy(withHeader(4, text, one))},
		{"cut in the length", "a.npz", npy(withHeader(2, text, one)[:11])},
		{"cut in the header", "a.npz", npy(withHeader(2, text, one)[:100])},
		{"header too long", "a.npz", npy(withHeader(1, text+strings.Repeat(" ", headerMax), one))},
		{"header said to have 4 GiB", "a.npz", npy([]byte(magic + "\x02\x00\xff\xff\xff\xff{'descr'"))},
		{"no dictionary", "a.npz", npy(withHeader(1, "[1, 2, 3]", one))},
		{"no order", "a.npz", npy(withHeader(1, "{'descr': 1}", one))},
		{"no shape", "a.npz", npy(withHeader(1, "{'descr': "+descr+", 'fortran_order': False}", one))},
		{"no end", "a.npz", npy(withHeader(1, "{'descr': "+descr+", 'fortran_order': False, 'shape': (1,)", one))},
		{"plain floats", "a.npz", npy(withHeader(1, header("'<f8'", "False", "(1,)"), one))},
		{"high byte first", "a.npz", npy(withHeader(1, header(strings.ReplaceAll(descr, "<", ">"), "False", "(1,)"), one))},
		{"fields in another order", "a.npz", npy(withHeader(1, header(strings.Replace(descr, "('px','<f8'),('qty','<f8')", "('qty','<f8'),('px','<f8')", 1), "False", "(1,)"), one))},
		{"type without end", "a.npz", npy(withHeader(1, header(strings.Repeat("x", 5000), "False", "(1,)"), one))},
		{"by columns", "a.npz", npy(withHeader(1, header(descr, "True", "(1,)"), one))},
		{"two dimensions", "a.npz", npy(withHeader(1, header(descr, "False", "(1, 1)"), one))},
		{"no dimension", "a.npz", npy(withHeader(1, header(descr, "False", "()"), one))},
		{"negative count", "a.npz", npy(withHeader(1, header(descr, "False", "(-1,)"), one))},
		{"2^62 events", "a.npz", npy(withHeader(1, header(descr, "False", "(4611686018427387904,)"), one))},
		{"2^56 events", "a.npz", npy(withHeader(1, header(descr, "False", "(72057594037927936,)"), one))},
		{"2^56 events, plain", "a.npy", withHeader(1, header(descr, "False", "(72057594037927936,)"), one)},
		{"count too large", "a.npz", npy(array(3, two))},
		{"count too small", "a.npz", npy(array(1, two))},
		{"plain, count too large", "a.npy", array(3, two)},
		{"plain, count too small", "a.npy", array(1, two)},
		{"plain, cut off", "a.npy", array(2, two)[:headerSize+100]},
		{"plain, cut between events", "a.npy", array(2, two)[:headerSize+64]},
	}
	var out strings.Builder
	for _, c := range cases {
		_, err := readFile(t, c.file, c.data, source.Spec{Key: btcusdt})
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		fmt.Fprintf(&out, "%s\n  %v\n", c.name, err)
	}
	path := filepath.Join("testdata", "refusals.txt")
	have, err := os.ReadFile(path)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	golden(t, path, string(have), out.String())
}

// manyEntries is an archive whose directory has 3 MB.
func manyEntries(t *testing.T) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for range 50_000 {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: "arr_0.npy"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAccepted reads headers that other writers make.
func TestAccepted(t *testing.T) {
	one := parseRecord(t, "both trade buy +0 +5000000 100 1")
	spaced := strings.ReplaceAll(strings.ReplaceAll(descr, ",'", ", '"), "),(", "), (")
	for name, data := range map[string][]byte{
		"version 2":            withHeader(2, header(spaced, "False", "(1,)"), one),
		"version 3":            withHeader(3, header(spaced, "False", "(1,)"), one),
		"hftbacktest's blanks": withHeader(1, header(strings.Replace(spaced, ")]", "), ]", 1), "False", "(1, )"), one),
		"double quotes":        withHeader(1, strings.ReplaceAll(header(descr, "False", "(1,)"), "'", `"`), one),
		"no last comma":        withHeader(1, "{'descr':"+descr+",'fortran_order':False,'shape':(1,)}", one),
	} {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			c, err := readFile(t, "a.npz", archive(t, entryName, method, data), source.Spec{Key: btcusdt})
			if err != nil || len(c.trades) != 1 {
				t.Errorf("%s: %d trades, %v", name, len(c.trades), err)
			}
		}
	}
}

// TestBombError sees that a bomb is told by its kind of error.
func TestBombError(t *testing.T) {
	_, _, err := openArchive(bytes.NewReader(nil), "a.npz", 0)
	if err == nil || errors.Is(err, source.ErrBomb) {
		t.Errorf("an empty file: %v", err)
	}
	good := archive(t, entryName, zip.Deflate, array(0, nil))
	bomb := bytes.Replace(good, binary.LittleEndian.AppendUint32(nil, headerSize), []byte{0, 0, 0, 0xf0}, -1)
	if _, _, err := openArchive(bytes.NewReader(bomb), "a.npz", int64(len(bomb))); !errors.Is(err, source.ErrBomb) {
		t.Errorf("a bomb: %v", err)
	}
}

// TestPromise sees that a header costs no memory, whatever it promises.
func TestPromise(t *testing.T) {
	data := array(rowsMax, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := newReader("data", bytes.NewReader(data), -1, btcusdt, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("%v", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes allocated", used)
	}
}
