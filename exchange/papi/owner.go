package papi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// echoWithin is how soon the stream must tell of an order that the exchange has taken.
const echoWithin = 10 * time.Second

// owner is the one goroutine that knows what is known: it takes what workers, questions,
// the stream and the catch-up bring, in turn, and delivers what follows.
type owner struct {
	*Broker
	ctx context.Context
	tr  *translator
	// doubts are the requests of unknown outcome, the oldest first.
	doubts []*doubt
	// actDoubts are the acts of unknown outcome, and transactions the last records that are
	// known to be of acts.
	actDoubts    []*actDoubt
	transactions []int64
	lender       lender
	surveyor     surveyor
	// echoes are the orders that the exchange has taken and the stream must tell of.
	echoes map[string]exchange.Time

	state State
	// live is since when the stream has told everything, 0 if it has not: a catch-up that only
	// compares leaves it as it is. heard is up to when everything is known, by the exchange's
	// time.
	live, heard exchange.Time
	// last is when the stream brought its last event, by the exchange's time.
	last      exchange.Time
	connected bool
	// opened is since when the connection is there, and deaf says that the stream has told
	// nothing since it was found not to tell something.
	opened exchange.Time
	deaf   bool
	// catching says that a catch-up is under way, again that another must follow, and next
	// when it may.
	catching, again bool
	next            exchange.Time
	// wanted is why a catch-up was asked for before the next may be, "" if it was not.
	wanted string
	buffer []any
	// counted are the counts that were published last.
	counted Counts
	// active are the instruments that have had orders.
	active   map[exchange.InstrumentID]bool
	catchers sync.WaitGroup
}

// Run sends what is submitted, keeps the user stream, and delivers until the context ends.
// It returns the context's error. Requests under way then are in doubt and told so; those
// that still wait are refused.
func (b *Broker) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o := &owner{
		Broker: b, ctx: ctx, tr: newTranslator(b.config.Instruments), echoes: map[string]exchange.Time{},
		active: map[exchange.InstrumentID]bool{}, lender: newLender(b.config.Instruments), surveyor: newSurveyor(),
	}
	o.remember(&b.config.Known)
	o.rememberActs(b.config.Known.Acts)
	var workers sync.WaitGroup
	for range senders {
		workers.Go(func() { b.work(ctx, b.orders) })
	}
	for range cancellers {
		workers.Go(func() { b.work(ctx, b.cancels) })
	}
	for range askers {
		workers.Go(func() { b.ask(ctx) })
	}
	workers.Go(func() { b.workActs(ctx) })
	workers.Go(func() { b.workLending(ctx, o.lender.asks) })
	workers.Go(func() { b.workSurvey(ctx, o.surveyor.asks) })
	workers.Go(func() { b.listen(ctx) })
	workers.Go(func() { b.config.Client.keepOpen(ctx) })
	b.waiting.Lock()
	b.waiting.sending = true
	b.waiting.Unlock()
	for ctx.Err() == nil {
		o.step()
	}
	b.ground(ctx.Err())
	over := make(chan struct{})
	go func() {
		workers.Wait()
		b.waiting.flights.Wait()
		o.catchers.Wait()
		close(over)
	}()
	for running := true; running; {
		select {
		case m := <-b.inbox:
			o.take(m)
		case <-over:
			running = false
		}
	}
	for range len(b.inbox) {
		o.take(<-b.inbox)
	}
	for _, r := range b.close() {
		if r.undo != nil {
			o.take(*r.undo)
			continue
		}
		b.config.Deliver(refusal(r, codeNotSent, stopped, b.now()))
	}
	for range len(b.acts) {
		if t := <-b.acts; t.at == 0 {
			b.config.Deliver(actRefusal(t.act.ID, codeNotSent, stopped, b.now()))
		}
	}
	o.become(Gap, "the broker has stopped")
	return ctx.Err()
}

// step waits for the next thing that happens and takes it.
func (o *owner) step() {
	var alarm <-chan time.Time
	if due := o.due(); due != exchange.Never {
		timer := time.NewTimer(max(0, due.Sub(o.now())))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-o.ctx.Done():
	case m := <-o.inbox:
		o.take(m)
	case <-alarm:
		o.attend()
	}
}

// due is when something must be looked into.
func (o *owner) due() exchange.Time {
	due := exchange.Never
	for _, d := range o.doubts {
		if !d.asking {
			due = min(due, d.next)
		}
	}
	for _, d := range o.actDoubts {
		if !d.asking {
			due = min(due, d.next)
		}
	}
	for _, at := range o.echoes {
		due = min(due, at)
	}
	if !o.lender.reading {
		due = min(due, o.lender.next)
	}
	due = min(due, o.surveyor.due())
	if (o.again || o.wanted != "" && o.state == Live) && !o.catching && o.connected {
		due = min(due, o.next)
	}
	return due
}

// take lets one thing happen and delivers what follows.
func (o *owner) take(m any) {
	o.tr.at = o.now()
	_, isUpshot := m.(upshot)
	if _, isAct := m.(actNews); !isUpshot && !isAct && o.ctx.Err() != nil {
		return // only what became of orders counts now
	}
	switch m := m.(type) {
	case announce:
		o.announced(&m.r.order)
	case upshot:
		o.answer(&m)
	case sighting:
		o.seen(&m)
	case actNews:
		o.heardAct(&m)
	case opened:
		o.connected, o.opened, o.deaf = true, o.now(), false
		o.recover("connected")
	case lost:
		o.connected = false
		o.again = false
		o.become(Gap, m.why)
	case lendingNews:
		o.heardLending(&m)
	case surveyNews:
		o.heardSurvey(&m)
	case reread:
		if o.catching || o.state == Live && o.next > o.now() {
			o.wanted = m.why // it follows when it may, and nothing that happens waits for that
			break
		}
		o.catchUpOn(m.why)
	case notice:
		o.notify(m.kind, m.text)
	case frame:
		o.frame(m)
	case caughtUp:
		o.caughtUp(&m)
	}
	o.flush()
}

// flush delivers what the translator has to tell.
func (o *owner) flush() {
	out, notes := o.tr.out, o.tr.notes
	o.tr.out, o.tr.notes = nil, nil
	for i := range out {
		o.settle(&out[i])
		o.config.Deliver(out[i])
	}
	for _, n := range notes {
		n.State = o.state
		o.config.Notify(n)
	}
	if o.counted != o.tr.counts {
		o.counted = o.tr.counts
		published := o.counted
		o.counts.Store(&published)
	}
}

// missing notes that the stream may not have told something. What was to be proved by its
// silence has to be proved anew, and as soon as before.
func (o *owner) missing() {
	if o.live == 0 {
		return
	}
	o.live, o.heard = 0, max(o.heard, o.last-blind)
	for _, d := range o.doubts {
		d.misses, d.asked = 0, 0
	}
}

// notify tells a person or the loop.
func (o *owner) notify(k NoticeKind, text string) {
	o.tr.note(k, 0, text)
}

// become changes the state and tells it.
func (o *owner) become(s State, why string) {
	if s == Gap {
		o.missing()
	}
	o.flush()
	if o.state == s {
		return
	}
	o.state = s
	o.Broker.state.Store(uint32(s))
	if s == Live && o.live == 0 {
		o.live = o.now()
	}
	if s == Live && o.config.Lending > 0 {
		o.lender.next = min(o.lender.next, max(o.now(), o.lender.asked.Add(lendingRetry)))
	}
	if s == Live && o.config.Survey > 0 {
		o.surveyor.begin(o.now())
	}
	o.config.Notify(Notice{At: o.now(), Kind: NoticeState, State: s, Text: why})
}

// frame takes what the stream brought: while something is missing, it waits behind that.
func (o *owner) frame(f frame) {
	o.tr.counts.Events++
	o.deaf = false
	if f.err != nil {
		o.malformed(f.err)
		return
	}
	if id := names(f.event); id != "" {
		delete(o.echoes, id)
	}
	if _, dead := f.event.(*listenKeyExpired); dead {
		o.notify(NoticeKey, "the listenKey has expired")
		o.reconnect("the listenKey has expired")
		return
	}
	o.last = o.config.Client.ServerTime()
	if o.state == Live {
		o.tr.live = true
		o.translate(f.event)
		o.tr.live = false
		return
	}
	if len(o.buffer) == bufferMax {
		o.buffer = nil
		o.reconnect("more events than can wait for a catch-up")
		return
	}
	o.buffer = append(o.buffer, f.event)
}

// translate tells an event. One that makes no sense leaves a gap.
func (o *owner) translate(event any) {
	if err := o.tr.take(event); err != nil {
		o.malformed(err)
	}
}

func (o *owner) malformed(err error) {
	o.tr.counts.Malformed++
	o.notify(NoticeMalformed, err.Error())
	o.recover("an event could not be read")
}

// untold catches up on what the stream did not tell. If it has told nothing since it did not
// the last time, it is dead, whatever it looks like, and another connection is asked for.
func (o *owner) untold(why string) {
	if o.deaf {
		o.reconnect(why + " again, nor anything since")
		return
	}
	o.deaf = true
	o.recover(why)
}

// reconnect asks for another connection. Its loss and its opening follow.
func (o *owner) reconnect(why string) {
	o.become(Gap, why)
	clear(o.echoes) // they were this connection's
	select {
	case o.kick <- why:
	default: // one is asked for already
	}
}

// attend sees to what is due.
func (o *owner) attend() {
	now := o.now()
	o.tr.at = now
	for _, id := range slices.Sorted(maps.Keys(o.echoes)) {
		if o.echoes[id] <= now {
			o.notify(NoticeEchoMissing, fmt.Sprintf("the exchange took %s, and the stream did not tell within %v", id, echoWithin))
			o.reconnect("the stream does not tell of our orders")
			break
		}
	}
	for _, d := range o.doubts {
		if !d.asking && d.next <= now {
			o.inquire(d)
		}
	}
	for _, d := range o.actDoubts {
		if !d.asking && d.next <= now {
			o.inquireAct(d)
		}
	}
	if !o.lender.reading && o.lender.next <= now {
		o.askLending(now)
	}
	o.askSurvey(now)
	if o.wanted != "" && o.state == Live && o.next <= now {
		o.catchUpOn(o.wanted)
	}
	if o.again && !o.catching && o.connected && o.next <= now {
		o.catchUp()
	}
	o.flush()
}

// answer takes what came of a request.
func (o *owner) answer(a *upshot) {
	var e *Error
	switch {
	case a.mismatch != "":
		o.mismatched(a)
	case a.err == nil:
		o.accepted(a)
	case !errors.As(a.err, &e) || e.Outcome != Refused || e.Code == codeDuplicate && a.r.kind == toPlace:
		o.doubt(a.r, a.err)
	case a.r.kind == toPlace:
		o.refused(a.r, e)
	case errors.Is(e, ErrNoSuchOrder):
		d := o.watch(a.r, o.now().Add(grace)) // it is over, or never was: which, the exchange must say
		d.code, d.reason = e.Code, e.Msg
	default:
		o.refused(a.r, e)
	}
}

// codeDuplicate refuses an order because its client id is in use. We send each id once, so
// the order that has it may be this one, sent twice by something between us and the exchange.
const codeDuplicate = -4116

// accepted tells what the exchange said of an order.
func (o *owner) accepted(a *upshot) {
	if a.r.kind == toCancel && len(a.news) == 0 {
		o.watch(a.r, o.window(nil)) // an answer without a word: the stream tells, or we ask
		return
	}
	for i := range a.news {
		if a.news[i].status == 0 {
			o.doubt(a.r, errors.New("the answer has a status that is not known"))
			return
		}
	}
	for _, n := range a.news {
		if n.list == listOCO {
			o.tr.legs(firstLeg(n.clientID), n.at)
			continue
		}
		o.tr.acked(n)
	}
	if a.r.kind == toPlace && o.state == Live && !o.told(a) {
		o.echoes[echoID(&a.r.order)] = o.now().Add(echoWithin)
	}
}

// told says whether the stream was first: it has told of the order already.
func (o *owner) told(a *upshot) bool {
	for _, n := range a.news {
		if s := o.tr.orders.named(n.list, n.clientID); s != nil && s.streamed {
			return true
		}
	}
	return false
}

// echoID is the client id by which the stream tells of an order first.
func echoID(o *exchange.Order) string {
	if o.Request.Type == exchange.OCO {
		return firstLeg(o.ClientID)
	}
	return o.ClientID
}

func firstLeg(clientID string) string {
	limit, _ := exchange.OCOLegs(clientID)
	return limit
}

// refused tells a definite no.
func (o *owner) refused(r *request, e *Error) {
	code, reason := e.Code, e.Msg
	if code == 0 {
		code = codeNotSent
	}
	if reason == "" && e.Err != nil {
		reason = e.Err.Error()
	}
	event := refusal(r, code, reason, o.tr.at)
	u := event.OrderUpdate()
	if s := o.tr.orders.named(o.listOf(&r.order), r.order.ClientID); s != nil && r.kind != toPlace {
		u.Status, u.Price, u.Qty, u.Filled, u.VenueID = s.status, s.price, s.qty, s.filled, s.venueID
	}
	if r.kind == toPlace && r.order.Request.Type == exchange.OCO {
		o.tr.orders.drop(listOCO, r.order.ClientID)
	}
	o.tr.out = append(o.tr.out, event)
	if u.Status == exchange.StatusUnknown { // the order itself is not known to be there
		o.watch(r, o.window(nil))
	}
}

func (o *owner) listOf(order *exchange.Order) list {
	return listOf(o.config.Instruments.At(order.Request.Inst).Product, order.Request.Type)
}

// mismatched tells of an order that was not the one sent, and has been cancelled.
func (o *owner) mismatched(a *upshot) {
	o.notify(NoticeEchoMismatch, fmt.Sprintf("order %s: %s", a.r.order.ClientID, a.mismatch))
	if !a.canceled {
		o.doubt(a.r, errors.New(a.mismatch))
		return
	}
	for _, n := range a.news {
		n.reason = a.mismatch
		if n.status == 0 || n.list == listUMAlgo && !n.status.Final() {
			n.status = exchange.StatusCanceled
		}
		o.tr.acked(n)
	}
}
