package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

// instrument is what a price chart is of.
type instrument struct {
	product exchange.Product
	symbol  string
}

// priceBoard collects, in one pass over the fills and one over the round trips, what the
// charts of one instrument show.
type priceBoard struct {
	spans  []plot.Span
	marks  *plot.Marks
	trips  *plot.Trips
	places int

	// held is the sum of all fills, whose course is in position.
	held       exchange.Fixed
	position   *plot.Trace
	sizePlaces int
}

const (
	// marksMax and tripsMax are how many fills and round trips a chart carries, and
	// pageMarks and pageTrips how many all charts of the page.
	marksMax, pageMarks = 20_000, 60_000
	tripsMax, pageTrips = 5_000, 15_000
)

// priceBoards is a board for every instrument with prices or fills.
type priceBoards struct {
	frame *plot.Frame
	// instruments is how many share the page.
	instruments int
	boards      map[instrument]*priceBoard
}

func (b *priceBoards) of(product exchange.Product, symbol string) *priceBoard {
	in := instrument{product, symbol}
	if b.boards[in] == nil {
		share := max(b.instruments, 1)
		b.boards[in] = &priceBoard{
			marks:    b.frame.NewMarks(min(marksMax, pageMarks/share), markClasses()...),
			trips:    b.frame.NewTrips(min(tripsMax, pageTrips/share)),
			position: b.frame.NewTrace(),
		}
	}
	return b.boards[in]
}

// newPriceBoards are boards with the prices on them.
func newPriceBoards(f *plot.Frame, r *backtest.Result) *priceBoards {
	b := &priceBoards{f, max(len(r.Legs), len(r.Prices)), map[instrument]*priceBoard{}}
	for i := range r.Prices {
		b.of(r.Prices[i].Product, r.Prices[i].Symbol).prices(f, r.Prices[i].Points)
	}
	return b
}

// charts is a chart for every instrument with prices or fills.
func (b *priceBoards) charts() []*plot.Chart {
	order := make([]instrument, 0, len(b.boards))
	for in := range b.boards {
		order = append(order, in)
	}
	slices.SortFunc(order, func(a, b instrument) int {
		return cmp.Or(cmp.Compare(a.product, b.product), strings.Compare(a.symbol, b.symbol))
	})
	var out []*plot.Chart
	for _, in := range order {
		c := b.boards[in].chart(b.frame, readable.Leg(in.product, in.symbol))
		c.ID = priceID(in.product, in.symbol)
		out = append(out, c)
	}
	return out
}

// priceID is the id of an instrument's price chart. A link to it with the attribute
// data-from, and data-to for a stretch, in Unix milliseconds, zooms it to that moment, and
// data-value says at what price to point.
func priceID(product exchange.Product, symbol string) string {
	var b strings.Builder
	b.WriteString("price-" + product.String() + "-")
	for _, c := range []byte(symbol) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, ".%02x", c)
		}
	}
	return b.String()
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

// fill adds a fill as a mark, and what is held after it: a delivery is a fill too.
func (b *priceBoard) fill(row *backtest.FillRow) {
	b.places, b.sizePlaces = max(b.places, decimals(row.Price)), max(b.sizePlaces, decimals(row.Qty))
	if mark := b.marks.Add(row.At, row.Price.Float(), classOf(row)); mark != nil {
		mark.Words, mark.Numbers = fillText(row)
	}
	b.held += exchange.Fixed(row.Side.Sign()) * row.Qty
	b.position.Add(row.At, b.held.Float())
}

// trip adds a round trip. One that is open has not ended at a fill: a line to the end of the
// run would cross the price where nothing happened.
func (b *priceBoard) trip(row *backtest.TradeRow) {
	if row.Open {
		return
	}
	b.trips.Add(plot.Trip{From: row.From, To: row.To, Entry: row.Entry.InexactFloat64(), Exit: row.Exit.InexactFloat64(), Won: row.Net.IsPositive()})
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

// chart is an instrument's price with the fills and round trips on it, and the position
// below.
func (b *priceBoard) chart(f *plot.Frame, name string) *plot.Chart {
	fills := int64(b.marks.Len())
	p := f.Panel("Price of "+name, plot.Tall, plot.Axis{Places: b.places})
	p.Desc = fmt.Sprintf("%s fills.", page.Count(fills))
	c := &plot.Chart{Title: name, Panels: []*plot.Panel{p}, Note: fmt.Sprintf("Price with the reach of each step, and %s fills; zoomed in, candles and round trips from entry to exit, dashed if lost.", page.Count(fills))}
	if kept := int64(b.marks.Kept()); kept < fills {
		c.Note += fmt.Sprintf(" They are too many to tell apart: %s marks stand for them, the extreme ones of each stretch. fills.csv has all.",
			page.Count(kept))
	}
	if len(b.spans) > 0 {
		p.Spans("s6 thin", "Close", b.spans)
	}
	if len(b.spans) == 0 && fills == 0 {
		p.Empty = "no prices"
	}
	p.Trips(b.trips)
	p.Marks(b.marks)
	if fills > 0 {
		c.Panels = append(c.Panels, b.positionPanel(f, name))
	}
	return c
}

// positionPanel is what all strategies hold together, from the start of the run to its end.
func (b *priceBoard) positionPanel(f *plot.Frame, name string) *plot.Panel {
	from, to := f.Span()
	p := f.Panel("Position in "+name, plot.Low, plot.Axis{Places: b.sizePlaces, Hold: []float64{0}})
	points := b.position.Points()
	if points[0].At > from {
		points = append([]plot.Point{{At: from}}, points...)
	}
	points = append(points, plot.Point{At: max(to, points[len(points)-1].At), Value: points[len(points)-1].Value})
	p.Step("s1", "Held", points)
	p.Desc = fmt.Sprintf("In the end %s.", page.Fixed(b.held))
	return p
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

// fillText is what a chart tells of a fill beside what it is, its price and its time.
func fillText(r *backtest.FillRow) (words []string, numbers []exchange.Fixed) {
	source := readable.Clean(r.Strategy)
	if r.Tag != "" {
		source += " (" + readable.Clean(r.Tag) + ")"
	}
	if r.Forced != exchange.NotForced {
		source += ", " + liquidityOf(r)
	}
	fee, _ := exchange.FixedFromDecimal(r.Fee, exchange.RoundHalfUp)
	return []string{"", ", fee ", " " + readable.Clean(r.FeeAsset) + "\n" + source}, []exchange.Fixed{r.Qty, fee}
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
