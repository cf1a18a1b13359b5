package riskguard

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestAccountStartsHalted by CauseStart alone, so that a change without a cause frees it.
func TestAccountStartsHalted(t *testing.T) {
	g, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Limits: DefaultLimits(), Strategies: 1, Permits: Unbound(1)})
	if err != nil {
		t.Fatal(err)
	}
	want := Held{Cause: exchange.CauseStart, Reason: "not started yet", By: "kernel"}
	if list := g.States(); len(list) != 1 || list[0] != want || g.State(1, benchUM) != exchange.Halted {
		t.Errorf("%+v", list)
	}
	e := exchange.Event{At: benchStart}
	e.SetState(&exchange.StateChange{State: exchange.Active})
	g.Apply(&e)
	if s := e.State(); s.Effective != exchange.Active || g.State(1, benchUM) != exchange.Active || len(g.States()) != 0 {
		t.Errorf("%+v, %+v", s, g.States())
	}
}

// TestNonsenseHalts: a state or cause that nobody knows is for a person to look at, and no
// scope that is not there is ever free.
func TestNonsenseHalts(t *testing.T) {
	for _, c := range []exchange.StateChange{
		{State: exchange.Active + 1},
		{State: exchange.Active, Cause: exchange.Causes},
		{State: exchange.Active, Cause: 255},
	} {
		b := newBench(t, DefaultLimits())
		e := exchange.Event{At: b.now}
		e.SetState(&c)
		b.g.Apply(&e)
		held := b.g.States()
		if len(held) != 1 || held[0].Cause != exchange.CauseRisk || held[0].State != exchange.Halted || c.Effective != exchange.Halted {
			t.Errorf("%+v: %+v", c, held)
		}
	}
	b := newBench(t, DefaultLimits())
	for _, c := range []exchange.StateChange{{Inst: 99, State: exchange.Active}, {Strategy: 99, State: exchange.Active, Effective: exchange.Active}} {
		epoch := b.g.Epoch()
		e := exchange.Event{At: b.now}
		e.SetState(&c)
		b.g.Apply(&e)
		if c.Effective != exchange.Halted || len(b.g.States()) != 0 || b.g.Epoch() != epoch+1 {
			t.Errorf("%+v: %+v", c, b.g.States())
		}
	}
}
