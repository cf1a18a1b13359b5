package papisim

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// heard are the events that a client of the user stream has got: orders by their ids, others
// by their types.
func heard(t *testing.T, c *client) []string {
	t.Helper()
	var list []string
	for _, f := range c.all() {
		var e, o map[string]any // a struct's fields would take e for E
		if err := json.Unmarshal([]byte(f), &e); err != nil {
			t.Fatal(err)
		}
		name, _ := e["e"].(string)
		if o, _ = e["o"].(map[string]any); o != nil {
			name, _ = o["c"].(string)
		}
		list = append(list, name)
	}
	return list
}

// TestStreamFaults injects each fault of the user stream once, at the first of three orders,
// and tells what a client hears: of the first two at once, later, and of the third.
func TestStreamFaults(t *testing.T) {
	for _, test := range []struct {
		fault               Fault
		atOnce, later, last string
		closed              bool
	}{
		{Fault{Kind: FaultEventLost}, "two", "", "three", false},
		{Fault{Kind: FaultEventLost, Event: "ACCOUNT_UPDATE"}, "one two", "", "three", false},
		{Fault{Kind: FaultEventLost, Event: "ORDER_TRADE_UPDATE", Count: -1}, "", "", "", false},
		{Fault{Kind: FaultEventLate, Delay: Duration(5 * time.Second)}, "two", "one", "three", false},
		{Fault{Kind: FaultEventReordered}, "two one", "", "three", false},
		{Fault{Kind: FaultEventReordered, After: 1}, "one", "", "three two", false},
		{Fault{Kind: FaultEventRepeated}, "one one two", "", "three", false},
		{Fault{Kind: FaultEventUnknown}, "somethingNew one two", "", "three", false},
		{Fault{Kind: FaultKeyDead}, "", "", "", false},
		{Fault{Kind: FaultSilent}, "", "", "", false},
		{Fault{Kind: FaultClosed}, "", "", "", true},
	} {
		inSim(t, func(t *testing.T, s *testSim) {
			key := s.listenKey()
			dial := s.served(t)
			c := dial("ws://fstream.binance.com/pm/ws/" + key)
			if _, err := s.Inject(test.fault); err != nil {
				t.Fatal(err)
			}
			place := func(id string) {
				if status, body := s.do(s.placing(id)); status != 200 {
					t.Fatal(status, body)
				}
			}
			expect := func(when, want string) {
				if got := strings.Join(heard(t, c), " "); got != want {
					t.Errorf("%+v: %s came %q, want %q", test.fault, when, got, want)
				}
			}
			place("one")
			place("two")
			expect("at once", test.atOnce)
			s.wait(10 * time.Second)
			expect("later", test.later)
			place("three")
			expect("at last", test.last)
			if closed := c.closed(); closed != test.closed {
				t.Errorf("%+v: closed %v", test.fault, closed)
			}
			if again := s.listenKey(); (again != key) != (test.fault.Kind == FaultKeyDead) {
				t.Errorf("%+v: the key lives %v", test.fault, again == key)
			}
			again := dial("ws://fstream.binance.com/pm/ws/" + s.listenKey())
			if test.fault.Count == 0 {
				place("four")
				if got := strings.Join(heard(t, again), " "); got != "four" {
					t.Errorf("%+v: on a new connection came %q", test.fault, got)
				}
			}
		})
	}
}

// TestHeldEvent lets every event wait for the one that follows it: each but the last comes
// in the end.
func TestHeldEvent(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://fstream.binance.com/pm/ws/" + s.listenKey())
		if _, err := s.Inject(Fault{Kind: FaultEventReordered, Count: -1}); err != nil {
			t.Fatal(err)
		}
		for _, id := range [...]string{"one", "two", "three"} {
			if status, body := s.do(s.placing(id)); status != 200 {
				t.Fatal(status, body)
			}
		}
		if got := strings.Join(heard(t, c), " "); got != "one two" {
			t.Errorf("came %q", got)
		}
		s.ClearFaults(0)
		if status, body := s.do(s.placing("four")); status != 200 {
			t.Fatal(status, body)
		}
		if got := strings.Join(heard(t, c), " "); got != "four three" {
			t.Errorf("came %q", got)
		}
	})
}

// closed says whether the connection has ended, after all frames were read.
func (c *client) closed() bool {
	synctest.Wait()
	select {
	case _, open := <-c.frames:
		return !open
	default:
		return false
	}
}
