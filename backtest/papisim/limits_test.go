package papisim

import (
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/internal/raced"
)

// ping asks for what costs a weight of 1, without a key.
func (s *testSim) ping(from, path string) *httptest.ResponseRecorder {
	return s.wired(wire{method: "GET", url: path, key: "-", from: from})
}

// TestBans sends orders' worth of requests at three times the allowed rate for hours, as a
// client without a scheduler does: first 429, then 418 with bans that grow.
func TestBans(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		var statuses []int
		var bans []time.Duration
		count := map[int]int{}
		for end := s.Now().Add(2 * time.Hour); s.Now() < end; s.wait(time.Second) {
			for range 300 { // 18,000 a minute
				w := s.ping("10.0.0.1", "/papi/v1/ping")
				count[w.Code]++
				if len(statuses) == 0 || statuses[len(statuses)-1] != w.Code {
					statuses = append(statuses, w.Code)
				}
				if w.Code != 418 {
					continue
				}
				until := untilOf(t, w.Body.String())
				if ban := time.Duration(until-s.Now().Millis()) * time.Millisecond; len(bans) == 0 || ban > bans[len(bans)-1] {
					bans = append(bans, ban)
				}
				if seconds, err := strconv.ParseInt(w.Header().Get("Retry-After"), 10, 64); err != nil || seconds*1000 < until-s.Now().Millis() {
					t.Fatalf("Retry-After %q, banned until %d at %d", w.Header().Get("Retry-After"), until, s.Now().Millis())
				}
				break // a client that hears of a ban stops for a second
			}
		}
		if len(statuses) < 3 || statuses[0] != 200 || statuses[1] != 429 || statuses[2] != 418 {
			t.Errorf("statuses came as %v", statuses)
		}
		for i, ban := range bans {
			if want := min(2*time.Minute<<i, 72*time.Hour); ban != want {
				t.Errorf("ban %d is %v, want %v", i+1, ban, want)
			}
		}
		if len(bans) < 5 || count[403] > 0 {
			t.Errorf("bans %v, counts %v", bans, count)
		}
	})
}

// TestFundingLimit asks for rates of funding, which have a budget of their own: 500 requests
// in five minutes, and no header.
func TestFundingLimit(t *testing.T) {
	useUp(t, 500, "/fapi/v1/fundingRate?symbol=BTCUSDT", "/fapi/v1/fundingInfo")
}

// TestStatisticsLimit asks for statistics, which have another one, of 1,000.
func TestStatisticsLimit(t *testing.T) {
	useUp(t, 1000, "/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m", "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=1h")
}

// useUp asks for what two paths may be asked for in five minutes, and for more.
func useUp(t *testing.T, most int, paths ...string) {
	inSim(t, func(t *testing.T, s *testSim) {
		for i := range most {
			w := s.ping("10.0.0.1", paths[i%2])
			if _, told := w.Header()["X-Mbx-Used-Weight-1m"]; w.Code != 200 || told {
				t.Fatalf("request %d: %d, header %v", i+1, w.Code, told)
			}
			if i == most/2 {
				s.wait(2 * time.Minute)
			}
		}
		for _, path := range paths {
			if w := s.ping("10.0.0.1", path); w.Code != 429 || w.Header().Get("Retry-After") != "180" {
				t.Errorf("%s: %d, %v", path, w.Code, w.Header())
			}
		}
		for _, path := range [...]string{"/fapi/v1/ping", "/dapi/v1/fundingInfo"} {
			if w := s.ping("10.0.0.1", path); w.Code != 200 || w.Header().Get("X-Mbx-Used-Weight-1m") == "" {
				t.Errorf("%s: %d, %v", path, w.Code, w.Header())
			}
		}
		s.wait(3 * time.Minute)
		if w := s.ping("10.0.0.1", paths[0]); w.Code != 200 {
			t.Errorf("five minutes later: %d", w.Code)
		}
	})
}

func untilOf(t *testing.T, body string) int64 {
	t.Helper()
	var e struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(e.Msg, "Way too many requests; IP banned until ")
	if text, ok2 := strings.CutSuffix(text, ". Please use the websocket for live updates to avoid bans."); ok && ok2 && e.Code == -1003 {
		until, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return until
	}
	t.Fatalf("got %s", body)
	return 0
}

// TestBanMemory holds how long bans grow to and when they are forgotten.
func TestBanMemory(t *testing.T) {
	l, err := newLimiter(Limits{})
	if err != nil {
		t.Fatal(err)
	}
	a, now := l.of("x", testStart), testStart
	banned := func() time.Duration {
		for !a.strike(&l, now) {
			continue
		}
		return a.until.Sub(now)
	}
	for i := range 14 {
		want := min(2*time.Minute<<i, 72*time.Hour)
		if got := banned(); got != want {
			t.Errorf("ban %d: %v, want %v", i+1, got, want)
		}
		now = a.until + minute
	}
	now = a.until + banMax
	if got := banned(); got != 72*time.Hour {
		t.Errorf("three days after the last ban: %v", got)
	}
	now = a.until + banMax + 1
	if got := banned(); got != 2*time.Minute {
		t.Errorf("more than three days after the last ban: %v", got)
	}
}

// TestWindows counts by minutes of the clock, by pool and by address.
func TestWindows(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		used := func(path, from, header string) string { return s.ping(from, path).Header().Get(header) }
		const general = "X-MBX-USED-WEIGHT-1M"
		for _, test := range []struct{ path, from, header, want string }{
			{"/papi/v1/ping", "10.0.0.1", general, "1"},
			{"/papi/v1/ping", "10.0.0.1", general, "2"},
			{"/papi/v1/ping", "10.0.0.2", general, "1"},
			{"/papi/v1/no", "10.0.0.1", general, "3"},
			{"/fapi/v1/ping", "10.0.0.1", general, "1"},
			{"/dapi/v1/ping", "10.0.0.1", general, "2"},
			{"/fapi/v1/order", "10.0.0.1", general, "3"},
			{"/api/v3/ping", "10.0.0.1", general, "1"},
			{"/api/v3/ping", "10.0.0.1", "X-MBX-USED-WEIGHT", "2"},
			{"/papi/v1/balance", "10.0.0.1", general, "23"}, // refused, and counted
			{"/sapi/v1/portfolio/collateralRate", "10.0.0.1", "X-SAPI-USED-IP-WEIGHT-1M", "50"},
			{"/sapi/v1/portfolio/collateralRate", "10.0.0.1", general, ""},
			{"/sapi/v1/portfolio/collateralRate", "10.0.0.2", "X-SAPI-USED-IP-WEIGHT-1M", "50"},
			{"/sapi/v1/portfolio/asset-index-price", "10.0.0.1", "X-SAPI-USED-IP-WEIGHT-1M", "50"},
			{"/sapi/v1/portfolio/account", "10.0.0.1", "X-SAPI-USED-UID-WEIGHT-1M", "5"},
			{"/sapi/v1/portfolio/account", "10.0.0.2", "X-SAPI-USED-UID-WEIGHT-1M", "10"},
		} {
			if got := used(test.path, test.from, test.header); got != test.want {
				t.Errorf("%s from %s: %s is %q, want %q", test.path, test.from, test.header, got, test.want)
			}
		}
		s.wait(time.Minute - 1)
		if got := used("/papi/v1/ping", "10.0.0.1", general); got != "24" {
			t.Errorf("at the end of the minute %s", got)
		}
		s.wait(1)
		if got := used("/papi/v1/ping", "10.0.0.1", general); got != "1" {
			t.Errorf("in the next minute %s", got)
		}
	})
}

// TestTooMany holds the answer beyond a limit.
func TestTooMany(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.wait(45*time.Second + 500*time.Millisecond)
		for range 10 {
			if w := s.ping("10.0.0.1", "/papi/v1/ping"); w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		w := s.ping("10.0.0.1", "/papi/v1/ping")
		want := `{"code":-1003,"msg":"Too many requests; current limit is 10 requests per minute. Please use the websocket for live updates to avoid polling the API."}`
		if w.Code != 429 || w.Body.String() != want || w.Header().Get("Retry-After") != "15" || w.Header().Get("X-MBX-USED-WEIGHT-1M") != "11" {
			t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
		}
		if w := s.ping("10.0.0.2", "/papi/v1/ping"); w.Code != 200 {
			t.Errorf("another address: %d", w.Code)
		}
		if w := s.ping("10.0.0.1", "/fapi/v1/ping"); w.Code != 200 {
			t.Errorf("another pool: %d", w.Code)
		}
		s.wait(15 * time.Second)
		if w := s.ping("10.0.0.1", "/papi/v1/ping"); w.Code != 200 {
			t.Errorf("in the next minute: %d", w.Code)
		}
	}, func(c *Config) {
		c.Limits = DefaultLimits()
		c.Limits.PAPI = 10
	})
}

// TestOrderCount counts orders, those of an OCO twice, and cancels not at all.
func TestOrderCount(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		order := func(id string) *httptest.ResponseRecorder {
			params := "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=59000&newClientOrderId=" + id + "&" + s.stamp(0)
			return s.wired(wire{method: "POST", url: "/papi/v1/um/order?" + params + "&signature=" + signatureOf(params)})
		}
		for i, want := range []string{"1", "2", "3"} {
			if w := order("id" + want); w.Code != 200 || w.Header().Get("X-MBX-ORDER-COUNT-1M") != want {
				t.Errorf("order %d: %d %s, count %q", i+1, w.Code, w.Body, w.Header().Get("X-MBX-ORDER-COUNT-1M"))
			}
		}
		w := order("id4")
		if w.Code != 429 || w.Body.String() != `{"code":-1015,"msg":"Too many new orders; current limit is 3 orders per MINUTE."}` || w.Header().Get("Retry-After") != "60" {
			t.Errorf("the fourth: %d %s %v", w.Code, w.Body, w.Header())
		}
		if status, body := s.call("DELETE", "/papi/v1/um/order", "symbol=BTCUSDT&origClientOrderId=id1"); status != 200 {
			t.Errorf("a cancel: %d %s", status, body)
		}
		s.wait(time.Minute)
		if w := order("id5"); w.Code != 200 || w.Header().Get("X-MBX-ORDER-COUNT-1M") != "1" {
			t.Errorf("a minute later: %d %s, count %q", w.Code, w.Body, w.Header().Get("X-MBX-ORDER-COUNT-1M"))
		}
	}, func(c *Config) {
		c.Limits = DefaultLimits()
		c.Limits.Orders = 3
	})
}

// TestFirewall shuts out who sends far too much, whatever it is.
func TestFirewall(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		for i := range 101 {
			w := s.ping("10.0.0.1", "/fapi/v1/ping")
			if want := i == 100; (w.Code == 403) != want || want && !strings.HasPrefix(w.Body.String(), "<html>") {
				t.Fatalf("request %d: %d %s", i+1, w.Code, w.Body)
			}
		}
		if w := s.ping("10.0.0.2", "/fapi/v1/ping"); w.Code != 200 {
			t.Errorf("another address: %d", w.Code)
		}
		s.wait(5*time.Minute - 1)
		if w := s.ping("10.0.0.1", "/papi/v1/ping"); w.Code != 403 {
			t.Errorf("just before: %d", w.Code)
		}
		s.wait(1)
		if w := s.ping("10.0.0.1", "/papi/v1/ping"); w.Code != 200 {
			t.Errorf("five minutes later: %d", w.Code)
		}
	}, func(c *Config) {
		c.Limits = DefaultLimits()
		c.Limits.Burst = 100
	})
}

// TestManyAddresses knows no more addresses than it has room for, and forgets none that is
// banned.
func TestManyAddresses(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	l, err := newLimiter(Limits{})
	if err != nil {
		t.Fatal(err)
	}
	now := testStart
	l.of("bad", now).until = now.Add(time.Hour)
	for i := range 2 * addressesMax {
		l.of(strconv.Itoa(i), now)
	}
	if n := len(l.addresses); n > addressesMax+1 || l.addresses["bad"] == nil {
		t.Errorf("%d addresses", n)
	}
	for i := range 2 * addressesMax { // nobody can be forgotten: the others count as one
		l.of("bad"+strconv.Itoa(i), now).until = now.Add(time.Hour)
	}
	if n := len(l.addresses); n > addressesMax+1 || l.of("x", now) != l.of("y", now) {
		t.Errorf("%d addresses that are banned", n)
	}
	l.of("later", now.Add(80*time.Hour))
	if n := len(l.addresses); n > addressesMax+1 {
		t.Errorf("%d addresses later", n)
	}
}

func TestBadLimits(t *testing.T) {
	c := testConfig(t)
	c.Limits.PAPI = 5
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "at least 1") {
		t.Error(err)
	}
}
