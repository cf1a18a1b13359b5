package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/socket"
	"github.com/pmbot/pmbot/plugins/wire"
)

// quietMax is how many requests without an outcome are answered together: each answer wakes
// the host up.
const quietMax = 16

// offered is where the host tells of a socket: in Start, or in Live for a live play.
type offered interface {
	GetSocket() string
	GetToken() []byte
}

// connect takes the socket that the host offers for a play; nil means that there is none, or
// that it cannot be reached, and the play goes over gRPC.
func (s *service) connect(o offered) *socket.Conn {
	if o.GetSocket() == "" {
		return nil
	}
	conn, err := socket.Dial(o.GetSocket(), o.GetToken(), 2*time.Second)
	if err != nil {
		fmt.Fprintf(s.stderr, "no fast socket, events come over gRPC: %v\n", err)
		return nil
	}
	return conn
}

// playSocket runs one instance of a strategy on a socket, live or, with a host that waits for
// each answer, in lockstep. The stream, whose context this is, says only when it is over.
func (s *service) playSocket(p *play, conn *socket.Conn, lockstep bool, stream context.Context) error {
	defer conn.Close()
	defer context.AfterFunc(stream, conn.Shutdown)()
	a := &answerer{conn: conn, frames: wire.NewFrames(conn, wire.RequestBytesMax), lockstep: lockstep}
	var request pb.PlayRequest
	for !p.stopped {
		frame, err := a.frames.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := proto.Unmarshal(frame, &request); err != nil {
			return err
		}
		failure, crashed := p.handle(&request)
		if failure != nil {
			err := a.send(&pb.PlayResponse{Response: &pb.PlayResponse_Failure{Failure: failure}})
			if crashed != nil && err == nil {
				s.exitAfterCrash(stream, crashed)
			}
			return err
		}
		if err := a.answer(p, &request); err != nil {
			return err
		}
	}
	<-stream.Done() // the host hangs up when it has read the last answer
	return nil
}

// answerer writes answers to a socket.
type answerer struct {
	conn   *socket.Conn
	frames *wire.Frames
	buf    []byte
	// lockstep says that the host waits for each answer.
	lockstep bool
	// quiet counts requests that were handled and not answered.
	quiet int
}

// answer answers a request at once if the host waits for that, or if the strategy has asked
// for something; else it may wait for company.
func (a *answerer) answer(p *play, r *pb.PlayRequest) error {
	if a.lockstep {
		return a.send(p.response)
	}
	a.quiet++
	switch r.GetRequest().(type) {
	case *pb.PlayRequest_Event, *pb.PlayRequest_Batch:
		if p.answered.GetOutput() == nil && a.quiet < quietMax {
			return nil
		}
	case *pb.PlayRequest_Save:
		if a.quiet > 1 { // those before are answered apart
			quiet := &pb.Answer{Upto: 1, Requests: uint32(a.quiet - 1)}
			if err := a.send(&pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: quiet}}); err != nil {
				return err
			}
		}
	}
	p.answered.Requests = uint32(a.quiet)
	a.quiet = 0
	return a.send(p.response)
}

// send writes a message.
func (a *answerer) send(r *pb.PlayResponse) error {
	var err error
	if a.buf, err = (proto.MarshalOptions{}).MarshalAppend(wire.OpenFrame(a.buf[:0]), r); err != nil {
		return err
	}
	wire.CloseFrame(a.buf, 0)
	_, err = a.conn.Write(a.buf)
	return err
}
