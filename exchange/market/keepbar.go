package market

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

const (
	// barGrace is how long after its end, by the exchange's clock, a bar waits for its last
	// trades, which are sent some 100 ms late, and for the venue's word.
	barGrace = 2 * time.Second
	// barsKept is how many delivered bars are kept to be compared with what the venue says of
	// them later.
	barsKept = 8
	// barsOwed bounds the bars that wait to be filled; beyond it the oldest are given up.
	barsOwed = 64
	// fillRetry is the pause after the first request for bars that did not do; it doubles,
	// fillsMax times.
	fillRetry = time.Second
	fillsMax  = 6
)

// barKeeper makes the bars of one interval of one instrument and delivers each once, in
// order. A bar is ours if we have all its trades, proved by ids that follow one another from
// before its start to after its end, or by silence until barGrace is over; else it is the
// venue's, from the kline stream or, if that is silent too, from REST. It is a value without
// clock or network; the feed owns it.
type barKeeper struct {
	in       *exchange.Instrument
	interval time.Duration
	name     string // of the interval, as Binance has it
	// trades says that bars are built of trades, stream that the venue tells its own.
	trades, stream bool

	local *book.Bars
	// sound is the instant of the last trade before which others may be missing, 0 before the
	// first: bars that start after it are whole.
	sound exchange.Time
	// doubt says that trades may have been missed since the last one: silence proves nothing
	// then.
	doubt bool
	price exchange.Fixed // of the last trade
	// slots are the bars that are not delivered yet, in order and without holes; first is the
	// start of the first one ever, next that of the one after them, 0 before the first.
	slots       []barSlot
	first, next exchange.Time
	// owed is the start of the bar behind the last one that was delivered or given up, 0 before
	// the first.
	owed exchange.Time
	done []barSlot // the last delivered ones, the oldest first

	// out is the bar that is being delivered.
	out exchange.Bar

	asked bool // REST is asked for the bars that wait
	tries int
	due   exchange.Time // when to ask, not before
}

// barSlot is what is known of one bar.
type barSlot struct {
	start exchange.Time
	ours  exchange.Bar
	// closed says that ours is final, whole that it has all its trades, silent that silence
	// alone has proved it.
	closed, whole, silent bool
	venues                exchange.Bar
	told                  bool // by the venue
	expired               bool // its grace is over
}

// lost says that nobody has told the bar in time, and that ours is not whole.
func (s *barSlot) lost() bool { return s.expired && !s.told && !(s.closed && s.whole) }

func newBarKeeper(in *exchange.Instrument, interval time.Duration) (*barKeeper, error) {
	local, err := book.NewBars(in, interval)
	if err != nil {
		return nil, err
	}
	return &barKeeper{in: in, interval: interval, name: intervalName(interval), local: local}, nil
}

// missed notes that trades are missing before one that was done at an instant.
func (k *barKeeper) missed(at exchange.Time) { k.sound, k.doubt = max(k.sound, at), false }

// trade takes the next trade, done at an instant of the exchange's clock. It says false of a
// trade of a bar that is closed.
func (k *barKeeper) trade(at exchange.Time, t exchange.Trade) bool {
	k.doubt = false
	start := at.Floor(k.interval)
	k.open(start)
	if k.sound == 0 {
		k.sound = at
	}
	switch s := k.slot(start); {
	case s == nil: // it is delivered already
		k.sound = max(k.sound, at)
		return false
	case s.silent && s.ours.Trades == 0: // silence was no proof
		s.closed, s.whole, s.silent = false, false, false
	}
	closed, ok, err := k.local.Add(at, t)
	if ok {
		k.close(closed, false)
	}
	if err != nil {
		k.sound = max(k.sound, at)
		return false
	}
	for i := range k.slots {
		switch s := &k.slots[i]; {
		case s.start >= start:
		case !s.closed: // it had no trades
			k.close(k.flat(s.start), false)
		case s.silent: // which is proved now
			s.silent, s.whole = false, s.start > k.sound
		}
	}
	k.price = t.Price
	return true
}

// open makes slots up to the bar that starts at an instant. Behind more than barsOwed of which
// nothing was heard, bars begin anew.
func (k *barKeeper) open(start exchange.Time) {
	if k.next != 0 && start.Sub(k.next) > barsOwed*k.interval {
		k.beginAnew()
	}
	if k.next == 0 {
		k.first, k.next = start, start
	}
	for k.next <= start {
		k.slots = append(k.slots, barSlot{start: k.next})
		k.next = k.next.Add(k.interval)
	}
	if n := len(k.slots) - barsOwed; n > 0 {
		k.slots = slices.Delete(k.slots, 0, n)
	}
}

// slot finds the bar that starts at an instant, nil if it is delivered or to come.
func (k *barKeeper) slot(start exchange.Time) *barSlot {
	if len(k.slots) == 0 || start < k.slots[0].start || start >= k.next {
		return nil
	}
	return &k.slots[start.Sub(k.slots[0].start)/k.interval]
}

// close makes a bar of ours final.
func (k *barKeeper) close(b exchange.Bar, silent bool) {
	if s := k.slot(b.Start); s != nil && !s.closed {
		s.ours, s.closed, s.silent = b, true, silent
		s.whole = k.trades && k.sound != 0 && s.start > k.sound && !(silent && k.doubt)
	}
}

// flat is a bar without trades, as the venue makes them.
func (k *barKeeper) flat(start exchange.Time) exchange.Bar {
	return exchange.Bar{Start: start, Interval: k.interval, Open: k.price, High: k.price, Low: k.price, Close: k.price}
}

// venue takes a closed bar of the venue's. For one that was delivered as ours, and is not the
// same, it returns what was delivered.
func (k *barKeeper) venue(b exchange.Bar) (ours exchange.Bar, differs bool) {
	if k.next == 0 || b.Start >= k.next {
		k.open(b.Start)
	}
	if s := k.slot(b.Start); s != nil {
		s.venues, s.told = b, true
		return ours, false
	}
	for i := range k.done {
		if s := &k.done[i]; s.start == b.Start && !s.told {
			s.told = true
			return s.ours, !sameBar(&s.ours, &b)
		}
	}
	return ours, false
}

// tick lets time pass, by the exchange's clock: bars that end without a further trade close.
// Bars far ahead of it are of an instant that was wrong, and keep no others back.
func (k *barKeeper) tick(now exchange.Time) {
	if k.next.Sub(now) > barsOwed*k.interval {
		k.beginAnew()
	}
	k.open(now.Floor(k.interval))
	for i := range k.slots {
		s := &k.slots[i]
		if now.Sub(s.start) < k.interval+barGrace {
			return
		}
		s.expired = true
		if s.closed || !k.trades {
			continue
		}
		if running, ok := k.local.Running(); ok && running.Start == s.start {
			k.local.Close(now)
			k.close(running, true)
		} else {
			k.close(k.flat(s.start), true)
		}
	}
}

// verdict is what is delivered of a bar, and why.
type verdict struct {
	bar exchange.Bar
	// ours says that it is built of trades. differs says that the venue has told another,
	// which is in other, or ours if the venue's is delivered.
	ours, differs bool
	other         exchange.Bar
	// hole is the start of the first bar before it that was forgotten, 0 if there is none.
	hole exchange.Time
	// missed says that it is not ours because trades are missing; the first bar, of which
	// nobody expects them, does not say so.
	missed bool
}

// take returns the next bar that can be delivered, if there is one.
func (k *barKeeper) take() (v verdict, ok bool) {
	if len(k.slots) == 0 {
		return v, false
	}
	s := &k.slots[0]
	if s.told && !s.closed { // nothing is missing of ours, so nothing can be to come
		if running, is := k.local.Running(); is && running.Start == s.start && s.start > k.sound && sameBar(&running, &s.venues) {
			k.local.Close(s.start.Add(k.interval))
			k.close(running, false)
		}
	}
	same := s.told && s.closed && sameBar(&s.ours, &s.venues)
	switch {
	case s.closed && s.whole && (!s.told || same || !s.silent):
		v = verdict{bar: s.ours, ours: true, differs: s.told && !same, other: s.venues}
	case s.told && (s.closed || !k.trades || k.sound == 0 || s.start <= k.sound):
		v = verdict{bar: s.venues, differs: s.closed && s.whole && !same, other: s.ours, missed: k.trades && s.start != k.first && !s.whole}
		s.ours = s.venues // what is compared later
	default:
		return v, false
	}
	if 0 < k.owed && k.owed < s.start {
		v.hole = k.owed
	}
	k.owed = s.start.Add(k.interval)
	if len(k.done) == barsKept {
		k.done = slices.Delete(k.done, 0, 1)
	}
	k.done = append(k.done, *s)
	k.slots = slices.Delete(k.slots, 0, 1)
	if len(k.slots) == 0 || !k.slots[0].lost() {
		k.tries = 0
	}
	return v, true
}

// wants says which bars REST is to be asked for, from the first to the last, if any are: those
// whose grace is over and that nobody can tell.
func (k *barKeeper) wants(now exchange.Time) (from, to exchange.Time, ok bool) {
	if k.asked || now < k.due || len(k.slots) == 0 || !k.slots[0].lost() {
		return 0, 0, false
	}
	from = k.slots[0].start
	for i := range k.slots {
		if s := &k.slots[i]; s.lost() {
			to = s.start
		}
	}
	return from, to, true
}

// answered notes that REST has answered. The bars that it did not tell are asked for again
// and, after fillsMax times, given up: these are from the first return value up to, and
// without, the second.
func (k *barKeeper) answered(now exchange.Time) (from, to exchange.Time) {
	k.asked = false
	if len(k.slots) == 0 || !k.slots[0].lost() {
		k.tries = 0
		return 0, 0
	}
	k.due = now.Add(fillRetry << k.tries)
	if k.tries++; k.tries < fillsMax {
		return 0, 0
	}
	k.tries = 0
	from = k.slots[0].start
	for len(k.slots) > 0 && k.slots[0].lost() {
		k.slots = slices.Delete(k.slots, 0, 1)
	}
	k.owed = k.next.Add(-time.Duration(len(k.slots)) * k.interval)
	return from, k.owed
}

// sameBar compares a bar of ours with the venue's. Its quote volume may differ by one unit of
// the last place for each trade: the venue rounds trades one by one, and we, where they are
// aggregates, those.
func sameBar(ours, venues *exchange.Bar) bool {
	a, b := *ours, *venues
	quote := a.QuoteVolume.Decimal().Sub(b.QuoteVolume.Decimal()).Abs()
	a.QuoteVolume, b.QuoteVolume = exchange.Wide{}, exchange.Wide{}
	return a == b && !quote.GreaterThan(exchange.Fixed(b.Trades).Decimal())
}

// restart forgets all but the price of the last trade, as after a pause in which nothing was
// listened to. Bars begin anew with the one that runs then.
func (k *barKeeper) restart() {
	k.local, _ = book.NewBars(k.in, k.interval) // which has worked before
	k.sound, k.doubt, k.next, k.tries, k.due, k.owed = 0, false, 0, 0, 0, 0
	k.slots, k.done = k.slots[:0], k.done[:0]
}

// beginAnew does that and owes the bars in between: those that are not told are told as missed.
func (k *barKeeper) beginAnew() {
	owed := k.owed
	k.restart()
	k.owed = owed
}

// intervals are the bars that can be built: those that start at multiples since 1970 by every
// reading of the reference.
var intervals = [...]struct {
	name  string
	every time.Duration
}{
	{"1m", time.Minute}, {"3m", 3 * time.Minute}, {"5m", 5 * time.Minute}, {"15m", 15 * time.Minute}, {"30m", 30 * time.Minute},
	{"1h", time.Hour}, {"2h", 2 * time.Hour}, {"4h", 4 * time.Hour}, {"6h", 6 * time.Hour}, {"8h", 8 * time.Hour},
	{"12h", 12 * time.Hour}, {"1d", 24 * time.Hour},
}

// intervalName is Binance's name, "" if bars of the interval cannot be built.
func intervalName(d time.Duration) string {
	for _, i := range intervals {
		if i.every == d {
			return i.name
		}
	}
	return ""
}
