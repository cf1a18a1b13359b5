package papisim

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// Limits are how much a client may ask. Weights are counted by minutes of the exchange's
// clock, per address; refused requests count like others.
type Limits struct {
	// PAPI, Futures (fapi and dapi together) and Spot are weights a minute. SAPI is that of
	// each endpoint of sapi, and SAPIUser that of each endpoint that counts by account.
	PAPI, Futures, Spot, SAPI, SAPIUser int
	// Orders are new orders a minute of the account.
	Orders int
	// Strikes is how many requests an address is refused in a minute, or while it is
	// banned, before it is banned (for longer).
	Strikes int
	// Burst is how many requests an address may send in ten seconds before the firewall
	// shuts it out.
	Burst int
	// Connections is how many websockets an address may open in five minutes, and Unread how
	// many frames a client may leave unread before it is dropped.
	Connections, Unread int
}

// DefaultLimits are Binance's; Strikes, Burst and Unread are assumed, and so is that futures
// have the documented Connections of spot.
func DefaultLimits() Limits {
	return Limits{
		PAPI: 6000, Futures: 2400, Spot: 6000, SAPI: 12_000, SAPIUser: 180_000, Orders: 1200,
		Strikes: 20, Burst: 5000, Connections: 300, Unread: 4096,
	}
}

// Bans grow from banMin, twice as long each time, to banMax; they are forgotten when the
// last one has been over for banMax. The firewall shuts out for firewallTime.
const (
	banMin       = exchange.Time(2 * time.Minute)
	banMax       = exchange.Time(72 * time.Hour)
	firewallTime = exchange.Time(5 * time.Minute)
	burstTime    = exchange.Time(10 * time.Second)
)

// unreadMax bounds Limits.Unread: room is made for all of them when a socket opens.
const unreadMax = 1_000_000

// limiter counts.
type limiter struct {
	Limits
	addresses map[string]*address
	users     map[string]*window // of the account, by endpoint of sapi
	orders    window
}

// address is what is known of one address.
type address struct {
	pools    map[string]*window
	burst    window
	strikes  window
	sockets  window
	ban      exchange.Time // how long the last ban was
	until    exchange.Time // and when it ends
	firewall exchange.Time // when the firewall opens again
}

// window counts within spans of time that lie on the clock.
type window struct {
	from exchange.Time
	used int
}

// add counts n more at an instant and says how many that makes.
func (w *window) add(n int, now, span exchange.Time) int {
	if from := now - now%span; from != w.from {
		w.from, w.used = from, 0
	}
	w.used += n
	return w.used
}

const minute = exchange.Time(time.Minute)

func newLimiter(l Limits) (limiter, error) {
	if l == (Limits{}) {
		l = DefaultLimits()
	}
	for _, n := range [...]int{l.PAPI, l.Futures, l.Spot, l.SAPI, l.SAPIUser, l.Orders, l.Strikes, l.Burst, l.Connections, l.Unread} {
		if n < 1 {
			return limiter{}, fmt.Errorf("limits %+v: each is at least 1", l)
		}
	}
	if l.Unread > unreadMax {
		return limiter{}, fmt.Errorf("limits %+v: Unread is at most %d", l, unreadMax)
	}
	return limiter{Limits: l, addresses: map[string]*address{}, users: map[string]*window{}}, nil
}

// addressesMax is how many addresses are known at a time.
const addressesMax = 10_000

// of is what is known of an address. When there are too many, those that nothing is held
// against are forgotten, and if that does not help, all others count as one.
func (l *limiter) of(from string, now exchange.Time) *address {
	if a := l.addresses[from]; a != nil {
		return a
	}
	if len(l.addresses) >= addressesMax {
		maps.DeleteFunc(l.addresses, func(_ string, a *address) bool { return now > a.until+banMax && now > a.firewall })
	}
	if len(l.addresses) >= addressesMax {
		from = ""
	}
	a := l.addresses[from]
	if a == nil {
		a = &address{pools: map[string]*window{}}
		l.addresses[from] = a
	}
	return a
}

// charge counts a request before anything else is looked at, and returns the headers that
// tell the use, or the refusal.
func (l *limiter) charge(q *request, r *web.Route, now exchange.Time) (http.Header, *reply) {
	a := l.of(q.from, now)
	if a.burst.add(1, now, burstTime) > l.Burst {
		a.firewall = max(a.firewall, now+firewallTime)
	}
	if now < a.firewall {
		no := page(http.StatusForbidden)
		return nil, &no
	}
	if now < a.until {
		a.strike(l, now)
		return nil, a.banned(now)
	}
	weight := 1
	if r != nil {
		weight = r.Cost(q.params)
	}
	p := l.pool(q, r)
	counters := a.pools
	if r != nil && r.ByUser {
		counters = l.users
	}
	w := counters[p.name]
	if w == nil {
		w = &window{}
		counters[p.name] = w
	}
	used := w.add(max(weight, p.least), now, p.span)
	h := http.Header{}
	for _, key := range p.headers {
		h.Set(key, strconv.Itoa(used))
	}
	if used <= p.most {
		return h, nil
	}
	if a.strike(l, now) {
		return nil, a.banned(now)
	}
	no := tooMany(p.most, now, w.from+p.span)
	no.merge(h)
	return nil, no
}

// tooMany is the answer beyond a limit of weight.
func tooMany(most int, now, then exchange.Time) *reply {
	no := failed(&web.Error{Status: http.StatusTooManyRequests, Code: -1003, Msg: fmt.Sprintf(
		"Too many requests; current limit is %d requests per minute. Please use the websocket for live updates to avoid polling the API.", most)})
	no.retryAfter(now, then)
	return &no
}

// connectSpan is the time in which an address may open Limits.Connections websockets.
const connectSpan = 5 * minute

// connect counts a websocket that an address opens and refuses what is too much, without a
// strike: one who is shut out gets no data, which is enough.
func (l *limiter) connect(from string, now exchange.Time) *reply {
	a := l.of(from, now)
	if a.sockets.add(1, now, connectSpan) <= l.Connections {
		return nil
	}
	no := page(http.StatusTooManyRequests)
	no.retryAfter(now, a.sockets.from+connectSpan)
	return &no
}

// pool is a budget that requests count against.
type pool struct {
	name    string
	headers []string // that tell its use
	most    int
	span    exchange.Time
	least   int // what a request costs at least
}

// fundingMost is how many requests for rates of funding an address may send in fundingSpan,
// fapi's fundingRate and fundingInfo together: they have no weight, and no header tells.
// statisticsMost is how many requests for statistics of fapi, which have no weight either.
const (
	fundingMost    = 500
	statisticsMost = 1000
	fundingSpan    = 5 * minute
)

// pool finds a request's. What has no route costs something, too, but names no endpoint.
func (l *limiter) pool(q *request, r *web.Route) pool {
	switch {
	case q.host == web.PAPI:
		return pool{"papi", []string{"X-Mbx-Used-Weight-1m"}, l.PAPI, minute, 0}
	case q.host == web.FAPI && r != nil && (q.path == "/fapi/v1/fundingRate" || q.path == "/fapi/v1/fundingInfo"):
		return pool{"funding", nil, fundingMost, fundingSpan, 1}
	case q.host == web.FAPI && strings.HasPrefix(q.path, "/futures/data/"):
		return pool{"statistics", nil, statisticsMost, fundingSpan, 1}
	case q.host == web.FAPI || q.host == web.DAPI:
		return pool{"futures", []string{"X-Mbx-Used-Weight-1m"}, l.Futures, minute, 0}
	case r == nil || !strings.HasPrefix(q.path, "/sapi/"):
		return pool{"spot", []string{"X-Mbx-Used-Weight", "X-Mbx-Used-Weight-1m"}, l.Spot, minute, 0}
	case r.ByUser:
		return pool{q.method + " " + q.path, []string{"X-Sapi-Used-Uid-Weight-1m"}, l.SAPIUser, minute, 0}
	default:
		return pool{q.method + " " + q.path, []string{"X-Sapi-Used-Ip-Weight-1m"}, l.SAPI, minute, 0}
	}
}

// order counts the new orders of a request and says how many the account has sent this
// minute, or refuses it.
func (l *limiter) order(q *request, r *web.Route, now exchange.Time) (int, *reply) {
	if r.Orders == 0 {
		return 0, nil
	}
	count := l.orders.add(r.Orders, now, minute)
	if count <= l.Orders {
		return count, nil
	}
	if a := l.of(q.from, now); a.strike(l, now) {
		return 0, a.banned(now)
	}
	no := failed(&web.Error{Status: http.StatusTooManyRequests, Code: -1015, Msg: fmt.Sprintf(
		"Too many new orders; current limit is %d orders per MINUTE.", l.Orders)})
	no.retryAfter(now, l.orders.from+minute)
	return 0, &no
}

// strike counts a refusal and says whether it has brought a ban.
func (a *address) strike(l *limiter, now exchange.Time) bool {
	span := minute
	if now < a.until {
		span = banMax
	}
	if a.strikes.add(1, now, span) < l.Strikes {
		return false
	}
	a.strikes = window{}
	if now > a.until+banMax {
		a.ban = 0
	}
	a.ban = min(max(banMin, 2*a.ban), banMax)
	a.until = now + a.ban
	return true
}

// banned is the answer to a banned address.
func (a *address) banned(now exchange.Time) *reply {
	no := failed(&web.Error{Status: http.StatusTeapot, Code: -1003, Msg: fmt.Sprintf(
		"Way too many requests; IP banned until %d. Please use the websocket for live updates to avoid bans.", a.until.Millis())})
	no.retryAfter(now, a.until)
	return &no
}

// retryAfter tells in how many seconds to come again.
func (a *reply) retryAfter(now, then exchange.Time) {
	a.header.Set("Retry-After", strconv.FormatInt(int64((then-now+exchange.Time(time.Second)-1)/exchange.Time(time.Second)), 10))
}
