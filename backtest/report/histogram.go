package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/backtest/stats"
)

// histogram is how often values fell into steps of equal width.
type histogram struct {
	ID, Title, Note, Desc string
	Bars                  []bin
	// Ticks are the edges that are named below, Counts the lines that are named beside.
	Ticks, Counts []plot.Label
	// Empty is what stands in place of a histogram without values.
	Empty string
}

// bin is one step: its place in percent, and what it says when asked.
type bin struct{ X, Width, Y, Height, Style, Text string }

const (
	// binsMax is how many steps a histogram has, at most.
	binsMax = 31
	// binsTail is the share of values at each end that is collected in the outermost step,
	// where there are binsTailMin values or more: one outlier would else squeeze the rest.
	binsTail    = 0.005
	binsTailMin = 400
)

func dailyHistogram(days []stats.Return) *histogram {
	var values []float64
	for _, d := range days {
		values = append(values, d.Percent.InexactFloat64())
	}
	h := newHistogram(values, "%", "days")
	h.ID, h.Title, h.Empty = "daily-distribution", "Distribution of daily returns", "no whole day"
	h.Note = "How many days ended with which return, in percent."
	return h
}

func tradeHistogram(nets []float64) *histogram {
	h := newHistogram(nets, " USD", "round trips")
	h.ID, h.Title, h.Empty = "trade-distribution", "Distribution of round trips", "no round trip was completed"
	h.Note = "How many round trips ended with which net, in USD."
	return h
}

// newHistogram puts values into steps; an edge lies at zero, so that no step mixes gains
// with losses.
func newHistogram(values []float64, unit, what string) *histogram {
	h := &histogram{}
	if len(values) == 0 {
		return h
	}
	sorted := slices.Sorted(slices.Values(values))
	tail := 0
	if len(sorted) >= binsTailMin {
		tail = int(float64(len(sorted)) * binsTail)
	}
	low, high := sorted[tail], sorted[len(sorted)-1-tail]
	reach := max(high-low, math.Abs(high)/10, math.Abs(low)/10)
	if reach < 1e-9 {
		reach = 1 // All are zero, and edges with eleven decimals tell nothing.
	}
	step := roundStep(reach / (binsMax - 2))
	first := int(math.Floor(low / step))
	last := max(int(math.Ceil(high/step)), first+1)
	counts := make([]int, last-first)
	for _, v := range sorted {
		counts[min(max(int(math.Floor(v/step))-first, 0), len(counts)-1)]++
	}
	top := slices.Max(counts)
	for i, n := range counts {
		h.Bars = append(h.Bars, newBin(i, n, counts, top, step, first, unit, what))
	}
	h.ticks(step, first, len(counts), top)
	h.Desc = fmt.Sprintf("%s %s, from %s%s to %s%s; the median is %s%s.", page.Count(int64(len(sorted))), what,
		page.Ratio(sorted[0]), unit, page.Ratio(sorted[len(sorted)-1]), unit, page.Ratio(sorted[len(sorted)/2]), unit)
	return h
}

func newBin(i, n int, counts []int, top int, step float64, first int, unit, what string) bin {
	edge := func(k int) string { return page.Grouped(stepText(float64(first+k)*step, step)) + unit }
	text := fmt.Sprintf("%s to %s: %s %s", edge(i), edge(i+1), page.Count(int64(n)), what)
	switch {
	case i == 0 && len(counts) > 1:
		text = fmt.Sprintf("below %s: %s %s", edge(1), page.Count(int64(n)), what)
	case i == len(counts)-1 && i > 0:
		text = fmt.Sprintf("%s and above: %s %s", edge(i), page.Count(int64(n)), what)
	}
	style := "gain"
	if first+i < 0 {
		style = "loss"
	}
	width := 100 / float64(len(counts))
	height := float64(n) / float64(top) * 100
	return bin{X: share(float64(i) * width), Width: share(width), Y: share(100 - height), Height: share(height), Style: style, Text: text}
}

// ticks names about six edges and two counts.
func (h *histogram) ticks(step float64, first, n, top int) {
	every := max(1, int(math.Ceil(float64(n)/6)))
	for i := 0; i <= n; i++ {
		if (first+i)%every == 0 {
			h.Ticks = append(h.Ticks, plot.Label{At: share(float64(i) * 100 / float64(n)), Text: page.Grouped(stepText(float64(first+i)*step, step))})
		}
	}
	for _, part := range []int{top, top / 2} {
		if part > 0 && (part == top || top%2 == 0) {
			h.Counts = append(h.Counts, plot.Label{At: share(100 - float64(part)*100/float64(top)), Text: page.Count(int64(part))})
		}
	}
}

func share(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// roundStep is the least of 1, 2 and 5 times a power of ten that is not below raw.
func roundStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// stepText prints an edge with the decimals that its step has.
func stepText(v, step float64) string {
	return strconv.FormatFloat(v, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64)
}
