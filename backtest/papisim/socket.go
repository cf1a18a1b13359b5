package papisim

import (
	"cmp"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/exchange"
)

// The life of a socket. The times of pings are those of the wall, for that is what clients
// have; the day is one of the exchange, so that whoever moves its time sees the end of it.
const (
	pingEvery   = 3 * time.Minute
	pongMax     = 10 * time.Minute
	socketLife  = 24 * time.Hour
	writeMax    = 10 * time.Second // a client that takes nothing for so long is dropped
	messageSize = 1 << 16          // of a client, in bytes
)

const (
	// batchSize is how many bytes of frames are written at once, when so many wait: a write
	// costs more than making the frame, see BenchmarkBusy.
	batchSize = 32 << 10
	// streamsMax is how many streams a socket can have, and messagesMax how many messages,
	// pings and pongs a client may send in a second.
	streamsMax, messagesMax = 1024, 10
)

// socket is one websocket of a client. The exchange's goroutine, whoever holds Sim.mu, owns
// all of it but the queue's other end and what the reader counts.
type socket struct {
	entry
	subscribed []string // in the order of asking
	// ends is when it has lived its day, in exchange time.
	ends exchange.Time
	// queue is what the writer writes next; gone ends it.
	queue chan message
	gone  chan struct{}
	over  bool        // gone is closed
	mute  atomic.Bool // a fault keeps frames, answers and pings from it
	// held are frames that a fault lets wait for the next of their stream, and dead streams
	// that it has silenced for good; both of the market.
	held map[public.Key][]byte
	dead map[public.Key]bool

	// pinged is the payload of the last ping, which the writer sends and the reader awaits.
	pinged atomic.Int64
	// second and count are the reader's: how many messages have come since an instant.
	second time.Time
	count  int
}

// message is a frame to be written: a text, or with a code the end.
type message struct {
	text []byte
	code int
}

// send gives a frame to the writer, and drops a client that has too many.
func (k *socket) send(m message) {
	if k.over || k.deaf() && m.code == 0 {
		return
	}
	select {
	case k.queue <- m:
	default:
		k.drop()
	}
}

// deaf says whether a fault has silenced a connection of the market: it answers nothing and
// tells nothing.
func (k *socket) deaf() bool { return k.way != 0 && k.mute.Load() }

// shut ends a socket with a close frame after all that waits.
func (k *socket) shut(code int, text string) { k.send(message{[]byte(text), code}) }

// drop ends a socket at once.
func (k *socket) drop() {
	if !k.over {
		k.over = true
		close(k.gone)
	}
}

// refuseSocket is the answer to a handshake that a fault hits, or that comes too soon after
// others of its address; nil lets it in.
func (s *Sim) refuseSocket(e entry, r *http.Request) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if no := s.gateway.limits.connect(addressOf(r), s.clock.now()); no != nil {
		return no
	}
	if f := s.faults.strikeMarket(ofConnect, e.way); f != nil {
		no := page(cmp.Or(f.Status, http.StatusServiceUnavailable))
		return &no
	}
	return nil
}

// serveSocket is a websocket's whole life. It reads, while another goroutine, whose end it
// awaits, writes.
func (s *Sim) serveSocket(w http.ResponseWriter, r *http.Request, e entry) {
	if no := s.refuseSocket(e, r); no != nil {
		no.send(w, r)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	k := &socket{entry: e, queue: make(chan message, s.gateway.limits.Unread), gone: make(chan struct{})}
	written := make(chan struct{})
	s.openSocket(k)
	go func() {
		defer close(written)
		k.write(conn)
	}()
	s.read(k, conn)
	s.closeSocket(k)
	<-written
}

func (s *Sim) openSocket(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	k.ends = now.Add(socketLife)
	if s.step(now) != nil {
		k.drop() // Run tells why the market has failed
	}
	s.sockets = append(s.sockets, k)
	if !s.subscribe(k, k.names) {
		k.tooMany()
	}
}

func (s *Sim) closeSocket(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.drop()
	s.unsubscribe(k, slices.Clone(k.subscribed))
	s.sockets = slices.DeleteFunc(s.sockets, func(other *socket) bool { return other == k })
}

// write sends what is in the queue, and pings. It is the only one who writes data; the answer
// to a ping comes from the reader, and a connection takes one write after the other.
func (k *socket) write(conn *websocket.Conn) {
	defer conn.Close()
	var batch []byte
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-k.gone:
			return
		case m := <-k.queue:
			var end message
			batch, end = k.gather(batch[:0], m)
			deadline := time.Now().Add(writeMax)
			if err = conn.NetConn().SetWriteDeadline(deadline); err == nil && len(batch) > 0 {
				_, err = conn.NetConn().Write(batch)
			}
			if end.code != 0 {
				_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(end.code, string(end.text)), deadline)
				return
			}
		case now := <-ping.C:
			if k.mute.Load() {
				continue
			}
			k.pinged.Store(now.UnixMilli())
			err = conn.WriteControl(websocket.PingMessage, strconv.AppendInt(nil, now.UnixMilli(), 10), now.Add(writeMax))
		}
		if err != nil {
			return
		}
	}
}

// gather appends a message and those that wait behind it, as frames of websockets, up to the
// size of a batch or the end of the socket, which it returns. The few frames of the user stream
// go one by one.
func (k *socket) gather(to []byte, m message) ([]byte, message) {
	for {
		if m.code != 0 {
			return to, m
		}
		to = append(appendHeader(to, len(m.text)), m.text...)
		if len(to) >= batchSize || k.way == 0 {
			return to, message{}
		}
		select {
		case m = <-k.queue:
		default:
			return to, message{}
		}
	}
}

// appendHeader appends what stands before a text of a server: that it is one, whole and not
// masked, and its length (RFC 6455, section 5.2).
func appendHeader(to []byte, length int) []byte {
	const wholeText = 0x81
	switch {
	case length < 126:
		return append(to, wholeText, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(to, wholeText, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(to, wholeText, 127), uint64(length))
}

// read serves a client's messages until it leaves, breaks the rules or answers no ping.
func (s *Sim) read(k *socket, conn *websocket.Conn) {
	conn.SetReadLimit(messageSize)
	awaitPong := func() error { return conn.SetReadDeadline(time.Now().Add(pingEvery + pongMax)) }
	if awaitPong() != nil {
		return
	}
	answerPing := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		if s.counted(k); k.deaf() {
			return nil
		}
		return answerPing(data)
	})
	conn.SetPongHandler(func(data string) error {
		s.counted(k)
		if data == strconv.FormatInt(k.pinged.Load(), 10) { // others are welcome and prove nothing
			return awaitPong()
		}
		return nil
	})
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if s.counted(k) && kind == websocket.TextMessage {
			s.command(k, data)
		}
	}
}

// counted takes down that a message has come, and ends a socket whose client sends too many.
func (s *Sim) counted(k *socket) bool {
	if now := time.Now(); now.Sub(k.second) >= time.Second {
		k.second, k.count = now, 0
	}
	k.count++
	if k.count <= messagesMax {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k.shut(websocket.ClosePolicyViolation, "Too many requests")
	return false
}

// disconnect drops all sockets, or only those of the user stream.
func (s *Sim) disconnect(users bool) {
	for _, k := range s.sockets {
		if !users || k.user {
			k.drop()
		}
	}
}

// dueSockets is when the oldest socket has lived its day.
func (s *Sim) dueSockets() exchange.Time {
	due := exchange.Never
	for _, k := range s.sockets {
		if !k.over {
			due = min(due, k.ends)
		}
	}
	return due
}

// expireSockets ends the sockets that have lived their day.
func (s *Sim) expireSockets(now exchange.Time) {
	for _, k := range s.sockets {
		if !k.over && now >= k.ends {
			k.shut(websocket.CloseGoingAway, "")
			k.ends = exchange.Never
		}
	}
}
