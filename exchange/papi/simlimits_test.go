package papi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// meter is what the simulated exchange counts, minute by minute.
type meter struct {
	x       *exchangeOf
	minutes map[int64]*usage
	// now is this minute's, and bans are those that were there, one after the other.
	now  *usage
	bans []time.Duration
	last int64 // the end of the last ban, in ms
}

// usage is that of a minute, and what the client had to do with it.
type usage struct {
	weight, orders         int
	sent, refused, cancels int
	limited, banned        int
	slowest                time.Duration // of the cancels
}

// read asks the exchange what it has counted, past all limits.
func (m *meter) read() {
	w := httptest.NewRecorder()
	m.x.sim.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/state", nil))
	var state struct {
		Time      int64 `json:"time"`
		Orders    int   `json:"orders_this_minute"`
		Addresses []struct {
			Weight int   `json:"papi_weight_this_minute"`
			Until  int64 `json:"banned_until"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &state); err != nil {
		m.x.t.Fatal(err)
	}
	minute := state.Time / 60_000
	u := m.minutes[minute]
	if u == nil {
		u = &usage{}
		m.minutes[minute] = u
	}
	u.orders = max(u.orders, state.Orders)
	for _, a := range state.Addresses {
		u.weight = max(u.weight, a.Weight)
		if a.Until > m.last {
			m.last = a.Until
			m.bans = append(m.bans, (time.Duration(a.Until-state.Time) * time.Millisecond).Round(time.Second))
		}
	}
	m.now = u
}

// each calls f for every minute in turn.
func (m *meter) each(f func(minute int, u *usage)) {
	for i, key := range slices.Sorted(maps.Keys(m.minutes)) {
		f(i, m.minutes[key])
	}
}

// load sends new orders of all products and amends, six every 100 ms, which is three times
// the allowed rate; and some cancels after them.
func (m *meter) load(length time.Duration, cancels int, write, cancel func(endpoint, *query) error) {
	number := 0
	order := func(symbol, qty string) *query {
		q := texts("symbol", symbol)
		q.text("side", "BUY")
		q.text("quantity", qty)
		q.fixed("price", exchange.MustFixed("40000")+exchange.Fixed(number%1000)*exchange.FixedOne)
		return q
	}
	fresh := func(symbol, qty string) *query {
		q := order(symbol, qty)
		q.text("type", "LIMIT")
		q.text("timeInForce", "IOC")
		q.text("newClientOrderId", fmt.Sprint("flood-", number))
		return q
	}
	products := []struct {
		ep     endpoint
		symbol string
	}{{epCancelUMOrder, "BTCUSDT"}, {epCancelCMOrder, "BTCUSD_PERP"}, {epCancelMarginOrder, "BTCUSDT"}}
	flood(length, func(tick int) {
		m.read()
		for range 6 {
			number++
			ep, q := epNewUMOrder, fresh("BTCUSDT", "0.001")
			switch number % 7 {
			case 1:
				ep, q = epNewCMOrder, fresh("BTCUSD_PERP", "1")
			case 2:
				ep, q = epNewMarginOrder, fresh("BTCUSDT", "0.001")
			case 3, 4:
				ep, q = epAmendUMOrder, order("BTCUSDT", "0.001")
				q.text("origClientOrderId", "resting")
			}
			m.judge(write(ep, q))
		}
		for i := range cancels {
			p := products[(tick+i)%len(products)]
			q := texts("symbol", p.symbol)
			q.text("origClientOrderId", "nobody")
			start := time.Now()
			m.judge(cancel(p.ep, q))
			m.now.cancels++
			m.now.slowest = max(m.now.slowest, time.Since(start))
			m.read()
		}
	})
}

// judge counts what came of a request.
func (m *meter) judge(err error) {
	u := m.now
	switch {
	case errors.Is(err, ErrNotSent):
		u.refused++
		return
	case errors.Is(err, ErrBanned):
		u.banned++
	case errors.Is(err, ErrLimited):
		u.limited++
	case err != nil && !errors.Is(err, ErrNoSuchOrder):
		m.x.t.Fatal(err)
	}
	u.sent++
}

// onMeter runs a test with an order that rests, to be amended.
func onMeter(t *testing.T, test func(ctx context.Context, m *meter, d *desk)) {
	onSim(t, map[endpoint]bool{}, func(ctx context.Context, x *exchangeOf) {
		d := newDesk(t)
		x.SetEpoch(d.guard.Epoch())
		q := texts("symbol", "BTCUSDT")
		for _, p := range [][2]string{{"side", "BUY"}, {"type", "LIMIT"}, {"timeInForce", "GTC"}, {"quantity", "0.001"}, {"price", "40000"}, {"newClientOrderId", "resting"}} {
			q.text(p[0], p[1])
		}
		if _, err := x.attempt(ctx, epNewUMOrder, q, d.approve()); err != nil {
			t.Fatal(err)
		}
		test(ctx, &meter{x: x, minutes: map[int64]*usage{}}, d)
	})
}

// TestSimLimits drives orders, amends, cancels and heavy reads at three times the allowed
// rate for five minutes of virtual time. As the simulated exchange counts, which was written
// apart, the share of 80% is not exceeded, no answer is a 429, and no cancel waits. Where
// cancels are a flood of their own they, and only they, go beyond the share.
func TestSimLimits(t *testing.T) {
	for _, test := range []struct {
		name            string
		cancels, weight int
	}{{"orders", 1, 4800}, {"cancels", 3, 6000}} {
		t.Run(test.name, func(t *testing.T) {
			if test.cancels > 1 {
				raced.Skip(t, "the other row has the same goroutines")
			}
			onMeter(t, func(ctx context.Context, m *meter, d *desk) {
				m.budgeted(ctx, d, test.cancels)
				m.each(func(i int, u *usage) {
					t.Logf("minute %d: weight %d of 6000, orders %d of 1200; %d sent, %d refused here, %d answers 429 or 418, %d cancels, the slowest took %v",
						i, u.weight, u.orders, u.sent, u.refused, u.limited+u.banned, u.cancels, u.slowest)
					if u.weight > test.weight || u.orders > 960 || u.limited+u.banned > 0 || u.slowest != 0 {
						t.Errorf("minute %d exceeds the share, or a cancel has waited", i)
					}
					if i == 2 && (u.orders < 750 || u.weight < 3500) {
						t.Errorf("minute %d uses less than there is", i)
					}
				})
			})
		})
	}
}

// budgeted is the load by way of the scheduler, and reads of twelve times the weight.
func (m *meter) budgeted(ctx context.Context, d *desk, cancels int) {
	m.load(5*time.Minute, cancels, func(ep endpoint, q *query) error {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		for range 2 { // of 100 each
			if _, err := m.x.do(short, epMarginAllOrders, texts("symbol", "BTCUSDT")); err != nil && !errors.Is(err, ErrNotSent) {
				m.x.t.Fatal(err)
			}
		}
		_, err := m.x.attempt(ctx, ep, q, d.approve())
		return err
	}, func(ep endpoint, q *query) error {
		_, err := m.x.do(ctx, ep, q)
		return err
	})
}

// TestSimLimitsWithoutBudget is the same load of orders and cancels, sent as it comes: 429,
// then 418, and bans that grow.
func TestSimLimitsWithoutBudget(t *testing.T) {
	onMeter(t, func(ctx context.Context, m *meter, d *desk) {
		raw := func(ep endpoint, q *query) error {
			_, _, err := m.x.send(ctx, ep, q, d.approve())
			return err
		}
		m.load(2*time.Minute, 3, raw, raw)
		limited, banned := 0, 0
		m.each(func(i int, u *usage) {
			t.Logf("minute %d: weight %d of 6000, orders %d of 1200; %d sent, %d answers 429, %d answers 418",
				i, u.weight, u.orders, u.sent, u.limited, u.banned)
			limited, banned = limited+u.limited, banned+u.banned
		})
		t.Logf("bans for %v", m.bans[:min(15, len(m.bans))])
		if limited == 0 || banned < limited || len(m.bans) < 3 || m.bans[0] < 2*time.Minute || m.bans[1] < 2*m.bans[0] || m.bans[2] < 2*m.bans[1] {
			t.Errorf("%d answers 429, %d answers 418, bans for %v", limited, banned, m.bans)
		}
	})
}
