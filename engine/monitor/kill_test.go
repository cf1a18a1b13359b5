package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestHaltSweeps closes the gate before orders are ended, and says what came of both.
func TestHaltSweeps(t *testing.T) {
	b := newBot(t)
	var asked []Sweep
	var state exchange.TradingState
	b.config.Sweep = func(_ context.Context, what Sweep) any {
		asked, state = append(asked, what), b.config.Guard.State(0, 0)
		return map[string]bool{"confirmed": true}
	}
	b.serve()
	a, err := b.post("halt", Halt{Who: who, Cancel: true, KeepProtective: true, Wait: 5000})
	if err != nil || a.State != exchange.Halted || a.Late != "" {
		t.Fatalf("%v, %+v", err, a)
	}
	var found map[string]bool
	if err := json.Unmarshal(a.Sweep, &found); err != nil || !found["confirmed"] {
		t.Errorf("%v, %s", err, a.Sweep)
	}
	if state != exchange.Halted || !slices.Equal(asked, []Sweep{{Who: who, KeepProtective: true, Drained: true}}) {
		t.Errorf("swept while %v: %+v", state, asked)
	}
	// A scope is about the orders that the kernel knows.
	if a, err = b.post("halt", Halt{Who: who, Scope: Scope{Strategy: "mm"}, Cancel: true, Wait: 5000}); err != nil || a.Sweep != nil || len(asked) != 1 {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestHaltWithoutASweep ends the orders that the kernel knows.
func TestHaltWithoutASweep(t *testing.T) {
	b := newBot(t)
	b.buy(1, 1, "0.1", "58000")
	b.buy(2, 2, "0.1", "58100")
	a, err := b.post("halt", Halt{Who: who, Scope: Scope{Strategy: "hedge"}, Cancel: true, Wait: 5000})
	if err != nil || strings.Join(a.Canceled, " ") != "t-1-1" || a.Open != 1 {
		t.Errorf("%v, %+v", err, a)
	}
	if a, err = b.post("halt", Halt{Who: who, Cancel: true, Wait: 5000}); err != nil || strings.Join(a.Canceled, " ") != "t-2-2" || a.Open != 0 {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestReduce ends what could take risk, and leaves what only reduces.
func TestReduce(t *testing.T) {
	b := newBot(t)
	b.buy(1, 1, "0.5", "59000")
	b.fill(1, "0.5", "59000")
	b.buy(1, 2, "0.1", "58000")
	b.put(1, func(e *exchange.Event) {
		e.SetIntent(&exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 3, Request: exchange.OrderRequest{
			Inst: 1, Side: exchange.Sell, Type: exchange.Limit, Qty: fixed("0.5"), Price: fixed("60500"), ReduceOnly: true,
		}})
	})
	a, err := b.post("halt", Halt{Who: who, ReduceOnly: true, Cancel: true, Wait: 5000})
	if err != nil || a.State != exchange.ReduceOnly || strings.Join(a.Canceled, " ") != "t-1-2" || a.Open != 1 {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestResumeWhenClean frees a bot only after a reading of the account that is ours, and while
// nothing bars it; what goes on for a halt ends then.
func TestResumeWhenClean(t *testing.T) {
	b := newBot(t)
	bar, resumed := atomic.Pointer[string]{}, 0
	none := ""
	bar.Store(&none)
	b.config.Barred = func(bool) string { return *bar.Load() }
	b.config.Resumed = func() { resumed++ }
	b.serve()
	halted := func() {
		if _, err := b.post("halt", Halt{Who: who}); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(r Resume, want string) {
		t.Helper()
		r.Who = who
		_, err := b.post("resume", r)
		if !errors.Is(err, ErrNotClean) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if s := b.config.Guard.State(0, 0); s != exchange.Halted || resumed != 1 {
			t.Errorf("the bot is %v, resumed %d times", s, resumed)
		}
	}
	halted()
	if a, err := b.post("resume", Resume{Who: who}); err != nil || a.State != exchange.Active || b.readings != 1 || resumed != 1 {
		t.Fatalf("%v, %+v, %d readings", err, a, b.readings)
	}
	halted()
	file := "there is a file HALT"
	bar.Store(&file)
	refused(Resume{}, "there is a file HALT")
	refused(Resume{Accept: true}, "there is a file HALT")
	bar.Store(&none)
	b.silent = true
	refused(Resume{Wait: 50}, "could not be read within 50ms")
	b.silent, b.differs = false, true
	b.CatchUp("") // the second reading is sure
	refused(Resume{Wait: 5000}, "BTCUSDT")
	if a, err := b.post("resume", Resume{Who: who, Accept: true}); err != nil || a.State != exchange.Active || resumed != 2 {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestDrain takes no new risk and hands the rest to the process.
func TestDrain(t *testing.T) {
	b := newBot(t)
	if _, err := b.post("drain", Drain{Who: who, Within: 1000}); err == nil || !strings.Contains(err.Error(), "cannot be drained") {
		t.Error(err)
	}
	asked := make(chan Drain, 1)
	b.config.Drain = func(d Drain) { asked <- d }
	b.serve()
	a, err := b.post("drain", Drain{Who: who, Within: int64(time.Hour / time.Millisecond)})
	if err != nil || a.State != exchange.ReduceOnly || len(asked) != 1 {
		t.Errorf("%v, %+v", err, a)
	}
	if _, err := b.post("drain", Drain{Who: who}); err == nil || !strings.Contains(err.Error(), "within_ms must be above 0") {
		t.Error(err)
	}
}
