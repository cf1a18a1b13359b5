package papi

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/budget"
)

// answered is an answer of HTTP, read as far as every answer can be.
type answered struct {
	status int
	// json says that the whole body is JSON, and its code, if it has one, a number.
	json bool
	code int
	// msg is Binance's message, or what else the body is.
	msg    string
	err    error // what ended the body early
	limits budget.Answer
}

// The codes of Binance that something is decided by.
const (
	codeUnknown        = -1000
	codeDisconnected   = -1001
	codeTooMany        = -1003
	codeUnexpected     = -1006
	codeTimeout        = -1007
	codeThrottled      = -1008
	codeTooManyOrders  = -1015
	codeTimestamp      = -1021
	codeCancelRejected = -2011
	codeNoSuchOrder    = -2013
	codeKeyFormat      = -2014
	codeKey            = -2015
	codeEngineWindow   = -5028
	codeQueue          = -5041
	codeBusy           = 51998
	codeAbnormal       = 51999
)

// unknownCodes are those after which the request may have been carried out. That 51999 is
// one is assumed: its message is that of -1000.
var unknownCodes = [...]int{codeUnknown, codeUnexpected, codeTimeout, codeAbnormal}

// passingCodes refuse a request that may be accepted later as it is.
var passingCodes = [...]int{
	codeDisconnected, codeTooMany, codeThrottled, codeTooManyOrders, codeTimestamp, codeEngineWindow, codeQueue, codeBusy,
}

// The texts by which the kinds of 503 are told apart.
const (
	textUnknown     = "Unknown error"
	textUnavailable = "Service Unavailable."
	textInternal    = "Internal error; unable to process your request."
)

// read reads an answer; err is what ended its body early, if anything did.
func read(status int, h http.Header, body []byte, err error) answered {
	a := answered{status: status, err: err}
	text := bytes.TrimSpace(body)
	switch {
	case len(body) > bodyBytesMax:
		a.msg = fmt.Sprintf("more than %d bytes", bodyBytesMax)
	case len(text) == 0:
		a.msg = "empty body"
	case text[0] == '<':
		a.msg = fmt.Sprintf("HTML of %d bytes", len(body))
	default:
		a.readJSON(text)
	}
	a.limits = budget.ReadAnswer(status, h, a.code, a.msg)
	return a
}

func (a *answered) readJSON(text []byte) {
	var e struct {
		Code jsontext.Value `json:"code"`
		Msg  jsontext.Value `json:"msg"`
	}
	if a.err == nil {
		if text[0] == '{' { // reading it shows that it is JSON, too
			a.json = json.Unmarshal(text, &e, jsontext.AllowInvalidUTF8(true)) == nil
		} else {
			a.json = jsontext.Value(text).IsValid(jsontext.AllowInvalidUTF8(true))
		}
	}
	if !a.json {
		a.msg = fmt.Sprintf("%d bytes that are not JSON", len(text))
		if a.status == http.StatusServiceUnavailable {
			a.msg = string(text) // its kinds may come as plain text
		}
		return
	}
	if e.Code != nil && e.Code.Kind() != 'n' {
		if a.code, a.json = codeOf(e.Code); !a.json {
			a.msg = "a code that is no number"
			return
		}
	}
	if e.Msg.Kind() == '"' {
		msg, _ := jsontext.AppendUnquote(nil, e.Msg)
		a.msg = string(msg)
	}
}

// codeOf reads a code that is a number or a string of one. Some clients have seen the 51xxx
// negated; they are positive here.
func codeOf(v jsontext.Value) (int, bool) {
	n, err := strconv.ParseInt(strings.Trim(string(v), `"`), 10, 32)
	if -51999 <= n && n <= -51000 {
		n = -n
	}
	return int(n), err == nil
}

// refuses says whether a code refuses in an answer whose status does not. The signs of the
// documented families do; 200 means success.
func refuses(code int) bool { return code < 0 || 51000 <= code && code <= 51999 }

// documented says whether a code is of a family that the reference has.
func documented(code int) bool {
	return -5999 <= code && code <= -1000 || 51000 <= code && code <= 51999
}

// judge says what became of a request, and whether it may be accepted later as it is. The
// rows are those of the reference; what it leaves open is unknown.
func (a *answered) judge() (outcome Outcome, retryable bool) {
	passing := slices.Contains(passingCodes[:], a.code)
	switch {
	case slices.Contains(unknownCodes[:], a.code):
		return Unknown, false
	case 200 <= a.status && a.status <= 299:
		switch {
		case !a.json:
			return Unknown, false
		case !refuses(a.code):
			return Done, false
		case documented(a.code):
			return Refused, passing
		}
		return Unknown, false
	case a.status == http.StatusUnauthorized || a.status == http.StatusNotFound:
		return Refused, false
	case a.status == http.StatusForbidden || a.status == http.StatusTeapot || a.status == http.StatusTooManyRequests:
		return Refused, true
	case a.status == http.StatusServiceUnavailable:
		switch {
		case strings.Contains(a.msg, textUnknown):
			return Unknown, false
		case a.code == codeThrottled || a.code == codeDisconnected || a.msg == textUnavailable || strings.HasPrefix(a.msg, textInternal):
			return Refused, true
		}
		return Unknown, false
	case 400 <= a.status && a.status <= 499 && a.code != 0:
		return Refused, passing
	}
	return Unknown, false
}

// messageMax is how much of a message is kept.
const messageMax = 300

// verdict is nil for a request that was done. The key is struck out of messages, in case
// somebody on the way sends back what it got.
func (a *answered) verdict(ep endpoint, stamp exchange.Time, key string) error {
	outcome, retryable := a.judge()
	if outcome == Done {
		return nil
	}
	msg := strings.ReplaceAll(a.msg, key, "[secret]")
	msg = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, msg)
	if len(msg) > messageMax {
		msg = strings.ToValidUTF8(msg[:messageMax], "") + "..."
	}
	return &Error{
		Endpoint: ep.String(), HTTP: a.status, Code: a.code, Msg: msg, Outcome: outcome,
		Retryable: retryable, RetryAfter: a.limits.RetryAfter, Sent: stamp, Err: a.err,
	}
}
