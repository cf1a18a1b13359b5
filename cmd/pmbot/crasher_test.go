package main

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// crasher is a strategy that panics when it is told to. Scripts run it as a plugin
// program of its own.
type crasher struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to watch"`
		When   string          `default:"never" choices:"never|start|middle|end|mark" help:"when to panic"`
		Size   exchange.Fixed  `min:"0" max:"1" unit:"coins" help:"has no default"`
	}
	bars int
}

func serveCrasher() { sdk.Serve(func() strategy.Strategy { return &crasher{} }) }

func (c *crasher) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "crasher", Version: "0.1.0", Summary: "panics", Stateless: true}
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
	if c.p.When == "mark" {
		env.Marks(in)
	}
	return nil
}

func (c *crasher) OnMark(*strategy.Env, *exchange.Instrument, exchange.Mark) { c.fail("mark") }

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
