package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

// instrument is what a price chart is of.
type instrument struct {
	product exchange.Product
	symbol  string
}

// priceBoard collects, in one pass over the fills, what a price chart shows.
type priceBoard struct {
	spans  []plot.Span
	marks  *plot.Marks
	places int
}

// marksMax is how many marks of fills a chart has.
const marksMax = 2000

// priceCharts is a chart for every instrument with prices or fills.
func priceCharts(f *plot.Frame, r *backtest.Result) []*plot.Chart {
	boards := map[instrument]*priceBoard{}
	board := func(product exchange.Product, symbol string) *priceBoard {
		in := instrument{product, symbol}
		if boards[in] == nil {
			boards[in] = &priceBoard{marks: f.NewMarks(marksMax, markClasses()...)}
		}
		return boards[in]
	}
	for i := range r.Prices {
		board(r.Prices[i].Product, r.Prices[i].Symbol).prices(f, r.Prices[i].Points)
	}
	for _, row := range r.Fills.All() {
		board(row.Product, row.Symbol).fill(row)
	}
	order := make([]instrument, 0, len(boards))
	for in := range boards {
		order = append(order, in)
	}
	slices.SortFunc(order, func(a, b instrument) int {
		return cmp.Or(cmp.Compare(a.product, b.product), strings.Compare(a.symbol, b.symbol))
	})
	var out []*plot.Chart
	for i, in := range order {
		c := boards[in].chart(f, legName(in.product, in.symbol))
		c.ID = fmt.Sprintf("price-%d", i+1)
		out = append(out, c)
	}
	return out
}

// prices adds the steps of a price, but for those before the run proper, served to warm
// up. The step in which the run begins stays.
func (b *priceBoard) prices(f *plot.Frame, steps []backtest.PricePoint) {
	from, _ := f.Span()
	first := 0
	for first+1 < len(steps) && steps[first+1].At <= from {
		first++
	}
	for _, s := range steps[first:] {
		b.spans = append(b.spans, plot.Span{At: s.At, Open: s.Open.Float(), High: s.High.Float(), Low: s.Low.Float(), Close: s.Close.Float()})
		b.places = max(b.places, decimals(s.Close))
	}
}

// fill adds a fill as a mark.
func (b *priceBoard) fill(row *backtest.FillRow) {
	b.places = max(b.places, decimals(row.Price))
	if mark := b.marks.Add(row.At, row.Price.Float(), classOf(row)); mark != nil {
		mark.Words, mark.Numbers = fillText(row)
	}
}

// decimals is how many decimals a price has.
func decimals(v exchange.Fixed) int {
	places := exchange.FixedPlaces
	for places > 0 && v%10 == 0 {
		v /= 10
		places--
	}
	return places
}

// chart is an instrument's price with the fills on it.
func (b *priceBoard) chart(f *plot.Frame, name string) *plot.Chart {
	fills := int64(b.marks.Len())
	p := f.Panel("Price of "+name, plot.Tall, plot.Axis{Places: b.places})
	p.Desc = fmt.Sprintf("%s fills.", page.count(fills))
	c := &plot.Chart{Title: name, Panels: []*plot.Panel{p}, Note: fmt.Sprintf("Closing price with the span of each step, and %s fills.", page.count(fills))}
	if kept := int64(b.marks.Kept()); kept < fills {
		c.Note += fmt.Sprintf(" They are too many to tell apart: %s marks stand for them, the extreme ones of each stretch. fills.csv has all.",
			page.count(kept))
	}
	if len(b.spans) > 0 {
		p.Spans("s6 thin", "Close", b.spans)
	}
	if len(b.spans) == 0 && fills == 0 {
		p.Empty = "no prices"
	}
	p.Marks(b.marks)
	return c
}

// The classes of marks: buys are round and sells square, takers full and makers hollow,
// so that color is not the only difference.
const (
	buyMaker = iota
	buyTaker
	sellMaker
	sellTaker
	forcedFill
)

func markClasses() []plot.Class {
	return []plot.Class{
		buyMaker:   {Style: "buy", Name: "Buy, maker", Hollow: true},
		buyTaker:   {Style: "buy", Name: "Buy, taker"},
		sellMaker:  {Style: "sell", Name: "Sell, maker", Hollow: true},
		sellTaker:  {Style: "sell", Name: "Sell, taker"},
		forcedFill: {Style: "forced", Name: "Forced", Hollow: true},
	}
}

func classOf(f *backtest.FillRow) int {
	switch {
	case f.Forced != exchange.NotForced:
		return forcedFill
	case f.Side == exchange.Buy && f.Maker:
		return buyMaker
	case f.Side == exchange.Buy:
		return buyTaker
	case f.Maker:
		return sellMaker
	default:
		return sellTaker
	}
}

// fillText is a fill in a few lines.
func fillText(r *backtest.FillRow) (words []string, numbers []exchange.Fixed) {
	source := clean(r.Strategy)
	if r.Tag != "" {
		source += " (" + clean(r.Tag) + ")"
	}
	fee, _ := exchange.FixedFromDecimal(r.Fee, exchange.RoundHalfUp)
	return []string{r.Side.String() + " ", " at ", "\n" + liquidityOf(r) + ", fee ", " " + clean(r.FeeAsset) + "\n" + source},
		[]exchange.Fixed{r.Qty, r.Price, fee}
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
