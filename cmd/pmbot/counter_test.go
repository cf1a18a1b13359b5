package main

import (
	"encoding/binary"
	"errors"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/strategy"
)

// counter is a strategy that counts quotes, with a timer running, and has one order open: what a
// swap must carry over. It is a plugin program of its own.
type counter struct {
	p struct {
		Symbol strategy.Symbol `default:"UM:BTCUSDT" help:"what to watch"`
		Fail   int             `default:"0" min:"0" unit:"quotes" help:"after how many it panics, 0 never"`
		Word   string          `default:"count" help:"what it logs"`
		Bars   bool            `default:"false" help:"want bars, too"`
	}
	seen  int
	count uint64
	sent  bool
}

func serveCounter() { sdk.Serve(func() strategy.Strategy { return &counter{} }) }

func (c *counter) Manifest() strategy.Manifest {
	return strategy.Manifest{Name: "counter", Version: "0.1.0", Summary: "counts", OrderTypes: []exchange.OrderType{exchange.Limit}}
}

func (c *counter) Params() any { return &c.p }

func (c *counter) Start(env *strategy.Env) error {
	in, err := env.Instrument(c.p.Symbol)
	if err != nil {
		return err
	}
	if c.p.Word == "refuse" {
		return errors.New("not with that word")
	}
	env.BookTickers(in)
	if c.p.Bars {
		env.Bars(in, 60e9, 0)
	}
	return nil
}

func (c *counter) OnBar(*strategy.Env, *exchange.Instrument, *exchange.Bar) {}

func (c *counter) OnBookTicker(env *strategy.Env, in *exchange.Instrument, b exchange.BookTicker) {
	c.count++
	env.Logf("%s %d, %d open", c.p.Word, c.count, len(env.Orders()))
	if c.seen++; c.seen == c.p.Fail {
		panic("enough")
	}
	if !c.sent {
		c.sent = true
		env.Send(strategy.Buy(in, exchange.MustFixed("0.01")).Limit((b.Bid - b.Bid/120).Round(in.Tick, exchange.RoundFloor)))
	}
	if c.count == 5 {
		env.After(8e9, 7)
	}
}

func (c *counter) OnRefusal(*strategy.Env, *exchange.Refusal) { c.sent = false }

func (c *counter) OnTimer(env *strategy.Env, id uint64) {
	env.Logf("timer %d of the first program", id)
}

func (c *counter) Save() (int, []byte, error) {
	text := binary.BigEndian.AppendUint64(nil, c.count)
	if c.sent {
		text = append(text, 1)
	}
	return 1, text, nil
}

func (c *counter) Restore(version int, state []byte) error {
	if version != 1 || len(state) < 8 {
		return errors.New("no memory of mine")
	}
	c.count, c.sent = binary.BigEndian.Uint64(state), len(state) > 8
	return nil
}
