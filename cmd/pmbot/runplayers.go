package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// playerQueueMax is how many events may wait for a strategy.
const playerQueueMax = 8192

// livePlayers are the strategies of a bot, each with a goroutine that hands it its events.
type livePlayers struct {
	list []*livePlayer
	// wanted says for which (instrument, kind) any player subscribed, so that most market
	// events cost one look.
	wanted [][]bool
	wish   func(engine.Wishes)
	lost   func(exchange.StrategyID, error)
	log    *slog.Logger
	over   sync.Once
}

// livePlayer is one of them.
type livePlayer struct {
	id     exchange.StrategyID
	label  string
	player backtest.Player
	queue  chan exchange.Event
	// passed is how many market events found the queue full; Deliver's goroutine has it.
	passed int
}

// startStrategies starts every strategy's session, and gives it the past that it wants.
func (b *bot) startStrategies(ctx context.Context) error {
	p := &livePlayers{wanted: make([][]bool, b.ins.Len()+1), log: b.log}
	b.players = p
	for i := range p.wanted {
		p.wanted[i] = make([]bool, exchange.KindGap+1)
	}
	for i, s := range b.cfg.Strategies {
		id := exchange.StrategyID(i + 1)
		player, err := b.programs.list[i].Start(s.Params, b.ins, id)
		if err != nil {
			return fmt.Errorf("strategy %s: %w", s.Label, err)
		}
		p.list = append(p.list, &livePlayer{id: id, label: s.Label, player: player, queue: make(chan exchange.Event, playerQueueMax)})
		for _, sub := range player.Subscriptions() {
			p.wanted[sub.Inst][sub.Kind] = true
		}
		if err := b.warmUp(ctx, player); err != nil {
			return fmt.Errorf("strategy %s: %w", s.Label, err)
		}
	}
	return nil
}

// subscriptions are those of all strategies.
func (p *livePlayers) subscriptions() []strategy.Subscription {
	var list []strategy.Subscription
	for _, player := range p.list {
		list = append(list, player.player.Subscriptions()...)
	}
	return list
}

// Deliver gives an event to the strategies that want it, and waits for none of them.
func (p *livePlayers) Deliver(e *exchange.Event, _ *engine.Wishes) error {
	market := e.Kind.Market()
	if market && (int(e.Inst) >= len(p.wanted) || !p.wanted[e.Inst][e.Kind]) {
		return nil
	}
	for _, player := range p.list {
		if !player.player.Wants(e) {
			continue
		}
		own := *e
		if market {
			var kept exchange.Kept
			kept.Keep(e)
			own = kept.Event
		}
		select {
		case player.queue <- own:
		default:
			if !market {
				return fmt.Errorf("strategy %s does not take what concerns its orders: %d events wait", player.label, playerQueueMax)
			}
			player.passed++
		}
	}
	return nil
}

// run hands out events until the context ends.
func (p *livePlayers) run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, player := range p.list {
		all.Go(func() { p.play(ctx, player) })
	}
	all.Wait()
	return nil
}

// play is the life of one strategy.
func (p *livePlayers) play(ctx context.Context, player *livePlayer) {
	p.wished(player, player.player.Started())
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-player.queue:
			out, err := player.player.Deliver(&e)
			if err != nil {
				p.lost(player.id, err)
				return
			}
			p.wished(player, out)
		}
	}
}

// wished passes on what a strategy asks for.
func (p *livePlayers) wished(player *livePlayer, out *strategy.Output) {
	for _, line := range out.Logs {
		p.log.Info(line, "strategy", player.label)
	}
	if len(out.Intents)+len(out.Timers) > 0 {
		p.wish(engine.Wishes{Intents: slices.Clone(out.Intents), Timers: slices.Clone(out.Timers)})
	}
}

// stop tells every strategy that it ends, and takes its last wishes.
func (p *livePlayers) stop(at exchange.Time) {
	for _, player := range p.list {
		out, err := player.player.Stop(at)
		if err != nil {
			p.log.Warn(err.Error(), "strategy", player.label)
			continue
		}
		p.wished(player, out)
	}
}

// close ends what belongs to the sessions.
func (p *livePlayers) close() {
	p.over.Do(func() {
		for _, player := range p.list {
			if c, ok := player.player.(interface{ Close() error }); ok {
				if err := c.Close(); err != nil {
					p.log.Warn(err.Error(), "strategy", player.label)
				}
			}
		}
	})
}
