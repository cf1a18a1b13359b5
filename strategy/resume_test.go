package strategy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// sameView compares every field of two views but the table.
var sameView = cmp.Options{
	cmp.AllowUnexported(View{}, instView{}, balance{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".instruments"
	}, cmp.Ignore()), cmpopts.EquateEmpty(),
}

// TestResumedViewEquals stops a strategy after every event of random lives, in one-way and
// in hedge mode, and starts another one with what it stood at: the views are equal then, and
// stay so.
func TestResumedViewEquals(t *testing.T) {
	for _, hedge := range []bool{false, true} {
		for seed := range uint64(3) {
			events := life(rand.New(rand.NewPCG(seed, 1)), 80, hedge)
			never := newRuntime(t, &sender{})
			killed := never
			for i := range events {
				never.Deliver(&events[i])
				if killed != never {
					killed.Deliver(&events[i])
				}
				if diff := cmp.Diff(never.View(), killed.View(), sameView); diff != "" {
					t.Fatalf("hedge %v, seed %d: after event %d (-never stopped +resumed):\n%s", hedge, seed, i, diff)
				}
				from := killed.View().Snapshot()
				killed = newRuntime(t, &sender{})
				if err := killed.Resume(from); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(never.View(), killed.View(), sameView); diff != "" {
					t.Fatalf("hedge %v, seed %d: resumed after event %d (-never stopped +resumed):\n%s", hedge, seed, i, diff)
				}
			}
			if len(never.View().Orders()) == 0 || never.View().Snapshot().LastRef < 2 {
				t.Errorf("hedge %v, seed %d: a dull life", hedge, seed)
			}
		}
	}
}

// sender sends an order at every timer.
type sender struct{ quiet }

func (*sender) OnTimer(env *Env, _ uint64) { env.Send(Buy(env.instruments.At(1), 5)) }

// life makes events of all kinds that change a view.
func life(rng *rand.Rand, n int, hedge bool) []exchange.Event {
	events := make([]exchange.Event, n)
	for i := range events {
		e := &events[i]
		*e = exchange.Event{Seq: uint64(i + 1), At: exchange.Time(1000 + i), Inst: exchange.InstrumentID(1 + rng.IntN(2))}
		price := exchange.Fixed(1+rng.IntN(9)) * exchange.FixedOne
		side := exchange.Side(1 + rng.IntN(2))
		ref := uint64(1 + rng.IntN(20))
		switch rng.IntN(12) {
		case 0, 1, 2:
			f := &exchange.Fill{Strategy: me, Side: side, Qty: exchange.Fixed(rng.IntN(4)), Price: price}
			if hedge {
				f.PositionSide, f.Qty = exchange.Long, exchange.Fixed(1+rng.IntN(4))
				if f.Side == exchange.Sell {
					f.PositionSide = exchange.Short
				}
			}
			e.SetFill(f)
		case 3:
			e.SetTimer(&exchange.Timer{Strategy: me})
		case 4, 5:
			status := exchange.OrderStatus(1 + rng.IntN(14))
			e.SetOrderUpdate(&exchange.OrderUpdate{ID: exchange.OrderID(ref), Strategy: me, Ref: ref, Status: status, Price: price, Qty: 7, ClientID: fmt.Sprint("c", ref)})
		case 6:
			e.SetRefusal(&exchange.Refusal{Intent: exchange.Intent{Kind: exchange.IntentNew, Strategy: me, Ref: ref}})
		case 7:
			e.SetLedger(&exchange.LedgerEntry{Asset: []string{"BTC", "USDT"}[rng.IntN(2)], Wallet: exchange.Wallet(1 + rng.IntN(5)), Balance: decimal.New(rng.Int64N(1e6), -3)})
		case 8:
			e.SetAccount(&exchange.Account{Equity: decimal.New(rng.Int64N(1e6), -2), Status: exchange.StatusNormal})
		case 9:
			state := exchange.TradingState(rng.IntN(3))
			s := &exchange.StateChange{State: state, Effective: state}
			switch rng.IntN(4) {
			case 0:
				s.Inst = e.Inst
			case 1:
				s.Strategy = me
			case 2:
				s.Strategy = me + 1
			}
			e.SetState(s)
		case 10:
			e.SetMark(exchange.Mark{Price: price, Rate: 3})
		case 11:
			e.SetBookTicker(exchange.BookTicker{Bid: price, Ask: price + 1})
		}
	}
	return events
}

// TestResumeFromStart holds that refs are not given twice, not even to what is sent in
// Start, and that memory is restored before the first event.
func TestResumeFromStart(t *testing.T) {
	a := &all{quiet: quiet{start: func(env *Env) error {
		in, err := env.Instrument(Symbol{exchange.UM, "BTCUSDT"})
		if err == nil {
			env.Send(Buy(in, 5))
		}
		return err
	}}}
	from := &Resume{
		LastRef: 41, Orders: []exchange.Order{{ID: 9, Strategy: me, Ref: 40, Status: exchange.StatusWorking, Request: exchange.OrderRequest{Inst: 1}}},
		Saved: &Saved{Version: 3, State: []byte("wise")},
	}
	r, err := ResumeRuntime(a, nil, instruments(t), me, from)
	if err != nil {
		t.Fatal(err)
	}
	orders := r.View().Orders()
	if r.LastRef() != 42 || len(orders) != 2 || orders[0].Ref != 40 || orders[1].Ref != 42 || string(a.state) != "wise" {
		t.Errorf("last ref %d, orders %+v, memory %q", r.LastRef(), orders, a.state)
	}
}

// TestResumeStates holds that of several states of one scope the strictest is taken.
func TestResumeStates(t *testing.T) {
	r := newRuntime(t, &quiet{})
	one, two := r.env.instruments.At(1), r.env.instruments.At(2)
	err := r.Resume(&Resume{States: []exchange.StateChange{
		{Inst: 1, Effective: exchange.Halted}, {Inst: 1, Effective: exchange.ReduceOnly}, {Effective: exchange.Active},
		{Strategy: me, Effective: exchange.ReduceOnly}, {Strategy: me + 1, Effective: exchange.Halted},
	}})
	if err != nil || r.View().State(one) != exchange.Halted || r.View().State(two) != exchange.ReduceOnly {
		t.Errorf("%v and %v (%v)", r.View().State(one), r.View().State(two), err)
	}
}

// TestResumeRefuses names what a view could not take.
func TestResumeRefuses(t *testing.T) {
	for want, from := range map[string]*Resume{
		"position of instrument 9, side 0":     {Positions: []exchange.Position{{Inst: 9}}},
		"position of instrument 1, side 3":     {Positions: []exchange.Position{{Inst: 1, Side: 3}}},
		"position of UM BTCUSDT: ":             {Positions: []exchange.Position{{Inst: 1, Qty: decimal.New(1, 40)}}},
		"order 4 of instrument 0":              {Orders: []exchange.Order{{Ref: 4}}},
		"market of instrument 0":               {Market: []Seen{{}}},
		"state of instrument 3":                {States: []exchange.StateChange{{Inst: 3}}},
		"restore state version 2: too old":     {Saved: &Saved{Version: 2}},
		"strategy quiet: resume: state of ins": {States: []exchange.StateChange{{Inst: 3}}},
	} {
		err := newRuntime(t, &all{}).Resume(from)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	err := newRuntime(t, &quiet{}).Resume(&Resume{Saved: &Saved{}})
	if err == nil || !strings.Contains(err.Error(), "keeps no state") {
		t.Errorf("memory for a strategy without: %v", err)
	}
}
