package papi

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// plain has a field of each plain type.
type plain struct {
	Fixed   exchange.Fixed             `json:"fixed"`
	Decimal decimal.Decimal            `json:"decimal"`
	Grouped Grouped                    `json:"grouped"`
	Int     int64                      `json:"int"`
	Time    exchange.Time              `json:"time"`
	Bool    bool                       `json:"bool"`
	Text    string                     `json:"text"`
	Side    Side                       `json:"side"`
	Ints    []int64                    `json:"ints"`
	Map     map[string]decimal.Decimal `json:"map"`
}

// row is an element of a list that must have an id.
type row struct {
	ID int64 `json:"id"`
}

func (r *row) missing() string { return first(need{"id", r.ID != 0}) }

// TestDecode is golden text: a line of JSON, the type it is decoded into, and what comes of
// it.
func TestDecode(t *testing.T) {
	const path = "testdata/decode.txt"
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&out, line)
		kind, body, _ := strings.Cut(line, " ")
		var v any
		switch kind {
		case "plain":
			v = new(plain)
		case "row":
			v = new(row)
		case "rows":
			v = new([]row)
		case "page":
			v = new(Page[row])
		case "message":
			v = new(Message)
		default:
			continue // a comment or a blank line
		}
		if err := decode([]byte(body), v); err != nil {
			var decoding *DecodeError
			if !errors.As(err, &decoding) {
				t.Errorf("%s: an error of type %T", line, err)
			}
			fmt.Fprintf(&out, "  error: %v\n", err)
			continue
		}
		fmt.Fprintf(&out, "  %s\n", show(reflect.ValueOf(v).Elem()))
	}
	golden(t, path, out.String())
}

// show prints the fields that are not zero.
func show(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return fmt.Sprintf("%d %+v", v.Len(), v)
	}
	var fields []string
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			fields = append(fields, fmt.Sprintf("%s %v", v.Type().Field(i).Name, v.Field(i)))
		}
	}
	return strings.Join(fields, ", ")
}

// TestDecodeBounds holds the bounds that are too large for a line of text.
func TestDecodeBounds(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	for _, c := range []struct{ name, body, want string }{
		{"a long body", `{"text":"` + strings.Repeat("x", bodyBytesMax) + `"}`, "body: 16777227 bytes, and 16777216 is the most"},
		{"a deep body", `{"new":` + deep + `}`, "exceeded max depth"},
		{"a long number", `{"decimal":` + strings.Repeat("9", 5000) + `}`, "field /decimal: \"999999999999999999999999999999999999999999999999999999999999...\": not a decimal number"},
		{"a long text for a number", `{"fixed":"` + strings.Repeat("x", 5000) + `"}`, "x...\": not a decimal number"},
		{"a long HTML page", strings.Repeat("<b>", 5000), "<b><b><b>..."},
		{"a long object for a number", `{"int":{"a":"` + strings.Repeat("x", 5000) + `"}}`, "... where a single value must be"},
	} {
		err := decode([]byte(c.body), new(plain))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.200v", c.name, err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", c.name, len(err.Error()))
		}
	}
	if err := decode([]byte(`{"text":"`+strings.Repeat("x", 1<<20)+`"}`), new(plain)); err != nil {
		t.Errorf("a megabyte: %v", err)
	}
}

// TestPlainTypes holds that answers and their parts are made of types that are read
// leniently, and that every list and object has a check of what must be there.
func TestPlainTypes(t *testing.T) {
	known := map[reflect.Type]bool{
		reflect.TypeFor[exchange.Fixed](): true, reflect.TypeFor[decimal.Decimal](): true, reflect.TypeFor[Grouped](): true,
		reflect.TypeFor[int64](): true, reflect.TypeFor[exchange.Time](): true, reflect.TypeFor[bool](): true, reflect.TypeFor[string](): true,
	}
	var look func(where string, typ reflect.Type)
	look = func(where string, typ reflect.Type) {
		switch {
		case known[typ] || typ.Kind() == reflect.String:
		case typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Map:
			look(where, typ.Elem())
		case typ.Kind() == reflect.Struct:
			for i := range typ.NumField() {
				look(typ.String()+"."+typ.Field(i).Name, typ.Field(i).Type)
			}
		default:
			t.Errorf("%s is a %v, which is not read leniently", where, typ)
		}
	}
	for name, make := range answers {
		typ := reflect.TypeOf(make()).Elem()
		look(name, typ)
		if typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if _, ok := reflect.New(typ).Interface().(complete); !ok && typ != reflect.TypeFor[AccountInfo]() {
			t.Errorf("%v has no check of what must be there", typ)
		}
		if typ == reflect.TypeFor[AccountInfo]() || typ == reflect.TypeFor[empty]() {
			continue // all of one may be false, nothing is in the other
		}
		for _, hollow := range []string{`{}`, `{"rows":null}`, `[{}]`, `[null]`} {
			if err := decode([]byte(hollow), make()); err == nil {
				t.Errorf("%s takes %s for an answer", name, hollow)
			}
		}
	}
}
