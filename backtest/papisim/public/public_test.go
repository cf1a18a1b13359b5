package public

import (
	"encoding/json"
	"flag"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew; read the diff before you commit it")

// begin is when the tests' markets open.
var begin = exchange.TimeOf(time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC))

// The instruments of the tests, in this order.
const (
	umBTC exchange.InstrumentID = iota + 1
	umETH
	cmPerp
	cmQuarter
	spotBTC
)

// listed are the tests' instruments.
func listed(t testing.TB) *exchange.Instruments {
	t.Helper()
	fixed := exchange.MustFixed
	futures := func(p exchange.Product, base, symbol, pair, quote, margin, tick, step string) exchange.Instrument {
		return exchange.Instrument{
			Product: p, Symbol: symbol, Pair: pair, Base: base, Quote: quote, MarginAsset: margin, ContractType: "PERPETUAL",
			Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Onboard: exchange.Millis(1_567_965_300_000),
			PriceMin: fixed("556.8"), PriceMax: fixed("4529764"), Tick: fixed(tick),
			Lot:       exchange.Lot{Min: fixed(step), Max: fixed("1000"), Step: fixed(step)},
			MarketLot: exchange.Lot{Min: fixed(step), Max: fixed("120"), Step: fixed(step)},
			PercentUp: fixed("1.05"), PercentDown: fixed("0.95"), OrdersMax: 200, TriggerProtect: fixed("0.05"),
			LiquidationFee: fixed("0.0125"), MarketTakeBound: fixed("0.05"),
			OrderTypes: []exchange.OrderType{exchange.Limit, exchange.Market}, TimesInForce: []exchange.TimeInForce{exchange.GTC, exchange.GTX},
		}
	}
	btc, eth := futures(exchange.UM, "BTC", "BTCUSDT", "BTCUSDT", "USDT", "USDT", "0.1", "0.001"), futures(exchange.UM, "ETH", "ETHUSDT", "ETHUSDT", "USDT", "USDT", "0.01", "0.001")
	btc.NotionalMin, eth.NotionalMin = fixed("50"), fixed("20")
	perp, quarter := futures(exchange.CM, "BTC", "BTCUSD_PERP", "BTCUSD", "USD", "BTC", "0.1", "1"), futures(exchange.CM, "BTC", "BTCUSD_261225", "BTCUSD", "USD", "BTC", "0.1", "1")
	perp.ContractSize, quarter.ContractSize, perp.AlgoOrdersMax, quarter.AlgoOrdersMax = fixed("100"), fixed("100"), 20, 20
	quarter.ContractType, quarter.Delivery = "CURRENT_QUARTER", exchange.Millis(1_798_185_600_000)
	spot := futures(exchange.Margin, "BTC", "BTCUSDT", "BTCUSDT", "USDT", "USDT", "0.01", "0.00001")
	spot.ContractType, spot.NotionalMin, spot.AlgoOrdersMax = "", fixed("5"), 5
	ins, err := exchange.NewInstruments(btc, eth, perp, quarter, spot)
	if err != nil {
		t.Fatal(err)
	}
	return ins
}

// generated is a market of those instruments.
func generated(t testing.TB, ins *exchange.Instruments) *market.Ticks {
	t.Helper()
	spec := market.TickSpec{Seed: 7, Start: begin, Step: 100 * time.Millisecond, Levels: 25, Liquidations: 3600}
	for i := range ins.Len() {
		spec.Legs = append(spec.Legs, ins.At(exchange.InstrumentID(i+1)))
	}
	m, err := market.NewTicks(spec)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// play shows a service a generated market for some time, and every event to see, before the
// service has it.
func play(t testing.TB, s *Service, m *market.Ticks, until exchange.Time, see func(*exchange.Event)) {
	t.Helper()
	buf := make([]exchange.Event, m.InstantMax())
	for {
		n, err := m.Next(buf)
		if err != nil {
			t.Fatal(err)
		}
		for i := range buf[:n] {
			e := &buf[i]
			for s.Due() <= e.At {
				s.Pass(s.Due())
			}
			if see != nil {
				see(e)
			}
			s.Market(e)
		}
		if buf[n-1].At >= until {
			return
		}
	}
}

// ask asks an endpoint: its answer as JSON, or "ERROR CODE MESSAGE".
func ask(t testing.TB, s *Service, path string, at exchange.Time) string {
	t.Helper()
	path, onDapi := strings.CutPrefix(path, "dapi.binance.com") // where the path is fapi's, too
	path, query, _ := strings.Cut(path, "?")
	params, wrong := web.ReadParams(query, "")
	if wrong != nil {
		t.Fatal(wrong)
	}
	routes := s.Routes()
	i := slices.IndexFunc(routes, func(r web.Route) bool {
		return r.Path == path && (r.Host == web.DAPI || !onDapi)
	})
	if i < 0 {
		t.Fatalf("no route %s", path)
	}
	v, wrong := routes[i].Serve(&web.Call{Params: params, At: at, Clock: at, Header: http.Header{}})
	if wrong != nil {
		return "ERROR " + wrong.Error()
	}
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// allStreams are the names of all kinds of streams that deliver.
func allStreams() []Key {
	var list []Key
	for _, name := range []string{
		"btcusdt@aggTrade", "btcusdt@trade", "btcusdt@markPrice", "btcusdt@markPrice@1s", "!markPrice@arr", "!markPrice@arr@1s", "btcusdt@kline_1m",
		"btcusdt_perpetual@continuousKline_1m", "btcusdt@miniTicker", "!miniTicker@arr", "btcusdt@ticker", "!ticker@arr", "btcusdt@bookTicker",
		"!bookTicker", "btcusdt@depth5@100ms", "btcusdt@depth20", "btcusdt@depth", "btcusdt@depth@100ms", "btcusdt@depth@500ms", "btcusdt@depth@0ms",
		"btcusdt@compositeIndex", "tradingSession", "btcusdt@rpiDepth@500ms", "btcusdt@forceOrder", "!forceOrder@arr", "!contractInfo", "!assetIndex@arr", "btcusd@assetIndex",
		"btcusd_perp@aggTrade", "btcusd_perp@trade", "btcusd_perp@markPrice@1s", "btcusd_261225@markPrice@1s", "btcusd@markPrice", "btcusd@markPrice@1s",
		"btcusd_perp@kline_1m", "btcusd_current_quarter@continuousKline_1m", "btcusd@indexPrice", "btcusd@indexPriceKline_1m",
		"btcusd_perp@markPriceKline_1m", "btcusd_perp@miniTicker", "btcusd_perp@ticker", "btcusd_perp@bookTicker", "btcusd_perp@depth10@500ms",
		"btcusd_perp@depth@100ms", "btcusd_perp@forceOrder",
	} {
		list = append(list, Key{Futures, name})
	}
	for _, name := range []string{
		"btcusdt@aggTrade", "btcusdt@trade", "btcusdt@kline_1m", "btcusdt@miniTicker", "!miniTicker@arr", "btcusdt@ticker", "!ticker@arr",
		"btcusdt@bookTicker", "btcusdt@avgPrice", "btcusdt@depth5", "btcusdt@depth20@100ms", "btcusdt@depth", "btcusdt@depth@100ms",
	} {
		list = append(list, Key{Spot, name})
	}
	return list
}

// TestNames refuses names that Binance does not have.
func TestNames(t *testing.T) {
	s := New(listed(t))
	for _, k := range allStreams() {
		if _, ok := s.parse(k); !ok {
			t.Errorf("%v is none", k)
		}
	}
	for _, name := range []string{
		"", "@", "BTCUSDT@aggTrade", "btcusdt@AggTrade", "btcusdt", "dogeusdt@aggTrade", "btcusdt@kline_1s", "btcusdt@kline_1", "btcusdt@kline_1m@x",
		"btcusdt@depth7", "btcusdt@depth5@0ms", "btcusd_perp@compositeIndex", "btcusd@compositeIndex", "!tradingSession", "btcusdt@depth@1s", "btcusdt@rpiDepth", "btcusd_perp@rpiDepth@500ms", "btcusdt@markPriceKline_1m",
		"btcusdt@indexPrice", "btcusd@indexPrice@1s", "btcusdt@markPrice@2s", "btcusd_next_quarter@continuousKline_1m", "btcusdt@continuousKline_1m", "!ticker",
		"!bookTicker@arr", "btcusdt@ticker@1s", "btcusdt@assetIndex",
	} {
		if sub, ok := s.parse(Key{Futures, name}); ok {
			t.Errorf("%q is %v", name, sub.kind)
		}
	}
}

// TestWays lists where each stream delivers: what is asked for elsewhere is silent.
func TestWays(t *testing.T) {
	s := New(listed(t))
	for _, test := range []struct {
		name string
		want string // P public, M market, C dstream, S spot
	}{
		{"btcusdt@aggTrade", "MS"}, {"btcusdt@trade", "PS"}, {"btcusdt@bookTicker", "PS"}, {"btcusdt@depth@100ms", "PS"}, {"btcusdt@depth20", "PS"},
		{"btcusdt@depth@500ms", "P"}, {"btcusdt@rpiDepth@500ms", "P"}, {"btcusdt@markPrice@1s", "MC"}, {"btcusdt@kline_1m", "MCS"},
		{"btcusdt_perpetual@continuousKline_1m", "MC"}, {"btcusdt@ticker", "MS"}, {"btcusdt@forceOrder", "M"},
		{"btcusd_perp@aggTrade", "C"}, {"btcusd_perp@depth@100ms", "C"}, {"btcusd_perp@bookTicker", "C"}, {"btcusd_perp@markPrice@1s", "MC"},
		{"btcusd_perp@kline_1m", "MC"}, {"btcusd_perp@markPriceKline_1m", "C"}, {"btcusd@indexPrice", "C"}, {"btcusd@indexPriceKline_1m", "C"},
		{"!bookTicker", "PC"}, {"!ticker@arr", "MCS"}, {"!miniTicker@arr", "MCS"}, {"!markPrice@arr", "MC"}, {"!forceOrder@arr", "MC"},
		{"!contractInfo", "MC"}, {"!assetIndex@arr", "MC"}, {"btcusd@markPrice", "C"},
	} {
		got := ""
		for i, w := range []Way{WayPublic, WayMarket, WayCoin, WaySpot} {
			if s.Carries(w, test.name) {
				got += "PMCS"[i : i+1]
			}
		}
		if got != test.want {
			t.Errorf("%s delivers on %s, want %s", test.name, got, test.want)
		}
	}
}

// FuzzNames reads what a client may ask for: never a panic, and what delivers can be listened
// to and left again.
func FuzzNames(f *testing.F) {
	for _, k := range allStreams() {
		f.Add(uint8(k.Universe), k.Name)
	}
	f.Fuzz(func(t *testing.T, way uint8, name string) {
		s := New(listed(t))
		w := Way(way%4 + 1)
		key := KeyOn(w, name)
		if _, ok := s.parse(key); !ok && s.Carries(w, name) {
			t.Errorf("%q is carried and does not exist", name)
		}
		s.Listen(key, begin)
		s.Pass(begin.Add(10 * time.Second))
		s.Leave(key)
		if len(s.streams) != 0 || s.Due() != exchange.Never {
			t.Errorf("%q is still listened to", name)
		}
	})
}
