package margin

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestNewRefuses names what is missing or wrong, and the cure.
func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		change func(t *Tables)
		want   string
	}{
		{func(t *Tables) { delete(t.UM, "BTCUSDC") }, "UM BTCUSDC has no maintenance brackets; give a file with its leverageBracket answer"},
		{func(t *Tables) { t.CM["ETHUSD_PERP"] = Brackets{} }, "brackets of CM ETHUSD_PERP: no brackets"},
		{func(t *Tables) { t.Collateral["X"] = Flat(2*exchange.FixedOne, Source{}) }, "collateral schedule of X: tier 1: rate 2 is not in 0..1"},
		{func(t *Tables) { t.Collateral["X"] = Schedule{Tiers: []Tier{{2, 1}, {1, 1}}} }, "tier 2: cap 0.00000001 does not lie above"},
		{func(t *Tables) { t.Collateral["X"] = Schedule{Tiers: []Tier{{2, 1}, {0, 2}}} }, "tier 2: rate 0.00000002 is above the tier before"},
		{func(t *Tables) { t.LoanLeverageDefault = 7 }, "no maintenance rate for leverage 7"},
		{func(t *Tables) { t.Loan = []LoanRate{{1, 0}} }, "loan rate for leverage 1"},
		{func(t *Tables) { t.Collar = exchange.FixedOne }, "collar of market orders"},
		{func(t *Tables) { t.LeverageDefault = 0 }, "default leverage"},
		{func(t *Tables) { t.Fees[exchange.CM] = Fee{Taker: 2 * exchange.FixedOne} }, "taker fee of CM"},
	} {
		tables := testTables()
		c.change(tables)
		if _, err := New(testInstruments(t), tables); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestContractSize: what exchangeInfo says of a CM contract must be a size.
func TestContractSize(t *testing.T) {
	for _, size := range []exchange.Fixed{0, -1, contractSizeMax + 1} {
		in := *testInstruments(t).At(4)
		in.ContractSize = size
		ins, err := exchange.NewInstruments(in)
		ok(t, err)
		if _, err := New(ins, testTables()); err == nil || !strings.Contains(err.Error(), "CM BTCUSD_PERP: contract size") {
			t.Errorf("size %v: %v", size, err)
		}
	}
}

// TestDatedContract uses its perpetual's brackets and says so.
func TestDatedContract(t *testing.T) {
	dated := func(p exchange.Product, symbol, pair, settle string) exchange.Instrument {
		return exchange.Instrument{Product: p, Symbol: symbol, Pair: pair, Base: "BTC", Quote: "USD", MarginAsset: settle, ContractSize: 100 * exchange.FixedOne}
	}
	ins, err := exchange.NewInstruments(dated(exchange.UM, "BTCUSDT_261225", "BTCUSDT", "USDT"), dated(exchange.CM, "BTCUSD_261225", "BTCUSD", "BTC"))
	ok(t, err)
	p, err := New(ins, Assumed())
	ok(t, err)
	lines := strings.Join(p.Warnings(), "\n")
	for _, want := range []string{
		"maintenance brackets of UM BTCUSDT_261225: those of its perpetual",
		"maintenance brackets of CM BTCUSD_261225: after older public tables, 2026-11",
		"collateral rate of BTC: round figures", "collateral rate of USDT: round figures", "fees of UM: the regular user's rates",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("warnings lack %q:\n%s", want, lines)
		}
	}
	if strings.Contains(lines, "maintenance brackets of UM BTCUSDT_261225: answer") || strings.Contains(lines, "risk ladder") {
		t.Errorf("what is published is called assumed:\n%s", lines)
	}
}

// TestBadInput: nothing panics, nothing is half-written, the error says what was wrong.
func TestBadInput(t *testing.T) {
	p := smallAccount(t)
	before := p.Account()
	order := func(change func(o *exchange.Order)) error {
		o := limitOrder(1, 2, exchange.Buy, "1", "100000")
		change(&o)
		return p.SetOrder(o)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{p.SetMark(99, 1), "no instrument 99"},
		{p.SetMark(0, 1), "no instrument 0"},
		{p.SetMark(2, 0), "mark 0 of UM BTCUSDT"},
		{p.SetIndex("BTC", -1), "index -0.00000001 of BTC"},
		{p.SetIndex("", 1), "without a name"},
		{p.SetBalance("BTC", 0, one), "balance of BTC in Wallet(0)"},
		{p.SetBalance("BTC", 9, one), "balance of BTC in Wallet(9)"},
		{p.SetBalance("BTC", exchange.WalletLoan, one.Neg()), "debt of BTC in LOAN is negative"},
		{p.SetBalance("BTC", exchange.WalletUM, decimal.New(1, 30)), "too large"},
		{p.SetBalance("BTC", exchange.WalletUM, decimal.New(1, -17)), "too many decimals"},
		{p.SetPosition(exchange.Position{Inst: 1, Qty: one, Entry: one}), "MARGIN BTCUSDT has no position BOTH"},
		{p.SetPosition(exchange.Position{Inst: 2, Side: 7}), "no position PositionSide(7)"},
		{p.SetPosition(exchange.Position{Inst: 2, Qty: one}), "entry 0 is below the smallest price"},
		{p.SetPosition(exchange.Position{Inst: 2, Qty: decimal.New(1, -9), Entry: one}), "quantity: 0.000000001: too many decimals"},
		{p.SetPosition(exchange.Position{Inst: 2, Side: exchange.Long, Qty: one.Neg(), Entry: one}), "LONG leg of -1"},
		{p.SetLeverage(1, 5), "has no leverage"},
		{p.SetLeverage(2, 126), "leverage 126 of UM BTCUSDT: want 1..125"},
		{order(func(o *exchange.Order) { o.ID = 0 }), "needs an id"},
		{order(func(o *exchange.Order) { o.Request.Inst = 3 }), "no instrument 3"},
		{order(func(o *exchange.Order) { o.Request.Side = 0 }), "order 1: side Side(0)"},
		{order(func(o *exchange.Order) { o.Request.Price = 0 }), "limit price 0"},
		{order(func(o *exchange.Order) { o.Request.Qty = 0 }), "no quantity"},
		{order(func(o *exchange.Order) { o.Request.Qty = -1 }), "negative"},
		{order(func(o *exchange.Order) { o.Filled = -1 }), "negative"},
		{order(func(o *exchange.Order) { o.Request.PositionSide = 5 }), "no position PositionSide(5)"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || !errors.Is(c.err, ErrInput) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
	if after := p.Account(); after.UniMMR.String() != before.UniMMR.String() || !after.Equity.Equal(before.Equity) {
		t.Errorf("bad input has changed the account: %+v", after)
	}
	if _, err := p.Project(limitOrder(1, 9, exchange.Buy, "1", "1")); !errors.Is(err, ErrInput) {
		t.Errorf("projecting an unknown instrument: %v", err)
	}
	if _, err := p.SizeThatPasses(limitOrder(1, 2, exchange.Buy, "0", "1"), nil); !errors.Is(err, ErrInput) {
		t.Errorf("sizing nothing: %v", err)
	}
}

// TestMissing: an account that lacks a price it needs is not projected, and one that
// does not need it is.
func TestMissing(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	ok(t, err)
	ok(t, p.Missing())
	lacks := func(want string) {
		t.Helper()
		err := p.Missing()
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("missing is %v, want %q", err, want)
		}
	}
	ok(t, p.SetBalance("USDT", exchange.WalletUM, one))
	lacks("index of USDT")
	ok(t, p.SetIndex("USDT", exchange.FixedOne))
	ok(t, p.Missing())
	ok(t, p.SetOrder(limitOrder(1, 1, exchange.Buy, "1", "1")))
	lacks("mark of UM BTCUSDT")
	if _, err := p.Scenarios(); !errors.Is(err, ErrMissing) {
		t.Errorf("scenarios without a mark: %v", err)
	}
	p.RemoveOrder(1)
	ok(t, p.Missing())
	if _, err := p.Project(limitOrder(1, 1, exchange.Buy, "1", "1")); !errors.Is(err, ErrMissing) {
		t.Errorf("projection without a mark: %v", err)
	}
	if _, err := p.Reducing(limitOrder(1, 1, exchange.Buy, "1", "1")); !errors.Is(err, ErrMissing) {
		t.Errorf("reduction without a mark: %v", err)
	}
	ok(t, p.Missing()) // the trial has gone
	if _, err := p.Project(marketOrder(6, exchange.Buy, "1")); !errors.Is(err, ErrMissing) {
		t.Errorf("margin projection without the coin's index: %v", err)
	}
	if p.Safe(exchange.FixedOne) != true {
		t.Error("one dollar and nothing else is not safe")
	}
}

// TestNewStableIsShocked: collateral that appears later is depegged too, while the
// shocks are the default ones.
func TestNewStableIsShocked(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	ok(t, err)
	has := func(name string) bool {
		for _, s := range p.Shocks() {
			if s.Name == name {
				return true
			}
		}
		return false
	}
	for _, name := range []string{"coins +20%", "coins -20%", "BTC +20%", "ETH -20%", "USDC -10%", "USDT -10%", "haircut -10 points"} {
		if !has(name) {
			t.Errorf("default shocks lack %q", name)
		}
	}
	ok(t, p.SetIndex("FDUSD", exchange.FixedOne))
	ok(t, p.SetBalance("FDUSD", exchange.WalletMargin, decimal.NewFromInt(100)))
	if !has("FDUSD -10%") {
		t.Error("FDUSD is not depegged")
	}
	r, err := p.Project()
	ok(t, err)
	equal(t, "equity under the worst shock", r.Shocked.Equity, "85") // 0.95 - 10 points of 100
	ok(t, p.SetShockSizes(ShockSizes{Coin: coinMove, Stable: depeg / 2, Haircut: haircutCut}))
	ok(t, p.SetIndex("TUSD", exchange.FixedOne))
	for _, name := range []string{"USDT -5%", "FDUSD -5%", "TUSD -5%"} { // of an instrument, held before, come since
		if !has(name) {
			t.Errorf("resized shocks lack %q: %v", name, p.Shocks())
		}
	}
	if err := p.SetShocks([]Shock{{Name: "gone", Coin: AllCoins, Move: -exchange.FixedOne}}); err == nil {
		t.Error("a fall by everything was accepted")
	}
}

// TestBreach: leverage caps the size of a position.
func TestBreach(t *testing.T) {
	p := leveraged(t, "0", "0")
	ok(t, p.SetLeverage(1, 100)) // 100x goes up to 600000 USDT
	r, err := p.Project(limitOrder(9, 1, exchange.Buy, "6", "100000"))
	if err != nil || len(r.Breaches) != 0 {
		t.Errorf("600000 at 100x: %+v, %v", r.Breaches, err)
	}
	r, err = p.Project(limitOrder(9, 1, exchange.Buy, "6.001", "100000"))
	if err != nil || len(r.Breaches) != 1 || !r.Breaches[0].Size.Equal(decimalOf("600100")) || !r.Breaches[0].Cap.Equal(decimalOf("600000")) {
		t.Errorf("600100 at 100x: %+v, %v", r.Breaches, err)
	}
}
