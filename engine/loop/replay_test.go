package loop

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// written is a journal of two processes, three orders sent and one refused, as a kill leaves
// it; state is the kernel's at the end.
func written(t *testing.T) (dir string, state []byte) {
	t.Helper()
	dir = t.TempDir()
	for i, prefix := range []string{"pm-1", "pm-2"} {
		k, _, err := Recover(dir, kernelConfig(t))
		if err != nil {
			t.Fatal(err)
		}
		w, err := journal.Open(journal.Config{
			Dir: dir, Sync: journal.SyncNever(),
			Header: journal.Header{Version: "v" + prefix, Config: "c", Prefix: prefix, Mode: "dry", Account: "a", Instruments: testInstruments(t).All()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Rotate(k.Snapshot()); err != nil {
			t.Fatal(err)
		}
		f := newFake(t, watching, func(c *Config) { c.Kernel, c.Journal = k, Keep(w) })
		f.Start(exchange.Start{Prefix: prefix})
		f.open()
		large := buy(9)
		large.Request.Price = exchange.MustFixed("90000")
		f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(uint64(10*i + 1)), large, buy(uint64(10*i + 2))}})
		if len(f.broker.sent) != 2 {
			t.Fatalf("%d orders were sent", len(f.broker.sent))
		}
		state = k.Snapshot()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir, state
}

// TestRecover brings the state back, byte for byte; tighter limits forget no order, and no
// journal is a first start.
func TestRecover(t *testing.T) {
	dir, state := written(t)
	k, r, err := Recover(dir, kernelConfig(t))
	if err != nil || !bytes.Equal(k.Snapshot(), state) {
		t.Fatalf("%v: the state is another one", err)
	}
	if r.Last != k.Seq() || r.At != k.Now() || r.Decisions != 3 || r.Header.Prefix != "pm-2" || r.Torn != 0 {
		t.Errorf("%+v", r)
	}
	if text := r.String(); !strings.HasSuffix(text, "orders: 2 PENDING_NEW, 2 UNKNOWN") {
		t.Error(text)
	}
	tight := kernelConfig(t, func(l *riskguard.Limits) { l.OpenOrdersMax, l.MessagesPerSecondMax = 1, 1 })
	if k, _, err = Recover(dir, tight); err != nil || len(k.Orders()) != 4 {
		t.Errorf("with tighter limits: %v", err)
	}
	k, r, err = Recover(t.TempDir(), kernelConfig(t))
	if err != nil || k.Seq() != 0 || r.String() != "no journal: this is the first start" {
		t.Errorf("without a journal: %v, %v", err, &r)
	}
}

// TestTornTail cuts the journal off behind each of the last 1000 octets of its newest segment: what is whole is
// brought back, and what was torn is told.
func TestTornTail(t *testing.T) {
	dir, _ := written(t)
	paths, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := paths[len(paths)-1]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, torn := uint64(0), 0
	for n := max(0, len(whole)-raced.Fewer(1000, 100)); n <= len(whole); n++ {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		k, r, err := Recover(dir, kernelConfig(t))
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
		if k.Seq() < before {
			t.Fatalf("cut at %d: event %d, and %d with less", n, k.Seq(), before)
		}
		if before = k.Seq(); r.Torn > 0 {
			torn++
		}
	}
	if torn == 0 {
		t.Error("no tail was torn: the test shows nothing")
	}
}

// TestReplay finds nothing where nothing differs, and names what does.
func TestReplay(t *testing.T) {
	dir, _ := written(t)
	with := func(change ...func(*riskguard.Limits)) func(*journal.Header) (engine.Config, error) {
		return func(*journal.Header) (engine.Config, error) { return kernelConfig(t, change...), nil }
	}
	r, err := Replay(t.Context(), dir, with(), ReplayOptions{Version: "vpm-2", Config: "c"})
	if err != nil || r.Different != 0 || r.Segments != 2 || r.Snapshots != 1 || r.Decisions != 6 || r.First != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if len(r.Processes) != 2 || !r.Processes[0].Other || r.Processes[1].Other {
		t.Errorf("processes %+v", r.Processes)
	}
	tight := func(l *riskguard.Limits) { l.OpenOrdersMax = 1 }
	r, err = Replay(t.Context(), dir, with(tight), ReplayOptions{Most: 1})
	if err != nil || r.Different == 0 || len(r.Differences) != 1 {
		t.Fatalf("with another limit: %+v, %v", r, err)
	}
	if d := r.Differences[0]; d.Field != "Order.ID" || d.Journalled != "2" || d.Ours != "0" || d.Seq == 0 || d.At == 0 {
		t.Errorf("%+v", d)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Replay(ctx, dir, with(), ReplayOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Replay(t.Context(), t.TempDir(), with(), ReplayOptions{}); !errors.Is(err, journal.ErrEmpty) {
		t.Error(err)
	}
}

// TestReplayState finds a snapshot that is not the state.
func TestReplayState(t *testing.T) {
	dir, _ := written(t)
	paths, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Open(journal.Config{Dir: dir, Header: journal.Header{
		Prefix: "pm-3", Mode: "dry", Account: "a", Instruments: testInstruments(t).All(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := Recover(dir, kernelConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Replace(k.Snapshot(), []byte(`"last_order":4`), []byte(`"last_order":7`), 1)
	if err := errors.Join(w.Rotate(forged), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Replay(t.Context(), dir, func(*journal.Header) (engine.Config, error) { return kernelConfig(t), nil }, ReplayOptions{})
	if err != nil || len(paths) != 2 || r.Different != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if d := r.Differences[0]; d.Field != "snapshot" || !strings.Contains(d.Journalled, `"last_order":7`) || !strings.Contains(d.Ours, `"last_order":4`) {
		t.Errorf("%+v", d)
	}
}

// TestReplayReconfigured: a process whose limits or programs are others has read the last segment
// of the one before with them, which is no difference.
func TestReplayReconfigured(t *testing.T) {
	dir, _ := written(t)
	config := func(h *journal.Header) (engine.Config, error) {
		c := kernelConfig(t)
		if h.Prefix != "pm-3" {
			return c, nil
		}
		g, err := riskguard.New(riskguard.Config{
			Instruments: c.Instruments, Tables: margin.Assumed(), Limits: riskguard.DefaultLimits(),
			Strategies: 2, Permits: riskguard.Unbound(2), Prints: []string{"new", "new"},
		})
		c.Guard = g
		return c, err
	}
	header := journal.Header{Prefix: "pm-3", Mode: "dry", Account: "a", Instruments: testInstruments(t).All()}
	c, err := config(&header)
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := Recover(dir, c)
	if err != nil || !bytes.Contains(k.Snapshot(), []byte(`"print":"new"`)) {
		t.Fatalf("%v: the state does not depend on the configuration, so the test shows nothing", err)
	}
	w, err := journal.Open(journal.Config{Dir: dir, Header: header})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Rotate(k.Snapshot()), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Replay(t.Context(), dir, config, ReplayOptions{})
	if err != nil || r.Snapshots != 2 || r.Different != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
