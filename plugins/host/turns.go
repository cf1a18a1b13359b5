package host

import (
	"errors"
	"io"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/pmbot/pmbot/plugins/socket"
	"github.com/pmbot/pmbot/plugins/wire"
)

// turns is the socket of a play in lockstep: one request, one response.
type turns struct {
	conn   *socket.Conn
	frames *wire.Frames
	buf    []byte
	// The mutex is held for a turn, so that the descriptor is not closed under it.
	mutex sync.Mutex
	over  bool
}

func newTurns(conn *socket.Conn) *turns {
	return &turns{conn: conn, frames: wire.NewFrames(conn, wire.AnswerBytesMax)}
}

// garbage says that what came is no response.
type garbage struct{ error }

// take sends a request and waits for the response. After end it is io.EOF, and what is no
// response is a garbage.
func (t *turns) take(request, response proto.Message) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.over {
		return io.EOF
	}
	var err error
	if t.buf, err = (proto.MarshalOptions{}).MarshalAppend(wire.OpenFrame(t.buf[:0]), request); err != nil {
		return err
	}
	wire.CloseFrame(t.buf, 0)
	if _, err := t.conn.Write(t.buf); err != nil {
		return io.EOF // it has hung up; why, its process tells
	}
	b, err := t.frames.Next()
	var long *wire.FrameTooLong
	switch {
	case errors.As(err, &long):
		return garbage{err}
	case err != nil:
		return io.EOF
	}
	if err := proto.Unmarshal(b, response); err != nil {
		return garbage{err}
	}
	return nil
}

// end ends a turn that is under way, and the connection.
func (t *turns) end() {
	t.conn.Shutdown()
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.over = true
	t.conn.Close()
}
