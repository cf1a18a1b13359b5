package grid

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// resumed is a grid of ten cells below 60,000 and ten above that finds a position and orders.
func resumed(t *testing.T, position string, orders ...exchange.Order) (*Grid, *strategy.Runtime) {
	t.Helper()
	ins, err := exchange.NewInstruments(*instrument())
	if err != nil {
		t.Fatal(err)
	}
	g := New().(*Grid)
	from := &strategy.Resume{At: exchange.Time(time.Hour), LastRef: 9, Orders: orders}
	if position != "0" {
		from.Positions = []exchange.Position{{Inst: 1, Qty: decimal.RequireFromString(position), Entry: decimal.New(60_000, 0)}}
	}
	rt, err := strategy.ResumeRuntime(g, map[string]string{"burst": "20"}, ins, 1, from)
	if err != nil {
		t.Fatal(err)
	}
	return g, rt
}

func closes(rt *strategy.Runtime, at exchange.Time, price string) []exchange.Intent {
	c := fixed(price)
	e := exchange.Event{At: at, Inst: 1}
	e.SetBar(&exchange.Bar{Interval: time.Minute, Open: c, High: c, Low: c, Close: c})
	return append([]exchange.Intent{}, rt.Deliver(&e).Intents...)
}

func bought(list []exchange.Intent) (sum exchange.Fixed) {
	for _, i := range list {
		if r := i.Request; i.Kind == exchange.IntentNew && r.Side == exchange.Buy {
			sum += r.Qty
		}
	}
	return sum
}

// TestBoundAfterResume: orders of unknown outcome, on whatever line, count for the hard bound.
func TestBoundAfterResume(t *testing.T) {
	order := func(ref uint64, s exchange.OrderStatus, price, qty string) exchange.Order {
		return exchange.Order{ID: exchange.OrderID(ref), Ref: ref, Status: s, Request: exchange.OrderRequest{
			Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Price: fixed(price), Qty: fixed(qty),
		}}
	}
	at := exchange.Time(2 * time.Hour)
	_, rt := resumed(t, "0")
	if got := bought(closes(rt, at, "60000")); got != fixed("0.012") { // six lines of 0.002, of a room of 0.02
		t.Errorf("with nothing it buys %v, want 0.012", got)
	}
	_, rt = resumed(t, "0", order(7, exchange.StatusUnknown, "58000", "0.017"))
	if got := bought(closes(rt, at, "60000")); got != fixed("0.003") {
		t.Errorf("with 0.017 in doubt it buys %v, want 0.003", got)
	}
	_, rt = resumed(t, "0.02", order(7, exchange.StatusWorking, "53000", "0.002"))
	list := closes(rt, at, "56000")
	list = slices.DeleteFunc(list, func(i exchange.Intent) bool { return i.Kind == exchange.IntentProtect })
	if got := bought(list); got != 0 || list[0].Kind != exchange.IntentCancel || list[0].Ref != 7 {
		t.Errorf("with all cells held it buys %v and begins with %+v", got, list[0])
	}
	// A part of an order on a line is left, and nothing else may be bought: it is not made larger.
	_, rt = resumed(t, "0", order(7, exchange.StatusWorking, "59400", "0.001"), order(8, exchange.StatusUnknown, "58000", "0.019"))
	for _, i := range closes(rt, at, "60000") {
		if i.Kind == exchange.IntentAmend || i.Request.Side == exchange.Buy && i.Kind == exchange.IntentNew {
			t.Errorf("beyond its cells it asks for %+v", i)
		}
	}
}

// TestStopFillEndsIt: when a stop of the bot's has closed something, it is over, wherever the bar
// closes then; also for one that was not there and knows it from the task alone.
func TestStopFillEndsIt(t *testing.T) {
	g, rt := resumed(t, "0.002")
	at := exchange.Time(2 * time.Hour)
	var stops []exchange.Intent
	for _, i := range closes(rt, at, "60000") {
		if i.Kind == exchange.IntentProtect {
			stops = append(stops, i)
		}
	}
	if len(stops) != 2 || stops[0].Request.Trigger != fixed("52920") || stops[0].Request.Side != exchange.Sell || stops[1].Request.Trigger != fixed("67320") || stops[1].Request.Side != exchange.Buy {
		t.Fatalf("the stops are %+v", stops)
	}
	if again := closes(rt, at.Add(time.Minute), "60000"); slices.ContainsFunc(again, func(i exchange.Intent) bool { return i.Kind == exchange.IntentProtect }) {
		t.Errorf("at the next close it asks for %+v", again)
	}
	at = at.Add(2 * time.Minute)
	e := exchange.Event{At: at, Inst: 1}
	e.SetFill(&exchange.Fill{Strategy: 1, Ref: stops[0].Ref, Side: exchange.Sell, Price: fixed("52900"), Qty: fixed("0.002")})
	rt.Deliver(&e)
	hit := exchange.TaskUpdate{Strategy: 1, Ref: stops[0].Ref, Kind: exchange.TaskStop, Status: exchange.TaskWorking, Inst: 1, Trigger: fixed("52920"), Lead: decimal.New(-2, -3)}
	e.SetTask(&hit)
	rt.Deliver(&e)
	over := func(g *Grid, rt *strategy.Runtime) {
		t.Helper()
		for _, i := range closes(rt, at.Add(time.Minute), "60000") {
			if i.Kind == exchange.IntentNew {
				t.Errorf("behind the stop it asks for %+v", i.Request)
			}
		}
		if !g.memory.Stopped {
			t.Error("it does not know that it was stopped")
		}
	}
	over(g, rt)
	ins, err := exchange.NewInstruments(*instrument())
	if err != nil {
		t.Fatal(err)
	}
	g = New().(*Grid)
	rt, err = strategy.ResumeRuntime(g, nil, ins, 1, &strategy.Resume{At: at, LastRef: 20, Tasks: []exchange.TaskUpdate{hit}})
	if err != nil {
		t.Fatal(err)
	}
	over(g, rt)
}

// TestTimersAfterRestart: a restart loses the timers that were set, so Start sets one: the ladder is
// put right at once, and not at the next close, which may be a day away.
func TestTimersAfterRestart(t *testing.T) {
	_, rt := resumed(t, "0")
	at := exchange.Time(2 * time.Hour)
	closes(rt, at, "60000")
	from := rt.View().Snapshot()
	version, state, _, err := rt.Save()
	if err != nil {
		t.Fatal(err)
	}
	from.Saved, from.Orders = &strategy.Saved{Version: version, State: state}, nil // all were cancelled meanwhile
	ins, err := exchange.NewInstruments(*instrument())
	if err != nil {
		t.Fatal(err)
	}
	if rt, err = strategy.ResumeRuntime(New(), map[string]string{"burst": "20"}, ins, 1, from); err != nil {
		t.Fatal(err)
	}
	timers := slices.Clone(rt.Started().Timers)
	if len(timers) != 1 || timers[0].Due != 0 {
		t.Fatalf("Start sets %v", timers)
	}
	e := exchange.Event{At: at.Add(time.Second)}
	e.SetTimer(&timers[0])
	if got := bought(rt.Deliver(&e).Intents); got != fixed("0.012") {
		t.Errorf("after a restart it buys %v at once, want 0.012", got)
	}
}
