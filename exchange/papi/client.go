package papi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/sign"
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
	// PAPI, SAPI and FAPI replace the hosts of Binance by a server on this machine, such as
	// "http://127.0.0.1:9000". Any host but a loopback address is an error.
	PAPI, SAPI, FAPI string
	// Transport carries requests; nil is HTTP/1.1 with kept connections.
	Transport http.RoundTripper
	// RecvWindow is how long the exchange may take to accept a request; 5 s by default, 60 s
	// at most.
	RecvWindow time.Duration
	// Timeout is how long an answer may take; 10 s by default.
	Timeout time.Duration
	// SharePercent is how much of the exchange's limits may be used; 80 by default.
	SharePercent int
	// Now is the local clock; nil is the machine's.
	Now func() exchange.Time
	// Log takes what a person should know; nil is nobody.
	Log *slog.Logger
}

// Client calls the endpoints of papi and the listed reads of sapi. It is safe for
// concurrent use.
type Client struct{}

// New makes a client. It sends nothing.
func New(Config) (*Client, error) { return &Client{}, nil }

// call asks a read, a cancel or the listenKey, and decodes its answer into an A.
func call[A any](ctx context.Context, c *Client, ep endpoint, q *query) (A, error) {
	body, err := c.do(ctx, ep, q)
	return answer[A](ep, body, err)
}

// write sends what may change the account or its risk, if the approval still holds when the
// bytes are written, and decodes the answer into an A. It is never tried twice.
func write[A any](ctx context.Context, c *Client, ep endpoint, q *query, approved riskguard.Approved) (A, error) {
	body, err := c.write(ctx, ep, q, approved)
	return answer[A](ep, body, err)
}

// answer decodes a body. An answer that cannot be read tells nothing, so the outcome of a
// request that got one is unknown.
func answer[A any](ep endpoint, body []byte, err error) (A, error) {
	var a A
	if err != nil {
		return a, err
	}
	if err := decode(body, &a); err != nil {
		return a, &Error{Endpoint: ep.String(), HTTP: http.StatusOK, Outcome: Unknown, Err: fmt.Errorf("answer: %w", err)}
	}
	return a, nil
}

func (c *Client) do(context.Context, endpoint, *query) ([]byte, error) {
	return nil, errors.New("papi: there is no transport yet")
}

func (c *Client) write(context.Context, endpoint, *query, riskguard.Approved) ([]byte, error) {
	return nil, errors.New("papi: there is no transport yet")
}

// SetEpoch tells the client the guard's halt epoch: approvals of any other are no longer
// sent.
func (c *Client) SetEpoch(uint64) {}

// Drained says that no write approved in an epoch before this one can still leave.
func (c *Client) Drained(uint64) bool { return true }

// Drain waits for [Client.Drained].
func (c *Client) Drain(context.Context, uint64) error { return nil }
