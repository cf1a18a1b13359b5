package npz

import "github.com/pmbot/pmbot/backtest/tape/row"

// AppendTrade appends the event of a trade. Only market trades have one: hftbacktest's
// converter leaves out those of the insurance fund and of deleveraging.
func AppendTrade(dst []Event, t *row.Trade) []Event {
	if t.Type != row.TradeMarket {
		return dst
	}
	side := BuyEvent
	if t.BuyerMaker {
		side = SellEvent
	}
	return append(dst, Event{TradeEvent | side | bothClocks, t.Time.Time(), t.Local, t.Price, t.Qty})
}

// AppendTicker appends the two events of a best bid and ask, the ask first as
// hftbacktest's converter has them. An empty side is price and quantity 0.
func AppendTicker(dst []Event, t *row.Ticker) []Event {
	e := Event{DepthBBOEvent | bothClocks, t.Time.Time(), t.Local, 0, 0}
	ask, bid := e, e
	ask.Flags |= SellEvent
	ask.Price, ask.Qty = t.Ask, t.AskQty
	bid.Flags |= BuyEvent
	bid.Price, bid.Qty = t.Bid, t.BidQty
	return append(dst, ask, bid)
}

// AppendPiece appends the events of a piece of an order book: all rows that share a key,
// in their order. Before the first row of a side of a snapshot comes a clear up to that
// side's worst price, as hftbacktest's converter has it: what its book holds beyond stays.
// A snapshot without levels is a clear of everything, and a piece of changes without
// levels no event.
func AppendPiece(dst []Event, piece []row.Level) []Event {
	cleared := int64(row.NoSide)
	for i := range piece {
		l := &piece[i]
		e := Event{DepthEvent | bothClocks, l.Time.Time(), l.Local, l.Price, l.Qty}
		if l.Snapshot {
			e.Flags = DepthSnapshotEvent | bothClocks
		}
		switch l.Side {
		case row.Bid:
			e.Flags |= BuyEvent
		case row.Ask:
			e.Flags |= SellEvent
		default:
			if l.Snapshot {
				e.Flags = DepthClearEvent | bothClocks
				dst = append(dst, e)
			}
			continue
		}
		if l.Snapshot && cleared&(1<<l.Side) == 0 {
			cleared |= 1 << l.Side
			dst = append(dst, clearOf(piece, &e, l.Side))
		}
		dst = append(dst, e)
	}
	return dst
}

// clearOf is the clear of a side that e, the first event of it, is to be written after.
func clearOf(piece []row.Level, e *Event, side int64) Event {
	c := Event{DepthClearEvent | e.Flags&^kindMask, e.Exch, e.Local, e.Price, 0}
	for i := range piece {
		if p := piece[i].Price; piece[i].Side == side && (side == row.Bid && p < c.Price || side == row.Ask && p > c.Price) {
			c.Price = p
		}
	}
	return c
}
