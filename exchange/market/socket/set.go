package socket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// tickEvery is how often the lanes are told the time.
const tickEvery = commandEvery

// Set keeps streams. [Set.Run] is its life; the other methods may be called from anywhere
// but Deliver and Notice, at any time.
type Set struct {
	config Config
	// mu makes one message at a time of what the connections bring, each on a goroutine of
	// its own: it guards lanes, and Deliver and Notice run under it. A queue to an owner in
	// its place would cost a change of goroutine for each message.
	mu      sync.Mutex
	lanes   *lanes
	running bool
	began   time.Time
	// again decodes what was held back.
	again frame.Decoder

	// ctx ends the connections, whose goroutines work counts. Both are Run's.
	ctx  context.Context
	work sync.WaitGroup
}

// New makes a set of streams. An error names all streams that do not exist.
func New(c Config, streams []stream.Stream) (*Set, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	s := &Set{config: c, began: time.Now()}
	s.lanes = newLanes(rules{
		perConnection: c.PerConnection, rotate: c.Rotate, overlap: c.Overlap, held: c.HeldBytes, silence: c.Silence,
	}, s, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	if err := s.lanes.update(streams, nil); err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	return s, nil
}

// Run connects and keeps connected until the context ends, whose error it returns once all
// is closed. A Set runs once.
func (s *Set) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("socket: a set runs once")
	}
	s.running, s.ctx = true, ctx
	s.mu.Unlock()
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		s.tick()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			s.work.Wait()
			return ctx.Err()
		}
	}
}

// tick tells the lanes the time.
func (s *Set) tick() {
	s.enter()
	defer s.mu.Unlock()
	s.lanes.now = time.Since(s.began)
	s.lanes.tick()
}

// enter takes the lock and reads the clock. One that was set back stands still until it is
// where it was.
func (s *Set) enter() {
	s.mu.Lock()
	s.lanes.at = max(s.lanes.at, s.config.Now())
}

// Update takes streams out and puts others in: all of them, or none with an error that
// names what is wrong. A stream that is there already stays; one to be removed must be
// there. No stream that stays is disturbed.
func (s *Set) Update(add, remove []stream.Stream) error {
	s.enter()
	defer s.mu.Unlock()
	if err := s.lanes.update(add, remove); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	return nil
}
