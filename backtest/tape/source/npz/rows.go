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
