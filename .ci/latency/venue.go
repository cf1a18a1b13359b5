package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	simvenue "github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

const (
	apiKey, apiSecret = "latencyKey", "latencySecret"
	symbol            = "BTCUSDT"
)

// venue is an exchange for one client.
type venue struct {
	orders, streams net.Listener
	certificate     []byte
	sim             *papisim.Sim // nil: orders have a fixed answer
	stop            context.CancelFunc
	server          *http.Server

	arrived chan time.Time
	number  int64

	mu     sync.Mutex // between the stream's handler and tick
	stream *websocket.Conn
	bare   bool // the stream has no envelope
	market chan struct{}
}

func newVenue(simulated bool) (*venue, error) {
	v := &venue{arrived: make(chan time.Time, 16), market: make(chan struct{}), stop: func() {}}
	pair, err := certificate()
	if err != nil {
		return nil, err
	}
	v.certificate = pair.Certificate[0]
	if v.orders, err = tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}}); err != nil {
		return nil, err
	}
	if v.streams, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if simulated {
		if err := v.simulate(); err != nil {
			return nil, err
		}
	}
	go v.accept()
	v.server = &http.Server{Handler: http.HandlerFunc(v.serveStream)}
	go func() { _ = v.server.Serve(v.streams) }()
	return v, nil
}

func (v *venue) close() {
	v.stop()
	v.orders.Close()
	v.server.Close()
}

// certificate is one for this machine.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// instruments are the one contract.
func instruments() (*exchange.Instruments, error) {
	f := exchange.MustFixed
	return exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: symbol, Pair: symbol, Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: f("0.1"), PriceMax: f("1000000"), Tick: f("0.1"),
		Lot: exchange.Lot{Min: f("0.001"), Max: f("1000"), Step: f("0.001")}, NotionalMin: f("5"), PercentUp: f("1.05"), PercentDown: f("0.95"),
		OrdersMax: 200, TriggerProtect: f("0.05"), MarketTakeBound: f("0.05"),
	})
}

// prices are told to exchange and guard alike.
func prices(at exchange.Time, tell func(*exchange.Event)) {
	price := exchange.MustFixed("50000")
	event := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: at, Exchange: at, Inst: inst}
		set(&e)
		tell(&e)
	}
	for asset, index := range map[string]exchange.Fixed{"USDT": exchange.FixedOne, "BTC": price} {
		event(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: index}) })
	}
	event(1, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price, Index: price}) })
	event(1, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: exchange.MustFixed("100")}) })
}

// standstill is a market in which nothing happens.
type standstill struct{}

func (standstill) Next([]exchange.Event) (int, error) { return 0, io.EOF }

// simulate makes the account and lets it run.
func (v *venue) simulate() error {
	ins, err := instruments()
	if err != nil {
		return err
	}
	start := exchange.TimeOf(time.Now())
	v.sim, err = papisim.New(papisim.Config{
		Venue: simvenue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1,
			Balances: []simvenue.Balance{{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: decimal.New(1_000_000, 0)}},
		},
		Source: standstill{}, Start: start, Speed: 1,
		Keys: []papisim.Key{{
			ID: apiKey, Secret: apiSecret, Created: start - exchange.Time(time.Hour),
			Permissions: papisim.Permissions{Reading: true, PortfolioMargin: true, Margin: true},
		}},
		Account: papisim.AccountType{Kind: "PM_2", Activated: start - exchange.Time(2*time.Hour)},
	})
	if err != nil {
		return err
	}
	err = v.sim.Change(func(inner *simvenue.Venue, at exchange.Time) error {
		prices(at, func(e *exchange.Event) { inner.Market(e) })
		book := exchange.Event{At: at, Exchange: at, Inst: 1} // without one an IOC waits for the next trade
		book.SetDepth(&exchange.Depth{
			Last: 1, Snapshot: true,
			Bids: []exchange.Level{{Price: exchange.MustFixed("49999"), Qty: exchange.MustFixed("100")}},
			Asks: []exchange.Level{{Price: exchange.MustFixed("50001"), Qty: exchange.MustFixed("100")}},
		})
		inner.Market(&book)
		return nil
	})
	ctx, stop := context.WithCancel(context.Background())
	v.stop = stop
	go func() { _ = v.sim.Run(ctx) }()
	return err
}

// accept serves requests by hand, so that the time is taken when the last byte of an order is
// read and before anything is made of it.
func (v *venue) accept() {
	for {
		conn, err := v.orders.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			in := bufio.NewReader(conn)
			for v.answer(conn, in) == nil {
				continue
			}
		}()
	}
}

// answer answers one request.
func (v *venue) answer(conn net.Conn, in *bufio.Reader) error {
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/um/order") {
		v.arrived <- time.Now()
	}
	status, header, text := http.StatusOK, http.Header{}, ""
	if v.sim == nil {
		text = fixedAnswer(string(body))
	} else {
		r.Body = io.NopCloser(bytes.NewReader(body))
		w := httptest.NewRecorder()
		v.sim.ServeHTTP(w, r)
		status, header, text = w.Code, w.Header(), w.Body.String()
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(text))
	header.Del("Content-Length")
	if err := header.Write(&out); err != nil {
		return err
	}
	out.WriteString("\r\n" + text)
	_, err = conn.Write(out.Bytes())
	return err
}

// fixedAnswer is an order that ended at once.
func fixedAnswer(form string) string {
	q, _ := url.ParseQuery(form)
	return fmt.Sprintf(`{"clientOrderId":%q,"cumQty":"0","executedQty":"0","orderId":8886774,"origQty":"0.001","price":%q,"reduceOnly":false,`+
		`"side":"BUY","positionSide":"BOTH","status":"EXPIRED","symbol":"BTCUSDT","timeInForce":"IOC","type":"LIMIT","updateTime":%d}`,
		q.Get("newClientOrderId"), q.Get("price"), time.Now().UnixMilli())
}

// serveStream is the market's websocket; all else is the simulated exchange's.
func (v *venue) serveStream(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/public/") {
		v.sim.ServeHTTP(w, r)
		return
	}
	up := websocket.Upgrader{}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	v.mu.Lock()
	v.bare = strings.HasPrefix(r.URL.Path, "/public/ws/")
	listening := v.bare
	v.stream = conn
	if listening {
		close(v.market)
	}
	v.mu.Unlock()
	for {
		var ask struct {
			Method string `json:"method"`
			ID     int64  `json:"id"`
		}
		if err := conn.ReadJSON(&ask); err != nil {
			return
		}
		v.mu.Lock()
		_ = conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"result":null,"id":%d}`, ask.ID))
		if ask.Method == "SUBSCRIBE" && !listening {
			listening = true
			close(v.market)
		}
		v.mu.Unlock()
	}
}

// tick writes a quote and waits for the order; false if none comes.
func (v *venue) tick() (time.Duration, bool) {
	<-v.market
	for len(v.arrived) > 0 { // late ones, counted as lost
		<-v.arrived
	}
	v.number++
	now := time.Now().UnixMilli()
	text := fmt.Sprintf(`{"e":"bookTicker","u":%d,"s":"BTCUSDT","ps":"BTCUSDT","b":"%d.%d","B":"30.110","a":"50001.0","A":"8.020","T":%d,"E":%d,"st":1}`,
		11757092630476+v.number, 49990+v.number%8, v.number%10, now-1, now)
	if !v.bare {
		text = `{"stream":"btcusdt@bookTicker","data":` + text + `}`
	}
	frame := []byte(text)
	v.mu.Lock()
	began := time.Now()
	err := v.stream.WriteMessage(websocket.TextMessage, frame)
	v.mu.Unlock()
	if err != nil {
		return 0, false
	}
	select {
	case at := <-v.arrived:
		return at.Sub(began), true
	case <-time.After(time.Second):
		return 0, false
	}
}
