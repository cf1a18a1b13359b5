package backtest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/exchange"
)

// generatedTicks plans a generated market of trades and books, for strategies that look closer than
// at bars: it has no bars of its own, bars are built from its trades.
func (p *plan) generatedTicks(cfg *Config, ins *exchange.Instruments, wishes []wish) error {
	g := cfg.Data.Generate
	if len(g.Moves) > 0 || len(g.Others) > 0 {
		return errors.New("data.generate: a market of trades and books has no moves and no others; leave them out, or ticks")
	}
	if p.match == MatchBars {
		return errors.New("orders are to match on bars; a market of trades and books has none: let data.match be \"auto\"")
	}
	p.from, p.to = g.Start, g.Start.Add(time.Duration(g.Days)*24*time.Hour)
	s := market.TickSpec{Seed: cfg.Seed, Start: g.Start, Step: g.Ticks}
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		in := ins.At(id)
		s.Legs = append(s.Legs, in)
		p.indexed = append(p.indexed, in.Base)
		if !in.Inverse() {
			p.indexed = append(p.indexed, in.Quote)
		}
		for _, d := range wishes[id].bars {
			p.build.want(id, d, exchange.KindTrade, 0)
		}
		for _, step := range [...]Match{MatchTrades, MatchTickers, MatchDepth} {
			if p.match != MatchAuto && step > p.match {
				p.hide(in, step)
			}
			p.data = append(p.data, DataInfo{
				Product: in.Product, Symbol: in.Symbol, Kind: string(step.kind()), Interval: g.Ticks, From: p.from, To: p.to,
				Source: fmt.Sprintf("generated, seed %d", cfg.Seed),
			})
		}
	}
	m, err := market.NewTicks(s)
	if err != nil {
		return err
	}
	p.source = &untilSource{source: m, until: p.to}
	p.warnings = append(p.warnings, Warning{"generated", fmt.Sprintf("the market is generated from seed %d; it shows how pmbot works, not how a strategy earns", cfg.Seed)})
	return nil
}

// untilSource ends a source that never does: with the last event at or before an instant.
type untilSource struct {
	source Source
	until  exchange.Time
	over   bool
}

// Next gives what of the source's next events comes in time.
func (u *untilSource) Next(buf []exchange.Event) (int, error) {
	if u.over {
		return 0, io.EOF
	}
	n, err := u.source.Next(buf)
	for i := range n {
		if buf[i].At > u.until {
			u.over = true
			return i, nil
		}
	}
	return n, err
}
