package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/strategy"
)

// bot is what pmbot run joins, with one strategy that answers each quote with an order.
type bot struct {
	terms  *terms
	ins    *exchange.Instruments
	client *papi.Client
	broker *papi.Broker
	writer *journal.Writer
	kernel *engine.Kernel
	loop   *loop.Loop
	feed   *market.Feed
	plugin *host.Plugin
	live   atomic.Pointer[host.Live] // nil: the strategy is in this process

	sent    uint64
	stop    context.CancelFunc
	running sync.WaitGroup
}

func now() exchange.Time { return exchange.TimeOf(time.Now()) }

// newBot returns a bot that trades.
func newBot(t *terms, roots *x509.CertPool) (*bot, error) {
	b := &bot{terms: t}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	err := errors.Join(b.account(roots), b.core(), b.market())
	if err != nil {
		return nil, err
	}
	if t.Plugin {
		if err := b.startPlugin(ctx); err != nil {
			return nil, err
		}
	}
	for name, run := range map[string]func(context.Context) error{"loop": b.loop.Run, "broker": b.broker.Run, "feed": b.feed.Run, "journal": b.writer.Run} {
		if name == "loop" {
			b.loop.Start(exchange.Start{Prefix: "pm-1", Version: "latency", Config: "latency", Mode: "live"})
			prices(now(), func(e *exchange.Event) { b.loop.Take(e) })
		}
		b.running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, name+":", err)
				os.Exit(1)
			}
		})
	}
	for range 200 { // ten seconds
		var held []riskguard.Held
		if err := b.loop.Do(ctx, func(k *engine.Kernel) { held = k.States() }); err != nil {
			return nil, err
		}
		if len(held) == 0 && b.broker.State() == papi.Live {
			return b, nil
		}
		<-time.After(50 * time.Millisecond)
	}
	return nil, errors.New("the bot does not become active")
}

// account makes client and broker.
func (b *bot) account(roots *x509.CertPool) error {
	base := "https://" + b.terms.Orders
	var err error
	if b.ins, err = instruments(); err != nil {
		return err
	}
	b.client, err = papi.New(papi.Config{
		Key: papi.NewSecret(apiKey), Secret: papi.NewSecret(apiSecret), PAPI: base, SAPI: base, FAPI: base, Roots: roots,
	})
	if err != nil {
		return err
	}
	b.broker, err = papi.NewBroker(papi.BrokerConfig{
		Client: b.client, Instruments: b.ins, Stream: "ws://" + b.terms.Streams + "/pm",
		Deliver: func(e exchange.Event) { b.loop.Put(e) }, Notify: b.notice,
	})
	return err
}

// notice passes the state of the user stream on.
func (b *bot) notice(n papi.Notice) {
	if n.Kind != papi.NoticeState {
		fmt.Fprintln(os.Stderr, "account:", n.Kind, n.Text)
		return
	}
	b.loop.Stream(map[papi.State]loop.StreamState{
		papi.Gap: loop.StreamGap, papi.CatchingUp: loop.StreamCatchingUp, papi.Live: loop.StreamLive,
	}[n.State], n.Text)
}

// core makes journal, guard, kernel and loop.
func (b *bot) core() error {
	limits := riskguard.DefaultLimits()
	limits.OrderNotionalMaxRatio, limits.PositionMaxRatio, limits.OpenOrdersMax, limits.MessagesPerSecondMax = decimal.New(1, 0), decimal.New(5, 0), 200, 20
	limits.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	limits.ExecutionsPerMinuteMax, limits.AccountMessagesPerMinuteMax, limits.OrderToTradeMax = 10_000, 1200, 100_000
	limits.FreshPrice, limits.FreshMark, limits.FreshIndex = time.Hour, time.Hour, time.Hour
	guard, err := riskguard.New(riskguard.Config{Instruments: b.ins, Tables: margin.Assumed(), Limits: limits, Strategies: 1, Permits: riskguard.Unbound(1)})
	if err != nil {
		return err
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} { // neither is ever old
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	b.kernel = engine.New(engine.Config{Instruments: b.ins, Guard: guard, Strategies: 1, ClientPrefix: "pm-1"})
	sync, err := journal.ParseSync(b.terms.Sync)
	if err != nil {
		return err
	}
	header := journal.Header{Version: "latency", Config: "latency", Prefix: "pm-1", Mode: "live", Account: "latency", Instruments: []exchange.Instrument{*b.ins.At(1)}}
	if b.writer, err = journal.Open(journal.Config{Dir: filepath.Join(b.terms.Dir, "journal"), Header: header, Sync: sync}); err != nil {
		return err
	}
	book := recorder{b.writer}
	if err := book.Snapshot(b.kernel); err != nil {
		return err
	}
	b.loop, err = loop.New(loop.Config{Kernel: b.kernel, Broker: exchangeOf{b.broker, b.client}, Strategies: b, Journal: book, Clock: now})
	return err
}

// exchangeOf is the broker with the client's gate.
type exchangeOf struct {
	*papi.Broker
	*papi.Client
}

// recorder is the journal as the loop wants it.
type recorder struct{ *journal.Writer }

// Append leaves out the approval, which no journal keeps.
func (r recorder) Append(e *exchange.Event, d *engine.Decision) error {
	if d == nil {
		return r.Writer.Append(e, nil)
	}
	return r.Writer.Append(e, &d.Decision)
}

func (r recorder) Commit(u engine.Urgency) error { return r.Writer.Commit(journal.Level(u)) }

func (r recorder) Snapshot(k *engine.Kernel) error { return r.Rotate(k.Snapshot()) }

// market makes the feed.
func (b *bot) market() error {
	quotes, err := stream.Parse(exchange.UM, "btcusdt@bookTicker")
	if err != nil {
		return err
	}
	b.feed, err = market.New(market.Config{
		Instruments: b.ins, Streams: []stream.Stream{quotes},
		Socket: socket.Config{Hosts: map[stream.Route]string{stream.Public: "ws://" + b.terms.Streams + "/public"}},
		Sink:   func(e *exchange.Event) { b.loop.Take(e) },
	})
	return err
}

// startPlugin starts the strategy in a process of its own.
func (b *bot) startPlugin(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if b.plugin, err = host.Open(ctx, host.Spec{Path: self, Args: []string{"plugin"}}); err != nil {
		return err
	}
	live, err := b.plugin.Live(ctx, host.LiveConfig{
		Instruments: b.ins, ID: 1,
		Wish:  func(w host.Wishes) { b.loop.Wish(engine.Wishes{Intents: w.Intents, Timers: w.Timers}) },
		Ended: func(err error) { fmt.Fprintln(os.Stderr, "plugin:", err) },
	})
	b.live.Store(live)
	return err
}

// Deliver is the strategy's: it answers a quote here, or in its process.
func (b *bot) Deliver(e *exchange.Event, w *engine.Wishes) error {
	if b.terms.Plugin {
		if live := b.live.Load(); live.Wants(e) {
			live.Deliver(e)
		}
		return nil
	}
	if e.Kind == exchange.KindBookTicker {
		b.sent++
		w.Intents = append(w.Intents, exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: b.sent, Request: exchange.OrderRequest{
			Inst: 1, Side: exchange.Buy, Type: exchange.Limit, TimeInForce: exchange.IOC, Qty: qty, Price: e.BookTicker().Bid,
		}})
	}
	return nil
}

func (b *bot) close() {
	if live := b.live.Load(); live != nil {
		live.Close()
		b.plugin.Close()
	}
	b.stop()
	b.running.Wait()
	_ = b.writer.Close()
}

var qty = exchange.MustFixed("0.001")

// taker is the strategy of the plugin.
type taker struct{ in *exchange.Instrument }

// Manifest says what the strategy is.
func (s *taker) Manifest() strategy.Manifest {
	return strategy.Manifest{
		Name: "taker", Version: "1.0.0", Summary: "answers each quote with an order",
		Products: []exchange.Product{exchange.UM}, OrderTypes: []exchange.OrderType{exchange.Limit},
	}
}

// Params are none.
func (s *taker) Params() any { return nil }

// Start subscribes to the quotes.
func (s *taker) Start(env *strategy.Env) error {
	in, err := env.Instrument(strategy.Symbol{Product: exchange.UM, Name: symbol})
	if err != nil {
		return err
	}
	s.in = in
	env.BookTickers(in)
	return nil
}

// OnBookTicker answers a quote.
func (s *taker) OnBookTicker(env *strategy.Env, in *exchange.Instrument, q exchange.BookTicker) {
	env.Send(strategy.Buy(in, qty).Limit(q.Bid).IOC())
}
