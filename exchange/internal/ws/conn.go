package ws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// readBuffer is what is read from the network at once: many small messages with one call
	// of the system.
	readBuffer = 64 << 10
	// renewAfter is how often the deadline of reading is renewed at most, for it costs as much
	// as a small message.
	renewAfter = time.Second
	// messageMax is the default of Config.MessageMax.
	messageMax = 1 << 20
	// silenceMax is the default of Config.SilenceMax: Binance pings every three minutes and
	// closes a connection that has not answered for ten.
	silenceMax = 10 * time.Minute
	// writeTimeout is how long a write may take, pongs included.
	writeTimeout = 5 * time.Second
	// handshakeTimeout is how long the connection may take to be made.
	handshakeTimeout = 10 * time.Second
	// pongEvery is how often a ping is answered at most, for pongs count among the ten
	// messages a second that a client may send. Binance pings every three minutes.
	pongEvery = 250 * time.Millisecond
)

// ErrSilent says that nothing arrived for longer than Config.SilenceMax.
var ErrSilent = errors.New("connection is silent")

// ErrTooLarge says that a message is longer than Config.MessageMax.
var ErrTooLarge = errors.New("message too large")

// StatusError says that the server answered the handshake with an HTTP status, and no
// connection came about.
type StatusError struct {
	Host string
	Code int
	// RetryAfter is how long the server wants to be left alone, 0 if it does not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string { return fmt.Sprintf("connect to %s: HTTP %d", e.Host, e.Code) }

// Config says how to connect. The zero value of all but URL is a default.
type Config struct {
	// URL begins with ws:// or wss://. Its path may be secret and stands in no error.
	URL string
	// Dial makes the connection below TLS; nil is the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// MessageMax is the longest message in bytes; 1 MiB by default.
	MessageMax int64
	// SilenceMax is how long nothing may arrive, pings included; 10 minutes by default.
	SilenceMax time.Duration
}

// Conn is an open connection. One goroutine reads; anybody may write or close.
type Conn struct {
	ws      *websocket.Conn
	frame   bytes.Buffer
	silence time.Duration
	// heard is when something arrived last, in nanoseconds since opened: by the monotonic
	// clock, for a wall clock that is set back must not let the deadline pass.
	opened time.Time
	heard  atomic.Int64
	// ponged is when the reader answered a ping last, by the same clock; 0 is never.
	ponged time.Duration
	// writing keeps messages of several writers apart, as gorilla demands; a channel of
	// messages would need a goroutine for every connection.
	writing sync.Mutex
}

// Dial connects. It asks no proxy of the environment, as papi's requests ask none. Its errors
// name the host alone.
func Dial(ctx context.Context, c Config) (*Conn, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" {
		return nil, errors.New("ws: the address is no URL with a host")
	}
	if c.MessageMax == 0 {
		c.MessageMax = messageMax
	}
	if c.SilenceMax == 0 {
		c.SilenceMax = silenceMax
	}
	dialer := websocket.Dialer{NetDialContext: c.Dial, HandshakeTimeout: handshakeTimeout, ReadBufferSize: readBuffer}
	ws, answer, err := dialer.DialContext(ctx, c.URL, nil)
	if answer != nil {
		defer answer.Body.Close()
	}
	switch {
	case err != nil && answer != nil:
		seconds, _ := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 16) // 0 for what is no number of them
		return nil, &StatusError{Host: u.Host, Code: answer.StatusCode, RetryAfter: time.Duration(seconds) * time.Second}
	case err != nil:
		return nil, fmt.Errorf("connect to %s: %w", u.Host, err)
	}
	conn := &Conn{ws: ws, silence: c.SilenceMax, opened: time.Now()}
	ws.SetReadLimit(c.MessageMax)
	ws.SetPingHandler(conn.ping)
	ws.SetPongHandler(func(string) error { return conn.alive() })
	if err := ws.SetReadDeadline(conn.opened.Add(conn.silence)); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", u.Host, err), conn.Close())
	}
	return conn, nil
}

// Read waits for the next message, text or binary. The bytes are the connection's and good
// until the next Read. After an error the connection is of no use any more.
func (c *Conn) Read() ([]byte, error) {
	_, r, err := c.ws.NextReader()
	if err == nil {
		c.frame.Reset()
		_, err = c.frame.ReadFrom(r)
	}
	if err == nil {
		err = c.alive()
	}
	if err == nil {
		return c.frame.Bytes(), nil
	}
	var timeout net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return nil, ErrTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, fmt.Errorf("%w: nothing for %v", ErrSilent, c.silence)
	}
	return nil, fmt.Errorf("read: %w", err)
}

// ping answers the server's ping with its own payload.
func (c *Conn) ping(payload string) error {
	if err := c.alive(); err != nil {
		return err
	}
	since := time.Since(c.opened)
	if c.ponged != 0 && since-c.ponged < pongEvery {
		return nil // it is no Binance that pings so often, and answers to some are enough
	}
	c.ponged = max(since, 1)
	err := c.ws.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(writeTimeout))
	var timeout net.Error
	if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &timeout) && timeout.Timeout() {
		return nil // the server asks again, and says so if it has had no answer for too long
	}
	return err
}

// alive notes that something has arrived, and grants the silence anew.
func (c *Conn) alive() error {
	since := time.Since(c.opened)
	if since-time.Duration(c.heard.Load()) < renewAfter {
		return nil
	}
	c.heard.Store(int64(since))
	return c.ws.SetReadDeadline(c.opened.Add(since + c.silence))
}

// Heard is when anything has arrived last, pings included, to a second.
func (c *Conn) Heard() time.Time { return c.opened.Add(time.Duration(c.heard.Load())) }

// Write sends a text message.
func (c *Conn) Write(message []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := c.ws.WriteMessage(websocket.TextMessage, message); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// closeTimeout is how long the goodbye may take: nobody waits for a dead peer.
const closeTimeout = 100 * time.Millisecond

// Close says goodbye, if that is possible at once, and ends the connection and a waiting
// Read.
func (c *Conn) Close() error {
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := c.ws.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(closeTimeout)); err != nil {
		return c.ws.Close() // the peer does not listen any more; that it is gone is all we want
	}
	return c.ws.Close()
}
