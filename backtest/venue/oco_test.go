package venue

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ocoWatch keeps account of every OCO from the events alone.
type ocoWatch struct {
	qty    map[string]exchange.Fixed // by list
	list   map[string]string         // of a leg or child, its list
	branch map[string]string         // of a leg or child, its leg
	filled map[string]exchange.Fixed // by leg
	open   map[string]exchange.OrderStatus
	ended  map[string]int // by list
}

func (w *ocoWatch) read(events []exchange.Event) error {
	for i := range events {
		switch e := &events[i]; e.Kind {
		case exchange.KindOrderUpdate:
			u := e.OrderUpdate()
			if u.Code == -2011 || u.Code == -5025 {
				continue // an answer to a cancel that came too late, or to an amend
			}
			if err := w.update(u); err != nil {
				return err
			}
		case exchange.KindFill:
			f := e.Fill()
			list, leg := w.list[f.ClientID], w.branch[f.ClientID]
			w.filled[leg] += f.Qty
			limit, stop := exchange.OCOLegs(list)
			if w.filled[limit] > 0 && w.filled[stop] > 0 {
				return fmt.Errorf("both legs of %s have filled", list)
			}
			if w.filled[limit]+w.filled[stop] > w.qty[list] {
				return fmt.Errorf("%s filled %v of %v", list, w.filled[leg], w.qty[list])
			}
		}
	}
	return nil
}

func (w *ocoWatch) update(u *exchange.OrderUpdate) error {
	name := u.ClientID
	switch {
	case u.Status == exchange.StatusRejected && w.list[name] == "":
		return nil // the list was refused
	case w.list[name] == "" && !w.open[name].Final() && u.Child != "":
		w.qty[name], w.list[u.Child], w.branch[u.Child] = u.Qty, name, u.Child
	case u.Child != "":
		w.list[u.Child], w.branch[u.Child] = w.list[name], w.branch[name]
	}
	if w.open[name].Final() {
		return fmt.Errorf("news of %s, which is over: %v", name, u.Status)
	}
	w.open[name] = u.Status
	if w.list[name] != "" || !u.Status.Final() {
		return nil
	}
	limit, stop := exchange.OCOLegs(name)
	if w.ended[name]++; u.Status != exchange.StatusFinished || !w.open[limit].Final() || !w.open[stop].Final() {
		return fmt.Errorf("%s is %v with legs %v and %v", name, u.Status, w.open[limit], w.open[stop])
	}
	return nil
}

// TestOCO holds over random markets that of an OCO only one leg ever fills, no more than
// its quantity, that it ends once, after both legs, and that its balance is never spent
// twice: no wallet goes below zero.
func TestOCO(t *testing.T) {
	fills, ends, stops := 0, 0, 0
	for _, seed := range seeds(30) {
		rng := rand.New(rand.NewPCG(seed, 11))
		c := testConfig()
		c.Slippage = exchange.Fixed(rng.IntN(2)) * exchange.FixedOne / 1000
		c.Balances = []Balance{
			{exchange.WalletMargin, "BTC", decimal.NewFromInt(5)}, {exchange.WalletMargin, "USDT", decimal.NewFromInt(5000)},
		}
		v := newVenue(t, c)
		w := &ocoWatch{
			qty: map[string]exchange.Fixed{}, list: map[string]string{}, branch: map[string]string{}, filled: map[string]exchange.Fixed{},
			open: map[string]exchange.OrderStatus{}, ended: map[string]int{},
		}
		at := exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		v.Start(at)
		g := &ocoMarket{rng: rng, v: v, at: at, price: 10_000, feed: rng.IntN(3)}
		g.index()
		for step := range 400 {
			g.step()
			if g.lied {
				t.Fatalf("-seed=%d: step %d: a quiet event told something", seed, step)
			}
			if err := w.read(v.Events()); err != nil {
				t.Fatalf("-seed=%d: step %d: %v", seed, step, err)
			}
			for _, asset := range []string{"BTC", "USDT"} {
				if b := v.wallets.balance(asset, exchange.WalletMargin); b.IsNegative() {
					t.Fatalf("-seed=%d: step %d: %v %s", seed, step, b, asset)
				}
			}
		}
		for leg, qty := range w.filled {
			if fills++; qty > 0 && strings.HasSuffix(leg, "-s") {
				stops++
			}
		}
		ends += len(w.ended)
		if n := len(v.markets[3].orders); n > 2*(len(w.qty)-len(w.ended)) {
			t.Errorf("-seed=%d: %d orders of %d open lists", seed, n, len(w.qty)-len(w.ended))
		}
	}
	if *seedFlag == 0 && (fills-stops < 100 || stops < 100 || ends < 500) {
		t.Errorf("%d fills of limit legs, %d of stop legs, %d ends: the test tests little", fills-stops, stops, ends)
	}
}

// ocoMarket is a random walk of one margin pair, told by bars, trades or tickers, with
// OCO orders and cancels of lists, legs and children.
type ocoMarket struct {
	rng   *rand.Rand
	v     *Venue
	at    exchange.Time
	price int64 // in ticks of 0.1
	feed  int
	sent  int
	lied  bool // an event that was called quiet was not
}

func (g *ocoMarket) fixed(ticks int64) exchange.Fixed {
	return exchange.Fixed(max(ticks, 100)) * exchange.FixedOne / 10
}

func (g *ocoMarket) index() {
	for _, a := range []exchange.AssetIndex{{Asset: "USDT", Price: exchange.FixedOne}, {Asset: "BTC", Price: 1000 * exchange.FixedOne}} {
		e := exchange.Event{At: g.at}
		e.SetAssetIndex(&a)
		g.v.Market(&e)
	}
}

func (g *ocoMarket) step() {
	switch g.rng.IntN(4) {
	case 0:
		g.order()
	case 1:
		g.cancel()
	}
	g.at = g.at.Add(time.Minute)
	low, high, open := g.price, g.price, g.price
	g.price = max(1000, g.price+int64(g.rng.IntN(401)-200))
	low, high = min(low, g.price)-int64(g.rng.IntN(50)), max(high, g.price)+int64(g.rng.IntN(50))
	e := exchange.Event{At: g.at, Inst: 3}
	switch g.feed {
	case 0:
		e.SetBar(&exchange.Bar{
			Start: g.at.Add(-time.Minute), Interval: time.Minute,
			Open: g.fixed(open), High: g.fixed(high), Low: g.fixed(low), Close: g.fixed(g.price),
		})
	case 1:
		e.SetTrade(exchange.Trade{Price: g.fixed(g.price), Qty: exchange.Fixed(1+g.rng.IntN(9)) * exchange.FixedOne / 10})
	default:
		qty := exchange.Fixed(1+g.rng.IntN(9)) * exchange.FixedOne / 10
		e.SetBookTicker(exchange.BookTicker{Bid: g.fixed(g.price - 1), BidQty: qty, Ask: g.fixed(g.price + 1), AskQty: qty})
	}
	quiet, told := g.v.Quiet(&e), len(g.v.out.events)
	g.v.Market(&e)
	g.lied = g.lied || quiet && len(g.v.out.events) > told
}

func (g *ocoMarket) order() {
	g.sent++
	o := exchange.Order{ID: exchange.OrderID(g.sent), ClientID: fmt.Sprintf("o%d", g.sent)}
	far, near := int64(5+g.rng.IntN(150)), int64(5+g.rng.IntN(150))
	r := &o.Request
	r.Inst, r.Type, r.Side = 3, exchange.OCO, exchange.Side(1+g.rng.IntN(2))
	r.Qty = exchange.Fixed(1+g.rng.IntN(9)) * exchange.FixedOne / 10
	if r.Side == exchange.Sell {
		far, near = -far, -near
	}
	r.Price, r.Trigger = g.fixed(g.price-far), g.fixed(g.price+near)
	if g.rng.IntN(2) == 0 {
		r.StopPrice = g.fixed(g.price + near + int64(g.rng.IntN(61)-30))
		r.TimeInForce = exchange.TimeInForce(g.rng.IntN(3))
	}
	g.v.receive(o, false, g.at)
}

func (g *ocoMarket) cancel() {
	name := fmt.Sprintf("o%d", 1+g.rng.IntN(g.sent+1))
	limit, stop := exchange.OCOLegs(name)
	name = []string{name, limit, stop, fmt.Sprintf("child-%d", g.rng.IntN(5*g.sent+1))}[g.rng.IntN(4)]
	g.v.Cancel(exchange.Order{ClientID: name, Request: exchange.OrderRequest{Inst: 3}}, g.at)
}

// TestConditionalOrdersOfAccount: 200 on UM, over all symbols; those of other products do
// not count.
func TestConditionalOrdersOfAccount(t *testing.T) {
	v := newVenue(t, testConfig())
	at := exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	v.Start(at)
	place := func(inst exchange.InstrumentID, n int) *exchange.OrderUpdate {
		o := exchange.Order{ID: exchange.OrderID(n), ClientID: fmt.Sprintf("c%d", n)}
		o.Request = exchange.OrderRequest{Inst: inst, Side: exchange.Buy, Type: exchange.StopMarket, Qty: exchange.FixedOne, Trigger: 2000 * exchange.FixedOne}
		v.receive(o, false, at)
		events := v.Events()
		return events[len(events)-1].OrderUpdate()
	}
	if u := place(2, 1); u.Status != exchange.StatusWorking {
		t.Fatalf("CM: %+v", u)
	}
	if u := place(4, 2); u.Status != exchange.StatusWorking {
		t.Fatalf("first: %+v", u)
	}
	for n := range conditionalMax - 1 {
		if u := place(1, 3+n); u.Status != exchange.StatusWorking {
			t.Fatalf("%d: %+v", n, u)
		}
	}
	if u := place(1, 500); u.Code != -4045 {
		t.Errorf("number 201: %+v", u)
	}
	if u := place(2, 501); u.Status != exchange.StatusWorking {
		t.Errorf("CM beside 200 of UM: %+v", u)
	}
}

// TestOrdersOfMarginPair: MAX_NUM_ORDERS and MAX_NUM_ALGO_ORDERS, of which an OCO takes
// two and one. The guard stops what has no side; the venue does, too.
func TestOrdersOfMarginPair(t *testing.T) {
	c := testConfig()
	c.Instruments.At(3).OrdersMax, c.Instruments.At(3).AlgoOrdersMax = 4, 1
	c.Balances = []Balance{{exchange.WalletMargin, "BTC", decimal.NewFromInt(9)}}
	v := newVenue(t, c)
	at := exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	v.Start(at)
	(&ocoMarket{v: v, at: at}).index()
	for n, step := range []struct {
		side   exchange.Side
		kind   exchange.OrderType
		reason string
	}{
		{0, exchange.Limit, errSide.reason},
		{exchange.Sell, exchange.Limit, ""},
		{exchange.Sell, exchange.OCO, ""},
		{exchange.Sell, exchange.OCO, errFilterAlgoOrders.reason},
		{exchange.Sell, exchange.Limit, ""},
		{exchange.Sell, exchange.Limit, errFilterOrders.reason},
	} {
		o := exchange.Order{ID: exchange.OrderID(n + 1), ClientID: fmt.Sprintf("o%d", n)}
		o.Request = exchange.OrderRequest{Inst: 3, Side: step.side, Type: step.kind, Qty: exchange.FixedOne, Price: 1100 * exchange.FixedOne}
		if step.kind == exchange.OCO {
			o.Request.Trigger = 900 * exchange.FixedOne
		}
		v.Events()
		v.receive(o, false, at)
		if u := v.Events()[0].OrderUpdate(); u == nil || u.Reason != step.reason {
			t.Errorf("step %d: %+v, want reason %q", n, u, step.reason)
		}
	}
}
