package audit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// recording is a made recording of one market, in order: a book by snapshot and messages,
// its best prices, trades one by one and joined, their bars, marks.
type recording struct {
	r     *rand.Rand
	lines []string
	now   int64 // milliseconds
	id    int64 // of the book
	prev  int64
	trade int64
	bids  map[int64]int64 // quantity by price, in tenths
	asks  map[int64]int64
	bar   struct {
		open, high, low, close, volume, taker, count int64
		quote                                        int64 // in tenths
	}
}

const (
	madeDepth  = "um/AUSDT/depth"
	madeTicker = "um/AUSDT/bookTicker"
	madeTrade  = "um/AUSDT/trades"
	madeJoined = "um/AUSDT/aggTrades"
	madeBar    = "um/AUSDT/klines-1m"
	madeMark   = "um/AUSDT/markPrice"
)

// tenths prints a price.
func tenths(p int64) string { return exchange.Fixed(p * int64(exchange.FixedOne/10)).String() }

// write adds a line of a message sent now.
func (g *recording) write(series, format string, args ...any) {
	delay := 2 + g.r.Float64()*20
	g.lines = append(g.lines, fmt.Sprintf("%s time=%d event=%d local=%.3f ", series, g.now, g.now+1, float64(g.now+1)+delay)+fmt.Sprintf(format, args...))
	g.now += 25 // more than the delay varies: local time does not go back
}

func (g *recording) best() (bid, ask int64) {
	return slices.Max(slices.Collect(maps.Keys(g.bids))), slices.Min(slices.Collect(maps.Keys(g.asks)))
}

func (g *recording) ticker() {
	bid, ask := g.best()
	g.write(madeTicker, "update_id=%d bid=%s bid_qty=%d ask=%s ask_qty=%d", g.id, tenths(bid), g.bids[bid], tenths(ask), g.asks[ask])
}

// change sends a message of the depth stream.
func (g *recording) change() {
	bid, ask := g.best()
	first := g.id + 1 + g.r.Int64N(3)
	last := first + 5 + g.r.Int64N(20)
	side, levels, price := g.bids, "bid", bid-g.r.Int64N(8)
	if g.r.IntN(2) == 0 {
		side, levels, price = g.asks, "ask", ask+g.r.Int64N(8)
	}
	if g.r.IntN(4) == 0 && ask-bid > 1 { // into the spread
		price = bid + 1
	}
	qty := 1 + g.r.Int64N(50)
	if price != bid && price != ask && g.r.IntN(3) == 0 || len(side) > 30 && (price == bid || price == ask) {
		qty = 0
		delete(side, price)
	} else {
		side[price] = qty
	}
	g.id = last
	g.write(madeDepth, "first_id=%d last_id=%d prev_id=%d : %s %s %d", first, last, g.prev, levels, tenths(price), qty)
	g.prev = last
	if g.r.IntN(2) == 0 {
		g.ticker()
	}
}

// buy makes a trade, and its aggregate.
func (g *recording) buy() {
	bid, ask := g.best()
	price, maker := ask, ""
	if g.r.IntN(2) == 0 {
		price, maker = bid, "buyer_maker"
	}
	qty := 1 + g.r.Int64N(9)
	g.trade++
	at := g.now
	g.write(madeTrade, "id=%d price=%s qty=%d %s", g.trade, tenths(price), qty, maker)
	g.now = at + 24
	g.lines = append(g.lines, fmt.Sprintf("%s time=%d event=%d local=%d id=%d price=%s qty=%d first_id=%d last_id=%d %s",
		madeJoined, at, at+1, g.now+3, g.trade, tenths(price), qty, g.trade, g.trade, maker))
	g.now += 5
	b := &g.bar
	if b.count == 0 {
		b.open, b.high, b.low = price, price, price
	}
	b.high, b.low, b.close = max(b.high, price), min(b.low, price), price
	b.volume, b.quote, b.count = b.volume+qty, b.quote+price*qty, b.count+1
	if maker == "" {
		b.taker += qty
	}
}

// minute closes a bar.
func (g *recording) minute(start int64) {
	b := &g.bar
	if b.count > 0 {
		g.lines = append(g.lines, fmt.Sprintf("%s time=%d open=%s high=%s low=%s close=%s volume=%d quote_volume=%s taker_buy=%d trades=%d",
			madeBar, start, tenths(b.open), tenths(b.high), tenths(b.low), tenths(b.close), b.volume, tenths(b.quote), b.taker, b.count))
	}
	g.bar.count, g.bar.volume, g.bar.quote, g.bar.taker = 0, 0, 0, 0
}

// record makes four minutes.
func record(seed uint64) []string {
	g := &recording{r: rand.New(rand.NewPCG(seed, 7)), id: 1000, trade: 500, bids: map[int64]int64{}, asks: map[int64]int64{}}
	levels := ""
	for i := range int64(20) {
		g.bids[999-i], g.asks[1001+i] = 1+i, 2+i
		levels += fmt.Sprintf(" bid %s %d ask %s %d", tenths(999-i), 1+i, tenths(1001+i), 2+i)
	}
	g.now = 20_000
	g.prev = g.id
	g.lines = append(g.lines, fmt.Sprintf("%s time=%d local=%d last_id=%d snapshot :%s", madeDepth, g.now-10, g.now-3, g.id, levels))
	for minute := int64(1); minute <= 4; {
		if g.now >= minute*60_000 {
			g.minute(minute*60_000 - 60_000)
			minute++
		}
		switch n := g.r.IntN(10); {
		case n < 5:
			g.change()
		case n < 9:
			g.buy()
		default:
			g.write(madeMark, "price=100")
		}
		g.now += g.r.Int64N(300)
	}
	for range 6 {
		g.buy()
	}
	return g.lines
}

// defect damages a recording at some line and says what must be found: check and line.
type defect struct {
	name string
	do   func(r *rand.Rand, lines []string) ([]string, string)
}

// pick returns the index of a line of a series that is not near either end.
func pick(r *rand.Rand, lines []string, series string, with ...string) int {
	for {
		i := 100 + r.IntN(len(lines)-200)
		ok := strings.HasPrefix(lines[i], series+" ") && !strings.Contains(lines[i], "snapshot")
		for _, w := range with {
			ok = ok && strings.Contains(lines[i], w)
		}
		if ok {
			return i
		}
	}
}

// next returns the index of the next line of a series.
func next(lines []string, i int, series string) int {
	for i++; !strings.HasPrefix(lines[i], series+" "); i++ {
	}
	return i
}

// field and put read and change a number of a line.
func field(line, name string) exchange.Fixed {
	_, rest, _ := strings.Cut(line, " "+name+"=")
	value, _, _ := strings.Cut(rest, " ")
	return exchange.MustFixed(value)
}

func put(line, name string, v exchange.Fixed) string {
	before, rest, _ := strings.Cut(line, " "+name+"=")
	_, after, _ := strings.Cut(rest, " ")
	return before + " " + name + "=" + v.String() + " " + after
}

func spot(i int, c Check) string { return fmt.Sprintf("%d %s", i+1, c) }

func defects() []defect {
	var list []defect
	add := func(name string, do func(r *rand.Rand, lines []string) ([]string, string)) {
		list = append(list, defect{name, do})
	}
	for _, series := range []string{madeDepth, madeTicker, madeTrade, madeJoined, madeBar, madeMark} {
		add("malformed "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			lines[i] = "bad " + series + " what"
			return lines, spot(i, Malformed)
		})
		add("duplicate "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			return slices.Insert(lines, i+1, lines[i]), spot(i+1, Duplicate)
		})
	}
	for _, series := range []string{madeDepth, madeTrade, madeJoined, madeBar} {
		add("gap "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			for field(lines[i], "time") == 0 { // nothing is missing before the first bar
				i = pick(r, lines, series)
			}
			j := next(lines, i, series)
			return slices.Delete(lines, i, i+1), spot(j-1, Gap)
		})
	}
	for _, series := range []string{madeTrade, madeJoined} {
		add("contradiction "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			return slices.Insert(lines, i+1, put(lines[i], "qty", 77*exchange.FixedOne)), spot(i+1, Contradiction)
		})
		add("disorder "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			j := next(lines, i, series)
			a, b := lines[i], lines[j]
			lines[i] = put(put(b, "event", field(a, "event")), "local", field(a, "local"))
			lines[j] = put(put(a, "event", field(b, "event")), "local", field(b, "local"))
			return lines, spot(j, Disorder)
		})
		add("far id "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			lines[i] = put(lines[i], "id", 99_999*exchange.FixedOne)
			return lines, spot(i, Disorder)
		})
		add("price "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			lines[i] = put(lines[i], "price", 2*field(lines[i], "price"))
			return lines, spot(i, Price)
		})
	}
	for _, series := range []string{madeDepth, madeTicker, madeTrade, madeJoined, madeMark} {
		add("late "+series, func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, series)
			lines[i] = put(lines[i], "local", field(lines[i], "local")+800*exchange.FixedOne)
			return lines, spot(i, Late)
		})
	}
	return append(list, bookDefects()...)
}

func bookDefects() []defect {
	return []defect{
		{"chain", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeDepth)
			lines[i] = put(lines[i], "last_id", field(lines[i], "last_id")+exchange.FixedOne)
			return lines, spot(i, Chain)
		}},
		{"price ticker", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeTicker)
			lines[i] = put(lines[i], "ask", 2*field(lines[i], "ask"))
			return lines, spot(i, Price)
		}},
		{"price depth", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeDepth)
			lines[i] += " ask 3100 5"
			return lines, spot(i, Price)
		}},
		{"crossed", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeDepth)
			lines[i] += " bid 110 5"
			return lines, spot(i, Crossed)
		}},
		{"crossed ticker", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeTicker)
			lines[i] = put(lines[i], "bid", field(lines[i], "ask"))
			return lines, spot(i, Crossed)
		}},
		{"book", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeTicker)
			lines[i] = put(lines[i], "bid_qty", 999*exchange.FixedOne)
			for i--; !strings.HasPrefix(lines[i], madeDepth); i-- {
			}
			return lines, spot(i, Book)
		}},
		{"bars", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeBar, " time=")
			for field(lines[i], "time") == 0 { // its first trades are not known
				i = pick(r, lines, madeBar)
			}
			lines[i] = put(lines[i], "volume", field(lines[i], "volume")+exchange.FixedOne)
			return lines, spot(i, Bars)
		}},
		{"void", func(_ *rand.Rand, lines []string) ([]string, string) {
			last := lines[len(lines)-2]
			return append(lines, put(put(put(last, "id", field(last, "id")+exchange.FixedOne), "price", 0), "qty", 0)+" type=3"), spot(len(lines), Void)
		}},
		{"clock", func(r *rand.Rand, lines []string) ([]string, string) {
			i := pick(r, lines, madeTicker)
			for j := i; j < len(lines); j++ {
				if strings.Contains(lines[j], " event=") {
					lines[j] = put(lines[j], "local", field(lines[j], "local")-10_000*exchange.FixedOne)
				}
			}
			return lines, spot(i, Clock)
		}},
	}
}

// TestCleanRecordings holds that nothing is found in recordings in order, and that their
// books and bars are compared.
func TestCleanRecordings(t *testing.T) {
	for seed := range uint64(4) {
		lines := record(seed)
		for _, size := range []int{1, 7, 100, 5000} {
			r := auditText(t, []text{{"a", lines}}, size, Options{})
			for _, f := range r.Findings {
				t.Errorf("seed %d, batches of %d: %v", seed, size, f)
			}
			points := map[Check]int64{}
			for _, c := range r.Compared {
				points[c.Check] += c.Points
				if c.Points != c.Equal {
					t.Errorf("seed %d: %+v", seed, c)
				}
			}
			if points[Book] < 100 || points[Bars] < 5 || r.Resyncs != 0 {
				t.Errorf("seed %d, batches of %d: compared %v, %d resyncs", seed, size, points, r.Resyncs)
			}
		}
	}
}

// TestInjectedDefects holds that each defect in a recording is found at its line, and
// nothing else.
func TestInjectedDefects(t *testing.T) {
	made := map[uint64][]string{}
	for seed := range uint64(6) {
		made[seed] = record(seed)
	}
	for _, d := range defects() {
		t.Run(strings.ReplaceAll(d.name, "um/AUSDT/", ""), func(t *testing.T) {
			for seed := range uint64(len(made)) {
				r := rand.New(rand.NewPCG(seed, 99))
				lines, want := d.do(r, slices.Clone(made[seed]))
				got := strings.Join(spots(auditText(t, []text{{"a", lines}}, []int{1, 7, 100, 5000}[seed%4], Options{})), ", ")
				if got != want {
					t.Errorf("seed %d: found %q, want %q", seed, got, want)
				}
			}
		})
	}
}
