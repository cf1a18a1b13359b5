package engine

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Reconcile says what becomes of differences between the exchange's account and ours. The
// zero value of each is its default.
type Reconcile struct {
	// Orders is for open orders that have our prefix and are not known, such as after a journal
	// was lost: RemedyCancel, the default, RemedyAdopt makes them the house's, or RemedyHalt.
	Orders exchange.Remedy
	// Positions is RemedyHalt by default, or RemedyAdopt, which gives the house the difference.
	Positions exchange.Remedy
	// Balances is RemedyAdopt by default, with an entry in the ledger, or RemedyHalt.
	Balances exchange.Remedy
	// Foreign is for orders and positions that are nobody's here: RemedyReport by default, or
	// RemedyHalt. They are never touched.
	Foreign exchange.Remedy
}

// Check names what makes no sense, by the key of the configuration.
func (r *Reconcile) Check() error {
	for _, c := range []struct {
		key    string
		remedy exchange.Remedy
		takes  []exchange.Remedy
	}{
		{"orders", r.Orders, []exchange.Remedy{exchange.RemedyCancel, exchange.RemedyAdopt, exchange.RemedyHalt}},
		{"positions", r.Positions, []exchange.Remedy{exchange.RemedyHalt, exchange.RemedyAdopt}},
		{"balances", r.Balances, []exchange.Remedy{exchange.RemedyAdopt, exchange.RemedyHalt}},
		{"foreign", r.Foreign, []exchange.Remedy{exchange.RemedyReport, exchange.RemedyHalt}},
	} {
		if c.remedy != 0 && !slices.Contains(c.takes, c.remedy) {
			return fmt.Errorf("reconcile.%s is %v; it must be one of %v", c.key, c.remedy, c.takes)
		}
	}
	return nil
}

// or is a policy, or what it is by default.
func or(r, otherwise exchange.Remedy) exchange.Remedy {
	if r == 0 {
		return otherwise
	}
	return r
}

// lostAfter is how many readings in a row an order must be missing from to be lost, if the
// broker has not told that it cannot find it.
const lostAfter = 6

// decideTruth holds a reading against what the kernel has, and chooses a remedy for each
// difference. A position, a balance and an order may have moved while they were read: what
// counts is what two readings in a row show without a fill in between, or three at all.
func (k *Kernel) decideTruth(e *exchange.Event) Decision {
	d := exchange.TruthDecision{Differences: k.compare(e.Truth())}
	careful, halt := false, false
	for i := range d.Differences {
		diff := &d.Differences[i]
		diff.Seen = 1
		for j := range k.truth.differences {
			if was := &k.truth.differences[j]; was.Same(diff) {
				diff.Seen, diff.Traded = was.Seen+1, was.Traded
			}
		}
		diff.Remedy = k.remedy(diff)
		if diff.Remedy == exchange.RemedyWait {
			careful = careful || k.fears(diff)
		}
		halt = halt || diff.Remedy == exchange.RemedyHalt
		diff.Traded = false
	}
	want := exchange.Active
	switch {
	case halt:
		want = exchange.Halted
	case careful:
		want = exchange.ReduceOnly
	}
	holds := k.truthHolds()
	if d.Sets = want != holds && (want < holds || holds == exchange.ReduceOnly); d.Sets {
		d.State = want
	}
	return Decision{Decision: exchange.Decision{Truth: &d}}
}

// truthHolds is what CauseTruth holds on the account. What it has halted only a person frees.
func (k *Kernel) truthHolds() exchange.TradingState {
	for _, h := range k.guard.States() {
		if h.Cause == exchange.CauseTruth && h.Inst == 0 && h.Strategy == 0 {
			return h.State
		}
	}
	return exchange.Active
}

// remedy is what is done about a difference.
func (k *Kernel) remedy(d *exchange.Difference) exchange.Remedy {
	policy, sure := k.reconcile, d.Seen >= 2 && !d.Traded || d.Seen >= 3
	switch d.Kind {
	case exchange.DifferentPosition, exchange.DifferentBalance:
		switch {
		case !k.truth.agreed:
			return exchange.RemedyAdopt // it is what the account has to begin with
		case !sure:
			return exchange.RemedyWait
		case d.Kind == exchange.DifferentPosition:
			return or(policy.Positions, exchange.RemedyHalt)
		default:
			return or(policy.Balances, exchange.RemedyAdopt)
		}
	case exchange.DifferentOrder:
		if !sure {
			return exchange.RemedyWait
		}
		return exchange.RemedyAdopt
	case exchange.MissingOrder:
		if o := k.orders.byName[d.Order]; sure && o != nil && o.Status == exchange.StatusUnknown || d.Seen >= lostAfter {
			return exchange.RemedyHalt
		}
		return exchange.RemedyWait
	case exchange.StrangeOrder:
		return k.strange(d, or(policy.Orders, exchange.RemedyCancel))
	case exchange.OtherBot:
		return exchange.RemedyHalt
	}
	if slices.Contains(k.truth.accepted, d.Text) {
		return exchange.RemedyReport
	}
	return or(policy.Foreign, exchange.RemedyReport)
}

// strange is for an order that is not open here. One that is over here was ours; it cannot be
// adopted a second time.
func (k *Kernel) strange(d *exchange.Difference, policy exchange.Remedy) exchange.Remedy {
	switch o := k.orders.byName[d.Order]; {
	case o == nil:
		return policy
	case d.Seen < 2:
		return exchange.RemedyWait
	case policy == exchange.RemedyAdopt:
		return exchange.RemedyCancel
	}
	return policy
}

// fears says whether the account may only reduce risk until a difference is sure.
func (k *Kernel) fears(d *exchange.Difference) bool {
	switch d.Kind {
	case exchange.DifferentBalance:
		return or(k.reconcile.Balances, exchange.RemedyAdopt) == exchange.RemedyHalt
	case exchange.DifferentOrder:
		return false
	}
	return true
}
