package papi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/wire"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// TestSim lets the typed calls speak to papisim, which reads the same reference on its own:
// what one writes the other must read.

// exchangeOf is a client whose requests go straight to a simulated exchange.
type exchangeOf struct {
	*Client
	t   *testing.T
	sim *papisim.Sim
	// used is what has been asked for.
	used map[endpoint]bool
}

func (x *exchangeOf) RoundTrip(r *http.Request) (*http.Response, error) {
	for ep := range endpoints {
		if ep.spec().method == r.Method && ep.spec().path == r.URL.Path {
			x.used[ep] = true
		}
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), r.Body)
	in.Header, in.ContentLength = r.Header.Clone(), r.ContentLength
	w := httptest.NewRecorder()
	x.sim.ServeHTTP(w, in)
	return w.Result(), nil
}

// write sends a write as it would be sent with an approval.
func (x *exchangeOf) write(ep endpoint, q *query) (status int, body []byte) {
	x.t.Helper()
	if err := x.keepTime(x.t.Context(), ep.spec()); err != nil {
		x.t.Fatal(err)
	}
	b, _, err := x.build(ep.spec(), q)
	if err != nil {
		x.t.Fatal(err)
	}
	a, err := x.servers[ep.spec().host].line.Do(x.t.Context(), &wire.Request{Bytes: b})
	if err != nil {
		x.t.Fatal(err)
	}
	return a.Status, a.Body
}

// sent is a write that must succeed, and its answer.
func sent[A any](x *exchangeOf, ep endpoint, q *query) A {
	x.t.Helper()
	var a A
	status, body := x.write(ep, q)
	if status != http.StatusOK {
		x.t.Errorf("%v %s: HTTP %d %s", ep, q.buf, status, body)
	} else if err := decode(body, &a); err != nil {
		x.t.Errorf("%v %s: %v in %s", ep, q.buf, err, body)
	}
	return a
}

// asked is a read or cancel that must succeed, and one entry at least if it is a list.
func asked[A any](x *exchangeOf) func(A, error) A {
	return func(a A, err error) A {
		x.t.Helper()
		if err != nil {
			x.t.Error(err)
		}
		return a
	}
}

func some[T any](x *exchangeOf) func([]T, error) []T {
	return func(list []T, err error) []T {
		x.t.Helper()
		if err != nil || len(list) == 0 {
			x.t.Errorf("%T: %d entries, %v", list, len(list), err)
		}
		return list
	}
}

// pass lets time pass, in the bubble.
func (x *exchangeOf) pass(d time.Duration) { <-time.After(d) }

func (x *exchangeOf) same(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Error(err)
	}
}

// onSim runs a test on a simulated exchange in a bubble of virtual time.
func onSim(t *testing.T, used map[endpoint]bool, test func(ctx context.Context, x *exchangeOf)) {
	synctest.Test(t, func(t *testing.T) {
		x := &exchangeOf{t: t, used: used}
		var err error
		if x.sim, err = papisim.New(simConfig(t)); err != nil {
			t.Fatal(err)
		}
		if x.Client, err = New(Config{Key: NewSecret("simKey"), Secret: NewSecret("simSecret"), Transport: x}); err != nil {
			t.Fatal(err)
		}
		x.pass(time.Second) // the market opens
		test(t.Context(), x)
	})
}

var simStart = exchange.TimeOf(time.Date(2026, 11, 2, 7, 59, 0, 0, time.UTC))

func simConfig(t *testing.T) papisim.Config {
	instrument := func(p exchange.Product, symbol, quote, asset, tick, step, size string) exchange.Instrument {
		f := exchange.MustFixed
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
	amount := decimal.NewFromInt(1_000_000)
	fees := venue.Fees{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	return papisim.Config{
		Venue: venue.Config{
			Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1, UM: fees, CM: fees, Margin: fees,
			Balances: []venue.Balance{
				{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: amount}, {Wallet: exchange.WalletMargin, Asset: "BNB", Amount: amount},
				{Wallet: exchange.WalletUM, Asset: "USDT", Amount: amount}, {Wallet: exchange.WalletCM, Asset: "BTC", Amount: decimal.NewFromInt(10)},
			},
		},
		Source: &simMarket{at: simStart}, Start: simStart, Speed: 1,
		Keys: []papisim.Key{{
			ID: "simKey", Secret: "simSecret", Created: simStart - exchange.Time(time.Hour),
			Permissions: papisim.Permissions{Reading: true, PortfolioMargin: true, Margin: true},
		}},
		Account: papisim.AccountType{Kind: "PM_2", Activated: simStart - exchange.Time(2*time.Hour)},
	}
}

// simMarket is one index, mark, book and trade of each instrument, a second apart.
type simMarket struct {
	at   exchange.Time
	told bool
}

func (m *simMarket) Next(buf []exchange.Event) (int, error) {
	if m.told {
		return 0, io.EOF
	}
	m.told = true
	f := exchange.MustFixed
	var events []exchange.Event
	add := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: m.at + tick, Exchange: m.at + tick, Inst: inst}
		set(&e)
		events = append(events, e)
	}
	for _, index := range [][2]string{{"USDT", "1"}, {"USDC", "1"}, {"BTC", "60000"}, {"BNB", "600"}} {
		add(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: index[0], Price: f(index[1])}) })
	}
	for inst := exchange.InstrumentID(1); inst <= 3; inst++ {
		if inst < 3 {
			add(inst, func(e *exchange.Event) {
				e.SetMark(exchange.Mark{Price: f("60000"), Index: f("60000"), Rate: f("0.0001"), NextFunding: m.at + exchange.Time(time.Minute)})
			})
		}
		add(inst, func(e *exchange.Event) {
			e.SetDepth(&exchange.Depth{
				Last: 1, Snapshot: true,
				Bids: []exchange.Level{{Price: f("59999"), Qty: f("500")}}, Asks: []exchange.Level{{Price: f("60001"), Qty: f("500")}},
			})
		})
		add(inst, func(e *exchange.Event) {
			e.SetTrade(exchange.Trade{Price: f("60000"), Qty: f("1"), ID: 1, First: 1, Last: 1})
		})
	}
	return copy(buf, events), nil
}
