package backtest

import (
	"math"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/exchange"
)

// derived reads events through a feed that derives.
func derived(t *testing.T, d *derive.Rules, events ...exchange.Event) []string {
	t.Helper()
	return drain(t, newFeed(&list{events: events, most: 2}, d, &builder{}, math.MaxInt64))
}

func TestMarkOfCloses(t *testing.T) {
	d := newRules(3)
	d.Mark(1, 0)
	got := derived(t, d,
		openAt(minute(10), 1, 90), // before the first close, the first open
		barAt(minute(11), 1, time.Minute, 100), openAt(minute(11), 1, 101),
		// A recorded mark of the instant wins, and comes first by its rank.
		markAt(minute(12), 1, 77, 0), barAt(minute(12), 1, time.Minute, 200),
		// An instrument without the rule has none.
		barAt(minute(13), 2, time.Minute, 300),
	)
	wantLines(t, got,
		"10m #1 MARK 90 derived", "10m #1 BAR_OPEN 90",
		"11m #1 MARK 101 derived", "11m #1 BAR 1m0s from 10m: 100 102 98 101", "11m #1 BAR_OPEN 101",
		"12m #1 MARK 77", "12m #1 BAR 1m0s from 11m: 200 202 198 201",
		"13m #2 BAR 1m0s from 12m: 300 302 298 301")
}

func TestMarkOfTradesOnceASecond(t *testing.T) {
	d := newRules(3)
	d.Mark(1, time.Second)
	second := exchange.Time(time.Second)
	got := derived(t, d,
		tradeAt(second, 1, 10), tradeAt(second+second/2, 1, 11), tradeAt(2*second-1, 1, 12), tradeAt(2*second, 1, 13),
		tradeAt(2*second, 1, 14), tradeAt(9*second, 1, 15),
	)
	n := 0
	for _, line := range got {
		if line == "0.016666666666666666m #1 MARK 10 derived" || line == "0.03333333333333333m #1 MARK 13 derived" || line == "0.15m #1 MARK 15 derived" {
			n++
		}
	}
	if n != 3 || len(got) != 9 {
		t.Errorf("%d expected marks in %v", n, got)
	}
	// A quote with one side has no middle, so no mark.
	e := exchange.Event{At: minute(1), Inst: 1}
	e.SetBookTicker(exchange.BookTicker{Bid: price(10)})
	if got := derived(t, d, e); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestIndexOfMarks(t *testing.T) {
	d := newRules(3)
	d.Mark(1, 0)
	d.Index("BTC", 1)
	d.Index("ETH", 2)
	d.Index("WBTC", 1)
	got := derived(t, d,
		barAt(minute(11), 1, time.Minute, 100),
		markAt(minute(12), 1, 77, 78), // an index price beside the mark is better
		markAt(minute(12), 2, 5, 0),
		markAt(minute(12), 3, 9, 9),
	)
	wantLines(t, got,
		"11m #1 MARK 101 derived", "11m #0 ASSET_INDEX BTC 101 derived", "11m #0 ASSET_INDEX WBTC 101 derived", "11m #1 BAR 1m0s from 10m: 100 102 98 101",
		"12m #1 MARK 77", "12m #0 ASSET_INDEX BTC 78 derived", "12m #0 ASSET_INDEX WBTC 78 derived",
		"12m #2 MARK 5", "12m #0 ASSET_INDEX ETH 5 derived", "12m #3 MARK 9")
}

// TestManyIndicesOfOneBatch: what events point to stays while a batch grows.
func TestManyIndicesOfOneBatch(t *testing.T) {
	d := newRules(3)
	d.Index("BTC", 1)
	var events []exchange.Event
	for i := range int64(3 * 2 * feedEvents) {
		events = append(events, markAt(1, 1, i+1, 0))
	}
	f := newFeed(&list{events: events, most: math.MaxInt}, d, &builder{}, math.MaxInt64)
	out, err := f.next()
	if err != nil || len(out) != 2*len(events) {
		t.Fatalf("%d events, %v", len(out), err)
	}
	for i := range events {
		if got := out[2*i+1].AssetIndex().Price; got != price(int64(i+1)) {
			t.Fatalf("index %d is %v", i, got)
		}
	}
}
