package engine

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// What the kernel tells of its state: to brokers that start again, and to people.

// Epoch is the guard's halt epoch, see [riskguard.Guard.Epoch].
func (k *Kernel) Epoch() uint64 { return k.guard.Epoch() }

// Now is the time of the last event.
func (k *Kernel) Now() exchange.Time { return k.now }

// Seq is the number of the last event.
func (k *Kernel) Seq() uint64 { return k.seq }

// States lists what is halted or reduce-only, by which cause, why and since when.
func (k *Kernel) States() []riskguard.Held { return k.guard.States() }

// Orders lists the orders that are not over, oldest first.
func (k *Kernel) Orders() []exchange.Order {
	list := make([]exchange.Order, len(k.orders.open))
	for i, o := range k.orders.open {
		list[i] = o.Order
	}
	return list
}

// Holding is what a strategy holds of an instrument on a position side: the sum of its
// fills. Strategy 0 is the house, to which the fills of nobody's orders belong.
type Holding struct {
	Strategy exchange.StrategyID
	Inst     exchange.InstrumentID
	Side     exchange.PositionSide
	// Qty is signed, in base coin for UM and margin, in contracts for CM, and not 0.
	Qty decimal.Decimal
}

// Holdings lists what is not flat, by strategy, instrument and side.
func (k *Kernel) Holdings() []Holding {
	list := []Holding{}
	for s := range k.holdings {
		for inst := range k.holdings[s] {
			for side, qty := range k.holdings[s][inst] {
				if !qty.IsZero() {
					list = append(list, Holding{exchange.StrategyID(s), exchange.InstrumentID(inst), exchange.PositionSide(side), qty})
				}
			}
		}
	}
	return list
}

// LastFill is the newest time, by the exchange's clock, of a fill or booking that was told;
// 0 without one. What the exchange has done later is not known here.
func (k *Kernel) LastFill() exchange.Time { return k.lastFill }

// Account is the account as the margin model has it now; see [riskguard.Guard.Account].
func (k *Kernel) Account() exchange.Account { return k.guard.Account() }

// Limits are those that hold now.
func (k *Kernel) Limits() riskguard.Limits { return k.guard.Limits() }

// Uses tells how near orders came to the limits; see [riskguard.Guard.Uses].
func (k *Kernel) Uses() []riskguard.Use { return k.guard.Uses() }

// Read is when the newest reading of the exchange's account began; 0 before the first.
func (k *Kernel) Read() exchange.Time { return k.truth.last.At }
