package stats

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// ReasonsMax bounds the reasons of one strategy in [Statistics.Exits]: an author who
// writes prices into tags has as many reasons as round trips. The most frequent are kept,
// and the rest is one line of [OtherReasons].
const ReasonsMax = 50

// Untagged and OtherReasons stand where there is no one reason.
const (
	Untagged     = "untagged"
	OtherReasons = "other reasons"
)

// exits counts round trips by what ended them.
type exits map[exitKey]*Exit

type exitKey struct{ strategy, reason string }

func (e exits) add(strategy string, row *backtest.TradeRow) {
	key := exitKey{strategy, cmp.Or(row.ExitTag, Untagged)}
	if row.Forced != exchange.NotForced {
		key.reason = row.Forced.String()
	}
	one := e[key]
	if one == nil {
		one = &Exit{Strategy: key.strategy, Reason: strings.Clone(key.reason)}
		e[key] = one
	}
	one.Trades++
	if row.Net.IsPositive() {
		one.Won++
	}
	one.Net = one.Net.Add(row.Net)
}

// list is sorted by strategy, then the most frequent first, then by reason.
func (e exits) list() []Exit {
	sorted := slices.SortedFunc(maps.Values(e), func(a, b *Exit) int {
		return cmp.Or(cmp.Compare(a.Strategy, b.Strategy), b.Trades-a.Trades, cmp.Compare(a.Reason, b.Reason))
	})
	var list []Exit
	of := 0 // how many reasons of the strategy are there
	for i, one := range sorted {
		if of++; i == 0 || one.Strategy != sorted[i-1].Strategy {
			of = 1
		}
		switch {
		case of <= ReasonsMax:
			list = append(list, *one)
		case of == ReasonsMax+1:
			list = append(list, Exit{one.Strategy, OtherReasons, one.Trades, one.Won, one.Net})
		default:
			rest := &list[len(list)-1]
			rest.Trades, rest.Won, rest.Net = rest.Trades+one.Trades, rest.Won+one.Won, rest.Net.Add(one.Net)
		}
	}
	return list
}
