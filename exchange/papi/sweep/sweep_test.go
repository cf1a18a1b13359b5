package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange/papi"
)

// run sweeps within a time and says what came of it, and after how long the exchange had no
// order any more.
func (w *world) run(ctx context.Context, within time.Duration, over func(*Config)) *Report {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	c := Config{Client: w.client, Instruments: w.ins}
	if over != nil {
		over(&c)
	}
	return Run(ctx, c)
}

// TestSweep ends orders on every list, of known symbols and others, and reports the account.
func TestSweep(t *testing.T) {
	inWorld(t, func(ctx context.Context, w *world) {
		if n := w.truth(); n != fillMax {
			t.Fatalf("%d orders are open before", n)
		}
		r := w.run(ctx, time.Minute, nil)
		t.Logf("confirmed after %d ms in %d rounds", r.Took, r.Rounds)
		if n := w.truth(); !r.Confirmed || n != 0 || len(r.Open) != 0 || len(r.Unconfirmed) != 0 || len(r.NotRead) != 0 {
			t.Errorf("%d orders are left: %+v", n, r)
		}
		if r.Took < quietDefault.Milliseconds() || r.Took > quietDefault.Milliseconds()+3000 {
			t.Errorf("it took %d ms", r.Took)
		}
		var lists []string
		for _, o := range r.Ended {
			if !slices.Contains(lists, o.List) {
				lists = append(lists, o.List)
			}
		}
		if len(lists) != 6 {
			t.Errorf("orders ended on %v", lists)
		}
		if len(r.Positions) != 2 || r.Positions[0].Symbol != "UM:BTCUSDT" || r.Positions[0].Notional.String() != "30000" ||
			r.Positions[1].Symbol != "CM:BTCUSD_PERP" || r.Positions[1].Qty.String() != "-7" || r.Positions[1].Notional.Round(2).String() != "700" {
			t.Errorf("positions are %+v", r.Positions)
		}
		if r.Status != "NORMAL" || !r.UniMMR.IsPositive() || !r.Equity.IsPositive() || len(r.Assets) == 0 {
			t.Errorf("the account is %+v", r.Held)
		}
	})
}

// TestSweepWithoutATable needs no instruments to find futures and OCOs; margin orders that it
// cannot list are told by the money that they lock, and nothing is confirmed.
func TestSweepWithoutATable(t *testing.T) {
	inWorld(t, func(ctx context.Context, w *world) {
		none := func(c *Config) { c.Instruments = nil }
		if r := w.run(ctx, time.Minute, none); !r.Confirmed || w.truth() != 0 { // the OCO names the pair
			t.Errorf("%+v", r)
		}
		w.place("margin/order", "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId=m2")
		r := w.run(ctx, 20*time.Second, nil)
		if r.Confirmed || len(r.Unconfirmed) == 0 || !strings.Contains(r.Unconfirmed[0], "lock 500 USDT") {
			t.Errorf("%+v", r.Unconfirmed)
		}
	})
}

// TestKept leaves the stops that have a position to protect, and nothing else.
func TestKept(t *testing.T) {
	inWorld(t, func(ctx context.Context, w *world) {
		r := w.run(ctx, time.Minute, func(c *Config) { c.KeepProtective = true })
		var kept []string
		for _, o := range r.Kept {
			kept = append(kept, o.ClientID)
		}
		if n := w.truth(); !r.Confirmed || n != 2 || !slices.Equal(kept, []string{"a1", "s1"}) {
			t.Errorf("%d orders are left, kept %v: %+v", n, kept, r)
		}
	})
}

// TestFaults sweeps an exchange that fails, and tells how long it took until every order was
// gone at the exchange, and until that was confirmed.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []papisim.Fault
		within time.Duration // until it is confirmed
	}{
		{"503 unavailable, twenty times", []papisim.Fault{{Kind: papisim.FaultDown503, Count: 20}}, 15 * time.Second},
		{"503 unknown, half of all", []papisim.Fault{{Kind: papisim.FaultUnknown503, Count: -1, Probability: 5e7}}, 60 * time.Second},
		{"503 unknown and not done, half of all", []papisim.Fault{{Kind: papisim.FaultUnknown503, Count: -1, Probability: 5e7, NotExecuted: true}}, 60 * time.Second},
		{"-1007, thirty times", []papisim.Fault{{Kind: papisim.FaultTimeout, Count: 30, NotExecuted: true}}, 25 * time.Second},
		{"cancels answered -1007 and not done, ten times", []papisim.Fault{{Kind: papisim.FaultTimeout, Method: "DELETE", Count: 10, NotExecuted: true}}, 25 * time.Second},
		{"429 for ten seconds", []papisim.Fault{{Kind: papisim.FaultTooMany, Count: 1, Delay: papisim.Duration(10 * time.Second)}}, 25 * time.Second},
		{"418 for two minutes", []papisim.Fault{{Kind: papisim.FaultBan, Count: 1}}, 150 * time.Second},
		{"no answer, twenty times", []papisim.Fault{{Kind: papisim.FaultLostRequest, Count: 20}}, 30 * time.Second},
		{"answers lost, twenty times", []papisim.Fault{{Kind: papisim.FaultLostReply, Count: 20}}, 30 * time.Second},
		{"connections reset, half of all", []papisim.Fault{{Kind: papisim.FaultReset, Count: -1, Probability: 5e7, NotExecuted: true}}, 60 * time.Second},
		{"bodies cut off, a third", []papisim.Fault{{Kind: papisim.FaultTruncated, Count: -1, Probability: 33e6}}, 60 * time.Second},
		{"cancels of single orders refused", []papisim.Fault{{Kind: papisim.FaultCancel, Count: 4}}, 25 * time.Second},
		{"no list of UM can be read for a while", []papisim.Fault{{Kind: papisim.FaultDown503, Method: "GET", Path: "/papi/v1/um/openOrders", Count: 30}}, 60 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(ctx context.Context, w *world) {
				for _, f := range c.faults {
					w.fault(f)
				}
				r := w.run(ctx, 3*time.Minute, nil)
				t.Logf("confirmed after %d ms in %d rounds, %d requests", r.Took, r.Rounds, len(w.asked))
				if n := w.truth(); !r.Confirmed || n != 0 || time.Duration(r.Took)*time.Millisecond > c.within {
					t.Errorf("%d orders are left after %d ms: %+v", n, r.Took, r.Unconfirmed)
				}
			})
		})
	}
}

// TestSilence sweeps an exchange that does not answer: it ends in time and says what is not
// confirmed, and one that goes on is done soon after the exchange is back.
func TestSilence(t *testing.T) {
	inWorld(t, func(ctx context.Context, w *world) {
		w.fault(papisim.Fault{Kind: papisim.FaultLostRequest, Count: -1})
		began := time.Now()
		r := w.run(ctx, 15*time.Second, nil)
		if took := time.Since(began); r.Confirmed || took > 16*time.Second {
			t.Errorf("after %v: %+v", took, r)
		}
		for _, list := range []string{"UM orders", "UM algo orders", "CM orders", "CM conditional orders", "OCO lists", "margin orders"} {
			if !slices.ContainsFunc(r.Unconfirmed, func(s string) bool { return strings.HasPrefix(s, list+" could not be read") }) {
				t.Errorf("nothing is said of %s in %q", list, r.Unconfirmed)
			}
		}
		over := make(chan *Report)
		var told []bool
		go func() {
			over <- w.run(ctx, time.Hour, func(c *Config) { c.Tell = func(r *Report) { told = append(told, r.Confirmed) } })
		}()
		<-time.After(10 * time.Minute)
		w.sim.ClearFaults(0)
		back := time.Now()
		r = <-over
		t.Logf("confirmed %v after the exchange was back", time.Since(back))
		if n := w.truth(); !r.Confirmed || n != 0 || time.Since(back) > 20*time.Second || slices.Index(told, true) != len(told)-1 {
			t.Errorf("%d left after %v: %+v", n, time.Since(back), r)
		}
	})
}

// TestLate sees an order that arrives while the lists are empty already.
func TestLate(t *testing.T) {
	inWorld(t, func(ctx context.Context, w *world) {
		go func() {
			<-time.After(4 * time.Second)
			w.place("um/order", "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId=late")
		}()
		r := w.run(ctx, time.Minute, nil)
		if n := w.truth(); !r.Confirmed || n != 0 || !slices.ContainsFunc(r.Ended, func(o Order) bool { return o.ClientID == "late" }) {
			t.Errorf("%d left: %+v", n, r)
		}
	})
}

// TestWeight sweeps when another program has used what reads of risk may: cancels, and the
// reads that say what there is to cancel, have the rest of the limit.
func TestWeight(t *testing.T) {
	inWorld(t, func(ctx context.Context, w *world) {
		other, err := papi.New(papi.Config{Key: papi.NewSecret(keyID), Secret: papi.NewSecret(secret), Transport: w, SharePercent: 100})
		if err != nil {
			t.Fatal(err)
		}
		for other.Usage().Weight < 4300 {
			if _, err := other.Balances(ctx, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.client.UMOpenOrders(ctx, "BTCUSDT"); err != nil { // which tells what is used
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := w.client.UMOpenOrders(short, "BTCUSDT"); !errors.Is(err, papi.ErrLimited) {
			t.Fatalf("reads have room: %v", err)
		}
		used := w.client.Usage().Weight
		r := w.run(ctx, time.Minute, nil)
		t.Logf("weight %d used before; confirmed after %d ms", used, r.Took)
		if !r.Confirmed || r.Took > 10_000 {
			t.Errorf("%+v", r)
		}
	})
}
