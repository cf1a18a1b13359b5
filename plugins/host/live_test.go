package host_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

// TestLiveTimers holds that a session is given the timers that it has asked for, each once,
// and none of a session before.
func TestLiveTimers(t *testing.T) {
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), got, nil) // Start asks for timer 99 at 1
	check(t, err)
	gate := host.NewGate(3)
	timer := exchange.Event{Seq: 5, At: 7}
	timer.SetTimer(&exchange.Timer{Strategy: 3, ID: 99, Due: 1})
	gate.Deliver(&timer) // from before
	check(t, gate.Open(l))
	other := timer
	other.SetTimer(&exchange.Timer{Strategy: 3, ID: 99, Due: 2})
	for _, e := range []exchange.Event{other, timer, timer} {
		l.Deliver(&e)
		check(t, l.Settle(t.Context()))
	}
	if s := l.Stats(); s.Sent != 1 || s.Intents != 1 {
		t.Errorf("%+v", s)
	}
}

// ways are the two that events may take.
var ways = map[string]bool{"socket": false, "gRPC": true}

// TestLiveConforms plays one sequence to a strategy in this process and live, one event at
// a time and all at once, on either way: the same is asked for, in the same order, each for
// its event.
func TestLiveConforms(t *testing.T) {
	for way, noSocket := range ways {
		for _, mode := range []string{plugintest.Serve, plugintest.ServeDeaf} {
			t.Run(way+"/"+mode, func(t *testing.T) {
				p := plugintest.Open(t, mode)
				for seed := range uint64(10) {
					conform(t, p, mode, seed, noSocket)
				}
			})
		}
	}
}

func conform(t *testing.T, p *host.Plugin, mode string, seed uint64, noSocket bool) {
	t.Helper()
	params := map[string]string{"every": fmt.Sprint(1 + seed%7), "other": "CM:BTCUSD_PERP"}
	fresh := strategy.Strategy(&plugintest.Probe{})
	if mode == plugintest.ServeDeaf {
		fresh = &plugintest.Deaf{}
	}
	local, err := strategy.NewRuntime(fresh, params, plugintest.Instruments(t), 3)
	check(t, err)
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) {
		c.Params, c.NoSocket = params, noSocket
	})
	check(t, err)
	if l.Stats().Socket == noSocket {
		t.Fatalf("socket %v", l.Stats().Socket)
	}
	var want []host.Wishes
	want = plugintest.Note(want, 0, 0, local.Started())
	events := plugintest.LiveMarket(rand.New(rand.NewPCG(seed, 1)), 600)
	for i := range events {
		e := &events[i]
		l.Deliver(e)
		if local.Wants(e) {
			want = plugintest.Note(want, e.Seq, e.At, local.Deliver(e))
		}
		if seed%2 == 0 || i%50 == 0 { // at every second seed the plugin keeps up by itself, within the window
			check(t, l.Settle(t.Context()))
		}
	}
	end := events[len(events)-1].At
	check(t, l.Stop(t.Context(), end))
	want = plugintest.Note(want, 0, end, local.Stop(end))
	if diff := cmp.Diff(want, got.All(), plugintest.Lists()); diff != "" {
		t.Fatalf("seed %d: the wishes differ (-here +live):\n%s", seed, diff)
	}
	select {
	case err := <-got.Ended:
		t.Errorf("a stopped session ends with %v", err)
	default:
	}
}

// TestLiveTrouble lets programs misbehave in a live play. Each is told by one error.
func TestLiveTrouble(t *testing.T) {
	for _, c := range []struct {
		mode, do, at string
		kind         host.Kind
		want         string
	}{
		{"serve", "panic", "7", host.Crashed, `plugin serve: OnTrade crashed at probe.go:* in strategy probe handling *: panic: event 7 is too much`},
		{"serve", "exit", "7", host.Crashed, `plugin serve: crashed in strategy probe handling *: exit status 3: I quit`},
		{"serve", "intents", "3", host.Lied, `plugin serve: broke the protocol in strategy probe handling *: 5000 intents for one event, more than 4096`},
		{"lie-upto", "", "0", host.Lied, `plugin lie-upto: broke the protocol in strategy liar handling *: it answered for 2147483648 events of 1`},
		{"lie-zero", "", "0", host.Lied, `plugin lie-zero: broke the protocol in strategy liar handling *: it answered for 0 events of 1`},
		{"lie-ref", "", "0", host.Lied, `plugin lie-ref: broke the protocol in strategy liar handling *: intent 2 of 2: ref 1 after 1; refs rise`},
		{"lie-instrument", "", "0", host.Lied, `plugin lie-instrument: broke the protocol in strategy liar handling *: intent 1 of 1: instrument 77 is not one of 2`},
		{"lie-flood", "", "0", host.Lied, `plugin lie-flood: broke the protocol in strategy liar handling *: 4097 timers for one event, more than 4096`},
		{"lie-log", "", "0", host.Lied, `plugin lie-log: broke the protocol in strategy liar handling *: log line of event 3 after 0 of 1`},
		{"lie-huge", "", "0", host.Lied, `plugin lie-huge: broke the protocol in strategy liar handling *: an answer of more than 8 MiB`},
		{"lie-empty", "", "0", host.Lied, `plugin lie-empty: broke the protocol in strategy liar handling *: <nil> in place of an answer`},
		{"lie-hangup", "", "0", host.Lied, `plugin lie-hangup: broke the protocol: hung up in strategy liar handling *`},
	} {
		for way, noSocket := range ways {
			t.Run(c.mode+" "+c.do+"/"+way, func(t *testing.T) {
				p := plugintest.Open(t, c.mode)
				got := plugintest.NewWished()
				var params map[string]string
				if c.do != "" {
					params = map[string]string{"do": c.do, "at": c.at}
				}
				l, err := plugintest.Live(t, p, got, func(config *host.LiveConfig) {
					config.Params, config.NoSocket = params, noSocket
				})
				check(t, err)
				for _, e := range trades(20) {
					l.Deliver(&e)
				}
				err = <-got.Ended
				expect(t, err, c.kind, fmt.Sprint(err), c.want)
				if l.Err() != err || l.Settle(t.Context()) != err {
					t.Errorf("afterwards it says %v and %v", l.Err(), l.Settle(t.Context()))
				}
				l.Close()
				if len(got.Ended) > 0 {
					t.Error("the end is told twice")
				}
			})
		}
	}
}

// TestLiveLies has programs take the socket and break the protocol there.
func TestLiveLies(t *testing.T) {
	wants := map[string]string{
		"lie-unconnected": `broke the protocol in Start of strategy liar: it says that it is connected to the socket, but: it is not`,
		"lie-token":       `broke the protocol in Start of strategy liar: it says that it is connected to the socket, but: it is not`,
		"lie-long":        `broke the protocol in strategy liar handling *: a message of 2147483648 bytes, more than 8388608`,
		"lie-garbage":     `broke the protocol in strategy liar handling *: proto: cannot parse invalid wire-format data`,
		"lie-half":        `broke the protocol: hung up in strategy liar handling *`,
		"lie-requests":    `broke the protocol in strategy liar handling *: it answered 2147483648 requests of *`,
		"lie-saved":       `broke the protocol in strategy liar handling *: it saved what it was not asked for`,
		"lie-unread":      `no answer within 200ms in strategy liar handling *; a callback must return at once: it must not wait, or loop without end`,
	}
	for _, mode := range plugintest.LiveLies() {
		t.Run(mode, func(t *testing.T) {
			p := plugintest.Open(t, mode)
			got := plugintest.NewWished()
			l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) {
				if mode == "lie-unread" {
					c.Timeout = 200 * time.Millisecond
				}
			})
			if err == nil {
				for _, e := range trades(1000) {
					l.Deliver(&e)
				}
				err = <-got.Ended
			}
			kind := host.Lied
			if mode == "lie-unread" {
				kind = host.Hung
			}
			expect(t, err, kind, strings.ReplaceAll(fmt.Sprint(err), "\u00a0", " "), "plugin "+mode+": "+wants[mode])
		})
	}
}

// TestLiveHang holds that a program that handles nothing is noticed, and that nobody waits
// for it meanwhile.
func TestLiveHang(t *testing.T) {
	for way, noSocket := range ways {
		for _, do := range []string{"hang", "spin"} {
			t.Run(do+"/"+way, func(t *testing.T) {
				p := plugintest.Open(t, plugintest.Serve)
				got := plugintest.NewWished()
				l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) {
					c.Params, c.NoSocket, c.Timeout = map[string]string{"do": do, "at": "3"}, noSocket, 200*time.Millisecond
				})
				check(t, err)
				for _, e := range trades(1000) {
					l.Deliver(&e)
				}
				err = <-got.Ended
				expect(t, err, host.Hung, fmt.Sprint(err),
					`plugin serve: no answer within 200ms in strategy probe handling *; a callback must return at once: it must not wait, or loop without end`)
			})
		}
	}
}

// TestLiveLag holds a strategy up at a gate, delivers far more than it can be sent, and lets
// it go on: it sees the latest quotes and marks, the newest trades, and all of the rest.
func TestLiveLag(t *testing.T) {
	for way, noSocket := range ways {
		t.Run(way, func(t *testing.T) {
			gate := namedPipe(t)
			p := plugintest.Open(t, plugintest.Serve)
			got := plugintest.NewWished()
			l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) {
				c.Params, c.NoSocket, c.TradesMax = map[string]string{"do": "gate", "at": "1", "gate": gate}, noSocket, 10
			})
			check(t, err)
			events := plugintest.LiveMarket(rand.New(rand.NewPCG(1, 2)), 5000)
			for i := range events {
				l.Deliver(&events[i])
			}
			lagging := l.Stats()
			open, err := os.OpenFile(gate, os.O_WRONLY, 0)
			check(t, err)
			check(t, open.Close())
			check(t, l.Settle(t.Context()))
			s := l.Stats()
			full := lagging.Unanswered <= 64 && lagging.Unanswered > 60 // an answer may just have made room
			if !full || lagging.Waiting < 100 || s.Conflated < 500 || s.Dropped < 500 || s.Waiting+s.Unanswered > 0 {
				t.Errorf("at the gate %+v, at the end %+v", lagging, s)
			}
			if wanted := uint64(wantedOf(l, events)); s.Sent+s.Conflated+s.Dropped != wanted {
				t.Errorf("%d of %d events are accounted for", s.Sent+s.Conflated+s.Dropped, wanted)
			}
		})
	}
}

func wantedOf(l *host.Live, events []exchange.Event) (n int) {
	for i := range events {
		if l.Wants(&events[i]) {
			n++
		}
	}
	return n
}

// TestLiveTooFarBehind holds that memory has a limit when a strategy does not keep up.
func TestLiveTooFarBehind(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) {
		c.Params, c.WaitingMax = map[string]string{"do": "hang", "at": "1"}, 100
	})
	check(t, err)
	events := plugintest.LiveMarket(rand.New(rand.NewPCG(1, 2)), 5000)
	for i := range events {
		l.Deliver(&events[i])
	}
	err = <-got.Ended
	expect(t, err, host.Hung, fmt.Sprint(err), `plugin serve: the program lags behind: 100 events wait for strategy probe, which has not handled *; let it subscribe to less, or do less in its callbacks`)
}

// TestLiveFlood holds that wishes and timers have limits.
func TestLiveFlood(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	for _, c := range []struct {
		intents, timers int
		want            string
	}{
		{20, 1e6, `plugin serve: strategy probe, in answer to *, has asked for more than 20 intents and timers within a second; ` +
			`a strategy must not answer every refusal or fill with another order`},
		{1e6, 3, `plugin serve: strategy probe, in answer to *, has more than 3 timers pending; set the next timer when one fires`},
	} {
		got := plugintest.NewWished()
		l, err := plugintest.Live(t, p, got, func(config *host.LiveConfig) {
			config.Params, config.IntentsMax, config.TimersMax = map[string]string{"every": "1"}, c.intents, c.timers
		})
		check(t, err)
		events := plugintest.LiveMarket(rand.New(rand.NewPCG(1, 2)), 1000)
		for i := range events {
			l.Deliver(&events[i])
		}
		err = <-got.Ended
		expect(t, err, host.Flooded, fmt.Sprint(err), c.want)
		asked := 0
		for _, w := range got.All() {
			asked += len(w.Intents)
		}
		if asked > c.intents {
			t.Errorf("%d intents came through", asked)
		}
	}
}

// TestLiveKilled kills the process at events of a play and starts it again with what a
// bystander knows: from there on it asks for the same as one that was never killed.
func TestLiveKilled(t *testing.T) {
	params := map[string]string{"every": "2", "other": "CM:BTCUSD_PERP"}
	for seed := range uint64(3) {
		events := plugintest.LiveMarket(rand.New(rand.NewPCG(seed, 5)), 120)
		local, err := strategy.NewRuntime(&plugintest.Probe{}, params, plugintest.Instruments(t), 3)
		check(t, err)
		var want []host.Wishes
		p, got := plugintest.Open(t, plugintest.Serve), plugintest.NewWished()
		l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Params = params })
		check(t, err)
		kills := 0
		for i := range events {
			e := &events[i]
			l.Deliver(e)
			want = plugintest.Note(want, e.Seq, e.At, local.Deliver(e))
			if uint64(i)%12 != seed {
				continue
			}
			kills++
			check(t, l.Settle(t.Context()))
			memory, err := l.Save(t.Context())
			check(t, err)
			kill(t, p)
			<-got.Ended
			from := local.View().Snapshot()
			from.Saved = memory
			p = plugintest.Open(t, plugintest.Serve)
			l, err = plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Params, c.Resume = params, from })
			check(t, err)
		}
		check(t, l.Settle(t.Context()))
		if kills < 10 {
			t.Fatalf("%d kills", kills)
		}
		all := slices.DeleteFunc(got.All(), func(w host.Wishes) bool { return w.Seq == 0 }) // each Start sets its timer
		if diff := cmp.Diff(want, all, plugintest.Lists()); diff != "" {
			t.Fatalf("seed %d: the wishes differ (-never killed +killed):\n%s", seed, diff)
		}
	}
}

func kill(t testing.TB, p *host.Plugin) {
	t.Helper()
	process, err := os.FindProcess(p.Pid())
	check(t, err)
	check(t, process.Kill())
}

// TestLiveRefuses holds that a program that does not know of resuming is not started where
// it would have to.
func TestLiveRefuses(t *testing.T) {
	p := plugintest.Open(t, "lie-upto") // an honest one, as far as its start goes
	got := plugintest.NewWished()
	_, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) {
		c.Resume = &strategy.Resume{LastRef: 7, Orders: []exchange.Order{{Ref: 7, Request: exchange.OrderRequest{Inst: 1}}}}
	})
	expect(t, err, host.BadVersion, fmt.Sprint(err), `plugin lie-upto: cannot go on where strategy liar stopped: it has 0 positions, 1 orders and refs up to 7, `+
		`and the program would not know of them; build it again with the pmbot module of this version, or flatten the strategy first`)
	if _, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Resume = &strategy.Resume{At: 5} }); err != nil {
		t.Error(err)
	}
}

// TestLiveEarly holds that nothing is passed on that a strategy sends in answer to history,
// and that it is told so.
func TestLiveEarly(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.Params = map[string]string{"every": "1"} })
	check(t, err)
	events := plugintest.LiveMarket(rand.New(rand.NewPCG(3, 2)), 3000)
	check(t, l.Warm(t.Context(), events))
	for _, w := range got.All() {
		if len(w.Intents) > 0 {
			t.Fatalf("%v was passed on", w.Intents)
		}
	}
	if s := l.Stats(); s.Intents < 500 || s.Sent < uint64(wantedOf(l, events))+s.Intents {
		t.Errorf("%+v: not every intent was refused", s)
	}
}

// TestLiveSave holds that memory comes back as it was saved, and that a strategy that cannot
// save goes on.
func TestLiveSave(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	for way, noSocket := range ways {
		got := plugintest.NewWished()
		l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.NoSocket = noSocket })
		check(t, err)
		for _, e := range trades(40) {
			l.Deliver(&e)
		}
		saved, err := l.Save(t.Context())
		check(t, err)
		if local := localAfter(t, trades(40)); saved.Version != 1 || string(saved.State) != local {
			t.Errorf("%s: saved %d %q, want %q", way, saved.Version, saved.State, local)
		}
		check(t, l.Stop(t.Context(), 1e18))
		if _, err := l.Save(t.Context()); err == nil {
			t.Errorf("%s: saved after the end", way)
		}
		l, err = plugintest.Live(t, p, got, func(c *host.LiveConfig) {
			c.NoSocket, c.Params = noSocket, map[string]string{"do": "unsaved"}
		})
		check(t, err)
		_, err = l.Save(t.Context())
		expect(t, err, host.Failed, fmt.Sprint(err), "plugin serve: strategy probe could not save its memory: no pencil")
		check(t, l.Settle(t.Context()))
		check(t, l.Stop(t.Context(), 1e18))
	}
}

func localAfter(t *testing.T, events []exchange.Event) string {
	t.Helper()
	r, err := strategy.NewRuntime(&plugintest.Probe{}, nil, plugintest.Instruments(t), 3)
	check(t, err)
	for i := range events {
		r.Deliver(&events[i])
	}
	_, state, _, err := r.Save()
	check(t, err)
	return string(state)
}

// TestLiveEnds holds that a session ends with its plugin, and a start with its context.
func TestLiveEnds(t *testing.T) {
	for way, noSocket := range ways {
		p := plugintest.Open(t, plugintest.Serve)
		got := plugintest.NewWished()
		l, err := plugintest.Live(t, p, got, func(c *host.LiveConfig) { c.NoSocket = noSocket })
		check(t, err)
		p.Close()
		var e *host.Error
		if err := <-got.Ended; !errors.As(err, &e) || l.Err() != err {
			t.Errorf("%s: it ends with %v", way, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := plugintest.Open(t, plugintest.Serve).Live(ctx, host.LiveConfig{
			Instruments: plugintest.Instruments(t), ID: 1, Wish: got.Wish, Ended: func(error) {}, NoSocket: noSocket,
		}); err == nil {
			t.Errorf("%s: started although the context had ended", way)
		}
	}
}

// TestGate has a lot happen while a strategy is started: it misses nothing of its own, and
// no market data once it is there.
func TestGate(t *testing.T) {
	params := map[string]string{"every": "2", "other": "CM:BTCUSD_PERP"}
	events := plugintest.LiveMarket(rand.New(rand.NewPCG(4, 5)), 900)
	local, err := strategy.NewRuntime(&plugintest.Probe{}, params, plugintest.Instruments(t), 3)
	check(t, err)
	gate := host.NewGate(3)
	own := 0
	for i := range events[:600] {
		e := events[i]
		gate.Deliver(&e)
		e = exchange.Event{} // it is ours again
	}
	var want []host.Wishes
	for i := range events {
		if i < 600 && events[i].Kind.Market() {
			continue
		}
		own++
		want = plugintest.Note(want, events[i].Seq, events[i].At, local.Deliver(&events[i]))
	}
	got := plugintest.NewWished()
	l, err := plugintest.Live(t, plugintest.Open(t, plugintest.Serve), got, func(c *host.LiveConfig) { c.Params = params })
	check(t, err)
	check(t, gate.Open(l))
	for i := range events[600:] {
		gate.Deliver(&events[600+i])
		check(t, l.Settle(t.Context())) // or it might lag, and miss some
	}
	if diff := cmp.Diff(want, got.All()[1:], plugintest.Lists()); diff != "" {
		t.Fatalf("the wishes differ (-here +live):\n%s", diff)
	}
	if s := l.Stats(); s.Sent != uint64(own) {
		t.Errorf("%d of %d events were sent", s.Sent, own)
	}
	full := host.NewGate(3)
	for range 10_001 {
		full.Deliver(&exchange.Event{Kind: exchange.KindTrade}) // not kept, so it does not count
	}
	check(t, full.Open(l))
	full = host.NewGate(3)
	for range 10_001 {
		var e exchange.Event
		e.SetAccount(&exchange.Account{})
		full.Deliver(&e)
	}
	err = full.Open(l)
	expect(t, err, host.Failed, fmt.Sprint(err), "plugin serve: more than 10000 events concerned strategy probe while it was started")
}
