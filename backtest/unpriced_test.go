package backtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// latePrice is a source that keeps the index of an asset back until an instant.
type latePrice struct {
	Source
	asset string
	from  exchange.Time
}

func (s latePrice) Next(buf []exchange.Event) (int, error) {
	n, err := s.Source.Next(buf)
	kept := slices.DeleteFunc(buf[:n], func(e exchange.Event) bool {
		return e.Kind == exchange.KindAssetIndex && e.AssetIndex().Asset == s.asset && e.At < s.from
	})
	return len(kept), err
}

// runOn is a run on another source than the configuration's.
func runOn(t *testing.T, cfg *Config, wrap func(Source) Source, p Program) *Result {
	t.Helper()
	list, labels, err := describe(cfg, []Program{p})
	if err != nil {
		t.Fatal(err)
	}
	ins, err := instruments(cfg, list)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := Tables(cfg)
	if err != nil {
		t.Fatal(err)
	}
	player, err := p.Start(cfg.Strategies[0].Params, ins, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRun(cfg, Options{}, ins, tab, []Player{player}, labels)
	if err != nil {
		t.Fatal(err)
	}
	r.loop.feed.source = wrap(r.loop.feed.source)
	if err := r.loop.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r.result(cfg, Options{}, list, labels.labels)
}

// unpricedConfig is of an account of 100,000 USDT and 2 BTC, whose price comes at a late hour.
func unpricedConfig(hour int) (*Config, func(Source) Source) {
	cfg := deskConfig(2, 15*time.Minute)
	cfg.Sample = 4 * time.Hour
	cfg.Account.Margin = map[string]decimal.Decimal{"BTC": decimal.New(2, 0)}
	return cfg, func(s Source) Source { return latePrice{s, "BTC", day.Add(time.Duration(hour) * time.Hour)} }
}

// buysAt buys half a coin when a bar closes at each of some hours. While something has no
// price the guard refuses.
func buysAt(hours ...int) puppet {
	return puppet{start: sees(15*time.Minute, 8), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
		if p.n++; p.n%4 == 0 && slices.Contains(hours, p.n/4) {
			env.Send(strategy.Buy(in, exchange.FixedOne/2).Market())
		}
	}}
}

// TestPricedStart: the samples begin when everything held has a price, not on the grid, and
// what the strategy does before that stays; the hash has the samples that stand, here and
// where a strategy in a process of its own is told ahead what comes.
func TestPricedStart(t *testing.T) {
	cfg, late := unpricedConfig(10)
	res := runOn(t, cfg, late, program(buysAt(3, 11)))
	var at []string
	for _, s := range res.Equity {
		at = append(at, since(s.At))
	}
	wantLines(t, at, "10h0m0s", "12h0m0s", "16h0m0s", "20h0m0s", "24h0m0s", "28h0m0s", "32h0m0s", "36h0m0s", "40h0m0s", "44h0m0s", "48h0m0s")
	first := &res.Equity[0]
	if res.From != first.At || !res.Margin.EquityStart.Equal(first.Account.Equity) || len(first.Assets) != 2 || first.Assets[0].Asset != "BTC" {
		t.Errorf("from %v at %v: %+v", res.From, res.Margin.EquityStart, first)
	}
	if least := decimal.New(200_000, 0); res.Margin.EquityMin.LessThan(least) || first.Held.LessThan(least) || res.Margin.DrawdownFrom < res.From {
		t.Errorf("the time without a price is in the summary: %+v", res.Margin)
	}
	if len(res.Stress) != 2 || res.Stress[0].At < res.From || res.Margin.UniMMRMinAt < res.From || res.Total.UniMMRMin.LessThan(res.Margin.UniMMRMin) {
		t.Errorf("lowest at %v, %+v", res.Margin.UniMMRMinAt, res.Total)
	}
	if res.Fills.Len() != 1 || !res.Total.Fees.IsNegative() {
		t.Errorf("%d fills, %+v", res.Fills.Len(), res.Total)
	}
	want := Warning{"unpriced", "the account is valued from 2024-03-01T10:00:00Z on, because it holds BTC, which had no price before: " +
		"equity, returns, drawdown and uniMMR begin there; the run began at 2024-03-01T00:00:00Z, and what was done until then, 0 fills and 1 refusals, is in all other tables"}
	if !slices.Contains(res.Warnings, want) {
		t.Errorf("warnings %q", res.Warnings)
	}
	for _, row := range res.Ledger.All() {
		if row.Asset == "BTC" && row.USD.LessThan(decimal.New(100_000, 0)) {
			t.Errorf("the account began with %v BTC for %v USD", row.Delta, row.USD)
		}
	}
	later := *cfg // other samples that fall, the same that stand
	later.From = day.Add(2 * time.Hour)
	if other := runOn(t, &later, late, program(buysAt(3, 11))); other.Hash != res.Hash {
		t.Errorf("%s from the start, %s from two hours later", res.Hash, other.Hash)
	}
	batches, saved := 0, 0
	ahead := through{program(buysAt(3, 11)), func(r *strategy.Runtime) Player {
		return &remote{Runtime: r, t: t, batches: &batches, saved: &saved}
	}}
	if there := runOn(t, cfg, late, ahead); there.Hash != res.Hash || batches == 0 {
		t.Errorf("%s here, %s there, %d batches", res.Hash, there.Hash, batches)
	}
}

// TestNeverPriced: without a price to come, samples are those of the grid from the start.
func TestNeverPriced(t *testing.T) {
	cfg, never := unpricedConfig(1000)
	res := runOn(t, cfg, never, program(buysAt(3, 11)))
	if len(res.Equity) != 13 || res.From != day || !res.Equity[0].Account.Equity.LessThan(decimal.New(150_000, 0)) || len(res.Stress) != 0 {
		t.Errorf("%d samples from %v, first %+v, %d stress tables", len(res.Equity), res.From, res.Equity[0], len(res.Stress))
	}
	if n := res.Ledger.Len(); n != 2 {
		t.Errorf("%d bookings, want the two deposits", n)
	}
	want := Warning{"unpriced", "the account holds BTC, of which the data never has a price: it counts as nothing in equity, returns, drawdown and uniMMR"}
	if !slices.Contains(res.Warnings, want) {
		t.Errorf("warnings %q", res.Warnings)
	}
}

// TestPricedAtOnce: where everything has a price at the first sample nothing is said, and
// neither is it of a stream whose first price is some seconds late.
func TestPricedAtOnce(t *testing.T) {
	cfg, atOnce := unpricedConfig(0)
	res := runOn(t, cfg, atOnce, program(buysAt(3, 11)))
	for _, w := range res.Warnings {
		if w.Kind == "unpriced" {
			t.Errorf("%+v", w)
		}
	}
	if len(res.Equity) != 13 || res.From != day {
		t.Errorf("%d samples from %v", len(res.Equity), res.From)
	}
	for _, c := range []struct {
		u    unpriced
		said int
	}{
		{unpriced{from: day, valued: day.Add(59 * time.Second)}, 0},
		{unpriced{from: day, valued: day.Add(59 * time.Second), fills: 1}, 1},
		{unpriced{from: day, valued: day.Add(time.Minute)}, 1},
	} {
		var res Result
		if c.u.warn(&res); len(res.Warnings) != c.said {
			t.Errorf("%+v: %v", c.u, res.Warnings)
		}
	}
}
