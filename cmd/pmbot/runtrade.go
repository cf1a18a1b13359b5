package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// trade runs all parts until the bot is stopped, or one of them cannot go on. Either way it is
// stopped in order while the parts still run: orders are ended by the broker that made them.
func (b *bot) trade(stopped context.Context) error {
	if b.flags.during > 0 {
		var cancel context.CancelFunc
		stopped, cancel = context.WithTimeout(stopped, b.flags.during)
		defer cancel()
	}
	stopped, b.drainer.stop = context.WithCancel(stopped)
	defer b.drainer.stop()
	ctx, end := context.WithCancel(context.WithoutCancel(stopped))
	defer end()
	var g errgroup.Group
	failed := make(chan error, 1) // the first failure; the others follow from it
	part := func(name string, run func(context.Context) error) {
		g.Go(func() error {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				select {
				case failed <- fmt.Errorf("%s: %w", name, err):
				default:
				}
			}
			return nil
		})
	}
	part("loop", b.loop.Run)
	part("journal", b.writer.Run)
	part("broker", b.broker.Run)
	part("strategies", b.mind)
	part("alerts", b.alerts.Run)
	part("control socket", b.serveControl)
	part("status", b.watch)
	part("state directory", b.watchState)
	part("heartbeat", b.beat)
	part("drop copy", b.readCopy)
	part("sweeper", b.sweeper.Run)
	part("drain", b.drain)
	part("halts", b.heedHalts)
	part("market data", b.hear)
	if n := b.crashes(); n >= crashesMax {
		b.holdAfterCrashes(n)
	}
	b.holdByFile()
	var why error
	select {
	case <-stopped.Done():
	case why = <-failed:
		b.log.Error(why.Error())
	}
	last := b.stop(ctx)
	b.sayEnd(why, last)
	end()
	err := g.Wait()
	if why == nil {
		select {
		case why = <-failed: // while the bot was being stopped
			b.log.Error(why.Error())
		default:
		}
	}
	if err := b.writer.Close(); err != nil && why == nil {
		why = err
	}
	b.look(last)
	err = together(b.endedWith(last), err, b.failed(why))
	if err == nil {
		b.lastBeat()
	}
	return err
}

// together is all that went wrong, with the code of the first.
func together(errs ...error) error {
	all := errors.Join(errs...)
	if all == nil {
		return nil
	}
	code := exitFailed
	if f, known := errors.AsType[*failure](all); known {
		code = f.code
	}
	return &failure{code: code, err: all}
}

// hear runs the feed, with the recorder if there is one.
func (b *bot) hear(ctx context.Context) error {
	if b.record != nil {
		return b.record.run(ctx, b.feed.Run)
	}
	return b.feed.Run(ctx)
}

// failed is the end of a bot that one of its parts has ended.
func (b *bot) failed(err error) error {
	if err == nil {
		return nil
	}
	if f, known := errors.AsType[*failure](err); known {
		return f
	}
	return diskFailure(err, "the next start goes on where this one stood")
}
