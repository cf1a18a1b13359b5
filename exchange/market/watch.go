package market

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// messageCadence is what trades, best prices and books are promised to come in: they come when
// something happens, and of an instrument that is traded at all something happens within the
// minute. Tapes promise the same.
const messageCadence = time.Minute

// fundingCadence is the longest time between settlements in use.
const fundingCadence = 8 * time.Hour

// promise tells, before anything else, how often each kind of event will come.
func (f *Feed) promise() {
	for _, in := range f.instruments.list {
		for _, c := range f.cadences(in) {
			f.begin(in.in.ID, 0).SetCadence(&c)
			f.tell()
		}
	}
	if f.clocks != nil {
		f.begin(0, 0).SetCadence(&exchange.Cadence{Kind: exchange.KindClock, Every: f.c.ClockEvery})
		f.tell()
	}
}

// cadences are the promises about an instrument, by kind of event.
func (f *Feed) cadences(in *listener) []exchange.Cadence {
	var list []exchange.Cadence
	add := func(kind exchange.Kind, every time.Duration) {
		list = append(list, exchange.Cadence{Kind: kind, Every: every})
	}
	if in.aggregates || in.single {
		add(exchange.KindTrade, messageCadence)
	}
	if in.has(stream.BookTicker) || f.all[in.in.Product][stream.BookTicker] {
		add(exchange.KindBookTicker, messageCadence)
	}
	if in.book != nil {
		add(exchange.KindDepth, messageCadence)
	}
	if every := f.markCadence(in); every > 0 {
		add(exchange.KindMark, every)
		if f.settles[in.in.Product] != nil && in.in.Delivery == 0 {
			add(exchange.KindFunding, fundingCadence)
		}
	}
	for _, k := range in.bars {
		add(exchange.KindBar, k.interval)
	}
	return list
}

func (in *listener) has(kind stream.Kind) bool {
	for _, s := range in.streams {
		if s.Kind == kind {
			return true
		}
	}
	return false
}

// markCadence is how often the quickest stream of an instrument's marks tells, 0 if there is
// none.
func (f *Feed) markCadence(in *listener) time.Duration {
	least := time.Duration(0)
	for _, s := range f.c.Streams {
		ours := f.instruments.owner(s) == in || s.All() && in.in.Product != exchange.Margin || s.Product == exchange.CM && s.Symbol == in.in.Pair
		if s.Kind == stream.Mark && ours && (least == 0 || s.Cadence() < least) {
			least = s.Cadence()
		}
	}
	return least
}

// socketNotice takes what package socket has to say.
func (f *Feed) socketNotice(n socket.Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(n.At)
	f.notify(Notice{Kind: Socket, Socket: n})
	switch n.Kind {
	case socket.Lost:
		for _, in := range f.instruments.list { // which connection would have brought a trade nobody knows
			if slices.ContainsFunc(in.streams, func(s stream.Stream) bool { return s.EventKind() == exchange.KindTrade && s.Route() == n.Route }) {
				in.doubt()
			}
		}
	case socket.Gap:
		if n.Sub != nil {
			f.streamGap(&n)
		}
	case socket.Silent:
		if n.Sub != nil && n.Sub.Index < len(f.heard) {
			f.heard[n.Sub.Index].doubt()
		}
	}
}

// doubt notes that messages of the stream may be missed.
func (h *heard) doubt() {
	if h.in != nil && (h.sub.Stream.Kind == stream.AggTrade || h.sub.Stream.Kind == stream.Trade) {
		h.in.doubt()
	}
}

// streamGap tells a hole in a stream. Trades and books are left to their ids, which will show
// whether something is missing, and bars to the trades and to REST.
func (f *Feed) streamGap(n *socket.Notice) {
	s := n.Sub.Stream
	kind := s.EventKind()
	switch kind {
	case exchange.KindTrade:
		if in := f.instruments.owner(s); in != nil {
			in.doubt()
		}
		return
	case 0, exchange.KindDepth, exchange.KindBar:
		return
	case exchange.KindAssetIndex:
		f.gap(0, kind, n.From, n.To, n.Text)
		return
	}
	if in := f.instruments.owner(s); in != nil {
		f.gap(in.in.ID, kind, n.From, n.To, n.Text)
		return
	}
	for _, in := range f.instruments.list { // a stream of all, or of a pair
		if in.in.Product == s.Product && (s.All() || in.in.Pair == s.Symbol) {
			f.gap(in.in.ID, kind, n.From, n.To, n.Text)
		}
	}
}
