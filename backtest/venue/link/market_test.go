package link_test

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
)

// TestMarketCost holds market data that is delayed to no allocation once a lane is in its
// stride, and to the payloads that were sent.
func TestMarketCost(t *testing.T) {
	d := newDesk(t)
	d.config.Feed = must(link.ParseDelay("1ms..40ms"))
	d.start()
	bar := &exchange.Bar{Interval: time.Minute}
	depth := &exchange.Depth{Bids: make([]exchange.Level, 20), Asks: make([]exchange.Level, 20)}
	e := exchange.Event{At: d.now, Inst: 1}
	n, told := 0, 0
	step := func() {
		for range 64 {
			n++
			e.At = e.At.Add(time.Millisecond)
			switch n % 3 {
			case 0:
				e.SetTrade(exchange.Trade{ID: int64(n)})
			case 1:
				bar.Trades = int64(n)
				e.SetBar(bar)
			case 2:
				depth.Last = int64(n)
				depth.Asks[19].Qty = exchange.Fixed(n)
				e.SetDepth(depth)
			}
			d.link.Send(&e)
			for d.link.Arrival() <= e.At {
				r := d.link.Receive()
				if r.Kind == exchange.KindMark || r.Kind == exchange.KindAssetIndex {
					continue
				}
				told++
				got := int64(0)
				switch r.Kind {
				case exchange.KindTrade:
					got = r.Trade().ID
				case exchange.KindBar:
					got = r.Bar().Trades
				case exchange.KindDepth:
					if got = r.Depth().Last; int64(r.Depth().Asks[19].Qty) != got {
						t.Fatal("the payload was not kept")
					}
				}
				if got != int64(told) {
					t.Fatalf("message %d came as number %d", got, told)
				}
			}
		}
	}
	step()
	if a := testing.AllocsPerRun(200, step); a != 0 {
		t.Errorf("%v allocations for 64 messages", a)
	}
}

// BenchmarkMarket is a delayed trade on its way and told.
func BenchmarkMarket(b *testing.B) {
	for _, text := range []string{"20ms", "1ms..40ms", "20ms tail 5ms"} {
		b.Run(text, func(b *testing.B) {
			d := newDesk(b)
			d.config.Feed = must(link.ParseDelay(text))
			d.start()
			e := exchange.Event{At: d.now, Inst: 1}
			e.SetTrade(exchange.Trade{Price: exchange.FixedOne, Qty: exchange.FixedOne})
			b.ReportAllocs()
			for b.Loop() {
				e.At = e.At.Add(time.Millisecond)
				d.link.Send(&e)
				for d.link.Arrival() <= e.At {
					d.link.Receive()
				}
			}
		})
	}
}
