package venue

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// The random runs: an account of everything, on a market of every kind, for three and a
// half hours across midnight, with orders, faults and changes of the rules as chance
// wants. The market is in random_market_test.go, the account's wishes are in
// random_wish_test.go, what is done beside orders is in random_act_test.go. A run is a
// list of calls made by a seed before the venue is asked anything, so that two venues can
// be given the same.

var seedFlag = flag.Uint64("seed", 0, "run the random tests with this seed only")

// seeds are those of a random test: the first n, as many as PMBOT_SEEDS says, or the one
// asked for.
func seeds(n uint64) []uint64 {
	if *seedFlag != 0 {
		return []uint64{*seedFlag}
	}
	if text := os.Getenv("PMBOT_SEEDS"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 32); err != nil || n == 0 {
			panic(fmt.Sprintf("PMBOT_SEEDS=%q: want how many seeds to run, such as 1000", text))
		}
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = uint64(i) + 1
	}
	return list
}

// randomMinutes is how long a random run is.
const randomMinutes = 210

// op is one call on a venue: a market event, an order, an amend, a cancel, or an act.
type op struct {
	at     exchange.Time
	event  exchange.Event
	order  exchange.Order
	amend  bool
	cancel bool
	act    act
}

// do makes the call; whole runs a market event without asking whether it is quiet. The
// error is the exchange's answer to an act.
func (o *op) do(v *Venue, whole bool) error {
	switch {
	case o.event.Kind != 0:
		e := o.event
		v.digest(&e, !whole && v.Quiet(&e))
	case o.act != nil:
		return o.act.do(v, o.at)
	case o.cancel:
		v.Cancel(o.order, o.at)
	default:
		v.receive(o.order, o.amend, o.at)
	}
	return nil
}

// randomStart is half past ten in the evening: a run has an hour and a half of the day
// before and two hours of the next.
var randomStart = exchange.TimeOf(time.Date(2025, 12, 31, 22, 30, 0, 0, time.UTC))

// The instruments of the random runs. The first five are those of testConfig.
const (
	instUM exchange.InstrumentID = iota + 1
	instCM
	instSpot
	instETH
	instClosed
	instUMDated
	instCMDated
	instSpotETH
	instSpotBNB
	instCount
)

// deliveryUM and deliveryCM are when the dated contracts end.
const deliveryUM, deliveryCM = 135 * time.Minute, 180 * time.Minute

func randomInstruments() *exchange.Instruments {
	list := testConfig().Instruments.All()[:instClosed]
	umDated, cmDated, eth, bnb := list[0], list[1], list[2], list[2]
	umDated.Symbol, umDated.ContractType = "BTCUSDT_260101", "CURRENT_QUARTER"
	umDated.Delivery = randomStart.Add(deliveryUM)
	cmDated.Symbol, cmDated.ContractType = "BTCUSD_260101", "CURRENT_QUARTER"
	cmDated.Delivery = randomStart.Add(deliveryCM)
	eth.Symbol, eth.Pair, eth.Base = "ETHUSDT", "ETHUSDT", "ETH"
	bnb.Symbol, bnb.Pair, bnb.Base = "BNBUSDT", "BNBUSDT", "BNB"
	list[3].OrdersMax, list[3].AlgoOrdersMax = 6, 12
	ins, err := exchange.NewInstruments(append(list, umDated, cmDated, eth, bnb)...)
	if err != nil {
		panic(err)
	}
	return ins
}

// randomConfig is an account with something of everything.
func randomConfig(rng *rand.Rand) Config {
	c := testConfig()
	c.Instruments = randomInstruments()
	fixed := exchange.MustFixed
	c.Tables.Collateral["BTC"] = margin.Schedule{Tiers: []margin.Tier{{Cap: fixed("20"), Rate: fixed("0.95")}, {Rate: fixed("0.9")}}}
	c.Tables.Collateral["ETH"] = margin.Schedule{ByValue: true, Tiers: []margin.Tier{{Cap: fixed("5000"), Rate: fixed("0.9")}, {Cap: fixed("500000"), Rate: fixed("0.8")}}}
	c.Tables.Collateral["BNB"] = margin.Flat(fixed("0.85"), margin.Source{})
	c.Tables.LoanLeverage = map[string]int{"BTC": 3}
	c.Tables.Loan = append(c.Tables.Loan, margin.LoanRate{Leverage: 3, MMR: fixed("0.1")})
	brackets := func(p exchange.Product, edge, cum string) margin.Brackets {
		return margin.Brackets{Product: p, Tiers: []margin.Bracket{
			{Cap: fixed(edge), MMR: fixed("0.02"), Leverage: 20},
			{Floor: fixed(edge), Cap: fixed("100000000"), MMR: fixed("0.04"), Cum: fixed(cum), Leverage: 20},
		}}
	}
	um := brackets(exchange.UM, "20000", "400")
	c.Tables.UM = map[string]margin.Brackets{"BTCUSDT": um, "ETHUSDT": um, "LTCUSDT": um}
	c.Tables.CM = map[string]margin.Brackets{"BTCUSD_PERP": brackets(exchange.CM, "15", "0.3")}
	c.Seed = rng.Uint64()
	c.Slippage = exchange.Fixed(rng.IntN(3)) * exchange.FixedOne / 2000
	c.UM.Maker = exchange.Fixed(rng.IntN(3)-1) * exchange.FixedOne / 10000
	c.CM.Maker = fixed("-0.00011")
	c.Margin.Taker = fixed("0.00074999")
	amount := func(most int64) decimal.Decimal { return decimal.New(rng.Int64N(most*1e8), -8) }
	d := decimal.RequireFromString
	c.Tables.Interest = map[string]exchange.Fixed{"USDT": 1013, "BTC": 507, "ETH": 777}
	c.Money = Money{
		BurnUM: true, BurnMargin: rng.IntN(2) == 0, Interest: true, BurnInterest: rng.IntN(3) == 0, AutoRepay: true,
		NegativeFree: map[string]decimal.Decimal{"USDT": d("0.05")}, ExchangeCost: fixed("0.0051"),
		ExchangeAt: map[string]decimal.Decimal{"USDT": d("1500"), "BTC": d("0.3"), "BNB": d("0.01")},
		BorrowMax:  map[string]decimal.Decimal{"ETH": d("2.5")},
	}
	c.Balances = []Balance{
		{exchange.WalletUM, "USDT", amount(9000)}, {exchange.WalletCM, "BTC", amount(3)}, {exchange.WalletUM, "BNB", d("0.01")},
		{exchange.WalletMargin, "BTC", amount(4)}, {exchange.WalletMargin, "USDT", amount(8000)},
		{exchange.WalletMargin, "ETH", amount(5)}, {exchange.WalletMargin, "BNB", amount(1)},
	}
	c.Leverage = 10 + rng.IntN(11)
	c.Liquidation = LiquidationTerms{LoanClearance: fixed("0.01013"), InsuranceFund: exchange.Fixed(rng.IntN(2)) * fixed("150.5")}
	return c
}

func newVenue(t testing.TB, c Config) *Venue {
	t.Helper()
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func printAll(events []exchange.Event) string {
	var b strings.Builder
	for i := range events {
		fmt.Fprintf(&b, "%d %s\n", events[i].Inst, printEvent(&events[i]))
	}
	return b.String()
}
