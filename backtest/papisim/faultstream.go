package papisim

import (
	"strconv"

	"github.com/pmbot/pmbot/exchange"
)

// strikeEvent is what is sent in the place of an event of the user stream. The caller holds
// mu.
func (s *Sim) strikeEvent(e userFrame) []userFrame {
	f := s.faults.strike(func(f *Fault, k faultKind) bool { return k.stream && (f.Event == "" || f.Event == e.Event) })
	held := s.faults.held
	s.faults.held = nil
	for i := range held {
		held[i].Due = e.Due
	}
	if f == nil {
		return append([]userFrame{e}, held...)
	}
	switch f.Kind {
	case FaultEventLost:
		return held
	case FaultEventLate:
		e.Due += exchange.Time(f.Delay)
	case FaultEventReordered:
		s.faults.held = []userFrame{e}
		return held
	case FaultEventRepeated:
		held = append([]userFrame{e}, held...)
	case FaultEventUnknown:
		return append([]userFrame{unknownEvent(e.Due), e}, held...)
	case FaultKeyDead:
		s.user.key.text = ""
		return nil
	case FaultSilent:
		s.muteUsers()
		return nil
	case FaultClosed:
		s.disconnect(true)
		return nil
	}
	return append([]userFrame{e}, held...)
}

// unknownEvent is of a type that Binance may invent some day.
func unknownEvent(at exchange.Time) userFrame {
	ms := strconv.FormatInt(at.Millis(), 10)
	return userFrame{
		Event: "somethingNew", Due: at,
		Body: []byte(`{"e":"somethingNew","E":` + ms + `,"fs":"UM","T":` + ms + `,"n":{"s":"BTCUSDT","v":["1",2,null]}}`),
	}
}

// muteUsers lets the sockets of the user stream that are open hear nothing any more.
func (s *Sim) muteUsers() {
	for _, k := range s.sockets {
		if k.user {
			k.mute.Store(true)
		}
	}
}
