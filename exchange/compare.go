package exchange

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/shopspring/decimal"
)

// Moving is how long before a reading began an order must have been quiet to be compared with
// it: its news may have come meanwhile, and by another clock.
const Moving = Time(2e9)

// Comparison holds a reading of the account against what is known here. It lists differences
// without remedies; what becomes of them, and what orders that are not known here mean, is for
// whoever compares.
type Comparison struct {
	Truth       *Truth
	Instruments *Instruments
	// There says in texts where amounts have been read, as in "1 at the exchange and 2 here",
	// and Lacks what is said there of an order that is not: "the exchange has it not".
	There, Lacks string
}

// Positions compares those of futures, by instrument and side; a margin pair has balances.
func (c *Comparison) Positions(ours func(InstrumentID, PositionSide) decimal.Decimal) (list []Difference) {
	there := make([][Short + 1]decimal.Decimal, c.Instruments.Len()+1)
	for _, p := range c.Truth.Positions {
		if c.Instruments.Has(p.Inst) && p.Side <= Short {
			at := &there[p.Inst][p.Side]
			*at = at.Add(p.Qty)
		}
	}
	for id := InstrumentID(1); int(id) <= c.Instruments.Len(); id++ {
		in := c.Instruments.At(id)
		if in.Product == Margin {
			continue
		}
		for side := Both; side <= Short; side++ {
			here, theirs := ours(id, side), there[id][side]
			if here.Equal(theirs) {
				continue
			}
			name := in.Name()
			if side != Both {
				name += " " + side.String()
			}
			list = append(list, Difference{
				Kind: DifferentPosition, Inst: id, Side: side, Ours: here, Theirs: theirs,
				Text: fmt.Sprintf("position of %s is %v %s and %v here", name, theirs, c.There, here),
			})
		}
	}
	return list
}

// Balances compares amounts, by asset and wallet.
func (c *Comparison) Balances(ours []TruthBalance) (list []Difference) {
	type both struct {
		TruthBalance
		theirs decimal.Decimal
	}
	var rows []both
	for _, b := range ours {
		rows = append(rows, both{TruthBalance: b})
	}
	for _, b := range c.Truth.Balances {
		at := slices.IndexFunc(rows, func(r both) bool { return r.Asset == b.Asset && r.Wallet == b.Wallet })
		if at < 0 {
			rows = append(rows, both{TruthBalance: TruthBalance{Asset: b.Asset, Wallet: b.Wallet}})
			at = len(rows) - 1
		}
		rows[at].theirs = rows[at].theirs.Add(b.Amount)
	}
	slices.SortFunc(rows, func(a, b both) int { return cmp.Or(cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.Wallet, b.Wallet)) })
	for _, r := range rows {
		if !r.Amount.Equal(r.theirs) {
			list = append(list, Difference{
				Kind: DifferentBalance, Asset: r.Asset, Wallet: r.Wallet, Ours: r.Amount, Theirs: r.theirs,
				Text: fmt.Sprintf("%s in %v is %v %s and %v here", r.Asset, r.Wallet, r.theirs, c.There, r.Amount),
			})
		}
	}
	return list
}

// Orders looks in the reading for the orders that are open here. One that may never have arrived
// is the broker's to find out, and a conditional order that has triggered is on no list any more.
func (c *Comparison) Orders(ours iter.Seq[*Order]) (list []Difference) {
	there := map[string]*OrderRequest{}
	for i := range c.Truth.Orders {
		o := &c.Truth.Orders[i]
		there[o.ClientID] = &o.Request
	}
	for o := range ours {
		if o.VenueID == 0 || o.Status == StatusTriggering || o.Status == StatusTriggered || o.Updated+Moving > c.Truth.At {
			continue
		}
		d := Difference{Inst: o.Request.Inst, Order: o.ClientID}
		name := fmt.Sprintf("order %s of %s", o.ClientID, c.Instruments.At(o.Request.Inst).Name())
		r := &o.Request
		switch have := there[o.ClientID]; {
		case have == nil:
			d.Kind, d.Text = MissingOrder, fmt.Sprintf("%s is %v here, and %s", name, o.Status, c.Lacks)
		case o.Status.Working() && r.Type != OCO && have.Qty > 0 && (have.Price != r.Price || have.Qty != r.Qty):
			d.Kind = DifferentOrder
			d.Text = fmt.Sprintf("%s is of %v at %v %s and of %v at %v here", name, have.Qty, have.Price, c.There, r.Qty, r.Price)
		default:
			continue
		}
		list = append(list, d)
	}
	return list
}
