package rundir

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// column is one column over rows of type R: its name, its text in CSV in both directions,
// and its value in Parquet. There is no other list of columns, so that the files of one
// kind of rows cannot drift apart.
type column[R any] struct {
	name string
	// text appends the value and parse reads it back.
	text  func([]byte, *R) []byte
	parse func(*R, string) error
	// free says that a text may have commas and quotes.
	free bool
	// node is the type in Parquet. value may keep bytes in room, which is the row's own; it
	// is null where text appends nothing, and "-" for a time.
	node  parquet.Node
	value func(r *R, room *wide) parquet.Value
	// added says that older files are without the column.
	added bool
}

// The constructors of columns take a function that points at the value in a row. All
// columns but those of numbers that are always there are optional in Parquet.

func timeColumn[R any](name string, at func(*R) *exchange.Time) column[R] {
	return column[R]{
		name: name,
		text: func(b []byte, r *R) []byte { return appendTime(b, *at(r)) },
		parse: func(r *R, s string) error {
			if err := at(r).UnmarshalText([]byte(s)); err != nil {
				return fmt.Errorf("%.40q is no time such as 2026-08-01T00:00:00Z", s)
			}
			return checkTime(*at(r))
		},
		node: parquet.Optional(parquet.Encoded(parquet.Timestamp(parquet.Nanosecond), &parquet.DeltaBinaryPacked)),
		value: func(r *R, _ *wide) parquet.Value {
			if *at(r) == 0 {
				return parquet.NullValue()
			}
			return parquet.Int64Value(int64(*at(r)))
		},
	}
}

// appendTime appends what t.String returns.
func appendTime(b []byte, t exchange.Time) []byte {
	if t == 0 {
		return append(b, '-')
	}
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.999999999Z07:00")
}

// Decimals after the point in Parquet: amounts are booked with eight, and their worth in
// USD is such an amount times a price of eight.
const (
	amountPlaces = exchange.FixedPlaces
	worthPlaces  = 2 * exchange.FixedPlaces
)

// decimalColumn has that many decimals in Parquet: a number with more is rounded there, and
// one of more than 38 digits is null. CSV has it exactly.
func decimalColumn[R any](name string, places int32, at func(*R) *decimal.Decimal) column[R] {
	return column[R]{
		name:  name,
		text:  func(b []byte, r *R) []byte { return appendDecimal(b, *at(r)) },
		parse: func(r *R, s string) (err error) { *at(r), err = parseDecimal(s); return err },
		node:  parquet.Optional(parquet.Decimal(int(places), wideDigits, parquet.FixedLenByteArrayType(len(wide{})))),
		value: func(r *R, room *wide) parquet.Value { return decimalValue(*at(r), places, room) },
	}
}

func decimalValue(d decimal.Decimal, places int32, room *wide) parquet.Value {
	if !room.set(d, places) {
		return parquet.NullValue()
	}
	return parquet.FixedLenByteArrayValue(room[:])
}

func fixedColumn[R any](name string, at func(*R) *exchange.Fixed) column[R] {
	return column[R]{
		name:  name,
		text:  func(b []byte, r *R) []byte { return at(r).Append(b) },
		parse: func(r *R, s string) (err error) { *at(r), err = exchange.ParseFixed(s); return err },
		node:  parquet.Decimal(amountPlaces, wideDigits, parquet.FixedLenByteArrayType(len(wide{}))),
		value: func(r *R, room *wide) parquet.Value {
			n := int64(*at(r))
			room.words(uint64(n>>63), uint64(n))
			return parquet.FixedLenByteArrayValue(room[:])
		},
	}
}

// textColumn is for text of few values, such as symbols, and idColumn for text that each
// row has its own of.
func textColumn[R any](name string, at func(*R) *string) column[R] {
	known := words{}
	return column[R]{
		name:  name,
		text:  func(b []byte, r *R) []byte { return appendText(b, *at(r)) },
		parse: func(r *R, s string) (err error) { *at(r), err = known.read(s); return err },
		free:  true,
		node:  wordNode(),
		value: func(r *R, room *wide) parquet.Value { return textValue(*at(r), room) },
	}
}

// wordNode is for text of few values.
func wordNode() parquet.Node {
	return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
}

func idColumn[R any](name string, at func(*R) *string) column[R] {
	c := textColumn(name, at)
	c.parse = func(r *R, s string) (err error) { *at(r), err = parseText(strings.Clone(s)); return err }
	c.node = parquet.Optional(parquet.Encoded(parquet.String(), &parquet.DeltaLengthByteArray))
	return c
}

// textValue is null for no text. A short one is kept in room.
func textValue(s string, room *wide) parquet.Value {
	if s == "" {
		return parquet.NullValue()
	}
	return parquet.ByteArrayValue(append(room[:0], strings.ToValidUTF8(s, string(utf8.RuneError))...))
}

// wordsMax bounds what words remembers.
const wordsMax = 4096

// words are the texts of a column that were read already: rows share them, and keep no
// line of the file alive.
type words map[string]string

func (w words) read(s string) (string, error) {
	if known, ok := w[s]; ok {
		return known, nil
	}
	line := strings.Clone(s)
	text, err := parseText(line)
	if err == nil && len(w) < wordsMax {
		w[line] = text
	}
	return text, err
}

func intColumn[R any, I ~int | ~int64](name string, at func(*R) *I) column[R] {
	return column[R]{
		name:  name,
		text:  func(b []byte, r *R) []byte { return strconv.AppendInt(b, int64(*at(r)), 10) },
		parse: func(r *R, s string) error { v, err := strconv.ParseInt(s, 10, 64); *at(r) = I(v); return err },
		node:  parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked),
		value: func(r *R, _ *wide) parquet.Value { return parquet.Int64Value(int64(*at(r))) },
	}
}

func uintColumn[R any, U ~uint8 | ~uint64](name string, width int, at func(*R) *U) column[R] {
	return column[R]{
		name:  name,
		text:  func(b []byte, r *R) []byte { return strconv.AppendUint(b, uint64(*at(r)), 10) },
		parse: func(r *R, s string) error { v, err := strconv.ParseUint(s, 10, width); *at(r) = U(v); return err },
		node:  parquet.Encoded(parquet.Uint(width), &parquet.DeltaBinaryPacked),
		value: func(r *R, _ *wide) parquet.Value {
			if width <= 32 {
				return parquet.Int32Value(int32(*at(r)))
			}
			return parquet.Int64Value(int64(*at(r)))
		},
	}
}

func boolColumn[R any](name string, at func(*R) *bool) column[R] {
	return column[R]{
		name: name,
		text: func(b []byte, r *R) []byte { return strconv.AppendBool(b, *at(r)) },
		parse: func(r *R, s string) error {
			if *at(r) = s == "true"; !*at(r) && s != "false" {
				return fmt.Errorf("%.40q is neither true nor false", s)
			}
			return nil
		},
		node:  parquet.Leaf(parquet.BooleanType),
		value: func(r *R, _ *wide) parquet.Value { return parquet.BooleanValue(*at(r)) },
	}
}

// nameColumn is for closed sets; zero is written as nothing where it is no member.
func nameColumn[R any, E interface {
	~uint8
	fmt.Stringer
}](name string, parse func(string) (E, error), at func(*R) *E) column[R] {
	nothing := E(0).String()
	if _, err := parse(nothing); err != nil {
		nothing = ""
	}
	word := func(e E) string {
		if e == 0 {
			return nothing
		}
		return e.String()
	}
	return column[R]{
		name: name,
		text: func(b []byte, r *R) []byte { return append(b, word(*at(r))...) },
		parse: func(r *R, s string) (err error) {
			*at(r) = 0
			if s != "" {
				*at(r), err = parse(s)
			}
			return err
		},
		node:  wordNode(),
		value: func(r *R, room *wide) parquet.Value { return textValue(word(*at(r)), room) },
	}
}
