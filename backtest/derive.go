package backtest

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// deriver supplies by fixed, named rules what a data set lacks:
//
//   - "mark = last close" (before the first close, the first open) and "mark = last trade,
//     once a second", as often as Binance's own: the mark of a futures contract whose
//     recorded marks are missing or rarer than its prices. A recorded mark of the same
//     instant wins.
//   - "index = index price of the mark, else mark of X": the USD price of a coin that
//     counts as collateral, from the future that prices it.
//   - "index = 1": the USD price of a stable coin.
//
// What it makes are events like others, marked derived, and each rule in use is listed
// under WARNINGS.
type deriver struct {
	inst    []derivedMark // by InstrumentID
	indices []derivedIndex
	slab    []exchange.AssetIndex
	used    int
}

// derivedMark is the rule for one instrument's mark.
type derivedMark struct {
	active   bool
	every    time.Duration // at most one in that time
	recorded exchange.Time // instant of the last recorded mark
	last     exchange.Time // instant of the last derived one
}

// derivedIndex is the rule for one asset: its price is that of an instrument.
type derivedIndex struct {
	asset string
	from  exchange.InstrumentID
}

func newDeriver(instruments int) *deriver {
	return &deriver{inst: make([]derivedMark, instruments+1), slab: make([]exchange.AssetIndex, 2*feedEvents)}
}

// idle says that there is no rule.
func (d *deriver) idle() bool {
	return len(d.indices) == 0 && !slices.ContainsFunc(d.inst, func(m derivedMark) bool { return m.active })
}

func (d *deriver) reset() { d.used = 0 }

// observe notes a recorded mark and says whether an index follows from it.
func (d *deriver) observe(e *exchange.Event) bool {
	d.inst[e.Inst].recorded = e.At
	return len(d.indices) > 0
}

// mark appends the mark that follows from a price, and the indices that follow from it.
func (d *deriver) mark(out []exchange.Event, e *exchange.Event) []exchange.Event {
	rule := &d.inst[e.Inst]
	if !rule.active || rule.recorded == e.At || rule.every > 0 && rule.last != 0 && e.At.Sub(rule.last) < rule.every {
		return out
	}
	price := priceOf(e)
	if price == 0 {
		return out
	}
	return d.emitMark(out, e, price)
}

// first appends the mark at the very first open, so that an account is worth something
// before its first bar has closed.
func (d *deriver) first(out []exchange.Event, e *exchange.Event) []exchange.Event {
	rule := &d.inst[e.Inst]
	if !rule.active || rule.last != 0 || rule.recorded != 0 {
		return out
	}
	return d.emitMark(out, e, e.BarOpen().Price)
}

func (d *deriver) emitMark(out []exchange.Event, e *exchange.Event, price exchange.Fixed) []exchange.Event {
	d.inst[e.Inst].last = e.At
	out = append(out, exchange.Event{At: e.At, Exchange: e.Exchange, Inst: e.Inst, Flags: exchange.FlagDerived})
	m := &out[len(out)-1]
	m.SetMark(exchange.Mark{Price: price})
	return d.index(out, m)
}

// index appends the asset indices that follow from a mark.
func (d *deriver) index(out []exchange.Event, mark *exchange.Event) []exchange.Event {
	at, inst, m := mark.At, mark.Inst, mark.Mark()
	for i := range d.indices {
		rule := &d.indices[i]
		if rule.from != inst {
			continue
		}
		price := m.Index
		if price == 0 {
			price = m.Price
		}
		out = d.emit(out, at, rule.asset, price)
	}
	return out
}

func (d *deriver) emit(out []exchange.Event, at exchange.Time, asset string, price exchange.Fixed) []exchange.Event {
	if d.used == len(d.slab) { // the old slab stays alive as long as events point to it
		d.slab, d.used = make([]exchange.AssetIndex, 2*len(d.slab)), 0
	}
	body := &d.slab[d.used]
	d.used++
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
