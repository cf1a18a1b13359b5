package market

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	generated "github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/riskguard/margin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a network of one server in memory, for tests in virtual time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers on the network until the test ends.
func (p *pipes) serve(t *testing.T, h http.Handler) {
	server := &http.Server{Handler: h}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(p) })
	t.Cleanup(func() {
		_ = server.Close()
		wg.Wait()
	})
}

// binance are the addresses of the sockets below TLS.
func binance() map[stream.Route]string {
	hosts := socket.DefaultHosts()
	for route, host := range hosts {
		hosts[route] = "ws" + strings.TrimPrefix(host, "wss")
	}
	return hosts
}

// client asks what is served on the network.
func (p *pipes) client(t *testing.T, c rest.Config) *rest.Client {
	t.Helper()
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(transport.CloseIdleConnections)
	c.UM, c.CM, c.Spot, c.Transport = "http://fapi.binance.com", "http://dapi.binance.com", "http://api.binance.com", transport
	client, err := rest.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// kept is an event that outlives its telling.
type kept struct {
	exchange.Event
	depth exchange.Depth
	bar   exchange.Bar
}

// ear keeps what a feed tells.
type ear struct {
	mu      sync.Mutex
	events  []kept
	notices []Notice
	last    exchange.Time
	t       *testing.T
	// also sees each event while it is told.
	also func(*exchange.Event)
}

func (r *ear) sink(e *exchange.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.At < r.last {
		r.t.Errorf("time went back by %v at %v", r.last.Sub(e.At), e.Kind)
	}
	r.last = e.At
	k := kept{Event: *e}
	switch e.Kind {
	case exchange.KindDepth:
		d := e.Depth()
		k.depth = exchange.Depth{
			First: d.First, Last: d.Last, Prev: d.Prev, Snapshot: d.Snapshot,
			Bids: append([]exchange.Level(nil), d.Bids...), Asks: append([]exchange.Level(nil), d.Asks...),
		}
	case exchange.KindBar:
		k.bar = *e.Bar()
	case exchange.KindAssetIndex:
		a := *e.AssetIndex()
		k.SetAssetIndex(&a)
	}
	r.events = append(r.events, k)
	if r.also != nil {
		r.also(e)
	}
}

func (r *ear) notice(n Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notices = append(r.notices, n)
}

// of are the events of an instrument and kind.
func (r *ear) of(inst exchange.InstrumentID, kind exchange.Kind) (list []kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Inst == inst && e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// said are the notices of some kinds, each with the seconds since the start.
func (r *ear) said(start exchange.Time, kinds ...NoticeKind) (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.notices {
		for _, k := range kinds {
			if n.Kind == k {
				lines = append(lines, fmt.Sprintf("%8.3f %v", n.At.Sub(start).Seconds(), n))
			}
		}
	}
	slices.Sort(lines) // those of one instant come in any order
	return lines
}

// world is a simulated exchange with a feed that listens to it, in a bubble.
type world struct {
	t     *testing.T
	start exchange.Time
	sim   *papisim.Sim
	ins   *exchange.Instruments
	pipes *pipes
	rest  *rest.Client
	ear   *ear
	feed  *Feed
	// own are the instruments that the feed knows, ins if it is nil.
	own *exchange.Instruments
	// skew is the local clock less the exchange's.
	skew  time.Duration
	infos int // answers of exchangeInfo
	// back is by how much the local clock has been set back, in nanoseconds.
	back atomic.Int64
	// alone is a feed without REST.
	alone bool
}

const (
	umBTC exchange.InstrumentID = iota + 1
	cmBTC
	spotBTC
)

func listed(t testing.TB) *exchange.Instruments {
	f := exchange.MustFixed
	instrument := func(p exchange.Product, symbol, quote, asset, tick, step, size string) exchange.Instrument {
		in := exchange.Instrument{
			Product: p, Symbol: symbol, Base: "BTC", Quote: quote, Pair: "BTC" + quote, MarginAsset: asset, Status: exchange.StatusTrading,
			ContractSize: f(size), Tick: f(tick), PriceMin: f(tick), PriceMax: f("1000000"), OrdersMax: 200, AlgoOrdersMax: 5,
			Lot: exchange.Lot{Min: f(step), Max: f("1000"), Step: f(step)}, PercentUp: f("1.5"), PercentDown: f("0.5"),
		}
		if p != exchange.Margin {
			in.ContractType, in.MarketLot, in.TriggerProtect, in.LiquidationFee = "PERPETUAL", in.Lot, f("0.05"), f("0.01")
		}
		if p != exchange.CM {
			in.NotionalMin = f("5")
		}
		return in
	}
	ins, err := exchange.NewInstruments(
		instrument(exchange.UM, "BTCUSDT", "USDT", "USDT", "0.1", "0.001", "1"),
		instrument(exchange.CM, "BTCUSD_PERP", "USD", "BTC", "0.1", "1", "100"),
		instrument(exchange.Margin, "BTCUSDT", "USDT", "USDT", "0.01", "0.00001", "1"),
	)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// ticks is the market of the simulated exchange, from its start.
func ticks(t *testing.T, ins *exchange.Instruments, start exchange.Time, levels int) *generated.Ticks {
	t.Helper()
	var legs []*exchange.Instrument
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		legs = append(legs, ins.At(id))
	}
	m, err := generated.NewTicks(generated.TickSpec{
		Seed: 11, Start: start, Step: 100 * time.Millisecond, Legs: legs, Levels: levels, Liquidations: 600,
		Prices: []generated.CoinPrice{{Asset: "BNB", Price: exchange.MustFixed("600")}, {Asset: "USDC", Price: exchange.FixedOne}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// newWorld starts an exchange in the bubble it is called in. Time there is time here.
func newWorld(t *testing.T, ins *exchange.Instruments, start exchange.Time, levels int) *world {
	t.Helper()
	amount := decimal.NewFromInt(1_000_000)
	fees := venue.Fees{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	sim, err := papisim.New(papisim.Config{
		Venue: venue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1, UM: fees, CM: fees, Margin: fees,
			Balances: []venue.Balance{{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: amount}},
		},
		Source: ticks(t, ins, start, levels), Start: start, Speed: 1, Account: papisim.AccountType{Kind: "PM_2", Activated: start - 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, start: start, sim: sim, ins: ins, pipes: newPipes(), ear: &ear{t: t}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := sim.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	w.pipes.serve(t, sim)
	return w
}

// listen runs a feed with what is missing in its configuration, for a time, and while it runs
// what is given.
func (w *world) listen(c Config, names []string, length time.Duration, during ...func()) {
	w.t.Helper()
	base := exchange.TimeOf(time.Now())
	from := w.sim.Now()
	now := func() exchange.Time {
		return from.Add(exchange.TimeOf(time.Now()).Sub(base) + w.skew - time.Duration(w.back.Load()))
	}
	w.rest = w.pipes.client(w.t, rest.Config{Now: now})
	c.Instruments, c.REST, c.Sink, c.Notice = w.ins, w.rest, w.ear.sink, w.ear.notice
	if w.own != nil {
		c.Instruments = w.own
	}
	if w.alone {
		c.REST = nil
	}
	c.Socket.Hosts, c.Socket.Dial, c.Socket.Now = binance(), w.pipes.dial, now
	for _, name := range names {
		c.Streams = append(c.Streams, streamOf(w.t, name))
	}
	var err error
	if w.feed, err = New(c); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.feed.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	for _, f := range during {
		f()
	}
	<-time.After(length)
	synctest.Wait()
	cancel()
	wg.Wait()
}

// streamOf reads a product and a name, such as "UM btcusdt@depth".
func streamOf(t testing.TB, text string) stream.Stream {
	t.Helper()
	product, name, _ := strings.Cut(text, " ")
	p, err := exchange.ParseProduct(product)
	if err != nil {
		t.Fatal(err)
	}
	s, err := stream.Parse(p, name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
