package backtest

import "github.com/pmbot/pmbot/exchange"

// Source yields recorded or generated market events, in order. Two implement it: the
// tape's reader and the market generator.
//
// The order is by At; at equal At, [Rank] decides, then the order of the sources in the
// configuration, then the row. Bars come when they close (At is start plus interval),
// and also announce themselves with a KindBarOpen when they open, so that a venue can
// fill market orders at the open without looking ahead. Funding comes at the whole hour
// that its published time belongs to.
type Source interface {
	// Next fills buf and returns how many events it wrote; io.EOF ends. The events and
	// what they point to are valid until the next call. Seq is left 0.
	Next(buf []exchange.Event) (int, error)
}

// Rank orders market events of one instant: what values a position first (index, mark),
// then what matches orders, then the settlement that uses both, then the next bar's open.
func Rank(k exchange.Kind) int {
	switch k {
	case exchange.KindCadence, exchange.KindGap, exchange.KindClock:
		return 0
	case exchange.KindAssetIndex, exchange.KindMark:
		return 1
	case exchange.KindFunding:
		return 3
	case exchange.KindBarOpen:
		return 4
	default:
		return 2
	}
}
