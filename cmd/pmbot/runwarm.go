package main

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// warmUp gives a strategy the bars and settlements from before the run that it has asked for,
// oldest first.
func (b *bot) warmUp(ctx context.Context, live *host.Live) error {
	var past []exchange.Event
	for _, s := range live.Subscriptions() {
		var list []exchange.Event
		var err error
		switch {
		case s.Warmup == 0:
		case s.Kind == exchange.KindBar:
			list, err = b.pastBars(ctx, s)
		case s.Kind == exchange.KindFunding:
			list, err = b.pastFundings(ctx, s)
		}
		if err != nil {
			return err
		}
		past = append(past, list...)
	}
	slices.SortStableFunc(past, func(a, b exchange.Event) int { return cmp.Compare(a.At, b.At) })
	return live.Warm(ctx, past)
}

// pastFundings asks the exchange for settlements, and for one before them by which the interval of
// the first is known.
func (b *bot) pastFundings(ctx context.Context, s strategy.Subscription) ([]exchange.Event, error) {
	in, to := b.ins.At(s.Inst), b.rest.ServerTime()
	s.Warmup++
	list, err := settled(in.ID, b.rest.EachFundingRate(ctx, in.Product, in.Symbol, to.Add(-s.Reach()), to, 0))
	if err != nil {
		return nil, marketFailure("the funding rates of "+in.Name(), err)
	}
	return list, nil
}

// settled are the settlements of an instrument behind the first regular one, each with the time
// since the last regular one before: a special one in between changes no interval.
func settled(inst exchange.InstrumentID, rates iter.Seq2[rest.FundingRate, error]) (list []exchange.Event, err error) {
	var before exchange.Time
	for f, err := range rates {
		if err != nil {
			return nil, err
		}
		if before != 0 {
			f.Interval = f.At.Sub(before)
			e := exchange.Event{At: f.Published, Inst: inst}
			e.SetFunding(f.Funding)
			list = append(list, e)
		}
		if !f.Special {
			before = f.At
		}
	}
	return list, nil
}

// pastBars asks the exchange for closed candles.
func (b *bot) pastBars(ctx context.Context, s strategy.Subscription) ([]exchange.Event, error) {
	in := b.ins.At(s.Inst)
	to := b.rest.ServerTime().Floor(s.Interval)
	q := rest.KlinesQuery{Symbol: in.Symbol, Interval: candleName(s.Interval), From: to.Add(-time.Duration(s.Warmup) * s.Interval), To: to.Add(-1)}
	var list []exchange.Event
	for k, err := range b.rest.EachKline(ctx, in.Product, q) {
		if err != nil {
			return nil, marketFailure("the candles of "+in.Name(), err)
		}
		bar := k.Bar
		e := exchange.Event{At: bar.Start.Add(bar.Interval), Inst: in.ID}
		e.SetBar(&bar)
		list = append(list, e)
	}
	return list, nil
}

// candleName is Binance's word for a length of candles up to a day.
func candleName(d time.Duration) string {
	if d == 24*time.Hour {
		return "1d"
	}
	return briefly(d)
}
