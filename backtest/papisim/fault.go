package papisim

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// Fault is something that goes wrong, with requests, on the user stream or on the market's
// streams, and with which of them. What is left out of the conditions does not matter for it.
type Fault struct {
	Kind FaultKind `json:"kind"`
	// Method and Path are those of requests; a path that ends in * stands for all that begin
	// so. ClientID is how a client id among the parameters begins.
	Method   string `json:"method,omitempty"`
	Path     string `json:"path,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	// Event is the e of an event of the user stream, such as ORDER_TRADE_UPDATE.
	Event string `json:"event,omitempty"`
	// Stream is the name of a market stream, such as btcusdt@depth@100ms; one that ends in *
	// stands for all that begin so. Route is the way in: public, market, coin or spot.
	Stream string `json:"stream,omitempty"`
	Route  string `json:"route,omitempty"`
	// After is how many that fit are let through first, and Count how many are hit then: 0
	// is one, and -1 are all. Probability is the chance of each, by the seed; 0 is one.
	After       int            `json:"after,omitempty"`
	Count       int            `json:"count,omitempty"`
	Probability exchange.Fixed `json:"probability,omitempty"`
	// Delay is how long a late thing is late, how long a ban or the firewall's block lasts,
	// and what Retry-After says; see the kinds.
	Delay Duration `json:"delay,omitempty"`
	// NotExecuted says that the request has no effect, of kinds that leave that open.
	NotExecuted bool `json:"not_executed,omitempty"`
	// Status, Code, Msg and Body make an answer of FaultAnswer: Body, or else Code and Msg.
	// Code and Msg are those of the close frame where a market connection breaks, none for 0,
	// and Status answers a handshake that FaultMarketRefused refuses, 503 for 0.
	Status int    `json:"status,omitempty"`
	Code   int    `json:"code,omitempty"`
	Msg    string `json:"msg,omitempty"`
	Body   string `json:"body,omitempty"`
}

// Duration is a span of time that JSON writes like "1.5s".
type Duration time.Duration

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration; write a number with its unit, such as \"90s\"", b)
	}
	*d = Duration(v)
	return nil
}

// FaultState is a fault and what has become of it.
type FaultState struct {
	ID int `json:"id"`
	Fault
	// Fitted is how many it could have hit, and Hit how many it has.
	Fitted int  `json:"fitted"`
	Hit    int  `json:"hit"`
	Over   bool `json:"over"`
}

// faults are those that have been injected, in that order, those that are over included.
type faults struct {
	list   []*FaultState
	lastID int
	random *rand.Rand
	// held is an event of the user stream that waits for the next one to overtake it.
	held []userFrame
	// market is how many are of market streams and not over.
	market int
}

func newFaults(seed uint64) faults { return faults{random: rand.New(rand.NewPCG(seed, 0x6661756c74))} }

// faultsMax is how many faults there can be; those that are over are forgotten first.
const faultsMax = 1000

// Inject lets something go wrong, and returns the number by which it can be found again.
func (s *Sim) Inject(f Fault) (id int, err error) {
	if err := f.check(); err != nil {
		return 0, fmt.Errorf("fault: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.faults
	if len(l.list) >= faultsMax {
		l.list = slices.DeleteFunc(l.list, func(f *FaultState) bool { return f.Over })
	}
	if len(l.list) >= faultsMax {
		return 0, fmt.Errorf("fault: there are %d that are not over; clear some", faultsMax)
	}
	l.lastID++
	l.list = append(l.list, &FaultState{ID: l.lastID, Fault: f})
	l.countMarket()
	return l.lastID, nil
}

// Faults are all that have been injected and not cleared, with their counts.
func (s *Sim) Faults() []FaultState {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []FaultState{}
	for _, f := range s.faults.list {
		list = append(list, *f)
	}
	return list
}

// ClearFaults ends faults: the one with a number, or all for 0. It says how many it found.
func (s *Sim) ClearFaults(id int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.faults.list)
	s.faults.list = slices.DeleteFunc(s.faults.list, func(f *FaultState) bool { return id == 0 || f.ID == id })
	s.faults.countMarket()
	return before - len(s.faults.list)
}

// strike is the first fault that hits something: requests or events of the stream that fit.
func (l *faults) strike(fits func(*Fault, faultKind) bool) *Fault {
	for _, f := range l.list {
		k, _ := kindOf(f.Kind)
		if f.Over || !fits(&f.Fault, k) {
			continue
		}
		f.Fitted++
		chance := f.Probability
		if f.Fitted <= f.After || chance > 0 && exchange.Fixed(l.random.Int64N(int64(exchange.FixedOne))) >= chance {
			continue
		}
		f.Hit++
		f.Over = f.Count >= 0 && f.Hit >= max(1, f.Count)
		hit := f.Fault
		return &hit
	}
	return nil
}

// strikeRequest is the fault that hits a request, nil for none.
func (s *Sim) strikeRequest(q *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.strike(func(f *Fault, k faultKind) bool {
		return !k.stream && !k.market && (f.Method == "" || strings.EqualFold(f.Method, q.method)) && fitsPath(f.Path, q.path) &&
			(f.ClientID == "" || q.named(f.ClientID)) && (k.spares == nil || !k.spares(q))
	})
}

func fitsPath(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return pattern == "" || pattern == path
}

// named says whether a client id among the parameters begins so.
func (q *request) named(prefix string) bool {
	for _, name := range [...]string{
		"newClientOrderId", "origClientOrderId", "clientAlgoId", "newClientStrategyId", "listClientOrderId",
		"limitClientOrderId", "stopClientOrderId",
	} {
		if v := q.params.Peek(name); v != "" && strings.HasPrefix(v, prefix) {
			return true
		}
	}
	return false
}

// spared says whether the exchange's protection from overload lets a request through: what
// cancels or closes.
func spared(q *request) bool {
	p := q.params
	side, position := p.Peek("side"), p.Peek("positionSide")
	return q.method == http.MethodDelete || p.Peek("closePosition") == "true" ||
		p.Peek("reduceOnly") == "true" && (position == "" || position == "BOTH") ||
		position == "LONG" && side == "SELL" || position == "SHORT" && side == "BUY"
}

// keepsOrders says whether a request is no cancel of a single order.
func keepsOrders(q *request) bool {
	return q.method != http.MethodDelete || !slices.Contains([]string{
		"/papi/v1/um/order", "/papi/v1/cm/order", "/papi/v1/margin/order", "/papi/v1/margin/orderList",
		"/papi/v1/um/algo/order", "/papi/v1/cm/conditional/order",
	}, q.path)
}

// instead is what a fault answers in the exchange's place.
func (s *Sim) instead(f *Fault, q *request) reply {
	k, _ := kindOf(f.Kind)
	switch f.Kind {
	case FaultTooMany, FaultBan, FaultFirewall:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.shutOut(f, q)
	case FaultEmpty:
		return document(http.StatusOK, nil)
	case FaultAnswer:
		if f.Body != "" {
			return document(f.Status, []byte(f.Body))
		}
		return failed(&web.Error{Status: f.Status, Code: f.Code, Msg: f.Msg})
	}
	if k.answer == nil {
		return reply{}
	}
	return failed(k.answer)
}

// shutOut is a limit that is broken without having been reached. A ban holds, and the
// firewall's block does if it has a delay.
func (s *Sim) shutOut(f *Fault, q *request) reply {
	now, delay := s.clock.now(), exchange.Time(f.Delay)
	a := s.gateway.limits.of(q.from, now)
	switch f.Kind {
	case FaultBan:
		if delay == 0 {
			delay = banMin
		}
		a.until = max(a.until, now+delay)
		return *a.banned(now)
	case FaultFirewall:
		a.firewall = max(a.firewall, now+delay)
		return page(http.StatusForbidden)
	}
	if delay == 0 {
		delay = minute - now%minute
	}
	p := s.gateway.limits.pool(q, s.gateway.routes[routeName(q.host, q.method, q.path)])
	return *tooMany(p.most, now, now+delay)
}
