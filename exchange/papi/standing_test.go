package papi

import (
	"fmt"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestStandingsStepForward: news of the same instant do not bring an order back, and a client
// id may be used again by another order.
func TestStandingsStepForward(t *testing.T) {
	is := func(s exchange.OrderStatus, filled exchange.Fixed, id int64) news {
		return news{list: listUM, inst: testUM, clientID: "a", venueID: id, status: s, price: 5, qty: 9, filled: filled, at: 10}
	}
	for _, c := range []struct {
		before, after news
		isNews        bool
	}{
		{is(exchange.StatusPartiallyFilled, 3, 1), is(exchange.StatusWorking, 0, 1), false},
		{is(exchange.StatusPartiallyFilled, 3, 1), is(exchange.StatusPartiallyFilled, 4, 1), true},
		{is(exchange.StatusTriggered, 0, 1), is(exchange.StatusTriggering, 0, 1), false},
		{is(exchange.StatusTriggering, 0, 1), is(exchange.StatusWorking, 0, 1), false},
		{is(exchange.StatusCanceled, 0, 1), is(exchange.StatusWorking, 0, 1), false},
		{is(exchange.StatusCanceled, 0, 1), is(exchange.StatusWorking, 0, 2), true},
	} {
		orders := newStandings()
		orders.fold(c.before)
		if _, isNews := orders.fold(c.after); isNews != c.isNews {
			t.Errorf("%v after %v: news %v", c.after.status, c.before.status, isNews)
		}
	}
}

// TestStandingsForget: what is remembered of orders that are over is bounded.
func TestStandingsForget(t *testing.T) {
	orders := newStandings()
	for i := range int64(3 * closedMax) {
		orders.fold(news{list: listUM, inst: testUM, clientID: fmt.Sprint(i), venueID: i + 1, status: exchange.StatusCanceled})
	}
	if len(orders.byName) != closedMax || len(orders.byNumber) != closedMax || len(orders.open()) != 0 {
		t.Errorf("%d by name, %d by number", len(orders.byName), len(orders.byNumber))
	}
	f := newFills()
	for i := range int64(fillsMax + 10) {
		f.count(fillName{testUM, i, i}, 1)
	}
	if len(f.seen) != fillsMax || len(f.sums) != fillsMax || f.count(fillName{testUM, fillsMax + 9, fillsMax + 9}, 1) {
		t.Errorf("%d fills, %d sums", len(f.seen), len(f.sums))
	}
	for i := range int64(2 * fillsMax) { // what catch-ups know, of orders with and without fills
		f.raise(dealer{testUM, -1 - i}, exchange.Fixed(i%2))
	}
	if len(f.seen) != fillsMax || len(f.sums) != fillsMax {
		t.Errorf("after catch-ups %d fills, %d sums", len(f.seen), len(f.sums))
	}
}

// TestFillSums: an order's sum is known as long as any of its fills, however old the first.
func TestFillSums(t *testing.T) {
	f, old := newFills(), dealer{testUM, 7}
	f.raise(old, 5)
	f.raise(old, 3) // less than is known
	f.count(fillName{testUM, 1, old.order}, 2)
	for i := range int64(fillsMax - 1) {
		f.count(fillName{testUM, 2 + i, 8}, 1)
	}
	if f.told(old) != 7 {
		t.Errorf("the sum is %v, want 7", f.told(old))
	}
	f.count(fillName{testUM, fillsMax + 1, 8}, 1)
	if f.told(old) != 0 {
		t.Errorf("the sum is %v, and all its fills are forgotten", f.told(old))
	}
}
