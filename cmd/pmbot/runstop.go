package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// ending is what a bot leaves behind.
type ending struct {
	standing
	// left are the open orders.
	left []exchange.Order
	// past says that the loop had ended before, so that the kernel has not heard what became of
	// its orders: of those that were ended, open are the ones that the exchange has not confirmed.
	past, asked bool
	open        []string
	// late says that not all that the policy wants was done in time.
	late bool
	// traded is how the bot stood when the stop was done, before its parts ended, which holds it
	// too; nil if nobody knows.
	traded *standing
}

// stop ends the bot in order, by the configured policy and within the configured time:
// nothing new is risked, the strategies end, and what the policy wants gone is waited for.
func (b *bot) stop(ctx context.Context) *ending {
	policy := b.cfg.Stop.Policy
	b.step("stopping", "policy %s, within %v; a second signal ends the process at once and leaves orders as they are", policy, b.cfg.Stop.Within)
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Stop.Within)
	defer cancel()
	b.players.stopping.Store(true)
	e := &ending{}
	if b.loop.Err() != nil {
		e.late = b.endPast(ctx, e) != nil
		return e
	}
	// A stop that closes positions must still let orders through that reduce risk.
	halt := exchange.StateChange{State: exchange.ReduceOnly, Cause: exchange.CauseShell, Reason: "the bot is being stopped", By: "pmbot run"}
	if policy != stopFlatten {
		halt.State = exchange.Halted
	}
	var event exchange.Event
	event.At = b.clock.Now()
	event.SetState(&halt)
	if err := b.loop.Operate(ctx, event); err != nil {
		b.log.Warn(err.Error(), "part", "stop")
	}
	died := b.stopStrategies(ctx)
	known := func() bool { // that they died is told by the guard's watch, and by nobody else
		return !slices.ContainsFunc(died, func(s exchange.StrategyID) bool { return !b.guard.Gone(s) })
	}
	if policy == stopKeep {
		e.late = b.await(ctx, func(k *engine.Kernel) bool { return known() && k.Clearing() == 0 }) != nil
		e.traded = b.stood(ctx)
		return e
	}
	b.endOrders(ctx)
	e.late = b.await(ctx, func(k *engine.Kernel) bool { return known() && len(k.Orders()) == 0 }) != nil
	if policy == stopFlatten && !e.late {
		e.late = b.flatten(ctx) != nil
	}
	if b.loop.Err() != nil { // it has ended meanwhile, and with it what was asked for
		e.late = b.endPast(ctx, e) != nil || policy == stopFlatten
	}
	e.traded = b.stood(ctx)
	return e
}

// stood is how the bot stands, also when the time for its stop is over.
func (b *bot) stood(ctx context.Context) *standing {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	s, err := b.standing(ctx)
	if err != nil {
		return nil
	}
	return s
}

// endPast ends orders past a loop that has ended because it cannot go on, such as on a full
// disk: nobody would watch over them.
func (b *bot) endPast(ctx context.Context, e *ending) error {
	e.past = true
	if b.cfg.Stop.Policy == stopKeep {
		return nil
	}
	asked, left, err := b.loop.CancelAll(ctx)
	e.asked, e.open = true, left
	b.log.Warn("the loop has ended, so open orders were ended without the journal", "asked", asked, "not confirmed", len(left))
	return err
}

// stopStrategies asks every strategy for its memory, and ends it. It names those that did not end
// in good order, whose deaths [bot.mind] tells.
func (b *bot) stopStrategies(ctx context.Context) (died []exchange.StrategyID) {
	b.saveAll(ctx, b.players.list)
	for _, p := range b.players.list {
		if live := p.live.Swap(nil); live != nil {
			if err := live.Stop(ctx, b.clock.Now()); err != nil {
				if live.Err() == nil { // it has not died, but there is no time left
					b.log.Warn(err.Error(), "strategy", p.label, "part", "stop")
				}
				died = append(died, p.id)
			}
		}
	}
	return died
}

// endOrders wishes every open order gone.
func (b *bot) endOrders(ctx context.Context) {
	var all exchange.Event
	all.At = b.clock.Now()
	all.SetIntent(&exchange.Intent{Kind: exchange.IntentCancelAll, By: "pmbot run"})
	if err := b.loop.Operate(ctx, all); err != nil {
		b.log.Warn(err.Error(), "part", "stop")
	}
}

// stopPoll is how often it is looked whether the exchange has confirmed.
const stopPoll = 20 * time.Millisecond

// await waits until the kernel stands as it is wanted.
func (b *bot) await(ctx context.Context, wanted func(*engine.Kernel) bool) error {
	tick := time.NewTicker(stopPoll)
	defer tick.Stop()
	for {
		done := false
		if err := b.loop.Do(ctx, func(k *engine.Kernel) { done = wanted(k) }); err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// look notes what is left.
func (b *bot) look(e *ending) {
	read := func(k *engine.Kernel) {
		e.at, e.left = b.clock.Now(), k.Orders()
		e.read(k, b.ins, b.labels)
		e.account = b.guard.Account()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if b.loop.Do(ctx, read) != nil {
		read(b.kernel) // the loop has ended, so nobody else has it
	}
	if e.traded != nil {
		e.state, e.holds = e.traded.state, e.traded.holds
	}
	e.pastLoop()
}

// pastLoop puts what was found out past a loop that has ended in place of what the kernel
// believes.
func (e *ending) pastLoop() {
	if !e.past {
		return
	}
	e.state = exchange.Halted // nothing can be sent any more
	if e.asked {
		e.left = slices.DeleteFunc(e.left, func(o exchange.Order) bool { return !slices.Contains(e.open, o.ClientID) })
		e.orders, e.unknown = len(e.left), len(e.left)
	}
}

// summary prints how the bot ended, and says by its error what a script must know.
func (b *bot) summary(e *ending) error {
	b.printer.done()
	b.told.rest(b.printer)
	fmt.Fprintf(b.out, "%s run of account %s ended after %v: %s\n", b.mode, b.cfg.Account.Name, e.at.Sub(b.started).Round(time.Second), e.line())
	var names []string
	for _, o := range e.left {
		in := b.ins.At(o.Request.Inst)
		fmt.Fprintf(b.out, "  left open: %s %s %v %v at %v, %v\n", o.ClientID, in.Name(), o.Request.Side, o.Request.Qty, o.Request.Price, o.Status)
		names = append(names, o.ClientID)
	}
	switch {
	case e.unknown > 0:
		return &failure{exitUnknown, fmt.Errorf("%s of unknown outcome at the end", counted(int64(e.unknown), "order")), "look at the exchange; the next start finds out what became of them"}
	case e.late && len(names) > 0:
		return &failure{exitTimeout, errors.New("orders are left open: " + strings.Join(names, ", ")), "the next start knows them; cancel them there or at the exchange"}
	case e.late:
		return &failure{exitTimeout, fmt.Errorf("not all was done within %v", b.cfg.Stop.Within), "look at the summary"}
	}
	return nil
}
