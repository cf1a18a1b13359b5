package papi

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// world is a broker, and an exchange for it that answers as a test says. Time in it is
// virtual.
type world struct {
	t      *testing.T
	desk   *desk
	broker *Broker
	stop   context.CancelFunc
	over   chan struct{}

	// The mutex guards what follows: the broker's goroutines ask while a test looks.
	mu      sync.Mutex
	answers map[string]func(url.Values) (int, string)
	asked   []string
	log     []string
	// readings are the truths told, and readAt how much of the log was before each.
	readings []exchange.Truth
	readAt   []int
	conns    []*websocket.Conn
	sockets  sync.WaitGroup
	refuse   bool // no connection to the stream
	clients  int
}

// live makes a world whose broker is live, in a bubble of its own.
func live(t *testing.T, test func(w *world)) {
	t.Helper()
	started(t, func(w *world) {
		w.run()
		w.pass(time.Second)
		if w.broker.State() != Live {
			t.Fatalf("the state is %v:\n%s", w.broker.State(), strings.Join(w.log, "\n"))
		}
		w.clear()
		test(w)
	})
}

// started makes a world whose broker does not run yet: first one whose requests go to workers,
// for it cannot know when bytes leave, then one with connections of its own, whose requests fly.
// What is told must not depend on that.
func started(t *testing.T, test func(w *world)) {
	t.Helper()
	startedBy(t, func(w *world) Config { return testConfig(&carrier{answer: w.serve}) }, test)
	startedBy(t, func(w *world) Config { return newPipes().serve(w.t, http.HandlerFunc(w.serveHTTP)) }, test)
}

func startedBy(t *testing.T, over func(*world) Config, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, answers: map[string]func(url.Values) (int, string){}}
		for _, list := range []string{
			"um/openOrders", "um/algo/openAlgoOrders", "cm/openOrders", "cm/conditional/openOrders", "margin/openOrders",
			"margin/openOrderList", "um/positionRisk", "cm/positionRisk", "um/userTrades", "cm/userTrades", "margin/myTrades",
			"um/income", "cm/income",
		} {
			w.says("GET "+list, `[]`)
		}
		w.says("POST listenKey", `{"listenKey":"secretkey"}`)
		w.says("PUT listenKey", `{}`)
		w.says("GET balance", `[`+balance("USDT", "1000")+`]`)
		w.says("GET account", account)
		w.desk = newDesk(t)
		client, err := New(over(w))
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		client.SetEpoch(w.desk.guard.Epoch())
		w.broker, err = NewBroker(BrokerConfig{
			Client: client, Instruments: testInstruments(t), Deliver: w.deliver, Notify: w.notice, Stream: "ws://127.0.0.1:1/pm", Dial: w.dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		test(w)
		w.end()
	})
}

func (w *world) run() {
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.over = stop, make(chan struct{})
	go func() {
		defer close(w.over)
		if err := w.broker.Run(ctx); err != context.Canceled {
			w.t.Error(err)
		}
	}()
}

// end stops the broker and whatever the exchange still does.
func (w *world) end() {
	if w.stop != nil {
		w.stop()
		<-w.over
	}
	w.hangUp()
	w.sockets.Wait()
}

// says sets the answer to a request; does sets it as a function of the parameters.
func (w *world) says(request, body string) {
	w.does(request, func(url.Values) (int, string) { return 200, body })
}

func (w *world) fails(request string, status int, body string) {
	w.does(request, func(url.Values) (int, string) { return status, body })
}

func (w *world) does(request string, answer func(url.Values) (int, string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[request] = answer
}

// serve answers a request of the client. One that no test has foreseen is an error.
func (w *world) serve(r *http.Request, body string) (*http.Response, error) {
	values := r.URL.Query()
	form, _ := url.ParseQuery(body)
	for k, v := range form {
		values[k] = v
	}
	name := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/papi/v1/")
	w.mu.Lock()
	answer := w.answers[name]
	w.asked = append(w.asked, name)
	w.mu.Unlock()
	if answer == nil {
		w.t.Errorf("nobody expected %s %v", name, values)
		return respond(404, `<html>404</html>`), nil
	}
	status, text := answer(values)
	if status == 0 { // no answer at all
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return respond(status, text), nil
}

// serveHTTP is serve for a server, which answers questions for the time, too.
func (w *world) serveHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/fapi/v1/time" {
		fmt.Fprintf(rw, `{"serverTime":%d}`, time.Now().UnixMilli())
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	a, err := w.serve(r, string(body))
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	defer a.Body.Close()
	rw.WriteHeader(a.StatusCode)
	_, _ = io.Copy(rw, a.Body)
}

// dial connects to the stream: pipes, and a websocket server on the other end.
func (w *world) dial(context.Context, string, string) (net.Conn, error) {
	w.mu.Lock()
	refuse := w.refuse
	w.mu.Unlock()
	if refuse {
		return nil, net.ErrClosed
	}
	ours, theirs := net.Pipe()
	l := &oneConn{conn: theirs, done: make(chan struct{})}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.log = append(w.log, "stream "+r.URL.Path)
		w.mu.Unlock()
		up := websocket.Upgrader{}
		c, err := up.Upgrade(rw, r, nil)
		if err != nil {
			w.t.Error(err)
			return
		}
		w.mu.Lock()
		w.conns = append(w.conns, c)
		w.mu.Unlock()
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				break
			}
		}
		c.Close()
		l.Close()
	})}
	w.sockets.Go(func() { _ = server.Serve(l) })
	return ours, nil
}

// oneConn is a listener of one connection.
type oneConn struct {
	conn net.Conn
	once sync.Once
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, io.EOF
}
func (l *oneConn) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// push sends frames on the newest connection, pushOn on the n-th.
func (w *world) push(frames ...string) {
	w.t.Helper()
	w.mu.Lock()
	n := len(w.conns) - 1
	w.mu.Unlock()
	w.pushOn(n, frames...)
}

func (w *world) pushOn(n int, frames ...string) {
	w.t.Helper()
	w.mu.Lock()
	c := w.conns[n]
	w.mu.Unlock()
	for _, f := range frames {
		if err := c.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
			w.t.Error(err)
		}
	}
	synctest.Wait()
}

// hangUp closes all connections of the stream from the exchange's side.
func (w *world) hangUp() {
	w.mu.Lock()
	conns := w.conns
	w.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

// ping keeps the stream from being silent while time passes.
func (w *world) quiet(d time.Duration) {
	for ; d > 0; d -= 3 * time.Minute {
		w.pass(min(d, 3*time.Minute))
		w.mu.Lock()
		conns := slices.Clone(w.conns)
		w.mu.Unlock()
		for _, c := range conns {
			_ = c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}
		synctest.Wait()
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (w *world) deliver(e exchange.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Kind == exchange.KindTruth { // truth_test.go looks at them
		w.readings = append(w.readings, *e.Truth())
		w.readAt = append(w.readAt, len(w.log))
		return
	}
	e.Exchange = 0
	w.log = append(w.log, printed(w.broker.config.Instruments, &e))
}

func (w *world) notice(n Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Kind == NoticeState {
		w.log = append(w.log, fmt.Sprintf("%v: %s", n.State, n.Text))
		return
	}
	w.log = append(w.log, fmt.Sprintf("notice %v: %s", n.Kind, n.Text))
}

// want holds what was told since the last time against lines, and count those requests.
func (w *world) want(lines ...string) {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.log, lines) {
		w.t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(w.log, "\n\t"), strings.Join(lines, "\n\t"))
	}
	w.log = nil
}

func (w *world) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log, w.asked = nil, nil
}

// count is how often a request was made since the last clear.
func (w *world) count(request string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, name := range w.asked {
		if name == request {
			n++
		}
	}
	return n
}

// submit sends an order with a fresh approval; its client id is test-n.
func (w *world) submit() riskguard.Approved {
	a := w.desk.approve()
	w.broker.Submit(a, 0)
	return a
}

const account = `{"uniMMR":"99999999","accountEquity":"1000","actualEquity":"1000","accountInitialMargin":"0","accountMaintMargin":"0",` +
	`"accountStatus":"NORMAL","virtualMaxWithdrawAmount":"1000","totalAvailableBalance":"1000","totalMarginOpenLoss":"0","updateTime":946684800000}`

func balance(asset, um string) string {
	return `{"asset":"` + asset + `","totalWalletBalance":"0","crossMarginAsset":"0","crossMarginBorrowed":"0","crossMarginFree":"0",` +
		`"crossMarginInterest":"0","crossMarginLocked":"0","umWalletBalance":"` + um + `","umUnrealizedPNL":"0","cmWalletBalance":"0",` +
		`"cmUnrealizedPNL":"0","updateTime":946684800000,"negativeBalance":"0"}`
}

// umAnswer is an order of test-n as the exchange tells it: 0.001 BTC at 50,000.
func umAnswer(clientID, status, filled string, id int) string {
	return fmt.Sprintf(`{"symbol":"BTCUSDT","orderId":%d,"clientOrderId":%q,"status":%q,"side":"BUY","positionSide":"BOTH","type":"LIMIT",`+
		`"origType":"LIMIT","timeInForce":"GTC","reduceOnly":false,"price":"50000","origQty":"0.001","executedQty":%q,"cumQty":%q,`+
		`"time":%d,"updateTime":%d}`, id, clientID, status, filled, filled, time.Now().UnixMilli(), time.Now().UnixMilli())
}

// umEvent is the same on the stream, with a fill of the last quantity where there is one.
func umEvent(clientID, execution, status, last, filled string, id, trade int) string {
	now := time.Now().UnixMilli()
	return fmt.Sprintf(`{"e":"ORDER_TRADE_UPDATE","fs":"UM","E":%d,"T":%d,"i":"","o":{"s":"BTCUSDT","c":%q,"S":"BUY","o":"LIMIT","f":"GTC",`+
		`"q":"0.001","p":"50000","ap":"0","sp":"0","x":%q,"X":%q,"i":%d,"l":%q,"z":%q,"L":"50000","N":"USDT","n":"0.02","T":%d,"t":%d,`+
		`"b":"0","a":"0","m":false,"R":false,"ps":"BOTH","rp":"0","V":"NONE","gtd":0}}`, now, now, clientID, execution, status, id, last, filled, now, trade)
}

func umTrade(order, trade int, qty string) string {
	return fmt.Sprintf(`{"symbol":"BTCUSDT","id":%d,"orderId":%d,"side":"BUY","price":"50000","qty":%q,"realizedPnl":"0","quoteQty":"0",`+
		`"commission":"0.02","commissionAsset":"USDT","time":%d,"buyer":true,"maker":false,"positionSide":"BOTH"}`, trade, order, qty, time.Now().UnixMilli())
}

const noSuchOrder = `{"code":-2013,"msg":"Order does not exist."}`
