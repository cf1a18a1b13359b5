package download

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// gate keeps all workers from asking while a server wants a pause. It is a mutex and no
// goroutine, since it is looked at once a request and held for an instant.
type gate struct {
	mu    sync.Mutex
	until time.Time
	// apart is the longest time between the first and the last worker after a pause.
	apart time.Duration
}

// pause closes the gate for a while, unless it is closed for longer already.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// left is how long the gate stays closed.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, time.Until(g.until))
}

// wait returns when the gate is open. Who waited starts a little apart from the others, so
// that a server that was too busy does not get all of them at one instant; and looks again,
// since the first of them may have met the next pause.
func (g *gate) wait(ctx context.Context) error {
	for {
		left := g.left()
		if left == 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left+rand.N(g.apart)); err != nil {
			return err
		}
	}
}

// sleep waits for a time or for the end of the run.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff is the wait after the nth failure, from 0.
func (l *Limits) backoff(n int) time.Duration {
	d := l.Backoff << min(n, 20)
	if d <= 0 || d > l.BackoffMax {
		d = l.BackoffMax
	}
	return d/2 + rand.N(d/2+1)
}
