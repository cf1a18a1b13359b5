package clock

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// shared finds recorded data that is not part of the repository.
func shared(t *testing.T, path string) string {
	t.Helper()
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

// capture reads the rows of a raw capture, `<local time> <frame>`, with the local time in
// whole nanoseconds or in seconds with a fraction.
func capture(t *testing.T, path string) (rows []row) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		stamp, text, _ := strings.Cut(lines.Text(), " ")
		whole, part, _ := strings.Cut(strings.TrimSuffix(stamp, ":"), ".")
		if len(whole) == 10 {
			whole += (part + "000000000")[:9]
		}
		var frame struct {
			Data struct {
				E    int64
				Kind string `json:"e"` // without it e would be taken for E
			}
		}
		local, err := strconv.ParseInt(whole, 10, 64)
		if err == nil && json.Unmarshal([]byte(text), &frame) == nil && frame.Data.E > 0 {
			rows = append(rows, row{event: exchange.Millis(frame.Data.E), local: exchange.Time(local)})
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestSharedCaptures holds the verdict against real recordings: two of a clock that was
// slow, one with a stall of five seconds, one that is in order.
func TestSharedCaptures(t *testing.T) {
	for _, c := range []struct {
		path     string
		rows     int
		smallest time.Duration
		says     string
	}{
		{"um/ws_raw/hftbacktest/btcusdt_20240808.gz", 93953, -1272548721,
			"clock at least 1.273 s slow (smallest lag -1272.549 ms); steady over 5m44s"},
		{"cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz", 48269, -1272693795,
			"clock at least 1.273 s slow (smallest lag -1272.694 ms); steady over 5m41s"},
		{"um/ws_raw/cryptofeed_2021/BINANCE_FUTURES.ws.1.0", 1535, 41879800, "smallest lag 41.880 ms, plausible; steady over 28s"},
		{"cm/ws_raw/cryptofeed_2021/BINANCE_DELIVERY.ws.1.0", 4371, -30075000,
			"clock at least 0.030 s slow (smallest lag -30.075 ms); steady over 24s"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			rows := capture(t, shared(t, c.path))
			m := Fit(gather(rows).Knots())
			r := m.Report()
			if len(rows) != c.rows || r.Smallest != c.smallest || r.String() != c.says {
				t.Errorf("%d rows, smallest lag %d: %s", len(rows), r.Smallest, r)
			}
			latency := corrected(m, rows, 0)
			t.Logf("%d knots, %d hull edges; latency after correction: least %v, median %v, most %v",
				r.Knots, len(m.pieces[0].envelope), latency[0], latency[len(latency)/2], latency[len(latency)-1])
			if latency[0] < -time.Millisecond || latency[len(latency)/2] > 5*time.Millisecond {
				t.Errorf("latency after correction: least %v, median %v", latency[0], latency[len(latency)/2])
			}
		})
	}
}
