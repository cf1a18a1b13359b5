package tape

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// countedDisk counts what is read of a file.
type countedDisk struct {
	*os.File
	read *int64
}

func (d countedDisk) ReadAt(b []byte, at int64) (int, error) {
	n, err := d.File.ReadAt(b, at)
	*d.read += int64(n)
	return n, err
}

// TestSeek: a replay of the last hour of a big file reads a small part of it, also where
// a book must be made from the last snapshot on.
func TestSeek(t *testing.T) {
	if raced.On() {
		t.Skip("what is read of a disk is no matter of races, and the tapes are large")
	}
	tape := newTape(t)
	store(t, tape, series(exchange.UM, "A", row.AggTrades, 0), newRecorder(1, midnight, 80*time.Millisecond, 0, 0).trades(1_000_000))
	store(t, tape, series(exchange.UM, "A", row.BookTicker, 0), newRecorder(2, midnight, 80*time.Millisecond, time.Millisecond, 0).tickers(1_000_000))
	store(t, tape, series(exchange.UM, "A", row.Depth, 0), newRecorder(3, midnight, 2*time.Second, time.Millisecond, 0).levels(40_000, 1000))
	for _, s := range tape.Series() {
		for _, c := range []Clock{ExchangeClock, CorrectedClock} {
			read := int64(0)
			spec := ReaderSpec{Series: []Series{s}, From: s.To.Add(-time.Hour), Clock: c, open: func(path string) (disk, error) {
				f, err := os.Open(path)
				return countedDisk{f, &read}, err
			}}
			events := 0
			drain(t, open(t, tape, spec), 1000, func(*exchange.Event) { events++ })
			info, err := os.Stat(tape.shelf[s.Key][0].path)
			must(t, err)
			t.Logf("%s by %v: %d events, %d of %d bytes read", s.Key, c, events, read, info.Size())
			if most := info.Size() / 7; read > most || events < 60 {
				t.Errorf("%s by %v: %d bytes of %d read for %d events, want at most %d", s.Key, c, read, info.Size(), events, most)
			}
		}
	}
}

// TestSeekExactly: no row is lost or told twice wherever in a page or row group a replay
// begins and ends.
func TestSeekExactly(t *testing.T) {
	tape := newTape(t)
	rows := newRecorder(1, midnight, 20*time.Millisecond, 0, 0).trades(groupRows + 80_000)
	store(t, tape, series(exchange.UM, "A", row.AggTrades, 0), rows)
	file, err := openRows[row.Trade](tape.shelf[tape.Series()[0].Key][0].path)
	must(t, err)
	var starts []int // of pages
	for g, group := range file.groups {
		pages, err := group.ColumnChunks()[file.timed].OffsetIndex()
		must(t, err)
		for i := range pages.NumPages() {
			starts = append(starts, g*groupRows+int(pages.FirstRowIndex(i)))
		}
	}
	must(t, file.close())
	if len(starts) < 8 {
		t.Fatalf("pages start at %v: too few for this test", starts)
	}
	for _, k := range starts[1:] {
		for _, off := range []int{-1, 0, 1} {
			spec := ReaderSpec{From: rows[k+off].When(), To: rows[k+off+1000].When()}
			first := slices.IndexFunc(rows, func(r row.Trade) bool { return r.When() >= spec.From })
			want := first
			drain(t, open(t, tape, spec), 512, func(e *exchange.Event) {
				if e.Kind != exchange.KindTrade {
					return
				}
				if e.Trade().ID != rows[want].ID {
					t.Fatalf("from row %d: trade %d, want %d", k+off, e.Trade().ID, rows[want].ID)
				}
				want++
			})
			if rows[want-1].When() > spec.To || rows[want].When() <= spec.To {
				t.Fatalf("from row %d: ends before row %d of %v, not at %v", k+off, want, rows[want].When(), spec.To)
			}
		}
	}
}

// TestConstantColumns: what a column is by its statistics is what it is by its pages, also
// where it changes from one row group to the next.
func TestConstantColumns(t *testing.T) {
	tape := newTape(t)
	rows := newRecorder(1, midnight, time.Millisecond, 0, 0).trades(3*groupRows + 10)
	for i := range rows {
		rows[i].BuyerMaker = i >= groupRows
		rows[i].First, rows[i].Last = 0, 0
		if i >= 2*groupRows {
			rows[i].First, rows[i].Last = int64(5*(i%2)), int64(5+i%2) // the least First is the constant before and after
		}
		if i >= 3*groupRows {
			rows[i].First, rows[i].Last, rows[i].BuyerMaker = 0, 0, i%3 == 0
		}
	}
	store(t, tape, series(exchange.UM, "A", row.AggTrades, 0), rows)
	i := 0
	drain(t, open(t, tape, ReaderSpec{}), 1024, func(e *exchange.Event) {
		if e.Kind != exchange.KindTrade {
			return
		}
		r := &rows[i]
		if want := (exchange.Trade{Price: r.Price, Qty: r.Qty, ID: r.ID, First: r.First, Last: r.Last, BuyerMaker: r.BuyerMaker}); e.Trade() != want {
			t.Fatalf("row %d is %+v, want %+v", i, e.Trade(), want)
		}
		i++
	})
	if i != len(rows) {
		t.Errorf("%d trades, want %d", i, len(rows))
	}
}

// decoding counts the goroutines that decode ahead. One that has just ended may still be
// seen for a moment.
func decoding() (count int) {
	stacks := make([]byte, 1<<20)
	for range 1000 {
		count = strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "tape.(*ahead).start.func")
		if count == 0 {
			break
		}
		runtime.Gosched()
	}
	return count
}

// TestDecodingEnds: the goroutine that decodes ahead has ended after the last event, and
// after Close in the middle.
func TestDecodingEnds(t *testing.T) {
	p := allKinds(t, 2)
	buf := make([]exchange.Event, 300)
	for _, c := range []struct {
		name string
		end  func(r *Reader)
	}{
		{"never begun", func(r *Reader) { must(t, r.Close()) }},
		{"last event", func(r *Reader) { drain(t, r, 1000, nil) }},
		{"closed early", func(r *Reader) {
			_, err := r.Next(buf)
			must(t, err)
			must(t, r.Close())
		}},
		{"closed twice", func(r *Reader) {
			must(t, r.Close())
			if _, err := r.Next(buf); err == nil || !strings.Contains(err.Error(), "the reader is closed") {
				t.Errorf("Next after Close: %v", err)
			}
			must(t, r.Close())
		}},
	} {
		r, err := p.tape.Reader(ReaderSpec{Series: p.tape.Series(), Instrument: anyone()})
		must(t, err)
		c.end(r)
		if n := decoding(); n != 0 {
			t.Errorf("%s: %d goroutines decode", c.name, n)
		}
		must(t, r.Close())
	}
}

// TestDamagedReplay damages files all over and wants an error that names the file, or the
// rows, and no panic and no goroutine left.
func TestDamagedReplay(t *testing.T) {
	p := allKinds(t, 3)
	failed := 0
	for _, s := range p.tape.Series() {
		path := p.tape.shelf[s.Key][0].path
		whole, err := os.ReadFile(path)
		must(t, err)
		for at := 0; at < len(whole); at += 1 + len(whole)/raced.Fewer(40, 10) {
			damaged := slices.Clone(whole)
			for i := at; i < min(at+8, len(damaged)); i++ {
				damaged[i] ^= 0x55
			}
			must(t, os.WriteFile(path, damaged, 0o644))
			for _, from := range []exchange.Time{0, s.From.Add(s.To.Sub(s.From) / 3)} {
				if err := tryReplay(t, p.tape, ReaderSpec{Series: []Series{s}, From: from, Instrument: anyone(), Clock: CorrectedClock}); err != nil {
					failed++
					if !strings.Contains(err.Error(), filepath.Base(path)) && !strings.Contains(err.Error(), "no rows") {
						t.Errorf("%s, byte %d: error does not name the file: %v", s.Key, at, err)
					}
				}
			}
		}
		must(t, os.WriteFile(path, whole, 0o644))
	}
	if failed < raced.Fewer(100, 25) {
		t.Errorf("%d replays of damaged files failed: what was damaged is not what is read", failed)
	}
	if n := decoding(); n != 0 {
		t.Errorf("%d goroutines decode", n)
	}
}

// tryReplay plays until the end or an error.
func tryReplay(t *testing.T, tape *Tape, spec ReaderSpec) error {
	r, err := tape.Reader(spec)
	if err != nil {
		return err
	}
	for buf := make([]exchange.Event, 1000); err == nil; {
		_, err = r.Next(buf)
	}
	if n := decoding(); n != 0 {
		t.Errorf("%d goroutines decode after %v", n, err)
	}
	must(t, r.Close())
	if err == io.EOF {
		return nil
	}
	return err
}
