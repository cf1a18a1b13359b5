package backtest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// built reads events through a feed that builds bars.
func built(t *testing.T, to exchange.Time, b *builder, events ...exchange.Event) []string {
	t.Helper()
	return drain(t, newFeed(&list{events: events, most: 3}, newRules(3), b, to))
}

func TestBarsOfTrades(t *testing.T) {
	b := &builder{}
	b.want(1, 5*time.Minute, exchange.KindTrade, 0)
	b.want(1, time.Minute, exchange.KindTrade, 0)
	got := built(t, minute(25), b,
		tradeAt(minute(10), 1, 100), tradeAt(minute(10)+1, 1, 107), tradeAt(minute(11)-1, 1, 95),
		tradeAt(minute(11), 2, 1),   // another instrument ends the bar, too
		tradeAt(minute(12), 1, 101), // and opens none
		// After a pause both lengths are over: the shorter first, each at its time.
		tradeAt(minute(20), 1, 110),
		tradeAt(minute(26), 1, 120),
	)
	wantLines(t, got,
		"10m #1 TRADE 100", "10.000000000016666m #1 TRADE 107", "10.999999999983334m #1 TRADE 95",
		"11m #1 BAR 1m0s from 10m: 100 107 95 95", "11m #2 TRADE 1", "12m #1 TRADE 101",
		"13m #1 BAR 1m0s from 12m: 101 101 101 101",
		"15m #1 BAR 5m0s from 10m: 100 107 95 101",
		"20m #1 TRADE 110",
		// The data goes on beyond the end, so what was complete at the end is told.
		"21m #1 BAR 1m0s from 20m: 110 110 110 110",
		"25m #1 BAR 5m0s from 20m: 110 110 110 110")
}

func TestBarsOfBars(t *testing.T) {
	b := &builder{}
	b.want(1, 3*time.Minute, exchange.KindBar, time.Minute)
	got := built(t, math.MaxInt64, b,
		barAt(minute(13), 1, time.Minute, 100), barAt(minute(14), 1, time.Minute, 90),
		// The last of the three comes with its like, at that very instant.
		openAt(minute(14), 1, 94), barAt(minute(15), 1, time.Minute, 95), barAt(minute(15), 1, 5*time.Minute, 500), openAt(minute(15), 1, 96),
		// A hole at the end: the bar comes as soon as time has passed it.
		barAt(minute(16), 1, time.Minute, 50), barAt(minute(17), 1, time.Minute, 51), barAt(minute(19), 1, time.Minute, 70),
		// Nothing between 18 and 21 but that; then a hole of whole bars.
		barAt(minute(31), 1, time.Minute, 30), barAt(minute(33), 1, time.Minute, 33),
	)
	wantLines(t, got,
		"13m #1 BAR 1m0s from 12m: 100 102 98 101", "14m #1 BAR 1m0s from 13m: 90 92 88 91", "14m #1 BAR_OPEN 94",
		"15m #1 BAR 1m0s from 14m: 95 97 93 96", "15m #1 BAR 3m0s from 12m: 100 102 88 96",
		"15m #1 BAR 5m0s from 10m: 500 502 498 501", "15m #1 BAR_OPEN 96",
		"16m #1 BAR 1m0s from 15m: 50 52 48 51", "17m #1 BAR 1m0s from 16m: 51 53 49 52",
		"18m #1 BAR 3m0s from 15m: 50 53 48 52", "19m #1 BAR 1m0s from 18m: 70 72 68 71",
		"21m #1 BAR 3m0s from 18m: 70 72 68 71", "31m #1 BAR 1m0s from 30m: 30 32 28 31",
		"33m #1 BAR 1m0s from 32m: 33 35 31 34", "33m #1 BAR 3m0s from 30m: 30 35 28 34")
}

// TestFirstBarIsWhole or is none: a strategy that warms up must not see half a bar.
func TestFirstBarIsWhole(t *testing.T) {
	for from, want := range map[int64]int{10: 2, 11: 1} {
		b := &builder{from: minute(from)}
		b.want(1, 5*time.Minute, exchange.KindTrade, 0)
		got := built(t, math.MaxInt64, b, tradeAt(minute(11), 1, 1), tradeAt(minute(15), 1, 2), tradeAt(minute(20), 1, 3))
		if n := len(got) - 3; n != want {
			t.Errorf("from %dm: %d bars, want %d: %v", from, n, want, got)
		}
	}
}

// TestBarsLikeTheBook builds the bars of random trades, and bars of these, and holds them
// against the bars that live feeds make.
func TestBarsLikeTheBook(t *testing.T) {
	ins, err := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "X"})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, interval := range []time.Duration{time.Second, time.Minute, 7 * time.Minute} {
		reference, err := book.NewBars(ins.At(1), interval)
		if err != nil {
			t.Fatal(err)
		}
		direct, twice := &builder{}, &builder{}
		direct.want(1, interval, exchange.KindTrade, 0)
		twice.want(1, interval, exchange.KindTrade, 0)
		twice.want(1, 3*interval, exchange.KindTrade, 0)
		var out []exchange.Event
		var want []exchange.Bar
		at := exchange.Time(time.Hour)
		for range 3000 {
			at += exchange.Time(random.Int64N(int64(interval)))
			e := exchange.Event{At: at, Inst: 1}
			tr := exchange.Trade{Price: price(1 + random.Int64N(100)), Qty: exchange.Fixed(1 + random.Int64N(1000)), First: 5, Last: 5 + random.Int64N(3), BuyerMaker: random.IntN(2) == 0}
			e.SetTrade(tr)
			bar, ok, err := reference.Add(at, tr)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				bar.QuoteVolume = exchange.Wide{}
				want = append(want, bar)
			}
			out = direct.close(out, at)
			out = direct.add(out, &e)
		}
		if len(out) != len(want) || len(want) < 100 {
			t.Fatalf("%d bars, the book has %d", len(out), len(want))
		}
		for i := range out {
			if got := *out[i].Bar(); got != want[i] || out[i].At != got.Start.Add(interval) {
				t.Fatalf("bar %d: %+v at %v, the book has %+v", i, got, out[i].At, want[i])
			}
		}
		sameFromShorter(t, want, interval)
	}
}

// sameFromShorter builds longer bars of bars and compares with folding them by hand.
func sameFromShorter(t *testing.T, short []exchange.Bar, interval time.Duration) {
	t.Helper()
	b := &builder{}
	b.want(1, 4*interval, exchange.KindBar, interval)
	var out []exchange.Event
	for i := range short {
		e := exchange.Event{At: short[i].Start.Add(interval), Inst: 1}
		e.SetBar(&short[i])
		out = b.close(out, e.At)
		out = b.add(out, &e)
	}
	next := 0
	for i := range out {
		got := out[i].Bar()
		sum := exchange.Wide{}
		high, low, trades, last := exchange.Fixed(0), exchange.FixedMax, int64(0), exchange.Fixed(0)
		if got.Open != short[next].Open || got.Start != short[next].Start.Floor(4*interval) {
			t.Fatalf("bar %d: %+v begins with %+v", i, got, short[next])
		}
		for ; next < len(short) && short[next].Start < got.Start.Add(4*interval); next++ {
			s := &short[next]
			high, low, trades, last = max(high, s.High), min(low, s.Low), trades+s.Trades, s.Close
			sum, _ = sum.Add(s.Volume)
		}
		if got.High != high || got.Low != low || got.Trades != trades || got.Close != last || got.Volume != sum {
			t.Fatalf("bar %d: %+v, by hand %v %v %v %v %d", i, got, high, low, last, sum, trades)
		}
	}
}
