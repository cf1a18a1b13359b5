package stats

import (
	"math/big"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// second computes every statistic once more, by the dullest way: whole numbers and
// fractions without rounding, lists that are gone through for each element, and roots and
// the like to a hundred digits. It shares no code with the package and reads the result
// only. A nil is a statistic without value.
type second struct {
	r *backtest.Result
	// equity and at are the samples.
	equity []*big.Rat
	at     []exchange.Time
	// r1 are the returns of days, changes what they were in USD, midnights the equity at
	// the midnights.
	r1, changes, midnights []*big.Rat
	// falls is how far each sample is under the highest so far, or nil where that is not
	// above zero; peaks are those highest.
	falls, peaks []*big.Rat
}

const (
	places = 340 // bits of a root
	hours  = time.Hour
)

func rat(d decimal.Decimal) *big.Rat {
	x, ok := new(big.Rat).SetString(d.String())
	if !ok {
		panic(d.String())
	}
	return x
}

func whole(n int64) *big.Rat       { return big.NewRat(n, 1) }
func add(a, b *big.Rat) *big.Rat   { return new(big.Rat).Add(a, b) }
func sub(a, b *big.Rat) *big.Rat   { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }
func over(a, b *big.Rat) *big.Rat  { return new(big.Rat).Quo(a, b) }
func power(a *big.Rat, k int) *big.Rat {
	p := whole(1)
	for range k {
		p = times(p, a)
	}
	return p
}

func total(list []*big.Rat) *big.Rat {
	sum := whole(0)
	for _, x := range list {
		sum = add(sum, x)
	}
	return sum
}

func average(list []*big.Rat) *big.Rat { return over(total(list), whole(int64(len(list)))) }

// raw is the mean of the k-th powers.
func raw(list []*big.Rat, k int) *big.Rat {
	var powers []*big.Rat
	for _, x := range list {
		powers = append(powers, power(x, k))
	}
	return average(powers)
}

// root is a square root.
func root(x *big.Rat) *big.Rat {
	f := new(big.Float).SetPrec(places).SetRat(x)
	r, _ := f.Sqrt(f).Rat(nil)
	return r
}

// short cuts a fraction to the digits that matter, lest a series of it never end.
func short(x *big.Rat) *big.Rat {
	r, _ := new(big.Float).SetPrec(places).SetRat(x).Rat(nil)
	return r
}

// newSecond finds the equity at midnights by asking every sample for each.
func newSecond(r *backtest.Result) *second {
	s := &second{r: r}
	for i := range r.Equity {
		s.equity, s.at = append(s.equity, rat(r.Equity[i].Account.Equity)), append(s.at, r.Equity[i].At)
	}
	if len(s.at) == 0 {
		return s
	}
	for i := range s.equity {
		peak, fall := slices.MaxFunc(s.equity[:i+1], (*big.Rat).Cmp), (*big.Rat)(nil)
		if peak.Sign() > 0 {
			fall = sub(peak, s.equity[i])
		}
		s.peaks, s.falls = append(s.peaks, peak), append(s.falls, fall)
	}
	last := s.at[len(s.at)-1]
	for day := s.at[0].UTC().Truncate(24 * hours); !day.After(last.UTC()); day = day.AddDate(0, 0, 1) {
		var known *big.Rat
		for i := range s.at {
			if !s.at[i].UTC().After(day) {
				known = s.equity[i]
			}
		}
		if known == nil {
			continue
		}
		if n := len(s.midnights); n > 0 {
			if s.midnights[n-1].Sign() <= 0 {
				break
			}
			s.changes = append(s.changes, sub(known, s.midnights[n-1]))
			s.r1 = append(s.r1, sub(over(known, s.midnights[n-1]), whole(1)))
		}
		s.midnights = append(s.midnights, known)
	}
	return s
}

func (s *second) span() *big.Rat {
	if len(s.at) < 2 {
		return nil
	}
	return whole(int64(s.at[len(s.at)-1] - s.at[0]))
}

func (s *second) runDays() *big.Rat { return over(s.span(), whole(int64(24*hours))) }

// months are the returns of calendar months, by the name of the month in which a sample
// lies; midnight of the first lies in the month before.
func (s *second) months() (returns []*big.Rat, count, won int) {
	month := func(i int) string { return (s.at[i] - 1).UTC().Format("200601") }
	begin := 0
	for i := 1; i < len(s.at); i++ {
		if i+1 < len(s.at) && month(i+1) == month(i) {
			continue
		}
		count++
		if s.equity[i].Cmp(s.equity[begin]) > 0 {
			won++
		}
		if s.equity[begin].Sign() > 0 {
			returns = append(returns, sub(over(s.equity[i], s.equity[begin]), whole(1)))
		}
		begin = i
	}
	return returns, count, won
}

// deepest finds the largest fall in proportion: where it began, was deepest and ended, -1
// if it did not. ok is false where nothing fell.
func (s *second) deepest() (share *big.Rat, from, to, back int, ok bool) {
	falls, peaks := s.falls, s.peaks
	share = whole(0)
	for i := range falls {
		if falls[i] == nil || over(falls[i], peaks[i]).Cmp(share) <= 0 {
			continue
		}
		share, to, back, ok = over(falls[i], peaks[i]), i, -1, true
		for k := range i {
			if s.equity[k].Cmp(peaks[i]) == 0 {
				from = k
			}
		}
		for k := len(s.equity) - 1; k > i; k-- {
			if s.equity[k].Cmp(peaks[i]) >= 0 {
				back = k
			}
		}
	}
	return share, from, to, back, ok
}

// longest is the longest time from a peak until no sample since is below it.
func (s *second) longest() *big.Rat {
	peaks := s.peaks
	worst := int64(0)
	for i := range s.equity {
		if s.equity[i].Cmp(peaks[i]) != 0 || peaks[i].Sign() <= 0 || i+1 == len(s.equity) || s.equity[i+1].Cmp(s.equity[i]) >= 0 {
			continue
		}
		end := len(s.equity) - 1
		for k := len(s.equity) - 1; k > i; k-- {
			if s.equity[k].Cmp(s.equity[i]) >= 0 {
				end = k
			}
		}
		worst = max(worst, int64(s.at[end]-s.at[i]))
	}
	return whole(worst)
}

// overTime is the mean of what is true at each instant of a grid that all samples lie on.
func (s *second) overTime(of func(i int) *big.Rat) *big.Rat {
	step := int64(0)
	for i := 1; i < len(s.at); i++ {
		step = new(big.Int).GCD(nil, nil, big.NewInt(step), big.NewInt(int64(s.at[i]-s.at[i-1]))).Int64()
	}
	if step == 0 {
		return nil
	}
	var list []*big.Rat
	for i, at := 0, s.at[0]; at < s.at[len(s.at)-1]; at += exchange.Time(step) {
		for i+1 < len(s.at) && s.at[i+1] <= at {
			i++
		}
		if v := of(i); v != nil {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return average(list)
}

// during is how long something was true.
func (s *second) during(is func(i int) bool) *big.Rat {
	mean := s.overTime(func(i int) *big.Rat {
		if is(i) {
			return whole(1)
		}
		return whole(0)
	})
	if mean == nil {
		return whole(0)
	}
	return times(mean, s.span())
}

func (s *second) gross(i int) *big.Rat {
	sum := whole(0)
	for _, e := range s.r.Equity[i].Exposure {
		sum = add(sum, new(big.Rat).Abs(rat(e.USD)))
	}
	return sum
}

// delta adds the legs of each coin up, coin by coin.
func (s *second) delta(i int) *big.Rat {
	sum := whole(0)
	var done []string
	for _, coin := range s.r.Legs {
		if slices.Contains(done, coin.Base) {
			continue
		}
		done = append(done, coin.Base)
		net := whole(0)
		for _, leg := range s.r.Legs {
			for _, e := range s.r.Equity[i].Exposure {
				if leg.Base == coin.Base && e.Inst == leg.Inst {
					net = add(net, rat(e.USD))
				}
			}
		}
		sum = add(sum, net.Abs(net))
	}
	return sum
}

// closed copies the closed round trips that a condition holds of.
func (s *second) closed(is func(*backtest.TradeRow) bool) []backtest.TradeRow {
	var list []backtest.TradeRow
	for _, row := range s.r.Trades.All() {
		if !row.Open && is(row) {
			list = append(list, *row)
		}
	}
	return list
}

func anyTrade(*backtest.TradeRow) bool      { return true }
func wonTrade(row *backtest.TradeRow) bool  { return row.Net.IsPositive() }
func lostTrade(row *backtest.TradeRow) bool { return row.Net.IsNegative() }

func nets(list []backtest.TradeRow) []*big.Rat {
	var out []*big.Rat
	for i := range list {
		out = append(out, add(add(rat(list[i].Price), rat(list[i].Fees)), rat(list[i].Funding)))
	}
	return out
}

func durations(list []backtest.TradeRow) []*big.Rat {
	var out []*big.Rat
	for i := range list {
		out = append(out, whole(int64(list[i].To-list[i].From)))
	}
	return out
}

// streak is the longest run of round trips that a condition holds of: for each it counts
// on from there.
func (s *second) streak(is func(*backtest.TradeRow) bool) int64 {
	all := s.closed(anyTrade)
	best := 0
	for i := range all {
		k := i
		for k < len(all) && is(&all[k]) {
			k++
		}
		best = max(best, k-i)
	}
	return int64(best)
}

// exponential and normal are by their series.
func exponential(x *big.Rat) *big.Rat {
	sum, term := whole(1), whole(1)
	for k := int64(1); k < 400; k++ {
		term = short(over(times(term, x), whole(k)))
		sum = short(add(sum, term))
	}
	return sum
}

// logarithm is 2 artanh((x-1)/(x+1)).
func logarithm(x *big.Rat) *big.Rat {
	q := over(sub(x, whole(1)), add(x, whole(1)))
	square, odd, sum := times(q, q), q, whole(0)
	for k := int64(1); k < 2000; k += 2 {
		sum = short(add(sum, over(odd, whole(k))))
		odd = short(times(odd, square))
	}
	return times(sum, whole(2))
}

// normal is 1/2 + density(z) * (z + z^3/3 + z^5/(3*5) + ...).
func normal(z *big.Rat) *big.Rat {
	pi, _ := new(big.Rat).SetString("3.14159265358979323846264338327950288419716939937510582097494459")
	density := over(exponential(over(times(z, z), whole(-2))), root(times(pi, whole(2))))
	term, sum := z, z
	for k := int64(3); k < 800; k += 2 {
		term = short(over(times(term, times(z, z)), whole(k)))
		sum = short(add(sum, term))
	}
	return add(big.NewRat(1, 2), times(density, sum))
}
