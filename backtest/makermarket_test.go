package backtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// ownMarket is a book of one contract that orders come to, leave and take from at random,
// and its recording as the streams would tell it. Prices are in ticks of a tenth.
type ownMarket struct {
	rng    *rand.Rand
	symbol string
	unit   float64 // of quantities
	digits int
	levels [2]map[int]int // bids and asks
	now    time.Time
	update int64
	trades int64
	ticker string
	out    strings.Builder
	// of the step: what has changed, and the prints.
	changed [2]map[int]bool
	prints  []string
}

// ownCaptures writes two minutes of both legs.
func ownCaptures(t testing.TB) captures {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	um := &ownMarket{rng: rand.New(rand.NewPCG(1, 1)), symbol: `"s":"BTCUSDT"`, unit: 0.001, digits: 3}
	cm := &ownMarket{rng: rand.New(rand.NewPCG(2, 1)), symbol: `"s":"BTCUSD_PERP","ps":"BTCUSD"`, unit: 1, digits: 0}
	return captures{write("um.txt", um.record()), write("cm.txt", cm.record())}
}

func (m *ownMarket) record() string {
	m.now = day.UTC()
	m.levels = [2]map[int]int{{}, {}}
	for i := range 10 {
		m.levels[0][620000-i], m.levels[1][620001+i] = 20+m.rng.IntN(30), 20+m.rng.IntN(30)
	}
	m.update = 1000
	fmt.Fprintf(&m.out, `%d {"lastUpdateId":%d,"E":%d,"T":%d,"bids":[%s],"asks":[%s]}`+"\n",
		m.now.Add(5*time.Millisecond).UnixNano(), m.update, m.now.UnixMilli(), m.now.UnixMilli(), m.side(0, nil), m.side(1, nil))
	for end := m.now.Add(2 * time.Minute); m.now.Before(end); {
		m.now = m.now.Add(time.Duration(3+m.rng.IntN(30)) * time.Millisecond)
		m.step()
		m.tell()
	}
	return m.out.String()
}

// best is the price of the best level, 0 for bids and 1 for asks.
func (m *ownMarket) best(side int) int {
	prices := slices.Sorted(maps.Keys(m.levels[side]))
	if side == 0 {
		return prices[len(prices)-1]
	}
	return prices[0]
}

func (m *ownMarket) set(side, price, qty int) {
	if m.levels[side][price] = qty; qty <= 0 {
		delete(m.levels[side], price)
	}
	m.changed[side][price] = true
}

// step lets one thing happen, then sees that the book is neither thin nor wide.
func (m *ownMarket) step() {
	m.changed, m.prints = [2]map[int]bool{{}, {}}, nil
	side := m.rng.IntN(2)
	away := 1 - 2*side // a bid is deeper when it is lower
	price := m.best(side) - away*m.rng.IntN(4)
	have := m.levels[side][price]
	switch k := m.rng.IntN(100); {
	case k < 40:
		m.set(side, price, have+1+m.rng.IntN(15))
	case k < 75 && have > 0:
		m.set(side, price, have-1-m.rng.IntN(1+have/2))
	default:
		m.take(side, 1+m.rng.IntN(1+m.rng.IntN(40)))
	}
	for side := range 2 {
		away := 1 - 2*side
		for i := range 8 {
			if p := m.best(side) - away*i; m.levels[side][p] == 0 && len(m.levels[side]) < 8 {
				m.set(side, p, 5+m.rng.IntN(40))
			}
		}
	}
	if bid, ask := m.best(0), m.best(1); ask-bid > 1+m.rng.IntN(4) {
		side := m.rng.IntN(2)
		m.set(side, m.best(side)+1-2*side, 1+m.rng.IntN(20))
	}
}

// take lets an aggressor take from a side, but for its last level.
func (m *ownMarket) take(side, qty int) {
	for qty > 0 && len(m.levels[side]) > 1 {
		price := m.best(side)
		n := min(qty, m.levels[side][price])
		qty -= n
		m.set(side, price, m.levels[side][price]-n)
		m.trades++
		m.prints = append(m.prints, fmt.Sprintf(`"t":%d,"p":"%s","q":"%s","X":"MARKET","m":%v`, m.trades, price1(price), m.qty(n), side == 0))
	}
}

func price1(ticks int) string { return fmt.Sprintf("%d.%d", ticks/10, ticks%10) }

func (m *ownMarket) qty(n int) string { return fmt.Sprintf("%.*f", m.digits, float64(n)*m.unit) }

// side writes the levels of a side, all or those that have changed.
func (m *ownMarket) side(side int, only map[int]bool) string {
	var list []string
	prices := slices.Sorted(maps.Keys(m.levels[side]))
	if only != nil {
		prices = slices.Sorted(maps.Keys(only))
	}
	for _, p := range prices {
		list = append(list, fmt.Sprintf(`["%s","%s"]`, price1(p), m.qty(m.levels[side][p])))
	}
	return strings.Join(list, ",")
}

// tell writes what the streams say of the step.
func (m *ownMarket) tell() {
	at, local := m.now.UnixMilli(), m.now.Add(5*time.Millisecond).UnixNano()
	for _, p := range m.prints {
		fmt.Fprintf(&m.out, `%d {"stream":"x@trade","data":{"e":"trade","E":%d,"T":%d,%s,%s}}`+"\n", local, at, at, m.symbol, p)
	}
	before := m.update
	m.update += 1 + m.rng.Int64N(9)
	fmt.Fprintf(&m.out, `%d {"stream":"x@depth@0ms","data":{"e":"depthUpdate","E":%d,"T":%d,%s,"U":%d,"u":%d,"pu":%d,"b":[%s],"a":[%s]}}`+"\n",
		local, at, at, m.symbol, before+1, m.update, before, m.side(0, m.changed[0]), m.side(1, m.changed[1]))
	bid, ask := m.best(0), m.best(1)
	ticker := fmt.Sprintf(`"b":"%s","B":"%s","a":"%s","A":"%s"`, price1(bid), m.qty(m.levels[0][bid]), price1(ask), m.qty(m.levels[1][ask]))
	if ticker != m.ticker {
		m.ticker = ticker
		fmt.Fprintf(&m.out, `%d {"stream":"x@bookTicker","data":{"e":"bookTicker","u":%d,%s,%s,"T":%d,"E":%d}}`+"\n", local, m.update, m.symbol, ticker, at, at)
	}
}

// TestOwnRecording: the recording is a market as it should be, not crossed, with some of
// everything.
func TestOwnRecording(t *testing.T) {
	counts := map[exchange.Kind]int{}
	eachInstant(t, makerTape(t, ownCaptures(t)), func(at exchange.Time, events []exchange.Event) {
		for i := range events {
			counts[events[i].Kind]++
			if e := &events[i]; e.Kind == exchange.KindBookTicker && e.BookTicker().Bid >= e.BookTicker().Ask {
				t.Fatalf("crossed at %v: %+v", at, e.BookTicker())
			}
		}
	})
	t.Log(counts)
	for _, k := range []exchange.Kind{exchange.KindTrade, exchange.KindBookTicker, exchange.KindDepth} {
		if counts[k] < 2000 {
			t.Errorf("%d of %v", counts[k], k)
		}
	}
}
