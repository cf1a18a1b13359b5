package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// half is a body that breaks off.
type half struct{ io.Reader }

func (h half) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
func (half) Close() error { return nil }

// taken is an answer, what it is taken for, how often it is asked for, and how long that takes.
type taken struct {
	name   string
	answer canned
	is     error
	text   string
	sent   int
	took   time.Duration
}

func (test taken) hold(t *testing.T) {
	t.Helper()
	transport := &carrier{answer: func(*http.Request) (*http.Response, error) { return test.answer.answer() }}
	c := newTestClient(t, transport)
	if _, err := c.MeasureClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	pass(5 * time.Second)
	start := time.Now()
	_, a, err := c.LastPrices(t.Context(), exchange.UM, "")
	took := time.Since(start)
	if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) || strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 500 {
		t.Errorf("the error is %v", err)
	}
	if len(transport.requests) != test.sent || took != test.took {
		t.Errorf("sent %d times in %v, want %d in %v", len(transport.requests), took, test.sent, test.took)
	}
	if a.Body != nil {
		t.Errorf("a body of %d bytes beside an error", len(a.Body))
	}
	for _, other := range []error{ErrLimited, ErrBanned, ErrFirewall, ErrRegion, ErrUnavailable, ErrNoSymbol, ErrTooOld, ErrParameter, ErrBusy} {
		if other != test.is && errors.Is(err, other) && !errors.Is(test.is, io.ErrUnexpectedEOF) {
			t.Errorf("it is %v too", other)
		}
	}
}

// TestErrors is what answers are taken for, how often they are asked for again, and how long
// that takes.
func TestErrors(t *testing.T) {
	const code = `{"code":-1003,"msg":"Too many requests."}`
	for _, test := range []taken{
		{"a symbol that is not there", plain(400, `{"code":-1121,"msg":"Invalid symbol."}`), ErrNoSymbol, "HTTP 400: code -1121: Invalid symbol.", 1, 0},
		{"an interval", plain(400, `{"code":-1120,"msg":"Invalid interval."}`), ErrParameter, "code -1120", 1, 0},
		{"a limit", plain(400, `{"code":-1130,"msg":"Data sent for parameter 'limit' is not valid."}`), ErrParameter, "code -1130", 1, 0},
		{"a depth limit", plain(400, `{"code":-4021,"msg":"'7' is not valid depth limit."}`), ErrParameter, "code -4021", 1, 0},
		{"200 days", plain(400, `{"code":-4088,"msg":"Maximum time interval is 200 days."}`), ErrParameter, "code -4088", 1, 0},
		{"48 hours", plain(400, `{"code":-4166,"msg":"Search window is restricted to recent 48 hours only."}`), ErrTooOld, "code -4166", 1, 0},
		{"429 with a wait", plain(429, code, "Retry-After", "7"), ErrLimited, "HTTP 429: code -1003: Too many requests.", 4, 21 * time.Second},
		{"429 without", plain(429, code), ErrLimited, "HTTP 429", 4, 3*time.Minute + 500*time.Millisecond - 5*time.Second},
		{"429 from somebody on the way", plain(429, "<html>slow down</html>", "Retry-After", "7"), ErrLimited, "HTTP 429: HTML of 22 bytes", 4, 21 * time.Second},
		{"a ban", plain(418, `{"code":-1003,"msg":"Way too many requests; IP banned until 1793577900000."}`), ErrBanned, "HTTP 418", 1, 0},
		{"the firewall", plain(403, "<html><body>403 Forbidden</body></html>"), ErrFirewall, "HTTP 403: HTML of 39 bytes", 4, 7 * time.Second},
		{"the region", plain(451, `{"code":0,"msg":"Service unavailable from a restricted location"}`), ErrRegion, "HTTP 451: Service unavailable from a restricted location", 1, 0},
		{"500", plain(500, ""), ErrUnavailable, "HTTP 500: empty body", 4, 1400 * time.Millisecond},
		{"502 with a page", plain(502, "<html>Bad Gateway</html>"), ErrUnavailable, "HTTP 502: HTML of 24 bytes", 4, 1400 * time.Millisecond},
		{"503 in words", plain(503, "Service Unavailable."), ErrUnavailable, "HTTP 503: 20 bytes that are not JSON: jsontext", 4, 1400 * time.Millisecond},
		{"408", plain(408, `{"code":-1007,"msg":"Timeout waiting for response from backend server."}`), ErrUnavailable, "HTTP 408: code -1007", 4, 1400 * time.Millisecond},
		{"internal, with 400", plain(400, `{"code":-1001,"msg":"Internal error; unable to process your request."}`), ErrUnavailable, "code -1001", 4, 1400 * time.Millisecond},
		{"an error with 200", plain(200, `{"code":-1121,"msg":"Invalid symbol."}`), ErrNoSymbol, "HTTP 200: code -1121", 1, 0},
		{"a page with 200", plain(200, "<html>verify that you are human</html>"), ErrUnavailable, "HTTP 200: HTML of 38 bytes", 4, 1400 * time.Millisecond},
		{"nothing with 200", plain(200, " "), ErrUnavailable, "HTTP 200: empty body", 4, 1400 * time.Millisecond},
		{"half an answer", plain(200, `[{"symbol":"BTC`), ErrUnavailable, "HTTP 200: 15 bytes that are not JSON: ", 4, 1400 * time.Millisecond},
		{"two answers", plain(200, `[][]`), ErrUnavailable, "more than one value", 4, 1400 * time.Millisecond},
		{"a redirect", plain(302, "", "Location", "http://127.0.0.1/x"), nil, "HTTP 302: redirects to http://127.0.0.1/x, which is not followed", 1, 0},
		{"a page that is not there", plain(404, "<html>"), nil, "HTTP 404: HTML of 6 bytes", 1, 0},
		{"a message of control characters", plain(400, `{"code":-1100,"msg":"a\u0000b\n`+strings.Repeat("x", 400)+`"}`), ErrParameter, "code -1100: a b xxx", 1, 0},
		{"no connection", canned{strange: func() (*http.Response, error) { return nil, errors.New("no route to host") }}, ErrUnavailable, "no route to host", 4, 1400 * time.Millisecond},
		{"a broken connection", canned{strange: func() (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: half{strings.NewReader("[")}}, nil
		}}, io.ErrUnexpectedEOF, "HTTP 200: after 1 bytes: unexpected EOF", 4, 1400 * time.Millisecond},
		{"an endless body", canned{strange: func() (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.LimitReader(spaces{}, 1<<30))}, nil
		}}, ErrUnavailable, "more than 16777216 bytes", 4, 1400 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.hold(t)
			})
		})
	}
}

type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// canned is an answer that is made anew for each request.
type canned struct {
	status  int
	body    string
	headers []string
	// strange makes what is more than that.
	strange func() (*http.Response, error)
}

func plain(status int, body string, headers ...string) canned {
	return canned{status: status, body: body, headers: headers}
}

func (c canned) answer() (*http.Response, error) {
	if c.strange != nil {
		return c.strange()
	}
	return respond(c.status, c.body, c.headers...), nil
}

// TestRecovers holds that a passing failure is not seen by the caller.
func TestRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []canned{plain(502, "<html>"), plain(429, `{"code":-1003,"msg":"x"}`, "Retry-After", "30"), plain(403, "<html>"), plain(200, "[]")}
		transport := &carrier{}
		transport.answer = func(*http.Request) (*http.Response, error) { return answers[len(transport.requests)-1].answer() }
		var log bytes.Buffer
		c, err := New(Config{Transport: transport, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.LastPrices(t.Context(), exchange.CM, ""); err != nil || len(transport.requests) != 4 {
			t.Errorf("%v after %d requests", err, len(transport.requests))
		}
		if n := strings.Count(log.String(), "exchange limits requests"); n != 2 {
			t.Errorf("%d warnings:\n%s", n, log.String())
		}
	})
}

// TestBanned holds that a ban of fapi or dapi silences both until it is over, and not spot.
func TestBanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		banned := true
		transport := &carrier{}
		transport.answer = func(r *http.Request) (*http.Response, error) {
			if banned && r.URL.Host != "api.binance.com" {
				return respond(418, `{"code":-1003,"msg":"IP banned"}`, "Retry-After", "300"), nil
			}
			return respond(200, "[]"), nil
		}
		c := newTestClient(t, transport)
		ask := func(p exchange.Product) error {
			_, _, err := c.LastPrices(t.Context(), p, "")
			return err
		}
		first, second, spot := ask(exchange.UM), ask(exchange.CM), ask(exchange.Margin)
		var failure *Error
		if !errors.Is(first, ErrBanned) || !errors.Is(second, ErrBanned) || spot != nil || len(transport.requests) != 2 {
			t.Errorf("%v; %v; %v; %d requests", first, second, spot, len(transport.requests))
		}
		if !errors.As(second, &failure) || failure.RetryAfter < 299*time.Second || failure.HTTP != 0 {
			t.Errorf("the second is %+v", failure)
		}
		banned = false
		pass(301 * time.Second)
		if err := ask(exchange.CM); err != nil {
			t.Errorf("after the ban: %v", err)
		}
	})
}

// TestDeadline holds that nobody waits for what comes too late, and that a caller who gives
// up is let go.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := always(200, "[]", "X-MBX-USED-WEIGHT-1M", "2300")
		c := newTestClient(t, transport)
		if _, err := c.MeasureClock(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second) // away from the turn of the minute, where two are in question
		if _, _, err := c.LastPrices(t.Context(), exchange.CM, ""); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, _, err := c.LastPrices(ctx, exchange.UM, "")
		if !errors.Is(err, ErrLimited) || time.Since(start) != 0 || len(transport.requests) != 1 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, _, err = c.LastPrices(ctx, exchange.UM, ""); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if _, _, err = c.LastPrices(t.Context(), exchange.UM, ""); err != nil || time.Since(start) < 50*time.Second {
			t.Errorf("%v after %v: the new minute was not waited for", err, time.Since(start))
		}
	})
}

// TestTimeout holds that an answer that does not come is given up, and asked for again.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &carrier{answer: func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		c := newTestClient(t, transport)
		start := time.Now()
		_, _, err := c.LastPrices(t.Context(), exchange.UM, "")
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnavailable) || time.Since(start) != 41400*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestQuota holds that fundings and statistics are asked for no more often than their share
// of the quota, and then wait.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Time
		transport := &carrier{answer: func(*http.Request) (*http.Response, error) {
			sent = append(sent, time.Now())
			return respond(200, "[]"), nil
		}}
		c := newTestClient(t, transport)
		start := time.Now()
		for i := range 900 {
			p := []exchange.Product{exchange.UM, exchange.CM}[i%2]
			if _, _, err := c.FundingInfo(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.FundingRates(t.Context(), p, FundingQuery{Symbol: "X"}); err != nil {
				t.Fatal(err)
			}
		}
		for i := 400; i < len(sent); i++ {
			if sent[i].Sub(sent[i-400]) < 5*time.Minute {
				t.Fatalf("request %d came %v after the one 400 before", i, sent[i].Sub(sent[i-400]))
			}
		}
		if took := time.Since(start); took > 21*time.Minute {
			t.Errorf("1800 requests took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		now := time.Now()
		for {
			_, _, err := c.FundingInfo(ctx, exchange.UM)
			if err == nil {
				continue
			}
			if !errors.Is(err, ErrLimited) || time.Since(now) > time.Second {
				t.Errorf("%v after %v", err, time.Since(now))
			}
			break
		}
	})
}

// TestLowerLimit holds that a limit that the exchange tells is kept if it is lower, and that a
// higher one changes nothing.
func TestLowerLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := "6000"
		transport := &carrier{answer: func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "exchangeInfo") {
				return respond(200, `{"symbols":[],"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":`+limit+`}]}`), nil
			}
			return respond(200, "[]"), nil
		}}
		c := newTestClient(t, transport)
		full := func() int {
			pass(2 * time.Minute)
			n := 0
			for ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond); ; n++ {
				if _, _, err := c.MarkPrices(ctx, exchange.CM, ""); err != nil {
					cancel()
					return n
				}
			}
		}
		for _, test := range []struct {
			limit string
			want  int
		}{{"6000", 187}, {"1000", 78}, {"5", 78}, {"2400", 78}} {
			limit = test.limit
			if _, _, err := c.ExchangeInfo(t.Context(), exchange.CM); err != nil {
				t.Fatal(err)
			}
			if n := full(); n != test.want && n != test.want-1 { // the clock is measured now and then
				t.Errorf("a limit of %s lets %d requests of 10 through, want %d", limit, n, test.want)
			}
		}
	})
}

// TestConfig holds what a client is not made of.
func TestConfig(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{UM: "ftp://x"}, "https://fapi.binance.com: has more or less than http or https"},
		{Config{CM: "https://user:secret@x"}, "https://dapi.binance.com: has more"},
		{Config{Spot: "https://x/path?q"}, "has more"},
		{Config{Spot: "api.binance.com"}, "has more"},
		{Config{UM: "https://"}, "has more"},
		{Config{UM: "https://\x7f"}, "is not a URL"},
		{Config{Timeout: -1}, "is below 0"},
		{Config{SharePercent: 101}, "share of 101%"},
		{Config{SharePercent: 10}, "share of 10%"},
	} {
		if _, err := New(test.config); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", test.config, err)
		}
	}
	c, err := New(Config{UM: "http://127.0.0.1:9/", CM: "http://[::1]:9", Spot: "https://data-api.binance.vision"})
	if err != nil || c.bases != [4]string{"", "http://127.0.0.1:9", "http://[::1]:9", "https://data-api.binance.vision"} {
		t.Errorf("%v, %v", c.bases, err)
	}
}
