package public

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// firstFrames listens to all streams for two minutes and returns the first frame of each,
// and how many there were.
func firstFrames(t *testing.T) (first map[Key]string, count map[Key]int) {
	t.Helper()
	ins := listed(t)
	s := New(ins)
	for _, k := range allStreams() {
		s.Listen(k, begin)
	}
	first, count = map[Key]string{}, map[Key]int{}
	take := func() {
		for _, f := range s.Frames() {
			if count[f.Key]++; count[f.Key] == 1 {
				first[f.Key] = string(f.Body)
			}
		}
	}
	play(t, s, generated(t, ins), begin.Add(2*time.Minute), func(*exchange.Event) { take() })
	changed := *ins.At(umBTC)
	changed.Status = "SETTLING"
	s.Instrument(changed, begin.Add(2*time.Minute))
	take()
	for _, k := range allStreams() {
		s.Leave(k)
	}
	if s.Due() != exchange.Never || len(s.timed) != 0 || len(s.symbols[umBTC].streams) != 0 {
		t.Error("somebody still listens")
	}
	return first, count
}

// TestFrames compares one frame of each stream with testdata/frames.txt, and how many there
// were in two minutes.
func TestFrames(t *testing.T) {
	first, count := firstFrames(t)
	var text strings.Builder
	for _, k := range allStreams() {
		if count[k] == 0 {
			t.Errorf("%v has told nothing", k)
		}
		host := map[Universe]string{Futures: "futures", Spot: "spot"}[k.Universe]
		fmt.Fprintf(&text, "%s %s: %d\n  %s\n", host, k.Name, count[k], first[k])
	}
	compare(t, "testdata/frames.txt", text.String())
}

// compare holds a text against a golden file.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s differs from line %d:\nwant %s\ngot  %s", file, i+1, w[i], g[i])
		}
	}
	t.Fatalf("%s has %d lines, got %d", file, len(w), len(g))
}

// fixture reads an example of Binance's.
func fixture(t *testing.T, name string) any {
	t.Helper()
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, "fixtures", "market", name))
	if err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// shape is a JSON value with types in place of values, by path. A list is that of all its
// elements together, but a list in a list, as a candle is, has places.
func shape(v any, path string, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			shape(inner, path+"."+name, into)
		}
	case []any:
		into[path] = "list"
		for i, inner := range v {
			place := "[]"
			if strings.HasSuffix(path, "[]") {
				place = fmt.Sprintf("[%d]", i)
			}
			shape(inner, path+place, into)
		}
	case nil:
		into[path] = "null"
	default:
		into[path] = fmt.Sprintf("%T", v)
	}
}

// differences are the fields that only one of two values has, or that have different types.
// Frames of before 2026-06-30 have neither st nor ps, and other fields are younger still.
func differences(want, got any, younger ...string) []string {
	w, g := map[string]string{}, map[string]string{}
	shape(want, "", w)
	shape(got, "", g)
	var list []string
	for path, kind := range w {
		if g[path] != kind {
			list = append(list, fmt.Sprintf("%s is %s, got %q", path, kind, g[path]))
		}
	}
	for path := range g {
		if _, there := w[path]; !there && !slices.ContainsFunc(younger, func(y string) bool { return strings.HasSuffix(path, "."+y) }) {
			list = append(list, path+" is not there")
		}
	}
	slices.Sort(list)
	return list
}

// TestFixtures compares the fields of frames and their types with examples of Binance's.
func TestFixtures(t *testing.T) {
	first, _ := firstFrames(t)
	for _, test := range []struct {
		file, stream string
		// younger are fields that Binance has added since.
		younger string
	}{
		{"live_um_aggTrade.json", "btcusdt@aggTrade", ""},
		{"live_um_aggTrade_polyoxide.json", "btcusdt@aggTrade", ""},
		{"live_um_bookTicker.json", "btcusdt@bookTicker", ""},
		{"live_um_depth20_100ms.json", "btcusdt@depth20", ""},
		{"live_um_forceOrder_arr.json", "!forceOrder@arr", ""},
		{"live_um_kline_1m.json", "btcusdt@kline_1m", ""},
		{"live_um_markPrice_arr_1s.json", "!markPrice@arr@1s", ""},
		{"live_um_ticker_arr_merged.json", "!ticker@arr", ""},
		{"live_cm_bookTicker.json", "btcusd_perp@bookTicker", ""},
		{"live_cm_depth_100ms.json", "btcusd_perp@depth@100ms", ""},
		{"live_cm_kline_1m_closed.json", "btcusd_perp@kline_1m", ""},
		{"live_cm_markPrice_1s.json", "btcusd_perp@markPrice@1s", ""},
		{"live_cm_trade.json", "btcusd_perp@trade", ""},
		{"real2024_um_trade.json", "btcusdt@trade", ""},
		{"real2023_um_trade_insurance_fund.json", "btcusdt@trade", ""},
		{"real2021_cm_aggTrade.json", "btcusd_perp@aggTrade", "st"},
		{"real2021_um_aggTrade.json", "btcusdt@aggTrade", "st nq"},
		{"real2021_cm_kline.json", "btcusd_perp@kline_1m", ""},
		{"real2021_um_kline.json", "btcusdt@kline_1m", ""},
		{"real2023_um_markPrice_1s.json", "btcusdt@markPrice@1s", "st ap"},
		{"real2024_cm_bookTicker.json", "btcusd_perp@bookTicker", "st"},
		{"real2024_um_bookTicker.json", "btcusdt@bookTicker", "st ps"},
		{"real2024_cm_depthUpdate.json", "btcusd_perp@depth@100ms", "st"},
		{"real2024_um_depthUpdate.json", "btcusdt@depth@100ms", "st ps"},
		{"real2024_cm_trade.json", "btcusd_perp@trade", ""},
		{"ws_cm_aggregate_trade_streams.json", "btcusd_perp@aggTrade", "st"},
		{"ws_cm_all_book_tickers_stream.json", "!bookTicker", "st"},
		{"ws_cm_all_market_liquidation_order_streams.json", "!forceOrder@arr", "st"},
		{"ws_cm_all_market_mini_tickers_stream.json", "!miniTicker@arr", "st"},
		{"ws_cm_all_market_tickers_streams.json", "!ticker@arr", "st"},
		{"ws_cm_continuous_contract_kline_candlestick_streams.json", "btcusd_current_quarter@continuousKline_1m", ""},
		{"ws_cm_diff_book_depth_streams.json", "btcusd_perp@depth@100ms", "st"},
		{"ws_cm_index_kline_candlestick_streams.json", "btcusd@indexPriceKline_1m", ""},
		{"ws_cm_individual_symbol_book_ticker_streams.json", "btcusd_perp@bookTicker", "st"},
		{"ws_cm_individual_symbol_mini_ticker_stream.json", "btcusd_perp@miniTicker", "st"},
		{"ws_cm_individual_symbol_ticker_streams.json", "btcusd_perp@ticker", "st"},
		{"ws_cm_kline_candlestick_streams.json", "btcusd_perp@kline_1m", ""},
		{"ws_cm_liquidation_order_streams.json", "btcusd_perp@forceOrder", "st"},
		{"ws_cm_mark_price_kline_candlestick_streams.json", "btcusd_perp@markPriceKline_1m", ""},
		{"ws_cm_mark_price_of_all_symbols_of_a_pair.json", "btcusd@markPrice", "st ap"},
		{"ws_cm_mark_price_stream.json", "btcusd_261225@markPrice@1s", "st ap"},
		{"ws_cm_partial_book_depth_streams.json", "btcusd_perp@depth10@500ms", "st"},
		{"ws_um_aggregate_trade_streams.json", "btcusdt@aggTrade", "st"},
		{"ws_um_all_book_tickers_stream.json", "!bookTicker", "st ps"},
		{"ws_um_all_market_liquidation_order_streams.json", "!forceOrder@arr", "st ps"},
		{"ws_um_all_market_mini_tickers_stream.json", "!miniTicker@arr", "st ps"},
		{"ws_um_all_market_tickers_streams.json", "!ticker@arr", "st ps"},
		{"ws_um_continuous_contract_kline_candlestick_streams.json", "btcusdt_perpetual@continuousKline_1m", ""},
		{"ws_um_diff_book_depth_streams.json", "btcusdt@depth", "st ps"},
		{"ws_um_diff_book_depth_streams_rpi.json", "btcusdt@rpiDepth@500ms", "st ps"},
		{"ws_um_individual_symbol_book_ticker_streams.json", "btcusdt@bookTicker", "st ps"},
		{"ws_um_individual_symbol_mini_ticker_stream.json", "btcusdt@miniTicker", "st ps"},
		{"ws_um_individual_symbol_ticker_streams.json", "btcusdt@ticker", "st ps"},
		{"ws_um_kline_candlestick_streams.json", "btcusdt@kline_1m", ""},
		{"ws_um_liquidation_order_streams.json", "btcusdt@forceOrder", "st ps"},
		{"ws_um_mark_price_stream.json", "btcusdt@markPrice", "st"},
		{"ws_um_mark_price_stream_for_all_market.json", "!markPrice@arr", "st"},
		{"ws_um_multi_assets_mode_asset_index.json", "!assetIndex@arr", ""},
		{"ws_um_partial_book_depth_streams.json", "btcusdt@depth5@100ms", "st ps"},
		{"ws_um_composite_index_symbol_information_streams.json", "btcusdt@compositeIndex", ""},
		{"ws_um_trading_session_stream.json", "tradingSession", ""},
	} {
		want := fixture(t, test.file)
		if wrapped, ok := want.(map[string]any); ok && wrapped["stream"] != nil {
			want = wrapped["data"]
		}
		var got any
		if err := json.Unmarshal([]byte(first[Key{Futures, test.stream}]), &got); err != nil {
			t.Fatalf("%s: %v", test.stream, err)
		}
		for _, d := range differences(want, got, strings.Fields(test.younger)...) {
			t.Errorf("%s as %s: %s", test.file, test.stream, d)
		}
	}
}

// TestFixturesCounted says of every example of Binance's whether it is compared, and why not.
func TestFixturesCounted(t *testing.T) {
	fixture(t, "live_um_aggTrade.json")
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(root, "fixtures", "market", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var source []byte
	for _, name := range []string{"frames_test.go", "rest_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	const (
		brackets = "TestContractInfo"
		commands = "commands and answers: TestCommands and TestTooManyStreams of package papisim"
	)
	elsewhere := map[string]string{
		"ws_um_live_subscribing_unsubscribing_to_streams": commands, "ws_cm_live_subscribing_unsubscribing_to_streams": commands,
		"live_ws_error_too_many_subscriptions": commands, "ws_um_contract_info_stream": brackets, "ws_cm_contract_info_stream": brackets,
		"ws_cm_index_price_stream":       "its i is called s since 2026-06-30: testdata/frames.txt",
		"real_cm_error_200_days":         "an error: testdata/rest.txt",
		"real2026_um_fundingInfo_subset": "updateTime is a number in some rows and null in others, here null in all",
		"rest_um_exchange_information":   "older than the real subsets, which are compared",
		"rest_cm_exchange_information":   "older than the real subsets, which are compared",
	}
	for _, f := range files {
		name := filepath.Base(f)
		known := strings.Contains(string(source), `"`+name+`"`)
		for prefix := range elsewhere {
			known = known || strings.HasPrefix(name, prefix)
		}
		if !known {
			t.Errorf("%s is neither compared nor excused", name)
		}
	}
}

// TestContractInfo compares the fields of contractInfo with Binance's: of a status without
// brackets, and of brackets that have changed.
func TestContractInfo(t *testing.T) {
	s := New(listed(t))
	s.Listen(Key{Futures, "!contractInfo"}, begin)
	changed := *listed(t).At(umBTC)
	changed.Status = "SETTLING"
	s.Instrument(changed, begin)
	s.Brackets(umBTC, []Bracket{
		{Cap: exchange.MustFixed("5000"), MMR: exchange.MustFixed("0.01"), Leverage: 50},
		{Floor: exchange.MustFixed("5000"), Cap: exchange.MustFixed("25000"), MMR: exchange.MustFixed("0.025"), Cum: exchange.MustFixed("75"), Leverage: 20},
	}, begin)
	frames := s.Frames()
	if _, after, _ := strings.Cut(string(frames[1].Body), `"bks":`); after != `[{"bs":1,"bnf":0,"bnc":5000,"mmr":0.01,"cf":0,"mi":21,"ma":50},`+
		`{"bs":2,"bnf":5000,"bnc":25000,"mmr":0.025,"cf":75,"mi":1,"ma":20}],"st":1}` {
		t.Errorf("brackets %s", after)
	}
	for _, file := range []string{"ws_um_contract_info_stream.json", "ws_cm_contract_info_stream.json"} {
		want := fixture(t, file).(map[string]any)
		for _, i := range []int{1, 0} {
			var got any
			if err := json.Unmarshal(frames[i].Body, &got); err != nil {
				t.Fatal(err)
			}
			for _, d := range differences(want, got, "st") {
				t.Error(d)
			}
			delete(want, "bks") // the first one told has none
		}
	}
}
