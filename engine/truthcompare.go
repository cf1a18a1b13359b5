package engine

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// compare lists where a reading is not what the kernel has: positions by instrument and side,
// balances by asset and wallet, our orders by rising number, then those of the exchange that
// are not ours in its order, then what is of no instrument. No remedy is chosen yet.
func (k *Kernel) compare(t *exchange.Truth) []exchange.Difference {
	c := exchange.Comparison{Truth: t, Instruments: k.ins, There: "at the exchange", Lacks: "the exchange has it not"}
	list := c.Positions(func(id exchange.InstrumentID, side exchange.PositionSide) decimal.Decimal {
		return plain(k.sum(id, side))
	})
	balances := k.guard.Balances()
	for i := range balances {
		balances[i].Amount = plain(balances[i].Amount)
	}
	list = append(list, c.Balances(balances)...)
	list = append(list, c.Orders(k.opens())...)
	list = append(list, k.compareTheirs(t)...)
	for _, text := range t.Foreign {
		list = append(list, exchange.Difference{Kind: exchange.ForeignThing, Text: text + ", which is not in the table of instruments"})
	}
	return list
}

// opens yields the orders that are not over.
func (k *Kernel) opens() iter.Seq[*exchange.Order] {
	return func(yield func(*exchange.Order) bool) {
		for _, o := range k.orders.open {
			if !yield(&o.Order) {
				return
			}
		}
	}
}

// plain is a number without zeros at its end, as a snapshot has it: a kernel that was restored
// decides with the same digits as the one that went on.
func plain(d decimal.Decimal) decimal.Decimal {
	p, err := decimal.NewFromString(d.String())
	if err != nil {
		return d
	}
	return p
}

// leg names a position side where there are two.
func leg(side exchange.PositionSide) string {
	if side == exchange.Both {
		return ""
	}
	return " " + side.String()
}

// compareTheirs looks for orders of the exchange that are not open here.
func (k *Kernel) compareTheirs(t *exchange.Truth) []exchange.Difference {
	var list []exchange.Difference
	for i := range t.Orders {
		there := &t.Orders[i]
		if !k.ins.Has(there.Request.Inst) || k.coveredBy(there.ClientID, t) {
			continue
		}
		ours := k.orders.byName[there.ClientID]
		if ours != nil && (!ours.Status.Final() || ours.Updated+exchange.Moving > t.At) {
			continue
		}
		d := exchange.Difference{Kind: exchange.StrangeOrder, Inst: there.Request.Inst, Order: there.ClientID}
		text := fmt.Sprintf("%v order %s of %s, %v at %v,", there.Request.Side, there.ClientID, k.ins.At(there.Request.Inst).Name(),
			there.Request.Qty, there.Request.Price)
		switch {
		case ours != nil:
			d.Text = fmt.Sprintf("%s is %v here and open at the exchange", text, ours.Status)
		case !there.Ours:
			d.Kind, d.Text = exchange.ForeignOrder, text+" is nobody's here"
		case k.otherBot(&there.Order):
			d.Kind, d.Text = exchange.OtherBot, fmt.Sprintf("another pmbot trades this account: %s was made at %v", text, there.Created)
		default:
			d.Text = text + " has our prefix and is not known here"
		}
		list = append(list, d)
	}
	return list
}

// coveredBy says whether an order is the leg of an OCO that is open here or listed there: the
// list speaks for it.
func (k *Kernel) coveredBy(clientID string, t *exchange.Truth) bool {
	if len(clientID) < 3 {
		return false
	}
	list := clientID[:len(clientID)-2]
	if limit, stop := exchange.OCOLegs(list); clientID != limit && clientID != stop {
		return false
	}
	if o := k.orders.byName[list]; o != nil && o.Request.Type == exchange.OCO && !o.Status.Final() {
		return true
	}
	return slices.ContainsFunc(t.Orders, func(o exchange.TruthOrder) bool { return o.ClientID == list && o.Request.Type == exchange.OCO })
}

// otherBot says whether an unknown order with our prefix is of another process that trades
// now: made since this one began, and not under its name.
func (k *Kernel) otherBot(o *exchange.Order) bool {
	return k.truth.started != 0 && o.Created > k.truth.started && !strings.HasPrefix(o.ClientID, k.prefix+"-")
}
