package riskguard

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// plainDoubts is what unknown-order reads, for the second computation.
func (b *bench) plainDoubts(c *check, amend bool, put func(string, decimal.Decimal, decimal.Decimal)) {
	doubts, had := int64(0), exchange.Fixed(0)
	for _, open := range b.g.open {
		if q := &open.Request; open.Status == exchange.StatusUnknown && open.Strategy == c.order.Strategy && q.Inst == c.order.Request.Inst && q.Side == c.order.Request.Side {
			doubts++
		}
		if open.ID == c.order.ID {
			had = open.Request.Qty
		}
	}
	if !amend || c.order.Request.Qty > had {
		put("unknown-orderunknown_orders_max", decimal.NewFromInt(doubts), decimal.NewFromInt(int64(b.g.limits.UnknownOrdersMax)))
	}
}

// person asks for a person who closes the bench's long position of UM.
func (b *bench) person(words string) string {
	b.wish = exchange.Intent{Kind: exchange.IntentNew, By: "ann"}
	defer func() { b.wish = exchange.Intent{} }()
	return b.ask(strings.Fields(words))
}

// TestPersonClosesInDoubt: a person closes a position although a sale of it is of unknown
// outcome; the same order of a strategy, and more than there is, are refused.
func TestPersonClosesInDoubt(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("limit order_notional_max_ratio 1"))
	b.do(strings.Fields("limit position_max_ratio 10"))
	b.do(strings.Fields("fill UM BUY 0.01 50000"))
	if got := b.do(strings.Fields("send a sell UM 0.008 limit 50000 reduce")); got != "passes" {
		t.Fatal(got)
	}
	b.do(strings.Fields("doubt a"))
	const refused = "refused by unknown-order: order c1 on UM BTCUSDT is of unknown outcome"
	if got := b.ask(strings.Fields("check sell UM 0.01 market reduce")); !strings.HasPrefix(got, refused) {
		t.Error(got)
	}
	if got := b.person("check sell UM 0.01 market reduce"); got != "passes" {
		t.Error(got)
	}
	if got := b.person("check sell UM 0.012 market reduce"); !strings.HasPrefix(got, refused) {
		t.Error(got)
	}
}
