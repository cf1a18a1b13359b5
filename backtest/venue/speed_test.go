package venue

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// busy is a venue with a position, a ladder of twenty resting orders and a stop, and an
// event of each hot kind that touches none of them.
func busy(t testing.TB) (*Venue, []exchange.Event) {
	c := testConfig()
	c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.NewFromInt(1_000_000)}}
	v := newVenue(t, c)
	at := exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	price := 1000 * exchange.FixedOne
	event := func(inst exchange.InstrumentID, set func(*exchange.Event)) exchange.Event {
		e := exchange.Event{At: at, Inst: inst}
		set(&e)
		return e
	}
	open := event(1, func(e *exchange.Event) { e.SetBarOpen(exchange.BarOpen{Price: price, Interval: time.Minute}) })
	mark := event(1, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price}) })
	index := event(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
	v.Start(at)
	for _, e := range []exchange.Event{index, mark, open} {
		v.Market(&e)
	}
	send := func(name string, r exchange.OrderRequest) {
		r.Inst, r.Qty = 1, exchange.FixedOne
		v.receive(exchange.Order{ID: 1, ClientID: name, Request: r}, false, at)
	}
	send("in", exchange.OrderRequest{Side: exchange.Buy, Type: exchange.Market})
	v.Market(&open)
	for i := range 10 {
		away := exchange.Fixed(i+2) * exchange.FixedOne
		send(fmt.Sprint("buy", i), exchange.OrderRequest{Side: exchange.Buy, Type: exchange.Limit, Price: price - away})
		send(fmt.Sprint("sell", i), exchange.OrderRequest{Side: exchange.Sell, Type: exchange.Limit, Price: price + away})
	}
	send("stop", exchange.OrderRequest{Side: exchange.Sell, Type: exchange.StopMarket, Trigger: price - 5*exchange.FixedOne})
	v.Market(&open)
	v.Events()
	bar := &exchange.Bar{Start: at, Interval: time.Minute, Open: price, High: price + 1, Low: price - 1, Close: price}
	return v, []exchange.Event{
		event(1, func(e *exchange.Event) { e.SetBar(bar) }),
		open,
		event(1, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price + 1}) }),
		mark,
		index,
		event(2, func(e *exchange.Event) { e.SetFunding(exchange.Funding{Rate: 1}) }),
		event(1, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: exchange.FixedOne}) }),
		event(1, func(e *exchange.Event) {
			e.SetBookTicker(exchange.BookTicker{Bid: price - 1, BidQty: 1, Ask: price + 1, AskQty: 1})
		}),
	}
}

// TestQuietCost holds quiet events to no allocation.
func TestQuietCost(t *testing.T) {
	v, events := busy(t)
	for i := range events {
		e := &events[i]
		if !v.Quiet(e) {
			t.Errorf("%v is not quiet", e.Kind)
		}
		if n := testing.AllocsPerRun(100, func() { v.Market(e); v.Events() }); n != 0 {
			t.Errorf("%v allocates %v times", e.Kind, n)
		}
	}
}

// BenchmarkQuiet is a market event that touches nothing, by kind.
func BenchmarkQuiet(b *testing.B) {
	v, events := busy(b)
	for i := range events {
		e := &events[i]
		b.Run(e.Kind.String(), func(b *testing.B) {
			for b.Loop() {
				v.Market(e)
			}
		})
	}
}

// deepen gives a busy venue a book, and makes the piece that follows it: forty levels away
// from our orders. Every call of next continues the one before.
func deepen(v *Venue, at exchange.Time) (e *exchange.Event, next func()) {
	const unit = exchange.FixedOne
	snapshot := &exchange.Depth{Snapshot: true, Last: 1}
	d := &exchange.Depth{First: 2, Last: 2, Prev: 1}
	for i := range exchange.Fixed(500) {
		snapshot.Bids = append(snapshot.Bids, exchange.Level{Price: 999*unit - i*unit/10 + unit/20, Qty: unit})
		snapshot.Asks = append(snapshot.Asks, exchange.Level{Price: 1001*unit + i*unit/10 + unit/20, Qty: unit})
		if i < 200 && i%10 == 0 {
			d.Bids = append(d.Bids, exchange.Level{Price: 999*unit - i*unit/10 + unit/20})
			d.Asks = append(d.Asks, exchange.Level{Price: 1001*unit + i*unit/10 + unit/20})
		}
	}
	e = &exchange.Event{At: at, Inst: 1}
	e.SetTrade(exchange.Trade{Price: 1000 * unit, Qty: unit}) // else the middle triggers the stop
	v.Market(e)
	e.SetDepth(snapshot)
	v.Market(e)
	e.SetDepth(d)
	return e, func() {
		d.First, d.Last, d.Prev = d.First+1, d.Last+1, d.Prev+1
		for i := range d.Bids {
			d.Bids[i].Qty, d.Asks[i].Qty = unit+exchange.Fixed(d.Last), unit+exchange.Fixed(d.Last)
		}
	}
}

// TestQuietDepthCost holds a piece of the book that touches no order to no allocation.
func TestQuietDepthCost(t *testing.T) {
	v, _ := busy(t)
	e, next := deepen(v, v.now)
	if !v.Quiet(e) {
		t.Error("a piece of the book away from all orders is not quiet")
	}
	if n := testing.AllocsPerRun(100, func() { v.Market(e); v.Events(); next() }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// BenchmarkDepth is a piece of the book, of forty levels within a ladder of twenty orders,
// that touches none of them.
func BenchmarkDepth(b *testing.B) {
	v, _ := busy(b)
	e, next := deepen(v, v.now)
	b.ReportAllocs()
	for b.Loop() {
		v.Market(e)
		next()
	}
}

// BenchmarkTouch is what a ladder of twenty orders costs when the market is at its price:
// a trade there that those ahead take, and a ticker whose quantity has changed.
func BenchmarkTouch(b *testing.B) {
	v, events := busy(b)
	trade, ticker := events[len(events)-2], events[len(events)-1]
	top := 998 * exchange.FixedOne
	quote := exchange.BookTicker{Bid: top, BidQty: 1 << 40, Ask: top + exchange.FixedOne, AskQty: 1}
	trade.SetTrade(exchange.Trade{Price: top, Qty: 1, BuyerMaker: true})
	b.Run("trade", func(b *testing.B) {
		ticker.SetBookTicker(quote)
		v.Market(&ticker)
		for b.Loop() {
			v.Market(&trade)
		}
	})
	b.Run("ticker", func(b *testing.B) {
		for b.Loop() {
			quote.BidQty ^= 1
			ticker.SetBookTicker(quote)
			v.Market(&ticker)
		}
	})
}

// BenchmarkFill is a market order from its arrival through its fill to the account event,
// alternately buying and selling.
func BenchmarkFill(b *testing.B) {
	v, events := busy(b)
	open := &events[1]
	request := exchange.OrderRequest{Inst: 1, Type: exchange.Market, Qty: exchange.FixedOne}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		request.Side = exchange.Side(1 + i%2)
		v.receive(exchange.Order{ID: 1, ClientID: "one", Request: request}, false, v.now)
		v.Market(open)
		v.Events()
	}
}

// BenchmarkLadder is a resting order cancelled and placed again.
func BenchmarkLadder(b *testing.B) {
	v, _ := busy(b)
	o := exchange.Order{ID: 1, ClientID: "buy5"}
	o.Request = exchange.OrderRequest{
		Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.FixedOne, Price: 990 * exchange.FixedOne,
	}
	b.ReportAllocs()
	for b.Loop() {
		v.Cancel(o, v.now)
		v.receive(o, false, v.now)
		v.Events()
	}
}
