package csv

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// write makes a file and returns its path.
func write(t testing.TB, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// openPath opens a file that must have a known layout.
func openPath(t testing.TB, path string) source.Reader {
	t.Helper()
	f, err := source.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	r, err := Open(f, source.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestManySeries reads more symbols in turn than fit in memory at a batch each: what waits
// stays bounded, nothing is lost, and each series keeps the order of the file.
func TestManySeries(t *testing.T) {
	const symbols, rows = 700, 150
	var text bytes.Buffer
	text.WriteString("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n")
	for i := range rows {
		for s := range symbols {
			at := 1_704_153_600_000_000 + i*1_000_000 + s
			fmt.Fprintf(&text, "binance-futures,S%dUSDT,%d,%d,%d,buy,1,1\n", s, at, at+5, i+1)
		}
	}
	r := openPath(t, write(t, "a.csv", text.Bytes())).(*reader)
	next := map[row.Key]int64{}
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(b.Bad) > 0 {
			t.Fatal(err, b.Bad)
		}
		for i, one := range b.Rows.([]row.Trade) {
			next[b.Key]++
			if one.ID != next[b.Key] {
				t.Fatalf("%v: id %d after %d", b.Key, one.ID, next[b.Key]-1)
			}
			if want := (one.ID-1)*symbols + int64(one.Time%1000) + 2; b.Lines[i] != want {
				t.Fatalf("%v: id %d is on line %d, want %d", b.Key, one.ID, b.Lines[i], want)
			}
		}
		waiting := 0
		for _, o := range r.out.all {
			waiting += o.size()
		}
		if waiting -= len(b.Lines); waiting != r.out.held || waiting > heldMax {
			t.Fatalf("%d rows wait, %d are counted, at most %d should", waiting, r.out.held, heldMax)
		}
	}
	if len(next) != symbols {
		t.Fatalf("%d series", len(next))
	}
	for k, n := range next {
		if n != rows {
			t.Errorf("%v: %d rows", k, n)
		}
	}
}

// TestBadFlood reads a file that is bad throughout: bad lines come in batches of their
// own, each once and in order.
func TestBadFlood(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("calc_time,funding_interval_hours,last_funding_rate\n")
	for i := range 10 * badMax {
		if i%1000 == 0 {
			fmt.Fprintf(&text, "%d,8,0.0001\n", 1_704_153_600_000+i*3_600_000)
		}
		fmt.Fprintf(&text, "%s\n", strings.Repeat("x", i))
	}
	r := openPath(t, write(t, "um/BTCUSDT-fundingRate-2024-01.csv", text.Bytes()))
	rows, bad, last := 0, 0, int64(0)
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Bad) > badMax {
			t.Errorf("%d bad lines in a batch", len(b.Bad))
		}
		for _, one := range b.Bad {
			if one.Line <= last || len(one.Text) > 5000 {
				t.Fatalf("line %d after %d, %d bytes of text", one.Line, last, len(one.Text))
			}
			last = one.Line
		}
		rows, bad = rows+len(b.Lines), bad+len(b.Bad)
	}
	if rows != 3 || bad != 10*badMax-1 { // the empty line is none
		t.Errorf("%d rows and %d bad lines", rows, bad)
	}
}

// TestMadeIDs makes ids for as many rows of one time as there is room for.
func TestMadeIDs(t *testing.T) {
	text := func(at string) []byte {
		return []byte("time,price,qty,buyer_maker\n" + strings.Repeat(at+",1,1,true\n", 1500))
	}
	for _, c := range []struct {
		at   string
		rows int
	}{{"1704153600001", 1500}, {"1704153600001000", 1000}, {"2024-01-02T00:00:00.001Z", 1000}} {
		got := mustRead(t, write(t, "um/BTCUSDT-trades-2024-01-02.csv", text(c.at)), source.Spec{})
		if got.count() != c.rows || len(got.bad) != 1500-c.rows {
			t.Fatalf("%s: %d rows, %d bad", c.at, got.count(), len(got.bad))
		}
		rows := got.rows[got.keys[0]].Interface().([]row.Trade)
		for i := range rows {
			if want := row.MakeID(rows[0].Time, 0) + int64(i); rows[i].ID != want {
				t.Fatalf("%s: row %d has id %d, want %d", c.at, i, rows[i].ID, want)
			}
		}
		if len(got.bad) > 0 && !strings.Contains(got.bad[0].Reason.Error(), "1001 rows have the time") {
			t.Error(got.bad[0].Reason)
		}
	}
}

// TestFinalMax refuses a final snapshot that no book can have, before memory ends.
func TestFinalMax(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("TimestampOfReceiveUS,TimestampOfReceive,Stream,EventTime,TransactionTime,Symbol,FirstUpdateId,FinalUpdateId,IsAsk,Price,Quantity," +
		"TradeId,IsBuyerMarketMaker,MessageOutputTime,LastUpdateId,StreamType,Market\n")
	for i := range finalMax + 1 {
		fmt.Fprintf(&text, "1754588799938000,1754588799938,solusdt@depth,1754588799442,1754588799412,SOLUSDT,1,%d,0,0.%06d,1,,,,,FINAL_DEPTH_SNAPSHOT,USD_M_FUTURES\n",
			i+1, i+1)
	}
	whole := bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	_, err := readFile(t, write(t, "a.csv", whole), source.Spec{})
	if want := fmt.Sprintf("a.csv:%d: the final depth snapshot has more than %d levels", finalMax+2, finalMax); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want ...%s", err, want)
	}
	fits := whole[:bytes.LastIndexByte(whole, '\n')+1]
	got := mustRead(t, write(t, "a.csv", fits), source.Spec{})
	rows := got.rows[got.keys[0]].Interface().([]row.Level)
	if len(rows) != finalMax || !rows[0].Begins || rows[1].Begins || rows[0].Last != finalMax || rows[finalMax-1].Last != finalMax {
		t.Errorf("%d rows, first %+v", len(rows), rows[0])
	}
}

// TestReadErrors ends at what cannot be read on, with the file's name and line.
func TestReadErrors(t *testing.T) {
	head := "id,price,qty,quote_qty,time,is_buyer_maker\n"
	line := "1,1,1,1,1713571200068,true\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, head, line)
	for i := range 200_000 {
		fmt.Fprintf(z, "%d,1,1,1,1713571200068,true\n", i*7919)
	}
	z.Close()
	for name, c := range map[string]struct {
		file, want string
		text       []byte
	}{
		"long line": {"um/BTCUSDT-trades-2024-04-20.csv", "BTCUSDT-trades-2024-04-20.csv:3: line is longer than",
			slices.Concat([]byte(head+line), bytes.Repeat([]byte("1"), 2*source.LineMax))},
		"cut off": {"um/BTCUSDT-trades-2024-04-20.csv.gz", "unexpected EOF", packed.Bytes()[:packed.Len()/2]},
	} {
		t.Run(name, func(t *testing.T) {
			r := openPath(t, write(t, c.file, c.text))
			var err error
			for err == nil {
				_, err = r.Next()
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if _, again := r.Next(); again == nil || again.Error() != err.Error() {
				t.Errorf("then %v", again)
			}
			if r.Close() != nil {
				t.Error("does not close")
			}
		})
	}
}

// TestPackedName takes symbol and kind from the name of a packed file.
func TestPackedName(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprintln(z, "4020436871,3054.91,0.1,305.491,1713571200068,true")
	z.Close()
	got := mustRead(t, write(t, "um/ETHUSDT-trades-2024-04-20.csv.gz", packed.Bytes()), source.Spec{})
	if fmt.Sprint(got.keys) != "[um/ETHUSDT/trades]" || got.count() != 1 {
		t.Errorf("%d rows of %v", got.count(), got.keys)
	}
}

// TestRecording tells the layouts of recorders, whose rows come in the order of receipt.
func TestRecording(t *testing.T) {
	for text, want := range map[string]bool{
		"exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n":                                                         true,
		"TimestampOfReceive,Stream,EventTime,TransactionTime,Symbol,TradeId,Price,Quantity,IsBuyerMarketMaker,XUnknownParameter\n": true,
		"id,price,qty,quote_qty,time,is_buyer_maker\n":                                                                             false,
	} {
		r := openPath(t, write(t, "um/BTCUSDT-trades-2024-04-20.csv", []byte(text)))
		if got := r.(interface{ Recording() bool }).Recording(); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// TestAllocations holds that a row costs no memory of its own, in plain text and with
// quotes.
func TestAllocations(t *testing.T) {
	const rows = 30 * source.BatchRows
	odd := strings.ReplaceAll(tradesText(rows), ",0.", ",\"0.\",") // another column, of quotes
	odd = strings.Replace(odd, "quantity", "what,quantity", 1)
	for name, c := range map[string]struct{ file, text string }{
		"trades":    {tradesName, tradesText(rows)},
		"bars":      {barsName, barsText(rows)},
		"depth":     {depthName, depthText(rows)},
		"processor": {"um/a.csv", processorText(rows)},
		"quotes":    {tradesName, odd},
	} {
		t.Run(name, func(t *testing.T) {
			r := openPath(t, write(t, c.file, []byte(c.text)))
			next := func() {
				if b, err := r.Next(); err != nil || len(b.Lines) != source.BatchRows {
					t.Fatal(err, len(b.Lines), b.Bad)
				}
			}
			next()
			if n := testing.AllocsPerRun(20, next); n > 2 { // a batch's header
				t.Errorf("%v allocations a batch of %d rows", n, source.BatchRows)
			}
		})
	}
}
