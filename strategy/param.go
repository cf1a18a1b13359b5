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

// Symbol names an instrument in a parameter: "UM:BTCUSDT", "CM:BTCUSD_PERP" or
// "MARGIN:BTCUSDT". The zero value names none.
type Symbol struct {
	Product exchange.Product
	Name    string
}

// ParseSymbol reads "PRODUCT:SYMBOL".
func ParseSymbol(s string) (Symbol, error) {
	product, name, ok := strings.Cut(s, ":")
	if !ok || name == "" {
		return Symbol{}, fmt.Errorf("%q is not PRODUCT:SYMBOL, such as UM:BTCUSDT", s)
	}
	p, err := exchange.ParseProduct(strings.ToUpper(product))
	if err != nil {
		return Symbol{}, fmt.Errorf("%q: %w; products are UM, CM and MARGIN", s, err)
	}
	return Symbol{p, strings.ToUpper(name)}, nil
}

// String prints what [ParseSymbol] reads, and "" for none.
func (s Symbol) String() string {
	if s == (Symbol{}) {
		return ""
	}
	return s.Product.String() + ":" + s.Name
}

// MarshalText writes the form of [Symbol.String].
func (s Symbol) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSymbol] reads, and "" as none.
func (s *Symbol) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*s = Symbol{}
		return nil
	}
	*s, err = ParseSymbol(string(b))
	return err
}

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
// All mistakes are reported at once: unknown names with the nearest known one, values
// that do not parse, values out of bounds, and missing ones.
func Bind(params any, values map[string]string) error {
	fields, err := paramFields(params)
	if err != nil {
		return err
	}
	var errs ParamErrors
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		text, given := values[f.Name]
		if !given {
			if f.Required {
				errs = append(errs, ParamError{f.Name, "must be set: " + f.Help})
				continue
			}
			text = f.Default
		}
		if err := f.set(text); err != nil {
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
		kind, ok := paramKind(sf.Type)
		if !ok {
			return nil, fmt.Errorf("parameter %s has type %s; int, bool, string, exchange.Fixed, time.Duration and strategy.Symbol can be parameters", f.Name, sf.Type)
		}
		f.Kind = kind
		fields = append(fields, f)
	}
	return fields, nil
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

func (f *paramField) set(text string) error {
	value, err := parseParam(f.Kind, text)
	if err != nil {
		return err
	}
	if err := f.bounds(value, text); err != nil {
		return err
	}
	if len(f.Choices) > 0 && !slices.Contains(f.Choices, text) {
		return fmt.Errorf("%q is none of %s", text, strings.Join(f.Choices, ", "))
	}
	f.value.Set(reflect.ValueOf(value))
	return nil
}

func (f *paramField) bounds(value any, text string) error {
	for _, b := range []struct {
		bound string
		sign  int
		word  string
	}{{f.Min, -1, "below the least"}, {f.Max, 1, "above the most"}} {
		if b.bound == "" {
			continue
		}
		limit, err := parseParam(f.Kind, b.bound)
		if err != nil {
			return fmt.Errorf("bound %q in the strategy's source: %w", b.bound, err)
		}
		if compareParam(value, limit) == b.sign {
			return fmt.Errorf("%s is %s, %s", text, b.word, strings.TrimSpace(b.bound+" "+f.Unit))
		}
	}
	return nil
}

func compareParam(a, b any) int {
	x, y := order(a), order(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
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

// snake turns a field name into a parameter name: MaxQty -> max_qty, SMAFast -> sma_fast.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 {
			prev := name[i-1]
			next := byte(0)
			if i+1 < len(name) {
				next = name[i+1]
			}
			if prev < 'A' || prev > 'Z' || next >= 'a' && next <= 'z' {
				b.WriteByte('_')
			}
		}
		if upper {
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unknownParam(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("no such parameter; did you mean %s?", near)
	}
	return "no such parameter; there are " + strings.Join(known, ", ")
}

// Nearest returns the known name that differs least from a misspelt one, or "" when
// none is near. It is exported for the configuration, which owes the same kindness.
func Nearest(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := editDistance(name, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
