package tape

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// blank is a MB of blank lines.
var blank = bytes.Repeat(append(bytes.Repeat([]byte{' '}, 64<<10-1), '\n'), 16)

// bomb is 300 MB of blank lines, packed as a name demands. Those of gzip and zstd are a
// packed MB over and over, which they take for one text.
func bomb(t *testing.T, name string) []byte {
	if filepath.Ext(name) != ".zip" {
		return bytes.Repeat(pack(t, name, blank), 300)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	w, err := z.Create("data.csv")
	for range 300 {
		must(t, err)
		_, err = w.Write(blank)
	}
	must(t, errors.Join(err, z.Close()))
	return b.Bytes()
}

// promising is an array of events whose header says that it has n of them.
func promising(n string) []byte {
	header := "{'descr': [('ev', '<u8'), ('exch_ts', '<i8'), ('local_ts', '<i8'), ('px', '<f8'), ('qty', '<f8'), " +
		"('order_id', '<u8'), ('ival', '<i8'), ('fval', '<f8')], 'fortran_order': False, 'shape': (" + n + ",)}"
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	return fmt.Appendf(nil, "\x93NUMPY\x01\x00%c%c%s%064d", len(header)%256, len(header)/256, header, 0)
}

const frameHead = `1723160650000000000 {"stream":"btcusdt@bookTicker","data":`

// hostile are files that no recorder and no archive has made, by name. want is in the
// error, after the name; empty where the file is taken and its bad line set aside.
func hostile(t *testing.T) []struct {
	name    string
	content []byte
	want    string
} {
	wide := strings.Repeat(",", 1<<20) // so many columns
	bars := minutes(0, 100)
	frame := frameHead + `{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"54949.00","B":"1","a":"54949.10","A":"2","T":1723160650000,"E":1723160650000}}` + "\n"
	nested := strings.Repeat(`{"a":[`, 100_000)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	must(t, err)
	line := z.EncodeAll(bytes.Repeat([]byte{'x'}, 64<<20), nil)
	head, recorded := z.EncodeAll([]byte(bars), nil), z.EncodeAll([]byte(frame), nil)
	long := bytes.Repeat(line, 160) // 10 GB
	return []struct {
		name    string
		content []byte
		want    string
	}{
		{"bomb.zip", bomb(t, ".zip"), "unpacks to more"},
		{"bomb.csv.gz", bomb(t, ".gz"), "unpacks to more"},
		{"bomb.csv.zst", bomb(t, ".zst"), "unpacks to more"},
		{"recorded.gz", append(pack(t, ".gz", []byte(frame)), bomb(t, ".gz")...), "unpacks to more"},
		{"line.zst", long, "line 1: line is longer"},
		{"row.csv.zst", append(head, long...), ":102: line is longer"},
		{"frame.zst", append(recorded, long...), "unpacks to more"},
		{"frame.txt", []byte(frameHead + strings.Repeat("x", 10<<20) + "\n" + frame), ""},
		{"nested.txt", []byte(frame + frameHead + nested + "\n"), ""},
		{"flat.txt", []byte(frame + frameHead + strings.Repeat("[", 1<<20) + "\n"), ""},
		{"columns.csv", []byte("time" + wide + "\n"), "line 1: "},
		{"fields.csv", []byte(bars + "1" + wide[:1<<19] + "\n"), ":102: wrong number of fields"},
		{"nul.csv", make([]byte, 3<<20), "line 1: "},
		{"nuls.csv", append([]byte(bars), make([]byte, 1000)...), ":102: "},
		{"zeros.csv", append([]byte(bars), "\x00\x00\n0,0,0,0,0,0\n"...), ":102: "},
		{"quote.csv", []byte(bars + `"` + strings.Repeat("1706659260000,", 60_000) + "\n"), ":102: a quote"},
		{"promise.npz", pack(t, ".npz", promising("4611686018427387904")), "promise.npz: data.npy: "},
		{"more.npz", pack(t, ".npz", promising("99999999999999999999999999")), "more.npz: data.npy: "},
		{"array.npy", promising("4611686018427387904"), "array.npy: "},
	}
}

// allocated is how many bytes a function has allocated in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileFiles imports files that mean harm. Each gets an error that names it and the
// place, whatever it unpacks to takes no more memory than a good one, and the tape is as
// it was.
func TestHostileFiles(t *testing.T) {
	dir, tape := t.TempDir(), newTape(t)
	if _, err := importText(t, tape, "first.csv", minutes(0, 50)); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, tape.dir)
	for i, c := range hostile(t) {
		if i%raced.Fewer(1, 4) != 0 {
			continue
		}
		path := filepath.Join(dir, c.name)
		must(t, os.WriteFile(path, c.content, 0o644))
		spec := ImportSpec{Path: path, Spec: source.Spec{Key: minuteKey}}
		if filepath.Ext(path) == ".npz" || filepath.Ext(path) == ".npy" {
			spec.Key = row.Key{Product: exchange.UM, Symbol: "BTCUSDT"}
		}
		on := tape
		if c.want == "" {
			on = newTape(t)
		}
		var report Report
		var err error
		if used := allocated(func() { report, err = Import(t.Context(), on, spec, nil) }); used > 64<<20 {
			t.Errorf("%s: took %d MB", c.name, used>>20)
		}
		if c.want == "" {
			if err != nil || report.Skipped.Count != 1 || len(report.Series) != 1 || report.Series[0].New != 1 {
				t.Errorf("%s: %v, %+v", c.name, err, report)
			}
			sound(t, on)
			continue
		}
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%s: error %.1000v, want one with %q", c.name, err, c.want)
		}
	}
	if after := snapshot(t, tape.dir); after != before {
		t.Errorf("the tape was\n%sand is\n%s", before, after)
	}
}

// TestNoFiles imports what is no file that can be read: none of it is waited for.
func TestNoFiles(t *testing.T) {
	dir, tape := t.TempDir(), newTape(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	must(t, syscall.Mkfifo(path("pipe.csv"), 0o644))
	must(t, os.Symlink(path("self.csv"), path("self.csv")))
	must(t, os.WriteFile(path("secret.csv"), []byte(minutes(0, 5)), 0))
	must(t, os.WriteFile(path("summed.csv"), []byte(minutes(0, 5)), 0o644))
	must(t, syscall.Mkfifo(path("summed.csv.CHECKSUM"), 0o644))
	socket, err := net.Listen("unix", path("socket.csv"))
	must(t, err)
	defer socket.Close()
	for _, c := range []struct{ path, want string }{
		{path("pipe.csv"), "is not a regular file"},
		{path("socket.csv"), "is not a regular file"},
		{path("self.csv"), "too many levels of symbolic links"},
		{path("secret.csv"), "permission denied"},
		{path("summed.csv"), "CHECKSUM: is not a regular file"},
		{"/dev/zero", "is not a regular file"},
		{dir, "is a directory"},
	} {
		if strings.Contains(c.want, "permission") && os.Getuid() == 0 {
			continue // who may do everything may read it
		}
		_, err := Import(t.Context(), tape, ImportSpec{Path: c.path, Spec: source.Spec{Key: minuteKey}}, nil)
		if err == nil || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.path, err, c.want)
		}
	}
	if left := tree(t, tape.dir); len(left) != 0 {
		t.Errorf("the tape has %v", left)
	}
}

// TestChangingFile cuts a file while it is imported, and appends to one.
func TestChangingFile(t *testing.T) {
	text := minutes(0, 100_000)
	for _, c := range []struct {
		name   string
		change func(path string) error
		want   string
	}{
		{"cut.csv", func(path string) error { return os.Truncate(path, int64(len(text))/2) }, "has become shorter while it was read"},
		{"grown.csv", func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString(minutes(100_000, 100_100)[len("time,open,high,low,close,volume\n"):])
			return errors.Join(err, f.Close())
		}, ""},
	} {
		tape, path, changed := newTape(t), filepath.Join(t.TempDir(), c.name), false
		must(t, os.WriteFile(path, []byte(text), 0o644))
		report, err := Import(t.Context(), tape, ImportSpec{Path: path, Spec: source.Spec{Key: minuteKey}}, func(Progress) {
			if !changed {
				must(t, c.change(path))
			}
			changed = true
		})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) || len(tree(t, tape.dir)) != 0 {
				t.Errorf("%s: %v, tape %v", c.name, err, tree(t, tape.dir))
			}
			continue
		}
		if err != nil || report.Series[0].New != 100_000 {
			t.Errorf("%s: %v, %+v", c.name, err, report)
		}
	}
}

// TestManySeries imports a recording that names a thousand symbols, with so much time
// between their rows that all have rows to write. They may take 0.1 MB each, when the
// first file is begun and when the last one is.
func TestManySeries(t *testing.T) {
	if raced.On() {
		t.Skip("what is bounded is memory, of which the race detector takes several times as much")
	}
	const series = 1000
	tape, files, used := newTape(t), 0, uint64(0)
	tape.create = func(path string) (sealer, error) {
		if files++; files == 1 || files == series {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			used = max(used, m.HeapAlloc)
		}
		return createHasty(path)
	}
	var b strings.Builder
	for i := range 2 * series {
		at := 1723160650000 + i/series*60_000
		fmt.Fprintf(&b, `%d000000 {"stream":"x","data":{"e":"bookTicker","u":%d,"s":"S%dUSDT","b":"54949.00","B":"1","a":"54949.10","A":"2","T":%[1]d,"E":%[1]d}}`+"\n", at, 1000+i, i%series)
	}
	path := filepath.Join(t.TempDir(), "many.txt")
	must(t, os.WriteFile(path, []byte(b.String()), 0o644))
	report := mustImport(t, tape, ImportSpec{Path: path, Spec: source.Spec{Key: row.Key{Product: exchange.UM}}})
	if len(report.Series) != series || len(report.Written) != series || used == 0 || used > series*100<<10 {
		t.Errorf("%d series, %d files, %d MB", len(report.Series), len(report.Written), used>>20)
	}
}

// TestFullDiskRecording lets the disk run full in each of the files that a recording of
// two series with a bad line makes, and in the list of what was set aside.
func TestFullDiskRecording(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		at := time.Date(2024, 8, 8, 23, 59, 0, 0, time.UTC).Add(time.Duration(i) * 40 * time.Millisecond) // over midnight
		fmt.Fprintf(&b, `%d {"stream":"x","data":{"e":"bookTicker","u":%d,"s":"%s","b":"54949.00","B":"1","a":"54949.10","A":"2","T":%d,"E":%[4]d}}`+"\n",
			at.UnixNano(), 1000+i, []string{"BTCUSDT", "ETHUSDT"}[i%2], at.UnixMilli())
	}
	b.WriteString("1723161600000000000 {\"no\n")
	path := filepath.Join(t.TempDir(), "a.txt")
	must(t, os.WriteFile(path, []byte(b.String()), 0o644))
	spec := ImportSpec{Path: path, Spec: source.Spec{Key: row.Key{Product: exchange.UM}}}
	tape, files := newTape(t), 0
	for full := 1; ; full++ {
		files = 0
		tape.create = func(path string) (sealer, error) {
			f, err := createFile(path)
			if files++; files == full {
				return &failingFile{f, 50 * (full % 2)}, err
			}
			return f, err
		}
		report, err := Import(t.Context(), tape, spec, nil)
		if full > files && err == nil {
			if files != 5 || len(report.Written) != 5 || report.Skipped.Count != 1 {
				t.Errorf("%d files, %+v", files, report)
			}
			break
		}
		if !errors.Is(err, syscall.ENOSPC) || len(report.Written) != 0 || len(tree(t, tape.dir)) != 0 {
			t.Errorf("full in file %d: %v, wrote %v, tape %v", full, err, report.Written, tree(t, tape.dir))
		}
	}
	sound(t, tape)
}
