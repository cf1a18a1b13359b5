package venue

import (
	"errors"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// partVenue is a venue with 10,000 USDT, an index and marks at 50,000 and a book around them.
func partVenue(t *testing.T, more ...Balance) *Venue {
	t.Helper()
	c := testConfig()
	c.Balances = append([]Balance{{exchange.WalletMargin, "USDT", decimal.NewFromInt(10_000)}}, more...)
	v := newVenue(t, c)
	v.Start(1)
	tell := func(set func(e *exchange.Event)) {
		e := exchange.Event{At: 2}
		set(&e)
		v.Market(&e)
	}
	for _, a := range [...]exchange.AssetIndex{{Asset: "USDT", Price: exchange.FixedOne}, {Asset: "BTC", Price: price(50_000)}, {Asset: "BNB", Price: price(500)}} {
		tell(func(e *exchange.Event) { e.SetAssetIndex(&a) })
	}
	for inst := exchange.InstrumentID(1); inst <= 3; inst++ {
		tell(func(e *exchange.Event) {
			e.Inst = inst
			e.SetBookTicker(exchange.BookTicker{Bid: price(49_999), BidQty: price(1000), Ask: price(50_001), AskQty: price(1000)})
		})
		tell(func(e *exchange.Event) {
			e.Inst = inst
			e.SetMark(exchange.Mark{Price: price(50_000)})
		})
	}
	return v
}

func (v *Venue) send(r exchange.OrderRequest, name string) {
	v.Place(exchange.Order{ClientID: name, Request: r}, 3)
}

// At its liquidation price a position brings the account to the line, to the fourth
// decimal.
func TestLiquidationPrice(t *testing.T) {
	for _, c := range []struct {
		inst exchange.InstrumentID
		side exchange.Side
		qty  string
	}{{1, exchange.Buy, "0.9"}, {1, exchange.Sell, "0.9"}, {2, exchange.Buy, "450"}, {2, exchange.Sell, "450"}} {
		v := partVenue(t)
		v.send(exchange.OrderRequest{Inst: c.inst, Side: c.side, Type: exchange.Market, Qty: exchange.MustFixed(c.qty)}, "a")
		p := v.PositionMargin(c.inst, exchange.Both)
		at, err := exchange.FixedFromDecimal(p.Liquidation, exchange.RoundHalfUp)
		if err != nil || at == 0 || (at > price(50_000)) != (c.side == exchange.Sell) {
			t.Fatalf("%v %s of %d: liquidation at %v", c.side, c.qty, c.inst, p.Liquidation)
		}
		if err := v.risk.model.SetMark(c.inst, at); err != nil {
			t.Fatal(err)
		}
		if u := v.Account().UniMMR; !u.Round(4).Equal(decimal.RequireFromString("1.05")) {
			t.Errorf("%v %s of %d: uniMMR %v at the liquidation price %v", c.side, c.qty, c.inst, u, at)
		}
	}
	v := partVenue(t)
	v.send(exchange.OrderRequest{Inst: 1, Side: exchange.Buy, Type: exchange.Market, Qty: exchange.MustFixed("0.01")}, "a")
	if p := v.PositionMargin(1, exchange.Both).Liquidation; !p.IsZero() {
		t.Errorf("a long that the account can pay in full is liquidated at %v", p)
	}
}

// Open orders to buy and to sell are told apart, conditional ones and those of other legs
// left out.
func TestPositionMarginOrders(t *testing.T) {
	v := partVenue(t)
	limit := exchange.OrderRequest{Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed("0.1"), Price: price(49_000)}
	v.send(limit, "bid")
	limit.Side, limit.Price = exchange.Sell, price(51_000)
	v.send(limit, "ask")
	limit.Type, limit.Trigger, limit.Price = exchange.Stop, price(48_000), price(47_900)
	v.send(limit, "stop")
	p := v.PositionMargin(1, exchange.Both)
	if !p.Bids.Equal(decimal.NewFromInt(4900)) || !p.Asks.Equal(decimal.NewFromInt(5100)) || !p.Initial.Equal(decimal.NewFromInt(500)) {
		t.Errorf("bids %v, asks %v, initial margin %v; want 4900, 5100 and 0.1·50000/10", p.Bids, p.Asks, p.Initial)
	}
}

// A debt is repaid with its own asset first, then with what is sold for it: the assets
// named, or the one that is worth most.
func TestRepayDebt(t *testing.T) {
	coins := func(asset, amount string) Balance {
		return Balance{exchange.WalletMargin, asset, decimal.RequireFromString(amount)}
	}
	debt := Balance{exchange.WalletLoan, "BTC", decimal.RequireFromString("0.5")}
	for _, c := range []struct {
		name   string
		have   []Balance
		amount string
		sell   []string
		paid   string
		left   [3]string // USDT, BTC, BNB of the margin wallet
		code   int
	}{
		{"its own asset", []Balance{debt, coins("BTC", "1")}, "0.2", nil, "0.2", [3]string{"10000", "0.8", "0"}, 0},
		{"the richest", []Balance{debt, coins("BTC", "0.1"), coins("BNB", "30")}, "0.2", nil, "0.2", [3]string{"10000", "0", "20"}, 0},
		{"all of it", []Balance{debt, coins("BNB", "100")}, "0", nil, "0.5", [3]string{"10000", "0", "50"}, 0},
		{"the named one", []Balance{debt, coins("BNB", "100")}, "0.1", []string{"USDT"}, "0.1", [3]string{"5000", "0", "100"}, 0},
		{"as far as it goes", []Balance{debt, coins("BNB", "100")}, "0.5", []string{"USDT"}, "0.2", [3]string{"0", "0", "100"}, 0},
		{"with nothing", []Balance{debt, coins("BNB", "100")}, "0.5", []string{"ETH"}, "0", [3]string{"10000", "0", "100"}, -2018},
		{"without a debt", []Balance{coins("BTC", "1")}, "0", nil, "0", [3]string{"10000", "1", "0"}, -1130},
		{"too fine", []Balance{debt, coins("BTC", "1")}, "0.000000001", nil, "0", [3]string{"10000", "1", "0"}, -1111},
	} {
		v := partVenue(t, c.have...)
		paid, err := v.RepayDebt("BTC", decimal.RequireFromString(c.amount), c.sell, 4)
		code := 0
		if why := (*Error)(nil); errors.As(err, &why) {
			code = why.Code
		}
		if !paid.Equal(decimal.RequireFromString(c.paid)) || code != c.code {
			t.Errorf("%s: paid %v with %v, want %s and %d", c.name, paid, err, c.paid, c.code)
		}
		for i, asset := range []string{"USDT", "BTC", "BNB"} {
			if got := v.Balance(asset, exchange.WalletMargin); !got.Equal(decimal.RequireFromString(c.left[i])) {
				t.Errorf("%s: %v %s left, want %s", c.name, got, asset, c.left[i])
			}
		}
	}
}

// A futures wallet below zero is paid off when it is asked for, and by the clock once that
// is switched on, even if the wallet fell before.
func TestRepayFutures(t *testing.T) {
	v := partVenue(t)
	lose := func(name string) {
		v.send(exchange.OrderRequest{Inst: 1, Side: exchange.Buy, Type: exchange.Market, Qty: exchange.MustFixed("0.1")}, name)
		v.send(exchange.OrderRequest{Inst: 1, Side: exchange.Sell, Type: exchange.Market, Qty: exchange.MustFixed("0.1")}, name+"x")
		if !v.Balance("USDT", exchange.WalletUM).IsNegative() {
			t.Fatal("the UM wallet has not fallen below zero")
		}
	}
	lose("a")
	v.RepayFutures(5)
	if got := v.Balance("USDT", exchange.WalletUM); !got.IsZero() {
		t.Errorf("the UM wallet holds %v after it was paid off", got)
	}
	lose("b")
	if early := v.agenda.due[choreRepay]; early != exchange.Never {
		t.Fatalf("auto-repay is due at %v and not switched on", early)
	}
	v.SetAutoRepay(true, 6)
	due := v.agenda.due[choreRepay]
	if due == exchange.Never {
		t.Fatal("auto-repay is not due after it was switched on")
	}
	v.Advance(due)
	if got := v.Balance("USDT", exchange.WalletUM); !got.IsZero() {
		t.Errorf("the UM wallet holds %v after auto-repay", got)
	}
}
