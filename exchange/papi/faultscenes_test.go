package papi

import (
	"net/http"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
)

// scenes has what happens to the client under each fault, by the fault's kind or the path of
// the admin port.
func scenes() map[string]func(*incident) {
	all := map[string]func(*incident){
		string(papisim.FaultCancel):         func(x *incident) { x.cancelled(papisim.Fault{Kind: papisim.FaultCancel}, "50000") },
		string(papisim.FaultThrottled503):   spare,
		string(papisim.FaultEventLost):      lostEvents,
		string(papisim.FaultEventLate):      lateEvents,
		string(papisim.FaultEventReordered): func(x *incident) { x.dealing(papisim.Fault{Kind: papisim.FaultEventReordered}) },
		string(papisim.FaultEventRepeated):  func(x *incident) { x.dealing(papisim.Fault{Kind: papisim.FaultEventRepeated, Count: -1}) },
		string(papisim.FaultEventUnknown):   func(x *incident) { x.dealing(papisim.Fault{Kind: papisim.FaultEventUnknown}) },
		string(papisim.FaultKeyDead):        deadKey,
		string(papisim.FaultSilent):         silence,
		string(papisim.FaultClosed):         func(x *incident) { x.dealing(papisim.Fault{Kind: papisim.FaultClosed}) },
	}
	for kind, f := range map[papisim.FaultKind]papisim.Fault{
		papisim.FaultLostRequest: {}, papisim.FaultLostReply: {}, papisim.FaultTruncated: {}, papisim.FaultDown503: {},
		papisim.FaultInternal503: {}, papisim.FaultTimestamp: {}, papisim.FaultEngineLate: {}, papisim.FaultBan: {}, papisim.FaultTooMany: {},
		papisim.FaultLateRequest: {Delay: papisim.Duration(6 * time.Second)},
		papisim.FaultLateReply:   {Delay: papisim.Duration(3 * time.Second)},
		papisim.FaultFirewall:    {Delay: papisim.Duration(30 * time.Second)},
		papisim.FaultAnswer:      {Status: 502, Body: "<html>Bad Gateway</html>"},
	} {
		f.Kind = kind
		all[string(kind)] = func(x *incident) { x.orders(f) }
	}
	for _, kind := range []papisim.FaultKind{
		papisim.FaultReset, papisim.FaultEmpty, papisim.FaultUnknown503, papisim.FaultUnknown, papisim.FaultUnexpected, papisim.FaultTimeout,
	} {
		all[string(kind)] = func(x *incident) {
			x.orders(papisim.Fault{Kind: kind})
			x.orders(papisim.Fault{Kind: kind, NotExecuted: true})
		}
	}
	for path, scene := range acts() {
		all[path] = scene
	}
	return all
}

// under does something while a fault waits for it, and lets all become quiet.
func (x *incident) under(f papisim.Fault, method, path string, do func()) {
	x.t.Helper()
	f.Method, f.Path = method, "/papi/v1/um/"+path
	hit := x.fail(f)
	do()
	x.pass(3 * time.Minute)
	hit()
}

// orders lets a fault hit a new order, an amend, a cancel and a read.
func (x *incident) orders(f papisim.Fault) {
	x.t.Helper()
	var placed exchange.Order
	x.under(f, http.MethodPost, "order", func() { placed = x.place(bid("49000")) })
	x.stands(placed)
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.under(f, http.MethodPut, "order", func() { x.amend(resting, "49100") })
	x.stands(resting)
	x.cancelled(f, "49200")
	if !f.NotExecuted {
		x.under(f, http.MethodGet, "openOrders", x.read)
	}
}

// cancelled lets a fault hit a cancel.
func (x *incident) cancelled(f papisim.Fault, price string) {
	x.t.Helper()
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.under(f, http.MethodDelete, "order", func() { x.cancel(resting) })
	x.stands(resting)
}

// spare is the exchange's protection from load: cancels pass.
func spare(x *incident) {
	f := papisim.Fault{Kind: papisim.FaultThrottled503}
	var placed exchange.Order
	x.under(f, http.MethodPost, "order", func() { placed = x.place(bid("49000")) })
	x.stands(placed)
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.under(f, http.MethodPut, "order", func() {
		x.amend(resting, "49100")
		x.cancel(resting)
	})
	x.stands(resting)
	x.under(f, http.MethodGet, "openOrders", x.read)
}

// dealing lets a fault hit the events of an order that deals.
func (x *incident) dealing(f papisim.Fault) {
	x.t.Helper()
	f.Event = "ORDER_TRADE_UPDATE"
	hit := x.fail(f)
	dealt := x.place(buy("0.010"))
	x.pass(time.Minute)
	hit()
	x.stands(dealt)
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	hit = x.fail(f)
	x.price = exchange.MustFixed("48900")
	x.say("the price falls to %v", x.price)
	x.show(x.price)
	x.pass(time.Minute)
	hit()
	x.stands(resting)
}

// lostEvents: that an order was taken and not told is noticed. That one has dealt is not,
// when its fill is all that is lost, until somebody reads: the loop's reconciliation.
func lostEvents(x *incident) {
	x.dealing(papisim.Fault{Kind: papisim.FaultEventLost})
	x.say("somebody reconciles")
	x.broker.CatchUp("reconciliation")
	x.pass(time.Minute)
}

// lateEvents come within the time that an echo may take, and then beyond it.
func lateEvents(x *incident) {
	x.dealing(papisim.Fault{Kind: papisim.FaultEventLate, Delay: papisim.Duration(3 * time.Second)})
	x.dealing(papisim.Fault{Kind: papisim.FaultEventLate, Delay: papisim.Duration(20 * time.Second)})
	x.say("somebody reconciles")
	x.broker.CatchUp("reconciliation")
	x.pass(time.Minute)
}

// deadKey is noticed by an order's echo that is missing, and without orders when the key is
// to be extended.
func deadKey(x *incident) {
	x.dealing(papisim.Fault{Kind: papisim.FaultKeyDead})
	x.pass(25 * time.Minute)
}

// silence is noticed by an order's echo that is missing, and without orders by the missing
// pings.
func silence(x *incident) {
	x.dealing(papisim.Fault{Kind: papisim.FaultSilent})
	x.pass(10 * time.Minute)
}
