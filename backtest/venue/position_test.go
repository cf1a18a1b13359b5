package venue

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// start makes a venue with start positions, in hedge mode or not.
func start(hedge bool, list ...exchange.Position) (*Venue, error) {
	c := testConfig()
	c.Orders.Hedge = hedge
	c.Balances = []Balance{{exchange.WalletMargin, "USDT", decimal.NewFromInt(100_000)}}
	c.Positions = list
	return New(c)
}

func held(inst exchange.InstrumentID, side exchange.PositionSide, qty, entry string) exchange.Position {
	return exchange.Position{Inst: inst, Side: side, Qty: decimal.RequireFromString(qty), Entry: decimal.RequireFromString(entry)}
}

// TestStartPositions holds a long and a short from the start: both count, and an order
// closes them at what they have cost.
func TestStartPositions(t *testing.T) {
	v, err := start(false, held(1, exchange.Both, "2", "50000"), held(2, exchange.Both, "-100", "40000"))
	if err != nil {
		t.Fatal(err)
	}
	v.Start(0)
	mark := func(inst exchange.InstrumentID, price string) {
		e := exchange.Event{Inst: inst}
		e.SetMark(exchange.Mark{Price: exchange.MustFixed(price)})
		v.Market(&e)
	}
	for _, asset := range []struct{ name, price string }{{"USDT", "1"}, {"BTC", "51000"}} {
		e := exchange.Event{}
		e.SetAssetIndex(&exchange.AssetIndex{Asset: asset.name, Price: exchange.MustFixed(asset.price)})
		v.Market(&e)
	}
	mark(1, "51000")
	mark(2, "50000")
	// UM: 2·1,000 USDT. CM: 100·100·(1/50,000 - 1/40,000) = -0.05 BTC, a debt at 51,000.
	if got := v.Account().Equity; !got.Equal(decimal.RequireFromString("99450")) {
		t.Errorf("equity %v, want 100000 + 2000 - 2550", got)
	}
	if p := v.Position(1, exchange.Both); !p.Qty.Equal(decimal.NewFromInt(2)) || !p.Entry.Equal(decimal.NewFromInt(50_000)) {
		t.Errorf("position %+v", p)
	}
}

func TestBadStartPositions(t *testing.T) {
	for _, test := range []struct {
		hedge bool
		p     []exchange.Position
		want  string
	}{
		{false, []exchange.Position{held(99, exchange.Both, "1", "1")}, "no instrument 99"},
		{false, []exchange.Position{held(3, exchange.Both, "1", "1")}, "margin pair"},
		{false, []exchange.Position{held(1, exchange.Long, "1", "1")}, "one-way mode has BOTH"},
		{true, []exchange.Position{held(1, exchange.Both, "1", "1")}, "hedge mode LONG and SHORT"},
		{true, []exchange.Position{held(1, exchange.Long, "-1", "1")}, "above 0"},
		{true, []exchange.Position{held(1, exchange.Short, "1", "1")}, "above 0"},
		{false, []exchange.Position{held(1, exchange.Both, "0", "1")}, "whole lots"},
		{false, []exchange.Position{held(1, exchange.Both, "0.0005", "1")}, "whole lots"},
		{false, []exchange.Position{held(1, exchange.Both, "0.0010000000001", "1")}, "whole lots"},
		{false, []exchange.Position{held(1, exchange.Both, "1e30", "1")}, "whole lots"},
		{false, []exchange.Position{held(1, exchange.Both, "1", "0")}, "not above 0"},
		{false, []exchange.Position{held(1, exchange.Both, "1", "0.000000000001")}, "below the smallest price"},
		{false, []exchange.Position{held(1, exchange.Both, "1", "1"), held(1, exchange.Both, "1", "1")}, "twice"},
	} {
		if _, err := start(test.hedge, test.p...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.p, err, test.want)
		}
	}
	if _, err := start(true, held(1, exchange.Long, "1", "50000"), held(1, exchange.Short, "-1", "50000")); err != nil {
		t.Error(err)
	}
}
