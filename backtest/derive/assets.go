package derive

import (
	"errors"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// MarkOfTrades names the rule for a contract that has trades and no marks.
const MarkOfTrades = "mark = last trade, once a second"

// Promise is the cadence of what a rule derives, and a sentence that names the rule.
type Promise struct {
	Event exchange.Event
	Text  string
}

// PromiseOf makes one of a cadence, whose Rule is set, for what is called so.
func PromiseOf(inst exchange.InstrumentID, c exchange.Cadence, called string) Promise {
	e := exchange.Event{Inst: inst, Flags: exchange.FlagDerived}
	e.SetCadence(&c)
	return Promise{Event: e, Text: called + ": " + c.Rule}
}

// Own are the promises of a simulated exchange that has no clock beside the one of its events, and
// no account that anybody would have to read: neither is ever old.
func Own() []exchange.Event {
	return []exchange.Event{Promised(exchange.KindAccount, exchange.Forever), Promised(exchange.KindClock, exchange.Forever)}
}

// Promised is the promise of a simulated exchange to tell something of itself.
func Promised(kind exchange.Kind, every time.Duration) exchange.Event {
	e := exchange.Event{Flags: exchange.FlagDerived}
	e.SetCadence(&exchange.Cadence{Kind: kind, Every: every, Rule: "the simulated exchange's own"})
	return e
}

// Needed are the assets whose USD price an account needs: those that the instruments settle
// in, or trade, and those that are held, in that order and each once.
func Needed(ins *exchange.Instruments, held []string) []string {
	var list []string
	add := func(asset string) {
		if !slices.Contains(list, asset) {
			list = append(list, asset)
		}
	}
	for _, in := range ins.All() {
		add(in.MarginAsset)
		if in.Product == exchange.Margin {
			add(in.Base)
			add(in.Quote)
		}
	}
	for _, asset := range held {
		add(asset)
	}
	return list
}

// Stable is the rule for a stable coin: what it promises, and the constant itself.
func Stable(asset string) (Promise, exchange.Event) {
	e := exchange.Event{Flags: exchange.FlagDerived}
	e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: exchange.FixedOne})
	return PromiseOf(0, exchange.Cadence{Kind: exchange.KindAssetIndex, Asset: asset, Every: exchange.Forever, Rule: "index = 1"}, asset), e
}

// ErrUnpriced says that no instrument prices a coin.
var ErrUnpriced = errors.New("no future of the instruments prices the coin")

// Coin adds the rule for a coin: its index comes from the first instrument that prices it, of
// UM or else of CM, whose marks come as often as every says.
func (r *Rules) Coin(asset string, ins *exchange.Instruments, every func(*exchange.Instrument) time.Duration) (Promise, error) {
	for _, product := range []exchange.Product{exchange.UM, exchange.CM} {
		for _, in := range ins.All() {
			if in.Product != product || in.Base != asset {
				continue
			}
			r.Index(asset, in.ID)
			return PromiseOf(0, exchange.Cadence{
				Kind: exchange.KindAssetIndex, Asset: asset, Every: every(&in), Rule: "index = index price of the mark, else mark of " + in.Name(),
			}, asset), nil
		}
	}
	return Promise{}, ErrUnpriced
}
