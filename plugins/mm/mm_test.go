package mm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

var fixed = exchange.MustFixed

// desk is a market of one contract, and an exchange that takes every request.
type desk struct {
	t   testing.TB
	rt  *strategy.Runtime
	in  *exchange.Instrument
	now exchange.Time
}

func newDesk(t testing.TB, params map[string]string) *desk {
	t.Helper()
	ins, err := exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: fixed("0.1"),
		Lot: exchange.Lot{Min: fixed("0.001"), Step: fixed("0.001")},
	})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := strategy.NewRuntime(New(), params, ins, 1)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t, rt, ins.At(1), exchange.Time(time.Hour)}
}

// deliver gives the strategy an event and tells what it asked for; new orders work at once.
func (d *desk) deliver(set func(e *exchange.Event)) string {
	e := exchange.Event{At: d.now, Inst: 1}
	set(&e)
	var said []string
	for _, i := range append([]exchange.Intent{}, d.rt.Deliver(&e).Intents...) {
		r := &i.Request
		switch i.Kind {
		case exchange.IntentNew:
			said = append(said, fmt.Sprintf("%v %v at %v %v", r.Side, r.Qty, r.Price, r.TimeInForce))
			d.update(i.Ref, exchange.StatusWorking, r.Price, r.Qty)
		case exchange.IntentAmend:
			said = append(said, fmt.Sprintf("move #%d to %v", i.Ref, r.Price))
			d.update(i.Ref, exchange.StatusWorking, r.Price, r.Qty)
		case exchange.IntentCancel:
			said = append(said, fmt.Sprintf("cancel #%d", i.Ref))
			d.update(i.Ref, exchange.StatusCanceled, 0, 0)
		}
	}
	return strings.Join(said, ", ")
}

func (d *desk) update(ref uint64, s exchange.OrderStatus, price, qty exchange.Fixed) {
	d.deliver(func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(ref), Strategy: 1, Ref: ref, Status: s, Price: price, Qty: qty})
	})
}

func (d *desk) book(bid, ask string) string {
	d.now += exchange.Time(time.Second)
	return d.deliver(func(e *exchange.Event) {
		e.SetBookTicker(exchange.BookTicker{Bid: fixed(bid), BidQty: 1, Ask: fixed(ask), AskQty: 1})
	})
}

// fill executes an order of the strategy whole.
func (d *desk) fill(ref uint64, s exchange.Side, price, qty string) string {
	said := d.deliver(func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Order: exchange.OrderID(ref), Strategy: 1, Ref: ref, Side: s, Price: fixed(price), Qty: fixed(qty)})
	})
	d.want("a fill whose order has not been told of", said, "")
	d.update(ref, exchange.StatusFilled, fixed(price), fixed(qty))
	return d.deliver(func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: 1, ID: exec.SoonTimer, Due: d.now}) })
}

func (d *desk) want(what, got, want string) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s: it asks for %q, want %q", what, got, want)
	}
}

func TestQuotes(t *testing.T) {
	d := newDesk(t, map[string]string{"levels": "1", "qty": "0.002", "max_qty": "0.004", "half": "5", "lean": "10", "move": "3"})
	d.want("the first book", d.book("60000", "60000.2"), "BUY 0.002 at 59999.6 GTX, SELL 0.002 at 60000.6 GTX")
	d.want("a small move", d.book("60000.2", "60000.4"), "")
	d.want("a move", d.book("60001", "60001.2"), "move #1 to 60000.6, move #2 to 60001.6")
	d.now += exchange.Time(time.Second)
	d.want("half of the bound is held, so both lean by five ticks", d.fill(1, exchange.Buy, "60000.6", "0.002"), "BUY 0.002 at 60000.1 GTX, move #2 to 60001.1")
	d.now += exchange.Time(time.Second)
	d.want("the bound is held: the buyer is gone, and nothing sells below the bid", d.fill(3, exchange.Buy, "60000.1", "0.002"), "")
	d.want("a book that is lower", d.book("59990", "59990.2"), "move #2 to 59990.1")
	d.want("one that has lost a side", d.book("59990", "0"), "")
}

// TestOutside: a quote that leans past the other side stays a tick before it.
func TestOutside(t *testing.T) {
	d := newDesk(t, map[string]string{"levels": "1", "qty": "0.002", "max_qty": "0.002", "half": "5", "lean": "50"})
	d.book("60000", "60000.2")
	d.now += exchange.Time(time.Second)
	d.want("short at the bound", d.fill(2, exchange.Sell, "60000.6", "0.002"), "move #1 to 60000.1")
}

func TestPause(t *testing.T) {
	d := newDesk(t, map[string]string{"levels": "1", "pause": "10s"})
	d.book("60000", "60000.2")
	for range 9 {
		d.want("within the pause", d.book("50000", "50000.2"), "")
	}
	d.want("behind it", d.book("50000", "50000.2"), "move #1 to 49999.6, move #2 to 50000.6")
}

// TestLevels: what fills at the front is sent again there and the order behind it stays; near the
// bound the deepest is taken back.
func TestLevels(t *testing.T) {
	d := newDesk(t, map[string]string{"qty": "0.002", "max_qty": "0.006", "half": "5", "step": "10", "lean": "0"})
	d.want("the first book", d.book("60000", "60000.2"), "BUY 0.002 at 59999.6 GTX, BUY 0.002 at 59998.6 GTX, SELL 0.002 at 60000.6 GTX, SELL 0.002 at 60001.6 GTX")
	d.now += exchange.Time(time.Second)
	d.want("the first buys", d.fill(1, exchange.Buy, "59999.6", "0.002"), "BUY 0.002 at 59999.6 GTX")
	d.now += exchange.Time(time.Second)
	d.want("the first buys again, and there is room for one", d.fill(5, exchange.Buy, "59999.6", "0.002"), "move #2 to 59999.6")
	d.now += exchange.Time(time.Second)
	d.want("the last one buys", d.fill(2, exchange.Buy, "59999.6", "0.002"), "")
	d.now += exchange.Time(time.Second)
	d.want("one is sold", d.fill(3, exchange.Sell, "60000.6", "0.002"), "BUY 0.002 at 59999.6 GTX, SELL 0.002 at 60000.6 GTX")
	d.now += exchange.Time(time.Second)
	d.want("one more is sold", d.fill(7, exchange.Sell, "60000.6", "0.002"), "move #6 to 59998.6, SELL 0.002 at 60000.6 GTX")
}

func (d *desk) trade(price string) string {
	d.now += exchange.Time(time.Second)
	return d.deliver(func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: fixed(price), Qty: 1}) })
}

// TestVolatility: trades that jump by ten dollars a second send the quotes ten dollars apart.
func TestVolatility(t *testing.T) {
	for _, c := range []struct{ vol, want string }{
		{"1", "BUY 0.002 at 59988.5 GTX, SELL 0.002 at 60011.7 GTX"}, // 10*sqrt(4/3) = 11.55
		{"2", "BUY 0.002 at 59977 GTX, SELL 0.002 at 60023.2 GTX"},
		{"0", "BUY 0.002 at 59999.6 GTX, SELL 0.002 at 60000.6 GTX"},
	} {
		d := newDesk(t, map[string]string{"levels": "1", "vol": c.vol, "vol_for": "4"})
		for i := range 5 {
			d.want("a trade", d.trade(fmt.Sprint(60000+i%2*10)), "")
		}
		d.want("vol "+c.vol, d.book("60000", "60000.2"), c.want)
	}
}

// TestBudget: the less is left of a minute, the further an order may be off; and nothing is
// amended or sent when all is used, but taken back.
func TestBudget(t *testing.T) {
	d := newDesk(t, map[string]string{"levels": "1", "budget": "8", "move": "10", "pause": "100ms", "lean": "0", "max_qty": "0.002"})
	d.book("60000", "60000.2")
	d.want("six are left", d.book("60001", "60001.2"), "move #1 to 60000.6, move #2 to 60001.6")
	d.want("four are left, and then three: a dollar is too little for the second", d.book("60002", "60002.2"), "move #1 to 60001.6")
	d.want("two dollars are enough, for one", d.book("60003", "60003.2"), "move #2 to 60003.6")
	d.want("and for the other", d.book("60004", "60004.2"), "move #1 to 60003.6")
	d.want("one is left, and three dollars are too little", d.book("60006.6", "60006.8"), "")
	d.want("the last one", d.book("60100", "60100.2"), "move #1 to 60099.6")
	d.want("none is left", d.book("60200", "60200.2"), "")
	d.want("the bound is reached", d.fill(1, exchange.Buy, "60099.6", "0.002"), "")
	d.now += exchange.Time(10 * time.Second)
	d.want("stale", d.timer(), "cancel #2")
	d.now += exchange.Time(time.Minute)
	d.want("another minute", d.book("60100", "60100.2"), "SELL 0.002 at 60100.6 GTX")
}

// TestPatience: after a no it waits, and longer after the next.
func TestPatience(t *testing.T) {
	d := newDesk(t, map[string]string{"levels": "1", "pause": "100ms"})
	d.book("60000", "60000.2")
	no := func(ref uint64) { d.update(ref, exchange.StatusExpired, 0, 0) }
	no(1)
	no(2)
	d.now += exchange.Time(time.Second)
	d.want("two seconds later", d.book("60000", "60000.2"), "BUY 0.002 at 59999.6 GTX, SELL 0.002 at 60000.6 GTX")
	no(3)
	no(4)
	d.want("one second after the second no", d.book("60000", "60000.2"), "")
	d.want("two seconds after it", d.book("60000", "60000.2"), "BUY 0.002 at 59999.6 GTX, SELL 0.002 at 60000.6 GTX")
}

// timer rings as often as the strategy asked for one that is due by now.
func (d *desk) timer() string {
	return d.deliver(func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: 1, ID: 1, Due: d.now}) })
}

// TestStale: a book that stands still for too long is no market to quote in. Both orders go, a
// fill brings none back, and the next best price does.
func TestStale(t *testing.T) {
	d := newDesk(t, map[string]string{"levels": "1", "stale": "5s", "qty": "0.002", "max_qty": "0.004"})
	d.want("the timer of the start", d.timer(), "")
	d.want("the first book", d.book("60000", "60000.2"), "BUY 0.002 at 59999.6 GTX, SELL 0.002 at 60000.6 GTX")
	d.now += exchange.Time(5*time.Second - 1)
	d.want("not yet stale", d.timer(), "")
	d.now++
	d.want("stale", d.timer(), "cancel #1, cancel #2")
	d.now += exchange.Time(5 * time.Second)
	d.want("stale still", d.timer(), "")
	d.want("a late fill", d.fill(1, exchange.Buy, "59999.6", "0.002"), "")
	d.want("a new book", d.book("60000", "60000.2"), "BUY 0.002 at 59999.4 GTX, SELL 0.002 at 60000.4 GTX")
}

// TestStaleAfterRestart: who finds orders and no best price takes the orders back.
func TestStaleAfterRestart(t *testing.T) {
	d := newDesk(t, nil)
	d.update(7, exchange.StatusWorking, fixed("60000"), fixed("0.002"))
	d.want("the timer of the start", d.timer(), "")
	d.now += exchange.Time(10 * time.Second)
	d.want("stale", d.timer(), "cancel #7")
}

// restart puts another instance in its place, with the memory of the one before.
func (d *desk) restart(params map[string]string) {
	d.t.Helper()
	from := d.rt.View().Snapshot()
	version, state, _, err := d.rt.Save()
	if err != nil {
		d.t.Fatal(err)
	}
	from.Saved = &strategy.Saved{Version: version, State: state}
	ins, err := exchange.NewInstruments(*d.in)
	if err != nil {
		d.t.Fatal(err)
	}
	if d.rt, err = strategy.ResumeRuntime(New(), params, ins, 1, from); err != nil {
		d.t.Fatal(err)
	}
}

// TestRestart: the pause of a level and the budget of the minute do not begin anew.
func TestRestart(t *testing.T) {
	p := map[string]string{"levels": "1", "pause": "10s"}
	d := newDesk(t, p)
	d.book("60000", "60000.2")
	d.restart(p)
	d.want("within the pause", d.book("50000", "50000.2"), "")
	d.now += exchange.Time(8 * time.Second)
	d.want("behind it", d.book("50000", "50000.2"), "move #1 to 49999.6, move #2 to 50000.6")

	p = map[string]string{"levels": "1", "pause": "100ms", "budget": "3"}
	d = newDesk(t, p)
	d.book("60000", "60000.2")
	d.restart(p)
	d.want("one is left", d.book("50000", "50000.2"), "move #1 to 49999.6")
	d.restart(p)
	d.want("none is left", d.book("50000", "50000.2"), "")
	d.now += exchange.Time(time.Minute)
	d.want("another minute", d.book("50000", "50000.2"), "move #2 to 50000.6")
}

func TestHalted(t *testing.T) {
	d := newDesk(t, nil)
	d.deliver(func(e *exchange.Event) {
		e.SetState(&exchange.StateChange{State: exchange.ReduceOnly, Effective: exchange.ReduceOnly})
	})
	d.want("reduce-only", d.book("60000", "60000.2"), "")
}

// TestBound: whatever fills, and in whatever order, the bound holds.
func TestBound(t *testing.T) {
	d := newDesk(t, map[string]string{"qty": "0.003", "max_qty": "0.005"})
	for n := range 200 {
		d.book(fmt.Sprint(60000+n%7), fmt.Sprint(60001+n%7))
		if orders := d.rt.View().Orders(); len(orders) > 0 {
			o := orders[n%len(orders)]
			d.fill(o.Ref, o.Request.Side, o.Request.Price.String(), o.Request.Qty.String())
		}
		if held := d.rt.View().Held(d.in); held > fixed("0.005") || held < -fixed("0.005") {
			t.Fatalf("after %d fills it holds %v", n+1, held)
		}
		if len(d.rt.View().Orders()) > 4 {
			t.Fatal("more than two orders on a side")
		}
	}
}

func TestStartErrors(t *testing.T) {
	for params, want := range map[[2]string]string{{"qty", "0.0001"}: "smallest order", {"symbol", "UM:ETHUSDT"}: "ETHUSDT"} {
		ins, err := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
			ContractSize: exchange.FixedOne, Tick: 1, Lot: exchange.Lot{Min: fixed("0.001"), Step: fixed("0.001")}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strategy.NewRuntime(New(), map[string]string{params[0]: params[1]}, ins, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", params, err)
		}
	}
}
