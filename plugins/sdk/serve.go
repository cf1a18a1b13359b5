package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/pmbot/pmbot/backtest"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// Serve makes the program a strategy: it answers pmbot until that is done with it. The
// function is called for every instance and must return a fresh strategy each time.
// Started by a person, the program says what it is for and exits with 2.
func Serve(fresh func() strategy.Strategy) {
	ServeAll(map[string]func() strategy.Strategy{fresh().Manifest().Name: fresh})
}

// ServeAll is [Serve] for a program with several strategies, by their names.
func ServeAll(programs map[string]func() strategy.Strategy) {
	if os.Getenv(wire.CookieKey) != wire.CookieValue {
		explain(os.Stderr, programs)
		os.Exit(2)
	}
	s := &service{programs: programs, stderr: os.Stderr}
	watch := newOrphanWatch()
	go watch.parent()
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{wire.ProtocolVersion: {wire.ServiceName: &served{service: s}}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts,
				grpc.MaxRecvMsgSize(wire.RequestBytesMax),
				// Windows above the largest batch, so that a batch never waits for a
				// window update.
				grpc.InitialWindowSize(wire.WindowBytes), grpc.InitialConnWindowSize(wire.WindowBytes),
				grpc.StatsHandler(watch))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
	})
}

// explain tells a person who started the program by hand what to do with it.
func explain(w io.Writer, programs map[string]func() strategy.Strategy) {
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	names := slices.Sorted(maps.Keys(programs))
	what := "holds the strategies " + strings.Join(names, ", ")
	if len(names) == 1 {
		m := programs[names[0]]().Manifest()
		what = strings.TrimSpace("is the strategy " + m.Name + " " + m.Version)
	}
	fmt.Fprintf(w, `%s %s for pmbot. It does nothing by itself: pmbot starts it.

Name it in the configuration of a run,

    [risk]
    [[strategy]]
    plugin = %q

and start that with "pmbot backtest".
`, filepath.Base(path), what, path)
}

// served is the service as go-plugin wants it.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	service *service
}

func (s *served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterStrategyServiceServer(server, s.service)
	return nil
}

// GRPCClient is the host's half, which this side never asks for.
func (*served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("the SDK serves strategies and calls none")
}

// service answers the host.
type service struct {
	pb.UnimplementedStrategyServiceServer
	programs map[string]func() strategy.Strategy
	// stderr is the process's own standard error.
	stderr *os.File
	listed sync.Once
}

// List names the strategies. As it is the first call, before any of their code runs, it
// also undoes go-plugin's redirection of standard error: the process's own goes to the
// host just as well, and what is written right before an exit is not lost.
func (s *service) List(context.Context, *pb.ListRequest) (*pb.ListResponse, error) {
	s.listed.Do(func() { os.Stderr = s.stderr })
	return &pb.ListResponse{
		Strategies: slices.Sorted(maps.Keys(s.programs)), SdkVersion: Version(), CoreHash: CoreHash(),
	}, nil
}

// Describe checks parameters with a fresh strategy.
func (s *service) Describe(_ context.Context, r *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	fresh, failure := s.find(r.GetStrategy())
	if failure != nil {
		return &pb.DescribeResponse{Failure: failure}, nil
	}
	var d backtest.Description
	var err error
	if c := catch(func() { d, err = backtest.LocalProgram(fresh).Describe(r.GetParams()) }); c != nil {
		return &pb.DescribeResponse{Failure: c.failure(-1)}, nil
	}
	answer := &pb.DescribeResponse{
		Manifest: wire.EncodeManifest(d.Manifest), Params: wire.EncodeParams(d.Params),
		Values: wire.EncodeValues(d.Values), Symbols: wire.EncodeSymbols(d.Symbols),
	}
	if err != nil {
		answer.Failure = failureOf(err)
	}
	return answer, nil
}

// find returns the strategy of that name; "" is the only one there is.
func (s *service) find(name string) (func() strategy.Strategy, *pb.Failure) {
	names := slices.Sorted(maps.Keys(s.programs))
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	if fresh, ok := s.programs[name]; ok {
		return fresh, nil
	}
	what := fmt.Sprintf("no strategy %q in this program", name)
	if name == "" {
		what = "the program has several strategies and none was named"
	}
	return nil, &pb.Failure{
		Fault: pb.Fault_FAULT_NOT_FOUND, What: what, Cure: "name one of " + strings.Join(names, ", "), Event: -1,
	}
}

// failureOf says whose an error is: bad parameters are the configuration's, the rest is
// the strategy's.
func failureOf(err error) *pb.Failure {
	f := &pb.Failure{Fault: pb.Fault_FAULT_STRATEGY, What: strings.ToValidUTF8(err.Error(), "?"), Event: -1}
	var params strategy.ParamErrors
	if errors.As(err, &params) {
		f.Fault = pb.Fault_FAULT_CONFIG
		for _, p := range params {
			f.Params = append(f.Params, &pb.ParamProblem{Name: p.Name, Problem: strings.ToValidUTF8(p.Problem, "?")})
		}
	}
	return f
}
