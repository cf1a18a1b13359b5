package python_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

// twins are the strategies that are written in both languages.
var twins = map[string]func() strategy.Strategy{
	"probe": func() strategy.Strategy { return &plugintest.Probe{} },
	"deaf":  func() strategy.Strategy { return &plugintest.Deaf{} },
}

// TestLockstep plays a random market to a strategy in Go and to its twin in Python, announced
// in batches of random sizes, and wants the same answers to the last digit.
func TestLockstep(t *testing.T) {
	for name, fresh := range twins {
		t.Run(name, func(t *testing.T) {
			p := open(t, "tests/probe.py")
			for seed := range uint64(12) {
				params := map[string]string{"every": fmt.Sprint(seed % 11), "other": "CM:BTCUSD_PERP"}
				local, err := strategy.NewRuntime(fresh(), params, plugintest.Instruments(t), 3)
				check(t, err)
				session, err := p.Start(name, params, plugintest.Instruments(t), 3)
				check(t, err)
				plugintest.Lockstep(t, seed, local, session)
			}
		})
	}
}

// TestLockstepOnStream is TestLockstep where there is no socket.
func TestLockstepOnStream(t *testing.T) {
	s := spec(t, "tests/probe.py")
	s.NoSocket = true
	p, err := host.Open(t.Context(), s)
	check(t, err)
	defer p.Close()
	for seed := range uint64(4) {
		params := map[string]string{"every": fmt.Sprint(seed), "other": "CM:BTCUSD_PERP"}
		local, err := strategy.NewRuntime(&plugintest.Probe{}, params, plugintest.Instruments(t), 3)
		check(t, err)
		session, err := p.Start("probe", params, plugintest.Instruments(t), 3)
		check(t, err)
		plugintest.Lockstep(t, seed, local, session)
	}
}

// TestConcurrent plays several instances in one process at once.
func TestConcurrent(t *testing.T) {
	p := open(t, "tests/probe.py")
	var wait sync.WaitGroup
	for id := range exchange.StrategyID(4) {
		local, err := strategy.NewRuntime(&plugintest.Probe{}, map[string]string{"every": "3"}, plugintest.Instruments(t), id+1)
		check(t, err)
		session, err := p.Start("probe", map[string]string{"every": "3"}, plugintest.Instruments(t), id+1)
		check(t, err)
		wait.Go(func() {
			events := plugintest.Market(rand.New(rand.NewPCG(uint64(id), 2)), 200)
			for i := range events {
				got, err := session.Deliver(&events[i])
				if err != nil {
					t.Error(err)
					return
				}
				if want := local.Deliver(&events[i]); !cmp.Equal(*want, *got, plugintest.Lists()) {
					t.Errorf("strategy %d, event %d: %+v there, %+v here", id, i, got, want)
					return
				}
			}
		})
	}
	wait.Wait()
}

// TestLive plays a market live, on either way, and has a second process go on in the middle:
// what is asked for is what one strategy in Go asks for that never stopped.
func TestLive(t *testing.T) {
	for _, noSocket := range []bool{false, true} {
		t.Run(fmt.Sprint("noSocket=", noSocket), func(t *testing.T) {
			for seed := range uint64(4) {
				playLive(t, seed, noSocket)
			}
		})
	}
}

func playLive(t *testing.T, seed uint64, noSocket bool) {
	t.Helper()
	params := map[string]string{"every": fmt.Sprint(1 + seed), "other": "CM:BTCUSD_PERP"}
	local, err := strategy.NewRuntime(&plugintest.Probe{}, params, plugintest.Instruments(t), 3)
	check(t, err)
	var want []host.Wishes
	got := plugintest.NewWished()
	p := open(t, "tests/probe.py")
	configure := func(c *host.LiveConfig) { c.Strategy, c.Params, c.NoSocket = "probe", params, noSocket }
	l, err := plugintest.Live(t, p, got, configure)
	check(t, err)
	if l.Stats().Socket == noSocket {
		t.Fatalf("socket %v", l.Stats().Socket)
	}
	want = plugintest.Note(want, 0, 0, local.Started())
	events := plugintest.LiveMarket(rand.New(rand.NewPCG(seed, 1)), 500)
	for i := range events {
		if i == len(events)/2 { // another process goes on
			saved, err := l.Save(t.Context())
			check(t, err)
			resume := local.View().Snapshot()
			resume.Saved = saved
			l.Close()
			p.Close()
			p = open(t, "tests/probe.py")
			l, err = plugintest.Live(t, p, got, func(c *host.LiveConfig) { configure(c); c.Resume = resume })
			check(t, err)
			want = plugintest.Note(want, 0, 0, &strategy.Output{Timers: []exchange.Timer{{Strategy: 3, ID: 99, Due: 1}}}) // of Start
		}
		l.Deliver(&events[i])
		want = plugintest.Note(want, events[i].Seq, events[i].At, local.Deliver(&events[i]))
		if i%64 == 0 || seed%2 == 0 {
			check(t, l.Settle(t.Context()))
		}
	}
	end := events[len(events)-1].At
	check(t, l.Stop(t.Context(), end))
	want = plugintest.Note(want, 0, end, local.Stop(end))
	if diff := cmp.Diff(want, got.All(), plugintest.Lists()); diff != "" {
		t.Fatalf("seed %d: the wishes differ (-Go +Python):\n%s", seed, diff)
	}
}
