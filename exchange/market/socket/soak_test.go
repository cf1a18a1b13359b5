package socket

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/internal/raced"
)

// quiet is a shell of an exchange that answers all, and breaks a connection now and then.
type quiet struct {
	*lanes
	random  *rand.Rand
	open    map[*link]*lane
	replies []func()
	notices int
	decoder frame.Decoder
}

func (q *quiet) dial(l *lane, k *link) {
	q.open[k] = l
	q.replies = append(q.replies, func() { l.opened(k) })
}

func (q *quiet) send(k *link, command []byte) {
	id := k.commands.lastID
	if q.random.IntN(50) > 0 { // some are never answered
		q.replies = append(q.replies, func() { q.open[k].receive(k, q.come(fmt.Sprintf(`{"result":null,"id":%d}`, id))) })
	}
}

func (q *quiet) close(k *link)          { delete(q.open, k) }
func (q *quiet) deliver(*track, *piece) {}
func (q *quiet) notice(Notice)          { q.notices++ }

func (q *quiet) come(text string) *piece {
	m := &Message{Raw: []byte(text), decoder: &q.decoder}
	m.Frame, m.Err = q.decoder.Decode(m.Raw)
	p := &piece{raw: m.Raw, message: m}
	if m.Err == nil {
		p.read(m.Frame)
	}
	return p
}

// TestThirtyDays lets streams come and go, connections break and others take over, for thirty
// days, and holds that nothing grows with the days.
func TestThirtyDays(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	q := &quiet{random: rand.New(rand.NewPCG(3, 3)), open: map[*link]*lane{}}
	q.lanes = newLanes(rules{perConnection: 10, rotate: 23 * time.Hour, overlap: time.Minute, held: 1 << 20}, q, q.random)
	q.at = modelStart
	listed := map[stream.Stream]bool{}
	var all []stream.Stream
	for i := range 24 {
		for _, kind := range []stream.Kind{stream.Mark, stream.Liquidation} {
			all = append(all, stream.Stream{Product: exchange.UM, Kind: kind, Symbol: fmt.Sprintf("S%dUSDT", i)})
		}
	}
	for step := range 30 * 24 * 60 * 6 {
		q.now += 10 * time.Second
		q.at = modelStart.Add(q.now)
		if step%360 == 0 { // some are delisted, some listed again
			var add, remove []stream.Stream
			for _, s := range all {
				if q.random.IntN(3) == 0 || step == 0 {
					if listed[s] {
						remove = append(remove, s)
					} else {
						add = append(add, s)
					}
					listed[s] = !listed[s]
				}
			}
			if err := q.update(add, remove); err != nil {
				t.Fatal(err)
			}
		}
		q.tick()
		replies := q.replies
		q.replies = nil
		for _, reply := range replies {
			reply()
		}
		for _, l := range q.all {
			for _, k := range l.links {
				if k == nil || !k.open {
					continue
				}
				if q.random.IntN(10_000) == 0 {
					delete(q.open, k)
					l.lost(k, "gone")
					continue
				}
				for _, tr := range l.tracks {
					if tr.Stream.Kind == stream.Mark && tr.asks[k.slot].state == acknowledged {
						l.receive(k, q.come(fmt.Sprintf(`{"stream":%q,"data":{"e":"markPriceUpdate","E":%d,"s":%q,"p":"1","i":"1","P":"1","r":"0","T":0}}`, tr.Name, q.at.Millis(), tr.Stream.Symbol)))
					}
				}
			}
		}
	}
	for range 600 {
		q.now += tickEvery
		q.tick()
	}
	if len(q.all) > 8 || len(q.dialed) > dialsMost || len(q.open) > len(q.all)+1 {
		t.Errorf("%d lanes, %d dials, %d connections", len(q.all), len(q.dialed), len(q.open))
	}
	for i, l := range q.all {
		if len(l.gone) > 0 || len(l.byName) != len(l.tracks) || l.held < 0 {
			t.Errorf("lane %d: %d gone, %d of %d names, %d held", i, len(l.gone), len(l.byName), len(l.tracks), l.held)
		}
		for _, tr := range l.tracks {
			if n := len(tr.seam.window) + len(tr.seam.held); n > 0 && l.links[1-l.main] == nil {
				t.Errorf("%s keeps %d", tr.Name, n)
			}
		}
		for _, k := range l.links {
			if k != nil && (len(k.commands.pending) > 3 || len(k.commands.drop) > 100) {
				t.Errorf("lane %d: %d pending, %d to drop", i, len(k.commands.pending), len(k.commands.drop))
			}
		}
	}
	t.Logf("%d lanes, %d connections, %d streams, %d notices", len(q.all), q.conns, q.subs, q.notices)
}
