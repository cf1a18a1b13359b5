package sdk

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/stats"
)

// orphanWatch ends the process when the host is gone, however that ended: a killed host
// closes its connection, and a plugin that was never connected sees its parent change.
// Without it every killed host leaves its plugins behind.
type orphanWatch struct {
	started     int // the parent's process id at the start
	connections atomic.Int32
}

// parentPollEvery is how soon an orphan without a connection ends.
const parentPollEvery = 250 * time.Millisecond

func newOrphanWatch() *orphanWatch { return &orphanWatch{started: os.Getppid()} }

// parent ends the process when it has another parent than at the start.
func (w *orphanWatch) parent() {
	for range time.Tick(parentPollEvery) {
		if os.Getppid() != w.started {
			os.Exit(0)
		}
	}
}

// HandleConn ends the process with its last connection. The host holds one connection
// for as long as it needs the plugin.
func (w *orphanWatch) HandleConn(_ context.Context, s stats.ConnStats) {
	switch s.(type) {
	case *stats.ConnBegin:
		w.connections.Add(1)
	case *stats.ConnEnd:
		if w.connections.Add(-1) == 0 {
			os.Exit(0)
		}
	}
}

// TagConn, TagRPC and HandleRPC do nothing; a stats handler must have them.
func (*orphanWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// TagRPC does nothing.
func (*orphanWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC does nothing.
func (*orphanWatch) HandleRPC(context.Context, stats.RPCStats) {}
