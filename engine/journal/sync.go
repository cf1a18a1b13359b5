package journal

import (
	"fmt"
	"time"
)

// Sync says when what is written is forced to the disk, so that it survives a loss of power.
// The zero value is SyncOrders.
type Sync struct {
	mode  syncMode
	every time.Duration
}

type syncMode uint8

const (
	syncOrders syncMode = iota
	syncAlways
	syncNever
	syncEvery
)

// SyncOrders forces before an order leaves that may create risk, so that no order is ever
// at the exchange that the journal has forgotten.
func SyncOrders() Sync { return Sync{} }

// SyncAlways forces before any request leaves, and every event that is not the market's.
func SyncAlways() Sync { return Sync{mode: syncAlways} }

// SyncNever leaves it to the operating system. A loss of power may forget orders.
func SyncNever() Sync { return Sync{mode: syncNever} }

// SyncEvery forces in the background, by [Writer.Run]. A loss of power may forget the orders
// of that time. It is at least a millisecond.
func SyncEvery(d time.Duration) Sync { return Sync{syncEvery, max(d, time.Millisecond)} }

// ParseSync reads "always", "orders", "never" or a duration such as "1s".
func ParseSync(s string) (Sync, error) {
	switch s {
	case "always":
		return SyncAlways(), nil
	case "orders":
		return SyncOrders(), nil
	case "never":
		return SyncNever(), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Millisecond || d > time.Hour {
		return Sync{}, fmt.Errorf("%.40q is none of always, orders, never, or a duration from 1ms to 1h", s)
	}
	return SyncEvery(d), nil
}

// String prints what ParseSync reads.
func (s Sync) String() string {
	switch s.mode {
	case syncAlways:
		return "always"
	case syncNever:
		return "never"
	case syncEvery:
		return s.every.String()
	}
	return "orders"
}

// MarshalText writes the form of [Sync.String].
func (s Sync) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSync] reads.
func (s *Sync) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSync(string(b))
	return err
}

// Level is what is about to happen once the journal has been committed. Its values are those
// of engine.Urgency, in the same order.
type Level uint8

const (
	// Later: nothing leaves the process.
	Later Level = iota
	// BeforeSend: a request leaves that can create no risk.
	BeforeSend
	// BeforeRisk: an order leaves.
	BeforeRisk
)

// now says whether what was written must be forced before what a level announces; inside says
// that it is more than market data.
func (s Sync) now(l Level, inside bool) bool {
	switch s.mode {
	case syncAlways:
		return l > Later || inside
	case syncOrders:
		return l == BeforeRisk
	}
	return false
}
