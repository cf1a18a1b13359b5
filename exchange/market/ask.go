package market

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

const (
	// askRetry is the pause after a failed request for listings or the time. The client has
	// tried several times by then.
	askRetry = 10 * time.Second
	// clockMoved is how much the clock's offset must change to be told.
	clockMoved = 250 * time.Millisecond
)

// answered enters what a request has brought: the door of REST. The caller holds the mutex.
func (f *Feed) answered(p exchange.Product, a rest.Answer) {
	f.tick(f.c.Socket.Now()) // the client's own clock may be another
	if a.Body != nil {
		f.c.Tap.Answer(p, a)
	}
}

// ending says whether the feed ends, and not only a chore that took too long.
func ending(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// failed tells that a request has failed, unless the feed is ending.
func (f *Feed) failed(ctx context.Context, n Notice, text string, err error) {
	f.tick(f.c.Socket.Now())
	if ending(ctx) {
		return
	}
	f.stats.RequestsFailed++
	n.Text, n.Err = text, err
	f.notify(n)
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
	took, weight := f.now.Sub(started), rest.DepthWeight(in.in.Product, f.c.DepthLevels)
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
	if from, to := k.answered(f.exchangeNow()); to != 0 && !ending(ctx) {
		f.missedBars(in, k, from, to)
		f.deliverBars(in, k)
	}
}

// measure measures the exchange's clock.
func (f *Feed) measure(ctx context.Context) {
	f.mu.Lock()
	breaks := f.breaks
	f.mu.Unlock()
	r, err := f.c.REST.MeasureClock(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.failed(ctx, Notice{Kind: RequestFailed}, "the exchange's time", err)
		f.plan(f.clocks, f.now.Add(askRetry))
		return
	}
	f.tick(f.c.Socket.Now())
	if f.breaks != breaks {
		f.plan(f.clocks, f.now) // it was made by two clocks
		return
	}
	if moved := r.Offset - f.clock.Offset; !f.measured || moved.Abs() > clockMoved {
		f.notify(Notice{Kind: ClockSet, Text: apart(r)})
	}
	f.clock, f.measured = r, true
	f.begin(0, 0).SetClock(exchange.Clock{Offset: r.Offset, Within: r.RoundTrip / 2})
	f.tell()
	f.plan(f.clocks, f.now.Add(f.c.ClockEvery))
}

// apart says how far the clocks are apart, and how well that is known.
func apart(r rest.Reading) string {
	way := "behind"
	if r.Offset < 0 {
		way = "ahead of"
	}
	round := func(d time.Duration) time.Duration { return d.Abs().Round(10 * time.Microsecond) }
	return fmt.Sprintf("our clock is %v %s the exchange's, known to %v", round(r.Offset), way, round(r.RoundTrip/2))
}
