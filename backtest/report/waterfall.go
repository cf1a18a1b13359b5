package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
)

// flows are ways from nothing to the net that share one scale, so that their bars can be
// compared.
type flows struct {
	ID, Title, Note string
	// Large is the flow of the whole run; others stand side by side.
	Large bool
	List  []flow
}

// flow is the way of one line: each bar begins where the one before ended.
type flow struct {
	Name string
	Bars []flowBar
}

// flowBar is a step of a flow.
type flowBar struct {
	Name, Amount, Tone string
	// Left and Width place the bar in percent, Zero the line of zero.
	Left, Width, Zero string
	// Sum bars begin at zero.
	Sum bool

	from, to decimal.Decimal
}

// flowsMax is how many small flows a group has; the tables have all lines.
const flowsMax = 24

// flowBlocks are where the money came from: in total, for each strategy, and for each of
// its legs.
func flowBlocks(r *backtest.Result) []block {
	total := flows{ID: "flow", Title: "Where the money came from", Note: flowNote(r), Large: true, List: []flow{{Name: "Total", Bars: totalBars(r)}}}
	list := []block{{Flows: total.scaled()}}
	if len(r.ByStrategy) > 1 {
		small := flows{ID: "flow-strategies", Title: "By strategy"}
		for i := range r.ByStrategy {
			small.List = append(small.List, flow{readable.Clean(r.ByStrategy[i].Name), lineBars(&r.ByStrategy[i])})
		}
		list = append(list, block{Flows: small.limited()})
	}
	legs := flows{ID: "flow-legs", Title: "By strategy and leg"}
	for i := range r.ByStrategyLeg {
		l := &r.ByStrategyLeg[i]
		leg := legOf(r, l.Inst)
		name := readable.Leg(leg.Product, leg.Symbol)
		if len(r.ByStrategy) > 1 {
			name = readable.Clean(l.Strategy) + ", " + name
		}
		legs.List = append(legs.List, flow{name, lineBars(&l.Line)})
	}
	if len(legs.List) > 1 {
		list = append(list, block{Flows: legs.limited()})
	}
	return list
}

// lineBars are the sources of a line's net.
func lineBars(l *backtest.Line) []flowBar {
	var bars []flowBar
	at := decimal.Zero
	for _, s := range []struct {
		name   string
		amount decimal.Decimal
	}{{"Price", priceAlone(l)}, {"Slippage", l.Slippage}, {"Fees", l.Fees}, {"Funding", l.Funding}, {"Interest", l.Interest}} {
		bars = append(bars, newFlowBar(s.name, at, at.Add(s.amount), false))
		at = at.Add(s.amount)
	}
	return append(bars, newFlowBar("Net", decimal.Zero, l.Net, true))
}

// totalBars go on from the net to the change of equity.
func totalBars(r *backtest.Result) []flowBar {
	bars := lineBars(&r.Total)
	change, rest := equityChange(r)
	if rest.Round(2).IsZero() {
		return bars
	}
	return append(bars, newFlowBar("Collateral's own change", r.Total.Net, change, false), newFlowBar("Equity change", decimal.Zero, change, true))
}

func newFlowBar(name string, from, to decimal.Decimal, sum bool) flowBar {
	amount := to.Sub(from)
	return flowBar{Name: name, Amount: page.Signed(amount), Tone: signTone(amount).style(), Sum: sum, from: from, to: to}
}

// scaled places the bars of all flows on the scale that they share.
func (f flows) scaled() *flows {
	low, high := decimal.Zero, decimal.Zero
	for _, one := range f.List {
		for _, b := range one.Bars {
			low, high = decimal.Min(low, b.to), decimal.Max(high, b.to)
		}
	}
	width := high.Sub(low)
	if width.IsZero() {
		width = decimal.New(1, 0)
	}
	percent := func(d decimal.Decimal) string { return d.Shift(2).DivRound(width, 16).StringFixed(2) }
	for _, one := range f.List {
		for i := range one.Bars {
			b := &one.Bars[i]
			b.Left, b.Width, b.Zero = percent(decimal.Min(b.from, b.to).Sub(low)), percent(b.to.Sub(b.from).Abs()), percent(low.Neg())
		}
	}
	return &f
}

// limited keeps the flows that moved most money.
func (f flows) limited() *flows {
	f.Note = "In USD, all on one scale."
	if n := len(f.List); n > flowsMax {
		slices.SortStableFunc(f.List, func(a, b flow) int { return cmp.Compare(0, a.net().Abs().Cmp(b.net().Abs())) })
		f.List = f.List[:flowsMax]
		f.Note += fmt.Sprintf(" The %d of %s with the largest net; the tables below have all.", flowsMax, page.Count(int64(n)))
	}
	return f.scaled()
}

func (f *flow) net() decimal.Decimal { return f.Bars[len(f.Bars)-1].to }

func flowNote(r *backtest.Result) string {
	note := "In USD. Each bar begins where the one before ended. Price is what trading earned at the prices of the decisions; slippage is what the fills lost against them."
	if change, rest := equityChange(r); !rest.Round(2).IsZero() {
		note += fmt.Sprintf(" Equity changed by %s: beside the net, by %s that the collateral gained or lost in value.",
			page.Signed(change), page.Signed(rest))
	}
	return note
}
