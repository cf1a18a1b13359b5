package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Params are the parameters of a request. The first wrong one is kept in Err, and from then
// on everything reads as absent, so that a handler reads all it needs and asks once.
type Params struct {
	list []param
	err  *Error
}

type param struct{ name, value string }

// paramsMax is how many parameters a request may have (assumed); no endpoint knows twenty.
const paramsMax = 100

// ReadParams reads a query string and a form body. Of a parameter that stands in both, the
// query's counts. A parameter that stands twice in one of them is an error (-1101), and so
// are too many.
func ReadParams(query, body string) (*Params, *Error) {
	p := &Params{}
	for _, part := range [...]string{query, body} {
		before := len(p.list)
		for pair := range strings.SplitSeq(part, "&") {
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			n, err1 := url.QueryUnescape(name)
			v, err2 := url.QueryUnescape(value)
			if err1 != nil || err2 != nil || !utf8.ValidString(n) || !utf8.ValidString(v) {
				return nil, Errorf(-1100, "Illegal characters found in a parameter.")
			}
			switch at := slices.IndexFunc(p.list, func(q param) bool { return q.name == n }); {
			case at < 0 && len(p.list) == paramsMax:
				return nil, Errorf(-1101, "Too many parameters sent for this endpoint.")
			case at < 0:
				p.list = append(p.list, param{n, v})
			case at >= before:
				return nil, Errorf(-1101, "Duplicate values for a parameter detected.")
			}
		}
	}
	return p, nil
}

// Err is the first thing wrong with a parameter that was read, or nil.
func (p *Params) Err() *Error { return p.err }

// Fail sets Err unless it is set.
func (p *Params) Fail(e *Error) {
	if p.err == nil {
		p.err = e
	}
}

// Has says whether a parameter was sent, even empty.
func (p *Params) Has(name string) bool {
	return slices.ContainsFunc(p.list, func(q param) bool { return q.name == name })
}

// Peek is a parameter's value without an opinion of it; "" when it is left out.
func (p *Params) Peek(name string) string {
	for _, q := range p.list {
		if q.name == name {
			return q.value
		}
	}
	return ""
}

// Text reads a parameter that may be left out; "" then. Sent empty it is -1105.
func (p *Params) Text(name string) string {
	for _, q := range p.list {
		if q.name != name {
			continue
		}
		if q.value == "" {
			p.Fail(Errorf(-1105, "Parameter '%s' was empty.", name))
		}
		return q.value
	}
	return ""
}

// Need reads a parameter that must be there: -1102 otherwise.
func (p *Params) Need(name string) string {
	for _, q := range p.list {
		if q.name == name && q.value != "" {
			return q.value
		}
	}
	p.Fail(Errorf(-1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name))
	return ""
}

// Unwanted fails with -1106 for a parameter that was sent where it has no meaning.
func (p *Params) Unwanted(name string) {
	if p.Has(name) {
		p.Fail(Errorf(-1106, "Parameter '%s' sent when not required.", name))
	}
}

// OneOf reads a parameter that may be left out and must be one of the values; else the code
// and message are the caller's.
func (p *Params) OneOf(name string, wrong *Error, values ...string) string {
	v := p.Text(name)
	if v != "" && !slices.Contains(values, v) {
		p.Fail(wrong)
		return ""
	}
	return v
}

// Int reads a whole number; 0 when it is left out. One that is malformed is -1100.
func (p *Params) Int(name string) int64 {
	v := p.Text(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || v[0] == '-' || v[0] == '+' {
		p.Fail(Errorf(-1100, "Illegal characters found in parameter '%s'; legal range is '^[0-9]{1,20}$'.", name))
		return 0
	}
	return n
}

// Time reads an instant in milliseconds; 0 when it is left out.
func (p *Params) Time(name string) exchange.Time { return exchange.Millis(p.Int(name)) }

// Fixed reads a price or quantity; 0 when it is left out. One that is malformed or negative
// is -1100, one with more than eight decimals -1111, and one that is too large reads as the
// largest, which is above every bound.
func (p *Params) Fixed(name string) exchange.Fixed {
	v := p.Text(name)
	if v == "" {
		return 0
	}
	if !plain(v) {
		p.Fail(Errorf(-1100, "Illegal characters found in parameter '%s'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.", name))
		return 0
	}
	f, err := exchange.ParseFixed(v)
	switch {
	case errors.Is(err, exchange.ErrNumberRange):
		return exchange.FixedMax
	case err != nil:
		p.Fail(Errorf(-1111, "Precision is over the maximum defined for this asset."))
		return 0
	}
	return f
}

// plain says whether a text is a number of the form that Binance takes: digits, and digits
// behind a point, at most twenty of each.
func plain(v string) bool {
	whole, fraction, point := strings.Cut(v, ".")
	digits := func(s string) bool {
		return s != "" && len(s) <= 20 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	}
	return digits(whole) && (!point || digits(fraction))
}

// Decimal reads an amount of money; 0 when it is left out.
func (p *Params) Decimal(name string) decimal.Decimal { return p.Fixed(name).Decimal() }

// Bool reads "true" or "false", in any case; false when it is left out.
func (p *Params) Bool(name string) bool {
	switch v := p.Text(name); strings.ToLower(v) {
	case "", "false":
		return false
	case "true":
		return true
	default:
		p.Fail(Errorf(-1130, "Data sent for parameter '%s' is not valid.", name))
		return false
	}
}
