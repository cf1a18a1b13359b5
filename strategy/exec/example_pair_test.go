package exec_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/exec"
)

// spread is short of half a coin by one contract and long of as much by another, whatever happens.
type spread struct {
	near, far *exchange.Instrument
	pair      exec.Pair
}

func (*spread) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "spread", Version: "1.0.0", Stateless: true}
}
func (*spread) Params() any { return nil }

func (s *spread) Start(env *strategy.Env) (err error) {
	if s.near, err = env.Instrument(strategy.Symbol{Product: exchange.UM, Name: "BTCUSDT"}); err != nil {
		return err
	}
	if s.far, err = env.Instrument(strategy.Symbol{Product: exchange.CM, Name: "BTCUSD_PERP"}); err != nil {
		return err
	}
	s.pair = exec.Pair{
		Legs: []*exchange.Instrument{s.far, s.near}, Slice: decimal.RequireFromString("0.1"),
		Tries: 3, Timeout: 10 * time.Second, Cool: time.Hour, Opens: exec.Backoff{Least: time.Minute},
	}
	env.Bars(s.near, time.Minute, 0)
	env.Bars(s.far, time.Minute, 0)
	return nil
}

func (s *spread) step(env *strategy.Env) {
	s.pair.Step(env, s.far, s.near, decimal.RequireFromString("-0.5"))
}

func (s *spread) OnBar(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Bar) { s.pair.Ask(env) }

func (s *spread) OnFill(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Fill) {
	s.pair.Fill(env)
}
func (s *spread) OnTask(env *strategy.Env, u *exchange.TaskUpdate) { s.pair.Task(env, u) }
func (s *spread) OnOrder(env *strategy.Env, _ *exchange.Instrument, u *exchange.OrderUpdate) {
	s.pair.Order(env, u)
}
func (s *spread) OnRefusal(env *strategy.Env, r *exchange.Refusal) { s.pair.Refusal(env, r) }

func (s *spread) OnTimer(env *strategy.Env, _ uint64) {
	s.pair.Rang()
	s.step(env)
}

// The bot trades the pair; when the exchange takes a part of a leg, the other follows by one order.
func ExamplePair() {
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractSize: exchange.FixedOne, Tick: exchange.MustFixed("0.1"),
		Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Step: exchange.MustFixed("0.001")},
	}
	cm := um
	cm.Product, cm.Symbol, cm.ContractSize = exchange.CM, "BTCUSD_PERP", exchange.MustFixed("100")
	cm.Lot = exchange.Lot{Min: exchange.FixedOne, Step: exchange.FixedOne}
	ins, err := exchange.NewInstruments(um, cm)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &spread{}
	rt, err := strategy.NewRuntime(s, nil, ins, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	at, task := exchange.Time(time.Hour), exchange.TaskUpdate{}
	tell := func(inst exchange.InstrumentID, set func(e *exchange.Event)) {
		e := exchange.Event{At: at, Inst: inst}
		set(&e)
		out := rt.Deliver(&e)
		for _, i := range out.Intents {
			fmt.Println(i.Kind, ins.At(i.Request.Inst).Name(), i.Request.Side, i.Request.Qty)
			task = exchange.TaskUpdate{Strategy: 1, Ref: i.Ref, Kind: exchange.TaskPair, Status: exchange.TaskDone, Inst: i.Request.Inst, Hedge: i.Pair.Hedge}
		}
	}
	step := func() {
		tell(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: 1, ID: exec.SoonTimer}) })
	}
	price := exchange.MustFixed("60000")
	for _, inst := range []exchange.InstrumentID{1, 2} {
		tell(inst, func(e *exchange.Event) {
			e.SetBar(&exchange.Bar{Interval: time.Minute, Open: price, High: price, Low: price, Close: price})
		})
	}
	step()
	tell(2, func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: task.Ref, Side: exchange.Sell, Price: price, Qty: exchange.MustFixed("300")})
	})
	tell(1, func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{Strategy: 1, Ref: task.Ref, Side: exchange.Buy, Price: price, Qty: exchange.MustFixed("0.5")})
	})
	task.Coins = decimal.RequireFromString("-0.5")
	tell(2, func(e *exchange.Event) { e.SetTask(&task) })
	step()
	tell(2, func(e *exchange.Event) { // deleveraged
		e.SetFill(&exchange.Fill{Strategy: 1, Side: exchange.Buy, Price: price, Qty: exchange.MustFixed("60"), Forced: exchange.ForcedADL})
	})
	step()
	// Output:
	// PAIR CM BTCUSD_PERP SELL 0.5
	// NEW UM BTCUSDT SELL 0.1
}
