package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// theatre is broker and strategies in one: it notes what it is shown and told, and
// wishes what answer says.
type theatre struct {
	seen   []string
	seqs   []uint64
	answer func(e *exchange.Event, w *Wishes)
	err    error
}

func (s *theatre) Submit(a riskguard.Approved, at exchange.Time) {
	s.seen = append(s.seen, fmt.Sprintf("submit %s at %d", a.Order().ClientID, at))
}

func (s *theatre) Cancel(o exchange.Order, at exchange.Time) {
	s.seen = append(s.seen, fmt.Sprintf("cancel %s at %d", o.ClientID, at))
}

func (s *theatre) Deliver(e *exchange.Event, w *Wishes) error {
	s.seqs = append(s.seqs, e.Seq)
	line := fmt.Sprintf("%v at %d", e.Kind, e.At)
	switch e.Kind {
	case exchange.KindTimer:
		line = fmt.Sprintf("timer s%d %d at %d", e.Timer().Strategy, e.Timer().ID, e.At)
	case exchange.KindRefusal:
		line = fmt.Sprintf("refusal s%d #%d", e.Refusal().Intent.Strategy, e.Refusal().Intent.Ref)
	}
	s.seen = append(s.seen, line)
	if s.answer != nil {
		s.answer(e, w)
	}
	return s.err
}

// staged is a driver with a theatre around a kernel that refuses everything: it is
// halted.
func staged(t testing.TB) (*Driver, *theatre) {
	t.Helper()
	s := &theatre{}
	return NewDriver(newBench(t).kernel, s, s), s
}

func trade(at exchange.Time) *exchange.Event {
	e := &exchange.Event{At: at, Inst: 1}
	e.SetTrade(exchange.Trade{Price: exchange.MustFixed("60000"), Qty: exchange.FixedOne})
	return e
}

func (s *theatre) want(t *testing.T, lines ...string) {
	t.Helper()
	if !slices.Equal(s.seen, lines) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(s.seen, "\n  "), strings.Join(lines, "\n  "))
	}
	s.seen = nil
}

func TestTimersFireInOrder(t *testing.T) {
	d, s := staged(t)
	err := d.Wish(&Wishes{Timers: []exchange.Timer{
		{Strategy: 2, ID: 1, Due: 20}, {Strategy: 1, ID: 9, Due: 20}, {Strategy: 1, ID: 3, Due: 20},
		{Strategy: 2, ID: 7, Due: 10}, {Strategy: 1, ID: 1, Due: 30}, {Strategy: 1, ID: 2, Due: -5},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if due, ok := d.NextTimer(); !ok || due != -5 {
		t.Errorf("next timer %v %v", due, ok)
	}
	// A timer set by a timer, for now or the past, fires in the same sweep; and one that
	// was due in the past happens now.
	s.answer = func(e *exchange.Event, w *Wishes) {
		if e.Timer().ID == 7 {
			w.Timers = append(w.Timers, exchange.Timer{Strategy: 1, ID: 100, Due: 3}, exchange.Timer{Strategy: 1, ID: 101, Due: 20})
		}
	}
	if err := d.FireTimers(20); err != nil {
		t.Fatal(err)
	}
	s.want(t,
		"timer s1 2 at 1", "timer s2 7 at 10", "timer s1 100 at 10",
		"timer s1 3 at 20", "timer s1 9 at 20", "timer s1 101 at 20", "timer s2 1 at 20")
	if due, ok := d.NextTimer(); !ok || due != 30 {
		t.Errorf("next timer %v %v", due, ok)
	}
	if err := d.FireTimers(29); err != nil || s.seen != nil {
		t.Errorf("%v %v", err, s.seen)
	}
}

// TestWishesAreGrantedInTurn: what all wish in answer to one event is decided in the
// order of asking, and what they wish in answer to that comes after.
func TestWishesAreGrantedInTurn(t *testing.T) {
	d, s := staged(t)
	wish := func(who exchange.StrategyID, ref uint64) exchange.Intent {
		return exchange.Intent{Kind: exchange.IntentNew, Strategy: who, Ref: ref, Request: exchange.OrderRequest{Inst: 1}}
	}
	s.answer = func(e *exchange.Event, w *Wishes) {
		switch {
		case e.Kind == exchange.KindTrade:
			w.Intents = append(w.Intents, wish(1, 1), wish(1, 2), wish(2, 1))
		case e.Refusal().Intent.Strategy == 1 && e.Refusal().Intent.Ref == 1:
			w.Intents = append(w.Intents, wish(1, 3))
		}
	}
	if err := d.Deliver(trade(5)); err != nil {
		t.Fatal(err)
	}
	s.want(t, "TRADE at 5", "refusal s1 #1", "refusal s1 #2", "refusal s2 #1", "refusal s1 #3")
	if d.Wishes() != 4 || d.Seq() != 5 {
		t.Errorf("%d wishes, seq %d", d.Wishes(), d.Seq())
	}
	// An answer carries the number of the wish that it answers.
	if want := []uint64{1, 2, 3, 4, 5}; !slices.Equal(s.seqs, want) {
		t.Errorf("seqs %v, want %v", s.seqs, want)
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	d, s := staged(t)
	for _, at := range []exchange.Time{10, 7, 12} {
		if err := d.Deliver(trade(at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Wish(&Wishes{}, 3); err != nil {
		t.Fatal(err)
	}
	if err := d.Deliver(trade(4)); err != nil {
		t.Fatal(err)
	}
	s.want(t, "TRADE at 10", "TRADE at 10", "TRADE at 12", "TRADE at 12")
	if want := []uint64{1, 2, 3, 4}; !slices.Equal(s.seqs, want) {
		t.Errorf("seqs %v, want %v", s.seqs, want)
	}
}

// TestChainsEnd: a strategy that answers itself for ever is named and stopped.
func TestChainsEnd(t *testing.T) {
	d, s := staged(t)
	s.answer = func(e *exchange.Event, w *Wishes) {
		w.Intents = append(w.Intents, exchange.Intent{Kind: exchange.IntentNew, Strategy: 2, Request: exchange.OrderRequest{Inst: 1}})
	}
	err := d.Deliver(trade(1))
	if err == nil || !strings.Contains(err.Error(), "strategy 2: more than 10000 wishes in answer to one event") {
		t.Errorf("wishes: %v", err)
	}
	if len(s.seen) != 1+chainMax {
		t.Errorf("%d deliveries", len(s.seen))
	}
	d, s = staged(t)
	s.answer = func(e *exchange.Event, w *Wishes) {
		w.Timers = append(w.Timers, exchange.Timer{Strategy: 1, Due: 0})
	}
	if err := d.Deliver(trade(1)); err != nil {
		t.Fatal(err)
	}
	err = d.FireTimers(1)
	if err == nil || !strings.Contains(err.Error(), "strategy 1: 10000 timers at one instant") {
		t.Errorf("timers: %v", err)
	}
}

func TestLostStrategyEndsDelivery(t *testing.T) {
	d, s := staged(t)
	lost := errors.New("the process died")
	s.err = lost
	err := d.Deliver(trade(1_000_000_000))
	if !errors.Is(err, lost) || !strings.Contains(err.Error(), "event 1 TRADE at 1970-01-01T00:00:01Z") {
		t.Errorf("%v", err)
	}
}

// TestHaltIsToldBeforeTheRefusal: a control that failed stops the account.
func TestHaltIsToldBeforeTheRefusal(t *testing.T) {
	b := opened(t)
	wish := exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 1, Request: exchange.OrderRequest{Inst: 1}}
	e := exchange.Event{Seq: b.driver.seq, At: b.now, Inst: 1}
	e.SetIntent(&wish)
	b.kernel.commands = nil
	b.kernel.applyDecision(&e, &Decision{Decision: exchange.Decision{Halt: "control x failed", Refusal: refuse(&wish, "x", "the control failed")}})
	if err := b.driver.carryOut(b.kernel.commands); err != nil {
		t.Fatal(err)
	}
	b.play("s1 #2 buy UM 0.1 limit 59000")
	want := `  state HALTED: control x failed
  s1 #1 refused by x: the control failed
s1 #2 buy UM 0.1 limit 59000
  s1 #2 refused by state: trading is halted by RISK: control x failed, limit it must be active
`
	if got := b.out.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestRiskOfAnAmend: either version may fill, so the guard counts what costs more.
func TestRiskOfAnAmend(t *testing.T) {
	for _, c := range []struct {
		side             exchange.Side
		price, asked     exchange.Fixed
		qty, wants       exchange.Fixed
		atPrice, wantQty exchange.Fixed
	}{
		{exchange.Buy, 100, 110, 5, 3, 110, 5},
		{exchange.Buy, 100, 90, 5, 7, 100, 7},
		{exchange.Sell, 100, 110, 5, 7, 100, 7},
		{exchange.Sell, 100, 90, 5, 3, 90, 5},
	} {
		o := order{asked: &exchange.OrderRequest{Price: c.asked, Qty: c.wants}}
		o.Request = exchange.OrderRequest{Side: c.side, Price: c.price, Qty: c.qty}
		if r := o.risk().Request; r.Price != c.atPrice || r.Qty != c.wantQty {
			t.Errorf("%+v: counted as %v at %v", c, r.Qty, r.Price)
		}
	}
}

func TestStepPanicsOnDisorder(t *testing.T) {
	for name, e := range map[string]*exchange.Event{
		"gap": {Seq: 3, At: 10}, "repeat": {Seq: 1, At: 10}, "back in time": {Seq: 2, At: 9},
	} {
		t.Run(name, func(t *testing.T) {
			k := newBench(t).kernel
			first := trade(10)
			first.Seq = 1
			k.Step(first)
			defer func() {
				if recover() == nil {
					t.Error("a broken invariant must panic")
				}
			}()
			e.Inst = 1
			e.SetTrade(exchange.Trade{})
			k.Step(e)
		})
	}
}

// quiet are the market events that come millions of times.
func quiet() map[string]func(*exchange.Event) {
	bar := &exchange.Bar{Close: exchange.MustFixed("60000"), Interval: 60_000_000_000}
	return map[string]func(*exchange.Event){
		"trade":  func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: bar.Close, Qty: 1}) },
		"ticker": func(e *exchange.Event) { e.SetBookTicker(exchange.BookTicker{Bid: bar.Close, Ask: bar.Close}) },
		"mark":   func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: bar.Close}) },
		"bar":    func(e *exchange.Event) { e.SetBar(bar) },
	}
}

// nobody wants anything.
type nobody struct{}

func (nobody) Submit(riskguard.Approved, exchange.Time)   {}
func (nobody) Cancel(exchange.Order, exchange.Time)       {}
func (nobody) Deliver(e *exchange.Event, w *Wishes) error { return nil }

func TestMarketEventsDoNotAllocate(t *testing.T) {
	for name, set := range quiet() {
		b := opened(t)
		b.play("s1 #1 buy UM 0.1 limit 59000\nack t-1-1\nfill t-1-1 BUY 0.05 59000")
		d := NewDriver(b.kernel, nobody{}, nobody{})
		d.seq, d.now = b.driver.seq, b.now
		e := exchange.Event{At: b.now, Inst: 1}
		set(&e)
		if n := testing.AllocsPerRun(1000, func() {
			if err := d.Deliver(&e); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkKernelStep is a market event that nobody wants. Target: 60 ns, no allocation.
func BenchmarkKernelStep(b *testing.B) {
	for _, name := range []string{"trade", "ticker", "mark", "bar"} {
		b.Run(name, func(b *testing.B) {
			bench := opened(b)
			e := exchange.Event{Seq: bench.driver.seq, At: bench.now, Inst: 1}
			quiet()[name](&e)
			b.ReportAllocs()
			for b.Loop() {
				e.Seq++
				bench.kernel.Step(&e)
			}
		})
	}
}

// TestWatchComesBeforeWishes: what the guard's watch finds after an event happens before what
// strategies wish in answer to it, and is shown.
func TestWatchComesBeforeWishes(t *testing.T) {
	d, s := staged(t)
	s.answer = func(e *exchange.Event, w *Wishes) {
		if e.Kind == exchange.KindRiskLevel {
			w.Intents = append(w.Intents, exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 1})
		}
	}
	e := exchange.Event{At: 5}
	e.SetRiskLevel(&exchange.Account{Status: exchange.StatusReduceOnly})
	if err := d.Deliver(&e); err != nil {
		t.Fatal(err)
	}
	s.want(t, "RISK_LEVEL at 5", "ALERT at 5", "STATE at 5", "refusal s1 #1")
	if want := []uint64{1, 2, 3, 4}; !slices.Equal(s.seqs, want) {
		t.Errorf("numbers %v, want %v", s.seqs, want)
	}
}
