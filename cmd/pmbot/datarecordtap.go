package main

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/pmbot/pmbot/backtest/tape/record"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

// recordTap hands all that a feed hears to a recorder, and counts it. It is a [market.Tap], so
// that a bot records what it trades by.
type recordTap struct {
	rec *record.Recorder
	// news is for whoever is watching; all of it is in the recording, too.
	news *news

	// mu guards the figures: connections, requests and the status line have goroutines of
	// their own, and none of them should wait for another's.
	mu      sync.Mutex
	figures recordFigures
	// streams has what is known of each stream, by its Index.
	streams []streamFigures
	notice  string
	// serverTime is the exchange's clock as measured.
	serverTime func() exchange.Time
}

func newRecordTap(rec *record.Recorder, told *news, serverTime func() exchange.Time) *recordTap {
	return &recordTap{rec: rec, news: told, serverTime: serverTime}
}

// recordFigures count what came since the start.
type recordFigures struct {
	frames, bytes, undecoded     int64
	gaps, lost, rotated, resyncs int64
	heard, silent                int
	lagMS                        int64
	lagKnown                     bool
}

// streamFigures are what is known of one stream.
type streamFigures struct {
	sub      *socket.Sub
	messages int64
	gaps     int64
	silent   bool
}

// Message keeps a message, whether anybody could read it or not.
func (t *recordTap) Message(m *socket.Message) {
	product := exchange.Product(0)
	if m.Sub != nil {
		product = m.Sub.Stream.Product
	}
	t.rec.Message(product, m.At, m.Raw)
	now := t.serverTime() // which has a mutex of its own
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures.frames++
	t.figures.bytes += int64(len(m.Raw))
	switch {
	case m.Frame != nil && m.Frame.Event != 0:
		t.figures.lagMS = now.Sub(m.Frame.Event).Milliseconds()
		t.figures.lagKnown = true
	case m.Frame == nil && !errors.Is(m.Err, io.EOF): // which is an empty list
		t.figures.undecoded++
	}
	if s := t.stream(m.Sub); s != nil {
		if s.messages == 0 {
			t.figures.heard++
		}
		s.messages++
	}
}

// stream is what is known of a subscription, nil for none. The caller holds mu.
func (t *recordTap) stream(sub *socket.Sub) *streamFigures {
	if sub == nil {
		return nil
	}
	for len(t.streams) <= sub.Index {
		t.streams = append(t.streams, streamFigures{})
	}
	t.streams[sub.Index].sub = sub
	return &t.streams[sub.Index]
}

// Answer keeps what REST has answered. Lists of instruments are tables: a megabyte that
// mostly says what the last one said.
func (t *recordTap) Answer(p exchange.Product, a rest.Answer) {
	path, _, _ := strings.Cut(a.URL, "?")
	if !strings.HasSuffix(path, "/exchangeInfo") {
		t.rec.Answer(p, a.At, a.URL, a.Body)
		return
	}
	if err := t.rec.Table(tableFolder(p)+"/exchangeInfo", a.At, a.Body); err != nil {
		t.tell(err.Error())
	}
}

// tableFolder is the first word of the names of a product's tables.
func tableFolder(p exchange.Product) string {
	switch p {
	case 0:
		return "recorder" // what belongs to none, such as a message of no stream
	case exchange.Margin:
		return "spot"
	}
	return strings.ToLower(p.String())
}

// Notice keeps what the feed says about itself, and tells it.
func (t *recordTap) Notice(n market.Notice) {
	product, note := noteOf(&n)
	t.rec.Note(product, n.At, note)
	t.mu.Lock()
	t.count(&n)
	t.mu.Unlock()
	if !quietNotice(&n) {
		t.tell(n.String())
	}
}

// fill puts the figures into a status.
func (t *recordTap) fill(s *recordStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := &t.figures
	s.Frames, s.Bytes, s.Undecoded = f.frames, f.bytes, f.undecoded
	s.Gaps, s.Lost, s.Rotated, s.Resyncs = f.gaps, f.lost, f.rotated, f.resyncs
	s.Heard, s.Silent, s.LagMS, s.LagKnown = f.heard, f.silent, f.lagMS, f.lagKnown
	s.Notice, s.Unsaid = t.notice, t.news.unsaid.Load()
}

// series are the figures by product and kind of stream, in the order of products and kinds.
func (t *recordTap) series() []recordedSeries {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []recordedSeries
	for _, s := range t.streams {
		if s.sub == nil {
			continue
		}
		of := s.sub.Stream
		n := slices.IndexFunc(list, func(r recordedSeries) bool { return r.product == of.Product && r.kind == of.Kind })
		if n < 0 {
			n = len(list)
			list = append(list, recordedSeries{product: of.Product, kind: of.Kind, Product: tableFolder(of.Product), Kind: of.Kind.String()})
		}
		r := &list[n]
		r.Messages += s.messages
		r.Gaps += s.gaps
		if s.messages > 0 {
			r.Streams++
		}
	}
	slices.SortFunc(list, func(a, b recordedSeries) int {
		return cmp.Or(cmp.Compare(a.product, b.product), cmp.Compare(a.kind, b.kind))
	})
	return list
}

// recordedSeries is what was heard of one kind of stream.
type recordedSeries struct {
	product exchange.Product
	kind    stream.Kind
	Product string `json:"product"`
	Kind    string `json:"kind"`
	// Streams have sent something.
	Streams  int64 `json:"streams_heard"`
	Messages int64 `json:"messages"`
	Gaps     int64 `json:"gaps"`
}

// tell says something to whoever is watching.
func (t *recordTap) tell(text string) {
	t.mu.Lock()
	t.notice = text
	t.mu.Unlock()
	t.news.tell(text)
}

// count adds a notice to the figures. The caller holds mu.
func (t *recordTap) count(n *market.Notice) {
	f := &t.figures
	switch n.Kind {
	case market.BookReady:
		if n.Resync.Reason != "start" {
			f.resyncs++
		}
		return
	case market.Dropped: // nobody listens to its streams any more
		for i := range t.streams {
			if s := &t.streams[i]; s.silent && s.sub.Stream.Product == n.Product && s.sub.Stream.Symbol == n.Symbol {
				s.silent = false
				f.silent--
			}
		}
		return
	case market.Socket:
	default:
		return
	}
	s := t.stream(n.Socket.Sub)
	switch n.Socket.Kind {
	case socket.Gap:
		f.gaps++
		if s != nil {
			s.gaps++
		}
	case socket.Lost:
		if n.Socket.From != 0 { // and not one that could not be made
			f.lost++
		}
	case socket.Rotated:
		f.rotated++
	case socket.Silent:
		if s != nil && !s.silent {
			s.silent = true
			f.silent++
		}
	case socket.Heard:
		if s != nil && s.silent {
			s.silent = false
			f.silent--
		}
	}
}

// quietNotice says whether a notice is everyday business, kept in the recording and not told.
func quietNotice(n *market.Notice) bool {
	if n.Kind == market.Socket {
		return n.Socket.Kind == socket.Gap && n.Socket.Sub != nil
	}
	return n.Kind == market.BookReady && n.Resync.Reason == "start"
}

// noteOf is a notice in the recorder's words, with the product among whose messages it stands.
func noteOf(n *market.Notice) (exchange.Product, record.Note) {
	note := record.Note{Name: strings.ReplaceAll(n.Kind.String(), " ", "-"), From: n.From, To: n.To, Text: n.String()}
	product := n.Product
	switch n.Kind {
	case market.Socket:
		s := &n.Socket
		product = s.Route.Product()
		note = record.Note{Name: s.Kind.String(), From: s.From, To: s.To, Text: s.Text}
		if s.Sub != nil {
			product, note.Stream = s.Sub.Stream.Product, s.Sub.Name
		}
	case market.BookReady:
		note.Name, note.From, note.To, note.Count = record.NoteResync, n.Resync.From, n.Resync.To, int64(n.Resync.Pieces)
	}
	return product, note
}
