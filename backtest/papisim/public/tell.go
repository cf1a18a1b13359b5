package public

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// forcedEvery is how often a liquidation of a symbol is told: the largest of that time.
const forcedEvery = time.Second

// tellTrade tells the last trade to those who listen.
func (s *Service) tellTrade(sym *symbol) {
	for _, st := range sym.streams {
		switch st.kind {
		case kindAggTrade:
			s.push(st, sym.aggTrade())
		case kindTrade:
			s.push(st, sym.tradeFrame())
		}
	}
}

// tellBest tells the best prices to those who listen.
func (s *Service) tellBest(sym *symbol) {
	for _, st := range sym.streams {
		if st.kind == kindBook {
			s.push(st, sym.bookTicker(s.now))
		}
	}
}

// tell says what a stream with a fixed time has to say, if anything.
func (s *Service) tell(st *stream) {
	switch st.kind {
	case kindKline, kindContinuous, kindIndexKline, kindMarkKline:
		s.tellCandles(st)
	case kindDepth, kindRPIDepth:
		s.tellDepth(st)
	case kindPartial:
		if last := st.sym.depth.last; last != st.book && st.sym.depth.at != 0 {
			s.push(st, st.sym.partial(s.now, st.levels, st.book))
			st.book = last
		}
	case kindMark:
		if st.sym.marked() {
			s.push(st, st.sym.markFrame(s.now))
		}
	case kindMarkAll, kindMarkPair:
		s.tellMarks(st)
	case kindIndexPrice:
		if st.sym.mark.Index != 0 {
			s.push(st, indexPriceFrame{"indexPriceUpdate", s.now.Millis(), st.pair, rate(st.sym.mark.Index)})
		}
	case kindMini, kindTicker, kindMiniAll, kindTickerAll:
		s.tellTickers(st)
	case kindBookAll:
		s.tellBooks(st)
	case kindForced:
		s.tellForced(st, st.sym)
	case kindForcedAll:
		for i := range s.symbols {
			s.tellForced(st, &s.symbols[i])
		}
	case kindAsset, kindAssetAll:
		s.tellAssets(st)
	case kindComposite:
		if st.sym.marked() {
			s.push(st, st.sym.composite(s.now))
		}
	case kindSession:
		s.push(st, sessionAt(s.now))
	case kindAverage:
		if average, at, ok := st.sym.fiveMinutes(s.now); ok {
			s.push(st, averageFrame{"avgPrice", s.now.Millis(), st.sym.in.Symbol, "5m", average, at})
		}
	}
}

// tellCandles tells the candles that have closed, each once, then the running one.
func (s *Service) tellCandles(st *stream) {
	if st.sym.life == over {
		return
	}
	st.chart().roll(s.now)
	c := st.series()
	missed := min(c.closings-st.closings, int64(len(c.closed)))
	for i := len(c.closed) - int(missed); i < len(c.closed); i++ {
		s.push(st, st.klineFrame(s.now, &c.closed[i], true))
	}
	if c.open && c.changes != st.changes && c.run.trades > 0 {
		s.push(st, st.klineFrame(s.now, &c.run, false))
	}
	st.closings, st.changes = c.closings, c.changes
}

// tellDepth tells the differences of a book since the last frame.
func (s *Service) tellDepth(st *stream) {
	w := &st.window
	if w.first == 0 {
		return
	}
	s.push(st, st.sym.difference(s.now, w))
	*w = window{prev: w.last, touched: touched{w.bids[:0], w.asks[:0]}}
}

// tellMarks tells the marks of all futures, or of the contracts of a CM pair. All of them
// are crypto here: the second frame, of stocks and metals, has no rows and is not sent.
func (s *Service) tellMarks(st *stream) {
	rows := []markFrame{}
	for i := range s.symbols {
		sym := &s.symbols[i]
		if !sym.marked() || st.kind == kindMarkPair && (sym.in.Product != exchange.CM || sym.in.Pair != st.pair) {
			continue
		}
		rows = append(rows, sym.markFrame(s.now))
	}
	if len(rows) > 0 {
		s.push(st, rows)
	}
}

// tellTickers tells the 24-hour statistics of what has traded since.
func (s *Service) tellTickers(st *stream) {
	if st.sym != nil {
		if st.news(st.sym) {
			s.push(st, st.ticker(st.sym, s.now))
		}
		return
	}
	rows := []any{}
	for i := range s.symbols {
		sym := &s.symbols[i]
		if sym.in.ID != 0 && (sym.in.Product == exchange.Margin) == (st.key.Universe == Spot) && st.news(sym) {
			rows = append(rows, st.ticker(sym, s.now))
		}
	}
	if len(rows) > 0 {
		s.push(st, rows)
	}
}

// news says whether a symbol has something that the stream has not told of it, and takes
// down that it is told now.
func (st *stream) news(sym *symbol) bool {
	if st.tickers == nil {
		st.tickers = map[exchange.InstrumentID]int64{}
	}
	now := sym.last.ID
	if st.kind == kindBookAll {
		now = sym.told.UpdateID
	}
	if now == st.tickers[sym.in.ID] {
		return false
	}
	st.tickers[sym.in.ID] = now
	return true
}

// tellBooks tells the best prices of all futures that have changed.
func (s *Service) tellBooks(st *stream) {
	for i := range s.symbols {
		sym := &s.symbols[i]
		if sym.in.ID != 0 && sym.in.Product != exchange.Margin && st.news(sym) {
			s.push(st, sym.bookTicker(s.now))
		}
	}
}

// within says whether a liquidation belongs to the same second as an instant.
func (f *forced) within(at exchange.Time) bool {
	return f != nil && f.at.Floor(forcedEvery) == at.Floor(forcedEvery)
}

// tellForced tells the largest liquidation of the second that is just over.
func (s *Service) tellForced(st *stream, sym *symbol) {
	if sym.forced.within(s.now - 1) {
		s.push(st, sym.forceFrame(s.now))
	}
}

// tellAssets tells the asset indexes.
func (s *Service) tellAssets(st *stream) {
	rows := []assetFrame{}
	for i := range s.assets {
		if st.kind == kindAssetAll || s.assets[i].asset+"USD" == st.asset {
			rows = append(rows, s.assets[i].frame(s.now))
		}
	}
	switch {
	case len(rows) == 0:
	case st.kind == kindAsset:
		s.push(st, rows[0])
	default:
		s.push(st, rows)
	}
}
