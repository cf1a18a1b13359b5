package report

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

func exitTable(list []stats.Exit) table {
	t := table{ID: "exits", Caption: "Exits", Empty: "no round trip was completed", Head: heads("Strategy", "Reason", "#Trades", "#Won", "#Won %", "#Net USD"),
		Note: "Round trips by what ended them: the author's tag on the last fill, or what forced it."}
	for _, e := range list {
		won := td{Text: undefined, Style: "n"}
		if e.Trades > 0 {
			won.Text = page.Percent(decimal.New(int64(e.Won), 2).DivRound(decimal.New(int64(e.Trades), 0), 4))
		}
		t.Rows = append(t.Rows, []td{word(e.Strategy), word(e.Reason), countOf(int64(e.Trades)), countOf(int64(e.Won)), won, tonedOf(e.Net, page.Money(e.Net))})
	}
	return t
}

// priceAnchors finds the price chart of an instrument by its name.
type priceAnchors map[string]string

// tradeTable is every round trip, or the first and the last ones.
func tradeTable(list *edges[backtest.TradeRow], anchors priceAnchors, cut *cutoff) table {
	t := table{ID: "trades", Caption: "Round trips", Empty: "no position was ever opened", Search: true, Note: list.note("round trips", "trades.csv"),
		Head: heads("Opened UTC", "=Strategy", "=Leg", "=Side", "#Net", "=Result", "#Held", "#Quantity", "#Entry", "#Exit",
			"#Price", "#Fees", "#Funding", "=Ended by", "#Fills", "Tags")}
	for i := range list.rows {
		t.Rows = append(t.Rows, tradeRow(&list.rows[i], anchors, cut))
	}
	return t
}

func tradeRow(row *backtest.TradeRow, anchors priceAnchors, cut *cutoff) []td {
	leg := readable.Leg(row.Product, row.Symbol)
	opened := moment(row.From)
	opened.Link, opened.Zoom = anchors[leg], around(row.From, row.To)
	if cut.passed(row.To) {
		opened.Mark = afterMark
	}
	side := "long"
	if row.Side == exchange.Sell {
		side = "short"
	}
	net := tonedOf(row.Net, page.Money(row.Net))
	net.Style += " strong"
	tags := readable.Clean(row.EntryTag)
	if row.ExitTag != "" && row.ExitTag != row.EntryTag {
		tags += " \u2192 " + readable.Clean(row.ExitTag)
	}
	return []td{opened, unbroken(row.Strategy), unbroken(leg), word(side), net, word(outcome(row)), lengthOf(row.From, row.To),
		exactOf(row.Qty), exactOf(row.Entry), exactOf(row.Exit), moneyOf(row.Price), moneyOf(row.Fees), moneyOf(row.Funding),
		endedBy(row), countOf(int64(row.Fills)), {Text: tags}}
}

// outcome is the quick filter's word for how a round trip went.
func outcome(row *backtest.TradeRow) string {
	switch row.Net.Sign() {
	case 1:
		return "won"
	case -1:
		return "lost"
	default:
		return "even"
	}
}

func endedBy(row *backtest.TradeRow) td {
	switch {
	case row.Open:
		return td{Text: "still open", Style: "dim"}
	case row.Forced != exchange.NotForced:
		return td{Text: forcedWord(row.Forced), Style: "bad"}
	default:
		return td{Text: "strategy"}
	}
}

// forcedWord is what forced a fill on us.
func forcedWord(f exchange.ForcedKind) string {
	switch f {
	case exchange.ForcedLiquidation:
		return "liquidation"
	case exchange.ForcedADL:
		return "auto-deleveraging"
	case exchange.ForcedDelivery:
		return "delivery"
	default:
		return undefined
	}
}

// around is a span of time in milliseconds, as a link to a chart has it: the chart gives it
// some air.
func around(from, to exchange.Time) [2]int64 { return [2]int64{from.Millis(), to.Millis()} }

// fillTable is every fill, or the first and the last ones.
func fillTable(list *edges[backtest.FillRow], anchors priceAnchors, cut *cutoff) table {
	t := table{ID: "fills", Caption: "Fills", Empty: "no order was filled", Search: true, Note: list.note("fills", "fills.csv"),
		Head: heads("Time UTC", "=Strategy", "=Leg", "=Side", "=Liquidity", "#Quantity", "#Price", "#Fee", "Asset", "#Realized", "#Position", "Tag")}
	for i := range list.rows {
		t.Rows = append(t.Rows, fillRow(&list.rows[i], anchors, cut))
	}
	return t
}

func fillRow(f *backtest.FillRow, anchors priceAnchors, cut *cutoff) []td {
	leg := readable.Leg(f.Product, f.Symbol)
	when := moment(f.At)
	when.Link, when.Zoom, when.Point = anchors[leg], around(f.At, f.At), f.Price.String()
	if cut.passed(f.At) {
		when.Mark = afterMark
	}
	liquidity := td{Text: liquidityOf(f)}
	if f.Forced != exchange.NotForced {
		liquidity.Style = "bad"
	}
	return []td{when, unbroken(f.Strategy), unbroken(leg), word(f.Side.String()), liquidity, fixedOf(f.Qty), fixedOf(f.Price),
		exactOf(f.Fee), word(f.FeeAsset), tonedOf(f.Realized, page.Exact(f.Realized)), exactOf(f.Position), word(f.Tag)}
}
