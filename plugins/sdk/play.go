package sdk

import (
	"errors"
	"fmt"
	"io"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/socket"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// Play runs one instance of a strategy, in lockstep with the host or live.
func (s *service) Play(stream pb.StrategyService_PlayServer) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	p, started, failure := s.start(request.GetStart())
	if failure != nil {
		return stream.Send(&pb.PlayResponse{Response: &pb.PlayResponse_Failure{Failure: failure}})
	}
	response := &pb.PlayResponse{Response: &pb.PlayResponse_Started{Started: started}}
	if conn := s.connectFor(request.GetStart(), started); conn != nil {
		if err := stream.Send(response); err != nil {
			conn.Close()
			return err
		}
		return s.playSocket(p, conn, started.GetSocket(), stream.Context())
	}
	for {
		if err := stream.Send(response); err != nil {
			return err
		}
		if p.stopped {
			return nil
		}
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		failure, crashed := p.handle(request)
		if failure != nil {
			err := stream.Send(&pb.PlayResponse{Response: &pb.PlayResponse_Failure{Failure: failure}})
			if crashed != nil && err == nil {
				s.exitAfterCrash(stream.Context(), crashed)
			}
			return err
		}
		response = p.response
	}
}

// connectFor takes the socket that the host offers for the play, if it does, and says so in the
// answer.
func (s *service) connectFor(start *pb.Start, started *pb.Started) *socket.Conn {
	if live := start.GetLive(); live != nil {
		conn := s.connect(live)
		started.Live.Socket = conn != nil
		return conn
	}
	conn := s.connect(start)
	started.Socket = conn != nil
	return conn
}

// handle answers a request, or says why that failed and whether the strategy's code crashed.
func (p *play) handle(r *pb.PlayRequest) (*pb.Failure, *crash) {
	var err error
	if c := catch(func() { err = p.answer(r) }); c != nil {
		return c.failure(p.event), c
	}
	if err != nil {
		return &pb.Failure{Fault: pb.Fault_FAULT_PMBOT, What: err.Error(), Event: int32(p.event)}, nil
	}
	return nil, nil
}

// play is one instance of a strategy.
type play struct {
	runtime *strategy.Runtime
	decoder wire.Decoder
	rows    wire.Rows
	// event is the index of the event in the strategy's hands, -1 for none.
	event   int
	stopped bool
	// current is the event that is handled, response and answered the message that is
	// sent; they are reused, for lockstep has at most one of each in flight.
	current  exchange.Event
	response *pb.PlayResponse
	answered *pb.Answer
	answers  pb.PlayResponse_Answer
}

func (s *service) start(r *pb.Start) (*play, *pb.Started, *pb.Failure) {
	if r == nil {
		return nil, nil, &pb.Failure{Fault: pb.Fault_FAULT_PMBOT, What: "the first message of a play is not a start", Event: -1}
	}
	fresh, failure := s.find(r.GetStrategy())
	if failure != nil {
		return nil, nil, failure
	}
	ins, err := wire.DecodeInstruments(r.GetInstruments())
	if err != nil {
		return nil, nil, &pb.Failure{Fault: pb.Fault_FAULT_PMBOT, What: err.Error(), Event: -1}
	}
	id := exchange.StrategyID(r.GetStrategyId())
	p := &play{decoder: wire.Decoder{Instruments: ins, Strategy: id}, event: -1, answered: &pb.Answer{}, response: &pb.PlayResponse{}}
	p.answers.Answer = p.answered
	from, err := p.decoder.Resume(r.GetLive().GetResume())
	if err != nil {
		return nil, nil, &pb.Failure{Fault: pb.Fault_FAULT_PMBOT, What: err.Error(), Event: -1}
	}
	begin := func() {
		if from == nil {
			p.runtime, err = strategy.NewRuntime(fresh(), r.GetParams(), ins, id)
		} else {
			p.runtime, err = strategy.ResumeRuntime(fresh(), r.GetParams(), ins, id, from)
		}
	}
	if c := catch(begin); c != nil {
		fmt.Fprintf(s.stderr, "panic: %s\n\n%s", c.value, c.stack)
		return nil, nil, c.failure(-1)
	}
	if err != nil {
		return nil, nil, failureOf(err)
	}
	out := p.runtime.Started()
	started := &pb.Started{Subscriptions: wire.EncodeSubscriptions(p.runtime.Subscriptions()), Output: wire.EncodeOutput(out)}
	started.Output.Logs = wire.AppendLogs(nil, 0, out.Logs)
	started.Handlers = wire.EncodeHandlers(p.runtime.Handles)
	if r.GetLive() != nil {
		started.Live = &pb.LiveStarted{Resumes: true, Saves: p.runtime.Saves()}
	}
	return p, started, nil
}

// answer handles one request and leaves the response in p.response. An error is the
// host's mistake.
func (p *play) answer(r *pb.PlayRequest) error {
	p.answered.Reset()
	p.response.Response = &p.answers
	p.event = -1
	for _, e := range r.GetBefore() {
		p.runtime.SetWarming(e.GetWarming())
		if err := p.decoder.Event(e, &p.current); err != nil {
			return err
		}
		if out := p.runtime.Deliver(&p.current); !out.Empty() {
			return fmt.Errorf("a %v was sent as if the strategy had no code for it", p.current.Kind)
		}
	}
	switch r := r.GetRequest().(type) {
	case *pb.PlayRequest_Batch:
		return p.batch(r.Batch)
	case *pb.PlayRequest_Event:
		p.runtime.SetWarming(r.Event.GetWarming())
		if err := p.decoder.Event(r.Event, &p.current); err != nil {
			return err
		}
		p.event = 0
		p.finish(1, p.runtime.Deliver(&p.current))
		return nil
	case *pb.PlayRequest_Sync:
		return nil
	case *pb.PlayRequest_Save:
		p.response.Response = &pb.PlayResponse_Saved{Saved: wire.EncodeSaved(p.runtime.Save())}
		return nil
	case *pb.PlayRequest_Stop:
		p.stopped = true
		p.finish(0, p.runtime.Stop(exchange.Time(r.Stop.GetAt())))
		return nil
	default:
		return errors.New("a request of a kind that this program does not know; build it with a newer pmbot")
	}
}

// batch delivers events until the strategy asks for something.
func (p *play) batch(b *pb.Batch) error {
	p.runtime.SetWarming(b.GetWarming())
	p.rows.Reset(b.GetRows(), p.decoder.Instruments.Len())
	count := int(b.GetCount())
	if count == 0 {
		return errors.New("batch without events")
	}
	for i := range count {
		if err := p.rows.Next(&p.current); err != nil {
			return fmt.Errorf("event %d of %d: %w", i+1, count, err)
		}
		p.event = i
		out := p.runtime.Deliver(&p.current)
		if len(out.Intents) > 0 || len(out.Timers) > 0 || i == count-1 {
			p.finish(i+1, out)
			return nil
		}
		if len(out.Logs) > 0 {
			if p.answered.Output == nil {
				p.answered.Output = &pb.Output{}
			}
			p.answered.Output.Logs = wire.AppendLogs(p.answered.Output.Logs, i, out.Logs)
		}
	}
	return nil
}

// finish writes the answer after the last event handled.
func (p *play) finish(upto int, out *strategy.Output) {
	p.answered.Upto = uint32(upto)
	if out.Empty() {
		return
	}
	logs := p.answered.GetOutput().GetLogs()
	p.answered.Output = wire.EncodeOutput(out)
	p.answered.Output.Logs = wire.AppendLogs(logs, max(0, upto-1), out.Logs)
}
