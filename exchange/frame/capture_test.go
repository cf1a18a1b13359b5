package frame

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/internal/raced"
)

// sharedData returns the path of recorded data, or skips the test where there is none.
func sharedData(t testing.TB, elem ...string) string {
	t.Helper()
	if raced.On() {
		t.Skip("the race detector makes do with the small inputs of our own")
	}
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return path
}

// eachMessage calls f with the JSON of every line of a capture, and returns the number
// of lines that have none.
func eachMessage(t testing.TB, path string, f func(msg []byte)) (none int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MessageMax)
	for lines.Scan() {
		line := lines.Bytes()
		start := bytes.IndexByte(line, '{')
		if start < 0 || bytes.HasPrefix(line, []byte("configuration")) {
			none++
			continue
		}
		f(line[start:])
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return none
}

// tally prints how many frames of each kind there are.
func tally(counts map[Kind]int) string {
	var list []string
	for k := KindTrade; k <= KindOther; k++ {
		if counts[k] > 0 {
			list = append(list, fmt.Sprintf("%v %d", k, counts[k]))
		}
	}
	return strings.Join(list, ", ")
}

// TestCaptures decodes real recordings without a refusal, counts the kinds, and compares
// every 50th frame with the reference, of our own capture every one.
func TestCaptures(t *testing.T) {
	for _, c := range []struct {
		path, want string
		none       int
	}{
		{"", "trade 1, aggTrade 1, bookTicker 1, depth 1, depth snapshot 1, kline 1", 1},
		{"um/ws_raw/hftbacktest/btcusdt_20240808.gz", "trade 21313, bookTicker 66089, depth 6551, depth snapshot 1", 0},
		{"cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz", "trade 2286, bookTicker 19136, depth 26847, depth snapshot 1", 0},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.ws.1.0", "aggTrade 91, bookTicker 613, depth 764, kline 67", 1},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.ws.1.0", "aggTrade 51, bookTicker 2240, depth 2047, kline 33", 1},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.http.0.0", "depth snapshot 4", 1},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.http.0.0", "depth snapshot 10", 1},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.0", "other 1", 1},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.0", "other 1", 1},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			path, every := filepath.Join("testdata", "capture.txt"), 1
			if c.path != "" {
				path, every = sharedData(t, "data", c.path), 50
			}
			var d Decoder
			counts, n := map[Kind]int{}, 0
			none := eachMessage(t, path, func(msg []byte) {
				if n%every == 0 {
					check(t, &d, msg)
				}
				f, err := d.Decode(msg)
				if err != nil {
					t.Fatalf("message %d: %v", n+1, err)
				}
				n++
				counts[f.Kind]++
			})
			if got := tally(counts); got != c.want || none != c.none {
				t.Errorf("%s and %d lines without, want %s and %d", got, none, c.want, c.none)
			}
		})
	}
}

type fixture struct {
	part  string
	kinds []Kind
}

// fixtures promise by their names what kinds they give; nil is for REST answers that are
// no frames. The first row counts whose part is in the name. What has no row is known and
// not decoded, or a command or its answer.
var fixtures = []fixture{
	{"symbol_order_book_ticker", nil}, {"order_book", []Kind{KindSnapshot}}, {"rest_depth", []Kind{KindSnapshot}},
	{"rest_", nil}, {"real2020", nil}, {"premiumIndex", nil}, {"klines_1d", nil}, {"openInterest", nil}, {"_trades", nil},
	{"fundingInfo", nil}, {"ticker24hr", nil},
	{"aggTrade", []Kind{KindAggTrade}}, {"aggregate_trade", []Kind{KindAggTrade}}, {"_trade", []Kind{KindTrade}},
	{"bookTicker", []Kind{KindBookTicker}}, {"book_ticker", []Kind{KindBookTicker}},
	{"depth20", []Kind{KindPartialDepth}}, {"depth", []Kind{KindDepth}}, // without a stream partial depth looks like a difference
	{"mark_price_of_all", []Kind{KindMark, KindMark}}, {"mark_price_kline", []Kind{KindOther}}, {"mark_price", []Kind{KindMark}},
	{"markPrice", []Kind{KindMark}}, {"index_kline", []Kind{KindOther}}, {"index_price", []Kind{KindIndexPrice}},
	{"continuous", []Kind{KindOther}}, {"kline", []Kind{KindBar}},
	{"liquidation", []Kind{KindLiquidation}}, {"forceOrder", []Kind{KindLiquidation}},
	{"asset_index", []Kind{KindAssetIndex, KindAssetIndex}}, {"contract_info", []Kind{KindContractInfo}},
}

// TestFixtures decodes all frames that Binance documents or that were seen on the wire.
func TestFixtures(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedData(t, "fixtures", "market"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[Kind]int{}
	var d Decoder
	for _, path := range paths {
		name := filepath.Base(path)
		msg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kinds, refused := check(t, &d, msg)
		silent := true
		for _, k := range kinds {
			counts[k]++
			silent = silent && (k == KindOther || k == KindReply)
		}
		row := slices.IndexFunc(fixtures, func(f fixture) bool { return strings.Contains(name, f.part) })
		switch {
		case row < 0 && silent && refused == 0:
		case row >= 0 && fixtures[row].kinds == nil && silent:
		case row >= 0 && fixtures[row].kinds != nil && slices.Equal(kinds, fixtures[row].kinds) && refused == 0:
		default:
			t.Errorf("%s gives %v and %d refusals", name, kinds, refused)
		}
	}
	t.Logf("%d files: %s", len(paths), tally(counts))
}
