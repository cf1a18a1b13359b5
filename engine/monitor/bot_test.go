package monitor

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

var fixed = exchange.MustFixed

// bot is a loop with a kernel, a broker that answers at once, and a server beside them.
type bot struct {
	*loop.Loop
	t      *testing.T
	now    exchange.Time
	client *Client
	config *Config
	// obeys says that cancels are confirmed.
	obeys bool
	mu    sync.Mutex
	asked []string // client ids that an end was asked of
	// readings counts those of the account; differs says that it is not ours then, and silent
	// that none comes.
	readings        int
	differs, silent bool
	sent            chan exchange.Order // market orders
}

func instruments(t *testing.T) *exchange.Instruments {
	lot := exchange.Lot{Min: fixed("0.001"), Max: fixed("1000"), Step: fixed("0.001")}
	ins, err := exchange.NewInstruments(
		exchange.Instrument{
			Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
			Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: fixed("0.1"), Lot: lot,
			NotionalMin: fixed("50"), PercentUp: fixed("1.05"), PercentDown: fixed("0.95"),
		},
		exchange.Instrument{
			Product: exchange.Margin, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
			Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: fixed("0.1"), Lot: lot,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// newBot starts a bot that trades: prices are known, 100,000 USDT are there, nothing holds it.
func newBot(t *testing.T) *bot {
	b := &bot{t: t, now: exchange.Millis(1_700_000_000_000), obeys: true, sent: make(chan exchange.Order, 8)}
	ins := instruments(t)
	limits := riskguard.DefaultLimits()
	limits.OrderNotionalMaxRatio, limits.PositionMaxRatio = decimal.NewFromInt(1), decimal.NewFromInt(2)
	limits.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	limits.Budgets = []riskguard.Budget{{Strategy: "hedge", NotionalUSD: "1000000", CapitalUSD: "1000000", LossUSD: "1000000", MessagesPerMinute: "1000"}}
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: limits, Strategies: 2, Labels: []string{"hedge", "mm"}, Permits: riskguard.Unbound(2)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	kernel := engine.New(engine.Config{Instruments: ins, Guard: guard, Strategies: 2, ClientPrefix: "t"})
	recent := NewRecent(ins.Len(), 2)
	if b.Loop, err = loop.New(loop.Config{
		Kernel: kernel, Broker: b, Strategies: deaf{}, Journal: forgetful{}, Observer: recent, Clock: func() exchange.Time { return b.now },
	}); err != nil {
		t.Fatal(err)
	}
	b.config = &Config{
		Loop: b.Loop, Guard: guard, Instruments: ins, Strategies: []string{"hedge", "mm"}, Recent: recent,
		About: func() About {
			return About{Account: "main", Mode: "dry", Version: "v1", Config: "abc", Pid: 7, Started: b.now, Stream: "LIVE", Warnings: []string{}, Parts: []Part{{"journal", "fine"}}}
		},
		Clock: func() exchange.Time { return b.now },
	}
	b.open()
	b.serve()
	return b
}

// serve listens on a socket until the test ends.
func (b *bot) serve() {
	b.t.Helper()
	server, err := New(*b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(b.t.TempDir(), "state", "control.sock")
	l, err := Listen(path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client = NewClient(path)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, l) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
}

func (b *bot) put(inst exchange.InstrumentID, set func(e *exchange.Event)) {
	e := exchange.Event{At: b.now, Inst: inst}
	set(&e)
	b.Put(e)
}

func (b *bot) open() {
	b.prices()
	amount := decimal.NewFromInt(100_000)
	b.put(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletMargin, Reason: exchange.ReasonDeposit, Delta: amount, Balance: amount})
	})
	b.put(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active, By: "test"}) })
}

// prices are told as of now.
func (b *bot) prices() {
	for inst := exchange.InstrumentID(1); inst <= 2; inst++ {
		b.put(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: fixed("60000"), Qty: 1, ID: 1}) })
	}
	b.put(1, func(e *exchange.Event) {
		e.SetMark(exchange.Mark{Price: fixed("60000"), Rate: fixed("0.0001"), NextFunding: b.now.Add(time.Hour)})
	})
	for asset, price := range map[string]string{"USDT": "1", "BTC": "60000"} {
		b.put(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: fixed(price)}) })
	}
}

// buy has a strategy send a limit order.
func (b *bot) buy(s exchange.StrategyID, ref uint64, qty, price string) {
	b.Wish(engine.Wishes{Intents: []exchange.Intent{{Kind: exchange.IntentNew, Strategy: s, Ref: ref, Request: exchange.OrderRequest{
		Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: fixed(qty), Price: fixed(price),
	}}}})
}

// fill executes an order whole.
func (b *bot) fill(id exchange.OrderID, qty, price string) {
	b.executed(exchange.Order{ID: id}, exchange.Buy, qty, price)
}

func (b *bot) executed(o exchange.Order, side exchange.Side, qty, price string) {
	id := o.ID
	b.put(1, func(e *exchange.Event) {
		e.SetFill(&exchange.Fill{
			Order: id, Side: side, Qty: fixed(qty), Price: fixed(price), TradeID: int64(id), Maker: true,
			Fee: decimal.RequireFromString("0.5"), FeeAsset: "USDT",
		})
	})
	b.put(1, func(e *exchange.Event) {
		e.SetOrderUpdate(&exchange.OrderUpdate{ID: id, Status: exchange.StatusFilled, Price: fixed(price), Qty: fixed(qty), Filled: fixed(qty)})
	})
}

// The broker: new orders work at once.

func (b *bot) Submit(a riskguard.Approved, _ exchange.Time) {
	if act := a.Act(); act.Kind != 0 {
		e := exchange.Event{At: b.now}
		e.SetAct(&exchange.ActUpdate{ID: act.ID, Status: exchange.ActDone, Transaction: 70 + int64(act.ID)})
		b.Put(e)
		return
	}
	o := a.Order()
	e := exchange.Event{At: b.now, Inst: o.Request.Inst}
	e.SetOrderUpdate(&exchange.OrderUpdate{ID: o.ID, ClientID: o.ClientID, VenueID: int64(o.ID) + 100, Status: exchange.StatusWorking, Price: o.Request.Price, Qty: o.Request.Qty})
	b.Put(e)
	if o.Request.Type == exchange.Market {
		b.sent <- o
	}
}

func (b *bot) Cancel(o exchange.Order, _ exchange.Time) {
	b.mu.Lock()
	b.asked = append(b.asked, o.ClientID)
	b.mu.Unlock()
	if !b.obeys {
		return
	}
	e := exchange.Event{At: b.now, Inst: o.Request.Inst}
	e.SetOrderUpdate(&exchange.OrderUpdate{ID: o.ID, ClientID: o.ClientID, Status: exchange.StatusCanceled, Price: o.Request.Price, Qty: o.Request.Qty})
	b.Put(e)
}

func (b *bot) SetEpoch(uint64) {}

func (b *bot) Drain(ctx context.Context, _ uint64) error { return ctx.Err() }

// CatchUp reads an account that is ours, but for what differs.
func (b *bot) CatchUp(string) {
	b.mu.Lock()
	b.readings++
	n, differs := b.readings, b.differs
	b.mu.Unlock()
	if b.silent {
		return
	}
	truth := &exchange.Truth{At: b.now.Add(time.Duration(n)), Balances: []exchange.TruthBalance{{Asset: "USDT", Wallet: exchange.WalletMargin, Amount: decimal.NewFromInt(100_000)}}}
	if differs {
		truth.Positions = []exchange.Position{{Inst: 1, Qty: decimal.NewFromInt(3)}}
	}
	b.put(0, func(e *exchange.Event) { e.SetTruth(truth) })
}

// deaf strategies ask for nothing.
type deaf struct{}

func (deaf) Deliver(*exchange.Event, *engine.Wishes) error { return nil }

// forgetful keeps nothing.
type forgetful struct{}

func (forgetful) Append(*exchange.Event, *engine.Decision) error { return nil }
func (forgetful) Commit(engine.Urgency) error                    { return nil }
func (forgetful) Flush() error                                   { return nil }
func (forgetful) Full() bool                                     { return false }
func (forgetful) Snapshot(*engine.Kernel) error                  { return errors.New("never full") }
