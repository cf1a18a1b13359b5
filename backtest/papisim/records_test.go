package papisim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestLargeIDs has order ids that a float cannot hold.
func TestLargeIDs(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		_, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000")
		if !strings.Contains(body, `"orderId":9007199254`) || s.records.live[0].id <= 1<<53 {
			t.Error(body)
		}
	}, func(c *Config) { c.FirstOrderID = 1<<53 + 1 })
	for _, first := range []int64{-1, 1<<62 + 1} {
		c := testConfig(t)
		c.FirstOrderID = first
		if _, err := New(c); err == nil {
			t.Errorf("first order id %d is taken", first)
		}
	}
}

// TestForgetting sees to it that what Binance forgets leaves the memory.
func TestForgetting(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.book(umBTC, "59999x10", "60001x10")
		order := func(params string) {
			t.Helper()
			if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&"+params); status != 200 {
				t.Fatal(body)
			}
		}
		rest := "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=58000"
		for range 50 {
			order(rest)
		}
		s.call("DELETE", "/papi/v1/um/allOpenOrders", "symbol=BTCUSDT")
		order("side=BUY&type=MARKET&quantity=0.01&newClientOrderId=filled")
		order(rest + "&newClientOrderId=open")
		if len(s.records.all) != 52 || len(s.records.live) != 1 {
			t.Fatalf("%d orders, %d open", len(s.records.all), len(s.records.live))
		}
		check := func(after time.Duration, orders, fills, names int) {
			t.Helper()
			s.wait(after)
			order(rest + "&newClientOrderId=next") // something happens
			s.call("DELETE", "/papi/v1/um/order", "symbol=BTCUSDT&origClientOrderId=next")
			r := &s.records
			if len(r.all) != orders || len(r.fills) != fills || len(r.byName) != names || len(r.byVenue) != 1 {
				t.Errorf("%d orders, %d fills, %d names, %d of the venue's", len(r.all), len(r.fills), len(r.byName), len(r.byVenue))
			}
		}
		check(unfilledLife+time.Hour, 3, 1, 3)
		check(orderLife, 2, 1, 2)
		check(fillLife-orderLife, 2, 0, 2)
	})
}

// TestNamesAreFreed sees to it that the names between simulator and venue go when an order
// is over, also those of what a trigger has made.
func TestNamesAreFreed(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		for _, line := range []string{
			"book margin:BTCUSDT 59999x5 / 60001x5", "book um:BTCUSDT 59999x5 / 60001x5",
			"POST margin/order symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.1&stopPrice=59500",
			"POST margin/order symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.1&stopPrice=59500&price=59600&newClientOrderId=rests",
			"POST um/algo/order algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP_MARKET&quantity=0.1&triggerPrice=59500",
			"wait 1s", "trade margin:BTCUSDT 59400 1", "trade um:BTCUSDT 59400 1",
			"book margin:BTCUSDT 59400x5 / 59410x5", "book um:BTCUSDT 59400x5 / 59410x5",
			"DELETE margin/order symbol=BTCUSDT&origClientOrderId=rests",
		} {
			if out, err := s.obey(line); err != nil || out != "" && !strings.HasPrefix(out, "200") {
				t.Fatalf("%s: %s %v", line, out, err)
			}
		}
		if r := &s.records; len(r.byVenue) != 0 || len(r.live) != 0 || len(r.all) != 4 || len(r.fills) != 2 {
			t.Errorf("%d of the venue's names, %d open, %d orders, %d fills", len(r.byVenue), len(r.live), len(r.all), len(r.fills))
		}
	})
}

// TestOrdersAreBounded sees to it that a client which sends orders without end does not fill
// the memory: the oldest that are over go first, and those that are open stay.
func TestOrdersAreBounded(t *testing.T) {
	r := newRecords(1, 0)
	open, over := &record{}, &record{}
	open.Status, over.Status = exchange.StatusWorking, exchange.StatusCanceled
	over.Updated = testStart
	r.all = append([]*record{open}, slices.Repeat([]*record{over}, ordersMax+9)...)
	r.sweep(testStart)
	if len(r.all) != ordersMax || r.all[0] != open {
		t.Errorf("%d orders are remembered, want %d", len(r.all), ordersMax)
	}
}

// TestRefusedGivesTheNameBack sees to it that a client id means the order before when one
// that was to take it over is refused.
func TestRefusedGivesTheNameBack(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.book(umBTC, "59999x1", "60001x1")
		const order = "symbol=BTCUSDT&side=BUY&newClientOrderId=mine&"
		if status, body := s.call("POST", "/papi/v1/um/order", order+"type=MARKET&quantity=0.01"); status != 200 {
			t.Fatal(body)
		}
		if status, body := s.call("POST", "/papi/v1/um/order", order+"type=LIMIT&timeInForce=GTX&quantity=0.01&price=60001"); status != 400 {
			t.Fatal(body)
		}
		_, body := s.call("GET", "/papi/v1/um/order", "symbol=BTCUSDT&origClientOrderId=mine")
		if !strings.Contains(body, `"status":"FILLED"`) {
			t.Error(body)
		}
	})
}

// TestAmendmentsMax amends an order as often as Binance allows, and once more.
func TestAmendmentsMax(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000&newClientOrderId=one")
		o := s.records.live[0]
		for i := range amendmentsMax {
			if wrong := s.amend(testStart, o, amendment{price: exchange.MustFixed("59000"), qty: exchange.Fixed(1+(i+1)%2) * exchange.FixedOne / 100}); wrong != nil {
				t.Fatalf("amendment %d: %v", i+1, wrong)
			}
		}
		status, body := s.call("PUT", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&quantity=0.03&price=58000&origClientOrderId=one")
		if status != 400 || body != `{"code":-5026,"msg":"Exceed maximum modify order limit."}` {
			t.Error(body)
		}
		_, body = s.call("GET", "/papi/v1/um/orderAmendment", "symbol=BTCUSDT&origClientOrderId=one&limit=1")
		if !strings.Contains(body, `"count":10000`) {
			t.Error(body)
		}
	})
}

// TestRefusedIsForgotten sees to it that orders that are refused leave nothing behind, not
// even for the user stream.
func TestRefusedIsForgotten(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.book(umBTC, "59999x1", "60001x1")
		for _, params := range []string{
			"timeInForce=GTX&quantity=0.01&price=60001", "timeInForce=FOK&quantity=2&price=60001", "timeInForce=GTC&quantity=1000&price=60000",
		} {
			c := &record{product: exchange.UM, list: listOrders}
			if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&newClientOrderId=again&"+params); status != 400 {
				t.Errorf("%s: %s", params, body)
			}
			c.name = "again"
			if r := &s.records; len(r.all)+len(r.live)+len(r.byName)+len(r.byVenue)+len(r.news) != 0 || r.taken(c.wireName()) {
				t.Errorf("%s left something: %+v", params, r)
			}
		}
	})
}
