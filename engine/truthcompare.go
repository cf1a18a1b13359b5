package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// compare lists where a reading is not what the kernel has: positions by instrument and side,
// balances by asset and wallet, our orders by rising number, then those of the exchange that
// are not ours in its order, then what is of no instrument. No remedy is chosen yet.
func (k *Kernel) compare(t *exchange.Truth) []exchange.Difference {
	list := k.comparePositions(t)
	list = append(list, k.compareBalances(t)...)
	list = append(list, k.compareOurs(t)...)
	list = append(list, k.compareTheirs(t)...)
	for _, text := range t.Foreign {
		list = append(list, exchange.Difference{Kind: exchange.ForeignThing, Text: text + ", which is not in the table of instruments"})
	}
	return list
}

func (k *Kernel) comparePositions(t *exchange.Truth) []exchange.Difference {
	there := make([]held, k.ins.Len()+1)
	for _, p := range t.Positions {
		if k.ins.Has(p.Inst) && p.Side <= exchange.Short {
			at := &there[p.Inst][p.Side]
			*at = at.Add(p.Qty)
		}
	}
	var list []exchange.Difference
	for id := exchange.InstrumentID(1); int(id) <= k.ins.Len(); id++ {
		in := k.ins.At(id)
		if in.Product == exchange.Margin {
			continue // a pair has no position, but balances
		}
		for side := exchange.Both; side <= exchange.Short; side++ {
			ours, theirs := plain(k.sum(id, side)), there[id][side]
			if ours.Equal(theirs) {
				continue
			}
			list = append(list, exchange.Difference{
				Kind: exchange.DifferentPosition, Inst: id, Side: side, Ours: ours, Theirs: theirs,
				Text: fmt.Sprintf("position of %s%s is %v at the exchange and %v here", in.Name(), leg(side), theirs, ours),
			})
		}
	}
	return list
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

func (k *Kernel) compareBalances(t *exchange.Truth) []exchange.Difference {
	type both struct {
		asset        string
		wallet       exchange.Wallet
		ours, theirs decimal.Decimal
	}
	var rows []both
	for _, b := range k.guard.Balances() {
		rows = append(rows, both{asset: b.Asset, wallet: b.Wallet, ours: plain(b.Amount)})
	}
	for _, b := range t.Balances {
		at := slices.IndexFunc(rows, func(r both) bool { return r.asset == b.Asset && r.wallet == b.Wallet })
		if at < 0 {
			rows = append(rows, both{asset: b.Asset, wallet: b.Wallet})
			at = len(rows) - 1
		}
		rows[at].theirs = rows[at].theirs.Add(b.Amount)
	}
	slices.SortFunc(rows, func(a, b both) int { return cmp.Or(cmp.Compare(a.asset, b.asset), cmp.Compare(a.wallet, b.wallet)) })
	var list []exchange.Difference
	for _, r := range rows {
		if !r.ours.Equal(r.theirs) {
			list = append(list, exchange.Difference{
				Kind: exchange.DifferentBalance, Asset: r.asset, Wallet: r.wallet, Ours: r.ours, Theirs: r.theirs,
				Text: fmt.Sprintf("%s in %v is %v at the exchange and %v here", r.asset, r.wallet, r.theirs, r.ours),
			})
		}
	}
	return list
}

// moving is how long before the reading began an order must have been quiet to be compared:
// its news may have come meanwhile, and by another clock.
const moving = exchange.Time(2e9)

// compareOurs looks for our open orders. One that may never have arrived is the broker's to
// find out; a conditional order that has triggered is on no list any more.
func (k *Kernel) compareOurs(t *exchange.Truth) []exchange.Difference {
	there := map[string]*exchange.TruthOrder{}
	for i := range t.Orders {
		there[t.Orders[i].ClientID] = &t.Orders[i]
	}
	var list []exchange.Difference
	for _, o := range k.orders.open {
		if o.VenueID == 0 || o.Status == exchange.StatusTriggering || o.Status == exchange.StatusTriggered || o.Updated+moving > t.At {
			continue
		}
		d := exchange.Difference{Inst: o.Request.Inst, Order: o.ClientID}
		name := fmt.Sprintf("order %s of %s", o.ClientID, k.ins.At(o.Request.Inst).Name())
		switch have := there[o.ClientID]; {
		case have == nil:
			d.Kind = exchange.MissingOrder
			d.Text = fmt.Sprintf("%s is %v here, and the exchange has it not", name, o.Status)
		case working(o.Status) && o.Request.Type != exchange.OCO && have.Request.Qty > 0 &&
			(have.Request.Price != o.Request.Price || have.Request.Qty != o.Request.Qty):
			d.Kind = exchange.DifferentOrder
			d.Text = fmt.Sprintf("%s is of %v at %v at the exchange and of %v at %v here",
				name, have.Request.Qty, have.Request.Price, o.Request.Qty, o.Request.Price)
		default:
			continue
		}
		list = append(list, d)
	}
	return list
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
		if ours != nil && (!ours.Status.Final() || ours.Updated+moving > t.At) {
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
