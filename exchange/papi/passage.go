package papi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/exchange/internal/wire"
	"github.com/pmbot/pmbot/riskguard"
)

// passage is a request that is signed and may leave once.
type passage struct {
	client *Client
	ep     endpoint
	// pass is the zero pass for a request that needs no approval.
	pass    pass
	request wire.Request
	// stamp is the timestamp that the request carries, in the exchange's time; sent is by our
	// clock.
	stamp, sent exchange.Time
}

// send signs a request, sends it once and judges the answer. It and start are the places from
// which requests leave.
func (c *Client) send(ctx context.Context, ep endpoint, q *query, approved riskguard.Approved) (reply, budget.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	w, err := c.passage(ep, q, approved)
	if err != nil {
		return reply{}, budget.Answer{}, err
	}
	a, err := c.servers[ep.spec().host].line.Do(ctx, &w.request)
	return w.landed(a, err)
}

// start sends a request on the caller's goroutine, if nothing stands in its way: its turn must
// have come, and a connection be open and free. False says that something does, that no byte
// has left, and that attempt will say what it is. Else then is called once, on the goroutine
// that reads the connection, and the flight can be given up.
func (c *Client) start(ep endpoint, q *query, approved riskguard.Approved, then func(reply, error)) (wire.Flight, bool) {
	s := ep.spec()
	server := &c.servers[s.host]
	if server.pool == nil {
		return wire.Flight{}, false
	}
	if due, _ := c.clockDue(s); due && s.security == signed {
		return wire.Flight{}, false
	}
	conn := server.pool.Idle()
	if conn == nil {
		return wire.Flight{}, false
	}
	ticket, ok := server.budget.Try(s.request(q, approved))
	if !ok {
		conn.Release()
		return wire.Flight{}, false
	}
	w, err := c.passage(ep, q, approved)
	if err != nil {
		conn.Release()
		server.budget.Return(ticket)
		return wire.Flight{}, false
	}
	w.request.AtOnce = true // it fits into what an idle connection takes
	flight, err := conn.Send(&w.request, func(a wire.Answer, err error) {
		r, heard, err := w.landed(a, err)
		c.settle(context.Background(), ep, ticket, heard, err)
		then(r, err)
	})
	if err != nil {
		w.close()
		server.budget.Return(ticket)
		return wire.Flight{}, false
	}
	return flight, true
}

// passage signs a request, and for a write opens the gate, if the approval holds now. It must
// be landed or closed.
func (c *Client) passage(ep endpoint, q *query, approved riskguard.Approved) (*passage, error) {
	s := ep.spec()
	w := &passage{client: c, ep: ep, request: wire.Request{Method: s.method, Timeout: c.timeout}}
	var err error
	if w.request.Bytes, w.stamp, err = c.build(s, q); err != nil {
		return nil, notSent(ep, err)
	}
	w.sent = c.now()
	if s.write {
		if !c.gate.enter(&w.pass, approved, w.sent) {
			return nil, notSent(ep, ErrNotApproved)
		}
		w.request.Leave = w.holds
	}
	return w, nil
}

// holds asks for the approval once more, when there is a connection and nothing is written:
// connecting may have taken seconds.
func (w *passage) holds() bool { return w.pass.holds(w.client.now()) }

// close says that the request is on its way no more.
func (w *passage) close() {
	if w.pass.gate != nil {
		w.pass.close()
	}
}

// landed judges what came of a request.
func (w *passage) landed(got wire.Answer, err error) (reply, budget.Answer, error) {
	defer w.close()
	if err != nil {
		return reply{}, budget.Answer{}, w.failure(err)
	}
	a := read(got.Status, got.Header, got.Body, got.Err)
	r := reply{body: got.Body, stamp: w.stamp, sent: w.sent, answered: w.client.now()}
	return r, a.limits, a.verdict(w.ep, w.stamp, w.client.key.Reveal())
}

// failure judges a request that got no answer.
func (w *passage) failure(err error) *Error {
	switch {
	case errors.Is(err, wire.ErrHeld):
		return notSent(w.ep, ErrNotApproved)
	case errors.Is(err, wire.ErrNotSent):
		e := notSent(w.ep, err)
		e.Retryable = true
		return e
	}
	return &Error{Endpoint: w.ep.String(), Outcome: Unknown, Sent: w.stamp, Err: err}
}

// newHeads makes the end of the headers, by what requests must carry, with the type of a form
// where the parameters are in the body. This is the one place that writes the key into a
// request. A function holds them, because fmt prints texts of unexported fields, and functions
// as an address.
func newHeads(key Secret) func(*spec) string {
	var plain, form [securities]string
	for s := open; s < securities; s++ {
		end := "\r\n"
		if s != open {
			end = "X-Mbx-Apikey: " + key.Reveal() + "\r\n\r\n"
		}
		plain[s], form[s] = end, "Content-Type: application/x-www-form-urlencoded\r\n"+end
	}
	return func(s *spec) string {
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

// build makes the bytes of a request: the encoded parameters, recvWindow, timestamp and the
// signature of exactly these bytes.
func (c *Client) build(s *spec, q *query) ([]byte, exchange.Time, error) {
	stamp := c.ServerTime()
	params, err := c.complete(s, q, stamp)
	if err != nil {
		return nil, 0, err
	}
	end, host := c.heads(s), c.servers[s.host].host
	b := make([]byte, 0, len(s.method)+len(s.path)+len(host)+len(end)+len(params)+96) // 96 for the words below
	b = append(append(append(b, s.method...), ' '), s.path...)
	if !s.inBody() && len(params) > 0 {
		b = append(append(b, '?'), params...)
	}
	b = append(append(b, " HTTP/1.1\r\nHost: "...), host...)
	b = append(b, "\r\nUser-Agent: pmbot\r\n"...)
	if !s.inBody() {
		return append(b, end...), stamp, nil
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(params)), 10)
	b = append(append(b, "\r\n"...), end...)
	return append(b, params...), stamp, nil
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
