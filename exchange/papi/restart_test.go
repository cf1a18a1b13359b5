package papi

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// lives is an account in which one process after the other trades: each is killed, and the
// next is rebuilt from what the one before has written down.
type lives struct {
	*trader
	ins     *exchange.Instruments
	kernel  *engine.Kernel
	driver  *engine.Driver
	journal []written
	process int
	ref     uint64

	// kill ends the process that lives; unsent drops what it still wants to send, as if it was
	// killed between the journal and the wire.
	stop    context.CancelFunc
	ended   chan struct{}
	dead    *bool
	unsent  bool
	lossy   bool // the journal was cut, so that fills of unknown orders come
	sockets sync.WaitGroup
	// counted are the fills that kernels have counted as new, in all lives.
	counted map[string]bool
	trades  map[string]bool
	last    map[string]exchange.OrderStatus
	reasons []string
	seen    map[string]int
	reading exchange.Truth
}

// written is one entry of a journal.
type written struct {
	event   exchange.Event
	decided *exchange.Decision
}

// copied is an event with a payload of its own.
func copied(e *exchange.Event) exchange.Event {
	c := *e
	switch e.Kind {
	case exchange.KindOrderUpdate:
		v := *e.OrderUpdate()
		c.SetOrderUpdate(&v)
	case exchange.KindFill:
		v := *e.Fill()
		c.SetFill(&v)
	case exchange.KindLedger:
		v := *e.Ledger()
		c.SetLedger(&v)
	case exchange.KindIntent:
		v := *e.Intent()
		c.SetIntent(&v)
	case exchange.KindState:
		v := *e.State()
		c.SetState(&v)
	}
	return c
}

func (l *lives) Append(e *exchange.Event, d *engine.Decision) error {
	w := written{event: copied(e)}
	if d != nil {
		decided := d.Decision
		w.decided = &decided
	}
	l.journal = append(l.journal, w)
	return nil
}

func (l *lives) Commit(engine.Urgency) error { return nil }

// Deliver notes what is new.
func (l *lives) Deliver(e *exchange.Event, _ *engine.Wishes) error {
	switch e.Kind {
	case exchange.KindFill:
		f := e.Fill()
		name := fmt.Sprint(e.Inst, " trade ", f.TradeID, " of ", f.VenueID)
		if l.counted[name] {
			l.t.Errorf("fill %s of %s was counted twice", name, f.ClientID)
		}
		if twin := fmt.Sprint(e.Inst, " trade ", f.TradeID); l.trades[twin] {
			l.seen["self-trades"]++
		} else {
			l.trades[twin] = true
		}
		if f.Order == 0 && !l.lossy {
			l.t.Errorf("fill %s of %s is nobody's", name, f.ClientID)
		}
		l.counted[name] = true
	case exchange.KindOrderUpdate:
		l.last[e.OrderUpdate().ClientID] = e.OrderUpdate().Status
	case exchange.KindTruth:
		l.reading = *e.Truth()
	case exchange.KindState:
		if e.State().Cause == exchange.CauseTruth {
			l.reasons = append(l.reasons, fmt.Sprintf("%v: %s", e.State().State, e.State().Reason))
			l.seen["TRUTH sets "+e.State().State.String()]++
		}
	}
	return nil
}

// Submit, Cancel and CatchUp are the broker's, behind the epoch of now.
func (l *lives) Submit(a riskguard.Approved, at exchange.Time) {
	if l.unsent {
		return
	}
	l.client.SetEpoch(l.guard.Epoch())
	l.broker.Submit(a, at)
}

func (l *lives) Cancel(o exchange.Order, at exchange.Time) {
	if !l.unsent {
		l.broker.Cancel(o, at)
	}
}

func (l *lives) CatchUp(why string) { l.broker.CatchUp(why) }

// onLives makes an account and the first process.
func onLives(t *testing.T, test func(l *lives)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &trader{t: t, began: time.Now(), price: exchange.MustFixed("50000"), status: map[string]exchange.OrderStatus{}}
		l := &lives{trader: d, ins: simInstruments(t), counted: map[string]bool{}, trades: map[string]bool{}, last: map[string]exchange.OrderStatus{}, seen: map[string]int{}}
		d.open(l.ins)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = d.sim.Run(ctx) })
		l.live()
		test(l)
		l.kill()
		if t.Failed() {
			t.Log("\n" + strings.Join(l.log, "\n"))
		}
		stop()
		running.Wait()
		d.sim.Disconnect(true)
		l.sockets.Wait()
	})
}

// live begins a process: the kernel is rebuilt from the journal, and the broker told of it.
func (l *lives) live() {
	l.t.Helper()
	l.guard = newSimGuard(l.t, l.ins)
	l.kernel = engine.New(engine.Config{Instruments: l.ins, Guard: l.guard, Strategies: 1, ClientPrefix: "pm-0"})
	for i := range l.journal {
		e := copied(&l.journal[i].event)
		var d *engine.Decision
		if l.journal[i].decided != nil {
			d = &engine.Decision{Decision: *l.journal[i].decided}
		}
		l.kernel.Apply(&e, d)
	}
	known := l.kernel.Known()
	for _, o := range l.kernel.Orders() {
		l.seen["restarts with "+o.Status.String()]++
	}
	l.process++
	l.driver = engine.NewDriver(l.kernel, l, l)
	l.driver.Record(l)
	l.driver.Resume()
	l.unsent = false
	l.happen(0, func(e *exchange.Event) {
		e.SetStart(&exchange.Start{Prefix: fmt.Sprint("pm-", l.process), Mode: "live"})
	})
	l.market()
	transport := &simTransport{sim: l.sim}
	client, err := New(testConfig(transport))
	if err != nil {
		l.t.Fatal(err)
	}
	l.client = client
	dead := new(bool)
	heard := func(e exchange.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !*dead {
			l.write(printed(l.ins, &e))
			l.events = append(l.events, e)
		}
	}
	l.broker, err = NewBroker(BrokerConfig{
		Client: client, Instruments: l.ins, Deliver: heard, Stream: "ws://127.0.0.1:9/pm", Known: known, Prefixes: []string{"pm-"},
		Notify: func(n Notice) {
			e := exchange.Event{At: n.At}
			switch {
			case n.Kind == NoticeState && n.State == Live:
				e.SetState(&exchange.StateChange{State: exchange.Active, Cause: exchange.CauseStream, Reason: n.Text})
			case n.Kind == NoticeState:
				e.SetState(&exchange.StateChange{State: exchange.Halted, Cause: exchange.CauseStream, Reason: n.Text})
			default:
				return
			}
			heard(e)
		},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			c := &oneConn{conn: theirs, done: make(chan struct{})}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer c.Close()
				l.sim.ServeHTTP(w, r)
			})}
			l.sockets.Go(func() { _ = server.Serve(c) })
			return ours, nil
		},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(l.t.Context())
	ended, broker := make(chan struct{}), l.broker
	go func() {
		defer close(ended)
		_ = broker.Run(ctx)
		transport.wait.Wait()
	}()
	l.stop, l.ended, l.dead = stop, ended, dead
	l.say("process %d, knows %d orders", l.process, len(known.Orders))
}

func (l *lives) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write("* " + fmt.Sprintf(format, args...))
}

// ready lets the process trade when it has caught up.
func (l *lives) ready() {
	l.t.Helper()
	for range 120 {
		l.pass(time.Second)
		l.pump()
		if l.broker.State() == Live {
			break
		}
	}
	l.happen(0, func(e *exchange.Event) {
		e.SetState(&exchange.StateChange{State: exchange.Active, Cause: exchange.CauseStart})
	})
}

// kill ends the process at once: what it has not heard it never hears, and what it has sent
// may still arrive.
func (l *lives) kill() {
	l.mu.Lock()
	*l.dead = true
	l.events = nil
	l.write("* killed")
	l.mu.Unlock()
	l.stop()
	<-l.ended
}

func (l *lives) happen(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{At: exchange.TimeOf(time.Now()), Inst: inst}
	set(&e)
	if err := l.driver.Deliver(&e); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lives) market() {
	for inst := testUM; inst <= testMargin; inst++ {
		if inst != testMargin {
			l.happen(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: l.price}) })
		}
		l.happen(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: l.price, Qty: 1}) })
	}
	for asset, price := range map[string]exchange.Fixed{"BTC": l.price, "USDT": exchange.FixedOne} {
		l.happen(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: price}) })
	}
}

// pump gives the kernel what the broker has delivered.
func (l *lives) pump() {
	for {
		l.mu.Lock()
		events := l.events
		l.events = nil
		l.mu.Unlock()
		if len(events) == 0 {
			return
		}
		for i := range events {
			if err := l.driver.Deliver(&events[i]); err != nil {
				l.t.Fatal(err)
			}
		}
	}
}

func (l *lives) wishes(in exchange.Intent) {
	l.t.Helper()
	in.Strategy = 1
	if err := l.driver.Wish(&engine.Wishes{Intents: []exchange.Intent{in}}, exchange.TimeOf(time.Now())); err != nil {
		l.t.Fatal(err)
	}
}

// order wishes a new order and returns its client id.
func (l *lives) order(r exchange.OrderRequest) string {
	l.t.Helper()
	l.ref++
	l.wishes(exchange.Intent{Kind: exchange.IntentNew, Ref: l.ref, Request: r})
	for _, o := range l.kernel.Orders() {
		if o.Ref == l.ref {
			return o.ClientID
		}
	}
	return ""
}

// agreesNow holds the kernel against the exchange as it stands: orders, positions, equity.
func (l *lives) agreesNow() {
	l.t.Helper()
	ctx := l.t.Context()
	open := l.openOrders(ctx)
	for _, o := range l.kernel.Orders() {
		if triggered := o.Status == exchange.StatusTriggered; !open[o.ClientID] && !triggered {
			l.t.Errorf("the kernel has %s as %v, and the exchange has not", o.ClientID, o.Status)
		}
		if o.Status == exchange.StatusUnknown {
			l.t.Errorf("the kernel is in doubt about %s", o.ClientID)
		}
		delete(open, o.ClientID)
	}
	for id := range open {
		l.t.Errorf("the exchange has %s, and the kernel has not", id)
	}
	a, err := l.client.Account(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	model := l.guard.Account()
	if diff := model.ActualEquity.Sub(a.ActualEquity).Abs(); diff.GreaterThan(decimal.New(1, -4)) {
		l.t.Errorf("equity is %v by the kernel and %v by the exchange", model.ActualEquity, a.ActualEquity)
	}
	if diff := model.MaintMargin.Sub(a.AccountMaintMargin).Abs(); diff.GreaterThan(decimal.New(1, -4)) {
		l.t.Errorf("maintenance margin is %v by the kernel and %v by the exchange", model.MaintMargin, a.AccountMaintMargin)
	}
	if d := l.kernel.Differences(); len(d) > 0 {
		l.t.Errorf("at the end differ %+v", d)
	}
	for _, h := range l.guard.States() {
		l.t.Errorf("at the end %v holds %v: %s", h.Cause, h.State, h.Reason)
	}
}

// agrees is agreesNow, and every fill was counted.
func (l *lives) agrees() {
	l.t.Helper()
	l.agreesNow()
	ctx := l.t.Context()
	for inst := testUM; inst <= testMargin; inst++ {
		trades, err := l.broker.trades(ctx, l.ins.At(inst), exchange.TimeOf(l.began))
		if err != nil {
			l.t.Fatal(err)
		}
		for _, x := range trades {
			name := fmt.Sprint(inst, " trade ", x.fill.TradeID, " of ", x.fill.VenueID)
			if !l.counted[name] {
				l.t.Errorf("fill %s was never counted", name)
			}
			delete(l.counted, name)
		}
	}
	for name := range l.counted {
		l.t.Errorf("fill %s was counted, and the exchange has it not", name)
	}
}

// settle lets all be over.
func (l *lives) settle() {
	l.sim.ClearFaults(0)
	for range 18 {
		l.pass(10 * time.Second)
		l.pump()
	}
	l.broker.CatchUp("all is over")
	for range 6 {
		l.pass(10 * time.Second)
		l.pump()
	}
	l.market()
	l.pump()
}

// TestRestarts kills the process at random, with orders in every state, while the exchange
// and the way to it fail; afterwards the last one and the exchange agree.
func TestRestarts(t *testing.T) {
	seeds, seen := uint64(24), map[string]int{}
	if testing.Short() {
		seeds = 3
	}
	defer func() { t.Log(seen) }()
	for seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			onLives(t, func(l *lives) {
				r := rand.New(rand.NewPCG(seed, 17))
				l.ready()
				for range 6 {
					for range 10 + r.IntN(30) {
						l.act(r)
						l.pass(time.Duration(r.IntN(1500)) * time.Millisecond)
						l.pump()
					}
					l.die(r)
					l.live()
					l.ready()
				}
				l.settle()
				l.agrees()
				for what, n := range l.seen {
					seen[what] += n
				}
				seen["fills"] += len(l.trades)
			})
		})
	}
}

// act does one thing at random.
func (l *lives) act(r *rand.Rand) {
	orders := l.kernel.Orders()
	switch n := r.IntN(12); {
	case n < 6:
		q := l.wish(r)
		if q.Type == exchange.Limit && q.Inst != testCM {
			q.STP = exchange.STPNone
		}
		l.order(q)
	case n < 7 && len(orders) > 0:
		l.wishes(exchange.Intent{Kind: exchange.IntentCancel, Ref: orders[r.IntN(len(orders))].Ref})
	case n < 9 && len(orders) > 0:
		o := orders[r.IntN(len(orders))]
		if q := o.Request; q.Type == exchange.Limit && q.Inst != testMargin {
			q.Price, q.Qty = l.price-exchange.Fixed(q.Side.Sign()*int64(r.IntN(300)-30))*exchange.FixedOne, q.Qty*2
			l.wishes(exchange.Intent{Kind: exchange.IntentAmend, Ref: o.Ref, Request: q})
		}
	case n < 10:
		l.print(l.price + exchange.Fixed(r.IntN(601)-300)*exchange.FixedOne)
	case n < 11:
		l.show(l.price + exchange.Fixed(r.IntN(601)-300)*exchange.FixedOne)
		l.market()
	default:
		l.trouble(r, true)
	}
}

// book shows the exchange a book of UM.
func (l *lives) book(bid, ask string) {
	l.t.Helper()
	qty := exchange.MustFixed("50")
	err := l.sim.Change(func(v *venue.Venue, at exchange.Time) error {
		e := exchange.Event{At: at, Exchange: at, Inst: testUM}
		e.SetDepth(&exchange.Depth{
			Last: 1, Snapshot: true,
			Bids: []exchange.Level{{Price: exchange.MustFixed(bid), Qty: qty}}, Asks: []exchange.Level{{Price: exchange.MustFixed(ask), Qty: qty}},
		})
		v.Market(&e)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// print shows the exchange a trade so small that it fills a part.
func (l *lives) print(price exchange.Fixed) {
	l.t.Helper()
	err := l.sim.Change(func(v *venue.Venue, at exchange.Time) error {
		for inst, qty := range map[exchange.InstrumentID]string{testUM: "0.001", testCM: "1", testMargin: "0.0007"} {
			e := exchange.Event{At: at, Exchange: at, Inst: inst}
			e.SetTrade(exchange.Trade{Price: price, Qty: exchange.MustFixed(qty)})
			v.Market(&e)
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// die kills the process, mostly with a request on its way or one that never left, and lets
// the market move on without it.
func (l *lives) die(r *rand.Rand) {
	how := r.IntN(3)
	l.unsent = how == 0
	if how < 2 {
		for range 1 + r.IntN(4) {
			l.act(r)
		}
	}
	if r.IntN(2) == 0 {
		l.pass(time.Duration(r.IntN(20)) * time.Millisecond)
	}
	l.kill()
	for range r.IntN(6) {
		l.show(l.price + exchange.Fixed(r.IntN(801)-400)*exchange.FixedOne)
		l.pass(time.Duration(r.IntN(90)) * time.Second)
	}
	if r.IntN(4) == 0 {
		l.pass(20 * time.Minute)
	}
	l.sim.ClearFaults(0)
}

// TestRestartScenes ends a process in one state after the other.
func TestRestartScenes(t *testing.T) {
	f := exchange.MustFixed
	rest := exchange.OrderRequest{Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.010"), Price: f("49000")}
	stop := exchange.OrderRequest{Inst: testUM, Side: exchange.Sell, Type: exchange.StopMarket, Qty: f("0.010"), Trigger: f("49500")}
	oco := exchange.OrderRequest{Inst: testMargin, Side: exchange.Sell, Type: exchange.OCO, Qty: f("0.01"), Price: f("52000"), Trigger: f("48500")}
	cmStop := stop
	cmStop.Inst, cmStop.Qty = testCM, f("3")
	type scene struct {
		name   string
		before func(l *lives) string // wishes, and dies with them
		dead   func(l *lives)
		want   exchange.OrderStatus
	}
	working := func(r exchange.OrderRequest) func(*lives) string {
		return func(l *lives) string {
			id := l.order(r)
			l.pass(time.Second)
			l.pump()
			return id
		}
	}
	then := func(first func(*lives) string, in exchange.Intent) func(*lives) string {
		return func(l *lives) string {
			id := first(l)
			in.Ref = l.ref
			l.wishes(in)
			return id
		}
	}
	to := func(price string) func(*lives) {
		return func(l *lives) {
			for at := l.price; at > f(price); at -= 100 * exchange.FixedOne {
				l.show(at)
				l.pass(time.Second)
			}
			l.show(f(price))
			l.pass(time.Second)
			l.show(f(price))
		}
	}
	inside, against := rest, rest
	inside.Price, against.Price, against.Side, against.STP = f("50000"), f("50000"), exchange.Sell, exchange.STPNone
	amended := rest
	amended.Price, amended.Qty = f("49100"), f("0.020")
	for _, s := range []scene{
		{"new, arrived", func(l *lives) string { return l.order(rest) }, nil, exchange.StatusWorking},
		{"new, never sent", func(l *lives) string { l.unsent = true; return l.order(rest) }, nil, exchange.StatusNotArrived},
		{"new, filled while dead", func(l *lives) string { return l.order(rest) }, to("48900"), exchange.StatusFilled},
		{"new, market", func(l *lives) string {
			m := rest
			m.Type, m.Price = exchange.Market, 0
			return l.order(m)
		}, to("50000"), exchange.StatusFilled},
		{"working, filled while dead", working(rest), to("48900"), exchange.StatusFilled},
		{"working, still there", working(rest), nil, exchange.StatusWorking},
		{"cancel on its way", then(working(rest), exchange.Intent{Kind: exchange.IntentCancel}), nil, exchange.StatusCanceled},
		{"cancel never sent", func(l *lives) string {
			id := working(rest)(l)
			l.unsent = true
			l.wishes(exchange.Intent{Kind: exchange.IntentCancel, Ref: l.ref})
			return id
		}, nil, exchange.StatusWorking},
		{"cancel on its way, filled", then(func(l *lives) string {
			id := working(rest)(l)
			l.unsent = true
			return id
		}, exchange.Intent{Kind: exchange.IntentCancel}), to("48900"), exchange.StatusFilled},
		{"amend on its way", then(working(rest), exchange.Intent{Kind: exchange.IntentAmend, Request: amended}), nil, exchange.StatusWorking},
		{"amend never sent", func(l *lives) string {
			id := working(rest)(l)
			l.unsent = true
			l.wishes(exchange.Intent{Kind: exchange.IntentAmend, Ref: l.ref, Request: amended})
			return id
		}, nil, exchange.StatusWorking},
		{"self-trade on its way", func(l *lives) string {
			l.book("49990", "50010")
			working(inside)(l)
			return l.order(against)
		}, nil, exchange.StatusFilled},
		{"self-trade, told of one side", func(l *lives) string {
			l.book("49990", "50010")
			id := working(inside)(l)
			l.order(against)
			l.pass(0)
			l.mu.Lock() // of two fills the kernel hears the first
			for i := range l.events {
				if l.events[i].Kind == exchange.KindFill {
					l.events = l.events[:i+1]
					break
				}
			}
			l.mu.Unlock()
			l.pump()
			return id
		}, nil, exchange.StatusFilled},
		{"conditional, waits", working(stop), nil, exchange.StatusWorking},
		{"conditional, triggered while dead", working(stop), to("49400"), exchange.StatusFinished},
		{"conditional of CM, triggered while dead", working(cmStop), to("49400"), exchange.StatusFinished},
		{"conditional, never sent", func(l *lives) string { l.unsent = true; return l.order(stop) }, nil, exchange.StatusNotArrived},
		{"conditional, triggered before its answer", func(l *lives) string { return l.order(stop) }, to("49400"), exchange.StatusFinished},
		{"OCO, waits", working(oco), nil, exchange.StatusWorking},
		{"OCO, stop while dead", working(oco), to("48400"), exchange.StatusFinished},
		{"OCO, in doubt, stop while dead", func(l *lives) string { return l.order(oco) }, to("48400"), exchange.StatusFinished},
		{"OCO, in doubt, waits", func(l *lives) string { return l.order(oco) }, nil, exchange.StatusWorking},
		{"OCO, never sent", func(l *lives) string { l.unsent = true; return l.order(oco) }, nil, exchange.StatusNotArrived},
		{"OCO, cancel on its way", then(working(oco), exchange.Intent{Kind: exchange.IntentCancel}), nil, exchange.StatusCanceled},
	} {
		t.Run(s.name, func(t *testing.T) {
			onLives(t, func(l *lives) {
				l.ready()
				id := s.before(l)
				if id == "" {
					t.Fatal("nothing was sent")
				}
				l.pass(time.Millisecond) // what has left arrives
				l.kill()
				if s.dead != nil {
					s.dead(l)
				}
				l.pass(30 * time.Second)
				l.live()
				l.ready()
				l.settle()
				status := l.last[id]
				if at := slices.IndexFunc(l.kernel.Orders(), func(o exchange.Order) bool { return o.ClientID == id }); at >= 0 {
					status = l.kernel.Orders()[at].Status
				}
				if twins := strings.Contains(s.name, "self-trade"); twins && l.seen["self-trades"] != 1 {
					t.Errorf("%d self-trades", l.seen["self-trades"])
				}
				if status != s.want {
					t.Errorf("%s is %v, want %v", id, status, s.want)
				}
				l.agrees()
			})
		})
	}
}

// TestFillsSinceTheReading: behind a reading of the account nothing is missing, so fills are
// read since it and not since a quarter of an hour before the last event, however many there
// are; and never since a time that no event has come up to.
func TestFillsSinceTheReading(t *testing.T) {
	for _, c := range []struct{ heard, read, want time.Duration }{
		{-time.Minute, 0, -16 * time.Minute},
		{-time.Minute, -5 * time.Minute, -5 * time.Minute},
		{-time.Minute, -time.Hour, -16 * time.Minute},
		{-time.Minute, time.Hour, -time.Minute},
	} {
		started(t, func(w *world) {
			now := exchange.TimeOf(time.Now())
			w.broker.config.Known = exchange.Known{Heard: now.Add(c.heard), Active: []exchange.InstrumentID{testUM}}
			if c.read != 0 {
				w.broker.config.Known.Read = now.Add(c.read)
			}
			from := ""
			w.does("GET um/userTrades", func(v url.Values) (int, string) {
				from = v.Get("startTime")
				return 200, `[]`
			})
			w.run()
			w.pass(time.Second)
			if want := fmt.Sprint(now.Add(c.want - time.Minute).Millis()); from != want {
				t.Errorf("heard %v, read %v: fills since %s, want %s", c.heard, c.read, from, want)
			}
		})
	}
}
