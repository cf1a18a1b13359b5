package papisim

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/exchange"
)

// ids are the trades that a client has heard of since the last call, by their ids, with the
// first letters of what else came.
func (c *client) ids() string {
	c.t.Helper()
	var list []string
	for _, f := range c.all() {
		_, after, found := strings.Cut(f, `"a":`)
		id, _, whole := strings.Cut(after, ",")
		if !found || !whole || !strings.HasSuffix(f, "}") {
			id = f[:min(len(f), 6)] + "…"
		}
		list = append(list, strings.TrimPrefix(id, "3000000"))
	}
	return strings.Join(list, " ")
}

// dealBase is beyond the ids of the trades that the tests' exchange opens with; clients and
// wants count from it.
const dealBase = 3_000_000_000

// deal makes a trade with an id of its own.
func (s *testSim) deal(inst exchange.InstrumentID, id int64) {
	s.t.Helper()
	id += dealBase
	e := exchange.Event{Inst: inst}
	e.SetTrade(exchange.Trade{Price: exchange.MustFixed("60000"), Qty: exchange.FixedOne, ID: id, First: id, Last: id})
	s.show(&e)
}

// marketFault is a fault and what becomes of the trades 101 to 104 under it.
type marketFault struct {
	fault               Fault
	atOnce, later, last string
	again               string // after another subscription
	code                int    // that the first is closed with
	other               string // what the second has heard, "" for all
}

// TestMarketFaults injects each fault of market streams once, at the first of two trades, and
// tells what two clients of one stream hear: of both trades at once, later, and of the third;
// and what the first hears after it has unsubscribed and subscribed again, and a new one.
func TestMarketFaults(t *testing.T) {
	for _, test := range []marketFault{
		{fault: Fault{Kind: FaultFrameLost}, atOnce: "102", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameLost, Count: -1, Stream: "btcusdt@*", Route: "market"}, other: "none"},
		{fault: Fault{Kind: FaultFrameLost, Stream: "ethusdt@aggTrade"}, atOnce: "101 102", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameLost, Route: "spot"}, atOnce: "101 102", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameLate, Delay: Duration(5 * time.Second)}, atOnce: "102", later: "101", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameReordered}, atOnce: "102 101", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameReordered, After: 2}, atOnce: "101", last: "103 102", again: "104"},
		{fault: Fault{Kind: FaultFrameRepeated}, atOnce: "101 101 102", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameGarbage}, atOnce: "<html>… 102", last: "103", again: "104"},
		{fault: Fault{Kind: FaultFrameCut}, atOnce: `{"stre… 102`, last: "103", again: "104"},
		{fault: Fault{Kind: FaultStreamDropped}, again: "104"},
		{fault: Fault{Kind: FaultStreamDead}},
		{fault: Fault{Kind: FaultMarketSilent}},
		{fault: Fault{Kind: FaultMarketClosed}, code: websocket.CloseAbnormalClosure},
		{fault: Fault{Kind: FaultMarketClosed, Code: 1008, Msg: "off"}, code: websocket.ClosePolicyViolation},
		{fault: Fault{Kind: FaultMarketClosed, After: 2}, atOnce: "101", code: websocket.CloseAbnormalClosure},
		{fault: Fault{Kind: FaultRouteClosed}, code: websocket.CloseAbnormalClosure, other: "none"},
		{fault: Fault{Kind: FaultRouteClosed, Code: 1011}, code: 1011, other: "none"},
	} {
		inSim(t, test.run)
	}
}

// run lets it happen.
func (test marketFault) run(t *testing.T, s *testSim) {
	dial := s.served(t)
	const stream = "ws://fstream.binance.com/market/stream?streams=btcusdt@aggTrade"
	c, other := dial(stream), dial(stream)
	elsewhere := dial("ws://dstream.binance.com/stream?streams=btcusdt@markPrice")
	if _, err := s.Inject(test.fault); err != nil {
		t.Fatal(err)
	}
	expect := func(when string, c *client, want string) {
		t.Helper()
		if got := c.ids(); got != want {
			t.Errorf("%+v: %s came %q, want %q", test.fault, when, got, want)
		}
	}
	s.deal(umBTC, 101)
	s.deal(umBTC, 102)
	if test.code != 0 {
		if code := c.brokenBy(); code != test.code {
			t.Errorf("%+v: closed with %d, want %d", test.fault, code, test.code)
		}
	}
	expect("at once", c, test.atOnce)
	s.wait(10 * time.Second)
	expect("later", c, test.later)
	s.deal(umBTC, 103)
	expect("at last", c, test.last)
	if test.other == "none" {
		expect("to the other one", other, "")
	} else {
		expect("to the other one", other, "101 102 103")
	}
	if test.code == 0 {
		c.say(`{"method":"UNSUBSCRIBE","params":["btcusdt@aggTrade"],"id":1}`)
		c.say(`{"method":"SUBSCRIBE","params":["btcusdt@aggTrade"],"id":2}`)
		if n := len(c.all()); n != 2 && test.fault.Kind != FaultMarketSilent {
			t.Errorf("%+v: %d answers", test.fault, n)
		}
	}
	fresh := dial(stream)
	s.deal(umBTC, 104)
	expect("after another subscription", c, test.again)
	if test.fault.Count == 0 {
		expect("on a new connection", fresh, "104")
	}
	if len(elsewhere.all()) == 0 || elsewhere.gone() != nil {
		t.Errorf("%+v: another route was hit, too", test.fault)
	}
}

// brokenBy is the code that a connection has ended with, 0 while it lives, without reading
// what came.
func (c *client) brokenBy() int {
	switch err := c.gone().(type) { //nolint:errorlint // the package's own type, never wrapped
	case nil:
		return 0
	case *websocket.CloseError:
		return err.Code
	default:
		return websocket.CloseAbnormalClosure
	}
}

// TestMarketCommandFaults loses the answer to a command, with its effect or without, and
// refuses handshakes.
func TestMarketCommandFaults(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		dial := s.served(t)
		c := dial("ws://fstream.binance.com/market/stream")
		for i, notExecuted := range []bool{true, false} {
			if _, err := s.Inject(Fault{Kind: FaultCommandLost, Stream: "btcusdt@aggTrade", NotExecuted: notExecuted}); err != nil {
				t.Fatal(err)
			}
			c.say(`{"method":"SUBSCRIBE","params":["btcusdt@markPrice"],"id":1}`)
			if got := c.next(); got != `{"result":null,"id":1}` {
				t.Errorf("another stream: %q", got)
			}
			c.say(`{"method":"SUBSCRIBE","params":["btcusdt@markPrice","btcusdt@aggTrade"],"id":2}`)
			if got := c.next(); got != "" {
				t.Errorf("answered %q", got)
			}
			s.deal(umBTC, int64(101+i))
			if got := c.ids(); (got == "") != notExecuted {
				t.Errorf("not executed %v: heard %q", notExecuted, got)
			}
		}
		for _, want := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			status := 0
			if want != http.StatusServiceUnavailable {
				status = want
			}
			if _, err := s.Inject(Fault{Kind: FaultMarketRefused, Route: "coin", Status: status}); err != nil {
				t.Fatal(err)
			}
			dial("ws://fstream.binance.com/market/stream")
			if got := s.refusal("ws://dstream.binance.com/stream"); got != want {
				t.Errorf("refused with %d, want %d", got, want)
			}
		}
		dial("ws://dstream.binance.com/stream")
	})
}

// TestMarketFaultErrors refuses faults that make no sense.
func TestMarketFaultErrors(t *testing.T) {
	s := newTestSim(t)
	for _, test := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Kind: FaultFrameLost, Event: "x"}, "is of market streams: it can be told by stream and route"},
		{Fault{Kind: FaultFrameLost, Path: "/x"}, "is of market streams: it can be told by stream and route"},
		{Fault{Kind: FaultEventLost, Stream: "x"}, "is of the user stream: it can be told by event"},
		{Fault{Kind: FaultReset, Route: "spot"}, "is of requests: it can be told by method, path and client_id"},
		{Fault{Kind: FaultFrameLost, Route: "cm"}, `route "cm" is none of public, market, coin, spot`},
		{Fault{Kind: FaultMarketRefused, Stream: "x"}, "is of handshakes: it can be told by route"},
		{Fault{Kind: FaultMarketRefused, Status: 200}, "status 200 is not within 400 to 599"},
		{Fault{Kind: FaultFrameLate}, "needs a delay"},
		{Fault{Kind: FaultMarketClosed, Code: 1006}, "code 1006 is none that a connection is closed with"},
		{Fault{Kind: FaultMarketClosed, Code: 1008, Msg: strings.Repeat("x", 124)}, "msg is longer than the 123 bytes"},
		{Fault{Kind: FaultRouteClosed, Status: 500}, "has code and msg, of its close frame"},
		{Fault{Kind: FaultFrameLost, Code: 1}, "status, code, msg and body go with answer"},
		{Fault{Kind: FaultFrameLost, NotExecuted: true}, "leaves nothing open"},
	} {
		if _, err := s.Inject(test.fault); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.fault, err, test.want)
		}
	}
}

// refusal is the status that a handshake is refused with, 0 if it is not.
func (s *testSim) refusal(url string) int {
	s.t.Helper()
	if s.dialer == nil {
		s.t.Fatal("nobody serves")
	}
	conn, response, err := s.dialer.Dial(url, nil)
	if response == nil {
		s.t.Fatal(strconv.Quote(url), err)
	}
	response.Body.Close()
	if err == nil {
		conn.Close()
		return 0
	}
	return response.StatusCode
}
