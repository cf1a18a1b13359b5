package market

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Ticks yields the events of a generated market in order of time and has no end. It
// implements backtest.Source.
//
// Of one instant come first the index prices of the assets, then marks, then of each leg in
// turn the trades, the liquidation, the piece of the book that has the state after them,
// and the best bid and ask where they have changed; at last the fundings. Each has the
// same time by the local and by the exchange's clock. Index prices and marks come every
// second. Trades, and what they take, are of the book as it was told before.
//
// A book is told first as a snapshot and then by differences. At every whole minute a
// snapshot with the id of the last difference repeats what stands, for readers who began
// later or look as deep as the last snapshot went; a stream of differences leaves it out.
type Ticks struct {
	step    time.Duration
	now     exchange.Time
	started bool
	common  weather
	assets  []asset // by name
	legs    []tickLeg
	// An instant is made in frame, and pending is what of it was not yet given.
	frame, pending []exchange.Event
	indexes        []exchange.AssetIndex // by asset
}

// legEvents bounds the events of a leg in an instant: mark, trades, liquidation, two pieces
// of the book, ticker, funding. The first instant has five promises and less of others.
const legEvents = 1 + (ordersMax+1)*sweepMax + 1 + 2 + 1 + 1

// NewTicks makes a market, or says which field of the spec is wrong.
func NewTicks(s TickSpec) (*Ticks, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("generated market: %w", err)
	}
	m := &Ticks{step: s.Step, now: s.Start, common: newWeather(s.Seed, "weather", s.calm(commonCalm), s.Step)}
	if err := m.addAssets(&s); err != nil {
		return nil, fmt.Errorf("generated market: %w", err)
	}
	for _, in := range s.Legs {
		l, err := newTickLeg(&s, in, m.asset(in.Base), m.asset(in.Quote))
		if err != nil {
			return nil, fmt.Errorf("generated market: leg %s: %w", in.Name(), err)
		}
		m.legs = append(m.legs, l)
	}
	m.indexes = make([]exchange.AssetIndex, len(m.assets))
	m.frame = make([]exchange.Event, m.InstantMax())
	return m, nil
}

// InstantMax bounds the events of one instant. With that much room, a call of
// [Ticks.Next] gives exactly one instant.
func (m *Ticks) InstantMax() int { return len(m.legs)*legEvents + 2*len(m.assets) }

// addAssets makes an asset of every base, quote and price, in the order of their names.
func (m *Ticks) addAssets(s *TickSpec) error {
	var names []string
	for _, in := range s.Legs {
		names = append(names, in.Base)
		if in.Quote != dollar {
			names = append(names, in.Quote)
		}
	}
	for _, p := range s.Prices {
		names = append(names, p.Asset)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		a := asset{name: name, stable: stable(name), level: one}
		if a.start = s.price(name); a.start <= 0 || a.start > priceMax {
			return fmt.Errorf("prices: %s must have one above 0 and at most %v, and has %v", name, priceMax, a.start)
		}
		a.price, a.own = a.start, newWeather(s.Seed, "index "+name, s.calm(ownCalm), s.Step)
		m.assets = append(m.assets, a)
	}
	return nil
}

// asset finds one by its name; nil is the dollar.
func (m *Ticks) asset(name string) *asset {
	i := slices.IndexFunc(m.assets, func(a asset) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &m.assets[i]
}

// Next gives the events of the next instant, or as many as fit into buf and the others in
// the calls that follow. It returns how many, and never an error. The events and what they
// point to are valid until the next call.
func (m *Ticks) Next(buf []exchange.Event) (int, error) {
	if len(m.pending) == 0 && len(buf) > 0 {
		if len(buf) >= len(m.frame) {
			return m.instant(buf), nil
		}
		m.pending = m.frame[:m.instant(m.frame)]
	}
	n := copy(buf, m.pending)
	m.pending = m.pending[n:]
	return n, nil
}

// instant writes all events of the next instant that has any and returns how many.
func (m *Ticks) instant(buf []exchange.Event) int {
	w := writer{buf: buf, at: m.now}
	if !m.started {
		m.started = true
		m.promise(&w)
		m.value(&w)
		for i := range m.legs {
			m.legs[i].floor.open(&w, m.legs[i].inst)
		}
		return w.n
	}
	for w.n == 0 { // a long step of quiet legs may have nothing to tell
		m.now = m.now.Add(m.step)
		w.at = m.now
		m.advance(&w)
	}
	return w.n
}

// advance goes on by one step.
func (m *Ticks) advance(w *writer) {
	second := m.now%exchange.Time(time.Second) == 0
	common := m.common.move()
	for i := range m.assets {
		m.assets[i].move(common)
	}
	if second {
		m.common.second()
		for i := range m.assets {
			m.assets[i].second()
		}
	}
	for i := range m.legs {
		m.legs[i].follow(m.now, second, &m.common)
	}
	if second {
		m.value(w)
	}
	for i := range m.legs {
		m.legs[i].trade(w, second, m.common.activity())
	}
	if m.now%exchange.Time(fundingEvery) == 0 {
		for i := range m.legs {
			m.legs[i].settle(w)
		}
	}
}

// promise declares how often each value comes. Trades and books come when something
// happens, many times a minute.
func (m *Ticks) promise(w *writer) {
	for i := range m.legs {
		l := &m.legs[i]
		promises := []exchange.Cadence{
			{Kind: exchange.KindTrade, Every: time.Minute},
			{Kind: exchange.KindBookTicker, Every: time.Minute},
			{Kind: exchange.KindDepth, Every: time.Minute},
		}
		if l.future {
			promises = append(promises, exchange.Cadence{Kind: exchange.KindMark, Every: time.Second})
		}
		if l.perpetual() {
			promises = append(promises, exchange.Cadence{Kind: exchange.KindFunding, Every: fundingEvery})
		}
		for _, c := range promises {
			w.next(l.inst).SetCadence(&c)
		}
	}
	for i := range m.assets {
		w.next(0).SetCadence(&exchange.Cadence{Kind: exchange.KindAssetIndex, Asset: m.assets[i].name, Every: time.Second})
	}
}

// value writes the index prices of all assets, then the marks.
func (m *Ticks) value(w *writer) {
	for i := range m.assets {
		a := &m.assets[i]
		m.indexes[i] = exchange.AssetIndex{Asset: a.name, Price: a.price}
		w.next(0).SetAssetIndex(&m.indexes[i])
	}
	for i := range m.legs {
		m.legs[i].value(w)
	}
}
