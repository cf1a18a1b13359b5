package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// Binance's lines for plain Portfolio Margin: at uniMMR 1.2 and below only reducing
// orders pass, at 1.05 and below the account is liquidated.
func lineReduceOnly() decimal.Decimal  { return decimal.New(12, -1) }
func lineLiquidation() decimal.Decimal { return decimal.New(105, -2) }

// charts draws everything that has a time axis.
func charts(r *backtest.Result) ([]*plot.Chart, *plot.Frame) {
	from, to := period(r)
	f := plot.NewFrame(from, to)
	out := []*plot.Chart{equityChart(f, r), uniMMRChart(f, r)}
	if c := fundingChart(f, r.Settlements); c != nil {
		out = append(out, c)
	}
	if c := exposureChart(f, r); c != nil {
		out = append(out, c)
	}
	return append(out, priceCharts(f, r)...), f
}

// chartValue is the place of an amount in a chart: rounded, for the script repeats it.
func chartValue(d decimal.Decimal, places int32) float64 { return d.Round(places).InexactFloat64() }

// equityChart is the account's worth with its drawdown below.
func equityChart(f *plot.Frame, r *backtest.Result) *plot.Chart {
	var equity, before []plot.Point
	differ := false
	for i := range r.Equity {
		s := &r.Equity[i]
		equity = append(equity, plot.Point{At: s.At, Value: chartValue(s.Account.Equity, 2)})
		before = append(before, plot.Point{At: s.At, Value: chartValue(s.Account.ActualEquity, 2)})
		differ = differ || !s.Account.Equity.Equal(s.Account.ActualEquity)
	}
	worth := f.Panel("Equity in USD", plot.Tall, plot.Axis{Places: 2})
	under := f.Panel("Drawdown in percent", plot.Low, plot.Axis{Places: 2, Hold: []float64{0, -1}})
	c := &plot.Chart{ID: "equity", Title: "Equity and drawdown", Panels: []*plot.Panel{worth, under},
		Note: "The account in USD at mark prices, and its fall from the highest point so far. The worst fall is shaded."}
	if len(equity) == 0 {
		worth.Empty, under.Empty = "no samples", "no samples"
		return c
	}
	if from, to, text := worstFall(r, equity); from < to {
		worth.Shade(from, to)
		under.Shade(from, to)
		under.Desc = text
	}
	if differ {
		worth.Line("s2 thin", "Before haircuts", before)
		c.Note += " Equity counts collateral after haircuts, as Binance does."
	}
	worth.Line("s1", "Equity", equity)
	under.Area("loss", "Drawdown %", drawdowns(equity))
	worth.Desc = fmt.Sprintf("From %s USD to %s USD.", page.ratio(equity[0].Value), page.ratio(equity[len(equity)-1].Value))
	return c
}

// drawdowns is the fall from the highest value so far, in percent and never positive.
func drawdowns(values []plot.Point) []plot.Point {
	out := make([]plot.Point, len(values))
	peak := math.Inf(-1)
	for i, p := range values {
		peak = max(peak, p.Value)
		fall := 0.0
		if peak > 0 {
			fall = math.Round((p.Value-peak)/peak*1e6) / 1e4
		}
		out[i] = plot.Point{At: p.At, Value: fall}
	}
	return out
}

// worstFall is where the worst drawdown began and ended: as the run says, or by samples.
func worstFall(r *backtest.Result, values []plot.Point) (from, to exchange.Time, text string) {
	m := &r.Margin
	if m.DrawdownFrom != 0 && m.DrawdownTo != 0 {
		return m.DrawdownFrom, m.DrawdownTo, fmt.Sprintf("The worst fall was %s%%.", page.percent(m.DrawdownPct))
	}
	for _, fall := range stats.Of(r).Falls {
		return fall.Peak, fall.Trough, fmt.Sprintf("The worst fall was %s%%.", page.percent(fall.Percent))
	}
	return values[0].At, values[0].At, "Equity never fell."
}

// uniMMRChart is the distance to liquidation, with the lines that matter.
func uniMMRChart(f *plot.Frame, r *backtest.Result) *plot.Chart {
	points := make([]plot.Point, len(r.Equity))
	held := false
	for i := range r.Equity {
		a := &r.Equity[i].Account
		points[i] = plot.Point{At: r.Equity[i].At, Value: math.NaN()}
		if !sentinel(a.UniMMR) && !(a.UniMMR.IsZero() && a.MaintMargin.IsZero()) {
			points[i].Value = chartValue(a.UniMMR, 4)
			held = true
		}
	}
	hold := []float64{1, 3}
	for _, floor := range r.Margin.Floors {
		if floor.Value.IsPositive() {
			hold = append(hold, chartValue(floor.Value, 4))
		}
	}
	p := f.Panel("uniMMR, logarithmic", plot.Mid, plot.Axis{Log: true, Places: 2, Hold: hold})
	p.Ref(plot.Ref{Style: "reduce", Text: "1.20 Binance: reduce only", Value: chartValue(lineReduceOnly(), 4)})
	p.Ref(plot.Ref{Style: "liquidate", Text: "1.05 Binance: liquidation", Value: chartValue(lineLiquidation(), 4)})
	for _, floor := range r.Margin.Floors {
		p.Ref(plot.Ref{Style: plot.FloorStyle, Text: page.exact(floor.Value) + " " + clean(floor.Name), Value: chartValue(floor.Value, 4)})
	}
	if held {
		p.Line("s4", "uniMMR", points)
		p.Desc = fmt.Sprintf("Lowest %s at %s UTC.", page.uniMMR(r.Margin.UniMMRMin), minute(r.Margin.UniMMRMinAt))
	} else {
		p.Empty = "no maintenance margin at any sample: no position was held"
	}
	c := &plot.Chart{ID: "unimmr", Title: "uniMMR", Panels: []*plot.Panel{p},
		Note: "Collateral equity over maintenance margin, on a logarithmic scale. The line stops while nothing is held."}
	if high, cut := p.Cut(); cut {
		c.Note += fmt.Sprintf(" Values above %.0f lie on the upper edge.", high)
	}
	return c
}

// fundingChart is each settlement's payment and their sum.
func fundingChart(f *plot.Frame, list []backtest.Settlement) *plot.Chart {
	if len(list) == 0 {
		return nil
	}
	var each, sum []plot.Point
	exact := decimal.Zero
	for _, s := range list {
		if exact = exact.Add(s.USD); len(each) > 0 && each[len(each)-1].At == s.At {
			last := &each[len(each)-1]
			last.Value += chartValue(s.USD, 8)
			sum[len(sum)-1].Value = chartValue(exact, 4)
			continue
		}
		each = append(each, plot.Point{At: s.At, Value: chartValue(s.USD, 8)})
		sum = append(sum, plot.Point{At: s.At, Value: chartValue(exact, 4)})
	}
	for i := range each {
		each[i].Value = math.Round(each[i].Value*1e4) / 1e4
	}
	bars := f.Panel("Funding of each settlement in USD", plot.Low, plot.Axis{Places: 2, Hold: []float64{0}})
	bars.Bars("Received", each)
	run := f.Panel("Funding in sum, USD", plot.Low, plot.Axis{Places: 2, Hold: []float64{0}})
	run.Line("s3", "Sum", sum)
	run.Desc = fmt.Sprintf("In the end %s USD.", page.money(exact))
	return &plot.Chart{ID: "funding", Title: "Funding", Panels: []*plot.Panel{bars, run},
		Note: "What each settlement brought over all legs, negative where the account paid, and the sum."}
}

// exposureChart is each leg's notional, and per coin what the legs leave open.
func exposureChart(f *plot.Frame, r *backtest.Result) *plot.Chart {
	legs := exposed(r)
	if len(legs) == 0 {
		return nil
	}
	p := f.Panel("Exposure in USD", plot.Mid, plot.Axis{Places: 2, Hold: []float64{0}})
	nets := map[string][]float64{}
	perBase := map[string]int{}
	for i, inst := range legs {
		leg := legOf(r, inst)
		points := exposureOf(r.Equity, inst)
		p.Line(plot.SeriesStyle(i), legName(leg.Product, leg.Symbol), points)
		net := nets[leg.Base]
		if net == nil {
			net = make([]float64, len(points))
		}
		for k, pt := range points {
			net[k] += pt.Value
		}
		nets[leg.Base] = net
		perBase[leg.Base]++
	}
	for _, base := range slices.Sorted(maps.Keys(nets)) {
		if perBase[base] < 2 || base == "" {
			continue
		}
		points := make([]plot.Point, len(r.Equity))
		for i, v := range nets[base] {
			points[i] = plot.Point{At: r.Equity[i].At, Value: math.Round(v*100) / 100}
		}
		p.Line("net", "Net delta "+clean(base), points)
	}
	return &plot.Chart{ID: "exposure", Title: "Exposure", Panels: []*plot.Panel{p},
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

func exposureOf(samples []backtest.Sample, inst exchange.InstrumentID) []plot.Point {
	points := make([]plot.Point, len(samples))
	for i := range samples {
		points[i].At = samples[i].At
		for _, e := range samples[i].Exposure {
			if e.Inst == inst {
				points[i].Value = chartValue(e.USD, 2)
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
