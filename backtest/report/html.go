package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
)

//go:embed report.tmpl.html
var pageTemplate string

//go:embed report.css
var pageStyle string

//go:embed report.js
var pageScript string

// document is everything the template shows.
type document struct {
	Title, Period, Subtitle string
	ID, Hash                string
	Policy                  string
	Style                   template.CSS
	Script                  template.JS
	Data                    plot.Data

	Figures  []figure
	Notices  []notice
	Warnings []warningGroup
	Charts   []*plot.Chart
	Flow     []flowBar
	FlowNote string
	Sections []section
	Config   string
}

// figure is one of the numbers a professional looks for first.
type figure struct {
	Name, Value, Note, Tone string
	Large                   bool
}

// warningGroup is the warnings of one kind.
type warningGroup struct {
	Kind  string
	First []string
	// Rest is folded away when there are many.
	Rest []string
}

// section is a group of tables under a heading.
type section struct {
	ID, Title string
	Tables    []table
}

// HTML writes the report as one page that needs nothing else: styles, script and charts
// are inside, and its own policy forbids every request and every other script. The tables
// and the charts are there without JavaScript; the script adds the crosshair, zoom,
// filters and sorting.
func HTML(w io.Writer, r *backtest.Result) error {
	t, err := template.New("report").Parse(pageTemplate + plot.Templates)
	if err != nil {
		return fmt.Errorf("report template: %w", err)
	}
	if err := t.Execute(w, newDocument(r)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func newDocument(r *backtest.Result) *document {
	from, to := period(r)
	list, f := charts(r)
	script := plot.Script + pageScript
	sum := sha256.Sum256([]byte(script))
	return &document{
		Title:    cmp.Or(strategyNames(r), "Backtest"),
		Period:   fmt.Sprintf("%s to %s UTC", minute(from), minute(to)),
		Subtitle: subtitle(r),
		ID:       clean(r.ID),
		Hash:     clean(r.Hash),
		Policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style:    template.CSS(plot.Style + pageStyle),
		Script:   template.JS(script),
		Data:     f.Data(),
		Figures:  figures(r),
		Notices:  notices(r),
		Warnings: warningGroups(r.Warnings),
		Charts:   list,
		Flow:     flow(&r.Total),
		FlowNote: flowNote(r),
		Sections: sections(r),
		Config:   cleanLines(r.Config),
	}
}

func subtitle(r *backtest.Result) string {
	from, to := period(r)
	parts := []string{productNames(r), span(to.Sub(from)), page.count(int64(r.Events)) + " events"}
	if parts[0] == "" {
		parts = parts[1:]
	}
	return strings.Join(parts, " · ")
}

// figures are the numbers at the top of the page.
func figures(r *backtest.Result) []figure {
	m, t, o := &r.Margin, &r.Total, &r.Orders
	mmr := figure{Name: "uniMMR minimum", Value: undefined, Note: "no position was held", Large: true}
	if m.UniMMRMinAt != 0 {
		mmr.Value, mmr.Note = page.uniMMR(m.UniMMRMin), minute(m.UniMMRMinAt)+" UTC"
		mmr.Tone = mmrTone(m.UniMMRMin).style()
	}
	fall := figure{Name: "Max drawdown", Value: page.percent(m.DrawdownPct) + "%", Large: true}
	if dates := strings.Trim(drawdownDates(m), " ()"); dates != "" {
		fall.Note = strings.ReplaceAll(dates, "..", "to")
	}
	refused := figure{Name: "Refused", Value: page.count(int64(o.Refused)), Note: "of " + page.count(int64(o.Intents)) + " intents"}
	if len(o.ByRule) > 0 {
		refused.Note = "most by " + clean(o.ByRule[0].Rule)
	}
	return []figure{
		accountGain(m),
		{"Net of trading", page.signed(t.Net), page.plus(t.NetPct) + "% of the start; without what collateral gained", signTone(t.Net).style(), true},
		fall, mmr,
		{Name: "Trades", Value: page.count(int64(t.Trades)), Note: page.count(int64(o.Fills)) + " fills, " + page.count(int64(o.Sent)) + " orders sent"},
		{Name: "Turnover", Value: page.compact(t.Turnover), Note: "USD"},
		{Name: "Fees", Value: page.signed(t.Fees), Note: basisPoints(t.Fees, t.Turnover)},
		{Name: "Funding", Value: page.signed(t.Funding), Note: "USD"},
		{Name: "Maker", Value: makerShare(o.MakerPct), Note: "of fills"},
		refused,
	}
}

// accountGain is the change of equity: what the account gained, its collateral included. A hedge loses in its
// trading what its coins gain, so neither figure tells the story alone.
func accountGain(m *backtest.MarginSummary) figure {
	change := m.EquityEnd.Sub(m.EquityStart)
	f := figure{Name: "Equity change", Value: page.signed(change), Note: "USD", Tone: signTone(change).style(), Large: true}
	if m.EquityStart.IsPositive() {
		share := change.Shift(2).DivRound(m.EquityStart, 4)
		f.Note = page.plus(share) + "% of " + page.money(m.EquityStart) + " at the start"
	}
	return f
}

// style is the page's class for the meaning.
func (t tone) style() string {
	return [...]string{toneText: "", toneHead: "head", toneDim: "dim", toneGood: "good", toneBad: "bad", toneWarn: "warn"}[t]
}

// basisPoints relates fees to turnover.
func basisPoints(fees, turnover decimal.Decimal) string {
	if turnover.IsZero() {
		return "USD"
	}
	return page.plain(fees.Mul(decimal.New(10_000, 0)).DivRound(turnover, 16).StringFixed(2)) + " bp of turnover"
}

// notice is something about the run as a whole that must not be overlooked.
type notice struct {
	Text string
	Bad  bool
}

func notices(r *backtest.Result) []notice {
	var out []notice
	if n := r.Margin.Liquidations; n > 0 {
		out = append(out, notice{fmt.Sprintf("The account was liquidated %s. What follows the first liquidation says little about the strategy.", times(n)), true})
	}
	if len(r.Equity) == 0 {
		out = append(out, notice{"The run has no samples of the account: it ended before the first one.", false})
	}
	if r.Orders.Fills == 0 && r.Fills.Len() == 0 {
		out = append(out, notice{"No order was filled.", false})
	}
	return out
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return page.count(int64(n)) + " times"
}

// warningsFirst is how many warnings of a kind stand unfolded.
const warningsFirst = 6

func warningGroups(list []backtest.Warning) []warningGroup {
	var out []warningGroup
	index := map[string]int{}
	for _, w := range list {
		kind := clean(w.Kind)
		i, known := index[kind]
		if !known {
			i = len(out)
			index[kind] = i
			out = append(out, warningGroup{Kind: kind})
		}
		if g := &out[i]; len(g.First) < warningsFirst {
			g.First = append(g.First, clean(w.Text))
		} else {
			g.Rest = append(g.Rest, clean(w.Text))
		}
	}
	return out
}

// flowBar is a step from nothing to the net.
type flowBar struct {
	Name, Amount, Tone string
	// Left and Width place the bar in percent, Zero the line of zero.
	Left, Width, Zero string
	Sum               bool
}

// flow is the way from nothing to the net: each source begins where the last one ended.
func flow(t *backtest.Line) []flowBar {
	steps := []struct {
		name   string
		amount decimal.Decimal
		sum    bool
	}{{"Price", t.Price, false}, {"Fees", t.Fees, false}, {"Funding", t.Funding, false}, {"Interest", t.Interest, false}, {"Net", t.Net, true}}
	low, high, at := decimal.Zero, decimal.Zero, decimal.Zero
	for _, s := range steps[:4] {
		at = at.Add(s.amount)
		low, high = decimal.Min(low, at), decimal.Max(high, at)
	}
	low, high = decimal.Min(low, t.Net), decimal.Max(high, t.Net)
	width := high.Sub(low)
	if width.IsZero() {
		width = decimal.New(1, 0)
	}
	share := func(d decimal.Decimal) string { return d.Mul(decimal.New(100, 0)).DivRound(width, 16).StringFixed(2) }
	var out []flowBar
	at = decimal.Zero
	for _, s := range steps {
		start, end := at, at.Add(s.amount)
		if s.sum {
			start, end = decimal.Zero, s.amount
		}
		out = append(out, flowBar{
			Name: s.name, Amount: page.signed(s.amount), Tone: signTone(s.amount).style(), Sum: s.sum,
			Left: share(decimal.Min(start, end).Sub(low)), Width: share(s.amount.Abs()), Zero: share(low.Neg()),
		})
		at = end
	}
	return out
}

func flowNote(r *backtest.Result) string {
	note := "In USD. Each bar begins where the one before ended."
	if !r.Total.Slippage.IsZero() {
		note += " Price includes slippage of " + page.money(r.Total.Slippage) + " against the price at the decision."
	}
	if change, rest := equityChange(r); !rest.Round(2).IsZero() {
		note += fmt.Sprintf(" Equity changed by %s: beside the net, by %s that the collateral gained or lost in value.",
			page.signed(change), page.signed(rest))
	}
	return note
}

// equityChange is by how much equity changed, and what of it is not the net of trading:
// the value of the coins that serve as collateral, after haircuts.
func equityChange(r *backtest.Result) (change, rest decimal.Decimal) {
	change = r.Margin.EquityEnd.Sub(r.Margin.EquityStart)
	return change, change.Sub(r.Total.Net)
}
