package papisim

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzGateway sends anything: there is no panic, and every answer is a JSON document or a
// page, with a status to match.
func FuzzGateway(f *testing.F) {
	const all = 1 << 30
	s := newTestSim(f, func(c *Config) { c.Limits = Limits{all, all, all, all, all, all, all, all, all, unreadMax} })
	now := s.stamp(0)
	for _, seed := range [][5]string{
		{"GET", "papi.binance.com", "/papi/v1/balance", now + "&signature=" + signatureOf(now), ""},
		{"POST", "127.0.0.1:9000", "/papi/v1/um/order", "symbol=BTCUSDT", "signature=x&timestamp=y"},
		{"DELETE", "fapi.binance.com", "/fapi/v1/order", "", ""},
		{"GET", "api4.binance.com", "/sapi/v1/portfolio/collateralRate", "%", "\xff"},
		{"PUT", "", "//papi//v1", "a=1&a=2", "{}"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], testKey)
	}
	f.Fuzz(func(t *testing.T, method, host, path, query, body, key string) {
		if method == "" || strings.ContainsFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) {
			t.Skip("net/http refuses it")
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.Host, r.URL = host, &url.URL{Path: path, RawQuery: query}
		r.Header["X-Mbx-Apikey"] = []string{key}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, socket := streamEntry(r); socket {
			t.Skip("a websocket")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch kind := w.Header().Get("Content-Type"); {
		case strings.HasPrefix(kind, "application/json") && json.Valid(w.Body.Bytes()):
		case kind == "text/html" && w.Code >= 400 && strings.HasPrefix(w.Body.String(), "<html>"):
		default:
			t.Errorf("%s %s%s: %d %s %.100s", method, host, path, w.Code, kind, w.Body)
		}
	})
}
