package npz

import "github.com/pmbot/pmbot/backtest/tape/row"

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
