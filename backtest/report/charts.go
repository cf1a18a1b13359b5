package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// Binance's lines for plain Portfolio Margin: at uniMMR 1.2 and below only reducing
// orders pass, at 1.05 and below the account is liquidated.
func lineReduceOnly() decimal.Decimal  { return decimal.New(12, -1) }
func lineLiquidation() decimal.Decimal { return decimal.New(105, -2) }

// charts draws everything that has a time axis.
func charts(r *backtest.Result) ([]*chart, *frame) {
	from, to := period(r)
	f := newFrame(from, to)
	out := []*chart{f.equity(r), f.uniMMR(r)}
	if c := f.funding(r.Settlements); c != nil {
		out = append(out, c)
	}
	if c := f.exposure(r); c != nil {
		out = append(out, c)
	}
	out = append(out, f.prices(r)...)
	times := f.timeLabels()
	for _, c := range out {
		c.Times = times
	}
	return out, f
}

// equity is the account's worth with its drawdown below.
func (f *frame) equity(r *backtest.Result) *chart {
	var equity, before []point
	differ := false
	for i := range r.Equity {
		s := &r.Equity[i]
		equity = append(equity, point{s.At, chartValue(s.Account.Equity, 2)})
		before = append(before, point{s.At, chartValue(s.Account.ActualEquity, 2)})
		differ = differ || !s.Account.Equity.Equal(s.Account.ActualEquity)
	}
	c := &chart{ID: "equity", Title: "Equity and drawdown",
		Note: "The account in USD at mark prices, and its fall from the highest point so far. The worst fall is shaded."}
	lists := [][]point{equity}
	if differ {
		lists = append(lists, before)
		c.Note += " Equity counts collateral after haircuts, as Binance does."
	}
	worth := f.panel("Equity in USD", "tall", linear(nil, lists...), 2)
	falls := drawdowns(equity)
	under := f.panel("Drawdown in percent", "low", linear([]float64{0, -1}, falls), 2)
	c.Panels = []*panel{worth, under}
	if len(equity) == 0 {
		worth.Empty, under.Empty = "no samples", "no samples"
		return c
	}
	if from, to, text := worstFall(r, equity); from < to {
		f.shadow(worth, from, to)
		f.shadow(under, from, to)
		under.Desc = text
	}
	if differ {
		f.line(worth, "s2 thin", "Before haircuts", before)
	}
	f.line(worth, "s1", "Equity", equity)
	f.area(under, "loss", "Drawdown %", falls)
	worth.Desc = fmt.Sprintf("From %s USD to %s USD.", page.ratio(equity[0].v), page.ratio(equity[len(equity)-1].v))
	return c
}

// drawdowns is the fall from the highest value so far, in percent and never positive.
func drawdowns(values []point) []point {
	out := make([]point, len(values))
	peak := math.Inf(-1)
	for i, p := range values {
		peak = max(peak, p.v)
		fall := 0.0
		if peak > 0 {
			fall = math.Round((p.v-peak)/peak*1e6) / 1e4
		}
		out[i] = point{p.at, fall}
	}
	return out
}

// worstFall is where the worst drawdown began and ended: as the run says, or by samples.
func worstFall(r *backtest.Result, values []point) (from, to exchange.Time, text string) {
	m := &r.Margin
	if m.DrawdownFrom != 0 && m.DrawdownTo != 0 {
		return m.DrawdownFrom, m.DrawdownTo, fmt.Sprintf("The worst fall was %s%%.", page.percent(m.DrawdownPct))
	}
	plain := make([]float64, len(values))
	for i, p := range values {
		plain[i] = p.v
	}
	fall := MaxDrawdown(plain)
	return values[fall.Peak].at, values[fall.Trough].at, fmt.Sprintf("The worst fall was %s%%.", page.ratio(fall.Share*100))
}

// uniMMR is the distance to liquidation, with the lines that matter.
func (f *frame) uniMMR(r *backtest.Result) *chart {
	points := make([]point, len(r.Equity))
	held := false
	for i := range r.Equity {
		a := &r.Equity[i].Account
		points[i] = point{r.Equity[i].At, math.NaN()}
		if !sentinel(a.UniMMR) && !(a.UniMMR.IsZero() && a.MaintMargin.IsZero()) {
			points[i].v = chartValue(a.UniMMR, 4)
			held = true
		}
	}
	hold := []float64{1, 3}
	for _, floor := range r.Margin.Floors {
		if floor.Value.IsPositive() {
			hold = append(hold, chartValue(floor.Value, 4))
		}
	}
	p := f.panel("uniMMR, logarithmic", "mid", logarithmic(hold, points), 2)
	p.refer("reduce", "1.20 Binance: reduce only", chartValue(lineReduceOnly(), 4))
	p.refer("liquidate", "1.05 Binance: liquidation", chartValue(lineLiquidation(), 4))
	for _, floor := range r.Margin.Floors {
		p.refer(floorStyle, page.exact(floor.Value)+" "+clean(floor.Name), chartValue(floor.Value, 4))
	}
	if held {
		f.line(p, "s4", "uniMMR", points)
		p.Desc = fmt.Sprintf("Lowest %s at %s UTC.", page.uniMMR(r.Margin.UniMMRMin), minute(r.Margin.UniMMRMinAt))
	} else {
		p.Empty = "no maintenance margin at any sample: no position was held"
	}
	c := &chart{ID: "unimmr", Title: "uniMMR", Panels: []*panel{p},
		Note: "Collateral equity over maintenance margin, on a logarithmic scale. The line stops while nothing is held."}
	if _, high := bounds(nil, [][]point{points}); high > p.scale.high {
		c.Note += fmt.Sprintf(" Values above %.0f lie on the upper edge.", p.scale.high)
	}
	return c
}

// funding is each settlement's payment and their sum.
func (f *frame) funding(list []backtest.Settlement) *chart {
	if len(list) == 0 {
		return nil
	}
	var each, sum []point
	exact := decimal.Zero
	for _, s := range list {
		if exact = exact.Add(s.USD); len(each) > 0 && each[len(each)-1].at == s.At {
			last := &each[len(each)-1]
			last.v += chartValue(s.USD, 8)
			sum[len(sum)-1].v = chartValue(exact, 4)
			continue
		}
		each = append(each, point{s.At, chartValue(s.USD, 8)})
		sum = append(sum, point{s.At, chartValue(exact, 4)})
	}
	for i := range each {
		each[i].v = math.Round(each[i].v*1e4) / 1e4
	}
	bars := f.panel("Funding of each settlement in USD", "low", linear([]float64{0}, each), 2)
	f.bars(bars, "Received", each)
	run := f.panel("Funding in sum, USD", "low", linear([]float64{0}, sum), 2)
	f.line(run, "s3", "Sum", sum)
	run.Desc = fmt.Sprintf("In the end %s USD.", page.money(exact))
	return &chart{ID: "funding", Title: "Funding", Panels: []*panel{bars, run},
		Note: "What each settlement brought over all legs, negative where the account paid, and the sum."}
}

// legStyle is the style of the i-th leg's line, the most distinct first.
func legStyle(i int) string {
	styles := [...]string{"s1", "s5", "s3", "s4", "s2", "s6"}
	return styles[i%len(styles)]
}

// exposure is each leg's notional, and per coin what the legs leave open.
func (f *frame) exposure(r *backtest.Result) *chart {
	type series struct {
		style, name string
		points      []point
	}
	var legs []series
	nets := map[string][]float64{}
	perBase := map[string]int{}
	for i, inst := range exposed(r) {
		leg := legOf(r, inst)
		points := exposureOf(r.Equity, inst)
		legs = append(legs, series{legStyle(i), legName(leg.Product, leg.Symbol), points})
		net := nets[leg.Base]
		if net == nil {
			net = make([]float64, len(points))
		}
		for k, p := range points {
			net[k] += p.v
		}
		nets[leg.Base] = net
		perBase[leg.Base]++
	}
	if len(legs) == 0 {
		return nil
	}
	var lists [][]point
	for _, base := range slices.Sorted(maps.Keys(nets)) {
		if perBase[base] < 2 || base == "" {
			continue
		}
		points := make([]point, len(r.Equity))
		for i, v := range nets[base] {
			points[i] = point{r.Equity[i].At, math.Round(v*100) / 100}
		}
		legs = append(legs, series{"net", "Net delta " + clean(base), points})
	}
	for _, s := range legs {
		lists = append(lists, s.points)
	}
	p := f.panel("Exposure in USD", "mid", linear([]float64{0}, lists...), 2)
	for _, s := range legs {
		f.line(p, s.style, s.name, s.points)
	}
	return &chart{ID: "exposure", Title: "Exposure", Panels: []*panel{p},
		Note: "Each leg's position at the mark, short below zero, and for coins with several legs what they leave open together. Coins held as collateral are not in it."}
}

// exposed are the instruments that any sample has, by id.
func exposed(r *backtest.Result) []exchange.InstrumentID {
	seen := map[exchange.InstrumentID]bool{}
	for i := range r.Equity {
		for _, e := range r.Equity[i].Exposure {
			seen[e.Inst] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func exposureOf(samples []backtest.Sample, inst exchange.InstrumentID) []point {
	points := make([]point, len(samples))
	for i := range samples {
		points[i].at = samples[i].At
		for _, e := range samples[i].Exposure {
			if e.Inst == inst {
				points[i].v = chartValue(e.USD, 2)
			}
		}
	}
	return points
}

// legOf finds a leg's names; one that the result does not list shows its number.
func legOf(r *backtest.Result, inst exchange.InstrumentID) backtest.Leg {
	for _, l := range r.Legs {
		if l.Inst == inst {
			return l
		}
	}
	return backtest.Leg{Inst: inst, Symbol: fmt.Sprintf("#%d", inst)}
}

// prices is a chart for every instrument with prices or fills.
func (f *frame) prices(r *backtest.Result) []*chart {
	type instrument struct {
		product exchange.Product
		symbol  string
	}
	var order []instrument
	steps := map[instrument][]backtest.PricePoint{}
	for _, s := range r.Prices {
		in := instrument{s.Product, s.Symbol}
		if _, known := steps[in]; !known {
			order = append(order, in)
		}
		steps[in] = append(steps[in], s.Points...)
	}
	fills := map[instrument][]*backtest.FillRow{}
	for _, row := range r.Fills.All() {
		in := instrument{row.Product, row.Symbol}
		if _, known := steps[in]; !known {
			order = append(order, in)
			steps[in] = nil
		}
		kept := *row
		fills[in] = append(fills[in], &kept)
	}
	slices.SortStableFunc(order, func(a, b instrument) int {
		return cmp.Or(cmp.Compare(a.product, b.product), strings.Compare(a.symbol, b.symbol))
	})
	var out []*chart
	for i, in := range order {
		c := f.price(legName(in.product, in.symbol), steps[in], fills[in])
		c.ID = fmt.Sprintf("price-%d", i+1)
		out = append(out, c)
	}
	return out
}
