package exec

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// holder is a strategy that lets a test look at its view.
type holder struct{ look func(env *strategy.Env) }

func (h *holder) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "holder", Version: "1.0.0"}
}
func (h *holder) Params() any                   { return nil }
func (h *holder) Start(env *strategy.Env) error { return nil }

func (h *holder) OnBar(env *strategy.Env, _ *exchange.Instrument, _ *exchange.Bar) { h.look(env) }

// looks calls a function with the view of a strategy that has sold 100 contracts of 100
// dollars at 50,000 and 0.5 coins at 50,000, after the price has gone to 60,000.
func looks(t *testing.T, look func(env *strategy.Env, um, cm *exchange.Instrument)) {
	t.Helper()
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractSize: exchange.FixedOne, Tick: exchange.FixedOne,
		Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Step: exchange.MustFixed("0.001")}, NotionalMin: exchange.MustFixed("100"),
	}
	cm := um
	cm.Product, cm.Symbol, cm.ContractSize, cm.NotionalMin = exchange.CM, "BTCUSD_PERP", exchange.MustFixed("100"), 0
	cm.Lot = exchange.Lot{Min: exchange.FixedOne, Step: exchange.FixedOne}
	ins, err := exchange.NewInstruments(um, cm)
	if err != nil {
		t.Fatal(err)
	}
	h, seen := &holder{}, false
	rt, err := strategy.ResumeRuntime(h, nil, ins, 1, &strategy.Resume{At: exchange.Time(time.Hour), Positions: []exchange.Position{
		{Inst: 1, Qty: decimal.New(-5, -1), Entry: decimal.New(50_000, 0)}, {Inst: 2, Qty: decimal.New(-100, 0), Entry: decimal.New(50_000, 0)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.look = func(env *strategy.Env) {
		if env.Last(ins.At(1)) != 0 && env.Last(ins.At(2)) != 0 {
			seen = true
			look(env, ins.At(1), ins.At(2))
		}
	}
	for id := exchange.InstrumentID(1); id <= 2; id++ {
		c := exchange.MustFixed("60000")
		e := exchange.Event{At: exchange.Time(2 * time.Hour), Inst: id}
		e.SetBar(&exchange.Bar{Interval: time.Minute, Open: c, High: c, Low: c, Close: c})
		rt.Deliver(&e)
	}
	if !seen {
		t.Fatal("no bar came")
	}
}

// TestLot: contracts that pay in coins count by their entry while they are closed, and by the
// last price when they are opened.
func TestLot(t *testing.T) {
	looks(t, func(env *strategy.Env, um, cm *exchange.Instrument) {
		if got := Coins(env, cm); !got.Equal(decimal.New(-2, -1)) {
			t.Errorf("100 contracts sold at 50,000 are %v coins, want -0.2", got)
		}
		for _, c := range []struct {
			in    *exchange.Instrument
			coins string
			want  string
		}{
			{cm, "0.1", "50"}, {cm, "0.2", "100"}, {cm, "0.3", "100"}, {cm, "-0.1", "-60"}, {cm, "0.001", "0"},
			{um, "0.2", "0.2"}, {um, "0.9", "0.5"}, {um, "-0.0029", "-0.002"}, {um, "-0.001", "0"}, {um, "0.001", "0.001"},
		} {
			if got := Lot(env, c.in, decimal.RequireFromString(c.coins)); got != exchange.MustFixed(c.want) {
				t.Errorf("%s coins of %s are %v, want %s", c.coins, c.in.Name(), got, c.want)
			}
		}
	})
}

// TestPairHedgesFirst: what is open is hedged before anything else, and one order is at work.
func TestPairHedgesFirst(t *testing.T) {
	looks(t, func(env *strategy.Env, um, cm *exchange.Instrument) {
		p := Pair{Legs: []*exchange.Instrument{um, cm}, Slice: decimal.New(1, -1), Tries: 2, Cool: time.Hour}
		if open := p.Open(env); !open.Equal(decimal.New(-7, -1)) || p.Flat(env) {
			t.Errorf("%v is open", open)
		}
		p.Step(env, cm, um, decimal.New(-9, -1))
		p.Step(env, cm, um, decimal.New(-9, -1))
		orders := env.Orders()
		if len(orders) != 1 || orders[0].Request.Inst != um.ID || orders[0].Request.Side != exchange.Buy || orders[0].Request.Qty != exchange.MustFixed("0.5") {
			t.Errorf("it sent %+v, want one that buys 0.5 of %s", orders, um.Name())
		}
		if p.No(env); p.Broken(env) {
			t.Error("broken by the first no")
		}
		if p.No(env); !p.Broken(env) {
			t.Error("not broken by the second no")
		}
	})
}

// TestPairHalted: a hedge that is halted is not sent, and fails like one that is refused.
func TestPairHalted(t *testing.T) {
	looks(t, func(env *strategy.Env, um, cm *exchange.Instrument) {
		e := exchange.Event{At: env.Now()}
		e.SetState(&exchange.StateChange{State: exchange.Halted, Effective: exchange.Halted})
		env.Apply(&e)
		p := Pair{Legs: []*exchange.Instrument{um, cm}, Slice: decimal.New(1, -1), Tries: 1, Cool: time.Hour}
		p.Step(env, cm, um, decimal.New(-9, -1))
		if orders := env.Orders(); len(orders) != 0 || !p.Broken(env) {
			t.Errorf("while all is halted it sent %+v, broken %v", orders, p.Broken(env))
		}
	})
}
