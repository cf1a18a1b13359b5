package host_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// bare answers over gRPC and does nothing else: no TLS, no strategy, no checks.
type bare struct {
	pb.UnimplementedStrategyServiceServer
}

func (bare) List(context.Context, *pb.ListRequest) (*pb.ListResponse, error) {
	return &pb.ListResponse{}, nil
}

func (bare) Play(stream pb.StrategyService_PlayServer) error {
	a := &pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: &pb.Answer{Upto: 1, Output: &pb.Output{
		Intents: []*pb.Intent{{Kind: pb.IntentKind_INTENT_KIND_CANCEL, Ref: 1, Request: &pb.OrderRequest{}}},
	}}}}
	for {
		if _, err := stream.Recv(); err != nil {
			return err
		}
		if err := stream.Send(a); err != nil {
			return err
		}
	}
}

// actAsBare makes the test binary such a server, until its standard input ends.
func actAsBare() {
	if len(os.Args) != 3 || os.Args[1] != "act-as-bare" {
		return
	}
	l, err := net.Listen("unix", os.Args[2])
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	pb.RegisterStrategyServiceServer(s, bare{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		os.Exit(0)
	}()
	fmt.Println("ready")
	_ = s.Serve(l)
}

// openBare starts the server in a process of its own.
func openBare(b *testing.B) pb.StrategyServiceClient {
	b.Helper()
	path := filepath.Join(b.TempDir(), "s")
	cmd := exec.Command(plugintest.Spec("").Path, "act-as-bare", path)
	in, err := cmd.StdinPipe()
	check(b, err)
	out, err := cmd.StdoutPipe()
	check(b, err)
	check(b, cmd.Start())
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	conn, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(b, err)
	b.Cleanup(func() { conn.Close() })
	return pb.NewStrategyServiceClient(conn)
}

// BenchmarkHop is the price of the process boundary: from an event to the intent that
// answers it, over our socket and over our gRPC stream, beside a bare gRPC ping-pong, unary
// and streamed, without TLS, strategy or checks. All take turns in one run, so that they meet
// the same machine; one operation is one turn of each. Without a gap a turn is several hops,
// one right after the other; with one the machine sleeps before each, as it does between
// ticks.
//
//	go test ./plugins/host -run xxx -bench Hop -benchtime 5000x
func BenchmarkHop(b *testing.B) {
	for _, gap := range []time.Duration{0, time.Millisecond} {
		b.Run(fmt.Sprint("gap=", gap), func(b *testing.B) {
			turns := []turn{unaryTurn(b), streamTurn(b), liveTurn(b, false), liveTurn(b, true)}
			took := make([][]time.Duration, len(turns))
			hops := 1
			if gap == 0 {
				hops = 16
			}
			for first := 0; b.Loop(); first++ {
				for n := range turns {
					i := (first + n) % len(turns) // what one leaves behind is not always the same one's burden
					if gap > 0 {
						<-time.After(gap)
					}
					for range hops {
						took[i] = append(took[i], turns[i].take())
					}
				}
			}
			var p50, p99 [4]time.Duration
			for i, t := range turns {
				slices.Sort(took[i])
				p50[i], p99[i] = took[i][len(took[i])/2], took[i][len(took[i])*99/100]
				b.ReportMetric(float64(p50[i])/1e3, t.name+"-p50-us")
				b.ReportMetric(float64(p99[i])/1e3, t.name+"-p99-us")
			}
			b.ReportMetric(float64(p50[2])/float64(p50[0]), "socket/unary-p50")
			b.ReportMetric(float64(p99[2])/float64(p99[0]), "socket/unary-p99")
			b.ReportMetric(float64(p50[2])/float64(p50[1]), "socket/stream-p50")
			b.ReportMetric(float64(p99[2])/float64(p99[1]), "socket/stream-p99")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// turn takes one event there and its answer back.
type turn struct {
	name string
	take func() time.Duration
}

func unaryTurn(b *testing.B) turn {
	service := openBare(b)
	return turn{"unary", func() time.Duration {
		from := time.Now()
		_, err := service.List(b.Context(), &pb.ListRequest{})
		took := time.Since(from)
		check(b, err)
		return took
	}}
}

func streamTurn(b *testing.B) turn {
	stream, err := openBare(b).Play(b.Context())
	check(b, err)
	e := trades(1)
	r := &pb.PlayRequest{Request: &pb.PlayRequest_Batch{Batch: &pb.Batch{Count: 1, Rows: wire.AppendRow(nil, &e[0])}}}
	return turn{"stream", func() time.Duration {
		from := time.Now()
		check(b, stream.Send(r))
		_, err := stream.Recv()
		took := time.Since(from)
		check(b, err)
		return took
	}}
}

func liveTurn(b *testing.B, noSocket bool) turn {
	p := plugintest.Open(b, plugintest.Serve)
	back := make(chan time.Time, 1)
	l, err := p.Live(b.Context(), host.LiveConfig{
		Instruments: plugintest.Instruments(b), ID: 3, IntentsMax: 1 << 40, NoSocket: noSocket, Params: map[string]string{"do": "answer"},
		Wish: func(w host.Wishes) {
			if len(w.Intents) > 0 {
				back <- time.Now()
			}
		},
		Ended: func(error) {}, // with the test
	})
	check(b, err)
	b.Cleanup(l.Close)
	name := map[bool]string{false: "socket", true: "fallback"}[noSocket]
	seq := uint64(0)
	return turn{name, func() time.Duration {
		seq++
		e := exchange.Event{Seq: seq, At: exchange.Time(seq), Inst: 1}
		e.SetTrade(exchange.Trade{Price: 60_000e8, Qty: 1e6, ID: int64(seq)})
		from := time.Now()
		l.Deliver(&e)
		return (<-back).Sub(from)
	}}
}
