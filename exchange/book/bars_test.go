package book

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

var (
	linear  = &exchange.Instrument{Product: exchange.UM, Symbol: "AAAUSDT", ContractSize: exchange.FixedOne}
	inverse = &exchange.Instrument{Product: exchange.CM, Symbol: "AAAUSD_PERP", ContractSize: 100 * exchange.FixedOne}
)

func newBars(t *testing.T, in *exchange.Instrument, interval time.Duration) *Bars {
	t.Helper()
	b, err := NewBars(in, interval)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func trade(price, qty string) exchange.Trade {
	return exchange.Trade{Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty)}
}

func wide(t *testing.T, s string) exchange.Wide {
	w, err := exchange.ParseWide(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestBars(t *testing.T) {
	b := newBars(t, linear, time.Minute)
	minute := exchange.Time(time.Minute)
	start := exchange.Millis(1_790_000_040_000) // a whole minute
	add := func(at exchange.Time, tr exchange.Trade) (exchange.Bar, bool) {
		t.Helper()
		bar, ok, err := b.Add(at, tr)
		if err != nil {
			t.Fatal(err)
		}
		return bar, ok
	}
	first := trade("100.5", "2")
	first.First, first.Last = 7, 9 // an aggregate of three
	sold := trade("99", "1.5")
	sold.BuyerMaker = true
	for _, step := range []struct {
		at exchange.Time
		tr exchange.Trade
	}{{start + 1, first}, {start + 2, trade("103", "0.5")}, {start + minute - 1, sold}} {
		if _, ok := add(step.at, step.tr); ok {
			t.Fatal("a bar closed early")
		}
	}
	if _, ok := b.Close(start + minute - 1); ok {
		t.Fatal("a bar closed before its end")
	}
	want := exchange.Bar{
		Start: start, Interval: time.Minute, Open: exchange.MustFixed("100.5"), High: exchange.MustFixed("103"),
		Low: exchange.MustFixed("99"), Close: exchange.MustFixed("99"), Volume: wide(t, "4"), QuoteVolume: wide(t, "401"),
		TakerBuy: wide(t, "2.5"), Trades: 5,
	}
	if got, ok := b.Running(); !ok || got != want {
		t.Errorf("running %+v", got)
	}
	// The first instant of a later minute closes it; minutes without trades make none.
	bar, ok := add(start+3*minute, trade("98", "1"))
	if !ok || bar != want {
		t.Errorf("got  %+v\nwant %+v", bar, want)
	}
	if _, _, err := b.Add(start+3*minute-1, trade("98", "1")); !errors.Is(err, ErrLateTrade) {
		t.Errorf("a trade of the past gave %v", err)
	}
	bar, ok = b.Close(start + 4*minute)
	if !ok || bar.Start != start+3*minute || bar.Trades != 1 {
		t.Errorf("closed by the clock: %+v, %v", bar, ok)
	}
	if _, ok := b.Close(start + 9*minute); ok {
		t.Error("a bar closed twice")
	}
	if _, _, err := b.Add(start+3*minute+1, trade("98", "1")); !errors.Is(err, ErrLateTrade) {
		t.Errorf("a trade of a closed bar gave %v", err)
	}
	if _, ok := b.Running(); ok {
		t.Error("a refused trade opened a bar")
	}
	if _, ok := add(start+4*minute, trade("97", "1")); ok {
		t.Error("an empty interval made a bar")
	}
}

func TestBarsRefuse(t *testing.T) {
	for _, interval := range []time.Duration{0, -time.Minute} {
		if _, err := NewBars(linear, interval); err == nil {
			t.Errorf("interval %v was accepted", interval)
		}
	}
	b := newBars(t, linear, time.Hour)
	for _, tr := range []exchange.Trade{{}, trade("0", "1"), trade("1", "0"), trade("-1", "1"), trade("1", "-1")} {
		if _, _, err := b.Add(5, tr); err == nil {
			t.Errorf("%+v was accepted", tr)
		}
	}
	if _, ok := b.Running(); ok {
		t.Error("a refused trade opened a bar")
	}
	if _, _, err := b.Add(5, trade("1", "1")); err != nil {
		t.Fatal(err)
	}
	b.bar.QuoteVolume = exchange.WideFromWords(math.MaxInt64, math.MaxUint64)
	full := b.bar
	if _, _, err := b.Add(6, trade("2", "1")); !errors.Is(err, exchange.ErrNumberRange) || b.bar != full {
		t.Errorf("a volume beyond all measure gave %v and %+v", err, b.bar)
	}
}

// TestInverseVolume holds that coins are rounded half up for each trade, against the sums
// that dapi showed for recorded trades of 100-dollar contracts.
func TestInverseVolume(t *testing.T) {
	for _, c := range []struct{ price, qty, coins string }{
		{"9635.0", "1", "0.01037883"}, {"9642.2", "1", "0.01037108"}, {"27465.8", "21", "0.07645872"},
		{"27466.9", "15", "0.05461119"}, {"19100.5", "1", "0.00523547"}, {"19099.7", "40", "0.20942737"},
	} {
		b := newBars(t, inverse, time.Minute)
		if _, _, err := b.Add(1, trade(c.price, c.qty)); err != nil {
			t.Fatal(err)
		}
		if bar, _ := b.Running(); bar.QuoteVolume.String() != c.coins {
			t.Errorf("%s at %s: %v coins, want %s", c.qty, c.price, bar.QuoteVolume, c.coins)
		}
	}
}

// TestBarsAgainstSums compares random trades with sums of decimals, kept per interval.
func TestBarsAgainstSums(t *testing.T) {
	type sums struct{ volume, quote, bought decimal.Decimal }
	for _, in := range []*exchange.Instrument{linear, inverse} {
		r := rand.New(rand.NewPCG(3, uint64(in.Product)))
		b := newBars(t, in, 10*time.Second)
		want := map[exchange.Time]*sums{}
		var got []exchange.Bar
		at := exchange.Millis(1_790_000_000_000)
		for range 2000 {
			at = at.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
			tr := exchange.Trade{
				Price: exchange.Fixed(r.Int64N(1e14) + 1), Qty: exchange.Fixed(r.Int64N(1e12) + 1), BuyerMaker: r.IntN(2) == 0,
			}
			bar, ok, err := b.Add(at, tr)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				got = append(got, bar)
			}
			key := at.Floor(10 * time.Second)
			if want[key] == nil {
				want[key] = &sums{}
			}
			s, qty := want[key], tr.Qty.Decimal()
			s.volume = s.volume.Add(qty)
			quote := qty.Mul(tr.Price.Decimal()).Round(8)
			if in.Inverse() {
				quote = qty.Mul(in.ContractSize.Decimal()).DivRound(tr.Price.Decimal(), 8)
			}
			s.quote = s.quote.Add(quote)
			if !tr.BuyerMaker {
				s.bought = s.bought.Add(qty)
			}
		}
		last, ok := b.Close(at.Add(time.Hour))
		if got = append(got, last); !ok || len(got) != len(want) {
			t.Fatalf("%d bars, want %d", len(got), len(want))
		}
		for _, bar := range got {
			s := want[bar.Start]
			if s == nil || !bar.Volume.Decimal().Equal(s.volume) || !bar.QuoteVolume.Decimal().Equal(s.quote) ||
				!bar.TakerBuy.Decimal().Equal(s.bought) {
				t.Fatalf("%v bar %+v, want %+v", in.Product, bar, s)
			}
		}
	}
}

func TestBarsDoNotAllocate(t *testing.T) {
	b := newBars(t, inverse, time.Second)
	at, tr := exchange.Time(0), trade("60000", "3")
	n := testing.AllocsPerRun(1000, func() {
		at += exchange.Time(300 * time.Millisecond)
		if _, _, err := b.Add(at, tr); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
