package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/pmbot/pmbot/exchange"
	pb "github.com/pmbot/pmbot/plugins/proto"
	"github.com/pmbot/pmbot/plugins/wire"
	"github.com/pmbot/pmbot/strategy"
)

// script is a link whose other end a test plays.
type script struct {
	requests  chan *pb.PlayRequest // sent; it has room for more than the window
	responses chan *pb.PlayResponse
	once      sync.Once
}

func (s *script) send(b []byte) {
	r := &pb.PlayRequest{}
	if err := proto.Unmarshal(b[frameRoom:], r); err != nil {
		panic(err)
	}
	s.requests <- r
}

func (s *script) next() ([]byte, error) {
	r, ok := <-s.responses
	if !ok {
		return nil, io.EOF
	}
	return proto.Marshal(r)
}

func (s *script) close() { s.once.Do(func() { close(s.responses) }) }
func (s *script) wait()  {}

func (s *script) answer(requests uint32, upto uint32) {
	s.responses <- &pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: &pb.Answer{Upto: upto, Requests: requests}}}
}

// scripted makes a session on a script, without a process, with a timeout of 4 s.
func scripted(t *testing.T, wish func(Wishes)) (*Live, *script, chan error) {
	t.Helper()
	ins, err := exchange.NewInstruments(exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &script{requests: make(chan *pb.PlayRequest, 2*windowMax), responses: make(chan *pb.PlayResponse)}
	ended := make(chan error, 1)
	l := &Live{
		plugin: &Plugin{
			spec: Spec{Name: "script"}, output: &output{log: slog.New(slog.DiscardHandler)}, ctx: ctx, cancel: cancel,
			process: &process{ended: make(chan struct{})},
		},
		config: LiveConfig{Instruments: ins, ID: 1, Wish: wish, Ended: func(err error) { ended <- err }, Timeout: 4 * time.Second},
		name:   "script", log: slog.New(slog.DiscardHandler), done: make(chan struct{}), link: s, told: &pb.LiveStarted{}, handing: true,
		decoder: wire.Decoder{Instruments: ins, Strategy: 1}, timers: map[exchange.Timer]int{},
		wants: []strategy.Subscription{{Inst: 1, Kind: exchange.KindTrade}},
	}
	l.config.setDefaults()
	l.queue.tradesMax, l.asked = l.config.TradesMax, newQuotas(l.config.IntentsMax)
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.play()
	return l, s, ended
}

func trade(seq uint64) *exchange.Event {
	e := &exchange.Event{Seq: seq, At: exchange.Time(seq), Inst: 1}
	e.SetTrade(exchange.Trade{Price: 1})
	return e
}

// TestWatch holds when a program counts as hung: not while it has nothing to do, not while
// it says that it handles what it was asked, and not while we do not read its answers.
func TestWatch(t *testing.T) {
	hung := func(t *testing.T, ended chan error, least, most time.Duration, from time.Time) {
		t.Helper()
		var e *Error
		if err := <-ended; !errors.As(err, &e) || e.Kind != Hung {
			t.Errorf("it ends with %v", err)
		}
		if took := time.Since(from); took < least || took > most {
			t.Errorf("noticed after %v", took)
		}
	}
	t.Run("silent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, _, ended := scripted(t, nil)
			<-time.After(time.Hour) // nothing to do
			from := time.Now()
			l.Deliver(trade(1))
			hung(t, ended, 4*time.Second, 6*time.Second, from)
		})
	})
	t.Run("alive", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, s, ended := scripted(t, nil)
			l.Deliver(trade(1))
			for range 100 { // it handles quiet events, and answers only when it is asked to
				<-s.requests
				sync := <-s.requests
				if sync.GetSync() == nil {
					t.Fatalf("asked %v", sync)
				}
				<-time.After(3 * time.Second)
				s.answer(2, 0)
				l.Deliver(trade(2))
			}
			if len(ended) > 0 {
				t.Errorf("it ended with %v", <-ended)
			}
			hung(t, ended, 4*time.Second, 6*time.Second, time.Now())
		})
	})
	t.Run("we do not read", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			busy := make(chan struct{})
			l, s, ended := scripted(t, func(Wishes) { <-busy })
			l.Deliver(trade(1))
			l.Deliver(trade(2))
			s.responses <- &pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: &pb.Answer{Upto: 1, Output: &pb.Output{
				Timers: []*pb.Timer{{Id: 1}},
			}}}}
			<-time.After(time.Hour)
			l.Deliver(trade(3)) // nobody waits
			if len(ended) > 0 {
				t.Errorf("it ended with %v", <-ended)
			}
			close(busy)
			from := time.Now()
			hung(t, ended, 4*time.Second, 6*time.Second, from)
		})
	})
}

// TestDeliverNeverWaits delivers to a program that does not read: the window fills, the rest
// waits within its limit, and the last event too many ends the session.
func TestDeliverNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, ended := scripted(t, nil)
		fills := 0
		for ; len(ended) == 0 && fills < 1e6; fills++ {
			e := &exchange.Event{Seq: uint64(fills), Inst: 1}
			e.SetFill(&exchange.Fill{Strategy: 1})
			l.Deliver(e)
			synctest.Wait() // what has room in the window is on its way
		}
		var e *Error
		if err := <-ended; !errors.As(err, &e) || e.Kind != Hung {
			t.Errorf("it ends with %v", err)
		}
		if len(s.requests) != windowMax || fills != windowMax+l.config.WaitingMax+1 {
			t.Errorf("%d sent, %d delivered", len(s.requests), fills)
		}
		l.Deliver(trade(1)) // harmless
		l.Close()
	})
}

// TestAnswersInTurn holds answers against the requests that they are for.
func TestAnswersInTurn(t *testing.T) {
	for name, c := range map[string]struct {
		ask      func(*Live)
		requests uint32
		upto     uint32
	}{
		"more than were asked":         {func(l *Live) { l.Deliver(trade(1)) }, 2, 1},
		"an event not handled":         {func(l *Live) { l.Deliver(trade(1)) }, 1, 0},
		"many events at once":          {func(l *Live) { l.Deliver(trade(1)) }, 1, 2},
		"an answer in place of a save": {func(l *Live) { go l.Save(l.ctx); synctest.Wait() }, 1, 0},
		"past a save": {func(l *Live) {
			go l.Save(l.ctx)
			synctest.Wait()
			l.Deliver(trade(1))
		}, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s, ended := scripted(t, nil)
				l.told.Saves = true
				c.ask(l)
				s.answer(c.requests, c.upto)
				var e *Error
				if err := <-ended; !errors.As(err, &e) || e.Kind != Lied {
					t.Errorf("it ends with %v", err)
				}
			})
		})
	}
}

// TestBadAnswerIsNamed: an answer that breaks the protocol is that of its own event, also if it was
// the last that was waited for.
func TestBadAnswerIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, ended := scripted(t, nil)
		l.Deliver(trade(7))
		s.responses <- &pb.PlayResponse{Response: &pb.PlayResponse_Answer{Answer: &pb.Answer{
			Upto: 1, Output: &pb.Output{Logs: []*pb.Log{{Event: 3, Text: "from the future"}}},
		}}}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "in strategy script handling TRADE seq 7") {
			t.Errorf("it ends with %v", err)
		}
	})
}
