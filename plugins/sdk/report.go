package sdk

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

const (
	// reportInterval is how often the host hears of a run.
	reportInterval = 200 * time.Millisecond
	// logBatch is how many log lines wait for the next report at most.
	logBatch = 256
)

// report tells the host how a run goes, by the clock and not by the run: while a callback
// does not return, the host learns which one that is.
type report struct {
	names []string // of the strategies
	// The run's goroutine stores these and the reporting one reads them. hand packs what
	// is in a strategy's hands, 0 for nothing, and at is its time. While the run moves the
	// two may be of neighbouring events; they agree when it stands still.
	events, hand atomic.Uint64
	done         atomic.Uint64 // bits of a float64
	at           atomic.Int64

	// The mutex orders the two goroutines that send and keep lines: a stream takes one
	// message at a time.
	mutex           sync.Mutex
	send            func(*pb.BacktestResponse) error
	lines           []*pb.LogLine
	logged, dropped int
}

// Stages of a strategy, in the place of an event's kind.
const (
	stageStart exchange.Kind = 0xff
	stageStop  exchange.Kind = 0xfe
)

// run runs the backtest and tells the host of it meanwhile.
func (r *report) run(ctx context.Context, cfg *backtest.Config, opt backtest.Options) (result *backtest.Result, c *crash, err error) {
	telling, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { r.every(telling) })
	c = catch(func() { result, err = backtest.Run(ctx, cfg, opt) })
	stop()
	wait.Wait()
	r.finish()
	return result, c, err
}

// every reports until the context ends.
func (r *report) every(ctx context.Context) {
	tick := time.NewTicker(reportInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.tell()
		}
	}
}

// tell sends what there is. A host that is gone ends the run by the stream's context, so
// errors need no care.
func (r *report) tell() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.flush()
	_ = r.send(&pb.BacktestResponse{Response: &pb.BacktestResponse_Progress{Progress: &pb.Progress{
		Events: r.events.Load(), Done: math.Float64frombits(r.done.Load()), Handling: r.handling(),
	}}})
}

// progress notes how far the run is. It comes between events.
func (r *report) progress(p backtest.Progress) {
	r.idle()
	r.events.Store(p.Events)
	r.done.Store(math.Float64bits(p.Done))
}

// handle notes what a strategy is about to be given; see backtest.Options.Handling.
func (r *report) handle(strategy int, e *exchange.Event) {
	switch {
	case strategy < 0:
		r.idle()
	case e == nil:
		r.stage(strategy, stageStop)
	default:
		r.at.Store(int64(e.At))
		r.hand.Store(e.Seq<<16 | uint64(e.Kind)<<8 | uint64(strategy+1))
	}
}

func (r *report) stage(strategy int, stage exchange.Kind) {
	r.hand.Store(uint64(stage)<<8 | uint64(strategy+1))
}

func (r *report) idle() { r.hand.Store(0) }

// handling says what is in a strategy's hands, nil for nothing.
func (r *report) handling() *pb.Handling {
	hand := r.hand.Load()
	if hand == 0 {
		return nil
	}
	h := &pb.Handling{Strategy: r.names[hand&0xff-1]}
	switch kind := exchange.Kind(hand >> 8); kind {
	case stageStart:
		h.Stage = "Start"
	case stageStop:
		h.Stage = "Stop"
	default:
		h.Kind, h.Seq, h.At = kind.String(), hand>>16, r.at.Load()
	}
	return h
}

// log keeps a line of a strategy for the next report.
func (r *report) log(label, line string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.logged == wire.RunLogsMax {
		r.dropped++
		return
	}
	r.logged++
	if r.lines = append(r.lines, &pb.LogLine{Strategy: label, Text: wire.LogText(line)}); len(r.lines) == logBatch {
		r.flush()
	}
}

// finish sends the lines that are left.
func (r *report) finish() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.dropped > 0 {
		r.lines = append(r.lines, &pb.LogLine{Text: fmt.Sprintf("%d more log lines dropped", r.dropped)})
	}
	r.flush()
}

func (r *report) flush() {
	if len(r.lines) > 0 {
		_ = r.send(&pb.BacktestResponse{Response: &pb.BacktestResponse_Logs{Logs: &pb.LogLines{Lines: r.lines}}})
		r.lines = nil
	}
}

// program is a strategy of the run whose Start is reported, too.
type program struct {
	backtest.LocalProgram
	report *report
	place  int
}

// Start makes a runtime of a fresh strategy.
func (p program) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (backtest.Player, error) {
	p.report.stage(p.place, stageStart)
	player, err := p.LocalProgram.Start(params, ins, id)
	p.report.idle()
	return player, err
}

// add makes a program of a strategy.
func (r *report) add(name string, fresh func() strategy.Strategy) backtest.Program {
	r.names = append(r.names, name)
	return program{fresh, r, len(r.names) - 1}
}
