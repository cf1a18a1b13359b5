package backtest

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// simulator is what the loop needs of the simulated exchange.
type simulator interface {
	engine.Broker
	Start(at exchange.Time)
	Market(e *exchange.Event)
	Quiet(e *exchange.Event) bool
	Events() []exchange.Event
	Due() exchange.Time
	Advance(at exchange.Time)
	Account() exchange.Account
	Missing() error
	Holdings() []margin.Holding
	Value(asset string, net decimal.Decimal) (margin.Holding, error)
	Stress() ([]margin.Stressed, error)
	Picture() margin.Picture
	Err() error
}

// loop is virtual time: it takes instants from the feed and lets everything happen that
// belongs to each, in this order: the venue digests the market events of the instant and
// its answers are delivered; timers fire; the market events are delivered; bars that
// open now let the venue fill market orders. What comes out of one step is delivered
// before the next begins.
//
// Where market data takes time to reach us, the venue digests it at its instant and the
// link holds it until it is told, in the same order among all else that happens then.
type loop struct {
	feed  *feed
	venue simulator
	// far is the venue as a link, nil where it is at hand. late says that market data is
	// told later than it happens.
	far     *link.Link
	late    bool
	driver  *engine.Driver
	players *players
	record  *recorder

	opening []exchange.Event // promises and constants, told before anything else
	hidden  []kindSet        // by InstrumentID, what the venue is not shown; nil if nothing

	from   exchange.Time // the run proper; before it is warm-up
	sample time.Duration
	live   bool          // the run proper has begun
	begun  exchange.Time // the first instant, 0 before it
	now    exchange.Time // the last instant that has happened
	ahead  []exchange.Event
	seen   func(events uint64, at exchange.Time)
	told   func() []exchange.Event // Options.Told
}

// run goes to the end of the data.
func (l *loop) run(ctx context.Context) error {
	for {
		events, err := l.feed.next()
		if errors.Is(err, io.EOF) {
			return l.finish()
		}
		if err != nil {
			return err
		}
		if err := l.batch(ctx, events); err != nil {
			return err
		}
	}
}

// batch handles whole instants.
func (l *loop) batch(ctx context.Context, events []exchange.Event) error {
	foresight, told, wishes := l.players.alone() && !l.late, 0, l.driver.Wishes()
	for i := 0; i < len(events); {
		if foresight && (i >= told || l.driver.Wishes() != wishes) {
			var err error
			if told, err = l.offer(events, i); err != nil {
				return err
			}
			wishes = l.driver.Wishes()
		}
		end := i + 1
		for end < len(events) && sameInstant(&events[i], &events[end]) {
			end++
		}
		if err := l.instant(events[i:end]); err != nil {
			return err
		}
		i = end
	}
	if err := l.venue.Err(); err != nil {
		return err
	}
	l.seen(l.driver.Seq(), events[len(events)-1].At)
	return ctx.Err()
}

// instant lets the events of one time happen: either those of the market, or the opens
// of bars that follow them.
func (l *loop) instant(events []exchange.Event) error {
	at := events[0].At
	if err := l.reach(at); err != nil {
		return err
	}
	l.digest(events)
	if l.late {
		return l.send(events)
	}
	if err := l.settle(); err != nil {
		return err
	}
	if events[0].Kind == exchange.KindBarOpen {
		return nil
	}
	if due, any := l.driver.NextTimer(); any && due <= at {
		if err := l.timers(at); err != nil {
			return err
		}
	}
	for i := range events {
		e := &events[i]
		l.record.market(e)
		if err := l.driver.Deliver(e); err != nil {
			return err
		}
	}
	if due, any := l.driver.NextTimer(); any && due <= at { // set a moment ago, for now
		return l.timers(at)
	}
	return l.settle()
}

// digest gives the venue an instant in the order in which it came about: what was traded
// on the way there, a whole bar perhaps, then what the position is worth now, then the
// settlement of what is held. Valued first, an account would be liquidated by the close
// of a bar before the bar's own path has reached its stops. What something is worth in
// dollars is noted with it, so that bookings are counted at the index of their moment, and
// settlements before the payments that follow from them.
func (l *loop) digest(events []exchange.Event) {
	for i := range events {
		if k := events[i].Kind; k != exchange.KindFunding && !values(k) && !l.hides(&events[i]) {
			l.venue.Market(&events[i])
		}
	}
	for i := range events {
		if values(events[i].Kind) {
			l.venue.Market(&events[i])
			l.record.value(&events[i])
		}
	}
	for i := range events {
		if events[i].Kind == exchange.KindFunding {
			l.record.settles(&events[i])
			l.venue.Market(&events[i])
		}
	}
}

// values says whether events of the kind say what something is worth.
func values(k exchange.Kind) bool { return k == exchange.KindMark || k == exchange.KindAssetIndex }

// reach lets pass what lies between the last instant and this one: the start of the run,
// what the exchange does by the clock, timers due before and samples of the account.
func (l *loop) reach(at exchange.Time) error {
	if l.begun == 0 {
		if err := l.begin(at); err != nil {
			return err
		}
	}
	if !l.live && at >= l.from {
		live := max(l.from, l.begun)
		if l.late {
			if err := l.pass(live, false); err != nil {
				return err
			}
		}
		if err := l.timers(live - 1); err != nil { // those of the warm-up are history
			return err
		}
		if err := l.goLive(live); err != nil {
			return err
		}
	}
	if l.record.unpriced.waits && l.venue.Missing() == nil {
		l.record.valued(l.now)
	}
	l.now = at
	return l.pass(at, true)
}

// pass lets happen what is due before an instant, in the order of time, and at one instant
// in the order of these cases.
func (l *loop) pass(before exchange.Time, samples bool) error {
	for {
		chore, timer, market, sample := l.venue.Due(), exchange.Never, exchange.Never, exchange.Never
		if due, any := l.driver.NextTimer(); any {
			timer = due
		}
		if l.late {
			market = l.far.Arrival()
		}
		if next, sampling := l.record.nextSample(); sampling && samples {
			sample = next
		}
		at := min(chore, timer, market, sample)
		if at >= before {
			return nil
		}
		var err error
		switch at {
		case chore:
			l.venue.Advance(at)
			err = l.settle()
		case timer:
			err = l.timers(at)
		case market:
			err = l.receive()
		default:
			err = l.snapshot(at)
		}
		if err != nil {
			return err
		}
	}
}

func (l *loop) timers(t exchange.Time) error {
	if err := l.driver.FireTimers(t); err != nil {
		return err
	}
	return l.settle()
}

// settle delivers what the venue has answered, until it has no more to say, and what is told of
// the strategies' processes.
func (l *loop) settle() error {
	for {
		events := l.venue.Events()
		if len(events) == 0 && l.told != nil {
			events = l.told()
		}
		if len(events) == 0 {
			return nil
		}
		for i := range events {
			if err := l.driver.Deliver(&events[i]); err != nil {
				return err
			}
		}
	}
}

// begin opens the account and hears what the strategies wished at their start.
func (l *loop) begin(at exchange.Time) error {
	l.begun = at
	var w engine.Wishes
	l.players.start(&w) // before a delivery, for what Start asked for is good until then
	for i := range l.opening {
		e := &l.opening[i]
		e.At = at
		l.venue.Market(e)
		l.record.value(e)
		if err := l.driver.Deliver(e); err != nil {
			return err
		}
	}
	l.venue.Start(at)
	if err := l.players.setWarming(at < l.from); err != nil {
		return err
	}
	if err := l.settle(); err != nil {
		return err
	}
	return l.driver.Wish(&w, at)
}

// goLive ends the warm-up: from here on orders are let through and the report counts.
func (l *loop) goLive(at exchange.Time) error {
	l.live = true
	if err := l.players.setWarming(false); err != nil {
		return err
	}
	free := exchange.Event{At: at}
	free.SetState(&exchange.StateChange{State: exchange.Active, Reason: "the run begins", By: "start"})
	if err := l.driver.Deliver(&free); err != nil {
		return err
	}
	l.record.begin(at, l.sample)
	return nil
}

// snapshot tells everyone what the account is worth at a sample's instant.
func (l *loop) snapshot(at exchange.Time) error {
	s := l.record.moment(at, l.venue)
	e := exchange.Event{At: at}
	e.SetAccount(&s.Account)
	if l.far != nil {
		l.far.Tell(&e)
	} else if err := l.driver.Deliver(&e); err != nil {
		return err
	}
	l.record.sample(&s)
	return l.settle()
}

// finish lets the rest of the time pass, takes the last sample and stops the strategies.
func (l *loop) finish() error {
	if l.begun == 0 {
		return errors.New("there is no market data in the chosen time; see pmbot data ls")
	}
	at := l.end()
	if !l.live {
		return errors.New("the data ends before the run begins: from is " + l.from.String() + ", the data ends at " + at.String())
	}
	if err := l.reach(at); err != nil {
		return err
	}
	if l.far != nil {
		l.far.Close(at) // so that the books of both sides agree
		if err := l.settle(); err != nil {
			return err
		}
	}
	l.record.last = stressOf("end", at, l.venue)
	if err := l.snapshot(at); err != nil {
		return err
	}
	return l.players.stop(at)
}

// end is the last instant of the run, good when the data is over.
func (l *loop) end() exchange.Time { return min(l.feed.now, l.feed.to) }

// offer shows the player the quiet run of events that begins at i, and returns the
// first event that it did not promise: one that the venue may answer, or after which the
// guard's watch may find something, or one at or after a timer or a sample.
func (l *loop) offer(events []exchange.Event, i int) (int, error) {
	if !l.live || l.record.unpriced.waits { // a sample may come at any instant
		return i, nil
	}
	end := i
	due, any := l.driver.NextTimer()
	next, sampling := l.record.nextSample()
	for ; end < len(events); end++ {
		e := &events[end]
		if any && e.At >= due || sampling && e.At > next || !l.venue.Quiet(e) || !l.driver.Quiet(e) {
			break
		}
	}
	for end < len(events) && end > i && sameInstant(&events[end-1], &events[end]) {
		end-- // the answers to the rest of the instant would come before it
	}
	if end == i {
		return i, nil
	}
	var err error
	l.ahead, err = l.players.ahead(events[i:end], l.ahead)
	return end, err
}

// sameInstant says whether two neighbours are digested together.
func sameInstant(a, b *exchange.Event) bool {
	return a.At == b.At && (a.Kind == exchange.KindBarOpen) == (b.Kind == exchange.KindBarOpen)
}
