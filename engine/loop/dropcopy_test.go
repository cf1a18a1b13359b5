package loop

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/internal/raced"
)

// second is a second key that reads an account along, and what it is shown in place of the truth.
type second struct {
	w *world
	// The mutex keeps what the first key asks apart from what the second is shown.
	mu     sync.Mutex
	skew   papisim.Skew
	broken bool
}

func (s *second) serve(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("X-MBX-APIKEY") == "second" {
		if s.broken {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.w.sim.SetSkew(s.skew)
		defer s.w.sim.SetSkew(papisim.Skew{})
	}
	s.w.sim.ServeHTTP(rw, r)
}

func (s *second) show(k papisim.Skew, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew, s.broken = k, broken
}

// copy reads the account of a process along, as pmbot run does.
func (s *second) copy(p *process, every time.Duration) {
	s.w.t.Helper()
	client, err := papi.New(papi.Config{
		Key: papi.NewSecret("second"), Secret: papi.NewSecret("another"), Dial: p.cable.through(s.w.network.dial),
		PAPI: "http://127.0.0.1:1", SAPI: "http://127.0.0.1:2", FAPI: "http://127.0.0.1:3",
	})
	if err != nil {
		s.w.t.Fatal(err)
	}
	s.w.over = append(s.w.over, client.CloseIdle)
	var e exchange.Event
	e.SetCadence(&exchange.Cadence{Kind: exchange.KindSurvey, Every: every})
	p.Put(e)
	p.tasks.Go(func() {
		_ = papi.RunDropCopy(p.ctx, papi.DropCopyConfig{Client: client, Instruments: s.w.ins, Prefixes: []string{"pm"}, Every: every, Deliver: p.Put})
	})
}

// TestDropCopy: a second key that reads along while orders, fills and interest come and go finds
// nothing. When it is shown another position than there is, or another balance, the account only
// reduces after two readings until a person resumes; when it is answered nothing that is told.
func TestDropCopy(t *testing.T) {
	inWorld(t, 7, func(w *world) {
		s := &second{w: w}
		w.second = s.serve
		config := kernelConfig(t)
		p := w.run(engine.New(config), "pm-d", exchange.Known{}, &slow{w: w}, seen(watching))
		p.settle()
		const every = time.Minute
		s.copy(p, every)
		var alerts, held string
		look := func() {
			synctest.Wait()
			alerts, held = "", ""
			if err := p.Do(p.ctx, func(k *engine.Kernel) {
				for _, a := range config.Guard.Alerts() {
					if a.Control == "drop-copy" {
						alerts = a.Severity.String() + ": " + a.Value
					}
				}
				for _, h := range k.States() {
					held += h.State.String() + " by " + h.Cause.String() + ": " + h.Reason
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		pass := func(d time.Duration, trade bool) {
			for ref := uint64(1); d > 0; d -= 5 * time.Second {
				price := w.price + exchange.Fixed(w.chance(801)-400)*exchange.FixedOne
				w.show(price)
				w.market(price, p.Take)
				if ref++; trade {
					p.Wish(engine.Wishes{Intents: []exchange.Intent{w.wish(1, uint64(time.Now().UnixNano()))}})
				}
				<-time.After(5 * time.Second)
				if ref%12 == 0 {
					p.CatchUp("as it does every minute")
				}
			}
		}
		for range raced.Fewer(30, 8) {
			pass(5*time.Minute, true)
			if look(); alerts != "" || held != "" {
				t.Fatalf("both keys see the same, and: %s; %s", alerts, held)
			}
		}
		fills := 0
		if err := p.Do(p.ctx, func(k *engine.Kernel) {
			for _, n := range k.Known().Orders {
				if n.Filled > 0 {
					fills++
				}
			}
		}); err != nil || fills < 10 {
			t.Errorf("%d orders were filled, %v", fills, err)
		}

		pass(5*time.Minute, false)
		const want = "REDUCE_ONLY by WATCH: the second key sees another account: "
		s.show(papisim.Skew{Positions: []exchange.Position{{Inst: um, Qty: decimal.New(7, 0), Entry: decimal.New(50_000, 0)}}}, false)
		pass(every, false)
		if look(); held != "" {
			t.Errorf("after one reading: %s", held)
		}
		pass(every, false)
		if look(); !strings.HasPrefix(held, want+"position of UM BTCUSDT is 7 by the second key and ") || !strings.HasPrefix(alerts, "CRITICAL: ") {
			t.Errorf("after two readings: %q, %q", held, alerts)
		}
		s.show(papisim.Skew{}, false)
		pass(every, false)
		if look(); alerts != "" || !strings.HasPrefix(held, want) {
			t.Errorf("they agree again, and nobody has resumed: %q, %q", held, alerts)
		}
		if err := p.Operate(p.ctx, operator(exchange.Active)); err != nil {
			t.Error(err)
		}
		pass(2*every, false)
		if look(); held != "" {
			t.Errorf("resumed, and %s", held)
		}

		s.show(papisim.Skew{}, true)
		pass(4*time.Minute, false)
		if look(); alerts != "" {
			t.Errorf("after four minutes of silence: %s", alerts)
		}
		pass(2*every, false)
		if look(); !strings.HasPrefix(alerts, "WARNING: the second key has read nothing since ") || held != "" {
			t.Errorf("after six minutes of silence: %q, %q", held, alerts)
		}
		s.show(papisim.Skew{}, false)
		pass(2*every, false)
		if look(); alerts != "" || held != "" {
			t.Errorf("it reads again: %q, %q", held, alerts)
		}
	})
}
