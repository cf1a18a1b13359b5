package papisim

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

// pipes is a listener without a network: a test dials it through memory.
type pipes struct {
	calls  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.IPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.calls <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// served lets a test speak to its exchange through memory: dial opens a websocket by the
// address that it would have on Binance, prepared before anything is read.
func (s *testSim) served(t *testing.T) (dial func(url string, prepare ...func(*websocket.Conn)) *client) {
	t.Helper()
	p := &pipes{calls: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: s.Sim}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(p) }()
	ctx, stop := context.WithCancel(context.Background())
	run := make(chan error, 1)
	go func() { run <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-run; err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		synctest.Wait()
	})
	s.dialer = &websocket.Dialer{NetDialContext: p.dial}
	return func(url string, prepare ...func(*websocket.Conn)) *client {
		t.Helper()
		conn, response, err := s.dialer.Dial(url, nil)
		if err != nil {
			t.Fatalf("dial %s: %v", url, err)
		}
		response.Body.Close()
		c := &client{t: t, conn: conn, frames: make(chan string, 10_000), ended: make(chan struct{})}
		for _, f := range prepare {
			f(conn)
		}
		t.Cleanup(c.close)
		go c.read()
		synctest.Wait() // the exchange may have answered the handshake before it opens the socket
		return c
	}
}

// client is a websocket's other end. It reads all the time, as clients should.
type client struct {
	t      *testing.T
	conn   *websocket.Conn
	frames chan string
	ended  chan struct{}
	err    error // why reading has ended; ended is closed then
}

// gone is why the socket has ended, nil while it has not.
func (c *client) gone() error {
	synctest.Wait()
	select {
	case <-c.ended:
		return c.err
	default:
		return nil
	}
}

func (c *client) close() {
	c.conn.Close()
	for range c.frames {
	}
}

func (c *client) read() {
	defer close(c.frames)
	defer close(c.ended)
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			c.err = err
			return
		}
		c.frames <- string(data)
	}
}

// say sends a text.
func (c *client) say(text string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("say %s: %v", text, err)
	}
	synctest.Wait() // until it was heard: what happens next must find it done
}

// next is the next frame; "" if none has come once all is quiet, or the socket is closed.
func (c *client) next() string {
	synctest.Wait()
	select {
	case f := <-c.frames:
		return f
	default:
		return ""
	}
}

// all are the frames that have come.
func (c *client) all() []string {
	var list []string
	for f := c.next(); f != ""; f = c.next() {
		list = append(list, f)
	}
	return list
}

// closeCode is the code that the server has closed the socket with, 0 if there was none.
func (c *client) closeCode() int {
	c.all()
	var closed *websocket.CloseError
	if errors.As(c.gone(), &closed) {
		return closed.Code
	}
	return 0
}

// field is a field of a JSON object, in its JSON form.
func field(t *testing.T, object, name string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		t.Fatalf("%q: %v", object, err)
	}
	return string(fields[name])
}

func TestCommands(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://fstream.binance.com/market/ws")
		for _, test := range []struct{ say, want string }{
			{`{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","BTCUSDT@kline_1m"],"id":1}`, `{"result":null,"id":1}`},
			{`{"method":"LIST_SUBSCRIPTIONS","id":3}`, `{"result":["btcusdt@aggTrade","BTCUSDT@kline_1m"],"id":3}`},
			{`{"method":"UNSUBSCRIBE","params":["btcusdt@aggTrade","nothing"],"id":312}`, `{"result":null,"id":312}`},
			{`{"method":"LIST_SUBSCRIPTIONS","id":4}`, `{"result":["BTCUSDT@kline_1m"],"id":4}`},
			{`{"method":"GET_PROPERTY","params":["combined"],"id":2}`, `{"result":false,"id":2}`},
			{`{"method":"SET_PROPERTY","params":["combined",true],"id":5}`, `{"result":null,"id":5}`},
			{`{"method":"GET_PROPERTY","params":["combined"],"id":2}`, `{"result":true,"id":2}`},
			{`{"method":"SET_PROPERTY","params":["combined","yes"],"id":5}`, `{"error":{"code":1,"msg":"Invalid value type: expected Boolean"},"id":5}`},
			{`{"method":"SET_PROPERTY","params":["combined",true,1],"id":5}`, `{"error":{"code":2,"msg":"Invalid request: too many parameters"},"id":5}`},
			{`{"method":"SET_PROPERTY","params":[1,true],"id":5}`, `{"error":{"code":2,"msg":"Invalid request: property name must be a string"},"id":5}`},
			{`{"method":"GET_PROPERTY","params":["colour"],"id":6}`, `{"error":{"code":0,"msg":"Unknown property"},"id":6}`},
			{`{"method":"SUBSCRIBE","params":["a"],"id":"x"}`, `{"error":{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}}`},
			{`{"method":"SHOUT","id":7}`, "{\"error\":{\"code\":2,\"msg\":\"Invalid request: unknown variant `SHOUT`, expected one of " + methods + " at line 1 column 25\"},\"id\":7}"},
			{`{"params":[],"id":8}`, "{\"error\":{\"code\":2,\"msg\":\"Invalid request: missing field `method` at line 1 column 20\"},\"id\":8}"},
			{`{`, `{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}`},
			{`[]`, `{"error":{"code":2,"msg":"Invalid request: expected an object"}}`},
			{`{"method":"SUBSCRIBE","params":"a","id":9}`, `{"error":{"code":2,"msg":"Invalid request: params must be a list"},"id":9}`},
			{`{"method":"SUBSCRIBE","params":[5],"id":9}`, `{"error":{"code":2,"msg":"Invalid request: stream name must be a string"},"id":9}`},
		} {
			c.say(test.say)
			if got := c.next(); got != test.want {
				t.Errorf("%s: %s, want %s", test.say, got, test.want)
			}
			s.wait(200 * time.Millisecond)
		}
	})
}

// TestTooManyStreams takes 1,024 streams and not one more: the whole socket goes.
func TestTooManyStreams(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://fstream.binance.com/public/ws")
		for i, n := range []int{1000, 24, 1} {
			var names []string
			for j := range n {
				names = append(names, strings.Repeat("x", i+1)+string(rune('a'+j%26))+strings.Repeat("y", j/26))
			}
			params, _ := json.Marshal(names)
			c.say(`{"method":"SUBSCRIBE","params":` + string(params) + `,"id":1}`)
			want := `{"result":null,"id":1}`
			if i == 2 {
				want = `{"error":{"code":4,"msg":"Too many subscriptions"}}`
			}
			if got := c.next(); got != want {
				t.Errorf("%d more: %s, want %s", n, got, want)
			}
		}
		if code := c.closeCode(); code != websocket.ClosePolicyViolation {
			t.Errorf("closed with %d: %v", code, c.gone())
		}
	})
}

// TestTooManyMessages ends a socket whose client sends the eleventh message in a second.
func TestTooManyMessages(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		dial := s.served(t)
		slow, fast := dial("ws://fstream.binance.com/public/ws"), dial("ws://fstream.binance.com/public/ws")
		for range 30 {
			slow.say(`{"method":"LIST_SUBSCRIPTIONS","id":3}`)
			s.wait(100 * time.Millisecond)
		}
		if n := len(slow.all()); n != 30 {
			t.Errorf("%d answers to 30 messages at ten a second", n)
		}
		for range 11 {
			fast.say(`{"method":"LIST_SUBSCRIPTIONS","id":3}`)
		}
		if code := fast.closeCode(); code != websocket.ClosePolicyViolation {
			t.Errorf("closed with %d: %v", code, fast.gone())
		}
	})
}

// TestPingPong pings every three minutes, and drops a client that does not answer.
func TestPingPong(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		dial := s.served(t)
		var pings atomic.Int32
		good := dial("ws://dstream.binance.com/ws", func(conn *websocket.Conn) {
			answer := conn.PingHandler()
			conn.SetPingHandler(func(data string) error {
				pings.Add(1)
				return answer(data)
			})
		})
		deaf := dial("ws://dstream.binance.com/ws", func(conn *websocket.Conn) { conn.SetPingHandler(func(string) error { return nil }) })
		s.wait(14 * time.Minute)
		synctest.Wait()
		if good.gone() != nil || pings.Load() != 4 {
			t.Errorf("%d pings in 14 minutes, and then %v", pings.Load(), good.gone())
		}
		if deaf.all(); deaf.gone() == nil {
			t.Error("a client that answers no ping is still there")
		}
	})
}

// TestSocketLife ends sockets after a day of the exchange's time.
func TestSocketLife(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://stream.binance.com:9443/stream")
		if err := s.Forward(t.Context(), 24*time.Hour-time.Second); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if c.gone() != nil {
			t.Fatalf("closed too early: %v", c.gone())
		}
		s.wait(2 * time.Second)
		if code := c.closeCode(); code != websocket.CloseGoingAway {
			t.Errorf("closed with %d: %v", code, c.gone())
		}
	})
}

// TestSlowReader drops a client that lets its queue fill up.
func TestSlowReader(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://stream.binance.com/ws/btcusdt@aggTrade")
		c.frames <- "x"
		for range cap(c.frames) - 1 {
			c.frames <- "x" // the client reads on only as long as somebody takes its frames
		}
		for range DefaultLimits().Unread + batchSize/100 {
			s.trade(spotBTC, "60000", "0.001")
		}
		s.mu.Lock()
		if len(s.sockets) > 0 && !s.sockets[0].over {
			t.Error("it is still there")
		}
		s.mu.Unlock()
		for range c.frames {
		}
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.sockets) != 0 || len(s.hearers) != 0 {
			t.Errorf("%d sockets and %d streams are left", len(s.sockets), len(s.hearers))
		}
	})
}

// TestRealSocket speaks over a real connection, and leaves nothing running.
func TestRealSocket(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := newTestSim(t)
	server := httptest.NewServer(s.Handler(DStream))
	defer server.Close()
	conn, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/ws/btcusd_perp@aggTrade", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	defer conn.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"method":"LIST_SUBSCRIPTIONS","id":1}`)); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		_, data, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if got := read(); got != `{"result":["btcusd_perp@aggTrade"],"id":1}` {
		t.Error(got)
	}
	s.trade(cmBTC, "60000", "3")
	if got := read(); field(t, got, "e") != `"aggTrade"` || field(t, got, "q") != `"3"` {
		t.Error(got)
	}
	s.Disconnect(true)
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("it was not dropped")
	}
}

// TestConnectionLimit opens as many websockets as an address may in five minutes, on several
// hosts, and no more until they are over. One that is refused costs no strike.
func TestConnectionLimit(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		dial := s.served(t)
		for range 2 {
			for _, url := range []string{"ws://fstream.binance.com/market/ws", "ws://dstream.binance.com/ws", "ws://stream.binance.com/ws"} {
				dial(url)
			}
			for range 30 {
				if status := s.refusal("ws://dstream.binance.com/ws"); status != http.StatusTooManyRequests {
					t.Fatalf("the fourth in five minutes: %d", status)
				}
			}
			s.wait(4 * time.Minute)
			if status := s.refusal("ws://dstream.binance.com/ws"); status != http.StatusTooManyRequests {
				t.Fatalf("after four minutes: %d", status)
			}
			s.wait(time.Minute)
		}
	}, func(c *Config) {
		c.Limits = DefaultLimits()
		c.Limits.Connections = 3
	})
}

// TestFrameHeaders sends texts of lengths that are written in one, two and eight bytes, in one
// batch and in several.
func TestFrameHeaders(t *testing.T) {
	inSim(t, func(t *testing.T, s *testSim) {
		c := s.served(t)("ws://dstream.binance.com/ws")
		lengths := []int{1, 125, 126, 127, 65_535, 65_536, 100_000, 2}
		s.mu.Lock()
		for _, n := range lengths {
			s.sockets[0].send(message{text: []byte(strings.Repeat("x", n))})
		}
		s.sockets[0].shut(websocket.CloseGoingAway, "bye")
		s.mu.Unlock()
		for _, n := range lengths {
			if got := len(c.next()); got != n {
				t.Errorf("%d bytes, want %d", got, n)
			}
		}
		if code := c.closeCode(); code != websocket.CloseGoingAway {
			t.Errorf("closed with %d", code)
		}
	})
}
