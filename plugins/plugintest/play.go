package plugintest

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// Lists has package cmp take lists of wishes, timers and lines as equal that have the same in
// them, whether there is no list or an empty one.
func Lists() cmp.Option {
	return cmp.Options{cmp.Comparer(slices.Equal[[]exchange.Intent]), cmp.Comparer(slices.Equal[[]exchange.Timer]), cmp.Comparer(slices.Equal[[]string])}
}

// Equal fails the test if two answers to event i differ.
func Equal(t testing.TB, seed uint64, i int, want, got *strategy.Output) {
	t.Helper()
	if diff := cmp.Diff(*want, *got, Lists()); diff != "" {
		t.Fatalf("seed %d, event %d: the answers differ (-here +there):\n%s", seed, i, diff)
	}
}

// Lockstep plays one random market to a strategy in this process and to the same behind the
// boundary, announced in batches of random sizes, and wants the same answers. The first third
// of the market is history.
func Lockstep(t testing.TB, seed uint64, local *strategy.Runtime, session *host.Session) {
	t.Helper()
	Equal(t, seed, -1, local.Started(), session.Started())
	if !cmp.Equal(local.Subscriptions(), session.Subscriptions()) {
		t.Fatalf("subscriptions %v became %v", local.Subscriptions(), session.Subscriptions())
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	events := Market(rng, 600)
	const history = 200
	for i := 0; i < len(events); {
		if i == 0 || i == history {
			local.SetWarming(i < history)
			must(t, session.SetWarming(i < history))
		}
		quiet := i
		for most := i + rng.IntN(100); quiet < min(most, len(events)) && events[quiet].Kind.Market() && (i >= history || quiet < history); {
			quiet++
		}
		announced := slices.Clone(events[i:quiet])
		for j := range announced {
			announced[j].Seq = 0 // numbered only when delivered
		}
		must(t, session.Ahead(announced))
		for stop := max(quiet, i+1); i < stop; i++ {
			e := &events[i]
			if local.Wants(e) != session.Wants(e) {
				t.Fatalf("seed %d: %v is wanted here and not there", seed, e.Kind)
			}
			got, err := session.Deliver(e)
			must(t, err)
			want := local.Deliver(e)
			Equal(t, seed, i, want, got)
			if len(want.Intents)+len(want.Timers) > 0 {
				stop = i + 1 // the rest of the batch was not handled
			}
		}
	}
	end := events[len(events)-1].At
	got, err := session.Stop(end)
	must(t, err)
	Equal(t, seed, len(events), local.Stop(end), got)
	if _, err := session.Deliver(&events[0]); err == nil {
		t.Error("a stopped session takes events")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Wished collects what a live session passes on, and how it ends.
type Wished struct {
	mutex sync.Mutex // sessions wish on goroutines of their own
	list  []host.Wishes
	Ended chan error
}

// NewWished is ready for one session after another, of which each end is read.
func NewWished() *Wished { return &Wished{Ended: make(chan error, 1)} }

// Wish is for host.LiveConfig.
func (w *Wished) Wish(x host.Wishes) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.list = append(w.list, x)
}

// All is what has been wished so far.
func (w *Wished) All() []host.Wishes {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return slices.Clone(w.list)
}

// Note appends to list what a live session passes on of an answer in this process: nothing where
// nothing is asked for.
func Note(list []host.Wishes, seq uint64, at exchange.Time, out *strategy.Output) []host.Wishes {
	if len(out.Intents)+len(out.Timers) == 0 {
		return list
	}
	return append(list, host.Wishes{Seq: seq, At: at, Intents: slices.Clone(out.Intents), Timers: slices.Clone(out.Timers)})
}

// Live starts a live session of strategy 3 of the plugin on [Instruments], to be closed with the
// test. It may wish without limit and take its time, unless change says otherwise.
func Live(t testing.TB, p *host.Plugin, w *Wished, change func(*host.LiveConfig)) (*host.Live, error) {
	t.Helper()
	c := host.LiveConfig{
		Instruments: Instruments(t), ID: 3, Wish: w.Wish, Ended: func(err error) { w.Ended <- err },
		IntentsMax: 1e6, TimersMax: 1e6, Timeout: time.Minute,
	}
	if change != nil {
		change(&c)
	}
	l, err := p.Live(t.Context(), c)
	if err == nil {
		t.Cleanup(l.Close)
	}
	return l, err
}

// Quiet delivers b.N trades, announced in batches, to a strategy that asks for nothing, and
// reports events/s; one operation is one event.
func Quiet(b *testing.B, s *host.Session, batch int) {
	b.Helper()
	events := make([]exchange.Event, batch)
	at := exchange.Time(0)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		for i := range events {
			at++
			events[i] = exchange.Event{Seq: uint64(at), At: at, Inst: 1}
			events[i].SetTrade(exchange.Trade{Price: 60_000e8 + exchange.Fixed(at%20_000)*1e7, Qty: 1e6, ID: int64(at)})
		}
		must(b, s.Ahead(events))
		for i := range events {
			out, err := s.Deliver(&events[i])
			if err != nil || !out.Empty() {
				b.Fatal(err, out)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
