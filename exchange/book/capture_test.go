package book

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
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

type row [2]string

// decodePiece reads a depthUpdate frame or a REST snapshot.
func decodePiece(t testing.TB, line []byte) exchange.Depth {
	var f struct {
		LastUpdateID int64 `json:"lastUpdateId"`
		Bids, Asks   []row
		Data         struct {
			First int64 `json:"U"`
			Last  int64 `json:"u"`
			Prev  int64 `json:"pu"`
			B     []row `json:"b"`
			A     []row `json:"a"`
		}
	}
	if err := json.Unmarshal(line, &f); err != nil {
		t.Fatalf("%v in %.100s", err, line)
	}
	if f.LastUpdateID != 0 {
		return exchange.Depth{Snapshot: true, Last: f.LastUpdateID, Bids: levels(t, f.Bids), Asks: levels(t, f.Asks)}
	}
	return exchange.Depth{First: f.Data.First, Last: f.Data.Last, Prev: f.Data.Prev, Bids: levels(t, f.Data.B), Asks: levels(t, f.Data.A)}
}

func levels(t testing.TB, rows []row) []exchange.Level {
	list := make([]exchange.Level, len(rows))
	for i, r := range rows {
		list[i] = exchange.Level{Price: fixed(t, r[0]), Qty: fixed(t, r[1])}
	}
	return list
}

func fixed(t testing.TB, s string) exchange.Fixed {
	f, err := exchange.ParseFixed(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func decodeTicker(t testing.TB, line []byte) exchange.BookTicker {
	var f struct {
		Data struct {
			ID     int64  `json:"u"`
			Bid    string `json:"b"`
			BidQty string `json:"B"`
			Ask    string `json:"a"`
			AskQty string `json:"A"`
		}
	}
	if err := json.Unmarshal(line, &f); err != nil {
		t.Fatalf("%v in %.100s", err, line)
	}
	d := f.Data
	return exchange.BookTicker{
		Bid: fixed(t, d.Bid), BidQty: fixed(t, d.BidQty), Ask: fixed(t, d.Ask), AskQty: fixed(t, d.AskQty), UpdateID: d.ID,
	}
}

// readCapture returns the depth pieces of a capture in order, and its bookTicker lines by
// update id, the last of each id: the frame that saw the finished state.
func readCapture(t testing.TB, path string) (pieces []exchange.Depth, tickers map[int64][]byte) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	tickers = map[int64][]byte{}
	for line := range lines(t, bufio.NewScanner(r)) {
		_, line, _ = bytes.Cut(line, []byte(" "))
		switch {
		case bytes.Contains(line[:min(len(line), 200)], []byte(`"bookTicker"`)):
			_, rest, _ := bytes.Cut(line, []byte(`"u":`))
			digits, _, _ := bytes.Cut(rest, []byte(","))
			id, err := strconv.ParseInt(string(digits), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			tickers[id] = bytes.Clone(line)
		case bytes.Contains(line[:min(len(line), 200)], []byte(`"depthUpdate"`)), bytes.HasPrefix(line, []byte(`{"lastUpdateId"`)):
			pieces = append(pieces, decodePiece(t, line))
		}
	}
	return pieces, tickers
}

// TestCapture rebuilds the book of a recording and compares its best prices with every
// bookTicker frame of the same update id, an oracle that the exchange has computed.
func TestCapture(t *testing.T) {
	for _, c := range []struct {
		name   string
		path   func(t testing.TB) string
		points int
	}{
		{"own", func(testing.TB) string { return filepath.Join("testdata", "capture.txt") }, 23},
		{"um", func(t testing.TB) string { return sharedData(t, "data/um/ws_raw/hftbacktest/btcusdt_20240808.gz") }, 629},
		{"cm", func(t testing.TB) string { return sharedData(t, "data/cm/ws_raw/hftbacktest/btcusd_perp_20240808.gz") }, 1124},
	} {
		t.Run(c.name, func(t *testing.T) {
			pieces, tickers := readCapture(t, c.path(t))
			b := New(Futures)
			points := 0
			for i := range pieces {
				outcome := b.Apply(&pieces[i])
				if ready := b.Ready(); outcome.Resync() || outcome == Waiting && ready {
					t.Fatalf("piece %d: %v", i, outcome)
				}
				line, ok := tickers[b.UpdateID()]
				if !ok || outcome != Applied {
					continue
				}
				points++
				if want := decodeTicker(t, line); b.BookTicker() != want {
					t.Fatalf("piece %d: best %+v, bookTicker says %+v", i, b.BookTicker(), want)
				}
			}
			if points != c.points || b.Drained() {
				t.Errorf("%d common points, want %d; drained %v", points, c.points, b.Drained())
			}
		})
	}
}

// BenchmarkApply replays the real UM book: about 5,000 levels a side at its end, and as
// many changes a piece as it reports.
func BenchmarkApply(b *testing.B) {
	pieces, _ := readCapture(b, sharedData(b, "data/um/ws_raw/hftbacktest/btcusdt_20240808.gz"))
	levels, n := 0, 0
	for i := range pieces {
		levels += len(pieces[i].Bids) + len(pieces[i].Asks)
	}
	b.ReportAllocs()
	book := New(Futures)
	for b.Loop() {
		if n%len(pieces) == 0 {
			book.Reset()
		}
		book.Apply(&pieces[n%len(pieces)])
		n++
	}
	b.ReportMetric(float64(levels)/float64(len(pieces)), "levels/op")
}
