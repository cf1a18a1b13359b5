package papi

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// The key and secret of Binance's public documentation.
const (
	testKey    = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
	testSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
)

// carrier is a transport that answers from a function and keeps what it was given. It
// answers questions for the time by itself.
type carrier struct {
	answer func(*http.Request, string) (*http.Response, error)

	mu       sync.Mutex // tests send from many goroutines
	requests []*http.Request
	bodies   []string
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	c.mu.Lock()
	c.requests, c.bodies = append(c.requests, r), append(c.bodies, body)
	c.mu.Unlock()
	if r.URL.Path == "/fapi/v1/time" {
		return respond(200, fmt.Sprintf(`{"serverTime":%d}`, time.Now().UnixMilli())), nil
	}
	return c.answer(r, body)
}

// asked is what was sent but for questions for the time.
func (c *carrier) asked() (requests []*http.Request, bodies []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range c.requests {
		if r.URL.Path != "/fapi/v1/time" {
			requests, bodies = append(requests, r), append(bodies, c.bodies[i])
		}
	}
	return requests, bodies
}

// respond makes an answer; headers are pairs of name and value.
func respond(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// always answers every request alike.
func always(status int, body string, headers ...string) *carrier {
	return &carrier{answer: func(*http.Request, string) (*http.Response, error) { return respond(status, body, headers...), nil }}
}

func testConfig(t http.RoundTripper) Config {
	return Config{Key: NewSecret(testKey), Secret: NewSecret(testSecret), Transport: t}
}

func newTestClient(t testing.TB, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New(testConfig(transport))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// desk makes approvals, by a guard with money and prices.
type desk struct {
	t     testing.TB
	guard *riskguard.Guard
	next  exchange.OrderID
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	limits := riskguard.DefaultLimits()
	limits.OrderNotionalMaxRatio, limits.PositionMaxRatio, limits.OpenOrdersMax = decimal.New(1, 0), decimal.New(5, 0), 200
	limits.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	limits.FreshPrice, limits.FreshMark, limits.FreshIndex = time.Hour, time.Hour, time.Hour
	g, err := riskguard.New(riskguard.Config{Instruments: testInstruments(t), Tables: margin.Assumed(), Limits: limits, Strategies: 1, Permits: riskguard.Unbound(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		g.Apply(&e)
	}
	d := &desk{t: t, guard: g}
	apply := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: exchange.TimeOf(time.Now()), Inst: inst}
		set(&e)
		g.Apply(&e)
	}
	price, money := exchange.MustFixed("50000"), decimal.New(1_000_000, 0)
	for inst := exchange.InstrumentID(1); inst <= 3; inst++ {
		if inst < 3 {
			apply(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price}) })
		}
		apply(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: 1}) })
	}
	apply(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: price}) })
	apply(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
	apply(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletUM, Asset: "USDT", Delta: money, Balance: money})
	})
	d.state(exchange.Active)
	return d
}

// state changes the account's, which begins an epoch.
func (d *desk) state(s exchange.TradingState) {
	e := exchange.Event{At: exchange.TimeOf(time.Now())}
	e.SetState(&exchange.StateChange{State: s, Reason: "test", By: "test"})
	d.guard.Apply(&e)
}

// approve lets an order through, valid for half a second from now.
func (d *desk) approve() riskguard.Approved {
	d.t.Helper()
	d.next++
	o := exchange.Order{ID: d.next, ClientID: fmt.Sprint("test-", d.next)}
	o.Request = exchange.OrderRequest{
		Inst: 1, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.GTC,
		Qty: exchange.MustFixed("0.001"), Price: exchange.MustFixed("50000"),
	}
	v := d.guard.Check(exchange.Intent{}, o, false, exchange.TimeOf(time.Now()))
	if v.Refusal != nil {
		d.t.Fatal(v.Refusal)
	}
	return v.Approved
}

// newOrder is the query of a USD-M order.
func newOrder() *query {
	q := new(query)
	q.text("symbol", "BTCUSDT")
	q.text("side", "BUY")
	q.text("type", "LIMIT")
	q.text("timeInForce", "GTC")
	q.fixed("quantity", exchange.MustFixed("0.001"))
	q.fixed("price", exchange.MustFixed("50000"))
	q.text("newClientOrderId", "test-1")
	return q
}

const orderAnswer = `{"clientOrderId":"test-1","orderId":7,"symbol":"BTCUSDT","side":"BUY","status":"NEW","type":"LIMIT"}`

// placed sends one order with a fresh approval.
func placed(t testing.TB, c *Client) error {
	t.Helper()
	d := newDesk(t)
	c.SetEpoch(d.guard.Epoch())
	_, err := c.attempt(t.Context(), epNewUMOrder, newOrder(), d.approve())
	return err
}
