package link

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// DelayMax is the longest that a message is on its way by a delay that is constant or
// drawn. It bounds how many messages can be under way. A recorded one may be longer.
const DelayMax = time.Minute

// Delay is how long messages take one way. The zero Delay is none.
type Delay struct {
	form      delayForm
	low, high time.Duration // high is the scale of a tail
}

type delayForm uint8

const (
	constant delayForm = iota
	uniform
	tailed
	recorded
)

// ParseDelay reads a delay in one of these forms, lengths from "0s" to a minute:
//
//	20ms              always that long
//	10ms..40ms        every length between the two as likely as any other
//	20ms tail 5ms     20ms and more: see doc.go for the chances
//	recorded          as long as a recording's two clocks say
//
// The empty text is none.
func ParseDelay(s string) (Delay, error) {
	switch {
	case s == "":
		return Delay{}, nil
	case s == "recorded":
		return Delay{form: recorded}, nil
	}
	d := Delay{}
	low, high := s, ""
	if a, b, ok := strings.Cut(s, ".."); ok {
		d.form, low, high = uniform, a, b
	} else if a, b, ok := strings.Cut(s, " tail "); ok {
		d.form, low, high = tailed, a, b
	}
	var err error
	if d.low, err = parseLength(low); err != nil {
		return Delay{}, fmt.Errorf("delay %q: %w", s, err)
	}
	if d.form == constant {
		return d, nil
	}
	if d.high, err = parseLength(high); err != nil {
		return Delay{}, fmt.Errorf("delay %q: %w", s, err)
	}
	if d.form == uniform && d.high <= d.low {
		return Delay{}, fmt.Errorf("delay %q: the second length must be longer than the first", s)
	}
	if d.form == tailed && d.high == 0 {
		return Delay{}, fmt.Errorf("delay %q: the length of the tail must be longer than 0s", s)
	}
	return d, nil
}

func parseLength(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is none of: 20ms, 10ms..40ms, 20ms tail 5ms, recorded", s)
	}
	if d < 0 || d > DelayMax {
		return 0, fmt.Errorf("%v is not within 0s to %v", d, DelayMax)
	}
	return d, nil
}

// String is the delay as [ParseDelay] reads it.
func (d Delay) String() string {
	switch d.form {
	case uniform:
		return d.low.String() + ".." + d.high.String()
	case tailed:
		return d.low.String() + " tail " + d.high.String()
	case recorded:
		return "recorded"
	}
	return d.low.String()
}

// None says that messages take no time.
func (d Delay) None() bool { return d == Delay{} }

// Recorded says that a recording's two clocks give the delay.
func (d Delay) Recorded() bool { return d.form == recorded }

// courier draws the delays of one kind of message, from a stream of its own.
type courier struct {
	Delay
	rng *rand.Rand
}

func newCourier(d Delay, seed uint64, name string) courier { return courier{d, stream(seed, name)} }

// next is the delay of the next message; lag is what a recorded one is.
func (c *courier) next(lag time.Duration) time.Duration {
	switch c.form {
	case uniform:
		return c.low + time.Duration(c.rng.Int64N(int64(c.high-c.low)+1))
	case tailed:
		return min(c.low+tail(c.rng, c.high), DelayMax)
	case recorded:
		return lag
	}
	return c.low
}

// doublingsMax ends the tail at 2047 times its scale, which one message in four million
// comes near.
const doublingsMax = 10

// tail draws from a heavy tail in integers: it doubles with a chance of one in four again
// and again, so that it is longer than (2^n - 1) times the scale with a chance of 4^-n,
// and is evenly spread between these. That is a Pareto tail with an exponent of 2.
func tail(rng *rand.Rand, scale time.Duration) time.Duration {
	word := rng.Uint64()
	n := min(bits.TrailingZeros64(word)/2, doublingsMax)
	band := int64(scale) << n
	return time.Duration(band - int64(scale) + rng.Int64N(band))
}

// stream is a source of random numbers of its own for each name.
func stream(seed uint64, name string) *rand.Rand {
	const basis, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(basis)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * prime
	}
	return rand.New(rand.NewPCG(seed, h))
}

// span is a stretch of time: from its beginning to before its end.
type span struct{ from, to exchange.Time }

func (s span) holds(at exchange.Time) bool { return s.from <= at && at < s.to }
