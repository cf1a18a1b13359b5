package plugintest

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// Lies are the modes that shake hands and then break the protocol.
func Lies() []string {
	return []string{
		"lie-list", "lie-manifest", "lie-budget", "lie-started", "lie-subscription", "lie-kind", "lie-upto", "lie-zero", "lie-ref",
		"lie-instrument", "lie-enum", "lie-flood", "lie-log", "lie-huge", "lie-empty", "lie-hangup",
	}
}

// serveLies serves a liar.
func serveLies(mode string) {
	for _, known := range append(Lies(), LiveLies()...) {
		if mode == known {
			serveRaw(wire.ProtocolVersion, &liar{mode: mode})
			return
		}
	}
	fmt.Fprintf(os.Stderr, "plugintest: no mode %q\n", mode)
	os.Exit(2)
}

func serveVersion(version int) { serveRaw(version, &liar{}) }

func serveRaw(version int, l *liar) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{version: {wire.ServiceName: l}},
		GRPCServer:       plugin.DefaultGRPCServer,
		Logger:           hclog.NewNullLogger(),
	})
}

// liar answers by the protocol apart from one thing.
type liar struct {
	plugin.NetRPCUnsupportedPlugin
	pb.UnimplementedStrategyServiceServer
	mode string
}

// GRPCServer registers the liar.
func (l *liar) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterStrategyServiceServer(s, l)
	return nil
}

// GRPCClient is not used.
func (*liar) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

// List lies with an empty list.
func (l *liar) List(context.Context, *pb.ListRequest) (*pb.ListResponse, error) {
	if l.mode == "lie-list" {
		return &pb.ListResponse{}, nil
	}
	return &pb.ListResponse{Strategies: []string{"liar"}}, nil
}

// Describe lies with a summary that would clear the screen, or asks for less than nothing.
func (l *liar) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	m := &pb.Manifest{Name: "liar"}
	if l.mode == "lie-manifest" {
		m.Summary = "\x1b[2J"
	}
	if l.mode == "lie-budget" {
		m.Budget = &pb.Budget{LossUsd: "-5"}
	}
	return &pb.DescribeResponse{Manifest: m}, nil
}

// Play lies in one of many ways.
func (l *liar) Play(stream pb.StrategyService_PlayServer) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	if answered, err := l.playLive(request.GetStart(), stream); answered {
		return err
	}
	started := &pb.Started{Subscriptions: []*pb.Subscription{{Instrument: 1, Kind: pb.EventKind_EVENT_KIND_TRADE}}}
	switch l.mode {
	case "lie-started":
		return stream.Send(&pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: &pb.Answer{}}})
	case "lie-subscription":
		started.Subscriptions[0].Instrument = 500
	case "lie-kind":
		started.Subscriptions[0].Kind = pb.EventKind(5)
	}
	if err := stream.Send(&pb.PlayResponse{Response: &pb.PlayResponse_Started{Started: started}}); err != nil {
		return err
	}
	for {
		if _, err := stream.Recv(); err != nil {
			return err
		}
		if l.mode == "lie-hangup" {
			return nil
		}
		if err := stream.Send(l.answer()); err != nil {
			return err
		}
	}
}

// Backtest shows some progress and then none.
func (l *liar) Backtest(_ *pb.BacktestRequest, stream pb.StrategyService_BacktestServer) error {
	progress := &pb.BacktestResponse{Response: &pb.BacktestResponse_Progress{Progress: &pb.Progress{Events: 5, Done: 0.5}}}
	if err := stream.Send(progress); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (l *liar) answer() *pb.PlayResponse {
	order := func() *pb.Intent {
		return &pb.Intent{Kind: 1, Ref: 1, Request: &pb.OrderRequest{Instrument: 1, Side: 1, Type: 1}}
	}
	a := &pb.Answer{Upto: 1, Output: &pb.Output{Intents: []*pb.Intent{order()}}}
	switch l.mode {
	case "lie-upto":
		a.Upto = 1 << 31
	case "lie-zero":
		a.Upto = 0
	case "lie-ref":
		a.Output.Intents = append(a.Output.Intents, order())
	case "lie-instrument":
		a.Output.Intents[0].Request.Instrument = 77
	case "lie-enum":
		a.Output.Intents[0].Request.TimeInForce = 200
	case "lie-flood":
		for range wire.TimersMax + 1 {
			a.Output.Timers = append(a.Output.Timers, &pb.Timer{Id: 1, Due: 1})
		}
	case "lie-log":
		a.Output.Logs = []*pb.Log{{Event: 3, Text: "from the future"}}
	case "lie-huge":
		a.Output.Logs = []*pb.Log{{Text: string(make([]byte, wire.AnswerBytesMax))}}
	case "lie-empty":
		return &pb.PlayResponse{}
	}
	return &pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: a}}
}
