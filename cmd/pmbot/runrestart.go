package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
)

// restarts says how a strategy is started again whose process is gone: three times in ten
// minutes; then it stays halted until a person swaps in what is mended, or starts the bot anew.
var restarts = host.Restart{First: time.Second, Most: 30 * time.Second, Tries: 3, Healthy: 10 * time.Minute}

// memoryEvery is how often strategies are asked for their memory while they run.
const memoryEvery = time.Minute

// mind keeps the strategies alive and their memory on the disk until the context ends.
func (b *bot) mind(ctx context.Context) error {
	save := time.NewTicker(memoryEvery)
	defer save.Stop()
	again := make(chan *player, len(b.players.list))
	for {
		select {
		case <-ctx.Done():
			return nil
		case l := <-b.players.lost:
			b.strategyLost(ctx, l, again)
		case p := <-again:
			b.startAgain(ctx, p, again)
		case w := <-b.players.swaps:
			w.done <- b.swap(ctx, w, again)
		case r := <-b.players.stood:
			b.swapStands(r)
		case <-save.C:
			// What the program before a swap has saved is kept for it while the new one is on trial.
			b.saveAll(ctx, slices.DeleteFunc(slices.Clone(b.players.list), func(p *player) bool { return p.before != nil }))
		}
	}
}

// saveAll asks strategies for their memory.
func (b *bot) saveAll(ctx context.Context, list []*player) {
	ctx, cancel := context.WithTimeout(ctx, memoryEvery/2)
	defer cancel()
	for _, p := range list {
		if err := b.saveMemory(ctx, p); err != nil && ctx.Err() == nil {
			b.log.Warn("the memory was not saved: "+err.Error(), "strategy", p.label)
		}
	}
}

// strategyLost halts a strategy whose session is gone, and has it started again in a while.
func (b *bot) strategyLost(ctx context.Context, l lostPlayer, again chan *player) {
	p := l.player
	if l.session != p.session {
		return // it was lost while it was started, which has been seen to
	}
	p.live.Store(nil)
	p.gate.Store(nil)
	p.failures = restarts.Row(p.failures, time.Since(p.began))
	wait, more := restarts.Wait(p.failures)
	why := l.err.Error()
	switch {
	case p.before != nil: // the program before comes back, which is told
	case b.players.stopping.Load():
		more = false
	case more:
		why = fmt.Sprintf("%s; it is started again in %v", strings.TrimRight(why, "\n"), wait)
	default:
		why = quarantined(p, why)
	}
	b.holdStrategy(p, why) // which the guard's watch tells as an alert, in one line for all there is to say
	if p.before != nil {
		b.swapBack(ctx, p, again)
		return
	}
	if !more {
		return
	}
	time.AfterFunc(wait, func() {
		select {
		case again <- p:
		case <-ctx.Done():
		}
	})
}

// quarantined says why a strategy that has failed too often stays halted, and what to do: status
// tells it as long as that lasts.
func quarantined(p *player, why string) string {
	return fmt.Sprintf("it has failed %d times running and stays halted, with its positions as they were; mend its program or parameters, then: pmbot swap %s. The last time: %s", p.failures, p.label, why)
}

// startAgain starts a strategy in a new process, where the old one stopped. One that a swap has
// started meanwhile goes on: to start it again would lose what it has learnt since it saved.
func (b *bot) startAgain(ctx context.Context, p *player, again chan *player) {
	if b.players.stopping.Load() || p.live.Load() != nil {
		return
	}
	if p.plugin != nil { // its program was started the last time
		p.plugin.Close()
	}
	p.began = time.Now()
	err := b.openProgram(p)
	if err == nil {
		err = b.startStrategy(ctx, p)
	}
	if err != nil {
		b.strategyLost(ctx, lostPlayer{p, p.disown(), err}, again)
		return
	}
	b.releaseStrategy(p, "it was started again", "")
	b.log.Info("it goes on", "strategy", p.label)
}

// disown gives the strategy a session number that none has, so that whatever else ends of the
// session that failed to start is nobody's.
func (p *player) disown() int {
	p.sessions++
	p.session = p.sessions
	return p.session
}

// holdStrategy tells that a strategy's process is gone, and halts it.
func (b *bot) holdStrategy(p *player, why string) {
	b.setStrategy(p, exchange.Halted, why)
	b.tellStrategy(p, false, why, "") // nothing of it passes any more, so what is cleared away stays so
}

// releaseStrategy tells that a strategy's process is back, and lifts the halt; print is set if its
// program is another one.
func (b *bot) releaseStrategy(p *player, why, print string) {
	b.tellStrategy(p, true, why, print)
	b.setStrategy(p, exchange.Active, why)
}

func (b *bot) setStrategy(p *player, s exchange.TradingState, why string) {
	e := exchange.Event{At: b.clock.Now()}
	e.SetState(&exchange.StateChange{Strategy: p.id, State: s, Cause: exchange.CauseStrategy, Reason: why, By: "pmbot"})
	b.loop.Put(e)
}

// tellStrategy has the journal know whether a strategy runs, and print if its program is another one.
func (b *bot) tellStrategy(p *player, runs bool, why, print string) {
	e := exchange.Event{At: b.clock.Now()}
	clears := p.spec.OnDeath == backtest.DeathCancels
	e.SetStrategy(&exchange.StrategyChange{Strategy: p.id, Running: runs, Reason: why, Clears: clears, Print: print})
	b.loop.Put(e)
}
