package papi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// TestTables is golden text of what can be asked and how it is asked for.
func TestTables(t *testing.T) {
	var out strings.Builder
	transport := always(200, `[{"kept":"as it came"}]`)
	c := newTestClient(t, transport)
	names := map[string]bool{}
	for _, table := range Tables() {
		of := map[string]string{"asset": "BTC", "assets": "BTC,USDT", "symbol": "BTCUSDT"}[table.Needs]
		transport.requests, transport.bodies = nil, nil
		body, err := c.Table(t.Context(), table.Name, of)
		if err != nil || string(body) != `[{"kept":"as it came"}]` {
			t.Errorf("%s: %s, %v", table.Name, body, err)
		}
		r := transport.requests[len(transport.requests)-1]
		allowed(t, r, "")
		query, _, _ := strings.Cut(r.URL.RawQuery, "recvWindow=")
		fmt.Fprintf(&out, "%s every %v, weight %d\n  %s %s%s?%s\n", table.Name, table.Every, table.Weight, r.Method, r.URL.Host, r.URL.Path, strings.TrimSuffix(query, "&"))
		if r.Method != http.MethodGet || r.URL.Path != table.Path || names[table.Name] {
			t.Errorf("%s: %s %s", table.Name, r.Method, r.URL.Path)
		}
		names[table.Name] = true
	}
	golden(t, "testdata/tables.txt", out.String())
}

// TestTableRefused holds that nothing leaves for what is not in the list, or lacks what it is
// of.
func TestTableRefused(t *testing.T) {
	transport := always(200, "[]")
	c := newTestClient(t, transport)
	for _, test := range []struct{ name, of, want string }{
		{"", "", "no table"},
		{"um/order", "", "no table"},
		{"um/leverageBracket?symbol=BTCUSDT", "", "no table"},
		{"../v1/um/order", "", "no table"},
		{"um/leverageBracket", "BTCUSDT", "it needs nothing"},
		{"um/commissionRate", "", "it needs symbol"},
		{"margin/next-hourly-interest-rate", "", "it needs assets"},
	} {
		body, err := c.Table(t.Context(), test.name, test.of)
		if err == nil || !strings.Contains(err.Error(), test.want) || body != nil {
			t.Errorf("%q of %q: %s, %v", test.name, test.of, body, err)
		}
	}
	if len(transport.requests) != 0 {
		t.Errorf("%d requests have left", len(transport.requests))
	}
	synctest.Test(t, func(t *testing.T) { // what may get better is asked for again, after pauses
		for _, body := range []string{`{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`, "<html>", "", `[{"cut`} {
			if got, err := newTestClient(t, always(200, body)).Table(t.Context(), "um/leverageBracket", ""); err == nil || len(got) != 0 {
				t.Errorf("%q is taken for a table: %q, %v", body, got, err)
			}
		}
	})
}

// TestSimTables asks the simulated exchange for every table.
func TestSimTables(t *testing.T) {
	onSim(t, map[endpoint]bool{}, func(ctx context.Context, x *exchangeOf) {
		for _, table := range Tables() {
			of := map[string]string{"asset": "USDT", "assets": "BTC,USDT", "symbol": "BTCUSDT"}[table.Needs]
			if strings.HasPrefix(table.Name, "cm/") && of != "" {
				of = "BTCUSD_PERP"
			}
			body, err := x.Table(ctx, table.Name, of)
			var refusal *Error
			switch {
			case errors.As(err, &refusal) && table.Name == "portfolio/collateralRate/v2" && refusal.Code == -21001:
				// Binance keeps it for PM Pro, the simulated account is none.
			case err != nil:
				t.Errorf("%s: %v", table.Name, err)
			case !json.Valid(body) || len(body) < 10:
				t.Errorf("%s: %s", table.Name, body)
			}
		}
	})
}
