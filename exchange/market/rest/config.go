package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
)

// Config is what a client is made of. The zero Config asks Binance.
type Config struct {
	// UM, CM and Spot are the base URLs, scheme, host and port and nothing else; "" is
	// https://fapi.binance.com, https://dapi.binance.com and https://api.binance.com. Any
	// host is allowed, for requests carry nothing that is secret.
	UM, CM, Spot string
	// Transport carries requests; nil is HTTP/1.1 with kept connections, and a proxy if the
	// environment names one.
	Transport http.RoundTripper
	// Timeout is how long an answer may take, its body included; 10 s by default.
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
	timeoutDefault = 10 * time.Second
	shareDefault   = 80
	// slack is how far the corrected clock may be off when minutes turn.
	slack = 500 * time.Millisecond
	// waitersMax is how many requests of one class may wait for budget: more than there are
	// streams on a connection, each of which may want a snapshot.
	waitersMax = 2048
	// weightSpot is the weight that Binance allows an address a minute on api.
	weightSpot = 6000
)

// WeightFutures is the weight that Binance allows an address a minute on fapi and dapi
// together.
const WeightFutures = 2400

// bases are the hosts of Binance.
var bases = [...]string{
	exchange.UM: "https://fapi.binance.com", exchange.CM: "https://dapi.binance.com", exchange.Margin: "https://api.binance.com",
}

// The classes of a budget, as this client uses them: what is short and everything depends on,
// the clock and exchangeInfo; what running depends on, such as snapshots; and what can wait.
const (
	urgent  = budget.Cancel
	running = budget.Risk
	patient = budget.Read
)

// reserves are how many percent of the limit a class leaves, out of the share, to those above
// it: of a share of 80 the patient use 68, the running 78.
func reserves() map[budget.Class]int {
	return map[budget.Class]int{urgent: 0, running: 2, patient: 12}
}

// Client asks the public endpoints. It is safe for concurrent use and starts no goroutine.
type Client struct {
	bases     [len(bases)]string
	transport http.RoundTripper
	timeout   time.Duration
	now       func() exchange.Time
	log       *slog.Logger
	// futures guards fapi and dapi together, spot guards api.
	futures, spot *budget.Scheduler
	clock         clock
}

// New makes a client. It sends nothing.
func New(config Config) (*Client, error) {
	c := &Client{
		transport: config.Transport, timeout: config.Timeout, now: config.Now, log: config.Log, clock: newClock(),
	}
	if c.now == nil {
		c.now = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.timeout == 0 {
		c.timeout = timeoutDefault
	}
	if c.timeout < 0 {
		return nil, fmt.Errorf("rest client: timeout %v is below 0", c.timeout)
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	for p, text := range [...]string{exchange.UM: config.UM, exchange.CM: config.CM, exchange.Margin: config.Spot} {
		if bases[p] == "" {
			continue
		}
		base, err := baseURL(text, bases[p])
		if err != nil {
			return nil, fmt.Errorf("rest client: the URL in the place of %s: %w", bases[p], err)
		}
		c.bases[p] = base
	}
	if err := c.limit(config.SharePercent); err != nil {
		return nil, fmt.Errorf("rest client: %w", err)
	}
	return c, nil
}

// limit sets up the budgets. The share holds for quotas, too.
func (c *Client) limit(share int) error {
	if share == 0 {
		share = shareDefault
	}
	now := func() time.Time { return c.ServerTime().UTC() }
	l := budget.Limits{Weight: weightSpot, SharePercent: share, Slack: slack, QueueMax: waitersMax, KeptBack: reserves()}
	var err error
	if c.spot, err = budget.NewScheduler(l, now); err != nil {
		return err
	}
	l.Weight = WeightFutures
	for _, q := range quotaTable {
		q.N = q.N * share / 100
		l.Quotas = append(l.Quotas, q)
	}
	c.futures, err = budget.NewScheduler(l, now)
	return err
}

// baseURL reads a base URL that has nothing but scheme and host. The text is not in its
// errors, for a URL may hold a password.
func baseURL(text, usual string) (string, error) {
	if text == "" {
		return usual, nil
	}
	text = strings.TrimSuffix(text, "/")
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("is not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Scheme+"://"+u.Host != text {
		return "", errors.New("has more or less than http or https, a host and perhaps a port, as " + usual + " has")
	}
	return text, nil
}

// newTransport keeps connections and takes compressed answers, which makes one of an
// exchangeInfo of a megabyte twenty times shorter.
func newTransport() *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		Protocols:           &http1,
		TLSHandshakeTimeout: 3 * time.Second,
		MaxIdleConns:        24,
		MaxIdleConnsPerHost: 8,
		MaxConnsPerHost:     8,
		IdleConnTimeout:     55 * time.Second,

		MaxResponseHeaderBytes: 64 << 10,
	}
}

// budget is the scheduler of a product's host.
func (c *Client) budget(p exchange.Product) *budget.Scheduler {
	if p == exchange.Margin {
		return c.spot
	}
	return c.futures
}

// Usage is what a UTC minute has used of a budget so far.
type Usage = budget.Usage

// Usage is what this minute has used of the budget of a product's host, by the larger of our
// own count and the exchange's. UM and CM have one budget together.
func (c *Client) Usage(p exchange.Product) Usage { return c.budget(p).Usage() }
