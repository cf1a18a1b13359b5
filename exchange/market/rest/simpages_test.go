package rest

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// collect gathers what an iterator gives until an error.
func collect[T any](t *testing.T, rows iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
	return list
}

// TestSimPages holds that any window and any size of page give each row once: trades against
// what the market was made of, candles and fundings against one answer that has them all.
func TestSimPages(t *testing.T) {
	onSim(t, 24*time.Hour, func(ctx context.Context, s *onSimulator) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
			s.pages(ctx, t, p, rng)
		}
	})
}

func (s *onSimulator) pages(ctx context.Context, t *testing.T, p exchange.Product, rng *rand.Rand) {
	all, _, err := s.Klines(ctx, p, KlinesQuery{Symbol: simSymbols[p], Interval: "1m", Limit: 1000})
	if err != nil || len(all) != 1000 || all[999].Closed || !all[998].Closed {
		t.Fatalf("%v: %d candles, %v", p, len(all), err)
	}
	span := func() (from, to exchange.Time) {
		from = all[rng.IntN(990)].Start.Add(time.Duration(rng.IntN(60)-30) * time.Second)
		return from, from.Add(time.Duration(rng.Int64N(int64(all[998].Start.Sub(from)))) + time.Millisecond).Floor(time.Millisecond)
	}
	for range 25 {
		from, to := span()
		limit := 20 + rng.IntN(500)
		var want []exchange.Time
		for _, k := range all[:999] {
			if from <= k.Start && k.Start <= to {
				want = append(want, k.Start)
			}
		}
		var got []exchange.Time
		for _, k := range collect(t, s.EachKline(ctx, p, KlinesQuery{Symbol: simSymbols[p], Interval: "1m", From: from, To: to, Limit: limit})) {
			got = append(got, k.Start)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v candles from %v to %v by %d: %d, want %d", p, from, to, limit, len(got), len(want))
		}
		s.tradePages(ctx, t, p, from, to, limit)
		if p != exchange.Margin {
			s.fundingPages(ctx, t, p, from, to, 1+rng.IntN(6))
		}
	}
	var last Kline
	for k, err := range s.EachKline(ctx, p, KlinesQuery{Symbol: simSymbols[p], Interval: "1m", From: all[900].Start}) {
		if err != nil || !k.Closed {
			t.Fatalf("%v: %+v, %v", p, k, err)
		}
		last = k
	}
	if age := s.ServerTime().Sub(last.End); age < 0 || age > time.Minute {
		t.Errorf("%v: the last candle ended %v ago", p, age)
	}
}

func (s *onSimulator) tradePages(ctx context.Context, t *testing.T, p exchange.Product, from, to exchange.Time, limit int) {
	t.Helper()
	want := 0
	for _, e := range s.market.trades[p] {
		if at := e.At.Floor(time.Millisecond); from <= at && at <= to {
			want++
		}
	}
	list := collect(t, s.EachAggTrade(ctx, p, simSymbols[p], from, to, limit))
	for i, trade := range list {
		if i > 0 && trade.ID != list[i-1].ID+1 || trade.Time < from || trade.Time > to {
			t.Fatalf("%v trade %d from %v to %v by %d: %+v", p, i, from, to, limit, trade)
		}
	}
	if len(list) != want {
		t.Fatalf("%v trades from %v to %v by %d: %d, want %d", p, from, to, limit, len(list), want)
	}
}

func (s *onSimulator) fundingPages(ctx context.Context, t *testing.T, p exchange.Product, from, to exchange.Time, limit int) {
	t.Helper()
	all, _, err := s.FundingRates(ctx, p, FundingQuery{Symbol: simSymbols[p], Limit: 1000})
	if err != nil || len(all) < 20 {
		t.Fatalf("%v: %d fundings, %v", p, len(all), err)
	}
	var want, got []exchange.Time
	for _, f := range all {
		if from <= f.Published && f.Published <= to {
			want = append(want, f.At)
		}
	}
	for i, f := range collect(t, s.EachFundingRate(ctx, p, simSymbols[p], from, to, limit)) {
		got = append(got, f.At)
		if f.At%exchange.Time(time.Hour) != 0 || i > 0 && f.Interval != time.Hour {
			t.Errorf("%v: %+v", p, f)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v fundings from %v to %v by %d: %v, want %v", p, from, to, limit, got, want)
	}
}
