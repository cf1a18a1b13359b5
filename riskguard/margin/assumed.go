package margin

import "github.com/pmbot/pmbot/exchange"

// Assumed returns the embedded tables, each with its source. The maintenance brackets
// of BTCUSDT and ETHUSDT are real answers of June 2025 and the lines 1.2 and 1.05 are
// published; what else a user of Portfolio Margin sees only with a key is assumed,
// on the careful side, and [Tables.Warnings] says so. Every call makes a new copy.
func Assumed() *Tables {
	assume := func(text string) Source { return Source{Text: text, Date: "2026-11", Assumed: true} }
	t := &Tables{
		Collateral: map[string]Schedule{},
		UM: map[string]Brackets{
			"BTCUSDT": embedded(exchange.UM, umSource(), btcusdt()),
			"ETHUSDT": embedded(exchange.UM, umSource(), ethusdt()),
		},
		CM: map[string]Brackets{
			"BTCUSD_PERP": embedded(exchange.CM, assume("after older public tables"), btcusdPerp()),
			"ETHUSD_PERP": embedded(exchange.CM, assume("after older public tables"), ethusdPerp()),
		},
		Loan: []LoanRate{
			{3, exchange.MustFixed("0.10")}, {5, exchange.MustFixed("0.08")}, {10, exchange.MustFixed("0.05")},
		},
		LoanSource:          Source{Text: "Binance FAQ on the maintenance margin ratio of Portfolio Margin", Date: "2024-11"},
		LoanLeverage:        map[string]int{},
		LoanLeverageDefault: 3,
		LoanLeverageSource:  assume("the lowest cross-margin leverage, 3"),
		LeverageDefault:     20,
		LeverageSource:      Source{Text: "Binance's default of a new symbol", Date: "2026-11"},
		Fees:                map[exchange.Product]Fee{},
		Interest:            map[string]exchange.Fixed{},
		InterestSource:      assume("round yearly rates: 3% BTC and ETH, 8% stable coins"),
		Ladder: Ladder{
			ReduceOnly:  exchange.MustFixed("1.2"),
			Liquidation: exchange.MustFixed("1.05"),
			Source:      Source{Text: "Binance on the risk levels of Portfolio Margin", Date: "2025-02"},
		},
		Stables: []string{"BUSD", "DAI", "FDUSD", "TUSD", "USD1", "USDC", "USDE", "USDP", "USDT"},
		Collar:  exchange.MustFixed("0.005"),
	}
	rates := assume("round figures near the published ones")
	for _, c := range [][2]string{
		{"USDT", "1"}, {"USDC", "1"}, {"FDUSD", "0.95"}, {"USDE", "0.95"}, {"BTC", "0.95"}, {"ETH", "0.95"}, {"BNB", "0.95"},
		{"SOL", "0.90"}, {"XRP", "0.90"}, {"LTC", "0.85"}, {"ADA", "0.85"}, {"DOGE", "0.85"}, {"LINK", "0.85"},
	} {
		t.Collateral[c[0]] = Flat(exchange.MustFixed(c[1]), rates)
	}
	for _, c := range [][2]string{
		{"BTC", "0.00000342"}, {"ETH", "0.00000342"}, {"USDT", "0.00000913"}, {"USDC", "0.00000913"},
	} {
		t.Interest[c[0]] = exchange.MustFixed(c[1])
	}
	regular := assume("the regular user's rates without discounts")
	futures := Fee{exchange.MustFixed("0.0002"), exchange.MustFixed("0.0005"), regular}
	t.Fees[exchange.UM] = futures
	t.Fees[exchange.CM] = futures
	t.Fees[exchange.Margin] = Fee{exchange.MustFixed("0.001"), exchange.MustFixed("0.001"), regular}
	return t
}

// step is one row of an embedded bracket table; floor and cum follow from the rows
// before it.
type step struct {
	cap, mmr string
	leverage int
}

// embedded builds brackets from rows, with cum by the formula that makes maintenance
// margin continuous: cum of the tier before + floor·(mmr - mmr of the tier before).
func embedded(p exchange.Product, s Source, rows []step) Brackets {
	b := Brackets{Product: p, Source: s}
	var before Bracket
	for _, r := range rows {
		t := Bracket{Floor: before.Cap, Cap: exchange.MustFixed(r.cap), MMR: exchange.MustFixed(r.mmr), Leverage: r.leverage}
		if len(b.Tiers) > 0 {
			jump := wideInt(int64(t.Floor)).times(t.MMR - before.MMR)
			rise, _ := jump.over(wideInt(fixedOne)).small()
			t.Cum = before.Cum + exchange.Fixed(rise)
		}
		b.Tiers = append(b.Tiers, t)
		before = t
	}
	return b
}

func umSource() Source { return Source{Text: "answer of um/leverageBracket", Date: "2025-06"} }

// Caps in USDT.
func btcusdt() []step {
	return []step{
		{"50000", "0.004", 125}, {"600000", "0.005", 100}, {"3000000", "0.0065", 75}, {"12000000", "0.01", 50},
		{"70000000", "0.02", 25}, {"100000000", "0.025", 20}, {"230000000", "0.05", 10}, {"480000000", "0.1", 5},
		{"600000000", "0.125", 4}, {"800000000", "0.15", 3}, {"1200000000", "0.25", 2}, {"1800000000", "0.5", 1},
	}
}

func ethusdt() []step {
	return []step{
		{"50000", "0.004", 125}, {"600000", "0.005", 100}, {"3000000", "0.0065", 75}, {"12000000", "0.01", 50},
		{"50000000", "0.02", 25}, {"65000000", "0.025", 20}, {"150000000", "0.05", 10}, {"320000000", "0.1", 5},
		{"400000000", "0.125", 4}, {"530000000", "0.15", 3}, {"800000000", "0.25", 2}, {"1200000000", "0.5", 1},
	}
}

// Caps in coins.
func btcusdPerp() []step {
	return []step{
		{"5", "0.004", 125}, {"10", "0.005", 100}, {"20", "0.01", 50}, {"50", "0.025", 20}, {"100", "0.05", 10},
		{"200", "0.1", 5}, {"400", "0.125", 4}, {"1000", "0.15", 3}, {"1500", "0.25", 2},
	}
}

func ethusdPerp() []step {
	return []step{
		{"15", "0.005", 100}, {"50", "0.0065", 75}, {"150", "0.01", 50}, {"500", "0.025", 20}, {"1000", "0.05", 10},
		{"2000", "0.1", 5}, {"5000", "0.125", 4}, {"10000", "0.15", 3}, {"20000", "0.25", 2},
	}
}
