package ws

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// FuzzRead lets a server send any bytes behind its handshake: frames of every kind, in
// fragments, too long, masked, torn. Reading ends with an error, never hangs or panics, and
// no message is longer than allowed.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\x81\x05hello"))
	f.Add([]byte("\x82\x03\x00\xff\x01"))                                       // binary
	f.Add([]byte("\x01\x02he\x00\x02ll\x80\x01o\x81\x01!"))                     // fragments
	f.Add([]byte("\x01\x02he\x89\x01p\x80\x03llo"))                             // a ping between them
	f.Add([]byte("\x89\x02hi\x8a\x00\x81\x00"))                                 // ping, pong, nothing
	f.Add([]byte("\x88\x02\x03\xe8"))                                           // close
	f.Add([]byte("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"))                   // huge
	f.Add([]byte("\x81\x7e\xff\xff"))                                           // torn
	f.Add([]byte("\x81\x85abcdhello"))                                          // masked
	f.Add([]byte("\xf1\x01x\x83\x01y"))                                         // reserved bits and kinds
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n<html></html>"))              // no frame at all
	f.Add([]byte("\x00\x01x\x80\x01y"))                                         // a continuation of nothing
	f.Add([]byte("\x81\x7e\x00\x65" + string(make([]byte, 101)) + "\x81\x01x")) // beyond the limit
	f.Fuzz(func(t *testing.T, sent []byte) {
		const most = 100
		ours, theirs := net.Pipe()
		over := make(chan struct{})
		go func() {
			defer close(over)
			serveBytes(theirs, sent)
		}()
		c, err := Dial(t.Context(), Config{
			URL: "ws://stream.test/stream", MessageMax: most,
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			var m []byte
			if m, err = c.Read(); len(m) > most {
				t.Errorf("a message of %d bytes", len(m))
			}
		}
		c.Close()
		<-over
	})
}

// serveBytes answers a handshake, sends bytes and hangs up.
func serveBytes(c net.Conn, sent []byte) {
	defer c.Close()
	if c.SetDeadline(time.Now().Add(10*time.Second)) != nil {
		return
	}
	in := bufio.NewReader(c)
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	heard := make(chan struct{})
	go func() { // answers to pings, which nobody wants
		defer close(heard)
		for {
			if _, err := in.ReadByte(); err != nil {
				return
			}
		}
	}()
	_, _ = c.Write(sent)
	c.Close()
	<-heard
}
