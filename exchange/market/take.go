package market

import (
	"fmt"
	"io"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// What is older than what was told is passed over, but ids and times that have jumped back
// would be silent for ever.
const (
	// staleMax is how many trades in a row may have ids that are not above the last: a repeated
	// stretch has fewer. One that was done so much later as staleFor is none that is repeated.
	staleMax = 1024
	// staleFor is how long old best prices, marks and indexes are passed over while no new ones
	// come.
	staleFor = time.Minute
)

// newest is the last told of a sequence of states, by number or time, and when that was.
type newest struct {
	key int64
	at  exchange.Time
}

// takes says whether a state is to be told: one from least on, or the first in a long time.
func (n *newest) takes(key, least int64, now exchange.Time) bool {
	if key < least && now.Sub(n.at) < staleFor {
		return false
	}
	n.key, n.at = key, now
	return true
}

// message takes a message of a stream: the one way in of the sockets.
func (f *Feed) message(m *socket.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(m.At)
	f.stats.Messages++
	f.c.Tap.Message(m)
	if m.Sub == nil {
		return
	}
	h := f.hear(m)
	for fr, err := m.Frame, m.Err; err != io.EOF; fr, err = m.Next() {
		if err != nil {
			f.stats.Undecodable++
			continue
		}
		f.stats.Frames++
		f.frame(h, fr)
	}
}

// hear finds what is known of a message's stream.
func (f *Feed) hear(m *socket.Message) *heard {
	for len(f.heard) <= m.Sub.Index {
		f.heard = append(f.heard, heard{})
	}
	h := &f.heard[m.Sub.Index]
	if h.sub != m.Sub {
		*h = heard{sub: m.Sub, in: f.instruments.owner(m.Sub.Stream)}
	}
	return h
}

// frame tells what a frame says, if there is an event for it.
func (f *Feed) frame(h *heard, fr *frame.Frame) {
	kind := h.sub.Stream.Kind
	switch fr.Kind {
	case frame.KindAssetIndex:
		f.assetIndex(h, fr)
		return
	case frame.KindContractInfo:
		f.contractInfo(h, fr)
		return
	case frame.KindBar:
		if !fr.Bar.Closed {
			return
		}
	case frame.KindPartialDepth, frame.KindIndexPrice, frame.KindOther, frame.KindReply, frame.KindSnapshot:
		return
	case frame.KindDepth:
		if kind != stream.Depth {
			return
		}
	}
	in := f.whose(h, fr)
	if in == nil {
		return
	}
	switch fr.Kind {
	case frame.KindAggTrade, frame.KindTrade:
		f.trade(in, fr)
	case frame.KindBookTicker:
		f.bookTicker(in, fr)
	case frame.KindDepth:
		f.depth(in, fr)
	case frame.KindMark:
		f.mark(in, fr)
	case frame.KindBar:
		f.kline(in, fr)
	case frame.KindLiquidation:
		f.begin(in.in.ID, sentAt(fr)).SetLiquidation(fr.Liquidation.Liquidation)
		f.tell()
	}
}

// whose finds the instrument of a frame, nil if it is none of ours. Streams of all symbols
// have those of both futures on either host: a row of the other one is taken only if that
// one's own stream is not listened to.
func (f *Feed) whose(h *heard, fr *frame.Frame) *listener {
	s := &h.sub.Stream
	if in := h.in; in != nil {
		if in.in.Symbol == string(fr.Symbol) && (fr.Product == 0 || fr.Product == in.in.Product) {
			return in
		}
		f.stats.Foreign++
		return nil
	}
	if s.All() && fr.Product != 0 && fr.Product != s.Product && f.all[fr.Product][s.Kind] {
		f.stats.Merged++
		return nil
	}
	in := f.instruments.of(s.Product, fr.Product, fr.Symbol)
	if in == nil {
		f.stats.Unknown++
	}
	return in
}

// sentAt is when the exchange sent a frame or, where it does not say, when it happened.
func sentAt(fr *frame.Frame) exchange.Time {
	if fr.Event != 0 {
		return fr.Event
	}
	return fr.Time
}

// trade tells a trade, and before it the bars that it closes.
func (f *Feed) trade(in *listener, fr *frame.Frame) {
	if fr.Kind == frame.KindTrade && in.aggregates {
		return // the same trades, told one by one
	}
	q, t := &in.trade, &fr.Trade
	if q.last != 0 && t.ID <= q.last {
		f.stats.Repeated++
		if q.stale++; q.stale <= staleMax && fr.Time.Sub(q.sent) < staleFor {
			return
		}
		f.missedTrades(in, fr, "ids have jumped back")
	} else if q.last != 0 && t.ID != q.last+1 {
		f.missedTrades(in, fr, fmt.Sprintf("trades %d to %d are missing", q.last+1, t.ID-1))
	}
	q.last, q.sent, q.stale = t.ID, fr.Time, 0
	if fr.TradeType != frame.TradeMarket && fr.TradeType != frame.TradeUnknown {
		f.stats.Special++ // it takes an id and makes no price
		return
	}
	for _, k := range in.bars {
		if k.trades {
			if !k.trade(fr.Time, *t) {
				f.stats.LateTrades++
			}
			f.deliverBars(in, k)
		}
	}
	f.begin(in.in.ID, sentAt(fr)).SetTrade(*t)
	f.tell()
}

// missedTrades tells that trades are missing before one.
func (f *Feed) missedTrades(in *listener, fr *frame.Frame, reason string) {
	n := in.about(TradesMissed)
	n.From, n.To, n.Text = in.trade.sent, fr.Time, reason
	f.notify(n)
	f.gap(in.in.ID, exchange.KindTrade, in.trade.sent, fr.Time, reason)
	for _, k := range in.bars {
		k.missed(fr.Time)
	}
}

// bookTicker tells best prices, unless newer ones were told of another stream.
func (f *Feed) bookTicker(in *listener, fr *frame.Frame) {
	if !in.ticker.takes(fr.BookTicker.UpdateID, in.ticker.key, f.now) {
		f.stats.Repeated++
		return
	}
	f.begin(in.in.ID, sentAt(fr)).SetBookTicker(fr.BookTicker)
	f.tell()
}

// depth gives a piece to the book and tells it if the book has taken it.
func (f *Feed) depth(in *listener, fr *frame.Frame) {
	k := in.book
	if k == nil {
		return
	}
	sent := sentAt(fr)
	news := k.piece(f.now, sent, &fr.Depth)
	switch {
	case news.lost:
		n := in.about(BookLost)
		n.From, n.To, n.Text = news.from, sent, reasonOf(news.outcome)
		f.stats.Resyncs++
		f.notify(n)
		f.gap(in.in.ID, exchange.KindDepth, news.from, sent, reasonOf(news.outcome))
	case news.outcome == book.Applied:
		f.begin(in.in.ID, sent).SetDepth(&fr.Depth)
		f.tell()
	case news.outcome == book.Stale:
		f.stats.Repeated++
	}
	if news.renewed {
		d := whole(k.main)
		f.begin(in.in.ID, sent).SetDepth(&d)
		f.tell()
		f.bookReady(in)
	}
	if k.wants() && in.asks.due != k.due && f.c.REST != nil {
		f.plan(in.asks, k.due)
	}
}

// bookReady tells that a book is in sync, and what it took.
func (f *Feed) bookReady(in *listener) {
	n := in.about(BookReady)
	n.Resync = in.book.now
	f.stats.ResyncWeight += int64(n.Resync.Weight)
	f.notify(n)
}

// mark tells a mark price, unless it was told of another stream.
func (f *Feed) mark(in *listener, fr *frame.Frame) {
	if !in.mark.takes(int64(fr.Event), in.mark.key+1, f.now) {
		f.stats.Repeated++
		return
	}
	in.funding.mark(fr.Event, fr.Mark.NextFunding) // the next beat looks at it
	f.begin(in.in.ID, fr.Event).SetMark(fr.Mark.Mark)
	f.tell()
}

// assetIndex tells by what an asset is valued, and before the first time how often.
func (f *Feed) assetIndex(h *heard, fr *frame.Frame) {
	a := f.assets[string(fr.AssetIndex.Asset)]
	if a == nil {
		a = &asset{index: exchange.AssetIndex{Asset: string(fr.AssetIndex.Asset)}}
		f.assets[a.index.Asset] = a
		f.begin(0, 0).SetCadence(&exchange.Cadence{
			Kind: exchange.KindAssetIndex, Asset: a.index.Asset, Every: h.sub.Stream.Cadence(),
		})
		f.tell()
	}
	if !a.told.takes(int64(fr.Event), a.told.key+1, f.now) {
		f.stats.Repeated++
		return
	}
	a.index.Price = fr.AssetIndex.Price
	f.begin(0, fr.Event).SetAssetIndex(&a.index)
	f.tell()
}

// contractInfo takes the hint that listings have changed. A frame that comes on both hosts
// is one hint.
func (f *Feed) contractInfo(h *heard, fr *frame.Frame) {
	p := fr.Product
	if p == 0 {
		p = h.sub.Stream.Product
	}
	if c := f.infos[p]; c != nil {
		f.planBefore(c, f.now.Add(infoDelay))
	}
}
