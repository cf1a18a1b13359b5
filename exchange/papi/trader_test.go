package papi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// trader is a broker against the simulated exchange, and what it has been told. The two have
// no code in common that reads or writes a message.
type trader struct {
	t      *testing.T
	sim    *papisim.Sim
	client *Client
	broker *Broker
	guard  *riskguard.Guard
	next   exchange.OrderID
	price  exchange.Fixed

	lag       time.Duration // of what the user stream brings
	survey    time.Duration // how often is asked beside it
	mu        sync.Mutex    // the broker tells from its own goroutine
	began     time.Time     // of the log's times
	log       []string
	status    map[string]exchange.OrderStatus // by client id
	held      map[string]decimal.Decimal      // positions by instrument and side, of fills
	fills     map[string]bool
	balances  map[purse]decimal.Decimal
	sums      map[purse]decimal.Decimal // of the entries' deltas
	sent      []exchange.Order
	complaint string
	events    []exchange.Event // for a kernel
}

func withSim(t *testing.T, test func(d *trader)) {
	t.Helper()
	withSimOver(t, func(d *trader) Config {
		transport := &simTransport{sim: d.sim}
		d.t.Cleanup(transport.wait.Wait)
		return testConfig(transport)
	}, test)
}

// withSimOver is withSim with another way to the exchange.
func withSimOver(t *testing.T, over func(d *trader) Config, test func(d *trader)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &trader{
			t: t, began: time.Now(), price: exchange.MustFixed("50000"), status: map[string]exchange.OrderStatus{}, held: map[string]decimal.Decimal{},
			fills: map[string]bool{}, balances: map[purse]decimal.Decimal{}, sums: map[purse]decimal.Decimal{},
		}
		ins := simInstruments(t)
		d.open(ins)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = d.sim.Run(ctx) })
		client, err := New(over(d))
		if err != nil {
			t.Fatal(err)
		}
		d.client = client
		var sockets sync.WaitGroup
		d.broker, err = NewBroker(BrokerConfig{
			Client: client, Instruments: ins, Deliver: d.deliver, Notify: d.notice, Stream: "ws://127.0.0.1:9/pm", Lending: 10 * time.Minute, Survey: d.survey,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				l := &oneConn{conn: theirs, done: make(chan struct{})}
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer l.Close()
					d.sim.ServeHTTP(w, r)
				})}
				sockets.Go(func() { _ = server.Serve(l) })
				return slow{ours, d.lag}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		d.allow(ins)
		running.Go(func() { _ = d.broker.Run(ctx) })
		d.pass(3 * time.Second)
		if d.broker.State() != Live {
			t.Fatalf("state %v\n%s", d.broker.State(), strings.Join(d.log, "\n"))
		}
		test(d)
		stop()
		running.Wait()
		d.sim.Disconnect(true)
		sockets.Wait()
	})
}

// slow brings what is read later.
type slow struct {
	net.Conn
	lag time.Duration
}

func (c slow) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lag > 0 {
		<-time.After(c.lag)
	}
	return n, err
}

func simInstruments(t testing.TB) *exchange.Instruments {
	f := exchange.MustFixed
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: f("0.1"), PriceMax: f("1000000"), Tick: f("0.1"),
		Lot: exchange.Lot{Min: f("0.001"), Max: f("1000"), Step: f("0.001")}, NotionalMin: f("5"), PercentUp: f("1.05"), PercentDown: f("0.95"),
		OrdersMax: 200, TriggerProtect: f("0.05"), MarketTakeBound: f("0.05"),
	}
	cm, pair := um, um
	cm.Product, cm.Symbol, cm.Pair, cm.Quote, cm.MarginAsset, cm.ContractSize, cm.NotionalMin = exchange.CM, "BTCUSD_PERP", "BTCUSD", "USD", "BTC", f("100"), 0
	cm.Lot = exchange.Lot{Min: f("1"), Max: f("10000"), Step: f("1")}
	pair.Product, pair.ContractType, pair.PercentUp, pair.PercentDown, pair.Lot.Step, pair.AlgoOrdersMax = exchange.Margin, "", f("5"), f("0.2"), f("0.00001"), 5
	ins, err := exchange.NewInstruments(um, cm, pair)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// standstill is a market without events: tests show theirs themselves.
type standstill struct{}

func (standstill) Next([]exchange.Event) (int, error) { return 0, io.EOF }

// open makes the exchange and shows it prices.
func (d *trader) open(ins *exchange.Instruments) {
	d.t.Helper()
	f, start := exchange.MustFixed, exchange.TimeOf(time.Now())
	sim, err := papisim.New(papisim.Config{
		Venue: venue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1,
			UM: venue.Fees{Maker: f("0.0002"), Taker: f("0.0005")}, CM: venue.Fees{Maker: f("0.0001"), Taker: f("0.0005")},
			Margin: venue.Fees{Maker: f("0.001"), Taker: f("0.001")}, Money: venue.Money{Interest: true},
			Balances: []venue.Balance{
				{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: decimal.New(100000, 0)}, {Wallet: exchange.WalletMargin, Asset: "BTC", Amount: decimal.New(1, 0)},
				{Wallet: exchange.WalletUM, Asset: "USDT", Amount: decimal.New(50000, 0)}, {Wallet: exchange.WalletCM, Asset: "BTC", Amount: decimal.New(1, 0)},
			},
		},
		Source: standstill{}, Start: start, Speed: 1,
		Keys: []papisim.Key{{
			ID: testKey, Secret: testSecret, Created: start - exchange.Time(time.Hour),
			Permissions: papisim.Permissions{Reading: true, PortfolioMargin: true, Margin: true},
		}},
		Account: papisim.AccountType{Kind: "PM_2", Activated: start - exchange.Time(2*time.Hour)},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.sim = sim
	d.show(d.price)
}

// show moves all prices of the coin at the exchange.
func (d *trader) show(price exchange.Fixed) {
	d.t.Helper()
	d.price = price
	err := d.sim.Change(func(v *venue.Venue, at exchange.Time) error {
		market := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
			e := exchange.Event{At: at, Exchange: at, Inst: inst}
			set(&e)
			v.Market(&e)
		}
		for asset, index := range map[string]exchange.Fixed{"USDT": exchange.FixedOne, "BTC": price} {
			market(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: index}) })
		}
		for inst := testUM; inst <= testMargin; inst++ {
			if inst != testMargin {
				market(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price, Index: price}) })
			}
			market(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: exchange.MustFixed("100")}) })
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// allow makes a guard that lets the tests' orders through.
func (d *trader) allow(ins *exchange.Instruments) {
	d.t.Helper()
	g := newSimGuard(d.t, ins)
	d.guard = g
	apply := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: exchange.TimeOf(time.Now()), Inst: inst}
		set(&e)
		g.Apply(&e)
	}
	money := decimal.New(10_000_000, 0)
	apply(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletUM, Asset: "USDT", Delta: money, Balance: money})
	})
	apply(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active}) })
	d.client.SetEpoch(g.Epoch())
}

// newSimGuard has limits that let the tests' orders through.
func newSimGuard(t testing.TB, ins *exchange.Instruments) *riskguard.Guard {
	t.Helper()
	l := riskguard.DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersMax, l.MessagesPerSecondMax = decimal.New(10, 0), decimal.New(20, 0), 200, 20
	l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	l.FreshPrice, l.FreshMark, l.FreshIndex, l.PriceCollarLimit = time.Hour, time.Hour, time.Hour, decimal.New(5, -1)
	l.SelfTrade = riskguard.AllowSelfTrade // some scenes are about it
	l.LossStreakMax = 1_000_000            // who trades at random loses often
	l.RejectRatioMax, l.UnknownRatioMax, l.SlippageMax = decimal.New(1, 0), decimal.New(1, 0), decimal.New(1, 0)
	g, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: l, Strategies: 1, Permits: riskguard.Unbound(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		g.Apply(&e)
	}
	return g
}

// approve asks the guard, with prices of now.
func (d *trader) approve(o exchange.Order, amend bool) riskguard.Approved {
	d.t.Helper()
	now := exchange.TimeOf(time.Now())
	apply := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: now, Inst: inst}
		set(&e)
		d.guard.Apply(&e)
	}
	for inst := testUM; inst <= testMargin; inst++ {
		if inst != testMargin {
			apply(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: d.price}) })
		}
		apply(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: d.price, Qty: 1}) })
	}
	apply(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: d.price}) })
	apply(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
	v := d.guard.Check(exchange.Intent{}, o, amend, now)
	if v.Refusal != nil {
		d.t.Fatalf("%+v: %v", o.Request, v.Refusal)
	}
	return v.Approved
}

// submit sends a new order.
func (d *trader) submit(r exchange.OrderRequest) exchange.Order {
	d.t.Helper()
	d.next++
	o := exchange.Order{ID: d.next, ClientID: fmt.Sprint("pm-1-", d.next), Request: r, Status: exchange.StatusPendingNew}
	d.sent = append(d.sent, o)
	d.broker.Submit(d.approve(o, false), 0)
	return o
}

func (d *trader) deliver(e exchange.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
	if e.Kind == exchange.KindTruth {
		return
	}
	e.Exchange = 0
	d.write(printed(d.broker.config.Instruments, &e))
	complain := func(format string, args ...any) {
		if d.complaint == "" {
			d.complaint = fmt.Sprintf(format, args...)
		}
	}
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		if was := d.status[u.ClientID]; !was.Final() {
			d.status[u.ClientID] = u.Status
		} else if u.Status != was && u.Status != exchange.StatusUnknown {
			complain("order %s is %v after %v", u.ClientID, u.Status, was)
		}
	case exchange.KindFill:
		f := e.Fill()
		name := fmt.Sprint(e.Inst, f.TradeID, f.VenueID)
		if d.fills[name] || f.ClientID == "" {
			complain("fill %+v twice, or nobody's", f)
		}
		d.fills[name] = true
		at := fmt.Sprint(e.Inst, f.PositionSide)
		d.held[at] = d.held[at].Add(f.Qty.Decimal().Mul(decimal.NewFromInt(f.Side.Sign())))
	case exchange.KindLedger:
		l := e.Ledger()
		p := purse{l.Asset, l.Wallet}
		d.balances[p], d.sums[p] = l.Balance, d.sums[p].Add(l.Delta)
		if !d.sums[p].Equal(l.Balance) {
			complain("%+v: the changes sum up to %v", l, d.sums[p])
		}
	}
}

func (d *trader) notice(n Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n.Kind == NoticeState {
		d.write(fmt.Sprintf("state %v: %s", n.State, n.Text))
		return
	}
	d.write(fmt.Sprintf("notice %v: %s", n.Kind, n.Text))
}

// write adds a line to the log, with its time. The caller holds mu.
func (d *trader) write(text string) {
	d.log = append(d.log, fmt.Sprintf("%8.3f  %s", time.Since(d.began).Seconds(), text))
}

func (d *trader) pass(t time.Duration) {
	<-time.After(t)
	synctest.Wait()
}

// openOrders are the client ids of all open orders at the exchange.
func (d *trader) openOrders(ctx context.Context) map[string]bool {
	d.t.Helper()
	open := map[string]bool{}
	um, err1 := d.client.UMOpenOrders(ctx, "")
	algo, err2 := d.client.UMOpenAlgoOrders(ctx, UMOpenAlgoOrdersQuery{})
	cm, err3 := d.client.CMOpenOrders(ctx, "", "")
	conditional, err4 := d.client.CMOpenConditionalOrders(ctx, "")
	pairs, err5 := d.client.MarginOpenOrders(ctx, "BTCUSDT")
	lists, err6 := d.client.MarginOpenOrderLists(ctx)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		d.t.Fatal(err)
	}
	for i := range um {
		open[um[i].ClientOrderID] = true
	}
	for i := range algo {
		open[algo[i].ClientAlgoID] = true
	}
	for i := range cm {
		open[cm[i].ClientOrderID] = true
	}
	for i := range conditional {
		open[conditional[i].NewClientStrategyID] = true
	}
	for i := range pairs {
		open[pairs[i].ClientOrderID] = true
	}
	for i := range lists {
		open[lists[i].ListClientOrderID] = true
	}
	return open
}

// agree holds everything that was told against what the exchange has.
func (d *trader) agree() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx := d.t.Context()
	if d.complaint != "" {
		d.t.Error(d.complaint)
	}
	open := d.openOrders(ctx)
	balances, err1 := d.client.Balances(ctx, "")
	umHeld, err2 := d.client.UMPositions(ctx, "")
	cmHeld, err3 := d.client.CMPositions(ctx, "", "")
	if err := errors.Join(err1, err2, err3); err != nil {
		d.t.Fatal(err)
	}
	for id, s := range d.status {
		if s.Final() == open[id] && s != exchange.StatusTriggered { // which is on no list, and its child is
			d.t.Errorf("order %s was told to be %v, and open is %v", id, s, open[id])
		}
		if s == exchange.StatusUnknown {
			d.t.Errorf("order %s is in doubt for ever", id)
		}
		delete(open, id)
	}
	for id := range open {
		d.t.Errorf("order %s was never told", id)
	}
	for i := range d.sent {
		if d.status[d.sent[i].ClientID] == 0 {
			d.t.Errorf("order %s has no answer", d.sent[i].ClientID)
		}
	}
	for _, b := range balances {
		for w, has := range map[exchange.Wallet]decimal.Decimal{
			exchange.WalletMargin: b.CrossMarginFree.Add(b.CrossMarginLocked), exchange.WalletUM: b.UMWalletBalance, exchange.WalletCM: b.CMWalletBalance,
			exchange.WalletLoan: b.CrossMarginBorrowed, exchange.WalletInterest: b.CrossMarginInterest,
		} {
			if told := d.balances[purse{b.Asset, w}]; !told.Equal(has) {
				d.t.Errorf("%s in %v: told %v, is %v", b.Asset, w, told, has)
			}
		}
	}
	held := map[string]decimal.Decimal{}
	for _, p := range umHeld {
		side, _ := p.PositionSide.Known()
		held[fmt.Sprint(testUM, side)] = p.PositionAmt
	}
	for _, p := range cmHeld {
		side, _ := p.PositionSide.Known()
		held[fmt.Sprint(testCM, side)] = p.PositionAmt
	}
	for _, inst := range []exchange.InstrumentID{testUM, testCM} {
		at := fmt.Sprint(inst, exchange.Both)
		if !d.held[at].Equal(held[at]) {
			d.t.Errorf("position of %d: fills make %v, is %v", inst, d.held[at], held[at])
		}
	}
	if d.t.Failed() {
		d.t.Log("\n" + strings.Join(d.log, "\n"))
	}
}

// simTransport carries requests to the exchange without a socket, so that time is virtual. A
// fault of the exchange that breaks the connection panics in its handler, as for net/http.
type simTransport struct {
	sim  *papisim.Sim
	wait sync.WaitGroup
}

func (s *simTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "127.0.0.1:5000"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	broken := make(chan bool, 1)
	s.wait.Go(func() {
		defer func() { broken <- recover() != nil }()
		s.sim.ServeHTTP(w, in)
	})
	select {
	case failed := <-broken:
		if failed {
			return nil, io.ErrUnexpectedEOF
		}
		return w.Result(), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
