package rest

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestTransport asks a server on this machine by the client's own transport: answers come
// compressed, connections are kept, redirects are not followed, and what a short answer
// inflates to is bounded.
func TestTransport(t *testing.T) {
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		if r.Header.Get("User-Agent") != "pmbot" || r.Header.Get("Accept-Encoding") != "gzip" || len(r.Header) != 2 || r.Proto != "HTTP/1.1" {
			t.Errorf("%s with %v", r.Proto, r.Header)
		}
		switch r.URL.Path {
		case "/fapi/v1/time":
			_, _ = io.WriteString(w, `{"serverTime":1793577600000}`)
		case "/fapi/v1/fundingInfo":
			http.Redirect(w, r, "/fapi/v1/time", http.StatusFound)
		default:
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			_, _ = io.WriteString(zip, `[{"symbol":"BTCUSDT","price":"1"}]`)
			if r.URL.Path == "/fapi/v1/ticker/24hr" {
				_, _ = io.Copy(zip, io.LimitReader(spaces{}, 20<<20))
			}
			_ = zip.Close()
		}
	}))
	defer server.Close()
	c, err := New(Config{UM: server.URL, CM: server.URL, Spot: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.transport.(*http.Transport).CloseIdleConnections()
	for range 3 {
		prices, a, err := c.LastPrices(t.Context(), exchange.UM, "")
		if err != nil || len(prices) != 1 || string(a.Body) != `[{"symbol":"BTCUSDT","price":"1"}]` || a.URL != server.URL+"/fapi/v2/ticker/price" {
			t.Fatalf("%+v, %+v, %v", prices, a, err)
		}
	}
	if len(connections) != 1 {
		t.Errorf("%d connections", len(connections))
	}
	if _, _, err := c.FundingInfo(t.Context(), exchange.UM); err == nil || !strings.Contains(err.Error(), "HTTP 302: redirects to /fapi/v1/time") {
		t.Errorf("a redirect: %v", err)
	}
	failure := new(Error)
	if _, err := c.attempt(t.Context(), find(exchange.UM, "ticker/24hr"), nil); !errors.As(err, &failure) || failure.Msg != "more than 16777216 bytes" {
		t.Errorf("20 MiB of blanks: %v", err)
	}
	server.Close()
	if _, err := c.attempt(t.Context(), find(exchange.UM, "ping"), nil); !errors.As(err, &failure) || !failure.Retryable || failure.HTTP != 0 {
		t.Errorf("no server: %v", err)
	}
}
