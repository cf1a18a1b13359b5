package papi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What can be borrowed and what it costs is nowhere in the user stream, so it is asked for on
// an interval. A receiver that lends by it must not go by what is old: what has not changed is
// told again before it is.

const (
	// lendingMin and lendingMax bound BrokerConfig.Lending: a rate holds for an hour.
	lendingMin, lendingMax = time.Minute, 30 * time.Minute
	// lendingAgain is after how long what has not changed is told again, and lendingRetry after
	// how long a reading that failed is tried again.
	lendingAgain, lendingRetry = 25 * time.Minute, time.Minute
	// ratesMax is how many assets may be asked for at once.
	ratesMax = 20
)

// lender knows what was told of loans.
type lender struct {
	assets  []string // by rising name
	told    map[string]exchange.Lending
	at      map[string]exchange.Time // when it was told
	asked   exchange.Time            // when a reading was asked for
	next    exchange.Time
	reading bool
	asks    chan []string
}

// lendingNews is what a reading has brought.
type lendingNews struct {
	list []exchange.Lending
	err  error
}

// newLender knows the assets that instruments name. Next is Never: nothing is asked for
// before the account is followed.
func newLender(ins *exchange.Instruments) lender {
	l := lender{told: map[string]exchange.Lending{}, at: map[string]exchange.Time{}, next: exchange.Never, asks: make(chan []string, 1)}
	for _, in := range ins.All() {
		l.add(in.Base)
		if !in.Inverse() { // whose quote is no asset
			l.add(in.Quote)
		}
	}
	return l
}

// add lets an asset be asked for from now on.
func (l *lender) add(asset string) {
	if at, found := slices.BinarySearch(l.assets, asset); !found && asset != "" {
		l.assets = slices.Insert(l.assets, at, asset)
	}
}

// askLending asks for a reading, if none is under way. What is owed counts among the assets.
func (o *owner) askLending(now exchange.Time) {
	l := &o.lender
	if t := o.truth.Load(); t != nil {
		for i := range t.Balances {
			if b := &t.Balances[i]; b.CrossMarginBorrowed.IsPositive() || b.CrossMarginInterest.IsPositive() {
				l.add(b.Asset)
			}
		}
	}
	l.asked, l.next = now, now.Add(o.config.Lending)
	select {
	case l.asks <- slices.Clone(l.assets):
		l.reading = true
	default:
	}
}

// workLending reads whenever it is asked to, until the context ends.
func (b *Broker) workLending(ctx context.Context, asks <-chan []string) {
	for {
		select {
		case <-ctx.Done():
			return
		case assets := <-asks:
			var n lendingNews
			n.list, n.err = b.readLending(ctx, assets)
			b.inbox <- n
		}
	}
}

// readLending reads what there is to borrow of assets and what the next hour costs. An asset
// that the exchange does not list can not be borrowed, and of one without a rate none is told.
// What could be read before an error is returned with it.
func (b *Broker) readLending(ctx context.Context, assets []string) ([]exchange.Lending, error) {
	list := make([]exchange.Lending, len(assets))
	for i, asset := range assets {
		list[i].Asset = asset
	}
	stock, err := b.config.Client.AvailableInventory(ctx)
	if err == nil {
		for i := range list {
			list[i].Available, list[i].Known = decimal.Max(stock.Assets[list[i].Asset], decimal.Zero), true
		}
	}
	for part := range slices.Chunk(list, ratesMax) {
		err = errors.Join(err, b.readRates(ctx, part))
	}
	return list, err
}

// readRates fills the rates in. When the exchange does not know one of the assets it refuses
// them all; then each is asked for alone, so that one does not hide the others.
func (b *Broker) readRates(ctx context.Context, list []exchange.Lending) error {
	assets := make([]string, len(list))
	for i := range list {
		assets[i] = list[i].Asset
	}
	rates, err := b.config.Client.NextHourlyInterestRates(ctx, assets...)
	var e *Error
	switch {
	case err == nil:
	case len(list) > 1 && errors.As(err, &e) && e.Outcome == Refused && e.Code != 0:
		for i := range list {
			if one := b.readRates(ctx, list[i:i+1]); one != nil && (!errors.As(one, &e) || e.Outcome != Refused) {
				return one
			}
		}
		return nil
	default:
		return err
	}
	for _, r := range rates {
		if at := slices.Index(assets, r.Asset); at >= 0 && !r.NextHourlyInterestRate.IsNegative() {
			list[at].Hourly, list[at].Rated = r.NextHourlyInterestRate, true
		}
	}
	return nil
}

// heardLending tells what has changed, and what was told so long ago that it grows old.
func (o *owner) heardLending(n *lendingNews) {
	l := &o.lender
	l.reading = false
	if n.err != nil {
		l.next = min(l.next, o.now().Add(lendingRetry))
	}
	now := o.now()
	for _, read := range n.list {
		if !read.Known && !read.Rated {
			continue
		}
		was, known := l.told[read.Asset]
		same := known && was.Known == read.Known && was.Rated == read.Rated && was.Available.Equal(read.Available) && was.Hourly.Equal(read.Hourly)
		if same && now.Sub(l.at[read.Asset]) < lendingAgain {
			continue
		}
		l.told[read.Asset], l.at[read.Asset] = read, now
		told := read
		o.tr.event(0, 0).SetLending(&told)
	}
}
