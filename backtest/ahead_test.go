package backtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// remote plays a runtime as a plugin process does: it runs ahead through what it is
// promised until the strategy asks for something, and answers from that. It holds the
// host to the promise.
type remote struct {
	*strategy.Runtime
	t        *testing.T
	promised []string
	next     int
	last     strategy.Output // of the last event that was run ahead
	batches  *int
	saved    *int
	buffer   strategy.Output
}

func (r *remote) Ahead(events []exchange.Event) error {
	if r.next < len(r.promised) {
		return fmt.Errorf("promised anew before %s was delivered", r.promised[r.next])
	}
	*r.batches++
	r.promised, r.next = r.promised[:0], 0
	for i := range events {
		r.promised = append(r.promised, told(&events[i]))
		out := r.Runtime.Deliver(&events[i])
		r.last = strategy.Output{Intents: slices.Clone(out.Intents), Timers: slices.Clone(out.Timers)}
		if !r.last.Empty() {
			break
		}
	}
	return nil
}

func (r *remote) Deliver(e *exchange.Event) (*strategy.Output, error) {
	if r.next == len(r.promised) {
		return r.Runtime.Deliver(e), nil
	}
	if told(e) != r.promised[r.next] {
		return nil, fmt.Errorf("%s was delivered where %s was promised", told(e), r.promised[r.next])
	}
	*r.saved++
	r.next++
	r.buffer = strategy.Output{}
	if r.next == len(r.promised) {
		r.buffer = r.last
	}
	return &r.buffer, nil
}

func (r *remote) SetWarming(on bool) error {
	if r.next < len(r.promised) {
		return errors.New("warming changed in the middle of a promise")
	}
	r.Runtime.SetWarming(on)
	return nil
}

func (r *remote) Stop(at exchange.Time) (*strategy.Output, error) { return r.Runtime.Stop(at), nil }

// TestAheadKeepsItsPromise runs strategies in this process and as a process that runs
// ahead: the results are equal.
func TestAheadKeepsItsPromise(t *testing.T) {
	qty := exchange.MustFixed("0.05")
	patterns := map[string]puppet{
		"taker": {start: sees(15*time.Minute, 4), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			switch held := env.Held(in); {
			case b.Close > b.Open && b.Start%7 == 0 && held <= 0:
				env.Send(strategy.Buy(in, qty-held).Market().Tag("up"))
			case b.Close < b.Open && b.Start%5 == 0 && held > 0:
				env.Send(strategy.Sell(in, held).Market().ReduceOnly())
			}
		}},
		"maker": {start: sees(15*time.Minute, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			if p.n++; p.n%11 != 0 {
				return
			}
			env.CancelAll(in)
			env.Send(strategy.Buy(in, qty).Limit((b.Close - b.Close/1000).Round(in.Tick, exchange.RoundFloor)).PostOnly())
			env.Send(strategy.Sell(in, qty).Limit((b.Close + b.Close/1000).Round(in.Tick, exchange.RoundCeil)))
			env.Send(strategy.Sell(in, qty).Stop((b.Close - b.Close/100).Round(in.Tick, exchange.RoundFloor)))
		}},
		"timer": {
			start: sees(time.Hour, 0),
			bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
				if p.n++; p.n%5 == 0 {
					env.After(time.Duration(p.n)*time.Minute, 1)
					env.Logf("a timer for %d", p.n)
				}
			},
			timer: func(p *puppet, env *strategy.Env, id uint64) {
				side := strategy.Buy(p.in, qty)
				if env.Held(p.in) > 0 {
					side = strategy.Sell(p.in, 2*qty)
				}
				env.Send(side.Market())
			},
		},
		"quiet": {start: sees(15*time.Minute, 0)},
	}
	for name, pattern := range patterns {
		cfg := deskConfig(20, 15*time.Minute)
		cfg.From, cfg.Sample = day.Add(30*time.Hour), 12*time.Hour
		batches, saved := 0, 0
		ahead := through{program(pattern), func(r *strategy.Runtime) Player {
			return &remote{Runtime: r, t: t, batches: &batches, saved: &saved}
		}}
		here, there := runDesk(t, cfg, program(pattern)), runDesk(t, cfg, ahead)
		if here.Hash != there.Hash || here.Events != there.Events {
			t.Errorf("%s: %s with %d events here, %s with %d there", name, here.Hash, here.Events, there.Hash, there.Events)
		}
		t.Logf("%s: %d fills, %d refused, %d events ahead in %d batches", name, here.Fills.Len(), here.Orders.Refused, saved, batches)
		if saved < 300 || batches*2 > saved || name != "quiet" && here.Fills.Len() < 10 {
			t.Errorf("%s: too little happened to prove anything", name)
		}
		// Two of them share the account: nothing can be promised, and nothing changes.
		cfg.Strategies = []StrategyConfig{{Plugin: "puppet", Label: "a"}, {Plugin: "puppet", Label: "b"}}
		batches = 0
		here, there = runDesk(t, cfg, program(pattern), program(pattern)), runDesk(t, cfg, ahead, ahead)
		if here.Hash != there.Hash || batches != 0 {
			t.Errorf("%s twice: %s here, %s there, %d batches", name, here.Hash, there.Hash, batches)
		}
	}
}
