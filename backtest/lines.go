package backtest

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// lineSeries follows the cumulated net of a strategy or a leg over the samples.
type lineSeries struct {
	peak, drawdown decimal.Decimal // drawdown is the largest fall, in USD
	peakAtWorst    decimal.Decimal
	uniMMRMin      decimal.Decimal
}

// monthMark is the account's total at the end of a UTC month, or of the run.
type monthMark struct {
	at    exchange.Time
	total Line
}

// line adds cells up.
func (a *attribution) line(name string, cells ...*cell) Line {
	l := Line{Name: name}
	for _, c := range cells {
		l.Trades += c.trades
		l.Turnover = l.Turnover.Add(c.turnover)
		l.Price = l.Price.Add(c.realized).Add(a.unrealized(c))
		l.Fees = l.Fees.Add(c.fees)
		l.Funding = l.Funding.Add(c.funding)
		l.Interest = l.Interest.Add(c.interest)
		l.Slippage = l.Slippage.Add(c.slippage)
	}
	l.Net = l.Price.Add(l.Fees).Add(l.Funding).Add(l.Interest)
	return l
}

// unrealized is the profit of a cell's open position at the mark, in USD; of the house,
// what the account's net position has beyond those of the strategies.
func (a *attribution) unrealized(c *cell) decimal.Decimal {
	if !c.house {
		return a.worth(&c.position)
	}
	rest := a.worth(&a.net[c.position.inst()])
	for s := 1; s < len(a.cells); s++ {
		rest = rest.Sub(a.worth(&a.cells[s][c.position.inst()].position))
	}
	return rest
}

// worth is the profit of open positions at the mark, in USD.
func (a *attribution) worth(l *legs) decimal.Decimal {
	sum := decimal.Zero
	for side := range l {
		if p := &l[side]; !p.Qty.IsZero() {
			sum = sum.Add(a.gain(p))
		}
	}
	return sum
}

// gain is that of one.
func (a *attribution) gain(p *exchange.Position) decimal.Decimal {
	mark := a.marks[p.Inst]
	if mark == 0 {
		return decimal.Zero
	}
	in := a.ins.At(p.Inst)
	return a.usd(in.MarginAsset, in.PnL(p.Qty, p.Entry, mark.Decimal()))
}

// strategy, leg and all are the cells of a line.
func (a *attribution) strategy(s int) []*cell {
	list := make([]*cell, 0, len(a.cells[s]))
	for i := range a.cells[s] {
		list = append(list, &a.cells[s][i])
	}
	return list
}

func (a *attribution) leg(inst int) []*cell {
	list := make([]*cell, 0, len(a.cells))
	for s := range a.cells {
		list = append(list, &a.cells[s][inst])
	}
	return list
}

func (a *attribution) all() []*cell {
	list := []*cell{&a.house}
	for s := range a.cells {
		list = append(list, a.strategy(s)...)
	}
	return list
}

// exposure lists the signed notional in USD of every instrument with a position.
func (a *attribution) exposure() []Exposure {
	var list []Exposure
	for id := 1; id <= a.ins.Len(); id++ {
		in, sum := a.ins.At(exchange.InstrumentID(id)), a.net[id].qty()
		mark := a.marks[id]
		if sum.IsZero() || mark == 0 {
			continue
		}
		usd := a.usd(in.MarginAsset, in.Value(sum, mark.Decimal()))
		if sum.IsNegative() {
			usd = usd.Neg()
		}
		list = append(list, Exposure{in.ID, usd.Round(8)})
	}
	return list
}

// standing is what a line has earned, and whether it holds something.
type standing struct {
	net  decimal.Decimal
	held bool
}

func (s *standing) add(o standing) { s.net, s.held = s.net.Add(o.net), s.held || o.held }

// sample follows every line's drawdown and closes months.
func (a *attribution) sample(at exchange.Time, acc *exchange.Account) {
	legs, all := make([]standing, a.ins.Len()+1), a.line("", &a.house)
	for s := range a.cells {
		var own standing
		for id := range a.cells[s] {
			c := &a.cells[s][id]
			if !c.used {
				continue
			}
			l := a.line("", c)
			now := standing{l.Net, !c.position.flat()}
			c.series.sample(now, acc)
			own.add(now)
			legs[id].add(now)
			all = plus(all, l)
		}
		a.series[s].sample(own, acc)
	}
	for id := range legs {
		a.series[len(a.cells)+id].sample(legs[id], acc)
	}
	a.total.sample(standing{all.Net, true}, acc)
	if a.months == nil { // the start of the run belongs to no month
		a.months = []monthMark{}
		return
	}
	if n := len(a.months); n == 0 || monthOf(at) != monthOf(a.months[n-1].at) {
		a.months = append(a.months, monthMark{})
	}
	a.months[len(a.months)-1] = monthMark{at, all}
}

// monthOf names the UTC month that ends at or after t: midnight of the first belongs to
// the month before.
func monthOf(t exchange.Time) string { return (t - 1).UTC().Format("2006-01") }

func (s *lineSeries) sample(now standing, acc *exchange.Account) {
	s.peak = decimal.Max(s.peak, now.net)
	if fall := s.peak.Sub(now.net); fall.GreaterThan(s.drawdown) {
		s.drawdown, s.peakAtWorst = fall, s.peak
	}
	if now.held {
		s.lower(acc)
	}
}

// lower keeps the lowest uniMMR of the account while the line holds something; 0 is none.
func (s *lineSeries) lower(acc *exchange.Account) {
	if acc.MaintMargin.IsPositive() && (s.uniMMRMin.IsZero() || acc.UniMMR.LessThan(s.uniMMRMin)) {
		s.uniMMRMin = acc.UniMMR
	}
}

// alarm gives the account that the exchange warns of, between samples, to all lines that
// hold something.
func (a *attribution) alarm(acc *exchange.Account) {
	for s := range a.cells {
		for id := range a.cells[s] {
			if c := &a.cells[s][id]; !c.position.flat() {
				c.series.lower(acc)
				a.series[s].lower(acc)
				a.series[len(a.cells)+id].lower(acc)
			}
		}
	}
}

// forgetUniMMR begins the lowest uniMMR of all lines anew.
func (a *attribution) forgetUniMMR() {
	for i := range a.series {
		a.series[i].uniMMRMin = decimal.Zero
	}
	for s := range a.cells {
		for id := range a.cells[s] {
			a.cells[s][id].series.uniMMRMin = decimal.Zero
		}
	}
}
