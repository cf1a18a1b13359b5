package market

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// LevelsMax bounds the levels of a generated book's side, as Binance bounds a snapshot.
const LevelsMax = 1000

// TickSpec describes an endless market of books and trades completely: equal specs make
// equal markets.
type TickSpec struct {
	Seed uint64
	// Start is the first instant, a whole number of Steps since 1970.
	Start exchange.Time
	// Step is how often books and trades move: whole milliseconds, and a divisor of a
	// second. 100ms is usual.
	Step time.Duration
	// Legs are perpetual and dated contracts on UM and CM and margin pairs, of any coins.
	// ID, Product, Symbol, Base, Quote, Delivery, Tick, Lot and, for CM, ContractSize are
	// read. A dated contract ends at its Delivery.
	Legs []*exchange.Instrument
	// Prices is where the index of each coin starts, in USD. BTC starts at 60,000, ETH at
	// 3,000, BNB at 600 and SOL at 150 if it does not say otherwise; stable coins start at
	// a dollar. Assets that no leg has are told of as well.
	Prices []CoinPrice
	// Levels is how many levels a side of a book has, at most [LevelsMax]; 0 takes 50. A
	// price of few ticks may have room for less.
	Levels int
	// Volatility multiplies the usual volatility, at most 20; 0 takes 1.
	Volatility exchange.Fixed
	// Liquidations is how many forced orders a futures contract has in an hour, more or
	// less, at most 3,600. 0 takes 12, and -1 is none.
	Liquidations int
}

// CoinPrice is the price of an asset in USD.
type CoinPrice struct {
	Asset string
	Price exchange.Fixed
}

// Ticks yields the events of a generated market in order of time and has no end. It
// implements backtest.Source.
//
// Of one instant come first the index prices of the assets, then marks, then of each leg in
// turn the trades, the liquidation, the piece of the book that has the state after them,
// and the best bid and ask where they have changed; at last the fundings. Each has the
// same time by the local and by the exchange's clock.
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

// Of a leg, no instant has more events than these: mark, trades, liquidation, two pieces of
// the book, ticker, funding. The first one has five promises and less of others.
const (
	ordersMax = 3 // taking orders of a leg and a step, forced ones aside
	sweepMax  = 8 // levels that one order takes
	legEvents = 1 + (ordersMax+1)*sweepMax + 1 + 2 + 1 + 1
)

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

func (s *TickSpec) check() error {
	switch {
	case s.Step < time.Millisecond || s.Step%time.Millisecond != 0 || time.Second%s.Step != 0:
		return fmt.Errorf("step %v must be whole milliseconds and divide a second, such as 100ms", s.Step)
	case s.Start < 0 || s.Start%exchange.Time(s.Step) != 0:
		return fmt.Errorf("start %v must be a whole number of steps (%v) since 1970", s.Start, s.Step)
	case len(s.Legs) == 0:
		return errors.New("it needs at least one leg")
	case s.Levels < 0 || s.Levels > LevelsMax:
		return fmt.Errorf("levels %d must be from 1 to %d, or 0 for %d", s.Levels, LevelsMax, levelsUsual)
	case s.Volatility < 0 || s.Volatility > 20*exchange.FixedOne:
		return fmt.Errorf("volatility %v must be above 0 and at most 20, or 0 for 1", s.Volatility)
	case s.Liquidations < -1 || s.Liquidations > 3600:
		return fmt.Errorf("liquidations %d must be from 1 to 3,600 an hour, -1 for none or 0 for %d", s.Liquidations, liquidationsUsual)
	}
	for i, in := range s.Legs {
		if slices.ContainsFunc(s.Legs[:i], func(b *exchange.Instrument) bool { return b.ID == in.ID || b.Name() == in.Name() }) {
			return fmt.Errorf("leg %s or its id is listed twice", in.Name())
		}
	}
	return nil
}

const (
	levelsUsual       = 50
	liquidationsUsual = 12
)

func (s *TickSpec) levels() int {
	if s.Levels == 0 {
		return levelsUsual
	}
	return s.Levels
}

func (s *TickSpec) liquidations() int64 {
	if s.Liquidations == 0 {
		return liquidationsUsual
	}
	return int64(max(s.Liquidations, 0))
}

// calm is a deviation under the volatility asked for.
func (s *TickSpec) calm(usual int64) int64 {
	if s.Volatility == 0 {
		return usual
	}
	return max(usual*int64(s.Volatility)/int64(exchange.FixedOne), 64)
}

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

// dollar is the quote of CM contracts, which has no index.
const dollar = "USD"

// stable says whether an asset keeps to a dollar.
func stable(name string) bool {
	switch name {
	case "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USD1", "BFUSD", "RWUSD", "USDE":
		return true
	}
	return false
}

// price is where an asset starts, 0 if nothing says so.
func (s *TickSpec) price(name string) exchange.Fixed {
	for _, p := range s.Prices {
		if p.Asset == name {
			return p.Price
		}
	}
	switch name {
	case "BTC":
		return 60_000 * exchange.FixedOne
	case "ETH":
		return 3_000 * exchange.FixedOne
	case "BNB":
		return 600 * exchange.FixedOne
	case "SOL":
		return 150 * exchange.FixedOne
	}
	if stable(name) {
		return exchange.FixedOne
	}
	return 0
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
			m.legs[i].open(&w)
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
		if l.marked {
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
		if l := &m.legs[i]; l.marked && l.live(m.now) {
			w.next(l.inst).SetMark(l.mark(m.now))
		}
	}
}
