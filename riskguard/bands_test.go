package riskguard

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// answers is "answers 3 REJECTED [code=-5022] [took=2s] [strategy=2] [tif=GTX]": so many orders are sent
// and get that as their first answer, and are over then.
func (b *bench) answers(f []string) string {
	status := exchange.StatusPendingNew
	for status < exchange.StatusNotArrived && status.String() != f[2] {
		status++
	}
	o := exchange.Order{Strategy: 1, Status: exchange.StatusPendingNew, Created: b.now}
	o.Request = exchange.OrderRequest{Inst: benchUM, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed("0.002"), Price: exchange.MustFixed("50000")}
	u := exchange.OrderUpdate{Status: status}
	for _, word := range f[3:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "code":
			u.Code = number(value)
		case "reason":
			u.Reason = strings.ReplaceAll(value, "_", " ")
		case "took":
			took, err := time.ParseDuration(value)
			if err != nil {
				return err.Error()
			}
			o.Created = b.now.Add(-took)
		case "strategy":
			o.Strategy = exchange.StrategyID(number(value))
		default:
			return "no such word " + word
		}
	}
	for range b.times(f[1:2]) {
		b.last++
		o.ID, o.Status = b.last, exchange.StatusPendingNew
		b.g.Hold(o)
		for range 2 { // only the first answer counts
			e, news := exchange.Event{At: b.now, Inst: o.Request.Inst}, u
			news.ID, news.Strategy = o.ID, o.Strategy
			e.SetOrderUpdate(&news)
			b.g.Apply(&e)
			o.Status = status
			b.g.Hold(o)
		}
		o.Status = exchange.StatusCanceled
		b.g.Hold(o)
	}
	return ""
}

// deals is "deals 20 BUY 50250 [maker] [tif=GTX]": so many orders are sent and filled at a price.
func (b *bench) deals(f []string) string {
	side, err := exchange.ParseSide(f[2])
	if err != nil {
		return err.Error()
	}
	for range b.times(f[1:2]) {
		b.last++
		o := exchange.Order{ID: b.last, Strategy: 1, Status: exchange.StatusPendingNew, Created: b.now}
		o.Request = exchange.OrderRequest{Inst: benchUM, Side: side, Type: exchange.Market, Qty: exchange.MustFixed("0.001")}
		if len(f) > 4 {
			o.Request.Type, o.Request.Price = exchange.Limit, exchange.MustFixed(f[3])
		}
		if len(f) > 4 && f[4] == "resting" {
			o.Request.TimeInForce = exchange.GTX
		}
		b.g.Hold(o)
		e := exchange.Event{At: b.now, Inst: benchUM}
		e.SetFill(&exchange.Fill{
			Order: o.ID, Strategy: 1, Side: side, Qty: o.Request.Qty, Price: exchange.MustFixed(f[3]), Maker: len(f) > 4 && f[4] == "maker",
		})
		b.g.Apply(&e)
		o.Status = exchange.StatusFilled
		b.g.Hold(o)
	}
	return ""
}

// TestFaresAreBounded: whatever happens, no more is remembered than a window of slots, the last
// fills, and the prices of open orders; and a guard that was restored goes on with the same.
func TestFaresAreBounded(t *testing.T) {
	l := DefaultLimits()
	l.ExecutionsPerMinuteMax = 10_000
	b := newBench(t, l)
	for range 300 {
		b.now = b.now.Add(7 * time.Second)
		b.do(strings.Fields("answers 2 WORKING"))
		b.do(strings.Fields("deals 2 BUY 50001"))
	}
	f := &b.g.fares[1]
	if len(f.slots) > fareSlots || len(f.slips) != fareLeast || len(f.seen) != 0 {
		t.Errorf("%d slots, %d fills, %d prices", len(f.slots), len(f.slips), len(f.seen))
	}
	open := b.order(strings.Fields("buy UM 0.002 limit 50000"))
	b.g.Hold(open)
	b.do(strings.Fields("last UM 60000"))
	want := b.g.fares[1]
	b.again()
	if got := b.g.fares[1]; !slices.Equal(got.slots, want.slots) || !slices.Equal(got.slips, want.slips) || !slices.Equal(got.seen, want.seen) ||
		len(got.seen) != 1 || got.seen[0].Price != exchange.MustFixed("50000") {
		t.Errorf("%+v, want %+v", got, want)
	}
}
