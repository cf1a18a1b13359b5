package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// ResultBytesMax is the largest result of a backtest that is accepted.
const ResultBytesMax = 1 << 30

// Backtest has the program run a whole backtest inside itself and returns the encoded
// result, which sdk.DecodeResult reads. The configuration is backtest.Config as JSON;
// all its strategies must be in the program, and [Plugin.CoreHash] must be the host's.
// progress is called a few times a second with the events handled and the share done, 0
// to 1, and log with the label of a strategy and a line that it wrote; both may be nil.
// The run ends early when ctx does, and with an error of kind Hung, and the process with
// it, when a callback takes longer than Spec.Timeout or nothing moves for Spec.Silence.
func (p *Plugin) Backtest(ctx context.Context, config []byte, progress func(events uint64, done float64), log func(strategy, line string)) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &watch{plugin: p, late: time.AfterFunc(p.spec.Silence, func() { cancel(errLate) })}
	defer w.late.Stop()
	stream, err := p.service.Backtest(ctx, &pb.BacktestRequest{Config: config, Logs: log != nil})
	if err != nil {
		return nil, p.lost(ctx, w.doing(), err)
	}
	var result []byte
	for {
		r, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && len(result) > 0:
			return result, nil
		case errors.Is(context.Cause(ctx), errLate):
			_ = p.process.Kill(context.Background())
			return nil, w.hung(err)
		case err != nil:
			return nil, p.lost(ctx, w.doing(), err)
		}
		switch r := r.GetResponse().(type) {
		case *pb.BacktestResponse_Progress:
			w.see(r.Progress)
			if done := r.Progress.GetDone(); progress != nil && done >= 0 && done <= 1 {
				progress(r.Progress.GetEvents(), done)
			}
		case *pb.BacktestResponse_Logs:
			if e := w.logs(r.Logs.GetLines(), log); e != nil {
				return nil, e
			}
		case *pb.BacktestResponse_Result:
			w.see(nil)
			if len(result)+len(r.Result) > ResultBytesMax {
				return nil, p.fail(Lied, fmt.Sprintf("broke the protocol: a result of more than %d MiB", ResultBytesMax>>20), "", nil)
			}
			result = append(result, r.Result...)
		case *pb.BacktestResponse_Failure:
			w.hand = r.Failure.GetHandling()
			return nil, p.failed(w.doing(), r.Failure)
		default:
			return nil, p.fail(Lied, "broke the protocol: an empty message "+w.doing(), "", nil)
		}
	}
}

// watch follows a backtest inside the plugin.
type watch struct {
	plugin *Plugin
	late   *time.Timer // ends the call when nothing moves
	events uint64
	// hand is what a strategy has in hand, nil for nothing.
	hand  *pb.Handling
	lines int
}

// see notes progress, nil when the run is over. Only what moves gains time: that the
// program is alive is not enough.
func (w *watch) see(r *pb.Progress) {
	hand := r.GetHandling()
	if r != nil && r.GetEvents() == w.events && hand.GetSeq() == w.hand.GetSeq() && hand.GetAt() == w.hand.GetAt() &&
		hand.GetStage() == w.hand.GetStage() && hand.GetStrategy() == w.hand.GetStrategy() {
		return
	}
	w.events, w.hand = max(w.events, r.GetEvents()), hand
	w.late.Reset(w.limit())
}

// limit is how long the run may stand still.
func (w *watch) limit() time.Duration {
	if w.hand != nil {
		return w.plugin.spec.Timeout
	}
	return w.plugin.spec.Silence
}

// doing says what the run is at, for messages, in the words of lockstep.
func (w *watch) doing() string {
	name := "strategy " + wire.Printable(w.hand.GetStrategy(), 80)
	switch {
	case w.hand.GetStage() != "":
		return "in " + wire.Printable(w.hand.GetStage(), 20) + " of " + name
	case w.hand != nil:
		return fmt.Sprintf("in %s handling %s seq %d at %v", name, wire.Printable(w.hand.GetKind(), 40), w.hand.GetSeq(), exchange.Time(w.hand.GetAt()))
	case w.events > 0:
		return fmt.Sprintf("in a backtest after %d events", w.events)
	default:
		return "in a backtest"
	}
}

func (w *watch) hung(err error) *Error {
	if w.hand == nil {
		return w.plugin.fail(Hung, fmt.Sprintf("no progress for %v %s", w.limit(), w.doing()), "", err)
	}
	return w.plugin.fail(Hung, fmt.Sprintf("no answer within %v %s", w.limit(), w.doing()), blocked, err)
}

// logs passes log lines on.
func (w *watch) logs(lines []*pb.LogLine, log func(strategy, line string)) *Error {
	if w.lines += len(lines); w.lines > wire.RunLogsMax+1 || log == nil {
		return w.plugin.fail(Lied, fmt.Sprintf("broke the protocol: %d log lines, more than are wanted", w.lines), "", nil)
	}
	for _, l := range lines {
		log(wire.Printable(l.GetStrategy(), 80), wire.Printable(l.GetText(), wire.LogBytesMax))
	}
	return nil
}
