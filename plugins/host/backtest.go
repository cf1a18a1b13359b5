package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pb "github.com/pmbot/pmbot/plugins/proto"
)

// ResultBytesMax is the largest result of a backtest that is accepted.
const ResultBytesMax = 1 << 30

// Backtest has the program run a whole backtest inside itself and returns the encoded
// result, which sdk.DecodeResult reads. The configuration is backtest.Config as JSON;
// all its strategies must be in the program, and [Plugin.CoreHash] must be the host's.
// progress is called a few times a second with the events handled and the share done, 0
// to 1; it may be nil. The run ends early when ctx does.
func (p *Plugin) Backtest(ctx context.Context, config []byte, progress func(events uint64, done float64)) ([]byte, error) {
	const doing = "in a backtest"
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(p.spec.Silence, func() { cancel(errLate) })
	defer silent.Stop()
	stream, err := p.service.Backtest(ctx, &pb.BacktestRequest{Config: config})
	if err != nil {
		return nil, p.lost(ctx, doing, err)
	}
	var result []byte
	for {
		r, err := stream.Recv()
		silent.Reset(p.spec.Silence)
		if errors.Is(err, io.EOF) && len(result) > 0 {
			return result, nil
		}
		if errors.Is(context.Cause(ctx), errLate) {
			return nil, p.fail(Hung, fmt.Sprintf("no progress for %v %s", p.spec.Silence, doing), blocked, err)
		}
		if err != nil {
			return nil, p.lost(ctx, doing, err)
		}
		switch r := r.GetResponse().(type) {
		case *pb.BacktestResponse_Progress:
			if done := r.Progress.GetDone(); progress != nil && done >= 0 && done <= 1 {
				progress(r.Progress.GetEvents(), done)
			}
		case *pb.BacktestResponse_Result:
			if len(result)+len(r.Result) > ResultBytesMax {
				return nil, p.fail(Lied, fmt.Sprintf("broke the protocol: a result of more than %d MiB", ResultBytesMax>>20), "", nil)
			}
			result = append(result, r.Result...)
		case *pb.BacktestResponse_Failure:
			return nil, p.failed(doing, r.Failure)
		default:
			return nil, p.fail(Lied, "broke the protocol: an empty message "+doing, "", nil)
		}
	}
}
