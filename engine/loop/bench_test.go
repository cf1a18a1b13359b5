package loop

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// The instruments of these tests.
const um, cm, pair = exchange.InstrumentID(1), exchange.InstrumentID(2), exchange.InstrumentID(3)

func testInstruments(t testing.TB) *exchange.Instruments {
	f := exchange.MustFixed
	u := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: f("0.1"), PriceMax: f("1000000"), Tick: f("0.1"),
		Lot: exchange.Lot{Min: f("0.001"), Max: f("1000"), Step: f("0.001")}, NotionalMin: f("5"), PercentUp: f("1.05"), PercentDown: f("0.95"),
		OrdersMax: 200, AlgoOrdersMax: 100, TriggerProtect: f("0.05"), MarketTakeBound: f("0.05"),
	}
	c, m := u, u
	c.Product, c.Symbol, c.Pair, c.Quote, c.MarginAsset, c.ContractSize, c.NotionalMin = exchange.CM, "BTCUSD_PERP", "BTCUSD", "USD", "BTC", f("100"), 0
	c.Lot = exchange.Lot{Min: f("1"), Max: f("10000"), Step: f("1")}
	m.Product, m.ContractType, m.PercentUp, m.PercentDown, m.Lot.Step, m.AlgoOrdersMax = exchange.Margin, "", f("5"), f("0.2"), f("0.00001"), 5
	ins, err := exchange.NewInstruments(u, c, m)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// kernelConfig has limits that let the tests' orders through.
func kernelConfig(t testing.TB, change ...func(*riskguard.Limits)) engine.Config {
	t.Helper()
	ins, l := testInstruments(t), riskguard.DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersMax, l.MessagesPerSecondMax = decimal.New(10, 0), decimal.New(20, 0), 200, 20
	l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	l.ExecutionsPerMinuteMax, l.AccountMessagesPerMinuteMax, l.OrderToTradeMax = 10_000, 1200, 100_000
	l.UnknownOrdersMax = 10 // the orders of a process that was killed are in doubt
	l.FreshPrice, l.FreshMark, l.FreshIndex, l.PriceCollarLimit = time.Hour, time.Hour, time.Hour, decimal.New(5, -1)
	l.SelfTrade = riskguard.AllowSelfTrade
	l.LossStreakMax = 1_000_000 // who trades at random loses often
	l.RejectRatioMax, l.UnknownRatioMax, l.SlippageMax = decimal.New(1, 0), decimal.New(1, 0), decimal.New(1, 0)
	for _, c := range change {
		c(&l)
	}
	g, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: l, Strategies: 2, Permits: riskguard.Unbound(2)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		g.Apply(&e)
	}
	return engine.Config{Instruments: ins, Guard: g, Strategies: 2, ClientPrefix: "test"}
}

// noBroker takes everything and answers nothing.
type noBroker struct {
	mu       sync.Mutex // the loop calls from several goroutines
	epochs   []uint64
	sent     []exchange.Order
	canceled []exchange.Order
	readings []string
	answer   func(o exchange.Order, cancel bool)
}

func (b *noBroker) Submit(a riskguard.Approved, _ exchange.Time) { b.note(a.Order(), &b.sent, false) }
func (b *noBroker) Cancel(o exchange.Order, _ exchange.Time)     { b.note(o, &b.canceled, true) }

func (b *noBroker) note(o exchange.Order, list *[]exchange.Order, cancel bool) {
	b.mu.Lock()
	*list = append(*list, o)
	b.mu.Unlock()
	if b.answer != nil {
		b.answer(o, cancel)
	}
}

func (b *noBroker) SetEpoch(e uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epochs = append(b.epochs, e)
}

func (b *noBroker) Drain(context.Context, uint64) error { return nil }

func (b *noBroker) CatchUp(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.readings = append(b.readings, why)
}

// noJournal writes nothing down, and fails when it is told to.
type noJournal struct {
	appended, flushes int
	fail              error
	append            func(e *exchange.Event)
}

func (j *noJournal) Append(e *exchange.Event, _ *engine.Decision) error {
	j.appended++
	if j.append != nil {
		j.append(e)
	}
	return j.fail
}
func (j *noJournal) Commit(engine.Urgency) error   { return j.fail }
func (j *noJournal) Flush() error                  { j.flushes++; return j.fail }
func (j *noJournal) Full() bool                    { return false }
func (j *noJournal) Snapshot(*engine.Kernel) error { return j.fail }

// seen is a strategy that does what a test says.
type seen func(e *exchange.Event, w *engine.Wishes) error

func (s seen) Deliver(e *exchange.Event, w *engine.Wishes) error { return s(e, w) }

func watching(*exchange.Event, *engine.Wishes) error { return nil }

// fake is a loop whose surroundings are a test's.
type fake struct {
	*Loop
	t       testing.TB
	broker  *noBroker
	journal *noJournal
}

func newFake(t testing.TB, s seen, change ...func(*Config)) *fake {
	t.Helper()
	f := &fake{t: t, broker: &noBroker{}, journal: &noJournal{}}
	clock, err := NewClock(0)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Kernel: engine.New(kernelConfig(t)), Broker: f.broker, Strategies: s, Journal: f.journal, Clock: clock.Now}
	for _, ch := range change {
		ch(&c)
	}
	if f.Loop, err = New(c); err != nil {
		t.Fatal(err)
	}
	return f
}

// open shows the kernel prices and money, and frees the account.
func (f *fake) open() {
	f.prices()
	money := decimal.New(10_000_000, 0)
	f.put(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletUM, Asset: "USDT", Delta: money, Balance: money})
	})
	for c := range exchange.Cause(exchange.Causes) {
		f.put(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active, Cause: c}) })
	}
}

func (f *fake) prices() {
	price := exchange.MustFixed("50000")
	for inst := um; inst <= pair; inst++ {
		if inst != pair {
			f.put(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: price}) })
		}
		f.put(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: price, Qty: 1}) })
	}
	f.put(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: price}) })
	f.put(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
}

func (f *fake) put(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{Inst: inst}
	set(&e)
	f.Put(e)
}

// buy is a wish for a limit order.
func buy(ref uint64) exchange.Intent {
	return exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: ref, Request: exchange.OrderRequest{
		Inst: um, Side: exchange.Buy, Type: exchange.Limit, Qty: exchange.MustFixed("0.01"),
		Price: exchange.MustFixed("49000") + exchange.Fixed(ref)*exchange.MustFixed("0.1"),
	}}
}

// trade is an event of the market, with a number to tell it by.
func trade(id int64) *exchange.Event {
	e := &exchange.Event{Inst: um}
	e.SetTrade(exchange.Trade{Price: exchange.MustFixed("50000"), Qty: 1, ID: id})
	return e
}
