package host

import (
	"context"
	"errors"
	"fmt"
	"io"

	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
)

// call sends a request and takes the response, within the timeout.
func (s *Session) call(r *pb.PlayRequest) error {
	r.Before = s.held
	s.late.Reset(s.plugin.spec.Timeout)
	var err error
	if s.turns != nil {
		err = s.turns.take(r, &s.response)
	} else if err = s.stream.Send(r); err == nil || errors.Is(err, io.EOF) { // EOF: the reason is to be received
		err = s.stream.RecvMsg(&s.response)
	}
	s.late.Stop()
	s.held = s.held[:0]
	if g, ok := errors.AsType[garbage](err); ok {
		return s.lied(unknownEvent, g.error)
	}
	if err != nil {
		return s.lose(s.plugin.lost(s.ctx, s.doing(unknownEvent), err))
	}
	if f := s.response.GetFailure(); f != nil {
		return s.lose(s.plugin.failed(s.doing(int(f.GetEvent())), f))
	}
	return nil
}

// ask sends a request about count events and takes the answer.
func (s *Session) ask(r *pb.PlayRequest, count int) error {
	s.next, s.upto, s.logs = 0, 0, nil
	if err := s.call(r); err != nil {
		return err
	}
	a := s.response.GetAnswer()
	if a == nil {
		return s.lied(unknownEvent, fmt.Errorf("%T in place of an answer", s.response.Response))
	}
	upto := int(a.GetUpto())
	if upto > count || upto == 0 && count > 0 {
		return s.lied(unknownEvent, fmt.Errorf("it answered for %d of %d events", upto, count))
	}
	if err := s.decoder.Output(a.GetOutput(), &s.last); err != nil {
		return s.lied(upto-1, err)
	}
	if err := checkLogs(a.GetOutput().GetLogs(), max(1, upto)); err != nil {
		return s.lied(upto-1, err)
	}
	s.upto, s.logs = upto, a.GetOutput().GetLogs()
	return nil
}

// unknownEvent stands for an event that only the plugin knows.
const unknownEvent = -1

// doing says what the strategy is at: an event of the batch by its index, or the span of
// the batch.
func (s *Session) doing(event int) string {
	name := s.name
	if name == "" {
		name = s.plugin.list.GetStrategies()[0]
	}
	n := len(s.heads)
	switch {
	case s.stage != "":
		return "in " + s.stage + " of strategy " + name
	case event >= 0 && event < n:
		return fmt.Sprintf("in strategy %s handling %v", name, s.heads[event])
	case n == 1:
		return fmt.Sprintf("in strategy %s handling %v", name, s.heads[0])
	default:
		return fmt.Sprintf("in strategy %s handling one of %d events from %v to %v", name, n, s.heads[0], s.heads[n-1])
	}
}

// lied drops a plugin that broke the protocol: it is not to be trusted with anything.
func (s *Session) lied(event int, err error) error {
	e := s.plugin.fail(Lied, fmt.Sprintf("broke the protocol %s: %v", s.doing(event), err), "", err)
	_ = s.plugin.process.Kill(context.Background())
	return s.lose(e)
}

func (s *Session) misused(format string, args ...any) error {
	return s.lose(s.plugin.fail(Misused, fmt.Sprintf(format, args...), "this is a mistake of pmbot; please report it", nil))
}

// lose ends the session with an error.
func (s *Session) lose(e *Error) error {
	s.err = e
	s.cancel(e)
	s.late.Stop()
	return e
}

// checkLogs checks that log lines belong to the events answered for, in order.
func checkLogs(list []*pb.Log, events int) error {
	if len(list) > wire.LogsMax {
		return fmt.Errorf("%d log lines, more than %d", len(list), wire.LogsMax)
	}
	last := uint32(0)
	for _, l := range list {
		if l.GetEvent() < last || int(l.GetEvent()) >= events {
			return fmt.Errorf("log line of event %d after %d of %d", l.GetEvent(), last, events)
		}
		last = l.GetEvent()
	}
	return nil
}

// logTexts are the lines, fit to be printed.
func logTexts(list []*pb.Log) []string {
	var lines []string
	for _, l := range list {
		lines = append(lines, wire.Printable(l.GetText(), wire.LogBytesMax))
	}
	return lines
}
