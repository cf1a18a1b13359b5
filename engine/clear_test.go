package engine

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestOrdersOfTheDead: when a strategy's process is gone, what it has open is cancelled at once,
// but for stops that only close, and nobody else's; what would not be cancelled is asked for again
// five seconds later, by a restored kernel too; and an answer that is late is counted.
func TestOrdersOfTheDead(t *testing.T) {
	b, c := opened(t), benchConfig(t, benchLimits())
	b.play("s1 #1 buy UM 0.01 limit 59000\nack t-1-1\ns1 #2 buy UM 0.01 limit 58900\ns1 #3 sell UM 0.01 stop 57000 reduce\nack t-1-3\n" +
		"s2 #1 buy UM 0.01 limit 58000\nack t-2-4")
	if n := len(b.kernel.Orders()); n != 4 {
		t.Fatalf("%d orders are open: %s", n, b.out)
	}
	died := exchange.Event{At: b.now}
	died.SetStrategy(&exchange.StrategyChange{Strategy: 1, Reason: "boom", Clears: true})
	said := b.clears(&died)
	if n := strings.Count(said, "cancel "); n != 2 || !strings.Contains(said, "cancel t-1-1\n") || !strings.Contains(said, "cancel t-1-2\n") {
		t.Errorf("%d cancels: %s", n, said)
	}
	if n := b.kernel.Clearing(); n != 2 {
		t.Errorf("%d orders are to be cleared away", n)
	}
	k, err := Restore(c, b.kernel.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	b.guard, b.kernel = c.Guard, k
	b.driver = NewDriver(k, b, b)
	b.driver.Resume()
	b.now = b.now.Add(1)
	failed := exchange.Event{At: b.now, Inst: 1}
	failed.SetOrderUpdate(&exchange.OrderUpdate{ClientID: "t-1-1", Status: exchange.StatusWorking, Code: -1000})
	if said := b.clears(&failed); strings.Contains(said, "cancel ") {
		t.Errorf("it is asked for at once: %s", said)
	}
	for _, after := range []exchange.Time{b.now.Add(clearAgain - 1), b.now.Add(clearAgain)} {
		b.now = after
		e := exchange.Event{At: b.now, Inst: 1}
		e.SetBookTicker(exchange.BookTicker{Bid: 1, Ask: 2, BidQty: 1, AskQty: 1})
		if said := b.clears(&e); strings.Contains(said, "cancel t-1-1\n") != (after == failed.At.Add(clearAgain)) || strings.Contains(said, "t-2") {
			t.Errorf("at %v: %s", after, said)
		}
	}
	back := exchange.Event{At: b.now}
	back.SetStrategy(&exchange.StrategyChange{Strategy: 1, Running: true, Clears: true})
	b.clears(&back)
	if b.guard.Clearing() || b.kernel.Clearing() != 0 {
		t.Error("what runs again is still cleared away")
	}
}

// clears delivers an event and returns what came of it.
func (b *bench) clears(e *exchange.Event) string {
	b.out.Reset()
	if err := b.driver.Deliver(e); err != nil {
		b.t.Fatal(err)
	}
	return b.out.String()
}
