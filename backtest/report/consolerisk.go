package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// heldMax bounds the positions that are named at the lowest uniMMR.
const heldMax = 4

func (t *terminalWriter) margin(r *backtest.Result, all *stats.Statistics) {
	m := &r.Margin
	pieces := []cell{
		text("equity %s -> %s", terminal.Money(m.EquityStart), terminal.Money(m.EquityEnd)),
		text("min %s", terminal.Money(m.EquityMin)), text("max %s", terminal.Money(m.EquityMax)),
		text("max drawdown %s%%%s", terminal.Percent(m.DrawdownPct), drawdownDates(m)),
	}
	t.wrapped("MARGIN", pieces...)
	t.wrapped("", uniMMRPieces(r, all)...)
	pieces = []cell{
		{"liquidations " + terminal.Count(int64(m.Liquidations)), badIf(m.Liquidations > 0)},
		{"ADL " + terminal.Count(int64(m.ADL)), badIf(m.ADL > 0)},
		text("haircut at worst %s", terminal.Money(m.HaircutWorst)),
	}
	t.wrapped("", pieces...)
	if shock, ok := worstShock(r.Stress); ok {
		t.wrapped("", shock)
	}
}

// states says for how long not all could trade, and why; nothing if all could all the time.
func (t *terminalWriter) states(list []backtest.StateTime) {
	g := &grid{columns: []column{
		{title: "STATES", left: true}, {title: "reduce only"}, {title: "halted"}, {title: "times", drop: 2}, {title: "the longest", drop: 1}, {title: "why", left: true, least: 12},
	}}
	for i := range list {
		s := &list[i]
		if len(s.Spans) == 0 {
			continue
		}
		longest := longestSpan(s.Spans)
		g.add(text("%s", readable.Clean(s.Scope)), cell{readable.Span(s.ReduceOnly), toneWarn}, cell{readable.Span(s.Halted), toneWarn},
			text("%s", terminal.Count(int64(len(s.Spans)))), text("%s", readable.Span(longest.To.Sub(longest.From))), text("%s", readable.Clean(longest.Cause+": "+terminal.Prose(longest.Reason))))
	}
	t.titled(g)
}

// longestSpan is the longest of some, the first of equals.
func longestSpan(list []backtest.StateSpan) *backtest.StateSpan {
	longest := &list[0]
	for i := range list {
		if s := &list[i]; s.To.Sub(s.From) > longest.To.Sub(longest.From) {
			longest = s
		}
	}
	return longest
}

// uniMMRPieces say how near the account came to the lines at which the exchange acts.
func uniMMRPieces(r *backtest.Result, all *stats.Statistics) []cell {
	m := &r.Margin
	if m.UniMMRMinAt == 0 {
		return []cell{text("uniMMR min %s (no position was held)", undefined)}
	}
	lowest := cell{fmt.Sprintf("uniMMR min %s at %s", terminal.UniMMR(m.UniMMRMin), readable.Minute(m.UniMMRMinAt)), mmrTone(m.UniMMRMin)}
	pieces := []cell{lowest}
	if held := heldAt(r, m.UniMMRMinAt); held != "" {
		pieces = append(pieces, text("with %s", held))
	}
	if m.Below20 == 0 {
		if betweenSamples(m) {
			return append(pieces, cell{"below 2.0 only between two samples", toneWarn})
		}
		return append(pieces, text("never below 2.0"))
	}
	line := "1.2"
	if m.Ladder.ReduceOnly > 0 {
		line = m.Ladder.ReduceOnly.String()
	}
	below := cell{fmt.Sprintf("below 2.0 / 1.5: %s / %s", readable.Span(m.Below20), readable.Span(m.Below15)), toneWarn}
	reduce := text("in reduce only, at %s or below: %s", line, figureText(all.Get("below_reduce_only")))
	if m.Below12 > 0 {
		reduce.tone = toneBad
	}
	return append(pieces, below, reduce)
}

// betweenSamples says whether uniMMR fell below 2.0 and no sample knows of it.
func betweenSamples(m *backtest.MarginSummary) bool {
	return m.Below20 == 0 && m.UniMMRMinAt != 0 && m.UniMMRMin.LessThan(decimal.New(2, 0))
}

// heldAt names the positions of the last sample until then in USD, the largest first.
func heldAt(r *backtest.Result, at exchange.Time) string {
	i, found := slices.BinarySearchFunc(r.Equity, at, func(s backtest.Sample, at exchange.Time) int { return cmp.Compare(s.At, at) })
	if !found {
		i--
	}
	if i < 0 {
		return ""
	}
	held := slices.Clone(r.Equity[i].Exposure)
	slices.SortStableFunc(held, func(a, b backtest.Exposure) int { return b.USD.Abs().Cmp(a.USD.Abs()) })
	var names []string
	for i, e := range held {
		if i == heldMax {
			names = append(names, fmt.Sprintf("%d more", len(held)-i))
			break
		}
		for _, l := range r.Legs {
			if l.Inst == e.Inst {
				names = append(names, readable.Leg(l.Product, l.Symbol)+" "+terminal.Compact(e.USD))
			}
		}
	}
	return strings.Join(names, ", ")
}

// worstShock is the row of the stress tables with the lowest uniMMR, of equals that with
// the least equity.
func worstShock(list []backtest.StressMoment) (c cell, ok bool) {
	var worst *backtest.StressRow
	var of *backtest.StressMoment
	for i := range list {
		for j := range list[i].Rows {
			row := &list[i].Rows[j]
			if j > 0 && (worst == nil || cmp.Or(row.UniMMR.Cmp(worst.UniMMR), row.Equity.Cmp(worst.Equity)) < 0) {
				worst, of = row, &list[i]
			}
		}
	}
	if worst == nil || readable.NoMargin(worst.UniMMR) {
		return cell{}, false
	}
	status, _ := statusWord(worst.Status)
	return cell{fmt.Sprintf("worst shock (%s): %s, to equity %s and uniMMR %s, %s", readable.Clean(of.Why), readable.Clean(worst.Scenario),
		terminal.Money(worst.Equity), terminal.UniMMR(worst.UniMMR), status), mmrTone(worst.UniMMR)}, true
}

func drawdownDates(m *backtest.MarginSummary) string {
	if m.DrawdownFrom == 0 || m.DrawdownTo == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s .. %s)", readable.Day(m.DrawdownFrom), readable.Day(m.DrawdownTo))
}

func badIf(bad bool) tone {
	if bad {
		return toneBad
	}
	return toneText
}

// From limitTold on, in percent of a limit, the console tells of its closest approach.
const limitTold = 1

// limits prints how near approved orders came to each limit, the nearest first, and which
// limits refused.
func (t *terminalWriter) limits(list []backtest.LimitUse) {
	g := &grid{columns: []column{
		{title: "LIMITS", left: true}, {title: "used"}, {title: "refused", drop: 2}, {title: "closest approach", left: true, least: 30},
		{title: "limit", left: true, least: 22, drop: 1}, {title: "at", left: true, drop: 4}, {title: "by", left: true, drop: 5},
		{title: "on", left: true, drop: 6}, {title: "key", left: true, drop: 3},
	}}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b backtest.LimitUse) int { return b.Used.Cmp(a.Used) })
	var untouched []string
	far := 0
	for i := range sorted {
		l := &sorted[i]
		switch {
		case l.Refused == 0 && l.At != 0 && l.Used.LessThan(decimal.New(limitTold, -2)):
			far++
		case l.At != 0 || l.Refused > 0:
			g.add(limitCells(l)...)
		case l.Limit != "":
			untouched = append(untouched, readable.Clean(cmp.Or(strings.TrimPrefix(l.Key, "risk."), l.Rule)))
		}
	}
	switch {
	case len(g.rows) > 0:
	case far > 0:
		t.line("")
		t.wrapped("LIMITS", text("nothing was refused, and less than %d%% was used of each of the %d that orders were held against", limitTold, far))
		return
	default:
		return
	}
	if far > 0 {
		g.note("left out: %d that refused nothing and of which less than %d%% was used; the report has all", far, limitTold)
	}
	if slices.ContainsFunc(list, func(l backtest.LimitUse) bool { return l.At != 0 }) {
		g.note("100%% used is at the limit; a floor such as uniMMR counts as limit over value")
	}
	if len(untouched) > 0 {
		g.note("no order was held against %s", strings.Join(untouched, ", "))
	}
	g.dropEmpty()
	t.titled(g)
}

// refused quotes the first refusal of each control, which says what was wrong and what would pass.
func (t *terminalWriter) refused(r *backtest.Result) {
	g := &grid{columns: []column{
		{title: "REFUSED", left: true}, {title: "times"}, {title: "the first", left: true, least: 40}, {title: "at", left: true, drop: 2}, {title: "of", left: true, drop: 1},
	}}
	for _, rule := range r.Orders.ByRule {
		i := slices.IndexFunc(r.Refusals, func(row backtest.RefusalRow) bool { return row.Rule == rule.Rule })
		if i < 0 {
			continue // only so many are kept
		}
		first := &r.Refusals[i]
		why := strings.TrimPrefix(first.Text, "refused by "+first.Rule+": ")
		g.add(text("%s", readable.Clean(rule.Rule)), cell{terminal.Count(int64(rule.Count)), toneWarn}, text("%s", readable.Clean(terminal.Prose(why))),
			text("%s", readable.Minute(first.At)), text("%s", readable.Clean(first.Strategy)))
	}
	t.titled(g)
}

// budgets prints what strategies used of their budgets at the end.
func (t *terminalWriter) budgets(list []backtest.BudgetLine) {
	if len(list) == 0 {
		return
	}
	g := &grid{columns: []column{{title: "BUDGETS", left: true}, {title: "amount", left: true}, {title: "used"}, {title: "of"}, {title: "", left: true}}}
	for i := range list {
		b := &list[i]
		used, full := amountUsed(b.Used), text("")
		if b.Unknown != "" {
			used = text("%s", readable.Clean(b.Unknown))
		}
		if b.Full {
			full = cell{"used up", toneWarn}
		}
		g.add(text("%s", readable.Clean(b.Strategy)), text("%s", readable.Clean(strings.TrimPrefix(b.Key, "risk.budget."))), used, amountUsed(b.Limit), full)
	}
	t.titled(g)
}

func amountUsed(d decimal.Decimal) cell { return text("%s", terminal.Money(d)) }

func limitCells(l *backtest.LimitUse) []cell {
	used, at := text(undefined), undefined
	if l.At != 0 {
		share := l.Used.Shift(2)
		used, at = text("%s%%", terminal.Percent(share)), readable.Minute(l.At)
		if share.GreaterThanOrEqual(decimal.New(limitNear, 0)) {
			used.tone = toneWarn
		}
	}
	refused := text("%s", terminal.Count(int64(l.Refused)))
	if l.Refused > 0 {
		refused.tone = toneWarn
	}
	or := func(s string) cell { return text("%s", cmp.Or(readable.Clean(s), undefined)) }
	return []cell{
		text("%s", readable.Clean(l.Name())), used, refused, or(terminal.Prose(l.Value)), or(terminal.Prose(l.Limit)), text("%s", at), or(l.Strategy), or(l.Instrument),
		or(strings.TrimPrefix(l.Key, "risk.")),
	}
}

// leftOpen is what the run ended with.
func leftOpen(list []backtest.OpenPosition) *grid {
	g := &grid{columns: []column{
		{title: "LEFT OPEN", left: true}, {title: "position"}, {title: "entry", drop: 2}, {title: "mark", drop: 1},
		{title: "unrealized"}, {title: "asset", left: true},
	}}
	for i := range list {
		p := &list[i]
		g.add(text("%s", readable.Leg(p.Product, p.Symbol)), text("%s", terminal.Exact(p.Qty)), text("%s", terminal.Exact(p.Entry.Round(exchange.FixedPlaces))),
			text("%s", terminal.Fixed(p.Mark)), cell{terminal.Exact(p.Unrealized), signTone(p.Unrealized)}, text("%s", readable.Clean(p.Asset)))
	}
	return g
}
