package margin

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// AllCoins in [Shock.Coin] moves every coin by the same ratio.
const AllCoins = "*"

// Shock is a sudden change against which a portfolio is projected. Positions and orders
// stay as they are; prices and rates change, all at once.
type Shock struct {
	// Name is for people, such as "BTC -20%".
	Name string
	// Coin is the coin that moves, or AllCoins, or empty: the marks of all its futures and
	// its index price move together by Move, -0.2 for a fall by a fifth. Stable assets
	// are no coins.
	Coin string
	// Asset is an asset of which only the index price moves by Move: a depeg.
	Asset string
	Move  exchange.Fixed
	// Haircut is taken off every collateral rate, 0.1 for ten points; rates stop at 0.
	Haircut exchange.Fixed
}

func (s Shock) check() error {
	if s.Move <= -exchange.FixedOne || s.Move > 10*exchange.FixedOne {
		return fmt.Errorf("shock %q: a move of %v is not within -1..10", s.Name, s.Move)
	}
	if s.Haircut < 0 || s.Haircut > exchange.FixedOne {
		return fmt.Errorf("shock %q: a haircut of %v is not within 0..1", s.Name, s.Haircut)
	}
	return nil
}

// ratio is the factor of the marks of a coin's futures.
func (s Shock) ratio(coin string, stable bool) exchange.Fixed {
	if s.Coin == coin && coin != "" || s.Coin == AllCoins && !stable {
		return exchange.FixedOne + s.Move
	}
	return exchange.FixedOne
}

// indexRatio is the factor of an asset's index price.
func (s Shock) indexRatio(asset string, stable bool) exchange.Fixed {
	if s.Asset == asset && asset != "" {
		return exchange.FixedOne + s.Move
	}
	return s.ratio(asset, stable)
}

// The sizes of the default shocks.
const (
	coinMove   = exchange.FixedOne / 5
	depeg      = exchange.FixedOne / 10
	haircutCut = exchange.FixedOne / 10
)

// DefaultShocks are: all coins up and down by 20%, each coin of an instrument alone
// likewise if there are several, each stable asset of an instrument down by 10%, and
// collateral rates cut by ten points.
func DefaultShocks(ins *exchange.Instruments, t *Tables) []Shock {
	var coins, stables []string
	note := func(asset string) {
		list := &coins
		if slices.Contains(t.Stables, asset) {
			list = &stables
		}
		if !slices.Contains(*list, asset) {
			*list = append(*list, asset)
		}
	}
	for _, in := range ins.All() {
		note(in.Base)
		note(in.MarginAsset)
	}
	slices.Sort(coins)
	slices.Sort(stables)
	shocks := []Shock{
		{Name: "coins +20%", Coin: AllCoins, Move: coinMove},
		{Name: "coins -20%", Coin: AllCoins, Move: -coinMove},
	}
	if len(coins) > 1 {
		for _, c := range coins {
			shocks = append(shocks,
				Shock{Name: c + " +20%", Coin: c, Move: coinMove},
				Shock{Name: c + " -20%", Coin: c, Move: -coinMove})
		}
	}
	for _, a := range stables {
		shocks = append(shocks, depegOf(a))
	}
	return append(shocks, Shock{Name: "haircut -10 points", Haircut: haircutCut})
}

func depegOf(asset string) Shock { return Shock{Name: asset + " -10%", Asset: asset, Move: -depeg} }
