package stream

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestNames holds streams to Binance's names, both ways, and to their routes.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		s     Stream
		name  string
		route Route
	}{
		{Stream{Product: exchange.UM, Kind: AggTrade, Symbol: "BTCUSDT"}, "btcusdt@aggTrade", Market},
		{Stream{Product: exchange.UM, Kind: Depth, Symbol: "BTCUSDT", Speed: 100 * time.Millisecond}, "btcusdt@depth@100ms", Public},
		{Stream{Product: exchange.UM, Kind: Mark, Speed: time.Second}, "!markPrice@arr@1s", Market},
	} {
		if err := c.s.Check(); err != nil {
			t.Error(err)
		}
		if got := c.s.Name(); got != c.name {
			t.Errorf("%v: %s", c.s, got)
		}
		if got := c.s.Route(); got != c.route {
			t.Errorf("%v: %v", c.s, got)
		}
		if got, err := Parse(c.s.Product, c.name); err != nil || got != c.s {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}
