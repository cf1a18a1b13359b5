package riskguard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// market is what the guard knows of one instrument's prices, and since when.
type market struct {
	last           exchange.Fixed // last trade, bar close or mid
	mark           exchange.Fixed
	index          exchange.Fixed // told with the mark, 0 if not
	lastAt, markAt exchange.Time
	// bid and ask are the best prices, 0 for a side that is empty, and bookAt when they were
	// told.
	bid, ask  exchange.Fixed
	bookAt    exchange.Time
	everyLast time.Duration // declared cadences, the shortest of several feeds
	everyMark time.Duration
	everyBook time.Duration
}

// asset is one collateral's index price and since when it is known.
type asset struct {
	name  string
	price exchange.Fixed
	at    exchange.Time
	every time.Duration
}

// sent is the times of the last messages, or whatever else is counted, a ring as long as the
// limit.
type sent struct {
	at   []exchange.Time
	next int
}

// resize makes room for another number of messages and keeps the newest.
func (s *sent) resize(most int) {
	newest := s.newest()
	newest = newest[max(0, len(newest)-most):]
	*s = sent{at: make([]exchange.Time, most)}
	for _, at := range newest {
		s.count(at)
	}
}

// newest are the times of the last messages, oldest first.
func (s *sent) newest() []exchange.Time {
	var list []exchange.Time
	for i := range s.at {
		if at := s.at[(s.next+i)%len(s.at)]; at != 0 {
			list = append(list, at)
		}
	}
	return list
}

// count notes a message.
func (s *sent) count(at exchange.Time) {
	if len(s.at) == 0 {
		return
	}
	s.at[s.next] = at
	s.next = (s.next + 1) % len(s.at)
}

// clear forgets all of them.
func (s *sent) clear() { *s = sent{at: make([]exchange.Time, len(s.at))} }

// ago is the time of the nth message from the end, 0 if there were fewer.
func (s *sent) ago(n int) exchange.Time {
	if n < 1 || n > len(s.at) {
		return 0
	}
	return s.at[(s.next-n+len(s.at))%len(s.at)]
}

// within is how many messages there were less than a while ago, up to the limit.
func (s *sent) within(at exchange.Time, while time.Duration) int {
	n := 0
	for i := s.next - 1; n < len(s.at); i, n = i-1, n+1 {
		if i < 0 {
			i = len(s.at) - 1
		}
		if s.at[i] == 0 || at.Sub(s.at[i]) >= while {
			break
		}
	}
	return n
}

// freshFor is how long a value is fresh: as long as the limit, and at least for twice the
// cadence that its feed has declared.
func freshFor(limit, every time.Duration) time.Duration { return max(limit, 2*every) }

// applyMarket folds a market event into the guard's picture of prices.
func (g *Guard) applyMarket(e *exchange.Event) {
	m := &g.markets[e.Inst]
	switch e.Kind {
	case exchange.KindTrade:
		m.last, m.lastAt = e.TradePrice(), e.At
	case exchange.KindBar:
		m.last, m.lastAt = e.Bar().Close, e.At
	case exchange.KindBookTicker:
		book := e.BookTicker()
		m.bid, m.ask, m.bookAt = book.Bid, book.Ask, e.At
		if mid := book.Mid(); mid != 0 {
			m.last, m.lastAt = mid, e.At
		}
	case exchange.KindMark:
		mark := e.Mark()
		m.mark, m.index, m.markAt = mark.Price, mark.Index, e.At
		g.fold(e)
	case exchange.KindAssetIndex:
		index := e.AssetIndex()
		a := g.asset(index.Asset)
		g.due = g.offPeg(index) || g.due
		a.price, a.at = index.Price, e.At
		g.fold(e)
	case exchange.KindFunding:
		if g.ins.Has(e.Inst) {
			g.funded(e)
		}
	case exchange.KindCadence:
		g.applyCadence(e)
	case exchange.KindClock:
		g.contact.clock.measured(e.Clock().Offset, e.At)
		g.due = true
	}
}

func (g *Guard) applyCadence(e *exchange.Event) {
	c := e.Cadence()
	switch c.Kind {
	case exchange.KindTrade, exchange.KindBar, exchange.KindBookTicker:
		m := &g.markets[e.Inst]
		m.everyLast = sooner(m.everyLast, c.Every)
		if c.Kind == exchange.KindBookTicker {
			m.everyBook = sooner(m.everyBook, c.Every)
		}
	case exchange.KindMark:
		m := &g.markets[e.Inst]
		m.everyMark = sooner(m.everyMark, c.Every)
	case exchange.KindAssetIndex:
		a := g.asset(c.Asset)
		a.every = sooner(a.every, c.Every)
	case exchange.KindLending:
		if l := g.lend(c.Asset); l != nil {
			l.every = sooner(l.every, c.Every)
		}
	case exchange.KindSurvey:
		g.promiseCopy(c.Every, e.At)
	case exchange.KindAccount:
		g.contact.account.promise(c.Every)
	case exchange.KindClock:
		g.contact.clock.promise(c.Every)
	}
}

// sooner is the shorter of two promises; 0 is none. Several feeds may bring one value:
// marks recorded every eight hours beside marks derived from every bar.
func sooner(have, other time.Duration) time.Duration {
	if have == 0 || other != 0 && other < have {
		return other
	}
	return have
}

// asset finds or makes the freshness record of an asset.
func (g *Guard) asset(name string) *asset {
	for i := range g.assets {
		if g.assets[i].name == name {
			return &g.assets[i]
		}
	}
	g.assets = append(g.assets, asset{name: name})
	return &g.assets[len(g.assets)-1]
}

// Hold counts an order's risk from now on, or as it now is, or no longer when it is
// over. Limits are held against every order between its approval and its end.
func (g *Guard) Hold(o exchange.Order) {
	at, known := slices.BinarySearchFunc(g.open, o.ID, func(have exchange.Order, id exchange.OrderID) int { return cmp.Compare(have.ID, id) })
	switch {
	case o.Status.Final():
		g.unsee(&o)
		if known {
			g.open = slices.Delete(g.open, at, at+1)
			g.model.RemoveOrder(o.ID)
		}
		return
	case known:
		g.open[at] = o
	default:
		g.open = slices.Insert(g.open, at, o)
		g.saw(&o)
	}
	if err := g.model.SetOrder(o); err != nil && g.fault == nil {
		g.fault = fmt.Errorf("order %s: %w", o.ClientID, err)
	}
}

// Count notes a message to the exchange for the limits on messages: a new order, an
// amend, an act, or one cancel. Refused wishes are no messages.
func (g *Guard) Count(in *exchange.Intent, at exchange.Time) {
	g.messages.count(at)
	if int(in.Strategy) < len(g.sent) {
		g.sent[in.Strategy].count(at)
		g.traffic[in.Strategy].at(at).Messages++
		if in.Kind >= exchange.IntentBorrow {
			g.acted[in.Strategy].count(at)
		}
	}
}
