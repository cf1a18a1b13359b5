package report

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// fillData is what the script shows of a fill under the pointer. Fields are short, for
// there are many of them.
type fillData struct {
	At    int64  `json:"t"`
	Price number `json:"p"`
	Text  string `json:"x"`
}

// names are the style and the legend of a mark.
func (c markClass) names() (style, name string) {
	switch c {
	case buyMaker:
		return "buy maker", "Buy, maker"
	case buyTaker:
		return "buy taker", "Buy, taker"
	case sellMaker:
		return "sell maker", "Sell, maker"
	case sellTaker:
		return "sell taker", "Sell, taker"
	default:
		return "forced", "Forced"
	}
}

// price is an instrument's price with the fills on it.
func (f *frame) price(name string, steps []backtest.PricePoint, fills []*backtest.FillRow) *chart {
	steps = f.within(steps)
	closes := make([]point, len(steps))
	var reach []point
	for i, s := range steps {
		closes[i] = point{s.At, s.Close.Float()}
		reach = append(reach, point{s.At, s.Low.Float()}, point{s.At, s.High.Float()})
	}
	marks := thinMarks(fills, f.from, f.to, marksMax)
	for _, m := range marks {
		reach = append(reach, point{m.fill.At, m.fill.Price.Float()})
	}
	p := f.panel("Price of "+name, "tall", linear(nil, reach), pricePlaces(steps, fills))
	c := &chart{Title: name, Panels: []*panel{p}, Note: fmt.Sprintf("Closing price with the span of each step, and %s fills.", page.count(int64(len(fills))))}
	if len(marks) < len(fills) {
		c.Note += fmt.Sprintf(" They are too many to tell apart: %s marks stand for them, the extreme ones of each stretch. fills.csv has all.",
			page.count(int64(len(marks))))
	}
	if len(steps) > 0 {
		p.Paths = append(p.Paths, path{"span", f.spans(p, steps)})
		f.line(p, "s6 thin", "Close", closes)
	}
	if len(reach) == 0 {
		p.Empty = "no prices"
	}
	f.marks(p, marks)
	p.Desc = fmt.Sprintf("%s fills.", page.count(int64(len(fills))))
	return c
}

// within leaves out the prices before the run proper: those served to warm up. The step
// in which the run begins stays.
func (f *frame) within(steps []backtest.PricePoint) []backtest.PricePoint {
	first := 0
	for first+1 < len(steps) && steps[first+1].At <= f.from {
		first++
	}
	return thinPrices(steps[first:], stepsMax)
}

// spans draws from low to high of each step.
func (f *frame) spans(p *panel, steps []backtest.PricePoint) string {
	var d strings.Builder
	for _, s := range steps {
		if s.High > s.Low {
			fmt.Fprintf(&d, "M%d %dV%d", f.x(s.At), p.scale.y(s.Low.Float()), p.scale.y(s.High.Float()))
		}
	}
	return d.String()
}

// denseMarks is from how many marks on they are drawn smaller.
const denseMarks = 300

// marks draws fills as dots: a line of hardly any length whose round or square end is a
// dot on the screen however the plot is stretched. Buys are round and sells square, takers full
// and makers hollow, so that colour is not the only difference.
func (f *frame) marks(p *panel, marks []mark) {
	var dots [markClasses]strings.Builder
	dense := ""
	if len(marks) > denseMarks {
		dense = " dense"
	}
	for _, m := range marks {
		fmt.Fprintf(&dots[classOf(m.fill)], "M%d %dh1", f.x(m.fill.At), p.scale.y(m.fill.Price.Float()))
		p.data.Fills = append(p.data.Fills, fillData{m.fill.At.Millis(), number(m.fill.Price.Float()), fillText(m)})
	}
	for c := range markClasses {
		d := dots[c].String()
		if d == "" {
			continue
		}
		style, name := c.names()
		p.Keys = append(p.Keys, key{"mark " + style, name, "", -1})
		p.Paths = append(p.Paths, path{"mark " + style + dense, d})
		if c == buyMaker || c == sellMaker || c == forcedFill {
			p.Paths = append(p.Paths, path{"mark hollow " + style + dense, d})
		}
	}
}

// fillText is a fill in a few lines.
func fillText(m mark) string {
	r := m.fill
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s at %s", r.Side, page.fixed(r.Qty), page.fixed(r.Price))
	fmt.Fprintf(&b, "\n%s, fee %s %s", liquidityOf(r), page.exact(r.Fee), clean(r.FeeAsset))
	fmt.Fprintf(&b, "\n%s", clean(r.Strategy))
	if r.Tag != "" {
		fmt.Fprintf(&b, " (%s)", clean(r.Tag))
	}
	fmt.Fprintf(&b, "\n%s UTC", instant(r.At))
	if m.stands > 1 {
		fmt.Fprintf(&b, "\nstands for %s fills near it", page.count(int64(m.stands)))
	}
	return b.String()
}

// liquidityOf says whether a fill made or took, or by what it was forced.
func liquidityOf(f *backtest.FillRow) string {
	switch {
	case f.Forced != exchange.NotForced:
		return "forced: " + strings.ToLower(f.Forced.String())
	case f.Maker:
		return "maker"
	default:
		return "taker"
	}
}

// pricePlaces is how many decimals the prices have.
func pricePlaces(steps []backtest.PricePoint, fills []*backtest.FillRow) int {
	places := 0
	count := func(v exchange.Fixed) {
		if _, frac, ok := strings.Cut(v.String(), "."); ok {
			places = max(places, len(frac))
		}
	}
	for _, s := range steps {
		count(s.Close)
	}
	for _, f := range fills {
		count(f.Price)
	}
	return places
}
