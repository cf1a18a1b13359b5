package engine

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestDifferencesAreWrittenAlike: a kernel that was restored decides on a reading word for word
// as the one that went on, though a snapshot keeps no zeros at the end of numbers. A replay
// holds them against each other by the octet.
func TestDifferencesAreWrittenAlike(t *testing.T) {
	b := opened(t)
	b.play("s1 #1 buy UM 0.1 limit 59000\nack t-1-1")
	e := exchange.Event{At: b.now, Inst: 1}
	e.SetFill(&exchange.Fill{ClientID: "t-1-1", TradeID: 1, VenueID: 77, Side: exchange.Buy, Qty: exchange.MustFixed("0.1"), Price: exchange.MustFixed("60000")})
	if err := b.driver.Deliver(&e); err != nil {
		t.Fatal(err)
	}
	e = exchange.Event{At: b.now}
	e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletUM, Asset: "USDT", Delta: decimal.New(5000, -3), Balance: decimal.New(7000, -3)})
	if err := b.driver.Deliver(&e); err != nil {
		t.Fatal(err)
	}
	other, err := Restore(benchConfig(t, benchLimits()), b.kernel.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	e = exchange.Event{At: b.now}
	e.SetTruth(&exchange.Truth{At: b.now})
	mine, theirs := b.kernel.Decide(&e).Truth.Differences, other.Decide(&e).Truth.Differences
	if len(mine) < 2 || len(mine) != len(theirs) {
		t.Fatalf("%d and %d differences", len(mine), len(theirs))
	}
	for i := range mine {
		a, b := mine[i].Ours, theirs[i].Ours
		if a.Exponent() != b.Exponent() || a.Coefficient().Cmp(b.Coefficient()) != 0 {
			t.Errorf("%s: %v e%d, restored %v e%d", mine[i].Text, a.Coefficient(), a.Exponent(), b.Coefficient(), b.Exponent())
		}
	}
}

// TestManyFillsAgain: what a restart tells again, the fills of a quarter of an hour, counts
// once at the highest rate at which an account may send orders and have them filled.
func TestManyFillsAgain(t *testing.T) {
	const orders = 18_000 // 1,200 a minute
	b := opened(t)
	fill := func(i int) {
		e := exchange.Event{At: b.now, Inst: 1}
		e.SetFill(&exchange.Fill{
			ClientID: fmt.Sprint("x", i), TradeID: int64(i) + 1, VenueID: int64(i) + 1, Side: exchange.Side(i%2 + 1),
			Qty: exchange.MustFixed("0.1"), Price: exchange.MustFixed("60000"),
		})
		if i == 0 {
			e.Fill().Qty = exchange.MustFixed("0.3")
		}
		if err := b.driver.Deliver(&e); err != nil {
			t.Fatal(err)
		}
	}
	for i := range orders {
		o := b.kernel.orders.add(exchange.Order{
			ID: exchange.OrderID(100 + i), ClientID: fmt.Sprint("x", i), VenueID: int64(i) + 1, Strategy: 1,
			Request: exchange.OrderRequest{Inst: 1, Qty: exchange.MustFixed("0.3")}, Status: exchange.StatusWorking,
		})
		fill(i)
		o.Status = exchange.StatusFilled
		b.kernel.orders.close(o)
	}
	b.kernel.lastOrder = 100 + orders
	before := b.kernel.sum(1, exchange.Both)
	config := benchConfig(t, benchLimits())
	again, err := Restore(config, b.kernel.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	b.kernel = again
	b.driver = NewDriver(again, b, b)
	b.driver.Resume()
	twice := 0
	for i := range orders {
		if fill(i); !again.Stale() {
			twice++
		}
	}
	if after := again.sum(1, exchange.Both); twice > 0 || !after.Equal(before) {
		t.Errorf("%d fills were counted twice; the position was %v and is %v", twice, before, after)
	}
}
