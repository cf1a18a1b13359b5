package market

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestMarkWorkedExample is A1: index 62,928.61695652, last rate 0.00009398 and 194 seconds
// of eight hours to go make the first of the mark's three prices 62,928.65679409. A leg
// counts rates in parts of 2^32 for a bar, so it comes within a ten-thousandth.
func TestMarkWorkedExample(t *testing.T) {
	const bars = int64(8 * time.Hour / time.Second)
	l := leg{
		index: exchange.MustFixed("62928.61695652"),
		close: exchange.MustFixed("60000"), premium: one / 100, // the first price is the median
		funding: funding{bar: time.Second, bars: bars, due: 194, last: int64(exchange.MustFixed("0.00009398")) * one / int64(exchange.FixedOne) / bars},
	}
	got, want := l.mark(0).Price, exchange.MustFixed("62928.65679409")
	if (got - want).Abs() > exchange.MustFixed("0.0001") {
		t.Errorf("mark %v, want %v", got, want)
	}
}
