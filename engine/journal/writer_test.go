package journal

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

func randOf(a, b uint64) *rand.Rand { return rand.New(rand.NewPCG(a, b)) }

// TestWriteAndRead writes segments with all kinds of events and reads them, whole and from
// the newest, while they are written and after.
func TestWriteAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "journal")
	if _, err := Newest(dir); !errors.Is(err, ErrEmpty) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	w := opened(t, testConfig(dir))
	if _, err := Open(testConfig(dir)); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	list := script(1, 1, 300)
	appendAll(t, w, list[:100])
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	same(t, list[:100], readAll(t, dir))
	big := bytes.Repeat([]byte("snapshot "), 400_000)
	if err := w.Rotate(big); err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, list[100:200])
	if err := w.Commit(BeforeRisk); err != nil {
		t.Fatal(err)
	}
	same(t, list[100:200], readNewest(t, dir))
	same(t, list[:200], readAll(t, dir))
	s, err := Newest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Snapshot(); err != nil || !bytes.Equal(got, big) || s.First != 101 {
		t.Errorf("a snapshot of %d octets before event %d, %v", len(got), s.First, err)
	}
	s.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(BeforeRisk); !errors.Is(err, ErrDead) {
		t.Errorf("a closed writer: %v", err)
	}
	again := opened(t, testConfig(dir))
	if again.Last() != 200 {
		t.Errorf("the next writer begins behind event %d", again.Last())
	}
	appendAll(t, again, list[200:])
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, list, readAll(t, dir))
	if got := named(t, dir); len(got) != 3 {
		t.Errorf("%v", got)
	}
	if info, err := os.Stat(filepath.Join(dir, segmentName(1))); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestDeterministic: the same events give the same octets.
func TestDeterministic(t *testing.T) {
	var files [2][]byte
	for i := range files {
		dir := t.TempDir()
		w := opened(t, testConfig(dir))
		appendAll(t, w, script(1, 1, 200))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		files[i] = fileOf(t, filepath.Join(dir, segmentName(1)))
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same events gave different octets")
	}
}

// TestAppendRefuses what cannot follow, and goes on as if it had not been asked.
func TestAppendRefuses(t *testing.T) {
	dir := t.TempDir()
	w, err := Open(testConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	list := script(1, 1, 50)
	if err := w.Append(&list[0].Event, nil); err == nil || !strings.Contains(err.Error(), "before the first segment") {
		t.Errorf("no segment: %v", err)
	}
	if err := w.Rotate(nil); err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, list[:20])
	for what, spoil := range map[string]func(*exchange.Event){
		"event 20 at ":              func(e *exchange.Event) { e.Seq = 20 },
		"cannot follow event 20":    func(e *exchange.Event) { e.Seq = 22 },
		"event 21 at 2001":          func(e *exchange.Event) { e.At -= 1e9 },
		"of kind 66 with flags 0x":  func(e *exchange.Event) { e.SetTimer(&exchange.Timer{}); e.Flags = 0x80 },
		"no journal takes an event": func(e *exchange.Event) { e.Kind = 200 },
		"no journal has events of":  func(e *exchange.Event) { e.Kind = 100 },
		"the exponent 2000000": func(e *exchange.Event) {
			e.SetLedger(&exchange.LedgerEntry{Delta: exponent(2_000_000)})
		},
		"16777215 at most": func(e *exchange.Event) { e.SetReload(&exchange.Reload{Limits: make([]byte, payloadMax)}) },
	} {
		e := list[20].Event
		spoil(&e)
		if err := w.Append(&e, nil); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	appendAll(t, w, list[20:])
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, list, readAll(t, dir))
}

// TestCommit: market data waits, all else is written, and forced as the policy says.
func TestCommit(t *testing.T) {
	trade := func(w *Writer) *exchange.Event {
		e := exchange.Event{Seq: w.Last() + 1, At: 1e18}
		e.SetTrade(exchange.Trade{Price: 1})
		return &e
	}
	timer := func(w *Writer) *exchange.Event {
		e := exchange.Event{Seq: w.Last() + 1, At: 1e18}
		e.SetTimer(&exchange.Timer{})
		return &e
	}
	for _, c := range []struct {
		sync  string
		event func(*Writer) *exchange.Event
		level Level
		want  string
	}{
		{"orders", trade, Later, ""},
		{"orders", trade, BeforeSend, "write"},
		{"orders", timer, Later, "write"},
		{"orders", timer, BeforeSend, "write"},
		{"orders", timer, BeforeRisk, "write sync"},
		{"always", trade, Later, ""},
		{"always", timer, Later, "write sync"},
		{"always", trade, BeforeSend, "write sync"},
		{"never", timer, BeforeRisk, "write"},
		{"1s", timer, BeforeRisk, "write"},
	} {
		policy, err := ParseSync(c.sync)
		if err != nil || policy.String() != c.sync {
			t.Fatalf("%s: %v, %v", c.sync, policy, err)
		}
		d := &fakeDisk{}
		config := testConfig(t.TempDir())
		config.Sync, config.disk = policy, d
		w := opened(t, config)
		d.did = nil
		if err := w.Append(c.event(w), nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(c.level); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(d.did, " "); got != c.want {
			t.Errorf("%s, level %d: %q, want %q", c.sync, c.level, got, c.want)
		}
	}
	for _, bad := range []string{"", "soon", "0s", "2h", "1us", "-1s"} {
		if _, err := ParseSync(bad); err == nil || !strings.Contains(err.Error(), "none of always") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestPendingBound: market data that nobody flushes is written before it takes much room.
func TestPendingBound(t *testing.T) {
	d := &fakeDisk{}
	config := testConfig(t.TempDir())
	config.disk = d
	w := opened(t, config)
	most := 0
	for i := range 100_000 {
		e := exchange.Event{Seq: w.Last() + 1, At: exchange.Time(i)}
		e.SetTrade(exchange.Trade{Price: exchange.Fixed(i * i), ID: int64(i)})
		if err := w.Append(&e, nil); err != nil {
			t.Fatal(err)
		}
		most = max(most, w.pending())
		if err := w.Commit(Later); err != nil {
			t.Fatal(err)
		}
	}
	if most > pendingMax+100 || len(d.did) < 3 {
		t.Errorf("%d octets were pending, %v", most, d.did)
	}
}

// TestFull by size and by the time of events.
func TestFull(t *testing.T) {
	config := testConfig(t.TempDir())
	config.SegmentBytes, config.SegmentSpan = 4000, time.Minute
	w := opened(t, config)
	put := func(at exchange.Time) {
		e := exchange.Event{Seq: w.Last() + 1, At: at}
		e.SetState(&exchange.StateChange{Reason: strings.Repeat("x", 100)})
		if err := w.Append(&e, nil); err != nil {
			t.Fatal(err)
		}
	}
	if w.Full() {
		t.Error("a new segment is full")
	}
	put(1e18)
	put(1e18 + exchange.Time(time.Minute) - 1)
	if w.Full() {
		t.Error("full before its time")
	}
	put(1e18 + exchange.Time(time.Minute))
	if !w.Full() {
		t.Error("not full after its time")
	}
	if err := w.Rotate(nil); err != nil || w.Full() {
		t.Error("full after a rotation", err)
	}
	for range 40 {
		put(2e18)
	}
	if !w.Full() {
		t.Error("not full at its size")
	}
}

// TestOtherAccount: a directory is for one account in one mode.
func TestOtherAccount(t *testing.T) {
	dir := t.TempDir()
	opened(t, testConfig(dir)).Close()
	for _, spoil := range []func(*Config){
		func(c *Config) { c.Header.Account = "other" },
		func(c *Config) { c.Header.Mode = "live" },
	} {
		c := testConfig(dir)
		spoil(&c)
		if _, err := Open(c); err == nil || !strings.Contains(err.Error(), "give each a directory of its own") {
			t.Errorf("%v", err)
		}
	}
}
