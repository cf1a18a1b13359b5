package host

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// Gate stands before a strategy that is being started in a running bot. What the strategy
// goes on from is read at one moment, and from that moment on it must miss nothing that
// concerns it, while its program starts and learns history. The gate keeps that until Open.
// Market data is not kept: what is the latest comes again.
//
// Make the gate between the same two events of the kernel as the strategy.Resume.
type Gate struct {
	id   exchange.StrategyID
	live atomic.Pointer[Live]
	// The mutex is between Deliver and Open, while there is no session.
	mutex  sync.Mutex
	kept   []keptEvent
	missed bool
}

// keptEvent is an event, encoded because its payload is its owner's.
type keptEvent struct {
	head  head
	event *pb.Event
}

// gateMax is how many events a gate keeps. A bot that trades has some a second.
const gateMax = 10_000

// NewGate makes a closed gate for the strategy of that number.
func NewGate(id exchange.StrategyID) *Gate { return &Gate{id: id} }

// Deliver gives the strategy an event, now or when the gate is opened. It never waits.
func (g *Gate) Deliver(e *exchange.Event) {
	if l := g.live.Load(); l != nil {
		l.Deliver(e)
		return
	}
	if e.Kind == exchange.KindTimer || !strategy.Wants(e, nil, g.id) {
		return // a timer from before is not the new session's
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if l := g.live.Load(); l != nil {
		l.Deliver(e)
		return
	}
	p, err := wire.EncodeEvent(e)
	if err != nil || len(g.kept) >= gateMax {
		g.missed = true
		return
	}
	g.kept = append(g.kept, keptEvent{headOf(e), p})
}

// Open passes on what was kept, and from then on everything. It fails if the session has
// ended, or if more has happened than a gate keeps; then the strategy must be started anew.
func (g *Gate) Open(l *Live) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.missed {
		return l.plugin.fail(Failed, fmt.Sprintf("more than %d events concerned strategy %s while it was started", gateMax, l.name), "", nil)
	}
	for i := range g.kept {
		l.deliverKept(&g.kept[i])
	}
	g.kept = nil
	g.live.Store(l)
	return l.Err()
}
