package main

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// decoder writes a document into a struct, strictly: an unknown key is an error, a
// number keeps its written digits, and a type is never guessed. It collects every
// mistake in place of stopping at the first.
type decoder struct {
	doc      *document
	mistakes []mistake
}

// mistake is one thing wrong in a configuration.
type mistake struct {
	line int
	text string
}

// load fills a configuration and, if all of it could be read, has it look for what makes no
// sense. Every mistake is reported.
func (d *document) load(into interface{ check(*document) []mistake }) error {
	mistakes := d.decode(into)
	if len(mistakes) == 0 {
		mistakes = into.check(d)
	}
	return refuse(mistakes)
}

// decode fills into, a pointer to a struct with toml tags. Keys that are absent leave
// their field alone.
func (d *document) decode(into any) []mistake {
	dec := &decoder{doc: d}
	dec.value(nil, d.tree, reflect.ValueOf(into).Elem())
	return dec.mistakes
}

// wrong notes a mistake at a path, or at the nearest table around it that is written.
func (d *document) wrong(path toml.Key, format string, args ...any) mistake {
	m := mistake{text: fmt.Sprintf(format, args...)}
	if len(path) > 0 {
		m.text = d.spelt(path) + ": " + m.text
	}
	for n := len(path); n > 0; n-- {
		if at, ok := d.at[path[:n].String()]; ok {
			m.line, m.text = at.line, at.where+": "+m.text
			break
		}
	}
	return m
}

func (d *decoder) wrong(path toml.Key, format string, args ...any) {
	d.mistakes = append(d.mistakes, d.doc.wrong(path, format, args...))
}

// value decodes v, which stands at path.
func (d *decoder) value(path toml.Key, v any, into reflect.Value) {
	if parse, known := scalars[into.Type()]; known {
		d.scalar(path, v, into, parse)
		return
	}
	if u, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.scalar(path, v, into, func(s string) (any, error) {
			err := u.UnmarshalText([]byte(s))
			return into.Interface(), err
		})
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.table(path, v, into)
	case reflect.Map:
		d.dictionary(path, v, into)
	case reflect.Slice:
		d.list(path, v, into)
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(path, v, into.Elem())
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			into.SetBool(b)
			return
		}
		d.wrong(path, "want true or false")
	case reflect.String:
		d.text(path, v, into)
	default:
		d.integer(path, v, into)
	}
}

// scalars are the types with a written form of their own. Decimals may be quoted or
// bare: the digits count as they stand in the file, never by way of a float.
var scalars = map[reflect.Type]func(string) (any, error){
	reflect.TypeFor[time.Duration]():   func(s string) (any, error) { return parseDuration(s) },
	reflect.TypeFor[exchange.Time]():   func(s string) (any, error) { return parseTime(s) },
	reflect.TypeFor[exchange.Fixed]():  func(s string) (any, error) { return exchange.ParseFixed(s) },
	reflect.TypeFor[decimal.Decimal](): func(s string) (any, error) { return parseDecimal(s) },
}

func (d *decoder) scalar(path toml.Key, v any, into reflect.Value, parse func(string) (any, error)) {
	text, ok := d.written(path, v)
	if !ok {
		d.wrong(path, "want one value, not a table or list")
		return
	}
	parsed, err := parse(text)
	if err != nil {
		d.wrong(path, "%v", err)
		return
	}
	into.Set(reflect.ValueOf(parsed))
}

// written is a value as the user wrote it, without quotes.
func (d *decoder) written(path toml.Key, v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64, float64:
		return strings.ReplaceAll(d.raw(path), "_", ""), true
	case bool, time.Time:
		return d.raw(path), true
	}
	return "", false
}

func (d *decoder) raw(path toml.Key) string { return d.doc.at[path.String()].raw }

func (d *decoder) table(path toml.Key, v any, into reflect.Value) {
	table, ok := v.(map[string]any)
	if !ok {
		d.wrong(path, "want a table")
		return
	}
	fields := map[string]reflect.Value{}
	fieldsOf(into, fields)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if field, known := fields[key]; known {
			d.value(join(path, key), table[key], field)
			continue
		}
		known := slices.Sorted(maps.Keys(fields))
		if near := strategy.Nearest(key, known); near != "" {
			d.wrong(join(path, key), "unknown key; did you mean %s?", near)
		} else {
			d.wrong(join(path, key), "unknown key; there are %s", strings.Join(known, ", "))
		}
	}
}

// fieldsOf finds the fields of a struct by their keys, those of embedded structs among them.
func fieldsOf(s reflect.Value, fields map[string]reflect.Value) {
	for i := range s.NumField() {
		f := s.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			fieldsOf(s.Field(i), fields)
		case name != "" && name != "-":
			fields[name] = s.Field(i)
		}
	}
}

// dictionary decodes a table whose keys the user chooses: assets, parameters.
func (d *decoder) dictionary(path toml.Key, v any, into reflect.Value) {
	table, ok := v.(map[string]any)
	if !ok {
		d.wrong(path, "want a table")
		return
	}
	into.Set(reflect.MakeMapWithSize(into.Type(), len(table)))
	for _, key := range slices.Sorted(maps.Keys(table)) {
		element := reflect.New(into.Type().Elem()).Elem()
		if element.Kind() == reflect.String {
			// A parameter's type is its strategy's business: it goes there as written.
			text, ok := d.written(join(path, key), table[key])
			if !ok {
				d.wrong(join(path, key), "want text, a number or true or false")
			}
			element.SetString(text)
		} else {
			d.value(join(path, key), table[key], element)
		}
		into.SetMapIndex(reflect.ValueOf(key), element)
	}
}

func (d *decoder) list(path toml.Key, v any, into reflect.Value) {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice {
		d.wrong(path, "want a list")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), rv.Len(), rv.Len()))
	for i := range rv.Len() {
		d.value(join(path, strconv.Itoa(i)), rv.Index(i).Interface(), into.Index(i))
	}
}

func (d *decoder) text(path toml.Key, v any, into reflect.Value) {
	s, ok := v.(string)
	if at := d.doc.at[path.String()]; !ok && at.line == 0 && at.raw != "" {
		s, ok = at.raw, true // A shell has no quotes to tell "7" from 7.
	}
	if !ok {
		d.wrong(path, "want text in quotes")
		return
	}
	into.SetString(s)
}

func (d *decoder) integer(path toml.Key, v any, into reflect.Value) {
	n, ok := v.(int64)
	switch {
	case !ok:
		d.wrong(path, "want a whole number")
	case into.CanInt() && !into.OverflowInt(n):
		into.SetInt(n)
	case into.CanUint() && n >= 0 && !into.OverflowUint(uint64(n)):
		into.SetUint(uint64(n))
	default:
		d.wrong(path, "%d is out of range", n)
	}
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write a number with its unit, such as \"90s\" or \"8h\"", s)
	}
	return d, nil
}

// parseTime reads RFC 3339 or a date, which is midnight UTC. A time without zone is
// refused: it would mean another instant on another machine. "-" is no time, as
// exchange.Time writes it.
func parseTime(s string) (exchange.Time, error) {
	if s == "-" {
		return 0, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() < 1970 || t.Year() > 2200 {
				return 0, fmt.Errorf("%s is outside 1970 to 2200", s)
			}
			return exchange.TimeOf(t), nil
		}
	}
	return 0, fmt.Errorf("%q is neither a date nor a time with zone; write 2024-01-31 or 2024-01-31T08:00:00Z", s)
}

func parseDecimal(s string) (decimal.Decimal, error) {
	d, err := decimal.NewFromString(s)
	if err != nil || d.Exponent() > 30 || d.Exponent() < -30 {
		return decimal.Zero, fmt.Errorf("%q is not a decimal number", s)
	}
	return d, nil
}

// refuse joins mistakes into one error, a line each, in the order of the file.
func refuse(mistakes []mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(mistakes, func(a, b mistake) int { return cmp.Compare(a.line, b.line) })
	lines := make([]string, len(mistakes))
	for i, m := range mistakes {
		lines[i] = m.text
	}
	return &failure{code: exitConfig, err: errors.New(strings.Join(lines, "\n"))}
}
