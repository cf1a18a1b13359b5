package market

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// fundingEvery is the settlement interval of every generated perpetual.
const fundingEvery = 8 * time.Hour

// BarsMax bounds the length of a market: more than fifty years of minutes.
const BarsMax = 1 << 25

// priceMax leaves room for what a price may become and for sums of three.
const priceMax = exchange.FixedMax / (16 * wall)

// Spec describes a market completely: equal specs make equal markets.
type Spec struct {
	Seed uint64
	// Start is the opening of the first bar, a whole number of bars since 1970.
	Start exchange.Time
	// Bar is the length of a bar: whole minutes, and a divisor of eight hours.
	Bar time.Duration
	// Bars is how many bars every leg has, at most BarsMax.
	Bars int
	// Price is where the index starts. 0 takes 60,000 for BTC and 3,000 for ETH.
	Price exchange.Fixed
	// Legs are contracts on UM or CM, perpetual or dated, and margin pairs, of one base coin.
	// ID, Product, Base, Quote, Delivery, Tick, Lot.Step and, for CM, ContractSize are read.
	// A dated contract ends at its Delivery.
	Legs []*exchange.Instrument
	// Others are assets that begin at 1 USD and stay there, but for moves: stable coins that an
	// account holds and nothing here is quoted in.
	Others []string
	// Moves happen by plan. Of one that begins on another's way the step is of the price then.
	Moves []Move
}

// Market yields the events of a generated market in order of time. Of one instant come
// first the index prices of the assets, then marks, closed bars, fundings, and the next
// bars' openings, each in the order of the legs. It implements backtest.Source.
type Market struct {
	bar   time.Duration
	hour  time.Duration // as many bars as fit into an hour, at least one
	now   exchange.Time
	left  int // bars to come
	coin  coin
	legs  []leg
	quote []string // margin assets of the linear legs, without repeats

	passed int64 // bars
	moves  []move
	others []other

	// most bounds the events of one instant. An instant that does not fit into the
	// caller's buffer is made in frame, and pending is what of it was not yet given.
	most           int
	frame, pending []exchange.Event
	bars           ring[exchange.Bar]
	indexes        ring[exchange.AssetIndex]
	started        bool
}

// New makes a market, or says which field of the spec is wrong.
func New(s Spec) (*Market, error) {
	price, err := s.check()
	if err != nil {
		return nil, fmt.Errorf("generated market: %w", err)
	}
	m := &Market{
		bar: s.Bar, hour: s.Bar * max(1, time.Hour/s.Bar), now: s.Start, left: s.Bars,
		coin: newCoin(s.Seed, s.Legs[0].Base, price, int64(s.Bar/time.Minute)),
	}
	for _, in := range s.Legs {
		m.legs = append(m.legs, newLeg(s.Seed, in, &m.coin, s.Bar, s.Start))
		if !in.Inverse() && !slices.Contains(m.quote, in.Quote) {
			m.quote = append(m.quote, in.Quote)
		}
	}
	if err := m.plan(&s); err != nil {
		return nil, fmt.Errorf("generated market: %w", err)
	}
	// The first instant has the promises, four a leg and one an asset, and no others
	// are longer; see first and next.
	m.most = 6*len(m.legs) + 2*(1+len(m.quote)+len(m.others))
	m.frame = make([]exchange.Event, m.most)
	return m, nil
}

func (s *Spec) check() (exchange.Fixed, error) {
	switch {
	case s.Bar < time.Minute || s.Bar%time.Minute != 0 || fundingEvery%s.Bar != 0:
		return 0, fmt.Errorf("bar %v must be whole minutes and divide %v, such as 1m, 15m or 4h", s.Bar, fundingEvery)
	case s.Start < 0 || s.Start%exchange.Time(s.Bar) != 0:
		return 0, fmt.Errorf("start %v must be a whole number of bars (%v) since 1970", s.Start, s.Bar)
	case s.Bars < 1 || s.Bars > BarsMax:
		return 0, fmt.Errorf("bars %d must be between 1 and %d", s.Bars, BarsMax)
	case len(s.Legs) == 0:
		return 0, errors.New("it needs at least one leg")
	}
	price := s.Price
	if price == 0 {
		switch s.Legs[0].Base {
		case "BTC":
			price = 60_000 * exchange.FixedOne
		case "ETH":
			price = 3_000 * exchange.FixedOne
		default:
			return 0, fmt.Errorf("price must be set for coin %s", s.Legs[0].Base)
		}
	}
	for _, in := range s.Legs {
		if in.Delivery != 0 && in.Delivery <= s.Start {
			return 0, fmt.Errorf("leg %s: its delivery, %v, is not after the start", in.Name(), in.Delivery)
		}
		if err := checkLeg(in, s.Legs[0].Base, price); err != nil {
			return 0, fmt.Errorf("leg %s: %w", in.Name(), err)
		}
	}
	return price, nil
}

func checkLeg(in *exchange.Instrument, base string, price exchange.Fixed) error {
	switch {
	case in.Base != base:
		return fmt.Errorf("coin is %s, but the first leg's is %s; several coins need a tape, see pmbot data import", in.Base, base)
	case in.Tick <= 0 || in.Lot.Step <= 0:
		return errors.New("tick and lot step must be above 0")
	case in.Inverse() && in.ContractSize <= 0:
		return errors.New("contract size must be above 0")
	case price/in.Tick < wall*ticksMin || price > priceMax:
		return fmt.Errorf("price %v must be at least %d ticks of %v and at most %v",
			price, wall*ticksMin, in.Tick, priceMax)
	}
	return nil
}

// Next fills buf with the events that come next and returns how many; io.EOF ends. The
// events and what they point to are valid until the next call.
func (m *Market) Next(buf []exchange.Event) (int, error) {
	m.bars.reserve(len(buf) + 3*m.most)
	m.indexes.reserve(len(buf) + 3*m.most)
	n := 0
	for n < len(buf) {
		if len(m.pending) > 0 {
			given := copy(buf[n:], m.pending)
			m.pending = m.pending[given:]
			n += given
			continue
		}
		if m.started && m.left == 0 {
			break
		}
		if len(buf)-n >= m.most {
			n += m.instant(buf[n : n+m.most])
		} else {
			m.pending = m.frame[:m.instant(m.frame)]
		}
	}
	if n == 0 && len(buf) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// instant writes all events of the next instant, at most m.most, and returns how many.
func (m *Market) instant(buf []exchange.Event) int {
	w := writer{buf: buf, at: m.now}
	if !m.started {
		m.started = true
		m.promise(&w)
		m.value(&w, true)
		m.open(&w)
		return w.n
	}
	m.now += exchange.Time(m.bar)
	m.left--
	w.at = m.now
	m.coin.move()
	m.moveBy(m.passed)
	m.passed++
	closed := m.bars.take(len(m.legs))
	for i := range m.legs {
		m.legs[i].move(&m.coin, m.now-exchange.Time(m.bar), &closed[i])
	}
	m.value(&w, m.now%exchange.Time(m.hour) == 0)
	for i := range m.legs {
		if m.legs[i].trades(m.now) {
			w.next(m.legs[i].inst).SetBar(&closed[i])
		}
	}
	if m.now%exchange.Time(fundingEvery) == 0 {
		for i := range m.legs {
			l := &m.legs[i]
			if !l.perpetual() {
				continue
			}
			mark := l.mark(m.now).Price
			w.next(l.inst).SetFunding(exchange.Funding{Rate: l.funding.settle(), Mark: mark, Interval: fundingEvery})
		}
	}
	if m.left > 0 {
		m.open(&w)
	}
	return w.n
}

// promise declares how often each value comes.
func (m *Market) promise(w *writer) {
	for i := range m.legs {
		for _, c := range []exchange.Cadence{
			{Kind: exchange.KindMark, Every: m.bar},
			{Kind: exchange.KindBar, Every: m.bar},
			{Kind: exchange.KindBarOpen, Every: m.bar},
			{Kind: exchange.KindFunding, Every: fundingEvery},
		} {
			if c.Kind == exchange.KindMark && m.legs[i].spot || c.Kind == exchange.KindFunding && !m.legs[i].perpetual() {
				continue
			}
			w.next(m.legs[i].inst).SetCadence(&c)
		}
	}
	w.next(0).SetCadence(&exchange.Cadence{Kind: exchange.KindAssetIndex, Asset: m.coin.asset, Every: m.bar})
	for _, q := range m.quote {
		w.next(0).SetCadence(&exchange.Cadence{Kind: exchange.KindAssetIndex, Asset: q, Every: m.hour})
	}
	for i := range m.others {
		w.next(0).SetCadence(&exchange.Cadence{Kind: exchange.KindAssetIndex, Asset: m.others[i].name, Every: m.bar})
	}
}

// value writes the coin's index price, the stable coins' when they are due, and marks.
func (m *Market) value(w *writer, stable bool) {
	m.index(w, m.coin.asset, m.coin.price)
	if stable {
		for _, q := range m.quote {
			m.index(w, q, exchange.FixedOne+part(exchange.FixedOne, m.coin.depeg))
		}
	}
	for i := range m.others {
		m.index(w, m.others[i].name, m.others[i].price)
	}
	for i := range m.legs {
		if l := &m.legs[i]; !l.spot && l.trades(m.now) {
			w.next(l.inst).SetMark(l.mark(m.now))
		}
	}
}

func (m *Market) index(w *writer, asset string, price exchange.Fixed) {
	a := &m.indexes.take(1)[0]
	*a = exchange.AssetIndex{Asset: asset, Price: price}
	w.next(0).SetAssetIndex(a)
}

func (m *Market) open(w *writer) {
	for i := range m.legs {
		if l := &m.legs[i]; l.trades(m.now.Add(m.bar)) {
			w.next(l.inst).SetBarOpen(exchange.BarOpen{Price: l.open, Interval: m.bar})
		}
	}
}

// writer fills a buffer with events of one instant.
type writer struct {
	buf []exchange.Event
	n   int
	at  exchange.Time
}

// next clears the next event of the buffer, which may hold one of an earlier call.
func (w *writer) next(inst exchange.InstrumentID) *exchange.Event {
	e := &w.buf[w.n]
	w.n++
	*e = exchange.Event{At: w.at, Exchange: w.at, Inst: inst}
	return e
}

// ring hands out payloads and reuses them. With room for the events of a call and three
// instants more, none is reused while the caller may still read it.
type ring[T any] struct {
	slots []T
	at    int
}

func (r *ring[T]) reserve(n int) {
	if len(r.slots) < n {
		r.slots, r.at = make([]T, n), 0
	}
}

// take returns n slots side by side.
func (r *ring[T]) take(n int) []T {
	if r.at+n > len(r.slots) {
		r.at = 0
	}
	r.at += n
	return r.slots[r.at-n : r.at]
}
