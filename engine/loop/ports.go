package loop

import (
	"context"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Broker is an exchange to send orders to, real or simulated. What becomes of them comes by
// [Loop.Put].
type Broker interface {
	engine.Broker
	// SetEpoch tells the guard's halt epoch: from then on nothing leaves that was approved in
	// another.
	SetEpoch(epoch uint64)
	// Drain waits until nothing that was approved before the epoch is on its way any more.
	Drain(ctx context.Context, epoch uint64) error
	// CatchUp asks for the account to be read again, and does not wait: a reading comes as an
	// event of KindTruth.
	CatchUp(why string)
}

// Journal keeps events and decisions, see [engine.Journal].
type Journal interface {
	engine.Journal
	// Flush writes out what was appended, when nothing has happened for a while.
	Flush() error
	// Full says that it is time for a new segment, which Snapshot begins.
	Full() bool
	// Snapshot begins a new segment with the kernel's state.
	Snapshot(k *engine.Kernel) error
}

// Strategies are shown events and wish. Those in other processes answer later, by
// [Loop.Wish]; those in this one at once. Deliver must not block.
type Strategies = engine.Strategies

// Observer sees every event once it has taken effect, with what the kernel has answered of
// its own. It must not block, keep the event or call the loop.
type Observer interface {
	Observe(e *exchange.Event)
}
