package papi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/riskguard"
)

// reply is what came back for a request that was done.
type reply struct {
	body []byte
	// stamp is the timestamp that the request carried, in the exchange's time; sent and
	// answered are by our clock.
	stamp, sent, answered exchange.Time
}

// attempt waits for the budget, sends a request once and tells the budget what came back.
// The approval of a write is asked first, because a request that cannot leave need not
// wait, and again when its bytes are written.
func (c *Client) attempt(ctx context.Context, ep endpoint, q *query, approved riskguard.Approved) (reply, error) {
	s := ep.spec()
	scheduler := c.servers[s.host].budget
	if s.write && !c.gate.holds(approved, c.now()) {
		return reply{}, notSent(ep, ErrNotApproved)
	}
	ticket, err := c.turn(ctx, ep, q, approved)
	if err != nil {
		return reply{}, err
	}
	r, heard, err := c.send(ctx, ep, q, approved)
	if errors.Is(err, ErrNotSent) {
		scheduler.Return(ticket)
		return r, err
	}
	scheduler.Settle(ticket, heard)
	c.doubt(err)
	c.note(ctx, ep, err)
	return r, err
}

// turn waits until a request may leave: until the exchange's clock is known, and for the
// budget. A write waits no longer than its approval holds. Most need not wait at all, and go
// without what waiting costs (BenchmarkLive/7-place-plain).
func (c *Client) turn(ctx context.Context, ep endpoint, q *query, approved riskguard.Approved) (budget.Ticket, error) {
	s := ep.spec()
	scheduler, request := c.servers[s.host].budget, s.request(q, approved)
	due := false
	if s.security == signed {
		due, _ = c.clockDue(s)
	}
	if !due && ctx.Err() == nil {
		if ticket, ok := scheduler.Try(request); ok {
			return ticket, nil
		}
	}
	if s.write {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, approved.Expires().Sub(c.now())+time.Nanosecond)
		defer cancel()
	}
	if due {
		if err := c.keepTime(ctx, s); err != nil {
			return budget.Ticket{}, notSent(ep, err)
		}
	}
	ticket, err := scheduler.Wait(ctx, request)
	if err != nil {
		return budget.Ticket{}, c.noBudget(ep, err)
	}
	return ticket, nil
}

// request is what a call with these parameters asks of the budget.
func (s *spec) request(q *query, approved riskguard.Approved) budget.Request {
	r := budget.Request{Class: s.class, Weight: s.weight, Orders: s.orders, Quota: int(s.quota)}
	if s.broad != 0 && !q.has(s.narrow) {
		r.Weight = s.broad
	}
	order := approved.Order()
	if r.Class == budget.Order && order.ID != 0 && exempt(&order.Request) {
		r.Class = budget.Reduce
	}
	return r
}

// exempt says whether the exchange knows an order as one that only reduces, and takes it
// while it protects itself from load.
func exempt(r *exchange.OrderRequest) bool {
	switch r.PositionSide {
	case exchange.Long:
		return r.Side == exchange.Sell || r.ClosePosition
	case exchange.Short:
		return r.Side == exchange.Buy || r.ClosePosition
	}
	return r.ReduceOnly || r.ClosePosition
}

// notSent is the error of a request of which no byte has left.
func notSent(ep endpoint, err error) *Error {
	return &Error{Endpoint: ep.String(), Outcome: Refused, Err: err}
}

func (c *Client) noBudget(ep endpoint, err error) *Error {
	e := notSent(ep, err)
	var refusal *budget.Refusal
	if errors.As(err, &refusal) && !errors.Is(err, budget.ErrHeavy) {
		e.Retryable = true
		if !refusal.Until.IsZero() {
			e.RetryAfter = max(exchange.TimeOf(refusal.Until).Sub(c.ServerTime()), 0)
		}
	}
	return e
}

// note logs what stops more than one request. The answer itself is the caller's.
func (c *Client) note(ctx context.Context, ep endpoint, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return
	}
	switch e.HTTP {
	case http.StatusTooManyRequests, http.StatusTeapot, http.StatusForbidden:
		c.log.LogAttrs(ctx, slog.LevelWarn, "exchange limits requests", slog.String("endpoint", ep.String()),
			slog.Int("status", e.HTTP), slog.Int("code", e.Code), slog.String("reason", e.Msg), slog.Duration("retry_after", e.RetryAfter))
	}
}

// send signs a request, sends it once and judges the answer. It is the one place from which
// requests leave.
func (c *Client) send(ctx context.Context, ep endpoint, q *query, approved riskguard.Approved) (reply, budget.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	way := &passage{now: c.now, left: !c.ours}
	way.trace.GotConn = way.connected
	request, stamp, err := c.build(httptrace.WithClientTrace(ctx, &way.trace), ep.spec(), q)
	if err != nil {
		return reply{}, budget.Answer{}, notSent(ep, err)
	}
	if ep.spec().write {
		if !c.gate.enter(&way.pass, approved, c.now()) {
			return reply{}, budget.Answer{}, notSent(ep, ErrNotApproved)
		}
		defer way.pass.close()
	}
	r := reply{stamp: stamp, sent: c.now()}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return reply{}, budget.Answer{}, way.failure(ep, stamp, err)
	}
	defer response.Body.Close()
	body, err := readBody(response)
	r.body, r.answered = body, c.now()
	a := read(response.StatusCode, response.Header, body, err)
	return r, a.limits, a.verdict(ep, stamp, c.key.Reveal())
}

// passage watches a request leave.
type passage struct {
	// pass is the zero pass for a request that needs no approval.
	pass  pass
	now   func() exchange.Time
	trace httptrace.ClientTrace
	// left says that bytes may have been written, shut that the approval had ended and none
	// were.
	left, shut bool
}

// connected is called back by net/http when the request has a connection and nothing of it is
// written. Connecting may have taken seconds, so the approval is asked again; where it has
// ended, closing the connection is the one way to keep the request from leaving.
func (w *passage) connected(info httptrace.GotConnInfo) {
	if w.pass.gate != nil && !w.pass.holds(w.now()) {
		w.shut = true
		_ = info.Conn.Close()
		return
	}
	w.left = true
}

// failure judges a request that got no answer.
func (w *passage) failure(ep endpoint, stamp exchange.Time, err error) *Error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the URL, which holds the request
	}
	switch {
	case w.shut:
		return notSent(ep, ErrNotApproved)
	case !w.left:
		e := notSent(ep, err)
		e.Retryable = true
		return e
	}
	return &Error{Endpoint: ep.String(), Outcome: Unknown, Sent: stamp, Err: err}
}

// newHeaders makes the headers of requests, by what they must carry, with the type of a form
// where the parameters are in the body. Transports may not change them, so all requests share
// them. This is the one place that writes the key into a request. A function holds them,
// because fmt prints maps of unexported fields, and functions as an address.
func newHeaders(key Secret) func(*spec) http.Header {
	var plain, form [securities]http.Header
	for s := open; s < securities; s++ {
		plain[s] = http.Header{"User-Agent": {"pmbot"}}
		if s != open {
			plain[s]["X-Mbx-Apikey"] = []string{key.Reveal()}
		}
		form[s] = plain[s].Clone()
		form[s]["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	}
	return func(s *spec) http.Header {
		if s.inBody() {
			return form[s.security]
		}
		return plain[s.security]
	}
}

// inBody says where the parameters are: of POST and PUT in the body, which servers and
// proxies on the way do not log; of GET and DELETE in the query string, because a body of
// theirs may be dropped on the way.
func (s *spec) inBody() bool { return s.method == http.MethodPost || s.method == http.MethodPut }

// build makes the request of an endpoint: the encoded parameters, recvWindow, timestamp and
// the signature of exactly these bytes. net/http cannot send it twice: the body of a write
// can be read once.
func (c *Client) build(ctx context.Context, s *spec, q *query) (*http.Request, exchange.Time, error) {
	stamp := c.ServerTime()
	params, err := c.complete(s, q, stamp)
	if err != nil {
		return nil, 0, err
	}
	server := &c.servers[s.host]
	r := &http.Request{
		Method: s.method,
		URL:    &url.URL{Scheme: server.scheme, Host: server.host, Path: s.path},
		Host:   server.host,
		Header: c.headers(s),
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	switch {
	case !s.inBody():
		r.URL.RawQuery = string(params)
	case len(params) == 0:
		r.Body = http.NoBody
	default:
		// Of this type net/http knows that it is in memory, and sends it together with the
		// headers.
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(params)), int64(len(params))
	}
	return r.WithContext(ctx), stamp, nil
}

// complete appends to the parameters what every signed request carries. It uses the room
// behind those of the query, which stay as they are: a read that is tried again is completed
// anew, and has its parameters in a string of its own.
func (c *Client) complete(s *spec, q *query, stamp exchange.Time) ([]byte, error) {
	params := q.buf
	if s.security != signed {
		return params, nil
	}
	if len(params) > 0 {
		params = append(params, '&')
	}
	params = append(params, "recvWindow="...)
	params = strconv.AppendInt(params, c.recvWindow.Milliseconds(), 10)
	params = append(params, "&timestamp="...)
	params = strconv.AppendInt(params, stamp.Millis(), 10)
	payload := params
	params = append(params, "&signature="...)
	start := len(params)
	params, err := c.signer.Append(params, payload)
	if err != nil {
		return nil, err
	}
	if signature := params[start:]; bytes.ContainsAny(signature, "+/=") {
		params = appendEscaped(params[:start], string(signature))
	}
	return params, nil
}

// readBody reads an answer to its end, or to one byte more than is believed.
func readBody(r *http.Response) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), 1<<20)) + bytes.MinRead) // so that it need not grow to find the end
	_, err := b.ReadFrom(io.LimitReader(r.Body, bodyBytesMax+1))
	return b.Bytes(), err
}
