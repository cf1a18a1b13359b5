package margin

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The figures in this file are Binance's own, from its documentation, FAQ pages and
// announcements; only those that are consistent in themselves are used.

func decimalOf(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func wideOf(t *testing.T, s string, places int32) wide {
	t.Helper()
	w, err := wideFromDecimal(decimalOf(s), min(places, amountPlaces), amountDigitsMax)
	if err != nil {
		t.Fatal(err)
	}
	for at := min(places, amountPlaces); at < places; at += qtyPlaces {
		w = w.up()
	}
	return w
}

func equal(t *testing.T, what string, got decimal.Decimal, want string) {
	t.Helper()
	if !got.Equal(decimalOf(want)) {
		t.Errorf("%s is %v, want %s", what, got, want)
	}
}

// TestT1 is the example of sapi portfolio/account: uniMMR is equity over maintenance.
func TestT1UniMMR(t *testing.T) {
	u := uniMMR(wideOf(t, "122607.35137903", usdPlaces), wideOf(t, "23.72469206", usdPlaces)).decimal(entryPlaces)
	equal(t, "uniMMR", u.Round(8), "5167.92171923")
}

// TestT2Available: an account of 122607.35137903 USDT whose initial margin is
// 47.44938412 has 122559.90199491 available.
func TestT2Available(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	// 1 BTC at the mark of 474.4938412 and leverage 10 needs 47.44938412.
	id := exchange.InstrumentID(1)
	for _, err := range []error{
		err, p.SetIndex("USDT", exchange.FixedOne), p.SetMark(id, exchange.MustFixed("474.4938412")), p.SetLeverage(id, 10),
		p.SetBalance("USDT", exchange.WalletUM, decimalOf("122607.35137903")),
		p.SetPosition(exchange.Position{Inst: id, Qty: one, Entry: decimalOf("474.4938412")}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	a := p.Account()
	equal(t, "equity", a.Equity, "122607.35137903")
	equal(t, "initial margin", a.InitialMargin, "47.44938412")
	equal(t, "available", a.Available, "122559.90199491")
}

// TestT3RiskLevel is the example of the riskLevelChange event.
func TestT3RiskLevel(t *testing.T) {
	u := uniMMR(wideOf(t, "30.23416728", usdPlaces), wideOf(t, "15.11708371", usdPlaces)).decimal(entryPlaces)
	equal(t, "uniMMR", u.Round(8), "1.99999999")
}

// TestT4FAQPortfolio is the worked table of the FAQ on maintenance margin: net amounts,
// PnL and maintenance of a portfolio over margin, UM and CM.
func TestT4FAQPortfolio(t *testing.T) {
	tables := Assumed()
	half := Brackets{Tiers: []Bracket{{Cap: exchange.FixedMax, MMR: exchange.MustFixed("0.005"), Leverage: 125}}}
	tables.UM["BTCUSDT"], tables.UM["BTCUSDT_220624"], tables.CM["BTCUSD_PERP"] = half, half, half
	contract := func(p exchange.Product, symbol, settle, size string) exchange.Instrument {
		return exchange.Instrument{Product: p, Symbol: symbol, Pair: "BTC", Base: "BTC", Quote: "USD", MarginAsset: settle, ContractSize: exchange.MustFixed(size)}
	}
	ins, err := exchange.NewInstruments(contract(exchange.UM, "BTCUSDT", "USDT", "1"),
		contract(exchange.UM, "BTCUSDT_220624", "USDT", "1"), contract(exchange.CM, "BTCUSD_PERP", "BTC", "100"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(ins, tables)
	for _, err := range []error{
		err, p.SetMark(1, exchange.MustFixed("40000")), p.SetMark(2, exchange.MustFixed("42000")), p.SetMark(3, exchange.MustFixed("40000")),
		p.SetIndex("BTC", exchange.MustFixed("40000")), p.SetIndex("ETH", exchange.MustFixed("3000")), p.SetIndex("USDT", exchange.FixedOne),
		p.SetPosition(exchange.Position{Inst: 1, Qty: decimalOf("-0.05"), Entry: decimalOf("52000")}),
		p.SetPosition(exchange.Position{Inst: 2, Qty: decimalOf("0.04"), Entry: decimalOf("52350")}),
		p.SetPosition(exchange.Position{Inst: 3, Qty: decimalOf("100"), Entry: decimalOf("50000")}),
		p.SetBalance("USDT", exchange.WalletMargin, decimalOf("1000")), p.SetBalance("USDT", exchange.WalletUM, decimalOf("5000")),
		p.SetBalance("BTC", exchange.WalletMargin, decimalOf("0.1")), p.SetBalance("BTC", exchange.WalletLoan, decimalOf("0.04")),
		p.SetBalance("BTC", exchange.WalletCM, decimalOf("0.1")),
		p.SetBalance("ETH", exchange.WalletMargin, decimalOf("20")), p.SetBalance("ETH", exchange.WalletLoan, decimalOf("15")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p.refresh()
	at := func(id int) legAt { return p.slots[id-1].legs[exchange.Both].at[0] }
	equal(t, "PnL of the perpetual", at(1).pnl.decimal(amountPlaces), "600")
	equal(t, "PnL of the quarter", at(2).pnl.decimal(amountPlaces), "-414")
	equal(t, "PnL of the inverse", at(3).pnl.decimal(amountPlaces), "-0.05")
	equal(t, "maintenance of the perpetual", at(1).maint.decimal(amountPlaces), "10")
	equal(t, "maintenance of the quarter", at(2).maint.decimal(amountPlaces), "8.4")
	equal(t, "maintenance of the inverse", at(3).maint.decimal(amountPlaces), "0.00125")
	equal(t, "net USDT", p.Net("USDT"), "6186")
	equal(t, "net BTC", p.Net("BTC"), "0.11")
	equal(t, "net ETH", p.Net("ETH"), "5")
	// 10 + 8.4 + (0.00125 + 0.004)·40000 + 1.5·3000
	equal(t, "maintenance margin", p.Account().MaintMargin, "4728.4")
}

// TestT5NegativeBalance: the threshold forgives what lies above it.
func TestT5NegativeBalance(t *testing.T) {
	threshold, daily := decimalOf("10000"), decimalOf("0.001")
	equal(t, "interest on -10050", NegativeBalanceInterest(decimalOf("-10050"), threshold, daily), "0.05")
	equal(t, "interest on -8050", NegativeBalanceInterest(decimalOf("-8050"), threshold, daily), "0")
	equal(t, "interest on a holding", NegativeBalanceInterest(decimalOf("1"), threshold, daily), "0")
}

// TestT6CollateralTiers: 6000 BTC at 20000 in tiers of value.
func TestT6CollateralTiers(t *testing.T) {
	a := asset{schedule: Schedule{ByValue: true, Tiers: []Tier{
		{exchange.MustFixed("100000000"), exchange.FixedOne}, {exchange.MustFixed("120000000"), exchange.MustFixed("0.975")},
	}}}
	equal(t, "worth", a.worth(wideOf(t, "6000", amountPlaces), exchange.MustFixed("20000"), 0).decimal(usdPlaces), "119500000")
}

// TestT7OpenCost: what it costs to open 1 BTC at 9253.30 with 20x while the mark is
// 9259.84. A long loses nothing against the mark, a short 6.54.
func TestT7OpenCost(t *testing.T) {
	s := &slot{in: &exchange.Instrument{Product: exchange.UM}, leverage: 20, mark: exchange.MustFixed("9253.30")}
	qty, price, mark := wideInt(fixedOne), exchange.MustFixed("9253.30"), exchange.MustFixed("9259.84")
	equal(t, "initial margin", s.initial(qty).decimal(amountPlaces), "462.665")
	equal(t, "gain of the long", s.fill(true, qty, price, mark).decimal(amountPlaces), "6.54")
	equal(t, "loss of the short", s.fill(false, qty, price, mark).decimal(amountPlaces), "-6.54")
	s.mark = exchange.MustFixed("9272.878485") // the short's assumed price, 9258.99·1.0015
	equal(t, "initial margin of the short", s.initial(qty).decimal(amountPlaces).Round(2), "463.64")
}

// TestT8NegativeEquity: without any position, BTC falling under a USDT debt liquidates.
func TestT8NegativeEquity(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	for _, err := range []error{
		err, p.SetIndex("USDT", exchange.FixedOne), p.SetIndex("BTC", exchange.MustFixed("16000")),
		p.SetBalance("BTC", exchange.WalletMargin, decimalOf("0.1")), p.SetBalance("USDT", exchange.WalletUM, decimalOf("-1490")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if a := p.Account(); !a.Equity.Equal(decimalOf("30")) || a.Status != exchange.StatusNormal {
		t.Errorf("before the fall: %v %v, want 30 NORMAL", a.Equity, a.Status)
	}
	if err := p.SetIndex("BTC", exchange.MustFixed("15000")); err != nil {
		t.Fatal(err)
	}
	a := p.Account()
	if !a.Equity.IsNegative() || a.Status < exchange.StatusActiveLiquidation || !a.UniMMR.Equal(decimal.NewFromInt(exchange.UniMMRMax)) {
		t.Errorf("after the fall: %v %v uniMMR %v", a.Equity, a.Status, a.UniMMR)
	}
	if r, err := p.Project(); err != nil || !r.Base.UniMMR.IsNegative() {
		t.Errorf("a projection of it has uniMMR %v (%v), which a floor would pass", r.Base.UniMMR, err)
	}
}

// TestT9WalletSum: the total is the sum of the wallets.
func TestT9WalletSum(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	for _, err := range []error{
		err, p.SetIndex("USDT", exchange.FixedOne), p.SetBalance("USDT", exchange.WalletMargin, decimalOf("30.6003261")),
		p.SetBalance("USDT", exchange.WalletUM, decimalOf("105.43419058")), p.SetBalance("USDT", exchange.WalletCM, decimal.Zero),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "net USDT", p.Net("USDT"), "136.03451668")
}

// TestM1Brackets is maintenance margin by the BTCUSDT brackets of June 2025.
func TestM1Brackets(t *testing.T) {
	b := Assumed().UM["BTCUSDT"]
	for _, c := range [][2]string{
		{"0", "0"}, {"40000", "160"}, {"50000", "200"}, {"50000.01", "200.00005"}, {"600000", "2950"},
		{"5000000", "38550"}, {"250000000", "10518550"}, {"1800000000", "478518550"}, {"2000000000", "578518550"},
	} {
		equal(t, "maintenance of "+c[0], b.maintenance(wideOf(t, c[0], entryPlaces)).decimal(amountPlaces), c[1])
	}
}
