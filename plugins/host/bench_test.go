package host_test

import (
	"fmt"
	"testing"

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
