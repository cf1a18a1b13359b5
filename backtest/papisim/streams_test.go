package papisim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
)

// lively lets everything happen that a public stream can tell of, for a second.
func (s *testSim) lively() {
	s.t.Helper()
	for _, inst := range []exchange.InstrumentID{umBTC, cmBTC, spotBTC} {
		s.book(inst, "59999x2 59998x5", "60001x1 60002x3")
		s.trade(inst, "60000", "1")
		if s.ins.At(inst).Product == exchange.Margin {
			continue
		}
		s.mark(inst, "60000.5")
		e := exchange.Event{Inst: inst}
		e.SetLiquidation(exchange.Liquidation{Side: exchange.Sell, Price: exchange.MustFixed("59000"), Average: exchange.MustFixed("59990"), Qty: exchange.FixedOne})
		s.show(&e)
		s.mu.Lock()
		s.public.Instrument(*s.venue.Instrument(inst), s.clock.now())
		s.tell()
		s.mu.Unlock()
	}
	s.wait(6 * time.Second)
}

// TestStreamsByWay subscribes every kind of stream on every way in. Each is acknowledged on
// all of them, and delivers where it belongs and nowhere else.
func TestStreamsByWay(t *testing.T) {
	ways := []string{
		"ws://fstream.binance.com/public/ws", "ws://fstream.binance.com/market/ws", "ws://fstream.binance.com/ws", "ws://dstream.binance.com/ws",
		"ws://stream.binance.com:9443/ws",
	}
	for _, test := range []struct {
		name string
		want string // P /public, M /market, U fstream without a path, C dstream, S spot
	}{
		{"btcusdt@bookTicker", "PUS"}, {"!bookTicker", "PUC"}, {"btcusdt@depth5@100ms", "PUS"}, {"btcusdt@depth@500ms", "PU"}, {"btcusdt@depth", "PUS"},
		{"btcusdt@rpiDepth@500ms", "PU"}, {"btcusdt@trade", "PUS"}, {"btcusdt@aggTrade", "MS"}, {"btcusdt@markPrice", "MC"}, {"btcusdt@markPrice@1s", "MC"},
		{"!markPrice@arr", "MC"}, {"btcusdt@kline_1m", "MCS"}, {"btcusdt_perpetual@continuousKline_1m", "MC"}, {"btcusdt@miniTicker", "MS"},
		{"!miniTicker@arr", "MCS"}, {"btcusdt@ticker", "MS"}, {"!ticker@arr", "MCS"}, {"btcusdt@forceOrder", "M"}, {"!forceOrder@arr", "MC"},
		{"!contractInfo", "MC"}, {"!assetIndex@arr", "MC"}, {"btcusd@assetIndex", "MC"}, {"btcusd_perp@aggTrade", "C"}, {"btcusd_perp@trade", "C"},
		{"btcusd_perp@bookTicker", "C"}, {"btcusd_perp@depth20@100ms", "C"}, {"btcusd_perp@depth", "C"}, {"btcusd_perp@markPrice@1s", "MC"}, {"btcusd@markPrice", "C"},
		{"btcusd_perp@kline_1m", "MC"}, {"btcusd@indexPrice", "C"}, {"btcusd@indexPriceKline_1m", "C"}, {"btcusd_perp@markPriceKline_1m", "C"},
		{"btcusd_perp@miniTicker", "C"}, {"btcusd_perp@ticker", "C"}, {"btcusd_perp@forceOrder", "C"}, {"btcusdt@avgPrice", "S"},
		{"BTCUSDT@aggTrade", ""}, {"nothing", ""}, {"btcusdt@compositeIndex", "M"}, {"btcusd_perp@compositeIndex", ""}, {"tradingSession", "M"},
		{"btcusdt@depth@0ms", "PU"}, {"btcusd_perp@depth@0ms", "C"}, {"btcusdt@depth5@0ms", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inSim(t, func(t *testing.T, s *testSim) {
				dial := s.served(t)
				var clients []*client
				for _, way := range ways {
					c := dial(way)
					c.say(`{"method":"SUBSCRIBE","params":["` + test.name + `"],"id":1}`)
					if got := c.next(); got != `{"result":null,"id":1}` {
						t.Errorf("%s: %s", way, got)
					}
					clients = append(clients, c)
				}
				s.lively()
				got := ""
				for i, c := range clients {
					if len(c.all()) > 0 {
						got += "PMUCS"[i : i+1]
					}
				}
				if got != test.want {
					t.Errorf("delivers on %q, want %q", got, test.want)
				}
			})
		})
	}
}

// TestModes reads the same stream bare and wrapped, by address and by command, on one socket
// and several.
func TestModes(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		dial := s.served(t)
		raw, combined := dial("ws://dstream.binance.com/ws/btcusd_perp@trade/btcusd_perp@aggTrade"), dial("ws://dstream.binance.com/stream?streams=btcusd_perp@trade/btcusd_perp%40aggTrade")
		s.trade(cmBTC, "60000", "1")
		bare, wrapped := raw.all(), combined.all()
		if len(bare) != 2 || len(wrapped) != 2 {
			t.Fatalf("%q and %q", bare, wrapped)
		}
		for i, name := range []string{"btcusd_perp@trade", "btcusd_perp@aggTrade"} {
			if want := `{"stream":"` + name + `","data":` + bare[i] + `}`; wrapped[i] != want {
				t.Errorf("wrapped %s, want %s", wrapped[i], want)
			}
		}
		raw.say(`{"method":"SET_PROPERTY","params":["combined",true],"id":1}`)
		raw.say(`{"method":"UNSUBSCRIBE","params":["btcusd_perp@aggTrade"],"id":2}`)
		raw.all()
		s.trade(cmBTC, "60000", "1")
		if got := raw.all(); len(got) != 1 || !strings.HasPrefix(got[0], `{"stream":"btcusd_perp@trade"`) {
			t.Errorf("after the change of mode %q", got)
		}
	})
}

// TestEntries finds the ways in by host and by path.
func TestEntries(t *testing.T) {
	for _, test := range []struct {
		url  string
		want entry
		ok   bool
	}{
		{"http://fstream.binance.com/ws/a/b", entry{way: public.WayPublic, names: []string{"a", "b"}}, true},
		{"http://fstream.binance.com/stream?streams=a", entry{way: public.WayPublic, combined: true, names: []string{"a"}}, true},
		{"http://127.0.0.1:9000/market/stream?streams=a/b", entry{way: public.WayMarket, combined: true, names: []string{"a", "b"}}, true},
		{"http://localhost/pm/ws/KEY", entry{user: true, names: []string{"KEY"}}, true},
		{"http://localhost/pm/stream", entry{user: true, combined: true}, true},
		{"http://localhost/pm/stream?streams=KEY", entry{user: true, combined: true, names: []string{"KEY"}}, true},
		{"http://fstream.binance.com/private/ws?listenKey=KEY", entry{names: []string{"KEY"}}, true},
		{"http://dstream.binance.com/ws", entry{way: public.WayCoin}, true},
		{"http://stream.binance.com:9443/stream", entry{way: public.WaySpot, combined: true}, true},
		{"http://stream.binance.com/wss", entry{}, false},
		{"http://dstream.binance.com/market/ws", entry{}, false},
		{"http://localhost/ws", entry{}, false},
		{"http://localhost/stream", entry{}, false},
		{"http://papi.binance.com/papi/v1/ping", entry{}, false},
	} {
		got, ok := streamEntry(httptest.NewRequest("GET", test.url, nil))
		if ok != test.ok || ok && (got.way != test.want.way || got.user != test.want.user || got.combined != test.want.combined || !slices.Equal(got.names, test.want.names)) {
			t.Errorf("%s: %+v %v, want %+v", test.url, got, ok, test.want)
		}
	}
}

// TestHandler serves one host whatever it is called, and nothing else there.
func TestHandler(t *testing.T) {
	s := newTestSim(t)
	for path, want := range map[string]int{"/papi/v1/ping": http.StatusNotFound, "/ws": http.StatusBadRequest} {
		w := httptest.NewRecorder()
		s.Handler(DStream).ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:9001"+path, nil))
		if w.Code != want { // a request that wants no websocket is a bad one
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

// TestListenKey walks through a key's life.
func TestListenKey(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		const gone = "{\"code\":-1125,\"msg\":\"This listenKey does not exist. Please use `POST /papi/v1/listenKey` to recreate `listenKey`\"}"
		put := func(want string) {
			t.Helper()
			if _, got := s.send("PUT", "/papi/v1/listenKey", "", false); got != want {
				t.Errorf("PUT: %s, want %s", got, want)
			}
		}
		put(gone)
		key := s.listenKey()
		s.wait(59 * time.Minute)
		put("{}")
		s.wait(59 * time.Minute)
		if again := s.listenKey(); again != key {
			t.Error("a key that lives was not given again")
		}
		s.wait(59 * time.Minute)
		put("{}")
		s.wait(time.Hour)
		put(gone)
		if fresh := s.listenKey(); fresh == key {
			t.Error("a dead key was given again")
		}
		if status, got := s.send("DELETE", "/papi/v1/listenKey", "", false); status != 200 || got != "{}" {
			t.Errorf("DELETE: %d %s", status, got)
		}
		put(gone)
	})
}

// order sends an order that rests, and tells the user stream one event.
func (s *testSim) order(name string) {
	s.t.Helper()
	if status, body := s.call("POST", "/papi/v1/um/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=59000&newClientOrderId="+name); status != 200 {
		s.t.Fatal(body)
	}
}

// TestUserSockets hears the user stream bare, wrapped and as a subscription, and nothing with
// another key, on /private, or after the key's end.
func TestUserSockets(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		dial, key := s.served(t), s.listenKey()
		raw, wrapped, asked := dial("ws://localhost/pm/ws/"+key), dial("ws://localhost/pm/stream?streams="+key), dial("ws://localhost/pm/stream")
		asked.say(`{"method":"SUBSCRIBE","params":["` + key + `"],"id":"0a1b"}`)
		if got := asked.next(); got != `{"result":null,"id":"0a1b"}` {
			t.Error(got)
		}
		deaf := []*client{dial("ws://localhost/pm/ws/" + strings.Repeat("x", 64)), dial("ws://localhost/private/ws/" + key), dial("ws://localhost/pm/ws")}
		s.order("one")
		bare := raw.all()
		if len(bare) != 1 || field(t, bare[0], "e") != `"ORDER_TRADE_UPDATE"` {
			t.Fatalf("%q", bare)
		}
		for _, c := range []*client{wrapped, asked} {
			if got := c.all(); len(got) != 1 || got[0] != `{"stream":"`+key+`","data":`+bare[0]+`}` {
				t.Errorf("%q", got)
			}
		}
		s.send("DELETE", "/papi/v1/listenKey", "", false)
		s.order("two")
		for _, c := range append(deaf, raw, wrapped, asked) {
			if got := c.all(); len(got) != 0 || c.gone() != nil {
				t.Errorf("%q %v", got, c.gone())
			}
		}
	})
}

// TestInjectUser sends a frame of the test's own choice to the user stream, past any fault,
// and drops its sockets.
func TestInjectUser(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://localhost/pm/ws/" + s.listenKey())
		if _, err := s.Inject(Fault{Kind: FaultEventLost, Count: -1}); err != nil {
			t.Fatal(err)
		}
		s.order("lost")
		s.InjectUser([]byte(`{"e":"x"}`))
		if got := strings.Join(c.all(), " "); got != `{"e":"x"}` {
			t.Errorf("injected: %q", got)
		}
		s.Disconnect(false)
		if c.all(); c.gone() == nil {
			t.Error("it was not dropped")
		}
	})
}

// FuzzCommand reads what a client may send: never a panic, and what is good has a method.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{`{"method":"SUBSCRIBE","params":["a"],"id":1}`, `{"method":"SET_PROPERTY","params":["combined",true],"id":5}`, `{`, ``, `[]`, `null`, `{"id":-1}`, `{"method":1}`} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, texts bool) {
		c, wrong := readCommand(data, texts)
		if wrong == nil && !slices.Contains(strings.Split(methods, ", "), c.method) {
			t.Errorf("%q has method %q", data, c.method)
		}
		if _, err := json.Marshal(commandReply{nil, orNull(c.id)}); wrong == nil && err != nil {
			t.Errorf("%q cannot be answered: %v", data, err)
		}
	})
}

// TestDelivery tells everyone that a contract has been delivered.
func TestDelivery(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://fstream.binance.com/market/ws/!contractInfo")
		s.wait(time.Hour + time.Second)
		if got := c.next(); field(t, got, "s") != `"BTCUSDT"` || field(t, got, "cs") != `"DELIVERED"` {
			t.Errorf("contractInfo %q", got)
		}
		if _, info := s.send("GET", "/fapi/v1/exchangeInfo", "", false); !strings.Contains(info, `"status":"DELIVERED"`) {
			t.Error("exchangeInfo lists it as before")
		}
	}, func(c *Config) {
		list := c.Venue.Instruments.All()
		list[umBTC-1].Delivery, list[umBTC-1].ContractType = c.Start.Add(time.Hour), "CURRENT_QUARTER"
		ins, err := exchange.NewInstruments(list...)
		if err != nil {
			t.Fatal(err)
		}
		c.Venue.Instruments = ins
	})
}
