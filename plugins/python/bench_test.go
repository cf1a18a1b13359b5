package python_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
)

// BenchmarkLockstep delivers trades to a Python strategy that looks at each price and asks
// for nothing, announced in batches, over the socket and over gRPC; one operation is one event. The target is 300,000
// events a second in large batches.
//
//	go test ./plugins/python -run xxx -bench Lockstep -benchtime 2s
func BenchmarkLockstep(b *testing.B) {
	for _, batch := range []int{1, 64, 512, 4096} {
		for _, noSocket := range []bool{false, true} {
			b.Run(fmt.Sprint("batch=", batch, "/", ways[noSocket]), func(b *testing.B) { lockstepBench(b, batch, noSocket) })
		}
	}
}

var ways = map[bool]string{false: "socket", true: "grpc"}

func lockstepBench(b *testing.B, batch int, noSocket bool) {
	from := spec(b, "tests/probe.py")
	from.NoSocket = noSocket
	p, err := host.Open(b.Context(), from)
	check(b, err)
	b.Cleanup(p.Close)
	s, err := p.Start("quiet", nil, plugintest.Instruments(b), 1)
	check(b, err)
	plugintest.Quiet(b, s, batch)
}

// BenchmarkHop is the price of a live event: from the event to the intent that a Python
// strategy answers with, one at a time, over the socket and over gRPC.
//
//	go test ./plugins/python -run xxx -bench Hop -benchtime 5000x
func BenchmarkHop(b *testing.B) {
	for _, noSocket := range []bool{false, true} {
		b.Run(ways[noSocket], func(b *testing.B) {
			back := make(chan time.Time, 1)
			l, err := open(b, "tests/probe.py").Live(b.Context(), host.LiveConfig{
				Strategy: "quiet", Instruments: plugintest.Instruments(b), ID: 3, IntentsMax: 1 << 40, NoSocket: noSocket,
				Params: map[string]string{"do": "answer"}, Ended: func(error) {},
				Wish: func(w host.Wishes) { back <- time.Now() },
			})
			check(b, err)
			b.Cleanup(l.Close)
			var took []time.Duration
			for b.Loop() {
				n := len(took) + 1
				e := exchange.Event{Seq: uint64(n), At: exchange.Time(n), Inst: 1}
				e.SetTrade(exchange.Trade{Price: 60_000e8, Qty: 1e6, ID: int64(n)})
				from := time.Now()
				l.Deliver(&e)
				took = append(took, (<-back).Sub(from))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1e3, "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100])/1e3, "p99-us")
		})
	}
}

// BenchmarkOpen is the time from nothing to a Python program that has answered, and its end.
func BenchmarkOpen(b *testing.B) {
	s := spec(b, "tests/probe.py")
	for b.Loop() {
		p, err := host.Open(b.Context(), s)
		check(b, err)
		p.Close()
	}
}
