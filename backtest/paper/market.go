package paper

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/exchange"
)

// markEvery is how often marks come that are derived of trades, as often as trades are
// promised, and streamEvery how often those of a feed do, at the slower of its two speeds.
const markEvery, streamEvery = time.Minute, 3 * time.Second

// derive makes the rules for what the feed lacks.
func (b *Broker) derive() error {
	c := &b.config
	ins := c.Venue.Instruments
	b.rules = derive.New(ins.Len(), 8)
	promise := func(p derive.Promise) {
		b.opening, b.warnings = append(b.opening, p.Event), append(b.warnings, p.Text)
	}
	for _, in := range ins.All() {
		if in.Product != exchange.Margin && c.Marked != nil && !c.Marked(&in) {
			b.rules.Mark(in.ID, time.Second)
			promise(derive.PromiseOf(in.ID, exchange.Cadence{Kind: exchange.KindMark, Every: markEvery, Rule: derive.MarkOfTrades}, in.Name()))
		}
	}
	b.opening = append(b.opening, derive.Promised(exchange.KindAccount, exchange.Forever))
	var held []string
	for _, balance := range c.Venue.Balances {
		held = append(held, balance.Asset)
	}
	if c.Opening != nil {
		held = held[:0]
		for _, balance := range c.Opening.Balances {
			held = append(held, balance.Asset)
		}
	}
	for _, asset := range derive.Needed(ins, held) {
		if slices.Contains(c.Indexed, asset) {
			continue
		}
		if slices.Contains(c.Venue.Tables.Stables, asset) {
			p, constant := derive.Stable(asset)
			promise(p)
			b.opening = append(b.opening, constant)
			continue
		}
		p, err := b.rules.Coin(asset, ins, func(in *exchange.Instrument) time.Duration {
			if _, derived := b.rules.Marks(in.ID); derived {
				return markEvery
			}
			return streamEvery
		})
		if err != nil {
			return fmt.Errorf("nothing prices %s, which the account holds or settles in: %w; subscribe to its asset index or let a strategy name a future of it", asset, err)
		}
		promise(p)
	}
	if c.Lends {
		b.opening = append(b.opening, derive.Lending(ins, held, c.Venue.Tables.Interest)...)
	}
	return nil
}

// Take shows the exchange a market event, before the loop is given it. What the exchange
// answers and what is derived of the event are delivered before Take returns. The event stays
// the caller's.
func (b *Broker) Take(e *exchange.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules.Reset()
	b.expanded = b.rules.Expand(b.expanded[:0], e)
	if len(b.expanded) == 1 {
		b.far.Market(e)
		b.settle()
		return
	}
	// As a backtest digests an instant: what was traded first, then what it is worth.
	for _, values := range [...]bool{false, true} {
		for i := range b.expanded {
			x := &b.expanded[i]
			if (x.Kind == exchange.KindMark || x.Kind == exchange.KindAssetIndex) == values {
				b.far.Market(x)
			}
		}
	}
	b.settle()
	for i := range b.expanded {
		if x := &b.expanded[i]; x.Derived() && !e.Derived() {
			b.config.Deliver(own(x))
		}
	}
}
