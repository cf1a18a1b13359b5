package margin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// StressScenarios are the scenarios of a report: nothing, all coins down by as much as a
// half and up, each coin alone by 30% either way if there are several, each stable asset
// down by 5% and 10%, collateral rates cut by ten and by twenty points, and the night of
// 10 October 2025. Coins and stable assets are those that the account has something of,
// positions included, sorted.
func (p *Portfolio) StressScenarios() []Scenario {
	coins, stables := p.exposed()
	list := []Scenario{{Name: "no shock"}}
	add := func(s Shock) { list = append(list, Scenario{Name: s.Name, Shocks: []Shock{s}}) }
	for _, points := range [...]int{-50, -40, -30, -20, -10, 10, 20, 30, 50} {
		add(Shock{Name: fmt.Sprintf("coins %+d%%", points), Coin: AllCoins, Move: hundredths(points)})
	}
	if len(coins) > 1 {
		for _, c := range coins {
			add(Shock{Name: c + " -30%", Coin: c, Move: hundredths(-30)})
			add(Shock{Name: c + " +30%", Coin: c, Move: hundredths(30)})
		}
	}
	for _, a := range stables {
		add(depegOf(a, hundredths(5)))
		add(depegOf(a, hundredths(10)))
	}
	for _, points := range [...]int{10, 20} {
		add(Shock{Name: fmt.Sprintf("haircuts +%d points", points), Haircut: hundredths(points)})
	}
	return append(list, october(coins, stables))
}

func hundredths(n int) exchange.Fixed { return exchange.Fixed(n) * exchange.FixedOne / 100 }

// Exposed lists the coins and the stable assets that the account has anything of or has a
// position in, each sorted.
func (p *Portfolio) Exposed() (coins, stables []string) { return p.exposed() }

// exposed lists the coins and the stable assets that the account has anything of or has a
// position in.
func (p *Portfolio) exposed() (coins, stables []string) {
	note := func(a *asset) {
		list := &coins
		if a.stable {
			list = &stables
		}
		if at, found := slices.BinarySearch(*list, a.name); !found {
			*list = slices.Insert(*list, at, a.name)
		}
	}
	p.refresh()
	for _, a := range p.assets {
		if a.held() {
			note(a)
		}
	}
	for _, s := range p.slots {
		for _, l := range s.legs {
			if l != nil && !l.qty.zero() {
				note(s.base)
				note(s.settle)
			}
		}
	}
	return coins, stables
}

// october is the night of 10 October 2025 on Binance, from the evening's prices to the
// lows, rounded against the holder: BTC fell from 122,000 to below 105,000 and ETH from
// 4,400 to 3,500, other coins by 50% to 80%; USDE was at 0.65, and staked coins, which were
// priced by Binance's own empty books, far below what they stood for: WBETH at 430 and
// BNSOL at 34.9. Winning positions were auto-deleveraged while prices went on falling.
// Press of 10 to 13 October 2025; half-way is our assumption. The name has what of it
// there is in the account.
func october(coins, stables []string) Scenario {
	s := Scenario{ADL: true, Shocks: []Shock{{Coin: AllCoins, Move: hundredths(-60)}}}
	var parts []string
	rest := len(coins)
	for _, m := range [...]struct {
		asset  string
		points int
		index  bool // its futures, if there are any, are another coin's
	}{{"BTC", -15, false}, {"ETH", -20, false}, {"WBETH", -90, true}, {"BNSOL", -85, true}, {"USDE", -35, true}} {
		shock := Shock{Coin: m.asset, Move: hundredths(m.points)}
		if m.index {
			shock.Asset, shock.Coin = m.asset, ""
		}
		s.Shocks = append(s.Shocks, shock)
		switch {
		case slices.Contains(coins, m.asset):
			rest--
		case !slices.Contains(stables, m.asset):
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %+d%%", m.asset, m.points))
	}
	if rest > 0 {
		parts = append(parts, "other coins -60%")
	}
	s.Name = "10 October 2025: " + strings.Join(append(parts, "winners closed half-way by ADL"), ", ")
	return s
}
