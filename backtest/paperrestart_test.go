package backtest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/paper"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// agrees reads the account and fails if it is not the kernel's.
func (d *dryRun) agrees(when string) (open []exchange.Order) {
	d.t.Helper()
	<-time.After(3 * time.Second) // what has moved within two seconds is not compared
	for range 2 {
		d.broker.CatchUp("the test wants to know")
		<-time.After(time.Second)
	}
	synctest.Wait()
	err := d.loop.Do(d.t.Context(), func(k *engine.Kernel) {
		for _, diff := range k.Differences() {
			d.t.Errorf("%s: %v %v: %s", when, diff.Kind, diff.Remedy, diff.Text)
		}
		for _, s := range k.States() {
			if s.State != exchange.Active {
				d.t.Errorf("%s: %+v", when, s)
			}
		}
		open = k.Orders()
	})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, o := range open {
		if o.Status == exchange.StatusUnknown {
			d.t.Errorf("%s: order %s is in doubt", when, o.ClientID)
		}
	}
	return open
}

// TestPaperRestarts kills processes of a dry run at random moments. What the exchange has done
// and the kernel has not heard never happened; then the next process goes on, and the two
// agree about positions, money and every open order, at once and at the end.
func TestPaperRestarts(t *testing.T) {
	held, resumed, dropped, fills := 0, 0, 0, 0
	for seed := range uint64(6) {
		latency := LatencyConfig{}
		if seed%2 == 1 {
			latency = LatencyConfig{Entry: "180ms", Answer: "150ms"}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 9))
				seen := map[string]bool{}
				d := newDryRun(t, conformConfig(seed, latency), func(e *exchange.Event) {
					switch {
					case e.Kind == exchange.KindFill:
						f := e.Fill()
						name := fmt.Sprint(e.Inst, f.TradeID, f.VenueID)
						if seen[name] {
							t.Errorf("fill %s was told twice", name)
						}
						seen[name] = true
						fills++
					case e.Kind == exchange.KindOrderUpdate && e.OrderUpdate().Status == exchange.StatusNotArrived:
						dropped++
					}
				})
				var opening *paper.Opening
				for n := range 5 {
					d.begin(fmt.Sprintf("bt%d", n), opening)
					if n > 0 {
						resumed += len(d.agrees(fmt.Sprintf("restart %d", n)))
					}
					d.play(d.source.from.Add(time.Duration(n+1)*21*time.Second+time.Duration(rng.Int64N(int64(time.Second)))), false)
					d.stop()
					d.play(d.clock().Add(time.Second), true) // the exchange goes on alone for a moment
					d.end()
					opening = paper.OpeningOf(d.kernel.Known(), d.positions())
					held += len(opening.Positions)
				}
				d.begin("last", opening)
				d.play(d.source.to.Add(time.Second), false)
				d.agrees("the end")
				d.end()
			})
		})
	}
	t.Logf("%d positions and %d open orders went on, %d orders never arrived, %d fills", held, resumed, dropped, fills)
	if held == 0 || resumed == 0 || dropped == 0 {
		t.Errorf("the restarts show too little")
	}
}

func (d *dryRun) positions() (list []exchange.Position) {
	for id := exchange.InstrumentID(1); int(id) <= d.ins.Len(); id++ {
		if p := d.guard.Position(id, exchange.Both); !p.Qty.IsZero() {
			list = append(list, p)
		}
	}
	return list
}
