package venue

import (
	"github.com/pmbot/pmbot/exchange"
)

// chore is what the exchange does by the clock, whatever the market does. Of chores due
// at one instant the smaller comes first.
type chore uint8

const (
	// choreExpire ends GTD orders.
	choreExpire chore = iota
	// choreDeliver settles dated contracts.
	choreDeliver
	// choreLoans charges the hourly interest of loans, choreNegative the daily one of
	// negative balances.
	choreLoans
	choreNegative
	// choreRepay pays off negative futures wallets and choreExchange converts other assets
	// to one that has fallen too far.
	choreRepay
	choreExchange
	chores
)

// agenda holds when each chore is due next: never, if it is not.
type agenda struct {
	due  [chores]exchange.Time
	next exchange.Time // the earliest
}

func newAgenda() agenda {
	a := agenda{next: exchange.Never}
	for c := range a.due {
		a.due[c] = exchange.Never
	}
	return a
}

// bring makes a chore due at an instant, unless it is due before.
func (a *agenda) bring(c chore, at exchange.Time) {
	a.due[c] = min(a.due[c], at)
	a.next = min(a.next, at)
}

// take removes and returns the chore that is due first, and its instant.
func (a *agenda) take() (first chore, at exchange.Time) {
	for c := range a.due {
		if a.due[c] < a.due[first] {
			first = chore(c)
		}
	}
	at = a.due[first]
	a.due[first], a.next = exchange.Never, exchange.Never
	for _, due := range a.due {
		a.next = min(a.next, due)
	}
	return first, at
}

// Due is when the exchange will do something by the clock next, such as ending an order
// or charging interest. Whoever keeps the time calls [Venue.Advance] then, before he lets
// anything later happen.
func (v *Venue) Due() exchange.Time { return v.agenda.next }

// Advance lets everything happen that is due at or before an instant. Other calls do the
// same for their own.
func (v *Venue) Advance(at exchange.Time) {
	v.open(at)
	v.value()
}

// pass does the chores up to an instant, in the order of their time.
func (v *Venue) pass(to exchange.Time) {
	for v.agenda.next <= to {
		c, at := v.agenda.take()
		v.now = max(v.now, at)
		switch c {
		case choreExpire:
			v.expire()
		case choreDeliver:
			v.deliver()
		case choreLoans:
			v.chargeLoans()
		case choreNegative:
			v.chargeNegative()
		case choreRepay:
			v.repayFutures()
		case choreExchange:
			v.convertAll()
		}
		v.value()
	}
}
