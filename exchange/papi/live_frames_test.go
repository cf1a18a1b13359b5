//go:build unix

package papi

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange/internal/ws"
)

// endless is a connection to a stream that brings the same message for ever.
func endless(b *testing.B, text string) *ws.Conn {
	b.Helper()
	c, err := ws.Dial(b.Context(), ws.Config{
		URL: "ws://127.0.0.1:1/ws", Dial: func(context.Context, string, string) (net.Conn, error) { return &sameFrames{text: text}, nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// sameFrames is the connection below: what is written first is the handshake.
type sameFrames struct {
	net.Conn
	text   string
	stream []byte // what is to be read, for ever from loop on
	at     int
	loop   int
}

func (f *sameFrames) Write(p []byte) (int, error) {
	if f.stream != nil {
		return len(p), nil
	}
	_, key, _ := strings.Cut(string(p), "Sec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	f.stream = []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
	f.loop = len(f.stream)
	for range 200 {
		f.stream = append(f.stream, 0x81, 126, byte(len(f.text)>>8), byte(len(f.text)))
		f.stream = append(f.stream, f.text...)
	}
	return len(p), nil
}

func (f *sameFrames) Read(p []byte) (int, error) {
	end := len(f.stream)
	if f.at < f.loop {
		end = f.loop // gorilla takes nothing behind the handshake
	}
	n := copy(p, f.stream[f.at:end])
	if f.at += n; f.at == len(f.stream) {
		f.at = f.loop
	}
	return n, nil
}

func (f *sameFrames) Close() error                     { return nil }
func (f *sameFrames) SetDeadline(time.Time) error      { return nil }
func (f *sameFrames) SetReadDeadline(time.Time) error  { return nil }
func (f *sameFrames) SetWriteDeadline(time.Time) error { return nil }
