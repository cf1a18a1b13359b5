package report

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// everyShape are the runs of all tests and those that only a page must survive.
func everyShape() map[string]*backtest.Result {
	all := shortRuns()
	all["many"], all["refused"], all["deleveraged"], all["bankrupt"] = manyLegs(), refusedRun(), deleveraged(), liquidated()
	all["bankrupt"].Warnings = []backtest.Warning{{Kind: "bankrupt", Text: "equity fell below zero, to -1523 USD"}}
	single := fakeResult(24 * 3)
	single.Strategies, single.ByStrategy, single.ByLeg, single.ByStrategyLeg, single.Legs = single.Strategies[:1], single.ByStrategy[:1], single.ByLeg[:1], single.ByStrategyLeg[:1], single.Legs[:1]
	all["single"] = single
	return all
}

// readText is what a reader sees of a page, in one line.
func readText(page string) string {
	page = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>`).ReplaceAllString(page, " ")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(html.UnescapeString(page)), " ")
}

// No field of a cell lets text of strangers become markup.
func TestCellsEscape(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	for _, c := range []td{
		{Text: evil}, {Style: evil}, {Sort: evil}, {Sub: evil}, {Mark: evil}, {Title: evil}, {Meter: evil}, {Text: evil, More: []string{evil}},
		{Text: evil, Link: evil, Zoom: [2]int64{1, 2}},
	} {
		if out := string(table{Rows: [][]td{{c, c}}, Foot: [][]td{{c}}}.Body()); strings.Contains(out, "<script>") || strings.Contains(out, `"">`) {
			t.Errorf("%+v: %s", c, out)
		}
	}
}

// A run that went wrong, or that was none, says so before anything else.
func TestPageIsHonest(t *testing.T) {
	all := everyShape()
	for name, want := range map[string][]string{
		"empty":       {"No market data", "The run has no samples of the account", "No strategy asked for an order.", "Equity change - no samples of the account"},
		"sample":      {"The run has one sample of the account"},
		"refused":     {"No order was sent: the risk guard refused all 40 intents, most by order-size.", "no position was held"},
		"liquidated":  {"The account was liquidated once at 2026-08-20 23:00:00 UTC: uniMMR was ", "the exchange liquidates at 1.05 and below. It bought 1.25 UM ETHUSDT at ", "\u2212101 523.00 \u2020"},
		"bankrupt":    {"Bankrupt: equity fell below zero, to -1523 USD."},
		"deleveraged": {"Auto-deleveraging reduced positions once, first at ", "it bought 1.25 UM ETHUSDT at "},
		"many":        {"2 more"},
	} {
		text := readText(renderPage(t, all[name]))
		front, _, _ := strings.Cut(text, "Risk and margin")
		for _, w := range want {
			if !strings.Contains(front, w) {
				t.Errorf("%s: the first screen lacks %q:\n%s", name, w, front)
			}
		}
	}
	if text := readText(renderPage(t, all["single"])); strings.Contains(text, "\u2020") || strings.Contains(text, "liquidated") {
		t.Error("a run that was not liquidated is marked as one")
	}
}

// What was traded after the first liquidation, the month of it and the curves are marked.
func TestPageMarksWhatFollowsALiquidation(t *testing.T) {
	out := renderPage(t, liquidated())
	for _, want := range []string{`23:00:00</a><sup>` + afterMark, `2026-08<sup>` + afterMark, `">` + afterMark + `</span>`} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(out, "2026-08-02 12:47:47.421</a><sup>") {
		t.Error("a fill before the liquidation is marked")
	}
}

// A page can be read by a machine that reads aloud: headings in order, every reference
// leads somewhere, tables have captions and heads, plots have names.
func TestPageStructure(t *testing.T) {
	for name, r := range everyShape() {
		out := renderPage(t, r)
		body := regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>`).ReplaceAllString(out, "")
		level := 0
		for _, m := range regexp.MustCompile(`<h(\d)`).FindAllStringSubmatch(body, -1) {
			if h := int(m[1][0] - '0'); h > level+1 {
				t.Errorf("%s: heading %d follows %d", name, h, level)
			} else {
				level = h
			}
		}
		for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(body, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !strings.Contains(body, ` id="`+id+`"`) {
					t.Errorf("%s: nothing has the id %q", name, id)
				}
			}
		}
		for _, part := range strings.Split(body, "<table")[1:] {
			part, _, _ = strings.Cut(part, "</table>")
			if !strings.Contains(part, "<caption") || !strings.Contains(part, `scope="col"`) || !strings.Contains(part, `scope="row"`) {
				t.Errorf("%s: a table lacks caption or heads: %.120s", name, part)
			}
		}
	}
}

// Every figure of the front page that the statistics give is one that they know.
func TestFrontFiguresAreKnown(t *testing.T) {
	c := newFrontTables(Columns{Backtest: &backtest.Result{}, Live: fakeResult(24 * 100)}.list(&pageOf{}))
	for _, reason := range c.Reasons {
		if strings.Contains(reason, "there is no statistic") {
			t.Error(reason)
		}
	}
	for _, g := range c.Groups {
		for _, row := range g.Rows {
			if len(row.Cells) != 3 || row.Cells[0].Absent || !row.Cells[1].Absent || row.Cells[2].Absent {
				t.Errorf("%s: cells %+v", row.Name, row.Cells)
			}
			for _, cell := range row.Cells[:1] {
				if (cell.Text == undefined) != (cell.Reason != "") || (cell.Reason == "") != (cell.Mark == "") {
					t.Errorf("%s: %+v", row.Name, cell)
				}
			}
			if cell := row.Cells[2]; cell.Text == undefined {
				t.Errorf("%s is undefined over 100 days: %s", row.Name, cell.Reason)
			}
		}
	}
	if !strings.Contains(c.Hint, "pmbot report RUN") {
		t.Errorf("hint %q", c.Hint)
	}
	if full := newFrontTables(Columns{fakeResult(3), fakeResult(3), fakeResult(3)}.list(&pageOf{})); full.Hint != "" {
		t.Errorf("hint %q with all columns filled", full.Hint)
	}
}

func TestPageIsOfTheFirstRunThereIs(t *testing.T) {
	r := fakeResult(3)
	r.Kind = backtest.KindLive
	var b bytes.Buffer
	if err := HTML(&b, ColumnsOf(r)); err != nil {
		t.Fatal(err)
	}
	if text := readText(b.String()); !strings.Contains(text, "Live pmbot 20261101T101500Z-3f9c2b1e") {
		t.Errorf("no badge in %.200s", text)
	}
	if err := HTML(&b, Columns{}); err == nil {
		t.Error("no error without a run")
	}
}

// The bars of a flow lead from nothing to the net, and on to the change of equity.
func TestFlowAddsUp(t *testing.T) {
	r := fakeResult(24 * 20)
	r.Margin.EquityEnd = r.Margin.EquityEnd.Add(cents(123_456))
	bars := flowBlocks(r)[0].Flows.List[0].Bars
	sum := decimal.Zero
	for _, b := range bars {
		if b.Sum {
			if !sum.Equal(b.to) || !b.from.IsZero() {
				t.Errorf("%s is %s, the bars before come to %s", b.Name, b.to, sum)
			}
			continue
		}
		if !b.from.Equal(sum) {
			t.Errorf("%s begins at %s, not at %s", b.Name, b.from, sum)
		}
		sum = b.to
	}
	if len(bars) != 8 || !sum.Equal(r.Margin.EquityEnd.Sub(r.Margin.EquityStart)) {
		t.Errorf("%d bars come to %s", len(bars), sum)
	}
	for _, block := range flowBlocks(manyLegs()) {
		for _, f := range block.Flows.List {
			for _, b := range f.Bars {
				left, width := decimal.RequireFromString(b.Left), decimal.RequireFromString(b.Width)
				if left.IsNegative() || left.Add(width).GreaterThan(decimal.RequireFromString("100.01")) {
					t.Errorf("%s of %.20s from %s, wide %s", b.Name, f.Name, b.Left, b.Width)
				}
			}
		}
	}
}

// A forecast table with numbers that can be checked by hand: a short of 10 000 USD at a
// rate of 0.01% receives 1 USD.
func TestForecastTable(t *testing.T) {
	rate := func(s string) *exchange.Fixed { f := exchange.MustFixed(s); return &f }
	list := []backtest.Settlement{
		{At: 1, Product: exchange.UM, Symbol: "BTCUSDT", Rate: *rate("0.0001"), USD: cents(100), NotionalUSD: cents(-1_000_000), Estimate: rate("0.0002")},
		{At: 2, Product: exchange.UM, Symbol: "BTCUSDT", Rate: *rate("0.0003"), USD: cents(300), NotionalUSD: cents(-1_000_000), Previous: rate("0.0001")},
	}
	var got []string
	for _, c := range forecastTable(list).Rows[0] {
		got = append(got, strings.TrimSpace(c.Text+" "+c.Sub))
	}
	want := "UM BTCUSDT|2|4.00|1.00 1 forecasts|+2.00|300.0%|2.00 1 forecasts|\u22121.00|50.0%"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	steps, daily := fundingSteps(list)
	if daily || len(steps) != 2 || !steps[1].previous.Equal(cents(100)) || !steps[1].estimate.Equal(cents(300)) || steps[1].hasEstimate {
		t.Errorf("steps %+v", steps)
	}
}

// Every value is in exactly one step, and no step has gains and losses.
func TestHistogram(t *testing.T) {
	values := []float64{-3, -0.01, 0, 0.01, 1, 2, 2.5, 7}
	for range 500 {
		values = append(values, 0.5)
	}
	values = append(values, 1e6, -1e6)
	h := newHistogram(values, "%", "days")
	counts := map[string]int64{}
	for _, b := range h.Bars {
		m := regexp.MustCompile(`: (\S+) days$`).FindStringSubmatch(b.Text)
		counts[b.Style] += decimal.RequireFromString(strings.ReplaceAll(m[1], "\u202f", "")).IntPart()
	}
	if counts["loss"] != 3 || counts["gain"] != int64(len(values))-3 || len(h.Bars) > binsMax+1 {
		t.Errorf("%v of %d values in %d steps, want 3 losses", counts, len(values), len(h.Bars))
	}
	for _, few := range [][]float64{{0}, {5}, {-5, -5}, {1e-9}, {-1e9, 1e9}} {
		if h := newHistogram(few, "", "x"); len(h.Bars) == 0 || len(h.Bars) > binsMax+1 {
			t.Errorf("%v: %d steps", few, len(h.Bars))
		}
	}
}

// Two years with a month that is not whole: places, marks and the total of each year.
func TestHeatMap(t *testing.T) {
	month := func(name string, start, end int64, whole bool) stats.Return {
		begin, err := time.Parse("2006-01", name)
		if err != nil {
			t.Fatal(err)
		}
		from := exchange.TimeOf(begin)
		change := cents(end-start).Shift(2).DivRound(cents(start), 8)
		return stats.Return{From: from, To: from.Add(1), Start: cents(start), End: cents(end), Percent: change, OK: true, Whole: whole}
	}
	m := heatMap([]stats.Return{month("2025-11", 1000, 1100, false), month("2025-12", 1100, 990, true), month("2026-01", 990, 1980, true)}, &cutoff{})
	var got []string
	for _, h := range m.Head {
		got = append(got, h.Text)
	}
	for _, row := range m.Rows {
		for _, c := range row {
			got = append(got, c.Text+c.Mark)
		}
	}
	want := "Year|Jan|Nov|Dec|Total|2025||+10.0*|\u221210.0|\u22121.00|2026|+100.0|||+100.0"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if m.Rows[0][2].Style != "n h1" || m.Rows[0][3].Style != "n h-1" || m.Rows[1][1].Style != "n h5" {
		t.Errorf("levels %q %q %q", m.Rows[0][2].Style, m.Rows[0][3].Style, m.Rows[1][1].Style)
	}
}

// The nearest limit stands first, one that no order was measured against last.
func TestLimitTable(t *testing.T) {
	r := fakeResult(24)
	rows := limitTable(r.Limits).Rows
	first, last := rows[0], rows[len(rows)-1]
	if first[0].Text != "position-max" || !strings.Contains(first[1].Style, "full") || first[1].Meter != "100.0" || last[1].Text != undefined || last[4].Text != "never measured" {
		t.Errorf("first %+v, last %+v", first, last)
	}
	if near := rows[1][1]; near.Text != "80.1%" || !strings.Contains(near.Style, "near") {
		t.Errorf("near %+v", near)
	}
}
