package strategy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

func instruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", MarginAsset: "USDT", ContractSize: exchange.FixedOne,
		Tick: exchange.MustFixed("0.1"), Lot: exchange.Lot{Min: 100_000, Max: exchange.FixedOne, Step: 100_000},
	}
	cm := um
	cm.Product, cm.Symbol, cm.MarginAsset, cm.ContractSize = exchange.CM, "BTCUSD_PERP", "BTC", exchange.MustFixed("100")
	table, err := exchange.NewInstruments(um, cm)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// quiet has the three required methods and nothing else.
type quiet struct{ start func(*Env) error }

func (*quiet) Manifest() Manifest { return Manifest{Name: "quiet", Version: "0.0.1"} }
func (*quiet) Params() any        { return nil }
func (q *quiet) Start(env *Env) error {
	if q.start == nil {
		return nil
	}
	return q.start(env)
}

// all has every ability and writes down what it is called with.
type all struct {
	quiet
	calls []string
	do    func(*Env)
	state []byte
}

func (a *all) note(env *Env, format string, args ...any) {
	a.calls = append(a.calls, fmt.Sprintf(format, args...))
	if a.do != nil {
		a.do(env)
	}
}
func (a *all) OnBar(env *Env, in *exchange.Instrument, b *exchange.Bar) {
	a.note(env, "bar %s %v", in.Symbol, b.Close)
}
func (a *all) OnTrade(env *Env, in *exchange.Instrument, t exchange.Trade) {
	a.note(env, "trade %s %v", in.Symbol, t.Price)
}
func (a *all) OnBookTicker(env *Env, in *exchange.Instrument, b exchange.BookTicker) {
	a.note(env, "quote %s %v", in.Symbol, b.Bid)
}
func (a *all) OnMark(env *Env, in *exchange.Instrument, m exchange.Mark) {
	a.note(env, "mark %s %v", in.Symbol, m.Price)
}
func (a *all) OnFunding(env *Env, in *exchange.Instrument, f exchange.Funding) {
	a.note(env, "funding %s %v", in.Symbol, f.Rate)
}
func (a *all) OnFill(env *Env, in *exchange.Instrument, f *exchange.Fill) {
	a.note(env, "fill %s %v, held %v", in.Symbol, f.Qty, env.Held(in))
}
func (a *all) OnOrder(env *Env, in *exchange.Instrument, u *exchange.OrderUpdate) {
	a.note(env, "order %s %v", in.Symbol, u.Status)
}
func (a *all) OnRefusal(env *Env, r *exchange.Refusal)   { a.note(env, "refusal %s", r.Rule) }
func (a *all) OnAccount(env *Env, x *exchange.Account)   { a.note(env, "account %v", x.Equity) }
func (a *all) OnTimer(env *Env, id uint64)               { a.note(env, "timer %d", id) }
func (a *all) OnState(env *Env, s *exchange.StateChange) { a.note(env, "state %v", s.State) }
func (a *all) Stop(env *Env)                             { a.note(env, "stop at %v", env.Now()) }
func (a *all) Save() (int, []byte, error)                { return 3, a.state, nil }
func (a *all) Restore(version int, state []byte) error {
	if version != 3 {
		return errors.New("too old")
	}
	a.state = state
	return nil
}

const me = 2 // the strategy's number in these tests

func newRuntime(t testing.TB, s Strategy) *Runtime {
	t.Helper()
	r, err := NewRuntime(s, nil, instruments(t), me)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func event(in exchange.InstrumentID, set func(e *exchange.Event)) *exchange.Event {
	e := &exchange.Event{At: 1000, Inst: in}
	set(e)
	return e
}

func bar(in exchange.InstrumentID, interval time.Duration, price string) *exchange.Event {
	c := exchange.MustFixed(price)
	return event(in, func(e *exchange.Event) {
		e.SetBar(&exchange.Bar{Interval: interval, Open: c, High: c, Low: c, Close: c})
	})
}

func fill(strategy exchange.StrategyID, side exchange.Side, qty, price string) *exchange.Event {
	return event(1, func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: strategy, Side: side, Qty: exchange.MustFixed(qty), Price: exchange.MustFixed(price)})
	})
}

func update(strategy exchange.StrategyID, id exchange.OrderID, ref Ref, s exchange.OrderStatus) *exchange.Event {
	return event(1, func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{Strategy: strategy, ID: id, Ref: ref, Status: s, Price: 5, Qty: 7})
	})
}

// Each kind: who gets it, and which method is called.
func TestWantsAndDeliver(t *testing.T) {
	subscribe := func(env *Env) error {
		in, err := env.Instrument(Symbol{exchange.UM, "BTCUSDT"})
		if err != nil {
			return err
		}
		env.Bars(in, time.Minute, 5)
		env.Trades(in)
		env.BookTickers(in)
		env.Marks(in)
		env.Fundings(in, 0)
		return nil
	}
	number := exchange.MustFixed("7")
	trade := func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: number}) }
	quote := func(e *exchange.Event) { e.SetBookTicker(exchange.BookTicker{Bid: number}) }
	mark := func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: number}) }
	funding := func(e *exchange.Event) { e.SetFunding(exchange.Funding{Rate: number}) }
	refusal := func(by exchange.StrategyID) *exchange.Event {
		return event(0, func(e *exchange.Event) {
			e.SetRefusal(&exchange.Refusal{Rule: "price-collar", Intent: exchange.Intent{Strategy: by}})
		})
	}
	timer := func(of exchange.StrategyID) *exchange.Event {
		return event(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: of, ID: 9}) })
	}
	account := &exchange.Account{Equity: decimal.NewFromInt(7)}
	for _, c := range []struct {
		e    *exchange.Event
		call string // "" if not wanted, "none" if only the view is told
	}{
		{bar(1, time.Minute, "7"), "bar BTCUSDT 7"},
		{bar(1, time.Hour, "7"), ""},
		{bar(2, time.Minute, "7"), ""},
		{event(1, trade), "trade BTCUSDT 7"},
		{event(2, trade), ""},
		{event(1, quote), "quote BTCUSDT 7"},
		{event(2, quote), ""},
		{event(1, mark), "mark BTCUSDT 7"},
		{event(2, mark), ""},
		{event(1, funding), "funding BTCUSDT 7"},
		{event(2, funding), ""},
		{event(1, func(e *exchange.Event) { e.SetBarOpen(exchange.BarOpen{Price: number}) }), ""},
		{event(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{}) }), ""},
		{event(0, func(e *exchange.Event) { e.SetCadence(&exchange.Cadence{}) }), ""},
		{fill(me, exchange.Buy, "7", "5"), "fill BTCUSDT 7, held 7"},
		{fill(1, exchange.Buy, "7", "5"), ""},
		{fill(me, exchange.Buy, "0", "5"), "none"}, // a repeated report
		{update(me, 1, 1, exchange.StatusWorking), "order BTCUSDT WORKING"},
		{update(0, 2, 0, exchange.StatusWorking), ""},
		{refusal(me), "refusal price-collar"},
		{refusal(1), ""},
		{timer(me), "timer 9"},
		{timer(3), ""},
		{event(0, func(e *exchange.Event) { e.SetAccount(account) }), "account 7"},
		{event(0, func(e *exchange.Event) { e.SetRiskLevel(account) }), "account 7"},
		{event(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Halted}) }), "state HALTED"},
		{event(0, func(e *exchange.Event) { e.SetLedger(&exchange.LedgerEntry{}) }), "none"},
	} {
		a := &all{quiet: quiet{subscribe}}
		r := newRuntime(t, a)
		if got := r.Wants(c.e); got != (c.call != "") {
			t.Errorf("Wants(%v of %d) = %v", c.e.Kind, c.e.Inst, got)
		}
		if c.call == "" {
			continue
		}
		r.Deliver(c.e)
		if got := cmp.Or(strings.Join(a.calls, ", "), "none"); got != c.call {
			t.Errorf("%v called %q, want %q", c.e.Kind, got, c.call)
		}
		newRuntime(t, &quiet{subscribe}).Deliver(c.e) // without the ability: no call, no panic
	}
}

func TestStartedOutlivesStart(t *testing.T) {
	r := newRuntime(t, &quiet{func(env *Env) error {
		in, _ := env.Instrument(Symbol{exchange.UM, "BTCUSDT"})
		env.Bars(in, time.Minute, 10)
		env.Bars(in, time.Minute, 50) // the same bars: the longer warm-up holds
		env.Bars(in, time.Minute, 20)
		env.Bars(in, time.Hour, 0)
		env.Marks(in)
		env.At(77, 3)
		env.Logf("hello %d", 1)
		env.Send(Buy(in, 5))
		return nil
	}})
	r.SetWarming(true)
	_, _, _, _ = r.Save()
	want := []Subscription{
		{1, exchange.KindBar, time.Minute, 50}, {1, exchange.KindBar, time.Hour, 0}, {1, exchange.KindMark, 0, 0},
	}
	out := r.Started()
	if !slices.Equal(out.Subscriptions, want) || !slices.Equal(out.Timers, []exchange.Timer{{Strategy: me, ID: 3, Due: 77}}) ||
		!slices.Equal(out.Logs, []string{"hello 1"}) || len(out.Intents) != 1 || out.Empty() {
		t.Errorf("Started = %+v", out)
	}
	out = r.Deliver(bar(1, time.Minute, "1"))
	if !out.Empty() || len(out.Subscriptions) != 0 || !slices.Equal(r.Subscriptions(), want) {
		t.Errorf("after the first Deliver: %+v, %+v", out, r.Subscriptions())
	}
}

func TestSubscribingLateSaysSo(t *testing.T) {
	a := &all{do: func(env *Env) {
		in, _ := env.Instrument(Symbol{exchange.UM, "BTCUSDT"})
		env.Trades(in)
	}}
	r := newRuntime(t, a)
	out := r.Deliver(event(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: me}) }))
	if len(out.Logs) != 1 || !strings.Contains(out.Logs[0], "TRADE after Start has no effect") || len(r.Subscriptions()) != 0 {
		t.Errorf("%+v", out)
	}
}

// moving returns another params struct each time.
type moving struct{ quiet }

func (*moving) Params() any {
	return &struct {
		X int `default:"1"`
	}{}
}

func TestNewRuntimeMistakes(t *testing.T) {
	for _, c := range []struct {
		s      Strategy
		values map[string]string
		want   string
	}{
		{&quiet{}, map[string]string{"fast": "1"}, "strategy quiet: parameters: fast: no such parameter; the strategy has none"},
		{&moving{}, nil, "strategy quiet: Params returns a new struct each time"},
		{&quiet{func(*Env) error { return errors.New("no market") }}, nil, "strategy quiet: start: no market"},
		{&quiet{func(env *Env) error {
			_, err := env.Instrument(Symbol{exchange.CM, "ETHUSD_PERP"})
			return err
		}}, nil, "strategy quiet: start: no such instrument: CM ETHUSD_PERP; add its exchangeInfo"},
		{&quiet{func(env *Env) error {
			in, err := env.Instrument(Symbol{exchange.UM, "BTCUSDT"})
			env.Bars(in, 0, 0)
			return err
		}}, nil, "strategy quiet: start: bars of UM BTCUSDT: interval 0s must be above 0"},
	} {
		_, err := NewRuntime(c.s, c.values, instruments(t), me)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestEnvOutputs(t *testing.T) {
	a := &all{}
	r := newRuntime(t, a)
	um := r.env.instruments.At(1)
	a.do = func(env *Env) {
		first := env.Send(Buy(um, 5).Tag("one"))
		env.Send(Sell(um, 6))
		env.Amend(first, 8, 9)
		env.Cancel(first)
		env.CancelAll(um)
		env.After(time.Second, 4)
	}
	timer := event(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: me}) })
	out := r.Deliver(timer)
	var kinds []string
	for _, i := range out.Intents {
		kinds = append(kinds, fmt.Sprint(i.Kind, " by ", i.Strategy, " ref ", i.Ref, " inst ", i.Request.Inst, " qty ", int64(i.Request.Qty), " ", i.Tag))
	}
	want := []string{
		"NEW by 2 ref 1 inst 1 qty 5 one", "NEW by 2 ref 2 inst 1 qty 6 ", "AMEND by 2 ref 1 inst 0 qty 9 ",
		"CANCEL by 2 ref 1 inst 0 qty 0 ", "CANCEL_ALL by 2 ref 0 inst 1 qty 0 ",
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("intents %q\nwant %q", kinds, want)
	}
	if !slices.Equal(out.Timers, []exchange.Timer{{Strategy: me, ID: 4, Due: 1000 + exchange.Time(time.Second)}}) {
		t.Errorf("timers %+v", out.Timers)
	}
	if again := r.Deliver(timer); again.Intents[0].Ref != 3 || r.LastRef() != 4 {
		t.Errorf("refs go on with %d and stand at %d", again.Intents[0].Ref, r.LastRef())
	}
}

func TestStop(t *testing.T) {
	a := &all{}
	r := newRuntime(t, a)
	a.do = func(env *Env) { env.Logf("bye") }
	if out := r.Stop(5); !slices.Equal(out.Logs, []string{"bye"}) || a.calls[0] != "stop at 1970-01-01T00:00:00.000000005Z" {
		t.Errorf("%+v, %q", out, a.calls)
	}
	if out := newRuntime(t, &quiet{}).Stop(5); !out.Empty() {
		t.Errorf("without Stopper: %+v", out)
	}
}

func TestSaver(t *testing.T) {
	a := &all{state: []byte("memory")}
	version, state, ok, err := newRuntime(t, a).Save()
	if version != 3 || string(state) != "memory" || !ok || err != nil {
		t.Errorf("Save = %d, %q, %v, %v", version, state, ok, err)
	}
	b := &all{}
	r := newRuntime(t, b)
	if err := r.Restore(3, state); err != nil || string(b.state) != "memory" {
		t.Errorf("Restore gave %q, %v", b.state, err)
	}
	if err := r.Restore(2, nil); err == nil || err.Error() != "strategy quiet: restore state version 2: too old" {
		t.Errorf("old version: %v", err)
	}
	plain := newRuntime(t, &quiet{})
	if _, _, ok, err := plain.Save(); ok || err != nil {
		t.Errorf("without Saver: %v, %v", ok, err)
	}
	if err := plain.Restore(1, nil); err == nil || !strings.Contains(err.Error(), "keeps no state, but version 1") {
		t.Errorf("without Saver: %v", err)
	}
}

func TestQuietDeliverAllocatesNothing(t *testing.T) {
	r := newRuntime(t, &silent{})
	e := bar(1, time.Minute, "60000")
	if n := testing.AllocsPerRun(100, func() {
		if !r.Wants(e) {
			t.Fatal("not wanted")
		}
		r.Deliver(e)
	}); n != 0 {
		t.Errorf("%v allocations a bar", n)
	}
}

// silent gets bars, looks at what it holds and says nothing.
type silent struct{ quiet }

func (s *silent) Start(env *Env) error {
	in, err := env.Instrument(Symbol{exchange.UM, "BTCUSDT"})
	env.Bars(in, time.Minute, 0)
	return err
}

func (s *silent) OnBar(env *Env, in *exchange.Instrument, b *exchange.Bar) {
	if _, working := env.Order(1); working || env.Held(in) != 0 || env.State(in) != exchange.Active {
		env.Logf("not flat")
	}
}

func BenchmarkDeliver(b *testing.B) {
	r := newRuntime(b, &silent{})
	e := bar(1, time.Minute, "60000")
	b.ReportAllocs()
	for b.Loop() {
		r.Deliver(e)
	}
}
