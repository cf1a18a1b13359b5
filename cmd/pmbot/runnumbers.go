package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// The kernel knows strategies by numbers, and its orders, positions and halts are of numbers.
// People know them by labels. The terms of each process keep which label has which number, so
// that a configuration may name its strategies in another order, name new ones and leave out
// old ones, and none gets what is another's.

// numberStrategies gives every configured label its number: the one that it had, or the next
// that nobody ever had. The number of a label is its place in the result, from 1. Labels that
// are not configured any more keep theirs, for their positions are still there. There are at
// most 255 numbers in the life of a journal.
func numberStrategies(past, configured []string) ([]string, error) {
	labels := slices.Clone(past)
	for i, label := range past {
		if label == "" || slices.Contains(past[:i], label) {
			return nil, fmt.Errorf("strategy %d is called %q, which is no name or another's", i+1, label)
		}
	}
	for _, label := range configured {
		if !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	if n := len(labels); n > math.MaxUint8 {
		return nil, fmt.Errorf("%d strategies have had a number by now, and there are %d", n, math.MaxUint8)
	}
	return labels, nil
}

// number gives every player its number, after those that the journal knows.
func (b *bot) number(past []string) error {
	var configured []string
	for _, p := range b.players.list {
		configured = append(configured, p.label)
	}
	var err error
	if b.labels, err = numberStrategies(past, configured); err != nil {
		return &failure{exitConfig, err, "end orders and positions, and put the journal aside"}
	}
	for _, p := range b.players.list {
		p.id = exchange.StrategyID(slices.Index(b.labels, p.label) + 1)
	}
	return nil
}

// absent says whether a number is reserved for a strategy that is not configured.
func (b *bot) absent(id exchange.StrategyID) bool {
	return !slices.ContainsFunc(b.players.list, func(p *player) bool { return p.id == id })
}

// checkNumbers refuses a state that has numbers without a label: what they hold would be
// given to whoever comes next. It tells what strategies hold that are not configured.
func (b *bot) checkNumbers(k *engine.Kernel) error {
	known := func(id exchange.StrategyID) bool { return int(id) <= len(b.labels) }
	for _, o := range k.Orders() {
		if !known(o.Strategy) {
			return unknownNumber("order "+o.ClientID, o.Strategy)
		}
	}
	for _, h := range k.Holdings() {
		switch name := b.ins.At(h.Inst).Name(); {
		case !known(h.Strategy):
			return unknownNumber("a position on "+name, h.Strategy)
		case h.Strategy != 0 && b.absent(h.Strategy):
			b.warn(fmt.Sprintf("strategy %s is not configured any more, and holds %v of %s: nobody trades it; configure the strategy again, or close it with pmbot flatten",
				b.labels[h.Strategy-1], h.Qty, name))
		}
	}
	return nil
}

func unknownNumber(what string, id exchange.StrategyID) error {
	return &failure{exitCheck, fmt.Errorf("the journal has %s of strategy %d, of which it does not say the name", what, id), asideCure}
}

// asideCure is for a journal that nothing can be made of.
const asideCure = "with the journal put aside, a start reads the account from the exchange alone"

// haltAbsent halts the strategies that are not configured. Their positions can be closed by
// an operator.
func (b *bot) haltAbsent() {
	for i := range b.labels {
		id := exchange.StrategyID(i + 1)
		if !b.absent(id) {
			continue
		}
		e := exchange.Event{At: b.clock.Now()}
		e.SetState(&exchange.StateChange{
			Strategy: id, State: exchange.Halted, Cause: exchange.CauseStrategy, Reason: "it is not configured any more", By: "pmbot",
		})
		b.loop.Put(e)
	}
}

// labelOf is what a strategy is called, by its number from 1, and the number of one that has no label.
func labelOf(labels []string, id exchange.StrategyID) string {
	if int(id) > len(labels) {
		return fmt.Sprint("strategy ", id)
	}
	return labels[id-1]
}
