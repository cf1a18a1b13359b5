package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

// client asks a server politely: it waits while the server wants that, tries again what may
// get better, and leaves what will not.
type client struct {
	http   *http.Client
	limits Limits
	gate   gate
	// heard says that some server has answered, whatever it said.
	heard atomic.Bool
}

// redirectsMax bounds the redirects of one request, all on one host.
const redirectsMax = 3

func newClient(c *Config) *client {
	transport := c.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost, t.MaxResponseHeaderBytes = c.Workers+1, 64<<10
		t.DisableCompression = true
		transport = t
	}
	return &client{limits: c.Limits, gate: gate{apart: max(1, c.Limits.Backoff/2)}, http: &http.Client{Transport: transport, CheckRedirect: checkRedirect}}
}

// close gives up connections that wait for more.
func (c *client) close() { c.http.CloseIdleConnections() }

// checkRedirect keeps to the host that the user named: any other may be anybody's.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case r.URL.Scheme != first.Scheme || r.URL.Host != first.Host:
		return fmt.Errorf("%w: redirected to another host, %s; name that one as the base if it is meant", ErrRefused, clip(r.URL.Scheme+"://"+r.URL.Host))
	case len(via) > redirectsMax:
		return fmt.Errorf("%w: redirected more than %d times", ErrRefused, redirectsMax)
	}
	return nil
}

// meter counts what one archive costs the network. The worker that has it counts; total is
// shared by all.
type meter struct {
	requests int
	bytes    int64
	total    *atomic.Int64
}

func (m *meter) add(n int) {
	m.bytes += int64(n)
	m.total.Add(int64(n))
}

// answer is a server's answer with the watch over its body.
type answer struct {
	*http.Response
	body io.Reader
	end  func()
}

// notFound says that there is no such file.
var errNotFound = errors.New("not found")

// throttled is a server's wish for a pause.
type throttled struct {
	status string
	// after is how long, 0 if it did not say.
	after time.Duration
}

func (t *throttled) Error() string { return "the server answers " + t.status }

// get sends one request. The caller ends the answer. A status that is none of a file is an
// error; its kind says what to do.
func (c *client) get(ctx context.Context, m *meter, url string, header http.Header) (*answer, error) {
	m.requests++
	ctx, stop := context.WithCancelCause(ctx)
	stalled := fmt.Errorf("%w: less than %d bytes in %v", ErrStalled, stallBytes, c.limits.Stall)
	w := &watch{timer: time.AfterFunc(c.limits.Stall, func() { stop(stalled) }), limit: c.limits.Stall, ctx: ctx, meter: m}
	end := func() { w.timer.Stop(); stop(nil) }
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		end()
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "pmbot")
	r.Header.Set("Accept-Encoding", "identity") // a CHECKSUM is of the bytes as they lie there
	response, err := c.http.Do(r)               //nolint:bodyclose // the answer's end closes it
	if err != nil {
		err = w.cause(err)
		end()
		return nil, err
	}
	c.heard.Store(true)
	if err := judge(response); err != nil {
		response.Body.Close()
		end()
		return nil, err
	}
	w.body = response.Body
	return &answer{Response: response, body: w, end: func() { response.Body.Close(); end() }}, nil
}

// judge turns a status that brings no file into an error.
func judge(r *http.Response) error {
	encoding := r.Header.Get("Content-Encoding")
	switch code := r.StatusCode; {
	case code == http.StatusOK || code == http.StatusPartialContent || code == http.StatusRequestedRangeNotSatisfiable:
		if encoding != "" && encoding != "identity" {
			return fmt.Errorf("%w: the answer is packed with %q though that was not asked for, so that no checksum can agree; look for a proxy on the way", ErrRefused, clip(encoding))
		}
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return errNotFound
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		return &throttled{status: status(r), after: retryAfter(r.Header)}
	case code >= 500 || code == http.StatusRequestTimeout:
		return fmt.Errorf("the server answers %s", status(r))
	default:
		return fmt.Errorf("%w: the server answers %s: %s", ErrRefused, status(r), excerpt(r.Body))
	}
}

func status(r *http.Response) string {
	return strings.TrimSpace(strconv.Itoa(r.StatusCode) + " " + http.StatusText(r.StatusCode))
}

// retryAfter reads seconds or a date. A date is as far away as it was by the server's own
// clock: ours may be wrong by years.
func retryAfter(h http.Header) time.Duration {
	s := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// stallBytes must come within Limits.Stall.
const stallBytes = 4 << 10

// watch ends a request that brings nothing, or next to nothing: a byte a second is a stall,
// too.
type watch struct {
	ctx   context.Context
	body  io.Reader
	timer *time.Timer
	limit time.Duration
	fresh int
	meter *meter
}

func (w *watch) Read(b []byte) (int, error) {
	n, err := w.body.Read(b)
	w.meter.add(n)
	if w.fresh += n; w.fresh >= stallBytes {
		w.fresh = 0
		w.timer.Reset(w.limit)
	}
	if err != nil && err != io.EOF {
		err = w.cause(err)
	}
	return n, err
}

// cause prefers our own reason to the one of the connection that we closed.
func (w *watch) cause(err error) error {
	if cause := context.Cause(w.ctx); cause != nil {
		return cause
	}
	return err
}

// try calls once until it succeeds, or until trying again has no sense or no end. forward
// is how far the work has come, in bytes; nil if that counts for nothing.
func (c *client) try(ctx context.Context, forward func() int64, once func(context.Context) error) error {
	failures, pauses := 0, 0
	for {
		if err := c.gate.wait(ctx); err != nil {
			return err
		}
		before := int64(0)
		if forward != nil {
			before = forward()
		}
		err := once(ctx)
		var busy *throttled
		switch {
		case err == nil, errors.Is(err, errNotFound), errors.Is(err, ErrRefused), isDisk(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &busy):
			if pauses++; pauses > c.limits.Throttled || busy.after > c.limits.PauseMax {
				return c.giveUp(busy, pauses)
			}
			c.gate.pause(max(busy.after, c.limits.backoff(pauses-1)))
		default:
			if forward != nil && forward()-before >= forwardBytes {
				failures = 0
			}
			if failures++; failures >= c.attempts(err) {
				return fmt.Errorf("%w after %d attempts: %w", ErrUnreachable, failures, err)
			}
			if err := sleep(ctx, c.limits.backoff(failures-1)); err != nil {
				return err
			}
		}
	}
}

// unheardAttempts is how often a connection is tried before anything has answered.
const unheardAttempts = 3

// attempts is how many failures end a request. A computer without a network is not worth the
// patience that a server deserves which has answered before.
func (c *client) attempts(err error) int {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" && !c.heard.Load() {
		return min(unheardAttempts, c.limits.Attempts)
	}
	return c.limits.Attempts
}

// forwardBytes is what an attempt must bring to be no failure. A server that resets every
// connection still gives a file in the end, in a number of attempts that its size bounds.
const forwardBytes = 64 << 10

func (c *client) giveUp(t *throttled, pauses int) error {
	if t.after > c.limits.PauseMax {
		return fmt.Errorf("%w: %w and wants a pause of %v, longer than %v; come back later", ErrThrottled, t, t.after, c.limits.PauseMax)
	}
	return fmt.Errorf("%w: %w after %d pauses, too; come back later, or ask with fewer workers", ErrThrottled, t, pauses-1)
}

// small fetches a small text whole. What accept says is wrong with it may be better next
// time.
func (c *client) small(ctx context.Context, m *meter, url string, most int64, accept func(text []byte) error) error {
	return c.try(ctx, nil, func(ctx context.Context) error {
		a, err := c.get(ctx, m, url, nil)
		if err != nil {
			return err
		}
		defer a.end()
		if a.StatusCode != http.StatusOK {
			return fmt.Errorf("%w: the server answers %s to a plain request", ErrRefused, status(a.Response))
		}
		text, err := io.ReadAll(io.LimitReader(a.body, most+1))
		switch {
		case err != nil:
			return err
		case int64(len(text)) > most:
			return fmt.Errorf("%w: the answer is longer than %d bytes", ErrRefused, most)
		}
		return accept(text)
	})
}

// excerpt is the beginning of a body for a message.
func excerpt(r io.Reader) string {
	b, _ := io.ReadAll(io.LimitReader(r, 200))
	if text := clip(string(b)); text != "" {
		return text
	}
	return "no text"
}

// clip bounds what a message repeats of a server, on one line and without what a terminal
// would obey.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 80 {
		s = string(runes[:80]) + "..."
	}
	return s
}
