package papisim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// admin asks the admin port, and returns status and body in one line.
func (s *testSim) admin(method, path, body string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:9004"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	s.Admin().ServeHTTP(w, r)
	return w.Code, strings.Join(strings.Fields(w.Body.String()), " ")
}

// must asks for what must be done.
func (s *testSim) mustAdmin(path, body string) {
	s.t.Helper()
	if status, answer := s.admin("POST", path, body); status != 200 {
		s.t.Fatalf("POST %s %s: %d %s", path, body, status, answer)
	}
}

// TestAdminExamples asks for all that the admin port lists, with the bodies that it shows.
func TestAdminExamples(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01"); status != 200 {
			t.Fatal(status, body)
		}
		s.trade(umBTC, "60000", "1")
		_, list := s.admin("GET", "/", "")
		var listed struct {
			Endpoints []struct {
				Method, Path, Help string
				Example            json.RawMessage
			}
			Kinds []struct{ Kind, Help string } `json:"fault_kinds"`
		}
		if err := json.Unmarshal([]byte(list), &listed); err != nil {
			t.Fatal(err)
		}
		if len(listed.Endpoints) < 15 || len(listed.Kinds) != len(faultKinds()) {
			t.Errorf("%d endpoints, %d kinds of faults", len(listed.Endpoints), len(listed.Kinds))
		}
		for _, e := range listed.Endpoints {
			body := strings.ReplaceAll(string(e.Example), `"KEY"`, `"`+testKey+`"`)
			path := strings.ReplaceAll(e.Path, "{id}", "1")
			status, answer := s.admin(e.Method, path, body)
			want := 200
			switch {
			case path == "/price": // the tests' market is not generated
				want = 400
			case e.Method == "DELETE" && path == "/faults/1": // the one before has cleared it
				want = 404
			}
			if status != want || len(e.Help) < 5 {
				t.Errorf("%s %s %s: %d %s", e.Method, path, body, status, answer)
			}
		}
	})
}

func TestAdminErrors(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		for _, test := range []struct{ method, path, body, want string }{
			{"GET", "/nothing", "", "there is no GET /nothing; GET / lists what there is"},
			{"POST", "/faults", "", "body: it is empty; send a JSON object"},
			{"POST", "/faults", "[]", "body: it is a JSON array; send an object"},
			{"POST", "/faults", "{", "body: unexpected EOF"},
			{"POST", "/faults", `{"kind":"reset"}{}`, "body: there is something after the JSON document"},
			{"POST", "/faults", `{"kind":"reset","cuont":1}`, `body: json: unknown field \"cuont\"`},
			{"POST", "/faults", `{"kind":"reset","delay":5}`, "body: delay is a number; write it as a text, in quotes"},
			{"POST", "/faults", `{"kind":"reset","count":"5"}`, "body: count cannot be a string"},
			{"POST", "/faults", `{"kind":"reset","delay":"5"}`, `\"5\" is not a duration`},
			{"POST", "/faults", strings.Repeat(" ", adminBodyMax) + `{"kind":"reset"}`, "body: http: request body too large"},
			{"DELETE", "/faults/9", "", `there is no fault \"9\"`},
			{"DELETE", "/faults/x", "", `there is no fault \"x\"`},
			{"POST", "/time", "{}", "give forward, speed or clock_ahead"},
			{"POST", "/time", `{"forward":"-1s"}`, "time moves forward by"},
			{"POST", "/time", `{"speed":-1}`, "a speed of -1 is not within 1 to 10000"},
			{"POST", "/mark", `{"asset":"BTC","factor":"0"}`, "a factor of 0 is not within 0.01 to 100"},
			{"POST", "/price", `{"asset":"BTC","factor":"2"}`, "the market is recorded"},
			{"POST", "/adl", `{"product":"UM","symbol":"BTCUSDT","side":"BOTH","share":"0.5"}`, "there is no such position"},
			{"POST", "/adl", `{"product":"XM","symbol":"BTCUSDT","side":"BOTH","share":"0.5"}`, "XM"},
			{"POST", "/status", `{"product":"UM","symbol":"BTCUSDT","status":"GONE"}`, "none of Binance's"},
			{"POST", "/status", `{"product":"UM","symbol":"NOUSDT","status":"HALT"}`, "NOUSDT"},
			{"POST", "/filter", `{"product":"UM","symbol":"BTCUSDT","tick":"-1"}`, "negative"},
			{"POST", "/collateral", `{"asset":"BTC","rate":"1.5"}`, "not in 0..1"},
			{"POST", "/collateral", `{"rate":"0.5"}`, "asset is missing"},
			{"POST", "/brackets", `{"product":"UM","symbol":"BTCUSDT","factor":"0"}`, "factor"},
			{"POST", "/fees", `{"product":"UM","maker":"2","taker":"2"}`, "fee"},
			{"POST", "/borrowable", `{"asset":"BTC","amount":"-1"}`, "not below 0"},
			{"POST", "/key", `{"id":"nobody"}`, "there is no such key"},
			{"POST", "/key", `{"id":"` + testKey + `","ips":["here"]}`, `ips: \"here\" is no address`},
			{"POST", "/account", `{"kind":"PM"}`, `kind \"PM\" is none of PM_2`},
			{"POST", "/account", `{"vip":10}`, "vip 10 is not within 0 to 9"},
			{"POST", "/deposit", `{"asset":"NOPE","amount":"1"}`, `\"NOPE\" has no price here`},
			{"POST", "/report", `{"status":"SICK"}`, "SICK"},
			{"POST", "/report", `{"balances":[{"wallet":"POCKET"}]}`, "POCKET"},
			{"POST", "/deposit", `{"asset":"USDT","amount":"-1e9"}`, ""},
		} {
			status, body := s.admin(test.method, test.path, test.body)
			if status < 400 || status > 499 || !strings.HasPrefix(body, `{ "error": "`) || !strings.Contains(body, test.want) {
				t.Errorf("%s %s %.60s: %d %s, want %s", test.method, test.path, test.body, status, body, test.want)
			}
		}
	})
}

// TestAdminGuard refuses what a web page sends, and what came by a name that is not this
// machine's.
func TestAdminGuard(t *testing.T) {
	s := newTestSim(t)
	for _, test := range []struct {
		host, origin string
		status       int
	}{
		{"127.0.0.1:9004", "", 200}, {"localhost:9004", "", 200}, {"[::1]:9004", "", 200}, {"127.0.0.1", "", 200},
		{"127.0.0.1:9004", "https://example.com", 403}, {"rebound.example.com:9004", "", 403}, {"10.0.0.1:9004", "", 403},
	} {
		r := httptest.NewRequest("GET", "http://"+test.host+"/state", nil)
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		w := httptest.NewRecorder()
		s.Admin().ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}

// textOf is a text of an answer in JSON.
func textOf(t *testing.T, body, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	text, _ := m[name].(string)
	return text
}

// bought has the exchange's account buy so many bitcoins on UM at 60,000.
func (s *testSim) bought(qty string) {
	s.t.Helper()
	s.book(umBTC, "59999x1000", "60000x1000")
	if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity="+qty); status != 200 {
		s.t.Fatal(status, body)
	}
	if p := s.venue.Position(umBTC, exchange.Both); p.Qty.IsZero() {
		s.t.Fatal("no position")
	}
}

// TestMarkShift moves marks until the account is liquidated, and back.
func TestMarkShift(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.bought("10")
		mmr := func() string {
			_, body := s.call("GET", "/papi/v1/account", "")
			return textOf(t, body, "uniMMR") + " " + textOf(t, body, "accountStatus")
		}
		before := mmr()
		s.mustAdmin("/mark", `{"asset":"BTC","factor":"0.9"}`)
		if _, body := s.send("GET", "/fapi/v1/premiumIndex", "symbol=BTCUSDT", false); textOf(t, body, "markPrice") != "54000.00000000" || textOf(t, body, "indexPrice") != "54000.00000000" {
			t.Errorf("marks are not moved: %s", body)
		}
		if _, body := s.send("GET", "/fapi/v1/ticker/price", "symbol=BTCUSDT", false); textOf(t, body, "price") != "60000.0" && textOf(t, body, "price") != "60000.00" {
			t.Errorf("prices are moved: %s", body)
		}
		if after := mmr(); after == before || !strings.HasSuffix(after, " NORMAL") {
			t.Errorf("uniMMR was %s and is %s", before, after)
		}
		s.mustAdmin("/mark", `{"asset":"BTC","factor":"1"}`)
		if again := mmr(); again != before {
			t.Errorf("uniMMR was %s and is %s", before, again)
		}
		s.mustAdmin("/mark", `{"asset":"BTC","factor":"0.6"}`)
		if p := s.venue.Position(umBTC, exchange.Both); !p.Qty.IsZero() {
			t.Errorf("position %v at %s: not liquidated", p.Qty, mmr())
		}
		if _, body := s.call("GET", "/papi/v1/um/allOrders", "symbol=BTCUSDT"); !strings.Contains(body, `"clientOrderId":"autoclose-`) {
			t.Errorf("no forced order among %s", body)
		}
	})
}

// TestActs lets the exchange do what only it can.
func TestActs(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		s.bought("10")
		_, body := s.call("GET", "/papi/v1/account", "")
		equity := textOf(t, body, "accountEquity")

		s.mustAdmin("/collateral", `{"asset":"BTC","rate":"0.5"}`)
		if _, body := s.call("GET", "/papi/v1/account", ""); textOf(t, body, "accountEquity") >= equity && len(textOf(t, body, "accountEquity")) == len(equity) {
			t.Errorf("equity %s with half the collateral, %s before", textOf(t, body, "accountEquity"), equity)
		}
		if _, body := s.call("GET", "/sapi/v1/portfolio/collateralRate", ""); !strings.Contains(body, `{"asset":"BTC","collateralRate":"0.5`) {
			t.Errorf("the rate is not told: %s", body)
		}

		s.mustAdmin("/adl", `{"product":"UM","symbol":"BTCUSDT","side":"BOTH","share":"0.5"}`)
		if p := s.venue.Position(umBTC, exchange.Both); p.Qty.String() != "5" {
			t.Errorf("position %v after ADL of a half", p.Qty)
		}

		s.mustAdmin("/filter", `{"product":"UM","symbol":"BTCUSDT","qty_step":"0.1","qty_min":"0.1"}`)
		if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=59000&quantity=0.001"); status != 400 {
			t.Errorf("below the new lot: %d %s", status, body)
		}
		if _, body := s.send("GET", "/fapi/v1/exchangeInfo", "", false); !strings.Contains(body, `"stepSize":"0.1`) {
			t.Error("exchangeInfo does not tell the new lot")
		}

		s.mustAdmin("/status", `{"product":"UM","symbol":"BTCUSDT","status":"SETTLING"}`)
		if p := s.venue.Position(umBTC, exchange.Both); !p.Qty.IsZero() {
			t.Errorf("position %v of a contract that is settled", p.Qty)
		}
		if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=59000&quantity=1"); status != 400 {
			t.Errorf("an order in it: %d %s", status, body)
		}

		s.mustAdmin("/borrowable", `{"asset":"USDT","amount":"0"}`)
		if status, body := s.call("POST", "/papi/v1/marginLoan", "asset=USDT&amount=10"); status != 400 || !strings.Contains(body, "51061") {
			t.Errorf("a loan: %d %s", status, body)
		}
	})
}

// TestReport tells another account than there is, and the truth again.
func TestReport(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		_, truth := s.call("GET", "/papi/v1/account", "")
		s.mustAdmin("/report", `{"equity":"1000","uniMMR":"1.1","status":"REDUCE_ONLY","positions":[{"product":"UM","symbol":"BTCUSDT","side":"BOTH","qty":"7","entry":"60000"}]}`)
		_, lie := s.call("GET", "/papi/v1/account", "")
		if textOf(t, lie, "accountStatus") != "REDUCE_ONLY" || !strings.HasPrefix(textOf(t, lie, "uniMMR"), "1.1") {
			t.Errorf("reported %s", lie)
		}
		if _, body := s.call("GET", "/papi/v1/um/positionRisk", ""); !strings.Contains(body, `"positionAmt":"7.000"`) {
			t.Errorf("positions %s", body)
		}
		if _, body := s.admin("GET", "/state", ""); !strings.Contains(body, `"status": "NORMAL"`) || !strings.Contains(body, `"positions": []`) {
			t.Errorf("the admin port does not tell the truth: %s", body)
		}
		s.mustAdmin("/report", `{}`)
		if _, again := s.call("GET", "/papi/v1/account", ""); textOf(t, again, "accountEquity") != textOf(t, truth, "accountEquity") {
			t.Errorf("it was %s and is %s", truth, again)
		}
	})
}

// TestKeyAct freezes keys by switching Portfolio Margin off and on, and unticks boxes.
func TestKeyAct(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		trade := func() int {
			status, _ := s.call("POST", "/papi/v1/um/leverage", "symbol=BTCUSDT&leverage=3")
			return status
		}
		if got := trade(); got != 200 {
			t.Fatal(got)
		}
		s.mustAdmin("/account", `{"activated":`+jsonMillis(s.Now())+`}`)
		if got := trade(); got != 401 {
			t.Errorf("a frozen key: %d", got)
		}
		s.mustAdmin("/account", `{"activated":0}`)
		if got := trade(); got != 200 {
			t.Errorf("a key that is good again: %d", got)
		}
		s.mustAdmin("/key", `{"id":"`+testKey+`","reading":true}`)
		if got := trade(); got != 401 {
			t.Errorf("a key that reads: %d", got)
		}
	})
}

func jsonMillis(at exchange.Time) string {
	b, err := json.Marshal(at.Millis())
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestTimeMoves moves time through what happens meanwhile: a listen key expires, interest is
// charged, and the clock tells it.
func TestTimeMoves(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		key := s.listenKey()
		c := s.served(t)("ws://fstream.binance.com/pm/ws/" + key)
		if status, body := s.call("POST", "/papi/v1/marginLoan", "asset=USDT&amount=1000"); status != 200 {
			t.Fatal(status, body)
		}
		heard(t, c)
		first := s.venue.Balance("USDT", exchange.WalletInterest)
		s.mustAdmin("/time", `{"forward":"90m"}`)
		if got := s.Now(); got != testStart.Add(90*time.Minute) {
			t.Errorf("it is %v", got)
		}
		if got := strings.Join(heard(t, c), " "); !strings.Contains(got, "listenKeyExpired") {
			t.Errorf("meanwhile came %q", got)
		}
		if now := s.venue.Balance("USDT", exchange.WalletInterest); !now.GreaterThan(first) {
			t.Errorf("interest was %v and is %v", first, now)
		}
		if s.listenKey() == key {
			t.Error("the listen key lives")
		}
		s.mustAdmin("/time", `{"speed":60}`)
		s.wait(time.Second)
		if got := s.Now(); got != testStart.Add(91*time.Minute) {
			t.Errorf("a second later it is %v", got)
		}
	}, func(c *Config) { c.Venue.Money.Interest = true })
}

// TestForwardStops: whoever waits for time to move can stop waiting, and time stays where it
// came to.
func TestForwardStops(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		before := s.Now()
		if err := s.Forward(ctx, 24*time.Hour); !errors.Is(err, context.Canceled) || s.Now() != before {
			t.Errorf("%v, from %v to %v", err, before, s.Now())
		}
		if err := s.Forward(t.Context(), 90*time.Second); err != nil || s.Now() != before.Add(90*time.Second) {
			t.Errorf("%v, from %v to %v", err, before, s.Now())
		}
	})
}
