package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// CatchUp notes that another reading is asked for.
func (b *bench) CatchUp(why string) { b.say("read again: %s", why) }

// reconcile is the words of scripts about the exchange's account:
//
//	there position UM 0.1 60000 [long|short]   what a reading has; a quantity of 0 takes it out
//	there balance UM USDT 100000
//	there order t-1-1 UM buy 0.1 59000 [foreign] [filled=0.02] [made=5s] [oco=58000]
//	there no-order t-1-1
//	there symbol position on UM DOGEUSDT
//	read                                       the reading is told
//	differences                                those of the newest
//	accept                                     a person takes the exchange's account for ours
func (b *bench) reconcile(f []string) error {
	switch f[0] {
	case "read":
		t := b.there
		t.At = b.now
		t.Orders, t.Positions = slices.Clone(t.Orders), slices.Clone(t.Positions)
		e := exchange.Event{At: b.now, Exchange: b.now}
		e.SetTruth(&t)
		return b.driver.Deliver(&e)
	case "accept":
		e := exchange.Event{At: b.now}
		e.SetState(&exchange.StateChange{State: exchange.Active, Cause: exchange.CauseOperator, Accept: true, Reason: "seen", By: "ann"})
		return b.driver.Deliver(&e)
	case "differences":
		for _, d := range b.kernel.Differences() {
			b.say("%v, seen %d times", &d, d.Seen)
		}
		return nil
	case "flatten":
		return b.flatten(f)
	}
	switch f[1] {
	case "position":
		p := exchange.Position{Inst: b.inst(f[2]), Qty: decimal.RequireFromString(f[3])}
		if len(f) > 4 {
			p.Entry = decimal.RequireFromString(f[4])
		}
		switch f[len(f)-1] {
		case "long":
			p.Side = exchange.Long
		case "short":
			p.Side = exchange.Short
		}
		b.there.Positions = slices.DeleteFunc(b.there.Positions, func(o exchange.Position) bool { return o.Inst == p.Inst && o.Side == p.Side })
		if !p.Qty.IsZero() {
			b.there.Positions = append(b.there.Positions, p)
		}
	case "balance":
		w, err := exchange.ParseWallet(f[2])
		if err != nil {
			return err
		}
		b.there.Balances = slices.DeleteFunc(b.there.Balances, func(o exchange.TruthBalance) bool { return o.Asset == f[3] && o.Wallet == w })
		b.there.Balances = append(b.there.Balances, exchange.TruthBalance{Asset: f[3], Wallet: w, Amount: decimal.RequireFromString(f[4])})
	case "no-order":
		b.there.Orders = slices.DeleteFunc(b.there.Orders, func(o exchange.TruthOrder) bool { return o.ClientID == f[2] })
	case "order":
		return b.thereOrder(f[2:])
	case "symbol":
		b.there.Foreign = append(b.there.Foreign, strings.Join(f[2:], " "))
	default:
		return fmt.Errorf("no such verb there %q", f[1])
	}
	return nil
}

func (b *bench) thereOrder(f []string) error {
	o := exchange.TruthOrder{Ours: true, Order: exchange.Order{
		ClientID: f[0], VenueID: 77, Status: exchange.StatusWorking, Created: b.now,
		Request: exchange.OrderRequest{Inst: b.inst(f[1]), Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed(f[3]), Price: exchange.MustFixed(f[4])},
	}}
	if f[2] == "sell" {
		o.Request.Side = exchange.Sell
	}
	for _, word := range f[5:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "foreign":
			o.Ours = false
		case "filled":
			o.Filled = exchange.MustFixed(value)
		case "made":
			d, err := time.ParseDuration(value)
			if err != nil {
				return err
			}
			o.Created = b.now.Add(-d)
		case "oco":
			o.Request.Type, o.Request.Trigger = exchange.OCO, exchange.MustFixed(value)
		case "trigger":
			o.Request.Type, o.Request.Price, o.Request.Trigger = exchange.StopMarket, 0, exchange.MustFixed(value)
		}
	}
	b.there.Orders = slices.DeleteFunc(b.there.Orders, func(have exchange.TruthOrder) bool { return have.ClientID == o.ClientID })
	b.there.Orders = append(b.there.Orders, o)
	return nil
}

// flatten is "flatten [UM] [s1] [now]": the plan, and with now what becomes of it.
func (b *bench) flatten(f []string) error {
	var inst exchange.InstrumentID
	var strategy exchange.StrategyID
	now := false
	for _, word := range f[1:] {
		switch {
		case word == "now":
			now = true
		case word[0] == 's':
			strategy = exchange.StrategyID(word[1] - '0')
		default:
			inst = b.inst(word)
		}
	}
	plan := b.kernel.FlattenPlan("ann", strategy, inst)
	for _, s := range plan.Steps {
		b.say("plan: %s%s", s.Text, strings.TrimSuffix("; "+s.Note, "; "))
	}
	for _, kept := range plan.Kept {
		b.say("kept: %s", kept)
	}
	for i := 0; now && i < len(plan.Steps); i++ {
		in := plan.Steps[i].Intent
		e := exchange.Event{At: b.now, Inst: in.Request.Inst}
		e.SetIntent(&in)
		if err := b.driver.Deliver(&e); err != nil {
			return err
		}
	}
	return nil
}

// TestPolicies plays the scripts of testdata/policy under the policies of their names, each
// policy another than the default.
func TestPolicies(t *testing.T) {
	for name, policy := range map[string]Reconcile{
		"adopt": {Orders: exchange.RemedyAdopt, Positions: exchange.RemedyAdopt},
		"halt":  {Orders: exchange.RemedyHalt, Balances: exchange.RemedyHalt, Foreign: exchange.RemedyHalt},
	} {
		t.Run(name, func(t *testing.T) {
			path := "testdata/policy/" + name + ".txt"
			script, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b := newBench(t)
			b.kernel.reconcile = policy
			if err := policy.Check(); err != nil {
				t.Error(err)
			}
			got := b.play(string(script))
			if *rewrite {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(script) {
				t.Errorf("the kernel answers otherwise; got\n%s", got)
			}
		})
	}
}

// TestReconcileCheck: what makes no sense is named by its key.
func TestReconcileCheck(t *testing.T) {
	for want, r := range map[string]Reconcile{
		"reconcile.orders is REPORT; it must be one of [CANCEL ADOPT HALT]": {Orders: exchange.RemedyReport},
		"reconcile.positions is CANCEL; it must be one of [HALT ADOPT]":     {Positions: exchange.RemedyCancel},
		"reconcile.balances is WAIT; it must be one of [ADOPT HALT]":        {Balances: exchange.RemedyWait},
		"reconcile.foreign is CANCEL; it must be one of [REPORT HALT]":      {Foreign: exchange.RemedyCancel},
	} {
		if err := r.Check(); err == nil || err.Error() != want {
			t.Errorf("%+v: %v, want %s", r, err, want)
		}
	}
	if err := (&Reconcile{}).Check(); err != nil {
		t.Error(err)
	}
}

// TestTruthReplay rebuilds the kernel of each script from events and decisions, under other
// policies, and after each event from a snapshot: it is the same to the byte.
func TestTruthReplay(t *testing.T) {
	policies := []Reconcile{
		{}, {Orders: exchange.RemedyAdopt, Positions: exchange.RemedyAdopt},
		{Orders: exchange.RemedyHalt, Balances: exchange.RemedyHalt, Foreign: exchange.RemedyHalt},
	}
	for i, name := range []string{"truth", "truth-orders", "policy/adopt", "policy/halt"} {
		script, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t)
		b.kernel.reconcile = policies[max(0, i-1)]
		s := &story{kernel: b.kernel}
		b.driver.Record(s)
		b.play(string(script))
		again := newBench(t).kernel
		again.reconcile = policies[(i+1)%3]
		for _, step := range s.steps {
			e := copied(&step.event)
			again.Apply(&e, step.decided)
			taken := again.Snapshot()
			c := newBench(t)
			other, err := Restore(Config{Instruments: c.ins, Guard: c.guard, Strategies: 2, ClientPrefix: "x"}, taken)
			if err != nil {
				t.Fatalf("%s: event %d: %v", name, step.event.Seq, err)
			}
			if string(other.Snapshot()) != string(taken) {
				t.Fatalf("%s: event %d: restored it is\n%s\nand was\n%s", name, step.event.Seq, other.Snapshot(), taken)
			}
			again = other
		}
		if got, want := string(again.Snapshot()), string(b.kernel.Snapshot()); got != want {
			t.Errorf("%s: replayed it is\n%s\nand was\n%s", name, got, want)
		}
	}
}

// TestFillsOfForgottenOrders: a fill that is told again counts once, though so many orders have
// ended since that its order is forgotten.
func TestFillsOfForgottenOrders(t *testing.T) {
	b := opened(t)
	deliver := func(set func(*exchange.Event)) {
		e := exchange.Event{At: b.now, Inst: 1}
		set(&e)
		if err := b.driver.Deliver(&e); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(id string) {
		deliver(func(e *exchange.Event) {
			e.SetFill(&exchange.Fill{ClientID: id, TradeID: 1, VenueID: 77, Side: exchange.Buy, Qty: exchange.MustFixed("0.1"), Price: exchange.MustFixed("60000")})
		})
	}
	b.play("s1 #1 buy UM 0.1 limit 59000\nack t-1-1")
	fill("t-1-1")
	b.play("end t-1-1 FILLED filled=0.1")
	for i := range exchange.OrderID(closedMax) {
		o := b.kernel.orders.add(exchange.Order{ID: 100 + i, ClientID: fmt.Sprint("x", i), Request: exchange.OrderRequest{Inst: 1}})
		b.kernel.orders.close(o)
	}
	if b.kernel.orders.byName["t-1-1"] != nil {
		t.Fatal("the order is not forgotten")
	}
	fill("t-1-1")
	if got := b.kernel.sum(1, exchange.Both); !got.Equal(decimal.RequireFromString("0.1")) || !b.kernel.Stale() {
		t.Errorf("the position is %v", got)
	}
}

// TestStrangersHold: by the default limits whoever else trades an instrument has it reduce only,
// by an order that a reading shows and by a fill that nobody knows. The child of a stop of ours
// is nobody else's, though its fill comes before its name.
func TestStrangersHold(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"an order", "read\nthere order web_1 UM sell 0.2 70000 foreign\nread", "somebody else trades: SELL order web_1"},
		{"a fill", "fill child-9 BUY 0.03 61050 1\nwait 2s\nprice UM 60000", "a fill of order child-9, which is not known here"},
		{"a child", "fill child-9 BUY 0.03 61050 1\nend t-1-1 TRIGGERED child=child-9\nwait 2s\nprice UM 60000", ""},
	} {
		l := benchLimits()
		l.StrangersMax = riskguard.DefaultLimits().StrangersMax
		b := benchOf(t, l)
		b.play("price UM 60000\nprice CM 60000\nindex BTC 60000\nindex USDT 1\ndeposit UM USDT 100000\nthere balance UM USDT 100000\nstate ACTIVE\n" +
			"s1 #1 buy UM 0.1 stop 61000\nack t-1-1\n" + c.script)
		b.out.Reset()
		b.play("states")
		if got := b.out.String(); !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "WATCH") {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
