package market

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

var start = exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

// legs are the two perpetuals of a coin as exchangeInfo describes BTC's and ETH's.
func legs(t testing.TB, coin string) []*exchange.Instrument {
	t.Helper()
	um := exchange.Instrument{
		Product: exchange.UM, Symbol: coin + "USDT", Pair: coin + "USDT", Base: coin, Quote: "USDT", MarginAsset: "USDT",
		ContractType: "PERPETUAL", Status: exchange.StatusTrading, ContractSize: exchange.FixedOne,
		Tick: exchange.MustFixed("0.1"), Lot: exchange.Lot{Min: exchange.MustFixed("0.001"), Step: exchange.MustFixed("0.001")},
	}
	cm := um
	cm.Product, cm.Symbol, cm.Pair, cm.Quote, cm.MarginAsset = exchange.CM, coin+"USD_PERP", coin+"USD", "USD", coin
	cm.ContractSize = exchange.MustFixed("100")
	cm.Lot = exchange.Lot{Min: exchange.FixedOne, Step: exchange.FixedOne}
	if coin == "ETH" {
		um.Tick, cm.Tick, cm.ContractSize = exchange.MustFixed("0.01"), exchange.MustFixed("0.01"), exchange.MustFixed("10")
	}
	table, err := exchange.NewInstruments(um, cm)
	if err != nil {
		t.Fatal(err)
	}
	return []*exchange.Instrument{table.At(1), table.At(2)}
}

func generate(t testing.TB, s Spec) *Market {
	t.Helper()
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// each reads the whole market through a buffer of that size.
func each(t testing.TB, m *Market, size int, visit func(e *exchange.Event)) {
	t.Helper()
	buf := make([]exchange.Event, size)
	for {
		n, err := m.Next(buf)
		for i := range buf[:n] {
			visit(&buf[i])
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || n == 0 {
			t.Fatalf("Next = %d, %v", n, err)
		}
	}
}

// digest is a hash of all that the events carry.
type digest struct{ hash.Hash }

func (d digest) add(e *exchange.Event) {
	put := func(values ...int64) {
		for _, v := range values {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], uint64(v))
			d.Write(b[:])
		}
	}
	wide := func(w exchange.Wide) {
		hi, lo := w.Words()
		put(hi, int64(lo))
	}
	put(int64(e.Seq), int64(e.At), int64(e.Exchange), int64(e.Kind), int64(e.Flags), int64(e.Inst))
	switch e.Kind {
	case exchange.KindCadence:
		c := e.Cadence()
		fmt.Fprint(d, c.Kind, c.Asset, c.Every, c.Rule)
	case exchange.KindAssetIndex:
		fmt.Fprint(d, e.AssetIndex().Asset)
		put(int64(e.AssetIndex().Price))
	case exchange.KindMark:
		m := e.Mark()
		put(int64(m.Price), int64(m.Index), int64(m.Rate), int64(m.NextFunding), int64(m.Settle))
	case exchange.KindFunding:
		f := e.Funding()
		put(int64(f.Rate), int64(f.Mark), int64(f.Interval))
	case exchange.KindBarOpen:
		put(int64(e.BarOpen().Price), int64(e.BarOpen().Interval))
	case exchange.KindBar:
		b := e.Bar()
		put(int64(b.Start), int64(b.Interval), int64(b.Open), int64(b.High), int64(b.Low), int64(b.Close), b.Trades)
		wide(b.Volume)
		wide(b.QuoteVolume)
		wide(b.TakerBuy)
	case exchange.KindTrade:
		t := e.Trade()
		put(int64(t.Price), int64(t.Qty), t.ID, t.First, t.Last)
	case exchange.KindBookTicker:
		b := e.BookTicker()
		put(int64(b.Bid), int64(b.BidQty), int64(b.Ask), int64(b.AskQty), b.UpdateID)
	case exchange.KindLiquidation:
		l := e.Liquidation()
		put(int64(l.Side), int64(l.Price), int64(l.Average), int64(l.Qty))
	case exchange.KindDepth:
		p := e.Depth()
		fmt.Fprint(d, p.Snapshot, len(p.Bids))
		put(p.First, p.Last, p.Prev)
		for _, l := range append(p.Bids[:len(p.Bids):len(p.Bids)], p.Asks...) {
			put(int64(l.Price), int64(l.Qty))
		}
	default:
		panic("unexpected " + e.Kind.String())
	}
}

func hashOf(t testing.TB, s Spec, size int) string {
	d := digest{sha256.New()}
	each(t, generate(t, s), size, d.add)
	return hex.EncodeToString(d.Sum(nil))
}

// golden are hashes of small markets. They change when the generator does, and with
// them every result that was ever got from its samples; that is a decision, not a fix.
var golden = []struct {
	coin string
	bar  time.Duration
	seed uint64
	bars int
	hash string
}{
	{"BTC", time.Minute, 1, 40_000, "5d73b4625961518319d7118df796f22c9f0a77309fac595ac74e3fc1532c1dae"},
	{"BTC", time.Minute, 2, 1500, "1fa9d4e1e7cc822d00563466893008a3dd89b87df274d33f4066aeaf90fc3d84"},
	{"ETH", 15 * time.Minute, 1, 1500, "55e4d9f569a88378a54c8be79e8d4ec3c7f4504a50ae4e050e03993a589aae09"},
	{"ETH", 8 * time.Hour, 3, 1500, "5c95f62e0ab0c728144c1fc435fc6cdca2b60d144a31a437ea84598cb66837bb"},
}

func TestGolden(t *testing.T) {
	for _, g := range golden {
		s := Spec{Seed: g.seed, Start: start, Bar: g.bar, Bars: g.bars, Legs: legs(t, g.coin)}
		if got := hashOf(t, s, 512); got != g.hash {
			t.Errorf("%s %v seed %d: hash is %s, was %s", g.coin, g.bar, g.seed, got, g.hash)
		}
	}
}

func TestBufferSizeDoesNotMatter(t *testing.T) {
	s := Spec{Seed: 7, Start: start, Bar: time.Minute, Bars: 1000, Legs: legs(t, "BTC")}
	want := hashOf(t, s, 4096)
	for _, size := range []int{1, 2, 3, 7, 15, 16, 17, 100} {
		if got := hashOf(t, s, size); got != want {
			t.Errorf("a buffer of %d events gives another market", size)
		}
	}
}

// A caller may look at everything that one call returned until the next call, also when
// the buffer grows in between.
func TestPayloadsStayUntilTheNextCall(t *testing.T) {
	m := generate(t, Spec{Seed: 7, Start: start, Bar: time.Minute, Bars: 3000, Legs: legs(t, "BTC")})
	size := 1
	for {
		buf := make([]exchange.Event, size)
		n, err := m.Next(buf)
		if err != nil {
			break
		}
		bars, indexes := map[*exchange.Bar]bool{}, map[*exchange.AssetIndex]bool{}
		for i := range buf[:n] {
			switch e := &buf[i]; e.Kind {
			case exchange.KindBar:
				if bars[e.Bar()] || e.Bar().Start.Add(time.Minute) != e.At {
					t.Fatalf("a bar was overwritten within a call of %d events", n)
				}
				bars[e.Bar()] = true
			case exchange.KindAssetIndex:
				if indexes[e.AssetIndex()] {
					t.Fatalf("an index price was overwritten within a call of %d events", n)
				}
				indexes[e.AssetIndex()] = true
			}
		}
		size = size%97 + 1
	}
}

func TestLegsAreIndependent(t *testing.T) {
	s := Spec{Seed: 9, Start: start, Bar: time.Minute, Bars: 2000, Legs: legs(t, "BTC")}
	hashLeg := func(s Spec) string {
		d := digest{sha256.New()}
		each(t, generate(t, s), 512, func(e *exchange.Event) {
			if e.Inst == 1 {
				d.add(e)
			}
		})
		return hex.EncodeToString(d.Sum(nil))
	}
	both := hashLeg(s)
	s.Legs = s.Legs[:1]
	if hashLeg(s) != both {
		t.Error("the first leg changed when the second was left out")
	}
	s.Seed++
	if hashLeg(s) == both {
		t.Error("another seed gave the same leg")
	}
}

// rank is the order of kinds within an instant that backtest.Source asks for.
func rank(k exchange.Kind) int {
	return slices.Index([]exchange.Kind{
		exchange.KindCadence, exchange.KindAssetIndex, exchange.KindMark, exchange.KindBar,
		exchange.KindFunding, exchange.KindBarOpen,
	}, k)
}

func TestOrderAndCompleteness(t *testing.T) {
	for _, bar := range []time.Duration{time.Minute, 40 * time.Minute, 8 * time.Hour} {
		from := start.Add(2 * bar)
		m := generate(t, Spec{Seed: 3, Start: from, Bar: bar, Bars: 4000, Legs: legs(t, "ETH")})
		var last exchange.Event
		count := map[exchange.Kind]int{}
		promised := map[string]time.Duration{}
		seen := map[string]exchange.Time{}
		each(t, m, 333, func(e *exchange.Event) {
			if last.Kind != 0 {
				switch {
				case e.At < last.At:
					t.Fatalf("%v at %v follows %v at %v", e.Kind, e.At, last.Kind, last.At)
				case e.At == last.At && rank(e.Kind) < rank(last.Kind):
					t.Fatalf("%v follows %v at %v", e.Kind, last.Kind, e.At)
				case e.At == last.At && e.Kind == last.Kind && e.Inst < last.Inst && e.Inst != 0:
					t.Fatalf("%v of leg %d follows that of leg %d", e.Kind, e.Inst, last.Inst)
				}
			}
			key := fmt.Sprint(e.Kind, e.Inst)
			if e.Kind == exchange.KindAssetIndex {
				key = fmt.Sprint(e.Kind, 0, e.AssetIndex().Asset)
			}
			if e.Kind == exchange.KindCadence {
				promised[fmt.Sprint(e.Cadence().Kind, e.Inst, e.Cadence().Asset)] = e.Cadence().Every
			} else {
				every, ok := promised[key]
				if !ok {
					every, ok = promised[fmt.Sprint(e.Kind, e.Inst, "")]
				}
				if before, again := seen[key]; !ok || again && e.At.Sub(before) > every {
					t.Fatalf("%s at %v came after %v, promised is %v", key, e.At, e.At.Sub(before), every)
				}
				seen[key] = e.At
			}
			count[e.Kind]++
			last = *e
		})
		fundings := int(from.Add(4000*bar).Floor(fundingEvery).Sub(from.Floor(fundingEvery)) / fundingEvery)
		want := map[exchange.Kind]int{
			exchange.KindCadence: 10, exchange.KindMark: 2 * 4001, exchange.KindBar: 2 * 4000,
			exchange.KindBarOpen: 2 * 4000, exchange.KindFunding: 2 * fundings,
		}
		for kind, n := range want {
			if count[kind] != n {
				t.Errorf("bar %v: %d events of %v, want %d", bar, count[kind], kind, n)
			}
		}
	}
}

func TestBarsAreConsistent(t *testing.T) {
	for seed := range uint64(4) {
		for _, bar := range []time.Duration{time.Minute, 8 * time.Hour} {
			in := legs(t, []string{"BTC", "ETH"}[seed%2])
			checkMarket(t, in, generate(t, Spec{Seed: seed, Start: start, Bar: bar, Bars: 5000, Legs: in}))
		}
	}
}

func checkMarket(t *testing.T, in []*exchange.Instrument, m *Market) {
	t.Helper()
	var open [3]exchange.Fixed
	var mark [3]exchange.Mark
	each(t, m, 256, func(e *exchange.Event) {
		switch e.Kind {
		case exchange.KindBarOpen:
			open[e.Inst] = e.BarOpen().Price
		case exchange.KindMark:
			mark[e.Inst] = e.Mark()
			if left := mark[e.Inst].NextFunding.Sub(e.At); left < 0 || left > fundingEvery {
				t.Fatalf("at %v the next funding is %v away", e.At, left)
			}
		case exchange.KindFunding:
			if f, last := e.Funding(), mark[e.Inst]; f.Rate != last.Rate || f.Mark != last.Price || last.NextFunding != e.At {
				t.Fatalf("at %v settled %+v, but the mark said %+v", e.At, f, last)
			}
		case exchange.KindBar:
			b, leg := e.Bar(), in[e.Inst-1]
			at := func(p exchange.Fixed) bool { return p > 0 && p%leg.Tick == 0 && b.Low <= p && p <= b.High }
			if !at(b.Open) || !at(b.High) || !at(b.Low) || !at(b.Close) || b.Open != open[e.Inst] {
				t.Fatalf("%v: bar %+v, announced open %v", leg.Name(), *b, open[e.Inst])
			}
			for _, p := range []exchange.Fixed{mark[e.Inst].Price, mark[e.Inst].Index} {
				if d := (p - b.Close).Abs(); d > b.Close/50 {
					t.Fatalf("%v: mark or index %v is far from the close %v", leg.Name(), p, b.Close)
				}
			}
			checkVolume(t, leg, b)
		}
	})
}

func checkVolume(t *testing.T, in *exchange.Instrument, b *exchange.Bar) {
	t.Helper()
	volume, err := b.Volume.Fixed()
	taker, err2 := b.TakerBuy.Fixed()
	if err != nil || err2 != nil || volume <= 0 || taker < 0 || taker > volume || b.Trades < 1 ||
		!volume.IsMultipleOf(in.Lot.Step, 0) || !taker.IsMultipleOf(in.Lot.Step, 0) {
		t.Fatalf("%s: volume %v, taker %v, trades %d", in.Name(), b.Volume, b.TakerBuy, b.Trades)
	}
	// The average price that the quote volume implies lies within the bar.
	q, v := b.QuoteVolume.Decimal(), volume.Decimal()
	low, high := in.Value(v, b.Low.Decimal()), in.Value(v, b.High.Decimal())
	if in.Inverse() {
		low, high = high, low
	}
	tiny := exchange.Fixed(1).Decimal()
	if q.LessThan(low.Sub(tiny)) || q.GreaterThan(high.Add(tiny)) {
		t.Fatalf("%s: quote volume %v of bar %+v is not between %v and %v", in.Name(), q, *b, low, high)
	}
}

// What makes the market a plausible one, in broad bounds: yearly volatility, fat tails,
// clusters of volatility, and fundings that vary, change sign and differ by leg.
func TestPlausible(t *testing.T) {
	var negative, usual, total int
	for seed := range uint64(3) {
		var returns []float64
		var last float64
		var rates [3][]exchange.Fixed
		s := Spec{Seed: seed, Start: start, Bar: time.Minute, Bars: 45 * 1440, Legs: legs(t, "BTC")}
		each(t, generate(t, s), 512, func(e *exchange.Event) {
			switch {
			case e.Kind == exchange.KindFunding:
				rates[e.Inst] = append(rates[e.Inst], e.Funding().Rate)
			case e.Kind == exchange.KindBar && e.Inst == 1:
				now := e.Bar().Close.Float()
				if last != 0 {
					returns = append(returns, now/last-1)
				}
				last = now
			}
		})
		var second, fourth, first, lagged float64
		for i, r := range returns {
			first += math.Abs(r)
			second += r * r
			fourth += r * r * r * r
			if i >= 60 {
				lagged += math.Abs(r * returns[i-60])
			}
		}
		n := float64(len(returns))
		first, second, fourth, lagged = first/n, second/n, fourth/n, lagged/n
		year := math.Sqrt(second * 365 * 1440)
		if year < 0.3 || year > 1.2 {
			t.Errorf("seed %d: volatility of %.0f%% a year", seed, 100*year)
		}
		if fourth < 4*second*second {
			t.Errorf("seed %d: kurtosis %.1f is a normal distribution's", seed, fourth/second/second)
		}
		if lagged < 1.1*first*first {
			t.Errorf("seed %d: the size of returns an hour apart is not correlated", seed)
		}
		if slices.Equal(rates[1], rates[2]) {
			t.Errorf("seed %d: both legs have the same fundings", seed)
		}
		for _, r := range slices.Concat(rates[1], rates[2]) {
			total++
			if r < 0 {
				negative++
			}
			if r == interest {
				usual++
			}
		}
		t.Logf("seed %d: %.0f%% a year, kurtosis %.1f, last %.0f", seed, 100*year, fourth/second/second, last)
	}
	t.Logf("%d fundings, %d negative, %d at 0.01%%", total, negative, usual)
	if negative < total/50 || negative > total/4 || usual < total/4 || usual > total*9/10 {
		t.Errorf("of %d fundings %d are negative and %d are 0.01%%", total, negative, usual)
	}
}

func TestFundingFormula(t *testing.T) {
	for _, c := range []struct{ premium, rate string }{
		{"0.0003", "0.0001"}, {"0.0010", "0.0005"}, {"-0.0007", "-0.0002"}, {"0.01", "0.003"}, {"-0.01", "-0.003"},
	} {
		f := newFunding(start, time.Minute)
		share := int64(exchange.MustFixed(c.premium)) * one / int64(exchange.FixedOne)
		for range 480 {
			f.sample(share)
		}
		if got := f.settle(); (got - exchange.MustFixed(c.rate)).Abs() > 1 {
			t.Errorf("premium %s settles %v, want %s", c.premium, got, c.rate)
		}
	}
}

func TestSpecMistakes(t *testing.T) {
	good := func() Spec {
		return Spec{Seed: 1, Start: start, Bar: time.Minute, Bars: 10, Legs: legs(t, "BTC")}
	}
	for _, c := range []struct {
		spoil func(*Spec)
		want  string
	}{
		{func(s *Spec) { s.Bar = 0 }, "bar 0s must be whole minutes"},
		{func(s *Spec) { s.Bar = 7 * time.Minute }, "must be whole minutes and divide 8h0m0s"},
		{func(s *Spec) { s.Bar = 90 * time.Second }, "bar 1m30s"},
		{func(s *Spec) { s.Start++ }, "whole number of bars"},
		{func(s *Spec) { s.Bars = 0 }, "bars 0 must be between 1 and"},
		{func(s *Spec) { s.Bars = BarsMax + 1 }, "must be between 1 and"},
		{func(s *Spec) { s.Legs = nil }, "at least one leg"},
		{func(s *Spec) { s.Legs = legs(t, "SOL") }, "price must be set for coin SOL"},
		{func(s *Spec) { s.Legs[1] = legs(t, "ETH")[1] }, "leg CM ETHUSD_PERP: coin is ETH, but the first leg's is BTC"},
		{func(s *Spec) { s.Legs[0].Tick = 0 }, "leg UM BTCUSDT: tick and lot step must be above 0"},
		{func(s *Spec) { s.Legs[1].ContractSize = 0 }, "contract size must be above 0"},
		{func(s *Spec) { s.Legs[0].Delivery = start }, "is not after the start"},
		{func(s *Spec) { s.Price = exchange.FixedOne }, "must be at least 6400 ticks of 0.1"},
		{func(s *Spec) { s.Price = exchange.FixedMax }, "at most"},
	} {
		s := good()
		c.spoil(&s)
		if _, err := New(s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// The extremes of what a spec allows neither panic nor leave the grid.
func TestExtremePrices(t *testing.T) {
	for _, price := range []exchange.Fixed{priceMax, exchange.MustFixed("640")} {
		in := legs(t, "BTC")
		m := generate(t, Spec{Seed: 5, Start: start, Bar: 8 * time.Hour, Bars: 10_000, Price: price, Legs: in})
		checkMarket(t, in, m)
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	m := generate(t, Spec{Seed: 1, Start: start, Bar: time.Minute, Bars: BarsMax, Legs: legs(t, "BTC")})
	buf := make([]exchange.Event, 1000)
	if n := testing.AllocsPerRun(200, func() { _, _ = m.Next(buf) }); n != 0 {
		t.Errorf("%v allocations per 1,000 events", n)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprintf("legs=%d", n), func(b *testing.B) {
			m := generate(b, Spec{Seed: 1, Start: start, Bar: time.Minute, Bars: BarsMax, Legs: legs(b, "BTC")[:n]})
			buf := make([]exchange.Event, 1024)
			bars := 0
			b.ReportAllocs()
			for bars < b.N {
				n, err := m.Next(buf)
				if err != nil {
					b.Fatal(err)
				}
				for i := range buf[:n] {
					if buf[i].Kind == exchange.KindBar {
						bars++
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bars/s")
		})
	}
}
