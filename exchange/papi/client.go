package papi

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/exchange/internal/sign"
	"github.com/pmbot/pmbot/exchange/internal/wire"
	"github.com/pmbot/pmbot/riskguard"
)

// Secret holds what must never be seen: it prints as "[secret]" everywhere.
type Secret = sign.Secret

// NewSecret hides a text.
func NewSecret(text string) Secret { return sign.NewSecret(text) }

// Config is what a client is made of. Only Key and Secret have no default.
type Config struct {
	// Key is the API key, sent in a header.
	Key Secret
	// Secret signs: an HMAC secret as Binance showed it once, or an RSA or Ed25519 private
	// key as PKCS#8 PEM.
	Secret Secret
	// PAPI, SAPI and FAPI replace the hosts of Binance by servers on this machine, such as
	// "http://127.0.0.1:9000": all three or none. Any host but a loopback address is an
	// error.
	PAPI, SAPI, FAPI string
	// Roots are trusted in place of the machine's, for servers on this machine: without PAPI
	// they are an error.
	Roots *x509.CertPool
	// Dial makes connections below TLS; nil is the network. No proxy is asked.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Transport carries requests in place of the client's own connections, which alone can
	// send without waiting and know whether bytes have left.
	Transport http.RoundTripper
	// RecvWindow is how long the exchange may take to accept a request, in whole
	// milliseconds; 5 s by default, 60 s at most.
	RecvWindow time.Duration
	// Timeout is how long an answer may take; 10 s by default.
	Timeout time.Duration
	// SharePercent is how much of the exchange's limits may be used, 50 to 100; 80 by
	// default.
	SharePercent int
	// Now is the local clock; nil is the machine's.
	Now func() exchange.Time
	// Log takes what a person should know; nil is nobody.
	Log *slog.Logger
}

const (
	recvWindowDefault = 5 * time.Second
	recvWindowMax     = 60 * time.Second
	timeoutDefault    = 10 * time.Second
	shareDefault      = 80
	// slack is how far the corrected clock may be off when minutes turn.
	slack = 500 * time.Millisecond
	// waitersMax is how many requests of one class may wait for budget.
	waitersMax = 256
	// connsKept is how many connections to papi are open while orders may come.
	connsKept = 4
)

// limits of the services that are spoken to. papi's are those of general-info and of the
// change log of September 2023; sapi's is that of one endpoint, taken for all together;
// fapi's is that of all market data of futures.
var limits = [hosts]struct{ weight, orders int }{
	hostPAPI: {weight: 6000, orders: 1200},
	hostSAPI: {weight: 12000},
	hostFAPI: {weight: 2400},
}

// Client calls the endpoints of papi and the listed reads of sapi. It is safe for
// concurrent use. Each of its connections has a goroutine that reads, which ends when the
// connection has been idle for a minute, or by CloseIdle.
type Client struct {
	key        Secret
	signer     *sign.Signer
	heads      func(*spec) string
	recvWindow time.Duration
	timeout    time.Duration
	now        func() exchange.Time
	log        *slog.Logger
	servers    [hosts]server
	gate       gate
	clock      clock
}

// server is where an endpoint's requests go, and what they may use there.
type server struct {
	host   string
	line   line
	pool   *wire.Pool // the line, if it is the client's own
	budget *budget.Scheduler
}

// New makes a client. It sends nothing.
func New(c Config) (*Client, error) {
	client, err := newClient(c)
	if err != nil {
		return nil, fmt.Errorf("papi client: %w", err)
	}
	return client, nil
}

func newClient(config Config) (*Client, error) {
	for i, b := range []byte(config.Key.Reveal()) {
		if b <= ' ' || b > '~' {
			return nil, fmt.Errorf("the key has a space, a line break or a character that is not ASCII at position %d", i+1)
		}
	}
	if config.Key.Empty() {
		return nil, errors.New("the key is empty")
	}
	signer, err := sign.New(config.Secret)
	if err != nil {
		return nil, err
	}
	c := &Client{
		key: config.Key, signer: signer, heads: newHeads(config.Key), log: config.Log, now: config.Now,
		recvWindow: config.RecvWindow, timeout: config.Timeout,
		gate: newGate(), clock: newClock(),
	}
	if c.now == nil {
		c.now = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.recvWindow == 0 {
		c.recvWindow = recvWindowDefault
	}
	if c.timeout == 0 {
		c.timeout = timeoutDefault
	}
	if c.recvWindow < time.Millisecond || c.recvWindow > recvWindowMax || c.recvWindow%time.Millisecond != 0 {
		return nil, fmt.Errorf("recvWindow %v is not of whole milliseconds up to %v", c.recvWindow, recvWindowMax)
	}
	if c.timeout < 0 {
		return nil, fmt.Errorf("timeout %v is below 0", c.timeout)
	}
	return c, c.serve(config)
}

// serve sets up the servers and their budgets.
func (c *Client) serve(config Config) error {
	bases, err := resolve(config.PAPI, config.SAPI, config.FAPI)
	if err != nil {
		return err
	}
	if config.Roots != nil && config.PAPI == "" {
		return errors.New("roots of one's own are for servers on this machine, not for Binance")
	}
	share := config.SharePercent
	if share == 0 {
		share = shareDefault
	}
	for h := hostPAPI; h < hosts; h++ {
		l := budget.Limits{
			Weight: limits[h].weight, Orders: limits[h].orders, SharePercent: share,
			Slack: slack, QueueMax: waitersMax, Quotas: quotaTable[:],
		}
		scheduler, err := budget.NewScheduler(l, func() time.Time { return c.ServerTime().UTC() })
		if err != nil {
			return err
		}
		c.servers[h] = server{host: bases[h].host, budget: scheduler}
		if config.Transport != nil {
			c.servers[h].line = foreign{config.Transport, bases[h].scheme, bases[h].host}
			continue
		}
		pool := wire.New(wire.Config{Host: bases[h].host, TLS: bases[h].scheme == "https", Roots: config.Roots, Dial: config.Dial})
		c.servers[h].line, c.servers[h].pool = pool, pool
	}
	return nil
}

// keepOpen keeps some connections to papi open until the context ends, so that orders need
// not wait for one.
func (c *Client) keepOpen(ctx context.Context) {
	if pool := c.servers[hostPAPI].pool; pool != nil {
		pool.Keep(ctx, connsKept)
	}
}

// CloseIdle closes the connections that no request uses.
func (c *Client) CloseIdle() {
	for h := hostPAPI; h < hosts; h++ {
		if pool := c.servers[h].pool; pool != nil {
			pool.CloseIdle()
		}
	}
}

// Format prints nothing of what the client holds, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "papi client") }

// RecvWindow is how long after its timestamp the exchange may accept a request.
func (c *Client) RecvWindow() time.Duration { return c.recvWindow }

// Usage is what this minute has used of the budget of papi.
type Usage = budget.Usage

// Usage is what this minute has used of the budget of papi, by the larger of our own count
// and the exchange's.
func (c *Client) Usage() Usage { return c.servers[hostPAPI].budget.Usage() }

// call asks a read, a cancel or the listenKey, and decodes its answer into an A.
func call[A any](ctx context.Context, c *Client, ep endpoint, q *query) (A, error) {
	r, err := c.do(ctx, ep, q)
	return answer[A](ep, r, err)
}

// write sends what may change the account or its risk, if the approval still holds when the
// bytes are written, and decodes the answer into an A. It is never tried twice.
func write[A any](ctx context.Context, c *Client, ep endpoint, q *query, approved riskguard.Approved) (A, error) {
	r, err := c.attempt(ctx, ep, q, approved)
	return answer[A](ep, r, err)
}

// answer decodes a body. An answer that cannot be read tells nothing, so the outcome of a
// request that got one is unknown.
func answer[A any](ep endpoint, r reply, err error) (A, error) {
	var a A
	if err != nil {
		return a, err
	}
	if err := decode(r.body, &a); err != nil {
		return a, &Error{Endpoint: ep.String(), HTTP: http.StatusOK, Outcome: Unknown, Sent: r.stamp, Err: fmt.Errorf("answer: %w", err)}
	}
	return a, nil
}

// retryPauses are those that Binance asks for before a read is tried again.
var retryPauses = [...]time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond}

// do sends a request that needs no approval. A read that failed in passing is tried again; a
// cancel is not, because who sent it knows better what to do. A write that comes this way
// has no approval and is not sent.
func (c *Client) do(ctx context.Context, ep endpoint, q *query) (reply, error) {
	for try := 0; ; try++ {
		r, err := c.attempt(ctx, ep, q, riskguard.Approved{})
		var failure *Error
		if err == nil || try == len(retryPauses) || !errors.As(err, &failure) || !failure.passing(ep.spec()) {
			return r, err
		}
		pause := time.NewTimer(retryPauses[try])
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return r, err
		}
	}
}

// passing says whether a read is worth another try soon.
func (e *Error) passing(s *spec) bool {
	if s.method != http.MethodGet || s.quota != noQuota || errors.As(e.Err, new(*budget.Refusal)) {
		return false
	}
	switch e.HTTP {
	case http.StatusTooManyRequests, http.StatusTeapot, http.StatusForbidden:
		return false
	}
	return e.Retryable || e.Outcome == Unknown
}

// KeyKind is what kind of key a secret belongs to: "HMAC", "RSA" or "Ed25519". The error says
// what is wrong with the text and shows nothing of it.
func KeyKind(secret Secret) (string, error) {
	signer, err := sign.New(secret)
	if err != nil {
		return "", err
	}
	return signer.Kind(), nil
}
