package main

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// flattenAgain is how long an order that closes a position may take before the rest is asked
// for anew: what a market does not take at once, it may take a little later.
const flattenAgain = time.Second

// flatten closes all futures positions at market prices, and waits until none is left. Each is
// closed for the strategy that holds it.
func (b *bot) flatten(ctx context.Context) error {
	for {
		var closing []exchange.Intent
		err := b.loop.Do(ctx, func(k *engine.Kernel) {
			if len(k.Orders()) > 0 {
				return // what is on its way may close some of it
			}
			for _, h := range k.Holdings() {
				if in, ok := b.closing(&h); ok {
					closing = append(closing, in)
				}
			}
		})
		if err != nil {
			return err
		}
		if s, err := b.standing(ctx); err != nil || s.positions == 0 && s.orders == 0 {
			return err
		}
		for i := range closing {
			var e exchange.Event
			e.At, e.Inst = b.clock.Now(), closing[i].Request.Inst
			e.SetIntent(&closing[i])
			b.loop.Put(e)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(flattenAgain):
		}
	}
}

// closing is the order that closes what is held, as far as one order can.
func (b *bot) closing(h *engine.Holding) (exchange.Intent, bool) {
	in := b.ins.At(h.Inst)
	held, err := exchange.FixedFromDecimal(h.Qty, exchange.RoundFloor)
	if err != nil || in.Product == exchange.Margin {
		return exchange.Intent{}, false
	}
	r := exchange.OrderRequest{
		Inst: h.Inst, Side: exchange.Sell, PositionSide: h.Side, Type: exchange.Market, Qty: strategy.Lots(in, exchange.Market, held.Abs()),
		ReduceOnly: h.Side == exchange.Both, // in hedge mode the position side says it
	}
	if held < 0 {
		r.Side = exchange.Buy
	}
	return exchange.Intent{Kind: exchange.IntentNew, Strategy: h.Strategy, Request: r, Tag: "flatten", By: "pmbot run"}, r.Qty > 0
}
