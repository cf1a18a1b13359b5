package riskguard

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// What bounds how fast strategies act: executions with no person in between, messages of the
// account, and messages for each execution.

// executionWindow is what executions are counted in.
const executionWindow = time.Minute

// executed is the times of a strategy's last executions.
type executed struct {
	sent
	// order and instant are of the last fill: an order that sweeps the book is filled many
	// times at one instant of the exchange, and that is one execution.
	order   exchange.OrderID
	instant exchange.Time
}

// countFill notes a fill for the controls of pace. What the exchange forces on a strategy is
// none of its own.
func (g *Guard) countFill(e *exchange.Event) {
	f := e.Fill()
	if f.Strategy == 0 || int(f.Strategy) >= len(g.executed) || f.Forced != exchange.NotForced {
		return
	}
	g.traffic[f.Strategy].at(e.At).Trades++
	x := &g.executed[f.Strategy]
	if f.Order != 0 && f.Order == x.order && e.Exchange != 0 && e.Exchange == x.instant {
		return
	}
	x.order, x.instant = f.Order, e.Exchange
	x.count(e.At)
}

// ofAll says whether a change of state is of all that a strategy does, by its number.
func ofAll(s *exchange.StateChange, strategy int) bool {
	return s.Inst == 0 && (s.Strategy == 0 || int(s.Strategy) == strategy)
}

// resumed notes that a person has resumed the account or a strategy, and so has looked at what
// it does: its executions count from here on.
func (g *Guard) resumed(s *exchange.StateChange) {
	for i := range g.executed {
		if ofAll(s, i) {
			g.executed[i].clear()
		}
	}
}

// Executions is how often a strategy's orders have dealt within the last minute and since a
// person resumed it, up to the account's limit. Fills of one order at one instant are one.
func (g *Guard) Executions(s exchange.StrategyID, at exchange.Time) int {
	if int(s) >= len(g.executed) {
		return 0
	}
	return g.executed[s].within(at, executionWindow)
}

// executions: a strategy that deals again and again with no person in between takes no new risk
// until the minute is over or a person has resumed it. The house is a person, whose fills are not
// counted.
func (c *check) executions() *exchange.Refusal {
	x, most := &c.g.executed[c.order.Strategy], c.set.limits.ExecutionsPerMinuteMax
	n := x.within(c.at, executionWindow) + 1
	no := c.hold(boundExecutions, reading{share: shareOf(int64(n), int64(most))})
	if no != nil {
		no.Passes = fmt.Sprintf("the same in %v, or what reduces risk,", x.ago(most).Add(executionWindow).Sub(c.at))
	}
	return no
}

// sayExecutions: the order may be execution part of whole within a minute.
func sayExecutions(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("execution %d within a minute with no person in between", r.part), b.limit
}

// traffic is what a strategy has sent and dealt of late, in slots of ten seconds, oldest first:
// so it stays small, however much is sent. There are never more than trafficSlots.
type traffic []trafficSlot

type trafficSlot struct {
	Messages int           `json:"messages"`
	Start    exchange.Time `json:"start"`
	Trades   int           `json:"trades,omitzero"`
}

const (
	trafficSlotLength = 10 * time.Second
	trafficSlots      = 60
	trafficWindow     = trafficSlots * trafficSlotLength
	// trafficFree is how many messages of a window are not held against the ratio: with few of
	// them it says nothing.
	trafficFree = 100
)

// at is the slot of an instant, which is not before the newest slot. Slots that count no more
// are dropped.
func (t *traffic) at(at exchange.Time) *trafficSlot {
	start := at.Floor(trafficSlotLength)
	if n := len(*t); n > 0 && (*t)[n-1].Start == start {
		return &(*t)[n-1]
	}
	old := 0
	for old < len(*t) && start.Sub((*t)[old].Start) >= trafficWindow {
		old++
	}
	*t = append((*t)[:copy(*t, (*t)[old:])], trafficSlot{Start: start})
	return &(*t)[len(*t)-1]
}

// of sums what there was in the window that ends at an instant: the last ten minutes, less up
// to a slot.
func (t traffic) of(at exchange.Time) (messages, trades int) {
	start := at.Floor(trafficSlotLength)
	for i := range t {
		if s := &t[i]; start.Sub(s.Start) < trafficWindow {
			messages, trades = messages+s.Messages, trades+s.Trades
		}
	}
	return messages, trades
}

// messageRate: neither a strategy in a loop nor all of them together eat the account's order
// budget, and who sends much must deal, too (order-to-trade ratio, OTR). What is too much is
// refused at once and not queued: an order that waits in a queue is sent at a price that its
// author has chosen for another moment. Cancels count and are never refused. Binance's budget
// is larger than ours to keep room for those and for what provably reduces, which is held
// to the strategy's messages a second alone.
func (c *check) messageRate() *exchange.Refusal {
	n := c.g.sent[c.order.Strategy].within(c.at, time.Second) + 1
	if no := c.hold(boundMessages, reading{share: shareOf(int64(n), int64(c.set.limits.MessagesPerSecondMax))}); no != nil {
		return no
	}
	if no := c.accountMessages(); no != nil && !c.reducing() {
		return no
	}
	if no := c.orderToTrade(); no != nil && !c.reducing() {
		return no
	}
	return nil
}

// messageWindow is what messages of the account are counted in.
const messageWindow = time.Minute

// accountMessages: all strategies and the house together.
func (c *check) accountMessages() *exchange.Refusal {
	m, most := &c.g.messages, c.set.limits.AccountMessagesPerMinuteMax
	n := m.within(c.at, messageWindow) + 1
	no := c.hold(boundAccountMessages, reading{share: shareOf(int64(n), int64(most))})
	if no != nil && most > 0 {
		no.Passes = fmt.Sprintf("the same in %v", m.ago(most).Add(messageWindow).Sub(c.at))
	}
	return no
}

// orderToTrade: the messages of a strategy for each of its trades. None counts as one.
func (c *check) orderToTrade() *exchange.Refusal {
	if c.order.Strategy == 0 {
		return nil
	}
	messages, trades := c.g.traffic[c.order.Strategy].of(c.at)
	if messages++; messages <= trafficFree {
		return nil
	}
	most := int64(c.set.limits.OrderToTradeMax) * int64(max(trades, 1))
	return c.hold(boundOrderToTrade, reading{share: shareOf(int64(messages), most), name: strconv.Itoa(trades)})
}

// sayMessages: the order is message part of whole within a second.
func sayMessages(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("message %d within a second", r.part), b.limit
}

// sayAccountMessages: the order is message part of whole of the account within a minute.
func sayAccountMessages(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("message %d of the account within a minute", r.part), b.limit
}

// sayOrderToTrade: the order is message part of whole; name is the number of trades.
func sayOrderToTrade(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	trades := r.name + " trades"
	if r.name == "1" {
		trades = "1 trade"
	}
	return fmt.Sprintf("order-to-trade: message %d with %s within ten minutes", r.part, trades), b.limit
}
