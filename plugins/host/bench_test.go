package host_test

import (
	"fmt"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
)

// BenchmarkLockstep delivers quiet trades to a strategy in another process, announced in
// batches, over our socket and over gRPC; one operation is one event. The target is a million
// events a second in batches of 1024.
func BenchmarkLockstep(b *testing.B) {
	for _, batch := range []int{1, 64, 1024, 4096} {
		for way, noSocket := range ways {
			b.Run(fmt.Sprint("batch=", batch, "/", way), func(b *testing.B) { lockstepBench(b, batch, noSocket) })
		}
	}
}

func lockstepBench(b *testing.B, batch int, noSocket bool) {
	spec := plugintest.Spec(plugintest.Serve)
	spec.NoSocket = noSocket
	p, err := host.Open(b.Context(), spec)
	ok(b, err)
	b.Cleanup(p.Close)
	s, err := p.Start("", nil, instruments(b), 1)
	ok(b, err)
	events := make([]exchange.Event, batch)
	at := exchange.Time(0)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		for i := range events {
			at++
			events[i] = exchange.Event{Seq: uint64(at), At: at, Inst: 1}
			events[i].SetTrade(exchange.Trade{Price: 60_000e8 + exchange.Fixed(i), Qty: 1e6, ID: int64(at)})
		}
		if err := s.Ahead(events); err != nil {
			b.Fatal(err)
		}
		for i := range events {
			out, err := s.Deliver(&events[i])
			if err != nil || !out.Empty() {
				b.Fatal(err, out)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkOpen is the time from nothing to a plugin that has answered, and its end.
func BenchmarkOpen(b *testing.B) {
	for range b.N {
		plugintest.Open(b, plugintest.Serve).Close()
	}
}
