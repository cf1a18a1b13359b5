package market

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

const (
	// askRetry is the pause after a failed request for listings or the time. The client has
	// tried several times by then.
	askRetry = 10 * time.Second
	// clockMoved is how much the clock's offset must change to be told.
	clockMoved = 250 * time.Millisecond
	// ratesMax is how many rates are asked for one by one. Above it, UM is asked for those of
	// all symbols at once, which has no interval before the first.
	ratesMax = 20
	// rateSpan is how far before a settlement its predecessor is looked for.
	rateSpan = 8*time.Hour + time.Minute
)

// answered enters what a request has brought: the door of REST. The caller holds the mutex.
func (f *Feed) answered(p exchange.Product, a rest.Answer) {
	f.tick(f.c.Socket.Now()) // the client's own clock may be another
	if a.Body != nil {
		f.c.Tap.Answer(p, a)
	}
}

// failed tells that a request has failed, unless the feed is ending.
func (f *Feed) failed(ctx context.Context, n Notice, text string, err error) {
	f.tick(f.c.Socket.Now())
	if ctx.Err() != nil {
		return
	}
	f.stats.RequestsFailed++
	n.Text, n.Err = text, err
	f.notify(n)
}

// depthWeight is what a snapshot of so many levels costs of the minute's request weight.
func depthWeight(p exchange.Product, levels int) int {
	futures := levels
	switch {
	case p == exchange.Margin && levels <= 100:
		return 5
	case p == exchange.Margin && levels <= 500:
		return 25
	case p == exchange.Margin:
		return 50
	case futures <= 50:
		return 2
	case futures <= 100:
		return 5
	case futures <= 500:
		return 10
	}
	return 20
}

// fetchSnapshot asks for the snapshot that a book wants.
func (f *Feed) fetchSnapshot(ctx context.Context, in *listener) {
	k := in.book
	f.mu.Lock()
	wants := k.wants() && f.c.REST != nil
	if wants {
		k.ask()
	}
	started := f.c.Socket.Now()
	f.mu.Unlock()
	if !wants {
		return
	}
	b, answer, err := f.c.REST.Depth(ctx, in.in.Product, in.in.Symbol, f.c.DepthLevels)

	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered(in.in.Product, answer)
	took, weight := f.now.Sub(started), depthWeight(in.in.Product, f.c.DepthLevels)
	if err != nil {
		k.failed(f.now, took, weight)
		f.failed(ctx, in.about(SnapshotFailed), "", err)
	} else {
		f.snapshot(in, &b, took, weight)
	}
	if k.wants() {
		f.plan(in.asks, k.due)
	}
}

// snapshot gives a snapshot to the book, and tells it with the pieces that have waited for it.
func (f *Feed) snapshot(in *listener, b *rest.Book, took time.Duration, weight int) {
	k := in.book
	f.stats.Snapshots++
	tell := k.snapshot(f.now, b.Event, &b.Depth, took, weight)
	for i := range tell {
		f.begin(in.in.ID, tell[i].sent).SetDepth(&tell[i].Depth)
		f.tell()
	}
	if tell != nil {
		f.bookReady(in)
	}
}

// fetchBars asks for the bars of an instrument that nobody has told.
func (f *Feed) fetchBars(ctx context.Context, in *listener) {
	for _, k := range in.bars {
		f.mu.Lock()
		from, to, ok := k.wants(f.exchangeNow())
		if ok {
			k.asked = true
		}
		f.mu.Unlock()
		if !ok {
			continue
		}
		q := rest.KlinesQuery{Symbol: in.in.Symbol, Interval: k.name, From: from, To: to, Limit: barsOwed}
		list, answer, err := f.c.REST.Klines(ctx, in.in.Product, q)
		f.filled(ctx, in, k, list, answer, err)
	}
}

// filled enters an answer about bars.
func (f *Feed) filled(ctx context.Context, in *listener, k *barKeeper, list []rest.Kline, answer rest.Answer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered(in.in.Product, answer)
	if err != nil {
		f.failed(ctx, in.about(RequestFailed), "candles of "+k.name, err)
	}
	for i := range list {
		if b := list[i].Bar; list[i].Closed && k.slot(b.Start) != nil {
			b.Interval = k.interval
			f.venueBar(in, k, b)
		}
	}
	if from, to := k.answered(f.exchangeNow()); to != 0 && ctx.Err() == nil {
		f.missedBars(in, k, from, to)
		f.deliverBars(in, k)
	}
}

// measure measures the exchange's clock.
func (f *Feed) measure(ctx context.Context) {
	r, err := f.c.REST.MeasureClock(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.failed(ctx, Notice{Kind: RequestFailed}, "the exchange's time", err)
		f.plan(f.clocks, f.now.Add(askRetry))
		return
	}
	f.tick(f.c.Socket.Now())
	if moved := r.Offset - f.clock.Offset; !f.measured || moved.Abs() > clockMoved {
		f.notify(Notice{Kind: ClockSet, Text: fmt.Sprintf("the exchange is %v ahead, known to %v", r.Offset, r.RoundTrip/2)})
	}
	f.clock, f.measured = r, true
	f.plan(f.clocks, f.now.Add(f.c.ClockEvery))
}

// fetchInfo reads exchangeInfo, tells what has changed, and listens to what trades.
func (f *Feed) fetchInfo(ctx context.Context, p exchange.Product) {
	list, answer, err := f.c.REST.ExchangeInfo(ctx, p)
	add, remove := f.listed(ctx, p, list, answer, err)
	if len(add)+len(remove) == 0 {
		return
	}
	if err := f.set.Update(add, remove); err != nil && ctx.Err() == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failed(ctx, Notice{Kind: RequestFailed, Product: p}, "streams of symbols that changed", err)
	}
}

// listed enters an answer of exchangeInfo and returns the streams that it begins and ends.
func (f *Feed) listed(ctx context.Context, p exchange.Product, list []exchange.Instrument, answer rest.Answer, err error) (add, remove []stream.Stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered(p, answer)
	var bad exchange.SymbolErrors
	if err != nil && !errors.As(err, &bad) {
		f.failed(ctx, Notice{Kind: RequestFailed, Product: p}, "exchangeInfo", err)
		f.plan(f.infos[p], f.now.Add(askRetry))
		return nil, nil
	}
	for _, e := range bad {
		f.notify(Notice{Kind: Unreadable, Product: p, Err: e})
	}
	u := f.universes[p]
	for _, c := range u.refresh(list, bad) {
		n := Notice{Kind: c.kind, Product: p, Symbol: c.symbol, Old: c.old, New: c.new}
		if in := f.instruments.find(p, c.symbol); in != nil {
			n.Inst = in.in.ID
		}
		f.stats.Changes++
		f.notify(n)
	}
	if f.c.Refresh > 0 {
		// A delivery is looked at when it is, whatever contractInfo says.
		at := u.delivery(f.exchangeNow()).Add(infoDelay)
		f.plan(f.infos[p], min(f.now.Add(f.c.Refresh), max(at.Add(-f.clock.Offset), f.now.Add(infoDelay))))
	}
	return f.relisten(u)
}

// relisten drops the streams of instruments that do not trade any more, and takes up those
// that do again.
func (f *Feed) relisten(u *universe) (add, remove []stream.Stream) {
	for _, in := range f.instruments.list {
		if in.in.Product != u.product || len(in.streams) == 0 || in.dropped == !u.live(in.in.Symbol) {
			continue
		}
		in.dropped = !in.dropped
		kind := Resumed
		if in.dropped {
			kind = Dropped
			remove = append(remove, in.streams...)
		} else {
			add = append(add, in.streams...)
		}
		in.restart(f.exchangeNow())
		n := in.about(kind)
		n.Text = fmt.Sprintf("%d streams", len(in.streams))
		f.notify(n)
	}
	return add, remove
}

// restart forgets what cannot go on after a pause.
func (in *listener) restart(now exchange.Time) {
	if in.book != nil {
		in.book.reset("resumed")
	}
	for _, k := range in.bars {
		k.restart()
	}
	in.trade, in.funding = sequence{}, settlement{told: now}
}

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
		if missed := in.funding.answered(f.exchangeNow()); missed != 0 && ctx.Err() == nil {
			n := in.about(FundingMissed)
			n.From, n.To = missed, missed
			f.notify(n)
			f.gap(in.in.ID, exchange.KindFunding, missed, missed, "the rate of the settlement could not be had")
		}
	}
}
