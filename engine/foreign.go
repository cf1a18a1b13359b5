package engine

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// foreignMax is how many such fills are remembered. A restart tells the fills of the last
// quarter of an hour again, in which an account may send 18,000 orders: those of orders that
// are still remembered are counted there.
const foreignMax = 1 << 15

// foreign remembers the last foreignMax fills that belong to no order of ours, such as
// liquidations, or to one that is forgotten, so that a repeated one is counted once.
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
	if f.counted(inst, fill) {
		return false
	}
	key := foreignFill{inst, fill.TradeID, fill.VenueID, fill.ClientID}
	if f.seen == nil {
		f.seen = map[foreignFill]bool{}
	}
	f.seen[key] = true
	if len(f.ring) < foreignMax {
		f.ring = append(f.ring, key)
		return true
	}
	delete(f.seen, f.ring[f.next])
	f.ring[f.next] = key
	f.next = (f.next + 1) % foreignMax
	return true
}

// counted says whether a fill was noted before. One of a child may be, which was told before
// we knew it for ours.
func (f *foreign) counted(inst exchange.InstrumentID, fill *exchange.Fill) bool {
	return len(f.seen) > 0 && f.seen[foreignFill{inst, fill.TradeID, fill.VenueID, fill.ClientID}]
}

// strangersMax is how many orders that are not ours are remembered: what a trigger or an OCO
// has made is told of within moments of its making.
const strangersMax = 64

// strangers are the newest updates of orders that are not ours, so far as is known, a ring.
type strangers struct {
	ring []exchange.OrderUpdate
	next int
}

// note keeps the newest update of an order. One that is over stays over.
func (s *strangers) note(u *exchange.OrderUpdate) {
	switch was := s.of(u.ClientID); {
	case was != nil:
		if !was.Status.Final() && u.Filled >= was.Filled {
			*was = *u
		}
	case len(s.ring) < strangersMax:
		s.ring = append(s.ring, *u)
	default:
		s.ring[s.next] = *u
		s.next = (s.next + 1) % strangersMax
	}
}

// of is the newest update of an order, nil if there was none.
func (s *strangers) of(clientID string) *exchange.OrderUpdate {
	for i := range s.ring {
		if s.ring[i].ClientID == clientID {
			return &s.ring[i]
		}
	}
	return nil
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
		k.guard.Apply(&told)
		k.tell(told)
	}
}
