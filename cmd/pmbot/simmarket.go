package main

import (
	"time"

	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// simMarket is what the simulated exchange lists and where its prices come from.
type simMarket struct {
	ins    *exchange.Instruments
	tables *margin.Tables
	source papisim.Source
	// starts is the first instant of the market, and opens when the exchange opens.
	starts, opens exchange.Time
	// ends is the last instant of a tape, 0 for a generated market.
	ends  exchange.Time
	close func()
}

// openSimMarket opens the market that is configured.
func openSimMarket(c *simConfig) (*simMarket, error) {
	m := &simMarket{close: func() {}}
	var err error
	if m.tables, err = simTables(c.Market.Alts, c.Market.Brackets); err != nil {
		return nil, err
	}
	if c.Market.Tape != "" {
		return m, m.replay(c)
	}
	return m, m.generate(c)
}

// generate makes a market that has run for a while when the exchange opens.
func (m *simMarket) generate(c *simConfig) error {
	m.opens = c.Start
	if m.opens == 0 {
		m.opens = exchange.TimeOf(time.Now())
	}
	m.starts = m.opens.Add(-c.Market.Warmup).Floor(time.Minute)
	var err error
	if m.ins, err = listed(c.Market.Coins, c.Market.Alts, c.Market.Unlisted, m.starts); err != nil {
		return err
	}
	s := market.TickSpec{
		Seed: c.Seed, Start: m.starts, Step: c.Market.Step, Levels: c.Market.Levels,
		Volatility: c.Market.Volatility, Liquidations: c.Market.Liquidations, Prices: c.prices(),
	}
	for id := 1; id <= m.ins.Len(); id++ {
		s.Legs = append(s.Legs, m.ins.At(exchange.InstrumentID(id)))
	}
	m.source, err = market.NewTicks(s)
	if err != nil {
		return &failure{exitConfig, err, "see [market] of configs/sim.toml"}
	}
	return nil
}
