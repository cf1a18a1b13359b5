package backtest

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// moment is what a sample has of the account as the exchange has it, taken before anybody
// is told of it and can answer.
func (r *recorder) moment(at exchange.Time, sim simulator) Sample {
	s := Sample{At: at, Account: sim.Account()}
	holdings := sim.Holdings()
	s.Assets = make([]AssetValue, len(holdings))
	for i := range holdings {
		s.Assets[i] = AssetValue(holdings[i])
		if at, known := slices.BinarySearch(r.assets, holdings[i].Asset); !known {
			r.assets = slices.Insert(r.assets, at, holdings[i].Asset)
		}
	}
	return s
}
