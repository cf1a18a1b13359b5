package report

import (
	"strconv"

	"github.com/pmbot/pmbot/backtest"
)

// orderTables are what became of the strategies' wishes.
func orderTables(r *backtest.Result) []block {
	list := []block{tableBlock(orderTable(&r.Orders)), tableBlock(ruleTable(&r.Orders))}
	if len(r.Making) > 0 {
		list = append(list, tableBlock(makingTable(r.Making)))
	}
	if len(r.Orders.ByReason) > 0 {
		list = append(list, tableBlock(rejectionTable(r.Orders.ByReason)))
	}
	if len(r.Refusals) > 0 {
		list = append(list, tableBlock(refusalTable(r.Refusals)))
	}
	return list
}

func orderTable(o *backtest.OrderSummary) table {
	t := table{ID: "order-counts", Narrow: true, Caption: "What became of the intents", Head: heads("Outcome", "#Count")}
	for _, row := range []struct {
		name, sub string
		n         int
	}{
		{"Intents", "what strategies asked for", o.Intents}, {"Refused", "by our risk guard", o.Refused}, {"Sent", "to the exchange", o.Sent},
		{"Rejected", "by the exchange", o.Rejected}, {"Fills", "", o.Fills}, {"Canceled", "", o.Canceled}, {"Expired", "", o.Expired},
		{"Open at the end", "", o.OpenAtEnd}, {"Unknown for a time", "requests without an answer, resolved later", o.Unknown},
	} {
		name := word(row.name)
		name.Sub = row.sub
		t.Rows = append(t.Rows, []td{name, countOf(int64(row.n))})
	}
	t.Rows = append(t.Rows, []td{word("Maker share of fills"), figureOf(makerShare(o.MakerPct), "")})
	return t
}

func rejectionTable(list []backtest.ReasonCount) table {
	t := table{ID: "rejections", Narrow: true, Caption: "Rejections by code", Head: heads("#Code", "Reason", "#Count")}
	for _, r := range list {
		code := td{Text: undefined, Style: "n", Sort: "0", Title: "the exchange gave no code"}
		if r.Code != 0 {
			code = td{Text: strconv.Itoa(r.Code), Style: "n"}
		}
		t.Rows = append(t.Rows, []td{code, word(r.Reason), countOf(int64(r.Count))})
	}
	return t
}

func refusalTable(list []backtest.RefusalRow) table {
	t := table{ID: "refusals", Caption: "Refusals", Empty: "nothing was refused", Search: true,
		Head: heads("Time UTC", "=Strategy", "=Control", "Reason", "Tag")}
	kept := edges[backtest.RefusalRow]{n: len(list)}
	for i := range list {
		kept.add(i, &list[i])
	}
	t.Note = kept.note("refusals", "result.json")
	for _, r := range kept.rows {
		t.Rows = append(t.Rows, []td{moment(r.At), word(r.Strategy), word(r.Rule), word(page.Prose(r.Text)), word(r.Tag)})
	}
	return t
}
