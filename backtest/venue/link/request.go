package link

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

const (
	// recvWindow is how old a request may be when it arrives; Binance's default.
	recvWindow = 5 * time.Second
	// answerTimeout is how long an answer is waited for before the outcome is unknown,
	// which is the request timeout of Binance's own client library.
	answerTimeout = time.Second
	// askEvery is the time between two questions about an order of unknown outcome.
	askEvery = 2 * time.Second
	// grace is how much longer than recvWindow nobody trusts a "does not exist", for the
	// answers to questions may lag behind the truth.
	grace = time.Second
	// missesMin is how many questions in a row must have found nothing.
	missesMin = 3
)

// requestKind says what a request is for.
type requestKind uint8

const (
	newOrder requestKind = iota
	amendOrder
	cancelOrder
	// doAct is about the account and no order.
	doAct
	// query asks where an order stands.
	query
	// reading asks for what request.read says.
	reading
)

// request is one on its way to the exchange, and until it is answered.
type request struct {
	kind     requestKind
	approved riskguard.Approved
	order    exchange.Order // as it shall be; of a cancel, as we know it
	act      exchange.Act
	sent     exchange.Time
	// about is the request whose outcome a query asks for.
	about *request
	// read is the answer to a reading.
	read func(at exchange.Time) exchange.Event

	// ask is when the silence is to be looked into next; never when its answer is on the
	// way to us for certain.
	ask exchange.Time
	// doubted says that we have been told that the outcome is unknown, and misses counts
	// the queries since that found nothing.
	doubted bool
	misses  int
}

// send puts a request on its way. Requests share one connection: none overtakes another.
func (l *Link) send(r *request, at exchange.Time) {
	r.sent = at
	arrives := at.Add(l.entry.next(l.lag))
	lost := false
	if r.kind != query && r.kind != reading {
		r.ask = at.Add(answerTimeout)
		l.pending = append(l.pending, r)
		for i := range l.faults {
			switch f := &l.faults[i]; f.verb {
			case loseRequest:
				lost = f.hitsBeside(at, lost) || lost
			case delayFault:
				if f.hits(at) {
					arrives = arrives.Add(f.length)
				}
			}
		}
	}
	l.entered = max(l.entered, arrives)
	switch {
	case lost:
	case l.entered <= l.now:
		l.arrive(r, l.now)
	default:
		l.waiting.push(l.entered, r)
	}
}

// arrive hands a request to the exchange, if that can be reached.
func (l *Link) arrive(r *request, at exchange.Time) {
	if r.kind == reading {
		l.readNow(r, at)
		return
	}
	if l.dark(at) {
		if r.kind == query {
			r.about.misses = 0
		}
		return
	}
	if r.kind == query {
		if r.about.kind == doAct {
			l.replyAct(r.about, at)
		} else {
			l.reply(r.about, at)
		}
		return
	}
	var no refusal
	for i := range l.faults {
		if f := &l.faults[i]; f.verb == rejectFault && r.throttled(f.code) && f.hitsBeside(at, no != refusal{}) {
			no = refusal{f.code, reasonOf(f.code)}
		}
	}
	if at.Sub(r.sent) > recvWindow {
		no = refusal{-1021, reasonOf(-1021)}
	}
	switch {
	case no != refusal{} && r.kind == doAct:
		l.refuseAct(r, no, at)
		return
	case no != refusal{}:
		l.refuse(r, no, at)
		return
	case r.kind == cancelOrder:
		l.venue.Cancel(r.order, at)
	default:
		l.venue.Submit(r.approved, at)
	}
	l.collect(r)
}

// throttled says whether an error code can answer a request: of orders under the system's
// protection, -1008, those that reduce a position and cancels are exempt.
func (r *request) throttled(code int) bool {
	if code != -1008 {
		return true
	}
	return r.kind != cancelOrder && !r.order.Request.OnlyCloses()
}

// refusal is an answer that is no, before the exchange has looked at the order.
type refusal struct {
	code   int
	reason string
}

// refuse answers a request with an error code: the order stands as it stood.
func (l *Link) refuse(r *request, no refusal, at exchange.Time) {
	u := exchange.OrderUpdate{ID: r.order.ID, ClientID: r.order.ClientID, Status: exchange.StatusRejected}
	if r.kind == newOrder {
		u.Price, u.Qty = r.order.Request.Price, r.order.Request.Qty
	} else if standing, ok := l.standing[u.ClientID]; ok {
		u = standing
		u.Child = ""
	} else { // the order itself is in doubt
		u.Status = exchange.StatusUnknown
	}
	u.Code, u.Reason, u.Retryable = no.code, no.reason, true
	e := exchange.Event{At: at, Exchange: at, Inst: r.order.Request.Inst}
	e.SetOrderUpdate(&u)
	l.respond(r, &e, l.arrival())
}

// doubt looks into the silence after requests: the outcome becomes unknown, then the
// exchange is asked again and again until the truth is known.
func (l *Link) doubt(at exchange.Time) {
	for _, r := range slices.Clone(l.pending) {
		if r.ask > at {
			continue
		}
		if r.kind == doAct {
			l.doubtAct(r, at)
		} else if !r.doubted && !l.doubted(r.order.ClientID) {
			e := exchange.Event{At: at, Inst: r.order.Request.Inst}
			e.SetOrderUpdate(&exchange.OrderUpdate{
				ID: r.order.ID, ClientID: r.order.ClientID, Status: exchange.StatusUnknown, Reason: "no answer within " + answerTimeout.String(),
			})
			l.answers.push(at, l.message(&e))
		}
		r.doubted, r.ask = true, at.Add(askEvery)
		l.send(&request{kind: query, order: r.order, about: r}, at)
	}
}

// doubted says whether we have been told that an order's outcome is unknown.
func (l *Link) doubted(clientID string) bool {
	return slices.ContainsFunc(l.pending, func(r *request) bool { return r.doubted && r.kind != doAct && r.order.ClientID == clientID })
}

// reply answers a query about a request from what the exchange has of the order. An order
// that it does not have is NotArrived only once nobody can accept it any more and some
// queries in a row have found nothing.
func (l *Link) reply(r *request, at exchange.Time) {
	if !slices.Contains(l.pending, r) {
		return // answered in the meantime
	}
	u, found := l.standing[r.order.ClientID]
	if !found {
		if r.misses++; r.misses < missesMin || at.Sub(r.sent) <= recvWindow+grace {
			return
		}
		u = exchange.OrderUpdate{
			ID: r.order.ID, ClientID: r.order.ClientID, Status: exchange.StatusNotArrived,
			Price: r.order.Request.Price, Qty: r.order.Request.Qty, Reason: "Order does not exist.", Code: -2013, Retryable: true,
		}
	}
	e := exchange.Event{At: at, Exchange: at, Inst: r.order.Request.Inst}
	e.SetOrderUpdate(&u)
	r.ask = exchange.Never
	m := l.message(&e)
	m.answers = r
	l.answers.push(l.silent(l.arrival()), m)
}

// reasonOf is what Binance says with an error code that no order caused.
func reasonOf(code int) string {
	switch code {
	case -1001:
		return "Internal error; unable to process your request. Please try again."
	case -1003:
		return "Too many requests."
	case -1008:
		return "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."
	case -1015:
		return "Too many new orders."
	case -1021:
		return "Timestamp for this request is outside of the recvWindow."
	}
	return "refused by a fault of the simulation"
}
