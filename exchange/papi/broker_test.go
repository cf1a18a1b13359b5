package papi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestStart: the account is read once behind the connection, told, and then the state is
// live.
func TestStart(t *testing.T) {
	started(t, func(w *world) {
		w.says("GET um/openOrders", `[`+umAnswer("old-1", "NEW", "0", 5)+`]`)
		w.says("GET um/positionRisk", `[{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"0.5","entryPrice":"50000"},`+
			`{"symbol":"DOGEUSDT","positionSide":"BOTH","positionAmt":"1","entryPrice":"1"}]`)
		w.run()
		w.pass(time.Second)
		w.want(
			"stream /pm/ws/secretkey",
			"catching up: connected",
			"ORDER_UPDATE UM BTCUSDT: old-1 #5 WORKING 0.001 at 50000, filled 0",
			"LEDGER: USDT UM DEPOSIT by 1000 to 1000",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0",
			"notice unknown instrument: position on UM DOGEUSDT",
			"live: caught up",
		)
		if truth := w.broker.Truth(); truth == nil || len(truth.UMPositions) != 2 || len(truth.UMOrders) != 1 {
			t.Errorf("%+v", truth)
		}
	})
}

// TestOrder: an order is sent, told by its answer, then by the stream, each thing once.
func TestOrder(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		w.submit()
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0")
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.want()
		fill := umEvent("test-1", "TRADE", "FILLED", "0.001", "0.001", 7, 3)
		w.push(fill, fill)
		w.want(
			"FILL UM BTCUSDT: test-1 #7 trade 3 BUY BOTH 0.001 at 50000, fee 0.02 USDT, realized 0",
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 FILLED 0.001 at 50000, filled 0.001",
		)
		w.quiet(time.Minute)
		w.want()
	})
}

// TestAnswerKnowsOfFills: an order whose fills have not been told is not over, whatever its
// answer says.
func TestAnswerKnowsOfFills(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) {
			return 200, umAnswer(v.Get("newClientOrderId"), "FILLED", "0.001", 7)
		})
		w.submit()
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0")
		w.push(umEvent("test-1", "TRADE", "FILLED", "0.001", "0.001", 7, 3))
		w.want(
			"FILL UM BTCUSDT: test-1 #7 trade 3 BUY BOTH 0.001 at 50000, fee 0.02 USDT, realized 0",
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 FILLED 0.001 at 50000, filled 0.001",
		)
	})
}

// TestRefusals: what provably did nothing is rejected.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name         string
		status       int
		body, wanted string
	}{
		{"by the order", 400, `{"code":-2019,"msg":"Margin is insufficient."}`, "-2019 Margin is insufficient., retryable"},
		{"by load", 503, `{"code":-1008,"msg":"Request throttled."}`, "-1008 Request throttled., retryable"},
		{"by the clock", 400, `{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}`, "-1021 Timestamp for this request is outside of the recvWindow., retryable"},
		{"by the key", 401, `{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`, "-2015 Invalid API-key, IP, or permissions for action., retryable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			live(t, func(w *world) {
				w.fails("POST um/order", c.status, c.body)
				w.submit()
				w.want("ORDER_UPDATE UM BTCUSDT: test-1 #0 REJECTED 0.001 at 50000, filled 0, " + c.wanted)
			})
		})
	}
}

// TestCancel: a refusal leaves the order where it was.
func TestCancel(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		a := w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		w.fails("DELETE um/order", 400, `{"code":-1102,"msg":"A mandatory parameter was not sent."}`)
		w.broker.Cancel(a.Order(), 0)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0, -1102 A mandatory parameter was not sent., retryable")
		w.does("DELETE um/order", func(url.Values) (int, string) { return 200, umAnswer("test-1", "CANCELED", "0", 7) })
		w.broker.Cancel(a.Order(), 0)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 CANCELED 0.001 at 50000, filled 0")
	})
}

// TestUnapproved: an approval that has ended is not sent.
func TestUnapproved(t *testing.T) {
	live(t, func(w *world) {
		a := w.desk.approve()
		w.pass(time.Second)
		w.broker.Submit(a, 0)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #0 REJECTED 0.001 at 50000, filled 0, -1 no valid approval, retryable")
		if w.count("POST um/order") != 0 {
			t.Error("it was sent")
		}
	})
}

// TestNotArrived: an order of unknown outcome is asked for until nobody can accept it any
// more, and then it has not arrived; it is never sent again.
func TestNotArrived(t *testing.T) {
	live(t, func(w *world) {
		w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
		w.fails("GET um/order", 400, noSuchOrder)
		w.submit()
		synctest.Wait()
		w.mu.Lock()
		if len(w.log) != 1 || !strings.Contains(w.log[0], "test-1 #0 UNKNOWN") {
			t.Errorf("told %v", w.log)
		}
		w.log = nil
		w.mu.Unlock()
		w.pass(10 * time.Second)
		w.want()
		w.pass(3 * time.Second)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #0 NOT_ARRIVED 0.001 at 50000, filled 0, -2013 Order does not exist., retryable")
		if n := w.count("GET um/order"); n != 6 {
			t.Errorf("asked %d times", n)
		}
		if n := w.count("POST um/order"); n != 1 {
			t.Errorf("sent %d times", n)
		}
		w.pass(time.Minute)
		if n := w.count("GET um/order"); n != 6 {
			t.Errorf("asked %d times in the end", n)
		}
	})
}

// TestNotArrivedNeedsTheStream: while the stream is not live, nothing found proves nothing.
func TestNotArrivedNeedsTheStream(t *testing.T) {
	live(t, func(w *world) {
		w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
		w.fails("GET um/order", 400, noSuchOrder)
		w.submit()
		w.pass(8 * time.Second)
		w.mu.Lock()
		w.refuse = true
		w.mu.Unlock()
		w.hangUp()
		w.pass(2 * time.Minute)
		for _, line := range w.log {
			if strings.Contains(line, "NOT_ARRIVED") {
				t.Error(line)
			}
		}
		w.mu.Lock()
		w.refuse = false
		w.mu.Unlock()
		w.pass(3 * time.Minute)
		if last := w.log[len(w.log)-1]; !strings.Contains(last, "NOT_ARRIVED") {
			t.Errorf("told last %s", last)
		}
	})
}

// TestComparingProvesNothingAnew: a catch-up that only compares is no gap, so a proof goes on;
// one for which the stream has given cause begins it anew.
func TestComparingProvesNothingAnew(t *testing.T) {
	for _, c := range []struct {
		gap  bool
		told int
	}{{false, 1}, {true, 0}} {
		live(t, func(w *world) {
			w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
			w.fails("GET um/order", 400, noSuchOrder)
			w.submit()
			w.pass(11 * time.Second)
			w.broker.CatchUp("it is time to compare")
			if c.gap {
				w.push(`{"e":"ORDER_TRADE_UPDATE"`)
			}
			w.pass(3 * time.Second)
			n := 0
			for _, line := range w.log {
				if strings.Contains(line, "NOT_ARRIVED") {
					n++
				}
			}
			if n != c.told {
				t.Errorf("gap %v: told %d times\n%s", c.gap, n, strings.Join(w.log, "\n"))
			}
		})
	}
}

// TestUnknownIsFound: the exchange has the order, and knows of fills that the stream has not
// told: all that were missed are read, the earlier ones first.
func TestUnknownIsFound(t *testing.T) {
	live(t, func(w *world) {
		w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
		w.does("GET um/order", func(v url.Values) (int, string) {
			if v.Get("orderId") == "6" {
				return 200, umAnswer("other-1", "FILLED", "0.001", 6)
			}
			return 200, umAnswer("test-1", "FILLED", "0.001", 7)
		})
		w.does("GET um/userTrades", func(url.Values) (int, string) {
			return 200, `[` + umTrade(6, 2, "0.5") + `,` + umTrade(7, 3, "0.001") + `]`
		})
		w.submit()
		synctest.Wait()
		w.clear()
		w.pass(3 * time.Second)
		w.want(
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0",
			"catching up: order test-1 has dealt, and the stream did not tell",
		)
		w.pass(10 * time.Second)
		w.want(
			"FILL UM BTCUSDT: other-1 #6 trade 2 BUY BOTH 0.5 at 50000, fee 0.02 USDT, realized 0",
			"FILL UM BTCUSDT: test-1 #7 trade 3 BUY BOTH 0.001 at 50000, fee 0.02 USDT, realized 0",
			"ORDER_UPDATE UM BTCUSDT: other-1 #6 FILLED 0.001 at 50000, filled 0.001",
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 FILLED 0.001 at 50000, filled 0.001",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0",
			"live: caught up",
		)
		w.push(umEvent("test-1", "TRADE", "FILLED", "0.001", "0.001", 7, 3))
		w.want()
	})
}

// TestUnknownByItsFill: the order is not found by its client id, but one of the fills of
// late is its own.
func TestUnknownByItsFill(t *testing.T) {
	live(t, func(w *world) {
		w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
		w.does("GET um/order", func(v url.Values) (int, string) {
			if v.Get("orderId") == "7" {
				return 200, umAnswer("test-1", "PARTIALLY_FILLED", "0.0005", 7)
			}
			return 400, noSuchOrder
		})
		w.does("GET um/userTrades", func(url.Values) (int, string) { return 200, `[` + umTrade(7, 3, "0.0005") + `]` })
		w.submit()
		synctest.Wait()
		w.clear()
		w.pass(20 * time.Second)
		w.want(
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0",
			"catching up: order test-1 has dealt, and the stream did not tell",
			"FILL UM BTCUSDT: test-1 #7 trade 3 BUY BOTH 0.0005 at 50000, fee 0.02 USDT, realized 0",
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 PARTIALLY_FILLED 0.001 at 50000, filled 0.0005",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0",
			"live: caught up",
		)
	})
}

// TestDeafStream: a stream that looks well and tells of no deal is replaced at the second one,
// however soon each is found out; one that has told anything between is not.
func TestDeafStream(t *testing.T) {
	for _, speaks := range []bool{false, true} {
		live(t, func(w *world) {
			w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
			w.does("GET um/order", func(v url.Values) (int, string) {
				id := v.Get("origClientOrderId")
				return 200, umAnswer(id, "FILLED", "0.001", 6+int(id[len(id)-1]-'0'))
			})
			for n, trades := range []string{umTrade(7, 3, "0.001"), umTrade(7, 3, "0.001") + "," + umTrade(8, 4, "0.001")} {
				w.says("GET um/userTrades", `[`+trades+`]`)
				w.submit()
				w.pass(15 * time.Second)
				if n == 0 && speaks {
					w.push(umEvent("test-1", "TRADE", "FILLED", "0.001", "0.001", 7, 3))
				}
			}
			const dead = "gap: order test-2 has dealt, and the stream did not tell again, nor anything since"
			if slices.Contains(w.log, dead) == speaks || w.broker.State() != Live {
				t.Errorf("speaks %v, told\n%s", speaks, strings.Join(w.log, "\n"))
			}
		})
	}
}

// TestStreamEndsTheDoubt: the stream tells of the order before the question is asked.
func TestStreamEndsTheDoubt(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(url.Values) (int, string) { return 0, "" })
		w.submit()
		w.pass(9 * time.Second)
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0")
		w.pass(2 * time.Minute)
		if n := w.count("GET um/order"); n != 0 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestEchoMismatch: an order that is not the one sent is cancelled at once, and told so.
func TestEchoMismatch(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(url.Values) (int, string) {
			return 200, strings.Replace(umAnswer("test-1", "NEW", "0", 7), `"price":"50000"`, `"price":"50001"`, 1)
		})
		w.does("DELETE um/order", func(url.Values) (int, string) { return 200, umAnswer("test-1", "CANCELED", "0", 7) })
		w.submit()
		w.want(
			`ORDER_UPDATE UM BTCUSDT: test-1 #7 CANCELED 0.001 at 50000, filled 0, 0 the exchange took price "50001", and "50000" was sent`,
			`notice echo mismatch: order test-1: the exchange took price "50001", and "50000" was sent`,
		)
	})
}

// TestCancelWaitsForItsOrder: it must not arrive before what it cancels; others go ahead.
func TestCancelWaitsForItsOrder(t *testing.T) {
	live(t, func(w *world) {
		hold := make(chan struct{})
		w.does("POST um/order", func(v url.Values) (int, string) {
			if v.Get("newClientOrderId") == "test-1" {
				<-hold
			}
			return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7)
		})
		w.does("DELETE um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("origClientOrderId"), "CANCELED", "0", 7) })
		a := w.submit()
		w.broker.Cancel(a.Order(), 0)
		w.submit()
		synctest.Wait()
		if w.count("DELETE um/order") != 0 || w.count("POST um/order") != 2 {
			t.Errorf("asked %v", w.asked)
		}
		close(hold)
		synctest.Wait()
		if w.count("DELETE um/order") != 1 {
			t.Errorf("asked %v", w.asked)
		}
	})
}

// TestCancelOfWhatIsOver: the exchange does not know the order any more, so it is asked what
// became of it.
func TestCancelOfWhatIsOver(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		a := w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		w.fails("DELETE um/order", 400, `{"code":-2011,"msg":"Unknown order sent."}`)
		w.does("GET um/order", func(url.Values) (int, string) { return 200, umAnswer("test-1", "EXPIRED", "0", 7) })
		w.broker.Cancel(a.Order(), 0)
		w.want()
		w.pass(3 * time.Second)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 EXPIRED 0.001 at 50000, filled 0")
	})
}

// TestCancelAgain: cancels of an order that nobody finds are asked about together, however
// many there are, and none of them puts the question off.
func TestCancelAgain(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		a := w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		w.fails("DELETE um/order", 400, `{"code":-2011,"msg":"Unknown order sent."}`)
		w.fails("GET um/order", 400, `{"code":-2013,"msg":"Order does not exist."}`)
		for range 30 {
			w.broker.Cancel(a.Order(), 0)
			w.pass(time.Second)
		}
		if n := w.count("GET um/order"); n < 10 || n > 30 {
			t.Errorf("the order is asked for %d times in 30 s", n)
		}
	})
}

// TestCancelInDoubt: the order is still there when the cancel cannot be carried out any
// more: it was not.
func TestCancelInDoubt(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		a := w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		w.fails("DELETE um/order", 500, `{"code":-1007,"msg":"Timeout waiting for response from backend server."}`)
		placed := umAnswer("test-1", "NEW", "0", 7)
		w.says("GET um/order", placed)
		w.broker.Cancel(a.Order(), 0)
		synctest.Wait()
		if len(w.log) != 1 || !strings.Contains(w.log[0], "UNKNOWN") {
			t.Errorf("told %v", w.log)
		}
		w.clear()
		w.pass(10 * time.Second)
		w.want()
		w.pass(3 * time.Second)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0, -1 the request was not carried out, retryable")
	})
}

// TestFull: what finds no room is answered at once, and nothing blocks.
func TestFull(t *testing.T) {
	started(t, func(w *world) {
		for range queueMax {
			w.submit()
		}
		w.want()
		a := w.submit()
		w.want("ORDER_UPDATE UM BTCUSDT: " + a.Order().ClientID + " #0 REJECTED 0.001 at 50000, filled 0, -1 not sent: too many requests wait, retryable")
		w.broker.Cancel(exchange.Order{ID: 1, ClientID: "test-1", Status: exchange.StatusWorking, Request: a.Order().Request}, 0)
		w.want()
	})
}

// TestStop: what waits is refused, what is under way is in doubt, and nothing is taken any
// more.
func TestStop(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(url.Values) (int, string) { return 0, "" })
		a := w.submit()
		w.broker.Cancel(a.Order(), 0)
		synctest.Wait()
		w.stop()
		<-w.over
		w.submit()
		lines := strings.Join(w.log, "\n")
		for _, wanted := range []string{
			"test-1 #0 UNKNOWN", "test-1 #0 UNKNOWN 0 at 0, filled 0, -1 ", "gap: the broker has stopped",
			"test-2 #0 REJECTED 0.001 at 50000, filled 0, -1 not sent",
		} {
			if !strings.Contains(lines, wanted) {
				t.Errorf("not told: %s\n%s", wanted, lines)
			}
		}
	})
}

// TestNewBroker: the stream is Binance's, or on this machine.
func TestNewBroker(t *testing.T) {
	client := newTestClient(t, always(200, `{}`))
	for address, good := range map[string]bool{
		"": true, "ws://127.0.0.1:9001/pm": true, "ws://localhost:9001/pm/": true, "wss://[::1]:9001": true,
		"ws://10.0.0.1/pm": false, "wss://fstream.binance.com.evil.test/pm": false, "http://127.0.0.1/pm": false, "://": false, "wss://": false,
	} {
		b, err := NewBroker(BrokerConfig{Client: client, Instruments: testInstruments(t), Deliver: func(exchange.Event) {}, Stream: address})
		if (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
		if address == "" && b.stream != "wss://fstream.binance.com/pm" {
			t.Errorf("the stream is %s", b.stream)
		}
	}
	for _, age := range []time.Duration{-1, time.Minute - 1, 24 * time.Hour} {
		if _, err := NewBroker(BrokerConfig{Client: client, Instruments: testInstruments(t), Deliver: func(exchange.Event) {}, Rotate: age}); err == nil {
			t.Errorf("no error for connections of %v", age)
		}
	}
	for _, every := range []time.Duration{-1, time.Minute - 1, 30*time.Minute + 1} {
		if _, err := NewBroker(BrokerConfig{Client: client, Instruments: testInstruments(t), Deliver: func(exchange.Event) {}, Lending: every}); err == nil {
			t.Errorf("loan rates every %v", every)
		}
	}
	for _, every := range []time.Duration{-1, 30*time.Second - 1, time.Hour + 1} {
		if _, err := NewBroker(BrokerConfig{Client: client, Instruments: testInstruments(t), Deliver: func(exchange.Event) {}, Survey: every}); err == nil {
			t.Errorf("the queue every %v", every)
		}
	}
	if _, err := NewBroker(BrokerConfig{}); err == nil {
		t.Error("a broker of nothing")
	}
}

// TestManyDoubts: with many orders in doubt and many others that have dealt, each of these is
// asked for once or, by askers at the same time, a few times, and not on behalf of each doubt.
// Their weight would be the minute's, and no doubt would end.
func TestManyDoubts(t *testing.T) {
	const doubts, dealt = 12, 40
	live(t, func(w *world) {
		var trades []string
		for n := range dealt {
			trades = append(trades, umTrade(1000+n, 100+n, "0.001"))
		}
		var byNumber atomic.Int64
		w.says("GET um/userTrades", "["+strings.Join(trades, ",")+"]")
		w.fails("POST um/order", 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`)
		w.does("GET um/order", func(v url.Values) (int, string) {
			if number := v.Get("orderId"); number != "" {
				byNumber.Add(1)
				return 200, fmt.Sprintf(strings.Replace(umAnswer("other-"+number, "FILLED", "0.001", 0), `"orderId":0`, `"orderId":%s`, 1), number)
			}
			return 400, noSuchOrder
		})
		for range doubts {
			w.submit()
		}
		w.pass(30 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := strings.Count(strings.Join(w.log, "\n"), "NOT_ARRIVED"); got != doubts {
			t.Errorf("%d of %d doubts have ended", got, doubts)
		}
		if n := byNumber.Load(); n < dealt || n > askers*dealt {
			t.Errorf("%d questions for %d orders that have dealt", n, dealt)
		}
	})
}
