package margin

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// sameCollateral compares with the oracle's view of what a margin order does to the
// collateral.
func (w *world) sameCollateral(t testing.TB, before *world, add exchange.Order, got Projection) {
	t.Helper()
	if w.ins.At(add.Request.Inst).Product != exchange.Margin {
		if got.Collateral != (Collateral{}) {
			t.Errorf("a futures order moves collateral: %+v", got.Collateral)
		}
		return
	}
	var want Collateral
	worth, short := zero, zero
	for _, name := range w.assetNames() {
		in, out, _ := w.flows(name)
		inBefore, outBefore, _ := before.flows(name)
		spent := out.Sub(w.newDebt(name))
		spentMore := spent.Sub(outBefore.Sub(before.newDebt(name)))
		switch brought := in.Sub(inBefore); {
		case !w.stable(name) && brought.IsPositive():
			if all := w.equity(name, w.net(name, nil).Add(in), nil); all.GreaterThan(worth) {
				worth, want.Coin = all, name
			}
		case w.stable(name) && spentMore.GreaterThan(brought):
			b := w.balance[name]
			left := b[exchange.WalletMargin].Add(b[exchange.WalletUM]).Add(b[exchange.WalletCM]).Sub(spent).Mul(dec(w.index[name]))
			if left.Neg().GreaterThan(short) {
				short, want.Stable = left.Neg(), name
			}
		}
	}
	fixed := func(d decimal.Decimal) exchange.Fixed { return exchange.MustFixed(d.String()) }
	want.Worth, want.Short = fixed(worth.RoundCeil(8)), fixed(short.RoundCeil(8))
	want.Equity = fixed(decimal.Max(zero, got.Base.Equity).RoundFloor(8))
	if got.Collateral != want {
		t.Errorf("collateral %+v, the oracle says %+v", got.Collateral, want)
	}
}

// TestCollateralOfASwap: USDT for BTC, half of which would be borrowed.
func TestCollateralOfASwap(t *testing.T) {
	p := leveraged(t, "0", "0")
	ok(t, p.SetBalance("USDT", exchange.WalletUM, decimal.NewFromInt(-1_000)))
	ok(t, p.SetBalance("USDT", exchange.WalletMargin, decimal.NewFromInt(20_000)))
	buy := limitOrder(1, 6, exchange.Buy, "0.2", "100000")
	r, err := p.Project(buy)
	ok(t, err)
	// 20,000 of 19,000, and the fee of 0.1%; all of 0.2 BTC counts 95%.
	if c := r.Collateral; c.Coin != "BTC" || c.Worth != exchange.MustFixed("19000") || c.Stable != "USDT" || c.Short != exchange.MustFixed("1020") {
		t.Errorf("%+v", c)
	}
	buy.Request.SideEffect = exchange.MarginBuy // which borrows the fee only
	r, err = p.Project(buy)
	ok(t, err)
	if c := r.Collateral; c.Short != exchange.MustFixed("1000") || r.Exposure.Debt != exchange.MustFixed("20") || r.Exposure.DebtBefore != 0 {
		t.Errorf("borrowing: %+v, debt %v", c, r.Exposure.Debt)
	}
	r, err = p.Project(limitOrder(1, 6, exchange.Sell, "0.2", "100000")) // brings more USDT than its fee takes
	ok(t, err)
	if c := r.Collateral; c.Coin != "" || c.Stable != "" || c.Worth != 0 || c.Short != 0 {
		t.Errorf("a sale: %+v", c)
	}
}
