package audit

import (
	"time"

	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// Options set where the checks draw their lines. A zero field has its default.
type Options struct {
	// FindingsMax bounds the findings that are kept as examples; counts stay exact. 10,000
	// by default.
	FindingsMax int
	// LateMax is by how much the lag of a single message, its time of receipt less that at
	// which it was sent, may exceed those around it: 500 ms by default.
	LateMax time.Duration
	// LateAlone is how far from a late message, before or after, another late one makes
	// both a stall of the network and no finding: 1 s by default.
	LateAlone time.Duration
	// SendMax is how far apart the exchange's times of an event and of its message may be
	// before a single message that has more counts as late: 5 s by default.
	SendMax time.Duration
	// BackMax is by how much the recorder's clock may go back within a file: 1 ms by
	// default.
	BackMax time.Duration
	// TradePercent is how many percent a trade, or a side of a bookTicker, may be off the
	// median of the five before and the five after it: 50 by default.
	TradePercent int64
	// AskTimes, AskPart and BidTimes judge the levels that a depth message places by the
	// median of the messages around it: an ask at AskTimes the price or more, an ask at an
	// AskPart of the price or less, and a bid at BidTimes the price or more cannot be. 25,
	// 3 and 3 by default. People do rest asks at twenty times the price; snapshots may hold
	// anything.
	AskTimes, AskPart, BidTimes int64
	// Silence is the longest time without a mark price: 15 s by default.
	Silence time.Duration
	// Instrument finds an instrument, nil if it knows none. It gives the contract size of
	// CM; without it the quote volumes of CM bars are not compared.
	Instrument func(p exchange.Product, symbol string) *exchange.Instrument
	// Spec says what is known of files, see [source.Spec].
	Spec source.Spec
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	whole := func(v *int64, usual int64) {
		if *v == 0 {
			*v = usual
		}
	}
	span := func(v *time.Duration, usual time.Duration) {
		if *v == 0 {
			*v = usual
		}
	}
	if o.FindingsMax == 0 {
		o.FindingsMax = 10_000
	}
	span(&o.LateMax, 500*time.Millisecond)
	span(&o.LateAlone, time.Second)
	span(&o.SendMax, 5*time.Second)
	span(&o.BackMax, time.Millisecond)
	span(&o.Silence, 15*time.Second)
	whole(&o.TradePercent, 50)
	whole(&o.AskTimes, 25)
	whole(&o.AskPart, 3)
	whole(&o.BidTimes, 3)
	return o
}
