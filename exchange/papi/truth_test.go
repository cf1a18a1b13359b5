package papi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestTruth places an order of each kind, one by somebody else and a position, and holds what
// a reading tells of them against testdata/truth.txt.
func TestTruth(t *testing.T) {
	onLives(t, func(l *lives) {
		f := exchange.MustFixed
		l.ready()
		for _, r := range []exchange.OrderRequest{
			{Inst: testUM, Side: exchange.Buy, Type: exchange.Market, Qty: f("0.02")},
			{Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.010"), Price: f("49000"), TimeInForce: exchange.GTX},
			{Inst: testUM, Side: exchange.Sell, Type: exchange.Stop, Qty: f("0.010"), Price: f("48000"), Trigger: f("48100"), ReduceOnly: true},
			{Inst: testCM, Side: exchange.Sell, Type: exchange.Market, Qty: f("5")},
			{Inst: testCM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("7"), Price: f("49000")},
			{Inst: testCM, Side: exchange.Buy, Type: exchange.StopMarket, Qty: f("5"), Trigger: f("51000")},
			{Inst: testMargin, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.01"), Price: f("49000"), TimeInForce: exchange.GTX},
			{Inst: testMargin, Side: exchange.Sell, Type: exchange.StopMarket, Qty: f("0.01"), Trigger: f("47000")},
			{Inst: testMargin, Side: exchange.Sell, Type: exchange.OCO, Qty: f("0.01"), Price: f("55000"), Trigger: f("46000"), StopPrice: f("45900")},
		} {
			l.order(r)
			l.pass(time.Second)
			l.show(l.price)
			l.market()
			l.pump()
		}
		l.broker.CatchUp("look")
		l.pass(15 * time.Second)
		l.pump()
		if d := l.kernel.Differences(); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		golden(t, "testdata/truth.txt", shown(l.ins, &l.reading))
	})
}

// shown is a reading as text.
func shown(ins *exchange.Instruments, r *exchange.Truth) string {
	var b strings.Builder
	for i := range r.Orders {
		o, q := &r.Orders[i], &r.Orders[i].Request
		fmt.Fprintf(&b, "order %s of %s: %v %v %v %v %v", o.ClientID, ins.At(q.Inst).Name(), o.Status, q.Side, q.Type, q.TimeInForce, q.Qty)
		fmt.Fprintf(&b, " at %v, trigger %v, stop %v, filled %v", q.Price, q.Trigger, q.StopPrice, o.Filled)
		if q.ReduceOnly {
			b.WriteString(", reduce-only")
		}
		if o.Ours {
			b.WriteString(", ours")
		}
		if o.VenueID == 0 || o.Created == 0 {
			fmt.Fprintf(&b, ", number %d, made at %v", o.VenueID, o.Created)
		}
		b.WriteString("\n")
	}
	for _, p := range r.Positions {
		fmt.Fprintf(&b, "position of %s %v: %v at %v\n", ins.At(p.Inst).Name(), p.Side, p.Qty, p.Entry)
	}
	for _, a := range r.Balances {
		fmt.Fprintf(&b, "%s in %v: %v\n", a.Asset, a.Wallet, a.Amount)
	}
	for _, text := range r.Foreign {
		fmt.Fprintf(&b, "foreign: %s\n", text)
	}
	fmt.Fprintf(&b, "account %v, equity %v\n", r.Account.Status, r.Account.Equity)
	return b.String()
}

// TestTruthPlace: a reading is told behind everything that it has brought, and before what the
// stream brought meanwhile. What is outside the table of instruments is told as text.
func TestTruthPlace(t *testing.T) {
	started(t, func(w *world) {
		w.broker.config.Prefixes = []string{"pmb-"}
		w.says("GET um/openOrders", `[`+umAnswer("pmb-1", "NEW", "0", 5)+`,`+umAnswer("web_1", "NEW", "0", 6)+`,`+
			strings.Replace(umAnswer("pmb-2", "NEW", "0", 7), "BTCUSDT", "DOGEUSDT", 1)+`]`)
		w.says("GET um/positionRisk", `[{"symbol":"DOGEUSDT","positionSide":"BOTH","positionAmt":"1","entryPrice":"1"},`+
			`{"symbol":"BTCUSDT","positionSide":"SIDEWAYS","positionAmt":"1","entryPrice":"1"}]`)
		asked := 0
		w.does("GET cm/positionRisk", func(url.Values) (int, string) {
			// Meanwhile the stream brings fills: one that the positions have, which are asked for
			// again, and one that they have not.
			if asked++; asked <= 2 {
				<-time.After(time.Second)
				w.push(umEvent("pmb-1", "TRADE", "PARTIALLY_FILLED", "0.0005", fmt.Sprint("0.000", 5*asked), 5, asked))
				<-time.After(time.Second)
			}
			return 200, `[]`
		})
		w.run()
		w.pass(8 * time.Second)
		w.mu.Lock()
		readings, at, log := w.readings, w.readAt, w.log
		w.mu.Unlock()
		if len(readings) != 1 {
			t.Fatalf("%d readings", len(readings))
		}
		before, after := strings.Join(log[:at[0]], "\n"), strings.Join(log[at[0]:], "\n")
		if !strings.Contains(before, "ORDER_UPDATE UM BTCUSDT: pmb-1 #5 WORKING") || !strings.Contains(before, "ACCOUNT:") || strings.Contains(before, "FILL") {
			t.Errorf("before the reading:\n%s", before)
		}
		if strings.Count(after, "FILL UM") != 1 || !strings.Contains(after, "pmb-1 #5 trade 2") {
			t.Errorf("behind the reading:\n%s", after)
		}
		got := shown(testInstruments(t), &readings[0])
		want := `order pmb-1 of UM BTCUSDT: WORKING BUY LIMIT GTC 0.001 at 50000, trigger 0, stop 0, filled 0, ours
order web_1 of UM BTCUSDT: WORKING BUY LIMIT GTC 0.001 at 50000, trigger 0, stop 0, filled 0
USDT in UM: 1000
foreign: order pmb-2 on UM DOGEUSDT
foreign: position on UM DOGEUSDT
foreign: position of 1 on UM BTCUSDT, side SIDEWAYS
account NORMAL, equity 1000
`
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// TestForgotten: a restarted receiver that has heard of later events and does not know an order
// of ours was told all its fills; so it is not told them again. Of others it is.
func TestForgotten(t *testing.T) {
	started(t, func(w *world) {
		made := time.Now()
		w.broker.config.Prefixes = []string{"pmb-"}
		w.broker.config.Known = exchange.Known{Heard: exchange.TimeOf(made.Add(time.Minute)), Active: []exchange.InstrumentID{testUM}}
		fills := `[` + umTrade(5, 50, "0.001") + `,` + umTrade(6, 60, "0.001") + `]`
		w.does("GET um/userTrades", func(url.Values) (int, string) { return 200, fills })
		w.does("GET um/order", func(v url.Values) (int, string) {
			return 200, umAnswer(map[string]string{"5": "pmb-0-1-5", "6": "autoclose-6"}[v.Get("orderId")], "FILLED", "0.001", map[string]int{"5": 5, "6": 6}[v.Get("orderId")])
		})
		w.pass(2 * time.Minute)
		w.run()
		w.pass(5 * time.Second)
		w.mu.Lock()
		log := strings.Join(w.log, "\n")
		w.mu.Unlock()
		if strings.Contains(log, "pmb-0-1-5") || !strings.Contains(log, "FILL UM BTCUSDT: autoclose-6 #6 trade 60") {
			t.Errorf("told\n%s", log)
		}
	})
}

// TestLost: an order that was open, is on no list and is found by no question is told to be
// in doubt with the same proof as one that has not arrived; when it is there again, so is its
// status.
func TestLost(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		w.fails("GET um/order", 400, noSuchOrder)
		w.broker.CatchUp("look")
		w.pass(22 * time.Second)
		const lost = "ORDER_UPDATE UM BTCUSDT: test-1 #7 UNKNOWN 0 at 0, filled 0, 0 the exchange had the order and does not find it any more"
		w.mu.Lock()
		log := strings.Join(w.log, "\n")
		w.mu.Unlock()
		if strings.Count(log, lost) != 1 || strings.Contains(log, "NOT_ARRIVED") {
			t.Errorf("told\n%s", log)
		}
		w.pass(10 * time.Minute)
		w.mu.Lock()
		log = strings.Join(w.log, "\n")
		w.mu.Unlock()
		if strings.Count(log, lost) != 1 {
			t.Errorf("told again\n%s", log)
		}
		w.clear()
		w.says("GET um/order", umAnswer("test-1", "NEW", "0", 7))
		w.pass(time.Minute)
		w.want("ORDER_UPDATE UM BTCUSDT: test-1 #7 WORKING 0.001 at 50000, filled 0")
	})
}

// TestLostNeedsProof: an order that a question finds again, or that cannot be asked for, is
// not told to be lost.
func TestLostNeedsProof(t *testing.T) {
	live(t, func(w *world) {
		w.does("POST um/order", func(v url.Values) (int, string) { return 200, umAnswer(v.Get("newClientOrderId"), "NEW", "0", 7) })
		w.submit()
		w.push(umEvent("test-1", "NEW", "NEW", "0", "0", 7, 0))
		w.clear()
		asked := 0
		w.does("GET um/order", func(url.Values) (int, string) {
			if asked++; asked <= 4 { // by the catch-up, by name and number, and two questions
				return 400, noSuchOrder
			}
			return 200, umAnswer("test-1", "NEW", "0", 7)
		})
		w.broker.CatchUp("look")
		w.pass(5 * time.Minute)
		w.mu.Lock()
		log := strings.Join(w.log, "\n")
		w.mu.Unlock()
		if strings.Contains(log, "UNKNOWN") {
			t.Errorf("told\n%s", log)
		}
	})
}

// TestCancelStranger: an order that no table of ours has is cancelled by its client id.
func TestCancelStranger(t *testing.T) {
	live(t, func(w *world) {
		var named []string
		w.does("DELETE um/order", func(v url.Values) (int, string) {
			named = append(named, v.Get("symbol")+" "+v.Get("origClientOrderId"))
			return 200, umAnswer(v.Get("origClientOrderId"), "CANCELED", "0", 7)
		})
		for _, id := range []string{"pmb-old-1", "pmb-old-2"} {
			w.broker.Cancel(exchange.Order{
				ClientID: id, VenueID: 7, Status: exchange.StatusWorking, Request: exchange.OrderRequest{Inst: testUM, Type: exchange.Limit},
			}, 0)
		}
		w.pass(time.Second)
		if strings.Join(named, ", ") != "BTCUSDT pmb-old-1, BTCUSDT pmb-old-2" {
			t.Errorf("cancelled %v", named)
		}
	})
}
