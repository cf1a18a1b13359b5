package frame

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// shape is the type of a JSON value.
type shape uint8

const (
	shapeText shape = iota + 1
	// shapeEscaped is a text with escapes in it.
	shapeEscaped
	shapeNumber
	shapeBool
	shapeNull
	shapeList
	// shapeLevels is a list that has been read into the object's levels already.
	shapeLevels
	shapeObject
)

var shapeNames = [...]string{
	shapeText: "text", shapeEscaped: "text with escapes", shapeNumber: "number", shapeBool: "bool", shapeNull: "null",
	shapeList: "list", shapeLevels: "list", shapeObject: "object",
}

// value is where a field's value stands in the message, a text without its quotes.
type value struct {
	start, end int
	shape      shape
}

// object is the fields of one JSON object. It is filled by [object.scan], which knows
// nothing of kinds, so that fields may stand in any order; then they are read by name
// with the methods in field.go.
type object struct {
	text   text
	fields [128]value
	// present has a bit for each key whose value in fields is of this message.
	present [2]uint64
	// bids and asks hold the levels of fields whose shape says that they do.
	bids, asks []exchange.Level
	// unescaped holds texts that had escapes.
	unescaped []byte
	// path is the way to this object in error messages, such as "k.".
	path string
	// err is the first thing that was found wrong with a field.
	err error
}

// scan reads the object at byte i, which stands within depth others, and returns the
// index behind it. Its error is one of syntax. If data is given, an object in the field
// "data" is scanned into it on the way, so that a combined frame is read only once. See
// BenchmarkDecode.
func (o *object) scan(t text, i, depth int, data *object) (int, error) {
	o.text, o.err = t, nil
	o.present = [2]uint64{}
	o.unescaped = o.unescaped[:0]
	i = t.space(i + 1)
	if t.at(i, '}') {
		return i + 1, nil
	}
	for more := true; more; {
		k, next, err := t.name(i)
		if err != nil {
			return 0, err
		}
		if i, err = o.value(k, next, depth+1, data); err != nil {
			return 0, err
		}
		if i, more, err = t.more(i, '}'); err != nil {
			return 0, err
		}
	}
	return i, nil
}

// name reads a field's name and what stands between it and its value.
func (t text) name(i int) (k key, next int, err error) {
	if i+3 < len(t) && t[i] == '"' && t[i+2] == '"' && t[i+3] == ':' && isLetter(t[i+1]) { // nearly always
		return t[i+1], t.space(i + 4), nil
	}
	end, escaped, err := t.quoted(i)
	if err != nil {
		return 0, 0, err
	}
	if escaped {
		return 0, 0, fmt.Errorf("field name %q at offset %d: escapes in names are not read", clip(t[i+1:end]), i)
	}
	next, err = t.colon(end + 1)
	return keyOf(t[i+1 : end]), next, err
}

// value reads the value of the field k, notes where it stands, and returns the index
// behind it. A second one of its name is wrong with the field, not with the syntax.
func (o *object) value(k key, i, depth int, data *object) (end int, err error) {
	t := o.text
	if i >= len(t) {
		return 0, t.unexpected(i, "a value")
	}
	if o.has(k) && k != 0 {
		o.fail(k, "stands twice")
	}
	o.present[k>>6] |= 1 << (k & 63)
	v := &o.fields[k]
	v.start = i
	switch t[i] {
	case '1', '2', '3', '4', '5', '6', '7', '8', '9': // times and ids: nothing follows their digits
		v.shape = shapeNumber
		if end = t.digits(i); !t.at(end, ',') && !t.at(end, '}') {
			end, err = t.number(i)
		}
	case '"':
		quote, escaped, err := t.quoted(i)
		v.start, v.end, v.shape = i+1, quote, shapeText
		if escaped {
			v.shape = shapeEscaped
		}
		return quote + 1, err
	case '[':
		return o.list(k, i, depth)
	case '{':
		v.shape = shapeObject
		if k == keyData && data != nil {
			end, err = data.scan(t, i, depth, nil)
		} else {
			end, err = t.skip(i, depth)
		}
	case 't', 'f':
		v.shape = shapeBool
		end, err = t.skip(i, depth)
	case 'n':
		v.shape = shapeNull
		end, err = t.skip(i, depth)
	default:
		v.shape = shapeNumber
		end, err = t.skip(i, depth)
	}
	v.end = end
	return end, err
}

// list reads a list, as levels where it may be some. If it is none, that is no matter
// unless somebody wants levels.
func (o *object) list(k key, i, depth int) (end int, err error) {
	v := &o.fields[k]
	if side := o.side(k); side != nil {
		if *side, end, err = o.text.levels(i, (*side)[:0]); err == nil {
			v.end, v.shape = end, shapeLevels
			return end, nil
		}
	}
	end, err = o.text.skip(i, depth)
	v.end, v.shape = end, shapeList
	return end, err
}

// side returns where the levels in a list k go, nil if there is no such place: depth has
// either the short names or the long ones, and who has both loses the speed of this.
func (o *object) side(k key) *[]exchange.Level {
	switch {
	case k == 'b' && !o.has(keyBids), k == keyBids && !o.has('b'):
		return &o.bids
	case k == 'a' && !o.has(keyAsks), k == keyAsks && !o.has('a'):
		return &o.asks
	default:
		return nil
	}
}

func (o *object) has(k key) bool { return o.present[k>>6]&(1<<(k&63)) != 0 }
