package exec

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Backoff is patience after a no, so that refusals and rejections do not become a flood:
// each one in a row doubles the wait, from Least to Most. The zero value waits a second at
// first and an hour at most.
type Backoff struct {
	// Least and Most bound the wait; 0 is 1s and 1h.
	Least, Most time.Duration
	wait        time.Duration
	until       exchange.Time
}

// No notes a refusal or a rejection. Several of one instant count once.
func (b *Backoff) No(now exchange.Time) {
	if now < b.until {
		return
	}
	least, most := b.Least, b.Most
	if least <= 0 {
		least = time.Second
	}
	if most <= 0 {
		most = time.Hour
	}
	b.wait = min(max(2*b.wait, least), max(most, least))
	b.until = now.Add(b.wait)
}

// Yes notes that something was accepted: the next no waits for Least again.
func (b *Backoff) Yes() { b.wait, b.until = 0, 0 }

// Ready says whether the wait is over.
func (b *Backoff) Ready(now exchange.Time) bool { return now >= b.until }
