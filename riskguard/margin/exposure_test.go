package margin

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// stakesOf are gross and net exposure and debts in USD, and the net one by coin.
func (w *world) stakesOf() (gross, net, debt decimal.Decimal, coins map[string]decimal.Decimal) {
	coins = map[string]decimal.Decimal{}
	for _, name := range w.assetNames() {
		index := dec(w.index[name])
		gross = gross.Add(w.debt(name).Mul(index))
		debt = debt.Add(w.debt(name).Add(w.newDebt(name)).Mul(index))
		if w.stable(name) {
			continue
		}
		_, low, high := w.exposure(name)
		coins[name] = decimal.Max(low.Abs(), high.Abs()).Mul(index)
		net = net.Add(coins[name])
	}
	for id := exchange.InstrumentID(1); int(id) <= w.ins.Len(); id++ {
		in := w.ins.At(id)
		if in.Product == exchange.Margin {
			var buys, sells decimal.Decimal
			for _, o := range w.orders {
				switch {
				case o.Request.Inst != id:
				case o.Request.Side == exchange.Buy:
					buys = buys.Add(left(o))
				default:
					sells = sells.Add(left(o))
				}
			}
			gross = gross.Add(decimal.Max(buys, sells).Mul(dec(w.index[in.Base])))
			continue
		}
		for _, ps := range sides {
			_, low, high := w.span(id, ps, true)
			size := decimal.Max(high, low.Neg())
			gross = gross.Add(value(in, size, dec(w.marks[id])).Mul(dec(w.index[settle(in)])))
		}
	}
	return gross, net, debt, coins
}

// sameExposure compares with the oracle's exposures before and after.
func (w *world) sameExposure(t testing.TB, before *world, got Exposure) {
	t.Helper()
	gross, net, debt, coins := w.stakesOf()
	grossBefore, netBefore, debtBefore, coinsBefore := before.stakesOf()
	gap, coin := zero, ""
	for _, name := range sortedKeys(coins) {
		if coins[name].GreaterThan(coinsBefore[name]) && coins[name].GreaterThan(gap) {
			gap, coin = coins[name], name
		}
	}
	for _, c := range []struct {
		what string
		got  exchange.Fixed
		want decimal.Decimal
	}{
		{"gross", got.Gross, gross.RoundCeil(8)}, {"gross before", got.GrossBefore, grossBefore.RoundCeil(8)},
		{"net", got.Net, net.RoundCeil(8)}, {"net before", got.NetBefore, netBefore.RoundCeil(8)},
		{"debt", got.Debt, debt.RoundCeil(8)}, {"debt before", got.DebtBefore, debtBefore.RoundCeil(8)},
		{"gap", got.Gap, gap.RoundCeil(8)},
		{"equity", got.Equity, decimal.Max(zero, before.account(before.assetNames()).Equity).RoundFloor(8)},
	} {
		if !dec(c.got).Equal(c.want) {
			t.Errorf("%s exposure is %v, the oracle says %v", c.what, c.got, c.want)
		}
	}
	if got.GapCoin != coin {
		t.Errorf("the widest gap is of %q, the oracle says %q", got.GapCoin, coin)
	}
}

// TestExposureOfACarry: an owned coin and its short are two sides of nothing; one without
// the other is open risk.
func TestExposureOfACarry(t *testing.T) {
	p := smallAccount(t) // 10 BTC owned, 9 of them sold forward
	r, err := p.Project(limitOrder(1, 2, exchange.Sell, "1", "100000"))
	ok(t, err)
	if e := r.Exposure; e.Net != exchange.MustFixed("100000") || e.NetBefore != e.Net || e.Gap != 0 || e.Gross != exchange.MustFixed("1000000") {
		t.Errorf("the last of the hedge, which may not fill: %+v", e)
	}
	r, err = p.Project(limitOrder(1, 2, exchange.Buy, "1", "100000"))
	ok(t, err)
	if e := r.Exposure; e.Net != exchange.MustFixed("200000") || e.Gap != e.Net || e.GapCoin != "BTC" || e.Gross != e.GrossBefore {
		t.Errorf("less of the hedge: %+v", e)
	}
}

// TestExposureWithoutIndex: a coin that is no collateral has no index, and its delta counts
// at the mark, with the price of what its futures settle in.
func TestExposureWithoutIndex(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	ok(t, err)
	ok(t, p.SetIndex("USDT", exchange.FixedOne))
	ok(t, p.SetBalance("USDT", exchange.WalletUM, decimal.NewFromInt(20_000)))
	ok(t, p.SetMark(2, exchange.MustFixed("4000")))
	net := func(want string) {
		t.Helper()
		r, err := p.Project(limitOrder(1, 2, exchange.Buy, "1", "4000"))
		ok(t, err)
		if r.Exposure.Net != exchange.MustFixed(want) || r.Exposure.Gap != r.Exposure.Net {
			t.Errorf("net %v, gap %v; want %s", r.Exposure.Net, r.Exposure.Gap, want)
		}
	}
	net("4000")
	ok(t, p.SetPosition(exchange.Position{Inst: 2, Qty: decimalOf("2"), Entry: decimalOf("4000")}))
	net("12000")
	ok(t, p.SetMark(2, exchange.MustFixed("4100")))
	net("12300")
	ok(t, p.SetIndex("USDT", exchange.MustFixed("0.5")))
	net("6150")
	ok(t, p.SetIndex("ETH", exchange.MustFixed("5000")))
	net("15000")
}

// TestUSDFixed rounds what is at stake up and what there is down, and saturates.
func TestUSDFixed(t *testing.T) {
	one := wideInt(fixedOne).up2().up2()
	for _, c := range []struct {
		usd  wide
		up   bool
		want exchange.Fixed
	}{
		{one, true, exchange.FixedOne}, {one, false, exchange.FixedOne},
		{one.add(wideInt(1)), true, exchange.FixedOne + 1}, {one.add(wideInt(1)), false, exchange.FixedOne},
		{one.sub(wideInt(1)), true, exchange.FixedOne}, {one.sub(wideInt(1)), false, exchange.FixedOne - 1},
		{one.mul(1e18), true, exchange.FixedMax}, {wide{}, true, 0},
	} {
		if got := usdFixed(c.usd, c.up); got != c.want {
			t.Errorf("%v up %v: %v, want %v", c.usd.decimal(usdPlaces), c.up, got, c.want)
		}
	}
}
