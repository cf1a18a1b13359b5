package market

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// LevelsMin and LevelsMax bound the levels of a generated book's side: those of the
// smallest and of the largest book that Binance tells at once.
const (
	LevelsMin = 5
	LevelsMax = 1000
)

// TickSpec describes an endless market of books and trades completely: equal specs make
// equal markets.
type TickSpec struct {
	Seed uint64
	// Start is the first instant, a whole number of Steps since 1970.
	Start exchange.Time
	// Step is how often books and trades move: whole milliseconds, and a divisor of a
	// second. 100ms is usual.
	Step time.Duration
	// Legs are perpetual and dated contracts on UM and CM and margin pairs, of any coins.
	// ID, Product, Symbol, Base, Quote, Delivery, Tick, Lot and, for CM, ContractSize are
	// read. A dated contract ends at its Delivery.
	Legs []*exchange.Instrument
	// Prices is where the index of each coin starts, in USD. BTC starts at 60,000, ETH at
	// 3,000, BNB at 600 and SOL at 150 if it does not say otherwise; stable coins start at
	// a dollar. Assets that no leg has are told of as well.
	Prices []CoinPrice
	// Levels is how many levels a side of a book has, from [LevelsMin] to [LevelsMax]; 0
	// takes 50. A price of few ticks may have room for less.
	Levels int
	// Volatility multiplies the usual volatility, at most 20; 0 takes 1.
	Volatility exchange.Fixed
	// Liquidations is how many forced orders a futures contract has in an hour, more or
	// less, at most 3,600. 0 takes 12, and -1 is none.
	Liquidations int
}

// CoinPrice is the price of an asset in USD.
type CoinPrice struct {
	Asset string
	Price exchange.Fixed
}

func (s *TickSpec) check() error {
	switch {
	case s.Step < time.Millisecond || s.Step%time.Millisecond != 0 || time.Second%s.Step != 0:
		return fmt.Errorf("step %v must be whole milliseconds and divide a second, such as 100ms", s.Step)
	case s.Start < 0 || s.Start%exchange.Time(s.Step) != 0:
		return fmt.Errorf("start %v must be a whole number of steps (%v) since 1970", s.Start, s.Step)
	case len(s.Legs) == 0:
		return errors.New("it needs at least one leg")
	case s.Levels != 0 && s.Levels < LevelsMin || s.Levels > LevelsMax:
		return fmt.Errorf("levels %d must be from %d to %d, or 0 for %d", s.Levels, LevelsMin, LevelsMax, levelsUsual)
	case s.Volatility < 0 || s.Volatility > 20*exchange.FixedOne:
		return fmt.Errorf("volatility %v must be above 0 and at most 20, or 0 for 1", s.Volatility)
	case s.Liquidations < -1 || s.Liquidations > 3600:
		return fmt.Errorf("liquidations %d must be from 1 to 3,600 an hour, -1 for none or 0 for %d", s.Liquidations, liquidationsUsual)
	}
	for i, in := range s.Legs {
		if slices.ContainsFunc(s.Legs[:i], func(b *exchange.Instrument) bool { return b.ID == in.ID || b.Name() == in.Name() }) {
			return fmt.Errorf("leg %s or its id is listed twice", in.Name())
		}
	}
	return nil
}

const (
	levelsUsual       = 50
	liquidationsUsual = 12
)

func (s *TickSpec) levels() int {
	if s.Levels == 0 {
		return levelsUsual
	}
	return s.Levels
}

func (s *TickSpec) liquidations() int64 {
	if s.Liquidations == 0 {
		return liquidationsUsual
	}
	return int64(max(s.Liquidations, 0))
}

// calm is a deviation under the volatility asked for.
func (s *TickSpec) calm(usual int64) int64 {
	if s.Volatility == 0 {
		return usual
	}
	return max(usual*int64(s.Volatility)/int64(exchange.FixedOne), 64)
}

// dollar is the quote of CM contracts, which has no index.
const dollar = "USD"

// stable says whether an asset keeps to a dollar.
func stable(name string) bool {
	switch name {
	case "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USD1", "BFUSD", "RWUSD", "USDE":
		return true
	}
	return false
}

// price is where an asset starts, 0 if nothing says so.
func (s *TickSpec) price(name string) exchange.Fixed {
	for _, p := range s.Prices {
		if p.Asset == name {
			return p.Price
		}
	}
	switch name {
	case "BTC":
		return 60_000 * exchange.FixedOne
	case "ETH":
		return 3_000 * exchange.FixedOne
	case "BNB":
		return 600 * exchange.FixedOne
	case "SOL":
		return 150 * exchange.FixedOne
	}
	if stable(name) {
		return exchange.FixedOne
	}
	return 0
}
