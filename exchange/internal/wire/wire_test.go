package wire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is the other end of a pool in memory: each connection is served by a function of the
// test, in the bubble's time.
type server struct {
	t     *testing.T
	pool  *Pool
	conns chan net.Conn
	dials atomic.Int32
	// down refuses connections; slow is how long one takes.
	down atomic.Bool
	slow time.Duration
}

// serving makes a pool in a bubble; serve is called for each connection, on a goroutine.
func serving(t *testing.T, serve func(n int, c net.Conn, in *bufio.Reader), test func(s *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &server{t: t}
		s.pool = New(Config{Host: "127.0.0.1:1", Dial: func(context.Context, string, string) (net.Conn, error) {
			if s.down.Load() {
				return nil, errors.New("no route to host")
			}
			<-time.After(s.slow)
			n := int(s.dials.Add(1))
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				serve(n, theirs, bufio.NewReader(theirs))
			}()
			return ours, nil
		}})
		test(s)
		s.pool.CloseIdle()
		synctest.Wait()
		if open, free := s.counts(); open != 0 || free != 0 {
			t.Errorf("%d connections are open, %d free", open, free)
		}
	})
}

// counts are how many connections are open, and how many of them free.
func (s *server) counts() (open, free int) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return s.pool.open, len(s.pool.idle)
}

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// asked reads one request; false is the end.
func asked(in *bufio.Reader) bool {
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

// polite answers all requests.
func polite(_ int, c net.Conn, in *bufio.Reader) {
	for asked(in) {
		if _, err := io.WriteString(c, okay); err != nil {
			return
		}
	}
}

// post is an order of a sort.
func post(leave func() bool) *Request {
	return &Request{
		Method: "POST", Bytes: []byte("POST /order HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b"), Leave: leave, Timeout: 10 * time.Second,
	}
}

func (s *server) ok() {
	s.t.Helper()
	a, err := s.pool.Do(s.t.Context(), post(nil))
	if err != nil || a.Status != 200 || string(a.Body) != "ok" || a.Err != nil {
		s.t.Fatalf("%+v, %v", a, err)
	}
}

// TestKept: one connection after the other's request, as many as requests at once.
func TestKept(t *testing.T) {
	serving(t, polite, func(s *server) {
		for range 5 {
			s.ok()
		}
		if n := s.dials.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
		done := make(chan struct{})
		for range 3 {
			go func() { s.ok(); done <- struct{}{} }()
		}
		for range 3 {
			<-done
		}
		if n := s.dials.Load(); n < 1 || n > 3 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestIdleEnds: a connection that nobody uses is closed, and no sooner.
func TestIdleEnds(t *testing.T) {
	serving(t, polite, func(s *server) {
		s.ok()
		<-time.After(idleFor - time.Second)
		s.ok()
		<-time.After(idleFor - time.Second)
		synctest.Wait()
		if open, _ := s.counts(); open != 1 || s.dials.Load() != 1 {
			t.Errorf("%d open of %d", open, s.dials.Load())
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if open, _ := s.counts(); open != 0 {
			t.Errorf("%d open", open)
		}
		s.ok()
	})
}

// TestServerCloses: a connection that the server has closed is not written on.
func TestServerCloses(t *testing.T) {
	serving(t, func(n int, c net.Conn, in *bufio.Reader) {
		if asked(in) {
			_, _ = io.WriteString(c, okay)
		}
		if n == 1 {
			<-time.After(time.Second)
			return
		}
		polite(n, c, in)
	}, func(s *server) {
		s.ok()
		<-time.After(2 * time.Second)
		s.ok()
		if n := s.dials.Load(); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestUnsolicited: what comes without having been asked for is no answer to what is asked next.
func TestUnsolicited(t *testing.T) {
	serving(t, func(n int, c net.Conn, in *bufio.Reader) {
		if n > 1 {
			polite(n, c, in)
			return
		}
		asked(in)
		_, _ = io.WriteString(c, okay)
		<-time.After(time.Second)
		_, _ = io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		polite(n, c, in)
	}, func(s *server) {
		s.ok()
		<-time.After(2 * time.Second)
		s.ok()
		if n := s.dials.Load(); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestTwoAnswers: what comes behind an answer ends the connection.
func TestTwoAnswers(t *testing.T) {
	serving(t, func(_ int, c net.Conn, in *bufio.Reader) {
		for asked(in) {
			_, _ = io.WriteString(c, okay+"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
		}
	}, func(s *server) {
		s.ok()
		s.ok()
		if n := s.dials.Load(); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestBroken: a connection that breaks behind the request leaves open what became of it,
// whether it was kept or new, and the request is not sent again.
func TestBroken(t *testing.T) {
	for _, kept := range []bool{false, true} {
		requests := 0
		serving(t, func(_ int, c net.Conn, in *bufio.Reader) {
			for asked(in) {
				if requests++; kept == (requests == 2) {
					return
				}
				_, _ = io.WriteString(c, okay)
			}
		}, func(s *server) {
			if kept {
				s.ok()
			}
			_, err := s.pool.Do(s.t.Context(), post(nil))
			if err == nil || errors.Is(err, ErrNotSent) || !errors.Is(err, io.EOF) {
				t.Errorf("kept %v: %v", kept, err)
			}
			if want := map[bool]int{false: 1, true: 2}[kept]; requests != want {
				t.Errorf("%d requests", requests)
			}
		})
	}
}

// TestHalfWritten: a request of which the server reads a part is given up when patience ends,
// and may have left.
func TestHalfWritten(t *testing.T) {
	serving(t, func(_ int, _ net.Conn, in *bufio.Reader) {
		_, _ = in.Peek(1)
		<-time.After(time.Minute)
	}, func(s *server) {
		r := post(nil)
		r.Bytes = append(r.Bytes, make([]byte, 1<<20)...)
		r.AtOnce = true
		start := time.Now()
		_, err := s.pool.Do(s.t.Context(), r)
		if err == nil || errors.Is(err, ErrNotSent) || time.Since(start) != 5*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		<-time.After(time.Minute)
	})
}

// TestNothingWritten: a request of which nobody takes a byte was not sent, and its answer is
// nobody's.
func TestNothingWritten(t *testing.T) {
	serving(t, func(_ int, _ net.Conn, _ *bufio.Reader) { <-time.After(time.Minute) }, func(s *server) {
		r := post(nil)
		r.AtOnce = true
		if _, err := s.pool.Do(s.t.Context(), r); !errors.Is(err, ErrNotSent) {
			t.Error(err)
		}
		<-time.After(time.Minute)
	})
}

// TestNoConnection: an error of connecting is one of nothing sent.
func TestNoConnection(t *testing.T) {
	serving(t, polite, func(s *server) {
		s.down.Store(true)
		if _, err := s.pool.Do(s.t.Context(), post(nil)); !errors.Is(err, ErrNotSent) || err.Error() != "no route to host" {
			t.Error(err)
		}
	})
}

// TestHeld: Leave is asked once there is a connection, and what it refuses stays.
func TestHeld(t *testing.T) {
	requests := 0
	serving(t, func(_ int, c net.Conn, in *bufio.Reader) {
		for asked(in) {
			requests++
			_, _ = io.WriteString(c, okay)
		}
	}, func(s *server) {
		before := int32(0)
		_, err := s.pool.Do(s.t.Context(), post(func() bool { before = s.dials.Load(); return false }))
		if !errors.Is(err, ErrHeld) || !errors.Is(err, ErrNotSent) || before != 1 || requests != 0 {
			t.Errorf("%v, %d connections before, %d requests", err, before, requests)
		}
		s.ok()
		if s.dials.Load() != 1 {
			t.Error("a connection on which nothing was written was not used")
		}
	})
}

// TestTimeout: no answer in time, and a caller who gives up.
func TestTimeout(t *testing.T) {
	mute := func(_ int, _ net.Conn, in *bufio.Reader) {
		for asked(in) {
		}
	}
	serving(t, mute, func(s *server) {
		start := time.Now()
		_, err := s.pool.Do(s.t.Context(), post(nil))
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNotSent) || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		if _, err = s.pool.Do(ctx, post(nil)); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNotSent) {
			t.Error(err)
		}
		cancelled, stop := context.WithCancel(s.t.Context())
		stop()
		if _, err = s.pool.Do(cancelled, post(nil)); err == nil {
			t.Error("an answer for nobody")
		}
	})
}

// TestEarly: an answer that comes before the request is written stands, and ends the
// connection.
func TestEarly(t *testing.T) {
	serving(t, func(n int, c net.Conn, in *bufio.Reader) {
		if n > 1 {
			polite(n, c, in)
			return
		}
		_, _ = in.Peek(1)
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_, _ = io.Copy(io.Discard, in)
	}, func(s *server) {
		r := post(nil)
		r.Bytes = append(r.Bytes, make([]byte, 1<<16)...)
		if a, err := s.pool.Do(s.t.Context(), r); err != nil || a.Status != 413 {
			t.Errorf("%+v, %v", a, err)
		}
		s.ok()
	})
}

// TestSend: on a reserved connection, without waiting.
func TestSend(t *testing.T) {
	serving(t, polite, func(s *server) {
		if s.pool.Idle() != nil {
			t.Error("a connection out of nothing")
		}
		s.ok()
		synctest.Wait()
		c := s.pool.Idle()
		if c == nil || s.pool.Idle() != nil {
			t.Fatal("one connection is free, and only one")
		}
		landed := make(chan Answer, 2)
		if _, err := c.Send(post(nil), func(a Answer, _ error) { landed <- a }); err != nil {
			t.Fatal(err)
		}
		if a := <-landed; a.Status != 200 {
			t.Errorf("%+v", a)
		}
		synctest.Wait()
		c = s.pool.Idle()
		flight, err := c.Send(post(nil), func(a Answer, _ error) { landed <- a })
		if err != nil {
			t.Fatal(err)
		}
		<-landed
		synctest.Wait()
		flight.Abort(errors.New("too late")) // the connection is somebody else's now
		s.ok()
		if n := s.dials.Load(); n != 1 || len(landed) != 0 {
			t.Errorf("%d connections, %d answers too many", n, len(landed))
		}
	})
}

// TestAbort: a request is given up by whoever sent it.
func TestAbort(t *testing.T) {
	serving(t, func(n int, c net.Conn, in *bufio.Reader) {
		asked(in)
		_, _ = io.WriteString(c, okay)
		asked(in)
		_, _ = io.Copy(io.Discard, in)
	}, func(s *server) {
		s.ok()
		synctest.Wait()
		landed := make(chan error, 1)
		flight, err := s.pool.Idle().Send(post(nil), func(_ Answer, err error) { landed <- err })
		if err != nil {
			t.Fatal(err)
		}
		reason := errors.New("the broker has stopped")
		flight.Abort(reason)
		if err := <-landed; !errors.Is(err, reason) || errors.Is(err, ErrNotSent) {
			t.Error(err)
		}
	})
}

// TestKeep: connections are there before they are needed, anew before they are old, and again
// when they are lost; and a server that is down is not hammered.
func TestKeep(t *testing.T) {
	serving(t, polite, func(s *server) {
		ctx, stop := context.WithCancel(s.t.Context())
		over := make(chan struct{})
		s.slow = 1500 * time.Millisecond
		go func() { defer close(over); s.pool.Keep(ctx, 3) }()
		<-time.After(5 * time.Second)
		synctest.Wait()
		if _, free := s.counts(); s.pool.young() != 3 || free != 3 {
			t.Fatalf("%d are young, %d free", s.pool.young(), free)
		}
		least, most := 3, 3
		for range 600 {
			<-time.After(time.Second)
			synctest.Wait()
			open, free := s.counts()
			least, most = min(least, free), max(most, open)
		}
		if least != 3 || most > 6 {
			t.Errorf("%d free at least, %d open at most", least, most)
		}
		s.down.Store(true)
		for c := s.pool.pop(); c != nil; c = s.pool.pop() {
			c.Abort(errStale)
		}
		<-time.After(10 * time.Minute)
		s.down.Store(false)
		<-time.After(redialMax + 5*time.Second)
		synctest.Wait()
		if _, free := s.counts(); free != 3 {
			t.Errorf("%d are free after the server's return", free)
		}
		stop()
		<-over
	})
}

// TestMany sends from many goroutines over a server that breaks, closes and stalls: each
// request is answered once, and what is not sent was not received.
func TestMany(t *testing.T) {
	var received atomic.Int32
	serving(t, func(n int, c net.Conn, in *bufio.Reader) {
		for i := 0; asked(in); i++ {
			received.Add(1)
			switch (n*7 + i) % 5 {
			case 0:
				return
			case 1:
				_, _ = io.WriteString(c, strings.Replace(okay, "Content-Length", "Connection: close\r\nContent-Length", 1))
			default:
				_, _ = io.WriteString(c, okay)
			}
			if (n+i)%3 == 0 {
				<-time.After(time.Millisecond)
				return
			}
		}
	}, func(s *server) {
		results := make(chan error)
		for g := range 20 {
			go func() {
				for range 50 {
					<-time.After(time.Duration(g%4) * time.Millisecond)
					_, err := s.pool.Do(s.t.Context(), post(nil))
					results <- err
				}
			}()
		}
		sent, broken := 0, 0
		for range 1000 {
			switch err := <-results; {
			case err == nil:
				sent++
			case !errors.Is(err, ErrNotSent):
				broken++
			}
		}
		<-time.After(time.Second)
		t.Logf("%d answered, %d broken, %d received by %d connections", sent, broken, received.Load(), s.dials.Load())
		if n := int(received.Load()); n < sent || n > sent+broken {
			t.Errorf("%d received", n)
		}
	})
}

// TestReservedAndClosed: what comes on a connection between its reservation and its request
// ends it before a byte has left.
func TestReservedAndClosed(t *testing.T) {
	for _, unasked := range []string{"", okay} {
		serving(t, func(_ int, c net.Conn, in *bufio.Reader) {
			asked(in)
			_, _ = io.WriteString(c, okay)
			<-time.After(time.Second)
			_, _ = io.WriteString(c, unasked)
			if unasked == "" {
				return
			}
			if asked(in) {
				t.Error("a request was written behind an answer that nobody had asked for")
			}
		}, func(s *server) {
			s.ok()
			synctest.Wait()
			c := s.pool.Idle()
			<-time.After(2 * time.Second)
			if _, err := c.Send(post(nil), func(Answer, error) { t.Error("an answer") }); !errors.Is(err, ErrNotSent) {
				t.Error(err)
			}
		})
	}
}

// TestLeftOver: a connection on which more came than was asked for is nobody's, not even for a
// moment.
func TestLeftOver(t *testing.T) {
	for more, free := range map[string]bool{"": true, "x": false} {
		serving(t, func(_ int, c net.Conn, in *bufio.Reader) {
			asked(in)
			_, _ = io.WriteString(c, okay)
			asked(in)
			_, _ = io.WriteString(c, okay+more)
			asked(in)
		}, func(s *server) {
			s.ok()
			synctest.Wait()
			found := make(chan bool)
			_, err := s.pool.Idle().Send(post(nil), func(Answer, error) {
				c := s.pool.Idle()
				if c != nil {
					c.Release()
				}
				found <- c != nil
			})
			if err != nil || <-found != free {
				t.Errorf("more %q: %v, or free was not %v", more, err, free)
			}
		})
	}
}
