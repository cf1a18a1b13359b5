package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/strategy"
)

// askMarket asks the exchange for its time and its instruments. The embedded ones are for
// tests of strategies: a bot trades by today's rules, so without the exchange it does not run,
// not even dry, for it would have no prices either.
func (b *bot) askMarket(ctx context.Context) error {
	var err error
	b.rest, err = rest.New(rest.Config{
		UM: b.cfg.Exchange.FAPI, CM: b.cfg.Exchange.DAPI, Spot: b.cfg.Exchange.API,
		SharePercent: b.cfg.Feed.SharePercent, Now: wallClock, Log: b.log,
	})
	if err != nil {
		return &failure{exitConfig, err, "see [exchange] of configs/run.toml"}
	}
	reading, err := b.rest.MeasureClock(ctx)
	if err != nil {
		return marketFailure("the exchange's clock", err)
	}
	b.step("clock", "ours is %v off the exchange's, known to %v", -reading.Offset.Round(time.Millisecond), (reading.RoundTrip / 2).Round(time.Millisecond))
	if err := b.askInstruments(ctx); err != nil {
		return err
	}
	return b.askIndexes(ctx)
}

// marketFailure says what to do about an exchange that does not answer.
func marketFailure(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &failure{exitExchange, fmt.Errorf("%s cannot be had: %w", what, err), "look at the network, and at [exchange] of the configuration"}
}

// askInstruments makes the table of what the bot knows: what strategies and configuration
// name, by the rules that the exchange lists now.
func (b *bot) askInstruments(ctx context.Context) error {
	var listed []exchange.Instrument
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		if !slices.ContainsFunc(b.cfg.Instruments, func(s strategy.Symbol) bool { return s.Product == p }) {
			continue
		}
		list, _, err := b.rest.ExchangeInfo(ctx, p)
		if err != nil {
			return exchangeFailure(p, err)
		}
		listed = append(listed, list...)
	}
	all, err := exchange.NewInstruments(listed...)
	if err != nil {
		return &failure{exitExchange, err, "the exchange lists a symbol twice"}
	}
	var rows []exchange.Instrument
	var names []string
	for _, s := range b.cfg.Instruments {
		in, err := all.Find(s.Product, s.Name)
		if old := b.remembered(s); old != nil && (err != nil || in.Status != exchange.StatusTrading) {
			b.warn(old.Name() + " does not trade any more; it is kept because the journal knows it")
			rows = append(rows, *old)
			b.idle = append(b.idle, exchange.InstrumentID(len(rows)))
			continue
		}
		if err != nil {
			var symbols []string
			for _, other := range listed {
				if other.Product == s.Product {
					symbols = append(symbols, other.Symbol)
				}
			}
			cure := "name one that the exchange lists"
			if near := strategy.Nearest(s.Name, symbols); near != "" {
				cure = "did you mean " + near + "?"
			}
			return &failure{exitNotFound, err, cure}
		}
		if in.Status != exchange.StatusTrading {
			return &failure{exitConfig, fmt.Errorf("%s does not trade: the exchange calls it %v", in.Name(), in.Status), "leave it out"}
		}
		rows, names = append(rows, *in), append(names, in.Name())
	}
	if b.ins, err = exchange.NewInstruments(rows...); err != nil {
		return &failure{exitConfig, err, "name every instrument once"}
	}
	b.step("instruments", "%s, as the exchange lists them now", strings.Join(names, ", "))
	return nil
}

// askIndexes finds out of which assets the exchange tells an index price by stream.
func (b *bot) askIndexes(ctx context.Context) error {
	list, _, err := b.rest.AssetIndexes(ctx, "")
	if err != nil {
		return marketFailure("the index prices of assets", err)
	}
	for _, i := range list {
		if asset, usd := strings.CutSuffix(i.Symbol, "USD"); usd {
			b.indexed = append(b.indexed, asset)
		}
	}
	return nil
}

// unindexed are the assets whose price the account needs and no stream tells.
func (b *bot) unindexed(held []string) []string {
	return slices.DeleteFunc(derive.Needed(b.ins, held), func(asset string) bool { return slices.Contains(b.indexed, asset) })
}

// subscribed is what the feed must bring: what strategies have asked for, the prices that the
// guard values the account by, and for the simulated exchange what orders match on.
func (b *bot) subscribed(list []strategy.Subscription) ([]stream.Stream, []market.BarSpec) {
	var streams []stream.Stream
	var bars []market.BarSpec
	add := func(s stream.Stream) {
		if !slices.Contains(streams, s) {
			streams = append(streams, s)
		}
	}
	add(stream.Stream{Product: exchange.UM, Kind: stream.AssetIndex})
	for _, in := range b.ins.All() {
		of := func(k stream.Kind) stream.Stream {
			return stream.Stream{Product: in.Product, Kind: k, Symbol: in.Symbol}
		}
		mark := of(stream.Mark)
		mark.Speed = time.Second
		if in.Product != exchange.Margin {
			add(stream.Stream{Product: in.Product, Kind: stream.ContractInfo})
			add(mark)
		}
		add(of(stream.BookTicker))
		depth := of(stream.Depth)
		depth.Speed = 100 * time.Millisecond
		if b.mode != modeLive {
			add(of(stream.AggTrade))
			add(depth)
		}
		for _, s := range list {
			if s.Inst != in.ID {
				continue
			}
			switch s.Kind {
			case exchange.KindBar:
				add(of(stream.AggTrade))
				if spec := (market.BarSpec{Inst: in.ID, Interval: s.Interval}); !slices.Contains(bars, spec) {
					bars = append(bars, spec)
				}
			case exchange.KindTrade:
				add(of(stream.AggTrade))
			case exchange.KindDepth:
				add(depth)
			case exchange.KindLiquidation:
				add(of(stream.Liquidation))
			}
		}
	}
	return streams, bars
}

// makeFeed makes the feed of what is subscribed; with a recorder it is the recorder's, too.
func (b *bot) makeFeed(context.Context) error {
	streams, bars := b.subscribed(b.players.subscriptions())
	c := market.Config{
		Instruments: b.ins, Streams: streams, Bars: bars, REST: b.rest, Sink: b.sink(), Notice: b.marketNotice,
		Refresh: b.cfg.Feed.Refresh, ClockEvery: b.cfg.Feed.Clock,
		Socket: socket.Config{
			Hosts: b.cfg.Exchange.sockets(), PerConnection: b.cfg.Feed.PerConnection, Rotate: b.cfg.Feed.Rotate, Overlap: b.cfg.Feed.Overlap,
			Now: b.clock.Now, Log: b.log,
		},
	}
	var err error
	if b.cfg.Record.Dir != "" {
		files := &recordConfig{recordFiles: b.cfg.Record, Hosts: b.cfg.Exchange.recordHosts, Feed: b.cfg.Feed}
		if b.record, err = openRecording(files, b.rest, b.told, b.log); err != nil {
			return err
		}
		c.Tap = b.record.tap
	}
	if b.feed, err = market.New(c); err != nil {
		return &failure{exitConfig, err, "see configs/run.toml"}
	}
	b.step("feed", "%s", counted(int64(len(streams)), "stream"))
	return nil
}

// marketNotice takes what happens to the feed: instruments that stop trading are halted until
// they trade again, and a person hears the rest.
func (b *bot) marketNotice(n market.Notice) {
	level := noticeLevel(n.Kind)
	b.log.Log(context.Background(), level, n.String(), "part", "feed")
	if n.Inst == 0 {
		return
	}
	switch n.Kind {
	case market.Dropped:
		b.loop.Market(n.Inst, exchange.Halted, "the exchange does not trade it: "+n.Text)
	case market.Resumed:
		b.loop.Market(n.Inst, exchange.Active, "it trades again")
	case market.RulesChanged:
		b.loop.Market(n.Inst, exchange.Halted, "its rules are "+n.New+" now; start anew to trade by them")
	}
}
