package market

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// fetchInfo reads exchangeInfo, tells what has changed, and listens to what trades.
func (f *Feed) fetchInfo(ctx context.Context, p exchange.Product) {
	list, answer, err := f.c.REST.ExchangeInfo(ctx, p)
	add, remove := f.listed(ctx, p, list, answer, err)
	if len(add)+len(remove) == 0 {
		return
	}
	if err := f.set.Update(add, remove); err != nil {
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
	if err == nil && len(list) == 0 {
		err = errors.New("no symbols") // no exchange is over all at once
	}
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
		f.plan(f.infos[p], f.nextListing(u))
	}
	return f.relisten(u)
}

// nextListing is when exchangeInfo is read again: in a while, or when something delivers,
// whatever contractInfo says of it.
func (f *Feed) nextListing(u *universe) exchange.Time {
	next := f.now.Add(f.c.Refresh)
	if at := u.delivery(f.exchangeNow()); at != exchange.Never {
		next = min(next, f.now.Add(at.Sub(f.exchangeNow())+infoDelay))
	}
	return next
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
	in.trade, in.ticker, in.mark, in.funding = sequence{}, newest{}, newest{}, settlement{told: now}
}
