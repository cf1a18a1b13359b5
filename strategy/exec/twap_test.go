package exec

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestTWAPWant: the first slice at the start, the others equally far apart, and the end exact.
func TestTWAPWant(t *testing.T) {
	fixed := exchange.MustFixed
	for _, c := range []struct {
		from, to string
		slices   int
		at       time.Duration
		want     string
	}{
		{"0", "1", 4, -1, "0"}, {"0", "1", 4, 0, "0.25"}, {"0", "1", 4, 15*time.Minute - 1, "0.25"}, {"0", "1", 4, 15 * time.Minute, "0.5"},
		{"0", "1", 4, 45 * time.Minute, "1"}, {"0", "1", 4, 100 * time.Hour, "1"},
		{"0", "1", 3, 20 * time.Minute, "0.66666666"}, {"0", "1", 3, 40 * time.Minute, "1"},
		{"1", "-2", 3, 20 * time.Minute, "-1"}, {"5", "5", 2, 0, "5"}, {"0", "1", 0, 0, "1"},
	} {
		w := TWAP{From: fixed(c.from), To: fixed(c.to), Start: exchange.Time(time.Hour), For: time.Hour, Slices: c.slices}
		if got := w.Want(w.Start.Add(c.at)); got != fixed(c.want) {
			t.Errorf("%s to %s in %d, after %v: %v, want %s", c.from, c.to, c.slices, c.at, got, c.want)
		}
	}
}

// TestTWAP: a slice that is missed is made up for, a restart goes on from what is held, and the
// way out is reduce-only.
func TestTWAP(t *testing.T) {
	w, done := &TWAP{To: exchange.MustFixed("1"), For: 40 * time.Minute, Slices: 4}, false
	var d *drive
	d = newDrive(t, "0", func(env *strategy.Env) { done = w.Step(env, d.in) }, func(env *strategy.Env) { w.No(env) })
	w.Start = d.now
	d.bar(0, "100")
	d.want("the first slice: 0.25, to lots", "BUY 0.2 MARKET at 0 GTC")
	d.bar(time.Minute, "100")
	d.want("it is at work", "")
	d.fill(1, exchange.Buy, "100", "0.2")
	d.bar(time.Minute, "100")
	d.want("what is left of it comes with the next", "")
	d.bar(9*time.Minute, "100")
	d.want("the second", "BUY 0.3 MARKET at 0 GTC")
	d.update(2, exchange.StatusRejected, 0, 0)
	d.bar(0, "100")
	d.want("just rejected", "")
	d.bar(9*time.Minute, "100")
	d.want("the third, with what was rejected", "BUY 0.5 MARKET at 0 GTC")
	d.fill(3, exchange.Buy, "100", "0.5")
	state, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if w = new(TWAP); json.Unmarshal(state, w) != nil { // a restart
		t.Fatal(string(state))
	}
	d.bar(time.Hour, "100")
	d.want("the rest, late", "BUY 0.3 MARKET at 0 GTC")
	if done {
		t.Error("done before it has filled")
	}
	d.fill(4, exchange.Buy, "100", "0.3")
	if d.bar(time.Second, "100"); !done {
		t.Error("not done with all of it")
	}
	d.want("done", "")
	w = &TWAP{From: exchange.FixedOne, Start: d.now, Slices: 1}
	d.state(exchange.Halted)
	d.bar(time.Second, "100")
	d.want("halted", "")
	d.state(exchange.ReduceOnly)
	d.bar(time.Second, "100")
	d.want("the way out", "SELL 1 MARKET at 0 GTC reduce-only")
}

// TestTWAPTimers: each slice has one, also when it is stepped often.
func TestTWAPTimers(t *testing.T) {
	w := &TWAP{To: exchange.FixedOne, For: 40 * time.Minute, Slices: 4}
	var d *drive
	var due []time.Duration
	d = newDrive(t, "0", func(env *strategy.Env) { w.Step(env, d.in) }, nil)
	w.Start = d.now
	for range 50 {
		e := exchange.Event{At: d.now, Inst: 1}
		e.SetBar(&exchange.Bar{Interval: time.Minute, Close: exchange.FixedOne})
		for _, timer := range d.rt.Deliver(&e).Timers {
			due = append(due, timer.Due.Sub(w.Start))
		}
		d.now = d.now.Add(time.Minute)
	}
	if len(due) != 3 || due[0] != 10*time.Minute || due[1] != 20*time.Minute || due[2] != 30*time.Minute {
		t.Errorf("timers are due after %v", due)
	}
}
