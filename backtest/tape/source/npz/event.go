package npz

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// What an event is: the low byte of its flags. Names and values are hftbacktest's.
const (
	DepthEvent         uint64 = 1
	TradeEvent         uint64 = 2
	DepthClearEvent    uint64 = 3
	DepthSnapshotEvent uint64 = 4
	DepthBBOEvent      uint64 = 5

	kindMask uint64 = 0xff
	// rawBid and rawAsk are what the converter for Binance futures makes of bookTicker
	// messages: best bid and best ask without a side flag.
	rawBid uint64 = 103
	rawAsk uint64 = 104
)

// Flags beside what an event is. Bits without a name here are ignored, as hftbacktest
// ignores them.
const (
	// SellEvent and BuyEvent are the side of a depth event, and of a trade its initiator.
	SellEvent uint64 = 1 << 28
	BuyEvent  uint64 = 1 << 29
	// LocalEvent and ExchEvent say by which clocks the record has its place in the file.
	LocalEvent uint64 = 1 << 30
	ExchEvent  uint64 = 1 << 31

	bothClocks = LocalEvent | ExchEvent
	bothSides  = BuyEvent | SellEvent
)

// kindNames are hftbacktest's names of events, for counts of what is passed over.
var kindNames = [...]string{
	1: "DEPTH_EVENT", 2: "TRADE_EVENT", 3: "DEPTH_CLEAR_EVENT", 4: "DEPTH_SNAPSHOT_EVENT", 5: "DEPTH_BBO_EVENT",
	10: "ADD_ORDER_EVENT", 11: "CANCEL_ORDER_EVENT", 12: "MODIFY_ORDER_EVENT", 13: "FILL_EVENT",
	100: "index price (100)", 101: "mark price (101)", 102: "funding rate (102)", 103: "best bid (103)", 104: "best ask (104)",
}

func kindName(kind uint64) string {
	if kind < uint64(len(kindNames)) && kindNames[kind] != "" {
		return kindNames[kind]
	}
	return fmt.Sprintf("event %d", kind)
}

// Event is one event to be written. Flags are one of the events above, a side, and both
// clocks; [Writer] takes one clock away where it must.
type Event struct {
	Flags uint64
	// Exch is the exchange's time, Local that of the arrival.
	Exch, Local exchange.Time
	Price, Qty  exchange.Fixed
}

// recordSize is that of a record in bytes: eight fields of eight bytes, low byte first.
const recordSize = 64

// record is an event as it lies in a file, and its number there, from 1.
type record struct {
	ev          uint64
	exch, local int64
	px, qty     float64
	// extra says that one of order_id, ival and fval is not 0.
	extra bool
	nth   int64
}

// readRecord decodes the first recordSize bytes of b.
func readRecord(b []byte, nth int64) record {
	_ = b[recordSize-1]
	word := binary.LittleEndian.Uint64
	return record{
		ev: word(b), exch: int64(word(b[8:])), local: int64(word(b[16:])),
		px: math.Float64frombits(word(b[24:])), qty: math.Float64frombits(word(b[32:])),
		extra: word(b[40:])|word(b[48:])|word(b[56:])<<1 != 0, nth: nth, // -0.0 is 0
	}
}

// appendRecord encodes an event whose price and quantity are px and qty.
func appendRecord(b []byte, e *Event, px, qty float64) []byte {
	for _, word := range [recordSize / 8]uint64{
		e.Flags, uint64(e.Exch), uint64(e.Local), math.Float64bits(px), math.Float64bits(qty),
	} {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return b
}

// text prints a record as a line of a message.
func (e *record) text() string {
	return fmt.Sprintf("ev=%#x exch_ts=%d local_ts=%d px=%v qty=%v", e.ev, e.exch, e.local, e.px, e.qty)
}

// side is that of a depth event, row.NoSide if it has none or two.
func (e *record) side() int64 {
	switch e.ev & bothSides {
	case BuyEvent:
		return row.Bid
	case SellEvent:
		return row.Ask
	}
	return row.NoSide
}

// Times of events are nanoseconds. Ids made of earlier ones would not pass for made, and
// those of later ones not for update ids.
const (
	timeMin int64 = 1_000_000_000_000_000_000 // 2001-09-09
	timeMax int64 = 3_999_999_999_000_000_000 // 2096-10-02
)

// checkTimes refuses what is no time of an event, such as one in milliseconds, or the 0 of
// snapshots that hftbacktest takes of a book.
func checkTimes(exch, local int64) error {
	for _, t := range [...]struct {
		name string
		at   int64
	}{{"exch_ts", exch}, {"local_ts", local}} {
		if t.at < timeMin || t.at > timeMax {
			return fmt.Errorf("%s: %d is no time in nanoseconds between 2001-09-09 and 2096-10-02", t.name, t.at)
		}
	}
	return nil
}
