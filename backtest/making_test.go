package backtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestMaking: the middle counts as it was a second, five and thirty behind a maker's fill, by
// notional and for the side that filled; takers, and what the data does not reach, do not count.
func TestMaking(t *testing.T) {
	ins := attributed(t, 1).ins
	in, second := ins.At(1), exchange.Time(time.Second)
	m := newMaking(ins.Len(), 2)
	quote := func(at exchange.Time, bid, ask string) {
		e := exchange.Event{At: at, Inst: 1}
		e.SetBookTicker(exchange.BookTicker{Bid: exchange.MustFixed(bid), BidQty: 1, Ask: exchange.MustFixed(ask), AskQty: 1})
		m.price(&e)
	}
	fill := func(at exchange.Time, order exchange.OrderID, side exchange.Side, qty string, maker bool) {
		m.fill(in, at, &exchange.Fill{Order: order, Strategy: 1, Side: side, Price: exchange.MustFixed("1000"), Qty: exchange.MustFixed(qty), Maker: maker})
	}
	for id := range exchange.OrderID(4) {
		m.order(1, &exchange.OrderUpdate{ID: id + 1, Strategy: 1, Status: exchange.StatusPendingNew})
	}
	quote(0, "999", "1001")
	fill(0, 1, exchange.Buy, "0.3", true)
	fill(0, 2, exchange.Sell, "0.1", true)
	fill(0, 2, exchange.Sell, "0.5", false)
	quote(second, "1000", "1002") // at a second it is 1001; what comes later is too late
	trade := exchange.Event{At: second, Inst: 1}
	trade.SetTrade(exchange.Trade{Price: exchange.MustFixed("5000"), Qty: 1, ID: 1}) // where there are quotes trades are no middle
	m.price(&trade)
	quote(second+1, "900", "901")
	quote(5*second, "989", "991") // 990
	quote(6*second, "1", "2")
	m.order(1, &exchange.OrderUpdate{ID: 2, Strategy: 1, Status: exchange.StatusFilled})
	got := m.result(ins, []string{"house", "mm"}, "conservative")
	if len(got) != 1 || len(m.filled) != 1 {
		t.Fatalf("%+v, %d orders remembered", got, len(m.filled))
	}
	l := got[0]
	if l.Orders != 4 || l.Filled != 2 || l.Fills != 3 || l.Maker != 2 || l.Queue != "conservative" || l.Strategy != "mm" {
		t.Errorf("%+v", l)
	}
	var moves []string
	for _, a := range l.After {
		moves = append(moves, fmt.Sprint(a.After, " ", a.Fills, " ", a.BasisPoints))
	}
	// Three quarters bought: 10 bp up is 7.5 - 2.5, and 100 bp down -75 + 25.
	if want := "[1s 2 5 5s 2 -50 30s 0 0]"; fmt.Sprint(moves) != want {
		t.Errorf("%v, want %v", moves, want)
	}
}
