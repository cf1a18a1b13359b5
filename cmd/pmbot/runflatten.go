package main

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
)

// flatten closes all futures positions at market prices, and waits until none is left. Each is
// closed for the strategy that holds it, and none waits for another.
func (b *bot) flatten(ctx context.Context) error {
	for {
		var closing []engine.FlattenStep
		err := b.loop.Do(ctx, func(k *engine.Kernel) {
			plan := k.FlattenPlan("pmbot run", 0, 0)
			closing = plan.Closing(k.Orders())
		})
		if err != nil {
			return err
		}
		if s, err := b.standing(ctx); err != nil || s.positions == 0 && s.orders == 0 {
			return err
		}
		for i := range closing {
			var e exchange.Event
			e.At, e.Inst = b.clock.Now(), closing[i].Intent.Request.Inst
			e.SetIntent(&closing[i].Intent)
			b.loop.Put(e)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(monitor.FlattenAgain):
		}
	}
}
