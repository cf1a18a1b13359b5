package papisim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"

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

// send writes the answer.
func (a reply) send(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	w.Write(a.body) //nolint:errcheck // a client that has gone away needs no answer
}
