package npz

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

const (
	// entryName is the array's name in the archive, the only one that hftbacktest reads.
	entryName = "data.npy"
	// directoryMax bounds what is read to find the array in the archive. An .npz has a few
	// entries of some 60 bytes.
	directoryMax = 1 << 20
)

// Detect says whether a file is for this package: by its name, or by its first bytes for
// an array without an archive around it.
func Detect(head []byte, name string) bool {
	return strings.EqualFold(filepath.Ext(name), ".npz") || strings.HasPrefix(string(head), magic)
}

// Open opens an .npz file, or an array that is not in an archive (.npy, .npy.gz). Market
// and symbol come from spec, else from the path, where the symbol may also stand as in
// hftbacktest's names: btcusdt_20240808.npz. A kind in spec reads only the events of that
// kind. An error says what the file is instead, or what is not known of it.
func Open(f *source.File, spec source.Spec) (source.Reader, error) {
	key, err := keyOf(f.Path, spec)
	if err != nil {
		return nil, err
	}
	head, err := f.Peek(len(magic))
	if err != nil {
		return nil, err
	}
	var array io.Reader = f
	name, size, done := f.Entry, int64(-1), func() error { return nil }
	if string(head) != magic {
		if f.Entry != f.Name {
			return nil, fmt.Errorf("%s in %s is no numpy array; an .npz file is read as it is, so unpack it", f.Entry, f.Name)
		}
		entry, unpacked, err := openArchive(f.Disk(), f.Name, f.Size)
		if err != nil {
			return nil, err
		}
		array, name, size, done = entry, entryName, unpacked, entry.Close
	}
	r, err := newReader(name, array, size, key, spec.Key.Kind)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	r.close = done
	return r, nil
}

// keyOf says which market and symbol the file is of. The kind in it is left open.
func keyOf(path string, spec source.Spec) (row.Key, error) {
	key, named := spec.Key, source.ReadPath(path)
	if key.Product == 0 {
		key.Product = named.Product
	}
	if key.Symbol == "" {
		key.Symbol = named.Symbol
	}
	if key.Symbol == "" {
		key.Symbol = symbolOf(filepath.Base(path))
	}
	if key.Kind == "" {
		key.Kind = row.Trades
	}
	if err := key.Check(); err != nil {
		return row.Key{}, err
	}
	if k := key.Kind; k != row.Trades && k != row.Depth && k != row.BookTicker {
		return row.Key{}, fmt.Errorf("an array of events holds %s, %s and %s, not %s", row.Trades, row.Depth, row.BookTicker, k)
	}
	if len(spec.Columns) > 0 {
		return row.Key{}, errors.New("a column map is given, but the columns of an array of events are fixed")
	}
	return key, nil
}

// symbolOf reads names such as btcusd_perp_20240808.npz.
func symbolOf(name string) string {
	name, _, _ = strings.Cut(name, ".")
	i := strings.LastIndexByte(name, '_')
	if i < 0 || len(name)-i != len("_20240808") || strings.Trim(name[i+1:], "0123456789") != "" {
		return ""
	}
	return row.Upper(name[:i])
}

// openArchive finds the array in an archive of so many bytes and returns its size.
func openArchive(disk io.ReaderAt, name string, packed int64) (io.ReadCloser, int64, error) {
	budget := &budget{r: disk, left: directoryMax}
	z, err := zip.NewReader(budget, packed)
	if err != nil {
		return nil, 0, fmt.Errorf("not an .npz archive, or cut off: %w", err)
	}
	budget.left = 1<<63 - 1
	var names []string
	for _, entry := range z.File {
		if entry.Name != entryName {
			names = append(names, entry.Name)
			continue
		}
		if err := source.CheckUnpacked(name, entry.UncompressedSize64, packed); err != nil {
			return nil, 0, err
		}
		array, err := entry.Open()
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", entryName, err)
		}
		return array, int64(entry.UncompressedSize64), nil
	}
	return nil, 0, fmt.Errorf("the archive has no array %q; it has %q", strings.TrimSuffix(entryName, ".npy"), source.Clip([]byte(strings.Join(names, " "))))
}

// budget ends the reading of a directory without end, whose entries would all be kept.
type budget struct {
	r    io.ReaderAt
	left int64
}

func (b *budget) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, fmt.Errorf("its directory has more than %d bytes", directoryMax)
	}
	return b.r.ReadAt(p, at)
}
