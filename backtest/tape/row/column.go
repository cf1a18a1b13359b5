package row

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/pmbot/pmbot/exchange"
)

// Type is what a column holds.
type Type uint8

const (
	// Time is microseconds since 1970 in a Micros: TIMESTAMP(MICROS, UTC).
	Time Type = iota
	// Nanos is nanoseconds since 1970 in an exchange.Time: TIMESTAMP(NANOS, UTC).
	Nanos
	// Decimal is an exchange.Fixed: DECIMAL(18,8) on 64 bits.
	Decimal
	// Volume is a Wide: DECIMAL(38,8) on 16 bytes.
	Volume
	// Integer is an int64.
	Integer
	// Boolean is a bool.
	Boolean
)

// Column is one column of a row type.
type Column struct {
	Name   string
	Type   Type
	offset uintptr
}

// columnTypes are the types that a field of a row may have.
var columnTypes = [...]struct {
	field reflect.Type
	tag   string
	is    Type
}{
	{reflect.TypeFor[Micros](), "timestamp(microsecond)", Time},
	{reflect.TypeFor[exchange.Time](), "timestamp(nanosecond)", Nanos},
	{reflect.TypeFor[exchange.Fixed](), "decimal(8:18)", Decimal},
	{reflect.TypeFor[Wide](), "decimal(8:38)", Volume},
	{reflect.TypeFor[int64](), "delta", Integer},
	{reflect.TypeFor[bool](), "", Boolean},
}

// Columns lists the columns of a row type in the order of the file. It panics for a
// struct with a field that no column can hold, which a test of every row type rules out.
func Columns[R any]() []Column {
	t := reflect.TypeFor[R]()
	list := make([]Column, t.NumField())
	for i := range list {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		c := Column{Name: name, offset: f.Offset}
		known := false
		for _, have := range columnTypes {
			if have.field == f.Type && strings.HasSuffix(options, have.tag) {
				c.Type, known = have.is, true
			}
		}
		if !known || name == "" {
			panic(fmt.Sprintf("row: field %s of %v is no column", f.Name, t))
		}
		list[i] = c
	}
	return list
}

// The accessors below reach a column of a row by its place in the struct. The column
// must be of the row's type and hold what the accessor says; [Columns] has proved that
// the field is of that type.

// IntAt is the place of a column of 64 bits: times, decimals and integers.
func IntAt[R any](c *Column, r *R) *int64 {
	return (*int64)(unsafe.Add(unsafe.Pointer(r), c.offset))
}

// WideAt is the place of a Volume.
func WideAt[R any](c *Column, r *R) *Wide {
	return (*Wide)(unsafe.Add(unsafe.Pointer(r), c.offset))
}

// BoolAt is the place of a Boolean.
func BoolAt[R any](c *Column, r *R) *bool {
	return (*bool)(unsafe.Add(unsafe.Pointer(r), c.offset))
}

// FillInts sets a column of 64 bits in as many rows as there are values.
func FillInts[R any](c *Column, rows []R, values []int64) {
	for i, v := range values {
		*IntAt(c, &rows[i]) = v
	}
}

// FillWides sets a Volume in as many rows as there are values.
func FillWides[R any](c *Column, rows []R, values []Wide) {
	for i, v := range values {
		*WideAt(c, &rows[i]) = v
	}
}

// FillBools sets a Boolean in as many rows as there are values.
func FillBools[R any](c *Column, rows []R, values []bool) {
	for i, v := range values {
		*BoolAt(c, &rows[i]) = v
	}
}

// Text appends a value as people read it: times in RFC 3339, decimals with the digits
// they have.
func Text[R any](b []byte, c *Column, r *R) []byte {
	switch c.Type {
	case Time:
		return append(b, Micros(*IntAt(c, r)).String()...)
	case Nanos:
		return append(b, exchange.Time(*IntAt(c, r)).String()...)
	case Decimal:
		return exchange.Fixed(*IntAt(c, r)).Append(b)
	case Volume:
		return WideAt(c, r).Value().Append(b)
	case Boolean:
		return fmt.Append(b, *BoolAt(c, r))
	default:
		return fmt.Append(b, *IntAt(c, r))
	}
}

// Canonical appends a row in the form that hashes are made of: its columns one after the
// other, 64 bits with the low byte first, volumes with the high byte first, booleans as
// one byte 0 or 1.
func Canonical[R any](b []byte, columns []Column, r *R) []byte {
	for i := range columns {
		switch c := &columns[i]; c.Type {
		case Volume:
			b = append(b, WideAt(c, r)[:]...)
		case Boolean:
			bit := byte(0)
			if *BoolAt(c, r) {
				bit = 1
			}
			b = append(b, bit)
		default:
			b = binary.LittleEndian.AppendUint64(b, uint64(*IntAt(c, r)))
		}
	}
	return b
}

// FromCanonical reads a row in canonical form and returns what follows it, nil where b is
// too short.
func FromCanonical[R any](b []byte, columns []Column, r *R) (rest []byte) {
	for i := range columns {
		c := &columns[i]
		size := 8
		switch c.Type {
		case Volume:
			size = len(Wide{})
		case Boolean:
			size = 1
		}
		if len(b) < size {
			return nil
		}
		switch c.Type {
		case Volume:
			*WideAt(c, r) = Wide(b)
		case Boolean:
			*BoolAt(c, r) = b[0] != 0
		default:
			*IntAt(c, r) = int64(binary.LittleEndian.Uint64(b))
		}
		b = b[size:]
	}
	return b
}

// Differ names the first column in which two rows differ, with both values as text. The
// name is empty for equal rows.
func Differ[R any](columns []Column, a, b *R) (column, mine, theirs string) {
	for i := range columns {
		c := &columns[i]
		one := []Column{*c}
		if string(Canonical(nil, one, a)) != string(Canonical(nil, one, b)) {
			return c.Name, string(Text(nil, c, a)), string(Text(nil, c, b))
		}
	}
	return "", "", ""
}
