package papisim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// FuzzOrder sends anything to the endpoints of futures orders: they answer in JSON, keep
// nothing of what they refuse, and never panic.
func FuzzOrder(f *testing.F) {
	files, err := filepath.Glob("testdata/refused/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, good, _ := strings.Cut(string(text), "\ngood ")
		good, _, _ = strings.Cut(good, "\n")
		f.Add(uint8(i), good)
	}
	f.Add(uint8(0), "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTD&goodTillDate=9223372036854775807&quantity=99999999999&price=0.1")
	f.Add(uint8(8), "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=TRAILING_STOP_MARKET&quantity=1&callbackRate=99999999999&activatePrice=1")
	s := newTestSim(f)
	s.book(umBTC, "59999x1000", "60001x1000")
	routes := s.futuresRoutes()
	f.Fuzz(func(t *testing.T, endpoint uint8, query string) {
		params, wrong := web.ReadParams(query, "")
		if wrong != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		before := len(s.records.all)
		answer, wrong := routes[int(endpoint)%len(routes)].Serve(&web.Call{Params: params, At: s.clock.now(), Header: http.Header{}})
		s.tell()
		if wrong != nil {
			if len(s.records.all) != before || wrong.Code == 0 || wrong.Msg == "" {
				t.Errorf("%d orders became %d: %v", before, len(s.records.all), wrong)
			}
			return
		}
		if body, err := json.Marshal(answer); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	})
}

// TestOrderBody sends an order as a form, and half of it in the query, which counts where
// both say something.
func TestOrderBody(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		for _, c := range []struct{ query, body, want string }{
			{"", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000", `"price":"59000.0"`},
			{"symbol=BTCUSDT&price=58000", "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000", `"price":"58000.0"`},
		} {
			query, body := s.signed(c.query, c.body)
			r := httptest.NewRequest("POST", "/papi/v1/um/order?"+query, strings.NewReader(body))
			r.Header.Set("X-MBX-APIKEY", testKey)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status, answer := s.do(r); status != 200 || !strings.Contains(answer, c.want) {
				t.Errorf("%s | %s: %d %s", c.query, c.body, status, answer)
			}
		}
	})
}
