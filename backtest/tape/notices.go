package tape

import (
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// messageCadence is the cadence that trades, quotes and books are taken to have: they come
// when something happens, and of an instrument that is traded at all something happens
// within the minute.
const messageCadence = time.Minute

// cadenceOf is what a series promises: bars, marks and settlements come by their step. The
// kind is 0 for series without events of their own and for forced orders of others, whose
// absence says nothing.
func cadenceOf(s *Series) exchange.Cadence {
	c := exchange.Cadence{Kind: eventKind(s.Kind), Every: s.Step}
	switch c.Kind {
	case exchange.KindTrade, exchange.KindBookTicker, exchange.KindDepth:
		c.Every = messageCadence
	case exchange.KindLiquidation:
		c.Kind = 0
	}
	return c
}

// eventKind is the kind of the events that a kind of data becomes, 0 if it becomes none.
func eventKind(k row.Kind) exchange.Kind {
	switch k {
	case row.AggTrades, row.Trades:
		return exchange.KindTrade
	case row.Klines:
		return exchange.KindBar
	case row.BookTicker:
		return exchange.KindBookTicker
	case row.Depth:
		return exchange.KindDepth
	case row.MarkPriceKlines, row.MarkPrice:
		return exchange.KindMark
	case row.FundingRate:
		return exchange.KindFunding
	case row.LiquidationSnapshot:
		return exchange.KindLiquidation
	}
	return 0
}

// missing says what a hole of a kind lacks.
func missing(k row.Kind) string {
	switch k {
	case row.AggTrades, row.Trades:
		return "trade ids are missing on the tape"
	case row.Depth:
		return "pieces of the book are missing on the tape"
	case row.MarkPrice:
		return "marks are missing on the tape"
	case row.FundingRate:
		return "settlements are missing on the tape"
	}
	return "bars are missing on the tape"
}

// notices makes the events of what a series says about itself: its cadence at the first
// instant of the replay, and each hole at its end, before the first row after it.
func notices(l *lane, s *Series, first exchange.Time) *block {
	b := &block{}
	cadence := cadenceOf(s)
	if cadence.Kind == 0 {
		return b
	}
	b.grow(1)[0].SetCadence(&cadence)
	b.keep(1)
	b.events[0].At, b.events[0].Inst = first, l.inst
	for _, h := range l.holes {
		// By the recorder's clock, no row after the hole comes before this instant.
		at := h.To.Add(l.low)
		if at < first || at > l.to {
			continue
		}
		e := exchange.Event{At: at, Inst: l.inst}
		e.SetGap(&exchange.Gap{Kind: cadence.Kind, From: h.From, To: h.To, Reason: missing(s.Kind)})
		b.events = append(b.events, e)
	}
	return b
}
