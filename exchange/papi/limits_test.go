package papi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counter is an exchange that does nothing but count: 6000 weight and 1200 orders a minute.
// It answers 429 beyond them.
type counter struct {
	mu             sync.Mutex // net/http serves each connection on its own
	weight, orders map[int64]int
	answers        map[int]int // by status
}

func newCounter() *counter {
	return &counter{weight: map[int64]int{}, orders: map[int64]int{}, answers: map[int]int{}}
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	minute := now.Unix() / 60
	weight, orders, body := 1, 0, "{}"
	switch r.Method + " " + r.URL.Path {
	case "GET /fapi/v1/time": // of another service
		fmt.Fprintf(w, `{"serverTime":%d}`, now.UnixMilli())
		return
	case "POST /papi/v1/um/order":
		orders, body = 1, orderAnswer
	case "GET /papi/v1/account":
		weight = 20
	case "GET /papi/v1/margin/allOrders":
		weight, body = 100, "[]"
	}
	c.weight[minute] += weight
	c.orders[minute] += orders
	w.Header().Set("X-MBX-USED-WEIGHT-1M", strconv.Itoa(c.weight[minute]))
	status := http.StatusOK
	switch {
	case c.weight[minute] > 6000 || c.orders[minute] > 1200:
		status, body = 429, `{"code":-1003,"msg":"Too many requests; current limit is 6000 requests per minute."}`
		w.Header().Set("Retry-After", strconv.FormatInt(60-now.Unix()%60, 10))
	case orders > 0:
		w.Header().Set("X-MBX-ORDER-COUNT-1M", strconv.Itoa(c.orders[minute]))
	}
	c.answers[status]++
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

// TestLimits drives the order path and reads at three times the allowed rate, for four
// minutes of virtual time over the client's own transport, with a cancel every 100 ms.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		venue := newCounter()
		c, d := haltable(t, newPipes().serve(t, venue))
		<-time.After(15 * time.Second) // minutes turn inside the run
		var slowest time.Duration
		cancels, placed, refused := 0, 0, 0
		flood(4*time.Minute, func(tick int) {
			for range 6 { // 3600 a minute
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := c.attempt(ctx, epNewUMOrder, newOrder(), d.approve())
				cancel()
				switch {
				case err == nil:
					placed++
				case errors.Is(err, ErrLimited) && errors.Is(err, ErrNotSent):
					refused++
				default:
					t.Fatal(err)
				}
			}
			if tick%50 == 0 {
				if _, err := c.do(t.Context(), epAccount, new(query)); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			for range 3 { // 18000 of weight a minute
				if _, err := c.do(ctx, epMarginAllOrders, new(query)); err != nil && !errors.Is(err, ErrNotSent) {
					t.Fatal(err)
				}
			}
			cancel()
			start := time.Now()
			if _, err := c.do(t.Context(), epCancelUMOrder, new(query)); err != nil {
				t.Fatal(err)
			}
			cancels++
			slowest = max(slowest, time.Since(start))
		})
		for _, m := range slices.Sorted(maps.Keys(venue.weight)) {
			if venue.weight[m] > 4800 || venue.orders[m] > 960 {
				t.Errorf("minute %d: weight %d, %d orders", m, venue.weight[m], venue.orders[m])
			}
		}
		if len(venue.answers) != 1 {
			t.Errorf("answers by status: %v", venue.answers)
		}
		if slowest != 0 || cancels != 2400 {
			t.Errorf("the slowest of %d cancels took %v", cancels, slowest)
		}
		if placed < 4*840 || refused < 2*placed {
			t.Errorf("%d placed, %d refused", placed, refused)
		}
	})
}

// flood calls f every 100 ms.
func flood(length time.Duration, f func(tick int)) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for tick := range int(length / (100 * time.Millisecond)) {
		f(tick)
		<-ticker.C
	}
}

// TestLimitIsObeyed: when another process has used up the address, and a 429 comes after
// all, nothing is sent until the minute has ended; then all goes on.
func TestLimitIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		venue := newCounter()
		c, _ := haltable(t, newPipes().serve(t, venue))
		<-time.After(10 * time.Second)
		venue.weight[time.Now().Unix()/60] = 6000
		if _, err := c.do(t.Context(), epCancelUMOrder, new(query)); !errors.Is(err, ErrLimited) || errors.Is(err, ErrNotSent) {
			t.Error(err)
		}
		start := time.Now()
		if _, err := c.do(t.Context(), epCancelUMOrder, new(query)); err != nil || time.Since(start) != 50*time.Second+slack {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if venue.answers[429] != 1 {
			t.Errorf("answers %v", venue.answers)
		}
	})
}
