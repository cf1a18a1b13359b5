package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/backtest/paper"
	"github.com/pmbot/pmbot/exchange"
)

// shadowFile is the comparison of a shadow run, in the state directory.
const shadowFile = "shadow.json"

// shadowBroker is the account at Binance with the simulated exchange beside it.
type shadowBroker struct {
	*paper.Shadow
	live *liveBroker
}

// Run runs both until the context ends.
func (s *shadowBroker) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.live.Run(ctx) })
	g.Go(func() error { return s.Shadow.Run(ctx) })
	return g.Wait()
}

// shadowed puts the simulated exchange of the configuration beside a live broker. Its account
// is a copy of the live one, so that of the configuration's own only the leverage counts.
func (b *bot) shadowed(live *liveBroker) (*shadowBroker, error) {
	test := b.cfg.backtest()
	terms, err := test.Exchange(b.ins, b.tables)
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper.venue] of configs/run.toml"}
	}
	way, err := test.Link(b.ins)
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper.venue] of configs/run.toml"}
	}
	terms.Balances = nil
	s, err := paper.NewShadow(paper.ShadowConfig{
		Live: live, Paper: paper.Config{Venue: terms, Link: way, Indexed: b.indexed, Clock: b.clock.Now},
	})
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper] of configs/run.toml"}
	}
	return &shadowBroker{s, live}, nil
}

// hearAccount takes what the live broker tells, for the shadow first.
func (b *bot) hearAccount(e exchange.Event) {
	if s, ok := b.broker.(*shadowBroker); ok {
		s.Hear(&e)
	}
	b.loop.Put(e)
}

// compared prints how the simulation compares with the live account, and writes it down.
func (b *bot) compared() error {
	s, ok := b.broker.(*shadowBroker)
	if !ok {
		return nil
	}
	r := s.Report()
	fmt.Fprintf(b.out, "\n%s", r.Text())
	text, err := r.JSON()
	if err == nil {
		err = os.WriteFile(filepath.Join(b.dir, shadowFile), append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("the comparison of live and simulated could not be written: %w", err)
	}
	fmt.Fprintf(b.out, "All of it is in %s.\n", filepath.Join(b.dir, shadowFile))
	return nil
}

// endedWith prints how the bot ended and, of a shadow run, the comparison.
func (b *bot) endedWith(e *ending) error { return errors.Join(b.summary(e), b.compared()) }
