package stats

import (
	"math/big"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// Arithmetic of figures that may be missing.

func scaled(x *big.Rat, by int64) *big.Rat {
	if x == nil {
		return nil
	}
	return times(x, whole(by))
}

func hundred(x *big.Rat) *big.Rat  { return scaled(x, 100) }
func points(x *big.Rat) *big.Rat   { return scaled(x, 10_000) }
func negative(x *big.Rat) *big.Rat { return scaled(x, -1) }

func ratioOrNone(a, b *big.Rat) *big.Rat {
	if a == nil || b == nil || b.Sign() == 0 {
		return nil
	}
	return over(a, b)
}

func quotientOf(a, b int) *big.Rat { return ratioOrNone(whole(int64(a)), whole(int64(b))) }

func meanOf(list []*big.Rat) *big.Rat {
	if len(list) == 0 {
		return nil
	}
	return average(list)
}

func largest(list []*big.Rat) *big.Rat {
	if len(list) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(list), (*big.Rat).Cmp)
	return sorted[len(sorted)-1]
}

func smallest(list []*big.Rat) *big.Rat {
	if len(list) == 0 {
		return nil
	}
	return slices.SortedFunc(slices.Values(list), (*big.Rat).Cmp)[0]
}

// count is how many have a sign.
func count(list []*big.Rat, sign int) *big.Rat {
	n := int64(0)
	for _, x := range list {
		if x.Sign() == sign {
			n++
		}
	}
	return whole(n)
}

func (s *second) gain() *big.Rat { return sub(s.equity[len(s.equity)-1], s.equity[0]) }

func (s *second) heldGain() *big.Rat {
	list := s.each(func(i int) *big.Rat { return rat(s.r.Equity[i].Held) })
	return sub(list[len(list)-1], list[0])
}

// losses is the sum of what is below zero, without the sign.
func (s *second) losses(list []*big.Rat) *big.Rat {
	sum := whole(0)
	for _, x := range list {
		if x.Sign() < 0 {
			sum = sub(sum, x)
		}
	}
	return sum
}

// variance is (sum of squares - n mean^2) / (n-1).
func (s *second) variance() *big.Rat {
	n, m := whole(int64(len(s.r1))), average(s.r1)
	return over(sub(times(raw(s.r1, 2), n), times(n, times(m, m))), sub(n, whole(1)))
}

// daily is the Sharpe ratio of a day.
func (s *second) daily() *big.Rat { return over(average(s.r1), root(s.variance())) }

// central is the k-th central moment from raw ones.
func (s *second) moments() (m2, m3, m4 *big.Rat) {
	a, b, c, d := raw(s.r1, 1), raw(s.r1, 2), raw(s.r1, 3), raw(s.r1, 4)
	m2 = sub(b, times(a, a))
	m3 = add(sub(c, scaled(times(a, b), 3)), scaled(power(a, 3), 2))
	m4 = sub(add(sub(d, scaled(times(a, c), 4)), scaled(times(times(a, a), b), 6)), scaled(power(a, 4), 3))
	return m2, m3, m4
}

func (s *second) skewness() *big.Rat {
	m2, m3, _ := s.moments()
	return over(m3, times(m2, root(m2)))
}

func (s *second) kurtosis() *big.Rat {
	m2, _, m4 := s.moments()
	return over(m4, times(m2, m2))
}

// error is the standard error of daily, as Bailey and Lopez de Prado write it.
func (s *second) error() *big.Rat {
	h := s.daily()
	inner := add(sub(whole(1), times(s.skewness(), h)), over(times(sub(s.kurtosis(), whole(1)), times(h, h)), whole(4)))
	return root(over(inner, whole(int64(len(s.r1)-1))))
}

// sortino squares it: 365 mean^2 over the mean of squared losses.
func (s *second) sortino() *big.Rat {
	var squares []*big.Rat
	for _, x := range s.r1 {
		square := whole(0)
		if x.Sign() < 0 {
			square = times(x, x)
		}
		squares = append(squares, square)
	}
	m := average(s.r1)
	v := root(over(scaled(times(m, m), 365), average(squares)))
	return scaled(v, int64(m.Sign()))
}

// cagr is by logarithms.
func (s *second) cagr() *big.Rat {
	if len(s.equity) < 2 || s.runDays().Cmp(whole(90)) < 0 || s.equity[0].Sign() <= 0 || s.equity[len(s.equity)-1].Sign() <= 0 {
		return nil
	}
	years := over(s.runDays(), whole(365))
	return hundred(sub(exponential(short(over(logarithm(over(s.equity[len(s.equity)-1], s.equity[0])), years))), whole(1)))
}

func (s *second) calmar() *big.Rat {
	share, _, _, _, ok := s.deepest()
	if growth := s.cagr(); growth != nil && ok {
		return over(growth, hundred(share))
	}
	return nil
}

func (s *second) dollars() *big.Rat {
	worst := whole(0)
	for _, f := range s.falls {
		if f != nil && f.Cmp(worst) > 0 {
			worst = f
		}
	}
	return worst
}

// valueAtRisk is the smallest return that at least a twentieth of all do not exceed.
func (s *second) valueAtRisk() *big.Rat {
	var enough []*big.Rat
	for _, x := range s.r1 {
		n := 0
		for _, y := range s.r1 {
			if y.Cmp(x) <= 0 {
				n++
			}
		}
		if 20*n >= len(s.r1) {
			enough = append(enough, x)
		}
	}
	return scaled(smallest(enough), -100)
}

// shortfall is Rockafellar and Uryasev's minimum, over all returns a, of the sum of what
// is below a, shared among the k of the tail, less a.
func (s *second) shortfall() *big.Rat {
	k := int64(0)
	for 20*k < int64(len(s.r1)) {
		k++
	}
	var all []*big.Rat
	for _, a := range s.r1 {
		short := whole(0)
		for _, x := range s.r1 {
			if x.Cmp(a) < 0 {
				short = add(short, sub(a, x))
			}
		}
		all = append(all, sub(over(short, whole(k)), a))
	}
	return hundred(smallest(all))
}

func (s *second) ulcer() *big.Rat {
	if len(s.r1) == 0 {
		return nil
	}
	var squares []*big.Rat
	for i := range s.midnights {
		fall := hundred(sub(whole(1), over(s.midnights[i], largest(s.midnights[:i+1]))))
		squares = append(squares, times(fall, fall))
	}
	return root(average(squares))
}

// trades are all round trips, open ones too.
func (s *second) trades() []backtest.TradeRow {
	var list []backtest.TradeRow
	for _, row := range s.r.Trades.All() {
		list = append(list, *row)
	}
	return list
}

// house is what is no strategy's, but for interest: where two strategies hold one
// instrument the account gains on the net of both, at the prices of its own moments.
func (s *second) house() *big.Rat {
	sum := whole(0)
	for _, l := range s.r.ByStrategy {
		if l.Name == "house" {
			sum = add(add(rat(l.Price), rat(l.Fees)), rat(l.Funding))
		}
	}
	return sum
}

// part is the share of closed round trips of which a condition holds.
func (s *second) part(is func(*backtest.TradeRow) bool) *big.Rat {
	return quotientOf(len(s.closed(is)), len(s.closed(anyTrade)))
}

func (s *second) volume() *big.Rat {
	sum := whole(0)
	for _, row := range s.trades() {
		sum = add(sum, rat(row.Volume))
	}
	return sum
}

func (s *second) slippage() *big.Rat {
	sum := whole(0)
	for _, row := range s.trades() {
		sum = add(sum, rat(row.Slippage))
	}
	return sum
}

// booked sums the ledger's bookings of a reason up.
func (s *second) booked(why exchange.Reason) *big.Rat {
	sum := whole(0)
	for _, row := range s.r.Ledger.All() {
		if row.Reason == why {
			sum = add(sum, rat(row.USD))
		}
	}
	return sum
}

func (s *second) funding() *big.Rat {
	sum := whole(0)
	for i := range s.r.Settlements {
		sum = add(sum, rat(s.r.Settlements[i].USD))
	}
	return sum
}

func (s *second) makers() *big.Rat {
	n := 0
	for _, row := range s.r.Fills.All() {
		if row.Maker {
			n++
		}
	}
	return hundred(quotientOf(n, s.r.Fills.Len()))
}

// each is something of all samples that have it.
func (s *second) each(of func(i int) *big.Rat) []*big.Rat {
	var list []*big.Rat
	for i := range s.equity {
		if v := of(i); v != nil {
			list = append(list, v)
		}
	}
	return list
}

func (s *second) lever(i int) *big.Rat {
	if s.equity[i].Sign() <= 0 {
		return nil
	}
	return short(over(s.gross(i), s.equity[i]))
}

// lowestMargin is the lowest uniMMR of samples with maintenance margin, and the first
// instant of it.
func (s *second) lowestMargin() (lowest, at *big.Rat) {
	for i := range s.r.Equity {
		if a := &s.r.Equity[i].Account; !a.MaintMargin.IsZero() && (lowest == nil || rat(a.UniMMR).Cmp(lowest) < 0) {
			lowest, at = rat(a.UniMMR), whole(int64(s.at[i]))
		}
	}
	return lowest, at
}

// marginUnder is how long uniMMR was at a line or below it.
func (s *second) marginUnder(line string) *big.Rat {
	limit, _ := new(big.Rat).SetString(line)
	if limit.Sign() == 0 {
		return nil
	}
	return s.during(func(i int) bool { return rat(s.r.Equity[i].Account.UniMMR).Cmp(limit) <= 0 })
}

func refusals(r *backtest.Result) (n int) {
	for _, c := range r.Orders.ByRule {
		n += c.Count
	}
	return n
}

func rejections(r *backtest.Result) (n int) {
	for _, c := range r.Orders.ByReason {
		n += c.Count
	}
	return n
}
