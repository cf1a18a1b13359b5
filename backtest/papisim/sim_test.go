package papisim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew; read the diff before you commit it")

// The instruments of the tests' exchange, in this order.
const (
	umBTC exchange.InstrumentID = iota + 1
	umETH
	cmBTC
	spotBTC
	spotETH
	spotBNB
	umLTC // does not trade
	umXRP // has minimums and steps that are no powers of ten
)

// The tests' API key, which may do everything but withdraw, and its secret. Binance's have
// 64 characters.
var (
	testKey    = strings.Repeat("testKey0", 8)
	testSecret = strings.Repeat("testSecret012345", 4)
)

// testStart is when the tests' exchange opens.
var testStart = exchange.TimeOf(time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC))

// inSim runs a test with an exchange of its own in a bubble of virtual time: it passes only
// while the test waits, so that answers can be compared to the byte.
func inSim(t *testing.T, test func(t *testing.T, s *testSim), change ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newTestSim(t, change...)) })
}

// testSim is an exchange of a few instruments whose market the test makes by hand, and a
// small client of it.
type testSim struct {
	*Sim
	t       testing.TB
	lastSeq int64
	id      string            // of the last answer that has one
	dialer  *websocket.Dialer // of websockets, once it is served
}

// newTestSim makes an exchange with what testConfig says, after changes, and shows it one
// price of each instrument: 60,000 for a bitcoin, 3,000 for an ether, 600 for a BNB, 0.5 for
// an XRP.
func newTestSim(t testing.TB, change ...func(*Config)) *testSim {
	t.Helper()
	c := testConfig(t)
	for _, f := range change {
		f(&c)
	}
	sim, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &testSim{Sim: sim, t: t}
	for _, index := range [...][2]string{{"USDT", "1"}, {"USDC", "1"}, {"BTC", "60000"}, {"ETH", "3000"}, {"BNB", "600"}} {
		s.index(index[0], index[1])
	}
	for _, inst := range [...]exchange.InstrumentID{umBTC, umETH, cmBTC, spotBTC, spotETH, spotBNB, umXRP} {
		price := map[string]string{"BTC": "60000", "ETH": "3000", "BNB": "600", "XRP": "0.5"}[s.ins.At(inst).Base]
		if s.ins.At(inst).Product != exchange.Margin {
			s.mark(inst, price)
		}
		s.trade(inst, price, "0.001")
	}
	return s
}

// testConfig is an exchange with UM, CM and margin instruments, 100,000 USDT and 1 BTC in the
// margin wallet, 50,000 USDT in UM's and 1 BTC in CM's, fees and no slippage.
func testConfig(t testing.TB) Config {
	t.Helper()
	fixed, money := exchange.MustFixed, decimal.RequireFromString
	ins, err := exchange.NewInstruments(
		testFutures(exchange.UM, "BTC", "0.1", "0.001"), testFutures(exchange.UM, "ETH", "0.01", "0.001"), testFutures(exchange.CM, "BTC", "0.1", "1"),
		testPair("BTC", "0.01", "0.00001"), testPair("ETH", "0.01", "0.0001"), testPair("BNB", "0.01", "0.001"),
		func() exchange.Instrument {
			in := testFutures(exchange.UM, "LTC", "0.01", "0.001")
			in.Status = "SETTLING"
			return in
		}(),
		func() exchange.Instrument {
			in := testFutures(exchange.UM, "XRP", "0.0005", "5")
			in.PriceMin, in.Lot.Min, in.Lot.Max, in.MarketLot = fixed("0.01"), fixed("10"), fixed("100000"), exchange.Lot{}
			return in
		}(),
	)
	if err != nil {
		t.Fatal(err)
	}
	tables := margin.Assumed()
	tables.UM["LTCUSDT"], tables.UM["XRPUSDT"] = tables.UM["ETHUSDT"], tables.UM["ETHUSDT"]
	return Config{
		Venue: venue.Config{
			Instruments: ins, Tables: tables, Leverage: 20, Seed: 1,
			UM: venue.Fees{Maker: fixed("0.0002"), Taker: fixed("0.0005")}, CM: venue.Fees{Maker: fixed("0.0001"), Taker: fixed("0.0005")},
			Margin: venue.Fees{Maker: fixed("0.001"), Taker: fixed("0.001")},
			Balances: []venue.Balance{
				{Wallet: exchange.WalletMargin, Asset: "USDT", Amount: money("100000")}, {Wallet: exchange.WalletMargin, Asset: "BTC", Amount: money("1")},
				{Wallet: exchange.WalletUM, Asset: "USDT", Amount: money("50000")}, {Wallet: exchange.WalletCM, Asset: "BTC", Amount: money("1")},
			},
		},
		Source: noMarket{}, Start: testStart, Speed: 1,
		Keys: []Key{{
			ID: testKey, Secret: testSecret, Created: testStart - exchange.Time(time.Hour),
			Permissions: Permissions{Reading: true, PortfolioMargin: true, Margin: true},
		}},
		Account: AccountType{Kind: "PM_2", Activated: testStart - exchange.Time(2*time.Hour)},
	}
}

func testFutures(p exchange.Product, base, tick, step string) exchange.Instrument {
	fixed := exchange.MustFixed
	in := exchange.Instrument{
		Product: p, Base: base, Status: exchange.StatusTrading, ContractType: "PERPETUAL", ContractSize: exchange.FixedOne,
		PriceMin: fixed(tick), PriceMax: fixed("1000000"), Tick: fixed(tick),
		Lot:       exchange.Lot{Min: fixed(step), Max: fixed("1000"), Step: fixed(step)},
		MarketLot: exchange.Lot{Min: fixed(step), Max: fixed("120"), Step: fixed(step)},
		PercentUp: fixed("1.05"), PercentDown: fixed("0.95"),
		OrdersMax: 200, TriggerProtect: fixed("0.05"), LiquidationFee: fixed("0.0125"), MarketTakeBound: fixed("0.05"),
	}
	in.Symbol, in.Quote, in.MarginAsset, in.NotionalMin = base+"USDT", "USDT", "USDT", fixed("5")
	in.Pair = in.Symbol
	if p == exchange.CM {
		in.Symbol, in.Pair, in.Quote, in.MarginAsset, in.NotionalMin = base+"USD_PERP", base+"USD", "USD", base, 0
		in.ContractSize = fixed("100")
	}
	return in
}

func testPair(base, tick, step string) exchange.Instrument {
	fixed := exchange.MustFixed
	return exchange.Instrument{
		Product: exchange.Margin, Symbol: base + "USDT", Pair: base + "USDT", Base: base, Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne,
		PriceMin: fixed(tick), PriceMax: fixed("1000000"), Tick: fixed(tick),
		Lot:         exchange.Lot{Min: fixed(step), Max: fixed("9000"), Step: fixed(step)},
		NotionalMin: fixed("5"), PercentUp: fixed("5"), PercentDown: fixed("0.2"), OrdersMax: 200, AlgoOrdersMax: 5,
	}
}

// noMarket is a source without events: tests show theirs themselves.
type noMarket struct{}

func (noMarket) Next([]exchange.Event) (int, error) { return 0, io.EOF }

// call sends a request to papi, signed, and returns status and body. The parameters go in
// the query, as they are written.
func (s *testSim) call(method, path, params string) (int, string) {
	s.t.Helper()
	return s.send(method, path, params, true)
}

// send is call for any host that a path names, signed or with the key alone.
func (s *testSim) send(method, path, params string, signed bool) (int, string) {
	s.t.Helper()
	if signed {
		params, _ = s.signed(params, "")
	}
	r := httptest.NewRequest(method, path+"?"+params, nil)
	r.Header.Set("X-MBX-APIKEY", testKey)
	return s.do(r)
}

// signed adds timestamp and signature to the query, or to the body if there is one.
func (s *testSim) signed(query, body string) (string, string) {
	s.mu.Lock()
	now := s.clock.now().Millis()
	s.mu.Unlock()
	last := &query
	if body != "" {
		last = &body
	}
	*last = strings.TrimPrefix(*last+"&timestamp="+strconv.FormatInt(now, 10), "&")
	h := hmac.New(sha256.New, []byte(testSecret))
	io.WriteString(h, query+body)
	*last += "&signature=" + hex.EncodeToString(h.Sum(nil))
	return query, body
}

func (s *testSim) do(r *http.Request) (int, string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, strings.ReplaceAll(strings.TrimSpace(w.Body.String()), "\r", "")
}

// wait lets time pass at the exchange, in a bubble.
func (s *testSim) wait(d time.Duration) {
	s.t.Helper()
	<-time.After(d)
	if _, err := s.pass(); err != nil {
		s.t.Fatal(err)
	}
}

// show shows the exchange a market event of now.
func (s *testSim) show(e *exchange.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.At = s.clock.now()
	e.Exchange = e.At
	s.venue.Market(e)
	s.public.Market(e)
	s.collect()
	s.tell()
}

// index shows the index price of an asset.
func (s *testSim) index(asset, price string) {
	var e exchange.Event
	e.SetAssetIndex(&exchange.AssetIndex{Asset: asset, Price: exchange.MustFixed(price)})
	s.show(&e)
}

// mark shows a mark price, with the same index.
func (s *testSim) mark(inst exchange.InstrumentID, price string) {
	p := exchange.MustFixed(price)
	e := exchange.Event{Inst: inst}
	e.SetMark(exchange.Mark{Price: p, Index: p, Rate: exchange.MustFixed("0.0001"), NextFunding: testStart + exchange.Time(8*time.Hour)})
	s.show(&e)
}

// trade shows somebody's trade, in which the buyer was the aggressor.
func (s *testSim) trade(inst exchange.InstrumentID, price, qty string) {
	s.print(inst, price, qty, false)
}

// sold is trade with an aggressor who sold.
func (s *testSim) sold(inst exchange.InstrumentID, price, qty string) {
	s.print(inst, price, qty, true)
}

func (s *testSim) print(inst exchange.InstrumentID, price, qty string, sold bool) {
	s.lastSeq++
	e := exchange.Event{Inst: inst}
	e.SetTrade(exchange.Trade{
		Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty), ID: s.lastSeq, First: s.lastSeq, Last: s.lastSeq, BuyerMaker: sold,
	})
	s.show(&e)
}

// book shows what stands: levels as "PRICExQTY", the best first.
func (s *testSim) book(inst exchange.InstrumentID, bids, asks string) {
	s.lastSeq++
	e := exchange.Event{Inst: inst}
	e.SetDepth(&exchange.Depth{Last: s.lastSeq, Snapshot: true, Bids: testLevels(bids), Asks: testLevels(asks)})
	s.show(&e)
}

func testLevels(text string) []exchange.Level {
	var levels []exchange.Level
	for _, l := range strings.Fields(text) {
		price, qty, _ := strings.Cut(l, "x")
		levels = append(levels, exchange.Level{Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)})
	}
	return levels
}

func TestPing(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		if status, body := s.send("GET", "/papi/v1/ping", "", false); status != 200 || body != "{}" {
			t.Errorf("ping: %d %s", status, body)
		}
	})
}
