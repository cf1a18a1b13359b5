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
	b := bench{t: t}
	for _, c := range []struct{ key, least, most, below, above string }{
		{"order_notional_max_ratio", "0", "10", "-0.0001", "10.0001"},
		{"position_max_ratio", "0", "20", "-0.0001", "20.0001"},
		{"price_collar_limit", "0", "0.5", "-0.0001", "0.5001"},
		{"price_collar_market", "0", "0.5", "-0.0001", "0.5001"},
		{"open_orders_max", "0", "200", "-1", "201"},
		{"account_open_orders_max", "0", "1000", "-1", "1001"},
		{"messages_per_second_max", "0", "20", "-1", "21"},
		{"account_messages_per_minute_max", "0", "1200", "-1", "1201"},
		{"order_to_trade_max", "1", "100000", "0", "100001"},
		{"executions_per_minute_max", "1", "10000", "0", "10001"},
		{"unknown_orders_max", "0", "10", "-1", "11"},
		{"unimmr_min", "1.2", "1000", "1.1999", "1000.1"},
		{"unimmr_shock_min", "1.05", "1000", "1.0499", "1000.1"},
		{"shock_coin", "0", "0.95", "-0.0001", "0.9501"},
		{"shock_stable", "0", "0.95", "-0.0001", "0.9501"},
		{"shock_haircut", "0", "1", "-0.0001", "1.0001"},
		{"borrow_max_usd", "0", "1000000000", "-0.01", "1000000000.01"},
		{"drift_equity_max", "0", "1", "-0.0001", "1.0001"},
		{"drift_maint_max", "0", "1", "-0.0001", "1.0001"},
		{"drift_readings", "1", "100", "0", "101"},
		{"duplicate_window", "1ms", "1m", "999us", "61s"},
		{"fresh_price", "1ms", "1h", "0s", "1h1s"},
		{"fresh_mark", "1ms", "1h", "-1s", "1h1s"},
		{"fresh_index", "1ms", "1h", "0s", "1h1s"},
		{"approval_ttl", "1ms", "1h", "0s", "1h1s"},
		{"daily_loss_max_ratio", "0", "1", "-0.001", "1.001"},
		{"drawdown_max_ratio", "0", "1", "-0.001", "1.001"},
		{"unimmr_resume_after", "1s", "24h", "999ms", "24h1s"},
	} {
		for _, good := range []string{c.least, c.most} {
			l := DefaultLimits()
			b.set(&l, c.key, good)
			if err := l.Validate(); err != nil {
				t.Error(err)
			}
			if _, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Limits: l, Strategies: 1}); err != nil {
				t.Errorf("%s = %s is valid, but: %v", c.key, good, err)
			}
		}
		for _, bad := range []string{c.below, c.above} {
			l := DefaultLimits()
			b.set(&l, c.key, bad)
			if err := l.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.key+" is ") || !strings.HasSuffix(err.Error(), "it must be "+c.least+" to "+c.most) {
				t.Errorf("%s = %s: %v", c.key, bad, err)
			}
		}
	}
	// All mistakes are named at once.
	if err := (&Limits{}).Validate(); err == nil || len(strings.Split(err.Error(), "\n")) != 15 {
		t.Errorf("%v", err)
	}
	if _, err := New(Config{Instruments: benchInstruments(t), Tables: margin.Assumed(), Strategies: 1}); err == nil || !strings.HasPrefix(err.Error(), "risk limits: ") {
		t.Errorf("%v", err)
	}
}

// TestDefaults are those of the documentation.
func TestDefaults(t *testing.T) {
	d := DefaultLimits()
	for i, c := range []struct {
		got  decimal.Decimal
		want string
	}{
		{d.OrderNotionalMaxRatio, "0.02"}, {d.PositionMaxRatio, "0.2"}, {d.PriceCollarLimit, "0.01"}, {d.PriceCollarMarket, "0.005"},
		{d.UniMMRMin, "2"}, {d.UniMMRShockMin, "1.5"}, {d.ShockCoin, "0.2"}, {d.ShockStable, "0.1"}, {d.ShockHaircut, "0.1"},
		{d.UniMMRWarn, "3"}, {d.UniMMRReduce, "2"}, {d.UniMMRHalt, "1.3"}, {d.UniMMRResume, "2.2"},
		{d.DailyLossMaxRatio, "0.02"}, {d.DrawdownMaxRatio, "0.05"},
	} {
		if !c.got.Equal(decimal.RequireFromString(c.want)) {
			t.Errorf("default %d is %v, want %s", i, c.got, c.want)
		}
	}
	if d.AccountOpenOrdersMax != 150 || d.AccountMessagesPerMinuteMax != 480 || d.OrderToTradeMax != 500 || d.ExecutionsPerMinuteMax != 50 || d.UnknownOrdersMax != 0 || d.OpenOrdersMax != 20 || d.MessagesPerSecondMax != 10 || d.DuplicateWindow != time.Second || d.ApprovalTTL != 500*time.Millisecond ||
		d.FreshPrice != time.Second || d.FreshMark != 3*time.Second || d.FreshIndex != 10*time.Second || d.UniMMRResumeAfter != time.Minute {
		t.Errorf("%+v", d)
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
