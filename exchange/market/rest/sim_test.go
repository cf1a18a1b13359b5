package rest

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// onSimulator is a client whose requests go straight to a simulated exchange.
type onSimulator struct {
	*Client
	sim    *papisim.Sim
	market *simMarket
	began  time.Time
	// The mutex is for tests that ask from many goroutines. used is the highest weight that the
	// exchange has told in a minute of its clock, and limited its answers of 429 and 418.
	mu      sync.Mutex
	used    map[int64]int
	limited int
}

// simStart is the exchange's time when a bubble begins, which is the year 2000 there.
var simStart = exchange.TimeOf(time.Date(2026, 11, 2, 7, 59, 0, 0, time.UTC))

// minute is that of the exchange's clock.
func (s *onSimulator) minute() int64 {
	return simStart.Add(time.Since(s.began)).Millis() / time.Minute.Milliseconds()
}

func (s *onSimulator) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), r.Body)
	in.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	s.sim.ServeHTTP(w, in)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, err := strconv.Atoi(w.Header().Get("X-Mbx-Used-Weight-1m")); err == nil && r.URL.Host != "api.binance.com" {
		s.used[s.minute()] = max(s.used[s.minute()], n)
	}
	if w.Code == http.StatusTooManyRequests || w.Code == http.StatusTeapot {
		s.limited++
	}
	return w.Result(), nil
}

// onSim runs a test on a simulated exchange whose market has gone on for a while, in a bubble
// of virtual time.
func onSim(t *testing.T, length time.Duration, test func(ctx context.Context, s *onSimulator)) {
	synctest.Test(t, func(t *testing.T) {
		s := &onSimulator{market: newSimMarket(length), began: time.Now(), used: map[int64]int{}}
		var err error
		if s.sim, err = papisim.New(simConfig(t, s.market)); err != nil {
			t.Fatal(err)
		}
		if s.Client, err = New(Config{Transport: s}); err != nil {
			t.Fatal(err)
		}
		pass(length)
		test(t.Context(), s)
	})
}

var simSymbols = [...]string{exchange.UM: "BTCUSDT", exchange.CM: "BTCUSD_PERP", exchange.Margin: "BTCUSDT"}

func simConfig(t *testing.T, market *simMarket) papisim.Config {
	instrument := func(p exchange.Product, quote, asset, step, size string) exchange.Instrument {
		f := exchange.MustFixed
		in := exchange.Instrument{
			Product: p, Symbol: simSymbols[p], Base: "BTC", Quote: quote, Pair: "BTC" + quote, MarginAsset: asset, Status: exchange.StatusTrading,
			ContractSize: f(size), Tick: f("0.1"), PriceMin: f("0.1"), PriceMax: f("1000000"), OrdersMax: 200,
			Lot: exchange.Lot{Min: f(step), Max: f("1000"), Step: f(step)},
		}
		if p != exchange.Margin {
			in.ContractType, in.MarketLot = "PERPETUAL", in.Lot
		}
		return in
	}
	ins, err := exchange.NewInstruments(
		instrument(exchange.UM, "USDT", "USDT", "0.001", "1"), instrument(exchange.CM, "USD", "BTC", "1", "100"),
		instrument(exchange.Margin, "USDT", "USDT", "0.001", "1"),
	)
	if err != nil {
		t.Fatal(err)
	}
	return papisim.Config{
		Venue: venue.Config{Instruments: ins, Tables: margin.Assumed(), Leverage: 20, Seed: 1}, Source: market, Start: simStart, Speed: 1,
	}
}

// simMarket is trades of all three instruments at odd times, some of them at one instant,
// marks, and fundings every hour.
type simMarket struct {
	events   []exchange.Event
	trades   [4][]exchange.Event
	fundings []exchange.Time
}

func newSimMarket(length time.Duration) *simMarket {
	m := &simMarket{}
	rng := rand.New(rand.NewPCG(7, 7))
	f := exchange.MustFixed
	at := simStart
	add := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: at, Exchange: at, Inst: inst}
		set(&e)
		m.events = append(m.events, e)
	}
	at = at.Add(time.Millisecond)
	for _, index := range [][2]string{{"USDT", "1"}, {"BTC", "60000"}} {
		add(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: index[0], Price: f(index[1])}) })
	}
	book := exchange.Depth{Last: 1, Snapshot: true, Bids: []exchange.Level{{Price: f("59999"), Qty: f("500")}}, Asks: []exchange.Level{{Price: f("60001"), Qty: f("500")}}}
	for inst := exchange.InstrumentID(1); inst <= 3; inst++ {
		add(inst, func(e *exchange.Event) { e.SetDepth(&book) })
	}
	var id [4]int64
	for end := simStart.Add(length); at < end; at = at.Add(time.Duration(rng.Int64N(20_000)) * time.Millisecond) {
		if hour := (at + exchange.Time(hour)).Floor(hour); len(m.fundings) == 0 || m.fundings[len(m.fundings)-1] < hour.Add(-time.Hour) {
			m.fundings = append(m.fundings, hour.Add(-time.Hour))
			for inst := exchange.InstrumentID(1); inst <= 2; inst++ {
				add(inst, func(e *exchange.Event) {
					e.SetMark(exchange.Mark{Price: f("60000"), Index: f("60000"), Rate: f("0.0001")})
				})
				add(inst, func(e *exchange.Event) { e.SetFunding(exchange.Funding{Rate: f("0.0001"), Mark: f("60000")}) })
			}
		}
		inst := exchange.InstrumentID(1 + rng.IntN(3))
		for range 1 + rng.IntN(3) {
			id[inst]++
			price := f("60000") + exchange.Fixed(rng.Int64N(2000)-1000)*f("0.1")
			add(inst, func(e *exchange.Event) {
				e.SetTrade(exchange.Trade{Price: price, Qty: f("1") * exchange.Fixed(1+rng.IntN(9)), ID: id[inst], First: id[inst], Last: id[inst]})
			})
			m.trades[inst] = append(m.trades[inst], m.events[len(m.events)-1])
		}
	}
	return m
}

func (m *simMarket) Next(buf []exchange.Event) (int, error) {
	n := copy(buf, m.events)
	m.events = m.events[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestSim asks the simulated exchange, which reads the same reference on its own, all that it
// serves: what one writes the other must read.
func TestSim(t *testing.T) {
	onSim(t, 2*time.Hour, func(ctx context.Context, s *onSimulator) {
		for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
			symbol := simSymbols[p]
			got := func(what string, n int, err error) {
				t.Helper()
				if err != nil || n == 0 {
					t.Errorf("%v %s: %d, %v", p, what, n, err)
				}
			}
			got("ping", 1, s.Ping(ctx, p))
			at, _, err := s.Time(ctx, p)
			got("time", int(at), err)
			list, _, err := s.ExchangeInfo(ctx, p)
			got("exchangeInfo", len(list), err)
			if len(list) != 1 || list[0].Symbol != symbol || list[0].Product != p {
				t.Errorf("%v: %+v", p, list)
			}
			book, _, err := s.Depth(ctx, p, symbol, 0)
			got("depth", len(book.Bids)+len(book.Asks), err)
			trades, _, err := s.Trades(ctx, p, symbol, 0)
			got("trades", len(trades), err)
			aggregates, _, err := s.AggTrades(ctx, p, AggTradesQuery{Symbol: symbol})
			got("aggTrades", len(aggregates), err)
			tickers, _, err := s.Tickers(ctx, p, symbol)
			got("ticker/24hr", len(tickers), err)
			prices, _, err := s.LastPrices(ctx, p, symbol)
			got("ticker/price", len(prices), err)
			bests, _, err := s.BookTickers(ctx, p, "")
			got("ticker/bookTicker", len(bests), err)
			candles, _, err := s.Klines(ctx, p, KlinesQuery{Symbol: symbol, Interval: "1m"})
			got("klines", len(candles), err)
			if p == exchange.Margin {
				continue
			}
			pair := list[0].Pair
			for _, q := range []KlinesQuery{{Kind: KlineContinuous, Symbol: pair, Contract: "PERPETUAL"}, {Kind: KlineIndex, Symbol: pair}, {Kind: KlineMark, Symbol: symbol}, {Kind: KlinePremium, Symbol: symbol}} {
				q.Interval = "5m"
				candles, _, err := s.Klines(ctx, p, q)
				got(q.Kind.String(), len(candles), err)
			}
			marks, _, err := s.MarkPrices(ctx, p, "")
			got("premiumIndex", len(marks), err)
			rates, _, err := s.FundingRates(ctx, p, FundingQuery{Symbol: symbol})
			got("fundingRate", len(rates), err)
			terms, _, err := s.FundingInfo(ctx, p)
			got("fundingInfo", len(terms), err)
			held, _, err := s.OpenInterest(ctx, p, symbol)
			got("openInterest", len(held.Symbol), err)
			index, _, err := s.Constituents(ctx, p, map[exchange.Product]string{exchange.UM: symbol, exchange.CM: pair}[p])
			got("constituents", len(index.Constituents), err)
		}
		indexes, _, err := s.AssetIndexes(ctx, "")
		rpi, _, rpiErr := s.RPIDepth(ctx, "BTCUSDT")
		if err != nil || rpiErr != nil || len(indexes) == 0 || len(rpi.Bids) == 0 {
			t.Errorf("%d indexes, %v; RPI depth %+v, %v", len(indexes), err, rpi, rpiErr)
		}
		if _, _, err := s.Depth(ctx, exchange.UM, "NOPE", 5); !errors.Is(err, ErrNoSymbol) {
			t.Errorf("a symbol that is not there: %v", err)
		}
		if _, _, err := s.Depth(ctx, exchange.UM, "BTCUSDT", 7); !errors.Is(err, ErrParameter) {
			t.Errorf("a depth of 7: %v", err)
		}
		for _, err := range s.EachAggTrade(ctx, exchange.UM, "BTCUSDT", s.ServerTime().Add(-49*time.Hour), 0, 0) {
			if !errors.Is(err, ErrTooOld) {
				t.Errorf("trades of 49 hours ago: %v", err)
			}
		}
		s.clock(t)
	})
}

// clock holds that the exchange's clock is known, though ours is 26 years behind it.
func (s *onSimulator) clock(t *testing.T) {
	t.Helper()
	if r := s.Clock(); r.Offset != simStart.Sub(exchange.TimeOf(s.began)) || r.RoundTrip != 0 {
		t.Errorf("the clock is off by %v: %+v", r.Offset-simStart.Sub(exchange.TimeOf(s.began)), r)
	}
}
