package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
)

//go:embed compare.tmpl.html
var compareTemplate string

//go:embed compare.css
var compareStyle string

// comparePage is everything that the template of a comparison shows.
type comparePage struct {
	Title, Verdict string
	Equal          bool
	SpanNote       string
	shell

	Runs     []runCard
	Partings []partingCard
	Glance   table
	Differ   table
	Charts   []*plot.Chart
	Sections []tableSection
}

// runCard tells which run a letter and a color stand for.
type runCard struct{ Letter, Style, Name, Strategies, Period, Kind, Hash string }

// partingCard tells where a run leaves the first one.
type partingCard struct {
	Run, Base string
	// Text is in place of a table when there is nothing to tell row by row.
	Text string
	List []partingRow
}

type partingRow struct{ Kind, At, First, Other string }

// CompareHTML writes a comparison as one page that needs nothing else, like the report:
// curves of all runs in one picture, tables with a column for each.
func CompareHTML(w io.Writer, compared *compare.Comparison) error {
	t, err := template.New("report").Parse(pageTemplate + plot.Templates)
	if err == nil {
		t, err = t.New("compare").Parse(compareTemplate)
	}
	if err != nil {
		return fmt.Errorf("template of a comparison: %w", err)
	}
	if err := t.Execute(w, comparison{compared}.page()); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}

func (c comparison) page() *comparePage {
	charts, frame := c.charts()
	p := &comparePage{
		Title: fmt.Sprintf("%d runs compared", len(c.Runs)), Verdict: sentence(c.verdict()), Equal: c.Equal,
		shell:  newShell(frame, compareStyle),
		Glance: c.glance(), Differ: c.differenceTable(), Charts: charts, Partings: c.partingCards(), Sections: c.sections(),
	}
	if !c.SamePeriod {
		p.SpanNote = "The periods " + spanNote + "."
	}
	for i, run := range c.Runs {
		p.Runs = append(p.Runs, runCard{run.Letter, runStyle(i), run.Name, run.Strategies,
			readable.Minute(run.From) + " to " + readable.Minute(run.To) + " UTC", string(run.Kind), run.Hash})
	}
	return p
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// runStyle is the color of a run, thin from where colors repeat.
func runStyle(i int) string {
	const colors = 6
	if i < colors {
		return plot.SeriesStyle(i)
	}
	return plot.SeriesStyle(i-colors) + " thin"
}

func (c comparison) partingCards() []partingCard {
	var out []partingCard
	for _, p := range c.Partings {
		card := partingCard{Run: p.Run, Base: c.Runs[0].Letter}
		for _, row := range p.List {
			kind := row.Kind
			if row.Number > 0 {
				kind += " " + page.Count(int64(row.Number))
			}
			card.List = append(card.List, partingRow{kind, readable.Instant(row.At), row.First, row.Other})
		}
		switch {
		case p.Equal:
			card.Text = "The same result hash: every fill, booking, refusal and sample is equal."
		case len(p.List) == 0:
			card.Text = "Nothing differs that the run directories keep. The hash also covers what a refused order asked for, and refusals after the first 10\u202f000."
		}
		out = append(out, card)
	}
	return out
}

// charts draws the curves of all runs over the time of all.
func (c comparison) charts() ([]*plot.Chart, *plot.Frame) {
	from, to := period(c.Results[0])
	for _, r := range c.Results[1:] {
		f, t := period(r)
		from, to = min(from, f), max(to, t)
	}
	f := plot.NewFrame(from, to)
	worth := f.Panel("Equity in USD", plot.Tall, plot.Axis{Places: 2})
	gain := f.Panel("Change of equity in percent of the start", plot.Tall, plot.Axis{Places: 2, Hold: []float64{0}})
	under := f.Panel("Drawdown in percent", plot.Mid, plot.Axis{Places: 2, Hold: []float64{0, -1}})
	panels := []*plot.Panel{worth, gain, under}
	var told [3][]string
	for i, r := range c.Results {
		name, style := c.Runs[i].Letter, runStyle(i)
		for k, curve := range curvesOf(r) {
			if len(curve) == 0 {
				continue
			}
			panels[k].Line(style, name, curve)
			told[k] = append(told[k], fmt.Sprintf("%s ends at %s.", name, page.Ratio(curve[len(curve)-1].Value)))
		}
	}
	for k, p := range panels {
		if p.Desc = strings.Join(told[k], " "); p.Desc == "" {
			p.Empty = "no samples"
		}
	}
	return []*plot.Chart{
		{ID: "equity", Title: "Equity", Panels: panels[:2],
			Note: "The accounts in USD at mark prices, collateral after haircuts, and their change from each run's own start."},
		{ID: "drawdown", Title: "Drawdown", Panels: panels[2:], Note: "The fall from the highest equity so far."},
	}, f
}

// curvesOf are a run's equity, its change and its fall.
func curvesOf(r *backtest.Result) [3][]plot.Point {
	var out [3][]plot.Point
	if len(r.Equity) == 0 {
		return out
	}
	start, peak := r.Equity[0].Account.Equity, r.Equity[0].Account.Equity
	for i := range r.Equity {
		s := &r.Equity[i]
		equity := s.Account.Equity
		peak = decimal.Max(peak, equity)
		out[0] = append(out[0], plot.Point{At: s.At, Value: chartValue(equity, 2)})
		out[1] = append(out[1], plot.Point{At: s.At, Value: change(start, equity)})
		out[2] = append(out[2], plot.Point{At: s.At, Value: change(peak, equity)})
	}
	return out
}

// change is from one amount to another in percent; without a positive start it is 0.
func change(from, to decimal.Decimal) float64 {
	if !from.IsPositive() {
		return 0
	}
	return chartValue(to.Sub(from).Shift(2).DivRound(from, 6), 4)
}
