package frame

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/pmbot/pmbot/exchange"
)

// The methods here read one field each. The first error stays in object.err, and from
// then on they return zero values: a payload is read as a whole and judged once.

// fail notes what is wrong with a field, unless something was before.
func (o *object) fail(k key, format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf("field %s %w", keyName(o.path, k), fmt.Errorf(format, args...))
	}
}

// need returns the value of a field that must be there and have a shape.
func (o *object) need(k key, want shape) (v value, ok bool) {
	if o.err != nil {
		return v, false
	}
	if !o.has(k) {
		o.fail(k, "is missing")
		return v, false
	}
	if v = o.fields[k]; v.shape != want {
		o.fail(k, "is no %s but the %s %q", shapeNames[want], shapeNames[v.shape], clip(o.text[v.start:v.end]))
		return v, false
	}
	return v, true
}

// letters returns a text that is not empty, its escapes replaced.
func (o *object) letters(k key) []byte {
	b := o.lettersOrNone(k)
	if len(b) == 0 {
		o.fail(k, "is empty")
	}
	return b
}

// lettersOrNone returns a text that may be empty.
func (o *object) lettersOrNone(k key) []byte {
	if o.err == nil && o.has(k) && o.fields[k].shape == shapeEscaped {
		v := o.fields[k]
		start := len(o.unescaped)
		o.unescaped = o.text[v.start:v.end].plain(o.unescaped)
		return o.valid(k, o.unescaped[start:])
	}
	v, ok := o.need(k, shapeText)
	if !ok {
		return nil
	}
	return o.valid(k, o.text[v.start:v.end])
}

// valid refuses texts that are not UTF-8, which would name a symbol that nobody can ask for.
func (o *object) valid(k key, b []byte) []byte {
	if !utf8.Valid(b) {
		o.fail(k, "is %q, which is not UTF-8", clip(b))
	}
	return b[:len(b):len(b)]
}

// plain appends the text that t, the inside of a string, stands for.
func (t text) plain(b []byte) []byte {
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' {
			b = append(b, t[i])
			continue
		}
		i++
		if t[i] != 'u' {
			b = append(b, unescape(t[i]))
			continue
		}
		r := hex(t[i+1 : i+5])
		i += 4
		if i+6 < len(t) && r>>10 == 0xD800>>10 && t[i+1] == '\\' && t[i+2] == 'u' {
			if low := hex(t[i+3 : i+7]); low>>10 == 0xDC00>>10 {
				r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
				i += 6
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

// number returns a decimal number, which stands in a text.
func (o *object) number(k key) exchange.Fixed {
	v, ok := o.need(k, shapeText)
	if !ok {
		return 0
	}
	f, err := exchange.ParseFixedBytes(o.text[v.start:v.end])
	if err != nil {
		o.fail(k, "is %w", err)
	}
	return f
}

// price returns a number above 0.
func (o *object) price(k key) exchange.Fixed {
	f := o.number(k)
	if f <= 0 {
		o.fail(k, "is %v, not above 0", f)
	}
	return f
}

// quantity returns a number of 0 or more.
func (o *object) quantity(k key) exchange.Fixed {
	f := o.number(k)
	if f < 0 {
		o.fail(k, "is %v, below 0", f)
	}
	return f
}

// volume returns a wide number of 0 or more.
func (o *object) volume(k key) exchange.Wide {
	v, ok := o.need(k, shapeText)
	if !ok {
		return exchange.Wide{}
	}
	w, err := exchange.ParseWideBytes(o.text[v.start:v.end])
	if err != nil {
		o.fail(k, "is %w", err)
	} else if w.Sign() < 0 {
		o.fail(k, "is %v, below 0", w)
	}
	return w
}

// integer returns a whole number, which stands outside of a text.
func (o *object) integer(k key) int64 {
	v, ok := o.need(k, shapeNumber)
	if !ok {
		return 0
	}
	n, ok := o.text[v.start:v.end].integer()
	if !ok {
		o.fail(k, "is %q, not a whole number of 64 bits", clip(o.text[v.start:v.end]))
	}
	return n
}

// integer reads the whole of t, which is a JSON number.
func (t text) integer() (n int64, ok bool) {
	negative := t.at(0, '-')
	if negative {
		t = t[1:]
	}
	for i, c := range t {
		d := c - '0'
		if d > 9 || i >= 18 && n > (math.MaxInt64-int64(d))/10 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	if negative {
		n = -n
	}
	return n, true
}

// id returns an update or trade id, or a count: a whole number of 0 or more.
func (o *object) id(k key) int64 {
	n := o.integer(k)
	if n < 0 {
		o.fail(k, "is %d, below 0", n)
	}
	return n
}

// time returns an instant given in milliseconds or, with sixteen digits, in microseconds,
// as spot can be asked to send. 0 is "none".
func (o *object) time(k key) exchange.Time {
	const (
		milliMax = math.MaxInt64 / int64(time.Millisecond) // thirteen digits, the year 2262
		microMin = 1_000_000_000_000_000                   // sixteen digits, the year 2001
		microMax = math.MaxInt64 / int64(time.Microsecond)
	)
	n := o.integer(k)
	switch {
	case n >= 0 && n <= milliMax:
		return exchange.Millis(n)
	case n >= microMin && n <= microMax:
		return exchange.Time(n * int64(time.Microsecond))
	default:
		o.fail(k, "is %d, neither milliseconds nor microseconds since 1970", n)
		return 0
	}
}

// truth returns a bool.
func (o *object) truth(k key) bool {
	v, ok := o.need(k, shapeBool)
	return ok && o.text[v.start] == 't'
}

// nested scans the object in field k into o.
func (o *object) nested(in *object, k key, path string) {
	o.path = path
	v, ok := in.need(k, shapeObject)
	if !ok {
		o.err = in.err
		return
	}
	if _, err := o.scan(in.text, v.start, 0, nil); err != nil {
		in.fail(k, "is refused: %w", err) // an escape in a name: the syntax was right before
		o.err = in.err
	}
}
