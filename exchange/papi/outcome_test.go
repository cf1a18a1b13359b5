package papi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const (
	msg503Unknown     = "Unknown error, please check your request or try again later."
	msg503Unavailable = "Service Unavailable."
	msg503Internal    = "Internal error; unable to process your request. Please try again."
	html              = "<!DOCTYPE html><html><head><title>ERROR: The request could not be satisfied</title></head></html>"
)

// TestOutcomes walks the table of the reference, "did my order happen?", row by row, and
// then what it leaves open.
func TestOutcomes(t *testing.T) {
	const done, refused, unknown = Done, Refused, Unknown
	is := func(errs ...error) []error { return errs }
	for _, c := range []struct {
		name      string
		status    int
		body      string
		want      Outcome
		retryable bool
		code      int
		is        []error
	}{
		{"an order", 200, orderAnswer, done, false, 0, nil},
		{"a list", 200, "[]", done, false, 0, nil},
		{"nothing to tell", 200, "{}", done, false, 0, nil},
		{"cancel-all", 200, `{"code":200,"msg":"The operation of cancel all open order is done."}`, done, false, 0, nil},
		{"cancel-all of CM", 200, `{"code":"200","msg":"The operation of cancel all open order is done."}`, done, false, 0, nil},
		{"success as 0", 200, `{"code":0,"msg":"success"}`, done, false, 0, nil},
		{"success without a code", 200, `{"code":null,"msg":"success"}`, done, false, 0, nil},

		{"a rejection", 400, `{"code":-2019,"msg":"Margin is insufficient."}`, refused, false, -2019, nil},
		{"an unknown code", 400, `{"code":-4408,"msg":"This symbol is in reduce only mode."}`, refused, false, -4408, nil},
		{"a code of nobody", 400, `{"code":-77777,"msg":"?"}`, refused, false, -77777, nil},
		{"a rejection as text", 400, `{"code":"-2019","msg":"Margin is insufficient."}`, refused, false, -2019, nil},
		{"borrowing", 400, `{"code":51061,"msg":"insufficient loanable assets"}`, refused, false, 51061, nil},
		{"borrowing, negated", 400, `{"code":-51061,"msg":"insufficient loanable assets"}`, refused, false, 51061, nil},
		{"busy", 400, `{"code":51998,"msg":"System is busy. Please try again later."}`, refused, true, 51998, nil},
		{"no such order", 400, `{"code":-2013,"msg":"Order does not exist."}`, refused, false, -2013, is(ErrNoSuchOrder)},
		{"nothing to cancel", 400, `{"code":-2011,"msg":"Unknown order sent."}`, refused, false, -2011, is(ErrNoSuchOrder)},
		{"clock", 400, `{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}`, refused, true, -1021, is(ErrClock)},
		{"signature", 400, `{"code":-1022,"msg":"Signature for this request is not valid."}`, refused, false, -1022, nil},
		{"clock of the engine", 400, `{"code":-5028,"msg":"The requested timestamp is outside the recvWindow of the matching engine"}`, refused, true, -5028, is(ErrClock)},
		{"key", 401, `{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`, refused, false, -2015, is(ErrKey)},
		{"key format", 401, `{"code":-2014,"msg":"API-key format invalid."}`, refused, false, -2014, is(ErrKey)},
		{"key without a body", 401, "", refused, false, 0, is(ErrKey)},
		{"firewall", 403, html, refused, true, 0, nil},
		{"no such path", 404, html, refused, false, 0, nil},
		{"ban", 418, `{"code":-1003,"msg":"Way too many requests; IP banned until 1.."}`, refused, true, -1003, is(ErrBanned)},
		{"limit", 429, `{"code":-1003,"msg":"Too many requests"}`, refused, true, -1003, is(ErrLimited)},
		{"limit without a body", 429, "", refused, true, 0, is(ErrLimited)},
		{"limit of orders", 429, `{"code":-1015,"msg":"Too many new orders."}`, refused, true, -1015, is(ErrLimited)},

		{"503 unknown", 503, `{"code":-1000,"msg":"` + msg503Unknown + `"}`, unknown, false, -1000, is(ErrUnknownOutcome)},
		{"503 unknown without a code", 503, `{"msg":"` + msg503Unknown + `"}`, unknown, false, 0, is(ErrUnknownOutcome)},
		{"503 unknown as text", 503, msg503Unknown, unknown, false, 0, is(ErrUnknownOutcome)},
		{"503 unavailable", 503, `{"code":0,"msg":"` + msg503Unavailable + `"}`, refused, true, 0, nil},
		{"503 unavailable as text", 503, msg503Unavailable + "\n", refused, true, 0, nil},
		{"503 internal", 503, `{"code":-1001,"msg":"` + msg503Internal + `"}`, refused, true, -1001, nil},
		{"503 internal as text", 503, msg503Internal, refused, true, 0, nil},
		{"503 throttled", 503, `{"code":-1008,"msg":"Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."}`, refused, true, -1008, is(ErrThrottled)},
		{"503 of somebody on the way", 503, "<html><title>503 Service Temporarily Unavailable</title></html>", unknown, false, 0, is(ErrUnknownOutcome)},
		{"503 that says both ways", 503, `{"code":-1001,"msg":"` + msg503Unknown + `"}`, unknown, false, -1001, is(ErrUnknownOutcome)},
		{"503 that says both", 503, `{"code":-1000,"msg":"` + msg503Internal + `"}`, unknown, false, -1000, is(ErrUnknownOutcome)},
		{"503 without a body", 503, "", unknown, false, 0, is(ErrUnknownOutcome)},
		{"500", 500, `{"msg":"Request occur unknown error."}`, unknown, false, 0, is(ErrUnknownOutcome)},
		{"502", 502, html, unknown, false, 0, is(ErrUnknownOutcome)},
		{"504", 504, html, unknown, false, 0, is(ErrUnknownOutcome)},
		{"-1000", 400, `{"code":-1000,"msg":"An unknown error occured while processing the request."}`, unknown, false, -1000, is(ErrUnknownOutcome)},
		{"-1006", 400, `{"code":-1006,"msg":"An unexpected response was received from the message bus. Execution status unknown."}`, unknown, false, -1006, is(ErrUnknownOutcome)},
		{"-1007", 408, `{"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown; execution status unknown."}`, unknown, false, -1007, is(ErrUnknownOutcome)},
		{"51999", 400, `{"code":51999,"msg":"System abnormality."}`, unknown, false, 51999, is(ErrUnknownOutcome)},

		{"200 with a refusal", 200, `{"code":-2011,"msg":"Unknown order sent."}`, refused, false, -2011, is(ErrNoSuchOrder)},
		{"200 with a refusal as text", 200, `{"code":"-2011","msg":"Unknown order sent."}`, refused, false, -2011, is(ErrNoSuchOrder)},
		{"200 with a loan's refusal", 200, `{"code":51006,"msg":"Exceeds maximum borrowable amount."}`, refused, false, 51006, nil},
		{"200 with a doubt", 200, `{"code":-1007,"msg":"Timeout"}`, unknown, false, -1007, is(ErrUnknownOutcome)},
		{"200 with a code of nobody", 200, `{"code":-77777,"msg":"?"}`, unknown, false, -77777, is(ErrUnknownOutcome)},
		{"200 with no code", 200, `{"code":{},"msg":"?"}`, unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 with half a code", 200, `{"code":-20.5,"msg":"?"}`, unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 with two codes", 200, `{"code":-2011,"code":200}`, unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 without a body", 200, "", unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 with spaces", 200, " \n", unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 with HTML", 200, html, unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 cut off", 200, orderAnswer[:40], unknown, false, 0, is(ErrUnknownOutcome)},
		{"200 with more behind", 200, orderAnswer + "x", unknown, false, 0, is(ErrUnknownOutcome)},
		{"a redirect", 302, html, unknown, false, 0, is(ErrUnknownOutcome)},
		{"400 without a code", 400, html, unknown, false, 0, is(ErrUnknownOutcome)},
		{"400 without a body", 400, "", unknown, false, 0, is(ErrUnknownOutcome)},
	} {
		transport := always(c.status, c.body, "Location", "https://example.com/", "Retry-After", "1")
		err := placed(t, newTestClient(t, transport))
		if sent, _ := transport.asked(); len(sent) != 1 {
			t.Errorf("%s: sent %d times", c.name, len(sent))
		}
		if c.want == done {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is no Error", c.name, err)
			continue
		}
		if e.Outcome != c.want || e.Retryable != c.retryable || e.Code != c.code || e.HTTP != c.status || e.Sent == 0 || e.RetryAfter != time.Second {
			t.Errorf("%s: %+v", c.name, *e)
		}
		for _, want := range []error{ErrUnknownOutcome, ErrNotSent, ErrNotApproved, ErrBusy, ErrLimited, ErrBanned, ErrThrottled, ErrKey, ErrClock, ErrNoSuchOrder} {
			if errors.Is(err, want) != slices.Contains(c.is, want) {
				t.Errorf("%s: that %v is %q is %v", c.name, err, want, errors.Is(err, want))
			}
		}
		if strings.Contains(err.Error(), "signature") && c.code != -1022 || strings.Contains(err.Error(), "BTCUSDT") {
			t.Errorf("%s: the error shows the request: %v", c.name, err)
		}
	}
}

// TestNoAnswer: whatever ends a request that may have left, its outcome is unknown, and the
// error does not show it.
func TestNoAnswer(t *testing.T) {
	cut := respond(200, "") //nolint:bodyclose // the client closes it
	cut.Body = io.NopCloser(io.MultiReader(strings.NewReader(orderAnswer[:20]), broken{}))
	whole := respond(200, "") //nolint:bodyclose // the client closes it
	whole.Body = io.NopCloser(io.MultiReader(strings.NewReader(orderAnswer), broken{}))
	for name, answer := range map[string]func(*http.Request, string) (*http.Response, error){
		"reset": func(*http.Request, string) (*http.Response, error) { return nil, syscall.ECONNRESET },
		"an error with the URL": func(r *http.Request, body string) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String() + "?" + body, Err: io.ErrUnexpectedEOF}
		},
		"cut off after an answer": func(*http.Request, string) (*http.Response, error) { return whole, nil },
		"cut off":                 func(*http.Request, string) (*http.Response, error) { return cut, nil },
		"too large": func(*http.Request, string) (*http.Response, error) {
			return respond(200, "{}"+strings.Repeat(" ", bodyBytesMax)), nil
		},
		"silence": func(r *http.Request, _ string) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := &carrier{answer: answer}
			err := placed(t, newTestClient(t, transport))
			var e *Error
			if !errors.As(err, &e) || e.Outcome != Unknown || e.Retryable || e.Sent == 0 {
				t.Errorf("%s: %v", name, err)
			} else if strings.Contains(err.Error(), "signature") || strings.Contains(err.Error(), "BTCUSDT") {
				t.Errorf("%s: the error shows the request: %v", name, err)
			}
			if sent, _ := transport.asked(); len(sent) != 1 {
				t.Errorf("%s: sent %d times", name, len(sent))
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestKeyIsStruckOut: somebody on the way sends back what it got.
func TestKeyIsStruckOut(t *testing.T) {
	err := placed(t, newTestClient(t, always(400, `{"code":-1100,"msg":"bad header X-MBX-APIKEY: `+testKey+`\r\n\u0000 `+strings.Repeat("x", 1000)+`"}`)))
	var e *Error
	if !errors.As(err, &e) || strings.Contains(err.Error(), testKey[:8]) || !strings.HasPrefix(e.Msg, "bad header X-MBX-APIKEY: [secret]   ") || len(e.Msg) > 310 {
		t.Error(err)
	}
}

// TestReadsAreTriedAgain after what passes, four times at most, and nothing else ever is.
func TestReadsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name   string
			ep     endpoint
			status int
			body   string
			tries  int
			took   time.Duration
		}{
			{"a read while unavailable", epAccount, 503, msg503Unavailable, 4, 1400 * time.Millisecond},
			{"a read without an answer", epAccount, 504, html, 4, 1400 * time.Millisecond},
			{"a read that is refused", epAccount, 400, `{"code":-1121,"msg":"Invalid symbol."}`, 1, 0},
			{"a read over the limit", epAccount, 429, `{"code":-1003,"msg":"Too many requests"}`, 1, 0},
			{"a cancel", epCancelUMOrder, 503, msg503Unavailable, 1, 0},
			{"the listenKey", epNewListenKey, 503, msg503Unavailable, 1, 0},
			{"a download, of which few are free", epNewUMTradeDownload, 503, msg503Unavailable, 1, 0},
		} {
			transport := always(c.status, c.body)
			client := newTestClient(t, transport)
			start := time.Now()
			_, err := client.do(t.Context(), c.ep, new(query))
			sent, _ := transport.asked()
			if err == nil || len(sent) != c.tries || time.Since(start) != c.took {
				t.Errorf("%s: %d tries in %v, %v; want %d in %v", c.name, len(sent), time.Since(start), err, c.tries, c.took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		transport := always(503, msg503Unavailable)
		if _, err := newTestClient(t, transport).do(ctx, epAccount, new(query)); err == nil {
			t.Error("no error")
		}
		if sent, _ := transport.asked(); len(sent) != 2 {
			t.Errorf("%d tries before the deadline", len(sent))
		}
	})
}

// FuzzOutcome: no answer makes a panic, nor a success of what is not JSON.
func FuzzOutcome(f *testing.F) {
	for _, body := range []string{orderAnswer, "", "{}", "[]", html, msg503Unknown, `{"code":-1007,"msg":"x"}`, `{"code":"200"}`, `{"code":1e3,"msg":{}}`, "\xff{", `{"code":-2011,"code":200}`} {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 418, 429, 500, 503, 0, -1, 999} {
			f.Add(status, []byte(body), "7", "IP banned until 1700000000000")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, retry, used string) {
		h := http.Header{"Retry-After": {retry}, "X-Mbx-Used-Weight-1m": {used}}
		if cut := read(status, h, body, io.ErrUnexpectedEOF); cut.verdict(epNewUMOrder, 1, testKey) == nil {
			t.Fatalf("a body that was cut off is done: %d %q", status, body)
		}
		a := read(status, h, body, nil)
		err := a.verdict(epNewUMOrder, 1, testKey)
		if err == nil {
			if status < 200 || status > 299 || !a.json || refuses(a.code) {
				t.Fatalf("done: %d %q", status, body)
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) || e.Outcome != Refused && e.Outcome != Unknown || e.Outcome == Unknown && e.Retryable {
			t.Fatalf("%d %q: %v", status, body, err)
		}
		if e.RetryAfter < 0 || a.limits.Weight < 0 || a.limits.Orders < 0 || len(e.Msg) > messageMax+3 {
			t.Fatalf("%d %q %q: %+v", status, body, retry, *e)
		}
	})
}
