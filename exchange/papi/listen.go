package papi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange/internal/ws"
)

const (
	// keepEvery is how often the listenKey is extended, which lives for 60 minutes; after a
	// failure it is tried again after keepAgain.
	keepEvery, keepAgain = 25 * time.Minute, time.Minute
	// rotateAfter is the age at which a connection gets a successor unless it is configured:
	// the exchange closes it after 24 hours. Both are read for overlap.
	rotateAfter, overlap = 23 * time.Hour, 10 * time.Second
	// silenceMax is how long nothing may come, pings included: two of those that come every
	// three minutes, and a minute.
	silenceMax = 7 * time.Minute
	// pauseFirst is the wait before connecting again, which doubles up to pauseMost and
	// begins anew behind a connection that lasted for steady.
	pauseFirst, pauseMost, steady = 500 * time.Millisecond, 30 * time.Second, time.Minute
)

// What the stream tells the owner.
type (
	// opened: a connection is there, and events come.
	opened struct{}
	// lost: there is none any more.
	lost struct{ why string }
	// notice is one for a person or the loop.
	notice struct {
		kind NoticeKind
		text string
	}
	// frame is an event, or why there is none.
	frame struct {
		event any
		err   error
	}
)

// tell gives the owner a message, unless the context ends.
func (b *Broker) tell(ctx context.Context, m any) {
	select {
	case b.inbox <- m:
	case <-ctx.Done():
	}
}

// listen keeps a connection to the user stream until the context ends. It is the one place
// that asks for a listenKey, so no two callers do at once; and it never closes the key, which
// other processes of the account share.
func (b *Broker) listen(ctx context.Context) {
	random := rand.New(rand.NewPCG(b.config.Seed, 0x706170692f777373))
	pause := pauseFirst
	for ctx.Err() == nil {
		began := time.Now()
		why := b.session(ctx)
		b.tell(ctx, lost{why})
		if time.Since(began) > steady {
			pause = pauseFirst
		}
		timer := time.NewTimer(pause/2 + time.Duration(random.Int64N(int64(pause))))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, pauseMost)
	}
}

// session is one connection, and its successors: from a listenKey to the loss. It says why
// it ended.
func (b *Broker) session(ctx context.Context) string {
	select {
	case <-b.kick: // it was about the connection before
	default:
	}
	s := &session{Broker: b, ended: make(chan end, 2)}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithCancel(ctx)
	defer func() {
		cancel()
		s.readers.Wait()
	}()
	if err := s.connect(); err != nil {
		b.tell(ctx, notice{NoticeKey, err.Error()})
		return err.Error()
	}
	b.tell(ctx, opened{})
	return s.keep()
}

// session has the connections of a listenKey: the current one and for a while the one before.
type session struct {
	*Broker
	ctx     context.Context
	key     string
	current *ws.Conn
	before  *ws.Conn
	ended   chan end
	readers sync.WaitGroup
}

// end says why a connection is over.
type end struct {
	conn *ws.Conn
	err  error
}

// connect asks for a listenKey, which may be the one that there is, and connects with it.
// The errors hold no key.
func (s *session) connect() error {
	key, err := s.config.Client.NewListenKey(s.ctx)
	if err != nil {
		return fmt.Errorf("listenKey: %w", err)
	}
	conn, err := ws.Dial(s.ctx, ws.Config{
		URL: s.stream + "/ws/" + url.PathEscape(key), Dial: s.config.Dial, SilenceMax: silenceMax,
	})
	if err != nil {
		return fmt.Errorf("user stream: %w", err)
	}
	s.key, s.before, s.current = key, s.current, conn
	s.readers.Go(func() { s.read(conn) })
	return nil
}

// read brings the owner what a connection says, until it is over or the session is.
func (s *session) read(conn *ws.Conn) {
	stop := context.AfterFunc(s.ctx, func() { conn.Close() })
	defer func() {
		stop()
		conn.Close()
	}()
	for {
		message, err := conn.Read()
		if err != nil {
			select {
			case s.ended <- end{conn, err}:
			case <-s.ctx.Done():
			}
			return
		}
		event, err := parseEvent(message)
		s.tell(s.ctx, frame{event, err})
	}
}

// keep extends the listenKey and rotates the connection until that is lost.
func (s *session) keep() string {
	extend, rotate, retire := time.NewTimer(s.extendEvery()), time.NewTimer(s.config.Rotate), time.NewTimer(overlap)
	retire.Stop()
	defer extend.Stop()
	defer rotate.Stop()
	defer retire.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return "the broker has stopped"
		case why := <-s.kick:
			return why
		case e := <-s.ended:
			if e.conn == s.current {
				return e.err.Error()
			}
		case <-extend.C:
			again, why := s.extend()
			if why != "" {
				return why
			}
			extend.Reset(again)
		case <-rotate.C:
			if err := s.connect(); err != nil {
				s.tell(s.ctx, notice{NoticeKey, err.Error()})
				rotate.Reset(keepAgain)
				continue
			}
			rotate.Reset(s.config.Rotate)
			retire.Reset(overlap)
		case <-retire.C:
			if s.before != nil {
				s.before.Close()
				s.before = nil
			}
		}
	}
}

// extend keeps the listenKey alive and says when to do so again, or why the connection is of
// no use any more: the key is gone, or there is another one.
func (s *session) extend() (again time.Duration, why string) {
	err := s.config.Client.KeepListenKey(s.ctx)
	if err == nil {
		return s.extendEvery(), ""
	}
	s.tell(s.ctx, notice{NoticeKey, err.Error()})
	var e *Error
	if errors.As(err, &e) && e.Code == codeNoListenKey {
		return 0, "the listenKey is gone"
	}
	key, err := s.config.Client.NewListenKey(s.ctx)
	switch {
	case err != nil:
		return keepAgain, ""
	case key != s.key:
		return 0, "there is another listenKey"
	}
	return s.extendEvery(), ""
}

// extendEvery is how often the listenKey is extended: by its own life, and within that of each
// connection.
func (s *session) extendEvery() time.Duration { return min(keepEvery, s.config.Rotate/2) }

// codeNoListenKey answers a keepalive when there is no key.
const codeNoListenKey = -1125
