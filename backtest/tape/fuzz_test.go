package tape

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// fuzzNames are the names that a fuzzed file may have: what the name says of packing and
// series, beside content that may be anything.
var fuzzNames = [...]string{
	"a.csv", "a.txt", "a.csv.gz", "a.zip", "a.zst", "a.npz", "a.npy", "btcusdt_20240102.npz", "cm/btcusd_perp_20240102.gz",
	"um/BTCUSDT-1m-2024-01.csv", "um/BTCUSDT-aggTrades-2024-01-02.zip", "spot/BTCUSDT-trades-2024-01-02.csv",
}

// fuzzKeys are what a caller may say of it: nothing, a market, or a series of any kind.
var fuzzKeys = func() []row.Key {
	keys := []row.Key{{}, {Product: exchange.UM}, {Product: exchange.Margin, Symbol: "BTCUSDT"}}
	for _, k := range row.Kinds {
		key := row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: k}
		if k.Bars() {
			key.Interval = time.Minute
		}
		keys = append(keys, key)
	}
	return append(keys, row.Key{Product: exchange.CM, Symbol: "BTCUSD_PERP", Kind: row.Klines, Interval: time.Hour})
}()

const (
	// fuzzSkip sets bad lines aside, fuzzPack packs the content as the name says, which
	// otherwise comes packed or not at all, and fuzzHalf imports its first half before.
	fuzzSkip = 1 << iota
	fuzzPack
	fuzzHalf
)

// pack packs content as a name demands.
func pack(t testing.TB, name string, content []byte) []byte {
	var b bytes.Buffer
	var err error
	switch filepath.Ext(name) {
	case ".gz":
		z := gzip.NewWriter(&b)
		_, err = z.Write(content)
		err = errors.Join(err, z.Close())
	case ".zst":
		z, _ := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		_, err = z.Write(content)
		err = errors.Join(err, z.Close())
	case ".zip", ".npz":
		entry := "data.npy"
		if filepath.Ext(name) == ".zip" {
			entry = "data.csv"
		}
		z := zip.NewWriter(&b)
		w, e := z.Create(entry)
		must(t, e)
		_, err = w.Write(content)
		err = errors.Join(err, z.Close())
	default:
		return content
	}
	must(t, err)
	return b.Bytes()
}

// hasty is a file that need not survive a power cut.
type hasty struct{ *os.File }

func (hasty) Sync() error { return nil }

func createHasty(path string) (sealer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	return hasty{f}, err
}

// FuzzImport imports any file: no panic, a tape that is as it was if the import fails, and
// else one that opens and verifies, has as many rows as the report counts and does not
// change when the same file comes again.
func FuzzImport(f *testing.F) {
	f.Fuzz(func(t *testing.T, content []byte, name, key, flags uint8) {
		tape := newTape(t)
		tape.create = createHasty
		file := fuzzNames[int(name)%len(fuzzNames)]
		spec := ImportSpec{SkipBad: flags&fuzzSkip != 0, Spec: source.Spec{Key: fuzzKeys[int(key)%len(fuzzKeys)]}}
		if flags&fuzzHalf != 0 {
			half := content[:bytes.LastIndexByte(content[:len(content)/2], '\n')+1]
			importFuzzed(t, tape, file, half, flags, spec)
		}
		if !importFuzzed(t, tape, file, content, flags, spec) {
			return
		}
		before := Hash(tape.Series()...)
		if !importFuzzed(t, tape, file, content, flags, spec) {
			t.Error("the same file is refused when it comes again")
		}
		if again := Hash(tape.Series()...); again != before {
			t.Errorf("the same file again makes hash %s of %s", again, before)
		}
	})
}

// importFuzzed imports one file and says whether that succeeded.
func importFuzzed(t *testing.T, tape *Tape, name string, content []byte, flags uint8, spec ImportSpec) bool {
	if flags&fuzzPack != 0 {
		content = pack(t, name, content)
	}
	spec.Path = filepath.Join(tape.dir, "..", "in", name)
	must(t, os.MkdirAll(filepath.Dir(spec.Path), 0o755))
	must(t, os.WriteFile(spec.Path, content, 0o644))
	before, rows := snapshot(t, tape.dir), rowCount(tape)
	report, err := Import(t.Context(), tape, spec, nil)
	if err != nil {
		if after := snapshot(t, tape.dir); after != before {
			t.Errorf("the import failed with %v and left\n%s where\n%s was", err, after, before)
		}
		if len(report.Written) > 0 {
			t.Errorf("the import failed with %v and reports %q", err, report.Written)
		}
		return false
	}
	sound(t, tape)
	added := int64(0)
	for _, s := range report.Series {
		added += s.New
		sum := s.New + s.Known + s.Duplicates.Count + s.Outside.Count + s.Skipped.Count
		if sum < s.Rows || sum > s.Rows+report.Skipped.Count {
			t.Errorf("%v: %d rows, but %+v", s.Key, s.Rows, *s)
		}
	}
	if got := rowCount(tape); got != rows+added {
		t.Errorf("the tape had %d rows, the report counts %d new ones, and now it has %d", rows, added, got)
	}
	return true
}

func rowCount(t *Tape) (rows int64) {
	for _, s := range t.Series() {
		rows += s.Rows
	}
	return rows
}

// FuzzOpenTape opens a tape with a file of any bytes: no panic, and an error that names
// the file unless it is a good one.
func FuzzOpenTape(f *testing.F) {
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "um", "BTCUSDT", "klines-1m", "2024-01.parquet")
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, content, 0o644))
		tape, err := Open(dir)
		if err == nil {
			err = tape.Verify(t.Context())
		}
		if err == nil {
			return
		}
		if !bytes.Contains([]byte(err.Error()), []byte(path)) || !errors.Is(err, ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v does not say that %s is damaged", err, path)
		}
	})
}
