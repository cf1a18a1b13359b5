package host_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

// TestHandover swaps the process of a strategy again and again, while events go on: all sessions
// together ask for what one alone does, so nothing was lost and nothing came twice. Some swaps come
// to nothing, and the old session goes on.
func TestHandover(t *testing.T) {
	params := map[string]string{"every": "2", "other": "CM:BTCUSD_PERP"}
	for seed := range uint64(raced.Fewer(4, 1)) {
		rng := rand.New(rand.NewPCG(seed, 8))
		events := plugintest.LiveMarket(rand.New(rand.NewPCG(seed, 6)), 300)
		local, err := strategy.NewRuntime(&plugintest.Probe{}, params, plugintest.Instruments(t), 3)
		check(t, err)
		var want []host.Wishes
		got := plugintest.NewWished()
		now, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), got, func(c *host.LiveConfig) { c.Params = params })
		check(t, err)
		gate := host.NewGate(3)
		check(t, gate.Open(now))
		swaps, kept := 0, 0
		for i := 0; i < len(events); i++ {
			deliver := func() {
				e := &events[i]
				gate.Deliver(e)
				if e.Kind == exchange.KindTimer || !local.Wants(e) {
					return
				}
				want = plugintest.Note(want, e.Seq, e.At, local.Deliver(e))
			}
			deliver()
			if i%50 == 0 { // or it might lag, and miss some
				check(t, now.Settle(t.Context()))
			}
			if rng.IntN(20) > 0 {
				continue
			}
			swaps++
			check(t, now.Settle(t.Context()))
			gate = host.NewHandover(now)
			if !gate.Cut() {
				t.Fatal("a session that has settled does not rest")
			}
			from := local.View().Snapshot()
			from.Saved, err = now.Save(t.Context())
			check(t, err)
			for n := rng.IntN(8); n > 0 && i+1 < len(events); n-- { // while the new program starts
				i++
				kept++
				deliver()
			}
			if rng.IntN(3) == 0 { // it does not
				check(t, gate.Open(now))
				continue
			}
			next, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), got, func(c *host.LiveConfig) { c.Params, c.Resume = params, from })
			check(t, err)
			check(t, gate.Open(next))
			now.Close()
			now = next
		}
		check(t, now.Settle(t.Context()))
		if swaps < 5 || kept < 10 {
			t.Fatalf("%d swaps, %d events meanwhile", swaps, kept)
		}
		all := slices.DeleteFunc(got.All(), func(w host.Wishes) bool { return w.Seq == 0 }) // each Start sets its timer
		if diff := cmp.Diff(want, all, plugintest.Lists()); diff != "" {
			t.Fatalf("seed %d: the wishes differ (-one session +swapped):\n%s", seed, diff)
		}
	}
}

// TestHandoverBusy: before the cut the old session is given what concerns its account, so that it
// comes to rest, and no market data, which the new one gets; a timer of the old one is the new one's.
func TestHandoverBusy(t *testing.T) {
	got := plugintest.NewWished()
	params := map[string]string{"every": "1"}
	old, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), got, func(c *host.LiveConfig) { c.Params = params }) // Start asks for timer 99 at 1
	check(t, err)
	gate := host.NewHandover(old)
	fill := exchange.Event{Seq: 1, At: 1, Inst: 1}
	fill.SetFill(&exchange.Fill{Strategy: 3, Side: exchange.Buy, Qty: 1, Price: 1})
	gate.Deliver(&fill)
	sent := old.Stats().Sent
	for _, e := range trades(3) {
		gate.Deliver(&e)
	}
	timer := exchange.Event{Seq: 9, At: 9}
	timer.SetTimer(&exchange.Timer{Strategy: 3, ID: 99, Due: 1})
	check(t, old.Settle(t.Context()))
	if !gate.Cut() || old.Stats().Sent != sent {
		t.Fatalf("%d of %d events came to the old session", sent, old.Stats().Sent)
	}
	gate.Deliver(&timer)
	from := &strategy.Resume{}
	from.Saved, err = old.Save(t.Context())
	check(t, err)
	next, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), got, func(c *host.LiveConfig) { c.Params, c.Resume = params, from })
	check(t, err)
	check(t, gate.Open(next))
	check(t, next.Settle(t.Context()))
	if s := fmt.Sprint(sent, " ", next.Stats().Sent); s != "1 4" {
		t.Errorf("events of the old and the new session: %s", s)
	}
}

// TestHandoverNotAtRest: a session that still handles what it was given is not cut off.
func TestHandoverNotAtRest(t *testing.T) {
	pipe := namedPipe(t)
	old, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), plugintest.NewWished(), func(c *host.LiveConfig) {
		c.Params = map[string]string{"do": "gate", "at": "1", "gate": pipe}
	})
	check(t, err)
	for _, e := range trades(3) { // it waits in the first
		old.Deliver(&e)
	}
	gate := host.NewHandover(old)
	if gate.Cut() {
		t.Error("it was cut off in a callback")
	}
	open, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	check(t, err)
	check(t, open.Close())
	check(t, old.Settle(t.Context()))
	if !gate.Cut() {
		t.Error("it has settled, and does not rest")
	}
}
