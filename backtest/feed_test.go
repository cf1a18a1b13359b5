package backtest

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// list is a source that gives its events in pieces of at most most, and like a tape
// writes over the bars of the last piece.
type list struct {
	events []exchange.Event
	most   int
	bars   []exchange.Bar
	err    error
}

func (l *list) Next(buf []exchange.Event) (int, error) {
	if len(l.events) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		return 0, io.EOF
	}
	n := copy(buf[:min(len(buf), l.most)], l.events)
	l.events = l.events[n:]
	for i := range l.bars {
		l.bars[i] = exchange.Bar{Close: -1} // whoever kept one sees this
	}
	l.bars = l.bars[:0]
	for i := range n {
		if buf[i].Kind == exchange.KindBar {
			l.bars = append(l.bars, *buf[i].Bar())
		}
	}
	for i, k := 0, 0; i < n; i++ {
		if buf[i].Kind == exchange.KindBar {
			buf[i].SetBar(&l.bars[k])
			k++
		}
	}
	return n, nil
}

func price(n int64) exchange.Fixed { return exchange.Fixed(n) * exchange.FixedOne }

func tradeAt(at exchange.Time, inst exchange.InstrumentID, p int64) exchange.Event {
	e := exchange.Event{At: at, Inst: inst}
	e.SetTrade(exchange.Trade{Price: price(p), Qty: exchange.FixedOne})
	return e
}

func barAt(end exchange.Time, inst exchange.InstrumentID, every time.Duration, p int64) exchange.Event {
	e := exchange.Event{At: end, Inst: inst}
	e.SetBar(&exchange.Bar{Start: end.Add(-every), Interval: every, Open: price(p), High: price(p + 2), Low: price(p - 2), Close: price(p + 1)})
	return e
}

func openAt(at exchange.Time, inst exchange.InstrumentID, p int64) exchange.Event {
	e := exchange.Event{At: at, Inst: inst}
	e.SetBarOpen(exchange.BarOpen{Price: price(p), Interval: time.Minute})
	return e
}

func markAt(at exchange.Time, inst exchange.InstrumentID, p, index int64) exchange.Event {
	e := exchange.Event{At: at, Inst: inst}
	e.SetMark(exchange.Mark{Price: price(p), Index: price(index)})
	return e
}

// minute is an instant of a made-up day.
func minute(n int64) exchange.Time { return exchange.Time(n * int64(time.Minute)) }

// show is an event on one line.
func show(e *exchange.Event) string {
	s := fmt.Sprintf("%gm #%d %v", time.Duration(e.At).Minutes(), e.Inst, e.Kind)
	switch e.Kind {
	case exchange.KindTrade:
		s += " " + e.Trade().Price.String()
	case exchange.KindMark:
		s += " " + e.Mark().Price.String()
	case exchange.KindAssetIndex:
		s += " " + e.AssetIndex().Asset + " " + e.AssetIndex().Price.String()
	case exchange.KindBar:
		b := e.Bar()
		s += fmt.Sprintf(" %v from %gm: %v %v %v %v", b.Interval, time.Duration(b.Start).Minutes(), b.Open, b.High, b.Low, b.Close)
	case exchange.KindBarOpen:
		s += " " + e.BarOpen().Price.String()
	}
	if e.Derived() {
		s += " derived"
	}
	return s
}

// drain reads a feed to its end, a line an event, and holds the promise that an instant
// is never divided between two batches.
func drain(t *testing.T, f *feed) []string {
	t.Helper()
	var lines []string
	last := exchange.Time(-1)
	for {
		events, err := f.next()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			t.Fatal("an empty batch")
		}
		if events[0].At <= last {
			t.Fatalf("a batch begins at %v, the one before ended at %v", events[0].At, last)
		}
		for i := range events {
			if events[i].At < last {
				t.Fatalf("%s comes after %v", show(&events[i]), last)
			}
			last = events[i].At
			lines = append(lines, show(&events[i]))
		}
	}
}

func plainFeed(s Source, to exchange.Time) *feed { return newFeed(s, newRules(3), &builder{}, to) }

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// TestFeedKeepsInstantsWhole reads one random market in pieces of many sizes: the events
// are the same, and no piece shows.
func TestFeedKeepsInstantsWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var events []exchange.Event
	var want []string
	at := exchange.Time(0)
	for range 20_000 {
		if random.IntN(3) == 0 {
			at += exchange.Time(time.Second)
		}
		e := tradeAt(at, 1, random.Int64N(1000)+1)
		if random.IntN(2) == 0 {
			e = barAt(at, 2, time.Second, random.Int64N(1000)+3)
		}
		events = append(events, e)
		want = append(want, show(&e))
	}
	for _, most := range []int{1, 2, 7, 1000, feedEvents, 10_000} {
		f := plainFeed(&list{events: events, most: most}, math.MaxInt64)
		wantLines(t, drain(t, f), want...)
	}
}

// TestFeedTakesAnInstantOfAnyLength: ten thousand events of one time are one batch.
func TestFeedTakesAnInstantOfAnyLength(t *testing.T) {
	events := []exchange.Event{tradeAt(1, 1, 1)}
	for range 10_000 {
		events = append(events, tradeAt(2, 1, 2))
	}
	events = append(events, tradeAt(3, 1, 3))
	for _, most := range []int{100, math.MaxInt} {
		f := plainFeed(&list{events: events, most: most}, math.MaxInt64)
		if n := len(drain(t, f)); n != len(events) {
			t.Errorf("%d events of %d", n, len(events))
		}
	}
}

func TestFeedEndsAtTo(t *testing.T) {
	events := []exchange.Event{tradeAt(1, 1, 1), tradeAt(2, 1, 2), tradeAt(2, 1, 3), tradeAt(3, 1, 4)}
	for to, n := range map[exchange.Time]int{0: 0, 1: 1, 2: 3, 3: 4, 9: 4} {
		if got := len(drain(t, plainFeed(&list{events: events, most: 1}, to))); got != n {
			t.Errorf("to %d: %d events, want %d", to, got, n)
		}
	}
}

func TestFeedRefusesDisorder(t *testing.T) {
	events := []exchange.Event{tradeAt(minute(2), 1, 1), tradeAt(minute(1), 1, 1)}
	_, err := plainFeed(&list{events: events, most: 5}, math.MaxInt64).next()
	if want := "market data goes back in time: TRADE of 1970-01-01T00:01:00Z after 1970-01-01T00:02:00Z"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	f := plainFeed(&list{events: events[:1], most: 1, err: io.ErrUnexpectedEOF}, math.MaxInt64)
	if _, err := f.next(); err == nil || err.Error() != "read market data: unexpected EOF" {
		t.Errorf("%v", err)
	}
}

// TestOwnCopiesEveryBody: what a source may write over is not shared with the tail.
func TestOwnCopiesEveryBody(t *testing.T) {
	depth := &exchange.Depth{Bids: []exchange.Level{{Price: 1, Qty: 2}}, Asks: []exchange.Level{{Price: 3, Qty: 4}}}
	index := &exchange.AssetIndex{Asset: "BTC", Price: 5}
	cadence := &exchange.Cadence{Kind: exchange.KindMark, Every: time.Hour}
	gap := &exchange.Gap{From: 1, To: 2}
	bar := &exchange.Bar{Close: 6}
	events := make([]exchange.Event, 5)
	events[0].SetDepth(depth)
	events[1].SetAssetIndex(index)
	events[2].SetCadence(cadence)
	events[3].SetGap(gap)
	events[4].SetBar(bar)
	for i := range events {
		events[i].Flags |= exchange.FlagDerived
		own(&events[i])
		if !events[i].Derived() {
			t.Errorf("%v lost its flag", events[i].Kind)
		}
	}
	depth.Bids[0].Price, depth.Asks[0].Qty, depth.First = 9, 9, 9
	*index, *cadence, *gap, *bar = exchange.AssetIndex{}, exchange.Cadence{}, exchange.Gap{}, exchange.Bar{}
	d := events[0].Depth()
	if d.Bids[0].Price != 1 || d.Asks[0].Qty != 4 || d.First != 0 || events[1].AssetIndex().Price != 5 ||
		events[2].Cadence().Every != time.Hour || events[3].Gap().To != 2 || events[4].Bar().Close != 6 {
		t.Error("a body is shared with the source")
	}
}
