package exec

import (
	"encoding/json"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Backoff is patience after a no, so that refusals and rejections do not become a flood:
// each one in a row doubles the wait, from Least to Most. The zero value waits a second at
// first and an hour at most. Its JSON is how far it has come, for a strategy's memory; the bounds
// are not in it and stay.
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

// MarshalJSON writes the wait and its end.
func (b Backoff) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]int64{int64(b.wait), int64(b.until)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (b *Backoff) UnmarshalJSON(text []byte) error {
	var s [2]int64
	err := json.Unmarshal(text, &s)
	b.wait, b.until = time.Duration(s[0]), exchange.Time(s[1])
	return err
}
