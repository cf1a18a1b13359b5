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
	Name string `json:"name"`
	// Coin is the coin that moves, or AllCoins, or empty: the marks of all its futures and
	// its index price move together by Move, -0.2 for a fall by a fifth. Stable assets
	// are no coins.
	Coin string `json:"coin"`
	// Asset is an asset of which only the index price moves by Move: a depeg.
	Asset string         `json:"asset"`
	Move  exchange.Fixed `json:"move"`
	// Haircut is taken off every collateral rate, 0.1 for ten points; rates stop at 0.
	Haircut exchange.Fixed `json:"haircut"`
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

// moves says whether marks and index price of a coin move.
func (s Shock) moves(coin string, stable bool) bool {
	return s.Coin == coin && coin != "" || s.Coin == AllCoins && !stable
}

// ratio is the factor of the marks of a coin's futures.
func (s Shock) ratio(coin string, stable bool) exchange.Fixed {
	if s.moves(coin, stable) {
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

// ShockSizes are the sizes of the standard shocks as ratios: of the move of coins either
// way, of the fall of a stable asset's index, and of the cut of collateral rates.
type ShockSizes struct{ Coin, Stable, Haircut exchange.Fixed }

// The default sizes.
const (
	coinMove   = exchange.FixedOne / 5
	depeg      = exchange.FixedOne / 10
	haircutCut = exchange.FixedOne / 10
)

// DefaultShockSizes are a fifth for coins, a tenth for stables, ten points of haircut.
func DefaultShockSizes() ShockSizes { return ShockSizes{coinMove, depeg, haircutCut} }

// standardShocks are: all coins up and down, each coin of an instrument alone likewise if
// there are several, each stable asset of an instrument down, and collateral rates cut.
func standardShocks(ins *exchange.Instruments, t *Tables, size ShockSizes) []Shock {
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
	var shocks []Shock
	move := func(name, coin string) {
		shocks = append(shocks,
			Shock{Name: name + " +" + percent(size.Coin) + "%", Coin: coin, Move: size.Coin},
			Shock{Name: name + " -" + percent(size.Coin) + "%", Coin: coin, Move: -size.Coin})
	}
	move("coins", AllCoins)
	if len(coins) > 1 {
		for _, c := range coins {
			move(c, c)
		}
	}
	for _, a := range stables {
		shocks = append(shocks, depegOf(a, size.Stable))
	}
	return append(shocks, Shock{Name: "haircut -" + percent(size.Haircut) + " points", Haircut: size.Haircut})
}

func depegOf(asset string, size exchange.Fixed) Shock {
	return Shock{Name: asset + " -" + percent(size) + "%", Asset: asset, Move: -size}
}

func percent(ratio exchange.Fixed) string { return ratio.Decimal().Shift(2).String() }
