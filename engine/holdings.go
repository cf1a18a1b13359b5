package engine

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Holding is what one strategy holds of an instrument and position side: the sum of its
// fills. Strategy 0 is the house, which holds what is nobody's.
type Holding struct {
	Strategy exchange.StrategyID
	Inst     exchange.InstrumentID
	Side     exchange.PositionSide
	Qty      decimal.Decimal
}

// Holdings lists what is not flat, by strategy, instrument and position side.
func (k *Kernel) Holdings() []Holding {
	var list []Holding
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
