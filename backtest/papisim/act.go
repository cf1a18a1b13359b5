package papisim

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Now is the exchange's time.
func (s *Sim) Now() exchange.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.now()
}

// Forward moves time forward, through everything that happens meanwhile.
func (s *Sim) Forward(by time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.jump(max(by, 0))
	return s.step(s.clock.now())
}
