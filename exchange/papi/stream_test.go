package papi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// TestGap: after a lost connection everything that was missed is read and told: a fill of
// the gap, the end of an order that is on no list any more, balances. Then the state is live
// again, and what the stream repeats is told no more.
func TestGap(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		w.quiet(time.Hour)
		w.want()
		w.hangUp()
		fill := umEvent("test-1", "TRADE", "FILLED", "0.001", "0.001", 7, 3)
		trade, order := umTrade(7, 3, "0.001"), umAnswer("test-1", "FILLED", "0.001", 7)
		w.says("GET um/userTrades", `[`+trade+`]`)
		w.says("GET um/order", order)
		w.says("GET balance", `[`+strings.Replace(balance("USDT", "999.98"), "946684800000", fmt.Sprint(time.Now().UnixMilli()), 1)+`]`)
		w.pass(5 * time.Second)
		w.want(
			"gap: read: websocket: close 1006 (abnormal closure): unexpected EOF",
			"stream /pm/ws/secretkey",
			"catching up: connected",
			"FILL UM BTCUSDT: test-1 #7 trade 3 BUY BOTH 0.001 at 50000, fee 0.02 USDT, realized 0",
			"ORDER_UPDATE UM BTCUSDT: test-1 #7 FILLED 0.001 at 50000, filled 0.001",
			"LEDGER: USDT UM TRANSFER by -0.02 to 999.98",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0",
			"live: caught up",
		)
		w.push(fill)
		w.want()
	})
}

// TestExplained: what has changed a balance in a gap is told with its reasons, by the newest
// entries of the ledger that make the difference; where none do, as a transfer.
func TestExplained(t *testing.T) {
	income := func(kind, amount string, minutes int) string {
		return fmt.Sprintf(`{"symbol":"BTCUSDT","incomeType":%q,"income":%q,"asset":"USDT","info":"","time":%d,"tranId":"1","tradeId":""}`,
			kind, amount, 946684800000+minutes*60_000)
	}
	for _, c := range []struct {
		is     string
		income []string
		want   []string
	}{
		{"995", []string{income("FUNDING_FEE", "-5", 10)}, []string{"LEDGER: USDT UM FUNDING_FEE by -5 to 995"}},
		{ // older ones are known already; of one instant and reason is one change
			"998", []string{income("FUNDING_FEE", "7", 1), income("REALIZED_PNL", "2", 20), income("COMMISSION", "-1", 20), income("FUNDING_FEE", "-3", 30)},
			[]string{"LEDGER: USDT UM REALIZED_PNL by 1 to 1001", "LEDGER: USDT UM FUNDING_FEE by -3 to 998"},
		},
		{"995", []string{income("FUNDING_FEE", "-4", 10)}, []string{"LEDGER: USDT UM TRANSFER by -5 to 995"}},
		{ // one that came behind the balance is for the stream to tell
			"995", []string{income("FUNDING_FEE", "-5", 10), income("FUNDING_FEE", "-2", 90)},
			[]string{"LEDGER: USDT UM FUNDING_FEE by -5 to 995"},
		},
		{"1000", []string{income("FUNDING_FEE", "-5", 10)}, nil},
		{"995", nil, []string{"LEDGER: USDT UM TRANSFER by -5 to 995"}},
	} {
		live(t, func(w *world) {
			w.quiet(time.Hour)
			w.hangUp()
			w.says("GET balance", `[`+strings.Replace(balance("USDT", c.is), "946684800000", fmt.Sprint(time.Now().UnixMilli()), 1)+`]`)
			w.says("GET um/income", "["+strings.Join(c.income, ",")+"]")
			if c.income == nil {
				w.fails("GET um/income", 500, "")
			}
			w.clear()
			w.pass(5 * time.Second)
			var got []string
			for _, line := range w.log {
				if strings.HasPrefix(line, "LEDGER") {
					got = append(got, line)
				}
			}
			if !slices.Equal(got, c.want) || w.broker.State() != Live {
				t.Errorf("to %s by %v: %v, told\n%s", c.is, c.income, w.broker.State(), strings.Join(w.log, "\n"))
			}
			if c.is == "1000" && w.count("GET um/income") > 0 {
				t.Error("asked without need")
			}
		})
	}
}

// TestFillOfStranger: a fill of the gap whose order nobody knows is told with the client id
// that the exchange has for its order.
func TestFillOfStranger(t *testing.T) {
	live(t, func(w *world) {
		w.says("GET um/positionRisk", `[{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"0.5","entryPrice":"50000"}]`)
		w.does("GET um/order", func(v url.Values) (int, string) { return 200, umAnswer("autoclose-1", "FILLED", "0.001", 9) })
		w.hangUp()
		w.says("GET um/userTrades", `[`+umTrade(9, 4, "0.001")+`]`)
		w.pass(15 * time.Second)
		w.mu.Lock()
		lines := strings.Join(w.log, "\n")
		w.mu.Unlock()
		if !strings.Contains(lines, "FILL UM BTCUSDT: autoclose-1 #9 trade 4 BUY BOTH 0.001 at 50000, fee 0.02 USDT, realized 0, forced LIQUIDATION") {
			t.Errorf("told\n%s", lines)
		}
	})
}

// TestEventsWaitForTheCatchUp: what the stream says while the account is read is told behind
// that, unless it is older.
func TestEventsWaitForTheCatchUp(t *testing.T) {
	started(t, func(w *world) {
		hold := make(chan struct{})
		w.does("GET account", func(url.Values) (int, string) { <-hold; return 200, account })
		w.run()
		w.pass(time.Second)
		w.push(
			`{"e":"ACCOUNT_UPDATE","fs":"UM","E":946684700000,"T":946684700000,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"1","cw":"1","bc":"0"}],"P":[]}}`,
			`{"e":"ACCOUNT_UPDATE","fs":"UM","E":946684900000,"T":946684900000,"a":{"m":"FUNDING_FEE","B":[{"a":"USDT","wb":"1001","cw":"1","bc":"0"}],"P":[]}}`,
		)
		w.want("stream /pm/ws/secretkey", "catching up: connected")
		close(hold)
		w.want(
			"LEDGER: USDT UM DEPOSIT by 1000 to 1000",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0",
			"LEDGER: USDT UM FUNDING_FEE by 1 to 1001",
			"live: caught up",
		)
	})
}

// TestNoKnowledge: an answer that is no list is none; the state stays a gap and the reading
// is tried again.
func TestNoKnowledge(t *testing.T) {
	for _, body := range []string{``, `{}`, `null`, `<html></html>`, `{"code":-1000,"msg":"x"}`, `[{}]`} {
		t.Run(body, func(t *testing.T) {
			started(t, func(w *world) {
				w.says("GET um/algo/openAlgoOrders", body)
				w.run()
				w.pass(30 * time.Second)
				if w.broker.State() == Live || w.broker.Truth() != nil {
					t.Error("it is live")
				}
				if n := w.count("GET um/algo/openAlgoOrders"); n < 3 || n > 30 {
					t.Errorf("asked %d times", n)
				}
				w.says("GET um/algo/openAlgoOrders", `[]`)
				w.pass(10 * time.Second)
				if w.broker.State() != Live {
					t.Error("it is not live")
				}
			})
		})
	}
}

// TestKeyExpires: the socket stays open and silent, so a new connection is made.
func TestKeyExpires(t *testing.T) {
	live(t, func(w *world) {
		w.says("POST listenKey", `{"listenKey":"otherkey"}`)
		w.push(`{"e":"listenKeyExpired","E":946684800000}`)
		w.pass(10 * time.Second)
		w.want(
			"notice listenKey: the listenKey has expired", "gap: the listenKey has expired",
			"stream /pm/ws/otherkey", "catching up: connected",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0", "live: caught up",
		)
	})
}

// TestKeepAlive: the key is extended well inside its hour; when it is gone there is a new
// connection, and a failure alone is none.
func TestKeepAlive(t *testing.T) {
	live(t, func(w *world) {
		w.quiet(26 * time.Minute)
		if n := w.count("PUT listenKey"); n != 1 {
			t.Errorf("extended %d times in 26 minutes", n)
		}
		w.fails("PUT listenKey", 500, `{"code":-1000,"msg":"x"}`)
		w.quiet(25 * time.Minute)
		if w.broker.State() != Live || w.count("POST listenKey") != 1 {
			t.Errorf("state %v, %d keys", w.broker.State(), w.count("POST listenKey"))
		}
		w.fails("PUT listenKey", 400, `{"code":-1125,"msg":"This listenKey does not exist."}`)
		w.says("POST listenKey", `{"listenKey":"otherkey"}`)
		w.clear()
		w.quiet(26 * time.Minute)
		lines := strings.Join(w.log, "\n")
		for _, wanted := range []string{"gap: the listenKey is gone", "stream /pm/ws/otherkey", "live: caught up"} {
			if !strings.Contains(lines, wanted) {
				t.Errorf("not told: %s\n%s", wanted, lines)
			}
		}
	})
}

// TestHollowKey: an answer without a key is an error, and no stream of no account.
func TestHollowKey(t *testing.T) {
	started(t, func(w *world) {
		w.says("POST listenKey", `{}`)
		w.run()
		w.pass(time.Minute)
		if w.broker.State() != Gap || len(w.conns) != 0 || w.count("POST listenKey") > 12 || w.count("POST listenKey") < 3 {
			t.Errorf("state %v, %d connections, asked %d times", w.broker.State(), len(w.conns), w.count("POST listenKey"))
		}
		w.says("POST listenKey", `{"listenKey":"secretkey"}`)
		w.pass(time.Minute)
		if w.broker.State() != Live {
			t.Errorf("state %v", w.broker.State())
		}
	})
}

// TestRotation: before the exchange closes the connection at 24 hours there is another one;
// both are read for a while, each event is told once, and nothing is missed.
func TestRotation(t *testing.T) {
	live(t, func(w *world) {
		w.quiet(23*time.Hour + 2*time.Second)
		if len(w.conns) != 2 {
			t.Fatalf("%d connections", len(w.conns))
		}
		w.want("stream /pm/ws/secretkey")
		event := umEvent("other-1", "NEW", "NEW", "0", "0", 7, 0)
		fill := umEvent("other-1", "TRADE", "FILLED", "0.001", "0.001", 7, 3)
		w.pushOn(1, event, fill)
		w.pushOn(0, event, fill)
		w.want(
			"ORDER_UPDATE UM BTCUSDT: other-1 #7 WORKING 0.001 at 50000, filled 0",
			"FILL UM BTCUSDT: other-1 #7 trade 3 BUY BOTH 0.001 at 50000, fee 0.02 USDT, realized 0",
			"ORDER_UPDATE UM BTCUSDT: other-1 #7 FILLED 0.001 at 50000, filled 0.001",
		)
		w.pass(15 * time.Second)
		if err := w.conns[0].WriteMessage(websocket.TextMessage, []byte(`{}`)); err == nil {
			t.Error("the old connection is still open")
		}
		w.pushOn(1, umEvent("other-2", "NEW", "NEW", "0", "0", 8, 0))
		w.want("ORDER_UPDATE UM BTCUSDT: other-2 #8 WORKING 0.001 at 50000, filled 0")
		if w.broker.State() != Live {
			t.Error("there was a gap")
		}
	})
}

// TestRotationConfigured: with another age the connection is replaced, and the key extended,
// sooner, and nothing is missed either.
func TestRotationConfigured(t *testing.T) {
	started(t, func(w *world) {
		w.broker.config.Rotate = time.Minute
		w.run()
		w.pass(time.Second)
		w.clear()
		w.quiet(62 * time.Second)
		if len(w.conns) != 2 || w.count("PUT listenKey") != 2 {
			t.Errorf("%d connections, extended %d times", len(w.conns), w.count("PUT listenKey"))
		}
		w.want("stream /pm/ws/secretkey")
		if w.broker.State() != Live {
			t.Error("there was a gap")
		}
	})
}

// TestSilence: a connection on which nothing comes, pings included, is lost.
func TestSilence(t *testing.T) {
	live(t, func(w *world) {
		w.pass(silenceMax - 2*time.Second)
		w.want()
		w.pass(10 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.log) == 0 || w.log[0] != "gap: connection is silent: nothing for 7m0s" {
			t.Errorf("told %v", w.log)
		}
	})
}

// TestEchoMissing: the exchange takes an order and the stream, which looks well, does not
// tell.
func TestEchoMissing(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		w.submit()
		synctest.Wait()
		w.clear()
		w.pass(9 * time.Second)
		w.want()
		w.says("GET um/openOrders", `[`+umAnswer("test-1", "NEW", "0", 7)+`]`)
		w.pass(20 * time.Second)
		w.want(
			"notice echo missing: the exchange took test-1, and the stream did not tell within 10s",
			"gap: the stream does not tell of our orders",
			"stream /pm/ws/secretkey", "catching up: connected",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0", "live: caught up",
		)
	})
}

// TestMalformed: what cannot be read may have said anything, so the account is read again.
func TestMalformed(t *testing.T) {
	live(t, func(w *world) {
		w.pass(catchEvery)
		w.push(`{"e":"ACCOUNT_UPDATE","fs":"UM","E":1,"T":1,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"lots"}]}}`)
		w.pass(time.Second)
		w.want(
			"notice malformed event: event not understood: ACCOUNT_UPDATE: field /a/B/0/wb: \"lots\": not a decimal number",
			"catching up: an event could not be read",
			"ACCOUNT: NORMAL, uniMMR 99999999, equity 1000, actual 1000, maintenance 0", "live: caught up",
		)
		w.push(`<html>`, `{"e":"fromTheFuture","E":1}`)
		w.pass(catchEvery + time.Second)
		if w.broker.State() != Live {
			t.Error("it is not live")
		}
		if c := w.broker.Counts(); c != (Counts{Events: 3, Malformed: 2, UnknownEvents: 1}) {
			t.Errorf("counted %+v", c)
		}
	})
}

// TestBackoff: an exchange that cannot be reached is not stormed.
func TestBackoff(t *testing.T) {
	live(t, func(w *world) {
		w.mu.Lock()
		w.refuse = true
		w.mu.Unlock()
		w.clear()
		w.hangUp()
		w.pass(10 * time.Minute)
		if n := w.count("POST listenKey"); n < 20 || n > 45 {
			t.Errorf("asked %d times in ten minutes", n)
		}
		for _, line := range w.log {
			if strings.Contains(line, "secretkey") {
				t.Errorf("the key is told: %s", line)
			}
		}
		synctest.Wait()
	})
}
