package papi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// gauge is a transport that keeps the most that an exchange has counted in a minute, and
// its answers by status.
type gauge struct {
	http.RoundTripper
	weight, orders int
	answers        map[int]int
}

func (g *gauge) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := g.RoundTripper.RoundTrip(r)
	if err != nil || r.URL.Host != binance[hostPAPI].host {
		return w, err
	}
	for name, most := range map[string]*int{"X-MBX-USED-WEIGHT-1M": &g.weight, "X-MBX-ORDER-COUNT-1M": &g.orders} {
		if n, err := strconv.Atoi(w.Header.Get(name)); err == nil {
			*most = max(*most, n)
		}
	}
	g.answers[w.StatusCode]++
	return w, nil
}

// simFlood sends orders to the simulated exchange at three times the allowed rate, as send
// sends them, and calls each after every ten.
func simFlood(x *exchangeOf, length time.Duration, send func(*query) error, each func()) {
	number := 0
	flood(length, func(int) {
		for range 6 {
			number++
			q := new(query)
			q.text("symbol", "BTCUSDT")
			q.text("side", "BUY")
			q.text("type", "LIMIT")
			q.text("timeInForce", "IOC")
			q.fixed("quantity", exchange.MustFixed("0.001"))
			q.fixed("price", exchange.MustFixed("40000"))
			q.text("newClientOrderId", fmt.Sprint("flood-", number))
			if err := send(q); err != nil && !errors.Is(err, ErrLimited) && !errors.Is(err, ErrBanned) {
				x.t.Fatal(err)
			}
		}
		each()
	})
}

// TestSimLimits is TestLimits against the simulated exchange, which was written apart: with
// the budget no answer is a 429 and no cancel waits; without it, 429 and then 418.
func TestSimLimits(t *testing.T) {
	onSim(t, map[endpoint]bool{}, func(ctx context.Context, x *exchangeOf) {
		g := &gauge{RoundTripper: x.transport, answers: map[int]int{}}
		x.transport = g
		d := newDesk(t)
		x.SetEpoch(d.guard.Epoch())
		var slowest time.Duration
		simFlood(x, 3*time.Minute, func(q *query) error {
			_, err := x.Client.attempt(ctx, epNewUMOrder, q, d.approve())
			return err
		}, func() {
			start := time.Now()
			if _, err := x.CancelUMOrder(ctx, "BTCUSDT", OrderRef{OrigClientOrderID: "flood-1"}); !errors.Is(err, ErrNoSuchOrder) {
				x.t.Fatal(err)
			}
			slowest = max(slowest, time.Since(start))
		})
		if g.weight > 4800 || g.orders > 960 || g.orders < 840 || g.answers[429]+g.answers[418] != 0 || slowest != 0 {
			t.Errorf("weight up to %d, orders up to %d, answers %v, slowest cancel %v", g.weight, g.orders, g.answers, slowest)
		}
		if g.answers[200] < 3*840 {
			t.Errorf("answers %v", g.answers)
		}
	})
	onSim(t, map[endpoint]bool{}, func(ctx context.Context, x *exchangeOf) {
		d := newDesk(t)
		x.SetEpoch(d.guard.Epoch())
		if _, err := x.MeasureClock(ctx); err != nil {
			t.Fatal(err)
		}
		var seen []error
		simFlood(x, time.Minute, func(q *query) error {
			_, _, err := x.send(ctx, epNewUMOrder, q, d.approve())
			for _, kind := range []error{ErrLimited, ErrBanned} {
				if errors.Is(err, kind) && !slices.Contains(seen, kind) {
					seen = append(seen, kind)
				}
			}
			return err
		}, func() {})
		if !slices.Equal(seen, []error{ErrLimited, ErrBanned}) {
			t.Errorf("saw %v, want a 429 and then a 418", seen)
		}
	})
}
