package whatif

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

func fixed(s string) exchange.Fixed { return exchange.MustFixed(s) }

// carry is 10 BTC at 95% and a short of 9 at 100,000, on the UM perpetual.
func carry(t *testing.T) *margin.Portfolio {
	t.Helper()
	in := func(p exchange.Product, symbol, quote, settle string) exchange.Instrument {
		return exchange.Instrument{
			Product: p, Symbol: symbol, Pair: symbol, Base: "BTC", Quote: quote, MarginAsset: settle, ContractSize: exchange.FixedOne,
			Lot: exchange.Lot{Min: fixed("0.001"), Step: fixed("0.001")},
		}
	}
	cm := in(exchange.CM, "BTCUSD_PERP", "USD", "BTC")
	cm.ContractSize = fixed("100")
	ins, err := exchange.NewInstruments(in(exchange.UM, "BTCUSDT", "USDT", "USDT"), cm, in(exchange.Margin, "BTCUSDT", "USDT", "USDT"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := margin.New(ins, margin.Assumed())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		p.SetIndex("BTC", fixed("100000")), p.SetIndex("USDT", exchange.FixedOne), p.SetMark(1, fixed("100000")), p.SetMark(2, fixed("100000")),
		p.SetBalance("BTC", exchange.WalletMargin, decimal.NewFromInt(10)),
		p.SetPosition(exchange.Position{Inst: 1, Qty: decimal.NewFromInt(-9), Entry: decimal.NewFromInt(100_000)}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// TestParseOrder: what is understood is said again by the order's own words, and what is not
// is named.
func TestParseOrder(t *testing.T) {
	ins := carry(t).Instruments()
	for text, want := range map[string]string{
		"sell 0.5 BTCUSDT @ market":                      "sell 0.5 UM:BTCUSDT @ market",
		"SELL 0.5 um:btcusdt@60000.1 Post-Only":          "sell 0.5 UM:BTCUSDT @ 60000.1 post-only",
		"buy 10 BTCUSD_PERP @ 60000 ioc reduce-only":     "buy 10 CM:BTCUSD_PERP @ 60000 reduce-only ioc",
		"buy 10 CM:BTCUSD_PERP @ 60000 fok short":        "buy 10 CM:BTCUSD_PERP @ 60000 fok short",
		"sell 1 MARGIN:BTCUSDT @ market repay borrow":    "sell 1 MARGIN:BTCUSDT @ market borrow repay",
		"sell 1 MARGIN:BTCUSDT @ market repay":           "sell 1 MARGIN:BTCUSDT @ market repay",
		"buy 1 MARGIN:BTCUSDT @ 1e3 borrow":              "buy 1 MARGIN:BTCUSDT @ 1000 borrow",
		"hold 1 BTCUSDT @ market":                        `! "hold" is neither buy nor sell`,
		"buy -1 BTCUSDT @ market":                        `! "-1" is no quantity`,
		"buy 0 BTCUSDT @ market":                         `! "0" is no quantity`,
		"buy 1 BTCUSDT @ never":                          `! "never" is neither market nor a price`,
		"buy 1 BTCUSDT @ 0":                              `! "0" is neither market nor a price`,
		"buy 1 ETHUSDT @ market":                         `! not known; there are: UM:BTCUSDT, CM:BTCUSD_PERP, MARGIN:BTCUSDT`,
		"buy 1 CM:BTCUSDT @ market":                      `! not known`,
		"buy 1 SPOT:BTCUSDT @ market":                    `! "SPOT" is no product`,
		"buy 1 BTCUSDT market":                           `! want buy|sell QTY`,
		"buy 1 BTCUSDT @ market post-only":               `! post-only is for orders with a price`,
		"buy 1 BTCUSDT @ 5 post-only ioc":                `! ioc beside another word`,
		"buy 1 BTCUSDT @ market reduce-only reduce-only": `! "reduce-only" is said twice`,
		"buy 1 BTCUSDT @ market long short":              `! long and short are said both`,
		"buy 1 BTCUSDT @ market borrow":                  `! borrow is for margin pairs`,
		"buy 1 MARGIN:BTCUSDT @ market reduce-only":      `! reduce-only is for futures`,
		"buy 1 BTCUSDT @ market reduceonly":              `! "reduceonly" is none of the words that may follow: reduce-only, post-only`,
	} {
		r, err := ParseOrder(text, ins)
		if part, bad := strings.CutPrefix(want, "! "); bad {
			if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(part, "not known") != errors.Is(err, ErrUnknown) {
				t.Errorf("%s: %v, want %s", text, err, part)
			}
			continue
		}
		if err != nil || said(&r, ins) != want {
			t.Errorf("%s: %v, %s", text, err, said(&r, ins))
		}
	}
}

// TestScenarioRefuses names what makes no sense.
func TestScenarioRefuses(t *testing.T) {
	one := func(kind MoveKind, what, ratio string) Scenario {
		return Scenario{Name: "x", Moves: []Move{{kind, what, fixed(ratio)}}}
	}
	for want, s := range map[string]Scenario{
		"changes nothing":                      {Name: "x"},
		"above -100% and at most 1000%":        one(Coin, "BTC", "-1"),
		"1000.1% is not above":                 one(Basis, "BTC", "10.001"),
		"-100.1% is not within -100%..100%":    one(Funding, "BTC", "-1.001"),
		`index names one asset, not "*"`:       one(Index, "*", "0.1"),
		`quote names one asset, not "*"`:       one(Quote, "*", "0.1"),
		"write it like UM:BTCUSDT":             one(Symbol, "BTCUSDT", "0.1"),
		`"MARGIN:BTCUSDT": write it like`:      one(Symbol, "MARGIN:BTCUSDT", "0.1"),
		`"wind" is no kind of move`:            one("wind", "BTC", "0.1"),
		`kind "coin" names nothing`:            one(Coin, "", "0.1"),
		"0 to 100 points":                      {Name: "x", Haircuts: []Haircut{{"BTC", fixed("1.01"), 0}}},
		`haircut of "USDT": it takes 0 to 100`: {Name: "x", Haircuts: []Haircut{{"USDT", 0, -1}}},
	} {
		if _, err := Apply(carry(t), &s, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestApply is counted by hand.
func TestApply(t *testing.T) {
	p := carry(t)
	before := p.Account()
	limits := riskguard.DefaultLimits()
	s := &Scenario{
		Name: "by hand",
		Moves: []Move{
			{Coin, "BTC", fixed("0.5")}, {Coin, "*", fixed("-0.9")}, // what is said of one counts
			{Index, "USDT", fixed("-0.1")}, {Funding, "*", fixed("-0.01")}, {Coin, "DOGE", fixed("0.1")}, {Symbol, "CM:BTCUSD_PERP", fixed("1")},
			{Quote, "USDC", fixed("0.1")},
		},
		Haircuts: []Haircut{{"*", fixed("0.05"), 0}},
	}
	r, err := Apply(p, s, LinesOf(&limits, p))
	if err != nil {
		t.Fatal(err)
	}
	// Coins: 10 at 150,000 and 90%. The short has lost 450,000 USDT and pays 1% of 1,350,000,
	// a debt at 0.9: 463,500·0.9 = 417,150. It needs 1,350,000·0.0065 - 950 = 7,825, at 0.9.
	want := Standing{decimal.NewFromInt(1_082_850), decimal.NewFromInt(932_850), decimal.RequireFromString("7042.5"), decimal.Decimal{}, exchange.StatusNormal}
	if a := r.After; !a.Value.Equal(want.Value) || !a.Equity.Equal(want.Equity) || !a.MaintMargin.Equal(want.MaintMargin) || a.Status != want.Status {
		t.Errorf("after %+v, want %+v", a, want)
	}
	if len(r.Legs) != 1 || r.Legs[0].Gain.String() != "-417150" || r.Legs[0].MarkAfter != fixed("150000") || r.Legs[0].Closed {
		t.Errorf("%+v", r.Legs)
	}
	if got := []string{"coin DOGE", "quote USDC", "symbol CM:BTCUSD_PERP"}; !reflect.DeepEqual(r.Idle, got) {
		t.Errorf("idle %q", r.Idle)
	}
	for _, a := range r.Assets {
		want := map[string][2]string{"BTC": {"950000", "1350000"}, "USDT": {"0", "-417150"}}[a.Asset]
		if a.Equity.String() != want[0] || a.EquityAfter.String() != want[1] {
			t.Errorf("%+v, want %v", a, want)
		}
	}
	for _, l := range r.Lines {
		if l.Before || l.After {
			t.Errorf("%+v", l)
		}
	}
	if after := p.Account(); !reflect.DeepEqual(after, before) {
		t.Errorf("the account has changed: %+v", after)
	}
}

// TestCrossing: a line is crossed at it and below, and those it was below of before are told.
func TestCrossing(t *testing.T) {
	p := carry(t)
	// 10 BTC at 95% less 9 sold at 100,000: rates down by 95 points leave the gain alone.
	s := &Scenario{Name: "worthless", Haircuts: []Haircut{{"BTC", exchange.FixedOne, 0}}}
	r, err := Apply(p, s, []Line{{fixed("1000"), "high"}, {fixed("2"), "two"}, {0, "none"}})
	if err != nil {
		t.Fatal(err)
	}
	got := []bool{r.Lines[0].Before, r.Lines[0].After, r.Lines[1].Before, r.Lines[1].After, r.Lines[2].After}
	if !reflect.DeepEqual(got, []bool{true, true, false, true, true}) || !r.After.Equity.IsZero() {
		t.Errorf("%v %+v", got, r.After)
	}
}

// TestTiers: a holding over three steps of its rate, and a debt, which has none.
func TestTiers(t *testing.T) {
	p := carry(t)
	if err := p.SetCollateral("BTC", margin.Schedule{Tiers: []margin.Tier{{Cap: fixed("2"), Rate: fixed("0.95")}, {Cap: fixed("6"), Rate: fixed("0.9")}}}); err != nil {
		t.Fatal(err)
	}
	for _, a := range Assets(p) {
		sum, equity := decimal.Zero, decimal.Zero
		var rates []string
		for _, tier := range a.Tiers {
			rates = append(rates, tier.Rate.String()+" of "+tier.Value.String())
			sum, equity = sum.Add(tier.Value), equity.Add(tier.Value.Mul(tier.Rate.Decimal()))
		}
		if a.Asset == "BTC" && (!reflect.DeepEqual(rates, []string{"0.95 of 200000", "0.9 of 400000", "0 of 400000"}) || !sum.Equal(a.Value) || !equity.Equal(a.Equity)) {
			t.Errorf("%v, %+v", rates, a)
		}
	}
}
