package socket

import (
	"bytes"
	"container/heap"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/internal/raced"
)

var seedsFlag = flag.Int("seeds", 15, "run the property test with as many seeds")

var seedFlag = flag.Uint64("seed", 0, "run the property test with this seed alone")

// model is an exchange and a network made of a queue of things that happen, for lanes alone:
// no connection, no goroutine, any order of events that a seed finds.
type model struct {
	*lanes
	t      testing.TB
	random *rand.Rand
	clock  time.Duration
	queue  happenings
	number int

	feeds []*feedModel
	ends  map[*link]*endModel
	calm  time.Duration // from when on nothing goes wrong
	trouble
	decoder, again frame.Decoder

	heard map[string][]string
	gaps  map[string][]int
	kinds map[NoticeKind]int
	log   bytes.Buffer
}

// trouble is how likely what is to go wrong, in percent.
type trouble struct {
	refusedDial, shortLife, deaf, slow, lostAck int
}

// feedModel is a stream that the exchange tells.
type feedModel struct {
	name  string
	every func(*rand.Rand) time.Duration
	frame func(n int64, at time.Duration) string
	told  []string
}

// endModel is the exchange's end of a connection.
type endModel struct {
	lane *lane
	dead bool
	// subscribed says which streams it tells, deaf which it never will.
	subscribed, deaf map[string]bool
	// travel is how long a message takes; arrival when the last one arrives.
	travel, arrival time.Duration
}

type happening struct {
	at     time.Duration
	number int
	do     func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].number < h[j].number
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func newModel(t testing.TB, seed uint64, r rules, w trouble, feeds ...*feedModel) *model {
	m := &model{
		t: t, random: rand.New(rand.NewPCG(seed, 7)), feeds: feeds, ends: map[*link]*endModel{}, trouble: w,
		heard: map[string][]string{}, gaps: map[string][]int{}, kinds: map[NoticeKind]int{},
	}
	m.lanes = newLanes(r, m, rand.New(rand.NewPCG(seed, 8)))
	var streams []stream.Stream
	for _, f := range feeds {
		s, err := stream.Parse(exchange.UM, f.name)
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
		m.tellNext(f)
	}
	if err := m.update(streams, nil); err != nil {
		t.Fatal(err)
	}
	m.beat()
	return m
}

// after lets something happen.
func (m *model) after(d time.Duration, do func()) {
	m.number++
	heap.Push(&m.queue, happening{m.clock + d, m.number, do})
}

// run lets time pass.
func (m *model) run(until time.Duration) {
	for m.queue.Len() > 0 && m.queue[0].at <= until {
		h := heap.Pop(&m.queue).(happening)
		m.clock = h.at
		m.at = modelStart.Add(m.clock)
		h.do()
	}
	m.clock = until
}

const modelStart = exchange.Time(1_790_000_000_000_000_000)

func (m *model) beat() {
	m.after(tickEvery, func() {
		m.now = m.clock
		m.tick()
		m.beat()
	})
}

// chance says whether something of a likelihood goes wrong.
func (m *model) chance(percent int) bool { return m.clock < m.calm && m.random.IntN(100) < percent }

func (m *model) between(least, most time.Duration) time.Duration {
	return least + time.Duration(m.random.Int64N(int64(most-least)+1))
}

func (m *model) tellNext(f *feedModel) {
	m.after(f.every(m.random), func() {
		text := fmt.Sprintf(`{"stream":%q,"data":%s}`, f.name, f.frame(int64(len(f.told)+1), m.clock))
		f.told = append(f.told, text)
		for _, l := range m.all {
			for _, k := range l.links {
				if e := m.ends[k]; k != nil && e != nil && e.subscribed[f.name] {
					m.bring(k, e, text)
				}
			}
		}
		m.tellNext(f)
	})
}

// bring lets a message travel behind those that are on their way.
func (m *model) bring(k *link, e *endModel, text string) {
	e.arrival = max(e.arrival, m.clock+e.travel+m.between(0, 20*time.Millisecond))
	m.after(e.arrival-m.clock, func() {
		if e.dead || e.lane.links[k.slot] != k {
			return
		}
		msg := &Message{Raw: []byte(text), Conn: k.conn, decoder: &m.decoder}
		msg.Frame, msg.Err = m.decoder.Decode(msg.Raw)
		p := &piece{raw: msg.Raw, conn: k.conn, message: msg}
		if msg.Err == nil {
			p.read(msg.Frame)
		}
		e.lane.receive(k, p)
	})
}

// dial implements shell.
func (m *model) dial(l *lane, k *link) {
	e := &endModel{lane: l, subscribed: map[string]bool{}, deaf: map[string]bool{}, travel: m.between(0, 300*time.Millisecond)}
	if m.chance(m.slow) {
		e.travel = m.between(0, 3*time.Second)
	}
	refused, short := m.chance(m.refusedDial), m.chance(m.shortLife)
	for _, t := range l.tracks {
		if t.Silence > 0 && t.Silence < time.Minute && m.chance(m.deaf) { // of others nobody could tell
			e.deaf[t.Name] = true
		}
	}
	m.after(m.between(0, 500*time.Millisecond), func() {
		if refused {
			l.lost(k, "connection refused")
			return
		}
		m.ends[k] = e
		l.opened(k)
		if short {
			m.after(m.between(0, 70*time.Second), func() {
				e.dead = true // what is under way is lost
				m.after(m.between(0, 2*time.Second), func() { l.lost(k, "connection reset") })
			})
		}
	})
}

// send implements shell.
func (m *model) send(k *link, command []byte) {
	var c struct {
		Method string
		Params []string
		ID     int64
	}
	if err := json.Unmarshal(command, &c); err != nil {
		m.t.Fatal(err)
	}
	e := m.ends[k]
	forgotten := m.chance(m.lostAck)
	m.after(m.between(0, 300*time.Millisecond), func() {
		if e.dead {
			return
		}
		for _, name := range c.Params {
			e.subscribed[name] = c.Method == "SUBSCRIBE" && !e.deaf[name]
		}
		if !forgotten {
			m.bring(k, e, fmt.Sprintf(`{"result":null,"id":%d}`, c.ID))
		}
	})
}

// close implements shell.
func (m *model) close(k *link) {
	if e := m.ends[k]; e != nil {
		e.dead = true
	}
}

// deliver implements shell.
func (m *model) deliver(t *track, p *piece) { m.heard[t.Name] = append(m.heard[t.Name], string(p.raw)) }

// notice implements shell.
func (m *model) notice(n Notice) {
	m.kinds[n.Kind]++
	if n.Kind == Gap {
		m.gaps[n.Sub.Name] = append(m.gaps[n.Sub.Name], len(m.heard[n.Sub.Name]))
		if n.From > n.To || n.To > m.at {
			m.t.Errorf("gap of %s from %v to %v, told at %v", n.Sub.Name, n.From, n.To, m.at)
		}
	}
	fmt.Fprintf(&m.log, "%v %v %d %v\n", m.clock, n.Kind, n.Conn, n.Sub)
}

func about(d time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(2 * d))) }
}

func exactly(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}

// modelFeeds are streams of every order, from busy to nearly silent.
func modelFeeds() []*feedModel {
	ms := func(at time.Duration) int64 { return modelStart.Add(at).Millis() }
	trade := func(symbol string) func(int64, time.Duration) string {
		return func(n int64, at time.Duration) string {
			return fmt.Sprintf(`{"e":"aggTrade","E":%d,"s":%q,"a":%d,"p":"1.0","q":"1","f":%d,"l":%d,"T":%d,"m":true}`, ms(at), symbol, n, n, n, ms(at))
		}
	}
	return []*feedModel{
		{name: "busyusdt@aggTrade", every: about(100 * time.Millisecond), frame: trade("BUSYUSDT")},
		{name: "dullusdt@aggTrade", every: about(20 * time.Second), frame: trade("DULLUSDT")},
		{name: "btcusdt@markPrice@1s", every: exactly(time.Second), frame: func(_ int64, at time.Duration) string {
			return fmt.Sprintf(`{"e":"markPriceUpdate","E":%d,"s":"BTCUSDT","p":"1","i":"1","P":"1","r":"0","T":0}`, ms(at))
		}},
		{name: "btcusdt@miniTicker", every: about(2 * time.Second), frame: func(n int64, at time.Duration) string {
			// two at a time have one instant and differ in what they tell
			return fmt.Sprintf(`{"e":"24hrMiniTicker","E":%d,"s":"BTCUSDT","n":%d}`, 1000*(n/2), n)
		}},
		{name: "!ticker@arr", every: about(time.Second), frame: func(n int64, at time.Duration) string {
			return fmt.Sprintf(`[{"e":"24hrTicker","E":%d,"s":"S%d","n":%d},{"e":"24hrTicker","E":1,"s":"B"}]`, 5_000_000-n%7, n%3, n)
		}},
		{name: "!contractInfo", every: about(90 * time.Second), frame: func(n int64, at time.Duration) string {
			return fmt.Sprintf(`{"e":"contractInfo","E":%d,"s":"S%d","ct":"PERPETUAL","dt":%d,"ot":1,"cs":"TRADING","st":1}`, ms(at), n%3, n)
		}},
		{name: "dullusdt@kline_1m", every: about(10 * time.Second), frame: func(n int64, at time.Duration) string {
			return fmt.Sprintf(`{"e":"kline","E":%d,"s":"DULLUSDT","k":{"t":%d,"T":%d,"s":"DULLUSDT","i":"1m","f":1,"L":1,"o":"1","c":"1","h":"1","l":"1","v":"1","n":%d,"x":false,"q":"1","V":"1","Q":"1","B":"0"}}`,
				ms(at), n*60000, n*60000+59999, n)
		}},
	}
}

func modelRules() rules {
	return rules{
		perConnection: 4, rotate: 40 * time.Second, overlap: 15 * time.Second, held: 1 << 20,
		silence: map[stream.Kind]time.Duration{stream.AggTrade: 15 * time.Minute, stream.Kline: 0, stream.Mark: 4 * time.Second, stream.Ticker: 20 * time.Second},
	}
}

// check says whether each message was delivered once and in order, or a gap was told.
func (m *model) check() (missing int) {
	for _, f := range m.feeds {
		n, err := match(f.told, m.heard[f.name], m.gaps[f.name])
		if err != nil {
			m.t.Errorf("%s: %v", f.name, err)
		}
		missing += n
		heard := m.heard[f.name]
		if late := f.told[max(0, len(f.told)-60):]; len(late) == 60 && (len(heard) == 0 || !slices.Contains(late, heard[len(heard)-1])) {
			m.t.Errorf("%s: the last messages did not come", f.name)
		}
	}
	return missing
}

// TestProperty: whatever links do, a message is delivered once and in order or a gap covers
// it; and without trouble nothing is missing and no gap is told.
func TestProperty(t *testing.T) {
	seeds := uint64(raced.Fewer(*seedsFlag, min(*seedsFlag, 5)))
	if testing.Short() {
		seeds = 10
	}
	for _, test := range []struct {
		name string
		trouble
		whole bool
	}{
		{name: "calm", whole: true},
		{name: "slow links", trouble: trouble{slow: 40}, whole: true},
		{name: "lost links", trouble: trouble{shortLife: 60, refusedDial: 20}},
		{name: "deaf links", trouble: trouble{deaf: 10}},
		{name: "lost acks", trouble: trouble{lostAck: 40}},
		{name: "all", trouble: trouble{shortLife: 40, refusedDial: 20, slow: 20, deaf: 5, lostAck: 20}},
	} {
		t.Run(test.name, func(t *testing.T) {
			total, kinds := 0, map[NoticeKind]int{}
			for seed := uint64(1); seed <= seeds; seed++ {
				if *seedFlag != 0 {
					seed = *seedFlag
				}
				m := newModel(t, seed, modelRules(), test.trouble, modelFeeds()...)
				m.calm = 8 * time.Minute
				m.run(10 * time.Minute)
				missing := m.check()
				total += missing
				for kind, n := range m.kinds {
					kinds[kind] += n
				}
				if test.whole && (missing != 0 || m.kinds[Gap] != 0) {
					t.Errorf("%d messages are missing, %d gaps", missing, m.kinds[Gap])
				}
				if t.Failed() {
					t.Fatalf("-seed=%d\n%s", seed, m.log.String())
				}
				if *seedFlag != 0 {
					break
				}
			}
			t.Logf("%d messages missing; %v", total, kinds)
		})
	}
}
