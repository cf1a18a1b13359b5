package market

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// instrument is one with the rules that Binance gives its like.
func instrument(product exchange.Product, symbol, base, quote, tick, step string) exchange.Instrument {
	in := exchange.Instrument{
		Product: product, Symbol: symbol, Base: base, Quote: quote, Status: exchange.StatusTrading,
		ContractSize: exchange.FixedOne, Tick: exchange.MustFixed(tick),
		Lot: exchange.Lot{Min: exchange.MustFixed(step), Step: exchange.MustFixed(step)},
	}
	if product == exchange.CM {
		in.ContractSize = 10 * exchange.FixedOne
		if base == "BTC" {
			in.ContractSize = 100 * exchange.FixedOne
		}
	}
	return in
}

// twelve are the instruments of most tests: three coins, all products, two dated contracts
// that are delivered at an instant, and a pair of two coins.
func twelve(t testing.TB, delivery exchange.Time) []*exchange.Instrument {
	t.Helper()
	list := []exchange.Instrument{
		instrument(exchange.UM, "BTCUSDT", "BTC", "USDT", "0.1", "0.001"),
		instrument(exchange.CM, "BTCUSD_PERP", "BTC", "USD", "0.1", "1"),
		instrument(exchange.Margin, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001"),
		instrument(exchange.UM, "BTCUSDT_DATED", "BTC", "USDT", "0.1", "0.001"),
		instrument(exchange.CM, "BTCUSD_DATED", "BTC", "USD", "0.1", "1"),
		instrument(exchange.UM, "ETHUSDT", "ETH", "USDT", "0.01", "0.001"),
		instrument(exchange.CM, "ETHUSD_PERP", "ETH", "USD", "0.01", "1"),
		instrument(exchange.Margin, "ETHUSDC", "ETH", "USDC", "0.01", "0.0001"),
		instrument(exchange.Margin, "ETHBTC", "ETH", "BTC", "0.00001", "0.0001"),
		instrument(exchange.UM, "SOLUSDT", "SOL", "USDT", "0.01", "1"),
		instrument(exchange.CM, "BNBUSD_PERP", "BNB", "USD", "0.01", "1"),
		instrument(exchange.Margin, "BNBFDUSD", "BNB", "FDUSD", "0.01", "0.001"),
	}
	list[3].Delivery, list[4].Delivery = delivery, delivery
	table, err := exchange.NewInstruments(list...)
	if err != nil {
		t.Fatal(err)
	}
	var legs []*exchange.Instrument
	for id := range list {
		legs = append(legs, table.At(exchange.InstrumentID(id+1)))
	}
	return legs
}

func ticks(t testing.TB, s TickSpec) *Ticks {
	t.Helper()
	m, err := NewTicks(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func BenchmarkTicks(b *testing.B) {
	for _, levels := range []int{20, 50, 1000} {
		b.Run(fmt.Sprintf("levels=%d", levels), func(b *testing.B) {
			m := ticks(b, TickSpec{Seed: 1, Start: start, Step: 100 * time.Millisecond, Legs: twelve(b, start.Add(90*24*time.Hour)), Levels: levels})
			buf := make([]exchange.Event, m.InstantMax())
			for range 1000 {
				_, _ = m.Next(buf)
			}
			first := m.now
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				got, _ := m.Next(buf)
				n += got
			}
			b.ReportMetric(m.now.Sub(first).Seconds()/b.Elapsed().Seconds(), "x-real-time")
		})
	}
}

// hour is the market of most tests: it has a funding in it.
func hour(t testing.TB) TickSpec {
	return TickSpec{
		Seed: 1, Start: start.Add(-30 * time.Minute), Step: 100 * time.Millisecond,
		Legs: twelve(t, start.Add(90*24*time.Hour)), Liquidations: 60,
	}
}

// TestTicksHour reads an hour of twelve legs and holds every event against a second
// reading, and the returns of minutes against each other: legs of one coin go together,
// and coins do so less.
func TestTicksHour(t *testing.T) {
	if raced.On() {
		t.Skip("an hour takes a minute under the race detector, and is one goroutine")
	}
	s := hour(t)
	r := newReader(t, s)
	minutes := make([][]float64, len(s.Legs)+1)
	price := make([]float64, len(s.Legs)+1)
	next := s.Start
	r.until(ticks(t, s), s.Start.Add(time.Hour), func(e *exchange.Event) {
		if e.At < next {
			return
		}
		next = e.At.Add(time.Minute)
		for i := 1; i < len(price); i++ {
			now := r.legs[i].ticker.Mid().Float()
			if price[i] != 0 {
				minutes[i] = append(minutes[i], now/price[i]-1)
			}
			price[i] = now
		}
	})
	for i := 1; i < len(minutes); i++ {
		for j := 1; j < i; j++ {
			a, b := s.Legs[i-1], s.Legs[j-1]
			if a.Quote == "BTC" || b.Quote == "BTC" {
				continue // a pair of two coins goes with neither
			}
			least := 0.1
			if a.Base == b.Base {
				least = 0.9
			}
			if c := correlation(minutes[i], minutes[j]); c < least || a.Base != b.Base && c > 0.95 {
				t.Errorf("%s and %s are correlated by %.2f", a.Name(), b.Name(), c)
			}
		}
	}
	want := map[exchange.Kind]int{ // seven assets, eight futures, six perpetuals
		exchange.KindCadence: 12*3 + 8 + 6 + 7, exchange.KindAssetIndex: 7 * 3601, exchange.KindMark: 8 * 3601, exchange.KindFunding: 6,
	}
	for kind, n := range want {
		if r.count[kind] != n {
			t.Errorf("%d events of %v, want %d", r.count[kind], kind, n)
		}
	}
	if n := r.count[exchange.KindLiquidation]; n < 8*45 || n > 8*75 {
		t.Errorf("%d liquidations", n)
	}
}

func correlation(a, b []float64) float64 {
	var sa, sb, saa, sbb, sab float64
	for i := range a {
		sa, sb = sa+a[i], sb+b[i]
		saa, sbb, sab = saa+a[i]*a[i], sbb+b[i]*b[i], sab+a[i]*b[i]
	}
	n := float64(len(a))
	return (n*sab - sa*sb) / math.Sqrt((n*saa-sa*sa)*(n*sbb-sb*sb))
}

// tickHash is a hash of so many events, of those that keep says.
func tickHash(t testing.TB, s TickSpec, size, events int, keep func(*exchange.Event) bool) string {
	t.Helper()
	d := digest{sha256.New()}
	m := ticks(t, s)
	buf := make([]exchange.Event, size)
	for events > 0 {
		n, err := m.Next(buf)
		if n == 0 || err != nil {
			t.Fatalf("Next = %d, %v", n, err)
		}
		for i := range buf[:n] {
			if events > 0 && (keep == nil || keep(&buf[i])) {
				d.add(&buf[i])
				events--
			}
		}
	}
	return hex.EncodeToString(d.Sum(nil))
}

// goldenTicks are hashes of the first 50,000 events. They change when the generator does,
// and with them every result that was ever got from its markets.
var goldenTicks = []struct {
	seed uint64
	step time.Duration
	hash string
}{
	{1, 100 * time.Millisecond, "036ed865850565df4b7209a3ac2a61a06ac429d890d6cc2ddbecbd5ab031d903"},
	{2, 100 * time.Millisecond, "4a47274a9bf33d22c4ceaaf0e4b70f95b5fad4b945127e97d62c55980d1d33d2"},
	{1, time.Second, "675a47b0147924c2f3deaa649b8a7fec5fe4662336315dea312041c8131dd0fe"},
	{1, time.Millisecond, "f89bb62f005d0c72301b29cc8bbd21e39c59465b19b297faa9d4da3f043cbd2b"},
}

func TestTicksGolden(t *testing.T) {
	for _, g := range goldenTicks[:raced.Fewer(len(goldenTicks), 1)] {
		s := hour(t)
		s.Seed, s.Step = g.seed, g.step
		for range 2 {
			if got := tickHash(t, s, 4096, 50_000, nil); got != g.hash {
				t.Errorf("seed %d step %v: hash is %s, was %s", g.seed, g.step, got, g.hash)
			}
		}
	}
}

// TestTicksFirst shows the first events of a small market.
func TestTicksFirst(t *testing.T) {
	s := TickSpec{Seed: 1, Start: start, Step: 200 * time.Millisecond, Legs: twelve(t, start.Add(time.Hour))[:4], Levels: LevelsMin, Liquidations: 3600}
	m := ticks(t, s)
	buf := make([]exchange.Event, m.InstantMax())
	var b strings.Builder
	for m.now < start.Add(2*time.Second) {
		n, _ := m.Next(buf)
		for i := range buf[:n] {
			b.WriteString(line(&buf[i]) + "\n")
		}
	}
	const file = "testdata/ticks.txt"
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the first events are not those of %s; run with -rewrite and read the difference", file)
	}
}

// line prints an event for people.
func line(e *exchange.Event) string {
	var what any
	switch e.Kind {
	case exchange.KindCadence:
		c := e.Cadence()
		return fmt.Sprintf("%s %d %s %v%s every %v", e.At.UTC().Format("05.0"), e.Inst, e.Kind, c.Kind, c.Asset, c.Every)
	case exchange.KindAssetIndex:
		what = *e.AssetIndex()
	case exchange.KindMark:
		what = e.Mark()
	case exchange.KindTrade:
		what = e.Trade()
	case exchange.KindBookTicker:
		what = e.BookTicker()
	case exchange.KindLiquidation:
		what = e.Liquidation()
	case exchange.KindDepth:
		what = *e.Depth()
	default:
		what = e.Kind
	}
	return fmt.Sprintf("%s %d %v %+v", e.At.UTC().Format("05.0"), e.Inst, e.Kind, what)
}

func TestTickBufferSizeDoesNotMatter(t *testing.T) {
	s := hour(t)
	want := tickHash(t, s, 4096, 20_000, nil)
	for _, size := range []int{1, 2, 3, 7, 100, ticks(t, s).InstantMax() - 1, ticks(t, s).InstantMax()} {
		if got := tickHash(t, s, size, 20_000, nil); got != want {
			t.Errorf("a buffer of %d events gives another market", size)
		}
	}
}

// A leg is the same whatever other legs, coins and prices there are, and in whatever order.
func TestTickLegsAreIndependent(t *testing.T) {
	s := hour(t)
	leg := func(inst exchange.InstrumentID, s TickSpec) string {
		return tickHash(t, s, 4096, 2_000, func(e *exchange.Event) bool { return e.Inst == inst })
	}
	index := func(s TickSpec) string {
		return tickHash(t, s, 4096, 300, func(e *exchange.Event) bool {
			return e.Kind == exchange.KindAssetIndex && e.AssetIndex().Asset == "BTC"
		})
	}
	for i, in := range s.Legs[:raced.Fewer(len(s.Legs), 2)] {
		alone := s
		alone.Legs = s.Legs[i : i+1]
		if leg(in.ID, alone) != leg(in.ID, s) {
			t.Errorf("%s changes with the other legs", in.Name())
		}
		if in.Base == "BTC" && index(alone) != index(s) {
			t.Errorf("with %s alone the index is another", in.Name())
		}
	}
	turned := s
	turned.Legs = slices.Clone(s.Legs)
	slices.Reverse(turned.Legs)
	turned.Prices = []CoinPrice{{"DOGE", exchange.MustFixed("0.1")}}
	if leg(1, turned) != leg(1, s) || index(turned) != index(s) {
		t.Error("the first leg changes with the order of legs or the prices of others")
	}
	turned.Seed++
	if leg(1, turned) == leg(1, s) {
		t.Error("another seed gives the same leg")
	}
}

// TestTicksWeek reads a week of long steps: prices stay plausible, and contracts near
// their index.
func TestTicksWeek(t *testing.T) {
	if testing.Short() || raced.On() {
		t.Skip("a week takes some seconds")
	}
	s := hour(t)
	s.Step, s.Levels = time.Second, LevelsMin
	s.Legs = []*exchange.Instrument{s.Legs[0], s.Legs[1], s.Legs[3], s.Legs[7], s.Legs[9]}
	m := ticks(t, s)
	buf := make([]exchange.Event, m.InstantMax())
	var squares, last float64
	var rates []exchange.Fixed
	index := map[string]float64{}
	for m.now < s.Start.Add(7*24*time.Hour) {
		n, _ := m.Next(buf)
		for i := range buf[:n] {
			switch e := &buf[i]; e.Kind {
			case exchange.KindAssetIndex:
				a := e.AssetIndex()
				index[a.Asset] = a.Price.Float()
				if first := s.price(a.Asset).Float(); stable(a.Asset) && far(a.Price.Float(), 1, 0.005) || far(a.Price.Float(), first, 0.5) {
					t.Fatalf("%v: %s is at %v", e.At, a.Asset, a.Price)
				}
			case exchange.KindMark:
				if v := e.Mark(); far(v.Price.Float(), v.Index.Float(), 0.02) || v.Rate.Abs() > fundingCap {
					t.Fatalf("%v: %+v", e.At, v)
				}
			case exchange.KindFunding:
				rates = append(rates, e.Funding().Rate)
			}
		}
		if last != 0 {
			squares += math.Pow(index["BTC"]/last-1, 2)
		}
		last = index["BTC"]
	}
	if year := math.Sqrt(squares / 7 * 365); year < 0.2 || year > 1 {
		t.Errorf("volatility of %.0f%% a year", 100*year)
	}
	if len(rates) != 3*21 || slices.Max(rates) == slices.Min(rates) {
		t.Errorf("%d fundings from %v to %v", len(rates), slices.Min(rates), slices.Max(rates))
	}
	t.Logf("BTC %.0f, volatility %.0f%% a year, fundings from %v to %v", last, 100*math.Sqrt(squares/7*365), slices.Min(rates), slices.Max(rates))
}

// TestTickDelivery reads the last hours of dated contracts: they end at the mean index of the
// last half hour, by which they are settled, and tell nothing after it.
func TestTickDelivery(t *testing.T) {
	for _, left := range []time.Duration{2 * time.Hour, 10 * time.Minute} { // or of its end
		checkDelivery(t, start.Add(left))
	}
}

func checkDelivery(t *testing.T, end exchange.Time) {
	t.Helper()
	samples := float64(min(end.Sub(start), 30*time.Minute) / time.Second)
	s := TickSpec{Seed: 4, Start: start, Step: time.Second, Legs: twelve(t, end)[2:5], Levels: 10}
	r := newReader(t, s)
	sum, n := map[exchange.InstrumentID]float64{}, map[exchange.InstrumentID]float64{}
	r.until(ticks(t, s), end.Add(2*time.Minute), func(e *exchange.Event) {
		if e.Kind == exchange.KindMark && e.At >= end.Add(-30*time.Minute) {
			sum[e.Inst] += e.Mark().Index.Float()
			n[e.Inst]++
			if mean := sum[e.Inst] / n[e.Inst]; far(e.Mark().Settle.Float(), mean, 1e-9) {
				t.Fatalf("%v: settles at %v, the mean index is %v", e.At, e.Mark().Settle, mean)
			}
		}
		if e.Kind == exchange.KindMark && e.At == start {
			year := end.Sub(start).Hours() / 24 / 365
			if m := e.Mark(); far(m.Price.Float(), m.Index.Float()*(1+0.05*year), 0.001) {
				t.Errorf("%v before delivery the mark is %v over %v", end.Sub(start), m.Price, m.Index)
			}
		}
	})
	for _, inst := range []exchange.InstrumentID{4, 5} {
		w := r.legs[inst]
		mean := sum[inst] / n[inst]
		if n[inst] != samples || w.last != end.Add(-time.Second) || far(w.ticker.Mid().Float(), mean, 0.0002) || far(w.mark.Price.Float(), mean, 0.0001) {
			t.Errorf("%s ended at %v with a mark of %v and a middle of %v; the mean index of %v seconds is %v",
				w.in.Name(), w.last, w.mark.Price, w.ticker.Mid(), n[inst], mean)
		}
	}
	if r.legs[3].last != r.last.At {
		t.Errorf("the margin pair ended at %v", r.legs[3].last)
	}
}

// TestTicksAtTheBounds reads markets at the bounds of what a spec allows.
func TestTicksAtTheBounds(t *testing.T) {
	soon := twelve(t, start)[3:5] // after them only index prices are left
	price := func(s string) []CoinPrice { return []CoinPrice{{"BTC", exchange.MustFixed(s)}} }
	for i, change := range []func(*TickSpec){
		func(s *TickSpec) { s.Levels, s.Step = LevelsMin, time.Second },
		func(s *TickSpec) { s.Levels, s.Step = LevelsMax, time.Second },
		func(s *TickSpec) { s.Step, s.Liquidations = time.Millisecond, 3600 },
		func(s *TickSpec) { s.Volatility, s.Liquidations = 20*exchange.FixedOne, -1 },
		func(s *TickSpec) { s.Volatility = 1 },
		func(s *TickSpec) { s.Prices, s.Levels = price("50"), 400 },        // 500 ticks of 0.1
		func(s *TickSpec) { s.Prices = price((priceMax / wall).String()) }, // a level is less than a lot
		func(s *TickSpec) { // a lot is next to nothing
			s.Prices = []CoinPrice{{"BTC", 500}}
			s.Legs[0].Tick, s.Legs[0].Lot = 1, exchange.Lot{Min: 3, Step: 1}
		},
		func(s *TickSpec) { s.Legs = soon },
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s := hour(t)
			s.Legs = s.Legs[:3]
			if i == 7 {
				s.Legs = s.Legs[:1]
			}
			change(&s)
			s.Start = start.Add(-15 * time.Second)
			newReader(t, s).until(ticks(t, s), start.Add(15*time.Second), nil)
		})
	}
}

// TestFarPrices moves a coin by the largest returns: its price never leaves the bounds, and
// from far away it is driven back.
func TestFarPrices(t *testing.T) {
	for _, common := range []int64{one, -one} {
		a := asset{start: 100 * exchange.FixedOne, level: one, own: newWeather(1, "far", 64, time.Second)}
		for range 100 {
			if a.move(common); a.level > wall*one || a.level < one/wall || a.price <= 0 {
				t.Fatalf("the price went to %v", a.price)
			}
		}
		a.own.calm = ownCalm
		before := a.level
		for range 3600 {
			a.move(0)
		}
		if back := (a.level - before) * 100 / before; common > 0 && back > -1 || common < 0 && back < 1 {
			t.Errorf("from %v the price went to %v in an hour", part(a.start, before), a.price)
		}
	}
}

// TestJump moves a coin between instants: books, trades and marks follow as they follow any
// move, and other coins stay.
func TestJump(t *testing.T) {
	s := hour(t)
	s.Start = start
	m, r := ticks(t, s), newReader(t, s)
	r.until(m, start.Add(10*time.Second), nil)
	for _, factor := range []string{"0.5", "3", "0.01", "0.01", "100", "100", "100"} {
		was := r.index["BTC"].Float()
		eth := r.index["ETH"].Float()
		if err := m.Jump("BTC", exchange.MustFixed(factor)); err != nil {
			t.Fatal(err)
		}
		r.until(m, r.last.At.Add(5*time.Second), nil)
		want := min(max(was*exchange.MustFixed(factor).Float(), 60_000.0/wall), 60_000*wall)
		if far(r.index["BTC"].Float(), want, 0.02) || far(r.legs[1].ticker.Mid().Float(), want, 0.02) || far(r.index["ETH"].Float(), eth, 0.02) {
			t.Errorf("BTC jumped by %s from %v to %v, ETH from %v to %v", factor, was, r.index["BTC"], eth, r.index["ETH"])
		}
	}
	for asset, factor := range map[string]exchange.Fixed{"DOGE": exchange.FixedOne, "BTC": 0, "ETH": exchange.FixedMax} {
		if m.Jump(asset, factor) == nil {
			t.Errorf("%s jumps by %v", asset, factor)
		}
	}
}

func TestTicksAllocateNothing(t *testing.T) {
	m := ticks(t, hour(t))
	buf := make([]exchange.Event, 4096)
	for range 2000 {
		_, _ = m.Next(buf)
	}
	if n := testing.AllocsPerRun(2000, func() { _, _ = m.Next(buf) }); n != 0 {
		t.Errorf("%v allocations an instant", n)
	}
}
