package papisim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// rawClient speaks HTTP to a test's exchange through memory, as a client does that gives up
// after ten seconds.
func (s *testSim) rawClient(t *testing.T) func(method, url string) string {
	t.Helper()
	p := &pipes{calls: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: s.Sim}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial, DisableKeepAlives: true}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-ended
		synctest.Wait()
	})
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	return func(method, path string) string {
		t.Helper()
		start := time.Now()
		r, err := http.NewRequest(method, "http://papi.binance.com"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-MBX-APIKEY", testKey)
		got := seen(client.Do(r))
		if took := time.Since(start); took > 0 {
			got += fmt.Sprintf(" after %v", took)
		}
		return got
	}
}

// seen is what a client gets to see: status and body, or how the connection ended.
func seen(w *http.Response, err error) string {
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) && u.Timeout() || errors.Is(err, context.DeadlineExceeded) {
			return "timeout"
		}
		return "broken: " + errors.Unwrap(err).Error()
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	text := fmt.Sprintf("%d %s", w.StatusCode, body)
	if retry := w.Header.Get("Retry-After"); retry != "" {
		text += " retry after " + retry
	}
	if err != nil {
		return text + " broken: " + err.Error()
	}
	return text
}

// order is a request for an order with an id; the exchange's market rests it.
func (s *testSim) orderRequest(id string) string {
	params := "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=59000&newClientOrderId=" + id + "&" + s.stamp(0)
	return "/papi/v1/um/order?" + params + "&signature=" + signatureOf(params)
}

// placed says whether an order has come.
func (s *testSim) placed(id string) bool {
	s.t.Helper()
	status, _ := s.call("GET", "/papi/v1/um/order", "symbol=BTCUSDT&origClientOrderId="+id)
	return status == 200
}

// TestRequestFaults injects each fault of requests once into the placing of an order, and
// tells what a client sees and whether the order was placed.
func TestRequestFaults(t *testing.T) {
	for _, test := range []struct {
		fault  Fault
		sees   string
		placed bool
	}{
		{Fault{Kind: FaultLostRequest}, "timeout after 10s", false},
		{Fault{Kind: FaultLostRequest, Delay: Duration(time.Second)}, "broken: EOF after 1s", false},
		{Fault{Kind: FaultLateRequest, Delay: Duration(2 * time.Second)}, `200 {"`, true},
		{Fault{Kind: FaultLateRequest, Delay: Duration(6 * time.Second)}, wantLate + " after 6s", false},
		{Fault{Kind: FaultLostReply}, "timeout after 10s", true},
		{Fault{Kind: FaultLostReply, Delay: Duration(time.Second)}, "broken: EOF after 1s", true},
		{Fault{Kind: FaultLateReply, Delay: Duration(6 * time.Second)}, `200 {"`, true},
		{Fault{Kind: FaultReset}, "broken: EOF", true},
		{Fault{Kind: FaultReset, NotExecuted: true}, "broken: EOF", false},
		{Fault{Kind: FaultEmpty}, "200 ", true},
		{Fault{Kind: FaultEmpty, NotExecuted: true}, "200 ", false},
		{Fault{Kind: FaultTruncated}, `200 {"`, true},
		{Fault{Kind: FaultUnknown503}, `503 {"code":-1000,"msg":"Unknown error, please check your request or try again later."}`, true},
		{Fault{Kind: FaultUnknown503, NotExecuted: true}, `503 {"code":-1000,"msg":"Unknown error, please check your request or try again later."}`, false},
		{Fault{Kind: FaultDown503}, `503 {"code":0,"msg":"Service Unavailable."}`, false},
		{Fault{Kind: FaultInternal503}, `503 {"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}`, false},
		{Fault{Kind: FaultThrottled503}, `503 {"code":-1008,"msg":"Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."}`, false},
		{Fault{Kind: FaultUnknown}, `400 {"code":-1000,"msg":"An unknown error occured while processing the request."}`, true},
		{Fault{Kind: FaultUnexpected}, `400 {"code":-1006,"msg":"An unexpected response was received from the message bus. Execution status unknown."}`, true},
		{Fault{Kind: FaultTimeout}, `400 {"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown; execution status unknown."}`, true},
		{Fault{Kind: FaultTimeout, NotExecuted: true}, `400 {"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown; execution status unknown."}`, false},
		{Fault{Kind: FaultTimestamp}, wantLate, false},
		{Fault{Kind: FaultEngineLate}, `400 {"code":-5028,"msg":"The requested timestamp is outside the recvWindow of the matching engine"}`, false},
		{Fault{Kind: FaultTooMany}, `429 {"code":-1003,"msg":"Too many requests; current limit is 6000 requests per minute. Please use the websocket for live updates to avoid polling the API."} retry after 60`, false},
		{Fault{Kind: FaultTooMany, Delay: Duration(3 * time.Second)}, `429 {"code":-1003,"msg":"Too many requests; current limit is 6000 requests per minute. Please use the websocket for live updates to avoid polling the API."} retry after 3`, false},
		{Fault{Kind: FaultBan}, fmt.Sprintf(`418 {"code":-1003,"msg":"Way too many requests; IP banned until %d. Please use the websocket for live updates to avoid bans."} retry after 120`, testStart.Add(2*time.Minute).Millis()), false},
		{Fault{Kind: FaultFirewall}, "403 <html>", false},
		{Fault{Kind: FaultAnswer, Status: 503, Code: -9999, Msg: "new"}, `503 {"code":-9999,"msg":"new"}`, false},
		{Fault{Kind: FaultAnswer, Status: 200, Body: "{}"}, "200 {}", false},
	} {
		inSim(t, func(t *testing.T, s *testSim) {
			ask := s.rawClient(t)
			if _, err := s.Inject(test.fault); err != nil {
				t.Fatal(err)
			}
			got := ask("POST", s.orderRequest("one"))
			if !strings.HasPrefix(got, test.sees) {
				t.Errorf("%+v: the client sees %s, want %s", test.fault, got, test.sees)
			}
			if test.fault.Kind == FaultTruncated && !strings.HasSuffix(got, "broken: unexpected EOF") {
				t.Errorf("%+v: the client sees %s", test.fault, got)
			}
			if test.fault.Kind == FaultBan {
				s.wait(3 * time.Minute)
			}
			if got := s.placed("one"); got != test.placed {
				t.Errorf("%+v: placed %v, want %v", test.fault, got, test.placed)
			}
			if list := s.Faults(); len(list) != 1 || list[0].Hit != 1 || !list[0].Over {
				t.Errorf("%+v: counted %+v", test.fault, list)
			}
			if got := ask("POST", s.orderRequest("two")); !strings.HasPrefix(got, `200 {"`) || !s.placed("two") {
				t.Errorf("%+v: afterwards %s", test.fault, got)
			}
		})
	}
}

// TestRejectedCancel refuses cancels of single orders, and nothing else.
func TestRejectedCancel(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		if _, err := s.Inject(Fault{Kind: FaultCancel, Count: 2}); err != nil {
			t.Fatal(err)
		}
		if status, body := s.do(s.placing("mine")); status != 200 {
			t.Fatal(status, body)
		}
		cancel := func() (int, string) {
			return s.call("DELETE", "/papi/v1/um/order", "symbol=BTCUSDT&origClientOrderId=mine")
		}
		for range 2 {
			if status, body := cancel(); status != 400 || body != `{"code":-2011,"msg":"Unknown order sent."}` {
				t.Errorf("%d %s", status, body)
			}
			if !s.placed("mine") {
				t.Error("the order is gone")
			}
		}
		if status, body := cancel(); status != 200 {
			t.Errorf("in the end %d %s", status, body)
		}
	})
}

func (s *testSim) placing(id string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequest("POST", s.orderRequest(id), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-MBX-APIKEY", testKey)
	r.RemoteAddr = "10.0.0.1:1"
	return r
}

// TestShutOut lets bans and the firewall's block last as long as they are told to.
func TestShutOut(t *testing.T) {
	for kind, status := range map[FaultKind]int{FaultBan: 418, FaultFirewall: 403} {
		inSim(t, func(t *testing.T, s *testSim) {
			if _, err := s.Inject(Fault{Kind: kind, Delay: Duration(time.Minute)}); err != nil {
				t.Fatal(err)
			}
			for _, want := range [...]int{status, status} {
				if w := s.ping("10.0.0.1", "/papi/v1/ping"); w.Code != want {
					t.Errorf("%s: %d, want %d", kind, w.Code, want)
				}
			}
			if w := s.ping("10.0.0.2", "/papi/v1/ping"); w.Code != 200 {
				t.Errorf("%s: another address %d", kind, w.Code)
			}
			s.wait(time.Minute)
			if w := s.ping("10.0.0.1", "/papi/v1/ping"); w.Code != 200 {
				t.Errorf("%s: later %d", kind, w.Code)
			}
		})
	}
}

// TestFaultConditions hits what fits, so often and no more.
func TestFaultConditions(t *testing.T) {
	answer := Fault{Kind: FaultAnswer, Status: 599}
	with := func(change func(f *Fault)) Fault {
		f := answer
		change(&f)
		return f
	}
	for _, test := range []struct {
		fault Fault
		want  string // what comes of POST um/order a1, a2, b1, DELETE um/order a1, GET balance: F or .
	}{
		{answer, "F...."},
		{with(func(f *Fault) { f.Count = 2 }), "FF..."},
		{with(func(f *Fault) { f.Count = -1 }), "FFFFF"},
		{with(func(f *Fault) { f.After = 3 }), "...F."},
		{with(func(f *Fault) { f.After, f.Count = 1, 2 }), ".FF.."},
		{with(func(f *Fault) { f.Method = "delete" }), "...F."},
		{with(func(f *Fault) { f.Path = "/papi/v1/balance" }), "....F"},
		{with(func(f *Fault) { f.Path = "/papi/v1/bal" }), "....."},
		{with(func(f *Fault) { f.Path, f.Count = "/papi/v1/um/*", -1 }), "FFFF."},
		{with(func(f *Fault) { f.ClientID, f.Count = "a", -1 }), "FF.F."},
		{with(func(f *Fault) { f.ClientID, f.Method = "b", "POST" }), "..F.."},
		{with(func(f *Fault) { f.Probability, f.Count = exchange.FixedOne, -1 }), "FFFFF"},
		{with(func(f *Fault) { f.Probability, f.Count = 1, -1 }), "....."},
	} {
		inSim(t, func(t *testing.T, s *testSim) {
			if _, err := s.Inject(test.fault); err != nil {
				t.Fatal(err)
			}
			got := ""
			mark := func(status int) {
				if status == 599 {
					got += "F"
				} else {
					got += "."
				}
			}
			for _, id := range [...]string{"a1", "a2", "b1"} {
				status, _ := s.do(s.placing(id))
				mark(status)
			}
			status, _ := s.call("DELETE", "/papi/v1/um/order", "symbol=BTCUSDT&origClientOrderId=a1")
			mark(status)
			status, _ = s.call("GET", "/papi/v1/balance", "")
			mark(status)
			if got != test.want {
				t.Errorf("%+v: %s, want %s", test.fault, got, test.want)
			}
		})
	}
}

// TestFaultChance draws by the seed: the same seed the same faults.
func TestFaultChance(t *testing.T) {
	draw := func(seed uint64) string {
		var got strings.Builder
		inSim(t, func(t *testing.T, s *testSim) {
			if _, err := s.Inject(Fault{Kind: FaultDown503, Count: -1, Probability: exchange.MustFixed("0.3")}); err != nil {
				t.Fatal(err)
			}
			for range 1000 {
				if s.ping("10.0.0.1", "/papi/v1/ping").Code == 503 {
					got.WriteByte('.')
				} else {
					got.WriteByte(' ')
				}
			}
		}, func(c *Config) { c.Venue.Seed = seed })
		return got.String()
	}
	first := draw(1)
	if n := strings.Count(first, "."); n < 250 || n > 350 {
		t.Errorf("%d of 1,000 hit, want about 300", n)
	}
	if draw(1) != first || draw(2) == first {
		t.Error("chance does not follow the seed")
	}
}

func TestBadFaults(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	s := newTestSim(t)
	for _, test := range []struct {
		fault Fault
		want  string
	}{
		{Fault{}, `kind "" is none of lost_request, `},
		{Fault{Kind: FaultReset, Count: -2}, "count is at least -1"},
		{Fault{Kind: FaultReset, After: -1}, "after at least 0"},
		{Fault{Kind: FaultReset, Probability: 2 * exchange.FixedOne}, "probability 2 is not within 0 to 1"},
		{Fault{Kind: FaultReset, Delay: -1}, "delay -1ns is not within"},
		{Fault{Kind: FaultReset, Delay: Duration(100 * time.Hour)}, "delay 100h0m0s is not within"},
		{Fault{Kind: FaultLateReply}, `late_reply needs a delay, such as "2s"`},
		{Fault{Kind: FaultEventLate}, `event_late needs a delay`},
		{Fault{Kind: FaultClosed, Path: "/papi/v1/order"}, "is of the user stream"},
		{Fault{Kind: FaultReset, Event: "ORDER_TRADE_UPDATE"}, "is of requests"},
		{Fault{Kind: FaultLostReply, NotExecuted: true}, "leaves nothing open"},
		{Fault{Kind: FaultAnswer}, "status 0 is not within 200 to 599"},
		{Fault{Kind: FaultReset, Body: "x"}, "has an answer of its own"},
	} {
		if _, err := s.Inject(test.fault); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.fault, err, test.want)
		}
	}
	for range faultsMax {
		if _, err := s.Inject(Fault{Kind: FaultReset}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Inject(Fault{Kind: FaultReset}); err == nil {
		t.Error("faults without end")
	}
	if n := s.ClearFaults(7); n != 1 {
		t.Errorf("cleared %d faults of number 7", n)
	}
	if n := s.ClearFaults(0); n != faultsMax-1 {
		t.Errorf("cleared %d faults", n)
	}
}

// TestSpared lets through what cancels or closes when the exchange is overloaded.
func TestSpared(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		if _, err := s.Inject(Fault{Kind: FaultThrottled503, Count: -1}); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			method, params string
			hit            bool
		}{
			{"POST", "side=BUY", true},
			{"POST", "side=BUY&reduceOnly=false", true},
			{"POST", "side=BUY&reduceOnly=true", false},
			{"POST", "side=BUY&reduceOnly=true&positionSide=BOTH", false},
			{"POST", "side=BUY&positionSide=LONG", true},
			{"POST", "side=SELL&positionSide=LONG", false},
			{"POST", "side=BUY&positionSide=SHORT", false},
			{"POST", "side=SELL&positionSide=SHORT", true},
			{"POST", "closePosition=true", false},
			{"DELETE", "", false},
		} {
			if status, _ := s.call(test.method, "/papi/v1/um/order", test.params); status == 503 != test.hit {
				t.Errorf("%s %s: %d", test.method, test.params, status)
			}
		}
	})
}
