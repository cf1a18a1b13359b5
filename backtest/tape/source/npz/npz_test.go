package npz

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// base is the time that "+0" of a golden file stands for, 2023-11-14T22:13:20Z.
const base = 1_700_000_000_000_000_000

var btcusdt = row.Key{Product: exchange.UM, Symbol: "BTCUSDT"}

// words are those of a golden file for flags.
var words = map[string]uint64{
	"both": bothClocks, "exch": ExchEvent, "local": LocalEvent, "none": 0,
	"buy": BuyEvent, "sell": SellEvent, "two": bothSides, "-": 0,
	"depth": DepthEvent, "trade": TradeEvent, "clear": DepthClearEvent, "snapshot": DepthSnapshotEvent, "bbo": DepthBBOEvent,
}

// parseRecord reads a line "both trade sell +1000 +2000 100.5 2 [ival]": clocks, event,
// side, the two times, price, quantity.
func parseRecord(t testing.TB, line string) []byte {
	t.Helper()
	f := strings.Fields(line)
	if len(f) < 7 {
		t.Fatalf("bad line %q", line)
	}
	var e Event
	for _, word := range f[:3] {
		flags, ok := words[word]
		if !ok {
			n, err := strconv.ParseUint(word, 10, 8)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			flags = n
		}
		e.Flags |= flags
	}
	at := func(s string) exchange.Time {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if s[0] == '+' {
			n += base
		}
		return exchange.Time(n)
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return v
	}
	e.Exch, e.Local = at(f[3]), at(f[4])
	b := appendRecord(nil, &e, number(f[5]), number(f[6]))
	if len(f) > 7 {
		b[48] = 1
	}
	return b
}

// array is an array of so many records, truly or not.
func array(rows int64, records []byte) []byte {
	return append(appendHeader(nil, rows), records...)
}

// archive is an .npz with one entry.
func archive(t testing.TB, name string, method uint16, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// content is what a file was found to hold.
type content struct {
	trades  []row.Trade
	levels  []row.Level
	tickers []row.Ticker
	lines   map[row.Kind][]int64
	bad     []source.Bad
	notes   source.Notes
}

// readAll reads to the end.
func readAll(r source.Reader) (c content, err error) {
	c.lines = map[row.Kind][]int64{}
	for {
		b, err := r.Next()
		if err != nil {
			c.notes = r.Notes()
			if err == io.EOF {
				err = nil
			}
			return c, err
		}
		c.bad = append(c.bad, b.Bad...)
		count := 0
		switch rows := b.Rows.(type) {
		case []row.Trade:
			c.trades, count = append(c.trades, rows...), len(rows)
		case []row.Level:
			c.levels, count = append(c.levels, rows...), len(rows)
		case []row.Ticker:
			c.tickers, count = append(c.tickers, rows...), len(rows)
		}
		if count != len(b.Lines) {
			return c, fmt.Errorf("%d rows with %d lines", count, len(b.Lines))
		}
		c.lines[b.Key.Kind] = append(c.lines[b.Key.Kind], b.Lines...)
	}
}

// readFile writes a file of that name and reads it.
func readFile(t testing.TB, name string, data []byte, spec source.Spec) (content, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return readPath(path, spec)
}

func readPath(path string, spec source.Spec) (content, error) {
	f, err := source.Open(path)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	r, err := Open(f, spec)
	if err != nil {
		return content{}, err
	}
	defer r.Close()
	return readAll(r)
}

// events are those of all rows in the order of the exchange's clock: trades first, as the
// changes of the book that they cause have the same time.
func (c *content) events() []Event {
	var list []Event
	for i := range c.trades {
		list = AppendTrade(list, &c.trades[i])
	}
	for from := 0; from < len(c.levels); {
		to := from + 1
		for to < len(c.levels) && !c.levels[to].Begins {
			to++
		}
		list = AppendPiece(list, c.levels[from:to])
		from = to
	}
	for i := range c.tickers {
		list = AppendTicker(list, &c.tickers[i])
	}
	slices.SortStableFunc(list, func(a, b Event) int { return int(a.Exch - b.Exch) })
	return list
}

// spool is a file in memory.
type spool struct {
	bytes.Buffer
}

func (s *spool) Seek(offset int64, whence int) (int64, error) { return offset, nil }

func write(events []Event) ([]byte, error) {
	var out bytes.Buffer
	w := NewWriter(&out, &spool{})
	for _, e := range events {
		if err := w.Write(e); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// printRows lists rows with the events that they came from.
func printRows[R any](b *strings.Builder, kind row.Kind, rows []R, lines []int64) {
	if len(rows) == 0 {
		return
	}
	columns := row.Columns[R]()
	fmt.Fprintf(b, "%s\n", kind)
	for i := range rows {
		fmt.Fprintf(b, "  %d:", lines[i])
		for j := range columns {
			text := string(row.Text(nil, &columns[j], &rows[i]))
			if text != "0" && text != "-" && text != "false" {
				fmt.Fprintf(b, " %s=%s", columns[j].Name, text)
			}
		}
		b.WriteByte('\n')
	}
}

func (c *content) String() string {
	var b strings.Builder
	printRows(&b, row.Trades, c.trades, c.lines[row.Trades])
	printRows(&b, row.Depth, c.levels, c.lines[row.Depth])
	printRows(&b, row.BookTicker, c.tickers, c.lines[row.BookTicker])
	for _, bad := range c.bad {
		fmt.Fprintf(&b, "bad %d, %s: %s\n  %s\n", bad.Line, bad.Key, strings.ReplaceAll(bad.Reason.Error(), "\n", "; "), bad.Text)
	}
	for _, p := range c.notes.Passed {
		fmt.Fprintf(&b, "passed %d: %s\n", p.Count, p.Name)
	}
	for _, w := range c.notes.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// TestEvents reads arrays that are written as text in events.txt: paragraphs of comments,
// events, and after "->" what they are read as. Rows then go out and in again. Read the
// diff after -rewrite.
func TestEvents(t *testing.T) {
	path := filepath.Join("testdata", "events.txt")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		input, _, _ := strings.Cut(block, "\n->")
		spec := source.Spec{Key: btcusdt}
		var records []byte
		for line := range strings.Lines(input) {
			switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); word {
			case "#":
			case "market":
				spec.Key.Product = row.ProductOf(rest)
			case "only":
				spec.Key.Kind = row.Kind(rest)
			default:
				records = append(records, parseRecord(t, line)...)
			}
		}
		file := archive(t, entryName, zip.Deflate, array(int64(len(records)/recordSize), records))
		c, err := readFile(t, "a.npz", file, spec)
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		out = append(out, input+"\n->\n"+c.String()+again(t, &c, spec))
	}
	golden(t, path, string(data), strings.Join(out, "\n"))
}

// again writes the rows of a file and reads them back.
func again(t *testing.T, c *content, spec source.Spec) string {
	file, err := write(c.events())
	if err != nil {
		return "export: " + err.Error() + "\n"
	}
	second, err := readFile(t, "b.npz", file, spec)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(c.trades, func(a, b row.Trade) int { return int(a.Time - b.Time) })
	chained := len(c.bad) == 0 // a broken chain is whole again in the copy
	if !slices.Equal(c.trades, second.trades) || chained && !slices.Equal(c.levels, second.levels) {
		t.Errorf("rows\n%sgo out and come back as\n%s", c, &second)
	}
	if len(second.bad) > 0 || second.notes.Warnings != nil {
		t.Errorf("what was written is read with faults:\n%s", &second)
	}
	if !slices.Equal(c.tickers, second.tickers) {
		t.Errorf("tickers\n%sgo out and come back as\n%s", c, &second)
	}
	return ""
}

func golden(t *testing.T, path, have, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != have {
		t.Errorf("%s differs; -rewrite and read the diff. Got:\n%s", path, got)
	}
}

// TestNumpy reads files that numpy wrote, see testdata/make.py: split events, deflated and
// stored.
func TestNumpy(t *testing.T) {
	var texts []string
	for _, name := range []string{"btcusdt_20231114.npz", "stored.npz", "plain.npy"} {
		path := filepath.Join("testdata", name)
		spec := source.Spec{Key: btcusdt}
		if name == "btcusdt_20231114.npz" {
			spec.Key.Symbol = ""
		}
		c, err := readPath(path, spec)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, c.String()+again(t, &c, source.Spec{Key: btcusdt}))
	}
	if texts[0] != texts[1] || texts[0] != texts[2] {
		t.Errorf("deflated, stored and plain differ:\n%s", strings.Join(texts, "\n"))
	}
	path := filepath.Join("testdata", "numpy.txt")
	data, err := os.ReadFile(path)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	golden(t, path, string(data), texts[0])
}

// TestHeaderOfNumpy holds the written header to the one of the file that numpy wrote.
func TestHeaderOfNumpy(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "plain.npy"))
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(len(want)-headerSize) / recordSize
	if got := appendHeader(nil, rows); !bytes.Equal(got, want[:headerSize]) {
		t.Errorf("written %q\nnumpy's %q", got, want[:headerSize])
	}
	size, back, err := readHeader(bytes.NewReader(appendHeader(nil, rowsMax)))
	if size != headerSize || back != rowsMax || err != nil {
		t.Errorf("the longest header reads as %d, %d, %v", size, back, err)
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		head, name string
		want       bool
	}{
		{"PK\x03\x04", "x.npz", true}, {"", "X.NPZ", true}, {magic + "\x01\x00", "x.npy", true}, {magic, "x.bin", true},
		{"PK\x03\x04", "BTCUSDT-trades-2024-01-01.zip", false}, {"\x93NUMP", "x.npy", false}, {"1,2,3", "x.csv", false},
	} {
		if got := Detect([]byte(c.head), c.name); got != c.want {
			t.Errorf("Detect(%q, %q) = %v", c.head, c.name, got)
		}
	}
}

// TestKeys takes market and symbol from specs and paths.
func TestKeys(t *testing.T) {
	um := row.Key{Product: exchange.UM}
	for _, c := range []struct {
		path string
		spec source.Spec
		want string
	}{
		{"um/btcusdt_20240808.npz", source.Spec{}, "um/BTCUSDT/trades"},
		{"btcusdt_20240808.npz", source.Spec{Key: um}, "um/BTCUSDT/trades"},
		{"cm/btcusd_perp_20240808.npy.gz", source.Spec{}, "cm/BTCUSD_PERP/trades"},
		{"spot/x.npz", source.Spec{Key: row.Key{Symbol: "ETHUSDT", Kind: row.Depth}}, "spot/ETHUSDT/depth"},
		{"um/BTCUSDT-trades-2024-01-02.npz", source.Spec{}, "um/BTCUSDT/trades"},
		{"btcusdt_20240808.npz", source.Spec{}, "market is not given and cannot be told from the path"},
		{"um/data.npz", source.Spec{}, "symbol is not given and cannot be told from the file's name"},
		{"um/btcusdt_2024080x.npz", source.Spec{}, "symbol is not given and cannot be told from the file's name"},
		{"um/btcusd_perp_20240808.npz", source.Spec{}, "symbol BTCUSD_PERP is COIN-M but the market is um: their quantities differ"},
		{"um/btcusdt_20240808.npz", source.Spec{Key: row.Key{Kind: row.MarkPrice}}, "an array of events holds trades, depth and bookTicker, not markPrice"},
		{"um/btcusdt_20240808.npz", source.Spec{Columns: source.Columns{"time": "t"}}, "a column map is given, but the columns of an array of events are fixed"},
	} {
		key, err := keyOf(c.path, c.spec)
		got := key.String()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.path, got, c.want)
		}
	}
}

// TestProgress sees that reading an archive counts.
func TestProgress(t *testing.T) {
	f, err := source.Open(filepath.Join("testdata", "btcusdt_20231114.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Open(f, source.Spec{Key: btcusdt})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(r); err != nil || f.Progress() == 0 {
		t.Errorf("%v, %d bytes of %d", err, f.Progress(), f.Size)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestBatches reads more events than a batch holds, of two kinds with bad ones between, and
// looks at the sizes and at the lines.
func TestBatches(t *testing.T) {
	const count = 3 * source.BatchRows
	var records []byte
	for i := range count {
		e := Event{TradeEvent | BuyEvent | bothClocks, exchange.Time(base + 1000*i), base + count*1000, 0, 0}
		qty := 1.0
		switch i % 4 {
		case 1:
			e.Flags = DepthEvent | BuyEvent | bothClocks
		case 2:
			qty = math.NaN()
		}
		records = appendRecord(records, &e, 100, qty)
	}
	r, err := newReader("data", bytes.NewReader(array(count, records)), -1, btcusdt, "")
	if err != nil {
		t.Fatal(err)
	}
	next := map[row.Kind]int64{row.Trades: 1, row.Depth: 2}
	rows, bad := 0, int64(3)
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil || len(b.Lines) > source.BatchRows || len(b.Lines) == 0 {
			t.Fatalf("%d rows, %v", len(b.Lines), err)
		}
		rows += len(b.Lines)
		for _, line := range b.Lines {
			if line != next[b.Key.Kind] {
				t.Fatalf("%s: line %d, expected %d", b.Key, line, next[b.Key.Kind])
			}
			next[b.Key.Kind] += 4
			if b.Key.Kind == row.Trades && line%4 == 1 {
				next[row.Trades] = line + 3
			} else if b.Key.Kind == row.Trades {
				next[row.Trades] = line + 1
			}
		}
		for _, x := range b.Bad {
			if x.Line != bad {
				t.Fatalf("bad line %d, expected %d", x.Line, bad)
			}
			bad += 4
		}
	}
	if rows != count*3/4 || bad != count+3 {
		t.Errorf("%d rows of %d, bad up to %d", rows, count*3/4, bad)
	}
}
