package backtest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// twin is a journal that writes nothing down. It lets a second kernel live through the same
// events, made anew of a snapshot now and then, and holds both against each other.
type twin struct {
	t      *testing.T
	kernel *engine.Kernel
	made   func() engine.Config
	second *engine.Kernel
	event  exchange.Event
	events int
	sent   int
	born   int
	open   int
}

func (w *twin) Append(e *exchange.Event, d *engine.Decision) error {
	if w.events%997 == 0 {
		text := w.kernel.Snapshot()
		if w.second != nil && !bytes.Equal(w.second.Snapshot(), text) {
			w.t.Fatalf("event %d: after %d events of its own the second kernel is another", e.Seq, 997)
		}
		second, err := engine.Restore(w.made(), text)
		if err != nil {
			w.t.Fatal(err)
		}
		w.second, w.born, w.open = second, w.born+1, w.open+len(second.Orders())
	}
	w.events++
	w.event = *e
	switch e.Kind { // the kernel completes them
	case exchange.KindOrderUpdate:
		u := *e.OrderUpdate()
		w.event.SetOrderUpdate(&u)
	case exchange.KindFill:
		f := *e.Fill()
		w.event.SetFill(&f)
		w.event.Flags = e.Flags
	}
	if d == nil {
		w.second.Apply(&w.event, nil)
		return nil
	}
	again := w.second.Decide(&w.event)
	if again.Order != d.Order || (again.Refusal == nil) != (d.Refusal == nil) || d.Refusal != nil && again.Refusal.Error() != d.Refusal.Error() {
		w.t.Fatalf("event %d: decided\n%+v %v\nand by the second kernel\n%+v %v", e.Seq, d.Order, d.Refusal, again.Order, again.Refusal)
	}
	if d.Order.ID != 0 {
		w.sent++
	}
	w.second.Apply(&w.event, &again)
	return nil
}

func (w *twin) Commit(engine.Urgency) error { return nil }

// TestRestoredKernelsInARun: a backtest with a simulated exchange, in which a second kernel is
// restored every 997 events: it decides and becomes the same.
func TestRestoredKernelsInARun(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	cfg := deskConfig(6, time.Minute)
	random := rand.New(rand.NewPCG(11, 1))
	p := program(puppet{start: sees(time.Minute, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
		qty := exchange.Fixed(1+random.Int64N(60)) * exchange.FixedOne / 100
		away := func(part int64) exchange.Fixed {
			return (b.Close + b.Close/10_000*exchange.Fixed(part)).Round(in.Tick, exchange.RoundFloor)
		}
		switch n := random.IntN(40); n {
		case 0:
			env.Send(strategy.Buy(in, qty))
		case 1:
			env.Send(strategy.Sell(in, qty))
		case 2, 3:
			env.Send(strategy.Buy(in, qty).Limit(away(-5)))
		case 4, 5:
			env.Send(strategy.Sell(in, qty).Limit(away(5)))
		case 6:
			env.Send(strategy.Sell(in, qty).Stop(away(-8)))
		case 7, 8, 9:
			for _, o := range env.Orders() {
				switch random.IntN(4) {
				case 0:
					env.Cancel(strategy.Ref(o.Ref))
				case 1:
					env.Amend(strategy.Ref(o.Ref), away(-7), o.Request.Qty)
				}
			}
		}
	}})
	list, labels, err := describe(cfg, []Program{p})
	if err != nil {
		t.Fatal(err)
	}
	ins, err := instruments(cfg, list)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := Tables(cfg)
	if err != nil {
		t.Fatal(err)
	}
	player, err := p.Start(cfg.Strategies[0].Params, ins, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRun(cfg, Options{}, ins, tab, []Player{player}, labels)
	if err != nil {
		t.Fatal(err)
	}
	w := &twin{t: t, kernel: r.kernel, made: func() engine.Config {
		guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: tab, Limits: cfg.Risk, Strategies: 1, Permits: riskguard.Unbound(1)})
		if err != nil {
			t.Fatal(err)
		}
		return engine.Config{Instruments: ins, Guard: guard, Strategies: 1, ClientPrefix: "bt"}
	}}
	r.loop.driver.Record(w)
	if err := r.loop.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(w.second.Snapshot(), r.kernel.Snapshot()) {
		t.Error("at the end the second kernel is another")
	}
	if w.sent < 300 || w.born < 20 || w.open < 20 {
		t.Errorf("%d events, %d orders and amends, %d kernels restored with %d open orders", w.events, w.sent, w.born, w.open)
	}
	t.Logf("%d events, %d orders and amends, %d kernels restored with %d open orders", w.events, w.sent, w.born, w.open)
}
