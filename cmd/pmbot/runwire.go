package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/backtest/paper"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard/margin"
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

// configHash names a configuration with everything that was replaced by flags.
func configHash(cfg *runConfig) (string, error) {
	text, err := json.Marshal(cfg)
	if err != nil {
		return "", fmt.Errorf("the configuration cannot be hashed: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// join puts broker and loop together and begins the life of the process: what the broker tells
// goes to the loop, and what the loop decides to the broker. Nothing is sent before the broker
// runs.
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
	b.recent = monitor.NewRecent(b.ins.Len(), len(b.labels))
	b.loop, err = loop.New(loop.Config{
		Kernel: b.kernel, Broker: b.broker, Strategies: b.players, Journal: loop.Keep(b.writer), Clock: b.clock.Now,
		Observer: observers{b.recent, b.alerts, &refusals{b.log, b.labels, map[refusalKind]*refusalCount{}}},
		Manual:   b.cfg.Reconcile.Resume == resumeManual, CatchUpEvery: b.cfg.Reconcile.Interval,
		Retell: func(inst exchange.InstrumentID) { b.feed.Retell(inst) }, // there is no feed yet
	})
	if err != nil {
		return err
	}
	b.loop.Start(exchange.Start{Prefix: b.prefix(), Version: version, Config: b.hash, Mode: b.mode})
	if b.mode != modeDry { // the simulated exchange promises for itself
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: exchange.KindAccount, Every: b.cfg.Reconcile.Interval})
		b.loop.Put(e)
	}
	b.promiseCopy()
	// The start has lifted what the process before has held because of the market: every other
	// instrument was found trading by this one.
	for _, inst := range b.idle {
		b.loop.Market(inst, exchange.Halted, "the exchange does not trade it")
	}
	return nil
}

// lendingEvery is how often is read what can be borrowed and what it costs. Rates are of an
// hour and change at its end.
const lendingEvery = 10 * time.Minute

// surveyEvery is how often is asked where positions stand in the queue of deleveraging, which
// changes every 30 seconds; it costs 10 of 6000 a minute.
const surveyEvery = time.Minute

// papiBroker is the account at Binance.
func (b *bot) papiBroker() (broker, error) {
	p, err := papi.NewBroker(papi.BrokerConfig{
		Client: b.client, Instruments: b.ins, Stream: b.cfg.Exchange.User, Rotate: b.cfg.Feed.Rotate, Seed: b.cfg.Seed, Prefixes: []string{b.cfg.Account.OrderPrefix},
		Deliver: b.hearAccount, Notify: b.accountNotice, Known: b.kernel.Known(), Lending: lendingEvery, Survey: surveyEvery,
	})
	if err != nil {
		return nil, &failure{exitConfig, err, "see [exchange] of configs/run.toml"}
	}
	live := &liveBroker{p, b.client}
	if b.mode == modeShadow {
		return b.shadowed(live)
	}
	return live, nil
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
	var opening *paper.Opening
	if b.past != nil {
		opening = openingOf(b.kernel.Known(), b.guard.Positions())
	}
	p, err := paper.New(paper.Config{
		Venue: terms, Link: way, Opening: opening, Lends: true,
		Indexed: b.indexed, Deliver: func(e exchange.Event) { b.loop.Enqueue(e) }, Clock: b.clock.Now,
		Live: func(why string) { b.loop.Stream(loop.StreamLive, why) },
	})
	if err != nil {
		return nil, &failure{exitConfig, err, "see [paper] of configs/run.toml"}
	}
	for _, w := range p.Warnings() {
		b.warn("assumed: " + w)
	}
	return p, nil
}

// openingOf is what the simulated account goes on with; nil where the journal has none: a bot that
// ended before its account was read begins with the configured balances, not with nothing.
func openingOf(known exchange.Known, held []margin.Held) *paper.Opening {
	if known.Read == 0 && len(known.Balances) == 0 && len(known.Orders) == 0 && len(held) == 0 {
		return nil
	}
	var positions []exchange.Position
	for _, p := range held {
		positions = append(positions, p.Position)
	}
	return paper.OpeningOf(known, positions)
}

// sink is where the feed's events go.
func (b *bot) sink() func(*exchange.Event) {
	simulated, beside := b.broker.(interface{ Take(*exchange.Event) })
	if !beside {
		return b.loop.Take
	}
	return func(e *exchange.Event) {
		simulated.Take(e)
		b.loop.Take(e)
	}
}
