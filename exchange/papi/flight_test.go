package papi

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
)

// flying makes a world that is live and whose requests fly.
func flying(t *testing.T, test func(w *world)) {
	t.Helper()
	startedBy(t, func(w *world) Config { return newPipes().serve(w.t, http.HandlerFunc(w.serveHTTP)) }, func(w *world) {
		w.run()
		w.pass(time.Second)
		w.clear()
		test(w)
	})
}

// aloft is how many requests fly, queued how many wait for a worker or behind others.
func (w *world) aloft() (flying, queued int) {
	b := w.broker
	b.waiting.Lock()
	defer b.waiting.Unlock()
	return len(b.waiting.flying), len(b.orders) + len(b.cancels) + b.waiting.count
}

// held answers a request when release is closed.
func (w *world) held(request string, answer func(url.Values) (int, string)) (release chan struct{}) {
	release = make(chan struct{})
	w.does(request, func(v url.Values) (int, string) {
		<-release
		return answer(v)
	})
	return release
}

func taken(v url.Values) (int, string) {
	return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7)
}

// TestFlies: an order is on the wire when Submit returns, and what follows about it waits.
func TestFlies(t *testing.T) {
	flying(t, func(w *world) {
		release := w.held("POST um/order", taken)
		a := w.submit()
		if flies, queued := w.aloft(); flies != 1 || queued != 0 {
			t.Errorf("%d fly, %d wait", flies, queued)
		}
		w.does("DELETE um/order", func(url.Values) (int, string) { return 200, umAnswer("test-1", "CANCELED", "0", 7) })
		w.broker.Cancel(a.Order(), 0)
		w.submit() // another order does not wait
		synctest.Wait()
		if flies, queued := w.aloft(); flies != 2 || queued != 1 || w.count("POST um/order") != 2 || w.count("DELETE um/order") != 0 {
			t.Errorf("%d fly, %d wait, asked %v", flies, queued, w.asked)
		}
		close(release)
		synctest.Wait()
		if flies, queued := w.aloft(); flies != 0 || queued != 0 || w.count("DELETE um/order") != 1 {
			t.Errorf("%d fly, %d wait, asked %v", flies, queued, w.asked)
		}
	})
}

// TestDoesNotFly: what stands in the way of flying leaves an order to the workers, who carry
// it out or say why not.
func TestDoesNotFly(t *testing.T) {
	for name, c := range map[string]struct {
		hinder func(w *world)
		want   string // what is told, "" for the order's taking
	}{
		"no connection is free": {hinder: func(w *world) {
			pool := w.broker.config.Client.servers[hostPAPI].pool
			for pool.Idle() != nil { // reserved for ever, for this test
				continue
			}
		}},
		"the clock is unknown": {hinder: func(w *world) {
			c := w.broker.config.Client
			c.clock.mu.Lock()
			defer c.clock.mu.Unlock()
			c.clock.wrong = true
		}},
		"another epoch": {
			hinder: func(w *world) { w.broker.config.Client.SetEpoch(w.desk.guard.Epoch() + 1) },
			want:   "ORDER_UPDATE UM BTCUSDT: test-1 #0 REJECTED 0.001 at 50000, filled 0, -1 no valid approval, retryable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			flying(t, func(w *world) {
				release := w.held("POST um/order", taken)
				c.hinder(w)
				before := w.broker.config.Client.Usage()
				w.submit()
				if flies, _ := w.aloft(); flies != 0 {
					t.Errorf("%d fly", flies)
				}
				close(release)
				if c.want != "" {
					w.want(c.want)
					if after := w.broker.config.Client.Usage(); after.Orders != before.Orders || !w.broker.config.Client.Drained(w.desk.guard.Epoch()+1) {
						t.Errorf("usage %+v, before %+v, or the gate is not drained", after, before)
					}
					return
				}
				w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0")
			})
		})
	}
}

// TestBudgetGrounds: orders for which there is no room wait for it with the workers.
func TestBudgetGrounds(t *testing.T) {
	flying(t, func(w *world) {
		w.does("POST um/order", taken)
		scheduler := w.broker.config.Client.servers[hostPAPI].budget
		for {
			ticket, ok := scheduler.Try(epNewUMOrder.spec().request(new(query), w.desk.approve()))
			if !ok {
				break
			}
			scheduler.Settle(ticket, budget.Answer{Status: 200})
		}
		w.submit()
		if flies, _ := w.aloft(); flies != 0 {
			t.Errorf("%d fly", flies)
		}
		synctest.Wait()
		if n := w.count("POST um/order"); n != 0 {
			t.Errorf("%d were sent", n)
		}
	})
}

// TestFlightIsDrained: a halt is drained when what flies has landed.
func TestFlightIsDrained(t *testing.T) {
	flying(t, func(w *world) {
		release := w.held("POST um/order", taken)
		w.submit()
		w.desk.state(exchange.Halted)
		c, epoch := w.broker.config.Client, w.desk.guard.Epoch()
		c.SetEpoch(epoch)
		synctest.Wait()
		if c.Drained(epoch) {
			t.Error("drained while an order flies")
		}
		close(release)
		if err := c.Drain(w.t.Context(), epoch); err != nil {
			t.Error(err)
		}
	})
}

// TestFlightTimesOut: an order without an answer is in doubt after the timeout, and its pass
// and ticket are given back.
func TestFlightTimesOut(t *testing.T) {
	flying(t, func(w *world) {
		w.does("POST um/order", func(url.Values) (int, string) { return 0, "" })
		w.fails("GET um/order", 400, noSuchOrder)
		w.submit()
		w.pass(timeoutDefault + time.Second)
		w.mu.Lock()
		if len(w.log) == 0 || w.log[0] != "ORDER_UPDATE UM BTCUSDT: test-1 #0 UNKNOWN 0 at 0, filled 0, 0 POST /papi/v1/um/order: unknown: context deadline exceeded" {
			t.Errorf("told %q", w.log)
		}
		w.mu.Unlock()
		if flies, _ := w.aloft(); flies != 0 {
			t.Errorf("%d fly", flies)
		}
		if !w.broker.config.Client.Drained(w.desk.guard.Epoch() + 1) {
			w.broker.config.Client.SetEpoch(w.desk.guard.Epoch() + 1)
			if !w.broker.config.Client.Drained(w.desk.guard.Epoch() + 1) {
				t.Error("the gate is not drained")
			}
		}
	})
}

// TestFlightEnds: an order that flies when the broker stops is in doubt, and what waits behind
// it is refused; what comes later is, too.
func TestFlightEnds(t *testing.T) {
	flying(t, func(w *world) {
		release := w.held("POST um/order", taken)
		a := w.submit()
		w.broker.Cancel(a.Order(), 0)
		w.stop()
		<-w.over
		w.submit()
		w.want(
			"ORDER_UPDATE UM BTCUSDT: test-1 #0 UNKNOWN 0 at 0, filled 0, 0 POST /papi/v1/um/order: unknown: context canceled",
			"ORDER_UPDATE UM BTCUSDT: test-1 #0 UNKNOWN 0 at 0, filled 0, -1 not sent: the broker has stopped, retryable",
			"gap: the broker has stopped",
			"ORDER_UPDATE UM BTCUSDT: test-2 #0 REJECTED 0.001 at 50000, filled 0, -1 not sent: the broker has stopped, retryable",
		)
		close(release)
		w.stop = nil
	})
}

// TestManyFly submits and cancels from many goroutines while the broker stops: each order is
// told of, and nobody hangs.
func TestManyFly(t *testing.T) {
	flying(t, func(w *world) {
		w.does("POST um/order", taken)
		w.fails("DELETE um/order", 400, `{"code":-1102,"msg":"A mandatory parameter was not sent."}`)
		var orders []func()
		for range 200 {
			a := w.desk.approve()
			orders = append(orders, func() {
				w.broker.Submit(a, 0)
				w.broker.Cancel(a.Order(), 0)
			})
		}
		next := make(chan func())
		var senders sync.WaitGroup
		for range 8 {
			senders.Go(func() {
				for f := range next {
					f()
				}
			})
		}
		for i, f := range orders {
			next <- f
			if i == 150 {
				w.stop()
			}
		}
		close(next)
		senders.Wait()
		<-w.over
		synctest.Wait()
		if flies, queued := w.aloft(); flies != 0 || queued != 0 {
			t.Errorf("%d fly, %d wait", flies, queued)
		}
		w.mu.Lock()
		told := len(w.log)
		w.mu.Unlock()
		if told < 400 {
			t.Errorf("%d answers to 400 requests", told)
		}
		w.stop = nil
	})
}

// deaf takes no bytes of orders.
type deaf struct{ net.Conn }

func (c deaf) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("POST /papi/v1/um/order")) {
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(b)
}

// TestNothingLeaves: an order of which no connection takes a byte is refused, however it was to
// leave, and counts nowhere.
func TestNothingLeaves(t *testing.T) {
	startedBy(t, func(w *world) Config {
		config := newPipes().serve(w.t, http.HandlerFunc(w.serveHTTP))
		dial := config.Dial
		config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			return deaf{c}, err
		}
		return config
	}, func(w *world) {
		w.run()
		w.pass(time.Second)
		w.clear()
		c := w.broker.config.Client
		before := c.Usage()
		w.submit()
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #0 REJECTED 0.001 at 50000, filled 0, -1 broken pipe, retryable")
		if after := c.Usage(); after.Orders != before.Orders {
			t.Errorf("usage %+v, before %+v", after, before)
		}
		epoch := w.desk.guard.Epoch() + 1
		if c.SetEpoch(epoch); !c.Drained(epoch) {
			t.Error("the gate is not drained")
		}
	})
}
