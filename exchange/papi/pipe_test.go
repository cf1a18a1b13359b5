package papi

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
)

// pipes is a network of two in memory, for tests in virtual time: what dials it reaches
// what listens on it.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers on the network until the test ends, and returns what makes a client of it.
func (p *pipes) serve(t *testing.T, h http.Handler) Config {
	t.Helper()
	server := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(p)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return loopbackConfig(p.dial)
}

// loopbackConfig speaks plain HTTP, as to a simulator.
func loopbackConfig(dial func(context.Context, string, string) (net.Conn, error)) Config {
	c := testConfig(nil)
	c.PAPI, c.SAPI, c.FAPI, c.Dial = "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3", dial
	return c
}

// built is a request as a server reads it.
func built(t testing.TB, c *Client, ep endpoint, q *query) *http.Request {
	t.Helper()
	b, _, err := c.build(ep.spec(), q)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
