package backtest

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// lines fills the tables of where money came from.
func (r *recorder) lines(res *Result) {
	a := &r.attribution
	for id := range a.awaited {
		a.fundFlat(exchange.InstrumentID(id), exchange.Never)
	}
	res.Total = a.line("TOTAL", a.all()...)
	r.percent(&res.Total, &a.total)
	res.Total.UniMMRMin = res.Margin.UniMMRMin
	house := res.Total // less all others: rounded lines add up as well
	for s := 1; s < len(a.cells); s++ {
		l := a.line(r.labels[s], a.strategy(s)...)
		r.percent(&l, &a.series[s])
		house = minus(house, l)
		res.ByStrategy = append(res.ByStrategy, l)
		r.strategyLines(res, s)
	}
	if house.Name = r.labels[0]; house.Trades > 0 || !house.empty() {
		r.percent(&house, &a.series[0])
		res.ByStrategy = slices.Insert(res.ByStrategy, 0, house)
	}
	r.strategyLines(res, 0)
	for i := range a.native.lines {
		l := &a.native.lines[i]
		l.Strategy = r.labels[l.strategy]
		res.ByStrategyAsset = append(res.ByStrategyAsset, l.AssetLine)
	}
	for id := 1; id <= r.ins.Len(); id++ {
		l := a.line(r.ins.At(exchange.InstrumentID(id)).Name(), a.leg(id)...)
		r.percent(&l, &a.series[len(a.cells)+id])
		res.ByLeg = append(res.ByLeg, l)
	}
	before := Line{}
	for _, m := range a.months {
		l := minus(m.total, before)
		l.Name = monthOf(m.at)
		r.percent(&l, &lineSeries{})
		res.ByMonth = append(res.ByMonth, l)
		before = m.total
	}
}

// strategyLines adds a strategy's line on each instrument on which something is its.
func (r *recorder) strategyLines(res *Result, s int) {
	a := &r.attribution
	for id := 1; id <= r.ins.Len(); id++ {
		c := &a.cells[s][id]
		l := a.line(r.labels[s]+" "+r.ins.At(exchange.InstrumentID(id)).Name(), c)
		if l.empty() || s == 0 && l.Trades == 0 && l.Net.Round(2).IsZero() {
			continue
		}
		r.percent(&l, &c.series)
		res.ByStrategyLeg = append(res.ByStrategyLeg, StrategyLine{r.labels[s], exchange.InstrumentID(id), l})
	}
}

// empty says whether nothing was traded or earned.
func (l *Line) empty() bool {
	return l.Trades == 0 && l.Price.IsZero() && l.Fees.IsZero() && l.Funding.IsZero() && l.Interest.IsZero()
}

// percent sets what a line is in proportion to the starting equity and rounds its money
// to what a booking holds.
func (r *recorder) percent(l *Line, s *lineSeries) {
	start := r.margin.EquityStart
	if start.IsPositive() {
		l.NetPct = l.Net.Shift(2).DivRound(start, 4)
	}
	if base := start.Add(s.peakAtWorst); base.IsPositive() {
		l.DrawdownPct = s.drawdown.Shift(2).DivRound(base, 4)
	}
	l.UniMMRMin = s.uniMMRMin
	for _, d := range [...]*decimal.Decimal{&l.Turnover, &l.Price, &l.Fees, &l.Funding, &l.Interest, &l.Slippage} {
		*d = d.Round(exchange.FixedPlaces)
	}
	l.Net = l.Price.Add(l.Fees).Add(l.Funding).Add(l.Interest)
}

func plus(a, b Line) Line {
	return Line{
		Trades: a.Trades + b.Trades, Turnover: a.Turnover.Add(b.Turnover), Price: a.Price.Add(b.Price),
		Fees: a.Fees.Add(b.Fees), Funding: a.Funding.Add(b.Funding), Interest: a.Interest.Add(b.Interest),
		Slippage: a.Slippage.Add(b.Slippage), Net: a.Net.Add(b.Net),
	}
}

func minus(a, b Line) Line {
	return Line{
		Trades: a.Trades - b.Trades, Turnover: a.Turnover.Sub(b.Turnover), Price: a.Price.Sub(b.Price),
		Fees: a.Fees.Sub(b.Fees), Funding: a.Funding.Sub(b.Funding), Interest: a.Interest.Sub(b.Interest),
		Slippage: a.Slippage.Sub(b.Slippage), Net: a.Net.Sub(b.Net),
	}
}
