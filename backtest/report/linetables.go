package report

import (
	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
)

// lineTables are where the money came from: by strategy, by leg, by both, and by month.
func lineTables(r *backtest.Result, cut *cutoff) []block {
	list := []block{tableBlock(strategyTable(r))}
	if len(r.ByLeg) > 0 {
		list = append(list, tableBlock(lineTable("by-leg", "By leg", r.ByLeg)))
	}
	if len(r.ByStrategyLeg) > 0 && len(r.ByStrategy) > 1 {
		list = append(list, tableBlock(strategyLegTable(r)))
	}
	if len(r.ByMonth) > 0 {
		list = append(list, tableBlock(monthTable(r.ByMonth, cut)))
	}
	return list
}

func lineTable(id, caption string, lines []backtest.Line) table {
	t := table{ID: id, Caption: caption, Head: heads("Name", "#Net", "#Net %", "#Price", "#Fees",
		"#Funding", "#Interest", "#Slippage", "#Turnover", "#Fills", "#Drawdown %", "#uniMMR min"),
		Note: "USD. Net is price, fees, funding and interest together; price includes slippage, against the price at the decision."}
	for i := range lines {
		t.Rows = append(t.Rows, lineRow(&lines[i]))
	}
	return t
}

// strategyTable ends with the total, and with what became of the account beside it.
func strategyTable(r *backtest.Result) table {
	t := lineTable("by-strategy", "By strategy", r.ByStrategy)
	account := accountLines(r, page)
	t.Foot = [][]td{lineRow(totalLine(r, "Total", account))}
	for _, l := range account {
		row := make([]td, len(t.Head))
		row[0] = word(l.name)
		for i, h := range t.Head {
			switch h.Text {
			case "Net":
				row[i] = tonedOf(l.usd, page.Money(l.usd))
			case "Net %":
				row[i] = tonedOf(l.usd, l.pct)
			case "Drawdown %":
				row[i] = figureOf(l.drawdown, "")
			}
		}
		t.Foot = append(t.Foot, row)
	}
	if hasHouse(r) {
		t.Note += " The " + houseNote + "."
	}
	if len(account) > 0 {
		t.Note += " The net of trading leaves out what the collateral itself gained or lost in value, after haircuts; the two together are the change of the account's equity."
	}
	return t
}

// strategyLegTable names the leg below the strategy: a column of its own would push the last
// ones out of sight.
func strategyLegTable(r *backtest.Result) table {
	t := lineTable("by-strategy-leg", "By strategy and leg", nil)
	t.Head[0].Text = "Strategy, leg"
	for i := range r.ByStrategyLeg {
		l := &r.ByStrategyLeg[i]
		row := lineRow(&l.Line)
		leg := legOf(r, l.Inst)
		row[0] = word(l.Strategy)
		row[0].Sub = readable.Clean(readable.Leg(leg.Product, leg.Symbol))
		t.Rows = append(t.Rows, row)
	}
	return t
}

// lineRiskColumns are those of drawdown and uniMMR, which months have none of their own of.
const lineRiskColumns = 2

func monthTable(lines []backtest.Line, cut *cutoff) table {
	t := lineTable("by-month", "By month", lines)
	t.Head = t.Head[:len(t.Head)-lineRiskColumns]
	for i, row := range t.Rows {
		t.Rows[i] = row[:len(row)-lineRiskColumns]
		if cut.month(lines[i].Name) {
			t.Rows[i][0].Mark = afterMark
		}
	}
	return t
}

func lineRow(l *backtest.Line) []td {
	mmr := td{Text: undefined, Style: "n", Sort: l.UniMMRMin.String()}
	if !l.UniMMRMin.IsZero() {
		mmr.Text, mmr.Style = page.UniMMR(l.UniMMRMin), "n "+mmrTone(l.UniMMRMin).style()
	}
	net := tonedOf(l.Net, page.Money(l.Net))
	net.Style += " strong"
	return []td{
		word(l.Name), net, tonedOf(l.NetPct, page.Percent(l.NetPct)),
		tonedOf(l.Price, page.Money(l.Price)), tonedOf(l.Fees, page.Money(l.Fees)), tonedOf(l.Funding, page.Money(l.Funding)),
		tonedOf(l.Interest, page.Money(l.Interest)), moneyOf(l.Slippage),
		figureOf(page.Compact(l.Turnover), l.Turnover.String()), countOf(int64(l.Trades)),
		figureOf(page.Percent(l.DrawdownPct), ""), mmr,
	}
}
