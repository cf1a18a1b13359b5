package backtest

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestFundingOfOwnPosition: at a settlement that is known each strategy has the funding of its own
// position, opposite ones pay each other, also where Binance books nothing at all, and the house
// has the difference.
func TestFundingOfOwnPosition(t *testing.T) {
	const day = exchange.Time(1)
	for _, c := range []struct {
		name   string
		held   []int64 // in hundredths, by strategy
		rate   string
		booked string // "" is none
		late   bool   // what is booked is told after the next settlement
		want   []string
	}{
		// 0.3 and -0.1 of 60,000 at 0.01%: 1.8 and 0.6 USDT of 0.9998 USD.
		{"one holds it", []int64{30, 0}, "0.0001", "-1.8", false, []string{"0", "-1.79964", "0"}},
		{"against each other", []int64{30, -10}, "0.0001", "-1.2", false, []string{"0", "-1.79964", "0.59988"}},
		{"shorts pay", []int64{30, -10}, "-0.0001", "1.2", false, []string{"0", "1.79964", "-0.59988"}},
		{"they cancel", []int64{10, -10}, "0.0001", "", false, []string{"0", "-0.59988", "0.59988"}},
		{"one digit is the house's", []int64{10, -10}, "0.0001", "-0.00000001", false, []string{"-0.00000001", "-0.59988", "0.59988"}},
		{"nobody", []int64{0, 0}, "0.0001", "-10", false, []string{"-9.998", "0", "0"}},
		{"told late", []int64{30, -10}, "0.0001", "-1.2", true, []string{"0", "-1.79964", "0.59988"}},
	} {
		a := attributed(t, 2)
		r := newRecorder(a.ins, []string{"a", "b"})
		a.settlement = r.attribution.settlement
		r.attribution, r.live = *a, true
		r.attribution.native.live = true
		for s, qty := range c.held {
			side := exchange.Buy
			if qty < 0 {
				side, qty = exchange.Sell, -qty
			}
			if qty > 0 {
				r.attribution.take(day, 1, exchange.StrategyID(s+1), side, exchange.Fixed(qty)*exchange.FixedOne/100, exchange.NotForced)
			}
		}
		settle := func(at exchange.Time, rate string) {
			e := exchange.Event{At: at, Inst: 1}
			e.SetFunding(exchange.Funding{Rate: exchange.MustFixed(rate), Mark: price(60_000)})
			r.settles(&e)
		}
		settle(day+1, c.rate)
		if c.late {
			settle(day+2, "0") // of which nobody pays anything
		}
		booked := decimal.Zero
		if c.booked != "" {
			booked = decimal.RequireFromString(c.booked)
			e := exchange.Event{At: day + 3, Exchange: day + 1, Inst: 1}
			e.SetLedger(&exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM, Reason: exchange.ReasonFunding, Delta: booked})
			r.attribution.ledger(&e, e.Ledger())
		}
		r.attribution.fundFlat(1, day+1) // it is told what was filled then
		r.attribution.fundFlat(1, day+2)
		for s, want := range c.want {
			if got := r.attribution.cells[s][1].funding; !got.Equal(decimal.RequireFromString(want)) {
				t.Errorf("%s: strategy %d has %v, want %s", c.name, s, got, want)
			}
		}
		sum := decimal.Zero
		for i := range r.attribution.native.lines {
			sum = sum.Add(r.attribution.native.lines[i].Sum())
		}
		if !sum.Equal(booked) {
			t.Errorf("%s: the lines of USDT are %v, %v was booked", c.name, sum, booked)
		}
	}
}
