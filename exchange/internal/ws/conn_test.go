package ws

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// pipes is a listener whose connections are pipes in memory, so that time may be virtual.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers every connection with serve, and is over when the test is.
func serve(t testing.TB, talk func(*websocket.Conn)) *pipes {
	t.Helper()
	p := newPipes()
	var talks sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{WriteBufferSize: 64 << 10}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		talks.Add(1)
		defer talks.Done()
		defer c.Close()
		talk(c)
	})}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = server.Serve(p)
	}()
	t.Cleanup(func() {
		server.Close()
		talks.Wait()
		<-over
	})
	return p
}

// in runs a test in virtual time, with its own clean-up inside of it.
func in(t *testing.T, test func(t *testing.T)) { synctest.Test(t, test) }

func dial(t testing.TB, p *pipes, c Config) *Conn {
	t.Helper()
	c.URL, c.Dial = "ws://stream.test/ws/secretkey", p.dial
	conn, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestReadAndWrite(t *testing.T) {
	in(t, func(t *testing.T) {
		p := serve(t, func(c *websocket.Conn) {
			for {
				kind, message, err := c.ReadMessage()
				if err != nil {
					return
				}
				if err := c.WriteMessage(kind, append(message, '!')); err != nil {
					return
				}
			}
		})
		c := dial(t, p, Config{})
		for _, text := range []string{"one", "two"} {
			if err := c.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			got, err := c.Read()
			if err != nil || string(got) != text+"!" {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}

// TestPingsKeepAlive: pings alone keep a connection open and are answered; without them it
// is dead after the silence allowed, and says so.
func TestPingsKeepAlive(t *testing.T) {
	in(t, func(t *testing.T) {
		pongs := make(chan string, 16)
		p := serve(t, func(c *websocket.Conn) {
			c.SetPongHandler(func(payload string) error { pongs <- payload; return nil })
			go func() {
				for i := range 5 {
					<-time.After(3 * time.Minute)
					if c.WriteControl(websocket.PingMessage, []byte{byte('a' + i)}, time.Now().Add(time.Second)) != nil {
						return
					}
				}
			}()
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		})
		start := time.Now()
		c := dial(t, p, Config{})
		_, err := c.Read()
		if !errors.Is(err, ErrSilent) {
			t.Errorf("read: %v", err)
		}
		if took := time.Since(start); took != 25*time.Minute {
			t.Errorf("gave up after %v", took)
		}
		if got := c.Heard().Sub(start); got != 15*time.Minute {
			t.Errorf("heard last after %v", got)
		}
		for i := range 5 {
			if got := <-pongs; got != string(rune('a'+i)) {
				t.Errorf("pong %q", got)
			}
		}
	})
}

// TestPongsAreFew: who is pinged without end answers four times a second at most.
func TestPongsAreFew(t *testing.T) {
	in(t, func(t *testing.T) {
		pongs := make(chan struct{}, 1000)
		p := serve(t, func(c *websocket.Conn) {
			c.SetPongHandler(func(string) error { pongs <- struct{}{}; return nil })
			over := make(chan struct{})
			go func() {
				defer close(over)
				for range 100 {
					<-time.After(10 * time.Millisecond)
					if c.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second)) != nil {
						return
					}
				}
				c.Close()
			}()
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					break
				}
			}
			<-over
		})
		c := dial(t, p, Config{})
		if _, err := c.Read(); err == nil {
			t.Error("the connection went on")
		}
		if n := len(pongs); n < 3 || n > 4 {
			t.Errorf("%d pongs in a second", n)
		}
	})
}

// TestRefusedHandshake: whoever wants to know why is told.
func TestRefusedHandshake(t *testing.T) {
	in(t, func(t *testing.T) {
		p := newPipes()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(http.StatusTeapot)
		})}
		over := make(chan struct{})
		go func() {
			defer close(over)
			_ = server.Serve(p)
		}()
		_, err := Dial(t.Context(), Config{URL: "ws://stream.test/ws", Dial: p.dial})
		server.Close()
		<-over
		var status *StatusError
		if !errors.As(err, &status) || *status != (StatusError{"stream.test", http.StatusTeapot, 17 * time.Second}) {
			t.Errorf("%v", err)
		}
	})
}

func TestMessageLimit(t *testing.T) {
	in(t, func(t *testing.T) {
		p := serve(t, func(c *websocket.Conn) {
			for _, n := range []int{100, 101} {
				if c.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte{'x'}, n)) != nil {
					return
				}
			}
			_, _, _ = c.ReadMessage()
		})
		c := dial(t, p, Config{MessageMax: 100})
		if got, err := c.Read(); err != nil || len(got) != 100 {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		if _, err := c.Read(); !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
	})
}

// TestCloseEndsRead: whoever waits is told.
func TestCloseEndsRead(t *testing.T) {
	in(t, func(t *testing.T) {
		closed := make(chan error, 1)
		p := serve(t, func(c *websocket.Conn) {
			_, _, err := c.ReadMessage()
			closed <- err
		})
		c := dial(t, p, Config{})
		ended := make(chan error)
		go func() {
			_, err := c.Read()
			ended <- err
		}()
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("the read went on")
		}
		if err := <-closed; !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("the server was told %v", err)
		}
	})
}

// TestWritesDoNotMix: many writers, whole messages.
func TestWritesDoNotMix(t *testing.T) {
	in(t, func(t *testing.T) {
		got := make(chan string, 64)
		p := serve(t, func(c *websocket.Conn) {
			for {
				_, message, err := c.ReadMessage()
				if err != nil {
					close(got)
					return
				}
				got <- string(message)
			}
		})
		c := dial(t, p, Config{})
		var writers sync.WaitGroup
		for i := range 8 {
			writers.Go(func() {
				for range 8 {
					if err := c.Write(bytes.Repeat([]byte{byte('a' + i)}, 100)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		c.Close()
		n := 0
		for message := range got {
			n++
			if len(message) != 100 || strings.Trim(message, message[:1]) != "" {
				t.Errorf("message %q", message)
			}
		}
		if n != 64 {
			t.Errorf("%d messages", n)
		}
	})
}

// TestErrorsHoldNoKey: the path of a user stream is a secret.
func TestErrorsHoldNoKey(t *testing.T) {
	in(t, func(t *testing.T) {
		p := newPipes()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })}
		over := make(chan struct{})
		go func() {
			defer close(over)
			_ = server.Serve(p)
		}()
		_, refused := Dial(t.Context(), Config{URL: "ws://stream.test/ws/secretkey", Dial: p.dial})
		server.Close()
		<-over
		_, gone := Dial(t.Context(), Config{URL: "ws://stream.test/ws/secretkey", Dial: p.dial})
		_, nonsense := Dial(t.Context(), Config{URL: "://secretkey"})
		_, scheme := Dial(t.Context(), Config{URL: "ftp://stream.test/ws/secretkey", Dial: p.dial})
		for _, err := range []error{refused, gone, nonsense, scheme} {
			if err == nil || strings.Contains(err.Error(), "secretkey") {
				t.Errorf("%v", err)
			}
		}
		if !strings.Contains(refused.Error(), "HTTP 403") {
			t.Error(refused)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	message := bytes.Repeat([]byte{'x'}, 600)
	stop := make(chan struct{})
	p := serve(b, func(c *websocket.Conn) {
		for {
			select {
			case <-stop:
				return
			default:
				if c.WriteMessage(websocket.TextMessage, message) != nil {
					return
				}
			}
		}
	})
	c := dial(b, p, Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Read(); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
	close(stop)
}
