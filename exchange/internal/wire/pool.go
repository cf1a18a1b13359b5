package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// flyingMax is how many requests of Do may be under way; more wait.
	flyingMax = 64
	// idleMax is how many connections are kept.
	idleMax = 32
	// idleFor is how long a connection is kept, and renewAfter when Keep makes another one in
	// its place.
	idleFor    = 55 * time.Second
	renewAfter = 45 * time.Second
	// dialFor and shakeFor are how long it may take to connect, and to agree on TLS.
	dialFor, shakeFor = 3 * time.Second, 3 * time.Second
	// keepEvery is how often Keep looks, redialMax how long it pauses at most when it cannot
	// connect.
	keepEvery, redialMax = 5 * time.Second, 30 * time.Second
)

// Config says where the server is.
type Config struct {
	// Host is the server as the Host header has it, with a port unless it is 80, or 443 with
	// TLS.
	Host string
	TLS  bool
	// Roots are trusted in place of the machine's; nil are the machine's.
	Roots *x509.CertPool
	// Dial makes the connection below TLS; nil is the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Pool are the connections to one server. Its methods may be called from any goroutine.
type Pool struct {
	address string
	tls     *tls.Config // nil: plain
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	// born is the origin of deadlines, which are kept as numbers.
	born   time.Time
	flying chan struct{}
	// missed tells Keep that a connection is gone.
	missed chan struct{}

	// The mutex guards the list below, for nanoseconds; senders, readers and timers of all
	// connections use it, and a channel would make one of them wait for another to wake.
	mu sync.Mutex
	// idle are the connections that are free, the one used last at the end.
	idle []*Conn
	// open counts all connections.
	open int
}

// New makes a pool. It opens nothing.
func New(c Config) *Pool {
	p := &Pool{address: c.Host, dial: c.Dial, born: time.Now(), flying: make(chan struct{}, flyingMax), missed: make(chan struct{}, 1)}
	port := "80"
	if c.TLS {
		port = "443"
	}
	name, _, err := net.SplitHostPort(c.Host)
	if err != nil {
		name = strings.Trim(c.Host, "[]") // of an address of version 6
		p.address = net.JoinHostPort(name, port)
	}
	if c.TLS {
		p.tls = &tls.Config{
			ServerName: name, RootCAs: c.Roots, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
			ClientSessionCache: tls.NewLRUClientSessionCache(4),
		}
	}
	if p.dial == nil {
		p.dial = (&net.Dialer{Timeout: dialFor, KeepAlive: 15 * time.Second}).DialContext
	}
	return p
}

// Address is "http" or "https" and where the pool connects to, with a port.
func (p *Pool) Address() string {
	if p.tls == nil {
		return "http " + p.address
	}
	return "https " + p.address
}

// Do sends a request and waits for its answer. A connection that turns out to be closed
// before a byte has left is replaced by another.
func (p *Pool) Do(ctx context.Context, r *Request) (Answer, error) {
	select {
	case p.flying <- struct{}{}:
		defer func() { <-p.flying }()
	case <-ctx.Done():
		return Answer{}, &notSent{ctx.Err()}
	}
	landed := make(chan landing, 1)
	for {
		c := p.Idle()
		fresh := c == nil
		if fresh {
			var err error
			if c, err = p.connect(ctx); err != nil {
				return Answer{}, &notSent{err}
			}
		}
		flight, err := c.Send(r, func(a Answer, err error) { landed <- landing{a, err} })
		if err != nil && (fresh || errors.Is(err, ErrHeld)) {
			return Answer{}, err
		}
		if err != nil {
			continue
		}
		select {
		case l := <-landed:
			return l.answer, l.err
		case <-ctx.Done():
			flight.Abort(ctx.Err())
			l := <-landed
			return l.answer, l.err
		}
	}
}

type landing struct {
	answer Answer
	err    error
}

// Idle reserves a connection that is open and free; nil is none. It must be given to
// [Conn.Send] or [Conn.Release].
func (p *Pool) Idle() *Conn {
	for {
		c := p.pop()
		if c == nil || !c.raw.system.pending() {
			return c
		}
		c.Abort(errStale)
	}
}

var errStale = errors.New("the server has closed the connection")

// pop takes the connection that was used last.
func (p *Pool) pop() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return c
}

// push makes a connection free; false says that enough are.
func (p *Pool) push(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) >= idleMax {
		return false
	}
	p.idle = append(p.idle, c)
	return true
}

// forget takes a connection out of the free ones; false says that it was none.
func (p *Pool) forget(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, c)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	return true
}

// connect opens a connection and reserves it.
func (p *Pool) connect(ctx context.Context) (*Conn, error) {
	raw, err := p.dial(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	counted := newCounter(raw)
	stream := net.Conn(counted)
	if p.tls != nil {
		shake, cancel := context.WithTimeout(ctx, shakeFor)
		defer cancel()
		secure := tls.Client(counted, p.tls)
		if err := secure.HandshakeContext(shake); err != nil {
			_ = raw.Close()
			return nil, err
		}
		stream = secure
	}
	p.mu.Lock()
	p.open++
	p.mu.Unlock()
	return open(p, counted, stream), nil
}

// gone counts a connection that has ended.
func (p *Pool) gone() {
	p.mu.Lock()
	p.open--
	p.mu.Unlock()
	select {
	case p.missed <- struct{}{}:
	default:
	}
}

// Keep has n connections open until the context ends, and then closes those that are free.
// It makes a new one when one is lost, and before one has been free for too long.
func (p *Pool) Keep(ctx context.Context, n int) {
	defer p.CloseIdle()
	pause := keepEvery
	for {
		if err := p.warm(ctx, n); err != nil {
			pause = min(2*pause, redialMax)
		} else {
			pause = keepEvery
		}
		timer := time.NewTimer(pause)
		missed := p.missed
		if pause != keepEvery {
			missed = nil // the server does not take connections: do not hammer it
		}
		select {
		case <-missed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// warm opens what is lacking to n connections that are young or in use.
func (p *Pool) warm(ctx context.Context, n int) error {
	for ctx.Err() == nil && p.young() < n {
		c, err := p.connect(ctx)
		if err != nil {
			return err
		}
		c.Release()
	}
	return nil
}

// young counts the connections that are in use or have not been free for long.
func (p *Pool) young() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for _, c := range p.idle {
		if c.left() < idleFor-renewAfter {
			old++
		}
	}
	return p.open - old
}

// CloseIdle closes the connections that are free.
func (p *Pool) CloseIdle() {
	for c := p.pop(); c != nil; c = p.pop() {
		c.Abort(net.ErrClosed)
	}
}
