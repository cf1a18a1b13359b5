package stats

import (
	"cmp"
	"maps"
	"slices"

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

func (e exits) add(row *backtest.TradeRow) {
	key := exitKey{row.Strategy, cmp.Or(row.ExitTag, Untagged)}
	if row.Forced != exchange.NotForced {
		key.reason = row.Forced.String()
	}
	one := Exit{Strategy: row.Strategy, Reason: key.reason, Trades: 1, Net: row.Net}
	if row.Net.IsPositive() {
		one.Won = 1
	}
	e.count(key, one)
}

func (e exits) count(key exitKey, one Exit) {
	if e[key] == nil {
		e[key] = &Exit{Strategy: key.strategy, Reason: key.reason}
	}
	e[key].join(&one)
}

// reasons are the exits over all strategies. Sums are exact, so the order of the map is of
// no account.
func (e exits) reasons() exits {
	sums := exits{}
	for key, one := range e {
		sums.count(exitKey{reason: key.reason}, *one)
	}
	return sums
}

// join adds another to an exit.
func (e *Exit) join(one *Exit) {
	e.Trades, e.Won, e.Net = e.Trades+one.Trades, e.Won+one.Won, e.Net.Add(one.Net)
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
			rest := *one
			rest.Reason = OtherReasons
			list = append(list, rest)
		default:
			list[len(list)-1].join(one)
		}
	}
	return list
}
