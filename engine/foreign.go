package engine

import "github.com/pmbot/pmbot/exchange"

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
