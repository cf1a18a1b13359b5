package host

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// savedAnswer is the answer of a save.
type savedAnswer struct {
	saved *strategy.Saved
	err   error
}

// Save asks for the strategy's memory as it is after what was delivered before, and waits
// for it: nil if the strategy keeps none. That a strategy cannot save ends nothing.
func (l *Live) Save(ctx context.Context) (*strategy.Saved, error) {
	if !l.told.GetSaves() {
		return nil, l.Err()
	}
	c := make(chan savedAnswer, 1)
	l.mutex.Lock()
	if l.ended || l.stopping {
		defer l.mutex.Unlock()
		return nil, l.gone()
	}
	err := l.put(request{kind: aSave, saved: c}, l.encoder.save)
	l.mutex.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a := <-c:
		return a.saved, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.done:
		select {
		case a := <-c:
			return a.saved, a.err
		default:
			return nil, l.gone()
		}
	}
}

// Settle waits until the strategy has handled all that was delivered, and what it asked for
// has been passed on.
func (l *Live) Settle(ctx context.Context) error {
	l.mutex.Lock()
	if l.ended || l.sent.count == 0 && l.queue.count == 0 && !l.handing {
		defer l.mutex.Unlock()
		return l.settled()
	}
	c := make(chan struct{})
	l.idle = append(l.idle, c)
	if l.told != nil {
		_ = l.put(request{kind: aSync}, l.encoder.sync)
	}
	l.mutex.Unlock()
	select {
	case <-c:
		l.mutex.Lock()
		defer l.mutex.Unlock()
		return l.settled()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *Live) settled() error {
	if l.ended {
		return l.gone()
	}
	return nil
}

// Stop ends the strategy in good order, after all that was delivered before, and waits for
// the end. What it asks for in its Stop is passed on first. Ended is not called, but where the
// strategy fails on the way.
func (l *Live) Stop(ctx context.Context, at exchange.Time) error {
	l.mutex.Lock()
	if !l.ended && !l.stopping {
		l.stopping = true
		r := request{kind: aStop, head: head{at: at}}
		if err := l.put(r, func(b []byte) ([]byte, error) { return l.encoder.stop(b, at) }); err != nil {
			l.end(l.misused("%v", err))
		}
	}
	l.mutex.Unlock()
	select {
	case <-l.done:
		return l.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends the session at once and waits until nothing of it is left. The strategy is not
// asked, Ended is not called, and the process goes on until the plugin is closed. It must
// not be called from Wish or Ended.
func (l *Live) Close() {
	l.mutex.Lock()
	l.end(nil)
	l.mutex.Unlock()
	<-l.done
}

// encoder encodes requests, with messages that are used again and again.
type encoder struct {
	request pb.PlayRequest
	rows    pb.PlayRequest_Batch
	own     pb.PlayRequest_Event
}

// event appends an event as a request to room for a link's own use.
func (c *encoder) event(b []byte, e *exchange.Event, warming bool) ([]byte, error) {
	if wire.HasRow(e.Kind) {
		if c.rows.Batch == nil {
			c.rows.Batch = &pb.Batch{Count: 1}
		}
		c.rows.Batch.Warming, c.rows.Batch.Rows = warming, wire.AppendRow(c.rows.Batch.Rows[:0], e)
		c.request.Request = &c.rows
		return c.finish(b)
	}
	p, err := wire.EncodeEvent(e)
	if err != nil {
		return b, err
	}
	p.Warming = warming
	c.own.Event, c.request.Request = p, &c.own
	return c.finish(b)
}

func (c *encoder) stop(b []byte, at exchange.Time) ([]byte, error) {
	c.request.Request = &pb.PlayRequest_Stop{Stop: &pb.Stop{At: int64(at)}}
	return c.finish(b)
}

func (c *encoder) save(b []byte) ([]byte, error) {
	c.request.Request = &pb.PlayRequest_Save{Save: &pb.Save{}}
	return c.finish(b)
}

func (c *encoder) sync(b []byte) ([]byte, error) {
	c.request.Request = &pb.PlayRequest_Sync{Sync: &pb.Sync{}}
	return c.finish(b)
}

func (c *encoder) finish(b []byte) ([]byte, error) {
	return proto.MarshalOptions{}.MarshalAppend(wire.OpenFrame(b), &c.request)
}
