package margin

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// holdings are the oracle's: every asset that a wallet has some of or in which positions
// have gained or lost.
func (w *world) holdings() []Holding {
	var list []Holding
	for _, name := range w.assetNames() {
		net, own, has := w.net(name, nil), w.debt(name).Neg(), false
		for wallet, b := range w.balance[name] {
			if has = has || !b.IsZero(); !exchange.Wallet(wallet).Debt() {
				own = own.Add(b)
			}
		}
		if has || !net.Equal(own) {
			list = append(list, Holding{name, net, net.Mul(w.indexUnder(name, nil)), w.equity(name, net, nil)})
		}
	}
	return list
}

func (w *world) sameHoldings(t *testing.T, p *Portfolio) {
	t.Helper()
	got, want := p.Holdings(), w.holdings()
	if len(got) != len(want) {
		t.Fatalf("holdings %v, the oracle says %v", got, want)
	}
	var actual, equity decimal.Decimal
	for i := range got {
		g, o := &got[i], &want[i]
		if g.Asset != o.Asset || !g.Net.Equal(o.Net) || !g.Actual.Equal(o.Actual) || !g.Equity.Equal(o.Equity) {
			t.Errorf("holding %v, the oracle says %v", *g, *o)
		}
		actual, equity = actual.Add(g.Actual), equity.Add(g.Equity)
	}
	if a := p.Account(); !a.ActualEquity.Equal(actual) || !a.Equity.Equal(equity) {
		t.Errorf("holdings sum to %v and %v, the account has %v and %v", actual, equity, a.ActualEquity, a.Equity)
	}
}

// TestHoldingsEqualOracle compares every asset of random accounts with the oracle's while
// prices, positions, balances, rates and brackets change, and the sums with the account.
func TestHoldingsEqualOracle(t *testing.T) {
	for i := range worlds(t, 400) {
		r := rand.New(rand.NewPCG(17, uint64(i)))
		w := draw(t, r)
		p := w.portfolio(t)
		w.sameHoldings(t, p)
		for range 8 {
			w.change(t, r, p)
			w.sameHoldings(t, p)
		}
		if t.Failed() {
			t.Fatalf("world %d", i)
		}
	}
}

// TestHoldings is a carry, counted by hand: 10 BTC at 100,000 and 0.95, and a short of 9
// that has gained 9,000 USDT; a loan of 1,000 USDT and interest on it count in full.
func TestHoldings(t *testing.T) {
	p := smallAccount(t)
	for _, err := range []error{
		p.SetMark(2, exchange.MustFixed("99000")), p.SetIndex("USDT", exchange.MustFixed("0.999")),
		p.SetBalance("USDT", exchange.WalletLoan, decimalOf("10000")), p.SetBalance("USDT", exchange.WalletInterest, decimalOf("0.5")),
		p.SetBalance("BNB", exchange.WalletMargin, decimalOf("2")), p.SetBalance("BNB", exchange.WalletLoan, decimalOf("2")),
		p.SetBalance("ETH", exchange.WalletMargin, decimalOf("2")), p.SetBalance("ETH", exchange.WalletMargin, decimalOf("0")),
	} {
		ok(t, err)
	}
	want := []Holding{
		{"BNB", decimalOf("0"), decimalOf("0"), decimalOf("0")}, // as much as is owed, without an index
		{"BTC", decimalOf("10"), decimalOf("1000000"), decimalOf("950000")},
		{"USDT", decimalOf("-1000.5"), decimalOf("-999.4995"), decimalOf("-999.4995")},
	}
	same := func(a, b Holding) bool {
		return a.Asset == b.Asset && a.Net.Equal(b.Net) && a.Actual.Equal(b.Actual) && a.Equity.Equal(b.Equity)
	}
	if got := p.Holdings(); !slices.EqualFunc(got, want, same) {
		t.Errorf("holdings %v, want %v", got, want)
	}
}

// TestValueEqualsPortfolio: an amount counts as it does in a portfolio that has nothing
// else, at the same price and rates.
func TestValueEqualsPortfolio(t *testing.T) {
	for i := range worlds(t, 400) {
		r := rand.New(rand.NewPCG(19, uint64(i)))
		w := draw(t, r)
		p := w.portfolio(t)
		for range 4 {
			w.change(t, r, p)
		}
		for _, name := range testAssets {
			net := decimal.New(r.Int64N(60_000_000)-10_000_000, -4).DivRound(w.index[name].Decimal(), 8)
			alone, err := New(w.ins, w.tables)
			ok(t, err)
			ok(t, alone.SetIndex(name, w.index[name]))
			wallet, amount := exchange.WalletMargin, net
			if net.IsNegative() {
				wallet, amount = exchange.WalletLoan, net.Neg()
			}
			ok(t, alone.SetBalance(name, wallet, amount))
			got, err := p.Value(name, net)
			ok(t, err)
			if want := alone.Account(); got.Asset != name || !got.Net.Equal(net) || !got.Actual.Equal(want.ActualEquity) || !got.Equity.Equal(want.Equity) {
				t.Fatalf("world %d: %v counts as %v, alone as %v and %v", i, net, got, want.ActualEquity, want.Equity)
			}
		}
	}
}

func TestValueRefuses(t *testing.T) {
	p := smallAccount(t)
	if _, err := p.Value("ETH", decimalOf("1")); !errors.Is(err, ErrMissing) {
		t.Errorf("an asset without a price: %v", err)
	}
	if _, err := p.Value("BTC", decimal.New(1, 40)); !errors.Is(err, ErrInput) {
		t.Errorf("an absurd amount: %v", err)
	}
}
