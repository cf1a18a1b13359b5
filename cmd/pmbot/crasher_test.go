package main

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// crasher is a strategy that panics when it is told to. Scripts run it as a plugin
// program of its own.
type crasher struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to watch"`
		When   string          `default:"never" choices:"never|start|middle|end|mark|order" help:"when to panic"`
		Size   exchange.Fixed  `min:"0" max:"1" unit:"coins" help:"has no default"`
	}
	bars, marks int
}

func serveCrasher() { sdk.Serve(func() strategy.Strategy { return &crasher{} }) }

func (c *crasher) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "crasher", Version: "0.1.0", Summary: "panics", Stateless: true, Budget: strategy.Budget{NotionalUSD: decimal.New(30_000, 0), LossUSD: decimal.New(500, 0)}}
}

func (c *crasher) Params() any { return &c.p }

func (c *crasher) Start(env *strategy.Env) error {
	in, err := env.Instrument(c.p.Symbol)
	if err != nil {
		return err
	}
	env.Logf("watching %v", c.p.Symbol)
	c.fail("start")
	env.Bars(in, 15*60e9, 0)
	if c.p.When == "mark" || c.p.When == "order" {
		env.Marks(in)
	}
	return nil
}

// OnMark sends an order far from the market with the first mark, and crashes at the third.
func (c *crasher) OnMark(env *strategy.Env, in *exchange.Instrument, m exchange.Mark) {
	c.fail("mark")
	switch c.marks++; c.marks {
	case 1:
		env.Send(strategy.Buy(in, c.p.Size).Limit((m.Price - m.Price/200).Round(in.Tick, exchange.RoundFloor)))
	case 3:
		c.fail("order")
	}
}

func (c *crasher) OnBar(*strategy.Env, *exchange.Instrument, *exchange.Bar) {
	if c.bars++; c.bars == 100 {
		c.fail("middle")
	}
}

func (c *crasher) Stop(*strategy.Env) { c.fail("end") }

func (c *crasher) fail(when string) {
	if c.p.When == when {
		panic("boom at the " + when)
	}
}
