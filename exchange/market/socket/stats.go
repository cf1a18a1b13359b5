package socket

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// ConnStats says how a connection is doing.
type ConnStats struct {
	Route stream.Route
	// Conn is its number, Lane that of the streams it carries, from 0: a connection and
	// its successor have the same.
	Conn, Lane int
	// Open is false while it is being made. Successor says that it takes over from another.
	Open, Successor bool
	// LastAt is when it was heard last.
	LastAt exchange.Time
	// Streams are those of the lane, Subscribed those of them that the exchange has
	// acknowledged here, Owned those whose messages are delivered from here, and Silent
	// those of Owned that the watchdog has told of.
	Streams, Subscribed, Owned, Silent int
	// Messages and Bytes are what came, replies included; Undecodable and Unasked are
	// parts of Messages. Commands are what was sent.
	Messages, Bytes, Undecodable, Unasked, Commands int64
	// HeldBytes are held back on it now.
	HeldBytes int
}

// Stats returns all connections there are, by lane.
func (s *Set) Stats() []ConnStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []ConnStats
	for i, l := range s.lanes.all {
		for _, slot := range [...]int{l.main, 1 - l.main} {
			if k := l.links[slot]; k != nil {
				c := l.stats(k)
				c.Lane = i
				list = append(list, c)
			}
		}
	}
	return list
}

func (l *lane) stats(k *link) ConnStats {
	c := ConnStats{
		Route: l.route, Conn: k.conn, Open: k.open, Successor: k.slot != l.main, LastAt: k.lastAt, Streams: len(l.tracks),
		Messages: k.stats.messages, Bytes: k.stats.bytes, Undecodable: k.stats.undecodable, Unasked: k.stats.unasked,
		Commands: k.stats.commands,
	}
	if c.Successor {
		c.HeldBytes = l.held
	}
	for _, t := range l.tracks {
		if t.asks[k.slot].state == acknowledged {
			c.Subscribed++
		}
		if t.owner == k.slot {
			c.Owned++
			if t.watch.step != speaking {
				c.Silent++
			}
		}
	}
	return c
}

// Subs returns the streams in the order of their Index.
func (s *Set) Subs() []*Sub {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*Sub
	for _, l := range s.lanes.all {
		for _, t := range l.tracks {
			list = append(list, t.Sub)
		}
	}
	slices.SortFunc(list, func(a, b *Sub) int { return a.Index - b.Index })
	return list
}
