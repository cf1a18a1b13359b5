package budget

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what an answer of the exchange says about limits. The zero Answer says nothing.
type Answer struct {
	// Status is of HTTP, Code of Binance; 0 if there was none.
	Status, Code int
	// Weight and Orders are what the exchange has counted in this minute, 0 if it did not
	// say.
	Weight, Orders int
	// RetryAfter is how long it asks us to wait, 0 if it did not say.
	RetryAfter time.Duration
	// BannedUntil comes from the text of a ban.
	BannedUntil time.Time
}

// banMax is the longest ban that Binance threatens; what is longer is a mistake of a
// server or a proxy.
const banMax = 72 * time.Hour

// The headers in which the exchange tells what it has counted, in the canonical form, which
// need not be made anew for each answer.
const (
	headerWeight = "X-Mbx-Used-Weight-1m"
	headerOrders = "X-Mbx-Order-Count-1m"
)

// ReadAnswer collects an Answer from an HTTP answer and from code and message of its body.
// Numbers that make no sense are passed over.
func ReadAnswer(status int, h http.Header, code int, msg string) Answer {
	a := Answer{Status: status, Code: code, Weight: count(h.Get(headerWeight)), Orders: count(h.Get(headerOrders))}
	if seconds := count(h.Get("Retry-After")); seconds > 0 {
		a.RetryAfter = min(time.Duration(seconds)*time.Second, banMax)
	}
	if _, rest, ok := strings.Cut(msg, "banned until "); ok {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		if ms, err := strconv.ParseInt(digits, 10, 64); err == nil {
			a.BannedUntil = time.UnixMilli(ms)
		}
	}
	return a
}

// count reads a number of a header that is neither negative nor absurd, and 0 for others.
func count(s string) int {
	if s == "" {
		return 0 // without making an error of it: most answers lack some header
	}
	n, err := strconv.ParseUint(s, 10, 30)
	if err != nil {
		return 0
	}
	return int(n)
}

const (
	codeTooManyOrders = -1015
	codeThrottled     = -1008

	banDefault  = 2 * time.Minute
	wafFirst    = time.Second
	wafMax      = time.Minute
	throttled1  = 200 * time.Millisecond
	throttleMax = 5 * time.Second
	// probe is how soon to look again whether the one request that may fly has landed.
	probe = 100 * time.Millisecond
)

// pauses is what the exchange has asked for by its answers.
type pauses struct {
	// ban, after 418, is for everything, cancels included: each request would make it
	// longer.
	ban time.Time
	// all, after 429 and 403, is for everything too.
	all time.Time
	// orders, after -1015, is for what counts as an order.
	orders time.Time
	// waf and throttle grow with each answer of their kind: 403 of the firewall, for all,
	// and -1008, for orders that do not reduce.
	waf, throttle backoff
	// flying is how many requests have not been answered yet.
	flying int
}

// backoff is a pause that doubles while its cause goes on.
type backoff struct {
	since, until time.Time
	length       time.Duration
}

// grow doubles the pause. The answers of requests that flew together count once.
func (b *backoff) grow(sent, now time.Time, first, most time.Duration) {
	if b.length > 0 && !sent.After(b.since) {
		return
	}
	b.length = min(max(2*b.length, first), most)
	b.since, b.until = now, now.Add(b.length)
}

func (b *backoff) active() bool { return b.length > 0 }

// setBack moves all but a ban by as much as the clock went back.
func (p *pauses) setBack(d time.Duration) {
	for _, t := range []*time.Time{&p.all, &p.orders, &p.waf.since, &p.waf.until, &p.throttle.since, &p.throttle.until} {
		*t = t.Add(-d)
	}
}

// until is when a class may go on; what is not after now is no pause. As long as the
// firewall has not let a request pass, one flies at a time.
func (p *pauses) until(c Class, now time.Time) time.Time {
	t := latest(p.ban, p.all, p.waf.until)
	if p.waf.active() && p.flying > 0 {
		t = latest(t, now.Add(probe))
	}
	if c == Reduce || c == Order {
		t = latest(t, p.orders)
	}
	if c == Order {
		t = latest(t, p.throttle.until)
	}
	return t
}

// apply draws the consequences of an answer to a ticket.
func (p *pauses) apply(t Ticket, a Answer, now time.Time, slack time.Duration) {
	rest := time.Unix((minuteOf(now)+1)*60, 0).Add(slack)
	if a.RetryAfter > 0 {
		rest = now.Add(a.RetryAfter)
	}
	switch {
	case a.Status == http.StatusTeapot:
		p.ban = latest(p.ban, banned(a, now))
	case a.Code == codeTooManyOrders:
		p.orders = latest(p.orders, rest)
	case a.Status == http.StatusTooManyRequests:
		p.all = latest(p.all, rest)
	case a.Status == http.StatusForbidden:
		p.waf.grow(t.at, now, wafFirst, wafMax)
		if a.RetryAfter > 0 {
			p.all = latest(p.all, rest)
		}
	case a.Code == codeThrottled:
		p.throttle.grow(t.at, now, throttled1, throttleMax)
	case a.Status >= 200 && a.Status < 500:
		p.waf = backoff{}
		if t.request.Class == Order {
			p.throttle = backoff{}
		}
	}
}

// banned is the end of a ban: by the text, else by the header, else the shortest there is.
func banned(a Answer, now time.Time) time.Time {
	switch most := now.Add(banMax); {
	case a.BannedUntil.After(now) && !a.BannedUntil.After(most):
		return a.BannedUntil
	case a.RetryAfter > 0:
		return now.Add(a.RetryAfter)
	}
	return now.Add(banDefault)
}

func latest(t time.Time, others ...time.Time) time.Time {
	for _, u := range others {
		if u.After(t) {
			t = u
		}
	}
	return t
}
