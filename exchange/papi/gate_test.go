package papi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// TestNoWriteWithoutApproval walks the table: what is marked as a write leaves with a valid
// approval and in no other way, and what is not marked can change nothing but by ending
// orders.
func TestNoWriteWithoutApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		old := d.approve()
		d.state(exchange.Halted)
		d.state(exchange.Active)
		late := d.approve()
		<-time.After(501 * time.Millisecond)
		writes := 0
		for ep := range endpoints {
			s := ep.spec()
			if change := s.method == http.MethodPost || s.method == http.MethodPut; s.write != (change && s.security == signed) {
				t.Errorf("%v: write is %v", ep, s.write)
			}
			if s.write && s.host != hostPAPI {
				t.Errorf("%v: a write to another host", ep)
			}
			if !s.write {
				continue
			}
			writes++
			transport := always(200, "{}")
			c := newTestClient(t, transport)
			c.SetEpoch(d.guard.Epoch())
			for name, send := range map[string]func() error{
				"without":       func() error { _, err := c.do(t.Context(), ep, new(query)); return err },
				"by call":       func() error { _, err := call[empty](t.Context(), c, ep, new(query)); return err },
				"with none":     func() error { _, err := c.attempt(t.Context(), ep, new(query), riskguard.Approved{}); return err },
				"of an epoch":   func() error { _, err := c.attempt(t.Context(), ep, new(query), old); return err },
				"too late":      func() error { _, err := c.attempt(t.Context(), ep, new(query), late); return err },
				"past the wait": func() error { _, _, err := c.send(t.Context(), ep, new(query), late); return err },
			} {
				if err := send(); !errors.Is(err, ErrNotApproved) || !errors.Is(err, ErrNotSent) {
					t.Errorf("%v %s: %v", ep, name, err)
				}
			}
			if len(transport.requests) != 0 {
				t.Fatalf("%v: a request left", ep)
			}
			if _, err := c.attempt(t.Context(), ep, new(query), d.approve()); err != nil {
				t.Errorf("%v with an approval: %v", ep, err)
			}
			if sent, _ := transport.asked(); len(sent) != 1 || c.Usage().Weight != s.weight && c.Usage().Weight != s.broad {
				t.Errorf("%v: %d requests, usage %+v", ep, len(sent), c.Usage())
			}
		}
		if writes != 22 {
			t.Errorf("%d writes", writes)
		}
	})
}

// TestHaltWhileConnecting ends the epoch while an order waits for a connection. The order
// must not leave once the connection is there.
func TestHaltWhileConnecting(t *testing.T) {
	for _, how := range []string{"halt", "expiry", "neither"} {
		synctest.Test(t, func(t *testing.T) {
			served := 0
			p := newPipes()
			p.serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				served++
				_, _ = w.Write([]byte(orderAnswer))
			}))
			connect := make(chan struct{})
			c, d := haltable(t, loopbackConfig(func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-connect
				return p.dial(ctx, "", "")
			}))
			result := make(chan error, 1)
			go func() { result <- sendOne(t, c, d) }()
			synctest.Wait()
			epoch := d.guard.Epoch()
			if c.Drained(epoch + 1) {
				t.Error("drained before the epoch began")
			}
			switch how {
			case "halt":
				d.state(exchange.Halted)
				epoch = d.guard.Epoch()
				if c.SetEpoch(epoch); c.Drained(epoch) {
					t.Error("drained while an order waits for its connection")
				}
			case "expiry":
				<-time.After(time.Second)
			}
			close(connect)
			err := <-result
			if how == "neither" {
				if err != nil || served != 1 {
					t.Errorf("%v, %d served", err, served)
				}
				return
			}
			if !errors.Is(err, ErrNotApproved) || !errors.Is(err, ErrNotSent) || served != 0 {
				t.Errorf("%s: %v, %d served", how, err, served)
			}
			if err := c.Drain(t.Context(), epoch); err != nil {
				t.Error(err)
			}
		})
	}
}

// haltable is a client in the epoch of a desk, whose clock is measured.
func haltable(t *testing.T, config Config) (*Client, *desk) {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	c.clock.measured = c.now()
	d := newDesk(t)
	c.SetEpoch(d.guard.Epoch())
	return c, d
}

func sendOne(t *testing.T, c *Client, d *desk) error {
	_, err := c.attempt(t.Context(), epNewUMOrder, newOrder(), d.approve())
	return err
}

// TestDrainWaitsForAnswers: what was written before a halt can still arrive after the
// cancels that follow it, so the halt waits for its answer, or until it is given up.
func TestDrainWaitsForAnswers(t *testing.T) {
	for _, answers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			free := make(chan struct{})
			transport := &carrier{answer: func(r *http.Request, _ string) (*http.Response, error) {
				select {
				case <-free:
					return respond(200, orderAnswer), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}}
			c, d := haltable(t, testConfig(transport))
			result := make(chan error, 1)
			go func() { result <- sendOne(t, c, d) }()
			synctest.Wait()
			d.state(exchange.Halted)
			epoch := d.guard.Epoch()
			c.SetEpoch(epoch)
			if c.Drained(epoch) {
				t.Error("drained while an order flies")
			}
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := c.Drain(short, epoch); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if answers {
				close(free)
			}
			start := time.Now()
			if err := c.Drain(t.Context(), epoch); err != nil {
				t.Error(err)
			}
			err := <-result
			if took := time.Since(start); answers && (err != nil || took != 0) || !answers && (!errors.Is(err, ErrUnknownOutcome) || took != 9*time.Second) {
				t.Errorf("answers %v: %v, drained after %v", answers, err, took)
			}
		})
	}
}

// TestNotSent: an order that found no connection has certainly not been sent, and says so.
func TestNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := haltable(t, loopbackConfig(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route to host") }))
		err := sendOne(t, c, d)
		if e := refused(t, err, ErrNotSent); !e.Retryable || e.Error() != "POST /papi/v1/um/order: refused: no route to host" {
			t.Error(err)
		}
		if used := c.Usage(); used.Weight != 0 || used.Orders != 0 {
			t.Errorf("%+v", used)
		}
	})
}

// TestOrdersAreSentOnce: a kept connection that the server closes under an order makes its
// outcome unknown.
func TestOrdersAreSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := 0
		config := newPipes().serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if served++; served > 1 {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
				}
				conn.Close()
				return
			}
			_, _ = w.Write([]byte(orderAnswer))
		}))
		c, d := haltable(t, config)
		if err := sendOne(t, c, d); err != nil {
			t.Fatal(err)
		}
		if err := sendOne(t, c, d); !errors.Is(err, ErrUnknownOutcome) || served != 2 {
			t.Errorf("%v, served %d times", err, served)
		}
	})
}

// TestEpochsOnlyGrow: an old message cannot bring an ended epoch back.
func TestEpochsOnlyGrow(t *testing.T) {
	c := newTestClient(t, always(200, orderAnswer))
	c.SetEpoch(5)
	c.SetEpoch(4)
	if !c.Drained(5) || c.Drained(6) {
		t.Error("a lower epoch counted")
	}
}
