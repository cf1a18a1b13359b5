package stats

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// same says whether two fractions are equal to a rounding.
func same(a, b, rounding *big.Rat) bool {
	off := sub(a, b)
	return off.Abs(off).Cmp(rounding) <= 0
}

var eighth = big.NewRat(5, 1_000_000_000) // half of the eighth decimal

func (s *second) sameMonths(list []Return) bool {
	returns, n, _ := s.months()
	i := 0
	for _, m := range list {
		if m.OK != m.Start.IsPositive() || m.OK && (i >= len(returns) || !same(rat(m.Percent), hundred(returns[i]), eighth)) {
			return false
		}
		if m.OK {
			i++
		}
	}
	return n == len(list) && i == len(returns)
}

func (s *second) sameDays(list []Return) bool {
	for i, d := range list {
		if i >= len(s.r1) || !d.Whole || !same(rat(d.Percent), hundred(s.r1[i]), eighth) || d.To.UTC().Truncate(24*hours) != d.To.UTC() {
			return false
		}
	}
	return len(list) == len(s.r1)
}

// sameFalls cuts the run at its peaks: what lies between two samples at a peak, or behind
// the last, is a fall.
func (s *second) sameFalls(list []Fall) bool {
	var want []Fall
	var depths []*big.Rat
	for i := range s.equity {
		atPeak := s.peaks[i].Sign() > 0 && s.falls[i].Sign() == 0
		if !atPeak || i+1 == len(s.equity) || s.falls[i+1].Sign() == 0 {
			continue
		}
		one, worst := Fall{Peak: s.at[i]}, whole(0)
		for k := i + 1; k < len(s.equity) && one.Recovered == 0; k++ {
			switch {
			case s.falls[k].Sign() == 0:
				one.Recovered = s.at[k]
			case s.falls[k].Cmp(worst) > 0:
				worst, one.Trough = s.falls[k], s.at[k]
			}
		}
		want, depths = append(want, one), append(depths, over(worst, s.equity[i]))
	}
	for n, f := range list {
		i := slices.IndexFunc(want, func(w Fall) bool { return w.Peak == f.Peak })
		if i < 0 || want[i].Trough != f.Trough || want[i].Recovered != f.Recovered || !same(rat(f.Percent), hundred(depths[i]), big.NewRat(5, 100_000)) {
			return false
		}
		deeper := 0
		for _, d := range depths {
			if d.Cmp(depths[i]) > 0 {
				deeper++
			}
		}
		if deeper > n {
			return false
		}
	}
	return len(list) == min(len(want), FallsMax)
}

func (s *second) sameRolling(list []Point) bool {
	n := 0
	for end := 30; end <= len(s.r1); end++ {
		window := &second{r1: s.r1[end-30 : end]}
		if window.variance().Sign() == 0 {
			continue
		}
		value := times(window.daily(), root(whole(365)))
		if n >= len(list) || !same(new(big.Rat).SetFloat64(list[n].Value), value, big.NewRat(1, 10_000_000_000)) {
			return false
		}
		n++
	}
	return n == len(list)
}

// sameExits asks every round trip for each line whether it is of it.
func (s *second) sameExits(list []Exit, all bool) bool {
	sum := 0
	for _, e := range list {
		mine := s.closed(func(row *backtest.TradeRow) bool {
			reason := cmp.Or(row.ExitTag, "untagged")
			if row.Forced != exchange.NotForced {
				reason = row.Forced.String()
			}
			return reason == e.Reason && (all || row.Strategy == e.Strategy)
		})
		wins := slices.DeleteFunc(slices.Clone(mine), func(row backtest.TradeRow) bool { return !row.Net.IsPositive() })
		if len(mine) != e.Trades || len(wins) != e.Won || rat(e.Net).Cmp(total(nets(mine))) != 0 {
			return false
		}
		sum += e.Trades
	}
	return sum == len(s.closed(anyTrade))
}
