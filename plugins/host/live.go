package host

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// LiveConfig says how a strategy is played live. Instruments, ID, Wish and Ended are
// needed; the limits have defaults.
type LiveConfig struct {
	// Strategy is the name in the program; empty means the only one.
	Strategy string
	Params   map[string]string
	// Instruments are the run's, and ID the strategy's place in the configuration.
	Instruments *exchange.Instruments
	ID          exchange.StrategyID
	// Resume is where the strategy goes on, nil where it begins.
	Resume *strategy.Resume
	// Wish takes what the strategy asks for. It is called by one goroutine at a time, may call
	// Deliver, and must not wait for the session.
	Wish func(Wishes)
	// Ended is called once, by the same goroutine and as its last act, when the session has
	// ended by itself; err is of type *Error. After Stop or Close it is not called.
	Ended func(err error)
	// Timeout is how long the program may go without handling anything that it was sent; 0
	// is 5 s. The session ends then, or up to half of that later.
	Timeout time.Duration
	// WaitingMax is how many events may wait for a program that lags, 16,384 by default; one
	// more ends the session. TradesMax is how many of them may be trades and liquidations,
	// 4,096 by default; beyond, the oldest are dropped.
	WaitingMax, TradesMax int
	// IntentsMax is how many intents and timers the strategy may ask for within a second,
	// 1,000 by default, and three times as many within a minute: each one is written to the
	// journal, refused or not. TimersMax how many timers may be pending, 10,000 by default.
	IntentsMax, TimersMax int
	// NoSocket keeps the play on the gRPC stream, as for programs that know no socket.
	NoSocket bool
}

// Wishes are what a strategy asks for in answer to one event.
type Wishes struct {
	// Seq and At are the number and the local time of the event; 0 for what was asked for in
	// Start, and Seq also for what is asked for in Stop.
	Seq uint64
	At  exchange.Time
	// Intents and Timers carry the strategy's number. They are the receiver's.
	Intents []exchange.Intent
	Timers  []exchange.Timer
}

// LiveStats count what a session has seen.
type LiveStats struct {
	// Socket says that the play is on the fast socket.
	Socket bool
	// Sent counts events, Waiting those not sent yet and Unanswered those sent that the
	// program has not been heard to have handled.
	Sent                uint64
	Waiting, Unanswered int
	// Conflated counts quotes and marks that a newer one replaced, Dropped trades and
	// liquidations: the strategy lagged.
	Conflated, Dropped uint64
	// Intents and Timers count wishes.
	Intents, Timers uint64
}

// Live is one instance of a strategy, played live: nothing waits for it. Its methods may be
// called from several goroutines.
type Live struct {
	plugin  *Plugin
	config  LiveConfig
	name    string
	log     *slog.Logger
	ctx     context.Context
	cancel  context.CancelCauseFunc
	link    link
	wants   []strategy.Subscription
	started strategy.Output
	// told is what the plugin has said of itself, nil for an older one.
	told *pb.LiveStarted
	// done is closed when the reader has ended.
	done  chan struct{}
	watch *time.Timer

	// The reader's own.
	decoder  wire.Decoder
	output   strategy.Output
	response pb.PlayResponse
	asked    quotas

	// The mutex is between those who deliver, the reader and the watch. Nobody waits for
	// anything while holding it. No channel instead, because whoever delivers writes to the
	// socket himself, which saves a wake-up.
	mutex    sync.Mutex
	queue    liveQueue
	sent     window
	encoder  encoder
	scratch  []byte
	stopping bool
	ended    bool
	err      error
	// timers are those that this session has asked for and not been given, and pending is how
	// many.
	timers  map[exchange.Timer]int
	pending int
	// handing is true while the reader passes an answer on, and does not read.
	handing bool
	// answered counts requests answered; seen is what it was when the watch last looked, and
	// strikes how often it has found it unchanged.
	answered, seen uint64
	strikes        int
	syncing        bool
	// missed is what had been dropped when the log was told last.
	missed uint64
	idle   []chan struct{}
	stats  LiveStats
}

// windowMax is how many requests may be sent ahead of answers. It is small, so that a
// strategy that lags sees the latest and not what lies in buffers.
const windowMax = 64

// Subscriptions is what the strategy asked to see in Start.
func (l *Live) Subscriptions() []strategy.Subscription { return l.wants }

// Wants says whether Deliver would send the event.
func (l *Live) Wants(e *exchange.Event) bool { return strategy.Wants(e, l.wants, l.config.ID) }

// Deliver gives the strategy an event if it wants that one, and a timer if this session has
// asked for it: those of a process before are set again by Start. It never waits; the event
// is the caller's again when it returns. After the end it does nothing.
func (l *Live) Deliver(e *exchange.Event) {
	if l.Wants(e) && (e.Kind != exchange.KindTimer || l.due(*e.Timer())) {
		l.deliver(request{head: headOf(e), kind: anEvent}, func(b []byte) ([]byte, error) { return l.encoder.event(b, e, false) })
	}
}

// due takes a timer off the list, and says whether it was there.
func (l *Live) due(t exchange.Timer) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	n := l.timers[t]
	switch n {
	case 0:
		return false
	case 1:
		delete(l.timers, t)
	default:
		l.timers[t] = n - 1
	}
	l.pending--
	return true
}

// deliverKept is Deliver for an event that waited at a gate.
func (l *Live) deliverKept(k *keptEvent) {
	l.deliver(request{head: k.head, kind: anEvent}, func(b []byte) ([]byte, error) { return append(b, k.frame...), nil })
}

// Warm gives the strategy history, oldest first, and waits until it has handled it. Orders
// that it sends in answer are refused. Nothing else may be delivered meanwhile.
func (l *Live) Warm(ctx context.Context, events []exchange.Event) error {
	for i := range events {
		e := &events[i]
		if !l.Wants(e) {
			continue
		}
		l.deliver(request{head: headOf(e), kind: anEvent, warming: true}, func(b []byte) ([]byte, error) { return l.encoder.event(b, e, true) })
		if i%1000 == 999 { // history may be longer than what may wait
			if err := l.Settle(ctx); err != nil {
				return err
			}
		}
	}
	return l.Settle(ctx)
}

func (l *Live) deliver(r request, encode func([]byte) ([]byte, error)) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.ended || l.stopping {
		return
	}
	if err := l.put(r, encode); err != nil {
		l.end(l.misused("%v", err))
	}
}

// put sends a request, or has it wait; the mutex is held.
func (l *Live) put(r request, encode func([]byte) ([]byte, error)) (err error) {
	if l.queue.count == 0 && l.sent.count < windowMax {
		if l.scratch, err = encode(l.scratch[:0]); err != nil {
			return err
		}
		l.transmit(r, l.scratch)
		return nil
	}
	if l.queue.count >= l.config.WaitingMax {
		l.end(l.plugin.fail(Hung, "the program lags behind: "+l.backlog(), lagging, nil))
		return nil
	}
	w := l.queue.room()
	if w.frame, err = encode(w.frame); err != nil {
		return err
	}
	w.request = r
	l.queue.push(w)
	return nil
}

func (l *Live) transmit(r request, frame []byte) {
	l.link.send(frame)
	l.sent.push(r)
	if r.kind == anEvent {
		l.stats.Sent++
	}
}

// refill sends what waits as far as the window allows, once an answer has been passed on;
// the mutex is held.
func (l *Live) refill() {
	l.handing = false
	for l.sent.count < windowMax {
		w := l.queue.pop()
		if w == nil {
			break
		}
		l.transmit(w.request, w.frame)
		l.queue.release(w)
	}
	if l.sent.count == 0 && l.queue.count == 0 {
		for _, c := range l.idle {
			close(c)
		}
		l.idle = nil
	}
}

// Err is why the session has ended, nil while it goes on and after Stop or Close.
func (l *Live) Err() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.err
}

// Stats are the counts so far.
func (l *Live) Stats() LiveStats {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	s := l.stats
	s.Waiting, s.Unanswered = l.queue.count, l.sent.count
	s.Conflated, s.Dropped = l.queue.conflated, l.queue.dropped
	return s
}

// Pid is the number of the strategy's process.
func (l *Live) Pid() int { return l.plugin.Pid() }

// window are the requests that were sent and not answered, oldest first.
type window struct {
	ring  [windowMax]request
	first int
	count int
}

func (w *window) push(r request) {
	w.ring[(w.first+w.count)%windowMax] = r
	w.count++
}

func (w *window) at(i int) *request { return &w.ring[(w.first+i)%windowMax] }

func (w *window) drop(n int) {
	for i := range n {
		*w.at(i) = request{}
	}
	w.first, w.count = (w.first+n)%windowMax, w.count-n
}
