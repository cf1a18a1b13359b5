package backtest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/strategy"
)

// TestSampledAssets: the assets of every sample add up to its account, through gains, fees,
// a coin-margined position and a cut of a collateral rate; and what the start balances would
// count as is their amount at the same prices and rates.
func TestSampledAssets(t *testing.T) {
	d := decimal.RequireFromString
	cfg := deskConfig(4, time.Hour)
	cfg.Sample = time.Hour
	cfg.Strategies[0].Params = map[string]string{"leg": "CM:BTCUSD_PERP"}
	cfg.Account.Margin = map[string]decimal.Decimal{"BTC": d("1.5"), "USDT": d("1000")}
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": d("0.5")}
	cfg.Venue.Faults = []string{"at 40h collateral BTC 0.70"}
	cfg.Risk.DriftEquityMax = d("1") // nobody tells the guard of the cut, which it would notice
	res := runDesk(t, cfg, program(puppet{start: sees(time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
		if p.n++; p.n%10 == 5 {
			env.Send(strategy.Sell(in, 100*exchange.FixedOne).Market())
		}
	}}))
	if len(res.Assets) != 2 || res.Assets[0] != "BTC" || res.Assets[1] != "USDT" || res.Fills.Len() < 8 {
		t.Fatalf("assets %q, %d fills", res.Assets, res.Fills.Len())
	}
	for _, s := range res.Equity {
		var actual, equity decimal.Decimal
		for _, a := range s.Assets {
			actual, equity = actual.Add(a.Actual), equity.Add(a.Equity)
		}
		if !actual.Equal(s.Account.ActualEquity) || !equity.Equal(s.Account.Equity) {
			t.Errorf("%s: assets of %v and %v in an account of %v and %v", since(s.At), actual, equity, s.Account.ActualEquity, s.Account.Equity)
		}
		rate := d("0.95")
		if s.At >= day.Add(40*time.Hour) {
			rate = d("0.70")
		}
		btc, usdt := s.Assets[0], s.Assets[1]
		if !btc.Equity.Equal(btc.Actual.Mul(rate)) {
			t.Errorf("%s: BTC counts as %v of %v, want %v of it", since(s.At), btc.Equity, btc.Actual, rate)
		}
		held := d("2").Mul(btc.Actual.DivRound(btc.Net, 16)).Mul(rate).Add(d("101000").Mul(usdt.Actual.DivRound(usdt.Net, 16)))
		if off := held.Sub(s.Held).Abs(); off.GreaterThan(d("0.00000001")) {
			t.Errorf("%s: the start balances count as %v, want %v", since(s.At), s.Held, held)
		}
	}
	if l := res.Margin.Ladder; l != (Ladder{ReduceOnly: exchange.MustFixed("1.2"), Liquidation: exchange.MustFixed("1.05")}) {
		t.Errorf("ladder %+v", l)
	}
	checkStress(t, res)
}

// checkStress holds the stress tables against the samples of their moments. The strategy has
// no order open at any sample.
func checkStress(t *testing.T, res *Result) {
	t.Helper()
	if len(res.Stress) != 2 || res.Stress[0].Why != "lowest uniMMR" || res.Stress[1].Why != "end" || res.Stress[1].At != res.To {
		t.Fatalf("stress %+v", res.Stress)
	}
	low := res.Equity[0]
	for _, s := range res.Equity {
		if s.Account.MaintMargin.IsPositive() && (low.Account.MaintMargin.IsZero() || s.Account.UniMMR.LessThan(low.Account.UniMMR)) {
			low = s
		}
	}
	for i, s := range []Sample{low, res.Equity[len(res.Equity)-1]} {
		m, a := res.Stress[i], &s.Account
		first := m.Rows[0]
		if m.At != s.At || !first.Equity.Equal(a.Equity) || !first.MaintMargin.Equal(a.MaintMargin) || !first.UniMMR.Equal(a.UniMMR) || first.Status != a.Status {
			t.Errorf("%s: %+v, the sample has %+v", m.Why, first, *a)
		}
		if len(m.Rows) < 12 || m.Rows[1].Equity.Equal(first.Equity) {
			t.Errorf("%s: %d rows, %+v", m.Why, len(m.Rows), m.Rows[1])
		}
	}
}

// TestStressOfNothingHeld: an account that never held a position has one table, of the end.
func TestStressOfNothingHeld(t *testing.T) {
	res := runDesk(t, deskConfig(1, time.Hour), program(puppet{start: sees(time.Hour, 0)}))
	if len(res.Stress) != 1 || res.Stress[0].Why != "end" || res.Stress[0].At != res.To || res.Stress[0].Rows[0].UniMMR.IntPart() != exchange.UniMMRMax {
		t.Errorf("stress %+v", res.Stress)
	}
}

// stressed is a simulator that knows only its stress.
type stressed struct {
	simulator
	uniMMR int64
	err    error
}

func (s stressed) Stress() ([]margin.Stressed, error) {
	return []margin.Stressed{{UniMMR: decimal.NewFromInt(s.uniMMR)}}, s.err
}

func (s stressed) Picture() margin.Picture { return margin.Picture{} }

// TestLowest: the table is of the sample with the lowest uniMMR, open orders included, though
// it leaves them out.
func TestLowest(t *testing.T) {
	r := newRecorder(attributed(t, 1).ins, []string{"a"})
	for i, s := range []struct {
		maint, uniMMR int64
		sim           stressed
	}{
		{0, exchange.UniMMRMax, stressed{}}, {1, 3, stressed{err: margin.ErrMissing}}, {1, 6, stressed{uniMMR: 9}},
		{1, 5, stressed{uniMMR: 8}}, {1, 5, stressed{uniMMR: 5}}, {1, 7, stressed{uniMMR: 7}}, {1, 2, stressed{err: margin.ErrMissing}}, {0, 0, stressed{}},
	} {
		r.lower(minute(int64(i)), &exchange.Account{MaintMargin: decimal.NewFromInt(s.maint), UniMMR: decimal.NewFromInt(s.uniMMR)}, s.sim)
	}
	if r.lowest == nil || r.lowest.At != minute(3) || r.lowest.Rows[0].UniMMR.IntPart() != 8 {
		t.Errorf("%+v", r.lowest)
	}
}

// TestGiven: what comes in counts, what goes out and what is owed is taken off, and nothing
// else does anything to it.
func TestGiven(t *testing.T) {
	r := newRecorder(attributed(t, 1).ins, []string{"a"})
	book := func(asset string, w exchange.Wallet, why exchange.Reason, delta int64) {
		r.give(&exchange.LedgerEntry{Asset: asset, Wallet: w, Reason: why, Delta: decimal.NewFromInt(delta)})
	}
	book("BTC", exchange.WalletMargin, exchange.ReasonDeposit, 3)
	book("USDT", exchange.WalletUM, exchange.ReasonDeposit, 100)
	book("BTC", exchange.WalletCM, exchange.ReasonDeposit, 4)
	book("USDT", exchange.WalletLoan, exchange.ReasonDeposit, 30)
	book("BTC", exchange.WalletMargin, exchange.ReasonWithdraw, -1)
	for _, why := range []exchange.Reason{exchange.ReasonTransfer, exchange.ReasonRealizedPnL, exchange.ReasonBorrow, exchange.ReasonInterest} {
		book("BTC", exchange.WalletMargin, why, 50)
	}
	if len(r.given) != 2 || r.given[0].asset != "BTC" || r.given[0].net.IntPart() != 6 || r.given[1].net.IntPart() != 70 {
		t.Errorf("%+v", r.given)
	}
}
