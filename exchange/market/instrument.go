package market

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// listener is an instrument with what the feed keeps of it.
type listener struct {
	in *exchange.Instrument
	// streams are those that are of this instrument alone. They are dropped with it.
	streams []stream.Stream
	dropped bool

	book  *bookKeeper // nil without a Depth stream
	asks  *chore      // its snapshots
	bars  []*barKeeper
	fills *chore // the bars that nobody told

	// aggregates says that trades are told of the aggTrade stream, single that they are of
	// the trade stream.
	aggregates, single bool
	trade              sequence

	ticker  newest // best prices, by update id
	mark    newest // by when they were sent
	funding settlement
}

// sequence is what is known of the ids of an instrument's trades.
type sequence struct {
	last int64         // the last id, 0 before the first
	sent exchange.Time // when it was done
	// stale counts ids in a row that were not above the last.
	stale int
}

// listeners finds instruments by what frames say of them.
type listeners struct {
	list   []*listener // by InstrumentID less one
	byName [exchange.Margin + 1]map[string]*listener
}

func newListeners(ins *exchange.Instruments) listeners {
	l := listeners{list: make([]*listener, ins.Len())}
	for p := range l.byName {
		l.byName[p] = map[string]*listener{}
	}
	for i := range l.list {
		in := ins.At(exchange.InstrumentID(i + 1))
		l.list[i] = &listener{in: in}
		l.byName[in.Product][in.Symbol] = l.list[i]
	}
	return l
}

func (l *listeners) find(p exchange.Product, symbol string) *listener { return l.byName[p][symbol] }

// of finds the instrument of a frame that a stream of a product brought: by the symbol type,
// where the frame has one; else on the stream's product and then on the other one of the two
// futures, because marks and candles of either may be asked for on either host. Their symbols
// never are the same.
func (l *listeners) of(asked, told exchange.Product, symbol []byte) *listener {
	switch {
	case told != 0 && asked != exchange.Margin:
		return l.byName[told][string(symbol)]
	case asked == exchange.Margin:
		return l.byName[asked][string(symbol)]
	}
	if in := l.byName[asked][string(symbol)]; in != nil {
		return in
	}
	return l.byName[exchange.UM+exchange.CM-asked][string(symbol)]
}

// owner is the instrument that a stream is of alone, nil if there is none.
func (l *listeners) owner(s stream.Stream) *listener {
	switch {
	case s.All(), s.Kind == stream.ContinuousKline, s.Kind == stream.IndexPrice, s.Kind == stream.IndexKline, s.Kind == stream.AssetIndex:
		return nil
	}
	return l.of(s.Product, 0, []byte(s.Symbol))
}
