package loop

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// pipes is a network of two in memory: what dials it reaches what listens on it, and every
// byte that leaves is seen.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	left  func(*http.Request, []byte) // each request, when its last byte leaves
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return &noting{Conn: ours, left: p.left}, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// noting is a connection that reads along what is written.
type noting struct {
	net.Conn
	left func(*http.Request, []byte)
	text []byte
}

func (c *noting) Write(b []byte) (int, error) {
	c.text = append(c.text, b...)
	for {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.text)))
		if err != nil {
			break
		}
		body := make([]byte, max(0, r.ContentLength))
		end := bytes.Index(c.text, []byte("\r\n\r\n")) + 4
		if len(c.text) < end+len(body) {
			break
		}
		copy(body, c.text[end:])
		c.text = append([]byte(nil), c.text[end+len(body):]...)
		if c.left != nil {
			c.left(r, body)
		}
	}
	return c.Conn.Write(b)
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

// world is a simulated exchange in a bubble of virtual time, and one process after the other
// that trades there.
type world struct {
	t       *testing.T
	sim     *papisim.Sim
	ins     *exchange.Instruments
	random  *rand.Rand
	price   exchange.Fixed
	network *pipes
	delay   func() time.Duration // before a request reaches the exchange
	lending time.Duration        // how often loans are asked about, 0 for never
	// left, arrived and answered are called for each request when its last byte leaves, when
	// it has reached the exchange, and when the exchange is done with it.
	left, arrived, answered func(*http.Request, url.Values)
	// second, unless it is nil, answers requests in place of the exchange.
	second http.HandlerFunc
	// The mutex guards random and price, for many goroutines act at random.
	mu    sync.Mutex
	tasks sync.WaitGroup
	over  []func()
}

func nobody(*http.Request, url.Values) {}

// inWorld runs a test in a bubble of its own.
func inWorld(t *testing.T, seed uint64, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, ins: testInstruments(t), random: rand.New(rand.NewPCG(seed, 8)), price: exchange.MustFixed("50000"),
			delay: func() time.Duration { return 0 },
			left:  nobody, arrived: nobody, answered: nobody,
		}
		w.network = &pipes{conns: make(chan net.Conn), done: make(chan struct{}), left: func(r *http.Request, body []byte) {
			w.left(r, parameters(r, body))
		}}
		w.open()
		ctx, stop := context.WithCancel(t.Context())
		w.tasks.Go(func() { _ = w.sim.Run(ctx) })
		server := &http.Server{Handler: http.HandlerFunc(w.serve)}
		w.tasks.Go(func() { _ = server.Serve(w.network) })
		<-time.After(time.Second)
		test(w)
		for _, f := range w.over {
			f()
		}
		stop()
		_ = server.Close()
		w.sim.Disconnect(true)
		<-time.After(time.Minute) // requests that are under way
		w.tasks.Wait()
	})
}

// serve lets a request wait on its way, and the exchange answer it.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if d := w.delay(); d > 0 {
		<-time.After(d)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	values := parameters(r, body)
	w.arrived(r, values)
	defer w.answered(r, values)
	if w.second != nil {
		w.second(rw, r)
		return
	}
	w.sim.ServeHTTP(rw, r)
}

// parameters are those of the query and of the body.
func parameters(r *http.Request, body []byte) url.Values {
	values := r.URL.Query()
	form, _ := url.ParseQuery(string(body))
	for k, v := range form {
		values[k] = v
	}
	return values
}

// wall is a market without events: tests show theirs themselves.
type wall struct{}

func (wall) Next([]exchange.Event) (int, error) { return 0, io.EOF }

func (w *world) open() {
	f, start := exchange.MustFixed, exchange.TimeOf(time.Now())
	sim, err := papisim.New(papisim.Config{
		Venue: venue.Config{
			Instruments: w.ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1,
			UM: venue.Fees{Maker: f("0.0002"), Taker: f("0.0005")}, CM: venue.Fees{Maker: f("0.0001"), Taker: f("0.0005")},
			Margin: venue.Fees{Maker: f("0.001"), Taker: f("0.001")}, Money: venue.Money{Interest: true},
			Balances: []venue.Balance{
				{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: decimal.New(1000000, 0)}, {Wallet: exchange.WalletMargin, Asset: "BTC", Amount: decimal.New(10, 0)},
				{Wallet: exchange.WalletUM, Asset: "USDT", Amount: decimal.New(500000, 0)}, {Wallet: exchange.WalletCM, Asset: "BTC", Amount: decimal.New(10, 0)},
			},
		},
		Source: wall{}, Start: start, Speed: 1,
		Keys: []papisim.Key{{
			ID: "key", Secret: "secret", Created: start - exchange.Time(time.Hour),
			Permissions: papisim.Permissions{Reading: true, PortfolioMargin: true, Margin: true},
		}, {ID: "second", Secret: "another", Created: start, Permissions: papisim.Permissions{Reading: true}}},
		Account: papisim.AccountType{Kind: "PM_2", Activated: start - exchange.Time(2*time.Hour)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sim = sim
	w.show(w.price)
}

// market calls f with every event that tells a price.
func (w *world) market(price exchange.Fixed, f func(*exchange.Event)) {
	event := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{Inst: inst}
		set(&e)
		f(&e)
	}
	for _, a := range []struct {
		name  string
		price exchange.Fixed
	}{{"USDT", exchange.FixedOne}, {"BTC", price}} {
		event(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: a.name, Price: a.price}) })
	}
	for inst := um; inst <= pair; inst++ {
		if inst != pair {
			event(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price, Index: price}) })
		}
		event(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: exchange.MustFixed("100")}) })
	}
}

// show moves all prices of the coin at the exchange.
func (w *world) show(price exchange.Fixed) {
	err := w.sim.Change(func(v *venue.Venue, at exchange.Time) error {
		w.market(price, func(e *exchange.Event) {
			e.At, e.Exchange = at, at
			v.Market(e)
		})
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// chance is a random number below n, for any goroutine.
func (w *world) chance(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

// process is one life of a bot in the world.
type process struct {
	*world
	*Loop
	client *papi.Client
	broker *papi.Broker
	cable  *cable
	ctx    context.Context
	kill   context.CancelFunc
	tasks  sync.WaitGroup
	failed error // of Run; read it when tasks are over
}

// cable is what joins a process with the network. Once it is cut nothing leaves any more, and
// what has left arrives.
type cable struct {
	// The mutex guards what follows: a process dials from many goroutines.
	mu    sync.Mutex
	ended bool
	conns []net.Conn
}

func (c *cable) through(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err == nil && c.ended {
			_ = conn.Close()
			err = net.ErrClosed
		}
		if err == nil {
			c.conns = append(c.conns, conn)
		}
		return conn, err
	}
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// run starts a process with a kernel that is new or was recovered.
func (w *world) run(k *engine.Kernel, prefix string, known exchange.Known, j Journal, s Strategies, change ...func(*Config)) *process {
	w.t.Helper()
	p := &process{world: w, cable: &cable{}}
	p.ctx, p.kill = context.WithCancel(context.Background())
	w.over = append(w.over, func() { p.kill(); p.tasks.Wait() })
	clock, err := NewClock(k.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	if p.client, err = papi.New(papi.Config{
		Key: papi.NewSecret("key"), Secret: papi.NewSecret("secret"), Now: clock.Now, Dial: p.cable.through(w.network.dial),
		PAPI: "http://127.0.0.1:1", SAPI: "http://127.0.0.1:2", FAPI: "http://127.0.0.1:3",
	}); err != nil {
		w.t.Fatal(err)
	}
	w.over = append(w.over, p.client.CloseIdle)
	p.broker, err = papi.NewBroker(papi.BrokerConfig{
		Client: p.client, Instruments: w.ins, Stream: "ws://127.0.0.1:9/pm", Dial: p.cable.through(w.dialStream), Known: known,
		Prefixes: []string{"pm"}, Lending: w.lending,
		Deliver: func(e exchange.Event) { p.Put(e) },
		Notify: func(n papi.Notice) {
			if n.Kind == papi.NoticeState {
				p.Stream(StreamState(n.State), n.Text)
			}
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	c := Config{Kernel: k, Broker: wired{p.broker, p.client}, Strategies: s, Journal: j, Clock: clock.Now}
	for _, ch := range change {
		ch(&c)
	}
	if p.Loop, err = New(c); err != nil {
		w.t.Fatal(err)
	}
	p.Start(exchange.Start{Prefix: prefix, Version: "test", Mode: "live"})
	p.tasks.Go(func() { p.failed = p.Loop.Run(p.ctx) })
	p.tasks.Go(func() { _ = p.broker.Run(p.ctx) })
	w.market(w.price, p.Take)
	return p
}

// wired is a client and a broker as the loop's.
type wired struct {
	*papi.Broker
	client *papi.Client
}

func (b wired) SetEpoch(e uint64)                             { b.client.SetEpoch(e) }
func (b wired) Drain(ctx context.Context, epoch uint64) error { return b.client.Drain(ctx, epoch) }

func (w *world) dialStream(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	l := &oneConn{conn: theirs, done: make(chan struct{})}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer l.Close()
		w.sim.ServeHTTP(rw, r)
	})}
	w.tasks.Go(func() { _ = server.Serve(l) })
	return ours, nil
}

// wish is an order at random, near the market.
func (w *world) wish(s exchange.StrategyID, ref uint64) exchange.Intent {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, f := w.random, exchange.MustFixed
	q := exchange.OrderRequest{
		Inst: exchange.InstrumentID(1 + r.IntN(3)), Side: exchange.Side(1 + r.IntN(2)), Type: exchange.Limit, Qty: f("0.002"),
		Price: w.price + exchange.Fixed(r.IntN(801)-400)*exchange.FixedOne,
	}
	if q.Inst == cm {
		q.Qty = f("2")
	}
	switch r.IntN(9) {
	case 6:
		q.Inst, q.Type, q.Price, q.Qty = um, exchange.Market, 0, f("0.006")
		return exchange.Intent{Kind: exchange.IntentPair, Strategy: s, Ref: ref, Request: q, Pair: exchange.Pair{Hedge: cm, Slice: f("0.002"), Timeout: 5 * time.Second}}
	case 7:
		q.Inst, q.Type, q.Price, q.Qty = um, exchange.StopMarket, 0, 0
		q.Trigger = w.price + exchange.Fixed(q.Side.Sign()*int64(50+r.IntN(200)))*exchange.FixedOne
		return exchange.Intent{Kind: exchange.IntentProtect, Strategy: s, Ref: ref, Request: q}
	case 0:
		q.Type, q.Price = exchange.Market, 0
	case 1:
		q.TimeInForce = exchange.IOC
	case 2:
		q.Type, q.Price, q.Trigger = exchange.StopMarket, 0, w.price+exchange.Fixed(q.Side.Sign()*int64(100+r.IntN(300)))*exchange.FixedOne
	}
	return exchange.Intent{Kind: exchange.IntentNew, Strategy: s, Ref: ref, Request: q}
}

// trouble lets something fail at the exchange.
func (w *world) trouble() {
	faults := []papisim.FaultKind{
		papisim.FaultLostRequest, papisim.FaultLostReply, papisim.FaultReset, papisim.FaultEmpty, papisim.FaultTruncated,
		papisim.FaultUnknown503, papisim.FaultDown503, papisim.FaultThrottled503, papisim.FaultUnknown, papisim.FaultTimeout,
		papisim.FaultEngineLate, papisim.FaultLateReply, papisim.FaultEventRepeated,
	}
	fault := papisim.Fault{
		Kind: faults[w.chance(len(faults))], Path: "/papi/v1/um/order", NotExecuted: w.chance(2) == 0,
		Delay: papisim.Duration(time.Duration(1+w.chance(4)) * time.Second),
	}
	if _, err := w.sim.Inject(fault); err != nil {
		fault.NotExecuted, fault.Path = false, ""
		if _, err := w.sim.Inject(fault); err != nil {
			w.t.Fatal(err)
		}
	}
}

// seeds is how many a test runs: a few by default, or what PMBOT_SEEDS says.
func seeds(t *testing.T, usual int) uint64 {
	if text := os.Getenv("PMBOT_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatalf("PMBOT_SEEDS: %v", err)
		}
		return n
	}
	if testing.Short() {
		return uint64(min(usual, 10))
	}
	return uint64(raced.Fewer(usual, max(10, usual/10)))
}

// risky says whether a request may add risk: it makes or amends an order that does not
// merely reduce.
func risky(r *http.Request, values url.Values) bool {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return false
	}
	switch strings.TrimPrefix(r.URL.Path, "/papi/v1/") {
	case "listenKey":
		return false
	}
	return values.Get("reduceOnly") != "true" && values.Get("closePosition") != "true"
}

// clientID is that of a new order, "" of another request.
func clientID(values url.Values) string {
	for _, name := range []string{"newClientOrderId", "clientAlgoId", "newClientStrategyId", "listClientOrderId"} {
		if id := values.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// tally sums up what the seeds of a test have shown.
type tally map[string]int

func (s tally) String() string {
	var parts []string
	for _, k := range []string{
		"seeds", "queued", "waiting", "inflight", "sent", "reducing", "after",
		"crashes", "torn", "open", "pending", "positions", "halted", "replayed", "snapshots",
	} {
		if n, ok := s[k]; ok {
			parts = append(parts, fmt.Sprintf("%s %d", k, n))
		}
	}
	return strings.Join(parts, ", ")
}

// limitsOf a test that floods.
func flooding(l *riskguard.Limits) {
	l.MessagesPerSecondMax, l.DuplicateWindow = 20, time.Millisecond
}
