package npz

import (
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// series are the rows of one kind that have not been given out, with their lines.
type series[R any] struct {
	rows  []R
	lines []int64
}

func (s *series[R]) add(r R, line int64) {
	s.rows = append(s.rows, r)
	s.lines = append(s.lines, line)
}

func (s *series[R]) reset() { s.rows, s.lines = s.rows[:0], s.lines[:0] }

// assembler makes rows of events.
type assembler struct {
	// key names market and symbol; only is the kind that was asked for, empty for all.
	key     row.Key
	only    row.Kind
	trades  series[row.Trade]
	levels  series[row.Level]
	tickers series[row.Ticker]
	bad     []source.Bad

	tradeIDs  ids
	tickerIDs ids
	pieces    pieces
	quote     quote

	// passed counts events that became no row, by what they are.
	passed [kindMask + 1]int64
	// noisy counts numbers that were brought to eight decimals, fine times with digits
	// below the microsecond, extra events with a field that a row has no place for.
	noisy, fine, extra int64
}

// errSide says that an event has not one side.
var errSide = errors.New("ev: has not one of BUY_EVENT and SELL_EVENT")

// kindOf says which kind of row an event is for, empty if for none.
func kindOf(ev uint64) row.Kind {
	switch ev & kindMask {
	case DepthEvent, DepthClearEvent, DepthSnapshotEvent:
		return row.Depth
	case TradeEvent:
		return row.Trades
	case DepthBBOEvent, rawBid, rawAsk:
		return row.BookTicker
	}
	return ""
}

// take makes what follows from an event that is flagged for the exchange's clock.
func (a *assembler) take(e *record) {
	kind := kindOf(e.ev)
	if kind == "" || a.only != "" && a.only != kind {
		a.passed[e.ev&kindMask]++
		return
	}
	err := checkTimes(e.exch, e.local)
	if err == nil {
		if e.exch%1000 != 0 {
			a.fine++
		}
		if e.extra {
			a.extra++
		}
		switch kind {
		case row.Trades:
			err = a.trade(e)
		case row.BookTicker:
			err = a.best(e)
		default:
			err = a.depth(e)
		}
	}
	if err == nil {
		return
	}
	if kind == row.Depth {
		a.pieces.broken, a.pieces.spoiled = true, true
	}
	a.bad = append(a.bad, source.Bad{Line: e.nth, Key: a.keyOf(kind), Reason: err, Text: e.text()})
}

// finish makes what was waiting for a further event.
func (a *assembler) finish() {
	a.endPiece()
	a.endQuote()
}

func (a *assembler) keyOf(kind row.Kind) row.Key {
	return row.Key{Product: a.key.Product, Symbol: a.key.Symbol, Kind: kind}
}

// clocks are the times of an event's row.
func (e *record) clocks() (row.Micros, exchange.Time) {
	return row.MicrosOf(exchange.Time(e.exch)), exchange.Time(e.local)
}

// numbers converts price and quantity.
func (a *assembler) numbers(e *record) (price, qty exchange.Fixed, err error) {
	price, noisy, err := toFixed(e.px)
	if err != nil {
		return 0, 0, fmt.Errorf("px: %w", err)
	}
	qty, noisyQty, err := toFixed(e.qty)
	if err != nil {
		return 0, 0, fmt.Errorf("qty: %w", err)
	}
	if noisy {
		a.noisy++
	}
	if noisyQty {
		a.noisy++
	}
	return price, qty, nil
}

// trade makes a row of kind trades. The side is the initiator's, so the buyer was the
// maker if it is a sale.
func (a *assembler) trade(e *record) error {
	price, qty, err := a.numbers(e)
	if err != nil {
		return err
	}
	side := e.side()
	if side == row.NoSide {
		return errSide
	}
	t := row.Trade{Price: price, Qty: qty, BuyerMaker: side == row.Ask}
	t.Time, t.Local = e.clocks()
	key := a.keyOf(row.Trades)
	if err := t.Check(&key); err != nil {
		return err
	}
	t.ID = a.tradeIDs.next(t.Time)
	a.trades.add(t, e.nth)
	return nil
}

// pieces is where the making of depth rows stands.
type pieces struct {
	ids ids
	// prev is the id of the last piece of changes.
	prev int64
	// broken says that an event is missing before the next piece of changes.
	broken bool

	// The piece under way: its times in the file, its row but for the level, the line of
	// its first event, and how many levels it has.
	open        bool
	exch, local int64
	row         row.Level
	line        int64
	levels      int
	// sides has what a snapshot has cleared or filled so far.
	sides uint64
	// spoiled says that an event of it was bad.
	spoiled bool
}

// depth adds to the piece under way, or begins the next.
func (a *assembler) depth(e *record) error {
	p := &a.pieces
	clears, snapshot := e.ev&kindMask == DepthClearEvent, e.ev&kindMask != DepthEvent
	sides := e.ev & bothSides
	if clears && sides == 0 {
		sides = bothSides
	}
	if !p.open || p.exch != e.exch || p.local != e.local || p.row.Snapshot != snapshot || clears && p.sides&sides != 0 {
		a.endPiece()
		a.beginPiece(e, snapshot)
	}
	p.sides |= sides
	if clears {
		return nil
	}
	level := p.row
	var err error
	if level.Price, level.Qty, err = a.numbers(e); err != nil {
		return err
	}
	if level.Side = e.side(); level.Side == row.NoSide {
		return errSide
	}
	level.Begins = p.levels == 0
	key := a.keyOf(row.Depth)
	if err := level.Check(&key); err != nil {
		return err
	}
	p.levels++
	a.levels.add(level, e.nth)
	return nil
}

// beginPiece gives a piece its ids. A piece of changes names the one before and begins
// with the id after, so that the ids of snapshots, which lie between, are covered as those
// of real ones are. After a missing event it names one that is not there.
func (a *assembler) beginPiece(e *record, snapshot bool) {
	p := &a.pieces
	p.open, p.exch, p.local, p.line, p.levels, p.sides, p.spoiled = true, e.exch, e.local, e.nth, 0, 0, false
	p.row = row.Level{Snapshot: snapshot}
	p.row.Time, p.row.Local = e.clocks()
	if p.broken && !snapshot {
		p.prev = p.ids.next(p.row.Time)
	}
	p.broken = false
	p.row.Last = p.ids.next(p.row.Time)
	if snapshot {
		return
	}
	p.row.First = p.prev + 1
	if a.key.Product != exchange.Margin { // messages of spot do not name the one before
		p.row.Prev = p.prev
	}
	p.prev = p.row.Last
}

// endPiece makes the row of a book that was cleared and not filled.
func (a *assembler) endPiece() {
	p := &a.pieces
	if p.open && p.row.Snapshot && p.levels == 0 && !p.spoiled {
		empty := p.row
		empty.Begins = true
		a.levels.add(empty, p.line)
	}
	p.open = false
}

// quote is where the making of bookTicker rows stands: the best prices known, which of
// the sides are, and the events of one message that are being joined.
type quote struct {
	row         row.Ticker
	known       uint64
	exch, local int64
	// told has the sides that the message under way has told of, 0 if none is; line is
	// its last event.
	told uint64
	line int64
	// single counts messages before which the other side was never known.
	single int64
}

// best notes a best bid or ask. Those of a message, one for each side, have the same
// times.
func (a *assembler) best(e *record) error {
	q := &a.quote
	side := e.ev & bothSides
	switch e.ev & kindMask {
	case rawBid:
		side = BuyEvent
	case rawAsk:
		side = SellEvent
	}
	if side != BuyEvent && side != SellEvent {
		return errSide
	}
	if q.told&side != 0 || q.exch != e.exch || q.local != e.local {
		a.endQuote()
	}
	q.known &^= side // stays so if the event is bad
	price, qty, err := a.numbers(e)
	if err != nil {
		return err
	}
	probe := row.Ticker{Bid: price, BidQty: qty}
	if side == SellEvent {
		probe = row.Ticker{Ask: price, AskQty: qty}
	}
	key := a.keyOf(row.BookTicker)
	if err := probe.Check(&key); err != nil {
		return err
	}
	if side == BuyEvent {
		q.row.Bid, q.row.BidQty = price, qty
	} else {
		q.row.Ask, q.row.AskQty = price, qty
	}
	q.row.Time, q.row.Local = e.clocks()
	q.exch, q.local, q.line = e.exch, e.local, e.nth
	q.told |= side
	q.known |= side
	return nil
}

// endQuote makes a row of what a message has told, if both sides are known.
func (a *assembler) endQuote() {
	q := &a.quote
	switch {
	case q.told == 0:
	case q.known != bothSides:
		q.single++
	default:
		q.row.ID = a.tickerIDs.next(q.row.Time)
		a.tickers.add(q.row, q.line)
	}
	q.told = 0
}
