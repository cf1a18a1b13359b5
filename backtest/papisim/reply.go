package papisim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// reply is an answer on its way to the client.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// encoded is a good answer.
func encoded(v any) reply {
	if f, ok := v.(web.File); ok {
		return reply{http.StatusOK, http.Header{"Content-Type": {f.Type}}, f.Body}
	}
	body, err := json.Marshal(v)
	if err != nil { // a value that nobody can encode is a defect of ours; the client sees Binance's words
		return failed(&web.Error{Status: http.StatusInternalServerError, Code: -1000, Msg: "An unknown error occured while processing the request."})
	}
	return document(http.StatusOK, body)
}

// failed is Binance's no.
func failed(e *web.Error) reply {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	body, err := json.Marshal(struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}{e.Code, e.Msg})
	if err != nil {
		panic(err) // a number and a text
	}
	return document(status, body)
}

func document(status int, body []byte) reply {
	return reply{status, http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, body}
}

// page is what the servers before the exchange answer with: HTML, not JSON.
func page(status int) reply {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	body := fmt.Sprintf("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n", title, title)
	return reply{status, http.Header{"Content-Type": {"text/html"}}, []byte(body)}
}

// merge adds headers.
func (a *reply) merge(h http.Header) { maps.Copy(a.header, h) }

// damage puts in the place of an answer what the client gets in its stead.
func (a *reply) damage(f *Fault) {
	k, _ := kindOf(f.Kind)
	switch {
	case f.Kind == FaultEmpty:
		*a = document(http.StatusOK, nil)
	case k.answer != nil:
		header := a.header
		*a = failed(k.answer)
		a.keepCounts(header)
	}
}

// keepCounts takes over from another answer what tells the use of limits.
func (a *reply) keepCounts(h http.Header) {
	for name, values := range h {
		if strings.HasPrefix(name, "X-") {
			a.header[name] = values
		}
	}
}

// send writes the answer.
func (a reply) send(w http.ResponseWriter, r *http.Request) { a.deliver(w, r, nil) }

// deliver writes the answer, with what a fault does on its way.
func (a reply) deliver(w http.ResponseWriter, r *http.Request, f *Fault) {
	body := a.body
	if f != nil {
		switch f.Kind {
		case FaultLostRequest, FaultLostReply:
			wait(r.Context(), time.Duration(f.Delay))
			hangUp(w, false)
		case FaultReset:
			hangUp(w, true)
		case FaultLateReply:
			wait(r.Context(), time.Duration(f.Delay))
		case FaultTruncated:
			body = body[:len(body)/2]
		}
	}
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	w.Write(body) //nolint:errcheck // a client that has gone away needs no answer
	if len(body) < len(a.body) {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		hangUp(w, false)
	}
}

// wait lets real time pass, without end for 0, or until the client has gone.
func wait(ctx context.Context, d time.Duration) {
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// hangUp ends a connection without an answer, or in the middle of one. It does not return.
func hangUp(w http.ResponseWriter, reset bool) {
	if reset {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			if t, ok := conn.(*net.TCPConn); ok {
				t.SetLinger(0) //nolint:errcheck // without it the client sees an end in place of a reset
			}
			conn.Close()
		}
	}
	panic(http.ErrAbortHandler) // net/http's way to break off
}
