package rest

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Param is a parameter of a request. One with an empty value is left out.
type Param struct {
	Name, Value string
}

// params are those of one request, in the order in which they are sent.
type params []Param

func (q params) get(name string) string {
	for _, p := range q {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func (q params) has(name string) bool { return q.get(name) != "" }

// text adds a parameter; number and time leave 0 out.
func (q params) text(name, v string) params { return append(q, Param{name, v}) }

func (q params) number(name string, v int64) params {
	if v == 0 {
		return q
	}
	return q.text(name, strconv.FormatInt(v, 10))
}

func (q params) time(name string, v exchange.Time) params { return q.number(name, v.Millis()) }

// within adds a window of time and a number of rows.
func (q params) within(from, to exchange.Time, limit int) params {
	return q.time("startTime", from).time("endTime", to).number("limit", int64(limit))
}

// encode writes the parameters as they are sent: all but the unreserved characters of RFC
// 3986 percent-encoded, for there are symbols in Chinese.
func (q params) encode() string {
	var b strings.Builder
	for _, p := range q {
		if p.Value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.Name)
		b.WriteByte('=')
		b.WriteString(strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20"))
	}
	return b.String()
}

// valueMax bounds a parameter's value in bytes: far above any name, and the 100 symbols that
// spot takes in a list.
const valueMax = 4096

// check says what is wrong with the parameters of an endpoint before anything is sent.
func (e *endpoint) check(q params) error {
	needs, takes := strings.Fields(e.needs), strings.Fields(e.takes)
	for i, p := range q {
		switch {
		case !slices.Contains(needs, p.Name) && !slices.Contains(takes, p.Name):
			return fmt.Errorf("parameter %.60q is not one of %s; those are: %s", p.Name, e.table(), cmp.Or(strings.Join(append(needs, takes...), ", "), "none"))
		case slices.ContainsFunc(q[:i], func(o Param) bool { return o.Name == p.Name }):
			return fmt.Errorf("parameter %q of %s is there twice", p.Name, e.table())
		case len(p.Value) > valueMax:
			return fmt.Errorf("parameter %q of %s has %d bytes, and %d is the most", p.Name, e.table(), len(p.Value), valueMax)
		}
	}
	for _, name := range needs {
		if !q.has(name) {
			return fmt.Errorf("parameter %q of %s is missing", name, e.table())
		}
	}
	return nil
}
