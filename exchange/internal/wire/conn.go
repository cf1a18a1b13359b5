package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// headerMax is how long the headers of an answer may be, those of interim answers included.
const headerMax = 64 << 10

// atOnce is how long a request may take that must be written at once, on connections whose
// system cannot be asked to write without waiting.
const atOnce = 5 * time.Millisecond

// Conn is a connection. Who has reserved it sends one request on it; then it is free again by
// itself.
type Conn struct {
	pool *Pool
	// raw counts what the system has taken; stream is it, or TLS over it.
	raw    *counter
	stream net.Conn
	in     *bufio.Reader
	limit  io.LimitedReader
	// timer ends a connection at its deadline, in nanoseconds since the pool was made: that of
	// an answer, or of being kept. A deadline that was put off finds the timer early.
	timer    *time.Timer
	deadline atomic.Int64
	// heard says that something has come and its reader has not dealt with it yet.
	heard atomic.Bool
	// why is why we have closed the connection; nil if we have not.
	why atomic.Pointer[error]

	// The mutex guards the flight, and is held while a request is written: the reader must
	// know whether bytes have left before it says what became of the request.
	mu     sync.Mutex
	flight *flight
}

// flight is a request under way.
type flight struct {
	method string
	then   func(Answer, error)
}

// open starts the reader of a connection, which is reserved.
func open(p *Pool, raw *counter, stream net.Conn) *Conn {
	c := &Conn{pool: p, raw: raw, stream: stream}
	c.limit = io.LimitedReader{R: stream, N: headerMax}
	c.in = bufio.NewReader(&c.limit)
	c.timer = time.AfterFunc(idleFor, c.expire)
	c.put(idleFor)
	go c.read()
	return c
}

// put sets the deadline.
func (c *Conn) put(after time.Duration) {
	c.deadline.Store(int64(time.Since(c.pool.born) + after))
	c.timer.Reset(after)
}

// left is how long it is to the deadline.
func (c *Conn) left() time.Duration {
	return time.Duration(c.deadline.Load()) - time.Since(c.pool.born)
}

// expire is the timer's. It waits while a request is written, which has a deadline of its own:
// one that has just begun must not be ended for the time in which its connection idled.
func (c *Conn) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := c.left(); left > 0 {
		c.timer.Reset(left)
		return
	}
	c.pool.forget(c)
	c.Abort(context.DeadlineExceeded)
}

// Flight is a request under way.
type Flight struct {
	conn   *Conn
	flight *flight
}

// Abort gives a request up, if it has not landed: its connection is closed, and the reason
// becomes its error.
func (f Flight) Abort(why error) {
	if f.conn == nil {
		return
	}
	f.conn.mu.Lock()
	defer f.conn.mu.Unlock()
	if f.conn.flight == f.flight {
		f.conn.Abort(why)
	}
}

// Abort ends the connection for a reason, which becomes the error of a request under way.
func (c *Conn) Abort(why error) {
	if c.why.CompareAndSwap(nil, &why) {
		_ = c.raw.Close() // not TLS's, which waits to say good-bye
	}
}

// Release makes a connection free that was reserved, and not used.
func (c *Conn) Release() {
	c.put(idleFor)
	c.free()
}

// free lets others have the connection.
func (c *Conn) free() {
	if !c.pool.push(c) {
		c.Abort(errEnough)
	}
	// The reader takes an ended connection out of the pool; it may have been there before us.
	// One that is not there any more is somebody else's.
	if (c.why.Load() != nil || c.heard.Load()) && c.pool.forget(c) {
		c.Abort(errStale)
	}
}

var errEnough = errors.New("enough connections are kept")

// Send writes a request on a connection that was reserved. An error is an [ErrNotSent]: the
// connection is of no more use, unless it is ErrHeld, and then is not called. Without an
// error then is called once, on another goroutine and perhaps before Send has returned; its
// error may be an ErrNotSent, too. It delays the connection's next request while it runs.
func (c *Conn) Send(r *Request, then func(Answer, error)) (Flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why.Load() != nil || c.heard.Load() {
		c.Abort(errStale)
		return Flight{}, &notSent{*c.why.Load()}
	}
	if r.Leave != nil && !r.Leave() {
		c.Release()
		return Flight{}, ErrHeld
	}
	before := c.raw.taken.Load()
	c.put(r.Timeout)
	f := &flight{method: r.Method, then: then}
	c.flight = f
	err := c.write(r)
	if err == nil {
		return Flight{c, f}, nil
	}
	c.Abort(err)
	if c.raw.taken.Load() == before {
		c.flight = nil
		return Flight{}, &notSent{*c.why.Load()}
	}
	return Flight{c, f}, nil // the reader says that it broke
}

// write writes a request, for as long as it says.
func (c *Conn) write(r *Request) error {
	if r.AtOnce && c.raw.system.known() {
		c.raw.atOnce.Store(true)
		_, err := c.stream.Write(r.Bytes)
		c.raw.atOnce.Store(false)
		return err
	}
	patience := r.Timeout
	if r.AtOnce {
		patience = atOnce
	}
	if err := c.stream.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.stream.Write(r.Bytes); err != nil {
		return err
	}
	_ = c.stream.SetWriteDeadline(time.Time{}) // what is written is written, and the answer may be here
	return nil
}

// read is the reader's goroutine: it waits for what comes, until the connection ends.
func (c *Conn) read() {
	defer c.pool.gone()
	for c.next() {
	}
	c.timer.Stop()
	_ = c.raw.Close()
}

// next takes one answer, and says whether the connection lives on.
func (c *Conn) next() bool {
	_, err := c.in.Peek(1)
	c.heard.Store(true)
	c.mu.Lock() // behind the writing of the request
	f := c.flight
	c.mu.Unlock()
	if f == nil { // nobody asked: the server closes, or says something that is no answer
		c.pool.forget(c)
		return false
	}
	var a Answer
	keep := false
	if err == nil {
		a, keep, err = c.answer(f.method)
	}
	c.mu.Lock() // behind it again: an answer may come while the request is being written
	c.flight = nil
	c.mu.Unlock()
	if why := c.why.Load(); why != nil {
		keep = false
		if err != nil {
			err = *why
		} else if a.Err != nil {
			a.Err = *why
		}
	}
	if keep {
		c.limit.N = headerMax
		c.put(idleFor)
		c.heard.Store(false)
		c.free()
	} else {
		c.Abort(net.ErrClosed)
	}
	f.then(a, err)
	return keep
}

// questions are what an answer is parsed for: whether it has a body depends on the method.
var questions = map[string]*http.Request{
	http.MethodGet: {Method: http.MethodGet}, http.MethodPost: {Method: http.MethodPost},
	http.MethodPut: {Method: http.MethodPut}, http.MethodDelete: {Method: http.MethodDelete},
}

// errSwitch: the server wants to speak something else.
var errSwitch = errors.New("the server switches protocols, and was not asked to")

// answer parses an answer, and says whether the connection may be kept.
func (c *Conn) answer(method string) (a Answer, keep bool, err error) {
	var r *http.Response
	for {
		r, err = http.ReadResponse(c.in, questions[method]) //nolint:bodyclose // Close would read the rest of a body that is too long; its connection is closed instead
		if err != nil {
			if c.limit.N <= 0 {
				err = fmt.Errorf("more than %d bytes of headers", headerMax)
			}
			return Answer{}, false, err
		}
		if r.StatusCode == http.StatusSwitchingProtocols {
			return Answer{}, false, errSwitch
		}
		if r.StatusCode >= 200 || r.StatusCode < 100 {
			break
		}
	}
	c.limit.N = math.MaxInt64 // net/http bounds the lines of chunks and the trailers
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), 1<<20)) + bytes.MinRead) // so that it need not grow to find the end
	_, err = body.ReadFrom(io.LimitReader(r.Body, BodyMax+1))
	a = Answer{Status: r.StatusCode, Header: r.Header, Body: body.Bytes(), Err: err}
	keep = a.Err == nil && len(a.Body) <= BodyMax && !r.Close && c.in.Buffered() == 0
	return a, keep, nil
}
