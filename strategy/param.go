package strategy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Param describes one parameter. An author writes it as tags of a struct field; the
// parameter's name is the field's in snake_case:
//
//	Fast int `default:"10" min:"2" max:"500" unit:"bars" help:"length of the fast average"`
//
// Fields may be int, bool, string, exchange.Fixed, time.Duration or [Symbol]. A string
// with choices:"a|b" takes one of these. A field without default must be configured.
type Param struct {
	Name    string
	Kind    string // int, bool, text, decimal, duration, symbol
	Default string
	// Required is set when there is no default.
	Required bool
	Min, Max string
	Choices  []string
	Unit     string
	Help     string
}

// ParamsOf lists the parameters of a strategy's params struct in the order of its
// fields. A struct that cannot serve is an error for its author.
func ParamsOf(params any) ([]Param, error) {
	fields, err := paramFields(params)
	if err != nil {
		return nil, err
	}
	list := make([]Param, len(fields))
	for i, f := range fields {
		list[i] = f.Param
	}
	return list, nil
}

// Bind writes the configured values and the defaults into a strategy's params struct.
// All mistakes are reported at once, as [ParamErrors]: unknown names with the nearest
// known one, values that do not parse, values out of bounds, and missing ones. With any
// mistake nothing is written.
func Bind(params any, values map[string]string) error {
	fields, err := paramFields(params)
	if err != nil {
		return err
	}
	var errs ParamErrors
	names := make([]string, len(fields))
	parsed := make([]any, len(fields))
	for i := range fields {
		f := &fields[i]
		names[i] = f.Name
		text, given := values[f.Name]
		if f.Required && text == "" {
			errs = append(errs, ParamError{f.Name, strings.TrimSuffix("must be set: "+f.Help, ": ")})
			continue
		}
		if !given {
			text = f.Default
		}
		if parsed[i], err = f.parse(text); err != nil {
			errs = append(errs, ParamError{f.Name, err.Error()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			errs = append(errs, ParamError{name, unknownParam(name, names)})
		}
	}
	if len(errs) > 0 {
		return errs
	}
	for i := range fields {
		fields[i].value.Set(reflect.ValueOf(parsed[i]))
	}
	return nil
}

// ParamError is one mistake in one parameter.
type ParamError struct{ Name, Problem string }

func (e ParamError) Error() string { return e.Name + ": " + e.Problem }

// ParamErrors is every mistake of a configuration, in the order of the parameters.
type ParamErrors []ParamError

func (e ParamErrors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "; ")
}

type paramField struct {
	Param
	value reflect.Value
}

func paramFields(params any) ([]paramField, error) {
	if params == nil {
		return nil, nil
	}
	v := reflect.ValueOf(params)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("Params returned %T, not a pointer to a struct", params)
	}
	v = v.Elem()
	var fields []paramField
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if !sf.IsExported() {
			continue
		}
		f := paramField{value: v.Field(i), Param: Param{
			Name: snake(sf.Name), Min: sf.Tag.Get("min"), Max: sf.Tag.Get("max"), Unit: sf.Tag.Get("unit"), Help: sf.Tag.Get("help"),
		}}
		def, has := sf.Tag.Lookup("default")
		f.Default, f.Required = def, !has
		if c := sf.Tag.Get("choices"); c != "" {
			f.Choices = strings.Split(c, "|")
		}
		if err := f.describe(sf.Type); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", f.Name, err)
		}
		if slices.ContainsFunc(fields, func(g paramField) bool { return g.Name == f.Name }) {
			return nil, fmt.Errorf("parameter %s: two fields have that name", f.Name)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// describe settles the kind and checks what the author's tags say.
func (f *paramField) describe(t reflect.Type) error {
	kind, ok := paramKind(t)
	if !ok {
		return fmt.Errorf("type %s; int, bool, string, exchange.Fixed, time.Duration and strategy.Symbol can be parameters", t)
	}
	f.Kind = kind
	for _, bound := range []string{f.Min, f.Max} {
		if bound == "" {
			continue
		}
		if kind != "int" && kind != "decimal" && kind != "duration" {
			return fmt.Errorf("bound %q, but a %s has no bounds", bound, kind)
		}
		if _, err := parseParam(kind, bound); err != nil {
			return fmt.Errorf("bound: %w", err)
		}
	}
	if len(f.Choices) > 0 && kind != "text" {
		return fmt.Errorf("choices, but only a text has them")
	}
	if f.Required {
		return nil
	}
	if _, err := f.parse(f.Default); err != nil {
		return fmt.Errorf("default: %w", err)
	}
	return nil
}

func paramKind(t reflect.Type) (string, bool) {
	switch t {
	case reflect.TypeFor[int]():
		return "int", true
	case reflect.TypeFor[bool]():
		return "bool", true
	case reflect.TypeFor[string]():
		return "text", true
	case reflect.TypeFor[exchange.Fixed]():
		return "decimal", true
	case reflect.TypeFor[time.Duration]():
		return "duration", true
	case reflect.TypeFor[Symbol]():
		return "symbol", true
	}
	return "", false
}

// parse reads a value and holds it against bounds and choices.
func (f *paramField) parse(text string) (any, error) {
	value, err := parseParam(f.Kind, text)
	if err != nil {
		return nil, err
	}
	if f.Min != "" && order(value) < order(f.bound(f.Min)) {
		return nil, fmt.Errorf("%s is below the least, %s", text, strings.TrimSpace(f.Min+" "+f.Unit))
	}
	if f.Max != "" && order(value) > order(f.bound(f.Max)) {
		return nil, fmt.Errorf("%s is above the most, %s", text, strings.TrimSpace(f.Max+" "+f.Unit))
	}
	if len(f.Choices) > 0 && !slices.Contains(f.Choices, text) {
		return nil, fmt.Errorf("%q is none of %s", text, strings.Join(f.Choices, ", "))
	}
	return value, nil
}

// bound parses a bound that describe has found good.
func (f *paramField) bound(text string) any {
	value, _ := parseParam(f.Kind, text)
	return value
}

// order maps the kinds that have bounds to numbers that compare as they do.
func order(v any) int64 {
	switch v := v.(type) {
	case int:
		return int64(v)
	case exchange.Fixed:
		return int64(v)
	case time.Duration:
		return int64(v)
	default:
		return 0
	}
}

func parseParam(kind, text string) (any, error) {
	switch kind {
	case "int":
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		return n, nil
	case "bool":
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither true nor false", text)
	case "decimal":
		return exchange.ParseFixed(text)
	case "duration":
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a duration, such as 90s or 8h", text)
		}
		return d, nil
	case "symbol":
		if text == "" {
			return Symbol{}, nil
		}
		return ParseSymbol(text)
	default:
		return text, nil
	}
}

// SymbolsOf lists the instruments that a bound params struct names, in field order and
// without repeats: what the run needs data of.
func SymbolsOf(params any) []Symbol {
	fields, err := paramFields(params)
	if err != nil {
		return nil
	}
	var list []Symbol
	for _, f := range fields {
		s, ok := f.value.Interface().(Symbol)
		if ok && s != (Symbol{}) && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// ValuesOf lists the values of a bound params struct as text, by name, for the record.
func ValuesOf(params any) map[string]string {
	fields, err := paramFields(params)
	if err != nil {
		return nil
	}
	values := make(map[string]string, len(fields))
	for _, f := range fields {
		values[f.Name] = fmt.Sprint(f.value.Interface())
	}
	return values
}
