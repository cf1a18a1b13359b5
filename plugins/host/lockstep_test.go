package host_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
)

// TestLockstep plays a random market to a strategy in this process and to the same
// behind the boundary, announced in batches of random sizes, and wants the same answers.
// The deaf one has no code for its account and orders, so that these events are held
// back until the next request.
func TestLockstep(t *testing.T) {
	for mode, fresh := range map[string]func() strategy.Strategy{
		plugintest.Serve:     func() strategy.Strategy { return &plugintest.Probe{} },
		plugintest.ServeDeaf: func() strategy.Strategy { return &plugintest.Deaf{} },
	} {
		for way, noSocket := range ways {
			t.Run(way+"/"+mode, func(t *testing.T) {
				p := openOn(t, mode, noSocket)
				for seed := range uint64(20) {
					ins := plugintest.Instruments(t)
					params := map[string]string{"every": fmt.Sprint(seed % 11), "other": "CM:BTCUSD_PERP"}
					local, err := strategy.NewRuntime(fresh(), params, ins, 3)
					check(t, err)
					session, err := p.Start("", params, ins, 3)
					check(t, err)
					plugintest.Lockstep(t, seed, local, session)
				}
			})
		}
	}
}

// openOn starts a plugin that is to play on a socket, or is kept on gRPC.
func openOn(t *testing.T, mode string, noSocket bool) *host.Plugin {
	t.Helper()
	spec := plugintest.Spec(mode)
	spec.NoSocket = noSocket
	p, err := host.Open(t.Context(), spec)
	check(t, err)
	t.Cleanup(p.Close)
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestConcurrent plays several instances in one process at once.
func TestConcurrent(t *testing.T) {
	p := plugintest.Open(t, plugintest.Serve)
	ins := plugintest.Instruments(t)
	var wait sync.WaitGroup
	for id := range 4 {
		wait.Go(func() {
			params := map[string]string{"every": "3"}
			local, err := strategy.NewRuntime(&plugintest.Probe{}, params, ins, exchange.StrategyID(id+1))
			if err != nil {
				t.Error(err)
				return
			}
			session, err := p.Start("", params, ins, exchange.StrategyID(id+1))
			if err != nil {
				t.Error(err)
				return
			}
			events := plugintest.Market(rand.New(rand.NewPCG(uint64(id), 2)), 300)
			for i := range events {
				got, err := session.Deliver(&events[i])
				if err != nil {
					t.Error(err)
					return
				}
				plugintest.Equal(t, uint64(id), i, local.Deliver(&events[i]), got)
			}
		})
	}
	wait.Wait()
}

func trades(n int) []exchange.Event {
	events := make([]exchange.Event, n)
	for i := range events {
		events[i] = exchange.Event{Seq: uint64(101 + i), At: exchange.Time(1_767_225_601e9 + int64(i)*1e9), Inst: 1}
		events[i].SetTrade(exchange.Trade{Price: 60_000e8, Qty: 1e6, ID: int64(i)})
	}
	return events
}
