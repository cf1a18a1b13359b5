package main

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/exchange"
)

// TestRecordDefaults holds configs/record.toml to its promises: it shows every key, and tells
// the defaults.
func TestRecordDefaults(t *testing.T) {
	text, err := configs.FS.ReadFile("record.toml")
	if err != nil {
		t.Fatal(err)
	}
	told, err := loadRecord("record.toml", string(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseDocument("record.toml", string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(reflect.TypeFor[recordConfig](), "") {
		if _, ok := doc.at[key]; !ok {
			t.Errorf("record.toml does not show %s", key)
		}
	}
	for _, name := range knownTables() {
		if _, ok := told.Tables[name]; !ok {
			t.Errorf("record.toml does not show the table %s", name)
		}
	}
	plain := defaultRecord()
	asked := told.Tables.complete()
	maps.DeleteFunc(asked, func(_ string, every time.Duration) bool { return every == 0 })
	if !maps.Equal(asked, defaultTables()) {
		t.Errorf("record.toml asks for the tables %v, the defaults for %v", asked, defaultTables())
	}
	told.More, told.Margin.Market, told.Tables = nil, nil, nil
	if !reflect.DeepEqual(*told, plain) {
		t.Errorf("record.toml tells\n%+v\nthe defaults are\n%+v", *told, plain)
	}
}

func TestBadRecordConfigs(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"flsh = \"1s\"", "x.toml:1: flsh: unknown key; did you mean flush?"},
		{"dir = \"\"", "x.toml:1: dir: is empty"},
		{"tape = \"./recording/../recording/x\"", "x.toml:1: tape: ./recording/../recording/x lies in the recording recording"},
		{"tape = \"\"\nkeep_raw = \"24h\"", "x.toml:2: keep_raw: without a tape nothing would be left"},
		{"keep_raw = \"-1s\"", "x.toml:1: keep_raw: -1s is below 0s"},
		{"free_min = -1", "x.toml:1: free_min: -1 is below 0"},
		{"flush = \"1ms\"", "x.toml:1: flush: 1ms is not within 10ms to 1m0s"},
		{"flush = \"20s\"", "sync: 10s is below flush, 20s"},
		{"segment = \"7m\"", "x.toml:1: segment: 7m0s is not whole minutes that divide a day"},
		{"segment_bytes = 1", "x.toml:1: segment_bytes: 1 is not within"},
		{"buffer_bytes = 1", "x.toml:1: buffer_bytes: 1 is not within"},
		{"status = \"1ms\"", "x.toml:1: status: 1ms is not within"},
		{"[um]\nsymbols = [\"quotes=USDT\"]", `x.toml:2: um.symbols.0: "quotes=USDT": there is no quotes; did you mean quote?`},
		{"[um]\nsymbols = [\"BTC[\"]", `x.toml:2: um.symbols.0: "BTC[" is no pattern`},
		{"[um]\nsymbols = [\"-\"]", `x.toml:2: um.symbols.0: "-" names no symbol`},
		{"[um]\nsymbols = [\"-BTC*\", \"-ETH*\"]", `x.toml:2: um.symbols: "-BTC*" takes away, and there is nothing to take from`},
		{"[um]\nstreams = [\"agTrade\"]", `x.toml:2: um.streams.0: "btcusdt@agTrade": UM has no stream "agTrade"; there are aggTrade`},
		{"[margin]\nstreams = [\"markPrice@1s\"]", `x.toml:2: margin.streams.0: "btcusdt@markPrice@1s": stream markPrice of "BTCUSDT" on MARGIN: it is of UM and CM only`},
		{"[cm]\nstreams = [\"depth@7ms\"]", "x.toml:2: cm.streams.0: "},
		{"[um]\nstreams = [\"!contractInfo\"]", `x.toml:2: um.streams.0: "!contractInfo" is no stream of one symbol`},
		{"[um]\nmarket = [\"aggTrade\"]", `x.toml:2: um.market.0: "aggTrade" is no stream of the whole market`},
		{"[margin]\nmarket = [\"!contractInfo\"]", "x.toml:2: margin.market.0: "},
		{"[um]\nstreams = []", "x.toml:1: um: there are symbols and no streams"},
		{"um.symbols = []\num.market = []\ncm.symbols = []\ncm.market = []\nmargin.symbols = []", "x.toml:1: um: nothing is to be recorded"},
		{"[[more]]\nsymbols = [\"all\"]", "x.toml:1: more.0: product is missing: UM, CM or MARGIN"},
		{"[tables]\n\"um/fundingInfo\" = \"1ms\"", `x.toml:2: tables."um/fundingInfo": 1ms is not within`},
		{"[tables]\n\"um/fundingInf\" = \"1h\"", `x.toml:2: tables."um/fundingInf": there is no such table; did you mean um/fundingInfo?`},
		{"[tables]\n\"um/exchangeInfo\" = \"1h\"", `x.toml:2: tables."um/exchangeInfo": the feed itself asks for it; say how often with feed.refresh`},
		{"[feed]\nper_connection = 1025", "x.toml:2: feed.per_connection: 1025 is not within 1 to 1024"},
		{"[feed]\nrotate = \"24h\"", "x.toml:2: feed.rotate: 24h0m0s is not within"},
		{"[feed]\nshare_percent = 0", "x.toml:2: feed.share_percent: 0 is not within 50 to 100"},
		{"[exchange]\nfapi = \"ws://127.0.0.1\"", "x.toml:2: exchange.fapi: \"ws://127.0.0.1\" is not the base URL of a host; write it like http://"},
		{"[exchange]\nfstream = \"http://127.0.0.1\"", "x.toml:2: exchange.fstream: \"http://127.0.0.1\" is not the base URL of a host; write it like ws://"},
		{"[exchange]\npapi = \"http://127.0.0.1\"", "x.toml:1: exchange: papi, sapi and fapi go together"},
		{"[account]\nkey = \"env:K\"", "x.toml:1: account: key and secret go together"},
		{"[account]\nkey = \"abcdef\"\nsecret = \"env:S\"", "x.toml:2: account.key: it must say where the value is"},
	} {
		_, err := loadRecord("x.toml", test.text, nil)
		var f *failure
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.As(err, &f) || f.code != exitConfig {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "abcdef") {
			t.Errorf("%q: the error repeats a secret: %v", test.text, err)
		}
	}
}

// listedForTest is what an exchange lists in these tests.
func listedForTest() []exchange.Instrument {
	trading := exchange.StatusTrading
	return []exchange.Instrument{
		{Product: exchange.UM, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractType: "PERPETUAL", Status: trading},
		{Product: exchange.UM, Symbol: "BTCUSDT_261225", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", ContractType: "CURRENT_QUARTER", Status: trading},
		{Product: exchange.UM, Symbol: "ETHUSDC", Pair: "ETHUSDC", Base: "ETH", Quote: "USDC", ContractType: "PERPETUAL", Status: trading},
		{Product: exchange.UM, Symbol: "OLDUSDT", Pair: "OLDUSDT", Base: "OLD", Quote: "USDT", ContractType: "PERPETUAL", Status: "SETTLING"},
		{Product: exchange.UM, Symbol: "币安人生USDT", Pair: "币安人生USDT", Base: "币安人生", Quote: "USDT", ContractType: "PERPETUAL", Status: trading},
		{Product: exchange.CM, Symbol: "BTCUSD_PERP", Pair: "BTCUSD", Base: "BTC", Quote: "USD", ContractType: "PERPETUAL", Status: trading},
		{Product: exchange.CM, Symbol: "BTCUSD_261225", Pair: "BTCUSD", Base: "BTC", Quote: "USD", ContractType: "CURRENT_QUARTER", Status: trading},
		{Product: exchange.Margin, Symbol: "BTCUSDT", Pair: "BTCUSDT", Base: "BTC", Quote: "USDT", Status: trading},
	}
}

// TestChosenStreams chooses symbols by each kind of selector.
func TestChosenStreams(t *testing.T) {
	for _, test := range []struct{ set, want string }{
		{`um.symbols=["BTCUSDT"] um.streams=["aggTrade"]`, "UM btcusdt@aggTrade"},
		{`um.symbols=["all"] um.streams=["aggTrade"]`, "UM btcusdt@aggTrade, UM btcusdt_261225@aggTrade, UM ethusdc@aggTrade, UM 币安人生usdt@aggTrade"},
		{`um.symbols=["OLDUSDT"] um.streams=["trade"]`, "UM oldusdt@trade"},
		{`um.symbols=["B*"] um.streams=["depth@100ms"]`, "UM btcusdt@depth@100ms, UM btcusdt_261225@depth@100ms"},
		{`um.symbols=["quote=USDT_type=PERPETUAL"] um.streams=["kline_1m"]`, "UM btcusdt@kline_1m, UM 币安人生usdt@kline_1m"},
		{`um.symbols=["all","-base=BTC"] um.streams=["kline_1m"]`, "UM ethusdc@kline_1m, UM 币安人生usdt@kline_1m"},
		{`um.symbols=["-base=BTC","btcusdt"] um.streams=["kline_1m","kline_1m"]`, "UM btcusdt@kline_1m"},
		{`um.market=["!contractInfo","!contractInfo"]`, "UM !contractInfo"},
		{`cm.symbols=["all"] cm.streams=["indexPriceKline_1m","continuousKline_5m"]`,
			"CM btcusd@indexPriceKline_1m, CM btcusd_perpetual@continuousKline_5m, CM btcusd_current_quarter@continuousKline_5m"},
		{`um.symbols=["BTCUSDT"] um.streams=["assetIndex"]`, "UM btcusd@assetIndex"},
	} {
		overrides := []override{}
		for _, key := range []string{"um.symbols", "um.market", "cm.symbols", "cm.market", "margin.symbols"} {
			overrides = append(overrides, override{"--set", key, "[]"})
		}
		for word := range strings.FieldsSeq(test.set) {
			o, err := parseOverride(strings.ReplaceAll(word, "_type", " type"))
			if err != nil {
				t.Fatal(err)
			}
			overrides = append(overrides, o)
		}
		c, err := loadRecord("x.toml", "", overrides)
		if err != nil {
			t.Errorf("%s: %v", test.set, err)
			continue
		}
		streams, _, err := c.streams(listedForTest())
		if err != nil {
			t.Errorf("%s: %v", test.set, err)
		}
		var names []string
		for _, s := range streams {
			names = append(names, s.String())
		}
		if got := strings.Join(names, ", "); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.set, got, test.want)
		}
	}
}

// TestUnknownSymbols says what is there in place of what is not.
func TestUnknownSymbols(t *testing.T) {
	for _, test := range []struct{ set, want string }{
		{`um.symbols=["BTCUSTD"]`, "um.symbols: no such instrument: UM BTCUSTD; did you mean BTCUSDT?"},
		{`cm.symbols=["BTCUSDT"]`, "cm.symbols: no such instrument: CM BTCUSDT; symbols are Binance's names"},
		{`um.symbols=["base=XRP"]`, `um.symbols: no UM symbol is "base=XRP": the exchange lists 5 symbols; symbols are`},
	} {
		o, err := parseOverride(test.set)
		if err != nil {
			t.Fatal(err)
		}
		c, err := loadRecord("x.toml", "", []override{o})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.streams(listedForTest())
		var f *failure
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.As(err, &f) || f.code != exitNotFound {
			t.Errorf("%s: got %v, want %s", test.set, err, test.want)
		}
	}
}

// TestStatusLine and the rates in it.
func TestStatusLine(t *testing.T) {
	var rates statusRates
	start := exchange.TimeOf(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	s := recordStatus{At: start, WeightMax: 2400}
	rates.update(&s)
	if got, want := s.line(), "0 frames/s, 0/0 streams heard, disk 0 B (0 B/h)"; got != want {
		t.Errorf("at the start\ngot  %s\nwant %s", got, want)
	}
	s = recordStatus{
		At: start.Add(10 * time.Second), Frames: 49_820, Streams: 1024, Heard: 1021, Silent: 3, LagMS: 12, LagKnown: true, Gaps: 2, Resyncs: 1, Undecoded: 1,
		DiskBytes: 1_000_000, Waiting: 1, Buffer: 8 << 20, BufferMax: 64 << 20, Dropped: 7, DiskFull: true, Weight: 1201, WeightMax: 2400, Notice: "UM btcusdt@depth: silent",
	}
	rates.update(&s)
	if got, want := s.line(), "DISK FULL: free some space, dropped 7, 4.98 k frames/s, 1,021/1,024 streams heard, 3 silent, lag 12 ms, gaps 2, resyncs 1, undecoded 1, "+
		"disk 1 MB (360 MB/h), 1 segment to convert, buffer 12%, weight 1201/2400"; got != want {
		t.Errorf("later\ngot  %s\nwant %s", got, want)
	}
	for i := range 2000 {
		s = recordStatus{At: s.At.Add(time.Second), Frames: s.Frames + 10, DiskBytes: s.DiskBytes + 1000}
		if rates.update(&s); i > 0 && s.FrameRate != 10 {
			t.Fatalf("second %d: %v frames/s", i, s.FrameRate)
		}
	}
	if len(rates.at) > 602 || s.DiskRate != 3_600_000 {
		t.Errorf("%d samples are kept, the disk takes %d bytes/h", len(rates.at), s.DiskRate)
	}
}
