package engine

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// prefixMax leaves room in a client id of 32 characters for strategy and number, and for
// the two characters that name the legs of an OCO.
const prefixMax = 16

// CheckPrefix says whether client ids may begin so: with 1 to 16 characters of
// [A-Za-z0-9.:_-]. The error names what is wrong.
func CheckPrefix(prefix string) error {
	if prefix == "" || len(prefix) > prefixMax {
		return fmt.Errorf("a prefix of client ids has 1 to %d characters, not the %d of %.40q", prefixMax, len(prefix), prefix)
	}
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-"
	for i := range len(prefix) {
		if !strings.Contains(allowed, prefix[i:i+1]) {
			return fmt.Errorf("a prefix of client ids has letters, digits and .:_- only, not %q as in %q", prefix[i:i+1], prefix)
		}
	}
	return nil
}

// applyStart begins a process: nobody waits any more for the answers to what the process
// before has sent, so every pending order is Unknown until exchange truth ends the doubt.
// Its risk stays held, an amend on its way included; a cancel may be asked for again, for
// twice does no harm. No strategy is told, for none runs yet.
func (k *Kernel) applyStart(e *exchange.Event) {
	k.guard.Apply(e)
	prefix := e.Start().Prefix
	if err := CheckPrefix(prefix); err != nil {
		k.halt(e, err.Error()) // ids stay unique: the number in them is never used again
	} else {
		k.prefix = prefix
	}
	for _, o := range k.orders.open {
		o.cancelAsked = false
		switch o.Status {
		case exchange.StatusPendingNew, exchange.StatusPendingCancel, exchange.StatusPendingAmend:
			o.Status, o.Updated = exchange.StatusUnknown, k.now
			k.guard.Hold(o.risk())
		}
	}
	k.doubtActs()
	k.services.began()
}
