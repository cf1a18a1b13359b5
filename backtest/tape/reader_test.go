package tape

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// market is a random market as the test knows it: the source text of each series, and
// every event that it must become with the rows' bounds.
type market struct {
	r      *rand.Rand
	tape   *Tape
	dir    string
	events map[Key][]expected
}

type expected struct {
	at       exchange.Time
	rank     int
	text     string
	from, to exchange.Time // the row's bounds; gaps are shown when their end is within
}

// build imports one series and keeps what it must become.
func (m *market) build(t *testing.T, key Key, header string, rows []string, events []expected) {
	path := filepath.Join(m.dir, "x.csv")
	writeSource(t, path, header+"\n"+strings.Join(rows, "\n")+"\n")
	mustImport(t, m.tape, ImportSpec{Path: path, Key: key})
	m.events[key] = events
}

func (m *market) bars(t *testing.T, key Key, start exchange.Time, count int) {
	var rows []string
	var events []expected
	end := exchange.Time(0)
	for range count {
		if m.r.IntN(50) == 0 {
			start = start.Add(key.Interval * time.Duration(1+m.r.IntN(3)))
		}
		if end != 0 && start != end && key.Kind == Klines {
			events = append(events, expected{start, 0, fmt.Sprintf("gap %v %v", end, start), start, start})
		}
		open, last := 100+m.r.IntN(50), 100+m.r.IntN(50)
		rows = append(rows, fmt.Sprintf("%d,%d,%d,%d,%d", start.Millis(), open, 200, 50, last))
		from := start
		end = start.Add(key.Interval)
		if key.Kind == Klines {
			events = append(events, expected{start, 4, fmt.Sprintf("open %d", open), from, end},
				expected{end, 2, fmt.Sprintf("bar %v %d %d", start, open, last), from, end})
		} else {
			events = append(events, expected{start, 1, fmt.Sprintf("mark %d", open), from, end},
				expected{end, 1, fmt.Sprintf("mark %d", last), from, end})
		}
		start = end
	}
	if key.Kind != Klines { // gaps of marks show as well
		var all []expected
		for i, e := range events {
			if i > 0 && i%2 == 0 && e.at != events[i-1].at {
				all = append(all, expected{e.at, 0, fmt.Sprintf("gap %v %v", events[i-1].at, e.at), e.at, e.at})
			}
			all = append(all, e)
		}
		events = all
	}
	m.build(t, key, "time,open,high,low,close", rows, events)
}

func (m *market) trades(t *testing.T, key Key, at exchange.Time, count int) {
	var rows []string
	var events []expected
	for id := 1000; count > 0; count-- {
		before := at
		if m.r.IntN(3) > 0 {
			at = at.Add(time.Duration(m.r.IntN(60_000)) * time.Millisecond)
		}
		if m.r.IntN(200) == 0 {
			id += 1 + m.r.IntN(5)
			if len(rows) > 0 {
				events = append(events, expected{at, 0, fmt.Sprintf("gap %v %v", before, at), at, at})
			}
		}
		rows = append(rows, fmt.Sprintf("%d,%d,1,%d,true", id, 100+id%7, at.Millis()))
		events = append(events, expected{at, 2, fmt.Sprintf("trade %d", id), at, at})
		id++
	}
	m.build(t, key, "id,price,qty,time,buyer_maker", rows, events)
}

func (m *market) funding(t *testing.T, key Key, at exchange.Time, count int) {
	var rows []string
	var events []expected
	for i := range count {
		late := exchange.Time(m.r.IntN(14)) * exchange.Time(time.Millisecond)
		rows = append(rows, fmt.Sprintf("%d,%d", (at+late).Millis(), m.r.IntN(5)))
		every := time.Duration(0)
		if i > 0 {
			every = 4 * time.Hour
		}
		events = append(events, expected{at, 3, fmt.Sprintf("funding %v %v", late, every), at, at})
		at = at.Add(4 * time.Hour)
	}
	m.build(t, key, "time,rate", rows, events)
}

func shortText(e *exchange.Event) string {
	switch e.Kind {
	case exchange.KindBarOpen:
		return fmt.Sprintf("open %v", e.BarOpen().Price)
	case exchange.KindBar:
		return fmt.Sprintf("bar %v %v %v", e.Bar().Start, e.Bar().Open, e.Bar().Close)
	case exchange.KindMark:
		return fmt.Sprintf("mark %v", e.Mark().Price)
	case exchange.KindTrade:
		return fmt.Sprintf("trade %d", e.Trade().ID)
	case exchange.KindFunding:
		return fmt.Sprintf("funding %v %v", e.Exchange-e.At, e.Funding().Interval)
	case exchange.KindGap:
		return fmt.Sprintf("gap %v %v", e.Gap().From, e.Gap().To)
	}
	return e.Kind.String()
}

// TestReaderAgainstSort compares the merge with a plain sort of everything.
func TestReaderAgainstSort(t *testing.T) {
	start := exchange.TimeOf(time.Date(2024, 1, 30, 22, 0, 0, 0, time.UTC)) // days and months end soon
	for seed := range uint64(3) {
		m := &market{r: rand.New(rand.NewPCG(seed, 1)), tape: newTape(t), dir: filepath.Join(t.TempDir(), "um"), events: map[Key][]expected{}}
		m.bars(t, Key{exchange.UM, "A", Klines, time.Minute}, start, 5000)
		m.bars(t, Key{exchange.UM, "B", Klines, time.Minute}, start.Add(time.Hour), 4000)
		m.bars(t, Key{exchange.CM, "A", MarkPriceKlines, 5 * time.Minute}, start, 1000)
		m.bars(t, Key{exchange.CM, "B", Klines, time.Hour}, start, 50)
		m.funding(t, Key{exchange.UM, "A", FundingRate, 0}, start, 30)
		m.trades(t, Key{exchange.UM, "A", AggTrades, 0}, start.Add(time.Second), 6000)
		series := m.tape.Series()
		for range 4 {
			m.r.Shuffle(len(series), func(i, j int) { series[i], series[j] = series[j], series[i] })
			spec := ReaderSpec{Series: series}
			if m.r.IntN(2) == 0 {
				spec.From = start.Add(time.Duration(m.r.IntN(40)) * 41 * time.Minute)
				spec.To = spec.From.Add(time.Duration(1+m.r.IntN(50)) * 73 * time.Minute)
			}
			m.compare(t, fmt.Sprintf("seed %d, %v to %v", seed, spec.From, spec.To), spec)
		}
	}
}

func (m *market) compare(t *testing.T, name string, spec ReaderSpec) {
	t.Helper()
	type ordered struct {
		expected
		order int
	}
	var want []ordered
	first := exchange.Time(1 << 62)
	for order, s := range spec.Series {
		for _, e := range m.events[s.Key] {
			if (spec.From == 0 || e.from >= spec.From) && (spec.To == 0 || e.to <= spec.To) {
				want = append(want, ordered{e, order})
				if e.rank > 0 {
					first = min(first, e.at)
				}
			}
		}
	}
	want = slices.DeleteFunc(want, func(e ordered) bool { return e.at < first }) // gaps before any row
	for order := range spec.Series {
		want = append(want, ordered{expected{at: first, rank: -1, text: "CADENCE"}, order})
	}
	slices.SortStableFunc(want, func(a, b ordered) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(max(0, a.rank), max(0, b.rank)), cmp.Compare(a.order, b.order), cmp.Compare(a.rank, b.rank))
	})
	spec.Instrument = func(p exchange.Product, symbol string) (exchange.InstrumentID, error) { return 1, nil }
	r, err := m.tape.Reader(spec)
	must(t, err)
	defer r.Close()
	got, last := 0, exchange.Time(0)
	for {
		buf := make([]exchange.Event, 1+m.r.IntN(300))
		n, err := r.Next(buf)
		for i := range buf[:n] {
			e := &buf[i]
			if e.At < last {
				t.Fatalf("%s: time goes back at event %d", name, got)
			}
			last = e.At
			if got >= len(want) || shortText(e) != want[got].text || e.At != want[got].at {
				t.Fatalf("%s: event %d is %s at %v, want %+v", name, got, shortText(e), e.At, want[min(got, len(want)-1)])
			}
			got++
		}
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
	}
	if got != len(want) {
		t.Fatalf("%s: %d events, want %d", name, got, len(want))
	}
}

// TestReaderAllocations holds the steady state at less than one allocation for a
// thousand events; what there is comes from opening pages and files.
func TestReaderAllocations(t *testing.T) {
	tape := newTape(t)
	path := filepath.Join(t.TempDir(), "um", "bars.csv")
	writeBars(t, path, 60_000)
	mustImport(t, tape, ImportSpec{Path: path, Key: Key{Symbol: "BTCUSDT", Kind: Klines, Interval: time.Minute}})
	r, err := tape.Reader(ReaderSpec{Series: tape.Series(), Instrument: func(exchange.Product, string) (exchange.InstrumentID, error) { return 1, nil }})
	must(t, err)
	defer r.Close()
	buf := make([]exchange.Event, 1000)
	read := func() {
		if _, err := r.Next(buf); err != nil {
			t.Fatal(err)
		}
	}
	read()
	// None an event; now and then the Parquet reader renews a pooled buffer, more often
	// under the race detector.
	if n := testing.AllocsPerRun(100, read); n > 10 {
		t.Errorf("%v allocations a call of 1000 events", n)
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
	path := filepath.Join(t.TempDir(), "um", "bars.csv")
	writeBars(t, path, 10)
	mustImport(t, tape, ImportSpec{Path: path, Key: Key{Symbol: "BTCUSDT", Kind: Klines, Interval: time.Minute}})
	unknown := func(exchange.Product, string) (exchange.InstrumentID, error) { return 0, exchange.ErrUnknownInstrument }
	if _, err := tape.Reader(ReaderSpec{Series: tape.Series(), Instrument: unknown}); !errors.Is(err, exchange.ErrUnknownInstrument) {
		t.Errorf("unknown instrument: %v", err)
	}
	if _, err := tape.Reader(ReaderSpec{Instrument: unknown}); err == nil {
		t.Error("no series: no error")
	}
	other := []Series{{Key: Key{exchange.UM, "ETHUSDT", Klines, time.Minute}}}
	if _, err := tape.Reader(ReaderSpec{Series: other, Instrument: unknown}); err == nil || !strings.Contains(err.Error(), "not on this tape") {
		t.Errorf("series of another tape: %v", err)
	}
}
