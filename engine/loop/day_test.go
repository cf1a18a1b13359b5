package loop

import (
	"context"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// desk is an exchange that keeps nothing: every order works, and is filled or cancelled 20 ms
// later. So all memory that grows is the bot's.
type desk struct {
	noBroker
	put   func(exchange.Event)
	wire  chan exchange.Event
	trade int64
}

func (d *desk) Submit(a riskguard.Approved, _ exchange.Time) {
	o := a.Order()
	d.trade++
	u := exchange.OrderUpdate{ClientID: o.ClientID, VenueID: d.trade, Status: exchange.StatusWorking, Price: o.Request.Price, Qty: o.Request.Qty}
	d.tell(&o, func(e *exchange.Event) { e.SetOrderUpdate(&u) })
	if o.Ref%4 == 0 {
		return // until it is cancelled
	}
	f := exchange.Fill{
		ClientID: o.ClientID, VenueID: d.trade, TradeID: d.trade, Side: o.Request.Side, Price: o.Request.Price, Qty: o.Request.Qty,
		Fee: decimal.New(1, -2), FeeAsset: "USDT",
	}
	filled := u
	filled.Status, filled.Filled = exchange.StatusFilled, u.Qty
	d.tell(&o, func(e *exchange.Event) { e.SetFill(&f) })
	d.tell(&o, func(e *exchange.Event) { e.SetOrderUpdate(&filled) })
}

func (d *desk) Cancel(o exchange.Order, _ exchange.Time) {
	u := exchange.OrderUpdate{ClientID: o.ClientID, VenueID: o.VenueID, Status: exchange.StatusCanceled, Price: o.Request.Price, Qty: o.Request.Qty}
	d.tell(&o, func(e *exchange.Event) { e.SetOrderUpdate(&u) })
}

func (d *desk) SetEpoch(uint64) {}
func (d *desk) CatchUp(string)  {}

func (d *desk) tell(o *exchange.Order, set func(*exchange.Event)) {
	e := exchange.Event{Inst: o.Request.Inst}
	set(&e)
	d.wire <- e
}

func (d *desk) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-d.wire:
			<-time.After(20 * time.Millisecond)
			d.put(e)
			for range len(d.wire) {
				d.put(<-d.wire)
			}
		}
	}
}

// day is a bot under load for a long time.
type day struct {
	t      *testing.T
	loop   *Loop
	ref    uint64
	events uint64
	price  exchange.Fixed
}

// Deliver wishes two orders a second, in turn one that buys and one that sells, and every
// fourth one is cancelled. They rest at the price of the last trade it was shown.
func (d *day) Deliver(e *exchange.Event, w *engine.Wishes) error {
	d.events++
	switch e.Kind {
	case exchange.KindTrade:
		d.price = e.Trade().Price
	case exchange.KindTimer:
		in := buy(d.ref % 1000)
		in.Ref, in.Request.Price = d.ref+1, d.price
		if d.ref++; (d.ref+d.ref/4)%2 == 0 { // so that what is filled adds up to nothing
			in.Request.Side = exchange.Sell
		}
		w.Intents = append(w.Intents, in)
		if d.ref > 4 && d.ref%4 == 2 {
			w.Intents = append(w.Intents, exchange.Intent{Kind: exchange.IntentCancel, Strategy: 1, Ref: d.ref - 2})
		}
		w.Timers = append(w.Timers, exchange.Timer{Strategy: 1, ID: d.ref, Due: e.At.Add(500 * time.Millisecond)})
	}
	return nil
}

// burst is what a feed brings at once: best prices, trades, marks and pieces of books.
func (d *day) burst(n int64, depth *exchange.Depth) {
	price := exchange.MustFixed("50000") + exchange.Fixed(n%100)*exchange.MustFixed("0.1")
	for _, index := range []exchange.AssetIndex{{Asset: "BTC", Price: price}, {Asset: "USDT", Price: exchange.FixedOne}} {
		var e exchange.Event
		e.SetAssetIndex(&index)
		d.loop.Take(&e)
	}
	for inst := um; inst <= pair; inst++ {
		e := exchange.Event{Inst: inst}
		e.SetTrade(exchange.Trade{Price: price, Qty: exchange.FixedOne, ID: n})
		d.loop.Take(&e)
		e = exchange.Event{Inst: inst}
		e.SetBookTicker(exchange.BookTicker{Bid: price, BidQty: exchange.FixedOne, Ask: price + 10_000_000, AskQty: exchange.FixedOne, UpdateID: n})
		d.loop.Take(&e)
		e = exchange.Event{Inst: inst}
		depth.First, depth.Last = n, n
		e.SetDepth(depth)
		d.loop.Take(&e)
		if inst != pair {
			e = exchange.Event{Inst: inst}
			e.SetMark(exchange.Mark{Price: price, Index: price})
			d.loop.Take(&e)
		}
	}
}

// TestDay runs a bot under load over 24 hours of virtual time, with PMBOT_DAY=1, and over
// twelve minutes else: 130 events of the market and two orders a second, with a journal that
// rotates and compacts. Memory and goroutines stay flat. The full day is
//
//	PMBOT_DAY=1 go test ./engine/loop -run TestDay -v -timeout 30m
func TestDay(t *testing.T) {
	step, steps := time.Minute, 12
	if os.Getenv("PMBOT_DAY") != "" {
		step, steps = time.Hour, 24
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := &day{t: t}
		k := engine.New(kernelConfig(t, flooding))
		header := journal.Header{Prefix: "pm-d", Mode: "dry", Account: "a", Instruments: testInstruments(t).All()}
		w, err := journal.Open(journal.Config{
			Dir: dir, Header: header, Sync: journal.SyncNever(), SegmentSpan: step / 2, Keep: step, SegmentBytes: 16 << 20,
			Clock: func() exchange.Time { return exchange.TimeOf(time.Now()) },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if err := w.Rotate(k.Snapshot()); err != nil {
			t.Fatal(err)
		}
		b := &desk{wire: make(chan exchange.Event, 1024)}
		f := newFake(t, nil, func(c *Config) { c.Kernel, c.Broker, c.Journal, c.Strategies = k, b, Keep(w), d })
		d.loop, b.put = f.Loop, f.Put
		ctx, stop := context.WithCancel(t.Context())
		var parts sync.WaitGroup
		parts.Go(func() {
			if err := f.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		parts.Go(func() { b.run(ctx) })
		parts.Go(func() { _ = w.Run(ctx) })
		f.open()
		f.Wish(engine.Wishes{Timers: []exchange.Timer{{Strategy: 1, Due: exchange.TimeOf(time.Now()).Add(time.Second)}}})
		d.live(step, steps)
		stop()
		parts.Wait()
		if uint64(b.trade) != d.ref {
			t.Errorf("%d orders were sent of %d: the load was not there", b.trade, d.ref)
		}
	})
}

// live runs and measures.
func (d *day) live(step time.Duration, steps int) {
	levels := make([]exchange.Level, 20)
	var first, last runtime.MemStats
	var goroutines [2]int
	n := int64(0)
	for i := 1; i <= steps; i++ {
		for until := time.Now().Add(step); time.Now().Before(until); n++ {
			d.burst(n, &exchange.Depth{Bids: levels, Asks: levels})
			<-time.After(100 * time.Millisecond)
		}
		synctest.Wait()
		runtime.GC()
		runtime.ReadMemStats(&last)
		goroutines[1] = runtime.NumGoroutine()
		if i == max(2, steps/4) { // the rings of what is remembered are full
			first, goroutines[0] = last, goroutines[1]
		}
		d.t.Logf("%6v: heap %.2f MB, %d objects, %d goroutines, %d events, %d orders, most waiting %d",
			time.Duration(i)*step, float64(last.HeapAlloc)/1e6, last.HeapObjects, goroutines[1], d.events, d.ref, d.loop.Counts().Most)
	}
	if err := d.loop.Err(); err != nil {
		d.t.Error(err)
	}
	if most := first.HeapAlloc + first.HeapAlloc/5 + 1<<20; last.HeapAlloc > most && steps == 24 {
		d.t.Errorf("the heap has grown from %d to %d", first.HeapAlloc, last.HeapAlloc)
	}
	if goroutines[0] != goroutines[1] {
		d.t.Errorf("%d goroutines have become %d", goroutines[0], goroutines[1])
	}
	if want := uint64(2*step.Seconds())*uint64(steps) - 10; d.ref < want {
		d.t.Errorf("%d orders of %d: the load was not there", d.ref, want)
	}
}

// BenchmarkTake is an event of the market on its way: inbox, kernel, journal, strategies.
func BenchmarkTake(b *testing.B) {
	k := engine.New(kernelConfig(b))
	w, err := journal.Open(journal.Config{
		Dir: b.TempDir(), Header: journal.Header{Prefix: "pm", Mode: "dry", Account: "a", Instruments: testInstruments(b).All()}, Sync: journal.SyncNever(),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	if err := w.Rotate(k.Snapshot()); err != nil {
		b.Fatal(err)
	}
	f := newFake(b, watching, func(c *Config) { c.Kernel, c.Journal = k, Keep(w) })
	f.open()
	e := trade(1)
	b.ReportAllocs()
	for b.Loop() {
		e.At = 0
		f.Take(e)
	}
}
