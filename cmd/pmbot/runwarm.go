package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// warmUp gives a strategy the bars from before the run that it has asked for, oldest first.
func (b *bot) warmUp(ctx context.Context, live *host.Live) error {
	var bars []exchange.Event
	for _, s := range live.Subscriptions() {
		if s.Kind != exchange.KindBar || s.Warmup == 0 {
			continue
		}
		list, err := b.pastBars(ctx, s)
		if err != nil {
			return err
		}
		bars = append(bars, list...)
	}
	slices.SortStableFunc(bars, func(a, b exchange.Event) int { return cmp.Compare(a.At, b.At) })
	return live.Warm(ctx, bars)
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
