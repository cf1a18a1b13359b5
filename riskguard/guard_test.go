package riskguard

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestRulesInOrder: the controls in the order of evaluation that is documented; money ones
// bound risk, so what reduces it passes them.
func TestRulesInOrder(t *testing.T) {
	want := []string{
		"state",
		"permission",
		"filters",
		"order-size, money",
		"price-collar",
		"freshness",
		"duplicate",
		"unknown-order, money",
		"executions, money",
		"message-rate, pace",
		"open-orders, money",
		"position, money",
		"exposure, money",
		"self-trade",
		"unimmr, money",
		"initial-margin, money",
		"unimmr-shock, money",
		"reduce-only",
		"loan, money",
		"collateral, money",
		"loss, money",
		"budget, money",
		"streak, money",
		"ramp, money",
		"plugin, money",
	}
	var got []string
	for _, r := range rules() {
		name := r.name
		if r.money {
			name += ", money"
		}
		if r.pace {
			name += ", pace"
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules %q, want %q", got, want)
	}
}

// TestPanicRefusesAndHalts: a control that fails says no, and asks for a halt.
func TestPanicRefusesAndHalts(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.g.rules = append(b.g.rules, rule{name: "broken", money: true, check: func(*check) *exchange.Refusal { panic("index out of range") }})
	v := b.g.Check(exchange.Intent{Ref: 7}, b.order(strings.Fields("buy UM 0.003 limit 50000")), false, b.now)
	if v.Approved.Valid(b.g.Epoch(), b.now) || v.Refusal == nil {
		t.Fatalf("%+v", v)
	}
	if want := "refused by broken: the control failed, limit it must run"; v.Refusal.Error() != want || v.Refusal.Intent.Ref != 7 {
		t.Errorf("%v of #%d, want %s", v.Refusal, v.Refusal.Intent.Ref, want)
	}
	if want := "control broken failed on LIMIT: index out of range"; v.Halt != want {
		t.Errorf("halt %q, want %q", v.Halt, want)
	}
	// Even one that reduces: what failed may be what says so.
	b.do(strings.Fields("fill UM BUY 0.1 50000"))
	if got := b.ask(strings.Fields("check sell UM 0.003 limit 50000")); !strings.Contains(got, "refused by broken") {
		t.Error(got)
	}
}

// TestBadInputStopsTrading: after an event that the model could not take, its picture may
// be wrong, so nothing more is approved, not even what would reduce.
func TestBadInputStopsTrading(t *testing.T) {
	for name, spoil := range map[string]func(b *bench){
		"mark":  func(b *bench) { b.price(benchUM, -1, 0) },
		"index": func(b *bench) { b.do(strings.Fields("index BTC -1")) },
		"fill of no instrument": func(b *bench) {
			e := exchange.Event{At: b.now, Inst: 99}
			e.SetFill(&exchange.Fill{Side: exchange.Buy, Qty: 1, Price: 1})
			b.g.Apply(&e)
		},
		"order without number": func(b *bench) { b.g.Hold(exchange.Order{Status: exchange.StatusWorking}) },
	} {
		b := newBench(t, DefaultLimits())
		b.do(strings.Fields("fill UM BUY 0.1 50000"))
		spoil(b)
		b.fresh()
		if got := b.ask(strings.Fields("check sell UM 0.003 limit 50000")); !strings.HasPrefix(got, "refused by state: the margin model lost track: ") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestForeignEventsAreHarmless: what names no instrument, asset or strategy of ours
// changes nothing and ends nothing.
func TestForeignEventsAreHarmless(t *testing.T) {
	b := newBench(t, DefaultLimits())
	for _, set := range []func(*exchange.Event){
		func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: 1, Qty: 1}) },
		func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: -1}) },
		func(e *exchange.Event) { e.SetCadence(&exchange.Cadence{Kind: exchange.KindMark, Every: time.Hour}) },
		func(e *exchange.Event) { e.SetState(&exchange.StateChange{Inst: 99, State: exchange.Active}) },
		func(e *exchange.Event) { e.SetState(&exchange.StateChange{Strategy: 99, State: exchange.Halted}) },
	} {
		e := exchange.Event{At: b.now, Inst: 99}
		set(&e)
		b.g.Apply(&e)
		e.Inst = 0
		if e.Kind == exchange.KindState {
			b.g.Apply(&e)
		}
	}
	b.g.Count(&exchange.Intent{Strategy: 200}, b.now)
	if s := b.g.State(200, 1); s != exchange.Halted {
		t.Errorf("an unknown strategy is %v", s)
	}
	if s := b.g.State(1, 99); s != exchange.Halted {
		t.Errorf("an unknown instrument is %v", s)
	}
	if got := b.ask(strings.Fields("check buy UM 0.003 limit 50000")); got != "passes" {
		t.Error(got)
	}
}

// TestApprovalHolds in its epoch and for its time, and only if the guard made it.
func TestApprovalHolds(t *testing.T) {
	b := newBench(t, DefaultLimits())
	o := b.order(strings.Fields("buy UM 0.003 limit 50000"))
	a := b.g.Check(exchange.Intent{}, o, true, b.now).Approved
	if a.Order().ID != o.ID || !a.Amend() {
		t.Errorf("%+v", a)
	}
	epoch := b.g.Epoch()
	for at, valid := range map[exchange.Time]bool{
		b.now: true, b.now.Add(500 * time.Millisecond): true, b.now.Add(500*time.Millisecond + 1): false,
	} {
		if a.Valid(epoch, at) != valid {
			t.Errorf("at +%v valid is %v", at.Sub(b.now), !valid)
		}
	}
	// Any change of state ends what was approved before, also one back and forth.
	b.do([]string{"state", "HALTED"})
	b.do([]string{"state", "ACTIVE"})
	if a.Valid(b.g.Epoch(), b.now) {
		t.Error("an approval of an older epoch is valid")
	}
	if (Approved{}).Valid(0, 0) || (Approved{epoch: epoch, expires: b.now}).Valid(epoch, b.now) {
		t.Error("an approval that no guard has made is valid")
	}
}

func TestLimitsValidate(t *testing.T) {
	d := DefaultLimits()
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	for i, e := range d.entries() {
		if _, words := e.value.(*bool); words {
			continue // which has no bounds but its two words
		}
		for _, good := range []string{e.least, e.most} {
			l := DefaultLimits()
			changed := &l.entries()[i]
			must(changed.parse(good))
			if err := changed.validate(); err != nil {
				t.Error(err)
			}
			if l.Validate() != nil {
				continue // the others do not go with it
			}
			if _, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Limits: l, Strategies: 1, Permits: Unbound(1)}); err != nil {
				t.Errorf("%s = %s is valid, but: %v", e.key, good, err)
			}
		}
		for _, way := range []int{-1, 1} {
			l := DefaultLimits()
			beyond(&l.entries()[i], way)
			if err := l.Validate(); err == nil || !strings.HasPrefix(err.Error(), e.key+" is ") || !strings.Contains(err.Error()+"\n", "it must be "+e.least+" to "+e.most+"\n") {
				t.Errorf("%s: %v", e.key, err)
			}
		}
	}
	// All mistakes are named at once.
	if err := (&Limits{}).Validate(); err == nil || len(strings.Split(err.Error(), "\n")) != 22 {
		t.Errorf("%v", err)
	}
	if _, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Strategies: 1, Permits: Unbound(1)}); err == nil || !strings.HasPrefix(err.Error(), "risk limits: ") {
		t.Errorf("%v", err)
	}
}

// beyond sets a limit a little below its least value, or above its most.
func beyond(e *limitEntry, way int) {
	from := e.least
	if way > 0 {
		from = e.most
	}
	if v, word := e.value.(*SelfTrade); word {
		*v = AllowSelfTrade + 1 // there is nothing below the first
		return
	}
	must(e.parse(from))
	switch v := e.value.(type) {
	case *decimal.Decimal:
		*v = v.Add(decimal.New(int64(way), -4))
	case *time.Duration:
		*v += time.Duration(way) * time.Microsecond
	case *int:
		*v += way
	}
}

// TestZeroLimitsRefuse: a configuration that forgot the limits does not trade.
func TestZeroLimitsRefuse(t *testing.T) {
	zero := DefaultLimits()
	zero.OrderNotionalMaxRatio, zero.PositionMaxRatio = decimal.Zero, decimal.Zero
	zero.OpenOrdersMax, zero.MessagesPerSecondMax = 0, 0
	b := newBench(t, zero)
	for _, order := range []string{"buy UM 0.002 limit 50000", "sell UM 0.002 market", "buy CM 1 stop 51000", "buy MARGIN 0 market quote=1"} {
		if got := b.ask(strings.Fields("check " + order)); !strings.HasPrefix(got, "refused by order-size") {
			t.Errorf("%s: %s", order, got)
		}
	}
	// Each of them alone refuses, too: the scripts of the other controls have the rest.
	zero.OrderNotionalMaxRatio = decimal.New(1, 0)
	b = newBench(t, zero)
	b.g.rules = slices.DeleteFunc(b.g.rules, func(r rule) bool { return r.name == "message-rate" || r.name == "open-orders" })
	if got := b.ask(strings.Fields("check buy UM 0.002 limit 50000")); !strings.HasPrefix(got, "refused by position") {
		t.Error(got)
	}
}

// TestCheckChangesNothing: asking twice gives one answer, and leaves the account as it is.
func TestCheckChangesNothing(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do(strings.Fields("fill UM BUY 0.01 50000"))
	before := b.g.Account()
	for range 3 {
		for order, want := range map[string]string{
			"buy UM 0.004 limit 50000": "passes", "buy UM 0.006 market": "refused by order-size: notional 300 USD, limit 200 USD, 0.02 of equity",
		} {
			if got := b.ask(strings.Fields("check " + order)); got != want {
				t.Errorf("%s: %s", order, got)
			}
		}
	}
	if after := b.g.Account(); after != before && (!after.Equity.Equal(before.Equity) || !after.InitialMargin.Equal(before.InitialMargin)) {
		t.Errorf("%+v became %+v", before, after)
	}
}

func BenchmarkCheck(b *testing.B) {
	bench := newBench(b, DefaultLimits())
	o := bench.order(strings.Fields("buy UM 0.004 limit 50000"))
	b.ReportAllocs()
	for b.Loop() {
		bench.g.Check(exchange.Intent{}, o, false, bench.now)
	}
}

// BenchmarkCheckMoving asks while prices, equity and orders change, as in a run.
func BenchmarkCheckMoving(b *testing.B) {
	bench := newBench(b, DefaultLimits())
	bench.do(strings.Fields("fill UM BUY 0.02 50000"))
	bench.do(strings.Fields("cadence USDT ASSET_INDEX 1h"))
	bench.do(strings.Fields("cadence BTC ASSET_INDEX 1h"))
	limit, market := bench.order(strings.Fields("buy UM 0.002 limit 50000")), bench.order(strings.Fields("sell CM 1 market"))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		price := exchange.MustFixed("50000") + exchange.Fixed(i*7919%500)*10_000_000
		bench.now += 10
		for inst := benchUM; inst <= benchCM; inst++ {
			bench.price(inst, price, price+exchange.Fixed(i%5)*10_000_000)
		}
		limit.Request.Qty = exchange.MustFixed("0.003") - exchange.Fixed(i%2)*100_000
		limit.Request.Price = price + exchange.Fixed(i%3)*100_000_000
		for _, o := range [...]exchange.Order{limit, market} {
			if v := bench.g.Check(exchange.Intent{}, o, false, bench.now); v.Refusal != nil {
				b.Fatal(v.Refusal)
			}
		}
	}
}
