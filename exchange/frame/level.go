package frame

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// errLevel says that an element of a side of a book is no level.
var errLevel = errors.New(`not ["price","quantity"]`)

// levels reads the list of levels at byte i into list, and returns the index behind it.
func (t text) levels(i int, list []exchange.Level) ([]exchange.Level, int, error) {
	i = t.space(i + 1)
	if t.at(i, ']') {
		return list, i + 1, nil
	}
	for more := true; more; {
		level, end, err := t.level(i)
		if err != nil {
			return list, 0, fmt.Errorf("level %d: %w", len(list)+1, err)
		}
		list = append(list, level)
		if i, more, err = t.more(end, ']'); err != nil {
			return list, 0, err
		}
	}
	return list, i, nil
}

// level reads one pair of price and quantity.
func (t text) level(i int) (l exchange.Level, end int, err error) {
	if !t.at(i, '[') {
		return l, 0, errLevel
	}
	if l.Price, i, err = t.figure(t.space(i+1), ','); err != nil {
		return l, 0, err
	}
	if l.Qty, i, err = t.figure(t.space(i), ']'); err != nil {
		return l, 0, err
	}
	switch {
	case l.Price <= 0:
		return l, 0, fmt.Errorf("price %v is not above 0", l.Price)
	case l.Qty < 0:
		return l, 0, fmt.Errorf("quantity %v is below 0", l.Qty)
	default:
		return l, i, nil
	}
}

// figure reads a number in quotes and the byte that must follow it.
func (t text) figure(i int, then byte) (f exchange.Fixed, next int, err error) {
	if !t.at(i, '"') {
		return 0, 0, errLevel
	}
	length := bytes.IndexByte(t[i+1:], '"')
	if length < 0 {
		return 0, 0, errLevel
	}
	end := i + 1 + length
	if f, err = exchange.ParseFixedBytes(t[i+1 : end]); err != nil {
		return 0, 0, err
	}
	if next = t.space(end + 1); !t.at(next, then) {
		return 0, 0, errLevel
	}
	return f, next + 1, nil
}

// levels returns the levels of field k, read before or now.
func (o *object) levels(k key, side *[]exchange.Level) []exchange.Level {
	if o.has(k) && o.fields[k].shape == shapeLevels {
		return *side
	}
	v, ok := o.need(k, shapeList)
	if !ok {
		return nil
	}
	var err error
	if *side, _, err = o.text.levels(v.start, (*side)[:0]); err != nil {
		o.fail(k, "has a bad %w", err)
	}
	return *side
}
