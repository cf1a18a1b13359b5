package wire

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// odd are answers of which every client has its own view, and some that are right.
var odd = []string{
	okay,
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;ext=1\r\nhello\r\n0\r\nX: y\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\n\r\nuntil the end",
	"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
	"HTTP/1.0 200 OK\r\n\r\nuntil the end",
	"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 100 Continue\r\n\r\n" + okay,
	"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + okay,
	strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20) + okay,
	strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4000) + okay,
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:2/\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\n<html></html>",
	"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}",
	"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 -12 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
	"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"ICY 200 OK\r\n\r\nok",
	"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
	"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\n Folded: yes\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nno colon\r\n\r\nok",
	"HTTP/1.1 200 OK\r\n: no name\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 60<<10) + "\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10) + "\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10),
	strings.Repeat("\r\n", 4) + okay,
	okay + okay,
	okay[:20], "\x15\x03\x01\x00\x02\x02", "<html>busy</html>", "", "\x00",
}

// heard is what a client makes of an answer.
type heard struct {
	status int
	body   string
	header string
	// none says that there is no answer, cut that its body was cut off.
	none, cut bool
}

// ours asks by a pool.
func ours(dial func() net.Conn, method string) heard {
	p := New(Config{Host: "127.0.0.1:1", Dial: func(context.Context, string, string) (net.Conn, error) { return dial(), nil }})
	defer p.CloseIdle()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, err := p.Do(ctx, &Request{Method: method, Bytes: []byte(method + " / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"), Timeout: time.Minute})
	if err != nil {
		return heard{none: true}
	}
	return heard{status: a.Status, body: string(a.Body), header: fmt.Sprint(a.Header), cut: a.Err != nil}
}

// theirs asks by net/http, with the same limits.
func theirs(dial func() net.Conn, method string) heard {
	t := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return dial(), nil },
		DisableCompression: true, MaxResponseHeaderBytes: headerMax,
	}
	defer t.CloseIdleConnections()
	r, err := http.NewRequest(method, "http://127.0.0.1:1/", nil)
	if err != nil {
		return heard{none: true}
	}
	response, err := t.RoundTrip(r)
	if err != nil {
		return heard{none: true}
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return heard{none: true} // our rule: nobody asked for that
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, BodyMax+1))
	return heard{status: response.StatusCode, body: string(body), header: fmt.Sprint(response.Header), cut: err != nil}
}

// saying is a connection to a server that reads a request, says a text and hangs up.
func saying(text []byte) func() net.Conn {
	return func() net.Conn {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if asked(bufio.NewReader(theirs)) {
				_, _ = theirs.Write(text)
			}
		}()
		return ours
	}
}

func agree(t *testing.T, text []byte, method string) {
	t.Helper()
	log.SetOutput(io.Discard) // net/http tells of what comes behind an answer
	if a, b := ours(saying(text), method), theirs(saying(text), method); a != b {
		t.Errorf("%s answered by %.300q: we hear\n%.300v\nand net/http\n%.300v", method, text, fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b))
	}
}

// TestAnswers holds that an answer is to this package what it is to net/http.
func TestAnswers(t *testing.T) {
	for _, text := range odd {
		for _, method := range []string{"GET", "POST", "DELETE", "PUT"} {
			agree(t, []byte(text), method)
		}
	}
}

// TestDamagedAnswers does so with answers of which bytes are changed, lost, doubled or cut.
func TestDamagedAnswers(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 3000 {
		text := []byte(odd[r.IntN(len(odd))])
		if len(text) > 2000 {
			continue
		}
		for range 1 + r.IntN(3) {
			text = damaged(r, text)
		}
		agree(t, text, "POST")
	}
}

func damaged(r *rand.Rand, text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	at := r.IntN(len(text))
	switch r.IntN(5) {
	case 0:
		text[at] = byte(r.IntN(256))
	case 1:
		text = slices.Delete(text, at, at+1)
	case 2:
		text = text[:at]
	case 3:
		text = slices.Insert(text, at, []byte(": ;\r\n0123456789abcdef")[r.IntN(21)])
	case 4:
		to := min(len(text), at+r.IntN(12))
		text = slices.Insert(text, to, bytes.Clone(text[at:to])...)
	}
	return text
}

// TestLongBody: of a body that is too long there is one byte too many, and the connection ends.
func TestLongBody(t *testing.T) {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 2*BodyMax)
	if a := ours(saying(append([]byte(head), make([]byte, 2*BodyMax)...)), "GET"); len(a.body) != BodyMax+1 || a.cut || a.none {
		t.Errorf("%d bytes, cut off %v", len(a.body), a.cut)
	}
}

// FuzzAnswer looks for an answer that the two hear differently.
func FuzzAnswer(f *testing.F) {
	for _, text := range odd {
		if len(text) < 2000 {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text, "POST") })
}
