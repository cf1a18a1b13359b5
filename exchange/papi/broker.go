package papi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/wire"
	"github.com/pmbot/pmbot/riskguard"
)

const (
	// queueMax is how many orders and how many cancels may wait to be sent.
	queueMax = 256
	// senders carry new orders and amends, cancellers cancels: who waits for the budget of
	// orders must not hold up a cancel. askers ask for orders in doubt.
	senders, cancellers, askers = 16, 8, 4
	// inboxMax is how much of what comes in may wait; who brings more waits, too, and with
	// the user stream the exchange.
	inboxMax = 1024
)

// codeNotSent is the code of refusals of our own, which Binance has not: the kernel takes an
// update with a code for the answer to a request to amend or cancel.
const codeNotSent = -1

// BrokerConfig is what a broker is made of. Client, Instruments and Deliver have no default.
type BrokerConfig struct {
	Client      *Client
	Instruments *exchange.Instruments
	// Deliver takes what happens, in order. It is called by Run's goroutine alone, but for
	// an answer to Submit or Cancel that nobody can take any more, which the caller gets. It
	// must not block. The payloads are the receiver's.
	Deliver func(exchange.Event)
	// Notify takes what a person or the loop should know beside; nil is nobody. It is called
	// and must behave as Deliver.
	Notify func(Notice)
	// Stream replaces the user stream's host and path by a server on this machine, such as
	// "ws://127.0.0.1:9001/pm". Any host but a loopback address is an error.
	Stream string
	// Rotate is the age at which the stream's connection gets a successor, from 1m to 23h59m;
	// 0 is 23h. Within half of it, and 25 minutes at most, the listenKey is extended.
	Rotate time.Duration
	// Lending is how often is read what can be borrowed and what it costs, once more when the
	// broker goes Live, from 1m to 30m; 0 is never. It is told as KindLending, of the assets that
	// instruments name and those that are owed: what has changed, and the rest twice an hour.
	Lending time.Duration
	// Survey is how often is asked where positions stand in the queue of deleveraging, which weighs
	// 10, from 30s to 1h; 0 is never. With it, once a day, what the exchange has booked in the day
	// that is over, as sums. Both are told as KindSurvey.
	Survey time.Duration
	// Dial makes the connection of the stream below TLS; nil is the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Known is what the receiver knows of the account, that was rebuilt from a journal. The
	// first catch-up tells what has become of its orders, and once more the fills since a
	// quarter of an hour before Known.Heard: a receiver must count each once. The zero value
	// is for a receiver that knows nothing; no old fills are told then.
	Known exchange.Known
	// Prefixes are how client ids of our orders begin, such as "pmb-": [exchange.TruthOrder]
	// says of orders with others that they are not ours.
	Prefixes []string
	// Seed is the root of the jitter of reconnecting.
	Seed uint64
}

// Broker carries approved orders to the exchange and tells what becomes of them and of the
// account: it is an engine.Broker, and the owner of the user stream. Run does its work.
type Broker struct {
	config BrokerConfig
	stream string

	orders, cancels chan *request
	asks            chan *question
	acts            chan actTask
	inbox           chan any
	// kick ends the stream's connection, for a reason.
	kick chan string

	// waiting keeps the requests about one order in their order, for a cancel must not
	// overtake what it cancels: while one is under way the others wait here. A mutex, and no
	// goroutine in between, because a wake-up costs more than the request's own work.
	waiting struct {
		sync.Mutex
		behind map[exchange.OrderID][]*request
		// count are the requests behind others, and those of them whose turn has come and which
		// no worker has taken yet.
		count int
		over  bool
		// sending says that requests may fly: that whoever brings one writes it. flying are
		// those that do, and flights counts them.
		sending bool
		flying  map[*request]wire.Flight
		flights sync.WaitGroup
	}
	learned learned
	traders []tradeList // by instrument
	state   atomic.Uint32
	truth   atomic.Pointer[Truth]
	counts  atomic.Pointer[Counts]
}

// rotateMin and rotateMax bound BrokerConfig.Rotate.
const rotateMin, rotateMax = time.Minute, 24*time.Hour - time.Minute

// streamBase is where user streams are.
const streamBase = "wss://fstream.binance.com/pm"

// NewBroker makes a broker. It sends nothing before Run.
func NewBroker(c BrokerConfig) (*Broker, error) {
	if c.Client == nil || c.Instruments == nil || c.Deliver == nil {
		return nil, errors.New("papi: a broker needs a client, instruments and somebody to deliver to")
	}
	if c.Notify == nil {
		c.Notify = func(Notice) {}
	}
	if c.Rotate == 0 {
		c.Rotate = rotateAfter
	}
	if c.Rotate < rotateMin || c.Rotate > rotateMax {
		return nil, fmt.Errorf("papi: a connection of %v is not within %v to %v", c.Rotate, rotateMin, rotateMax)
	}
	if c.Lending != 0 && (c.Lending < lendingMin || c.Lending > lendingMax) {
		return nil, fmt.Errorf("papi: reading loan rates every %v is not within %v to %v", c.Lending, lendingMin, lendingMax)
	}
	if c.Survey != 0 && (c.Survey < surveyMin || c.Survey > surveyMax) {
		return nil, fmt.Errorf("papi: asking for the queue of deleveraging every %v is not within %v to %v", c.Survey, surveyMin, surveyMax)
	}
	stream := streamBase
	if c.Stream != "" {
		if err := loopbackStream(c.Stream); err != nil {
			return nil, err
		}
		stream = strings.TrimRight(c.Stream, "/")
	}
	b := &Broker{
		config: c, stream: stream, orders: make(chan *request, 2*queueMax), cancels: make(chan *request, 2*queueMax),
		asks: make(chan *question, queueMax), acts: make(chan actTask, actsMax), inbox: make(chan any, inboxMax), kick: make(chan string, 1),
	}
	b.traders = make([]tradeList, c.Instruments.Len()+1)
	for i := range b.traders {
		b.traders[i].turn = make(chan struct{}, 1)
	}
	b.waiting.behind, b.waiting.flying = map[exchange.OrderID][]*request{}, map[*request]wire.Flight{}
	b.counts.Store(&Counts{})
	return b, nil
}

// loopbackStream refuses a stream anywhere but on this machine.
func loopbackStream(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" {
		return errors.New("papi: the stream's address is no ws:// or wss:// URL")
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("papi: the stream's host %q is not on this machine", u.Hostname())
	}
	return nil
}

// State is how far what was delivered can be relied on now.
func (b *Broker) State() State { return State(b.state.Load()) }

// Counts are what has come by the user stream since the start.
func (b *Broker) Counts() Counts { return *b.counts.Load() }

// reread asks for a catch-up.
type reread struct{ why string }

// CatchUp asks for the account to be read again, as after a gap, and does not wait. Nothing
// but reading can find an event that the exchange never sent. It is passed over when too
// much waits already.
func (b *Broker) CatchUp(why string) {
	select {
	case b.inbox <- reread{why}:
	default:
	}
}

// requestKind says what a request is for.
type requestKind uint8

const (
	toPlace requestKind = iota
	toAmend
	toCancel
	// toFind is no request: an order that was open is on no list any more.
	toFind
)

// request is an order on its way.
type request struct {
	kind     requestKind
	approved riskguard.Approved
	order    exchange.Order // as it shall be; of a cancel, as we know it
	// undo is what came of an order that must be cancelled for it; nil for all others.
	undo *upshot
	// resumed says that it was behind another request, and is counted until a worker takes it.
	resumed bool
}

// Submit sends an approved new order, amend, loan or repayment, and does not wait. What becomes of it is
// delivered.
func (b *Broker) Submit(a riskguard.Approved, _ exchange.Time) {
	if a.Act().Kind != 0 {
		b.submitAct(a)
		return
	}
	kind := toPlace
	if a.Amend() {
		kind = toAmend
	}
	b.enter(&request{kind: kind, approved: a, order: a.Order()})
}

// Cancel asks the exchange to end an order, and does not wait.
func (b *Broker) Cancel(o exchange.Order, _ exchange.Time) {
	b.enter(&request{kind: toCancel, order: o})
}

// enter sends a request, queues it, or puts it behind those about its order that are under
// way. One for which there is no room is answered at once.
func (b *Broker) enter(r *request) {
	w := &b.waiting
	w.Lock()
	behind, busy := w.behind[r.order.ID]
	taken, why := false, "not sent: too many requests wait"
	switch {
	case w.over:
		why = stopped
	case busy && w.count < queueMax:
		w.behind[r.order.ID] = append(behind, r)
		w.count++
		taken = true
	case !busy && w.sending:
		taken = b.launch(r)
	case !busy:
		if taken = b.offer(r); taken {
			w.behind[r.order.ID] = nil
		}
	}
	w.Unlock()
	if !taken {
		b.config.Deliver(refusal(r, codeNotSent, why, b.now()))
	}
}

// launch lets a request fly, or gives it to the workers. The mutex is held, but not while the
// request is written.
func (b *Broker) launch(r *request) bool {
	w := &b.waiting
	w.behind[r.order.ID], w.flying[r] = nil, wire.Flight{}
	w.flights.Add(1)
	w.Unlock()
	flight, flies := b.fly(r)
	w.Lock()
	if flies {
		if _, under := w.flying[r]; under { // it has not landed yet
			w.flying[r] = flight
			if !w.sending {
				flight.Abort(context.Canceled)
			}
		}
		return true
	}
	delete(w.flying, r)
	w.flights.Done()
	taken := b.offer(r)
	if !taken {
		b.pass(r.order.ID)
	}
	return taken
}

// queue is where a request waits for a worker.
func (b *Broker) queue(r *request) chan *request {
	if r.kind == toCancel {
		return b.cancels
	}
	return b.orders
}

// offer gives a request to the workers, if there is room. The mutex is held, so that nobody
// else takes the room; as much again is for requests that are resumed.
func (b *Broker) offer(r *request) bool {
	if len(b.queue(r)) >= queueMax {
		return false
	}
	b.queue(r) <- r
	return true
}

// taken says that a worker has a request.
func (b *Broker) taken(r *request) {
	if r.resumed {
		b.waiting.Lock()
		b.waiting.count--
		b.waiting.Unlock()
	}
}

// done lets the next request about an order go, after one has been answered.
func (b *Broker) done(id exchange.OrderID) (next *request) {
	w := &b.waiting
	w.Lock()
	defer w.Unlock()
	behind := w.behind[id]
	if len(behind) == 0 {
		delete(w.behind, id)
		return nil
	}
	w.behind[id] = behind[1:]
	w.count--
	return behind[0]
}

// close takes everything that waits; what is entered from now on is refused.
func (b *Broker) close() []*request {
	w := &b.waiting
	w.Lock()
	defer w.Unlock()
	w.over = true
	var rest []*request
	for _, queue := range []chan *request{b.orders, b.cancels} {
		for range len(queue) {
			rest = append(rest, <-queue)
		}
	}
	for _, behind := range w.behind {
		rest = append(rest, behind...)
	}
	w.behind, w.count = map[exchange.OrderID][]*request{}, 0
	slices.SortStableFunc(rest, func(a, b *request) int { return cmp.Compare(a.order.ID, b.order.ID) })
	return rest
}

// stopped is why nothing is sent any more.
const stopped = "not sent: the broker has stopped"

// now is the client's clock, for approvals expire by that.
func (b *Broker) now() exchange.Time { return b.config.Client.now() }

// refusal is the answer to a request that provably did nothing: a new order is over, any
// other stands as it stood.
func refusal(r *request, code int, reason string, at exchange.Time) exchange.Event {
	e := exchange.Event{At: at, Inst: r.order.Request.Inst}
	u := exchange.OrderUpdate{
		ID: r.order.ID, ClientID: r.order.ClientID, VenueID: r.order.VenueID, Status: exchange.StatusRejected, Code: code,
		Reason: reason, Retryable: true, Price: r.order.Request.Price, Qty: r.order.Request.Qty,
	}
	if r.kind != toPlace {
		u.Status, u.Price, u.Qty, u.Filled = stood(r.order.Status), 0, 0, r.order.Filled
	}
	e.SetOrderUpdate(&u)
	return e
}

// stood is the status in which an order was before a request about it.
func stood(s exchange.OrderStatus) exchange.OrderStatus {
	switch s {
	case 0, exchange.StatusPendingNew, exchange.StatusUnknown:
		return exchange.StatusUnknown
	case exchange.StatusPendingCancel, exchange.StatusPendingAmend:
		return exchange.StatusWorking
	}
	return s
}
