package socket

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

const (
	// pauseFirst is about the wait before connecting again, which doubles up to pauseMost
	// and begins anew behind a connection that lasted for steady.
	pauseFirst, pauseMost, steady = 500 * time.Millisecond, 30 * time.Second, time.Minute
	// dialsMost connections are made within dialsSpan. Binance documents 300 for an address,
	// which has other users: the user stream, a second process.
	dialsMost, dialsSpan = 200, 5 * time.Minute
	// banPause is how long nothing is tried after the exchange has refused the address.
	banPause = 2 * time.Minute
)

// rules are what a configuration says about lanes.
type rules struct {
	perConnection   int
	rotate, overlap time.Duration
	held            int
	silence         map[stream.Kind]time.Duration
}

// lanes is all streams of a Set, and what their connections share: the time, and how many
// may be made. Like a lane it is a state machine, and knows no time but what it is told.
type lanes struct {
	rules  rules
	shell  shell
	random *rand.Rand
	// now is the monotonic time since the start, by which is waited; at the clock's.
	now time.Duration
	at  exchange.Time

	all []*lane
	// plan has the streams of the lanes, by index.
	plan [][]stream.Stream
	// conns and subs are how many connections and streams there ever were.
	conns, subs int

	// dialed is when the last connections were made, at most dialsMost; none is made until
	// free, which has been told if paused.
	dialed []time.Duration
	free   time.Duration
	paused bool
}

func newLanes(r rules, s shell, random *rand.Rand) *lanes {
	return &lanes{rules: r, shell: s, random: random}
}

// tick lets time pass. It comes several times a second.
func (s *lanes) tick() {
	for _, l := range s.all {
		l.tick()
		if l.split {
			s.halve(l)
		}
	}
}

// update takes streams out and puts others in, all or nothing. Streams that are there
// already stay as they are.
func (s *lanes) update(add, remove []stream.Stream) error {
	there := map[stream.Stream]bool{}
	for _, lane := range s.plan {
		for _, st := range lane {
			there[st] = true
		}
	}
	var errs []error
	going := map[stream.Stream]bool{}
	for _, st := range remove {
		if !there[st] {
			errs = append(errs, fmt.Errorf("remove stream %v: it is not there", st))
		}
		going[st] = true
	}
	for _, st := range add {
		if err := st.Check(); err != nil {
			errs = append(errs, err)
		}
		if going[st] {
			errs = append(errs, fmt.Errorf("stream %v is to be removed and added at once", st))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, l := range s.all {
		l.remove(going)
	}
	s.plan = stream.Relane(s.plan, add, remove, s.rules.perConnection)
	for i, list := range s.plan {
		if i == len(s.all) {
			s.all = append(s.all, s.newLane())
		}
		if len(list) > 0 {
			s.all[i].add(list)
		}
	}
	return nil
}

func (s *lanes) newLane() *lane {
	return &lane{lanes: s, byName: map[string]*track{}, gone: map[string]time.Duration{}, pause: pauseFirst}
}

// add puts those streams of a list into a lane that it does not have.
func (l *lane) add(list []stream.Stream) {
	if route := list[0].Route(); len(l.tracks) == 0 {
		l.leave()
		l.route = route
		clear(l.gone)
	}
	for _, st := range list {
		name := st.Name()
		if l.byName[name] != nil {
			continue
		}
		silence, ok := l.rules.silence[st.Kind]
		if !ok {
			silence = st.Silence()
		}
		t := &track{Sub: &Sub{Stream: st, Name: name, Route: l.route, Index: l.subs, Silence: silence}, order: orderOf(st), owner: l.main}
		l.subs++
		l.put(t)
	}
}

func (l *lane) put(t *track) {
	l.tracks = append(l.tracks, t)
	l.byName[t.Name] = t
	delete(l.gone, t.Name)
}

// remove takes streams out of a lane.
func (l *lane) remove(going map[stream.Stream]bool) {
	kept := l.tracks[:0]
	for _, t := range l.tracks {
		if !going[t.Stream] {
			kept = append(kept, t)
			continue
		}
		delete(l.byName, t.Name)
		l.gone[t.Name] = l.now + goneFor
		for slot, k := range l.links {
			if k != nil && t.asks[slot].state != wanted {
				k.commands.drop = append(k.commands.drop, t.Name)
			}
		}
		for i := range t.seam.held {
			l.held -= len(t.seam.held[i].raw) + heldPiece
		}
	}
	clear(l.tracks[len(kept):])
	l.tracks = kept
}

// halve moves half of a lane's streams, whose connection the exchange has refused, into a
// lane of their own.
func (s *lanes) halve(l *lane) {
	l.split = false
	n := (len(l.tracks) + 1) / 2
	other := s.newLane()
	other.route, other.dialAt, other.pause = l.route, l.dialAt, l.pause
	moved := l.tracks[n:]
	l.tracks = l.tracks[:n:n]
	for _, t := range moved {
		delete(l.byName, t.Name)
		t.owner = other.main
		other.put(t)
	}
	s.all = append(s.all, other)
	s.rules.perConnection = min(s.rules.perConnection, n)
	s.plan = s.plan[:0]
	for _, lane := range s.all {
		var list []stream.Stream
		for _, t := range lane.tracks {
			list = append(list, t.Stream)
		}
		s.plan = append(s.plan, list)
	}
}

// mayRotate says whether a lane may have a successor: one at a time, so that what is read
// and held twice is bounded.
func (s *lanes) mayRotate() bool {
	for _, l := range s.all {
		if l.links[0] != nil && l.links[1] != nil {
			return false
		}
	}
	return true
}

// mayDial says whether a connection may be made now, and counts it.
func (s *lanes) mayDial() bool {
	if s.now < s.free {
		return false
	}
	s.paused = false
	for len(s.dialed) > 0 && s.now-s.dialed[0] >= dialsSpan {
		s.dialed = s.dialed[1:]
	}
	if len(s.dialed) == dialsMost {
		s.wait(s.dialed[0]+dialsSpan, fmt.Sprintf("%d connections made within %v", dialsMost, dialsSpan))
		return false
	}
	s.dialed = append(s.dialed, s.now)
	return true
}

// banned notes that the exchange refuses the address, for after at least if it said so.
func (s *lanes) banned(after time.Duration, why string) {
	s.wait(s.now+max(after, banPause), why)
}

// wait makes no connection until an instant.
func (s *lanes) wait(until time.Duration, why string) {
	s.free = max(s.free, until)
	if !s.paused {
		s.paused = true
		s.shell.notice(Notice{At: s.at, Kind: Paused, From: s.at, To: s.at.Add(s.free - s.now), Text: why})
	}
}
