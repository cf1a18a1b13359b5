package papi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// skewed is an exchange whose clock is off ours. It refuses timestamps as Binance does.
type skewed struct {
	mu       sync.Mutex // the transport is called from many goroutines
	offset   time.Duration
	trips    []time.Duration // of the next answers: there and back
	fapi     int             // status of answers for the time, 200 if 0
	measured int
	asked    int
}

func (s *skewed) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/fapi/v1/time" {
		s.measured++
		if s.fapi != 0 {
			return respond(s.fapi, msg503Unavailable), nil
		}
		trip := time.Duration(0)
		if len(s.trips) > 0 {
			trip, s.trips = s.trips[0], s.trips[1:]
		}
		<-time.After(trip / 4) // the way back is three times as long
		now := time.Now().Add(s.offset)
		<-time.After(trip - trip/4)
		return respond(200, fmt.Sprintf(`{"serverTime":%d}`, now.UnixMilli())), nil
	}
	s.asked++
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	stamp, err := strconv.ParseInt(params.Get("timestamp"), 10, 64)
	if err != nil {
		return nil, err
	}
	server := time.Now().Add(s.offset).UnixMilli()
	if stamp > server+1000 || server-stamp > 5000 {
		return respond(400, `{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}`), nil
	}
	return respond(200, "{}"), nil
}

// TestClock: the answer that came soonest says what the exchange's clock is, and timestamps
// follow it.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &skewed{offset: -time.Hour, trips: []time.Duration{800 * time.Millisecond, 40 * time.Millisecond, 400 * time.Millisecond}}
		s.trips = append(s.trips, time.Second, time.Second)
		c := newTestClient(t, s)
		reading, err := c.MeasureClock(t.Context())
		// Half of 40 ms is taken for the way there, which was 10 ms.
		if want := (ClockReading{-time.Hour - 10*time.Millisecond, 40 * time.Millisecond}); err != nil || reading != want {
			t.Errorf("%+v, %v; want %+v", reading, err, want)
		}
		if off := c.ServerTime().Sub(exchange.TimeOf(time.Now())); off != reading.Offset {
			t.Errorf("the exchange's time is %v off ours", off)
		}
		if _, err := c.do(t.Context(), epAccount, new(query)); err != nil {
			t.Error(err)
		}
		if s.measured != 5 {
			t.Errorf("asked %d times", s.measured)
		}
	})
}

// TestClockIsKept: measured before the first signed request, anew after -1021, and for a
// read when it is old; a cancel does not wait for that.
func TestClockIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &skewed{offset: time.Minute}
		c := newTestClient(t, s)
		step := func(name string, ep endpoint, measured, asked int, want error) {
			t.Helper()
			s.measured, s.asked = 0, 0
			if _, err := c.do(t.Context(), ep, new(query)); !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
			if s.measured != measured || s.asked != asked {
				t.Errorf("%s: measured by %d requests, asked %d times", name, s.measured, s.asked)
			}
		}
		step("first", epAccount, 5, 1, nil)
		step("second", epAccount, 0, 1, nil)
		s.offset = 3 * time.Minute
		step("a read on a wrong clock", epAccount, 5, 2, nil)
		s.offset = 6 * time.Minute
		step("a cancel on a wrong clock", epCancelUMOrder, 0, 1, ErrClock)
		step("the cancel after it", epCancelUMOrder, 5, 1, nil)
		<-time.After(11 * time.Minute)
		step("a cancel on an old clock", epCancelUMOrder, 0, 1, nil)
		step("a read on an old clock", epAccount, 5, 1, nil)
		s.fapi = 503
		<-time.After(11 * time.Minute)
		step("a read without fapi", epAccount, 1, 1, nil)
		step("the next", epAccount, 0, 1, nil)
		<-time.After(6 * time.Second)
		step("a read later", epAccount, 1, 1, nil)
		if _, err := c.MeasureClock(t.Context()); err == nil || !errors.As(err, new(*Error)) {
			t.Error(err)
		}
	})
}

// TestClockOnce: requests that start together measure once, and all wait for it.
func TestClockOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &skewed{offset: time.Minute, trips: slices.Repeat([]time.Duration{40 * time.Millisecond}, 50)}
		c := newTestClient(t, s)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := c.do(t.Context(), epAccount, new(query)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.measured != 5 {
			t.Errorf("measured by %d requests", s.measured)
		}
	})
}

// TestAbsurdClock: an answer that is no time is none.
func TestAbsurdClock(t *testing.T) {
	for _, body := range []string{"{}", `{"serverTime":0}`, `{"serverTime":-1}`, `{"serverTime":"soon"}`, `{"serverTime":99999999999999999999}`, "[]", "null", html} {
		c := newTestClient(t, transportFunc(func(*http.Request) (*http.Response, error) { return respond(200, body), nil }))
		if reading, err := c.MeasureClock(t.Context()); err == nil {
			t.Errorf("%s: %+v", body, reading)
		}
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
