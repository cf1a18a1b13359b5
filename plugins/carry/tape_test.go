package carry

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/bundletest"
)

// recorded is a configuration on a tape of a coin that hardly moves, on its margin pair and
// its perpetual, with settlements as told.
func recorded(t *testing.T, plan []bundletest.Funds, pairs ...string) *backtest.Config {
	t.Helper()
	cfg := market(1, append([]string{"cost", "0.003", "enter", "0.001"}, pairs...)...)
	return bundletest.Tape(t, cfg, plan,
		bundletest.Leg{Product: exchange.UM, Symbol: "BTCUSDT", Price: bundletest.Still},
		bundletest.Leg{Product: exchange.Margin, Symbol: "BTCUSDT", Price: bundletest.Still})
}

// cycle pays longs for four days and shorts from then on.
var cycle = []bundletest.Funds{{Days: 4, Hours: 8, Rate: "-0.0005"}, {Days: 4, Hours: 8, Rate: "0.0005"}}

// TestCycle: while longs are paid it borrows the coin, sells it and is long; when shorts are
// paid it buys the coin back, repays all, and then owns the coin and is short.
func TestCycle(t *testing.T) {
	w, res := run(t, recorded(t, cycle, "direction", "both", "loan_rate", "0.1"))
	if got := held(res); got != "UM BTCUSDT -0.2; MARGIN 0.2" || res.Orders.Refused+res.Orders.Rejected > 0 || w.open.GreaterThan(fixed("0.0001").Decimal()) {
		t.Errorf("at the end %s, %v were open, %+v", got, w.open, res.Orders)
	}
	borrowed, repaid := 0, 0
	for _, l := range w.loans {
		switch l {
		case "BORROW DONE":
			borrowed++
		case "REPAY DONE":
			repaid++
		default:
			t.Errorf("told %s", l)
		}
	}
	for _, b := range res.Balances {
		if b.Wallet.Debt() && !b.End.IsZero() {
			t.Errorf("%v %s is owed in %v", b.End, b.Asset, b.Wallet)
		}
	}
	if borrowed != 1 || repaid == 0 || repaid > 8 || !res.Total.Interest.IsNegative() || !res.Total.Funding.IsPositive() {
		t.Errorf("told %v; interest %v, funding %v", w.loans, res.Total.Interest, res.Total.Funding)
	}
}

// TestFundingInterval: what is too little in eight hours is enough in one, and is left when it
// is of eight hours again.
func TestFundingInterval(t *testing.T) {
	plan := []bundletest.Funds{{Days: 3, Hours: 8, Rate: "0.0001"}, {Days: 1, Hours: 1, Rate: "0.0001"}}
	_, before := run(t, recorded(t, plan[:1], "cost", "0", "enter", "0.004", "exit", "0.0035"))
	_, hourly := run(t, recorded(t, plan, "cost", "0", "enter", "0.004", "exit", "0.0035"))
	_, after := run(t, recorded(t, append(plan, plan[0]), "cost", "0", "enter", "0.004", "exit", "0.0035"))
	if a, b, c := held(before), held(hourly), held(after); a != "" || b != "UM BTCUSDT -0.2; MARGIN 0.2" || c != "" {
		t.Errorf("every eight hours %q, then every hour %q, and then every eight %q", a, b, c)
	}
	if before.Fills.Len() != 0 || after.Fills.Len() < 8 {
		t.Errorf("%d and %d fills", before.Fills.Len(), after.Fills.Len())
	}
}

// TestRegimes: the carry stands through intervals of eight, four and one hour, is paid and pays at
// their times, and is left when the hourly rate is against it.
func TestRegimes(t *testing.T) {
	_, stays := run(t, recorded(t, bundletest.Regimes, "cost", "0", "enter", "0.001", "exit", "-1"))
	if got := held(stays); got != "UM BTCUSDT -0.2; MARGIN 0.2" || stays.Orders.Refused+stays.Orders.Rejected > 0 {
		t.Errorf("at the end %s, %+v", got, stays.Orders)
	}
	bundletest.Funded(t, stays, bundletest.Regimes)
	_, left := run(t, recorded(t, bundletest.Regimes[:2], "cost", "0", "enter", "0.001", "exit", "0"))
	var last exchange.Time
	for _, f := range left.Fills.All() {
		last = f.At
	}
	if after := last.Sub(bundletest.Day); held(left) != "" || after < 4*24*time.Hour || after > 5*24*time.Hour {
		t.Errorf("at the end %s, the last fill after %v: two settlements of the new interval should be enough", held(left), after)
	}
}

// TestKilled: whenever it dies, while it borrows, sells, buys back, repays or changes sides, in
// the end it holds the same, and owes nothing.
func TestKilled(t *testing.T) {
	cfg := recorded(t, cycle, "direction", "both")
	for _, c := range []struct{ every, missed int }{{19, 1}, {47, 5}} {
		res := bundletest.Deaths(t, cfg, New, bundletest.Every(c.every), c.missed, held)
		if got := held(res); got != "UM BTCUSDT -0.2; MARGIN 0.2" {
			t.Errorf("at the end %s", got)
		}
	}
}
