package public

import (
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Service answers the public requests and makes the frames of the market streams.
type Service struct {
	symbols []symbol // by InstrumentID; 0 is unused
	names   map[symbolName]*symbol
	assets  []assetIndex // in the order in which they came
	now     exchange.Time
	// engine is the update id of the last change of a futures book: those are numbered
	// together, those of a spot pair by themselves.
	engine int64

	streams map[Key]*stream
	timed   []*stream // those with frames at fixed times, in the order of their keys
	due     exchange.Time
	frames  []Frame
}

type symbolName struct {
	product exchange.Product
	symbol  string
}

// assetIndex is the price by which an asset counts as collateral.
type assetIndex struct {
	asset string
	price exchange.Fixed
	at    exchange.Time
}

// New makes a service of the instruments that are listed.
func New(ins *exchange.Instruments) *Service {
	s := &Service{
		symbols: make([]symbol, ins.Len()+1), names: map[symbolName]*symbol{}, engine: bookBase,
		streams: map[Key]*stream{}, due: exchange.Never,
	}
	for i := 1; i <= ins.Len(); i++ {
		in := ins.At(exchange.InstrumentID(i))
		s.symbols[i] = newSymbol(in)
		s.names[symbolName{in.Product, in.Symbol}] = &s.symbols[i]
	}
	return s
}

// Now is how far the service has come: the time of what it has told last.
func (s *Service) Now() exchange.Time { return s.now }

// Mark is the last mark price of an instrument, the zero value while there is none.
func (s *Service) Mark(inst exchange.InstrumentID) exchange.Mark { return s.symbols[inst].mark }

// Market digests one market event. Its time must not be before that of another call.
func (s *Service) Market(e *exchange.Event) {
	s.now = max(s.now, e.At)
	sym := &s.symbols[e.Inst]
	if sym.silent(e) {
		return
	}
	switch e.Kind {
	case exchange.KindTrade:
		s.trade(sym, e.At, e.Trade())
	case exchange.KindBookTicker:
		if !sym.depth.pieces {
			s.change(sym, e.At, oneLevel(e.BookTicker()))
		}
	case exchange.KindDepth:
		sym.depth.pieces = true
		s.change(sym, e.At, e.Depth())
	case exchange.KindMark:
		sym.markMoves(e.At, e.Mark())
	case exchange.KindFunding:
		sym.settled(e.At, e.Funding())
	case exchange.KindLiquidation:
		if l := e.Liquidation(); !sym.forced.within(e.At) || l.Qty > sym.forced.Qty {
			sym.forced = &forced{l, e.At}
		}
	case exchange.KindBar:
		s.bar(sym, e.At, e.Bar())
	case exchange.KindAssetIndex:
		s.index(e.At, e.AssetIndex())
	}
}

func (s *Service) index(at exchange.Time, a *exchange.AssetIndex) {
	for i := range s.assets {
		if s.assets[i].asset == a.Asset {
			s.assets[i].price, s.assets[i].at = a.Price, at
			return
		}
	}
	s.assets = append(s.assets, assetIndex{a.Asset, a.Price, at})
}

// trade takes a trade; what has no size is none.
func (s *Service) trade(sym *symbol, at exchange.Time, t exchange.Trade) {
	if t.Price <= 0 || t.Qty <= 0 {
		return
	}
	sym.deal(at, t)
	sym.candles.trade(at, &sym.last.Trade)
	s.tellTrade(sym)
}

// bar stands in for what a source of bars alone does not tell: one trade of the bar's
// volume at its close, and a tick of spread around it.
func (s *Service) bar(sym *symbol, at exchange.Time, b *exchange.Bar) {
	if len(sym.trades) > 0 && !sym.candles.barred {
		return // its trades come one by one
	}
	sym.candles.bar(b, times128(b.TakerBuy, b.QuoteVolume, b.Volume))
	qty, err := b.Volume.Fixed()
	if err != nil || qty <= 0 {
		qty = max(sym.in.Lot.Step, 1)
	}
	sym.deal(at, exchange.Trade{Price: b.Close, Qty: qty, BuyerMaker: b.Close < b.Open})
	s.tellTrade(sym)
	if !sym.depth.pieces {
		s.change(sym, at, oneLevel(exchange.BookTicker{
			Bid: b.Close, BidQty: qty, Ask: b.Close + max(sym.in.Tick, 1), AskQty: qty,
		}))
	}
}

// times128 is the part of a volume's worth that belongs to a part of it.
func times128(part, worth, whole exchange.Wide) exchange.Wide {
	if whole.Sign() <= 0 {
		return exchange.Wide{}
	}
	w, err := exchange.ParseWide(part.Decimal().Mul(worth.Decimal()).DivRound(whole.Decimal(), pricePlaces).String())
	if err != nil {
		return exchange.Wide{}
	}
	return w
}

// oneLevel is a book of which only the best prices are known.
func oneLevel(b exchange.BookTicker) *exchange.Depth {
	d := &exchange.Depth{Snapshot: true}
	if b.BidQty > 0 {
		d.Bids = []exchange.Level{{Price: b.Bid, Qty: b.BidQty}}
	}
	if b.AskQty > 0 {
		d.Asks = []exchange.Level{{Price: b.Ask, Qty: b.AskQty}}
	}
	return d
}

// change takes a piece of a symbol's book and tells those who listen.
func (s *Service) change(sym *symbol, at exchange.Time, piece *exchange.Depth) {
	t := sym.depth.apply(piece)
	count := int64(len(t.bids) + len(t.asks))
	if count == 0 {
		return
	}
	first := sym.depth.last + 1
	if sym.in.Product == exchange.Margin {
		sym.depth.last += count
	} else {
		first = s.engine + 1
		s.engine += count
		sym.depth.last = s.engine
	}
	sym.depth.at = at
	for _, st := range sym.streams {
		if st.kind == kindDepth || st.kind == kindRPIDepth {
			st.window.add(first, sym.depth.last, t)
			if st.every == 0 {
				s.tellDepth(st)
			}
		}
	}
	if b := sym.depth.best(); b.Bid != sym.told.Bid || b.BidQty != sym.told.BidQty || b.Ask != sym.told.Ask || b.AskQty != sym.told.AskQty {
		sym.told = b
		s.tellBest(sym)
	}
}

// find is the symbol of that name, nil if there is none.
func (s *Service) find(p exchange.Product, name string) *symbol {
	if sym := s.names[symbolName{p, name}]; sym != nil && sym.life != unlisted {
		return sym
	}
	return nil
}

// all calls f with the symbols of a product, in the order in which they are listed.
func (s *Service) all(p exchange.Product, f func(*symbol)) {
	for i := 1; i < len(s.symbols); i++ {
		if s.symbols[i].in.Product == p && s.symbols[i].life != unlisted {
			f(&s.symbols[i])
		}
	}
}

// contract is the symbol of a pair and contract type, nil if there is none; without a type
// the first of the pair.
func (s *Service) contract(p exchange.Product, pair, kind string) *symbol {
	for i := 1; i < len(s.symbols); i++ {
		in := &s.symbols[i].in
		if s.symbols[i].life != unlisted && in.Product == p && in.Pair == pair && (kind == "" || strings.EqualFold(in.ContractType, kind)) {
			return &s.symbols[i]
		}
	}
	return nil
}
