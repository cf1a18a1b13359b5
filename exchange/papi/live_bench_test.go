//go:build unix

package papi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	market "github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/internal/budget"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// The live path, piece by piece and in a row: from a frame of the market to the bytes of a
// signed order. It is our own CPU, without the network: the socket of the stream is memory,
// and what the orders are written to throws them away and answers at once.
//
//	go test ./exchange/papi -run '^$' -bench Live -benchmem
//
// The target of the row, as far as its pieces exist, is 15 us; the plugin and the journal are
// not in it yet. Machines differ and are shared: compare figures of one run only.

const (
	liveTicker = `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":11757092630476,"s":"BTCUSDT","ps":"BTCUSDT",` +
		`"b":"50000.0","B":"30.110","a":"50000.1","A":"8.020","T":1790000000657,"E":1790000000658,"st":1}}`
	liveFill = `{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":1790000000006,"T":1790000000005,"i":"","o":{"s":"BTCUSDT","c":"pm-1-a","S":"BUY",` +
		`"o":"LIMIT","f":"GTC","q":"1.000","p":"50000.0","ap":"50000","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED","i":8886774,"l":"0.400","z":"0.400",` +
		`"L":"50000.0","N":"USDT","n":"4.0","T":1790000000005,"t":77,"b":"0","a":"9.91","m":false,"R":false,"ps":"BOTH","rp":"0","V":"NONE","gtd":0}}`
	liveReport = `{"e":"executionReport","E":1790000000006,"s":"BTCUSDT","c":"pm-1-a","S":"BUY","o":"LIMIT","f":"GTC","q":"1.00000","p":"50000.00",` +
		`"P":"0.00000000","d":4,"F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE","i":4293153,"l":"0.40000","z":"0.40000",` +
		`"L":"50000.00","n":"0.00040","N":"BTC","T":1790000000005,"t":77,"I":8641984,"w":true,"m":false,"M":false,"O":1790000000001,` +
		`"Z":"20000.00","Y":"20000.00","Q":"0.00","W":1790000000001,"V":"NONE"}`
	liveAccount = `{"e":"ACCOUNT_UPDATE","fs":"UM","E":1790000000006,"T":1790000000005,"i":"","a":{"m":"ORDER","B":[{"a":"USDT","wb":"122624.12345678",` +
		`"cw":"100.12345678","bc":"50.12345678"}],"P":[{"s":"BTCUSDT","pa":"1.000","ep":"50000.00000","cr":"200","up":"0.0","ps":"BOTH","bep":"50000.1"}]}}`
)

// BenchmarkLive measures each piece.
func BenchmarkLive(b *testing.B) {
	b.Run("1-read-bookTicker", benchmarkRead)
	b.Run("2-decode-bookTicker", func(b *testing.B) {
		var d market.Decoder
		message := []byte(liveTicker)
		measured(b, func() {
			if _, err := d.Decode(message); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("3-decide", benchmarkDecide)
	b.Run("4-query", func(b *testing.B) {
		a := newDesk(b).approve()
		measured(b, func() {
			o := a.Order()
			umOrderOf("BTCUSDT", o.ClientID, &o.Request).query()
		})
	})
	b.Run("5-budget", benchmarkBudget)
	b.Run("6-sign", func(b *testing.B) {
		c, payload := newTestClient(b, nil), []byte("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000"+
			"&newClientOrderId=pm-1-carry-000123&recvWindow=5000&timestamp=1790000000000")
		room := make([]byte, 0, 64)
		measured(b, func() {
			if _, err := c.signer.Append(room, payload); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("7-place", func(b *testing.B) { benchmarkPlace(b, &nowhere{}) })
	b.Run("8-place-and-wait", func(b *testing.B) { benchmarkPlace(b, &nowhere{waits: true}) })
	b.Run("9-answer", benchmarkAnswer)
	b.Run("told/ORDER_TRADE_UPDATE", func(b *testing.B) { benchmarkTold(b, liveFill) })
	b.Run("told/executionReport", func(b *testing.B) { benchmarkTold(b, liveReport) })
	b.Run("told/ACCOUNT_UPDATE", func(b *testing.B) { benchmarkTold(b, liveAccount) })
	b.Run("row", func(b *testing.B) { benchmarkRow(b, &nowhere{}) })
	b.Run("row-and-wait", func(b *testing.B) { benchmarkRow(b, &nowhere{waits: true}) })
}

// measured repeats what f does. Beside the time that passes it tells the processor time of
// this process (cpu-ns/op), which others on the machine change less.
func measured(b *testing.B, f func()) {
	b.Helper()
	b.ReportAllocs()
	used := processorTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64((processorTime(b)-used).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchmarkRead reads frames from a connection.
func benchmarkRead(b *testing.B) {
	c := endless(b, liveTicker)
	measured(b, func() {
		if _, err := c.Read(); err != nil {
			b.Fatal(err)
		}
	})
}

// benchmarkDecide brings the kernel a quote of which a strategy makes an order, which the
// guard approves. That the order ends, and the next one finds the account as it was, is part
// of it.
func benchmarkDecide(b *testing.B) {
	r := newLiveRow(b, nil)
	ticker := exchange.BookTicker{Bid: exchange.MustFixed("50000"), BidQty: 1, Ask: exchange.MustFixed("50000.1"), AskQty: 1}
	measured(b, func() {
		r.quote(ticker)
		r.ends()
	})
}

// benchmarkBudget takes room for an order and gives it back as the answer does.
func benchmarkBudget(b *testing.B) {
	at := time.Unix(1790000000, 0)
	s, err := budget.NewScheduler(budget.Limits{Weight: 6000, Orders: 1200, SharePercent: 80, Slack: slack, QueueMax: waitersMax},
		func() time.Time { at = at.Add(100 * time.Millisecond); return at })
	if err != nil {
		b.Fatal(err)
	}
	measured(b, func() {
		t, ok := s.Try(budget.Request{Class: budget.Order, Weight: 1, Orders: 1})
		if !ok {
			b.Fatal("no room")
		}
		s.Settle(t, budget.Answer{})
	})
}

// benchmarkPlace sends an approved order and reads its answer.
func benchmarkPlace(b *testing.B, t *nowhere) {
	r := newLiveRow(b, t)
	send := r.again()
	measured(b, send)
}

// benchmarkAnswer reads and judges the answer to an order: that much of the two before is
// behind the bytes.
func benchmarkAnswer(b *testing.B) {
	measured(b, func() {
		body := []byte(liveAnswer)
		a := read(http.StatusOK, http.Header{}, body, nil)
		if err := a.verdict(epNewUMOrder, 0, testKey); err != nil {
			b.Fatal(err)
		}
		if _, err := answer[UMOrderAck](epNewUMOrder, reply{body: body}, nil); err != nil {
			b.Fatal(err)
		}
	})
}

// benchmarkTold decodes a frame of the user stream and makes events of it. Each is another
// trade, or another balance.
func benchmarkTold(b *testing.B, text string) {
	tr := newTranslator(testInstruments(b))
	n := int64(0)
	measured(b, func() {
		event, err := parseEvent([]byte(text))
		if err != nil {
			b.Fatal(err)
		}
		n++
		switch e := event.(type) {
		case *orderTradeUpdate:
			e.Order.TradeID, e.Order.Filled = n, exchange.Fixed(n)
		case *executionReport:
			e.TradeID, e.Filled = n, exchange.Fixed(n)
		case *accountUpdate:
			e.Account.Balances[0].Wallet = decimal.New(n, 0)
		}
		if err := tr.take(event); err != nil {
			b.Fatal(err)
		}
		if len(tr.out) == 0 {
			b.Fatal("nothing was told")
		}
		tr.out, tr.notes = tr.out[:0], tr.notes[:0]
	})
}

// benchmarkRow does all of it: a frame is read and decoded, the kernel and the guard decide
// on what the strategy wishes, and the order is signed and written: ns/to-bytes. The answer is
// read, too, and the order ends: ns/op.
func benchmarkRow(b *testing.B, t *nowhere) {
	r, c := newLiveRow(b, t), endless(b, liveTicker)
	var d market.Decoder
	var took time.Duration
	measured(b, func() {
		began := time.Now()
		message, err := c.Read()
		if err != nil {
			b.Fatal(err)
		}
		f, err := d.Decode(message)
		if err != nil {
			b.Fatal(err)
		}
		r.quote(f.BookTicker)
		took += t.written.Sub(began)
		r.ends()
	})
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/to-bytes")
}

// liveRow is a kernel with a small account, a strategy that answers each quote with an order, and
// a broker that sends it at once. Its time passes by the quotes.
type liveRow struct {
	b      *testing.B
	ins    *exchange.Instruments
	guard  *riskguard.Guard
	driver *engine.Driver
	client *Client // nil: nothing is sent
	// waits has orders sent by attempt; answered takes what came of those that are not.
	waits    bool
	answered chan error
	now      exchange.Time
	sent     exchange.Order
	orders   int
}

// newLiveRow makes a row with a position and ten resting orders. A transport of nil sends nothing.
func newLiveRow(b *testing.B, t *nowhere) *liveRow {
	r := &liveRow{b: b, ins: simInstruments(b), now: exchange.TimeOf(time.Unix(1790000000, 0))}
	l := riskguard.DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersMax, l.MessagesPerSecondMax = decimal.New(1, 0), decimal.New(5, 0), 200, 20
	l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	l.ExecutionsPerMinuteMax, l.AccountMessagesPerMinuteMax, l.OrderToTradeMax = 10_000, 1200, 100_000
	l.FreshPrice, l.FreshMark, l.FreshIndex, l.ApprovalTTL = time.Hour, time.Hour, time.Hour, time.Hour
	g, err := riskguard.New(riskguard.Config{Instruments: r.ins, Tables: margin.Assumed(), Limits: l, Strategies: 1, Permits: riskguard.Unbound(1)})
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		g.Apply(&e)
	}
	r.guard = g
	r.driver = engine.NewDriver(engine.New(engine.Config{Instruments: r.ins, Guard: g, Strategies: 1, ClientPrefix: "pm-1"}), r, r)
	r.market()
	for i, asset := range []string{"USDT", "BTC"} {
		money := decimal.New(1_000_000, int32(-4*i))
		r.happens(0, func(e *exchange.Event) {
			e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletMargin, Asset: asset, Delta: money, Balance: money})
		})
	}
	r.happens(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active}) })
	for i := range 10 {
		r.quote(exchange.BookTicker{Bid: exchange.MustFixed("49900") + exchange.Fixed(i)*exchange.FixedOne, BidQty: 1, Ask: exchange.MustFixed("50000"), AskQty: 1})
		r.tells(exchange.StatusWorking)
	}
	if t != nil {
		c := loopbackConfig(t.dial)
		c.Now = func() exchange.Time { return r.now }
		client, err := New(c)
		if err != nil {
			b.Fatal(err)
		}
		client.SetEpoch(g.Epoch())
		client.clock.measured = r.now
		r.client, r.answered, r.waits = client, make(chan error, 1), t.waits
		b.Cleanup(client.CloseIdle)
	}
	return r
}

// market shows the prices of the other streams.
func (r *liveRow) market() {
	price := exchange.MustFixed("50000")
	for inst := testUM; inst <= testMargin; inst++ {
		if inst != testMargin {
			r.happens(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price}) })
		}
		r.happens(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: 1}) })
	}
	r.happens(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: price}) })
	r.happens(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
}

func (r *liveRow) happens(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{At: r.now, Inst: inst}
	set(&e)
	if err := r.driver.Deliver(&e); err != nil {
		r.b.Fatal(err)
	}
}

// quote is a tenth of a second later than the one before, for the budget lets no more orders
// pass. After a thousand of them prices would be stale.
func (r *liveRow) quote(t exchange.BookTicker) {
	r.paces()
	e := exchange.Event{At: r.now, Inst: testUM}
	e.SetBookTicker(t)
	n := r.orders
	if err := r.driver.Deliver(&e); err != nil {
		r.b.Fatal(err)
	}
	if r.orders != n+1 {
		r.b.Fatal("no order came of a quote")
	}
}

func (r *liveRow) paces() {
	r.now += exchange.Time(100 * time.Millisecond)
	if r.orders%10_000 == 9_999 {
		r.market()
	}
}

// ends tells that the last order is over.
func (r *liveRow) ends() { r.tells(exchange.StatusCanceled) }

func (r *liveRow) tells(s exchange.OrderStatus) {
	e := exchange.Event{At: r.now, Inst: testUM}
	e.SetOrderUpdate(&exchange.OrderUpdate{
		ID: r.sent.ID, ClientID: r.sent.ClientID, VenueID: int64(r.sent.ID), Status: s, Price: r.sent.Request.Price, Qty: r.sent.Request.Qty,
	})
	if err := r.driver.Deliver(&e); err != nil {
		r.b.Fatal(err)
	}
}

func (r *liveRow) request(price exchange.Fixed) exchange.OrderRequest {
	return exchange.OrderRequest{
		Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.GTC, Qty: exchange.MustFixed("0.001"), Price: price,
	}
}

// Deliver is the strategy's: an order at each quote's bid.
func (r *liveRow) Deliver(e *exchange.Event, w *engine.Wishes) error {
	if e.Kind == exchange.KindBookTicker {
		w.Intents = append(w.Intents, exchange.Intent{
			Kind: exchange.IntentNew, Strategy: 1, Ref: uint64(r.orders + 1), Request: r.request(e.BookTicker().Bid),
		})
	}
	return nil
}

// Submit sends an order and waits for the answer.
func (r *liveRow) Submit(a riskguard.Approved, _ exchange.Time) {
	r.sent = a.Order()
	r.orders++
	if r.client == nil {
		return
	}
	q := umOrderOf("BTCUSDT", r.sent.ClientID, &r.sent.Request).query()
	if !r.waits {
		_, flies := r.client.start(epNewUMOrder, q, a, func(got reply, err error) {
			_, err = answer[UMOrderAck](epNewUMOrder, got, err)
			r.answered <- err
		})
		if flies {
			if err := <-r.answered; err != nil {
				r.b.Fatal(err)
			}
			return
		}
	}
	got, err := r.client.attempt(context.Background(), epNewUMOrder, q, a)
	if _, err := answer[UMOrderAck](epNewUMOrder, got, err); err != nil {
		r.b.Fatal(err)
	}
}

// again submits the same order each time it is called, with a new approval when the old one
// ends.
func (r *liveRow) again() func() {
	var v riskguard.Verdict
	order := exchange.Order{ID: 1, ClientID: "pm-1-1", Request: r.request(exchange.MustFixed("50000"))}
	return func() {
		if !v.Approved.Valid(r.guard.Epoch(), r.now) {
			if v = r.guard.Check(exchange.Intent{Strategy: 1}, order, false, r.now); v.Refusal != nil {
				r.b.Fatal(v.Refusal)
			}
		}
		r.Submit(v.Approved, 0)
		r.paces()
	}
}

// Cancel is never asked for.
func (r *liveRow) Cancel(exchange.Order, exchange.Time) { r.b.Fatal("a cancel") }

const liveAnswer = `{"clientOrderId":"pm-1-1","cumQty":"0","executedQty":"0","orderId":8886774,"origQty":"0.001","price":"50000",` +
	`"reduceOnly":false,"side":"BUY","positionSide":"BOTH","status":"NEW","symbol":"BTCUSDT","timeInForce":"GTC","type":"LIMIT",` +
	`"updateTime":1790000000000,"selfTradePreventionMode":"NONE","goodTillDate":0,"priceMatch":"NONE"}`

var liveHTTP = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: %d\r\n"+
	"X-Mbx-Used-Weight-1m: 1\r\nX-Mbx-Order-Count-1m: 1\r\n\r\n%s", len(liveAnswer), liveAnswer)

// nowhere is a connection that throws requests away and answers each write. It notes when
// that was last.
type nowhere struct {
	net.Conn
	// waits has orders sent by attempt, which waits for the answer, and not by start.
	waits         bool
	written       time.Time
	asked, closed chan struct{}
	once          sync.Once
}

func (c *nowhere) dial(context.Context, string, string) (net.Conn, error) {
	c.asked, c.closed = make(chan struct{}, 1), make(chan struct{})
	return c, nil
}

func (c *nowhere) SetWriteDeadline(time.Time) error { return nil }

func (c *nowhere) Write(p []byte) (int, error) {
	c.written = time.Now()
	c.asked <- struct{}{}
	return len(p), nil
}

func (c *nowhere) Read(p []byte) (int, error) {
	select {
	case <-c.asked:
		return copy(p, liveHTTP), nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

func (c *nowhere) Close() error { c.once.Do(func() { close(c.closed) }); return nil }
