package frame

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestKeyRises holds what Key promises to recordings: keys of a symbol in a stream never
// fall, and frames of one key tell the same but for the time they were sent.
func TestKeyRises(t *testing.T) {
	for _, path := range []string{
		"", "um/ws_raw/hftbacktest/btcusdt_20240808.gz", "cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz",
		"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.ws.1.0", "cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.ws.1.0",
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file := filepath.Join("testdata", "capture.txt")
			if path != "" {
				file = sharedData(t, "data", path)
			}
			type place struct {
				key  int64
				said string
			}
			var d Decoder
			last := map[string]place{}
			rose, same := 0, 0
			eachMessage(t, file, func(msg []byte) {
				f, err := d.Decode(msg)
				if err != nil {
					t.Fatal(err)
				}
				key, ok := f.Key()
				if !ok || len(f.Stream) == 0 {
					return
				}
				name := string(f.Stream) + " " + string(f.Symbol)
				f.Event = 0
				now, before := place{key, describe(f)}, last[name]
				last[name] = now
				switch {
				case now.key < before.key:
					t.Fatalf("%s: key %d after %d", name, now.key, before.key)
				case now.key == before.key && now.said != before.said:
					t.Fatalf("%s: two frames of the key %d:\n%s\n%s", name, now.key, before.said, now.said)
				case now.key == before.key:
					same++
				default:
					rose++
				}
			})
			if t.Logf("%d keys rose, %d stood", rose, same); rose == 0 {
				t.Error("no frame has a key")
			}
		})
	}
}

// TestKeyNone holds that what has no place has no key.
func TestKeyNone(t *testing.T) {
	var d Decoder
	for _, msg := range []string{
		`{"result":null,"id":1}`, `{"code":-1121,"msg":"x"}`, `{"method":"SUBSCRIBE","params":[],"id":1}`, `{"e":"new","E":"soon"}`,
		strings.Replace(liquidation, `"T":1790000000119`, `"T":0`, 1),
	} {
		f, err := d.Decode([]byte(msg))
		if err != nil {
			t.Fatal(err)
		}
		if key, ok := f.Key(); ok || key != 0 {
			t.Errorf("%s: %d, %v", msg, key, ok)
		}
	}
	if f, err := d.Decode([]byte(liquidation)); err != nil {
		t.Fatal(err)
	} else if key, ok := f.Key(); !ok || key != 1790000000119000000 {
		t.Errorf("%d, %v", key, ok)
	}
}

const liquidation = `{"e":"forceOrder","E":1790000000124,"o":{"s":"SOLUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"1","p":"1","ap":"1",` +
	`"X":"FILLED","l":"1","z":"1","T":1790000000119}}`

// TestBarKey holds that a candle's key rises with its trades, with its closing, and with
// the next candle, up to the limits that are stated.
func TestBarKey(t *testing.T) {
	const sec = exchange.Time(1e9)
	y2106 := exchange.Time(1<<32-1) * sec
	for _, start := range []exchange.Time{0, 1_789_999_980 * sec, y2106 - sec} {
		last := int64(-1)
		for _, state := range []struct {
			start  exchange.Time
			trades int64
			closed bool
		}{
			{start, 0, false}, {start, 0, true}, {start, 1, false}, {start, 7, false}, {start, 7, true}, {start, 1<<30 - 1, false},
			{start, 1<<30 - 1, true}, {start + sec, 0, false}, {start + sec, 1 << 20, true},
		} {
			key := barKey(state.start, state.trades, state.closed)
			if key <= last {
				t.Errorf("%+v: key %d after %d", state, key, last)
			}
			last = key
		}
	}
	if barKey(sec, 1<<40, true) != barKey(sec, 1<<30-1, true) {
		t.Error("more trades than there is room for")
	}
}
