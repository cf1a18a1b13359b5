package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard"
)

// serveControl answers people's questions and takes their orders, over a socket in the state
// directory, until the context ends.
func (b *bot) serveControl(ctx context.Context) error {
	server, err := monitor.New(monitor.Config{
		Loop: b.loop, Guard: b.guard, Instruments: b.ins, Strategies: b.labels, Recent: b.recent,
		About: b.about, Reload: b.reload, Swap: b.askSwap, Log: b.logPath(), Clock: b.clock.Now,
		Sweep: func(asker context.Context, what monitor.Sweep) any { return b.sweeper.sweep(asker, what) },
		Resumed: func() {
			b.sweeper.end(ctx)
			b.drainBy(ctx, monitor.Drain{})
		},
		Barred: b.barred,
		Drain:  func(d monitor.Drain) { b.drainBy(ctx, d) },
	})
	if err != nil {
		return err
	}
	listener, err := monitor.Listen(filepath.Join(b.dir, controlSocket))
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	return server.Run(ctx, listener)
}

// about is what the process knows of itself beside the kernel.
func (b *bot) about() monitor.About {
	a := monitor.About{
		Account: b.cfg.Account.Name, Mode: b.mode, Version: version, Config: b.hash, Pid: os.Getpid(), Started: b.started,
		Stream: papi.Live.String(), Warnings: b.warnings,
	}
	part := func(name, format string, args ...any) {
		a.Parts = append(a.Parts, monitor.Part{Name: name, Text: fmt.Sprintf(format, args...)})
	}
	if live, ok := b.broker.(*liveBroker); ok {
		a.Stream = live.State().String()
		u := live.Usage()
		part("papi", "weight %d, orders %d this minute", u.Weight, u.Orders)
	}
	f := b.feed.Stats()
	part("feed", "%s, %s, %d of %d books in sync, %s", counted(f.Messages, "message"), counted(f.Gaps, "gap"), f.BooksReady, f.Books, counted(int64(f.Dropped), "instrument")+" dropped")
	part("fapi", "weight %d this minute", b.rest.Usage(exchange.UM).Weight)
	part("alerts", "%s", b.alerts.Summary())
	l := b.loop.Counts()
	part("inbox", "at most %d waited, %d passed over", l.Most, l.Passed)
	for _, p := range b.players.list {
		live := p.live.Load()
		if live == nil {
			part("strategy "+p.label, "its process is gone")
			continue
		}
		s := live.Stats()
		part("strategy "+p.label, "process %d, %d sent, %d waiting, %d intents, %d conflated, %d dropped", live.Pid(), s.Sent, s.Waiting+s.Unanswered, s.Intents, s.Conflated, s.Dropped)
	}
	return a
}

// reload reads the configuration again. Limits can be replaced in a running bot; whatever else
// differs needs a new start, and is told.
func (b *bot) reload(ctx context.Context, apply bool, by, reason string) (*monitor.Reloaded, error) {
	if b.flags.config == "-" {
		return nil, errors.New("the configuration came by standard input, which cannot be read again; start anew with a file")
	}
	cfg, doc, err := b.botConfig(b.flags)
	if err != nil {
		return nil, err
	}
	r := &monitor.Reloaded{Schema: "pmbot.reload/1", Changes: []monitor.Change{}, Refused: []monitor.Change{}}
	var now riskguard.Limits
	if err := b.loop.Do(ctx, func(k *engine.Kernel) { now = k.Limits() }); err != nil {
		return nil, err
	}
	old, err := limitTexts(now)
	if err != nil {
		return nil, err
	}
	limits, err := limitTexts(cfg.Risk)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(old) // a list that is gone has no key
	maps.Copy(all, limits)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if limits[key] != old[key] {
			r.Changes = append(r.Changes, monitor.Change{Key: "risk." + key, Old: old[key], New: limits[key]})
		}
	}
	was, is := b.taken.over(b.doc.flat()), doc.flat()
	both := maps.Clone(was)
	maps.Copy(both, is)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		if was[key] != is[key] && !strings.HasPrefix(key, "risk.") {
			r.Refused = append(r.Refused, monitor.Change{Key: key, Old: was[key], New: is[key], Swap: b.swapOf(key)})
		}
	}
	if !apply || len(r.Changes) == 0 {
		return r, nil
	}
	e := exchange.Event{At: b.clock.Now()}
	e.SetReload(&exchange.Reload{Limits: cfg.Risk.JSON(), By: by, Reason: reason})
	if err := b.loop.Operate(ctx, e); err != nil {
		return nil, err
	}
	r.Applied, r.At = true, b.clock.Now()
	return r, nil
}

// limitTexts are limits by their keys, as they are written.
func limitTexts(l riskguard.Limits) (map[string]string, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(l.JSON(), &values); err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for key, value := range values {
		texts[key] = strings.Trim(string(value), `"`)
	}
	return texts, nil
}
