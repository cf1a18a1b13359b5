package engine

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// foreign remembers the last closedMax fills that belong to no order of ours, such as
// liquidations, so that a repeated one is counted once.
type foreign struct {
	seen map[foreignFill]bool
	ring []foreignFill
	next int
}

// foreignFill tells such fills apart.
type foreignFill struct {
	inst         exchange.InstrumentID
	trade, venue int64
	clientID     string
}

// count notes a fill and says whether it was new.
func (f *foreign) count(inst exchange.InstrumentID, fill *exchange.Fill) bool {
	key := foreignFill{inst, fill.TradeID, fill.VenueID, fill.ClientID}
	if f.seen[key] {
		return false
	}
	if f.seen == nil {
		f.seen = map[foreignFill]bool{}
	}
	f.seen[key] = true
	if len(f.ring) < closedMax {
		f.ring = append(f.ring, key)
		return true
	}
	delete(f.seen, f.ring[f.next])
	f.ring[f.next] = key
	f.next = (f.next + 1) % closedMax
	return true
}

// applyForeign books a fill that no order of ours has made. It belongs to the strategy
// whose position it closes; if it closes those of several, it is the house's, and each is
// told its share, in proportion and rounded down to the lot, the last one the rest.
func (k *Kernel) applyForeign(e *exchange.Event, f *exchange.Fill) {
	f.Strategy = 0
	holders := k.holders(e.Inst, f)
	if len(holders) == 1 {
		f.Strategy = holders[0]
	}
	if len(holders) < 2 {
		k.book(e.Inst, f)
	} else {
		k.share(e, f, holders)
	}
	k.guard.Apply(e)
}

// holders are the strategies whose position, on the fill's position side, a fill closes.
func (k *Kernel) holders(inst exchange.InstrumentID, f *exchange.Fill) []exchange.StrategyID {
	var list []exchange.StrategyID
	for s := 1; s < len(k.holdings) && int(inst) <= k.ins.Len() && f.PositionSide <= exchange.Short; s++ {
		if int64(k.holdings[s][inst][f.PositionSide].Sign()) == -f.Side.Sign() {
			list = append(list, exchange.StrategyID(s))
		}
	}
	return list
}

func (k *Kernel) share(e *exchange.Event, f *exchange.Fill, holders []exchange.StrategyID) {
	total, rest := decimal.Zero, f.Qty
	for _, s := range holders {
		total = total.Add(k.holdings[s][e.Inst][f.PositionSide].Abs())
	}
	step := k.ins.At(e.Inst).Lot.Step
	for i, s := range holders {
		held := k.holdings[s][e.Inst][f.PositionSide].Abs()
		part, err := exchange.FixedFromDecimal(f.Qty.Decimal().Mul(held).DivRound(total, 16), exchange.RoundDown)
		if part = part.Round(step, exchange.RoundDown); err != nil || i == len(holders)-1 {
			part = rest
		}
		rest -= part
		share := *f
		share.Strategy, share.Qty, share.Fee, share.Realized = s, part, decimal.Zero, decimal.Zero
		k.book(e.Inst, &share)
		told := exchange.Event{Seq: e.Seq, At: e.At, Exchange: e.Exchange, Inst: e.Inst}
		told.SetFill(&share)
		told.Flags |= exchange.FlagShare
		k.tell(told)
	}
}
