package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/internal/raced"
)

// shared finds recorded data that is not part of the repository.
func shared(t testing.TB, path string) string {
	t.Helper()
	if raced.On() {
		t.Skip("the race detector makes do with the small inputs of our own")
	}
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

// TestShared holds real recordings to the counts of their index. The product comes from
// the directory, from the URL in the file and, for CM, from the symbols alone.
func TestShared(t *testing.T) {
	for _, c := range []struct {
		path                string
		lines, rows, series int
		want                string
	}{
		{"um/ws_raw/hftbacktest/btcusdt_20240808.gz", 93954, 532_923, 3, "bookTicker 66089, depth 6551, depth snapshot 1, trade 21313"},
		{"cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz", 48270, 319_435, 3, "bookTicker 19136, depth 26847, depth snapshot 1, trade 2286"},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.ws.1.0", 1536, 7005, 16,
			"aggTrade 91, bookTicker 613, depth 764, kline 4; passed: URL 1, kline not closed 63"},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.ws.1.0", 4372, 20_223, 27,
			"aggTrade 51, bookTicker 2240, depth 2047; passed: URL 1, kline not closed 33"},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.http.0.0", 4, 5613, 4, "depth snapshot 4"},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.http.0.0", 10, 10_986, 10, "depth snapshot 10"},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.0", 2, 0, 0, "; passed: configuration 1, exchangeInfo 1"},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.0", 2, 0, 0, "; passed: configuration 1, exchangeInfo 1"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			path := shared(t, c.path)
			f := drain(t, openPath(t, path, row.Key{}), false)
			if f.err != nil || len(f.bad) > 0 || len(f.notes.Warnings) > 0 {
				t.Fatalf("%v, bad lines %v, warnings %q", f.err, f.bad, f.notes.Warnings)
			}
			f.account(c.lines)
			got := countText(f.notes.Taken)
			if len(f.notes.Passed) > 0 {
				got += "; passed: " + countText(f.notes.Passed)
			}
			if got != c.want || len(f.rows) != c.series {
				t.Errorf("%s in %d series, want %s in %d", got, len(f.rows), c.want, c.series)
			}
			market := strings.Split(c.path, "/")[0]
			rows := 0
			for key, n := range f.rows {
				rows += n
				if row.MarketOf(key.Product) != market {
					t.Errorf("series %v", key)
				}
			}
			if rows != c.rows {
				t.Errorf("%d rows, want %d", rows, c.rows)
			}
			t.Logf("%s: %d rows in %d series", got, rows, len(f.rows))
			// Without the directory the file must tell the same, or say that it cannot.
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			alone := drain(t, open(t, filepath.Join(t.TempDir(), filepath.Base(path)), content, row.Key{}), false)
			if strings.HasPrefix(filepath.Base(path), "btcusdt") {
				if alone.err == nil || !strings.Contains(alone.err.Error(), "--product") {
					t.Errorf("nothing says that it is of UM, and: %v", alone.err)
				}
			} else if alone.err != nil || len(alone.rows) != c.series {
				t.Errorf("alone: %d series, %v", len(alone.rows), alone.err)
			}
		})
	}
}

func countText(counts []source.Count) string {
	var list []string
	for _, c := range counts {
		list = append(list, fmt.Sprintf("%s %d", c.Name, c.Count))
	}
	return strings.Join(slices.Sorted(slices.Values(list)), ", ")
}
