package papisim

import (
	"cmp"
	"slices"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
)

// marketThing is what of the market's streams a fault hits.
type marketThing uint8

const (
	// ofFrame is a frame on its way to one socket: where several hear a stream, each has its
	// own chance to be hit. ofCommand is a client's message, ofConnect a handshake.
	ofFrame marketThing = iota
	ofCommand
	ofConnect
)

// lateFrame is a text for one socket that a fault has put off.
type lateFrame struct {
	socket *socket
	text   []byte
	due    exchange.Time
}

// strikeMarket is the fault that hits something on a way into the market's streams. names are
// the streams that it is about.
func (l *faults) strikeMarket(of marketThing, way public.Way, names ...string) *Fault {
	if l.market == 0 {
		return nil
	}
	f := l.strike(func(f *Fault, k faultKind) bool {
		return k.market && k.of == of && (f.Route == "" || f.Route == way.String()) &&
			(f.Stream == "" || slices.ContainsFunc(names, func(name string) bool { return fitsPath(f.Stream, name) }))
	})
	if f != nil {
		l.countMarket()
	}
	return f
}

// countMarket counts the faults of market streams that are not over, so that frames need not
// look for any while there are none.
func (l *faults) countMarket() {
	l.market = 0
	for _, f := range l.list {
		if k, _ := kindOf(f.Kind); k.market && !f.Over {
			l.market++
		}
	}
}

// tellSocket sends a frame to a socket, with what a fault does to it.
func (s *Sim) tellSocket(k *socket, key public.Key, text []byte) {
	f := s.faults.strikeMarket(ofFrame, k.way, key.Name)
	held := k.held[key]
	delete(k.held, key)
	if f == nil {
		k.sendAll(text, held)
		return
	}
	switch f.Kind {
	case FaultFrameLost:
		k.sendAll(held)
	case FaultFrameLate:
		s.putOff(lateFrame{k, text, s.public.Now() + exchange.Time(f.Delay)})
		k.sendAll(held)
	case FaultFrameReordered:
		if k.held == nil {
			k.held = map[public.Key][]byte{}
		}
		k.held[key] = text
		k.sendAll(held)
	case FaultFrameRepeated:
		k.sendAll(text, text, held)
	case FaultFrameGarbage:
		k.sendAll([]byte("<html><body>502 Bad Gateway</body></html>"), held)
	case FaultFrameCut:
		k.sendAll(text[:len(text)/2], held)
	case FaultStreamDropped:
		s.unhear(k, key)
	case FaultStreamDead:
		s.unhear(k, key)
		if k.dead == nil {
			k.dead = map[public.Key]bool{}
		}
		k.dead[key] = true
	case FaultMarketSilent:
		k.mute.Store(true)
	case FaultMarketClosed:
		k.breakOff(f)
	case FaultRouteClosed:
		for _, other := range s.sockets {
			if other.way == k.way {
				other.breakOff(f)
			}
		}
	}
}

// sendAll sends those texts that are there.
func (k *socket) sendAll(texts ...[]byte) {
	for _, text := range texts {
		if text != nil {
			k.send(message{text: text})
		}
	}
}

// breakOff ends a socket as a fault wants: with a close frame if it has a code, else without.
func (k *socket) breakOff(f *Fault) {
	if f.Code == 0 {
		k.drop()
		return
	}
	k.shut(f.Code, f.Msg)
	k.mute.Store(true)
}

// lateMax is how many frames can be late at a time; what is more is lost.
const lateMax = 100_000

// putOff takes down a frame that is to come later, after those that are due at the same time.
func (s *Sim) putOff(f lateFrame) {
	if len(s.late) >= lateMax {
		return
	}
	at, _ := slices.BinarySearchFunc(s.late, f.due+1, func(other lateFrame, due exchange.Time) int { return cmp.Compare(other.due, due) })
	s.late = slices.Insert(s.late, at, f)
}

// deliverLate sends the frames of market streams that are due at last.
func (s *Sim) deliverLate(now exchange.Time) {
	sent := 0
	for ; sent < len(s.late) && s.late[sent].due <= now; sent++ {
		s.late[sent].socket.send(message{text: s.late[sent].text})
	}
	s.late = slices.Delete(s.late, 0, sent)
}
