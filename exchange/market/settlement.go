package market

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// fundingDelay is how long after a settlement its rate is asked for. Binance publishes it
	// some milliseconds late.
	fundingDelay = 2 * time.Second
	// fundingRetry is the pause after the first request that did not have it; it doubles,
	// fundingTries times: the last is asked some 17 minutes later.
	fundingRetry = 2 * time.Second
	fundingTries = 10
)

// settlement follows the fundings of one instrument: marks say when the next one is, and REST
// tells its rate afterwards. It is a value without clock or network.
type settlement struct {
	// next is the instant that marks announce, 0 while they announce none; passed is the last
	// one that is over.
	next, passed exchange.Time
	// owed is one that is over and not told yet, 0 if there is none.
	owed exchange.Time
	// told is when the last settlement told was published, before that when the first mark was
	// sent; instant is the whole hour of the last told one, 0 before the first.
	told, instant exchange.Time
	tries         int
	due           exchange.Time // when to ask, not before
}

// mark takes what a mark that was sent at an instant announces.
func (s *settlement) mark(sent, next exchange.Time) {
	if s.told == 0 {
		s.told = sent
	}
	s.pass(sent)
	if next > max(s.passed, s.instant) {
		s.next = next
	}
}

// pass lets time pass, by the exchange's clock: a settlement whose instant is over is owed,
// unless it was told with the one before.
func (s *settlement) pass(now exchange.Time) {
	if s.next == 0 || now < s.next {
		return
	}
	s.passed, s.next = s.next, 0
	if s.passed > s.instant && s.owed == 0 { // else both are asked for together
		s.owed, s.tries, s.due = s.passed, 0, 0
	}
}

// row takes a settlement as REST has it, its instant and when it was published, and says
// whether it is to be told, and how long after the one before it came, 0 if that is not known.
func (s *settlement) row(instant, published exchange.Time, special bool) (interval time.Duration, ok bool) {
	if published <= s.told {
		if !special {
			s.instant = max(s.instant, instant) // for the interval of the next
		}
		return 0, false
	}
	s.told = published
	if special {
		return 0, true
	}
	if s.instant != 0 {
		interval = instant.Sub(s.instant)
	}
	s.instant = instant
	if s.owed != 0 && instant >= s.owed {
		s.owed, s.tries = 0, 0
		if s.passed > instant {
			s.owed = s.passed
		}
	}
	return interval, true
}

// answered notes that an answer has been read. If the settlement that is owed was not in it,
// it is asked for again; at last it is given up, and returned.
func (s *settlement) answered(now exchange.Time) (missed exchange.Time) {
	if s.owed == 0 {
		return 0
	}
	s.due = now.Add(fundingRetry << s.tries)
	if s.tries++; s.tries < fundingTries {
		return 0
	}
	missed, s.owed, s.tries = s.owed, 0, 0
	return missed
}
