package engine

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// In one-way mode the exchange holds ReduceOnly against the account's position, which is what all
// strategies hold together. One that is long while the others are short of more could never close:
// what reduces its own position opens the account's.

// netted says whether an order of a strategy that says ReduceOnly takes no more than the strategy's
// own position, its other orders counted, while the account's is not there to be reduced. It goes
// without the flag then, and the guard judges it by what it does to the account. Only orders that
// deal at once do: of those that wait the position may be gone when they come to it.
func (k *Kernel) netted(o *exchange.Order) bool {
	r := &o.Request
	atOnce := r.Type == exchange.Market || r.Type == exchange.Limit && (r.TimeInForce == exchange.IOC || r.TimeInForce == exchange.FOK)
	if !r.ReduceOnly || !atOnce || o.Strategy == 0 || int(o.Strategy) >= len(k.holdings) || !k.ins.Has(r.Inst) || r.PositionSide != exchange.Both || k.reduces(r.Inst, r.PositionSide, r.Side, r.Qty) {
		return false
	}
	own := k.holdings[o.Strategy][r.Inst][exchange.Both]
	if int64(own.Sign()) != -r.Side.Sign() {
		return false
	}
	takes := r.Qty
	for _, other := range k.orders.open {
		if q := &other.Request; other.Strategy == o.Strategy && q.Inst == r.Inst && q.Side == r.Side && !q.Type.Conditional() {
			takes += other.Remaining()
		}
	}
	return decimal.New(int64(takes), -exchange.FixedPlaces).LessThanOrEqual(own.Abs())
}
