package host_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/strategy"
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
	check(b, err)
	b.Cleanup(p.Close)
	s, err := p.Start("", nil, plugintest.Instruments(b), 1)
	check(b, err)
	plugintest.Quiet(b, s, batch)
}

// BenchmarkOpen is the time from nothing to a plugin that has answered, and its end.
func BenchmarkOpen(b *testing.B) {
	for range b.N {
		plugintest.Open(b, plugintest.Serve).Close()
	}
}

// BenchmarkRestart is the time from the kill of a strategy's process until a new one has gone on
// from its memory and has handled an event.
func BenchmarkRestart(b *testing.B) {
	got := plugintest.NewWished()
	params := map[string]string{"every": "2"}
	p := plugintest.Open(b, plugintest.Serve)
	l, err := plugintest.Live(b, p, got, func(c *host.LiveConfig) { c.Params = params })
	check(b, err)
	e := trades(1)[0]
	var took []time.Duration
	for b.Loop() {
		l.Deliver(&e)
		memory, err := l.Save(b.Context())
		check(b, err)
		from := time.Now()
		kill(b, p)
		<-got.Ended
		p = plugintest.Open(b, plugintest.Serve)
		l, err = plugintest.Live(b, p, got, func(c *host.LiveConfig) {
			c.Params, c.Resume = params, &strategy.Resume{At: e.At, Saved: memory}
		})
		check(b, err)
		e.Seq++
		l.Deliver(&e)
		check(b, l.Settle(b.Context()))
		took = append(took, time.Since(from))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1])/1e6, "max-ms")
}
