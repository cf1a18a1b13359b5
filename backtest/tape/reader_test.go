package tape

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// compare plays a tape in buffers of a size and wants what the plain version tells.
func (p *plainTape) compare(t *testing.T, spec ReaderSpec, want []told, size int) {
	t.Helper()
	r := open(t, p.tape, spec)
	got := 0
	drain(t, r, size, func(e *exchange.Event) {
		if spec.Clock != ExchangeClock && e.Kind == exchange.KindGap {
			return // see TestGapsByTheLocalClock
		}
		if got >= len(want) {
			t.Fatalf("%v to %v by %v: event %d is one too many", spec.From, spec.To, spec.Clock, got)
		}
		if w := &want[got]; e.At != w.at || e.Exchange != w.sent || text(e) != w.text {
			t.Fatalf("%v to %v by %v: event %d is\n%v (%v) %s\nwant\n%v (%v) %s", spec.From, spec.To, spec.Clock, got,
				e.At, e.Exchange, text(e), w.at, w.sent, w.text)
		}
		got++
	})
	if got != len(want) {
		t.Fatalf("%v to %v by %v: %d events, want %d", spec.From, spec.To, spec.Clock, got, len(want))
	}
}

// TestReaderAgainstSort compares the replay of all kinds, by each clock, on one core and on
// two, in buffers of several sizes and between random bounds, with a plain sort.
func TestReaderAgainstSort(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	p := allKinds(t, 0)
	r := newRecorder(9, 0, 0, 0, 0)
	list := p.tape.Series()
	for _, c := range []struct {
		clock Clock
		base  time.Duration
	}{{ExchangeClock, 0}, {LocalClock, 0}, {CorrectedClock, 0}, {CorrectedClock, 7 * time.Millisecond}} {
		for round := range raced.Fewer(4, 1) {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			spec := ReaderSpec{Series: list, Clock: c.clock, LatencyBase: c.base, Instrument: anyone()}
			want := p.expect(&spec)
			if round > 0 { // both bounds at events, which are within
				from := r.IntN(len(want) - 4000)
				spec.From, spec.To = want[from].at, want[from+1+r.IntN(4000)].at
				want = p.expect(&spec)
			}
			for _, cores := range []int{1, 2} {
				runtime.GOMAXPROCS(cores)
				for _, size := range []int{7, 1, 1024}[:raced.Fewer(3, 1)] {
					p.compare(t, spec, want, size)
				}
			}
		}
	}
}

// TestGapsByTheLocalClock: a gap comes before the first event after it.
func TestGapsByTheLocalClock(t *testing.T) {
	p := allKinds(t, 1)
	key := series(exchange.UM, "A", row.AggTrades, 0)
	holes := p.tape.Holes(key)
	if len(holes) != 1 {
		t.Fatalf("holes %v, want one", holes)
	}
	for _, c := range []Clock{LocalClock, CorrectedClock} {
		only := slices.DeleteFunc(p.tape.Series(), func(s Series) bool { return s.Key != key })
		gap := false
		drain(t, open(t, p.tape, ReaderSpec{Series: only, Clock: c}), 100, func(e *exchange.Event) {
			switch e.Kind {
			case exchange.KindGap:
				gap = true
			case exchange.KindTrade:
				if e.Trade().ID > 1_900_002_002 && !gap {
					t.Fatalf("%v: trade %d at %v comes before the gap", c, e.Trade().ID, e.At)
				}
			}
		})
		if !gap {
			t.Errorf("%v: no gap", c)
		}
	}
}

// TestReaderAllocations holds the steady state at no allocation an event; what there is
// comes from opening pages and files.
func TestReaderAllocations(t *testing.T) {
	if raced.On() {
		t.Skip("allocations are those of the race detector, too")
	}
	for _, c := range []Clock{ExchangeClock, CorrectedClock} {
		tape := newTape(t)
		store(t, tape, series(exchange.UM, "A", row.Klines, time.Minute), newRecorder(1, midnight, 0, 0, 0).bars(60_000, time.Minute))
		store(t, tape, series(exchange.UM, "A", row.BookTicker, 0), newRecorder(1, midnight, time.Second, time.Second, 0).tickers(60_000))
		store(t, tape, series(exchange.UM, "A", row.Depth, 0), newRecorder(1, midnight, time.Second, time.Second, 0).levels(50_000, 100_000))
		r := open(t, tape, ReaderSpec{Clock: c})
		buf := make([]exchange.Event, 1000)
		read := func() {
			for got := 0; got < len(buf); {
				n, err := r.Next(buf)
				must(t, err)
				got += n
			}
		}
		for range 40 {
			read()
		}
		// None an event, which would be 1000; now and then the Parquet reader renews a pooled
		// buffer, more often under the race detector.
		if n := testing.AllocsPerRun(40, read); n > 100 {
			t.Errorf("%v: %v allocations for 1000 events", c, n)
		}
	}
}

// TestRank holds the order that package backtest asks for.
func TestRank(t *testing.T) {
	want := []exchange.Kind{exchange.KindCadence, exchange.KindMark, exchange.KindTrade, exchange.KindFunding, exchange.KindBarOpen}
	for i, k := range want {
		if Rank(k) != i {
			t.Errorf("rank of %v is %d, want %d", k, Rank(k), i)
		}
	}
}

// TestReaderRefuses shows what a reader does not open.
func TestReaderRefuses(t *testing.T) {
	tape := newTape(t)
	bars := series(exchange.UM, "A", row.Klines, time.Minute)
	store(t, tape, bars, newRecorder(1, midnight, 0, 0, 0).bars(10, time.Minute))
	hours := []row.Trade{}
	for i, lag := range []time.Duration{0, 61 * time.Minute, time.Second} {
		at := row.MicrosOf(midnight) + row.Micros(i)*1_000_000
		hours = append(hours, row.Trade{Time: at, Event: at, Local: at.Time().Add(lag), ID: int64(i + 1), Price: 1, Qty: 1})
	}
	far := series(exchange.UM, "B", row.AggTrades, 0)
	store(t, tape, far, hours)
	rates := series(exchange.UM, "A", row.PremiumIndexKlines, time.Minute)
	store(t, tape, rates, newRecorder(1, midnight, 0, 0, 0).bars(10, time.Minute))
	store(t, tape, series(exchange.UM, "A", row.BookDepth, 0), []row.Bucket{{Time: row.MicrosOf(midnight), Percent: -exchange.FixedOne}})
	store(t, tape, series(exchange.UM, "A", row.Metrics, 0), []row.Metric{{Time: row.MicrosOf(midnight)}})
	one := func(k row.Key) []Series {
		return slices.DeleteFunc(tape.Series(), func(s Series) bool { return s.Key != k })
	}
	unknown := func(exchange.Product, string) (exchange.InstrumentID, error) { return 0, exchange.ErrUnknownInstrument }
	for _, c := range []struct {
		spec ReaderSpec
		want string
	}{
		{ReaderSpec{}, "0 series selected"},
		{ReaderSpec{Series: one(bars), Instrument: unknown}, exchange.ErrUnknownInstrument.Error()},
		{ReaderSpec{Series: []Series{{Key: series(exchange.UM, "C", row.Klines, time.Minute)}}}, "um/C/klines-1m: not on this tape"},
		{ReaderSpec{Series: one(rates)}, "um/A/premiumIndexKlines-1m: premiumIndexKlines become no events; leave the series out"},
		{ReaderSpec{Series: one(series(exchange.UM, "A", row.BookDepth, 0))}, "bookDepth become no events"},
		{ReaderSpec{Series: one(series(exchange.UM, "A", row.Metrics, 0))}, "metrics become no events"},
		{ReaderSpec{Series: one(bars), From: midnight.Add(time.Hour)}, "no rows from 2024-01-02T01:00:00Z: the tape has"},
		{ReaderSpec{Series: one(bars), Clock: 7}, "no clock 7"},
		{ReaderSpec{Series: one(bars), LatencyBase: time.Second}, "goes with the corrected clock only, not with exchange"},
		{ReaderSpec{Series: one(bars), LatencyBase: -1, Clock: CorrectedClock}, "not within 0 to 1h"},
		{ReaderSpec{Series: one(far), Clock: LocalClock}, "more than 1h0m0s apart: the recorder's clock was wrong; play by the corrected"},
	} {
		if c.spec.Instrument == nil {
			c.spec.Instrument = anyone()
		}
		if _, err := tape.Reader(c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	r := open(t, tape, ReaderSpec{Series: one(far), Clock: CorrectedClock})
	drain(t, r, 10, nil)
}

// TestWaitingIsBounded: rows that come an hour late by the thousand are an error, and so
// is a piece of a book without an end.
func TestWaitingIsBounded(t *testing.T) {
	tape := newTape(t)
	rows := newRecorder(1, midnight, 8*time.Millisecond, 0, 0).trades(waitingMax + 3000)
	for i := range rows {
		rows[i].Event, rows[i].Local = rows[i].Time, rows[i].Time.Time()
		if i > 0 {
			rows[i].Local = rows[i].Local.Add(50 * time.Minute)
		}
	}
	store(t, tape, series(exchange.UM, "A", row.AggTrades, 0), rows)
	r := open(t, tape, ReaderSpec{Clock: LocalClock})
	var err error
	for buf := make([]exchange.Event, 1000); err == nil; {
		_, err = r.Next(buf)
	}
	if !strings.Contains(err.Error(), "um/A/aggTrades: more rows than fit wait for others") {
		t.Errorf("waiting rows: %v", err)
	}
	m := &pieces{lane: &lane{key: series(exchange.UM, "A", row.Depth, 0)}}
	endless := make([]row.Level, chunkRows)
	for i := range endless {
		endless[i] = row.Level{Last: 1, Side: row.Bid, Price: 1, Qty: 1}
	}
	err = nil
	for n := 0; err == nil && n < 2*levelsMax; n += len(endless) {
		_, err = m.add(&block{}, endless)
	}
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "has more than 1048576 levels") {
		t.Errorf("a piece without an end: %v", err)
	}
}

// TestClockNames reads what configurations say.
func TestClockNames(t *testing.T) {
	for _, want := range []Clock{ExchangeClock, LocalClock, CorrectedClock} {
		text, err := want.MarshalText()
		must(t, err)
		var got Clock
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%s is %v (%v)", text, got, err)
		}
	}
	var c Clock
	if err := c.UnmarshalText([]byte("utc")); !errors.Is(err, exchange.ErrUnknownName) || !strings.Contains(err.Error(), `clock "utc"; known are exchange, local, corrected`) {
		t.Errorf("%v", err)
	}
}
