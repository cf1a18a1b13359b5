package public

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Frame is what a stream says once. Nobody may change it.
type Frame struct {
	Key Key
	// Wrapped is the frame in the envelope that names its stream, and Body, a part of it, the
	// frame alone.
	Wrapped, Body []byte
}

// stream is one that somebody listens to.
type stream struct {
	subject
	key       Key
	opening   []byte // of the envelope of its frames
	listeners int
	due       exchange.Time
	window    window // of the differences of a book
	// closings, changes and book are what was told last: of candles and of a book.
	closings, changes, book int64
	// tickers are the symbols' tickers that were told last, by the id of their last trade.
	tickers map[exchange.InstrumentID]int64
}

// window gathers the changes of a book between two frames.
type window struct {
	touched
	// first and last are the update ids of the changes, prev the last one before.
	first, last, prev int64
}

func (w *window) add(first, last int64, t touched) {
	if w.first == 0 {
		w.first = first
	}
	w.last = last
	w.touched.add(t)
}

// Listen makes the frames of a stream from now on, until as many have left as have come.
// Streams that do not exist have none.
func (s *Service) Listen(k Key, now exchange.Time) {
	if st := s.streams[k]; st != nil {
		st.listeners++
		return
	}
	sub, ok := s.parse(k)
	if !ok {
		return
	}
	s.now = max(s.now, now)
	st := &stream{subject: sub, key: k, opening: opening(k.Name), listeners: 1, due: exchange.Never}
	s.streams[k] = st
	if sub.sym != nil {
		sub.sym.streams = append(sub.sym.streams, st)
		st.window.prev = sub.sym.depth.last
	}
	if c := st.series(); c != nil {
		st.closings, st.changes = c.closings, c.changes-1
	}
	if sub.every == 0 {
		return
	}
	st.due = s.now.Floor(sub.every).Add(sub.every)
	s.due = min(s.due, st.due)
	at, _ := slices.BinarySearchFunc(s.timed, st, compareStreams)
	s.timed = slices.Insert(s.timed, at, st)
}

// Leave ends what Listen began.
func (s *Service) Leave(k Key) {
	st := s.streams[k]
	if st == nil {
		return
	}
	if st.listeners--; st.listeners > 0 {
		return
	}
	delete(s.streams, k)
	same := func(other *stream) bool { return other == st }
	s.timed = slices.DeleteFunc(s.timed, same)
	if st.sym != nil {
		st.sym.streams = slices.DeleteFunc(st.sym.streams, same)
	}
	s.schedule()
}

func compareStreams(a, b *stream) int {
	if a.key.Universe != b.key.Universe {
		return int(a.key.Universe) - int(b.key.Universe)
	}
	return strings.Compare(a.key.Name, b.key.Name)
}

// Due is when something is to be told next, [exchange.Never] while nobody listens.
func (s *Service) Due() exchange.Time { return s.due }

func (s *Service) schedule() {
	s.due = exchange.Never
	for _, st := range s.timed {
		s.due = min(s.due, st.due)
	}
}

// Pass lets time pass to an instant: streams that are due tell what they have to. Streams
// that tell all the time do so at whole multiples of their speed.
func (s *Service) Pass(to exchange.Time) {
	s.now = max(s.now, to)
	if to < s.due {
		return
	}
	for _, st := range s.timed {
		if st.due <= to {
			s.tell(st)
			st.due = to.Floor(st.every).Add(st.every)
		}
	}
	s.schedule()
}

// Frames returns what has been told since the last call, in order.
func (s *Service) Frames() []Frame {
	told := s.frames
	s.frames = nil
	return told
}

// push says something on a stream.
func (s *Service) push(st *stream, payload any) {
	body, err := json.Marshal(payload)
	if err != nil {
		panic("papisim: a frame of " + st.key.Name + ": " + err.Error())
	}
	wrapped := make([]byte, 0, len(st.opening)+len(body)+1)
	wrapped = append(append(append(wrapped, st.opening...), body...), '}')
	s.frames = append(s.frames, Frame{st.key, wrapped, wrapped[len(st.opening) : len(wrapped)-1]})
}

// opening is how the envelope of a stream's frames begins.
func opening(name string) []byte {
	text, err := json.Marshal(name)
	if err != nil {
		panic("papisim: the name of a stream: " + err.Error())
	}
	return slices.Concat([]byte(`{"stream":`), text, []byte(`,"data":`))
}

// Wrap puts a frame into the envelope that names its stream.
func Wrap(name string, body []byte) []byte {
	return slices.Concat(opening(name), body, []byte("}"))
}

func (s *Service) pushKey(k Key, payload any) {
	if st := s.streams[k]; st != nil {
		s.push(st, payload)
	}
}

// series are the candles that a stream tells, nil for other streams.
func (st *stream) series() *series {
	switch st.kind {
	case kindKline, kindContinuous:
		return &st.sym.candles.series[st.interval]
	case kindIndexKline:
		return &st.sym.indexes.series[st.interval]
	case kindMarkKline:
		return &st.sym.marks.series[st.interval]
	}
	return nil
}

// chart is where the stream's candles are from.
func (st *stream) chart() *chart {
	switch st.kind {
	case kindIndexKline:
		return &st.sym.indexes
	case kindMarkKline:
		return &st.sym.marks
	}
	return &st.sym.candles
}
