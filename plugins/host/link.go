package host

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/socket"
	"github.com/pmbot/pmbot/plugins/wire"
)

// link carries the messages of a live play.
type link interface {
	// send takes a request, encoded, and never waits. The bytes are the caller's again when it
	// returns. That the other end is gone is told by next.
	send(request []byte)
	// next waits for a response, good until the call after. One goroutine calls it.
	next() ([]byte, error)
	// close ends next and the link; it may be called at any time and more than once.
	close()
	// wait waits, after close and when next has ended, until nothing is left of the link.
	wait()
}

// frameRoom is how many bytes are left free before a request for a link's own use.
const frameRoom = 4

// socketLink is a socket. The caller of send writes himself while the socket has room; what
// is too much, a goroutine writes.
type socketLink struct {
	conn   *socket.Conn
	frames *wire.Frames
	// The mutex guards rest between the callers of send and the writer.
	mutex sync.Mutex
	rest  []byte
	// behind says that the writer has something in hand, so that nobody may overtake it.
	behind bool
	kick   chan struct{}
	ended  chan struct{}
	once   sync.Once
	writer sync.WaitGroup
}

func newSocketLink(conn *socket.Conn) *socketLink {
	l := &socketLink{
		conn: conn, frames: wire.NewFrames(conn, wire.AnswerBytesMax), kick: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	l.writer.Go(l.write)
	return l
}

func (l *socketLink) send(b []byte) {
	wire.CloseFrame(b, 0)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.behind {
		l.rest = append(l.rest, b...)
		return
	}
	n, err := l.conn.TryWrite(b)
	if err != nil || n == len(b) {
		return // next tells of errors
	}
	l.rest, l.behind = append(l.rest[:0], b[n:]...), true
	l.kick <- struct{}{} // there is room: behind was not set
}

// write writes what did not go at once.
func (l *socketLink) write() {
	var hand []byte
	for {
		select {
		case <-l.kick:
		case <-l.ended:
			return
		}
		for more := true; more; {
			l.mutex.Lock()
			hand, l.rest = l.rest, hand[:0]
			more = len(hand) > 0
			l.behind = more
			l.mutex.Unlock()
			if _, err := l.conn.Write(hand); err != nil {
				return // behind stays set, and the link ends
			}
		}
	}
}

func (l *socketLink) next() ([]byte, error) {
	b, err := l.frames.Next()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return b, err
}

func (l *socketLink) close() {
	l.once.Do(func() { close(l.ended) })
	l.conn.Shutdown()
}

func (l *socketLink) wait() {
	l.writer.Wait()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.behind = true // a late send must not write to a descriptor that is closed
	l.conn.Close()
}

// streamLink is the gRPC stream itself, for programs that do not take the socket.
type streamLink struct {
	stream pb.StrategyService_PlayClient
	cancel func()
	out    chan []byte
	in     []byte
	writer sync.WaitGroup
}

// newStreamLink makes a link of a stream that cancel ends.
func newStreamLink(stream pb.StrategyService_PlayClient, cancel func()) *streamLink {
	l := &streamLink{stream: stream, cancel: cancel, out: make(chan []byte, windowMax)}
	l.writer.Go(func() {
		for {
			select {
			case b := <-l.out:
				if stream.SendMsg(b) != nil {
					return // next tells why
				}
			case <-stream.Context().Done():
				return
			}
		}
	})
	return l
}

func (l *streamLink) send(b []byte) {
	select {
	case l.out <- append([]byte(nil), b[frameRoom:]...):
	default: // as many are on their way as there may be, so the writer has ended
	}
}

func (l *streamLink) next() ([]byte, error) {
	err := l.stream.RecvMsg(&l.in)
	return l.in, err
}

func (l *streamLink) close() { l.cancel() }

func (l *streamLink) wait() { l.writer.Wait() }

// bytesCodec has gRPC carry messages that are encoded already, beside ordinary ones.
type bytesCodec struct{}

// Name is that of the ordinary codec, which the plugin uses.
func (bytesCodec) Name() string { return "proto" }

// Marshal encodes a message, or takes bytes as they are.
func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	switch v := v.(type) {
	case []byte:
		return mem.BufferSlice{mem.SliceBuffer(v)}, nil
	case proto.Message:
		b, err := proto.Marshal(v)
		return mem.BufferSlice{mem.SliceBuffer(b)}, err
	default:
		return nil, fmt.Errorf("host: cannot encode %T", v)
	}
}

// Unmarshal decodes a message, or copies its bytes.
func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	switch v := v.(type) {
	case *[]byte:
		*v = append((*v)[:0], data.Materialize()...)
		return nil
	case proto.Message:
		return proto.Unmarshal(data.Materialize(), v)
	default:
		return fmt.Errorf("host: cannot decode into %T", v)
	}
}
