package riskguard

import (
	"strconv"
	"strings"
	"testing"
	"time"

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

// plainPace is what the controls of pace read.
func (b *bench) plainPace(c *check, put func(string, decimal.Decimal, decimal.Decimal)) {
	executions := int64(1)
	for _, at := range b.g.executed[c.order.Strategy].at {
		if at != 0 && b.now.Sub(at) < time.Minute {
			executions++
		}
	}
	messages := int64(1)
	for _, at := range b.g.messages.at {
		if at != 0 && b.now.Sub(at) < time.Minute {
			messages++
		}
	}
	put("message-rateaccount_messages_per_minute_max", decimal.NewFromInt(messages), decimal.NewFromInt(int64(b.g.limits.AccountMessagesPerMinuteMax)))
	sent, trades := int64(1), int64(0)
	for _, slot := range b.g.traffic[c.order.Strategy] {
		if b.now/1e10*1e10-slot.Start < 600e9 {
			sent, trades = sent+int64(slot.Messages), trades+int64(slot.Trades)
		}
	}
	if sent > 100 {
		put("message-rateorder_to_trade_max", decimal.NewFromInt(sent), decimal.NewFromInt(int64(b.g.limits.OrderToTradeMax)*max(1, trades)))
	}
	put("executionsexecutions_per_minute_max", decimal.NewFromInt(executions), decimal.NewFromInt(int64(b.g.limits.ExecutionsPerMinuteMax)))
}

// fillWords reads "strategy=1", "order=7", "at=3", which is an instant of the exchange, "forced"
// and "leg=LONG" of a fill.
func (b *bench) fillWords(e *exchange.Event, f *exchange.Fill, words []string) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(value)
		switch key {
		case "strategy":
			f.Strategy = exchange.StrategyID(n)
		case "order":
			f.Order = exchange.OrderID(n)
		case "at":
			e.Exchange = exchange.Time(n)
		case "forced":
			f.Forced = exchange.ForcedADL
		case "fee": // fee=USDT:0.5
			asset, amount, _ := strings.Cut(value, ":")
			f.FeeAsset, f.Fee = asset, decimal.RequireFromString(amount)
		case "leg":
			f.PositionSide, _ = exchange.ParsePositionSide(value)
		default:
			b.t.Fatalf("no such word %q", word)
		}
	}
}

// times reads how often something is done, once if nothing is said.
func (b *bench) times(words []string) int {
	if len(words) == 0 {
		return 1
	}
	n, err := strconv.Atoi(words[0])
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// TestTrafficStaysSmall: whatever is sent for however long, ten minutes of slots are kept.
func TestTrafficStaysSmall(t *testing.T) {
	var kept traffic
	for at := benchStart; at < benchStart.Add(time.Hour); at = at.Add(time.Second) {
		kept.at(at).Messages++
		if len(kept) > trafficSlots {
			t.Fatalf("%d slots after %v", len(kept), at.Sub(benchStart))
		}
	}
	if messages, trades := kept.of(benchStart.Add(time.Hour - 1)); messages != 600 || trades != 0 {
		t.Errorf("%d messages and %d trades in the last ten minutes", messages, trades)
	}
}
