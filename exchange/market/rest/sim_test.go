package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
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

// load asks fapi and dapi for three times what they give, every 100 ms. Half of it is what
// can wait, half is not.
func (s *onSimulator) load(ctx context.Context, length time.Duration, judge func(error)) {
	for end := time.Now().Add(length); time.Now().Before(end); pass(100 * time.Millisecond) {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		_, _, err := s.BookTickers(short, exchange.UM, "")
		judge(err)
		_, _, err = s.Klines(short, exchange.CM, KlinesQuery{Symbol: "BTCUSD_PERP", Interval: "1m", Limit: 99})
		judge(err)
		_, _, err = s.Depth(short, exchange.UM, "BTCUSDT", 50)
		judge(err)
		_, _, err = s.Depth(short, exchange.CM, "BTCUSD_PERP", 100)
		judge(err)
		cancel()
	}
}

// TestSimLimits asks fapi and dapi for three times what they give, for five minutes of
// virtual time, and while another process draws on the same address. As the simulated
// exchange counts, which was written apart, the share of 80% of 2400 is not exceeded, and no
// answer is a 429.
func TestSimLimits(t *testing.T) {
	for _, other := range []int{0, 6} {
		t.Run(fmt.Sprint("another process of ", other*100, " a minute"), func(t *testing.T) {
			onSim(t, time.Hour+17*time.Second, func(ctx context.Context, s *onSimulator) {
				sent, refused, foreign := 0, 0, 0
				s.load(ctx, 5*time.Minute, func(err error) {
					switch {
					case err == nil:
						sent++
					case errors.Is(err, ErrLimited):
						refused++
					default:
						t.Fatal(err)
					}
					if foreign++; foreign%4 == 0 && foreign/4%6 == 0 { // every 600 ms
						for range other {
							r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://dapi.binance.com/dapi/v1/ping", nil)
							if w, err := s.RoundTrip(r); err == nil {
								_ = w.Body.Close()
							}
						}
					}
				})
				s.check(t, sent, refused, 100*other)
			})
		})
	}
}

// check holds what was used in each minute: no more than the share, and what the other process
// goes on to use when nothing more is sent here.
func (s *onSimulator) check(t *testing.T, sent, refused, foreign int) {
	t.Helper()
	minutes := make([]int64, 0, len(s.used))
	for m := range s.used {
		minutes = append(minutes, m)
	}
	slices.Sort(minutes)
	for i, m := range minutes {
		t.Logf("minute %d: weight %d of 2400", i, s.used[m])
		if s.used[m] > 1920+foreign*3/4 {
			t.Errorf("minute %d uses %d, and 80%% are 1920", i, s.used[m])
		}
		if i > 0 && i < len(minutes)-1 && s.used[m] < 1700 {
			t.Errorf("minute %d uses %d, less than there is", i, s.used[m])
		}
	}
	t.Logf("%d sent, %d refused here, %d answers 429 or 418", sent, refused, s.limited)
	if s.limited > 0 || refused < sent || len(minutes) < 6 {
		t.Errorf("%d sent, %d refused, %d limited, %d minutes", sent, refused, s.limited, len(minutes))
	}
}

// TestSimQueue lets many who wait for as long as it takes have their snapshots: 36,000 of
// weight, with the clock and exchangeInfo asked for in between. All are served, none too many
// in a minute.
func TestSimQueue(t *testing.T) {
	onSim(t, time.Hour, func(ctx context.Context, s *onSimulator) {
		var wg sync.WaitGroup
		for i := range 300 {
			p := []exchange.Product{exchange.UM, exchange.CM}[i%2]
			wg.Go(func() {
				for range 6 {
					if _, _, err := s.Depth(ctx, p, simSymbols[p], 1000); err != nil {
						t.Error(err)
					}
				}
			})
		}
		start := time.Now()
		for range 10 {
			pass(time.Minute)
			if _, err := s.MeasureClock(ctx); err != nil {
				t.Error(err)
			}
			if _, _, err := s.ExchangeInfo(ctx, exchange.UM); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		t.Logf("36,000 of weight in %v", time.Since(start))
		for m, used := range s.used {
			if used > 1920 {
				t.Errorf("minute %d uses %d", m, used)
			}
		}
		if s.limited > 0 || len(s.used) < 19 || len(s.used) > 22 {
			t.Errorf("%d limited, %d minutes", s.limited, len(s.used))
		}
	})
}

// TestSimLimitsWithoutBudget sends the same load as it comes: 429, then a ban.
func TestSimLimitsWithoutBudget(t *testing.T) {
	onSim(t, time.Hour, func(ctx context.Context, s *onSimulator) {
		limited, banned := 0, 0
		for range 600 {
			for _, e := range []*endpoint{find(exchange.UM, "ticker/bookTicker"), find(exchange.CM, "premiumIndex")} {
				_, _, err := s.send(ctx, e, s.bases[e.product]+e.path)
				if errors.Is(err, ErrBanned) {
					banned++
				} else if errors.Is(err, ErrLimited) {
					limited++
				}
			}
			pass(100 * time.Millisecond)
		}
		t.Logf("%d answers 429, %d answers 418", limited, banned)
		if limited == 0 || banned < limited {
			t.Errorf("%d answers 429, %d answers 418", limited, banned)
		}
	})
}

// collect gathers what an iterator gives until an error.
func collect[T any](t *testing.T, rows iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
	return list
}

// TestSimPages holds that any window and any size of page give each row once: trades against
// what the market was made of, candles and fundings against one answer that has them all.
func TestSimPages(t *testing.T) {
	onSim(t, 24*time.Hour, func(ctx context.Context, s *onSimulator) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
			s.pages(ctx, t, p, rng)
		}
	})
}

func (s *onSimulator) pages(ctx context.Context, t *testing.T, p exchange.Product, rng *rand.Rand) {
	all, _, err := s.Klines(ctx, p, KlinesQuery{Symbol: simSymbols[p], Interval: "1m", Limit: 1000})
	if err != nil || len(all) != 1000 || all[999].Closed || !all[998].Closed {
		t.Fatalf("%v: %d candles, %v", p, len(all), err)
	}
	span := func() (from, to exchange.Time) {
		from = all[rng.IntN(990)].Start.Add(time.Duration(rng.IntN(60)-30) * time.Second)
		return from, from.Add(time.Duration(rng.Int64N(int64(all[998].Start.Sub(from)))) + time.Millisecond).Floor(time.Millisecond)
	}
	for range 25 {
		from, to := span()
		limit := 20 + rng.IntN(500)
		var want []exchange.Time
		for _, k := range all[:999] {
			if from <= k.Start && k.Start <= to {
				want = append(want, k.Start)
			}
		}
		var got []exchange.Time
		for _, k := range collect(t, s.EachKline(ctx, p, KlinesQuery{Symbol: simSymbols[p], Interval: "1m", From: from, To: to, Limit: limit})) {
			got = append(got, k.Start)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v candles from %v to %v by %d: %d, want %d", p, from, to, limit, len(got), len(want))
		}
		s.tradePages(ctx, t, p, from, to, limit)
		if p != exchange.Margin {
			s.fundingPages(ctx, t, p, from, to, 1+rng.IntN(6))
		}
	}
	var last Kline
	for k, err := range s.EachKline(ctx, p, KlinesQuery{Symbol: simSymbols[p], Interval: "1m", From: all[900].Start}) {
		if err != nil || !k.Closed {
			t.Fatalf("%v: %+v, %v", p, k, err)
		}
		last = k
	}
	if age := s.ServerTime().Sub(last.End); age < 0 || age > time.Minute {
		t.Errorf("%v: the last candle ended %v ago", p, age)
	}
}

func (s *onSimulator) tradePages(ctx context.Context, t *testing.T, p exchange.Product, from, to exchange.Time, limit int) {
	t.Helper()
	want := 0
	for _, e := range s.market.trades[p] {
		if at := e.At.Floor(time.Millisecond); from <= at && at <= to {
			want++
		}
	}
	list := collect(t, s.EachAggTrade(ctx, p, simSymbols[p], from, to, limit))
	for i, trade := range list {
		if i > 0 && trade.ID != list[i-1].ID+1 || trade.Time < from || trade.Time > to {
			t.Fatalf("%v trade %d from %v to %v by %d: %+v", p, i, from, to, limit, trade)
		}
	}
	if len(list) != want {
		t.Fatalf("%v trades from %v to %v by %d: %d, want %d", p, from, to, limit, len(list), want)
	}
}

func (s *onSimulator) fundingPages(ctx context.Context, t *testing.T, p exchange.Product, from, to exchange.Time, limit int) {
	t.Helper()
	all, _, err := s.FundingRates(ctx, p, FundingQuery{Symbol: simSymbols[p], Limit: 1000})
	if err != nil || len(all) < 20 {
		t.Fatalf("%v: %d fundings, %v", p, len(all), err)
	}
	var want, got []exchange.Time
	for _, f := range all {
		if from <= f.Published && f.Published <= to {
			want = append(want, f.At)
		}
	}
	for i, f := range collect(t, s.EachFundingRate(ctx, p, simSymbols[p], from, to, limit)) {
		got = append(got, f.At)
		if f.At%exchange.Time(time.Hour) != 0 || i > 0 && f.Interval != time.Hour {
			t.Errorf("%v: %+v", p, f)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v fundings from %v to %v by %d: %v, want %v", p, from, to, limit, got, want)
	}
}
