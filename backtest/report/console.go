package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// ConsoleOptions say what the reader's terminal can do.
type ConsoleOptions struct {
	// Color allows escape sequences; the caller knows whether this is a terminal and
	// whether NO_COLOR is set.
	Color bool
	// Width is the number of columns; 0 is a pipe, where lines have no end. Tables drop
	// columns, and say which, to stay within it.
	Width int
	// Report is the path of report.html, empty if none was written.
	Report string
}

const (
	// warningsMax and missingMax bound what the console repeats of long lists.
	warningsMax = 20
	missingMax  = 3
)

// Console prints the run's tables. The last line is "result <hash>", for people and for
// scripts that compare runs. The error is the writer's.
func Console(w io.Writer, r *backtest.Result, opt ConsoleOptions) error {
	t := &terminalWriter{w: w, color: opt.Color, width: opt.Width}
	t.run(r)
	t.line("")
	t.lines("BY STRATEGY", r.ByStrategy, &r.Total)
	if len(r.ByLeg) > 0 {
		t.line("")
		t.lines("BY LEG", r.ByLeg, nil)
	}
	if len(r.ByMonth) > 1 {
		t.line("")
		t.months(r.ByMonth)
	}
	t.line("")
	t.margin(r)
	t.orders(&r.Orders)
	t.funding(r.Funding)
	t.ratios(r)
	t.warnings(r.Warnings)
	t.line("")
	if opt.Report != "" {
		t.line("report: " + clean(opt.Report))
	}
	t.line("result " + clean(r.Hash))
	return t.err
}

func (t *terminalWriter) run(r *backtest.Result) {
	from, to := period(r)
	pieces := []cell{
		{clean(r.ID), toneHead}, text("%s", strategyNames(r)), text("%s", productNames(r)),
		text("%s .. %s", day(from), day(to)), text("%s", speed(r)), text("seed %d", r.Seed),
	}
	if r.Hash != "" {
		pieces = append(pieces, text("result %s", shortHash(r.Hash)))
	}
	t.wrapped("RUN", slices.DeleteFunc(pieces, func(c cell) bool { return c.text == "" })...)
}

// speed says how many events the run had and how fast it was.
func speed(r *backtest.Result) string {
	s := "events " + terminal.count(int64(r.Events))
	if r.Elapsed <= 0 {
		return s
	}
	rate := decimal.NewFromFloat(float64(r.Events) / r.Elapsed.Seconds())
	return fmt.Sprintf("%s in %s (%s/s)", s, span(r.Elapsed), terminal.compact(rate))
}

func shortHash(h string) string {
	if h = clean(h); len(h) > 12 {
		return h[:12]
	}
	return h
}

// strategyNames lists the strategies by label, those of the tables where the run does
// not describe them.
func strategyNames(r *backtest.Result) string {
	var names []string
	for _, s := range r.Strategies {
		name := s.Label
		if name == "" {
			name = s.Name
		}
		names = append(names, clean(name))
	}
	if len(names) == 0 {
		for _, l := range r.ByStrategy {
			names = append(names, clean(l.Name))
		}
	}
	return strings.Join(names, ", ")
}

// productNames joins the products of the run's legs, such as "UM+CM".
func productNames(r *backtest.Result) string {
	var has [exchange.Margin + 1]bool
	for _, l := range r.Legs {
		if l.Product <= exchange.Margin {
			has[l.Product] = true
		}
	}
	var names []string
	for p := exchange.UM; p <= exchange.Margin; p++ {
		if has[p] {
			names = append(names, p.String())
		}
	}
	return strings.Join(names, "+")
}

// lineColumns are the columns of result lines. Where room is short, what explains least
// of the net goes first. The last riskColumns are of what is followed over samples.
func lineColumns(title string) []column {
	return []column{
		{title: title, left: true}, {title: "trades", drop: 2}, {title: "turnover", drop: 6}, {title: "price", drop: 1},
		{title: "fees", drop: 1}, {title: "funding", drop: 1}, {title: "interest", drop: 3}, {title: "net"},
		{title: "net%"}, {title: "maxDD%", drop: 4}, {title: "uniMMR min", drop: 5},
	}
}

const riskColumns = 2

// months prints result lines that have no risk of their own.
func (t *terminalWriter) months(lines []backtest.Line) {
	columns := lineColumns("BY MONTH")
	g := &grid{columns: columns[:len(columns)-riskColumns]}
	for i := range lines {
		cells := lineCells(&lines[i])
		g.add(cells[:len(cells)-riskColumns]...)
	}
	t.table(g)
}

// lines prints result lines as a table.
func (t *terminalWriter) lines(title string, lines []backtest.Line, sum *backtest.Line) {
	g := &grid{columns: lineColumns(title)}
	for i := range lines {
		g.add(lineCells(&lines[i])...)
	}
	if sum != nil {
		total := *sum
		total.Name = "TOTAL"
		cells := lineCells(&total)
		cells[0].tone = toneHead
		g.add(cells...)
	}
	t.table(g)
}

func lineCells(l *backtest.Line) []cell {
	return []cell{
		text("%s", clean(l.Name)), text("%s", terminal.count(int64(l.Trades))), text("%s", terminal.compact(l.Turnover)),
		amount(l.Price), amount(l.Fees), amount(l.Funding), amount(l.Interest), amount(l.Net),
		{terminal.percent(l.NetPct), signTone(l.NetPct)}, text("%s", terminal.percent(l.DrawdownPct)), lowest(l.UniMMRMin),
	}
}

// amount is money in the colour of its sign.
func amount(d decimal.Decimal) cell { return cell{terminal.money(d), signTone(d)} }

func signTone(d decimal.Decimal) tone {
	switch d = d.Round(exchange.FixedPlaces); {
	case d.IsNegative():
		return toneBad
	case d.IsPositive():
		return toneGood
	default:
		return toneText
	}
}

// lowest is a line's lowest uniMMR; zero stands for a line that never held a position.
func lowest(d decimal.Decimal) cell {
	if d.IsZero() {
		return text(undefined)
	}
	return cell{terminal.uniMMR(d), mmrTone(d)}
}

// mmrTone warns below 2, and at 1.2, where plain Portfolio Margin becomes reduce-only.
func mmrTone(d decimal.Decimal) tone {
	switch {
	case d.LessThanOrEqual(decimal.New(12, -1)):
		return toneBad
	case d.LessThan(decimal.New(2, 0)):
		return toneWarn
	default:
		return toneText
	}
}

func (t *terminalWriter) margin(r *backtest.Result) {
	m := &r.Margin
	pieces := []cell{
		text("equity %s -> %s", terminal.money(m.EquityStart), terminal.money(m.EquityEnd)),
		text("min %s", terminal.money(m.EquityMin)), text("max %s", terminal.money(m.EquityMax)),
	}
	if change, rest := equityChange(r); !rest.Round(2).IsZero() {
		pieces = append(pieces, text("change %s = net %s + value of collateral %s",
			terminal.signed(change), terminal.signed(r.Total.Net), terminal.signed(rest)))
	}
	if m.UniMMRMinAt == 0 {
		pieces = append(pieces, text("uniMMR min %s (no position was held)", undefined))
	} else {
		pieces = append(pieces,
			cell{fmt.Sprintf("uniMMR min %s at %s", terminal.uniMMR(m.UniMMRMin), minute(m.UniMMRMinAt)), mmrTone(m.UniMMRMin)})
	}
	pieces = append(pieces,
		text("below 2.0 / 1.5 / 1.2: %s / %s / %s", span(m.Below20), span(m.Below15), span(m.Below12)),
		text("max drawdown %s%%%s", terminal.percent(m.DrawdownPct), drawdownDates(m)),
		cell{"liquidations " + terminal.count(int64(m.Liquidations)), badIf(m.Liquidations > 0)},
		text("haircut at worst %s", terminal.money(m.HaircutWorst)))
	t.wrapped("MARGIN", pieces...)
}

func drawdownDates(m *backtest.MarginSummary) string {
	if m.DrawdownFrom == 0 || m.DrawdownTo == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s .. %s)", day(m.DrawdownFrom), day(m.DrawdownTo))
}

func badIf(bad bool) tone {
	if bad {
		return toneBad
	}
	return toneText
}

// rejectedCell counts the rejections, by Binance's code.
func rejectedCell(o *backtest.OrderSummary) cell {
	c := text("rejected %s", terminal.count(int64(o.Rejected)))
	if o.Rejected > 0 {
		c.tone = toneWarn
	}
	codes := make([]string, len(o.ByReason))
	for i, r := range o.ByReason {
		codes[i] = fmt.Sprintf("%d (%s)", r.Code, terminal.count(int64(r.Count)))
		if r.Code == 0 {
			codes[i] = fmt.Sprintf("%s (%s)", clean(r.Reason), terminal.count(int64(r.Count)))
		}
	}
	if len(codes) > 0 {
		c.text += ": " + strings.Join(codes, ", ")
	}
	return c
}

func (t *terminalWriter) orders(o *backtest.OrderSummary) {
	n := func(name string, v int) cell { return text("%s %s", name, terminal.count(int64(v))) }
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
			rules[i] = clean(rule.Rule) + " " + terminal.count(int64(rule.Count))
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
	if pct = strings.TrimSuffix(clean(pct), "%"); pct == "" || pct == undefined {
		return undefined
	}
	return pct + "%"
}

func (t *terminalWriter) funding(list []backtest.FundingCount) {
	if len(list) == 0 {
		t.wrapped("FUNDING", text("no settlements"))
		return
	}
	g := &grid{columns: []column{
		{title: "FUNDING", left: true}, {title: "held"}, {title: "passed"}, {title: "missing"},
		{title: "amount"}, {title: "asset", left: true}, {title: "missing at", left: true, drop: 1},
	}}
	for _, f := range list {
		missing := cell{terminal.count(int64(len(f.Missing))), toneText}
		if len(f.Missing) > 0 {
			missing.tone = toneWarn
		}
		g.add(text("%s", legName(f.Product, f.Symbol)), text("%s", terminal.count(int64(f.Held))),
			text("%s", terminal.count(int64(f.Passed))), missing, cell{terminal.exact(f.Amount), signTone(f.Amount)},
			text("%s", clean(f.Asset)), text("%s", firstInstants(f.Missing)))
	}
	if !slices.ContainsFunc(list, func(f backtest.FundingCount) bool { return len(f.Missing) > 0 }) {
		g.columns = g.columns[:len(g.columns)-1]
		for i := range g.rows {
			g.rows[i] = g.rows[i][:len(g.columns)]
		}
	}
	t.line("")
	t.table(g)
	t.line("")
}

func firstInstants(list []exchange.Time) string {
	var out []string
	for i, at := range list {
		if i == missingMax {
			out = append(out, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		out = append(out, minute(at))
	}
	return strings.Join(out, ", ")
}

func (t *terminalWriter) ratios(r *backtest.Result) {
	all := stats.Of(r)
	var pieces []cell
	var notes []string
	for _, s := range ratiosOf(all) {
		value := statText(terminal, &s)
		if !s.OK {
			note := slices.Index(notes, s.Reason)
			if note < 0 {
				note = len(notes)
				notes = append(notes, s.Reason)
			}
			value = fmt.Sprintf("%s [%d]", undefined, note+1)
		}
		pieces = append(pieces, text("%s %s", s.Name, value))
	}
	pieces = append(pieces, text("days won %s of %s", all.Get("days_won").Number, all.Get("days").Number))
	t.wrapped("RATIOS", append([]cell{text("of equity, collateral included:")}, pieces...)...)
	for i, note := range notes {
		t.wrapped("", cell{fmt.Sprintf("[%d] %s", i+1, note), toneDim})
	}
}

// ratiosOf are the statistics that readers look for first, under the names they know.
func ratiosOf(all *stats.Statistics) []stats.Item {
	var list []stats.Item
	for _, known := range [][2]string{{"cagr", "CAGR"}, {"sharpe", "Sharpe"}, {"sortino", "Sortino"}, {"calmar", "Calmar"}, {"profit_factor_days", "profit factor"}} {
		item := all.Get(known[0])
		item.Name = known[1]
		list = append(list, item)
	}
	return list
}

func statText(n numerals, s *stats.Item) string {
	switch {
	case !s.OK:
		return undefined
	case s.Unit == stats.Percent:
		return n.money(s.Number) + "%"
	default:
		return n.money(s.Number)
	}
}

func (t *terminalWriter) warnings(list []backtest.Warning) {
	if len(list) == 0 {
		t.wrapped("WARNINGS", text("none"))
		return
	}
	t.wrapped("WARNINGS", cell{terminal.count(int64(len(list))), toneWarn})
	for i, warning := range list {
		if i == warningsMax {
			t.line(fmt.Sprintf("and %s more, in report.html and result.json", terminal.count(int64(len(list)-i))))
			break
		}
		t.section(shorten(clean(warning.Kind), indent-1), toneWarn, text("%s", clean(warning.Text)))
	}
}
