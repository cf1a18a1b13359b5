package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// ahead is how far the exchange's clock is before ours in these tests.
const ahead = 90 * time.Second

// distant tells a time that is ahead, after trips of given lengths, of which the way there
// takes a part in percent.
func distant(trips []time.Duration, there int) *carrier {
	n := 0
	return &carrier{timeless: true, answer: func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/time") {
			return respond(200, "[]"), nil
		}
		trip := trips[n%len(trips)]
		n++
		pass(trip * time.Duration(there) / 100)
		at := time.Now().Add(ahead).UnixMilli()
		pass(trip * time.Duration(100-there) / 100)
		return respond(200, fmt.Sprintf(`{"serverTime":%d}`, at)), nil
	}}
}

// TestMeasureClock holds that the shortest of five trips counts, and that the offset is off by
// half of it at most, however lopsided the way is.
func TestMeasureClock(t *testing.T) {
	ms := time.Millisecond
	for _, there := range []int{0, 50, 100} {
		synctest.Test(t, func(t *testing.T) {
			transport := distant([]time.Duration{400 * ms, 80 * ms, 20 * ms, 900 * ms, 60 * ms}, there)
			c := newTestClient(t, transport)
			if c.Clock() != (Reading{}) || c.ServerTime() != exchange.TimeOf(time.Now()) {
				t.Errorf("before the first measurement: %+v", c.Clock())
			}
			r, err := c.MeasureClock(t.Context())
			if off := r.Offset - ahead; err != nil || r.RoundTrip != 20*ms || off < -10*ms || off > 10*ms || there == 50 && off != 0 {
				t.Errorf("%d%% there: %+v, %v", there, r, err)
			}
			if r != c.Clock() || len(transport.requests) != 5 || c.ServerTime() != exchange.TimeOf(time.Now()).Add(r.Offset) {
				t.Errorf("%+v, %+v after %d requests", r, c.Clock(), len(transport.requests))
			}
		})
	}
}

// TestClockKept holds when requests measure: before the first one, and then every ten minutes;
// that those which come at the same time measure once; and that an exchange without a clock
// is told, tried again, and does not keep anything from being asked.
func TestClockKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := distant([]time.Duration{100 * time.Millisecond}, 50)
		c := newTestClient(t, transport)
		done := make(chan error)
		for range 5 {
			go func() {
				_, _, err := c.LastPrices(t.Context(), exchange.CM, "")
				done <- err
			}()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if len(transport.requests) != 10 {
			t.Errorf("%d requests for five answers", len(transport.requests))
		}
		for range 25 {
			pass(time.Minute)
			if _, _, err := c.LastPrices(t.Context(), exchange.CM, ""); err != nil {
				t.Error(err)
			}
		}
		if len(transport.requests) != 10+25+2*5 {
			t.Errorf("%d requests in 25 minutes", len(transport.requests)-10)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		transport := &carrier{timeless: true, answer: func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/time") {
				return respond(500, ""), nil
			}
			return respond(200, "[]"), nil
		}}
		c, err := New(Config{Transport: transport, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			if _, _, err := c.LastPrices(t.Context(), exchange.CM, ""); err != nil {
				t.Error(err)
			}
			pass(time.Second)
		}
		if n := strings.Count(log.String(), "clock of the exchange unknown"); n != 3 || len(transport.requests) != 12+3*3 {
			t.Errorf("%d warnings, %d requests", n, len(transport.requests))
		}
		if _, err := c.MeasureClock(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("measured: %v", err)
		}
		if _, _, err := c.Klines(t.Context(), exchange.UM, KlinesQuery{Symbol: "X", Interval: "1m"}); err == nil || !strings.Contains(err.Error(), "clock is not known") {
			t.Errorf("candles without a clock: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.MeasureClock(ctx); err == nil {
			t.Error("measured for nobody")
		}
	})
}

// TestClockHurried holds that a caller who has no time does not keep the next one from
// measuring.
func TestClockHurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := distant([]time.Duration{100 * time.Millisecond}, 50)
		times := transport.answer
		transport.answer = func(r *http.Request) (*http.Response, error) {
			w, err := times(r)
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return w, err
		}
		c := newTestClient(t, transport)
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, _, err := c.LastPrices(short, exchange.CM, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a hurried caller: %v", err)
		}
		if _, _, err := c.LastPrices(t.Context(), exchange.CM, ""); err != nil || c.Clock().Offset != ahead {
			t.Errorf("the next one: %v, %+v", err, c.Clock())
		}
	})
}

// TestClosed holds that a candle is closed only when its end is certainly over.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(ahead).UnixMilli() + 5000
		transport := distant([]time.Duration{100 * time.Millisecond}, 50)
		times := transport.answer
		transport.answer = func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/time") {
				return times(r)
			}
			pass(time.Second) // so that it is over when the answer comes
			return respond(200, fmt.Sprintf(`[[%d,"1","1","1","1","1",%d,"1",1,"1","1","0"]]`, end-59_999, end)), nil
		}
		c := newTestClient(t, transport)
		if _, err := c.MeasureClock(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			after  time.Duration // of the end, by the exchange's clock, when it is asked
			closed bool
		}{{-999 * time.Millisecond, false}, {40 * time.Millisecond, false}, {51 * time.Millisecond, true}, {time.Minute, true}} {
			pass(exchange.Millis(end).Add(test.after).Sub(c.ServerTime()))
			list, _, err := c.Klines(t.Context(), exchange.UM, KlinesQuery{Symbol: "X", Interval: "1m"})
			if err != nil || len(list) != 1 || list[0].Closed != test.closed {
				t.Errorf("asked %v after its end: %+v, %v", test.after, list, err)
			}
			end += 120_000
		}
	})
}

// TestClockSetBack holds that a local clock that is wrong by hours, before it is measured or
// from some instant on, does not use up the budget for the hours that never come.
func TestClockSetBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		wrong func(since time.Duration) time.Duration
	}{
		{"fast by an hour from the start", func(time.Duration) time.Duration { return time.Hour }},
		{"set forward, and back after a quarter of an hour", func(since time.Duration) time.Duration {
			if time.Minute < since && since < 16*time.Minute {
				return time.Hour
			}
			return 0
		}},
		{"set back by two hours", func(since time.Duration) time.Duration {
			if since > time.Minute {
				return -2 * time.Hour
			}
			return 0
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			transport := &carrier{timeless: true, answer: func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/time") {
					return respond(200, fmt.Sprintf(`{"serverTime":%d}`, time.Now().UnixMilli())), nil
				}
				return respond(200, `{"lastUpdateId":1,"bids":[],"asks":[]}`), nil
			}}
			client, err := New(Config{Transport: transport, Now: func() exchange.Time {
				return exchange.TimeOf(time.Now().Add(c.wrong(time.Since(start))))
			}})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 20 { // 4000 of weight, then a pause
				from := time.Now()
				for range 200 {
					if _, _, err := client.Depth(t.Context(), exchange.UM, "BTCUSDT", 1000); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(from); took > 4*time.Minute {
					t.Errorf("%s: the %d. 200 snapshots took %v", c.name, n+1, took)
				}
			}
		})
	}
}
