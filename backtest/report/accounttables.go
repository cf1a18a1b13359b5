package report

import (
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

func marginTable(r *backtest.Result) table {
	m := &r.Margin
	change, rest := equityChange(r)
	mmr, below := undefined, "by samples"
	if betweenSamples(m) {
		below += ", and it was between two"
	}
	if m.UniMMRMinAt != 0 {
		mmr = page.UniMMR(m.UniMMRMin)
	}
	row := func(name, value, note string) []td { return []td{word(name), figureOf(value, ""), word(note)} }
	t := table{ID: "margin-summary", Narrow: true, Caption: "Account", Note: "Money is in USD.", Head: heads("Measure", "#Value", "Note"), Rows: [][]td{
		row("Equity at the start", page.Money(m.EquityStart), ""),
		row("Equity at the end", page.Money(m.EquityEnd), ""),
		row("Change of equity", page.Signed(change), ""),
		row("Lowest equity", page.Money(m.EquityMin), ""),
		row("Highest equity", page.Money(m.EquityMax), ""),
		row("Lowest uniMMR", mmr, readable.Minute(m.UniMMRMinAt)),
		row("Time below 2.0", readable.Span(m.Below20), below),
		row("Time below 1.5", readable.Span(m.Below15), "by samples"),
		row("Time below 1.2", readable.Span(m.Below12), "by samples"),
		row("Liquidations", page.Count(int64(m.Liquidations)), ""),
		row("Auto-deleveraging", page.Count(int64(m.ADL)), "positions reduced"),
		row("Haircut at worst", page.Money(m.HaircutWorst), "not counted as collateral"),
	}}
	if !rest.Round(2).IsZero() {
		t.Rows = slices.Insert(t.Rows, 3, row("Without the net", page.Signed(rest), "what collateral gained or lost"))
	}
	return t
}

func balanceTable(list []backtest.BalanceLine) table {
	t := table{ID: "balances", Narrow: true, Caption: "Balances", Empty: "no balances", Head: heads("Asset, wallet", "#Start", "#End", "#Change"),
		Note: "LOAN and INTEREST are debts."}
	for _, b := range list {
		change := b.End.Sub(b.Start)
		asset := word(b.Asset)
		asset.Sub = b.Wallet.String()
		t.Rows = append(t.Rows, []td{asset, exactOf(b.Start), exactOf(b.End), tonedOf(change, page.Exact(change))})
	}
	return t
}

func openTable(list []backtest.OpenPosition) table {
	t := table{ID: "open", Caption: "Open positions", Empty: "no position was open at the end",
		Head: heads("Leg", "#Quantity", "#Entry", "#Mark", "#Unrealized", "Asset")}
	for _, p := range list {
		t.Rows = append(t.Rows, []td{word(readable.Leg(p.Product, p.Symbol)), exactOf(p.Qty), exactOf(p.Entry.Round(exchange.FixedPlaces)),
			fixedOf(p.Mark), tonedOf(p.Unrealized, page.Exact(p.Unrealized.Round(exchange.FixedPlaces))), word(p.Asset)})
	}
	return t
}

func settlementTable(list []backtest.FundingCount) table {
	t := table{ID: "settlements", Caption: "Funding settlements", Empty: "no settlements",
		Head: heads("Leg", "#Held", "#Passed", "#Missing", "#Amount", "Asset", "Missing at"),
		Note: "Held: with a position. Passed: without. Missing: due by the interval, absent in the data."}
	for _, f := range list {
		t.Rows = append(t.Rows, []td{word(readable.Leg(f.Product, f.Symbol)), countOf(int64(f.Held)), countOf(int64(f.Passed)),
			countOf(int64(len(f.Missing))), tonedOf(f.Amount, page.Exact(f.Amount)), word(f.Asset), word(firstInstants(f.Missing))})
	}
	return t
}
