package socket

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// benchFrames are messages of the frequent kinds, as many streams as given.
func benchFrames(streams int) (list []stream.Stream, frames [][]byte) {
	for i := range streams {
		s := stream.Stream{Product: exchange.UM, Kind: stream.BookTicker, Symbol: fmt.Sprintf("X%dUSDT", i)}
		text := fmt.Sprintf(`{"stream":"%s","data":{"e":"bookTicker","u":11757092630476,"s":"%s","ps":"%s","b":"83091.60","B":"4.215","a":"83091.70","A":"3.763","T":1791382994657,"E":1791382994658,"st":1}}`, s.Name(), s.Symbol, s.Symbol)
		if i%2 == 1 {
			s.Kind = stream.Trade
			text = fmt.Sprintf(`{"stream":"%s","data":{"e":"trade","E":1723161256322,"T":1723161256322,"s":"%s","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}`, s.Name(), s.Symbol)
		}
		if i%8 == 7 {
			s.Kind, s.Speed = stream.Depth, 100*time.Millisecond
			var levels strings.Builder
			for n := range 20 {
				fmt.Fprintf(&levels, `,["%d.1","4.2%02d"]`, 80000+n, n)
			}
			text = fmt.Sprintf(`{"stream":"%s","data":{"e":"depthUpdate","E":1791382994616,"T":1791382994613,"s":"%s","ps":"%s","U":11757092616793,"u":11757092625654,"pu":11757092616661,"b":[%s],"a":[%s],"st":1}}`,
				s.Name(), s.Symbol, s.Symbol, levels.String()[1:], levels.String()[1:])
		}
		list, frames = append(list, s), append(frames, []byte(text))
	}
	return list, frames
}

// idle is a shell that only counts.
type idle struct{ delivered int }

func (i *idle) dial(l *lane, k *link)      { l.opened(k) }
func (i *idle) send(*link, []byte)         {}
func (i *idle) close(*link)                {}
func (i *idle) deliver(_ *track, p *piece) { i.delivered++ }
func (i *idle) notice(Notice)              {}

// opened returns a Set whose lanes believe to be connected, and the wire of each stream.
func openedSet(tb testing.TB, streams []stream.Stream, deliver func(*Message)) (*Set, []*wire) {
	s, err := New(Config{Deliver: deliver}, streams)
	if err != nil {
		tb.Fatal(err)
	}
	shell := &idle{}
	s.lanes.shell = shell
	s.tick()
	s.lanes.shell = s
	wires := make([]*wire, len(streams))
	for _, l := range s.lanes.all {
		w := &wire{set: s, lane: l, link: l.links[l.main]}
		for _, t := range l.tracks {
			t.asks[l.main].state = acknowledged
			wires[t.Index] = w
		}
	}
	return s, wires
}

// TestAllocations: a message of a frequent kind costs no memory between the connection and
// Deliver.
func TestAllocations(t *testing.T) {
	streams, frames := benchFrames(64)
	delivered := 0
	_, wires := openedSet(t, streams, func(m *Message) { delivered++ })
	n := 0
	if allocs := testing.AllocsPerRun(10_000, func() {
		wires[n%64].take(frames[n%64])
		n++
	}); allocs != 0 {
		t.Errorf("%v allocations for each message", allocs)
	}
	if delivered != n {
		t.Errorf("%d of %d delivered", delivered, n)
	}
}

// TestClockSetBack: instants never decrease, whatever the clock does.
func TestClockSetBack(t *testing.T) {
	streams, frames := benchFrames(2)
	var heard []exchange.Time
	s, wires := openedSet(t, streams, func(m *Message) { heard = append(heard, m.At) })
	for _, at := range []exchange.Time{exchange.Never - 100, exchange.Never - 200, exchange.Never - 50} {
		s.config.Now = func() exchange.Time { return at }
		wires[0].take(frames[0])
	}
	if want := []exchange.Time{exchange.Never - 100, exchange.Never - 100, exchange.Never - 50}; !slices.Equal(heard, want) {
		t.Errorf("heard at %v", heard)
	}
}

// processor is the time that this process has spent computing: on a busy machine the
// wall's says little.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTake is a message from the bytes to Deliver: decode, lock, lane.
func BenchmarkTake(b *testing.B) {
	for _, count := range []int{1, 1024, 10240} {
		b.Run(fmt.Sprintf("%d-streams", count), func(b *testing.B) {
			streams, frames := benchFrames(count)
			_, wires := openedSet(b, streams, func(*Message) {})
			order := rand.New(rand.NewPCG(1, 1)).Perm(count)
			b.ReportAllocs()
			n, before := 0, processor(b)
			for b.Loop() {
				i := order[n%count]
				wires[i].take(frames[i])
				n++
			}
			b.ReportMetric(float64(processor(b)-before)/float64(n), "cpu-ns/op")
		})
	}
}

// BenchmarkSet is a message from a connection in memory, websocket included, to Deliver.
// The server's side writes prepared bytes on the same machine.
func BenchmarkSet(b *testing.B) {
	streams, frames := benchFrames(1024)
	var batch bytes.Buffer
	for _, f := range frames {
		batch.WriteByte(0x81)
		if len(f) < 126 {
			batch.WriteByte(byte(len(f)))
		} else {
			batch.Write([]byte{126, byte(len(f) >> 8), byte(len(f))})
		}
		batch.Write(f)
	}
	n := newNetwork()
	defer close(n.done)
	stop := make(chan struct{})
	n.serve(b, "um.test", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		raw := c.NetConn()
		over := make(chan struct{})
		go func() {
			defer close(over)
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		}()
		for {
			select {
			case <-stop:
				c.Close()
				<-over
				return
			default:
			}
			if _, err := raw.Write(batch.Bytes()); err != nil {
				c.Close()
				<-over
				return
			}
		}
	}))
	delivered := make(chan struct{})
	left := 0
	started := make(chan struct{})
	e := newEar(b, Config{Dial: n.dial}, streams...)
	first := true
	e.config.Deliver = func(*Message) {
		if first {
			first = false
			close(started)
		}
		if left > 0 {
			if left--; left == 0 {
				close(delivered)
			}
		}
	}
	e.config.Notice = func(Notice) {}
	e.run0()
	<-started
	b.ReportAllocs()
	b.ResetTimer()
	before := processor(b)
	e.mu.Lock()
	left = b.N
	e.mu.Unlock()
	<-delivered
	b.StopTimer()
	b.ReportMetric(float64(processor(b)-before)/float64(b.N), "cpu-ns/op")
	close(stop)
	e.end()
}
