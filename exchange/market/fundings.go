package market

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

const (
	// ratesMax is how many rates are asked for one by one. Above it, UM is asked for those of
	// all symbols at once, which has no interval before the first.
	ratesMax = 20
	// rateSpan is how far before a settlement its predecessor is looked for.
	rateSpan = 8*time.Hour + time.Minute
)

// fetchFundings asks for the rates of settlements that are over.
func (f *Feed) fetchFundings(ctx context.Context, p exchange.Product) {
	owed, from := f.owed(p)
	if p == exchange.UM && len(owed) > ratesMax {
		rates, answer, err := f.c.REST.FundingRates(ctx, p, rest.FundingQuery{From: from, Limit: 1000})
		f.settled(ctx, owed, rates, answer, err)
		return
	}
	for _, in := range owed {
		q := rest.FundingQuery{Symbol: in.in.Symbol, From: from.Add(-rateSpan), Limit: 100}
		rates, answer, err := f.c.REST.FundingRates(ctx, p, q)
		f.settled(ctx, []*listener{in}, rates, answer, err)
		if ctx.Err() != nil {
			return
		}
	}
}

// owed are the instruments of which a settlement is due to be asked for, and the earliest.
func (f *Feed) owed(p exchange.Product) (list []*listener, from exchange.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from = exchange.Never
	for _, in := range f.instruments.list {
		if s := &in.funding; in.in.Product == p && s.owed != 0 && f.exchangeNow() >= s.due {
			list, from = append(list, in), min(from, s.owed)
		}
	}
	return list, from
}

// settled enters an answer about rates and tells those that are new.
func (f *Feed) settled(ctx context.Context, owed []*listener, rates []rest.FundingRate, answer rest.Answer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := owed[0].in.Product
	f.answered(p, answer)
	if err != nil {
		f.failed(ctx, Notice{Kind: RequestFailed, Product: p}, "funding rates", err)
	}
	for i := range rates {
		r := &rates[i]
		in := f.instruments.find(p, r.Symbol)
		if in == nil {
			continue
		}
		interval, ok := in.funding.row(r.At, r.Published, r.Special)
		if !ok {
			continue
		}
		f.stats.Fundings++
		r.Funding.Interval = interval
		f.begin(in.in.ID, r.Published).SetFunding(r.Funding)
		f.tell()
	}
	for _, in := range owed {
		if missed := in.funding.answered(f.exchangeNow()); missed != 0 && !ending(ctx) {
			n := in.about(FundingMissed)
			n.From, n.To = missed, missed
			f.notify(n)
			f.gap(in.in.ID, exchange.KindFunding, missed, missed, "the rate of the settlement could not be had")
		}
	}
}
