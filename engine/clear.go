package engine

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// What a strategy has left open whose process is gone, or answers too late again and again, nobody
// looks after: the kernel cancels it, as a finding of the watch. Stops that only close stay, as in
// a halt; margin orders can never be only that for the exchange, so all of them go.

// Clearer is who wishes such cancels.
const Clearer = "pmbot's clearing"

// clearAgain is after how long what would not be cancelled is asked for again.
const clearAgain = 5 * time.Second

// Own says that an intent is a wish of the kernel itself.
func Own(in *exchange.Intent) bool { return Serves(in) || in.By == Clearer }

// clear appends the cancels that are due. It changes nothing.
func (k *Kernel) clear(found []exchange.Event) []exchange.Event {
	if !k.guard.Clearing() {
		return found
	}
	for _, o := range k.orders.open {
		since, _ := k.guard.Clears(o.Strategy)
		switch {
		case !k.clears(o) || o.cancelAsked || !o.speaks():
		case o.Updated > since && k.now.Sub(o.Updated) < clearAgain: // it was just answered
		default:
			e := exchange.Event{At: k.now, Inst: o.Request.Inst}
			e.SetIntent(&exchange.Intent{
				Kind: exchange.IntentCancel, Strategy: o.Strategy, Ref: o.Ref, Order: o.ID, By: Clearer, Tag: "its process",
				Request: exchange.OrderRequest{Inst: o.Request.Inst},
			})
			found = append(found, e)
		}
	}
	return found
}

// clears says whether an order is to be cleared away: nobody looks after it any more.
func (k *Kernel) clears(o *order) bool {
	since, created := k.guard.Clears(o.Strategy)
	switch {
	case since == 0 || o.Created > created:
		return false
	case k.taskOf(o) != nil || o.Ref > FlattenRef: // the kernel does, or a person
		return false
	}
	return k.ins.At(o.Request.Inst).Product == exchange.Margin || !o.Request.Protects()
}

// Clearing is how many orders are open that are to be cleared away.
func (k *Kernel) Clearing() (n int) {
	for _, o := range k.orders.open {
		if k.clears(o) {
			n++
		}
	}
	return n
}
