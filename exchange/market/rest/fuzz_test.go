package rest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pmbot/pmbot/exchange"
)

// FuzzAnswers gives any body to any typed call: no panic, an error that is short and of the
// right type or an answer that is the same when it is read again, and no answer that is not
// whole JSON.
func FuzzAnswers(f *testing.F) {
	script, err := os.ReadFile("testdata/calls.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(script)) {
		body, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "< ")
		if !ok {
			continue
		}
		for i := range endpoints {
			if (i+len(body))%7 == 0 {
				f.Add(uint8(i), []byte(body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, index uint8, body []byte) {
		e := &endpoints[int(index)%len(endpoints)]
		v, err := typed(e, body)
		if err != nil {
			failure, ok := errors.AsType[*Error](err)
			if bad := (exchange.SymbolErrors)(nil); !ok && !errors.As(err, &bad) {
				t.Fatalf("%v: an error of type %T: %v", e, err, err)
			}
			if len(err.Error()) > 2000 || ok && failure.HTTP == http.StatusOK && failure.Code == 0 && jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) && len(body) <= objectMax {
				t.Fatalf("%v: %v", e, err)
			}
			return
		}
		again, err := typed(e, body)
		if err != nil || !reflect.DeepEqual(v, again) {
			t.Fatalf("%v: read twice: %+v and %+v, %v", e, v, again, err)
		}
		if rows, ok := v.([]Kline); ok {
			for _, k := range rows {
				if k.End <= k.Start || k.Interval <= 0 {
					t.Fatalf("a candle of %+v", k)
				}
			}
		}
	})
}

// FuzzParams holds that whatever is in a value stays in it.
func FuzzParams(f *testing.F) {
	f.Add("symbol", "BTCUSDT&limit=5")
	f.Add("symbol", "币安人生USDT")
	f.Add("limit", "a b+c%20#")
	f.Add("x", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		transport := always(200, "{}")
		c, err := New(Config{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.Get(context.Background(), "um/trades", Param{"symbol", "X"}, Param{name, value})
		if err != nil {
			if len(transport.requests) != 0 {
				t.Fatalf("%q=%q was sent: %v", name, value, err)
			}
			return
		}
		q := transport.requests[0].URL.Query()
		want := 1
		if value != "" {
			want = 2
		}
		if name != "limit" || len(q) != want || q.Get("symbol") != "X" || q.Get("limit") != value || transport.requests[0].URL.Fragment != "" {
			t.Fatalf("%q=%q was sent as %s", name, value, a.URL)
		}
	})
}
