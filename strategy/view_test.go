package strategy

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

func newTestView(t *testing.T) (*View, *exchange.Instrument) {
	r := newRuntime(t, &quiet{})
	return r.View(), r.env.instruments.At(1)
}

func number(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestViewPrices(t *testing.T) {
	v, in := newTestView(t)
	if v.Last(in) != 0 || v.Now() != 0 {
		t.Error("a new view knows something")
	}
	v.Apply(bar(1, 1, "10"))
	if v.Last(in) != exchange.MustFixed("10") || v.Now() != 1000 {
		t.Errorf("last %v at %v", v.Last(in), v.Now())
	}
	v.Apply(event(1, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: 3}) }))
	v.Apply(event(1, func(e *exchange.Event) { e.SetBookTicker(exchange.BookTicker{Bid: 4}) }))
	v.Apply(event(1, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: 5}) }))
	v.Apply(event(2, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: 6}) }))
	if v.Last(in) != 3 || v.Quote(in).Bid != 4 || v.Mark(in).Price != 5 {
		t.Errorf("last %v, quote %+v, mark %+v", v.Last(in), v.Quote(in), v.Mark(in))
	}
}

func TestViewPosition(t *testing.T) {
	v, in := newTestView(t)
	for _, step := range []struct {
		side             exchange.Side
		qty, price       string
		held, entryPrice string
	}{
		{exchange.Buy, "0", "99", "0", "0"}, // a repeated report
		{exchange.Buy, "0.5", "60000", "0.5", "60000"},
		{exchange.Buy, "0.25", "61500", "0.75", "60500"},
		{exchange.Sell, "0.25", "70000", "0.5", "60500"},
		{exchange.Sell, "0", "1", "0.5", "60500"},
		{exchange.Sell, "1.5", "50000", "-1", "50000"},
		{exchange.Buy, "1", "1", "0", "0"},
	} {
		v.Apply(fill(me, step.side, step.qty, step.price))
		p := v.Position(in)
		if !p.Qty.Equal(number(step.held)) || !p.Entry.Equal(number(step.entryPrice)) || v.Held(in) != exchange.MustFixed(step.held) {
			t.Fatalf("%+v gives %v at %v, held %v", step, p.Qty, p.Entry, v.Held(in))
		}
	}
}

// TestViewLegs: in hedge mode each side has its own entry, and Position is their sum.
func TestViewLegs(t *testing.T) {
	v, in := newTestView(t)
	for _, f := range []exchange.Fill{
		{Side: exchange.Buy, PositionSide: exchange.Long, Qty: 3, Price: exchange.MustFixed("60000")},
		{Side: exchange.Sell, PositionSide: exchange.Short, Qty: 2, Price: exchange.MustFixed("62000")},
		{Side: exchange.Sell, PositionSide: exchange.Long, Qty: 1, Price: exchange.MustFixed("61000")},
	} {
		f.Strategy = me
		v.Apply(event(1, func(e *exchange.Event) { e.SetFill(&f) }))
	}
	long, short := v.Leg(in, exchange.Long), v.Leg(in, exchange.Short)
	if !long.Qty.Equal(number("0.00000002")) || !long.Entry.Equal(number("60000")) {
		t.Errorf("long leg %v at %v", long.Qty, long.Entry)
	}
	if !short.Qty.Equal(number("-0.00000002")) || !short.Entry.Equal(number("62000")) || short.Side != exchange.Short {
		t.Errorf("short leg %v at %v", short.Qty, short.Entry)
	}
	if v.Held(in) != 0 || !v.Position(in).Qty.IsZero() || !v.Leg(in, exchange.Both).Qty.IsZero() || !v.Leg(in, exchange.Short+1).Qty.IsZero() {
		t.Errorf("held %v, position %v", v.Held(in), v.Position(in).Qty)
	}
}

func TestViewBalances(t *testing.T) {
	v, _ := newTestView(t)
	book := func(asset string, w exchange.Wallet, balance string) {
		v.Apply(event(0, func(e *exchange.Event) {
			e.SetLedger(&exchange.LedgerEntry{Asset: asset, Wallet: w, Delta: number("123"), Balance: number(balance)})
		}))
	}
	book("BTC", exchange.WalletMargin, "2")
	book("BTC", exchange.WalletCM, "-0.5")
	book("BTC", exchange.WalletLoan, "0.3")
	book("BTC", exchange.WalletInterest, "0.1")
	book("USDT", exchange.WalletMargin, "900")
	book("BTC", exchange.WalletMargin, "1")
	if got := v.Coins("BTC"); !got.Equal(number("0.1")) {
		t.Errorf("Coins = %v, want 1 - 0.5 - 0.3 - 0.1", got)
	}
	if got := v.Balance("BTC", exchange.WalletCM); !got.Equal(number("-0.5")) || !v.Balance("ETH", exchange.WalletCM).IsZero() {
		t.Errorf("Balance = %v", got)
	}
}

func TestViewState(t *testing.T) {
	v, in := newTestView(t)
	for i, c := range []struct {
		change exchange.StateChange
		want   exchange.TradingState
	}{
		{exchange.StateChange{State: exchange.Halted, Effective: exchange.Halted}, exchange.Halted},
		{exchange.StateChange{Strategy: me, State: exchange.Active, Effective: exchange.Active}, exchange.Halted}, // the account still is
		// What one cause has lifted another may hold: what counts is what holds then.
		{exchange.StateChange{State: exchange.Active, Effective: exchange.ReduceOnly}, exchange.ReduceOnly},
		{exchange.StateChange{State: exchange.Active, Effective: exchange.Active}, exchange.Active},
		{exchange.StateChange{Strategy: me, State: exchange.ReduceOnly, Effective: exchange.ReduceOnly}, exchange.ReduceOnly},
		{exchange.StateChange{State: exchange.Active, Effective: exchange.Active}, exchange.ReduceOnly},
		{exchange.StateChange{Strategy: me + 1, State: exchange.Halted, Effective: exchange.Halted}, exchange.ReduceOnly}, // another's
		{exchange.StateChange{Inst: 2, State: exchange.Halted, Effective: exchange.Halted}, exchange.ReduceOnly},
		{exchange.StateChange{Inst: 1, State: exchange.Halted, Effective: exchange.Halted}, exchange.Halted},
		{exchange.StateChange{Inst: 1, State: exchange.Active, Effective: exchange.Active}, exchange.ReduceOnly},
		{exchange.StateChange{Strategy: me, State: exchange.Active, Effective: exchange.Active}, exchange.Active},
	} {
		v.Apply(event(0, func(e *exchange.Event) { e.SetState(&c.change) }))
		if got := v.State(in); got != c.want {
			t.Errorf("step %d: %v, want %v", i, got, c.want)
		}
	}
}

func refusalOf(kind exchange.IntentKind, ref Ref) *exchange.Event {
	return event(1, func(e *exchange.Event) {
		e.SetRefusal(&exchange.Refusal{Intent: exchange.Intent{Kind: kind, Strategy: me, Ref: ref}})
	})
}

func TestViewOrders(t *testing.T) {
	a := &all{}
	r := newRuntime(t, a)
	v, in := r.View(), r.env.instruments.At(1)
	a.do = func(env *Env) {
		env.Send(Sell(in, 7).Limit(5).PostOnly())
		if o, ok := env.Order(1); !ok || o.Status != exchange.StatusPendingNew || o.Request.Side != exchange.Sell {
			t.Errorf("right after Send: %+v, %v", o, ok)
		}
		env.Send(Buy(in, 9))
	}
	r.Deliver(event(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: me}) }))
	a.do = nil
	status := func(ref Ref) string {
		o, ok := v.Order(ref)
		if !ok {
			return "over"
		}
		return o.Status.String()
	}
	for i, c := range []struct {
		e             *exchange.Event
		first, second string
	}{
		{refusalOf(exchange.IntentAmend, 1), "PENDING_NEW", "PENDING_NEW"},
		{refusalOf(exchange.IntentNew, 2), "PENDING_NEW", "over"},
		{update(me, 11, 1, exchange.StatusPendingNew), "PENDING_NEW", "over"},
		{update(me, 11, 1, exchange.StatusWorking), "WORKING", "over"},
		{refusalOf(exchange.IntentAmend, 1), "WORKING", "over"}, // the order itself still works
		{update(me, 11, 1, exchange.StatusPartiallyFilled), "PARTIALLY_FILLED", "over"},
		{update(me, 11, 1, exchange.StatusUnknown), "UNKNOWN", "over"},
		{update(me, 11, 1, exchange.StatusCanceled), "over", "over"},
		{update(me, 11, 1, exchange.StatusCanceled), "over", "over"},
		{update(me, 11, 1, exchange.StatusWorking), "over", "over"}, // late
		{update(me, 12, 2, exchange.StatusWorking), "over", "over"},
	} {
		r.Deliver(c.e)
		if status(1) != c.first || status(2) != c.second {
			t.Errorf("step %d: orders are %s and %s, want %s and %s", i, status(1), status(2), c.first, c.second)
		}
		if o, ok := v.Order(1); ok && (o.Request.Side != exchange.Sell || o.Request.TimeInForce != exchange.GTX) {
			t.Errorf("step %d: the request was lost: %+v", i, o.Request)
		}
	}
	if n := len(v.Orders()); n != 0 {
		t.Errorf("%d orders are left", n)
	}
}

// A stop that triggers has a child with the same ref: the ref is over when both are.
func TestViewKeepsATriggeredOrderAndItsChildApart(t *testing.T) {
	v, in := newTestView(t)
	v.Apply(event(1, func(e *exchange.Event) {
		e.SetIntent(&exchange.Intent{Kind: exchange.IntentNew, Strategy: me, Ref: 1, Request: Sell(in, 7).Stop(5).Request()})
	}))
	for _, e := range []*exchange.Event{
		update(me, 1, 1, exchange.StatusPendingNew), update(me, 1, 1, exchange.StatusTriggered),
		update(me, 2, 1, exchange.StatusWorking),
	} {
		v.Apply(e)
	}
	if n := len(v.Orders()); n != 2 {
		t.Fatalf("%d orders, want the stop and its child", n)
	}
	v.Apply(update(me, 2, 1, exchange.StatusFilled))
	if _, ok := v.Order(1); !ok {
		t.Error("the stop is gone before it is finished")
	}
	v.Apply(update(me, 1, 1, exchange.StatusFinished))
	if n := len(v.Orders()); n != 0 {
		t.Errorf("%d orders are left", n)
	}
}

// The view of a host, which sees no intents, learns of orders by their first update.
func TestViewLearnsOfOrdersByUpdates(t *testing.T) {
	v, _ := newTestView(t)
	for i, c := range []struct {
		e      *exchange.Event
		listed int
	}{
		{update(me, 1, 1, exchange.StatusPendingNew), 1},
		{update(me, 2, 2, exchange.StatusPendingNew), 2},
		{update(me, 1, 1, exchange.StatusFilled), 1},
		{update(me, 1, 1, exchange.StatusWorking), 1}, // late
		{update(me, 9, 0, exchange.StatusWorking), 2}, // one that was adopted
		{update(me, 3, 3, exchange.StatusWorking), 3},
	} {
		v.Apply(c.e)
		if n := len(v.Orders()); n != c.listed {
			t.Errorf("step %d: %d orders are listed, want %d", i, n, c.listed)
		}
	}
}

func TestResumeCopies(t *testing.T) {
	a := &all{}
	one := newRuntime(t, a)
	a.do = func(env *Env) { env.Send(Buy(one.env.instruments.At(1), 7)) }
	one.Deliver(event(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{Strategy: me}) }))
	a.do = nil
	one.Deliver(fill(me, exchange.Buy, "2", "10"))
	one.Deliver(event(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: exchange.WalletCM, Balance: number("3")})
	}))
	two := newRuntime(t, &all{})
	table := two.env.instruments
	if err := two.Resume(one.View().Snapshot()); err != nil {
		t.Fatal(err)
	}
	one.Deliver(fill(me, exchange.Buy, "5", "10")) // goes on, and must not show in the other
	one.Deliver(update(me, 1, 1, exchange.StatusWorking))
	in := table.At(1)
	v := two.View()
	if o, _ := v.Order(1); v.Held(in) != exchange.MustFixed("2") || o.Status != exchange.StatusPendingNew ||
		!v.Coins("BTC").Equal(number("3")) || v.Now() != 1000 || two.LastRef() != 1 {
		t.Errorf("held %v, order %+v, coins %v", v.Held(in), o, v.Coins("BTC"))
	}
	if v.instruments != table {
		t.Error("the resumed view hands out instruments of another table")
	}
}

// TestOrdersOfPeople: a flatten sends orders in a strategy's name with refs above RefMax. The strategy
// sees them, its own refs go on below, and news of one that is over does not bring it back.
func TestOrdersOfPeople(t *testing.T) {
	v, in := newTestView(t)
	const person = exchange.RefMax + 1 + 7<<16
	tell := func(id exchange.OrderID, ref Ref, status exchange.OrderStatus) {
		v.Apply(event(in.ID, func(e *exchange.Event) {
			e.SetOrderUpdate(&exchange.OrderUpdate{Strategy: me, ID: id, Ref: ref, Status: status})
		}))
	}
	tell(1, 4, exchange.StatusWorking)
	tell(2, person, exchange.StatusWorking)
	if len(v.Orders()) != 2 || v.lastRef != 4 {
		t.Errorf("%d orders, the last ref of its own is %d, want 4", len(v.Orders()), v.lastRef)
	}
	tell(2, person, exchange.StatusFilled)
	tell(2, person, exchange.StatusWorking)
	if len(v.Orders()) != 1 {
		t.Errorf("an order of a person that is over came back: %+v", v.Orders())
	}
}
