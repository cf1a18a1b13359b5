package stream_test

import (
	"testing"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// TestSimulatedExchange asks the simulated exchange, which has a table of its own, whether
// every stream delivers on its route, and on no other that leads to its own universe.
func TestSimulatedExchange(t *testing.T) {
	service := public.New(listed(t))
	ways := map[stream.Route]public.Way{
		stream.Public: public.WayPublic, stream.Market: public.WayMarket, stream.Coin: public.WayCoin, stream.Spot: public.WaySpot,
	}
	differ := map[string]bool{
		// The simulation has these on both futures hosts, which nobody documents.
		"CM !markPrice@arr": true, "CM !markPrice@arr@1s": true, "CM !assetIndex@arr": true, "CM btcusd@assetIndex": true,
		// It knows what is listed, and UM has no such symbol.
		"UM btcusd@markPrice": true, "UM btcusd@markPrice@1s": true,
		// It has no candles of a second.
		"MARGIN btcusdt@kline_1s": true,
	}
	asked := 0
	for _, name := range []string{
		"btcusdt@aggTrade", "btcusdt@trade", "btcusdt@bookTicker", "!bookTicker", "btcusdt@depth", "btcusdt@depth@100ms", "btcusdt@depth@500ms", "btcusdt@depth@0ms",
		"btcusdt@depth5", "btcusdt@depth10@100ms", "btcusdt@depth20@500ms", "btcusdt@rpiDepth@500ms", "btcusdt@markPrice", "btcusdt@markPrice@1s",
		"!markPrice@arr", "!markPrice@arr@1s", "btcusdt@kline_1m", "btcusdt@kline_1M", "btcusdt@kline_1s", "btcusdt_perpetual@continuousKline_1m",
		"btcusdt@miniTicker", "!miniTicker@arr", "btcusdt@ticker", "!ticker@arr", "btcusdt@forceOrder", "!forceOrder@arr", "!contractInfo",
		"!assetIndex@arr", "btcusd@assetIndex", "tradingSession", "btcusdt@compositeIndex", "btcusd_perp@aggTrade", "btcusd_perp@trade", "btcusd_perp@bookTicker", "btcusd_perp@depth@100ms",
		"btcusd_perp@depth20", "btcusd_perp@depth@0ms", "btcusdt@depth20@0ms", "btcusd_perp@markPrice@1s", "btcusd@markPrice", "btcusd@markPrice@1s", "btcusd_perp@kline_3d",
		"btcusd_perpetual@continuousKline_1h", "btcusd@indexPrice", "btcusd@indexPriceKline_1m", "btcusd_perp@markPriceKline_1m",
		"btcusd_perp@miniTicker", "btcusd_perp@ticker", "btcusd_perp@forceOrder",
		"BTCUSDT@aggTrade", "btcusdt@aggtrade", "btcusdt@depth@250ms", "btcusdt@depth7", "btcusdt@markPrice@3s", "btcusdt@orders", "!aggTrade",
		"btcusdt@rpiDepth", "btcusd@indexPrice@1s", "btcusdt@kline_7m", "btcusd_perp@rpiDepth@500ms",
	} {
		for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
			s, err := stream.Parse(p, name)
			if differ[s.String()] || err != nil && differ[p.String()+" "+name] {
				continue
			}
			for route, way := range ways {
				if route.Product() != p {
					continue
				}
				asked++
				if got, want := service.Carries(way, name), err == nil && s.Route() == route; got != want {
					t.Errorf("%s on %v: the simulation delivers: %v; here: %v, %v", name, route, got, s, err)
				}
			}
		}
	}
	t.Logf("%d questions", asked)
}

// listed are a contract of each futures product and a pair of spot.
func listed(t *testing.T) *exchange.Instruments {
	t.Helper()
	fixed := exchange.MustFixed
	one := func(p exchange.Product, symbol, pair, quote, margin string) exchange.Instrument {
		lot := exchange.Lot{Min: fixed("1"), Max: fixed("1000"), Step: fixed("1")}
		in := exchange.Instrument{
			Product: p, Symbol: symbol, Pair: pair, Base: "BTC", Quote: quote, MarginAsset: margin, Status: exchange.StatusTrading,
			ContractSize: exchange.FixedOne, PriceMin: fixed("0.1"), PriceMax: fixed("1000000"), Tick: fixed("0.1"), Lot: lot, MarketLot: lot,
			PercentUp: fixed("1.05"), PercentDown: fixed("0.95"), OrdersMax: 200, AlgoOrdersMax: 10,
		}
		if p != exchange.Margin {
			in.ContractType = "PERPETUAL"
		}
		return in
	}
	ins, err := exchange.NewInstruments(one(exchange.UM, "BTCUSDT", "BTCUSDT", "USDT", "USDT"),
		one(exchange.CM, "BTCUSD_PERP", "BTCUSD", "USD", "BTC"), one(exchange.Margin, "BTCUSDT", "BTCUSDT", "USDT", "USDT"))
	if err != nil {
		t.Fatal(err)
	}
	return ins
}
