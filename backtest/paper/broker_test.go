package paper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

const um, spot = exchange.InstrumentID(1), exchange.InstrumentID(3)

func instruments(t testing.TB) *exchange.Instruments {
	t.Helper()
	f := exchange.MustFixed
	u := exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: f("0.1"), PriceMax: f("1000000"), Tick: f("0.1"),
		Lot: exchange.Lot{Min: f("0.001"), Max: f("1000"), Step: f("0.001")}, OrdersMax: 200,
	}
	c, m := u, u
	c.Product, c.Symbol, c.Pair, c.Quote, c.MarginAsset, c.ContractSize = exchange.CM, "BTCUSD_PERP", "BTCUSD", "USD", "BTC", f("100")
	c.Lot = exchange.Lot{Min: f("1"), Max: f("10000"), Step: f("1")}
	m.Product, m.ContractType, m.AlgoOrdersMax = exchange.Margin, "", 5
	ins, err := exchange.NewInstruments(u, c, m)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// desk is a broker in a bubble, a guard that lets orders through, and what was told.
type desk struct {
	t      *testing.T
	broker *Broker
	guard  *riskguard.Guard
	ins    *exchange.Instruments

	mu    sync.Mutex // told from several goroutines
	told  []string
	truth []*exchange.Truth
	next  exchange.OrderID
}

func now() exchange.Time { return exchange.TimeOf(time.Now()) }

// onDesk opens an account at 60,000 and runs a test on it.
func onDesk(t *testing.T, change func(*Config), test func(*desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, ins: instruments(t)}
		amount := decimal.NewFromInt(100_000)
		c := Config{
			Venue: venue.Config{
				Instruments: d.ins, Tables: margin.Assumed(), Leverage: 10, UM: venue.Fees{Taker: 50000},
				Balances: []venue.Balance{{Wallet: exchange.WalletUM, Asset: "USDT", Amount: amount}, {Wallet: exchange.WalletMargin, Asset: "USDT", Amount: amount}},
			},
			Deliver: d.deliver, Clock: now, AccountEvery: time.Hour,
		}
		if change != nil {
			change(&c)
		}
		var err error
		if d.broker, err = New(c); err != nil {
			t.Fatal(err)
		}
		d.allow()
		d.show(60000)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.broker.Run(ctx) }()
		synctest.Wait()
		test(d)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (d *desk) deliver(e exchange.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		s := fmt.Sprintf("%s %v", u.ClientID, u.Status)
		if u.Code != 0 {
			s += fmt.Sprintf(" %d retryable %v", u.Code, u.Retryable)
		}
		if u.Child != "" {
			s += " " + strings.TrimRight(u.Child, "0123456789")
		}
		d.told = append(d.told, s)
	case exchange.KindFill:
		d.told = append(d.told, fmt.Sprintf("%s fill %v at %v", strings.TrimRight(e.Fill().ClientID, "0123456789"), e.Fill().Qty, e.Fill().Price))
	case exchange.KindTruth:
		d.truth = append(d.truth, e.Truth())
		d.told = append(d.told, "truth")
	case exchange.KindLedger:
		d.told = append(d.told, fmt.Sprintf("ledger %v %v", e.Ledger().Reason, e.Ledger().Delta))
	case exchange.KindLending:
		d.told = append(d.told, fmt.Sprintf("LENDING %s at %v", e.Lending().Asset, e.Lending().Hourly))
	case exchange.KindCadence, exchange.KindAssetIndex, exchange.KindMark:
		d.told = append(d.told, fmt.Sprintf("%v derived %v", e.Kind, e.Derived()))
	}
}

// since is what was told since it was asked last.
func (d *desk) since() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	told := d.told
	d.told = nil
	return told
}

func (d *desk) want(lines ...string) {
	d.t.Helper()
	synctest.Wait()
	if got := d.since(); !slices.Equal(got, lines) {
		d.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
}

// show moves all prices, at the exchange and for the guard.
func (d *desk) show(price int64) {
	p := exchange.Fixed(price) * exchange.FixedOne
	for inst := um; inst <= spot; inst++ {
		e := exchange.Event{At: now(), Inst: inst}
		if inst != spot {
			e.SetMark(exchange.Mark{Price: p, Index: p})
			d.guard.Apply(&e)
			d.broker.Take(&e)
		}
		e.SetTrade(exchange.Trade{Price: p, Qty: 100 * exchange.FixedOne})
		d.guard.Apply(&e)
		d.broker.Take(&e)
	}
}

func (d *desk) allow() {
	d.t.Helper()
	l := riskguard.DefaultLimits()
	l.OrderNotionalMaxRatio, l.PositionMaxRatio, l.OpenOrdersMax, l.MessagesPerSecondMax = decimal.New(10, 0), decimal.New(20, 0), 200, 20
	l.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	l.ExecutionsPerMinuteMax, l.AccountMessagesPerMinuteMax, l.OrderToTradeMax = 10_000, 1200, 100_000
	l.FreshPrice, l.FreshMark, l.FreshIndex, l.PriceCollarLimit = time.Hour, time.Hour, time.Hour, decimal.New(5, -1)
	var err error
	if d.guard, err = riskguard.New(riskguard.Config{Instruments: d.ins, Tables: margin.Assumed(), Limits: l, Strategies: 1, Permits: riskguard.Unbound(1)}); err != nil {
		d.t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		d.guard.Apply(&e)
	}
	apply := func(set func(*exchange.Event)) {
		e := exchange.Event{At: now()}
		set(&e)
		d.guard.Apply(&e)
	}
	money := decimal.New(10_000_000, 0)
	apply(func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletUM, Asset: "USDT", Delta: money, Balance: money})
	})
	apply(func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: 60000 * exchange.FixedOne})
	})
	apply(func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
	for cause := exchange.CauseStart; cause < exchange.Causes; cause++ {
		apply(func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active, Cause: cause}) })
	}
}

// approved is an order of a hundredth of a coin that the guard has let through.
func (d *desk) approved(kind exchange.OrderType, price int64) riskguard.Approved {
	d.t.Helper()
	d.mu.Lock()
	d.next++
	id := d.next
	d.mu.Unlock()
	o := exchange.Order{ID: id, Strategy: 1, ClientID: fmt.Sprintf("x%d", id), Status: exchange.StatusPendingNew, Created: now()}
	o.Request = exchange.OrderRequest{Inst: um, Side: exchange.Buy, Type: kind, Qty: exchange.FixedOne / 100, Price: exchange.Fixed(price) * exchange.FixedOne}
	v := d.guard.Check(exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Request: o.Request}, o, false, now())
	if v.Refusal != nil {
		d.t.Fatal(v.Refusal)
	}
	return v.Approved
}

func pass(d time.Duration) { <-time.After(d) }

// TestOpeningLends: what loans cost is told with the promises, if it is wanted.
func TestOpeningLends(t *testing.T) {
	onDesk(t, func(c *Config) { c.Lends = true }, func(d *desk) {
		d.want("ASSET_INDEX derived true",
			"CADENCE derived true", "CADENCE derived true", "ASSET_INDEX derived true", "CADENCE derived true",
			"CADENCE derived true", "LENDING BTC at 0.00000342", "CADENCE derived true", "LENDING USDT at 0.00000913",
			"ledger DEPOSIT 100000", "ledger DEPOSIT 100000", "truth")
	})
}

// TestOpening: promises and constants come first, then the money, then a reading of it all.
func TestOpening(t *testing.T) {
	onDesk(t, nil, func(d *desk) {
		d.want("ASSET_INDEX derived true", // of the mark that came before the account was open
			"CADENCE derived true", "CADENCE derived true", "ASSET_INDEX derived true", "CADENCE derived true",
			"ledger DEPOSIT 100000", "ledger DEPOSIT 100000", "truth")
		if got := d.truth[0]; len(got.Balances) != 2 || got.Account.Equity.IsZero() || len(got.Orders)+len(got.Positions) != 0 {
			t.Errorf("%+v", got)
		}
		warned := strings.Join(d.broker.Warnings(), "\n")
		for _, s := range []string{"USDT: index = 1", "BTC: index = index price of the mark, else mark of UM BTCUSDT"} {
			if !strings.Contains(warned, s) {
				t.Errorf("no %q in\n%s", s, warned)
			}
		}
	})
	onDesk(t, func(c *Config) { c.Indexed = []string{"USDT", "BTC"} }, func(d *desk) {
		d.want("CADENCE derived true", "ledger DEPOSIT 100000", "ledger DEPOSIT 100000", "truth")
		if got := d.broker.warnings; len(got) > 0 {
			t.Errorf("%q", got)
		}
	})
}

// TestApprovals: what was approved in another epoch, or too long ago, never reaches the venue.
func TestApprovals(t *testing.T) {
	onDesk(t, nil, func(d *desk) {
		d.since()
		d.broker.Submit(d.approved(exchange.Limit, 59000), now())
		d.want("x1 REJECTED -1 retryable true") // nobody has told the epoch
		d.broker.SetEpoch(d.guard.Epoch())
		d.broker.Submit(d.approved(exchange.Limit, 59000), now())
		d.want("x2 WORKING")
		late := d.approved(exchange.Limit, 59000)
		pass(time.Minute)
		d.broker.Submit(late, now())
		d.want("x3 REJECTED -1 retryable true")
		old := d.approved(exchange.Limit, 59000)
		d.broker.SetEpoch(d.guard.Epoch() + 1)
		d.broker.SetEpoch(d.guard.Epoch()) // an old message
		d.broker.Submit(old, now())
		d.want("x4 REJECTED -1 retryable true")
		d.broker.Submit(riskguard.Approved{}, now())
		d.want(" REJECTED -1 retryable true")
		d.broker.CatchUp("")
		d.want("truth")
		if got := d.truth[len(d.truth)-1].Orders; len(got) != 1 || got[0].ClientID != "x2" || !got[0].Ours {
			t.Errorf("%+v", got)
		}
		d.broker.Cancel(got(d, 0), now())
		d.want("x2 CANCELED")
	})
}

func got(d *desk, i int) exchange.Order { return d.truth[len(d.truth)-1].Orders[i].Order }

// TestFarAway: behind a link a drain waits until the order that left before has an answer,
// and a reading is of everything that left before it and comes behind what it knows.
func TestFarAway(t *testing.T) {
	delay := func(s string) link.Delay {
		d, err := link.ParseDelay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	onDesk(t, func(c *Config) { c.Link = link.Config{Entry: delay("200ms"), Answer: delay("300ms")} }, func(d *desk) {
		pass(time.Second)
		d.broker.SetEpoch(d.guard.Epoch())
		d.since()
		began := now()
		d.broker.Submit(d.approved(exchange.Limit, 59000), now())
		d.broker.CatchUp("")
		pass(time.Millisecond)
		d.broker.SetEpoch(d.guard.Epoch() + 1)
		if err := d.broker.Drain(d.t.Context(), d.guard.Epoch()+1); err != nil {
			t.Fatal(err)
		}
		if took := now().Sub(began); took != 500*time.Millisecond {
			t.Errorf("drained after %v", took)
		}
		d.want("x1 WORKING", "truth")
		if len(d.truth[len(d.truth)-1].Orders) != 1 {
			t.Error("the reading has not the order that was sent before it")
		}
		if err := d.broker.Drain(d.t.Context(), d.guard.Epoch()+1); err != nil {
			t.Error(err)
		}
		ctx, stop := context.WithTimeout(d.t.Context(), time.Second)
		defer stop()
		if err := d.broker.Drain(ctx, d.guard.Epoch()+2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an epoch that nobody has told is drained: %v", err)
		}
	})
	_, err := New(Config{
		Venue: venue.Config{Instruments: instruments(t), Tables: margin.Assumed(), Leverage: 1}, Link: link.Config{Feed: delay("20ms")},
		Deliver: func(exchange.Event) {}, Clock: now,
	})
	if err == nil || !strings.Contains(err.Error(), "delay of the feed") {
		t.Errorf("a delay of live data: %v", err)
	}
}

// TestResume: an account goes on with debts in a futures wallet, lists, triggers and doubts.
func TestResume(t *testing.T) {
	f := exchange.MustFixed
	order := func(id exchange.OrderID, name string, s exchange.OrderStatus, r exchange.OrderRequest) exchange.Order {
		r.Qty = f("0.01")
		if r.Inst == 0 {
			r.Inst = um
		}
		return exchange.Order{ID: id, ClientID: name, VenueID: int64(id), Status: s, Request: r, Strategy: 1}
	}
	limit, stop := exchange.OCOLegs("oco")
	oco := exchange.OrderRequest{Inst: spot, Side: exchange.Sell, Type: exchange.OCO, Price: f("61000"), Trigger: f("50000")}
	one, other := oco.OCOLegs()
	buy := exchange.OrderRequest{Side: exchange.Buy, Type: exchange.Limit, Price: f("59000")}
	trigger := exchange.OrderRequest{Side: exchange.Sell, Type: exchange.Stop, Trigger: f("60500"), Price: f("62000")}
	child := exchange.OrderRequest{Side: exchange.Sell, Type: exchange.Limit, Price: f("62000")}
	never := order(9, "never", exchange.StatusUnknown, buy)
	never.VenueID = 0
	orders := []exchange.Order{
		order(1, "oco", exchange.StatusWorking, oco), order(2, limit, exchange.StatusWorking, one), order(3, stop, exchange.StatusWorking, other),
		order(4, "partly", exchange.StatusUnknown, buy), order(5, "stopped", exchange.StatusTriggered, trigger), order(6, "child-77", exchange.StatusWorking, child),
		order(7, "bereft", exchange.StatusTriggered, trigger), order(8, "over", exchange.StatusFilled, buy), never,
	}
	orders[1].Parent, orders[2].Parent, orders[5].Parent = 1, 1, 5
	orders[3].Filled = f("0.004")
	slices.Reverse(orders)
	balance := func(w exchange.Wallet, asset, amount string) exchange.TruthBalance {
		return exchange.TruthBalance{Wallet: w, Asset: asset, Amount: decimal.RequireFromString(amount)}
	}
	opening := &Opening{
		Balances: []exchange.TruthBalance{
			balance(exchange.WalletMargin, "USDT", "50000"), balance(exchange.WalletUM, "USDT", "-1500.5"), balance(exchange.WalletMargin, "BTC", "1"),
		},
		Positions: []exchange.Position{{Inst: um, Qty: decimal.RequireFromString("0.02"), Entry: decimal.RequireFromString("58000.123")}},
		Orders:    orders,
	}
	onDesk(t, func(c *Config) { c.Opening, c.Indexed = opening, []string{"USDT", "BTC"} }, func(d *desk) {
		d.want("CADENCE derived true", limit+" WORKING", stop+" WORKING", "partly PARTIALLY_FILLED", "child-77 WORKING", "never NOT_ARRIVED", "bereft FINISHED", "truth")
		truth := d.truth[0]
		if fmt.Sprint(truth.Positions, truth.Balances) != fmt.Sprint(opening.Positions, opening.Balances) {
			t.Errorf("%v %v", truth.Positions, truth.Balances)
		}
		var names []string
		for _, o := range truth.Orders {
			names = append(names, o.ClientID)
		}
		if fmt.Sprint(names) != fmt.Sprint([]string{"oco", limit, stop, "partly", "child-77"}) {
			t.Errorf("open are %v", names)
		}
		for _, index := range []string{"USDT", "BTC"} {
			e := exchange.Event{At: now()}
			price := exchange.FixedOne
			if index == "BTC" {
				price *= 60000
			}
			e.SetAssetIndex(&exchange.AssetIndex{Asset: index, Price: price})
			d.broker.Take(&e)
		}
		d.since()
		d.show(58990)
		d.show(61010)
		d.show(62010)
		got := strings.Join(d.since(), "\n")
		at := -1
		for _, line := range []string{"partly fill 0.006 at 59000", "partly FILLED", limit + " fill 0.01 at 61000", stop + " EXPIRED", limit + " FILLED", "oco FINISHED", "child- fill 0.01 at 62000", "stopped FINISHED"} {
			if i := strings.Index(got, line); i < 0 {
				t.Errorf("no %q in\n%s", line, got)
			} else if line == "stopped FINISHED" && i < at {
				t.Errorf("%q comes too early", line)
			} else {
				at = i
			}
		}
	})
	for _, wrong := range []func(o *exchange.Order){
		func(o *exchange.Order) { o.Request.Inst = 77 }, func(o *exchange.Order) { o.ID = 0 }, func(o *exchange.Order) { o.ClientID = "" },
		func(o *exchange.Order) { o.Filled = -1 }, func(o *exchange.Order) { o.Request.Qty = 0 }, func(o *exchange.Order) { *o = orders[0] },
	} {
		bad := order(50, "bad", exchange.StatusWorking, buy)
		wrong(&bad)
		c := Config{
			Venue:   venue.Config{Instruments: instruments(t), Tables: margin.Assumed(), Leverage: 1},
			Opening: &Opening{Orders: append(slices.Clone(orders), bad)}, Deliver: func(exchange.Event) {}, Clock: now,
		}
		b, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot go on") {
			t.Errorf("%+v goes on: %v", bad, err)
		}
	}
}

// TestEverybodyAtOnce has feed, kernel, operators and time use the broker at once; the race
// detector looks on, and what is told of an order keeps its order.
func TestEverybodyAtOnce(t *testing.T) {
	onDesk(t, func(c *Config) { c.AccountEvery = time.Millisecond }, func(d *desk) {
		d.broker.SetEpoch(d.guard.Epoch())
		var all []riskguard.Approved
		for range 15 {
			all = append(all, d.approved(exchange.Limit, 59000), d.approved(exchange.Market, 0))
			pass(time.Second)
		}
		var wg sync.WaitGroup
		for _, a := range all {
			wg.Go(func() { d.broker.Submit(a, now()); d.broker.Cancel(a.Order(), now()) })
		}
		wg.Go(func() {
			for i := range int64(300) {
				e := exchange.Event{At: now(), Inst: um}
				e.SetTrade(exchange.Trade{Price: exchange.Fixed(60000+i) * exchange.FixedOne, Qty: exchange.FixedOne})
				d.broker.Take(&e)
				if i%50 == 0 {
					pass(time.Millisecond)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				d.broker.CatchUp("")
				d.broker.Warnings()
				_ = d.broker.Drain(d.t.Context(), 1)
			}
		})
		wg.Wait()
		synctest.Wait()
		over := map[string]bool{}
		for _, line := range d.since() {
			name, status, _ := strings.Cut(line, " ")
			if !strings.HasPrefix(name, "x") {
				continue
			}
			if over[name] && !strings.Contains(status, "-2011") {
				t.Errorf("%s after its end", line)
			}
			over[name] = over[name] || strings.HasPrefix(status, "FILLED") || strings.HasPrefix(status, "CANCELED")
		}
	})
}
