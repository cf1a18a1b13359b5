package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/exchange/internal/lenient"
)

// Answer is what came for one request, as it came.
type Answer struct {
	// URL is the request's, with all parameters.
	URL string
	// At is when the whole body was here, by our clock.
	At exchange.Time
	// Body is whole JSON and no error object. It is the caller's.
	Body []byte
}

// reply is an answer, and when its request was sent by our clock.
type reply struct {
	Answer
	sent exchange.Time
}

// infoBytesMax bounds an exchangeInfo, of which spot's is the longest.
const infoBytesMax = 64 << 20

// bytesMax bounds a body.
func (e *endpoint) bytesMax() int {
	if e.name == "exchangeInfo" {
		return infoBytesMax
	}
	return lenient.BytesMax
}

// retryPauses are those before a request that found no usable answer is sent again.
var retryPauses = [...]time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond}

// ask sends a request, and again where that may help: after a pause if there was no usable
// answer, and when the scheduler lets it pass if a limit or the firewall was in the way. A
// ban and what is wrong with the request itself are final.
func (c *Client) ask(ctx context.Context, e *endpoint, q params) (Answer, error) {
	r, err := c.reply(ctx, e, q)
	return r.Answer, err
}

func (c *Client) reply(ctx context.Context, e *endpoint, q params) (reply, error) {
	if err := e.check(q); err != nil {
		return reply{}, &Error{Endpoint: e.String(), Err: err}
	}
	if e.name != "time" {
		c.keepTime(ctx)
	}
	for try := 0; ; try++ {
		r, err := c.attempt(ctx, e, q)
		failure, ok := errors.AsType[*Error](err)
		if err == nil || !ok || !failure.Retryable || try == len(retryPauses) {
			return r, err
		}
		if !failure.unavailable() && failure.HTTP == 0 || ctx.Err() != nil {
			return r, err // it was not sent, and the scheduler has said why
		}
		pause := time.Duration(0)
		if failure.unavailable() {
			pause = retryPauses[try]
		}
		if sleep(ctx, pause) != nil {
			return r, err
		}
	}
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt waits for the budget, sends a request once and tells the budget what came back.
func (c *Client) attempt(ctx context.Context, e *endpoint, q params) (reply, error) {
	target := c.bases[e.product] + e.path
	if encoded := q.encode(); encoded != "" {
		target += "?" + encoded
	}
	ticket, err := c.turn(ctx, e, q)
	if err != nil {
		return reply{}, c.noBudget(e, target, err)
	}
	r, heard, err := c.send(ctx, e, target)
	c.budget(e.product).Settle(ticket, heard)
	c.note(ctx, err)
	return r, err
}

// turn waits until a request may leave. A quota that is used up is waited for like the
// budget of weight; who does not want to wait has a deadline.
func (c *Client) turn(ctx context.Context, e *endpoint, q params) (budget.Ticket, error) {
	request := budget.Request{Class: e.class, Weight: e.weight(q), Quota: int(e.quota)}
	for {
		ticket, err := c.budget(e.product).Wait(ctx, request)
		refusal, ok := errors.AsType[*budget.Refusal](err)
		if !ok || !errors.Is(refusal, budget.ErrQuota) || refusal.Until.IsZero() {
			return ticket, err
		}
		pause := exchange.TimeOf(refusal.Until).Sub(c.ServerTime())
		if deadline, ok := ctx.Deadline(); ok && pause > time.Until(deadline) {
			return ticket, err
		}
		if sleep(ctx, max(pause, time.Millisecond)) != nil {
			return ticket, err
		}
	}
}

func (c *Client) noBudget(e *endpoint, target string, err error) *Error {
	failure := &Error{Endpoint: e.String(), URL: target, Err: err}
	if refusal, ok := errors.AsType[*budget.Refusal](err); ok && !errors.Is(err, budget.ErrHeavy) {
		failure.Retryable = true
		if !refusal.Until.IsZero() {
			failure.RetryAfter = max(exchange.TimeOf(refusal.Until).Sub(c.ServerTime()), 0)
		}
	}
	return failure
}

// send sends a request and judges what comes back. It is the one place from which requests
// leave. Redirects are not followed.
func (c *Client) send(ctx context.Context, e *endpoint, target string) (reply, budget.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	failure := &Error{Endpoint: e.String(), URL: target}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		failure.Err = err
		return reply{}, budget.Answer{}, failure
	}
	request.Header.Set("User-Agent", "pmbot")
	r := reply{Answer: Answer{URL: target}, sent: c.now()}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		failure.Err, failure.Retryable = err, true
		return reply{}, budget.Answer{}, failure
	}
	defer response.Body.Close()
	body, err := readBody(response, e.bytesMax())
	r.Body, r.At = body, c.now()
	failure.judge(response, body, err, e.bytesMax())
	heard := budget.ReadAnswer(response.StatusCode, response.Header, failure.Code, failure.Msg)
	if failure.HTTP == 0 {
		return r, heard, nil
	}
	failure.RetryAfter = heard.RetryAfter
	return reply{}, heard, failure
}

// readBody reads an answer to its end, or to one byte more than is believed.
func readBody(r *http.Response, most int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), 1<<20)) + bytes.MinRead) // so that it need not grow to find the end
	_, err := b.ReadFrom(io.LimitReader(r.Body, int64(most)+1))
	return b.Bytes(), err
}

// judge fills in what is wrong with an answer. It leaves HTTP 0 if nothing is.
func (e *Error) judge(r *http.Response, body []byte, err error, most int) {
	text := bytes.TrimSpace(body)
	good := 200 <= r.StatusCode && r.StatusCode <= 299
	switch {
	case err != nil:
		e.Err = fmt.Errorf("after %d bytes: %w", len(body), err)
	case len(body) > most:
		e.Msg = fmt.Sprintf("more than %d bytes", most)
	case len(text) == 0:
		e.Msg = "empty body"
	case text[0] == '<':
		e.Msg = fmt.Sprintf("HTML of %d bytes", len(body))
	case !jsontext.Value(text).IsValid(jsontext.AllowInvalidUTF8(true)):
		e.Msg = fmt.Sprintf("%d bytes that are not JSON: %v", len(text), fault(text))
	default:
		e.readObject(text)
		if good && e.Code >= 0 {
			return
		}
	}
	e.HTTP = r.StatusCode
	if location := r.Header.Get("Location"); 300 <= r.StatusCode && r.StatusCode <= 399 && location != "" {
		e.Msg = "redirects to " + location + ", which is not followed"
	}
	e.Msg = printable(e.Msg)
	e.Retryable = e.passing(good)
}

// fault is why a text is not one JSON value. A name that comes twice in an object is a fault,
// for nobody knows which of its values is meant.
func fault(text []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowInvalidUTF8(true))
	if err := dec.SkipValue(); err != nil {
		return err
	}
	return fmt.Errorf("more than one value, or what is none, after byte %d", dec.InputOffset())
}

// objectMax is the longest body that is looked at for an error object.
const objectMax = 4096

// readObject takes code and message of an error object.
func (e *Error) readObject(text []byte) {
	if text[0] != '{' || len(text) > objectMax {
		return
	}
	var object struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(text, &object, jsontext.AllowInvalidUTF8(true)) == nil {
		e.Code, e.Msg = object.Code, object.Msg
	}
}

// passing says whether the same request may succeed later. An answer of 2xx that is no JSON
// was cut off or comes from somebody on the way.
func (e *Error) passing(good bool) bool {
	switch e.HTTP {
	case http.StatusTooManyRequests, http.StatusForbidden, http.StatusRequestTimeout:
		return true
	case http.StatusTeapot:
		return false
	}
	return good && e.Code >= 0 || e.HTTP >= 500 || slices.Contains(passingCodes[:], e.Code)
}

// messageMax is how much of a message is kept.
const messageMax = 300

// printable makes a message fit for a line of a log.
func printable(msg string) string {
	msg = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, msg)
	if len(msg) > messageMax {
		msg = strings.ToValidUTF8(msg[:messageMax], "") + "..."
	}
	return msg
}

// note logs what stops more than one request. The answer itself is the caller's.
func (c *Client) note(ctx context.Context, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return
	}
	switch e.HTTP {
	case http.StatusTooManyRequests, http.StatusTeapot, http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		c.log.LogAttrs(ctx, slog.LevelWarn, "exchange limits requests", slog.String("endpoint", e.Endpoint),
			slog.Int("status", e.HTTP), slog.Int("code", e.Code), slog.String("reason", e.Msg), slog.Duration("retry_after", e.RetryAfter))
	}
}
