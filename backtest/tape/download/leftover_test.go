package download

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// TestLeftovers finds in the cache what a kill, a full disk or a power failure has left.
func TestLeftovers(t *testing.T) {
	good := made(oneDay, true)
	f := files{}
	f.add(oneDay, good)
	want := f.clean(t)
	part := strings.TrimSuffix(oneDay.Path(), oneDay.Name()) + ".part-" + oneDay.Name()
	zeros := make([]byte, len(good))
	sum := string(f[oneDay.Path()+checksumSuffix])
	for _, c := range []struct {
		name string
		left map[string]string
		// asked is how often the archive is asked for.
		asked int
	}{
		{"a finished archive", map[string]string{oneDay.Path(): string(good), oneDay.Path() + checksumSuffix: sum}, 0},
		{"an archive with an empty CHECKSUM", map[string]string{oneDay.Path(): string(good), oneDay.Path() + checksumSuffix: ""}, 0},
		{"a CHECKSUM without its archive", map[string]string{oneDay.Path() + checksumSuffix: sum}, 1},
		{"an archive of zeros", map[string]string{oneDay.Path(): string(zeros), oneDay.Path() + checksumSuffix: sum}, 1},
		{"an empty archive", map[string]string{oneDay.Path(): ""}, 1},
		{"a part with half a mark", map[string]string{part: string(good[:100]), part + ".json": `{"validator":"\"x`}, 1},
		{"a part without a mark", map[string]string{part: string(good[:100])}, 1},
		{"a mark without a part", map[string]string{part + ".json": `{"validator":"\"x\""}`}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, store := newServer(f), newTape(t)
			config := setup(t, s.open(t), store, "2024-03-01", "2024-03-02", hours)
			for name, text := range c.left {
				path := filepath.Join(config.Cache, filepath.FromSlash(name))
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			other := filepath.Join(config.Cache, "mine", "empty")
			if err := os.MkdirAll(other, 0o755); err != nil {
				t.Fatal(err)
			}
			sum, err := Run(t.Context(), config)
			if err != nil || sum.Imported != 1 || hashOf(store) != want || s.asked[oneDay.Path()] != c.asked {
				t.Errorf("%+v, %v, asked %v", sum, err, s.asked)
			}
			if left := treeOf(t, config.Cache); len(left) > 0 {
				t.Errorf("the cache keeps %v", left)
			}
			if _, err := os.Stat(filepath.Join(config.Cache, "data")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the directories of archives are still there: %v", err)
			}
			if _, err := os.Stat(other); err != nil {
				t.Errorf("a directory of somebody else's is gone: %v", err)
			}
		})
	}
	t.Run("between import and removal", func(t *testing.T) {
		s, store := newServer(f), newTape(t)
		config := setup(t, s.open(t), store, "2024-03-01", "2024-03-02", hours)
		config.Keep = true
		if _, err := Run(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		config.Keep = false
		sum, err := Run(t.Context(), config)
		if left := treeOf(t, config.Cache); err != nil || sum.Already != 1 || len(left) > 0 {
			t.Errorf("%+v, %v, the cache keeps %v", sum, err, left)
		}
	})
}

// TestDisk stops the run when files cannot be written, and does not try that again.
func TestDisk(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-04-01"), false)
	s := newServer(f)
	config := setup(t, s.open(t), newTape(t), "2024-03-01", "2024-03-31", hours)
	if err := errors.Join(os.MkdirAll(config.Cache, 0o755), os.WriteFile(filepath.Join(config.Cache, "data"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	sum, err := Run(t.Context(), config)
	if !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), "the run stops here: the disk does not take or give files") || sum.Requests > 2*config.Workers {
		t.Errorf("%+v, %v", sum, err)
	}
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	n := 0
	if err := newClient(&config).try(t.Context(), nil, func(context.Context) error { n++; return full }); n != 1 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d attempts on a full disk: %v", n, err)
	}
	r := &run{queue: make([]task, 5)}
	if r.judge(full); r.stopped == nil || r.stopped.Error() != "the run stops here: the disk is full" || len(r.queue) > 0 {
		t.Errorf("a full disk: %v", r.stopped)
	}
}

// TestTwoAtOnce lets two downloads at one tape, which take turns, and two at one cache, of
// which one is refused; and refuses a cache that is the tape.
func TestTwoAtOnce(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-03-11"), false)
	f.addAll(metrics, at("2024-03-01"), at("2024-03-11"), false)
	base, store := newServer(f).open(t), newTape(t)
	var both sync.WaitGroup
	for range 2 {
		own, err := tape.Open(store.Dir())
		if err != nil {
			t.Fatal(err)
		}
		config := setup(t, base, own, "2024-03-01", "2024-03-11", hours, metrics)
		both.Go(func() {
			if sum, err := Run(t.Context(), config); err != nil || sum.Failed != 0 {
				t.Errorf("%+v, %v", sum, err)
			}
		})
	}
	both.Wait()
	whole, err := tape.Open(store.Dir())
	if err != nil || hashOf(whole) != f.clean(t) {
		t.Errorf("the data differs from that of the clean files: %v", err)
	}
	config := setup(t, base, store, "2024-03-01", "2024-03-11", hours)
	if err := os.MkdirAll(config.Cache, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := tape.Lock(config.Cache, "the test is at work")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), config); !errors.Is(err, syscall.EWOULDBLOCK) || !strings.Contains(err.Error(), "another download is at work in this directory") {
		t.Errorf("a cache in use: %v", err)
	}
	lock.Close()
	config.Tape, config.Limits.LockWait = newTape(t), time.Millisecond
	held, err := tape.Lock(config.Tape.Dir(), "the test is at work")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := Run(t.Context(), config)
	if !errors.Is(err, syscall.EWOULDBLOCK) || sum.Failed != 1 || !strings.Contains(err.Error(), "the run stops here: the tape is held by another import") {
		t.Errorf("a tape in use: %+v, %v", sum, err)
	}
	held.Close()
	for _, cache := range []string{".", "um", "a/b"} {
		config.Cache = filepath.Join(config.Tape.Dir(), cache)
		if _, err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "is the tape's own") {
			t.Errorf("the cache %s in the tape: %v", cache, err)
		}
	}
}

// TestEmpty takes an archive without rows for what it is, once.
func TestEmpty(t *testing.T) {
	for name, text := range map[string]string{"a header": headers[row.Klines] + "\n", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			f := files{}
			f.addAll(hours, at("2024-03-01"), at("2024-03-04"), false)
			second := Archive{Key: hours, From: at("2024-03-02"), To: at("2024-03-03")}
			f.add(second, zipOf("x.csv", text))
			s, store := newServer(f), newTape(t)
			c := setup(t, s.open(t), store, "2024-03-01", "2024-03-04", hours)
			var told seen
			told.watch(&c)
			sum, err := Run(t.Context(), c)
			if err != nil || sum.Imported != 2 || sum.Empty != 1 || told.states()[Empty] != 1 || len(treeOf(t, c.Cache)) > 0 {
				t.Errorf("%+v, %v, %v", sum, err, told.states())
			}
			s.forget()
			if sum, err = Run(t.Context(), c); err != nil || sum.Already != 3 || s.asked[second.Path()] != 0 {
				t.Errorf("again: %+v, %v, asked %v", sum, err, s.asked)
			}
			f.add(second, made(second, true)) // the rows come after all
			if sum, err = Run(t.Context(), c); err != nil || sum.Imported != 1 || hashOf(store) != f.clean(t) {
				t.Errorf("with rows: %+v, %v", sum, err)
			}
		})
	}
}

// TestOddZips refuses archives that are whole and hold something else, and goes on.
func TestOddZips(t *testing.T) {
	pack := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			w, err := z.Create(name)
			if err == nil && !strings.HasSuffix(name, "/") {
				_, err = w.Write([]byte(csvOf(oneDay, true)))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name, want string
		content    []byte
	}{
		{"two files", "an archive holds one file, this one holds 2 entries", pack("a.csv", "b.csv")},
		{"a directory", "an archive holds one file, this one holds 1 entries", pack("a/")},
		{"a file in a directory beside it", "this one holds 2 entries", pack("a/", "a/b.csv")},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files{}
			f.addAll(hours, at("2024-03-01"), at("2024-03-04"), false)
			f.add(oneDay, c.content)
			s := newServer(f)
			sum, err := Run(t.Context(), setup(t, s.open(t), newTape(t), "2024-03-01", "2024-03-04", hours))
			if err == nil || !strings.Contains(err.Error(), c.want) || sum.Imported != 2 || sum.Failed != 1 || s.asked[oneDay.Path()] != 1 {
				t.Errorf("%+v, %v, asked %v", sum, err, s.asked)
			}
		})
	}
	f := files{} // a path in the archive goes nowhere
	f.add(oneDay, pack("../../../tmp/x.csv"))
	store := newTape(t)
	if _, err := Run(t.Context(), setup(t, newServer(f).open(t), store, "2024-03-01", "2024-03-02", hours)); err != nil || hashOf(store) != f.clean(t) {
		t.Errorf("a path in the archive: %v", err)
	}
}

// TestRetryAfter reads pauses, dates by the server's clock.
func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{"-1", "", 0},
		{"99999999999", "", 0},
		{"soon", "", 0},
		{"Fri, 01 Mar 2024 00:02:00 GMT", "Fri, 01 Mar 2024 00:00:00 GMT", 2 * time.Minute},
		{"Fri, 01 Mar 2024 00:00:00 GMT", "Fri, 01 Mar 2024 00:02:00 GMT", 0},
		{"Fri, 01 Mar 2024 00:00:00 GMT", "now", 0},
	} {
		if got := retryAfter(http.Header{"Retry-After": {c.after}, "Date": {c.date}}); got != c.want {
			t.Errorf("Retry-After %q at %q: %v, want %v", c.after, c.date, got, c.want)
		}
	}
}

// TestParseChecksum reads CHECKSUM files in the forms that tools write.
func TestParseChecksum(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for _, c := range []struct{ text, want string }{
		{sum + "  a.zip\n", ""},
		{sum + "  a.zip\r\n", ""},
		{strings.ToUpper(sum) + " *a.zip", ""},
		{sum + "\ta.zip\n\n", ""},
		{"", `its CHECKSUM file is none: ""`},
		{sum + "\n", "its CHECKSUM file is none"},
		{sum + "  b.zip\n", `its CHECKSUM file is of "b.zip"`},
		{sum + "  x/a.zip\n", `its CHECKSUM file is of "x/a.zip"`},
		{sum + "  a.zip\n" + sum + "  b.zip\n", "its CHECKSUM file is none"},
		{sum[1:] + "  a.zip\n", "does not begin with a SHA-256 in hex"},
		{sum + "00  a.zip\n", "does not begin with a SHA-256 in hex"},
	} {
		got, err := parseChecksum([]byte(c.text), "a.zip")
		if c.want == "" && (err != nil || got != sum) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %q, %v, want %q", c.text, got, err, c.want)
		}
	}
}

// TestSymbols downloads a symbol of letters that a URL must encode, whose spot archives go
// over to microseconds with a year, by a listing.
func TestSymbols(t *testing.T) {
	day := key(exchange.Margin, "币安人生USDT", row.Klines, 8*time.Hour)
	trades := key(exchange.Margin, "币安人生USDT", row.AggTrades, 0)
	f := files{}
	for _, k := range []row.Key{day, trades} {
		f.addAll(k, at("2024-12-30"), at("2025-01-03"), false)
	}
	s, store := newServer(f), newTape(t)
	s.listing = 3
	c := setup(t, s.open(t), store, "2024-12-30", "2025-01-03", day, trades)
	c.List, c.Now = c.Base+"/list", func() exchange.Time { return at("2025-02-10") }
	sum, err := Run(t.Context(), c)
	if err != nil || sum.Imported != 8 || sum.Missing != 0 || !sum.Listed || hashOf(store) != f.clean(t) {
		t.Errorf("%+v, %v", sum, err)
	}
	for _, have := range store.Series() {
		if want := int64(4 * 24 * time.Hour / stepOf(have.Key)); have.Rows != want || have.From.Floor(time.Second) != at("2024-12-30") || have.To > at("2025-01-03") {
			t.Errorf("%s has %d rows from %v to %v, want %d", have.Key, have.Rows, have.From, have.To, want)
		}
	}
}
