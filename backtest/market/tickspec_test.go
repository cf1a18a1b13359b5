package market

import (
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

func TestTickSpecMistakes(t *testing.T) {
	for _, c := range []struct {
		spoil func(*TickSpec)
		want  string
	}{
		{func(s *TickSpec) { s.Step = 0 }, "step 0s must be whole milliseconds"},
		{func(s *TickSpec) { s.Step = 300 * time.Millisecond }, "and divide a second"},
		{func(s *TickSpec) { s.Step = 2 * time.Second }, "step 2s"},
		{func(s *TickSpec) { s.Step = 500 * time.Microsecond }, "step 500µs"},
		{func(s *TickSpec) { s.Start++ }, "whole number of steps"},
		{func(s *TickSpec) { s.Start = -exchange.Time(time.Second) }, "whole number of steps"},
		{func(s *TickSpec) { s.Legs = nil }, "at least one leg"},
		{func(s *TickSpec) { s.Legs[1] = s.Legs[0] }, "leg UM BTCUSDT or its id is listed twice"},
		{func(s *TickSpec) { s.Levels = LevelsMax + 1 }, "levels 1001 must be from 5 to 1000"},
		{func(s *TickSpec) { s.Levels = 4 }, "levels 4"},
		{func(s *TickSpec) { s.Volatility = -1 }, "volatility -0.00000001"},
		{func(s *TickSpec) { s.Volatility = 21 * exchange.FixedOne }, "at most 20"},
		{func(s *TickSpec) { s.Liquidations = -2 }, "liquidations -2"},
		{func(s *TickSpec) { s.Liquidations = 3601 }, "3,600 an hour"},
		{func(s *TickSpec) { s.Legs[0].Base = "ADA" }, "prices: ADA must have one above 0"},
		{func(s *TickSpec) { s.Prices = []CoinPrice{{"BTC", -1}} }, "prices: BTC must have one above 0"},
		{func(s *TickSpec) { s.Prices = []CoinPrice{{"BTC", exchange.FixedMax}} }, "at most"},
		{func(s *TickSpec) { s.Prices = []CoinPrice{{"BTC", exchange.FixedOne}} }, "leg UM BTCUSDT: price must start between 500"},
		{func(s *TickSpec) { s.Prices = []CoinPrice{{"BTC", priceMax}} }, "and at most at"},
		{func(s *TickSpec) { s.Legs[0].Tick = 0 }, "leg UM BTCUSDT: tick and lot step"},
		{func(s *TickSpec) { s.Legs[0].Lot.Step = 0 }, "tick and lot step"},
		{func(s *TickSpec) { s.Legs[1].ContractSize = 0 }, "contract size"},
		{func(s *TickSpec) { s.Legs[1].Quote = "USDT" }, "the quote of CM contracts USD"},
		{func(s *TickSpec) { s.Legs[0].Quote = "USD" }, "the quote of CM contracts USD"},
		{func(s *TickSpec) { s.Legs[3].Delivery = s.Start }, "leg UM BTCUSDT_DATED: delivery"},
		{func(s *TickSpec) { s.Legs[0].Product = 9 }, "product Product(9)"},
	} {
		s := hour(t)
		c.spoil(&s)
		if _, err := NewTicks(s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
