package exec

import (
	"fmt"
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
		if p.no(env, orders[0].Ref); p.Broken(env) {
			t.Error("broken by the first no")
		}
		if p.no(env, orders[0].Ref); !p.Broken(env) {
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

// flat is a pair whose legs match: what looks has sold of coins was bought by contracts.
func flat(t *testing.T, look func(env *strategy.Env, p *Pair, um, cm *exchange.Instrument)) {
	t.Helper()
	looks(t, func(env *strategy.Env, um, cm *exchange.Instrument) {
		trade(env, cm, 0, exchange.Buy, "350", "50000") // -100 contracts were held
		p := &Pair{Legs: []*exchange.Instrument{um, cm}, Slice: decimal.New(1, -1), Tries: 3, Cool: time.Hour, Opens: Backoff{Least: time.Minute}}
		if open := p.Open(env); !open.IsZero() {
			t.Fatalf("%v is open", open)
		}
		look(env, p, um, cm)
	})
}

// trade tells of a fill, of a task where a ref is given.
func trade(env *strategy.Env, in *exchange.Instrument, ref uint64, s exchange.Side, qty, price string) {
	e := exchange.Event{At: env.Now(), Inst: in.ID}
	e.SetFill(&exchange.Fill{Strategy: 1, Ref: ref, Side: s, Qty: exchange.MustFixed(qty), Price: exchange.MustFixed(price)})
	env.Apply(&e)
}

// tells tells of a pair.
func tells(env *strategy.Env, u exchange.TaskUpdate, s exchange.TaskStatus, lead, hedged string) *exchange.TaskUpdate {
	u.Status, u.Lead, u.Hedged = s, decimal.RequireFromString(lead), decimal.RequireFromString(hedged)
	e := exchange.Event{At: env.Now(), Inst: u.Inst}
	e.SetTask(&u)
	env.Apply(&e)
	return &u
}

// pairs lists the pairs at work, in coins of the lead.
func pairs(env *strategy.Env) (list []string) {
	for _, u := range env.Tasks() {
		list = append(list, u.Coins.String())
	}
	return list
}

// TestPairFollows: a pair is wished for what is missing, once; the way out is rounded up, so that
// no contract is left; from one side to the other it goes through flat.
func TestPairFollows(t *testing.T) {
	for _, c := range []struct{ want, pairs string }{
		{"-0.5", "[]"}, {"-0.5009", "[]"}, {"-0.7", "[-0.2]"}, {"-0.25", "[0.25]"}, {"0", "[0.5]"}, {"0.3", "[0.5]"},
	} {
		flat(t, func(env *strategy.Env, p *Pair, um, cm *exchange.Instrument) {
			p.Step(env, um, cm, decimal.RequireFromString(c.want))
			p.Step(env, um, cm, decimal.RequireFromString(c.want))
			if got := fmt.Sprint(pairs(env)); got != c.pairs || len(env.Orders()) != 0 {
				t.Errorf("from -0.5 to %s: pairs of %s, want %s; orders %+v", c.want, got, c.pairs, env.Orders())
			}
		})
	}
}

// TestPairStrays: a pair at work ends, once, where it would go beyond what is wanted, and where
// something stands open that is not its own. While it goes there, or trades back, it is let be.
func TestPairStrays(t *testing.T) {
	for _, c := range []struct {
		name, want string
		ends       bool
		happens    func(env *strategy.Env, u exchange.TaskUpdate, um, cm *exchange.Instrument)
	}{
		{"it goes there", "-0.7", false, nil},
		{"more is wanted", "-0.9", false, nil},
		{"less is wanted", "-0.6", true, nil},
		{"less than a lot less is wanted", "-0.6995", false, nil},
		{"half is done, the hedge is still to come", "-0.7", false, func(env *strategy.Env, u exchange.TaskUpdate, um, _ *exchange.Instrument) {
			trade(env, um, u.Ref, exchange.Sell, "0.1", "60000")
			tells(env, u, exchange.TaskWorking, "-0.1", "0")
		}},
		{"half is done and no more is wanted", "-0.6", true, func(env *strategy.Env, u exchange.TaskUpdate, um, cm *exchange.Instrument) {
			trade(env, um, u.Ref, exchange.Sell, "0.1", "60000")
			tells(env, u, exchange.TaskWorking, "-0.1", "0")
		}},
		{"the exchange takes a leg", "-0.7", true, func(env *strategy.Env, _ exchange.TaskUpdate, um, _ *exchange.Instrument) {
			trade(env, um, 0, exchange.Buy, "0.2", "60000")
		}},
		{"it trades back", "0", false, func(env *strategy.Env, u exchange.TaskUpdate, um, _ *exchange.Instrument) {
			tells(env, u, exchange.TaskUnwinding, "0", "0")
		}},
	} {
		flat(t, func(env *strategy.Env, p *Pair, um, cm *exchange.Instrument) {
			p.Step(env, um, cm, decimal.New(-7, -1))
			u := env.Tasks()[0]
			if c.happens != nil {
				c.happens(env, u, um, cm)
			}
			p.Step(env, um, cm, decimal.RequireFromString(c.want))
			if got := p.stopping == u.Ref; got != c.ends || len(env.Tasks()) != 1 || len(env.Orders()) != 0 {
				t.Errorf("%s: wished gone %v, want %v; %+v", c.name, got, c.ends, env.Orders())
			}
		})
	}
	flat(t, func(env *strategy.Env, p *Pair, um, cm *exchange.Instrument) { // the legs are others now
		if p.Step(env, um, cm, decimal.New(-7, -1)); p.stopping != 0 {
			t.Error("wished gone at once")
		}
		if p.Step(env, cm, um, decimal.Zero); p.stopping != env.Tasks()[0].Ref {
			t.Error("a pair of other legs is not wished gone")
		}
	})
}

// TestPairFails: one that was traded back opens nothing for a while and is left; on the way out the
// next one waits, and longer each time. What the bot's own orders meet is not counted again.
func TestPairFails(t *testing.T) {
	flat(t, func(env *strategy.Env, p *Pair, um, cm *exchange.Instrument) {
		p.Step(env, um, cm, decimal.New(-7, -1))
		in := env.Tasks()[0]
		for range 5 {
			p.no(env, in.Ref)
		}
		if p.Broken(env) || !p.Opens.Ready(env.Now()) {
			t.Error("refusals of a pair at work are counted")
		}
		p.Task(env, tells(env, in, exchange.TaskUnwound, "0", "0"))
		if !p.Broken(env) {
			t.Error("not broken by a hedge that failed")
		}
		p.Step(env, um, cm, decimal.New(-7, -1))
		if got := fmt.Sprint(pairs(env)); got != "[0.5]" {
			t.Errorf("broken, it wishes %s, want the way out", got)
		}
		for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			out := env.Tasks()[0]
			p.Task(env, tells(env, out, exchange.TaskUnwound, "0", "0"))
			p.Step(env, um, cm, decimal.Zero)
			if len(env.Tasks()) != 0 || !p.exits.Ready(env.Now().Add(wait)) || p.exits.Ready(env.Now().Add(wait-1)) {
				t.Errorf("after a way out that failed it does not wait %v: %+v", wait, env.Tasks())
			}
			tick := exchange.Event{At: env.Now().Add(wait)}
			tick.SetTimer(&exchange.Timer{Strategy: 1, ID: PairTimer})
			env.Apply(&tick)
			p.Step(env, um, cm, decimal.Zero)
			if got := fmt.Sprint(pairs(env)); got != "[0.5]" {
				t.Fatalf("after %v it wishes %s", wait, got)
			}
		}
	})
	flat(t, func(env *strategy.Env, p *Pair, um, cm *exchange.Instrument) { // the lead fails, or the wish is refused
		p.Step(env, um, cm, decimal.New(-7, -1))
		p.Task(env, tells(env, env.Tasks()[0], exchange.TaskFailed, "0", "0"))
		if p.Broken(env) || p.Opens.Ready(env.Now()) {
			t.Errorf("a lead that failed: broken %v, it waits %v", p.Broken(env), !p.Opens.Ready(env.Now()))
		}
	})
}

// TestPairRest: a rest of the lead that nothing is held against is closed by itself, and none is
// opened.
func TestPairRest(t *testing.T) {
	looks(t, func(env *strategy.Env, um, cm *exchange.Instrument) {
		trade(env, cm, 0, exchange.Buy, "100", "50000")
		trade(env, um, 0, exchange.Buy, "0.499", "60000")
		p := &Pair{Legs: []*exchange.Instrument{um, cm}, Slice: decimal.New(1, -1), Tries: 3, Cool: time.Hour}
		p.Step(env, um, cm, decimal.New(-2, -3))
		if len(env.Tasks())+len(env.Orders()) != 0 {
			t.Errorf("it opens what the hedge cannot follow: %+v %+v", env.Tasks(), env.Orders())
		}
		p.Step(env, um, cm, decimal.Zero)
		if list := env.Orders(); len(env.Tasks()) != 0 || len(list) != 1 || list[0].Request.Qty != exchange.MustFixed("0.001") || !list[0].Request.ReduceOnly {
			t.Errorf("a rest of 0.001 leads to %+v %+v", env.Tasks(), list)
		}
	})
}
