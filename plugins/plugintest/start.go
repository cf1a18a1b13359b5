package plugintest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// me is the strategy's number in sessions of [Start].
const me exchange.StrategyID = 1

// Start starts a strategy that was given to [Main] as a plugin process of its own, over real
// gRPC, and plays it event by event until the test ends. Parameters that are left out have
// their defaults. The test fails where the process, the strategy or a parameter does.
func Start(t testing.TB, name string, params map[string]string, ins *exchange.Instruments) *host.Session {
	t.Helper()
	s, err := Open(t, Serve).Start(name, params, ins, me)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Same gives events to a strategy in this process and to the same one, of that name in
// [Main], in a process of its own, and fails the test at the first event after which they
// wish for something else: what gets lost between the two would get lost live. It returns
// how many wishes there were, so that a test can see that there were some.
func Same(t testing.TB, name string, fresh func() strategy.Strategy, params map[string]string, ins *exchange.Instruments, events []exchange.Event) (wishes int) {
	t.Helper()
	here, err := strategy.NewRuntime(fresh(), params, ins, me)
	if err != nil {
		t.Fatal(err)
	}
	there := Start(t, name, params, ins)
	for i := range events {
		e := &events[i]
		if here.Wants(e) != there.Wants(e) {
			t.Fatalf("event %d, %v: wanted here %v, by the process %v", i, e.Kind, here.Wants(e), there.Wants(e))
		}
		if !here.Wants(e) {
			continue
		}
		want := here.Deliver(e)
		got, err := there.Deliver(e)
		if err != nil {
			t.Fatal(err)
		}
		if difference := differ(want, got); difference != "" {
			t.Fatalf("event %d, %v: %s", i, e.Kind, difference)
		}
		wishes += len(want.Intents)
	}
	return wishes
}

// differ says in what two answers differ, or "".
func differ(want, got *strategy.Output) string {
	var b strings.Builder
	if len(want.Intents) != len(got.Intents) || len(want.Timers) != len(got.Timers) || len(want.Logs) != len(got.Logs) {
		b.WriteString("other numbers of wishes, timers or lines")
	} else {
		for i := range want.Intents {
			if want.Intents[i] != got.Intents[i] {
				b.WriteString("another wish")
			}
		}
		for i := range want.Timers {
			if want.Timers[i] != got.Timers[i] {
				b.WriteString("another timer")
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + ": here " + words(want) + ", by the process " + words(got)
}

// words is an answer for people.
func words(o *strategy.Output) string {
	return fmt.Sprintf("%+v %+v %q", o.Intents, o.Timers, o.Logs)
}
