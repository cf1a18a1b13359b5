package rundir

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// field is a column of a CSV file over rows of type R: its name, and both directions.
type field[R any] struct {
	name string
	get  func(*R) string
	set  func(*R, string) error
}

// writeCSV writes a header and the rows.
func writeCSV[R any](w io.Writer, fields []field[R], rows iter.Seq2[int, *R]) error {
	out := csv.NewWriter(w)
	record := make([]string, len(fields))
	for i, f := range fields {
		record[i] = f.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range rows {
		for k, f := range fields {
			record[k] = f.get(row)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// readCSV reads what writeCSV has written and hands each row on. Errors name the line and
// the column.
func readCSV[R any](r io.Reader, fields []field[R], add func(*R)) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	in.FieldsPerRecord = len(fields)
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("line 1: the header is missing")
	}
	if err != nil && !errors.Is(err, csv.ErrFieldCount) {
		return err
	}
	for i, f := range fields {
		if i >= len(header) || header[i] != f.name {
			return fmt.Errorf("line 1: column %d must be %q", i+1, f.name)
		}
	}
	if len(header) > len(fields) {
		return fmt.Errorf("line 1: column %d, %q, is not known", len(fields)+1, header[len(fields)])
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var row R
		for i, f := range fields {
			if err := f.set(&row, record[i]); err != nil {
				line, _ := in.FieldPos(i)
				return fmt.Errorf("line %d, column %s: %w", line, f.name, err)
			}
		}
		add(&row)
	}
}

// The constructors of fields take a function that points at the value in a row.

func timeField[R any](name string, at func(*R) *exchange.Time) field[R] {
	return field[R]{name, func(r *R) string { return at(r).String() }, func(r *R, s string) error {
		if err := at(r).UnmarshalText([]byte(s)); err != nil {
			return fmt.Errorf("%.40q is no time such as 2026-08-01T00:00:00Z", s)
		}
		return checkTime(*at(r))
	}}
}

func decimalField[R any](name string, at func(*R) *decimal.Decimal) field[R] {
	return field[R]{name, func(r *R) string { return at(r).String() }, func(r *R, s string) (err error) {
		*at(r), err = parseDecimal(s)
		return err
	}}
}

func fixedField[R any](name string, at func(*R) *exchange.Fixed) field[R] {
	return field[R]{name, func(r *R) string { return at(r).String() }, func(r *R, s string) (err error) {
		*at(r), err = exchange.ParseFixed(s)
		return err
	}}
}

func textField[R any](name string, at func(*R) *string) field[R] {
	return field[R]{name, func(r *R) string { return escape(*at(r)) }, func(r *R, s string) (err error) {
		*at(r), err = unescape(s)
		return err
	}}
}

func intField[R any](name string, at func(*R) *int64) field[R] {
	return field[R]{name, func(r *R) string { return strconv.FormatInt(*at(r), 10) }, func(r *R, s string) (err error) {
		*at(r), err = strconv.ParseInt(s, 10, 64)
		return err
	}}
}

func uintField[R any, U ~uint16 | ~uint32 | ~uint64 | ~uint8](name string, bits int, at func(*R) *U) field[R] {
	return field[R]{name, func(r *R) string { return strconv.FormatUint(uint64(*at(r)), 10) }, func(r *R, s string) error {
		v, err := strconv.ParseUint(s, 10, bits)
		*at(r) = U(v)
		return err
	}}
}

// nameField is for closed sets; zero is written as nothing where it is no member.
func nameField[R any, E interface {
	comparable
	fmt.Stringer
}](name string, parse func(string) (E, error), at func(*R) *E) field[R] {
	var zero E
	get := func(r *R) string {
		if *at(r) == zero {
			if _, err := parse(zero.String()); err != nil {
				return ""
			}
		}
		return (*at(r)).String()
	}
	return field[R]{name, get, func(r *R, s string) (err error) {
		if s == "" {
			*at(r) = zero
			return nil
		}
		*at(r), err = parse(s)
		return err
	}}
}

// decimalTextMax bounds the digits of a number in a file.
const decimalTextMax = 64

// parseDecimal reads a plain decimal number. Exponents are refused: a few bytes of them
// could stand for gigabytes of digits.
func parseDecimal(s string) (decimal.Decimal, error) {
	if len(s) > decimalTextMax || strings.ContainsAny(s, "eE_") {
		return decimal.Zero, fmt.Errorf("%.40q is no plain decimal number", s)
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero, fmt.Errorf("%.40q is no plain decimal number", s)
	}
	return d, nil
}

// escape makes text fit into one line of a file and come back as it was: a text with a
// backslash or with anything that does not print is written with Go's escapes.
func escape(s string) string {
	if !strings.ContainsRune(s, '\\') && printable(s) {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// printable says that a text can neither end a line, nor steer a terminal, nor reorder the
// text around it, and is UTF-8. What it is not, %q makes so.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !strconv.IsPrint(c) })
}

func unescape(s string) (string, error) {
	if !strings.ContainsRune(s, '\\') {
		return s, nil
	}
	text, err := strconv.Unquote(`"` + s + `"`)
	if err != nil {
		return "", fmt.Errorf("%.40q has a broken escape", s)
	}
	return text, nil
}
