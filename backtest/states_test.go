package backtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
)

// TestStates counts the time in each state from the beginning of the run proper, and keeps what
// was not ACTIVE; a change that leaves what holds as it is begins nothing.
func TestStates(t *testing.T) {
	r := newRecorder(attributed(t, 2).ins, []string{"grid", "quiet"})
	begin := exchange.Time(time.Hour)
	set := func(after time.Duration, c exchange.StateChange) {
		e := exchange.Event{At: begin.Add(after), Inst: c.Inst}
		e.SetState(&c)
		r.observe(&e)
	}
	set(-time.Hour, exchange.StateChange{Effective: exchange.Halted, Cause: exchange.CauseStart})
	set(-time.Minute, exchange.StateChange{Effective: exchange.ReduceOnly, Strategy: 1, Cause: exchange.CausePace, Reason: "too many"})
	set(0, exchange.StateChange{Effective: exchange.Active})
	r.begin(begin, time.Minute)
	set(time.Minute, exchange.StateChange{Effective: exchange.Active, Strategy: 1})
	set(2*time.Minute, exchange.StateChange{Effective: exchange.ReduceOnly, Cause: exchange.CauseLoss, Reason: "lost much"})
	set(3*time.Minute, exchange.StateChange{Effective: exchange.ReduceOnly, Cause: exchange.CauseMargin, Reason: "and is thin"})
	set(5*time.Minute, exchange.StateChange{Effective: exchange.Halted, Cause: exchange.CauseLoss, Reason: "lost more"})
	set(5*time.Minute, exchange.StateChange{Effective: exchange.Halted, Inst: 1, Cause: exchange.CauseTruth, Reason: "a fill is missing"})
	got := r.states.result(begin.Add(12 * time.Minute))
	want := []StateTime{
		{Scope: "account", Active: 2 * time.Minute, ReduceOnly: 3 * time.Minute, Halted: 7 * time.Minute, Spans: []StateSpan{
			{begin.Add(2 * time.Minute), begin.Add(5 * time.Minute), "REDUCE_ONLY", "LOSS", "lost much"},
			{begin.Add(5 * time.Minute), begin.Add(12 * time.Minute), "HALTED", "LOSS", "lost more"},
		}},
		{Scope: "grid", Active: 11 * time.Minute, ReduceOnly: time.Minute, Spans: []StateSpan{{begin, begin.Add(time.Minute), "REDUCE_ONLY", "PACE", "too many"}}},
		{Scope: r.ins.At(1).Name(), Active: 5 * time.Minute, Halted: 7 * time.Minute, Spans: []StateSpan{
			{begin.Add(5 * time.Minute), begin.Add(12 * time.Minute), "HALTED", "TRUTH", "a fill is missing"},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
