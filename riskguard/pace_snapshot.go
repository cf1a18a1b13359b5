package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

type trafficSnapshot struct {
	Slots    traffic             `json:"slots"`
	Strategy exchange.StrategyID `json:"strategy"`
}

type executedSnapshot struct {
	Instant  exchange.Time       `json:"instant,omitzero"`
	Order    exchange.OrderID    `json:"order,omitzero"`
	Strategy exchange.StrategyID `json:"strategy"`
	Times    []exchange.Time     `json:"times"`
}

type sentSnapshot struct {
	Strategy exchange.StrategyID `json:"strategy"`
	Times    []exchange.Time     `json:"times"`
}

// writePace writes what was sent and dealt of late.
func (g *Guard) writePace(s *snapshot) {
	for i := range g.sent {
		if times := g.sent[i].newest(); times != nil {
			s.Sent = append(s.Sent, sentSnapshot{exchange.StrategyID(i), times})
		}
	}
	s.Messages = g.messages.newest()
	for i := range g.traffic {
		if len(g.traffic[i]) > 0 {
			s.Traffic = append(s.Traffic, trafficSnapshot{g.traffic[i], exchange.StrategyID(i)})
		}
	}
	for i := range g.acted {
		if times := g.acted[i].newest(); times != nil {
			s.Acted = append(s.Acted, sentSnapshot{exchange.StrategyID(i), times})
		}
	}
	for i := range g.executed {
		x := &g.executed[i]
		if times := x.newest(); times != nil || x.order != 0 {
			s.Executed = append(s.Executed, executedSnapshot{x.instant, x.order, exchange.StrategyID(i), times})
		}
	}
}

// restorePace brings it back. What was of a strategy that is not configured any more is nobody's.
func (g *Guard) restorePace(s *snapshot) error {
	for _, at := range s.Messages {
		g.messages.count(at)
	}
	for _, w := range s.Traffic {
		if len(w.Slots) > trafficSlots {
			return fmt.Errorf("traffic of strategy %d has %d slots; it must be at most %d", w.Strategy, len(w.Slots), trafficSlots)
		}
		if int(w.Strategy) < len(g.traffic) {
			g.traffic[w.Strategy] = w.Slots
		}
	}
	for _, w := range s.Sent {
		if int(w.Strategy) >= len(g.sent) {
			continue
		}
		for _, at := range w.Times {
			g.sent[w.Strategy].count(at)
		}
	}
	for _, w := range s.Acted {
		if int(w.Strategy) >= len(g.acted) {
			continue
		}
		for _, at := range w.Times {
			g.acted[w.Strategy].count(at)
		}
	}
	for _, w := range s.Executed {
		if int(w.Strategy) >= len(g.executed) {
			continue
		}
		x := &g.executed[w.Strategy]
		x.order, x.instant = w.Order, w.Instant
		for _, at := range w.Times {
			x.count(at)
		}
	}
	return nil
}
