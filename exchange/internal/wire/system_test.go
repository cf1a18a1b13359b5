//go:build unix

package wire

import (
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestPeek: the system knows of bytes and of the end before anybody has read them.
func TestPeek(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, act := range map[string]func(net.Conn){
		"bytes":   func(c net.Conn) { _, _ = c.Write([]byte("x")) },
		"the end": func(c net.Conn) { c.Close() },
	} {
		ours, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var p system
		p.on(ours)
		if p.pending() {
			t.Errorf("%s: something is pending on a new connection", name)
		}
		act(theirs)
		for try := 0; !p.pending(); try++ { // loopback delivers at once, but nobody promises it
			if try == 1_000_000 {
				t.Fatalf("%s: nothing is pending", name)
			}
		}
		if b := make([]byte, 1); name == "bytes" {
			if _, err := io.ReadFull(ours, b); err != nil || b[0] != 'x' {
				t.Errorf("the byte is %q, %v", b, err)
			}
		}
		ours.Close()
		theirs.Close()
		if !p.pending() {
			t.Errorf("%s: a closed connection is taken to be quiet", name)
		}
	}
}

// TestTLS asks a server of net/http over TLS: one that is trusted, and one that is not.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != "a=b" || r.ProtoMajor != 1 {
			t.Errorf("%q, %v, %s", body, err, r.Proto)
		}
		_, _ = io.WriteString(w, "ok")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // strangers are expected
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	address := server.Listener.Addr().String()
	p := New(Config{Host: address, TLS: true, Roots: roots})
	for range 3 {
		if a, err := p.Do(t.Context(), post(nil)); err != nil || string(a.Body) != "ok" {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	p.CloseIdle()
	stranger := New(Config{Host: address, TLS: true})
	if _, err := stranger.Do(t.Context(), post(nil)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
	wrong := New(Config{Host: "localhost:" + address[strings.LastIndex(address, ":")+1:], TLS: true, Roots: roots})
	if _, err := wrong.Do(t.Context(), post(nil)); err == nil {
		t.Error("a certificate of another name was taken")
	}
	deadline := time.Now().Add(10 * time.Second)
	for { // readers end by themselves
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		if open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a connection does not end")
		}
	}
}

// TestAtOnce: a request that the system does not take whole breaks its connection, and may have
// left; one of which it takes nothing was not sent.
func TestAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := New(Config{Host: l.Addr().String()})
	large := post(nil)
	large.AtOnce, large.Bytes = true, append(large.Bytes, make([]byte, 64<<20)...)
	if _, err := p.Do(t.Context(), large); !errors.Is(err, errFull) || errors.Is(err, ErrNotSent) {
		t.Errorf("a part has left: %v", err)
	}
	c, err := p.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for err == nil { // until the system is full
		_, err = c.raw.system.write(make([]byte, 64<<10))
	}
	if err != errFull {
		t.Error(err)
	}
	small := post(nil)
	small.AtOnce = true
	if _, err := c.Send(small, func(Answer, error) { t.Error("an answer") }); !errors.Is(err, ErrNotSent) || !errors.Is(err, errFull) {
		t.Errorf("nothing has left: %v", err)
	}
}
