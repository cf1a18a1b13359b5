package tape

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// fieldsMax bounds the columns of a CSV file.
const fieldsMax = 64

// fields is one CSV row on its way to becoming a row of the tape. The getters take the
// index of a column in the format's list. The first that fails puts the reason in err,
// and those after it return zeros.
type fields struct {
	columns []csvColumn
	// at says where each column of the format stands in the file, -1 where it does not.
	at []int
	// width is how many fields a row has.
	width int
	value [fieldsMax][]byte
	// interval is the bar length, for checks of bar rows.
	interval time.Duration
	// unit is the file's time unit in microseconds, 0 until the first time is read.
	unit micros
	// volumes and volumeless count bars with a volume and without.
	volumes, volumeless int64
	// contracts says that quantities are contracts and so whole numbers (CM).
	contracts bool
	err       error
}

// errField says that a row lacks or has too many fields.
var errField = errors.New("wrong number of fields")

// split cuts a line at its commas. Quotes have no meaning: no source of numbers has them.
func (f *fields) split(line []byte) {
	f.err = nil
	n := 0
	for ; n < f.width-1; n++ {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			break
		}
		f.value[n], line = line[:i], line[i+1:]
	}
	f.value[n] = line
	if n++; n != f.width || bytes.IndexByte(line, ',') >= 0 {
		f.err = fmt.Errorf("%w: %d, expected %d", errField, n+bytes.Count(line, []byte{','}), f.width)
	}
}

// has says whether the source has the column at all.
func (f *fields) has(column int) bool { return f.at[column] >= 0 }

// text returns the bytes of a field, nil if the source lacks the column.
func (f *fields) text(column int) []byte {
	if at := f.at[column]; at >= 0 && f.err == nil {
		return f.value[at]
	}
	return nil
}

// fail notes what is wrong with a column, unless something was wrong before.
func (f *fields) fail(column int, reason error) {
	if f.err == nil {
		f.err = fmt.Errorf("field %s: %w", f.columns[column].name, reason)
	}
}

// micros reads a time in milliseconds or microseconds since 1970. The first time of a
// file decides by its magnitude which, and all others must agree.
func (f *fields) micros(column int) micros {
	b := f.text(column)
	if b == nil {
		return 0
	}
	v, ok := digits(b)
	if !ok {
		f.fail(column, fmt.Errorf("%q is not a time in milliseconds or microseconds since 1970", clip(b)))
		return 0
	}
	unit := micros(0)
	switch {
	case v >= 1e12 && v < 1e13:
		unit = 1000
	case v >= 1e15 && v < 1e16:
		unit = 1
	default:
		f.fail(column, fmt.Errorf("%d is no time in milliseconds or microseconds between 2001 and 2286", v))
		return 0
	}
	if f.unit == 0 {
		f.unit = unit
	}
	if unit != f.unit {
		f.fail(column, fmt.Errorf("%d is in another unit than the times before it", v))
		return 0
	}
	return micros(v) * unit
}

// decimalMax is the first value beyond DECIMAL(18,8), the type of prices and quantities
// in a file.
const decimalMax = 1_000_000_000_000_000_000

var errDecimal = errors.New("more than 18 digits before and after the point; the largest value a tape holds is 9999999999.99999999")

// fixed reads a price, quantity or rate.
func (f *fields) fixed(column int) exchange.Fixed {
	b := f.text(column)
	if b == nil {
		return 0
	}
	if v, ok := scaled(b); ok {
		return exchange.Fixed(v)
	}
	v, err := exchange.ParseFixedBytes(b)
	if err == nil && (v >= decimalMax || v <= -decimalMax) {
		err = fmt.Errorf("%v: %w", v, errDecimal)
	}
	if err != nil {
		f.fail(column, err)
	}
	return v
}

// wide reads a volume, which must not be negative.
func (f *fields) wide(column int) wide {
	b := f.text(column)
	if b == nil {
		return wide{}
	}
	if v, ok := scaled(b); ok {
		return wideOf(exchange.WideOf(exchange.Fixed(v)))
	}
	v, err := exchange.ParseWideBytes(b)
	if err == nil && (v.Sign() < 0 || !wideFits(v)) {
		err = fmt.Errorf("%v is no volume between 0 and 1e30", v)
	}
	if err != nil {
		f.fail(column, err)
	}
	return wideOf(v)
}

// whole refuses quantities of CM that are parts of a contract.
func (f *fields) whole(column int, whole bool) {
	if f.contracts && !whole {
		f.fail(column, fmt.Errorf("%s is no whole number of contracts; if the file counts coins, map the column to quote_volume", clip(f.text(column))))
	}
}

// integer reads an id or a count, which must not be negative.
func (f *fields) integer(column int) int64 {
	b := f.text(column)
	if b == nil {
		return 0
	}
	v, ok := digits(b)
	if !ok {
		f.fail(column, fmt.Errorf("%q is not a whole number from 0 to 999999999999999999", clip(b)))
	}
	return v
}

// boolean reads true or false in any case.
func (f *fields) boolean(column int) bool {
	b := f.text(column)
	switch {
	case len(b) == 4 && bytes.EqualFold(b, []byte("true")):
		return true
	case b == nil || len(b) == 5 && bytes.EqualFold(b, []byte("false")):
		return false
	}
	f.fail(column, fmt.Errorf("%q is neither true nor false", clip(b)))
	return false
}

// digits reads up to 18 decimal digits.
func digits(b []byte) (v int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// scaled is the fast path for what nearly every field is: an unsigned number of
// at most 18 characters with at most 8 digits after the point. It returns the number times 1e8.
// Whatever it does not take goes to the exact scanner of package exchange; see
// BenchmarkImportTrades.
func scaled(b []byte) (v int64, ok bool) {
	if len(b) == 0 || len(b) > 18 || b[0] == '.' || b[len(b)-1] == '.' {
		return 0, false
	}
	places := -1
	for i, c := range b {
		if c == '.' {
			if places >= 0 {
				return 0, false
			}
			places = len(b) - 1 - i
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	places = max(places, 0)
	if places > exchange.FixedPlaces {
		return 0, false
	}
	for range exchange.FixedPlaces - places {
		if v >= decimalMax/10 {
			return 0, false
		}
		v *= 10
	}
	return v, v < decimalMax
}

// clip bounds what a message repeats of its input.
func clip(b []byte) string {
	const most = 40
	if len(b) > most {
		return string(b[:most]) + "..."
	}
	return string(b)
}

// quoted is clip for lists of names.
func quoted(names []string) string {
	out := ""
	for i, name := range names {
		if i > 0 {
			out += ", "
		}
		out += strconv.Quote(clip([]byte(name)))
	}
	return out
}
