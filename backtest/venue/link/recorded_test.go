package link_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
)

// TestRecordedClock plays a recording in which an older ticker was received after a younger
// trade. At the exchange the trade has taken what the ticker showed, so an order finds
// nothing there.
func TestRecordedClock(t *testing.T) {
	d := newDesk(t)
	d.config.Feed = must(link.ParseDelay("recorded"))
	var told strings.Builder
	d.seen = func(e *exchange.Event) {
		if !e.Kind.Market() {
			told.WriteString(d.told(e))
		}
	}
	d.start()
	second := func(n float64) exchange.Time { return d.zero.Add(time.Duration(n * float64(time.Second))) }
	ticker := exchange.Event{At: second(1), Exchange: second(1.2), Inst: 1} // received at 1.2 s
	ticker.SetBookTicker(exchange.BookTicker{Bid: number("59999"), BidQty: number("5"), Ask: number("60000"), AskQty: number("5")})
	trade := exchange.Event{At: second(1.05), Exchange: second(1.06), Inst: 1}
	trade.SetTrade(exchange.Trade{Price: number("60000"), Qty: number("5")})
	d.market(ticker)
	d.market(trade)
	d.pass(second(2))
	if err := d.run(strings.Fields("buy b UM 1 60000 ioc")); err != nil {
		t.Fatal(err)
	}
	d.pass(second(3))
	if got := told.String(); strings.Contains(got, "fill") || !strings.Contains(got, "EXPIRED") {
		t.Errorf("the order met what was gone:\n%s", got)
	}
}
