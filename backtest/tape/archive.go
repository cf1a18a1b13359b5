package tape

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zip"

	"github.com/pmbot/pmbot/exchange"
)

// archiveMax bounds the unpacked size of an archive, 16 GiB: ten times the largest that
// Binance publishes.
const archiveMax = 16 << 30

// ErrChecksum says that a file is not the one its CHECKSUM file was made for.
var ErrChecksum = errors.New("checksum mismatch")

// source is an opened file of CSV rows.
type source struct {
	// name is the file's base name, for the tape; path is for messages.
	name, path string
	sha256     string
	// verified says that a CHECKSUM file agreed; unverified archives have none.
	verified bool
	archive  bool
	// rows is the text and size its length in bytes.
	rows  io.Reader
	size  int64
	close func() error
}

// openSource opens a .zip archive or a .csv file and verifies its checksum.
func openSource(path string) (*source, error) {
	archive := strings.EqualFold(filepath.Ext(path), ".zip")
	if !archive && !strings.EqualFold(filepath.Ext(path), ".csv") {
		return nil, fmt.Errorf("%s: neither a .zip nor a .csv file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &source{name: filepath.Base(path), path: path, archive: archive, rows: file, close: file.Close}
	if err := s.open(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *source) open(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return errors.New("is a directory; name a .zip or .csv file")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	case info.Size() == 0:
		return errors.New("is empty")
	}
	s.size = info.Size()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	s.sha256 = hex.EncodeToString(sum.Sum(nil))
	if err := s.verify(); err != nil {
		return err
	}
	if s.archive {
		return s.unzip(file)
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

// verify compares the file with the CHECKSUM file beside it, if there is one: the
// SHA-256 in hex, two blanks, the file's name.
func (s *source) verify() error {
	path := s.path + ".CHECKSUM"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	want, _, _ := bytes.Cut(text, []byte(" "))
	if raw, err := hex.DecodeString(string(bytes.TrimSpace(want))); err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("%w: %s does not begin with a SHA-256 in hex but with %q; the file has %s", ErrChecksum, path, clip(want), s.sha256)
	}
	if !strings.EqualFold(string(bytes.TrimSpace(want)), s.sha256) {
		return fmt.Errorf("%w: the file has %s, %s says %s", ErrChecksum, s.sha256, path, bytes.TrimSpace(want))
	}
	s.verified = true
	return nil
}

// unzip opens the one CSV file of an archive.
func (s *source) unzip(file *os.File) error {
	z, err := zip.NewReader(file, s.size)
	if err != nil {
		return fmt.Errorf("not a zip archive, or cut off: %w", err)
	}
	if len(z.File) != 1 || !strings.EqualFold(filepath.Ext(z.File[0].Name), ".csv") {
		return fmt.Errorf("an archive holds one .csv file, this one holds %d entries", len(z.File))
	}
	entry := z.File[0]
	if entry.UncompressedSize64 > archiveMax {
		return fmt.Errorf("%s unpacks to %d bytes, more than the %d that are accepted", entry.Name, entry.UncompressedSize64, int64(archiveMax))
	}
	text, err := entry.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", entry.Name, err)
	}
	s.rows, s.size = io.LimitReader(text, archiveMax), int64(entry.UncompressedSize64)
	s.close = func() error { return errors.Join(text.Close(), file.Close()) }
	return nil
}

// readAhead unpacks an archive on a goroutine of its own, a block ahead of the caller:
// unpacking takes nearly as much time as all the rest of an import (profile of
// BenchmarkImportTrades). The returned function ends the goroutine and waits for it.
func (s *source) readAhead() (stop func()) {
	if !s.archive {
		return func() {}
	}
	text, done := s.rows, make(chan struct{})
	r, w := io.Pipe()
	go func() {
		defer close(done)
		_, err := io.CopyBuffer(w, text, make([]byte, lineMax/4))
		w.CloseWithError(err)
	}()
	s.rows = r
	return func() {
		r.Close()
		<-done
	}
}

// named is what a path in the form of Binance's archives says.
type named struct {
	Key
	// from and to bound the day or month of the file; both 0 if the name has no date.
	from, to exchange.Time
}

// readPath takes what it can from a path such as
// um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-02.zip. Bars of mark and index prices
// have file names like those of traded prices, so there the directory decides.
func readPath(path string) (n named) {
	directories := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	bars := Klines
	for _, d := range directories {
		if p := productOf(d); p != 0 {
			n.Product = p
		}
		switch Kind(d) {
		case Klines, MarkPriceKlines, IndexPriceKlines, "premiumIndexKlines":
			bars = Kind(d)
		}
	}
	base := filepath.Base(path)
	parts := strings.Split(strings.TrimSuffix(base, filepath.Ext(base)), "-")
	if len(parts) < 4 {
		return n
	}
	from, to, ok := readDate(parts[2:])
	if !ok {
		return n
	}
	n.Symbol, n.from, n.to = parts[0], from, to
	if every, err := ParseInterval(parts[1]); err == nil {
		n.Kind, n.Interval = bars, every
	} else {
		n.Kind = Kind(parts[1])
	}
	if n.Product == 0 && strings.Contains(n.Symbol, "USD_") {
		n.Product = exchange.CM
	}
	return n
}

// readDate reads {2024 01 02} or {2024 01}.
func readDate(parts []string) (from, to exchange.Time, ok bool) {
	var v [3]int
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || i >= len(v) || len(p) != [...]int{4, 2, 2}[i] {
			return 0, 0, false
		}
		v[i] = n
	}
	at := func(y, m, d int) exchange.Time {
		return exchange.TimeOf(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC))
	}
	if v[0] < 1970 || v[0] > 2200 || v[1] < 1 || v[1] > 12 {
		return 0, 0, false
	}
	if len(parts) == 2 {
		return at(v[0], v[1], 1), at(v[0], v[1]+1, 1), true
	}
	return at(v[0], v[1], v[2]), at(v[0], v[1], v[2]+1), true
}
