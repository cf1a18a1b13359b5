package venue

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// testConfig is the venue of the tests: four instruments that trade for ever, one that
// does not trade, and two that are delivered at 08:00 of the first day, with round
// filters.
func testConfig() Config {
	fixed := exchange.MustFixed
	futures := exchange.Instrument{
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, ContractType: "PERPETUAL",
		PriceMin: fixed("0.1"), PriceMax: fixed("1000000"), Tick: fixed("0.1"),
		Lot:       exchange.Lot{Min: fixed("0.001"), Max: fixed("1000"), Step: fixed("0.001")},
		MarketLot: exchange.Lot{Min: fixed("0.001"), Max: fixed("120"), Step: fixed("0.001")},
		PercentUp: fixed("1.05"), PercentDown: fixed("0.95"),
		OrdersMax: 200, TriggerProtect: fixed("0.05"), LiquidationFee: fixed("0.001"),
	}
	um := futures
	um.Product, um.Symbol, um.Pair, um.Base, um.Quote, um.MarginAsset = exchange.UM, "BTCUSDT", "BTCUSDT", "BTC", "USDT", "USDT"
	um.NotionalMin = fixed("5")
	eth := um
	eth.Symbol, eth.Pair, eth.Base, eth.OrdersMax, eth.AlgoOrdersMax = "ETHUSDT", "ETHUSDT", "ETH", 2, 2
	closed := um
	closed.Symbol, closed.Pair, closed.Base, closed.Status = "LTCUSDT", "LTCUSDT", "LTC", "SETTLING"
	cm := futures
	cm.Product, cm.Symbol, cm.Pair, cm.Base, cm.Quote, cm.MarginAsset = exchange.CM, "BTCUSD_PERP", "BTCUSD", "BTC", "USD", "BTC"
	cm.ContractSize = fixed("100")
	cm.Lot = exchange.Lot{Min: fixed("1"), Max: fixed("100000"), Step: fixed("1")}
	cm.MarketLot = cm.Lot
	spot := exchange.Instrument{
		Product: exchange.Margin, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne,
		PriceMin: fixed("0.1"), PriceMax: fixed("1000000"), Tick: fixed("0.1"),
		Lot:         exchange.Lot{Min: fixed("0.00001"), Max: fixed("9000"), Step: fixed("0.00001")},
		NotionalMin: fixed("5"), PercentUp: fixed("5"), PercentDown: fixed("0.2"),
	}
	dated, coinDated := um, cm
	dated.Symbol, coinDated.Symbol = "BTCUSDT_260101", "BTCUSD_260101"
	dated.Delivery = exchange.TimeOf(time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC))
	dated.ContractType, coinDated.ContractType = "CURRENT_QUARTER", "CURRENT_QUARTER"
	coinDated.Delivery = dated.Delivery
	ins, err := exchange.NewInstruments(um, cm, spot, eth, closed, dated, coinDated)
	if err != nil {
		panic(err)
	}
	return Config{
		Instruments: ins, Tables: testTables(), Leverage: 10,
		UM: Fees{fixed("0.0002"), fixed("0.0005")}, CM: Fees{fixed("0.0002"), fixed("0.0005")}, Margin: Fees{fixed("0.001"), fixed("0.001")},
	}
}

// testTables are margin tables with round numbers: BTC counts at 0.95, and maintenance
// margin is 1% up to a million and 5% above.
func testTables() *margin.Tables {
	fixed := exchange.MustFixed
	brackets := func(p exchange.Product, edge, end, cum string) margin.Brackets {
		return margin.Brackets{Product: p, Tiers: []margin.Bracket{
			{Cap: fixed(edge), MMR: fixed("0.01"), Leverage: 20},
			{Floor: fixed(edge), Cap: fixed(end), MMR: fixed("0.05"), Cum: fixed(cum), Leverage: 5},
		}}
	}
	um := brackets(exchange.UM, "1000000", "100000000", "40000")
	return &margin.Tables{
		Collateral: map[string]margin.Schedule{
			"USDT": margin.Flat(exchange.FixedOne, margin.Source{}), "BTC": margin.Flat(fixed("0.95"), margin.Source{}),
			"BNB": margin.Flat(fixed("0.9"), margin.Source{}),
		},
		UM:   map[string]margin.Brackets{"BTCUSDT": um, "ETHUSDT": um, "LTCUSDT": um},
		CM:   map[string]margin.Brackets{"BTCUSD_PERP": brackets(exchange.CM, "20", "2000", "0.8")},
		Loan: []margin.LoanRate{{Leverage: 5, MMR: fixed("0.08")}}, LoanLeverageDefault: 5, LeverageDefault: 20,
		Ladder:  margin.Ladder{MarginCall: fixed("1.5"), ReduceOnly: fixed("1.2"), Liquidation: fixed("1.05")},
		Stables: []string{"USDT"}, Collar: fixed("0.005"),
	}
}
