package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
)

// Flags of word 3, independent of the bits of exchange.Flags.
const (
	rowDerived = 1 << iota
	rowBuyerMaker
	rowSpecial

	rowFlags = rowDerived | rowBuyerMaker | rowSpecial
)

// headerWords is the number of words before the payload of a row.
const headerWords = 4

// payloadWords is the number of payload words of a kind, 0 for kinds without rows.
func payloadWords(k exchange.Kind) int {
	switch k {
	case exchange.KindTrade, exchange.KindBookTicker, exchange.KindMark:
		return 5
	case exchange.KindFunding:
		return 3
	case exchange.KindLiquidation:
		return 4
	case exchange.KindBar:
		return 13
	default:
		return 0
	}
}

// HasRow says whether events of the kind travel as rows: the market events that a
// strategy can subscribe to.
func HasRow(k exchange.Kind) bool { return payloadWords(k) > 0 }

// AppendRow appends a market event to the rows of a batch. The layout is that of
// Batch.rows in the protocol. The event must be of a kind that [HasRow].
func AppendRow(b []byte, e *exchange.Event) []byte {
	head := uint64(e.Kind) | uint64(e.Inst)<<16
	if e.Derived() {
		head |= rowDerived << 8
	}
	switch e.Kind {
	case exchange.KindTrade:
		t := e.Trade()
		if t.BuyerMaker {
			head |= rowBuyerMaker << 8
		}
		return appendWords(appendHeader(b, e, head), int64(t.Price), int64(t.Qty), t.ID, t.First, t.Last)
	case exchange.KindBookTicker:
		t := e.BookTicker()
		return appendWords(appendHeader(b, e, head), int64(t.Bid), int64(t.BidQty), int64(t.Ask), int64(t.AskQty), t.UpdateID)
	case exchange.KindMark:
		m := e.Mark()
		return appendWords(appendHeader(b, e, head), int64(m.Price), int64(m.Index), int64(m.Rate), int64(m.NextFunding), int64(m.Settle))
	case exchange.KindFunding:
		f := e.Funding()
		if f.Special {
			head |= rowSpecial << 8
		}
		return appendWords(appendHeader(b, e, head), int64(f.Rate), int64(f.Mark), int64(f.Interval))
	case exchange.KindLiquidation:
		l := e.Liquidation()
		return appendWords(appendHeader(b, e, head), int64(l.Side), int64(l.Price), int64(l.Average), int64(l.Qty))
	case exchange.KindBar:
		return appendBar(appendHeader(b, e, head), e.Bar())
	default:
		panic("wire: no row for " + e.Kind.String())
	}
}

func appendHeader(b []byte, e *exchange.Event, head uint64) []byte {
	return appendWords(b, int64(e.Seq), int64(e.At), int64(e.Exchange), int64(head))
}

func appendBar(b []byte, bar *exchange.Bar) []byte {
	vh, vl := bar.Volume.Words()
	qh, ql := bar.QuoteVolume.Words()
	th, tl := bar.TakerBuy.Words()
	return appendWords(b, int64(bar.Start), int64(bar.Interval), int64(bar.Open), int64(bar.High), int64(bar.Low),
		int64(bar.Close), bar.Trades, vh, int64(vl), qh, int64(ql), th, int64(tl))
}

func appendWords(b []byte, words ...int64) []byte {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, uint64(w))
	}
	return b
}

// Rows reads the rows of a batch. The zero value has none.
type Rows struct {
	rest        []byte
	instruments int
	bar         exchange.Bar
}

// Reset starts on new rows, of a run with that many instruments. The rows stay the
// caller's and must not change while they are read.
func (r *Rows) Reset(rows []byte, instruments int) { r.rest, r.instruments = rows, instruments }

// Next reads the next event into e, or answers io.EOF at the end. A bar is valid until
// the next call.
func (r *Rows) Next(e *exchange.Event) error {
	if len(r.rest) == 0 {
		return io.EOF
	}
	if len(r.rest) < 8*headerWords {
		return errShortRow
	}
	head := uint64(r.word(3))
	kind, flags, inst := exchange.Kind(head), uint8(head>>8), exchange.InstrumentID(head>>16)
	n := payloadWords(kind)
	switch {
	case n == 0:
		return fmt.Errorf("row of %v, which does not travel in rows", kind)
	case head>>32 != 0 || flags&^rowFlags != 0:
		return fmt.Errorf("row of %v: unknown bits in %#x", kind, head)
	case inst == 0 || int(inst) > r.instruments:
		return fmt.Errorf("row of %v: instrument %d is not one of %d", kind, inst, r.instruments)
	case len(r.rest) < 8*(headerWords+n):
		return errShortRow
	}
	e.Seq, e.At, e.Exchange, e.Inst = uint64(r.word(0)), exchange.Time(r.word(1)), exchange.Time(r.word(2)), inst
	e.Flags = 0
	if flags&rowDerived != 0 {
		e.Flags = exchange.FlagDerived
	}
	if err := r.payload(e, kind, flags); err != nil {
		return err
	}
	r.rest = r.rest[8*(headerWords+n):]
	return nil
}

var errShortRow = errors.New("rows end in the middle of an event")

// word is the i-th word of the current row, which must be there.
func (r *Rows) word(i int) int64 { return int64(binary.LittleEndian.Uint64(r.rest[8*i:])) }

func (r *Rows) payload(e *exchange.Event, kind exchange.Kind, flags uint8) error {
	w := func(i int) int64 { return r.word(headerWords + i) }
	f := func(i int) exchange.Fixed { return exchange.Fixed(w(i)) }
	switch kind {
	case exchange.KindTrade:
		e.SetTrade(exchange.Trade{
			Price: f(0), Qty: f(1), ID: w(2), First: w(3), Last: w(4), BuyerMaker: flags&rowBuyerMaker != 0})
	case exchange.KindBookTicker:
		e.SetBookTicker(exchange.BookTicker{Bid: f(0), BidQty: f(1), Ask: f(2), AskQty: f(3), UpdateID: w(4)})
	case exchange.KindMark:
		e.SetMark(exchange.Mark{Price: f(0), Index: f(1), Rate: f(2), NextFunding: exchange.Time(w(3)), Settle: f(4)})
	case exchange.KindFunding:
		e.SetFunding(exchange.Funding{
			Rate: f(0), Mark: f(1), Interval: time.Duration(w(2)), Special: flags&rowSpecial != 0})
	case exchange.KindLiquidation:
		if s := w(0); s != int64(pb.Side_SIDE_BUY) && s != int64(pb.Side_SIDE_SELL) {
			return fmt.Errorf("row of %v: side %d", kind, s)
		}
		e.SetLiquidation(exchange.Liquidation{Side: exchange.Side(w(0)), Price: f(1), Average: f(2), Qty: f(3)})
	case exchange.KindBar:
		r.bar = exchange.Bar{
			Start: exchange.Time(w(0)), Interval: time.Duration(w(1)),
			Open: f(2), High: f(3), Low: f(4), Close: f(5), Trades: w(6),
			Volume:      exchange.WideFromWords(w(7), uint64(w(8))),
			QuoteVolume: exchange.WideFromWords(w(9), uint64(w(10))),
			TakerBuy:    exchange.WideFromWords(w(11), uint64(w(12))),
		}
		e.SetBar(&r.bar)
	}
	return nil
}
