package alarm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// line is an address, with at most one request under way.
type line struct {
	client         *http.Client
	address, token string
	busy           bool
	failed         int // in a row
	after          time.Time
	answer         chan error
}

// send posts a message on a goroutine of its own, which puts the outcome into answer.
func (l *line) send(ctx context.Context, m Message) {
	l.busy = true
	ctx = context.WithoutCancel(ctx) // the client's timeout ends it
	go func() { l.answer <- l.post(ctx, &m) }()
}

// post sends a message and waits for the answer. What went wrong never says the address.
func (l *line) post(ctx context.Context, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address makes no request")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "pmbot")
	if l.token != "" {
		r.Header.Set("Authorization", "Bearer "+l.token)
	}
	answer, err := l.client.Do(r)
	if err != nil {
		if told, wrapped := errors.AsType[*url.Error](err); wrapped {
			err = told.Err
		}
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 1<<16) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("it answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// enqueue has a message wait for the webhook. Without room the oldest of the least severity
// goes.
func (p *Post) enqueue(m Message) {
	if p.hook.address == "" || m.Severity < p.config.Severity && m.Kind != kindBot {
		return
	}
	p.pending = append(p.pending, p.addressed(m))
	if len(p.pending) <= pendingMax {
		return
	}
	at := 0
	for i := range p.pending {
		if p.pending[i].Severity < p.pending[at].Severity {
			at = i
		}
	}
	// The one under way stands first; its outcome is still to come.
	if at == 0 && p.hook.busy {
		at = 1
	}
	p.pending = slices.Delete(p.pending, at, at+1)
	p.dropped++
}

// next sends what waits, the most severe first, unless one is under way or a pause is.
func (p *Post) next(ctx context.Context) {
	if n := p.lost.Swap(0); n > 0 {
		p.dropped += int(n)
		p.config.Log.Error("more happened at once than can be told", "part", "alerts", "dropped", n)
	}
	if p.hook.busy || len(p.pending) == 0 || time.Now().Before(p.hook.after) {
		return
	}
	p.order()
	p.hook.send(ctx, p.pending[0])
}

// order puts the most severe first, and tells with it what was dropped.
func (p *Post) order() {
	slices.SortStableFunc(p.pending, func(a, b Message) int { return cmp.Compare(b.Severity, a.Severity) })
	p.pending[0].Dropped = p.dropped
}

// answered takes the outcome of the first message.
func (p *Post) answered(err error) {
	l := &p.hook
	l.busy = false
	now := time.Now()
	if err == nil {
		if l.failed >= tellAfter {
			p.config.Log.Info("the webhook takes alerts again", "part", "alerts")
		}
		l.failed, l.after, p.toldOff = 0, time.Time{}, time.Time{}
		p.delivered()
		return
	}
	l.failed++
	l.after = now.Add(min(pauseFirst<<min(l.failed-1, 10), pauseMost))
	switch {
	case l.failed < tellAfter:
		p.config.Log.Warn("an alert was not delivered; it is tried again", "part", "alerts", "err", err, "waiting", len(p.pending))
	case p.toldOff.IsZero() || now.Sub(p.toldOff) >= tellAgain:
		p.toldOff = now
		p.config.Log.Error("CRITICAL: nobody is told of alerts: the webhook does not take them", "part", "alerts", "err", err, "failed", l.failed, "waiting", len(p.pending))
	}
}

// delivered forgets the first message.
func (p *Post) delivered() {
	p.sent++
	p.dropped -= p.pending[0].Dropped
	p.pending = slices.Delete(p.pending, 0, 1)
}

// part ends: it takes what is left, and delivers what it can in a short time.
func (p *Post) part(ctx context.Context) {
	ctx, end := context.WithTimeout(ctx, partWithin)
	defer end()
	for _, l := range []*line{&p.hook, &p.beat} {
		if !l.busy {
			continue
		}
		if err := <-l.answer; l == &p.hook {
			p.answered(err)
		}
	}
	for {
		select {
		case n := <-p.notices:
			p.take(&n)
			continue
		default:
		}
		break
	}
	for len(p.pending) > 0 {
		p.order()
		if err := p.hook.post(ctx, &p.pending[0]); err != nil {
			p.config.Log.Error("CRITICAL: alerts are left that nobody was told", "part", "alerts", "err", err, "waiting", len(p.pending))
			return
		}
		p.delivered()
	}
}
