package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// missingMax bounds the missing settlements of a leg that the console names.
const missingMax = 3

// rejectedCell counts the rejections, by Binance's code.
func rejectedCell(o *backtest.OrderSummary) cell {
	c := text("rejected %s", terminal.Count(int64(o.Rejected)))
	if o.Rejected > 0 {
		c.tone = toneWarn
	}
	codes := make([]string, len(o.ByReason))
	for i, r := range o.ByReason {
		codes[i] = fmt.Sprintf("%d (%s)", r.Code, terminal.Count(int64(r.Count)))
		if r.Code == 0 {
			codes[i] = fmt.Sprintf("%s (%s)", readable.Clean(r.Reason), terminal.Count(int64(r.Count)))
		}
	}
	if len(codes) > 0 {
		c.text += ": " + strings.Join(codes, ", ")
	}
	return c
}

func (t *terminalWriter) orders(o *backtest.OrderSummary) {
	n := func(name string, v int) cell { return text("%s %s", name, terminal.Count(int64(v))) }
	pieces := []cell{
		n("intents", o.Intents), n("sent", o.Sent), n("fills", o.Fills), text("maker %s", makerShare(o.MakerPct)),
		n("canceled", o.Canceled), n("expired", o.Expired), rejectedCell(o), n("open at end", o.OpenAtEnd),
	}
	if o.Unknown > 0 {
		unknown := n("unknown for a time", o.Unknown)
		unknown.tone = toneWarn
		pieces = append(pieces, unknown)
	}
	refused := n("refused", o.Refused)
	if len(o.ByRule) > 0 {
		rules := make([]string, len(o.ByRule))
		for i, rule := range o.ByRule {
			rules[i] = readable.Clean(rule.Rule) + " " + terminal.Count(int64(rule.Count))
		}
		refused.text += ": " + strings.Join(rules, ", ")
	}
	if o.Refused > 0 {
		refused.tone = toneWarn
	}
	t.wrapped("ORDERS", append(pieces, refused)...)
}

// makerShare prints the share of maker fills, undefined when nothing was filled.
func makerShare(pct string) string {
	if pct = strings.TrimSuffix(readable.Clean(pct), "%"); pct == "" || pct == undefined {
		return undefined
	}
	return pct + "%"
}

// funding prints what was received, and what the last rate and the exchange's own
// estimate had forecast for the positions that were settled.
func (t *terminalWriter) funding(r *backtest.Result) {
	if !slices.ContainsFunc(r.Funding, func(f backtest.FundingCount) bool { return f.Held > 0 || len(f.Missing) > 0 }) {
		return
	}
	g := &grid{columns: []column{
		{title: "FUNDING", left: true}, {title: "held", drop: 3}, {title: "passed", drop: 5}, {title: "missing", drop: 4},
		{title: "amount", drop: 2}, {title: "asset", left: true, drop: 2}, {title: "USD"},
		{title: "by last rate (error)", drop: 6}, {title: "by estimate (error)", drop: 1},
	}}
	legs := forecastsByLeg(r.Settlements)
	var gaps []string
	whole := true
	for i := range r.Funding {
		f := &r.Funding[i]
		missing := cell{terminal.Count(int64(len(f.Missing))), toneText}
		if len(f.Missing) > 0 {
			missing.tone = toneWarn
			gaps = append(gaps, readable.Leg(f.Product, f.Symbol)+" "+firstInstants(f.Missing))
		}
		cells := []cell{
			text("%s", readable.Leg(f.Product, f.Symbol)), text("%s", terminal.Count(int64(f.Held))), text("%s", terminal.Count(int64(f.Passed))),
			missing, {terminal.Exact(f.Amount), signTone(f.Amount)}, text("%s", readable.Clean(f.Asset)),
		}
		var leg legForecasts // of nothing, where nothing was settled while held
		if at := slices.IndexFunc(legs, func(l legForecasts) bool { return l.product == f.Product && l.symbol == f.Symbol }); at >= 0 {
			leg = legs[at]
		}
		forecasts, all := leg.consoleCells()
		g.add(append(cells, forecasts...)...)
		whole = whole && all
	}
	if !whole {
		g.note("not every settlement had a forecast: an error is of those that had one")
	}
	if len(gaps) > 0 {
		g.note("no settlement at: %s", strings.Join(gaps, "; "))
	}
	g.dropEmpty()
	t.titled(g)
}

// consoleCells are what a leg's settlements brought, and for each forecast its sum with by how
// much the settlements that had one missed it; whole says whether all had one.
func (l *legForecasts) consoleCells() (cells []cell, whole bool) {
	cells, whole = []cell{amount(l.received)}, true
	for _, sum := range [...]forecastSum{l.previous, l.estimate} {
		forecast := text(undefined)
		if sum.n > 0 {
			forecast = text("%s (%s)", terminal.Money(sum.expected), terminal.Signed(sum.received.Sub(sum.expected)))
			whole = whole && sum.n == l.settlements
		}
		cells = append(cells, forecast)
	}
	return cells, whole
}

func firstInstants(list []exchange.Time) string {
	var out []string
	for i, at := range list {
		if i == missingMax {
			out = append(out, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		out = append(out, readable.Minute(at))
	}
	return strings.Join(out, ", ")
}
