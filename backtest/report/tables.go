package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// table is a table of the page.
type table struct {
	ID, Caption, Note string
	Head              []head
	Rows              [][]td
	Foot              []td
	// Search offers a filter and scrolls inside its own box.
	Search bool
	// Narrow tables may stand side by side.
	Narrow bool
	// Empty is what stands in place of a table without rows.
	Empty string
}

// head is a column's title.
type head struct {
	Text   string
	Number bool
}

// td is a cell: its text, its style, and what it is sorted by if not its text.
type td struct{ Text, Style, Sort string }

// heads makes titles; those that start with "#" stand over numbers.
func heads(titles ...string) []head {
	out := make([]head, len(titles))
	for i, t := range titles {
		out[i] = head{Text: t}
		if t[0] == '#' {
			out[i] = head{t[1:], true}
		}
	}
	return out
}

// Cells: text, code, and figures that sort by their exact value.

func word(s string) td                   { return td{Text: clean(s)} }
func code(s string) td                   { return td{Text: clean(s), Style: "code"} }
func figureOf(text string, by string) td { return td{Text: text, Style: "n", Sort: by} }
func countOf(n int64) td                 { return figureOf(page.count(n), strconv.FormatInt(n, 10)) }
func exactOf(d decimal.Decimal) td       { return figureOf(page.exact(d), d.String()) }
func fixedOf(f exchange.Fixed) td        { return figureOf(page.fixed(f), f.String()) }
func moneyOf(d decimal.Decimal) td       { return figureOf(page.money(d), d.String()) }
func at(t exchange.Time, text string) td { return td{text, "t", strconv.FormatInt(int64(t), 10)} }
func tonedOf(d decimal.Decimal, text string) td {
	return td{text, "n " + signTone(d).style(), d.String()}
}

// rowsMax is how many rows of each end of a long list the page has.
const rowsMax = 1500

// sections are all tables of the page in their order.
func sections(r *backtest.Result) []section {
	results := section{ID: "results", Title: "Results", Tables: []table{lineTable("by-strategy", "By strategy", r.ByStrategy, &r.Total)}}
	if len(r.ByLeg) > 0 {
		results.Tables = append(results.Tables, lineTable("by-leg", "By leg", r.ByLeg, nil))
	}
	if len(r.ByMonth) > 0 {
		results.Tables = append(results.Tables, monthTable(r.ByMonth))
	}
	results.Tables = append(results.Tables, ratioTable(r))
	account := section{ID: "account", Title: "Account", Tables: []table{
		marginTable(r), balanceTable(r.Balances), openTable(r.Open), fundingTable(r.Funding),
	}}
	orders := section{ID: "orders", Title: "Orders", Tables: []table{orderTable(&r.Orders), ruleTable(&r.Orders)}}
	trades := section{ID: "trades", Title: "Trades", Tables: []table{fillTable(&r.Fills), refusalTable(r.Refusals)}}
	inputs := section{ID: "inputs", Title: "Inputs", Tables: []table{parameterTable(r.Strategies), dataTable(r.Data), hashTable(r)}}
	return []section{results, account, orders, trades, inputs}
}

func lineTable(id, caption string, lines []backtest.Line, sum *backtest.Line) table {
	t := table{ID: id, Caption: caption, Head: heads("Name", "#Trades", "#Turnover", "#Price", "#Fees",
		"#Funding", "#Interest", "#Net", "#Net %", "#Slippage", "#Drawdown %", "#uniMMR min")}
	for i := range lines {
		t.Rows = append(t.Rows, lineRow(&lines[i]))
	}
	if sum != nil {
		total := *sum
		total.Name = "Total"
		t.Foot = lineRow(&total)
	}
	return t
}

// monthTable leaves out what months have not: drawdown and uniMMR of their own.
func monthTable(lines []backtest.Line) table {
	t := lineTable("by-month", "By month", lines, nil)
	t.Head = t.Head[:len(t.Head)-riskColumns]
	for i, row := range t.Rows {
		t.Rows[i] = row[:len(row)-riskColumns]
	}
	return t
}

func lineRow(l *backtest.Line) []td {
	mmr := td{Text: undefined, Style: "n", Sort: l.UniMMRMin.String()}
	if !l.UniMMRMin.IsZero() {
		mmr.Text, mmr.Style = page.uniMMR(l.UniMMRMin), "n "+mmrTone(l.UniMMRMin).style()
	}
	return []td{
		word(l.Name), countOf(int64(l.Trades)), figureOf(page.compact(l.Turnover), l.Turnover.String()),
		tonedOf(l.Price, page.money(l.Price)), tonedOf(l.Fees, page.money(l.Fees)), tonedOf(l.Funding, page.money(l.Funding)),
		tonedOf(l.Interest, page.money(l.Interest)), {page.money(l.Net), "n strong " + signTone(l.Net).style(), l.Net.String()},
		tonedOf(l.NetPct, page.percent(l.NetPct)), moneyOf(l.Slippage),
		figureOf(page.percent(l.DrawdownPct), l.DrawdownPct.String()), mmr,
	}
}

func ratioTable(r *backtest.Result) table {
	all := stats.Of(r)
	t := table{ID: "ratios", Caption: "Ratios", Head: heads("Statistic", "#Value", "Definition"),
		Note: "Over the account's equity, so with what its collateral gained. Days are UTC; the riskless rate is 0."}
	for _, s := range ratiosOf(all) {
		means := s.Formula
		if !s.OK {
			means += "; undefined: " + s.Reason
		}
		t.Rows = append(t.Rows, []td{word(s.Name), figureOf(statText(page, &s), ""), word(means)})
	}
	won := fmt.Sprintf("%s of %s", all.Get("days_won").Number, all.Get("days").Number)
	t.Rows = append(t.Rows, []td{word("days won"), figureOf(won, ""), word("whole days that ended higher than they began")})
	return t
}

func marginTable(r *backtest.Result) table {
	m := &r.Margin
	change, rest := equityChange(r)
	mmr := undefined
	if m.UniMMRMinAt != 0 {
		mmr = page.uniMMR(m.UniMMRMin)
	}
	row := func(name, value, note string) []td { return []td{word(name), figureOf(value, ""), word(note)} }
	return table{ID: "margin", Narrow: true, Caption: "Margin", Head: heads("Measure", "#Value", "Note"), Rows: [][]td{
		row("Equity at the start", page.money(m.EquityStart), "USD"),
		row("Equity at the end", page.money(m.EquityEnd), "USD"),
		row("Change of equity", page.signed(change), "USD"),
		row("Without the net", page.signed(rest), "USD that the collateral gained or lost in value"),
		row("Lowest equity", page.money(m.EquityMin), "USD"),
		row("Highest equity", page.money(m.EquityMax), "USD"),
		row("Lowest uniMMR", mmr, minute(m.UniMMRMinAt)),
		row("Time below 2.0", span(m.Below20), "by samples"),
		row("Time below 1.5", span(m.Below15), "by samples"),
		row("Time below 1.2", span(m.Below12), "reduce only at Binance"),
		row("Liquidations", page.count(int64(m.Liquidations)), ""),
		row("Haircut at worst", page.money(m.HaircutWorst), "USD that Binance does not count as collateral"),
	}}
}

func balanceTable(list []backtest.BalanceLine) table {
	t := table{ID: "balances", Narrow: true, Caption: "Balances", Empty: "no balances", Head: heads("Asset", "Wallet", "#Start", "#End", "#Change"),
		Note: "LOAN and INTEREST are debts."}
	for _, b := range list {
		change := b.End.Sub(b.Start)
		t.Rows = append(t.Rows, []td{word(b.Asset), word(b.Wallet.String()), exactOf(b.Start), exactOf(b.End), tonedOf(change, page.exact(change))})
	}
	return t
}

func openTable(list []backtest.OpenPosition) table {
	t := table{ID: "open", Caption: "Open positions", Empty: "no position was open at the end",
		Head: heads("Leg", "#Quantity", "#Entry", "#Mark", "#Unrealised", "Asset")}
	for _, p := range list {
		t.Rows = append(t.Rows, []td{word(legName(p.Product, p.Symbol)), exactOf(p.Qty), exactOf(p.Entry.Round(exchange.FixedPlaces)),
			fixedOf(p.Mark), tonedOf(p.Unrealized, page.exact(p.Unrealized.Round(exchange.FixedPlaces))), word(p.Asset)})
	}
	return t
}

func fundingTable(list []backtest.FundingCount) table {
	t := table{ID: "settlements", Caption: "Funding settlements", Empty: "no settlements",
		Head: heads("Leg", "#Held", "#Passed", "#Missing", "#Amount", "Asset", "Missing at"),
		Note: "Held: with a position. Passed: without. Missing: due by the interval, absent in the data."}
	for _, f := range list {
		t.Rows = append(t.Rows, []td{word(legName(f.Product, f.Symbol)), countOf(int64(f.Held)), countOf(int64(f.Passed)),
			countOf(int64(len(f.Missing))), tonedOf(f.Amount, page.exact(f.Amount)), word(f.Asset), word(firstInstants(f.Missing))})
	}
	return t
}

func orderTable(o *backtest.OrderSummary) table {
	t := table{ID: "order-counts", Narrow: true, Caption: "What became of the intents", Head: heads("Outcome", "#Count")}
	for _, row := range []struct {
		name string
		n    int
	}{
		{"Intents", o.Intents}, {"Refused by the guard", o.Refused}, {"Sent", o.Sent}, {"Rejected by the venue", o.Rejected},
		{"Fills", o.Fills}, {"Cancelled", o.Canceled}, {"Expired", o.Expired}, {"Open at the end", o.OpenAtEnd},
	} {
		t.Rows = append(t.Rows, []td{word(row.name), countOf(int64(row.n))})
	}
	for _, r := range o.ByReason {
		t.Rows = append(t.Rows, []td{word(fmt.Sprintf("Rejected with %d: %s", r.Code, clean(r.Reason))), countOf(int64(r.Count))})
	}
	if o.Unknown > 0 {
		t.Rows = append(t.Rows, []td{word("Outcomes unknown for a time"), countOf(int64(o.Unknown))})
	}
	t.Rows = append(t.Rows, []td{word("Maker share of fills"), figureOf(makerShare(o.MakerPct), "")})
	return t
}

func ruleTable(o *backtest.OrderSummary) table {
	t := table{ID: "rules", Narrow: true, Caption: "Refusals by rule", Empty: "nothing was refused", Head: heads("Rule", "#Refused")}
	for _, rule := range o.ByRule {
		t.Rows = append(t.Rows, []td{word(rule.Rule), countOf(int64(rule.Count))})
	}
	return t
}

// ends returns the first and the last rows of a list of n, and the note that says so.
func ends(n int, what, where string) (keep func(int) bool, note string) {
	if n <= 2*rowsMax {
		return func(int) bool { return true }, ""
	}
	return func(i int) bool { return i < rowsMax || i >= n-rowsMax },
		fmt.Sprintf("The first and the last %s of %s %s. All are in %s.", page.count(rowsMax), page.count(int64(n)), what, where)
}

func fillTable(fills *backtest.Rows[backtest.FillRow]) table {
	t := table{ID: "fills", Caption: "Fills", Empty: "no order was filled", Search: true, Head: heads("Time UTC", "Strategy", "Leg",
		"Side", "Liquidity", "#Quantity", "#Price", "#Fee", "Asset", "#Realised", "#Position", "Tag")}
	var keep func(int) bool
	keep, t.Note = ends(fills.Len(), "fills", "fills.csv")
	for i, f := range fills.All() {
		if !keep(i) {
			continue
		}
		liquidity := td{Text: liquidityOf(f)}
		if f.Forced != exchange.NotForced {
			liquidity.Style = "bad"
		}
		t.Rows = append(t.Rows, []td{at(f.At, instant(f.At)), word(f.Strategy), word(legName(f.Product, f.Symbol)), word(f.Side.String()),
			liquidity, fixedOf(f.Qty), fixedOf(f.Price), exactOf(f.Fee), word(f.FeeAsset), tonedOf(f.Realized, page.exact(f.Realized)),
			exactOf(f.Position), word(f.Tag)})
	}
	return t
}

func refusalTable(list []backtest.RefusalRow) table {
	t := table{ID: "refusals", Caption: "Refusals", Empty: "nothing was refused", Search: true,
		Head: heads("Time UTC", "Strategy", "Rule", "Reason", "Tag")}
	var keep func(int) bool
	keep, t.Note = ends(len(list), "refusals", "result.json")
	for i, r := range list {
		if keep(i) {
			t.Rows = append(t.Rows, []td{at(r.At, instant(r.At)), word(r.Strategy), word(r.Rule), word(r.Text), word(r.Tag)})
		}
	}
	return t
}

func parameterTable(list []backtest.StrategyInfo) table {
	t := table{ID: "parameters", Narrow: true, Caption: "Parameters", Empty: "no parameters", Head: heads("Strategy", "Program", "Parameter", "Value")}
	for _, s := range list {
		program := word(s.Name + " " + s.Version)
		if len(s.Params) == 0 {
			t.Rows = append(t.Rows, []td{word(s.Label), program, word("none"), word("")})
		}
		for _, name := range slices.Sorted(maps.Keys(s.Params)) {
			t.Rows = append(t.Rows, []td{word(s.Label), program, code(name), code(s.Params[name])})
		}
	}
	return t
}

func dataTable(list []backtest.DataInfo) table {
	t := table{ID: "data", Caption: "Data manifest", Empty: "no series",
		Head: heads("Leg", "Kind", "Interval", "From UTC", "To UTC", "#Rows", "#Gaps", "Source", "Hash")}
	for _, d := range list {
		gaps := countOf(int64(d.Gaps))
		if d.Gaps > 0 {
			gaps.Style += " warn"
		}
		interval := undefined
		if d.Interval > 0 {
			interval = span(d.Interval)
		}
		t.Rows = append(t.Rows, []td{word(legName(d.Product, d.Symbol)), word(d.Kind), word(interval), at(d.From, minute(d.From)),
			at(d.To, minute(d.To)), countOf(d.Rows), gaps, word(d.Source), code(shortHash(d.Hash))})
	}
	return t
}

func hashTable(r *backtest.Result) table {
	t := table{ID: "hashes", Narrow: true, Caption: "Run and hashes", Head: heads("What", "Value"),
		Note: "Equal inputs give an equal result hash on every machine. Mode, version and duration say how the run was made and are not part of it."}
	for _, row := range [][2]string{
		{"Run", r.ID}, {"Result", r.Hash}, {"Configuration", r.ConfigHash}, {"Data", r.DataHash}, {"Strategies", r.StrategyHash},
		{"Seed", strconv.FormatUint(r.Seed, 10)}, {"Mode", r.Mode}, {"pmbot", r.Version}, {"Duration", span(r.Elapsed)},
	} {
		t.Rows = append(t.Rows, []td{word(row[0]), code(row[1])})
	}
	return t
}
