package host

import "time"

// Restart says how soon a strategy whose session has ended may be started again. The zero
// value never does.
type Restart struct {
	// First is the wait after the first failure; each further one doubles it, up to Most.
	First, Most time.Duration
	// Tries is how many failures in a row are answered so. One that comes after the strategy
	// has run for Healthy begins a new row.
	Tries   int
	Healthy time.Duration
}

// Wait is how long to wait after the failures in a row, the last included; again is false
// when it is enough and a person must look. A wrong configuration, and a program that is not
// what it should be, do not get better by waiting: see [Kind.Configured].
func (r Restart) Wait(failures int) (wait time.Duration, again bool) {
	if failures < 1 || failures > r.Tries {
		return 0, false
	}
	wait = r.First
	for range failures - 1 {
		if wait >= r.Most/2 {
			return r.Most, true
		}
		wait *= 2
	}
	return min(wait, r.Most), true
}

// Row counts failures in a row: before is how many there were, and ran how long the
// strategy ran until this one.
func (r Restart) Row(before int, ran time.Duration) int {
	if ran >= r.Healthy {
		return 1
	}
	return before + 1
}
