package papi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// A client asks for the account, and says what became of a request that failed. Here the
// exchange is a simulated one; without PAPI, SAPI and FAPI it is Binance.
func ExampleClient() {
	url, _, end := simulated()
	defer end()
	client, err := papi.New(papi.Config{
		Key: papi.NewSecret("example"), Secret: papi.NewSecret("not-a-secret"), PAPI: url, SAPI: url, FAPI: url,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	account, err := client.Account(ctx)
	fmt.Println(account.AccountStatus, account.UniMMR.GreaterThan(decimal.New(2, 0)), err)

	_, err = client.UMOrder(ctx, "BTCUSDT", papi.OrderRef{OrigClientOrderID: "nobodys"})
	var refused *papi.Error
	fmt.Println(errors.As(err, &refused) && errors.Is(err, papi.ErrNoSuchOrder), refused.Outcome, refused.Code)
	// Output:
	// NORMAL true <nil>
	// true refused -2013
}

// A broker keeps the user stream and carries orders that the guard has approved. What
// becomes of them and of the account comes as events.
func ExampleBroker() {
	url, ins, end := simulated()
	defer end()
	client, err := papi.New(papi.Config{
		Key: papi.NewSecret("example"), Secret: papi.NewSecret("not-a-secret"), PAPI: url, SAPI: url, FAPI: url,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	events, states := make(chan exchange.Event, 100), make(chan papi.State, 100)
	broker, err := papi.NewBroker(papi.BrokerConfig{
		Client: client, Instruments: ins, Stream: strings.Replace(url, "http", "ws", 1) + "/pm",
		Deliver: func(e exchange.Event) { events <- e },
		Notify: func(n papi.Notice) {
			if n.Kind == papi.NoticeState {
				states <- n.State
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = broker.Run(ctx) }) // it returns the context's error
	for state := range states {                // the account is read first
		if state == papi.Live {
			break
		}
	}

	order := exchange.Order{ID: 1, ClientID: "example-1", Request: exchange.OrderRequest{
		Inst: 1, Side: exchange.Buy, Type: exchange.Market, Qty: exchange.MustFixed("0.01"),
	}}
	approved, epoch := approve(ins, order)
	client.SetEpoch(epoch)
	broker.Submit(approved, exchange.TimeOf(time.Now()))
	for e := range events {
		if e.Kind == exchange.KindFill {
			fmt.Println(e.Fill().ClientID, e.Fill().Side, e.Fill().Qty)
		}
		if e.Kind == exchange.KindOrderUpdate && e.OrderUpdate().Status == exchange.StatusFilled {
			break
		}
	}
	stop()
	running.Wait()
	// Output:
	// example-1 BUY 0.01
}

// simulated is an exchange on this machine: its URL, what it lists, and how to end it. "pmbot
// sim" is the same as a program.
func simulated() (url string, ins *exchange.Instruments, end func()) {
	f, start := exchange.MustFixed, exchange.TimeOf(time.Now()).Floor(time.Second)
	ins, err := exchange.NewInstruments(exchange.Instrument{
		Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT", ContractType: "PERPETUAL",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, PriceMin: f("0.1"), PriceMax: f("1000000"), Tick: f("0.1"),
		Lot: exchange.Lot{Min: f("0.001"), Max: f("1000"), Step: f("0.001")}, NotionalMin: f("5"), PercentUp: f("1.05"), PercentDown: f("0.95"),
	})
	must(err)
	prices, err := market.NewTicks(market.TickSpec{Seed: 1, Start: start, Step: 100 * time.Millisecond, Legs: []*exchange.Instrument{ins.At(1)}})
	must(err)
	sim, err := papisim.New(papisim.Config{
		Venue: venue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1, UM: venue.Fees{Maker: f("0.0002"), Taker: f("0.0005")},
			Balances: []venue.Balance{{Wallet: exchange.WalletUM, Asset: "USDT", Amount: decimal.New(50_000, 0)}},
		},
		Source: prices, Start: start, Speed: 1, Account: papisim.AccountType{Kind: "PM_2"},
		Keys: []papisim.Key{{ID: "example", Secret: "not-a-secret", Created: start, Permissions: papisim.Permissions{Reading: true, PortfolioMargin: true}}},
	})
	must(err)
	must(sim.Forward(context.Background(), 2*time.Second))
	server := httptest.NewServer(sim)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { must(sim.Run(ctx)) })
	return server.URL, ins, func() {
		stop()
		running.Wait()
		server.Close()
	}
}

// approve asks a guard, which a bot has for its whole life and tells everything: all events
// of the broker, and the prices of a market feed.
func approve(ins *exchange.Instruments, o exchange.Order) (riskguard.Approved, uint64) {
	limits := riskguard.DefaultLimits()
	limits.OrderNotionalMaxRatio = decimal.New(1, 0)
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: limits, Strategies: 1, Permits: riskguard.Unbound(1)})
	must(err)
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	now, price, money := exchange.TimeOf(time.Now()), exchange.MustFixed("60000"), decimal.New(50_000, 0)
	for _, tell := range []func(*exchange.Event){
		func(e *exchange.Event) { e.Inst = 1; e.SetMark(exchange.Mark{Price: price}) },
		func(e *exchange.Event) { e.Inst = 1; e.SetTrade(exchange.Trade{Price: price, Qty: 1}) },
		func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: price}) },
		func(e *exchange.Event) {
			e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
		},
		func(e *exchange.Event) {
			e.SetLedger(&exchange.LedgerEntry{Wallet: exchange.WalletUM, Asset: "USDT", Delta: money, Balance: money})
		},
		func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active}) },
	} {
		e := exchange.Event{At: now}
		tell(&e)
		guard.Apply(&e)
	}
	v := guard.Check(exchange.Intent{}, o, false, now)
	if v.Refusal != nil {
		panic(v.Refusal)
	}
	return v.Approved, guard.Epoch()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
