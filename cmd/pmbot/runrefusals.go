package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// refusals tell a person what was refused: of each strategy and control the first, and once a
// minute the newest with how many there were, once an hour of what is no mistake. It observes a loop.
type refusals struct {
	log    *slog.Logger
	labels []string
	said   map[refusalKind]*refusalCount
}

type refusalKind struct {
	strategy exchange.StrategyID
	rule     string
}

type refusalCount struct {
	at    exchange.Time
	since int
}

// refusalsEvery is how often those of one kind are told, and racesEvery where an amend has crossed
// the news of its order on the way, as it does every few minutes of a market maker.
const refusalsEvery, racesEvery = time.Minute, time.Hour

// Observe tells of a refusal.
func (r *refusals) Observe(e *exchange.Event) {
	if e.Kind != exchange.KindRefusal {
		return
	}
	no := e.Refusal()
	kind := refusalKind{no.Intent.Strategy, no.Rule}
	every := refusalsEvery
	if no.Rule == "order-known" || no.Rule == "order-working" {
		every = racesEvery
	}
	c := r.said[kind]
	if c == nil {
		c = &refusalCount{at: e.At.Add(-every)}
		r.said[kind] = c
	}
	if c.since++; e.At.Sub(c.at) < every {
		return
	}
	text := no.Error()
	if c.since > 1 {
		text += fmt.Sprintf(", the last of %d", c.since)
	}
	c.at, c.since = e.At, 0
	label := "house"
	if s := int(kind.strategy); s > 0 && s <= len(r.labels) {
		label = r.labels[s-1]
	}
	r.log.Warn(text, "strategy", label, "part", "guard")
}
