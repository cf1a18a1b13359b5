package public

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// tradesMax is how many trades of a symbol are kept at least; twice as many at most.
	tradesMax = 10_000
	// fundingsMax is how many settlements of a symbol are kept.
	fundingsMax = 1000
	// idBase is where ids of trades begin, beyond what 32 bits hold; those of books are
	// beyond that again, as Binance's are.
	idBase, bookBase = 3_000_000_000, 11_000_000_000_000
)

// symbol is what has become public of one instrument.
type symbol struct {
	in                     exchange.Instrument
	pricePlaces, qtyPlaces int

	depth   depth
	told    exchange.BookTicker // the best prices that were told last
	trades  []trade
	aggID   int64
	id      int64
	last    trade
	candles chart

	mark                     exchange.Mark
	markAt                   exchange.Time
	average                  exchange.Fixed
	marks, indexes, premiums chart

	fundings []funding
	forced   *forced // the largest liquidation of the running second

	life life
	// delivered is the price that a dated contract was settled at, as far as is known here.
	delivered exchange.Fixed
	// onboard is when it was listed, 0 if it was from the beginning, and ended when a perpetual
	// has ceased to trade. torn says that pieces of its book are missing.
	onboard, ended exchange.Time
	torn           bool
	// streams are those that somebody listens to and that something of this symbol feeds.
	streams []*stream
}

// trade is an aggregate trade at its time.
type trade struct {
	exchange.Trade
	at exchange.Time
}

// funding is a settlement at its time.
type funding struct {
	exchange.Funding
	at exchange.Time
}

// forced is a liquidation at its time.
type forced struct {
	exchange.Liquidation
	at exchange.Time
}

func newSymbol(in *exchange.Instrument) symbol {
	s := symbol{
		in: *in, pricePlaces: placesOf(in.Tick), qtyPlaces: placesOf(in.Lot.Step),
		candles: newChart(in), marks: newChart(in), indexes: newChart(in), premiums: newChart(in),
		aggID: idBase, id: 2 * idBase,
	}
	s.depth.bids.bids = true
	if in.Status == "" {
		s.life = unlisted
	}
	s.depth.last = bookBase
	return s
}

// PricePlaces is the pricePrecision that exchangeInfo tells: how many decimals an order's
// price may have. On UM it is one more than the tick needs, as it is of BTCUSDT, so that who
// takes it for the tick is refused.
func PricePlaces(in *exchange.Instrument) int {
	places := placesOf(in.Tick)
	if in.Product == exchange.UM {
		places = min(places+1, exchange.FixedPlaces)
	}
	return places
}

func (s *symbol) price(f exchange.Fixed) string { return fixed(f, s.pricePlaces) }
func (s *symbol) qty(f exchange.Fixed) string   { return fixed(f, s.qtyPlaces) }

// quotePlaces is with how many decimals quote volumes are written.
func (s *symbol) quotePlaces() int {
	if s.in.Product == exchange.UM {
		return s.pricePlaces + s.qtyPlaces
	}
	return pricePlaces
}

// deal takes a trade, whose ids are the source's where they go on from those before.
func (s *symbol) deal(at exchange.Time, t exchange.Trade) {
	parts := int64(1)
	if t.First > 0 && t.Last > t.First {
		parts += t.Last - t.First
	}
	if t.ID <= s.aggID {
		t.ID = s.aggID + 1
	}
	if t.First <= s.id {
		t.First = s.id + 1
	}
	t.Last = t.First + parts - 1
	s.aggID, s.id = t.ID, t.Last
	if len(s.trades) >= 2*tradesMax {
		s.trades = slices.Delete(s.trades, 0, len(s.trades)-tradesMax)
	}
	s.last = trade{t, at}
	s.trades = append(s.trades, s.last)
}

// markMoves takes a mark price with the index behind it.
func (s *symbol) markMoves(at exchange.Time, m exchange.Mark) {
	if s.markAt == 0 {
		s.average = m.Price
	}
	s.average += (m.Price - s.average) / 8
	s.mark, s.markAt = m, at
	s.marks.value(at, m.Price)
	if m.Index > 0 {
		s.indexes.value(at, m.Index)
		premium := quotient((m.Price - m.Index).Decimal(), m.Index.Decimal())
		if p, err := exchange.FixedFromDecimal(premium, exchange.RoundDown); err == nil {
			s.premiums.value(at, p)
		}
	}
}

// settled takes a settlement. Binance's are told some milliseconds late, by another number
// each time, and here too.
func (s *symbol) settled(at exchange.Time, f exchange.Funding) {
	const latest = 32
	late := at.Millis() / 3_600_000 * 7 % latest
	if len(s.fundings) >= fundingsMax {
		s.fundings = slices.Delete(s.fundings, 0, 1)
	}
	s.fundings = append(s.fundings, funding{f, exchange.Millis(at.Millis() + late)})
}

// perpetual says whether the contract never delivers and so has funding.
func (s *symbol) perpetual() bool { return s.in.Product != exchange.Margin && s.in.Delivery == 0 }

// marked says whether its mark is told.
func (s *symbol) marked() bool { return s.markAt != 0 && s.life != over }

// trading says whether orders are taken.
func (s *symbol) trading() bool { return s.in.Status == exchange.StatusTrading }

// openInterest is assumed, for no event tells it: a twentieth of the day's volume, and at
// least a hundred of the largest orders that may be sent.
func (s *symbol) openInterest(now exchange.Time) exchange.Fixed {
	most := s.in.Lot.Step
	if s.in.Lot.Max > 0 {
		most = s.in.Lot.Max
	}
	least := exchange.FixedMax
	if most < exchange.FixedMax/100 {
		least = 100 * most
	}
	twentieth := s.day(now).volume.Decimal().Mul(decimal.New(5, -2))
	if f, err := exchange.FixedFromDecimal(twentieth, exchange.RoundDown); err == nil && f > least {
		return f.Round(s.in.Lot.Step, exchange.RoundDown)
	}
	return least
}
