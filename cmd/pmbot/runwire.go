package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/pmbot/pmbot/backtest/paper"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard"
)

// broker is an exchange as the bot has it: the loop's, and something that runs.
type broker interface {
	loop.Broker
	Run(ctx context.Context) error
}

// liveBroker is the account at Binance: the broker's orders, and the client's gate.
type liveBroker struct {
	*papi.Broker
	*papi.Client
}

// prefix begins the client ids of this process: the configured one, and the start.
func (b *bot) prefix() string {
	return b.cfg.Account.OrderPrefix + strconv.FormatInt(b.started.Millis(), 36)
}

// configHash names the configuration with everything that was replaced by flags.
func (b *bot) configHash() (string, error) {
	text, err := json.Marshal(b.cfg)
	if err != nil {
		return "", fmt.Errorf("the configuration cannot be hashed: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// join puts broker, loop and feed together: what the feed hears goes to the loop, on the way
// by the simulated exchange in a dry run; what the broker tells goes to the loop; and what the
// loop decides to the broker.
func (b *bot) join(context.Context) error {
	var err error
	if b.mode == modeDry {
		b.broker, err = b.paperBroker()
	} else {
		b.broker, err = b.papiBroker()
	}
	if err != nil {
		return err
	}
	b.loop, err = loop.New(loop.Config{
		Kernel: b.kernel, Broker: b.broker, Strategies: b.players, Journal: b.journal, Clock: b.clock.Now,
		Manual: b.cfg.Reconcile.Resume == resumeManual, CatchUpEvery: b.cfg.Reconcile.Interval,
	})
	if err != nil {
		return err
	}
	b.players.wish, b.players.lost = b.loop.Wish, b.strategyLost
	return b.makeFeed(b.players.subscriptions())
}

// papiBroker is the account at Binance.
func (b *bot) papiBroker() (broker, error) {
	p, err := papi.NewBroker(papi.BrokerConfig{
		Client: b.client, Instruments: b.ins, Stream: b.cfg.Exchange.User, Seed: b.cfg.Seed, Prefixes: []string{b.cfg.Account.OrderPrefix},
		Deliver: func(e exchange.Event) { b.loop.Put(e) }, Notify: b.accountNotice,
	})
	if err != nil {
		return nil, &failure{exitConfig, err, "see [exchange] of configs/run.toml"}
	}
	return &liveBroker{p, b.client}, nil
}

// paperBroker is the simulated exchange.
func (b *bot) paperBroker() (broker, error) {
	test := b.cfg.backtest()
	terms, err := test.Exchange(b.ins, b.tables)
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper.venue] of configs/run.toml"}
	}
	way, err := test.Link(b.ins)
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper.venue] of configs/run.toml"}
	}
	p, err := paper.New(paper.Config{
		Venue: terms, Link: way,
		Indexed: b.indexed, Deliver: func(e exchange.Event) { b.loop.Enqueue(e) }, Clock: b.clock.Now,
	})
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper] of configs/run.toml"}
	}
	for _, w := range p.Warnings() {
		b.warn(w)
	}
	return p, nil
}

// sink is where the feed's events go.
func (b *bot) sink() func(*exchange.Event) {
	simulated, dry := b.broker.(*paper.Broker)
	if !dry {
		return b.loop.Take
	}
	return func(e *exchange.Event) {
		simulated.Take(e)
		b.loop.Take(e)
	}
}

// strategyLost halts a strategy whose process is gone.
func (b *bot) strategyLost(id exchange.StrategyID, err error) {
	b.log.Error(err.Error(), "strategy", b.labels[id-1])
	var e exchange.Event
	e.At = b.clock.Now()
	e.SetState(&exchange.StateChange{Strategy: id, State: exchange.Halted, Cause: exchange.CauseStrategy, Reason: err.Error(), By: "pmbot"})
	b.loop.Put(e)
}

// recover brings the kernel's state back out of the journal, or makes a new one.
func (b *bot) recover(context.Context) error {
	var err error
	b.guard, err = riskguard.New(riskguard.Config{Instruments: b.ins, Tables: b.tables, Limits: b.cfg.Risk, Strategies: len(b.cfg.Strategies)})
	if err != nil {
		return &failure{exitConfig, err, "see [risk] of configs/run.toml"}
	}
	b.kernel = engine.New(engine.Config{Instruments: b.ins, Guard: b.guard, Strategies: len(b.cfg.Strategies), ClientPrefix: b.prefix()})
	if b.clock, err = loop.NewClock(0); err != nil {
		return &failure{exitFailed, err, "set the machine's clock right"}
	}
	b.journal = noJournal{}
	return nil
}

type noJournal struct{}

func (noJournal) Append(*exchange.Event, *engine.Decision) error { return nil }
func (noJournal) Commit(engine.Urgency) error                    { return nil }
func (noJournal) Flush() error                                   { return nil }
func (noJournal) Full() bool                                     { return false }
func (noJournal) Snapshot(*engine.Kernel) error                  { return nil }
