package papi

import (
	"bytes"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// query builds the parameters of a request in the order given, percent-encoded as they are
// signed and sent. What has the zero value of its type is left out.
type query struct{ buf []byte }

func (q *query) name(name string) {
	if q.buf == nil {
		q.buf = make([]byte, 0, 384) // an order's parameters, and what signing adds
	}
	if len(q.buf) > 0 {
		q.buf = append(q.buf, '&')
	}
	q.buf = append(q.buf, name...)
	q.buf = append(q.buf, '=')
}

func (q *query) text(name, v string) {
	if v != "" {
		q.name(name)
		q.buf = appendEscaped(q.buf, v)
	}
}

func (q *query) fixed(name string, v exchange.Fixed) {
	if v != 0 {
		q.name(name)
		q.buf = v.Append(q.buf)
	}
}

func (q *query) decimal(name string, v decimal.Decimal) {
	if !v.IsZero() {
		q.name(name)
		q.buf = append(q.buf, v.String()...)
	}
}

func (q *query) int(name string, v int64) {
	if v != 0 {
		q.name(name)
		q.buf = strconv.AppendInt(q.buf, v, 10)
	}
}

// flag writes "true", and nothing for false, which is every flag's default.
func (q *query) flag(name string, v bool) {
	if v {
		q.boolean(name, true)
	}
}

// boolean writes both values, for switches.
func (q *query) boolean(name string, v bool) {
	q.name(name)
	q.buf = strconv.AppendBool(q.buf, v)
}

// time writes milliseconds.
func (q *query) time(name string, v exchange.Time) { q.int(name, v.Millis()) }

// has says whether a parameter is there.
func (q *query) has(name string) bool {
	for pair := range bytes.SplitSeq(q.buf, []byte{'&'}) {
		if rest, ok := bytes.CutPrefix(pair, []byte(name)); ok && len(rest) > 0 && rest[0] == '=' {
			return true
		}
	}
	return false
}

const hexDigits = "0123456789ABCDEF"

// appendEscaped percent-encodes all but the unreserved characters of RFC 3986, as
// encodeURIComponent does but for the five marks that it lets pass.
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}
