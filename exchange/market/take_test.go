package market

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/socket"
)

// bench is a feed without connections, to whose streams frames are given.
type bench struct {
	*Feed
	decoder frame.Decoder
	subs    map[string]*heard
	events  map[exchange.Kind]int
}

func newBench(t testing.TB, ins *exchange.Instruments, names ...string) *bench {
	t.Helper()
	b := &bench{subs: map[string]*heard{}, events: map[exchange.Kind]int{}}
	c := Config{Instruments: ins, Sink: func(e *exchange.Event) { b.events[e.Kind]++ }}
	for _, name := range names {
		c.Streams = append(c.Streams, streamOf(t, name))
	}
	for _, s := range c.Streams {
		if s.EventKind() == exchange.KindTrade {
			if in, err := ins.Find(s.Product, s.Symbol); err == nil && len(c.Bars) == 0 {
				c.Bars = append(c.Bars, BarSpec{in.ID, intervals[0].every})
			}
		}
	}
	var err error
	if b.Feed, err = New(c); err != nil {
		t.Fatal(err)
	}
	for i, s := range c.Streams {
		b.subs[names[i]] = &heard{sub: &socket.Sub{Stream: s, Name: s.Name(), Index: i}, in: b.instruments.owner(s)}
	}
	return b
}

// say gives a message of a stream to the feed.
func (b *bench) say(t testing.TB, name string, body []byte) {
	fr, err := b.decoder.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	b.now++
	b.Feed.frame(b.subs[name], fr)
}

// TestFrames gives single frames to a feed and holds which become events, which are passed over
// and why.
func TestFrames(t *testing.T) {
	const (
		forced = `{"e":"forceOrder","E":1791391083124,"o":{"s":%q,"S":"SELL","o":"LIMIT","f":"IOC","q":"1","p":"3","ap":"3","X":"FILLED","l":"1","z":"1","T":1791391082119,"st":%d}}`
		agg    = `{"e":"aggTrade","E":1791391082024,"a":%d,"s":%q,"p":"83434.40","q":"0.016","f":8,"l":9,"T":1791391081874,"m":true,"st":%d}`
		single = `{"e":"trade","E":2,"T":2,"s":"BTCUSD_PERP","t":%d,"p":%q,"q":%q,"X":%q,"m":false}`
		mark   = `{"e":"markPriceUpdate","E":%d,"s":%q,"p":"100","i":"100","P":"100","r":"0.0001","T":1790380800000,"st":%d}`
	)
	list := listed(t)
	one := func(names ...string) *bench { return newBench(t, list, names...) }
	for _, c := range []struct {
		name   string
		b      *bench
		stream string
		says   []string
		kind   exchange.Kind
		events int
		count  func(*Stats) int64
		want   int64
	}{
		{"a merged stream that is asked on both hosts gives its own", one("UM !forceOrder@arr", "CM !forceOrder@arr"), "UM !forceOrder@arr",
			[]string{fmt.Sprintf(forced, "BTCUSDT", 1), fmt.Sprintf(forced, "BTCUSD_PERP", 2)}, exchange.KindLiquidation, 1,
			func(s *Stats) int64 { return s.Merged }, 1},
		{"a merged stream that is asked on one host gives all", one("UM !forceOrder@arr"), "UM !forceOrder@arr",
			[]string{fmt.Sprintf(forced, "BTCUSDT", 1), fmt.Sprintf(forced, "BTCUSD_PERP", 2)}, exchange.KindLiquidation, 2,
			func(s *Stats) int64 { return s.Merged }, 0},
		{"st decides whose a row is, not the host", one("UM !forceOrder@arr"), "UM !forceOrder@arr",
			[]string{fmt.Sprintf(forced, "BTCUSDT", 2), fmt.Sprintf(forced, "AAAUSDT", 1)}, exchange.KindLiquidation, 0,
			func(s *Stats) int64 { return s.Unknown }, 2},
		{"a symbol's stream has its symbol only", one("UM btcusdt@aggTrade"), "UM btcusdt@aggTrade",
			[]string{fmt.Sprintf(agg, 1, "BTCUSDT", 1), fmt.Sprintf(agg, 2, "BTCUSDT", 2), fmt.Sprintf(agg, 2, "ETHUSDT", 1)}, exchange.KindTrade, 1,
			func(s *Stats) int64 { return s.Foreign }, 2},
		{"trades are told once", one("UM btcusdt@aggTrade"), "UM btcusdt@aggTrade",
			[]string{fmt.Sprintf(agg, 5, "BTCUSDT", 1), fmt.Sprintf(agg, 6, "BTCUSDT", 1), fmt.Sprintf(agg, 5, "BTCUSDT", 1), fmt.Sprintf(agg, 6, "BTCUSDT", 1)},
			exchange.KindTrade, 2, func(s *Stats) int64 { return s.Repeated }, 2},
		{"special trades take their ids and make no gap", one("CM btcusd_perp@trade"), "CM btcusd_perp@trade",
			[]string{
				fmt.Sprintf(single, 1, "5", "1", "MARKET"), fmt.Sprintf(single, 2, "5", "1", "INSURANCE_FUND"),
				fmt.Sprintf(single, 3, "0", "0", "NA"), fmt.Sprintf(single, 4, "5", "1", "MARKET"),
			}, exchange.KindTrade, 2, func(s *Stats) int64 { return s.Special*10 + s.Gaps }, 20},
		{"single trades beside aggregates are none", one("CM btcusd_perp@trade", "CM btcusd_perp@aggTrade"), "CM btcusd_perp@trade",
			[]string{fmt.Sprintf(single, 1, "5", "1", "MARKET")}, exchange.KindTrade, 0, func(s *Stats) int64 { return s.Events }, 0},
		{"marks come once, of CM on UM's host too", one("UM !markPrice@arr@1s", "CM btcusd_perp@markPrice@1s"), "UM !markPrice@arr@1s",
			[]string{"[" + fmt.Sprintf(mark, 1790373638000, "BTCUSD_PERP", 2) + "]", fmt.Sprintf(mark, 1790373638000, "BTCUSD_PERP", 2)},
			exchange.KindMark, 1, func(s *Stats) int64 { return s.Repeated }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, s := range c.says {
				c.b.say(t, c.stream, []byte(s))
			}
			s := c.b.Stats()
			if c.b.events[c.kind] != c.events || c.count(&s) != c.want {
				t.Errorf("%d events, want %d; %+v", c.b.events[c.kind], c.events, s)
			}
		})
	}
}

// TestJumpBack holds that ids of trades which jump back do not silence an instrument for ever.
func TestJumpBack(t *testing.T) {
	b := newBench(t, listed(t), "UM btcusdt@aggTrade")
	for i := range 3 * staleMax {
		id := i + 1
		if i == 0 {
			id = 1 << 40
		}
		b.say(t, "UM btcusdt@aggTrade", []byte(fmt.Sprintf(
			`{"e":"aggTrade","E":1791391082024,"a":%d,"s":"BTCUSDT","p":"5","q":"1","f":8,"l":9,"T":1791391081874,"m":true}`, id)))
	}
	if b.events[exchange.KindTrade] < staleMax || b.events[exchange.KindGap] != 1 {
		t.Errorf("%v", b.events)
	}
}

// steady are frames of a market that goes on, by their number.
func steady(i int64) [4][]byte {
	n := func(k int64) string { return strconv.FormatInt(k, 10) }
	ms := n(1791391082024 + 20*i)
	return [...][]byte{
		[]byte(`{"e":"aggTrade","E":` + ms + `,"a":` + n(100+i) + `,"s":"BTCUSDT","p":"83434.40","q":"0.016","nq":"0.016","f":8154045700,"l":8154045704,"T":` + ms + `,"m":true,"st":1}`),
		[]byte(`{"e":"bookTicker","u":` + n(5000+i) + `,"s":"BTCUSDT","ps":"BTCUSDT","b":"83091.60","B":"4.215","a":"83091.70","A":"3.763","T":` + ms + `,"E":` + ms + `,"st":1}`),
		[]byte(`{"e":"markPriceUpdate","E":` + ms + `,"s":"BTCUSDT","p":"83732.50000000","ap":"83732.5","P":"83805.7","i":"83786.1","r":"0.0001","T":1791400000000,"st":1}`),
		[]byte(`{"e":"depthUpdate","E":` + ms + `,"T":` + ms + `,"s":"BTCUSDT","ps":"BTCUSDT","U":` + n(1001+2*i) + `,"u":` + n(1002+2*i) + `,"pu":` + n(1000+2*i) + `,"b":[["99.1","` + n(1+i%7) + `"],["98.2","3"]],"a":[["101.5","` + n(1+i%5) + `"]],"st":1}`),
	}
}

var steadyNames = [...]string{"UM btcusdt@aggTrade", "UM btcusdt@bookTicker", "UM btcusdt@markPrice@1s", "UM btcusdt@depth@100ms"}

// running is a feed of one instrument with a book in sync.
func running(t testing.TB) *bench {
	b := newBench(t, listed(t), steadyNames[:]...)
	in := b.instruments.list[umBTC-1]
	b.say(t, steadyNames[3], []byte(`{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":990,"u":1000,"pu":980,"b":[["99.1","1"]],"a":[]}`))
	in.bars[0].sound = 1 // as if there had been a trade before
	d := exchange.Depth{Snapshot: true, Last: 1000}
	for i := range exchange.Fixed(1000) {
		d.Bids = append(d.Bids, exchange.Level{Price: 100*exchange.FixedOne - i*exchange.FixedOne/20, Qty: 1})
		d.Asks = append(d.Asks, exchange.Level{Price: 101*exchange.FixedOne + i*exchange.FixedOne/20, Qty: 1})
	}
	in.book.ask()
	if in.book.snapshot(b.now, 1, &d, 0, 20) == nil {
		t.Fatal("no book")
	}
	return b
}

// TestSteadyStateDoesNotAllocate holds it for trades, with bars built of them, best prices,
// marks and books, decoding included.
func TestSteadyStateDoesNotAllocate(t *testing.T) {
	b := running(t)
	const rounds = 5000
	var frames [rounds + 1][4][]byte
	for i := range frames {
		frames[i] = steady(int64(i))
	}
	i := 0
	n := testing.AllocsPerRun(rounds, func() {
		for k, body := range frames[i] {
			b.say(t, steadyNames[k], body)
		}
		i++
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	for _, kind := range []exchange.Kind{exchange.KindTrade, exchange.KindBookTicker, exchange.KindMark, exchange.KindDepth} {
		if b.events[kind] != rounds+1 {
			t.Errorf("%d events of %v", b.events[kind], kind)
		}
	}
	if b.events[exchange.KindBar] == 0 {
		t.Error("no bars")
	}
}

// BenchmarkFrames is what a frame costs from its bytes to the Sink: decoding, book, bars,
// event. The mutex and the Tap come on top.
func BenchmarkFrames(b *testing.B) {
	for k, name := range steadyNames {
		b.Run(name, func(b *testing.B) {
			feed := running(b)
			var frames [4096][]byte
			for i := range frames {
				frames[i] = steady(int64(i))[k]
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if n == len(frames) { // from the beginning
					b.StopTimer()
					feed, n = running(b), 0
					b.StartTimer()
				}
				feed.say(b, name, frames[n])
				n++
			}
		})
	}
}
