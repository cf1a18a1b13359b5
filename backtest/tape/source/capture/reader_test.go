package capture

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

const startNS = 1790000000000000000

// tradeLine is the nth trade of a recording.
func tradeLine(n int, symbol string) string {
	return fmt.Sprintf(`%d {"stream":"x@trade","data":{"e":"trade","E":%d,"T":%d,"s":%q,"t":%d,"p":"141.2%d","q":"0.5","X":"MARKET","m":%v}}`+"\n",
		startNS+int64(n)*1000, startNS/1_000_000, startNS/1_000_000, symbol, n+1, n%10, n%2 == 0)
}

// depthLine is the nth piece of a book, with that many levels.
func depthLine(n int, symbol string, levels int) string {
	var list []string
	for i := range levels {
		list = append(list, fmt.Sprintf(`["%d.5","%d"]`, 100+i, i+n+1))
	}
	return fmt.Sprintf(`%d {"stream":"x@depth","data":{"e":"depthUpdate","E":%d,"T":%d,"s":%q,"U":%d,"u":%d,"pu":%d,"b":[%s],"a":[]}}`+"\n",
		startNS+int64(n)*1000, startNS/1_000_000, startNS/1_000_000, symbol, n+1, n+1, n, strings.Join(list, ","))
}

// TestPacked reads one recording plain and packed.
func TestPacked(t *testing.T) {
	var plain, gz, zst bytes.Buffer
	for n := range 3000 {
		plain.WriteString(tradeLine(n, "SOLUSDT"))
	}
	z := gzip.NewWriter(&gz)
	z.Write(plain.Bytes())
	z.Close()
	s, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(plain.Bytes())
	s.Close()
	for name, content := range map[string][]byte{"a.txt": plain.Bytes(), "a.txt.gz": gz.Bytes(), "a.txt.zst": zst.Bytes()} {
		f := drain(t, open(t, filepath.Join(t.TempDir(), "um", name), content, row.Key{}), false)
		f.account(3000)
		if got := f.rows[row.Key{Product: exchange.UM, Symbol: "SOLUSDT", Kind: row.Trades}]; got != 3000 || f.err != nil {
			t.Errorf("%s: %d rows, %v", name, got, f.err)
		}
	}
	// A recorder that dies leaves packed content without an end.
	cut := drain(t, open(t, filepath.Join(t.TempDir(), "um", "a.txt.gz"), gz.Bytes()[:gz.Len()*2/3], row.Key{}), false)
	if cut.err != nil || len(cut.bad) != 1 || len(cut.notes.Warnings) != 1 || len(cut.lines) < 1000 || len(cut.lines) >= 3000 {
		t.Errorf("cut off: %d lines, bad %v, warnings %v, %v", len(cut.lines), cut.bad, cut.notes.Warnings, cut.err)
	}
	cut.account(int(cut.bad[0].Line))
	// One that is damaged in the middle cannot be read on.
	damaged := bytes.Clone(gz.Bytes())
	damaged[len(damaged)/2] ^= 0xff
	if f := drain(t, open(t, filepath.Join(t.TempDir(), "um", "a.txt.gz"), damaged, row.Key{}), false); f.err == nil {
		t.Error("a damaged file was read to its end")
	} else if !strings.Contains(f.err.Error(), "a.txt.gz:") {
		t.Errorf("error without the place: %v", f.err)
	}
}

// TestLongLines reads a message of 2 MB, passes over a line that is longer than any
// message, and goes on.
func TestLongLines(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`1790000000 {"timezone":"UTC","symbols":[` + strings.Repeat(`{"symbol":"SOLUSDT"},`, 100_000) + "{}]}\n")
	b.WriteString(depthLine(1, "SOLUSDT", 150_000))
	b.WriteString("1790000000 {\"e\":\"" + strings.Repeat("x", 3*lineMax) + "\"}\n")
	b.WriteString(tradeLine(2, "SOLUSDT"))
	b.WriteString(strings.Repeat("x", lineMax))
	b.WriteString("\n" + tradeLine(3, "SOLUSDT"))
	b.WriteString(strings.Repeat("y", lineMax+1))
	if first := bytes.IndexByte(b.Bytes(), '\n'); first < 2_000_000 {
		t.Fatalf("the first line has %d bytes", first)
	}
	r := open(t, filepath.Join(t.TempDir(), "um", "a.txt"), b.Bytes(), row.Key{})
	f := drain(t, r, false)
	f.account(7)
	if len(f.bad) != 3 || f.bad[0].Line != 3 || f.bad[1].Line != 5 || f.bad[2].Line != 7 || len(f.lines) != 3 || f.pieces != 1 || f.err != nil {
		t.Errorf("bad lines %v, good %v, %v", f.bad, f.lines, f.err)
	}
	for _, bad := range f.bad {
		if len(bad.Text) > 5000 {
			t.Errorf("%d bytes are kept of line %d", len(bad.Text), bad.Line)
		}
	}
}

// TestBatches counts what is handed out and when: full batches at once, pieces whole.
func TestBatches(t *testing.T) {
	var b bytes.Buffer
	for n := range 3 * source.BatchRows {
		b.WriteString(tradeLine(n, "SOLUSDT"))
		if n%100 == 0 {
			b.WriteString(depthLine(n, "ETHUSDT", 70))
		}
		if n%1000 == 0 {
			b.WriteString("noise\n")
		}
	}
	r := open(t, filepath.Join(t.TempDir(), "um", "a.txt"), b.Bytes(), row.Key{})
	var got []string
	for {
		batch, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %d bad %d", batch.Key.Symbol, len(batch.Lines), len(batch.Bad)))
	}
	want := []string{"SOLUSDT 2048 bad 3", "ETHUSDT 2100 bad 0", "SOLUSDT 2048 bad 2", "ETHUSDT 2100 bad 1", "SOLUSDT 2048 bad 1", "ETHUSDT 140 bad 0"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("batches:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRoom reads more series than there may be, whose rows together are more than may
// wait, and holds the memory of the piles to its bound.
func TestRoom(t *testing.T) {
	var b bytes.Buffer
	lines := 0
	for round := range 3 {
		for s := range seriesMax + 10 {
			b.WriteString(depthLine(round, fmt.Sprintf("S%dUSDT", s), 30+s%50))
			lines++
		}
	}
	reader := open(t, filepath.Join(t.TempDir(), "um", "a.txt"), b.Bytes(), row.Key{}).(*reader)
	most := 0
	f := drain(t, watch{reader, func() { most = max(most, reader.room) }}, false)
	f.account(lines)
	if len(f.rows) != seriesMax || len(f.bad) != 30 {
		t.Errorf("%d series, %d bad lines", len(f.rows), len(f.bad))
	}
	if f.pieces != 3*seriesMax {
		t.Errorf("%d pieces", f.pieces)
	}
	if most > roomMax+10_000 || most < roomMax {
		t.Errorf("room for %d rows", most)
	}
	if reader.room != 0 {
		t.Errorf("in the end there is still room for %d rows", reader.room)
	}
}

// watch looks at a reader after every batch.
type watch struct {
	source.Reader
	look func()
}

func (w watch) Next() (source.Batch, error) {
	b, err := w.Reader.Next()
	w.look()
	return b, err
}

// TestURLs tells products, REST calls and symbols by URLs.
func TestURLs(t *testing.T) {
	for text, want := range map[string]request{
		"wss://fstream.binance.com/stream?streams=solusdt@aggTrade":        {product: exchange.UM},
		"wss://fstream.binance.com/market/ws/solusdt@aggTrade":             {product: exchange.UM},
		"wss://fstream.binancefuture.com/ws":                               {product: exchange.UM},
		"wss://dstream.binance.com/ws/solusd_perp@aggTrade":                {product: exchange.CM},
		"wss://ws-dapi.binance.com/ws-dapi/v1":                             {product: exchange.CM},
		"wss://stream.binance.com:9443/ws/solusdt@trade":                   {product: exchange.Margin},
		"wss://data-stream.binance.vision/ws":                              {product: exchange.Margin},
		"https://fapi.binance.com/fapi/v1/depth?symbol=solusdt&limit=5":    {exchange.UM, "depth", "SOLUSDT"},
		"https://dapi.binance.com/dapi/v1/depth?symbol=SOLUSD_PERP":        {exchange.CM, "depth", "SOLUSD_PERP"},
		"https://testnet.binancefuture.com/dapi/v1/ticker/bookTicker":      {exchange.CM, "bookTicker", ""},
		"https://api.binance.com/api/v3/depth?symbol=SOLUSDT":              {exchange.Margin, "depth", "SOLUSDT"},
		"https://api1.binance.com/api/v3/exchangeInfo":                     {exchange.Margin, "exchangeInfo", ""},
		"https://example.com/depth?symbol=%E5%B8%81%E5%AE%89%E4%BA%BAUSDT": {0, "depth", "币安人USDT"},
		"wss://stream.example.com/ws":                                      {},
		"https://%zz":                                                      {},
	} {
		if got := parseRequest([]byte(text)); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

// TestNames bounds what is kept of names that a file makes up.
func TestNames(t *testing.T) {
	var b bytes.Buffer
	for n := range 2 * namesMax {
		fmt.Fprintf(&b, "1790000000 {\"e\":\"made up %d %s\"}\n", n, strings.Repeat("x", 1000))
		fmt.Fprintf(&b, "wss://%sstream.binance.com/ws\n", []string{"f", "d"}[n%2])
	}
	f := drain(t, open(t, filepath.Join(t.TempDir(), "a.txt"), b.Bytes(), row.Key{Product: exchange.UM}), false)
	f.account(4 * namesMax)
	if len(f.notes.Passed) > namesMax+1 || len(f.notes.Warnings) > warningsMax {
		t.Errorf("%d names, %d warnings", len(f.notes.Passed), len(f.notes.Warnings))
	}
	for _, c := range f.notes.Passed {
		if len(c.Name) > nameMax {
			t.Errorf("name of %d bytes", len(c.Name))
		}
	}
}

// FuzzRead reads anything: without a panic, with possible rows and every line accounted
// for.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"layouts.txt", "refusals.txt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
			var content []byte
			for _, line := range strings.Split(block, "\n") {
				if text, ok := strings.CutPrefix(line, "| "); ok {
					content = append(content, text+"\n"...)
				}
			}
			f.Add(content, uint8(0))
			f.Add(content, uint8(exchange.UM))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, product uint8) {
		Detect(content)
		asked := row.Key{Product: exchange.Product(product % 4)}
		found := drain(t, newReader("a.txt", source.NewLongLines(bytes.NewReader(content), 8<<10), origin{asked: asked}), false)
		if found.err != nil {
			return
		}
		lines := 0
		for _, line := range bytes.Split(content, []byte("\n")) {
			if len(bytes.TrimRight(line, "\r\n ")) > 0 {
				lines++
			}
		}
		found.account(lines)
	})
}
