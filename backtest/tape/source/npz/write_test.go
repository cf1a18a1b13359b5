package npz

import (
	"bytes"
	"cmp"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// inMemory is the converter's rule over all events at once: sorted by either clock, stable,
// and merged.
func inMemory(events []Event) (out []Event) {
	type numbered struct {
		Event
		nth int
	}
	var exch []numbered
	for i, e := range events {
		exch = append(exch, numbered{e, i})
	}
	local := slices.Clone(exch)
	slices.SortStableFunc(exch, func(a, b numbered) int { return cmp.Compare(a.Exch, b.Exch) })
	slices.SortStableFunc(local, func(a, b numbered) int { return cmp.Compare(a.Local, b.Local) })
	for len(exch) > 0 || len(local) > 0 {
		switch {
		case len(exch) > 0 && len(local) > 0 && exch[0].nth == local[0].nth:
			e := exch[0].Event
			e.Flags |= bothClocks
			out, exch, local = append(out, e), exch[1:], local[1:]
		case len(local) == 0 || len(exch) > 0 && (exch[0].Exch < local[0].Exch || exch[0].Exch == local[0].Exch && exch[0].Local < local[0].Local):
			e := exch[0].Event
			e.Flags = e.Flags&^bothClocks | ExchEvent
			out, exch = append(out, e), exch[1:]
		default:
			e := local[0].Event
			e.Flags = e.Flags&^bothClocks | LocalEvent
			out, local = append(out, e), local[1:]
		}
	}
	return out
}

// ordered runs events through order.
func ordered(events []Event) (out []Event, err error) {
	var o order
	o.emit = func(e Event) error { out = append(out, e); return nil }
	for i := range events {
		if err := o.add(&events[i]); err != nil {
			return out, err
		}
	}
	return out, o.finish()
}

// TestOrder compares the order of a stream with that of all events in memory, for random
// latencies, and looks at what hftbacktest asks of a file.
func TestOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	split := 0
	for range 1000 {
		var events []Event
		at := exchange.Time(base)
		for i := range random.IntN(120) {
			at += exchange.Time(random.IntN(3))
			events = append(events, Event{TradeEvent | BuyEvent | bothClocks, at, at + exchange.Time(random.IntN(1+random.IntN(40))), exchange.Fixed(i + 1), 1})
		}
		got, err := ordered(events)
		if err != nil {
			t.Fatal(err)
		}
		if want := inMemory(events); !slices.Equal(got, want) {
			t.Fatalf("events %v\nin order %v\nexpected %v", events, got, want)
		}
		var exch, local exchange.Time
		for _, e := range got {
			if e.Flags&ExchEvent != 0 {
				if e.Exch < exch {
					t.Fatal("the exchange's times fall")
				}
				exch = e.Exch
			}
			if e.Flags&LocalEvent != 0 {
				if e.Local < local {
					t.Fatal("the local times fall")
				}
				local = e.Local
			}
		}
		split += len(got) - len(events)
	}
	if split < 500 {
		t.Errorf("only %d events were split", split)
	}
}

// TestOrderRefusals lists what cannot be written.
func TestOrderRefusals(t *testing.T) {
	ok := Event{TradeEvent | BuyEvent | bothClocks, base, base + 1000, 100, 1}
	for _, c := range []struct {
		change func(*Event)
		want   string
	}{
		{func(e *Event) { e.Exch-- }, "goes back"},
		{func(e *Event) { e.Local = 0 }, "no local time"},
		{func(e *Event) { e.Local = e.Exch - 1 }, "arrived 1ns before it was sent"},
		{func(e *Event) { e.Exch, e.Local = math.MaxInt64, math.MaxInt64 }, "exch_ts"},
		{func(e *Event) { e.Local = math.MaxInt64 }, "local_ts"},
		{func(e *Event) { e.Price = 123_456_789_123_456_789 }, "more digits than a float64 keeps"},
		{func(e *Event) { e.Qty = row.DecimalMax }, "quantity"},
	} {
		bad := ok
		c.change(&bad)
		out := &bytes.Buffer{}
		w := NewWriter(out, &spool{})
		err := w.Write(ok, bad)
		if err == nil {
			err = w.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, expected %q", bad, err, c.want)
		}
		if again := errors.Join(w.Write(ok), w.Close()); again == nil || out.Len() > 0 {
			t.Errorf("after %q: %v, %d bytes written", c.want, again, out.Len())
		}
	}
}

// TestWindow sees that a clock that is hours off ends in an error and not in memory.
func TestWindow(t *testing.T) {
	o := order{emit: func(Event) error { return nil }}
	for i := range exchange.Time(windowMax + 1) {
		e := Event{TradeEvent, base + i, base + i + 3600e9, 1, 1}
		if err := o.add(&e); err != nil {
			if i != windowMax || !strings.Contains(err.Error(), "correct the recorder's clock") {
				t.Errorf("event %d: %v", i, err)
			}
			return
		}
	}
	t.Error("no error")
}

// TestQueueMemory sees that the queues of a long stream do not grow.
func TestQueueMemory(t *testing.T) {
	o := order{emit: func(Event) error { return nil }}
	for i := range exchange.Time(200_000) {
		e := Event{TradeEvent, base + i, base + i + 500 + i%7, 1, 1}
		if err := o.add(&e); err != nil {
			t.Fatal(err)
		}
	}
	if n := max(cap(o.exch.items), cap(o.local.items)); n > 4000 {
		t.Errorf("room for %d events, with 500 under way", n)
	}
}

// failing fails after some bytes, as a full disk does.
type failing struct {
	spool
	left int
}

var errFull = errors.New("disk full")

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return f.spool.Write(b)
}

// TestFullDisk fills the spool or the output at some place.
func TestFullDisk(t *testing.T) {
	events := randomEvents(6_000)
	for left := 0; left < 120_000; left += 40_000 {
		out := &bytes.Buffer{}
		w := NewWriter(out, &failing{left: left})
		err := w.Write(events...)
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) || out.Len() > 0 {
			t.Errorf("spool of %d bytes: %v, %d written", left, err, out.Len())
		}
		w = NewWriter(&failing{left: left}, &spool{})
		if err := errors.Join(w.Write(events...), w.Close()); !errors.Is(err, errFull) {
			t.Errorf("output of %d bytes: %v", left, err)
		}
	}
	w := NewWriter(io.Discard, &forgetful{})
	if err := errors.Join(w.Write(events...), w.Close()); err == nil || !strings.Contains(err.Error(), "gave back") {
		t.Errorf("a spool that forgets: %v", err)
	}
}

// forgetful is a spool that loses its end.
type forgetful struct{ spool }

func (f *forgetful) Seek(offset int64, _ int) (int64, error) {
	f.Truncate(f.Len() / 2)
	return offset, nil
}

// randomEvents is a market of all kinds in the order of the exchange's clock.
func randomEvents(count int) []Event {
	random := rand.New(rand.NewPCG(7, 2))
	var c content
	at, id := row.Micros(base/1000), int64(0)
	for i := range count {
		at += row.Micros(random.IntN(3) * 1000)
		id++
		local := at.Time().Add(5e6) + exchange.Time(random.IntN(4_000_000))
		price := exchange.Fixed(6_000_000_000_000 + random.Int64N(1000)*10_000_000)
		qty := exchange.Fixed(1+random.Int64N(1000)) * 100_000
		switch {
		case i%1000 == 0:
			snapshot := row.Level{Time: at, Local: local, Last: id, Snapshot: true}
			for j := range exchange.Fixed(20) {
				snapshot.Begins, snapshot.Side = j == 0, 1+int64(j/10)
				snapshot.Price, snapshot.Qty = price+j*10_000_000, qty
				c.levels = append(c.levels, snapshot)
			}
		case i%10 < 3:
			c.trades = append(c.trades, row.Trade{Time: at, Local: local, ID: id, Price: price, Qty: qty, BuyerMaker: i%2 == 0})
		case i%10 < 5:
			c.tickers = append(c.tickers, row.Ticker{Time: at, Local: local, ID: id, Bid: price, BidQty: qty, Ask: price + 10_000_000, AskQty: qty})
		default:
			l := row.Level{Time: at, Local: local, Last: id, Begins: true, Side: row.Bid, Price: price, Qty: qty}
			if i%20 == 7 {
				l.Qty = 0
			}
			c.levels = append(c.levels, l)
			l.Begins, l.Side, l.Price = false, row.Ask, price+10_000_000
			c.levels = append(c.levels, l)
		}
	}
	return c.events()
}

// TestRoundTrip writes a market, reads it, writes the rows and reads them again.
func TestRoundTrip(t *testing.T) {
	events := randomEvents(10_000)
	file, err := write(events)
	if err != nil {
		t.Fatal(err)
	}
	spec := source.Spec{Key: btcusdt}
	first, err := readFile(t, "a.npz", file, spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.trades) != 2990 || len(first.tickers) != 2000 || len(first.levels) < 10_000 || len(first.bad) > 0 || first.notes.Warnings != nil {
		t.Errorf("%d trades, %d tickers, %d levels, %d bad, %q", len(first.trades), len(first.tickers), len(first.levels), len(first.bad), first.notes.Warnings)
	}
	back := first.events()
	if file, err = write(back); err != nil {
		t.Fatal(err)
	}
	second, err := readFile(t, "b.npz", file, spec)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.trades, second.trades) || !slices.Equal(first.levels, second.levels) || !slices.Equal(first.tickers, second.tickers) {
		t.Error("the rows have changed")
	}
	perKind := func(a, b Event) int { return cmp.Compare(a.Flags&kindMask, b.Flags&kindMask) }
	slices.SortStableFunc(events, perKind)
	slices.SortStableFunc(back, perKind)
	if !slices.Equal(events, back) {
		t.Error("the events have changed")
	}
}

// TestNoEvent writes a file without events, and what makes none.
func TestNoEvent(t *testing.T) {
	var events []Event
	for _, kind := range []int64{row.TradeInsuranceFund, row.TradeADL, row.TradeVoid} {
		events = AppendTrade(events, &row.Trade{Time: base / 1000, Local: base, Price: 1, Qty: 1, Type: kind})
	}
	events = AppendPiece(events, []row.Level{{Time: base / 1000, Local: base, Last: 1, Begins: true}})
	file, err := write(events)
	if err != nil || len(events) > 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	c, err := readFile(t, "a.npz", file, source.Spec{Key: btcusdt})
	if text := c.String(); err != nil || text != "" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestAllocations holds the writing of events to none.
func TestAllocations(t *testing.T) {
	events := randomEvents(10_000)
	w := NewWriter(io.Discard, &failing{left: 1 << 30})
	if err := w.Write(events...); err != nil {
		t.Fatal(err)
	}
	at := events[len(events)-1].Exch
	if n := testing.AllocsPerRun(1000, func() {
		at += 1000
		if err := w.Write(Event{TradeEvent | BuyEvent | bothClocks, at, at + 3000, 100, 1}); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations an event", n)
	}
}

// TestAppend looks at the events of a snapshot whose levels are in no order, of changes and
// of a best bid and ask.
func TestAppend(t *testing.T) {
	const at, local = base, base + 1000
	level := func(snapshot bool, side int64, price, qty exchange.Fixed) row.Level {
		return row.Level{Time: at / 1000, Local: local, Last: 1, Snapshot: snapshot, Side: side, Price: price, Qty: qty}
	}
	got := AppendPiece(nil, []row.Level{
		level(true, row.Ask, 101, 1), level(true, row.Bid, 98, 2), level(true, row.Ask, 103, 3), level(true, row.Ask, 102, 4), level(true, row.Bid, 99, 5),
	})
	got = AppendPiece(got, []row.Level{level(false, row.Bid, 98, 0), level(false, row.Ask, 101, 6)})
	got = AppendTicker(got, &row.Ticker{Time: at / 1000, Local: local, ID: 1, Bid: 99, BidQty: 5, Ask: 101, AskQty: 6})
	got = AppendPiece(got, []row.Level{level(true, row.NoSide, 0, 0)})
	want := []Event{
		{DepthClearEvent | SellEvent, at, local, 103, 0}, {DepthSnapshotEvent | SellEvent, at, local, 101, 1},
		{DepthClearEvent | BuyEvent, at, local, 98, 0}, {DepthSnapshotEvent | BuyEvent, at, local, 98, 2},
		{DepthSnapshotEvent | SellEvent, at, local, 103, 3}, {DepthSnapshotEvent | SellEvent, at, local, 102, 4},
		{DepthSnapshotEvent | BuyEvent, at, local, 99, 5},
		{DepthEvent | BuyEvent, at, local, 98, 0}, {DepthEvent | SellEvent, at, local, 101, 6},
		{DepthBBOEvent | SellEvent, at, local, 101, 6}, {DepthBBOEvent | BuyEvent, at, local, 99, 5},
		{DepthClearEvent, at, local, 0, 0},
	}
	for i := range want {
		want[i].Flags |= bothClocks
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v\nexpected\n%v", got, want)
	}
}

// TestIDs makes ids of more events than a microsecond has room for, and of times that go
// back.
func TestIDs(t *testing.T) {
	var i ids
	first := row.MakeID(base/1000, 0)
	for n := range int64(1500) {
		if id := i.next(base / 1000); id != first+n {
			t.Fatalf("id %d is %d, expected %d", n, id, first+n)
		}
	}
	for _, c := range []struct {
		after row.Micros
		want  int64
	}{{1, first + 1500}, {1, first + 1501}, {1000, first + 1_000_000}, {5, first + 5000}} {
		if id := i.next(base/1000 + c.after); id != c.want {
			t.Errorf("after %d us: %d, expected %d", c.after, id, c.want)
		}
	}
}

// TestNumbers compares both conversions with the text that they stand for.
func TestNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for i := range 100_000 {
		f := exchange.Fixed(random.Int64N(1 << (1 + random.IntN(59))))
		if i%3 == 0 {
			f = exchange.Fixed(random.Int64N(1_000_000_000)) * exchange.Fixed(math.Pow10(random.IntN(9)))
		}
		text, _ := strconv.ParseFloat(f.String(), 64)
		v, err := toFloat(f)
		if err == nil && v != text || err != nil && f < exactMax {
			t.Fatalf("%v becomes %v, %v, its text reads as %v", f, v, err, text)
		}
		if err == nil {
			if back, noisy, err := toFixed(v); back != f || noisy || err != nil {
				t.Fatalf("%v goes out as %v and comes back as %v, %v, %v", f, v, back, noisy, err)
			}
		}
		v = math.Float64frombits(math.Float64bits(text) + uint64(random.IntN(3))) // often no decimal of 8 places
		want, err := exchange.ParseFixed(strconv.FormatFloat(v, 'f', -1, 64))
		got, noisy, gotErr := toFixed(v)
		if v < 1e10 && err == nil && (got != want || noisy || gotErr != nil) || v >= 1e10 && gotErr == nil {
			t.Fatalf("%v is read as %v, %v, %v, its shortest text as %v", v, got, noisy, gotErr, want)
		}
		if err != nil && gotErr == nil && (!noisy || math.Abs(got.Float()-v) > v*noise*1.01) {
			t.Fatalf("%v is read as %v", v, got)
		}
	}
}

// TestNoise steps away from 0.3 by the last bit: four steps are noise, five are not.
func TestNoise(t *testing.T) {
	for _, to := range []float64{0, 1} {
		v := 0.3
		for step := 1; step <= 5; step++ {
			v = math.Nextafter(v, to)
			if f, noisy, err := toFixed(v); (err == nil) != (step <= 4) || err == nil && (f != 30_000_000 || !noisy) {
				t.Errorf("step %d, %v: %v, %v, %v", step, v, f, noisy, err)
			}
		}
	}
}

// TestTicks reads products of ticks and tick sizes, the prices of books that hftbacktest
// has kept.
func TestTicks(t *testing.T) {
	noisy := 0
	for _, tick := range []string{"0.1", "0.01", "0.00001", "0.0000001"} {
		size, _ := strconv.ParseFloat(tick, 64)
		for n := range int64(50_000) {
			got, moved, err := toFixed(float64(n) * size)
			want, _ := exchange.MustFixed(tick).MulInt(n)
			if got != want || err != nil {
				t.Fatalf("%d ticks of %s: %v, %v", n, tick, got, err)
			}
			if moved {
				noisy++
			}
		}
	}
	if noisy == 0 {
		t.Error("no product had noise")
	}
}

// TestJoinCRC compares with the checksum of the whole.
func TestJoinCRC(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	for n := range 300 {
		data := make([]byte, n*n)
		random.Read(data)
		a, b := data[:n], data[n*min(1, n):]
		if n > 0 && joinCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b))) != crc32.ChecksumIEEE(data) {
			t.Fatalf("%d bytes before %d", len(a), len(b))
		}
	}
}

// TestStoredBlock unpacks a block that is followed by the end of a stream.
func TestStoredBlock(t *testing.T) {
	var end bytes.Buffer
	z, _ := flate.NewWriter(&end, 6)
	z.Write([]byte(" and more"))
	z.Close()
	got, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(storedBlock([]byte("header"))), &end)))
	if string(got) != "header and more" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
