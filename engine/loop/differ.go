package loop

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/pmbot/pmbot/exchange"
)

// firstField is the first field in which two decisions differ, with both values as text.
func firstField(journalled, ours *exchange.Decision) (field, a, b string) {
	return walk("", reflect.ValueOf(journalled).Elem(), reflect.ValueOf(ours).Elem())
}

// walk goes down to where two values of one type differ; field is "" where they do not.
func walk(path string, a, b reflect.Value) (field, textA, textB string) {
	if same(a, b) {
		return "", "", ""
	}
	switch {
	case a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil():
		return walk(path, a.Elem(), b.Elem())
	case a.Kind() == reflect.Slice && a.Len() == b.Len():
		for i := range a.Len() {
			if f, x, y := walk(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); f != "" {
				return f, x, y
			}
		}
	case a.Kind() == reflect.Struct && a.Type().PkgPath() == reflect.TypeFor[exchange.Decision]().PkgPath():
		for i := range a.NumField() {
			if !a.Type().Field(i).IsExported() {
				continue
			}
			name := a.Type().Field(i).Name
			if path != "" {
				name = path + "." + name
			}
			if f, x, y := walk(name, a.Field(i), b.Field(i)); f != "" {
				return f, x, y
			}
		}
	}
	if path == "" {
		path = "decision"
	}
	return path, text(a), text(b)
}

// same says whether two values are written as the same text, which is how decimals of
// different exponents are told apart, too.
func same(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }

// textMax bounds a value in a report.
const textMax = 200

func text(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "none"
		}
		v = v.Elem()
	}
	return cut(fmt.Sprintf("%+v", v.Interface()))
}

func cut(s string) string {
	if len(s) <= textMax {
		return s
	}
	return s[:textMax] + "..."
}

// firstLines are the first lines in which two texts differ.
func firstLines(a, b []byte) (lineA, lineB string) {
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(as), len(bs)) {
		if !bytes.Equal(as[i], bs[i]) {
			return around(as[i], bs[i]), around(bs[i], as[i])
		}
	}
	return fmt.Sprint(len(as), " lines"), fmt.Sprint(len(bs), " lines")
}

// around is a line from a little before the place where it parts from another.
func around(line, other []byte) string {
	n := 0
	for n < min(len(line), len(other)) && line[n] == other[n] {
		n++
	}
	if n = n - 60; n > 0 {
		return "..." + cut(string(line[n:]))
	}
	return cut(string(line))
}
