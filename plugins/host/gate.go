package host

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// Gate stands before a strategy that is being started in a running bot. What the strategy
// goes on from is read at one moment, and from that moment on it must miss nothing that
// concerns it, while its program starts and learns history. The gate keeps that until Open.
// Market data is not kept: what is the latest comes again.
//
// Make the gate between the same two events of the kernel as the strategy.Resume.
//
// A gate of [NewHandover] stands between two sessions of one strategy, so that a new program
// goes on exactly where the old one stops. Up to Cut the old session is given what concerns its
// account and orders, so that it can come to rest, and no market data any more. That is kept, with
// all that comes behind Cut. Nothing is lost and nothing comes twice; market data of the moment
// before Cut comes after what the account had to say in it.
type Gate struct {
	id   exchange.StrategyID
	live atomic.Pointer[Live]
	// old is the session before, nil for none.
	old *Live
	// The mutex is between Deliver, Cut and Open, while there is no session.
	mutex   sync.Mutex
	cut     bool
	encoder encoder
	kept    []keptEvent
	missed  bool
}

// keptEvent is an event, encoded because its payload is its owner's.
type keptEvent struct {
	head  head
	frame []byte
	// timer is what it tells of, if it is one.
	timer *exchange.Timer
}

// gateMax is how many events a gate keeps. A bot that trades has some a second that concern its
// account. A handover keeps market data, too.
const gateMax, handoverMax = 10_000, 200_000

// NewGate makes a closed gate for the strategy of that number.
func NewGate(id exchange.StrategyID) *Gate { return &Gate{id: id} }

// NewHandover makes a closed gate behind a session that goes on.
func NewHandover(old *Live) *Gate { return &Gate{id: old.config.ID, old: old} }

// Deliver gives the strategy an event, now or when the gate is opened. It never waits.
func (g *Gate) Deliver(e *exchange.Event) {
	if l := g.live.Load(); l != nil {
		l.Deliver(e)
		return
	}
	own := strategy.Wants(e, nil, g.id)
	switch {
	case g.old == nil && (e.Kind == exchange.KindTimer || !own):
		return // a timer from before is not the new session's
	case g.old != nil && !g.old.Wants(e):
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if l := g.live.Load(); l != nil {
		l.Deliver(e)
		return
	}
	if g.old != nil && own && !g.cut {
		g.old.Deliver(e)
		return
	}
	frame, err := g.encoder.event(nil, e, false)
	if err != nil || len(g.kept) >= g.most() {
		g.missed = true
		return
	}
	k := keptEvent{head: headOf(e), frame: frame}
	if e.Kind == exchange.KindTimer {
		timer := *e.Timer()
		k.timer = &timer
	}
	g.kept = append(g.kept, k)
}

// most is how many events the gate keeps.
func (g *Gate) most() int {
	if g.old != nil {
		return handoverMax
	}
	return gateMax
}

// Cut ends what the old session is given, if it has handled everything and nothing that it asked
// for is on its way: Settle it first. Call it between two events of the kernel, and read the
// strategy.Resume there if it is true; what the old session saves after that is what belongs to it.
func (g *Gate) Cut() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.cut = g.cut || g.old.rests()
	return g.cut
}

// Open passes on what was kept, and from then on everything. It fails if the session has
// ended, or if more has happened than a gate keeps; then the strategy must be started anew. A
// session that follows another one has its timers. A handover that has come to nothing is
// opened for the old session.
func (g *Gate) Open(l *Live) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.missed {
		return l.plugin.fail(Failed, fmt.Sprintf("more than %d events concerned strategy %s while it was started", g.most(), l.name), "", nil)
	}
	if g.old != nil && g.old != l {
		l.inherit(g.old)
	}
	for i := range g.kept {
		if k := &g.kept[i]; k.timer == nil || l.due(*k.timer) {
			l.deliverKept(k)
		}
	}
	g.kept = nil
	g.live.Store(l)
	return l.Err()
}

// rests says whether the session lives, has handled all that it was given, and has passed on what
// it was asked for.
func (l *Live) rests() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return !l.ended && !l.stopping && l.sent.count == 0 && l.queue.count == 0 && !l.handing
}

// inherit takes over the timers of a session before.
func (l *Live) inherit(old *Live) {
	old.mutex.Lock()
	timers := old.timers
	old.timers, old.pending = map[exchange.Timer]int{}, 0
	old.mutex.Unlock()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for t, n := range timers {
		l.timers[t] += n
		l.pending += n
	}
}
