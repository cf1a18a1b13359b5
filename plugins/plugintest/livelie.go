package plugintest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/socket"
	"github.com/pmbot/pmbot/plugins/wire"
)

// LiveLies are the modes that take the socket of a play and then break the protocol.
func LiveLies() []string {
	return []string{
		"lie-unconnected", "lie-token", "lie-long", "lie-garbage", "lie-half", "lie-requests", "lie-saved", "lie-unread",
	}
}

// playLive lies on the socket; answered says that the mode is one of these.
func (l *liar) playLive(start *pb.Start, stream pb.StrategyService_PlayServer) (answered bool, err error) {
	if !slices.Contains(LiveLies(), l.mode) {
		return false, nil
	}
	path, token := start.GetLive().GetSocket(), start.GetLive().GetToken()
	if start.GetLive() == nil {
		path, token = start.GetSocket(), start.GetToken()
	}
	if l.mode == "lie-token" {
		token = bytes.Repeat([]byte{7}, len(token))
	}
	var conn *socket.Conn
	if l.mode != "lie-unconnected" {
		if conn, err = socket.Dial(path, token, time.Minute); err == nil {
			defer conn.Close()
		}
	}
	started := &pb.Started{
		Subscriptions: []*pb.Subscription{{Instrument: 1, Kind: pb.EventKind_EVENT_KIND_TRADE}}, Live: &pb.LiveStarted{Socket: true}, Socket: start.GetLive() == nil,
	}
	if err := stream.Send(&pb.PlayResponse{Response: &pb.PlayResponse_Started{Started: started}}); err != nil {
		return true, err
	}
	if conn != nil {
		l.lieOn(conn)
	}
	<-stream.Context().Done()
	return true, nil
}

// lieOn writes what it should not, after it has read a little.
func (l *liar) lieOn(conn *socket.Conn) {
	if l.mode == "lie-unread" {
		return
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return
	}
	long := make([]byte, 1<<20)
	binary.LittleEndian.PutUint32(long, 1<<31)
	answer := func(r *pb.PlayResponse) []byte {
		b, err := proto.MarshalOptions{}.MarshalAppend(wire.OpenFrame(nil), r)
		if err != nil {
			panic(err)
		}
		wire.CloseFrame(b, 0)
		return b
	}
	lies := map[string][]byte{
		"lie-long":     long,
		"lie-garbage":  append([]byte{100, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 100)...),
		"lie-half":     {100, 0, 0, 0, 1, 2, 3},
		"lie-requests": answer(&pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: &pb.Answer{Upto: 1, Requests: 1 << 31}}}),
		"lie-saved":    answer(&pb.PlayResponse{Response: &pb.PlayResponse_Saved{Saved: &pb.Saved{Problem: "none"}}}),
	}
	_, _ = conn.Write(lies[l.mode])
	if l.mode == "lie-half" {
		conn.Shutdown()
	}
}
