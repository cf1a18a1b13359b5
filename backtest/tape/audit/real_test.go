package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
)

// capture is a small recording as a collector writes it: of the depth stream a message is
// missing, a trade is absurd, one void, one late, an id missing, a line malformed.
func capture() string {
	var b strings.Builder
	line := func(at int64, delay float64, format string, args ...any) {
		fmt.Fprintf(&b, "%d "+format+"\n", append([]any{at*1e6 + int64(delay*1e6)}, args...)...)
	}
	const start = 1_735_689_600_000
	id, trade := int64(100), int64(0)
	for i := range int64(40) {
		at := start + 100 + i*200
		first, last, prev := id+1, id+5, id
		id = last
		if i == 20 {
			continue // the message is lost
		}
		if i == 1 { // it names no symbol; the messages before do
			line(at, 0, `{"lastUpdateId":100,"E":1735689599990,"T":1735689599989,"bids":[["99.0","1"],["98.0","2"]],"asks":[["101.0","1"],["102.0","2"]]}`)
		}
		line(at, 2, `{"stream":"ausdt@depth@0ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"AUSDT","U":%d,"u":%d,"pu":%d,"b":[["99.0","%d"]],"a":[]}}`,
			at, at, first, last, prev, i+1)
		line(at, 3, `{"stream":"ausdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"AUSDT","b":"99.0","B":"%d","a":"101.0","A":"1","T":%d,"E":%d}}`,
			last, i+1, at, at)
		trade++
		price, kind, delay := "100.0", "MARKET", 4.0
		switch i {
		case 8:
			price = "1000.0"
		case 12:
			price, kind = "0", "NA"
		case 16:
			delay = 804
		case 24:
			trade++
		case 28:
			price = "?"
		}
		line(at, delay, `{"stream":"ausdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"AUSDT","t":%d,"p":"%s","q":"%s","X":"%s","m":true}}`,
			at, at, trade, price, map[bool]string{true: "1", false: "0"}[kind == "MARKET"], kind)
	}
	return b.String()
}

const bars = `open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore
1735689600000,100,101,99,100,5,1735689659999,500,3,2,200,0
1735689660000,100,101,99,100,5,1735689719999,500,3,2,200,0
1735689780000,100,101,99,100,5,1735689839999,500,3,2,200,0
`

// write makes a file below a directory.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// found prints a report without the directory of its files.
func found(r Report, dir string) string {
	return strings.ReplaceAll(describe(r), dir+string(filepath.Separator), "")
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	rows, share := int64(0), 0.0
	r, err := File(context.Background(), []string{
		write(t, dir, "um/ausdt.txt", capture()), write(t, dir, "um/klines/AUSDT-1m-2025-01-01.csv", bars),
	}, Options{}, func(n int64, part float64) { rows, share = n, part })
	if err != nil {
		t.Fatal(err)
	}
	want := `um/ausdt.txt:28: price: a trade at 1000 among trades around 100
um/ausdt.txt:40: void: trade 13 is void: it takes an id but has no price and no quantity
um/ausdt.txt:52: late: a single message is late by 800ms: received 2025-01-01T00:00:04.104Z, sent 2025-01-01T00:00:03.3Z, of 2025-01-01T00:00:03.3Z, where others take 4ms
um/ausdt.txt:62: gap: messages are missing: this one follows id 205, the one before ended with 200
um/ausdt.txt:73: gap: ids from 24 to 24 are missing
um/ausdt.txt:85: malformed: trade of "AUSDT": field "p" is "?": not a decimal number
um/klines/AUSDT-1m-2025-01-01.csv:4: gap: nothing for 2m0s, where rows come every 1m0s
bars: um/AUSDT/klines-1m against um/AUSDT/trades: 0 of 0 equal, of 3 and 38
book: um/AUSDT/depth against um/AUSDT/bookTicker: 20 of 20 equal, of 40 and 39
resyncs: 1
`
	if got := found(r, dir); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if rows != r.Rows || share != 1 || r.Lines != 122 {
		t.Errorf("progress says %d rows and %v, the report %d rows, %d lines", rows, share, r.Rows, r.Lines)
	}
}

// imported is a tape with the files.
func imported(t *testing.T, dir string, paths ...string) *tape.Tape {
	t.Helper()
	tp, err := tape.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	var specs []tape.ImportSpec
	for _, p := range paths {
		specs = append(specs, tape.ImportSpec{Path: p})
	}
	if _, err := tp.ImportAll(context.Background(), tape.Job{Specs: specs}); err != nil {
		t.Fatal(err)
	}
	return tp
}

func TestTape(t *testing.T) {
	dir := t.TempDir()
	tp := imported(t, filepath.Join(dir, "tape"), write(t, dir, "um/ausdt.txt", capture()), write(t, dir, "um/klines/AUSDT-1m-2025-01-01.csv", bars))
	rows := int64(0)
	r, err := Tape(context.Background(), tp, Options{}, func(n int64, _ float64) { rows = n })
	if err != nil {
		t.Fatal(err)
	}
	want := `um/AUSDT/depth at 2025-01-01T00:00:03.9Z to 2025-01-01T00:00:04.3Z: gap: messages are missing: this one follows id 205, the one before ended with 200
um/AUSDT/klines-1m at 2025-01-01T00:02:00Z to 2025-01-01T00:03:00Z: gap: 1 rows are missing
um/AUSDT/trades at 2025-01-01T00:00:01.7Z: price: a trade at 1000 among trades around 100
um/AUSDT/trades at 2025-01-01T00:00:02.5Z: void: trade 13 is void: it takes an id but has no price and no quantity
um/AUSDT/trades at 2025-01-01T00:00:03.3Z: late: a single message is late by 800ms: received 2025-01-01T00:00:04.104Z, sent 2025-01-01T00:00:03.3Z, of 2025-01-01T00:00:03.3Z, where others take 4ms
um/AUSDT/trades at 2025-01-01T00:00:04.7Z to 2025-01-01T00:00:04.9Z: gap: 1 rows are missing
um/AUSDT/trades at 2025-01-01T00:00:05.5Z to 2025-01-01T00:00:05.9Z: gap: 1 rows are missing
bars: um/AUSDT/klines-1m against um/AUSDT/trades: 0 of 0 equal, of 3 and 38
book: um/AUSDT/depth against um/AUSDT/bookTicker: 20 of 20 equal, of 40 and 39
resyncs: 1
`
	if got := found(r, dir); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if rows != r.Rows || len(r.Legs) != 1 || r.Legs[0].Clock.Smallest != 2e6 {
		t.Errorf("progress says %d rows, the report %d; legs %+v", rows, r.Rows, r.Legs)
	}
	var path string
	err = filepath.WalkDir(filepath.Join(dir, "tape"), func(p string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(p, ".parquet") && strings.Contains(p, "bookTicker") {
			path = p
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	hash := bytes.Index(content, []byte("pmbot.rows_sha256"))
	for name, at := range map[string]int{"rows": len(content) / 4, "hash": hash + 40} {
		changed := bytes.Clone(content)
		changed[at] ^= 1 // which leaves a hexadecimal digit one, mostly
		if err := os.WriteFile(path, changed, 0o644); err != nil {
			t.Fatal(err)
		}
		tp, err := tape.Open(filepath.Join(dir, "tape"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Tape(context.Background(), tp, Options{}, nil)
		if err != nil || r.Total() < 1 || r.Findings[0].Check != Damaged || r.Counts[0].Count != 1 || !strings.Contains(r.Findings[0].Text, path) {
			t.Errorf("%s: a changed bit in %s gave %v and %v", name, path, r.Findings, err)
		}
	}
}

// TestEnded holds that a context that has ended ends the run with what there is.
func TestEnded(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "um/ausdt.txt", capture())
	tp := imported(t, filepath.Join(dir, "tape"), path)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := File(ctx, []string{path}, Options{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("files: %v", err)
	}
	if _, err := Tape(ctx, tp, Options{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("tape: %v", err)
	}
}

func TestRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	good := write(t, dir, "um/klines/BUSDT-1m-2025-01-01.csv", bars)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, capture())
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(packed.Bytes())
	broken[len(broken)-6] ^= 0xff // its checksum
	other := write(t, dir, "um/klines/AUSDT-1m-2025-01-01.csv", bars)
	write(t, dir, "um/klines/AUSDT-1m-2025-01-01.csv.CHECKSUM", strings.Repeat("0", 64)+"  AUSDT-1m-2025-01-01.csv")
	for _, c := range []struct {
		name, path string
		finding    string
		err        error
	}{
		{"missing", filepath.Join(dir, "nothing.csv"), "", fs.ErrNotExist},
		{"directory", dir, "", errAny},
		{"no series", write(t, dir, "x.csv", bars), "", row.ErrKey},
		{"empty", write(t, dir, "um/empty.txt", ""), "damaged: the file cannot be read: ", nil},
		{"no gzip", write(t, dir, "um/a.gz", "plain"), "damaged: the file cannot be read: ", nil},
		{"broken gzip", write(t, dir, "um/b.gz", string(broken)), "damaged: the file cannot be read: gzip: invalid checksum", nil},
		{"checksum", other, "checksum mismatch", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := File(context.Background(), []string{c.path, good}, Options{}, nil)
			if c.err == nil && err != nil || c.err == errAny && err == nil || c.err != nil && c.err != errAny && !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if c.finding == "" {
				return
			}
			got := found(r, dir)
			if !strings.Contains(got, c.finding) || !strings.Contains(got, "BUSDT-1m-2025-01-01.csv:4: gap") {
				t.Errorf("found %s, want %s and the gap of the other file", got, c.finding)
			}
		})
	}
}

var errAny = errors.New("any")
