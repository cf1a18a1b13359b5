package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// watchesPerTimeout is how often the watch looks within the timeout. It counts looks and no
// time, so that a machine that stood still does not count as a program that does.
const watchesPerTimeout = 4

// lagging is the cure for a strategy that does not keep up.
const lagging = "let it subscribe to less, or do less in its callbacks"

// read takes answers until the session ends. It alone calls Wish and Ended.
func (l *Live) read() {
	defer close(l.done)
	defer context.AfterFunc(l.ctx, l.link.close)()
	if l.hand(request{kind: aStart}, &l.started) && l.handed() {
		for l.receive() {
		}
	}
	l.watch.Stop()
	l.link.close()
	l.link.wait()
	l.cancel(nil)
	l.mutex.Lock()
	err := l.err
	l.mutex.Unlock()
	if err != nil {
		l.config.Ended(err)
	}
}

// receive takes one response; false ends the session.
func (l *Live) receive() bool {
	b, err := l.link.next()
	if err != nil {
		return l.hungUp(err)
	}
	if err := proto.Unmarshal(b, &l.response); err != nil {
		return l.lied(err)
	}
	switch r := l.response.GetResponse().(type) {
	case *pb.PlayResponse_Answer:
		return l.answer(r.Answer)
	case *pb.PlayResponse_Saved:
		return l.saved(r.Saved)
	case *pb.PlayResponse_Failure:
		return l.finish(l.plugin.failed(l.doing(), r.Failure))
	default:
		return l.lied(fmt.Errorf("%T in place of an answer", l.response.Response))
	}
}

// answer takes what the strategy asked for in reply to a request.
func (l *Live) answer(a *pb.Answer) bool {
	// Read before the request is settled, so that a lie is told with the event that it answers.
	if err := l.decoder.Output(a.GetOutput(), &l.output); err != nil {
		return l.lied(err)
	}
	if err := checkLogs(a.GetOutput().GetLogs(), 1); err != nil {
		return l.lied(err)
	}
	r, err := l.settle(a)
	if err != nil {
		return l.lied(err)
	}
	l.output.Logs = logTexts(a.GetOutput().GetLogs())
	if !l.hand(r, &l.output) {
		return false
	}
	if r.kind == aStop {
		return l.finish(nil)
	}
	return l.handed()
}

// handed goes on when an answer has been passed on.
func (l *Live) handed() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.refill()
	return !l.ended
}

// settle takes the requests that were answered out of the window and returns the last.
func (l *Live) settle(a *pb.Answer) (request, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	n := max(1, int(a.GetRequests()))
	if n > l.sent.count {
		return request{}, fmt.Errorf("it answered %d requests of %d", n, l.sent.count)
	}
	for i := range n {
		r := l.sent.at(i)
		want := uint32(0)
		if r.kind == anEvent {
			want = 1
		}
		if i == n-1 && a.GetUpto() != want {
			return request{}, fmt.Errorf("it answered for %d events of %d", a.GetUpto(), want)
		}
		if r.kind == aSave || r.kind == aStop && i < n-1 {
			return request{}, errors.New("it passed over a request that wants an answer of its own")
		}
		if r.kind == aSync {
			l.syncing = false
		}
	}
	last := *l.sent.at(n - 1)
	l.sent.drop(n)
	l.answered += uint64(n)
	l.handing = true
	return last, nil
}

// hand passes on what the strategy asked for; false means that it was too much.
func (l *Live) hand(r request, out *strategy.Output) bool {
	for _, line := range out.Logs {
		l.plugin.output.said(l.name, r.head.seq, line)
	}
	intents, timers := out.Intents, out.Timers
	if len(intents)+len(timers) == 0 {
		return true
	}
	if !l.allow(r, len(intents), timers) {
		return false
	}
	if r.early() {
		defer l.refuse(r, intents)
		intents = nil
	}
	if len(intents)+len(timers) > 0 {
		l.config.Wish(Wishes{Seq: r.head.seq, At: r.head.at, Intents: slices.Clone(intents), Timers: slices.Clone(timers)})
	}
	return true
}

// early says that orders are not passed on: in Start, and in answer to history.
func (r *request) early() bool { return r.warming || r.kind == aStart }

// allow counts wishes, and ends the session when they are a flood.
func (l *Live) allow(r request, intents int, timers []exchange.Timer) bool {
	beyond := l.asked.take(intents+len(timers), time.Now())
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.stats.Intents += uint64(intents)
	l.stats.Timers += uint64(len(timers))
	for _, t := range timers {
		l.timers[t]++
	}
	l.pending += len(timers)
	if beyond != nil {
		l.end(l.plugin.fail(Flooded, fmt.Sprintf("strategy %s, in answer to %v, has asked for more than %v",
			l.name, r, beyond), "a strategy must not answer every refusal or fill with another order", nil))
	} else if l.pending > l.config.TimersMax {
		l.end(l.plugin.fail(Flooded, fmt.Sprintf("strategy %s, in answer to %v, has more than %d timers pending",
			l.name, r, l.config.TimersMax), "set the next timer when one fires", nil))
	}
	return !l.ended
}

// refuse tells the strategy that what it sent in Start, or while it learnt from history, is
// not passed on. The guard never sees it: a strategy that is started again in a running bot
// would trade on what it does not know yet.
func (l *Live) refuse(r request, intents []exchange.Intent) {
	why := "sent in Start, before anything is known"
	if r.warming {
		why = "sent in answer to history"
	}
	for _, in := range intents {
		e := exchange.Event{At: r.head.at, Inst: in.Request.Inst}
		e.SetRefusal(&exchange.Refusal{Intent: in, Rule: "started", Value: why, Passes: "the same after the first event that is no history"})
		l.Deliver(&e)
	}
}

// saved takes the answer of a save.
func (l *Live) saved(s *pb.Saved) bool {
	memory, problem, err := wire.DecodeSaved(s)
	if err != nil {
		return l.lied(err)
	}
	l.mutex.Lock()
	if l.sent.count == 0 || l.sent.at(0).kind != aSave {
		l.mutex.Unlock()
		return l.lied(errors.New("it saved what it was not asked for"))
	}
	defer l.mutex.Unlock()
	a := savedAnswer{saved: memory}
	if problem != "" {
		a.err = l.plugin.fail(Failed, "strategy "+l.name+" could not save its memory: "+problem, "", nil)
	}
	l.sent.at(0).saved <- a // there is room for the one answer
	l.sent.drop(1)
	l.answered++
	l.refill()
	return !l.ended
}

// hungUp says why the link has ended, unless that is known.
func (l *Live) hungUp(err error) bool {
	l.mutex.Lock()
	ended := l.ended
	l.mutex.Unlock()
	if ended {
		return false
	}
	var long *wire.FrameTooLong
	if errors.As(err, &long) {
		return l.lied(err)
	}
	return l.finish(l.plugin.lost(l.ctx, l.doing(), err))
}

func (l *Live) lied(err error) bool {
	return l.finish(l.plugin.fail(Lied, fmt.Sprintf("broke the protocol %s: %v", l.doing(), err), "", err))
}

func (l *Live) misused(format string, args ...any) *Error {
	return l.plugin.fail(Misused, fmt.Sprintf(format, args...), "this is a mistake of pmbot; please report it", nil)
}

// doing says what the strategy is at.
func (l *Live) doing() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	n := l.sent.count
	if n == 0 {
		return "while strategy " + l.name + " had nothing to do"
	}
	switch first := l.sent.at(0); {
	case first.kind == aStop:
		return "in Stop of strategy " + l.name
	case first.kind == aSave:
		return "while strategy " + l.name + " saved its memory"
	case n == 1 || l.sent.at(1).kind != anEvent:
		return fmt.Sprintf("in strategy %s handling %v", l.name, first.head)
	default:
		last := 1
		for last+1 < n && l.sent.at(last+1).kind == anEvent {
			last++
		}
		return fmt.Sprintf("in strategy %s handling one of %d events from %v to %v", l.name, last+1, first.head, l.sent.at(last).head)
	}
}

func (l *Live) backlog() string {
	return fmt.Sprintf("%d events wait for strategy %s, which has not handled %v", l.queue.count, l.name, l.sent.at(0).head)
}

// finish ends the session, with an error or in good order.
func (l *Live) finish(e *Error) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.end(e)
	return false
}

// end ends the session, with an error or in good order; the mutex is held. The reader does
// what remains to be done.
func (l *Live) end(e *Error) {
	if l.ended {
		return
	}
	l.ended = true
	var cause error
	if e != nil {
		l.err, cause = e, e
	}
	for i := range l.sent.count {
		l.abandon(l.sent.at(i))
	}
	for w := l.queue.pop(); w != nil; w = l.queue.pop() {
		l.abandon(&w.request)
	}
	l.sent.drop(l.sent.count)
	for _, c := range l.idle {
		close(c)
	}
	l.idle = nil
	l.link.close()
	l.cancel(cause)
}

// abandon tells whoever waits for a save that there will be none.
func (l *Live) abandon(r *request) {
	if r.saved != nil {
		r.saved <- savedAnswer{err: l.gone()}
	}
}

// gone is what callers are told after the end.
func (l *Live) gone() error {
	if l.err != nil {
		return l.err
	}
	return l.plugin.fail(Failed, "the session of strategy "+l.name+" is over", "", context.Canceled)
}

// look notices a program that handles nothing, or lags, a few times within the timeout.
func (l *Live) look() {
	if missed, behind := l.lag(); missed > 0 {
		l.log.Warn("the strategy lags and has missed trades or liquidations", "missed", missed, "waiting", behind)
	}
	doing := l.doing()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.ended {
		return
	}
	l.watch.Reset(l.config.Timeout / watchesPerTimeout)
	if l.sent.count == 0 || l.handing || l.answered != l.seen {
		l.seen, l.strikes = l.answered, 0
		return
	}
	if l.told != nil && !l.syncing && l.sent.count < windowMax {
		l.syncing = true
		_ = l.put(request{kind: aSync}, l.encoder.sync)
	}
	if l.strikes++; l.strikes > watchesPerTimeout {
		l.end(l.plugin.fail(Hung, fmt.Sprintf("no answer within %v %s", l.config.Timeout, doing), blocked, nil))
	}
}

// lag is what was dropped since it was asked for last, and what waits.
func (l *Live) lag() (missed uint64, waiting int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	missed, l.missed = l.queue.dropped-l.missed, l.queue.dropped
	return missed, l.queue.count
}
