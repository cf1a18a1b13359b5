package download

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

var (
	aggTrades = key(exchange.UM, "BTCUSDT", row.AggTrades, 0)
	hours     = key(exchange.UM, "BTCUSDT", row.Klines, time.Hour)
	funding   = key(exchange.UM, "BTCUSDT", row.FundingRate, 0)
	metrics   = key(exchange.UM, "BTCUSDT", row.Metrics, 0)
)

// setup is a configuration for tests: no patience with this machine's own network.
func setup(t *testing.T, base string, store *tape.Tape, from, to string, want ...row.Key) Config {
	return Config{
		Tape: store, Want: want, From: at(from), To: at(to), Base: base, Cache: filepath.Join(t.TempDir(), "cache"), Workers: 3,
		Now:    func() exchange.Time { return at("2024-05-10") + 1 },
		Limits: Limits{Backoff: time.Millisecond, BackoffMax: 2 * time.Millisecond},
	}
}

// seen collects what a run tells.
type seen struct {
	results []Result
	notices []string
}

func (s *seen) watch(c *Config) {
	c.Done = func(r Result) { s.results = append(s.results, r) }
	c.Notice = func(n string) { s.notices = append(s.notices, n) }
}

func (s *seen) states() map[State]int {
	m := map[State]int{}
	for _, r := range s.results {
		m[r.State]++
	}
	return m
}

// TestRun downloads months and days with and without a listing, and then again: nothing is
// fetched twice.
func TestRun(t *testing.T) {
	f := files{}
	f.addAll(aggTrades, at("2024-03-01"), at("2024-03-08"), false)
	f.addAll(hours, at("2024-03-01"), at("2024-05-01"), true)
	f.addAll(hours, at("2024-05-01"), at("2024-05-10"), false)
	f.addAll(funding, at("2024-03-01"), at("2024-05-01"), true)
	f.addAll(metrics, at("2024-03-01"), at("2024-03-04"), false)
	want := f.clean(t)
	for _, listing := range []int{0, 7, 1000} {
		s := newServer(f)
		s.listing = listing
		store := newTape(t)
		c := setup(t, s.open(t), store, "2024-03-01", "2024-05-10", hours, aggTrades, funding, metrics)
		if listing > 0 {
			c.List = c.Base + "/list"
		}
		var told seen
		told.watch(&c)
		sum, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got := hashOf(store); got != want {
			t.Errorf("listing %d: the data's hash is %s, of the clean files %s", listing, got, want)
		}
		archives, checksums := s.requests()
		exist := len(f) / 2
		// Without a listing, what is not there is asked for twice: its CHECKSUM and itself.
		if listing > 0 && (archives != exist || checksums != exist || sum.Requests != archives+checksums+s.lists) || sum.Imported != exist {
			t.Errorf("listing %d: %d archives exist, %d and %d CHECKSUM files were asked for; %+v", listing, exist, archives, checksums, sum)
		}
		// 63 days of trades, the running month of settlements, 67 days of metrics.
		if states := told.states(); states[Missing] != 63+1+67 || sum.Missing != states[Missing] || sum.Listed != (listing > 0) {
			t.Errorf("listing %d: states %v, %+v, notices %q", listing, states, sum, told.notices)
		}
		for path, n := range s.sent {
			if strings.HasSuffix(path, ".zip") && f[path] != nil && n != int64(len(f[path])) {
				t.Errorf("%s has %d bytes, %d were sent", path, len(f[path]), n)
			}
		}
		if left := treeOf(t, c.Cache); len(left) > 0 {
			t.Errorf("the cache keeps %v", left)
		}
		s.forget()
		if sum, err = Run(t.Context(), c); err != nil || sum.Already != exist || sum.Imported != 0 {
			t.Errorf("again: %+v, %v", sum, err)
		}
		for path := range f {
			if want := strings.Count(path, checksumSuffix); s.asked[path] != want {
				t.Errorf("again: %s was asked for %d times, want %d", path, s.asked[path], want)
			}
		}
	}
}

// treeOf lists the files below a directory.
func treeOf(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return list
}

// TestKeep keeps archives in the cache, from which another tape is made without a body.
func TestKeep(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-04-01"), true)
	s := newServer(f)
	c := setup(t, s.open(t), newTape(t), "2024-03-01", "2024-04-01", hours)
	c.Keep = true
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	month := Archive{Key: hours, From: at("2024-03-01"), To: at("2024-04-01"), Monthly: true}
	if left := treeOf(t, c.Cache); !slices.Equal(left, []string{month.Path(), month.Path() + checksumSuffix}) {
		t.Errorf("the cache keeps %v", left)
	}
	other := newTape(t)
	c.Tape = other
	s.forget()
	sum, err := Run(t.Context(), c)
	if err != nil || sum.Imported != 1 || s.asked[month.Path()] != 0 || hashOf(other) != f.clean(t) {
		t.Errorf("%+v, %v, asked %v", sum, err, s.asked)
	}
	// A cached file that is damaged is fetched again.
	if err := os.WriteFile(filepath.Join(c.Cache, month.Path()), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Tape = newTape(t)
	if sum, err = Run(t.Context(), c); err != nil || sum.Imported != 1 || s.asked[month.Path()] != 1 {
		t.Errorf("%+v, %v, asked %v", sum, err, s.asked)
	}
}

// TestFormOfMonths stays with the days of a month that the tape has begun with, and with a
// month whose days are wanted later.
func TestFormOfMonths(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-05-01"), true)
	f.addAll(hours, at("2024-03-01"), at("2024-05-01"), false)
	s := newServer(f)
	store := newTape(t)
	c := setup(t, s.open(t), store, "2024-03-01", "2024-03-11", hours)
	run := func(from, to string) Summary {
		t.Helper()
		s.forget()
		c.From, c.To = at(from), at(to)
		sum, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if sum := run("2024-03-01", "2024-03-11"); sum.Imported != 10 {
		t.Errorf("ten days: %+v", sum)
	}
	if sum := run("2024-03-01", "2024-05-01"); sum.Imported != 22 || sum.Already != 10 {
		t.Errorf("the month of the ten days and one more: %+v", sum)
	}
	if sum := run("2024-04-03", "2024-04-05"); sum.Already != 1 || sum.Imported != 0 {
		t.Errorf("two days of a month: %+v", sum)
	}
}

// TestReplaced notices an archive that has another checksum than the one on the tape.
func TestReplaced(t *testing.T) {
	f := files{}
	f.addAll(hours, at("2024-03-01"), at("2024-03-03"), false)
	first := Archive{Key: hours, From: at("2024-03-01"), To: at("2024-03-02")}
	second := Archive{Key: hours, From: at("2024-03-02"), To: at("2024-03-03")}
	full := f[first.Path()]
	short := first
	short.To = first.From.Add(6 * time.Hour)
	f.add(first, zipOf("x.csv", csvOf(short, true))) // some hours were forgotten at first
	s := newServer(f)
	store := newTape(t)
	c := setup(t, s.open(t), store, "2024-03-01", "2024-03-03", hours)
	var told seen
	told.watch(&c)
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	old := told.results[0].SHA256
	if told.results[0].Archive != first {
		old = told.results[1].SHA256
	}
	f.add(first, full)
	f.add(second, zipOf("x.csv", strings.ReplaceAll(csvOf(second, true), ".125,", ".25,"))) // and some volumes were wrong
	told = seen{}
	_, err := Run(t.Context(), c)
	if !errors.Is(err, tape.ErrConflict) {
		t.Errorf("error %v", err)
	}
	for _, r := range told.results {
		if r.Replaced == "" || r.Replaced == r.SHA256 || (r.Archive == first) != (r.State == Imported) || r.Archive == first && r.Replaced != old {
			t.Errorf("%s: %v, replaced %q", r.Name(), r.State, r.Replaced)
		}
	}
	f.add(second, made(second, true))
	want := f.clean(t)
	told = seen{}
	if sum, err := Run(t.Context(), c); err != nil || hashOf(store) != want || sum.Already != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
}
