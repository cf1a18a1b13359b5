package stats

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/pmbot/pmbot/backtest"
)

// agree holds all statistics of a run against the second computation and notes which had
// a value.
func agree(t *testing.T, name string, r *backtest.Result, had map[string]bool) {
	t.Helper()
	s, all := newSecond(r), Of(r)
	for what, ok := range map[string]bool{"months": s.sameMonths(all.Months), "days": s.sameDays(all.Days), "falls": s.sameFalls(all.Falls),
		"rolling Sharpe": s.sameRolling(all.Rolling), "exits": s.sameExits(all.Exits, false), "reasons": s.sameExits(all.Reasons, true)} {
		if !ok {
			t.Errorf("%s: %s are others, independently", name, what)
		}
	}
	for _, g := range all.Groups {
		for i := range g.Items {
			item := &g.Items[i]
			compute := again[item.Key]
			if compute == nil {
				t.Errorf("%s: %s has no independent value", name, item.Key)
				continue
			}
			want := compute(s)
			switch {
			case want == nil && item.OK:
				t.Errorf("%s: %s is %v, independently it is undefined", name, item.Key, item.Number)
			case want != nil && !item.OK:
				t.Errorf("%s: %s is undefined (%s), independently it is %s", name, item.Key, item.Reason, want.FloatString(15))
			case want != nil && !near(item, want, r):
				t.Errorf("%s: %s is %v, independently it is %s", name, item.Key, item.Number, want.FloatString(15))
			}
			had[item.Key] = had[item.Key] || item.OK
		}
	}
}

// near says whether a figure is the independent one, but for the rounding that its unit
// and formula allow. What is summed from rows has the rounding of each.
func near(item *Item, want *big.Rat, r *backtest.Result) bool {
	off := new(big.Rat).Abs(sub(rat(item.Number), want))
	allowed := big.NewRat(5, 1_000_000_000) // eight decimals
	switch item.Unit {
	case Count, Time:
		allowed = whole(0)
	case Duration:
		allowed = big.NewRat(1, 2)
	case Ratio, PerDay: // twelve digits and what float64 loses before
		allowed = new(big.Rat).Abs(times(want, big.NewRat(1, 100_000_000_000)))
		allowed.Add(allowed, big.NewRat(1, 1_000_000_000_000_000))
	}
	switch item.Key {
	case "net_usd", "turnover", "turnover_per_day", "fees_usd", "slippage_usd":
		allowed = times(allowed, whole(int64(1+r.Trades.Len()+r.Ledger.Len())))
	case "max_drawdown_pct", "net_pct":
		allowed = big.NewRat(5, 100_000)
	case "maker_share":
		allowed = big.NewRat(5, 100)
	}
	return off.Cmp(allowed) <= 0
}

// TestIndependent: every statistic of every run below agrees with the second computation,
// and each has a value in one of them.
func TestIndependent(t *testing.T) {
	had := map[string]bool{}
	for _, path := range []string{"testdata/forty.txt", "testdata/year.txt"} {
		r := readRun(t, path)
		agree(t, path, r, had)
		checkDocument(t, r)
	}
	hour := day / 24
	for name, r := range map[string]*backtest.Result{
		"nothing":           {},
		"one sample":        equity(day, 100),
		"one without":       equity(day, 0),
		"two hours":         equity(hour, 100, 110, 105),
		"only down":         equity(day, 100, 90, 80),
		"below zero":        equity(day, 100, 120, -30, 40, 50),
		"from below zero":   equity(day, -100, -120, 50, 200, 150, 200),
		"fifty-three days":  equity(day, walk(54)...),
		"flat":              equity(day, make([]int64, 50)...),
		"peaks that return": equity(hour, 100, 90, 100, 100, 95, 100, 80, 100, 101, 101, 100),
	} {
		agree(t, name, r, had)
	}
	for _, g := range Of(&backtest.Result{}).Groups {
		for _, item := range g.Items {
			if !had[item.Key] {
				t.Errorf("no run of this test has a value of %s", item.Key)
			}
		}
	}
}

// walk is equity that goes up and down by chance.
func walk(n int) []int64 {
	chance, v, list := rand.New(rand.NewPCG(1, 2)), int64(1000), []int64(nil)
	for range n {
		v += chance.Int64N(41) - 19
		list = append(list, v)
	}
	return list
}

// TestForty is the run of forty days as a text: every statistic, month, fall and exit.
func TestForty(t *testing.T) {
	for _, name := range []string{"forty", "year"} {
		golden(t, "testdata/"+name+".want", []byte(listing(Of(readRun(t, "testdata/"+name+".txt")))))
	}
}

// listing is all of the statistics but definitions and days.
func listing(s *Statistics) string {
	var b bytes.Buffer
	for _, g := range s.Groups {
		fmt.Fprintf(&b, "%s\n", g.Name)
		for i := range g.Items {
			item := &g.Items[i]
			f := figureOf(g.Key, item)
			if f.Value != nil {
				fmt.Fprintf(&b, "  %-24s %s %s\n", f.Key, *f.Value, f.Unit)
			} else {
				fmt.Fprintf(&b, "  %-24s undefined: %s\n", f.Key, f.Reason)
			}
		}
	}
	fmt.Fprintf(&b, "Months\n")
	for _, m := range s.Months {
		fmt.Fprintf(&b, "  %v .. %v  %v -> %v  %v %%  whole %v\n", m.From, m.To, m.Start.Round(8), m.End.Round(8), m.Percent, m.Whole)
	}
	fmt.Fprintf(&b, "Falls\n")
	for _, f := range s.Falls {
		fmt.Fprintf(&b, "  %v  %v  %v  %v %%  %v USD\n", f.Peak, f.Trough, f.Recovered, f.Percent, f.USD)
	}
	fmt.Fprintf(&b, "Exits\n")
	for _, e := range append(s.Exits, s.Reasons...) {
		fmt.Fprintf(&b, "  %-6s %-12s %d trades, %d won, %v USD\n", e.Strategy, e.Reason, e.Trades, e.Won, e.Net)
	}
	fmt.Fprintf(&b, "Rolling Sharpe\n")
	for _, p := range s.Rolling {
		fmt.Fprintf(&b, "  %v  %v\n", p.At, p.Value)
	}
	return b.String()
}
