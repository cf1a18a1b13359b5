package papisim

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
)

// Told is something that the exchange has told on a stream of its market, whoever heard it.
type Told struct {
	// Product says where it was asked for: UM is fstream, CM dstream, Margin the spot host.
	Product exchange.Product
	// At is the exchange's time.
	At exchange.Time
	// Stream is the stream's name, Body the frame and Wrapped the same in the envelope that
	// names the stream. Of the answer to a request, Stream is "" and Wrapped nil, and URL is the
	// request. Neither Body nor Wrapped is ever changed.
	Stream, URL   string
	Body, Wrapped []byte
}

// witness is somebody who hears all that streams tell, as no client can be sure to: before any
// fault, and while no client is connected.
type witness struct {
	hear func(Told) // nil: there is none
	// asked are the products whose hosts each stream was asked for on, sorted.
	asked map[public.Key][]exchange.Product
}

// productOn is the product whose host a way in belongs to.
func productOn(w public.Way) exchange.Product {
	switch w {
	case public.WayCoin:
		return exchange.CM
	case public.WaySpot:
		return exchange.Margin
	}
	return exchange.UM
}

// follow lets the witness hear a stream from now on that a client has asked for, to the end,
// and first the book that a stream of differences starts from.
func (s *Sim) follow(w public.Way, key public.Key) {
	p := productOn(w)
	if s.witness.hear == nil || slices.Contains(s.witness.asked[key], p) {
		return
	}
	if len(s.witness.asked[key]) == 0 {
		s.public.Listen(key, s.clock.now())
	}
	s.witness.asked[key] = append(s.witness.asked[key], p)
	slices.Sort(s.witness.asked[key])
	book, url, ok := s.public.Book(key)
	if !ok {
		return
	}
	body, err := json.Marshal(book)
	if err != nil {
		panic("papisim: a book: " + err.Error())
	}
	s.witness.hear(Told{Product: p, At: s.public.Now(), URL: url, Body: body})
}

// overhear tells the witness what a stream tells.
func (s *Sim) overhear(f *public.Frame) {
	for _, p := range s.witness.asked[f.Key] {
		s.witness.hear(Told{Product: p, At: s.public.Now(), Stream: f.Key.Name, Body: f.Body, Wrapped: f.Wrapped})
	}
}

// AppendLine appends it as recordings have it, which package backtest/tape/source/capture
// reads: the time in nanoseconds and the frame in its envelope, or the request, the time and
// the answer.
func (t *Told) AppendLine(to []byte) []byte {
	if t.URL != "" {
		to = append(append(to, t.URL...), " -> "...)
	}
	to = strconv.AppendInt(to, int64(t.At), 10)
	if t.URL != "" {
		to = append(append(to, ": "...), t.Body...)
	} else {
		to = append(append(to, ' '), t.Wrapped...)
	}
	return append(to, '\n')
}
