package host

import (
	"context"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// Session is one instance of a strategy, played in lockstep: what it is given it has
// handled when the call returns. It has the methods of backtest.Player and, like that,
// one caller at a time. After an error the session is lost, and every later call
// returns the same error.
type Session struct {
	plugin *Plugin
	name   string
	id     exchange.StrategyID
	ctx    context.Context
	cancel context.CancelCauseFunc
	stream pb.StrategyService_PlayClient
	// turns is the socket on which requests travel once the play has started; nil for a
	// program that does not take it, with which they stay on the stream.
	turns *turns
	// late cancels the stream when an answer takes too long.
	late    *time.Timer
	decoder wire.Decoder
	wants   []strategy.Subscription
	started strategy.Output
	err     error
	warming bool
	// stage is "Start" or "Stop" while the strategy is in these, else empty.
	stage string

	// handlers are the strategy's abilities. Events that it has no code for wait in held
	// and go out with the next request.
	handlers *pb.Handlers
	held     []*pb.Event

	// heads are the announced events and rows their encoding. The plugin has handled
	// those before upto; next is the one to be delivered.
	heads      []head
	rows       []byte
	next, upto int
	// last is the output of the last event handled, and logs the lines of all.
	last strategy.Output
	logs []*pb.Log
	// current is what Deliver returns; the messages are reused, because lockstep has at
	// most one of each in flight.
	current  strategy.Output
	response pb.PlayResponse
}

// head tells one event from the next.
type head struct {
	seq          uint64
	at, exchange exchange.Time
	kind         exchange.Kind
	inst         exchange.InstrumentID
}

func headOf(e *exchange.Event) head { return head{e.Seq, e.At, e.Exchange, e.Kind, e.Inst} }

// is says whether the event is the announced one, which may have been without number.
func (h head) is(e *exchange.Event) bool {
	return h.at == e.At && h.exchange == e.Exchange && h.kind == e.Kind && h.inst == e.Inst
}

func (h head) String() string { return fmt.Sprintf("%v seq %d at %v", h.kind, h.seq, h.at) }

// Start starts an instance of a strategy; an empty name means the only one. The
// instruments are the run's and id the strategy's place in the configuration.
func (p *Plugin) Start(name string, params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (*Session, error) {
	s := &Session{plugin: p, name: name, id: id, decoder: wire.Decoder{Instruments: ins, Strategy: id}, stage: "Start"}
	s.ctx, s.cancel = context.WithCancelCause(p.ctx)
	s.late = time.AfterFunc(p.spec.Timeout, func() { s.cancel(errLate) })
	var err error
	if s.stream, err = p.service.Play(s.ctx); err != nil {
		return nil, s.lose(p.lost(s.ctx, s.doing(unknownEvent), err))
	}
	offer := p.offer(p.spec.NoSocket)
	defer offer.withdraw()
	err = s.call(&pb.PlayRequest{Request: &pb.PlayRequest_Start{Start: &pb.Start{
		Strategy: name, Params: params, Instruments: wire.EncodeInstruments(ins), StrategyId: uint32(id),
		Socket: offer.path(), Token: offer.token,
	}}})
	if err != nil {
		return nil, err
	}
	started := s.response.GetStarted()
	if started == nil {
		return nil, s.lied(unknownEvent, fmt.Errorf("%T in place of started", s.response.Response))
	}
	if started.GetSocket() {
		conn, err := offer.taken()
		if err != nil {
			return nil, s.lied(unknownEvent, fmt.Errorf("it says that it is connected to the socket, but: %w", err))
		}
		s.turns = newTurns(conn)
		context.AfterFunc(s.ctx, s.turns.end)
	}
	if s.wants, err = wire.DecodeSubscriptions(started.GetSubscriptions(), ins); err != nil {
		return nil, s.lied(unknownEvent, err)
	}
	if err := s.decoder.Output(started.GetOutput(), &s.started); err != nil {
		return nil, s.lied(unknownEvent, err)
	}
	if err = checkLogs(started.GetOutput().GetLogs(), 1); err != nil {
		return nil, s.lied(unknownEvent, err)
	}
	s.started.Logs, s.started.Subscriptions = logTexts(started.GetOutput().GetLogs()), s.wants
	s.stage, s.handlers = "", started.GetHandlers()
	return s, nil
}

// Subscriptions is what the strategy asked to see in Start.
func (s *Session) Subscriptions() []strategy.Subscription { return s.wants }

// Started is what else it asked for there.
func (s *Session) Started() *strategy.Output { return &s.started }

// Wants says whether the strategy is to be given the event. It costs no message.
func (s *Session) Wants(e *exchange.Event) bool { return strategy.Wants(e, s.wants, s.id) }

// SetWarming marks the following events as history, or ends that.
func (s *Session) SetWarming(on bool) error {
	if s.err == nil && on != s.warming && s.next < s.upto {
		return s.misused("warming changed before %v was delivered", s.heads[s.next])
	}
	s.warming = on
	return s.err
}

// Ahead sends events that will be delivered next, in one message, at most wire.BatchMax
// of them and only the leading ones that travel in batches. The plugin handles them
// until the first that makes the strategy ask for something.
func (s *Session) Ahead(events []exchange.Event) error {
	if s.err != nil {
		return s.err
	}
	if s.next < s.upto {
		return s.misused("events announced before %v was delivered", s.heads[s.next])
	}
	s.heads, s.rows = s.heads[:0], s.rows[:0]
	for i := range events[:min(len(events), wire.BatchMax)] {
		e := &events[i]
		if !wire.HasRow(e.Kind) {
			break
		}
		s.heads, s.rows = append(s.heads, headOf(e)), wire.AppendRow(s.rows, e)
	}
	if len(s.heads) == 0 {
		s.next, s.upto = 0, 0
		return nil
	}
	return s.batch()
}

// Deliver gives the strategy one event and returns what it asked for in reply, good
// until the next call. Events that the plugin has handled ahead cost no message.
func (s *Session) Deliver(e *exchange.Event) (*strategy.Output, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.next < s.upto {
		return s.serve(e)
	}
	if wire.HasRow(e.Kind) {
		s.heads = append(s.heads[:0], headOf(e))
		s.rows = wire.AppendRow(s.rows[:0], e)
		if err := s.batch(); err != nil {
			return nil, err
		}
		return s.serve(e)
	}
	p, err := wire.EncodeEvent(e)
	if err != nil {
		return nil, s.misused("%v", err)
	}
	p.Warming = s.warming
	if !wire.Handles(s.handlers, e.Kind) && len(s.held) < heldMax {
		s.held = append(s.held, p)
		s.current = strategy.Output{}
		return &s.current, nil
	}
	s.heads = append(s.heads[:0], headOf(e))
	if err := s.ask(&pb.PlayRequest{Request: &pb.PlayRequest_Event{Event: p}}, 1); err != nil {
		return nil, err
	}
	return s.serve(e)
}

// heldMax bounds the events that wait for the next request.
const heldMax = 1024

// serve answers from what the plugin has handled.
func (s *Session) serve(e *exchange.Event) (*strategy.Output, error) {
	if !s.heads[s.next].is(e) {
		return nil, s.misused("%v was delivered where %v was announced", headOf(e), s.heads[s.next])
	}
	out := &s.current
	out.Intents, out.Timers, out.Logs = nil, nil, out.Logs[:0]
	for len(s.logs) > 0 && int(s.logs[0].GetEvent()) == s.next {
		out.Logs = append(out.Logs, wire.Printable(s.logs[0].GetText(), wire.LogBytesMax))
		s.logs = s.logs[1:]
	}
	s.next++
	if s.next == s.upto {
		out.Intents, out.Timers = s.last.Intents, s.last.Timers
	}
	return out, nil
}

// Stop ends the strategy in good order and returns what it asked for at the end. The
// session is over then.
func (s *Session) Stop(at exchange.Time) (*strategy.Output, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.stage = "Stop"
	if err := s.ask(&pb.PlayRequest{Request: &pb.PlayRequest_Stop{Stop: &pb.Stop{At: int64(at)}}}, 0); err != nil {
		return nil, err
	}
	s.current = strategy.Output{Intents: s.last.Intents, Timers: s.last.Timers, Logs: logTexts(s.logs)}
	s.err = &Error{Kind: Misused, Plugin: s.plugin.spec.Name, What: "the session is stopped"}
	s.cancel(nil)
	return &s.current, nil
}

// batch sends the announced rows.
func (s *Session) batch() error {
	return s.ask(&pb.PlayRequest{Request: &pb.PlayRequest_Batch{Batch: &pb.Batch{
		Warming: s.warming, Count: uint32(len(s.heads)), Rows: s.rows,
	}}}, len(s.heads))
}
