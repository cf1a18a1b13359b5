package budget

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// Class says how urgent a request is. Of those that wait, the most urgent class is served
// first, and in a class who came first.
type Class uint8

const (
	// Cancel ends orders or keeps a user stream alive. It may use all of the limit.
	Cancel Class = iota
	// Risk reads what the account's risk is made of, and asks for orders in doubt.
	Risk
	// Reduce is an order that the exchange knows as reducing only.
	Reduce
	// Order is any other order, and what else changes the account.
	Order
	// Read is what can wait.
	Read
	classes
)

var classNames = [classes]string{"cancels", "reads of risk", "reducing orders", "orders", "other reads"}

// String is the plural, for messages.
func (c Class) String() string { return classNames[c] }

// keptBack is how many percent of the limit of weight a class leaves, out of the share, to
// those above it, where Limits do not say otherwise: of a share of 80, reads use 40 at most, which leaves papi's orders enough
// for all that their own limit allows; orders use 60, reads of risk and reducing orders 70,
// and the last 10 are for cancels.
var keptBack = [classes]int{Risk: 10, Reduce: 10, Order: 20, Read: 40}

// ordersKeptBack is the same for the limit of orders.
const ordersKeptBack = 10

// ShareMin is the smallest share in percent: below it nothing would be left for reads.
const ShareMin = 50

// Limits are those of one service of the exchange.
type Limits struct {
	// Weight is what all requests of an address may cost a UTC minute.
	Weight int
	// Orders is how many orders an account may send a UTC minute; 0 if there is no count.
	Orders int
	// SharePercent is how much of both is used, ShareMin to 100.
	SharePercent int
	// Slack is how far the clock may be off the exchange's, and at most ten seconds.
	Slack time.Duration
	// QueueMax is how many requests of one class may wait.
	QueueMax int
	// KeptBack replaces, for the classes that it names, how many percent of the limit of
	// weight they leave to those above them; at most the share less 10. Cancels that it names
	// keep to the share, too: a client without orders has none.
	KeptBack map[Class]int
	// Quotas are what single endpoints are limited to beside.
	Quotas []Quota
}

// Quota limits an endpoint to N requests in any span Per. It is kept in memory: after a
// restart the exchange itself refuses what is too much.
type Quota struct {
	Name string
	N    int
	Per  time.Duration
}

// Request is what wants to leave.
type Request struct {
	Class Class
	// Weight is its cost, and Orders as how many orders it counts.
	Weight, Orders int
	// Quota is 1 plus the index of a quota in Limits; 0 is none.
	Quota int
}

// Ticket is the right to send one request now. It must be settled or returned.
type Ticket struct {
	request       Request
	weight, order int64 // the first minutes that count it
	at            time.Time
}

// Refusal says why a request will not be let through at all, or not in time.
type Refusal struct {
	// Err is one of the errors of this package.
	Err error
	// Reason is a sentence for people.
	Reason string
	// Until is when it is worth another try; zero if waiting does not help.
	Until time.Time
}

// Error is the reason, and until when.
func (r *Refusal) Error() string {
	s := r.Err.Error() + ": " + r.Reason
	if !r.Until.IsZero() {
		s += ", until " + r.Until.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return s
}

// Unwrap is Err.
func (r *Refusal) Unwrap() error { return r.Err }

// Why a request is refused.
var (
	// ErrBusy: too many wait already.
	ErrBusy = errors.New("queue full")
	// ErrLate: its turn would come after the caller's deadline.
	ErrLate = errors.New("no budget in time")
	// ErrQuota: the quota of the endpoint is used up.
	ErrQuota = errors.New("quota used up")
	// ErrHeavy: it costs more than its class may ever use.
	ErrHeavy = errors.New("more than the budget")
	// ErrBanned: the exchange answers nothing to this address.
	ErrBanned = errors.New("banned by the exchange")
)

// Budget is the state and the rules, without a clock. It belongs to one caller at a time;
// instants are the exchange's time as well as it is known.
type Budget struct {
	limits         Limits
	weight, orders pool
	quotas         []quota
	pauses         pauses
	// at is the latest instant that was told.
	at time.Time
}

// New starts with nothing used. The limits must be possible: see Limits.
func New(l Limits) (*Budget, error) {
	switch {
	case l.Weight <= 0 || l.Orders < 0 || l.QueueMax <= 0:
		return nil, fmt.Errorf("weight %d, orders %d and queue %d must be above 0", l.Weight, l.Orders, l.QueueMax)
	case l.SharePercent < ShareMin || l.SharePercent > 100:
		return nil, fmt.Errorf("share of %d%% is not within %d to 100", l.SharePercent, ShareMin)
	case l.Slack < 0 || l.Slack > 10*time.Second:
		return nil, fmt.Errorf("slack %v is not within 0 to 10 s", l.Slack)
	}
	for c := range classes {
		if n := l.keptBack(c); n < 0 || n > l.SharePercent-10 {
			return nil, fmt.Errorf("%v keep back %d%%, which is not within 0 to %d", c, n, l.SharePercent-10)
		}
	}
	l.KeptBack = maps.Clone(l.KeptBack)
	b := &Budget{limits: l, quotas: make([]quota, len(l.Quotas))}
	b.weight.slack, b.orders.slack = l.Slack, l.Slack
	for i, q := range l.Quotas {
		b.quotas[i] = quota{Quota: q}
	}
	return b, nil
}

func (l *Limits) keptBack(c Class) int {
	if n, ok := l.KeptBack[c]; ok {
		return n
	}
	return keptBack[c]
}

// weightMax is what a class may bring the weight of a minute to.
func (b *Budget) weightMax(c Class) int {
	if _, bounded := b.limits.KeptBack[c]; c == Cancel && !bounded {
		return b.limits.Weight
	}
	return b.limits.Weight * (b.limits.SharePercent - b.limits.keptBack(c)) / 100
}

// ordersMax is what a class may bring the orders of a minute to.
func (b *Budget) ordersMax(c Class) int {
	share := b.limits.SharePercent
	if c == Order {
		share -= ordersKeptBack
	}
	return b.limits.Orders * share / 100
}

// Take lets a request leave now, or says when it is worth asking again. An error is a
// [Refusal]: waiting is no answer.
func (b *Budget) Take(r Request, now time.Time) (t Ticket, until time.Time, err error) {
	if until, err := b.ready(r, now); err != nil || until.After(now) {
		return Ticket{}, until, err
	}
	if r.Quota > 0 {
		b.quotas[r.Quota-1].take(now)
	}
	b.pauses.flying++
	return Ticket{request: r, weight: b.weight.take(r.Weight, now), order: b.orders.take(r.Orders, now), at: now}, time.Time{}, nil
}

// ready says when a request may leave as things stand, which is now if it is not after now.
func (b *Budget) ready(r Request, now time.Time) (time.Time, error) {
	if err := b.never(r, now); err != nil {
		return time.Time{}, err
	}
	return latest(b.pauses.until(r.Class, now),
		b.weight.free(r.Weight, b.weightMax(r.Class), now),
		b.orders.free(r.Orders, b.ordersMax(r.Class), now)), nil
}

// setBackMin is by how much a clock must go back to have been wrong before. What is less makes
// us slower, not faster, for as long.
const setBackMin = time.Minute

// turn moves to an instant. If the clock was wrong until now, what was noted by it goes back
// with it: what is used stays used, and no pause gets longer. Only a ban stays, for the
// exchange may have told its end by its own clock.
func (b *Budget) turn(now time.Time) {
	if back := b.at.Sub(now); back >= setBackMin {
		b.at = now
		b.weight.setBack(now)
		b.orders.setBack(now)
		b.pauses.setBack(back)
		for i := range b.quotas {
			b.quotas[i].setBack(back)
		}
	}
	b.at = latest(b.at, now)
	b.weight.turn(now)
	b.orders.turn(now)
}

// never says why a request cannot leave however long it waits.
func (b *Budget) never(r Request, now time.Time) error {
	b.turn(now)
	if b.pauses.ban.After(now) {
		return &Refusal{Err: ErrBanned, Reason: "nothing is sent", Until: b.pauses.ban}
	}
	if most := b.weightMax(r.Class); r.Weight > most {
		return &Refusal{Err: ErrHeavy, Reason: fmt.Sprintf("weight %d, and %v may use %d a minute", r.Weight, r.Class, most)}
	}
	if most := b.ordersMax(r.Class); r.Orders > most {
		return &Refusal{Err: ErrHeavy, Reason: fmt.Sprintf("%d orders at once, and %v may use %d a minute", r.Orders, r.Class, most)}
	}
	if r.Quota > 0 {
		if until, ok := b.quotas[r.Quota-1].free(now); !ok {
			q := b.quotas[r.Quota-1].Quota
			return &Refusal{Err: ErrQuota, Reason: fmt.Sprintf("%s: %d requests in %v", q.Name, q.N, q.Per), Until: until}
		}
	}
	return nil
}

// Return gives a ticket back whose request was not sent.
func (b *Budget) Return(t Ticket) {
	b.weight.undo(t.request.Weight, t.weight)
	b.orders.undo(t.request.Orders, t.order)
	b.pauses.flying--
	if t.request.Quota > 0 {
		b.quotas[t.request.Quota-1].undo(t.at)
	}
}

// Settle closes a ticket with what came back.
func (b *Budget) Settle(t Ticket, a Answer, now time.Time) {
	b.turn(now)
	b.weight.land(t.request.Weight)
	b.orders.land(t.request.Orders)
	b.pauses.flying--
	b.weight.heard(a.Weight, t.weight)
	b.orders.heard(a.Orders, t.order)
	b.pauses.apply(t, a, now, b.weight.slack)
}

// Usage is what a minute has used of the limits so far, other processes included.
type Usage struct {
	Weight, Orders int
	// Paused is until when nothing, or no order, is sent; zero if they are.
	Paused, OrdersPaused time.Time
}

// Usage at an instant.
func (b *Budget) Usage(now time.Time) Usage {
	b.turn(now)
	u := Usage{Weight: b.weight.now.used(), Orders: b.orders.now.used()}
	if until := b.pauses.until(Cancel, now); until.After(now) {
		u.Paused = until
	}
	if until := b.pauses.until(Order, now); until.After(now) {
		u.OrdersPaused = until
	}
	return u
}
