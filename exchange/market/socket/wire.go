package socket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/pmbot/pmbot/exchange/frame"
	"github.com/pmbot/pmbot/exchange/internal/ws"
)

const (
	// messageMax is the longest message in bytes. Lists of all symbols have a few hundred
	// kilobytes.
	messageMax = 8 << 20
	// silenceMax is how long nothing may come, pings included: two of those that come every
	// three minutes, and a minute.
	silenceMax = 7 * time.Minute
	// commandsMax is how many commands wait to be written. There is one in 200 ms at most, so
	// a connection that has so many does not take them.
	commandsMax = 16
)

// errStuck says that a connection takes no commands.
var errStuck = errors.New("the connection takes no commands")

// wire is the connection of a link: a goroutine that reads, decodes and delivers, and one
// that writes.
type wire struct {
	set  *Set
	lane *lane
	link *link
	url  string

	commands chan []byte
	// stop ends the connection, for a reason if there is one.
	stop context.CancelCauseFunc

	// These are the reader's, used again for every message.
	decoder frame.Decoder
	message Message
	piece   piece
}

// dial implements shell.
func (s *Set) dial(l *lane, k *link) {
	w := &wire{set: s, lane: l, link: k, url: s.config.Hosts[l.route] + "/stream", commands: make(chan []byte, commandsMax)}
	k.wire = w
	ctx, stop := context.WithCancelCause(s.ctx)
	w.stop = stop
	s.work.Go(func() {
		defer stop(nil)
		w.lost(ctx, w.run(ctx))
	})
}

// close implements shell. The goroutine finds that nobody wants the connection any more.
func (s *Set) close(k *link) { k.wire.stop(nil) }

// send implements shell.
func (s *Set) send(k *link, command []byte) {
	select {
	case k.wire.commands <- command:
	default:
		k.wire.stop(errStuck)
	}
}

// run is the connection's life, until it is over for the reason it returns.
func (w *wire) run(ctx context.Context) error {
	conn, err := ws.Dial(ctx, ws.Config{URL: w.url, Dial: w.set.config.Dial, MessageMax: messageMax, SilenceMax: silenceMax})
	if err != nil {
		return err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.write(ctx, conn)
	}()
	w.set.enter()
	w.lane.opened(w.link)
	w.set.mu.Unlock()
	for err == nil {
		var raw []byte
		if raw, err = conn.Read(); err == nil {
			w.take(raw)
		}
	}
	w.stop(err)
	<-written
	return context.Cause(ctx)
}

// write writes commands until the connection is to end, and ends it.
func (w *wire) write(ctx context.Context, conn *ws.Conn) {
	defer conn.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case command := <-w.commands:
			if err := conn.Write(command); err != nil {
				w.stop(err)
				return
			}
		}
	}
}

// lost tells the lane that the connection is over, unless the whole Set is.
func (w *wire) lost(ctx context.Context, err error) {
	w.set.enter()
	defer w.set.mu.Unlock()
	if w.set.ctx.Err() != nil {
		return
	}
	var status *ws.StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusForbidden, http.StatusTeapot, http.StatusTooManyRequests:
			w.lane.banned(status.RetryAfter, err.Error())
		}
	}
	w.lane.lost(w.link, err.Error())
}

// take takes one message: decoded outside of the lock, delivered under it.
func (w *wire) take(raw []byte) {
	m, p := &w.message, &w.piece
	*m = Message{Conn: w.link.conn, Raw: raw, decoder: &w.decoder}
	m.Frame, m.Err = w.decoder.Decode(raw)
	*p = piece{raw: raw, conn: w.link.conn, message: m}
	if m.Err == nil {
		p.read(m.Frame)
	}
	w.set.enter()
	defer w.set.mu.Unlock()
	w.lane.receive(w.link, p)
}

// receive takes a message that a wire has decoded.
func (l *lane) receive(k *link, p *piece) {
	if l.links[k.slot] != k {
		return // it was closed on purpose
	}
	m := p.message
	k.lastAt = l.at
	k.stats.messages++
	k.stats.bytes += int64(len(p.raw))
	var name []byte
	switch {
	case m.Err != nil:
		name = nameIn(p.raw)
	case m.Frame.Kind == frame.KindReply && len(m.Frame.Stream) == 0:
		l.reply(k, &m.Frame.Reply)
		return
	default:
		name = m.Frame.Stream
	}
	t, known := l.find(name)
	if m.Err != nil && m.Err != io.EOF {
		l.undecodable(k, t, m.Err)
	} else if !known {
		l.unasked(k, name)
	}
	switch {
	case t != nil:
		l.message(k, t, p)
	case !known:
		l.shell.deliver(nil, p)
	}
}

// nameIn returns the name of the stream of a message that is no frame, if it has the
// wrapper of one.
func nameIn(raw []byte) []byte {
	rest, ok := bytes.CutPrefix(raw, []byte(`{"stream":"`))
	name, _, closed := bytes.Cut(rest, []byte(`"`))
	if !ok || !closed {
		return nil
	}
	return name
}

// deliver implements shell.
func (s *Set) deliver(t *track, p *piece) {
	m := p.message
	if m == nil { // it was held back
		m = &Message{Conn: p.conn, Raw: p.raw, decoder: &s.again}
		m.Frame, m.Err = s.again.Decode(p.raw)
	}
	m.At = s.lanes.at
	if t != nil {
		m.Sub = t.Sub
	}
	s.config.Deliver(m)
}

// notice implements shell.
func (s *Set) notice(n Notice) {
	name := ""
	if n.Sub != nil {
		name = n.Sub.Name
	}
	s.config.Log.Debug("market connection", "notice", n.Kind.String(), "route", n.Route.String(), "conn", n.Conn, "stream", name, "text", n.Text)
	s.config.Notice(n)
}
