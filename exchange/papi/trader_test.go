package papi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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
			Client: client, Instruments: ins, Deliver: d.deliver, Notify: d.notice, Stream: "ws://127.0.0.1:9/pm",
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
	l.FreshPrice, l.FreshMark, l.FreshIndex, l.PriceCollarLimit = time.Hour, time.Hour, time.Hour, decimal.New(5, -1)
	g, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: l, Strategies: 1})
	if err != nil {
		t.Fatal(err)
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

// TestSimOrders goes through an order of each kind at the simulated exchange.
func TestSimOrders(t *testing.T) {
	f := exchange.MustFixed
	withSim(t, func(d *trader) {
		limit := exchange.OrderRequest{Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.010"), Price: f("49000")}
		resting := d.submit(limit)
		cm, pair := limit, limit
		cm.Inst, cm.Qty, pair.Inst = testCM, f("10"), testMargin
		inCM := d.submit(cm)
		d.submit(pair)
		market := limit
		market.Type, market.Price = exchange.Market, 0
		d.submit(market)
		stop := limit
		stop.Side, stop.Type, stop.Price, stop.Trigger, stop.ReduceOnly = exchange.Sell, exchange.StopMarket, 0, f("48000"), true
		stop.WorkingType = exchange.MarkPrice
		d.submit(stop)
		cmStop := stop
		cmStop.Inst, cmStop.Qty, cmStop.ReduceOnly = testCM, f("5"), false
		d.submit(cmStop)
		oco := exchange.OrderRequest{Inst: testMargin, Side: exchange.Sell, Type: exchange.OCO, Qty: f("0.01"), Price: f("55000"), Trigger: f("47000")}
		d.submit(oco)
		d.pass(time.Second)
		amended := resting
		amended.Request.Price, amended.Request.Qty, amended.Status = f("49500"), f("0.020"), exchange.StatusWorking
		d.broker.Submit(d.approve(amended, true), 0)
		inCM.Status = exchange.StatusWorking
		d.broker.Cancel(inCM, 0)
		d.pass(time.Second)
		d.agree()
		d.show(f("49200"))
		d.pass(time.Second)
		d.show(f("47900"))
		d.pass(time.Second)
		d.show(f("46900"))
		d.pass(time.Second)
		d.show(f("46800"))
		d.pass(2 * time.Second)
		d.agree()
		for id, want := range map[string]exchange.OrderStatus{
			"pm-1-1": exchange.StatusFilled, "pm-1-2": exchange.StatusCanceled, "pm-1-3": exchange.StatusFilled, "pm-1-4": exchange.StatusFilled,
			"pm-1-5": exchange.StatusFinished, "pm-1-6": exchange.StatusFinished, "pm-1-7": exchange.StatusFinished,
			"pm-1-7-l": exchange.StatusExpired, "pm-1-7-s": exchange.StatusFilled,
		} {
			if d.status[id] != want {
				t.Errorf("%s is %v, want %v", id, d.status[id], want)
			}
		}
		if len(d.fills) != 6 {
			t.Errorf("%d fills", len(d.fills))
		}
	})
}

// TestSimFaults trades at random while the exchange and the way to it fail, and holds what
// was told against the exchange's truth when the faults are over.
func TestSimFaults(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			withSim(t, func(d *trader) {
				r := rand.New(rand.NewPCG(seed, 7))
				for range 120 {
					d.step(r)
					d.pass(time.Duration(r.IntN(3000)) * time.Millisecond)
				}
				d.sim.ClearFaults(0)
				d.pass(3 * time.Minute)
				d.broker.CatchUp("the faults are over")
				d.pass(time.Minute)
				if d.broker.State() != Live {
					t.Errorf("state %v", d.broker.State())
				}
				d.agree()
			})
		})
	}
}

// step does one thing at random.
func (d *trader) step(r *rand.Rand) {
	switch n := r.IntN(10); {
	case n < 5:
		d.submit(d.wish(r))
	case n < 6 && len(d.sent) > 0:
		o := d.sent[r.IntN(len(d.sent))]
		d.mu.Lock()
		o.Status = d.status[o.ClientID]
		d.mu.Unlock()
		if !o.Status.Final() {
			d.broker.Cancel(o, 0)
		}
	case n < 7 && len(d.sent) > 0:
		o := d.sent[r.IntN(len(d.sent))]
		d.mu.Lock()
		o.Status = d.status[o.ClientID]
		d.mu.Unlock()
		if q := &o.Request; q.Type == exchange.Limit && q.Inst != testMargin && o.Status == exchange.StatusWorking {
			q.Price, q.Qty = d.price-exchange.Fixed(q.Side.Sign()*int64(r.IntN(300)-30))*exchange.FixedOne, q.Qty*2
			d.broker.Submit(d.approve(o, true), 0)
		}
	case n < 8:
		d.show(d.price + exchange.Fixed(r.IntN(601)-300)*exchange.FixedOne)
	default:
		d.trouble(r, false)
	}
}

// trouble lets something fail; of what is orderly no fill is told behind a later one.
func (d *trader) trouble(r *rand.Rand, orderly bool) {
	faults := []papisim.FaultKind{
		papisim.FaultLostRequest, papisim.FaultLostReply, papisim.FaultReset, papisim.FaultEmpty, papisim.FaultTruncated,
		papisim.FaultUnknown503, papisim.FaultDown503, papisim.FaultThrottled503, papisim.FaultUnknown, papisim.FaultTimeout,
		papisim.FaultTimestamp, papisim.FaultEngineLate, papisim.FaultCancel, papisim.FaultLateReply,
		papisim.FaultEventRepeated, papisim.FaultEventUnknown, papisim.FaultKeyDead, papisim.FaultSilent, papisim.FaultClosed,
	}
	if !orderly {
		faults = append(faults, papisim.FaultEventLost, papisim.FaultEventLate, papisim.FaultEventReordered)
	}
	fault := papisim.Fault{Kind: faults[r.IntN(len(faults))], NotExecuted: r.IntN(2) == 0, Delay: papisim.Duration(time.Duration(1+r.IntN(4)) * time.Second)}
	if r.IntN(3) > 0 {
		fault.Path = "/papi/v1/um/order"
	}
	if _, err := d.sim.Inject(fault); err != nil {
		fault.NotExecuted, fault.Path = false, ""
		if _, err := d.sim.Inject(fault); err != nil {
			d.t.Fatal(err)
		}
	}
}

// wish is an order at random, near the market.
func (d *trader) wish(r *rand.Rand) exchange.OrderRequest {
	f := exchange.MustFixed
	q := exchange.OrderRequest{
		Inst: exchange.InstrumentID(1 + r.IntN(3)), Side: exchange.Side(1 + r.IntN(2)), Type: exchange.Limit, Qty: f("0.002"),
		Price: d.price + exchange.Fixed(r.IntN(801)-400)*exchange.FixedOne,
	}
	if q.Inst == testCM {
		q.Qty = f("2")
	}
	switch r.IntN(6) {
	case 0:
		q.Type, q.Price = exchange.Market, 0
	case 1:
		q.TimeInForce = exchange.IOC
	case 2:
		q.Type, q.Price, q.Trigger = exchange.StopMarket, 0, d.price+exchange.Fixed(q.Side.Sign()*int64(100+r.IntN(300)))*exchange.FixedOne
	case 3:
		if q.Inst == testMargin && q.Side == exchange.Sell {
			q.Type, q.Price, q.Trigger = exchange.OCO, d.price+400*exchange.FixedOne, d.price-400*exchange.FixedOne
		}
	}
	return q
}

// TestSimForced: an execution that was forced on us is told as such, and positions and money
// agree with it; so it is with a loan that is taken, charged and repaid.
func TestSimForced(t *testing.T) {
	withSim(t, func(d *trader) {
		d.submit(exchange.OrderRequest{Inst: testUM, Side: exchange.Sell, Type: exchange.Market, Qty: exchange.MustFixed("0.4")})
		d.pass(time.Second)
		d.show(exchange.MustFixed("50010"))
		d.pass(time.Second)
		err := d.sim.Change(func(v *venue.Venue, at exchange.Time) error {
			return v.ADL(testUM, exchange.Both, exchange.MustFixed("0.5"), at)
		})
		if err != nil {
			t.Fatal(err)
		}
		d.pass(time.Second)
		if lines := strings.Join(d.log, "\n"); !strings.Contains(lines, ", forced ADL") {
			t.Errorf("no forced fill\n%s", lines)
		}
		for _, step := range []func(v *venue.Venue, at exchange.Time) error{
			func(v *venue.Venue, at exchange.Time) error { return v.Borrow("USDT", decimal.New(500, 0), at) },
			func(v *venue.Venue, at exchange.Time) error { return v.Repay("USDT", decimal.New(200, 0), at) },
		} {
			if err := d.sim.Change(step); err != nil {
				t.Fatal(err)
			}
			d.pass(time.Second)
			d.agree()
		}
		if err := d.sim.Forward(t.Context(), 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		d.pass(5 * time.Minute)
		d.agree()
	})
}
