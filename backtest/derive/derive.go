// Package derive supplies by fixed, named rules what market data lacks for an account to be
// valued, in backtests and in dry runs alike:
//
//   - "mark = last close" (before the first close, the first open) and "mark = last trade,
//     once a second", as often as Binance's own: the mark of a futures contract whose
//     recorded marks are missing or rarer than its prices. A recorded mark of the same
//     instant wins.
//   - "index = index price of the mark, else mark of X": the USD price of a coin that
//     counts as collateral, from the future that prices it.
//   - "index = 1": the USD price of a stable coin.
//
// What it makes are events like others, marked derived, and each rule in use is named by a
// [Promise], for people to read. Start reading at [Rules.Expand].
package derive

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Rules are those in use, and what they remember. They have one owner.
type Rules struct {
	marks   []mark // by InstrumentID
	indices []index
	slab    []exchange.AssetIndex
	used    int
}

// mark is the rule for one instrument's mark.
type mark struct {
	active   bool
	every    time.Duration // at most one in that time
	recorded exchange.Time // instant of the last recorded mark
	last     exchange.Time // instant of the last derived one
}

// index is the rule for one asset: its price is that of an instrument.
type index struct {
	asset string
	from  exchange.InstrumentID
}

// New makes no rules for so many instruments. Room is how many indices are made between two
// calls of Reset, roughly.
func New(instruments, room int) *Rules {
	return &Rules{marks: make([]mark, instruments+1), slab: make([]exchange.AssetIndex, max(1, room))}
}

// Mark has the mark of an instrument derived from its prices, at most one in a time; 0 is one
// for each price.
func (r *Rules) Mark(inst exchange.InstrumentID, every time.Duration) {
	r.marks[inst].active, r.marks[inst].every = true, every
}

// Marks says whether an instrument's mark is derived, and how often at most.
func (r *Rules) Marks(inst exchange.InstrumentID) (every time.Duration, derived bool) {
	return r.marks[inst].every, r.marks[inst].active
}

// Len is the number of instruments.
func (r *Rules) Len() int { return len(r.marks) - 1 }

// Index has the index price of an asset derived from an instrument's marks.
func (r *Rules) Index(asset string, from exchange.InstrumentID) {
	r.indices = append(r.indices, index{asset, from})
}

// Idle says that there is no rule.
func (r *Rules) Idle() bool {
	return len(r.indices) == 0 && !slices.ContainsFunc(r.marks, func(m mark) bool { return m.active })
}

// Reset gives back the room of what was derived so far: nobody reads it any more.
func (r *Rules) Reset() { r.used = 0 }

// Expand appends an event and what follows from it. A derived mark, and the indices of it,
// come before the price, so that who decides on a price finds its mark in place; the indices
// of a recorded mark come behind it. What is appended stays good until Reset.
func (r *Rules) Expand(out []exchange.Event, e *exchange.Event) []exchange.Event {
	switch e.Kind {
	case exchange.KindTrade, exchange.KindBar, exchange.KindBookTicker:
		out = r.price(out, e)
	case exchange.KindBarOpen:
		out = r.first(out, e)
	case exchange.KindMark:
		r.marks[e.Inst].recorded = e.At
		return r.follow(append(out, *e), e)
	}
	return append(out, *e)
}

// price appends the mark that follows from a price, and the indices that follow from it.
func (r *Rules) price(out []exchange.Event, e *exchange.Event) []exchange.Event {
	rule := &r.marks[e.Inst]
	if !rule.active || rule.recorded == e.At || rule.every > 0 && rule.last != 0 && e.At.Sub(rule.last) < rule.every {
		return out
	}
	price := priceOf(e)
	if price == 0 {
		return out
	}
	return r.emitMark(out, e, price)
}

// first appends the mark at the very first open, so that an account is worth something
// before its first bar has closed.
func (r *Rules) first(out []exchange.Event, e *exchange.Event) []exchange.Event {
	rule := &r.marks[e.Inst]
	if !rule.active || rule.last != 0 || rule.recorded != 0 {
		return out
	}
	return r.emitMark(out, e, e.BarOpen().Price)
}

func (r *Rules) emitMark(out []exchange.Event, e *exchange.Event, price exchange.Fixed) []exchange.Event {
	r.marks[e.Inst].last = e.At
	out = append(out, exchange.Event{At: e.At, Exchange: e.Exchange, Inst: e.Inst, Flags: exchange.FlagDerived})
	m := &out[len(out)-1]
	m.SetMark(exchange.Mark{Price: price})
	return r.follow(out, m)
}

// follow appends the asset indices that follow from a mark.
func (r *Rules) follow(out []exchange.Event, mark *exchange.Event) []exchange.Event {
	if len(r.indices) == 0 {
		return out
	}
	at, inst, m := mark.At, mark.Inst, mark.Mark()
	for i := range r.indices {
		rule := &r.indices[i]
		if rule.from != inst {
			continue
		}
		price := m.Index
		if price == 0 {
			price = m.Price
		}
		out = r.emit(out, at, rule.asset, price)
	}
	return out
}

func (r *Rules) emit(out []exchange.Event, at exchange.Time, asset string, price exchange.Fixed) []exchange.Event {
	if r.used == len(r.slab) { // the old slab stays alive as long as events point to it
		r.slab, r.used = make([]exchange.AssetIndex, 2*len(r.slab)), 0
	}
	body := &r.slab[r.used]
	r.used++
	body.Asset, body.Price = asset, price
	out = append(out, exchange.Event{At: at, Flags: exchange.FlagDerived})
	out[len(out)-1].SetAssetIndex(body)
	return out
}

// priceOf is the price that a market event shows: a trade's, a bar's close, a mid.
func priceOf(e *exchange.Event) exchange.Fixed {
	switch e.Kind {
	case exchange.KindTrade:
		return e.TradePrice()
	case exchange.KindBar:
		return e.Bar().Close
	case exchange.KindBookTicker:
		return e.Mid()
	}
	return 0
}
