package derive

import (
	"maps"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Lending is what the simulated exchange tells at the start of what loans cost: the hourly
// rate of every asset that an instrument names or the account holds, with the promise that
// whatever changes is told. An asset without a rate has the highest of them, as the venue
// charges it; without any rate nothing is told.
func Lending(ins *exchange.Instruments, held []string, rates map[string]exchange.Fixed) []exchange.Event {
	if len(rates) == 0 {
		return nil
	}
	most := exchange.Fixed(0)
	for _, asset := range slices.Sorted(maps.Keys(rates)) {
		most = max(most, rates[asset])
	}
	var list []exchange.Event
	seen := map[string]bool{"USD": true, "": true} // the quote of CM is no asset
	tell := func(asset string) {
		if seen[asset] {
			return
		}
		seen[asset] = true
		rate, known := rates[asset]
		if !known {
			rate = most
		}
		promise := exchange.Event{Flags: exchange.FlagDerived}
		promise.SetCadence(&exchange.Cadence{Kind: exchange.KindLending, Asset: asset, Every: exchange.Forever, Rule: "rates are those of the simulated exchange"})
		told := exchange.Event{Flags: exchange.FlagDerived}
		told.SetLending(&exchange.Lending{Asset: asset, Hourly: rate.Decimal(), Rated: true})
		list = append(list, promise, told)
	}
	for _, in := range ins.All() {
		tell(in.Base)
		tell(in.Quote)
		tell(in.MarginAsset)
	}
	for _, asset := range held {
		tell(asset)
	}
	return list
}
