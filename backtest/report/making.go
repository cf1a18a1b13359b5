package report

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
)

// makingNote says what the moves behind fills are.
const makingNote = "bp is the mean move of the middle behind maker fills, by notional: below 0 it went against them, adverse selection; " +
	"the queue says how places in line were estimated"

// making shows how resting orders fared.
func making(list []backtest.MakingLine) *grid {
	g := &grid{columns: []column{
		{title: "MAKING", left: true}, {title: "leg", left: true, drop: 2}, {title: "orders", drop: 4}, {title: "filled"}, {title: "fills", drop: 3},
		{title: "maker"}, {title: "bp after 1 s"}, {title: "5 s"}, {title: "30 s"}, {title: "queue", left: true, drop: 1},
	}}
	for i := range list {
		l := &list[i]
		cells := []cell{
			text("%s", readable.Clean(l.Strategy)), text("%s", readable.Leg(l.Product, l.Symbol)), text("%s", terminal.Count(int64(l.Orders))),
			text("%s", terminal.Percent(shareOf(l.Filled, l.Orders))), text("%s", terminal.Count(int64(l.Fills))), text("%s", terminal.Percent(shareOf(l.Maker, l.Fills))),
		}
		for _, m := range l.After {
			if m.Fills == 0 {
				cells = append(cells, text(undefined))
			} else {
				cells = append(cells, amount(m.BasisPoints))
			}
		}
		g.add(append(cells, text("%s", readable.Clean(l.Queue)))...)
	}
	if len(list) > 0 {
		g.note(makingNote)
	}
	return g
}

// shareOf is a part in percent.
func shareOf(part, whole int) decimal.Decimal {
	if whole == 0 {
		return decimal.Zero
	}
	return decimal.New(int64(part), 2).DivRound(decimal.New(int64(whole), 0), 4)
}

func makingTable(list []backtest.MakingLine) table {
	t := table{ID: "making", Caption: "How resting orders fared", Note: makingNote,
		Head: heads("Strategy", "Leg", "#Orders", "#Filled %", "#Fills", "#Maker %", "#bp after 1 s", "#after 5 s", "#after 30 s", "Queue")}
	for i := range list {
		l := &list[i]
		cells := []td{
			word(l.Strategy), unbroken(readable.Leg(l.Product, l.Symbol)), countOf(int64(l.Orders)), figureOf(page.Percent(shareOf(l.Filled, l.Orders)), ""),
			countOf(int64(l.Fills)), figureOf(page.Percent(shareOf(l.Maker, l.Fills)), ""),
		}
		for _, m := range l.After {
			if m.Fills == 0 {
				cells = append(cells, figureOf(undefined, ""))
			} else {
				cells = append(cells, moneyOf(m.BasisPoints))
			}
		}
		t.Rows = append(t.Rows, append(cells, word(l.Queue)))
	}
	return t
}
