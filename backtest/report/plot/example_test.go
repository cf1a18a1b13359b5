package plot_test

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

// A page has one frame, a chart for each figure, and the frame's data for the script.
func Example() {
	start := exchange.TimeOf(time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC))
	frame := plot.NewFrame(start, start.Add(2*time.Hour))

	worth := frame.Panel("Equity in USD", plot.Tall, plot.Axis{Places: 2})
	worth.Line("s1", "Equity", []plot.Point{
		{At: start, Value: 100}, {At: start.Add(time.Hour), Value: math.NaN()}, {At: start.Add(2 * time.Hour), Value: 104.5},
	})
	worth.Ref(plot.Ref{Style: plot.FloorStyle, Text: "102 the floor", Value: 102})
	fills := frame.NewMarks(1000, plot.Class{Style: "buy", Name: "Buy, taker"})
	if mark := fills.Add(start.Add(time.Hour), 101, 0); mark != nil {
		mark.Words, mark.Numbers = []string{"Buy "}, []exchange.Fixed{exchange.MustFixed("0.25")}
	}
	worth.Marks(fills)
	chart := &plot.Chart{ID: "equity", Title: "Equity", Panels: []*plot.Panel{worth}}

	page := template.Must(template.New("page").Parse(plot.Templates + `{{template "plot" .}}`))
	var out strings.Builder
	if err := page.Execute(&out, chart); err != nil {
		fmt.Println(err)
	}
	for _, want := range []string{`id="equity"`, `data-panel="0"`, `class="line s1"`, "102 the floor", "Buy, taker"} {
		fmt.Println(strings.Contains(out.String(), want), want)
	}
	fmt.Println(len(frame.Data().Panels), "panel for the script")
	// Output:
	// true id="equity"
	// true data-panel="0"
	// true class="line s1"
	// true 102 the floor
	// true Buy, taker
	// 1 panel for the script
}
