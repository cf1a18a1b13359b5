package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestRefusalsAreTold: the first of a kind at once, more of it once a minute with their number,
// and once an hour what crosses the news of its order.
func TestRefusalsAreTold(t *testing.T) {
	var out bytes.Buffer
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}
	r := refusals{slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: drop})), []string{"grid"}, map[refusalKind]*refusalCount{}}
	for _, c := range []struct {
		after    time.Duration
		strategy exchange.StrategyID
		rule     string
	}{{0, 1, "loss"}, {time.Second, 1, "loss"}, {time.Second, 1, "margin"}, {58 * time.Second, 0, "loss"}, {time.Minute, 1, "loss"}, {2 * time.Minute, 1, "loss"},
		{0, 1, "order-known"}, {59 * time.Minute, 1, "order-known"}, {time.Hour, 1, "order-known"}} {
		e := exchange.Event{At: exchange.Time(1e18).Add(c.after)}
		e.SetRefusal(&exchange.Refusal{Intent: exchange.Intent{Strategy: c.strategy}, Rule: c.rule, Value: "1", Limit: "0"})
		r.Observe(&e)
	}
	r.Observe(&exchange.Event{})
	want := `msg="refused by loss: 1, limit 0" strategy=grid part=guard
msg="refused by margin: 1, limit 0" strategy=grid part=guard
msg="refused by loss: 1, limit 0" strategy=house part=guard
msg="refused by loss: 1, limit 0, the last of 2" strategy=grid part=guard
msg="refused by loss: 1, limit 0" strategy=grid part=guard
msg="refused by order-known: 1, limit 0" strategy=grid part=guard
msg="refused by order-known: 1, limit 0, the last of 2" strategy=grid part=guard
`
	if got := out.String(); got != want {
		t.Errorf("told:\n%s\nwant:\n%s", got, strings.TrimSpace(want))
	}
}
