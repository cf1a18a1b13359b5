package carry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/bundletest"
)

// funds is a stretch of settlements of one rate and interval.
type funds struct {
	days, hours int
	rate        string
}

// recorded is a configuration on a tape of a coin that hardly moves, on its margin pair and
// its perpetual, with settlements as told.
func recorded(t *testing.T, plan []funds, pairs ...string) *backtest.Config {
	t.Helper()
	dir := t.TempDir()
	store, err := tape.Create(filepath.Join(dir, "tape"))
	if err != nil {
		t.Fatal(err)
	}
	var bars, rates strings.Builder
	days := 0
	for _, f := range plan {
		for h := f.hours; h <= 24*f.days; h += f.hours {
			at := time.Duration(bundletest.Day) + time.Duration(24*days+h)*time.Hour
			fmt.Fprintf(&rates, "%d,%d,%s\n", at.Milliseconds(), f.hours, f.rate)
		}
		days += f.days
	}
	for i := range 24 * days {
		open, price := time.Duration(bundletest.Day)+time.Duration(i)*time.Hour, 60_000+i%3
		fmt.Fprintf(&bars, "%d,%d,%d,%d,%d,1000,%d,60000000,5000,500,30000000,0\n",
			open.Milliseconds(), price, price+10, price-10, price, (open+time.Hour).Milliseconds()-1)
	}
	for _, x := range []struct {
		p    exchange.Product
		kind row.Kind
		text string
	}{{exchange.UM, row.Klines, bars.String()}, {exchange.Margin, row.Klines, bars.String()}, {exchange.UM, row.FundingRate, rates.String()}} {
		path := filepath.Join(dir, fmt.Sprintf("BTCUSDT-%v-%v.csv", x.kind, x.p))
		if err := os.WriteFile(path, []byte(x.text), 0o600); err != nil {
			t.Fatal(err)
		}
		key := row.Key{Product: x.p, Symbol: "BTCUSDT", Kind: x.kind}
		if x.kind == row.Klines {
			key.Interval = time.Hour
		}
		if _, err := tape.Import(t.Context(), store, tape.ImportSpec{Path: path, Spec: source.Spec{Key: key}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	cfg := market(1, append([]string{"cost", "0.003", "enter", "0.001"}, pairs...)...)
	cfg.Data.Generate, cfg.Data.Tape = backtest.GenerateConfig{}, filepath.Join(dir, "tape")
	return cfg
}

// cycle pays longs for four days and shorts from then on.
var cycle = []funds{{4, 8, "-0.0005"}, {4, 8, "0.0005"}}

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
	plan := []funds{{3, 8, "0.0001"}, {1, 1, "0.0001"}}
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
