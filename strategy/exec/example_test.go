package exec_test

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// buyer buys a coin by an order that follows the bid for a minute and then takes, for at most
// half a percent more than it began with.
type buyer struct {
	in    *exchange.Instrument
	chase exec.Chase
	soon  exec.Soon
}

func (*buyer) Manifest() strategy.Manifest { return strategy.Manifest{Name: "buyer", Version: "1.0.0"} }
func (*buyer) Params() any                 { return nil }

func (b *buyer) Start(env *strategy.Env) (err error) {
	b.in, err = env.Instrument(strategy.Symbol{Product: exchange.UM, Name: "BTCUSDT"})
	if err != nil {
		return err
	}
	b.chase = exec.Chase{Patience: time.Minute, Distance: exchange.MustFixed("0.005"), Amends: 30, Pause: time.Second}
	env.BookTickers(b.in)
	return nil
}

func (b *buyer) step(env *strategy.Env) { b.chase.Step(env, b.in, exchange.FixedOne) }

func (b *buyer) OnBookTicker(env *strategy.Env, _ *exchange.Instrument, _ exchange.BookTicker) {
	b.step(env)
}

func (b *buyer) OnFill(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Fill) {
	b.chase.Yes()
	b.soon.Ask(env)
}

func (b *buyer) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	switch u.Status {
	case exchange.StatusRejected, exchange.StatusExpired:
		b.chase.No(env)
	case exchange.StatusCanceled:
		b.soon.Ask(env)
	}
}

func (b *buyer) OnRefusal(env *strategy.Env, _ *exchange.Refusal) { b.chase.No(env) }

func (b *buyer) OnTimer(env *strategy.Env, id uint64) {
	if id == exec.SoonTimer {
		b.soon.Rang()
	}
	b.step(env)
}

func ExampleChase() {
	ins, err := exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"),
		Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Step: exchange.MustFixed("0.001")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := strategy.NewRuntime(&buyer{}, nil, ins, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	at := exchange.Time(time.Hour)
	for _, bid := range []int64{60_000, 60_010} {
		e := exchange.Event{At: at, Inst: 1}
		price := exchange.Fixed(bid) * exchange.FixedOne
		e.SetBookTicker(exchange.BookTicker{Bid: price, BidQty: 1, Ask: price + exchange.FixedOne, AskQty: 1})
		for _, i := range rt.Deliver(&e).Intents {
			fmt.Println(i.Kind, i.Request.Qty, "at", i.Request.Price)
			works := exchange.Event{At: at, Inst: 1}
			works.SetOrderUpdate(&exchange.OrderUpdate{ID: 1, Strategy: 1, Ref: i.Ref, Status: exchange.StatusWorking, Price: i.Request.Price, Qty: i.Request.Qty})
			rt.Deliver(&works)
		}
		at = at.Add(5 * time.Second)
	}
	// Output:
	// NEW 1 at 60000
	// AMEND 1 at 60010
}

func ExampleTWAP() {
	start := exchange.TimeOf(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	t := exec.TWAP{From: 0, To: exchange.MustFixed("-3"), Start: start, For: time.Hour, Slices: 3}
	for _, after := range []time.Duration{0, 20 * time.Minute, 40 * time.Minute, 24 * time.Hour} {
		fmt.Println("after", after, "hold", t.Want(start.Add(after)))
	}
	// Output:
	// after 0s hold -1
	// after 20m0s hold -2
	// after 40m0s hold -3
	// after 24h0m0s hold -3
}

func ExampleForecast() {
	var f exec.Forecast
	now := exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, hours := range []time.Duration{8, 8, 4} { // the exchange settles more often
		now = now.Add(hours * time.Hour)
		f.Settle(now, exchange.Funding{Rate: exchange.MustFixed("0.0001"), Interval: hours * time.Hour}, 3)
	}
	ratio, ok := f.Expect(30*24*time.Hour, 3)
	fmt.Println("a short is paid", ratio, "of its value in thirty days:", ok)
	// Output:
	// a short is paid 0.0108 of its value in thirty days: true
}
