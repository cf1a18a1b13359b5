package public

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// settled is a service that has seen some seconds of a market, and a settlement.
func settled(t *testing.T) (s *Service, now exchange.Time) {
	t.Helper()
	ins := listed(t)
	s, now = New(ins), begin.Add(30*time.Second)
	play(t, s, generated(t, ins), now, nil)
	for _, inst := range []exchange.InstrumentID{umBTC, umETH, cmPerp} {
		e := exchange.Event{At: now, Inst: inst}
		e.SetFunding(exchange.Funding{Rate: exchange.MustFixed("0.0001"), Mark: s.Mark(inst).Price, Interval: 4 * time.Hour, Special: inst == umETH})
		s.Market(&e)
	}
	return s, now
}

// TestRest asks what testdata/rest.txt asks; each line is a path, with its answer below.
func TestRest(t *testing.T) {
	s, now := settled(t)
	const file = "testdata/rest.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		out.WriteString(line + "\n")
		if strings.HasPrefix(line, "/") || strings.HasPrefix(line, "dapi.") {
			out.WriteString("  " + ask(t, s, line, now) + "\n")
		}
	}
	compare(t, file, out.String())
}

// TestRestFixtures compares the fields of answers and their types with Binance's.
func TestRestFixtures(t *testing.T) {
	s, now := settled(t)
	dated := *listed(t).At(cmQuarter)
	for _, status := range []string{"DELIVERED", exchange.StatusTrading} { // it has a price of delivery then, and others go on
		dated.Status = status
		s.Instrument(dated, now)
	}
	for _, test := range []struct{ file, path, younger string }{
		{"live_cm_rest_depth.json", "/dapi/v1/depth?symbol=BTCUSD_PERP", ""},
		{"live_cm_rest_fundingRate.json", "/dapi/v1/fundingRate?symbol=BTCUSD_PERP", ""},
		{"real2020_cm_aggTrades.json", "/dapi/v1/aggTrades?symbol=BTCUSD_PERP", ""},
		{"real2020_um_aggTrades.json", "/fapi/v1/aggTrades?symbol=BTCUSDT", "nq"},
		{"real2020_cm_premiumIndex_pair.json", "/dapi/v1/premiumIndex?pair=BTCUSD", ""},
		{"real2021_cm_ticker24hr.json", "/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP", ""},
		{"real2023_cm_klines_1d.json", "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1d", ""},
		{"real2023_cm_openInterest.json", "/dapi/v1/openInterest?symbol=BTCUSD_PERP", ""},
		{"real2023_cm_premiumIndex.json", "/dapi/v1/premiumIndex?symbol=BTCUSD_PERP", ""},
		{"real2023_cm_trades.json", "/dapi/v1/trades?symbol=BTCUSD_PERP", ""},
		{"real2023_um_klines_1d.json", "/fapi/v1/klines?symbol=BTCUSDT&interval=1d", ""},
		{"real2023_um_openInterest.json", "/fapi/v1/openInterest?symbol=BTCUSDT", ""},
		{"real2024_cm_rest_depth.json", "/dapi/v1/depth?symbol=BTCUSD_PERP", ""},
		{"real2024_um_rest_depth.json", "/fapi/v1/depth?symbol=BTCUSDT", ""},
		{"real2025_cm_exchangeInfo_subset.json", "/dapi/v1/exchangeInfo", "permissionSets permissionSets[]"},
		{"real2026_um_exchangeInfo_subset.json", "/fapi/v1/exchangeInfo", ""},
		{"real2026_um_premiumIndex_subset.json", "/fapi/v1/premiumIndex", ""},
		{"rest_um_24hr_ticker_price_change_statistics__1.json", "/fapi/v1/ticker/24hr?symbol=BTCUSDT", ""},
		{"rest_um_24hr_ticker_price_change_statistics__2.json", "/fapi/v1/ticker/24hr", ""},
		{"rest_um_compressed_aggregate_trades_list.json", "/fapi/v1/aggTrades?symbol=BTCUSDT", "nq"},
		{"rest_um_continuous_contract_kline_candlestick_data.json", "/fapi/v1/continuousKlines?pair=BTCUSDT&contractType=PERPETUAL&interval=1m", ""},
		{"rest_um_get_funding_rate_history.json", "/fapi/v1/fundingRate", "rateType"},
		{"rest_um_index_constituents.json", "/fapi/v1/constituents?symbol=BTCUSDT", ""},
		{"rest_um_index_price_kline_candlestick_data.json", "/fapi/v1/indexPriceKlines?pair=BTCUSDT&interval=1m", ""},
		{"rest_um_kline_candlestick_data.json", "/fapi/v1/klines?symbol=BTCUSDT&interval=1m", ""},
		{"rest_um_mark_price__1.json", "/fapi/v1/premiumIndex?symbol=BTCUSDT", ""},
		{"rest_um_mark_price__2.json", "/fapi/v1/premiumIndex", ""},
		{"rest_um_mark_price_kline_candlestick_data.json", "/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m", ""},
		{"rest_um_multi_assets_mode_asset_index__1.json", "/fapi/v1/assetIndex?symbol=BTCUSD", ""},
		{"rest_um_multi_assets_mode_asset_index__2.json", "/fapi/v1/assetIndex", ""},
		{"rest_um_old_trades_lookup.json", "/fapi/v1/historicalTrades?symbol=BTCUSDT", ""},
		{"rest_um_open_interest.json", "/fapi/v1/openInterest?symbol=BTCUSDT", ""},
		{"rest_um_order_book.json", "/fapi/v1/depth?symbol=BTCUSDT&limit=5", ""},
		{"rest_um_order_book_rpi.json", "/fapi/v1/rpiDepth?symbol=BTCUSDT&limit=1000", ""},
		{"rest_um_premium_index_kline_data.json", "/fapi/v1/premiumIndexKlines?symbol=BTCUSDT&interval=1m", ""},
		{"rest_um_recent_trades_list.json", "/fapi/v1/trades?symbol=BTCUSDT", ""},
		{"rest_um_symbol_order_book_ticker__1.json", "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT", "lastUpdateId"},
		{"rest_um_symbol_order_book_ticker__2.json", "/fapi/v1/ticker/bookTicker", "lastUpdateId"},
		{"rest_um_symbol_price_ticker__1.json", "/fapi/v1/ticker/price?symbol=BTCUSDT", ""},
		{"rest_um_symbol_price_ticker__2.json", "/fapi/v1/ticker/price", ""},
		{"rest_um_symbol_price_ticker_v2__1.json", "/fapi/v2/ticker/price?symbol=BTCUSDT", ""},
		{"rest_um_symbol_price_ticker_v2__2.json", "/fapi/v2/ticker/price", ""},
		{"rest_um_get_funding_rate_info.json", "/fapi/v1/fundingInfo", "updateTime"},
		{"rest_cm_24hr_ticker_price_change_statistics.json", "/dapi/v1/ticker/24hr", ""},
		{"rest_cm_compressed_aggregate_trades_list.json", "/dapi/v1/aggTrades?symbol=BTCUSD_PERP", ""},
		{"rest_cm_continuous_contract_kline_candlestick_data.json", "/dapi/v1/continuousKlines?pair=BTCUSD&contractType=CURRENT_QUARTER&interval=1m", ""},
		{"rest_cm_get_funding_info.json", "/dapi/v1/fundingInfo", "updateTime"},
		{"rest_cm_get_funding_rate_history_of_perpetual_futures.json", "/dapi/v1/fundingRate?symbol=BTCUSD_PERP", "markPrice rateType"},
		{"rest_cm_index_constituents.json", "/dapi/v1/constituents?symbol=BTCUSD", "price weight"},
		{"rest_cm_index_price_and_mark_price.json", "/dapi/v1/premiumIndex", ""},
		{"rest_cm_index_price_kline_candlestick_data.json", "/dapi/v1/indexPriceKlines?pair=BTCUSD&interval=1m", ""},
		{"rest_cm_kline_candlestick_data.json", "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1m", ""},
		{"rest_cm_mark_price_kline_candlestick_data.json", "/dapi/v1/markPriceKlines?symbol=BTCUSD_PERP&interval=1m", ""},
		{"rest_cm_old_trades_lookup.json", "/dapi/v1/historicalTrades?symbol=BTCUSD_PERP", ""},
		{"rest_cm_open_interest.json", "/dapi/v1/openInterest?symbol=BTCUSD_261225", ""},
		{"rest_cm_order_book.json", "/dapi/v1/depth?symbol=BTCUSD_PERP", ""},
		{"rest_cm_premium_index_kline_data.json", "/dapi/v1/premiumIndexKlines?symbol=BTCUSD_PERP&interval=1m", ""},
		{"rest_cm_recent_trades_list.json", "/dapi/v1/trades?symbol=BTCUSD_PERP", ""},
		{"rest_cm_symbol_order_book_ticker.json", "/dapi/v1/ticker/bookTicker", ""},
		{"rest_cm_symbol_price_ticker.json", "/dapi/v1/ticker/price", ""},
		{"rest_um_adl_risk__1.json", "/fapi/v1/symbolAdlRisk?symbol=BTCUSDT", ""},
		{"rest_um_adl_risk__2.json", "/fapi/v1/symbolAdlRisk", ""},
		{"rest_um_insurance_fund_balance__1.json", "/fapi/v1/insuranceBalance?symbol=BTCUSDT", ""},
		{"rest_um_insurance_fund_balance__2.json", "/fapi/v1/insuranceBalance", ""},
		{"rest_um_trading_schedule.json", "/fapi/v1/tradingSchedule", ""},
		{"rest_um_composite_index_symbol_information.json", "/fapi/v1/indexInfo", ""},
		{"rest_um_open_interest_statistics.json", "/futures/data/openInterestHist?symbol=BTCUSDT&period=5m", ""},
		{"rest_um_top_trader_long_short_ratio.json", "/futures/data/topLongShortPositionRatio?symbol=BTCUSDT&period=1h", ""},
		{"rest_um_top_long_short_account_ratio.json", "/futures/data/topLongShortAccountRatio?symbol=BTCUSDT&period=1d", ""},
		{"rest_um_long_short_ratio.json", "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=15m", ""},
		{"rest_um_taker_buysell_volume.json", "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=30m", ""},
		{"rest_um_basis.json", "/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m", ""},
		{"rest_um_delivery_price.json", "dapi.binance.com/futures/data/delivery-price?pair=BTCUSD", ""},
		{"rest_cm_open_interest_statistics.json", "dapi.binance.com/futures/data/openInterestHist?pair=BTCUSD&contractType=CURRENT_QUARTER&period=5m", ""},
		{"rest_cm_top_trader_long_short_ratio.json", "dapi.binance.com/futures/data/topLongShortPositionRatio?pair=BTCUSD&period=4h", ""},
		{"rest_cm_top_long_short_account_ratio.json", "dapi.binance.com/futures/data/topLongShortAccountRatio?pair=BTCUSD&period=6h", ""},
		{"rest_cm_long_short_ratio.json", "dapi.binance.com/futures/data/globalLongShortAccountRatio?pair=BTCUSD&period=12h", ""},
		{"rest_cm_taker_buy_sell_volume.json", "dapi.binance.com/futures/data/takerBuySellVol?pair=BTCUSD&contractType=ALL&period=2h", ""},
		{"rest_cm_basis.json", "dapi.binance.com/futures/data/basis?pair=BTCUSD&contractType=CURRENT_QUARTER&period=5m", ""},
	} {
		var got any
		answer := ask(t, s, test.path, now)
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Errorf("%s: %s", test.path, answer)
			continue
		}
		for _, d := range differences(fixture(t, test.file), got, strings.Fields(test.younger)...) {
			t.Errorf("%s as %s: %s", test.file, test.path, d)
		}
	}
}

// TestExchangeInfoDecodes reads back what the vocabulary needs of the instruments: the
// decoder is the one that live data goes through.
func TestExchangeInfoDecodes(t *testing.T) {
	s, now := settled(t)
	ins := listed(t)
	for path, product := range map[string]exchange.Product{
		"/fapi/v1/exchangeInfo": exchange.UM, "/dapi/v1/exchangeInfo": exchange.CM, "/api/v3/exchangeInfo": exchange.Margin,
	} {
		list, err := exchange.DecodeExchangeInfo(product, strings.NewReader(ask(t, s, path, now)))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, got := range list {
			want, err := ins.Find(product, got.Symbol)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != want.Status || got.Tick != want.Tick || got.Lot != want.Lot || got.MarketLot != want.MarketLot || got.NotionalMin != want.NotionalMin ||
				got.PercentUp != want.PercentUp || got.PercentDown != want.PercentDown || got.PriceMin != want.PriceMin || got.PriceMax != want.PriceMax ||
				got.OrdersMax != want.OrdersMax || got.AlgoOrdersMax != want.AlgoOrdersMax || got.ContractSize != want.ContractSize || got.Delivery != want.Delivery {
				t.Errorf("%s: got %+v, want %+v", path, got, *want)
			}
		}
	}
}

// TestInstrumentChanges shows another status and other filters at once.
func TestInstrumentChanges(t *testing.T) {
	s, now := settled(t)
	changed := *listed(t).At(umBTC)
	changed.Status, changed.Tick = "SETTLING", exchange.MustFixed("0.5")
	s.Instrument(changed, now)
	info := ask(t, s, "/fapi/v1/exchangeInfo", now)
	for _, want := range []string{`"status":"SETTLING"`, `"tickSize":"0.50"`} {
		if !strings.Contains(info, want) {
			t.Errorf("no %s in exchangeInfo", want)
		}
	}
	if all := ask(t, s, "/fapi/v1/ticker/24hr", now); strings.Contains(all, "BTCUSDT") {
		t.Errorf("tickers of all list what does not trade: %s", all)
	}
}

// TestWeights compares what calls cost with the reference's table.
func TestWeights(t *testing.T) {
	routes := New(listed(t)).Routes()
	for _, test := range []struct {
		call string
		want int
	}{
		{"/fapi/v1/depth?limit=5", 2}, {"/fapi/v1/depth?limit=50", 2}, {"/fapi/v1/depth?limit=100", 5}, {"/fapi/v1/depth?limit=500", 10},
		{"/fapi/v1/depth?limit=1000", 20}, {"/fapi/v1/depth?symbol=BTCUSDT", 1}, {"/fapi/v1/klines?limit=99", 1}, {"/fapi/v1/klines?limit=100", 2},
		{"/fapi/v1/klines?limit=500", 5}, {"/fapi/v1/klines?limit=1000", 5}, {"/fapi/v1/klines?limit=1500", 10}, {"/fapi/v1/klines?", 5},
		{"/fapi/v1/premiumIndex?symbol=BTCUSDT", 1}, {"/fapi/v1/premiumIndex?", 10}, {"/dapi/v1/premiumIndex?symbol=BTCUSD_PERP", 10},
		{"/fapi/v1/ticker/24hr?", 40}, {"/dapi/v1/ticker/24hr?pair=BTCUSD", 1}, {"/fapi/v1/ticker/price?", 2}, {"/fapi/v1/ticker/bookTicker?symbol=BTCUSDT", 2},
		{"/fapi/v1/ticker/bookTicker?", 5}, {"/fapi/v1/aggTrades?", 20}, {"/fapi/v1/trades?", 5}, {"/fapi/v1/historicalTrades?", 200},
		{"/dapi/v1/historicalTrades?", 20}, {"/fapi/v1/rpiDepth?", 20}, {"/fapi/v1/constituents?", 2}, {"/dapi/v1/constituents?", 1}, {"/fapi/v1/assetIndex?", 10},
		{"/fapi/v1/fundingRate?", 0}, {"/dapi/v1/fundingRate?", 1}, {"/fapi/v1/fundingInfo?", 0}, {"/fapi/v1/exchangeInfo?", 1},
		{"/fapi/v1/indexInfo?", 1}, {"/fapi/v1/symbolAdlRisk?", 1}, {"/fapi/v1/insuranceBalance?", 1}, {"/fapi/v1/tradingSchedule?", 5}, {"/futures/data/basis?", 0},
		{"/api/v3/exchangeInfo?", 20}, {"/api/v3/depth?", 5}, {"/api/v3/depth?limit=500", 25}, {"/api/v3/depth?limit=5000", 250}, {"/api/v3/ticker/24hr?", 80},
		{`/api/v3/ticker/24hr?symbols=["A","B"]`, 2}, {"/api/v3/ticker/price?symbol=BTCUSDT", 2}, {"/api/v3/aggTrades?", 4}, {"/api/v3/klines?", 2},
	} {
		path, query, _ := strings.Cut(test.call, "?")
		params, wrong := web.ReadParams(query, "")
		if wrong != nil {
			t.Fatal(wrong)
		}
		i := slices.IndexFunc(routes, func(r web.Route) bool { return r.Path == path })
		if got := routes[i].Cost(params); got != test.want {
			t.Errorf("%s costs %d, want %d", test.call, got, test.want)
		}
	}
}
