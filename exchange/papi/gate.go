package papi

import (
	"context"
	"sync"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// gate lets writes pass whose approval holds, and knows which of them have passed and have
// no outcome yet.
type gate struct {
	// The mutex makes the check of an approval and the counting of its pass one step; it is
	// held for nanoseconds by the goroutines that send.
	mu    sync.Mutex
	epoch uint64
	// passing counts the passes by epoch.
	passing map[uint64]int
	// changed is closed when a wait for the gate to drain may be over; nil if nobody waits.
	changed chan struct{}
}

func newGate() gate { return gate{passing: map[uint64]int{}} }

// pass is the right to write one request. It must be closed, once.
type pass struct {
	gate     *gate
	approved riskguard.Approved
	epoch    uint64
}

// holds says whether an approval holds now.
func (g *gate) holds(a riskguard.Approved, now exchange.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return a.Valid(g.epoch, now)
}

// enter makes p a pass, if the approval holds now.
func (g *gate) enter(p *pass, a riskguard.Approved, now exchange.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !a.Valid(g.epoch, now) {
		return false
	}
	g.passing[g.epoch]++
	*p = pass{gate: g, approved: a, epoch: g.epoch}
	return true
}

// holds asks once more.
func (p *pass) holds(now exchange.Time) bool { return p.gate.holds(p.approved, now) }

// close says that the request was answered, given up or not sent.
func (p *pass) close() {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.passing[p.epoch]--; g.passing[p.epoch] == 0 {
		delete(g.passing, p.epoch)
		g.wake()
	}
}

// wake lets those look again who wait for the gate to drain.
func (g *gate) wake() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// drained says whether nothing that was approved before an epoch can be written any more or
// is on its way.
func (g *gate) drained(epoch uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.isDrained(epoch)
}

// draining is what to wait for before asking again, nil if the gate is drained.
func (g *gate) draining(epoch uint64) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isDrained(epoch) {
		return nil
	}
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return g.changed
}

func (g *gate) isDrained(epoch uint64) bool {
	if g.epoch < epoch {
		return false
	}
	for e := range g.passing {
		if e < epoch {
			return false
		}
	}
	return true
}

// SetEpoch tells the client the guard's halt epoch. From then on nothing leaves that was
// approved in another. Epochs only grow; a lower one is an old message and changes nothing.
func (c *Client) SetEpoch(epoch uint64) {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	if epoch > c.gate.epoch {
		c.gate.epoch = epoch
		c.gate.wake()
	}
}

// Drained says that [Client.SetEpoch] was told this epoch or a later one, and that of all
// that was approved before, each request is answered, given up after the timeout with its
// outcome unknown, or will never be sent. Bytes that are written do not suffice: an order on
// its way could arrive after the cancels that a halt sends.
func (c *Client) Drained(epoch uint64) bool {
	return c.gate.drained(epoch)
}

// Drain waits for [Client.Drained].
func (c *Client) Drain(ctx context.Context, epoch uint64) error {
	for {
		changed := c.gate.draining(epoch)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
