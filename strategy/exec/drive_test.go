package exec

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// driven is a strategy that does the same at every price and timer, and another thing after a no.
type driven struct{ step, no func(env *strategy.Env) }

func (*driven) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "driven", Version: "1.0.0"}
}
func (*driven) Params() any               { return nil }
func (*driven) Start(*strategy.Env) error { return nil }
func (d *driven) OnBookTicker(env *strategy.Env, _ *exchange.Instrument, _ exchange.BookTicker) {
	d.step(env)
}
func (d *driven) OnBar(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Bar) { d.step(env) }
func (d *driven) OnTimer(env *strategy.Env, _ uint64)                              { d.step(env) }
func (d *driven) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	if u.Status == exchange.StatusRejected || u.Status == exchange.StatusExpired {
		d.no(env)
	}
}

// drive is such a strategy, and an exchange that takes every request at once.
type drive struct {
	t    *testing.T
	rt   *strategy.Runtime
	in   *exchange.Instrument
	now  exchange.Time
	said []string
	// filled is how much orders have.
	filled map[uint64]exchange.Fixed
}

// newDrive begins with a position, and with an order where one is given.
func newDrive(t *testing.T, held string, step, no func(env *strategy.Env), orders ...exchange.Order) *drive {
	t.Helper()
	ins, err := exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"),
		Lot: exchange.Lot{Min: exchange.MustFixed("0.1"), Step: exchange.MustFixed("0.1")}, NotionalMin: exchange.MustFixed("20"),
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &drive{t: t, in: ins.At(1), now: exchange.Time(time.Hour), filled: map[uint64]exchange.Fixed{}}
	from := &strategy.Resume{At: d.now, LastRef: uint64(len(orders)), Orders: orders}
	if held != "0" {
		from.Positions = []exchange.Position{{Inst: 1, Qty: decimal.RequireFromString(held), Entry: decimal.New(100, 0)}}
	}
	if d.rt, err = strategy.ResumeRuntime(&driven{step, no}, nil, ins, 1, from); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *drive) deliver(set func(e *exchange.Event)) {
	e := exchange.Event{At: d.now, Inst: 1}
	set(&e)
	for _, i := range append([]exchange.Intent{}, d.rt.Deliver(&e).Intents...) {
		r := &i.Request
		switch i.Kind {
		case exchange.IntentNew:
			flags := ""
			if r.ReduceOnly {
				flags = " reduce-only"
			}
			d.said = append(d.said, fmt.Sprintf("%v %v %v at %v %v%s", r.Side, r.Qty, r.Type, r.Price, r.TimeInForce, flags))
			d.update(i.Ref, exchange.StatusWorking, r.Price, r.Qty)
		case exchange.IntentAmend:
			d.said = append(d.said, fmt.Sprintf("amend #%d to %v at %v", i.Ref, r.Qty, r.Price))
			d.update(i.Ref, exchange.StatusWorking, r.Price, r.Qty)
		case exchange.IntentCancel:
			d.said = append(d.said, fmt.Sprintf("cancel #%d", i.Ref))
			d.update(i.Ref, exchange.StatusCanceled, 0, 0)
		}
	}
}

func (d *drive) update(ref uint64, s exchange.OrderStatus, price, qty exchange.Fixed) {
	d.deliver(func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(ref), Strategy: 1, Ref: ref, Status: s, Price: price, Qty: qty, Filled: d.filled[ref]})
	})
}

// fill executes an order whole.
func (d *drive) fill(ref uint64, s exchange.Side, price, qty string) {
	d.deliver(func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: ref, Side: s, Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)})
	})
	d.update(ref, exchange.StatusFilled, exchange.MustFixed(price), exchange.MustFixed(qty))
}

// part executes a part of an order.
func (d *drive) part(ref uint64, s exchange.Side, price, qty, of string) {
	d.filled[ref] += exchange.MustFixed(qty)
	d.deliver(func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: ref, Side: s, Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)})
	})
	d.deliver(func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{
			ID: exchange.OrderID(ref), Strategy: 1, Ref: ref, Status: exchange.StatusPartiallyFilled,
			Price: exchange.MustFixed(price), Qty: exchange.MustFixed(of), Filled: d.filled[ref],
		})
	})
}

func (d *drive) book(after time.Duration, bid, ask string) {
	d.now = d.now.Add(after)
	d.deliver(func(e *exchange.Event) {
		e.SetBookTicker(exchange.BookTicker{Bid: exchange.MustFixed(bid), BidQty: 1, Ask: exchange.MustFixed(ask), AskQty: 1})
	})
}

func (d *drive) bar(after time.Duration, price string) {
	d.now = d.now.Add(after)
	c := exchange.MustFixed(price)
	d.deliver(func(e *exchange.Event) {
		e.SetBar(&exchange.Bar{Interval: time.Minute, Open: c, High: c, Low: c, Close: c})
	})
}

func (d *drive) state(s exchange.TradingState) {
	d.deliver(func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: s, Effective: s}) })
}

// want compares what was asked for since the last call.
func (d *drive) want(what, want string) {
	d.t.Helper()
	if got := strings.Join(d.said, ", "); got != want {
		d.t.Errorf("%s: it asks for %q, want %q", what, got, want)
	}
	d.said = nil
}
