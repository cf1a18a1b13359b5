package venue

import (
	"math/bits"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// averaged is how long before its delivery the settlement price of a contract is taken
	// from, and averagedOnce how long it was for deliveries before averagedSince.
	averaged     = 30 * time.Minute
	averagedOnce = time.Hour
)

// averagedSince is 2024-11-11, since when half an hour counts and not a whole one.
const averagedSince exchange.Time = 1_731_283_200_000_000_000

// settlement is the mean of a dated contract's index, a sample for every second of the
// time before delivery.
type settlement struct {
	next, end exchange.Time // the second to be sampled next, and the delivery, never sampled
	last      exchange.Fixed
	hi, lo    uint64 // the sum of the samples
	count     uint64
	// estimate is the settlement price as the exchange estimated it last; 0 if it did not.
	estimate exchange.Fixed
}

// newSettlement is that of a contract delivered at an instant.
func newSettlement(delivery exchange.Time) settlement {
	span := averaged
	if delivery < averagedSince {
		span = averagedOnce
	}
	return settlement{next: delivery.Add(-span), end: delivery}
}

// learn takes in a mark. The index that came before it holds for the seconds until it.
func (s *settlement) learn(m exchange.Mark, at exchange.Time) {
	if at >= s.end {
		return
	}
	s.sample(at)
	if m.Index > 0 {
		s.last = m.Index
	}
	if m.Settle > 0 && at >= s.next {
		s.estimate = m.Settle
	}
}

// sample counts the index for every second before an instant that has not been counted.
// Seconds before the first index are left out of the mean.
func (s *settlement) sample(to exchange.Time) {
	to = min(to, s.end)
	if to <= s.next {
		return
	}
	n := uint64((to.Sub(s.next) + time.Second - 1) / time.Second)
	s.next = s.next.Add(time.Duration(n) * time.Second)
	if s.last == 0 {
		return
	}
	hi, lo := bits.Mul64(uint64(s.last), n)
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
	s.count += n
}

// price is the mean rounded half up to the eighth decimal; without an index, the
// exchange's own estimate, or 0.
func (s *settlement) price() exchange.Fixed {
	s.sample(s.end)
	if s.count == 0 {
		return s.estimate
	}
	lo, carry := bits.Add64(s.lo, s.count/2, 0)
	mean, _ := bits.Div64(s.hi+carry, lo, s.count) // hi < count, for each sample fits a Fixed
	return exchange.Fixed(mean)
}

// deliver settles the contracts whose time has come.
func (v *Venue) deliver() {
	for i := 1; i < len(v.markets); i++ {
		m := &v.markets[i]
		switch {
		case m.in.Delivery == 0 || m.in.Status == statusDelivered:
		case m.in.Delivery <= v.now:
			v.deliverContract(m)
		default:
			v.agenda.bring(choreDeliver, m.in.Delivery)
		}
	}
}

// statusDelivered is Binance's word for a contract that has been settled.
const statusDelivered = "DELIVERED"

// deliverContract ends the open orders of a dated contract, then closes its positions at
// the settlement price with the taker's fee. It takes no orders any more.
func (v *Venue) deliverContract(m *market) {
	in := *m.in
	in.Status = statusDelivered
	m.in = &in
	v.cancelAll(func(other *market) bool { return other == m }, errDelivered)
	price := m.settlement.price()
	if price == 0 {
		price = m.valuation()
		if !m.flat() {
			v.money.note(in.Name() + " was delivered at its mark: its index was not in the data")
		}
	}
	v.settle(m, price)
}
