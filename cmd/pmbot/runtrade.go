package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// errStopped is why the parts of a bot end that was stopped in order.
var errStopped = errors.New("stopped")

// trade runs all parts until the bot is stopped, or one of them cannot go on.
func (b *bot) trade(stopped context.Context) error {
	if b.flags.during > 0 {
		var cancel context.CancelFunc
		stopped, cancel = context.WithTimeout(stopped, b.flags.during)
		defer cancel()
	}
	ctx, end := context.WithCancelCause(context.WithoutCancel(stopped))
	defer end(nil)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.loop.Run(ctx) })
	g.Go(func() error { return b.writer.Run(ctx) })
	g.Go(func() error { return b.broker.Run(ctx) })
	g.Go(func() error { return b.mind(ctx) })
	g.Go(func() error { return b.serveControl(ctx) })
	g.Go(func() error { return b.watch(ctx) })
	g.Go(func() error { return b.hear(ctx) })
	var last *ending
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-stopped.Done():
		}
		last = b.stop(ctx)
		end(errStopped)
		return nil
	})
	err := g.Wait()
	if errors.Is(context.Cause(ctx), errStopped) || errors.Is(err, context.Canceled) {
		err = nil
	}
	if last == nil {
		last = b.abandon(err)
	}
	return errors.Join(b.endedWith(last), b.failed(err))
}

// hear runs the feed, with the recorder if there is one.
func (b *bot) hear(ctx context.Context) error {
	run := b.feed.Run
	if b.record != nil {
		run = func(ctx context.Context) error { return b.record.run(ctx, b.feed.Run) }
	}
	if err := run(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("market data: %w", err)
	}
	return nil
}

// failed is the end of a bot that one of its parts has ended.
func (b *bot) failed(err error) error {
	if err == nil {
		return nil
	}
	b.log.Error(err.Error())
	return diskFailure(err, "the next start goes on where this one stood")
}
