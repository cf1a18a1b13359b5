package papi

import (
	"time"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/shopspring/decimal"
)

// acts are what happens to the client when somebody moves the exchange's time, prices,
// account or terms.
func acts() map[string]func(*incident) {
	return map[string]func(*incident){
		"/time":       moved,
		"/price":      recorded,
		"/mark":       liquidated,
		"/report":     misreported,
		"/account":    younger,
		"/key":        unticked,
		"/deposit":    deposited,
		"/adl":        deleveraged,
		"/collateral": cut,
		"/status":     delisted,
		"/filter":     filtered,
		"/brackets":   func(x *incident) { x.between("/brackets", `{"product":"UM","symbol":"BTCUSDT","factor":"0.5"}`) },
		"/fees":       func(x *incident) { x.between("/fees", `{"product":"UM","maker":"0.001","taker":"0.002"}`) },
		"/interest":   charged,
		"/borrowable": exhausted,
	}
}

// long buys, so that there is a position, and waits.
func (x *incident) long(qty string) {
	x.t.Helper()
	x.place(buy(qty))
	x.pass(time.Second)
}

// between does something between two orders that deal.
func (x *incident) between(path, body string) {
	x.t.Helper()
	x.long("0.010")
	x.admin(path, body)
	x.pass(time.Minute)
	x.long("0.010")
	x.pass(time.Minute)
}

// moved: the clock that requests meet jumps ahead and back, and then time itself moves, so
// that the listenKey is over.
func moved(x *incident) {
	var o exchange.Order
	for _, jump := range []string{"30s", "-30s", "0s"} {
		x.admin("/time", `{"clock_ahead":"`+jump+`"}`)
		refused := x.place(bid("49000"))
		x.pass(time.Second)
		o = x.place(bid("49000"))
		x.pass(time.Minute)
		x.stands(refused)
		x.stands(o)
	}
	x.admin("/time", `{"forward":"2h"}`)
	x.pass(time.Minute)
	x.cancel(o)
	x.pass(time.Minute)
	x.stands(o)
}

// recorded: this market is not generated, so its prices are shown and not moved.
func recorded(x *incident) {
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.say("the price falls to 48900")
	x.show(exchange.MustFixed("48900"))
	x.pass(time.Minute)
	x.stands(resting)
}

// liquidated: the index falls, which is collateral; then all prices do, and the exchange
// takes the position.
func liquidated(x *incident) {
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.long("8")
	x.admin("/mark", `{"asset":"BTC","factor":"0.5"}`)
	x.pass(time.Minute)
	x.admin("/mark", `{"asset":"BTC","factor":"1"}`)
	for _, price := range []string{"30000", "23000", "22000"} {
		x.say("the price falls to %s", price)
		x.show(exchange.MustFixed(price))
		x.pass(time.Minute)
	}
	x.stands(resting)
}

// misreported: the exchange reports an account that is not there, and then the truth again.
func misreported(x *incident) {
	x.long("0.010")
	x.admin("/report", `{"equity":"1000","uniMMR":"1.1","status":"REDUCE_ONLY","balances":[{"wallet":"MARGIN","asset":"USDT","amount":"5"}],`+
		`"positions":[{"product":"UM","symbol":"BTCUSDT","side":"BOTH","qty":"1","entry":"60000"}]}`)
	x.broker.CatchUp("reconciliation")
	x.pass(time.Minute)
	x.say("the client's truth has positions %+v", x.broker.Truth().UMPositions)
	x.admin("/report", `{}`)
	x.broker.CatchUp("reconciliation")
	x.pass(time.Minute)
}

// younger: the account is activated anew, and keys of before cannot trade.
func younger(x *incident) {
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.admin("/account", `{"activated":`+milli(x.sim.Now())+`}`)
	refused := x.place(bid("49000"))
	x.pass(time.Minute)
	x.stands(refused)
	x.cancel(resting)
	x.pass(time.Minute)
	x.stands(resting)
	x.admin("/account", `{"activated":`+milli(x.sim.Now().Add(-2*time.Hour))+`}`)
	x.cancel(resting)
	x.pass(time.Minute)
	x.stands(resting)
}

// unticked: the key loses its permission to trade, and gets it again.
func unticked(x *incident) {
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.admin("/key", `{"id":"`+testKey+`","reading":true}`)
	refused := x.place(bid("49000"))
	x.pass(time.Minute)
	x.stands(refused)
	x.admin("/key", `{"id":"`+testKey+`","reading":true,"portfolio_margin":true,"margin":true}`)
	x.cancel(resting)
	x.pass(time.Minute)
	x.stands(resting)
}

// deposited: money comes and goes.
func deposited(x *incident) {
	x.admin("/deposit", `{"asset":"USDT","amount":"1000"}`)
	x.pass(time.Minute)
	x.admin("/deposit", `{"asset":"USDT","amount":"-400"}`)
	x.pass(time.Minute)
}

// deleveraged: half of the position is taken away.
func deleveraged(x *incident) {
	x.long("0.010")
	x.admin("/adl", `{"product":"UM","symbol":"BTCUSDT","side":"BOTH","share":"0.5"}`)
	x.pass(time.Minute)
}

// cut: the coins that the account stands on count for little, and the exchange begins to
// warn.
func cut(x *incident) {
	x.long("80")
	x.say("the price falls to 48420")
	x.show(exchange.MustFixed("48420"))
	x.admin("/collateral", `{"asset":"BTC","rate":"0.1"}`)
	x.pass(time.Minute)
	x.broker.CatchUp("reconciliation")
	x.pass(5 * time.Minute)
	x.admin("/collateral", `{"asset":"BTC","rate":"0.95"}`)
	x.pass(time.Minute)
}

// delisted: orders expire, the position is closed, and nothing can be ordered any more.
func delisted(x *incident) {
	x.long("0.010")
	resting := x.place(bid("49000"))
	x.pass(time.Second)
	x.admin("/status", `{"product":"UM","symbol":"BTCUSDT","status":"SETTLING"}`)
	x.pass(time.Minute)
	x.stands(resting)
	refused := x.place(bid("49000"))
	x.pass(time.Minute)
	x.stands(refused)
}

// filtered: what rests may stay; an order by the old rules is refused, and so is an amend.
func filtered(x *incident) {
	resting := x.place(bid("49000.1"))
	x.pass(time.Second)
	x.admin("/filter", `{"product":"UM","symbol":"BTCUSDT","tick":"0.5","qty_min":"0.1","qty_step":"0.1"}`)
	refused := x.place(bid("49000.1"))
	x.pass(time.Minute)
	x.stands(refused)
	x.amend(resting, "49000.2")
	x.pass(time.Minute)
	x.stands(resting)
	x.cancel(resting)
	x.pass(time.Minute)
	x.stands(resting)
}

// borrow lets the account owe something.
func (x *incident) borrow(amount int64) {
	x.t.Helper()
	x.say("borrow %d USDT", amount)
	if err := x.sim.Change(func(v *venue.Venue, at exchange.Time) error {
		return v.Borrow("USDT", decimal.NewFromInt(amount), at)
	}); err != nil {
		x.say("the exchange refuses: %v", err)
	}
}

// charged: a debt costs interest by the hour.
func charged(x *incident) {
	x.borrow(1000)
	x.admin("/interest", `{"asset":"USDT","hourly":"0.0001"}`)
	x.pass(61 * time.Minute)
}

// exhausted: there is nothing left to borrow.
func exhausted(x *incident) {
	x.admin("/borrowable", `{"asset":"USDT","amount":"0"}`)
	x.borrow(1000)
	x.pass(time.Minute)
	x.admin("/borrowable", `{"asset":"USDT","amount":"5000"}`)
	x.borrow(1000)
	x.pass(time.Minute)
}

func milli(t exchange.Time) string { return decimal.NewFromInt(t.Millis()).String() }
