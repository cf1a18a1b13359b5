package bundletest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// Funds is a stretch of settlements of one rate, Hours apart.
type Funds struct {
	Days, Hours int
	Rate        string
}

// Regimes is a coin whose funding is settled every eight hours, then every four, then every one.
var Regimes = []Funds{{4, 8, "0.0001"}, {2, 4, "-0.0002"}, {2, 1, "0.0003"}}

// due are the settlements of a plan from the first day on.
func due(plan []Funds) (list []exchange.Funding, at []exchange.Time) {
	days := 0
	for _, f := range plan {
		for h := f.Hours; h <= 24*f.Days; h += f.Hours {
			list = append(list, exchange.Funding{Rate: exchange.MustFixed(f.Rate), Interval: time.Duration(f.Hours) * time.Hour})
			at = append(at, Day.Add(time.Duration(24*days+h)*time.Hour))
		}
		days += f.Days
	}
	return list, at
}

// Leg is an instrument of a tape, and what it costs in each hour, in dollars.
type Leg struct {
	Product exchange.Product
	Symbol  string
	Price   func(hour int) int
}

// Still hardly moves.
func Still(hour int) int { return 60_000 + hour%3 }

// Tape makes a tape of hourly bars of some instruments, with the settlements of a plan on each that
// is no margin pair, has the configuration use it, and returns the configuration.
func Tape(t *testing.T, cfg *backtest.Config, plan []Funds, legs ...Leg) *backtest.Config {
	t.Helper()
	dir := t.TempDir()
	store, err := tape.Create(filepath.Join(dir, "tape"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(l Leg, kind row.Kind, text string) {
		path := filepath.Join(dir, fmt.Sprintf("%s-%v-%v.csv", l.Symbol, kind, l.Product))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		key := row.Key{Product: l.Product, Symbol: l.Symbol, Kind: kind}
		if kind == row.Klines {
			key.Interval = time.Hour
		}
		if _, err := tape.Import(t.Context(), store, tape.ImportSpec{Path: path, Spec: source.Spec{Key: key}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	var rates strings.Builder
	list, at := due(plan)
	for i, f := range list {
		fmt.Fprintf(&rates, "%d,%d,%v\n", time.Duration(at[i]).Milliseconds(), int(f.Interval.Hours()), f.Rate)
	}
	for _, l := range legs {
		var bars strings.Builder
		for hour := range int(at[len(at)-1].Sub(Day).Hours()) {
			open, price := time.Duration(Day)+time.Duration(hour)*time.Hour, l.Price(hour)
			fmt.Fprintf(&bars, "%d,%d,%d,%d,%d,1000,%d,60000000,5000,500,30000000,0\n",
				open.Milliseconds(), price, price+10, price-10, price, (open+time.Hour).Milliseconds()-1)
		}
		if put(l, row.Klines, bars.String()); l.Product != exchange.Margin {
			put(l, row.FundingRate, rates.String())
		}
	}
	cfg.Data.Generate, cfg.Data.Tape = backtest.GenerateConfig{}, filepath.Join(dir, "tape")
	return cfg
}

// Funded sees that every futures position that is open at the end was paid, or has paid, what each
// settlement of the plan since its last fill says, at its time, and no other.
func Funded(t *testing.T, res *backtest.Result, plan []Funds) {
	t.Helper()
	list, at := due(plan)
	end := at[len(at)-1]
	for _, p := range res.Open {
		since := exchange.Time(0)
		for _, f := range res.Fills.All() {
			if f.Product == p.Product && f.Symbol == p.Symbol {
				since = f.At
			}
		}
		var want, got []string
		for i, f := range list {
			if at[i] > since && at[i] < end { // at the end nothing is open any more that could tell
				want = append(want, fmt.Sprint(at[i], " ", f.Rate))
			}
		}
		for _, s := range res.Settlements {
			if s.Product != p.Product || s.Symbol != p.Symbol || s.At <= since || s.At >= end {
				continue
			}
			got = append(got, fmt.Sprint(s.At, " ", s.Rate))
			pays := s.NotionalUSD.Mul(s.Rate.Decimal()).Neg()
			if off := pays.Sub(s.USD).Abs(); off.GreaterThan(pays.Abs().Mul(decimal.New(1, -3))) {
				t.Errorf("%s at %v: paid %v USD for %v at %v, want %v", s.Symbol, s.At, s.USD, s.NotionalUSD, s.Rate, pays)
			}
			worth := p.Qty.Mul(decimal.New(60_000, 0))
			if p.Product == exchange.CM {
				worth = p.Qty.Mul(decimal.New(100, 0))
			}
			if off := worth.Sub(s.NotionalUSD).Abs(); off.GreaterThan(worth.Abs().Mul(decimal.New(3, -2))) {
				t.Errorf("%s at %v: %v USD were held, want some %v", s.Symbol, s.At, s.NotionalUSD, worth)
			}
		}
		if len(want) < 40 || !slices.Equal(got, want) {
			t.Errorf("%v %s since %v: settled %v\nwant %v", p.Product, p.Symbol, since, got, want)
		}
	}
}
