package papi

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// variant is what a file's name has beyond the endpoint's: .1, .raw, a date.
var variant = regexp.MustCompile(`(\.\d+)?(\.raw)?(_\d{4}-\d{2})?\.jsonc?$`)

// TestFixtures decodes every answer and event of the shared folder, and holds each value of
// the file against the field that it went into.
func TestFixtures(t *testing.T) {
	root := filepath.Join(shared(t), "fixtures/papi")
	var loose, out, events, decoded []string
	used := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".md" {
			return err
		}
		file, _ := filepath.Rel(root, path)
		name := variant.ReplaceAllString(entry.Name(), "")
		reason, no := unsupported[name]
		switch {
		case no:
			out = append(out, file+": "+reason)
		case filepath.Ext(path) == ".jsonc":
			loose = append(loose, file)
		case filepath.Dir(file) == "ws":
			events = append(events, file)
			t.Run(file, func(t *testing.T) { testEvent(t, path, used) })
		default:
			decoded = append(decoded, file)
			t.Run(file, func(t *testing.T) { testAnswer(t, name, path, used) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		what  string
		files []string
	}{{"answers decoded", decoded}, {"events decoded", events}, {"not strict JSON", loose}, {"unsupported", out}} {
		t.Logf("%d %s", len(kind.files), kind.what)
		if kind.what == "not strict JSON" || kind.what == "unsupported" {
			t.Log("\n\t" + strings.Join(kind.files, "\n\t"))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(contradictions)) {
		if !slices.Contains(decoded, file) {
			t.Errorf("a contradiction of %s, which is no file", file)
		}
		t.Logf("contradiction: %s: %s", file, contradictions[file])
	}
	for _, field := range slices.Sorted(maps.Keys(ignored)) {
		if !used[field] {
			t.Errorf("the ignore table has %q, which no file has", field)
		}
	}
	if len(decoded) < 187 || len(events) < 12 {
		t.Errorf("only %d answers and %d events", len(decoded), len(events))
	}
}

// TestOwnAnswers does the same with answers of our own, one of each endpoint, in which every
// number occurs once.
func TestOwnAnswers(t *testing.T) {
	used := map[string]bool{}
	for name := range answers {
		t.Run(name, func(t *testing.T) { testAnswer(t, name, "testdata/answers/"+name+".json", used) })
	}
	for field := range used {
		t.Errorf("our own answers have the ignored field %s", field)
	}
}

func testAnswer(t *testing.T, name, path string, used map[string]bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	make, ok := answers[name]
	if !ok {
		t.Fatalf("no call answers with %s, and it is in no table", name)
	}
	v := make()
	if err := decode(data, v); err != nil {
		t.Fatal(err)
	}
	compare(t, name, data, v, used)
}

func testEvent(t *testing.T, path string, used map[string]bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseEvent(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, unknown := v.(*unknownEvent); unknown {
		t.Fatal("the event is not known")
	}
	data, name, err := unwrap(data)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, string(name), data, v, used)
}

// compare reads the file again without knowing our types, and holds every leaf against the
// field of its name.
func compare(t *testing.T, name string, data []byte, v any, used map[string]bool) {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var raw any
	if err := decoder.Decode(&raw); err != nil {
		t.Fatal(err)
	}
	c := &comparison{name: name, used: used}
	c.value("", raw, reflect.ValueOf(v).Elem())
	for _, problem := range c.problems {
		t.Error(problem)
	}
}

type comparison struct {
	name     string
	used     map[string]bool
	problems []string
}

func (c *comparison) fail(place, format string, args ...any) {
	c.problems = append(c.problems, strings.TrimPrefix(place, ".")+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(place string, raw any, v reflect.Value) {
	if v.Type() == reflect.TypeFor[unread]() {
		return
	}
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch raw := raw.(type) {
	case map[string]any:
		switch {
		case v.Kind() == reflect.Slice && v.Len() == 1:
			c.value(place, raw, v.Index(0))
		case v.Kind() == reflect.Map:
			for _, key := range slices.Sorted(maps.Keys(raw)) {
				c.value(place+"."+key, raw[key], v.MapIndex(reflect.ValueOf(key)))
			}
		case v.Kind() == reflect.Struct:
			c.object(place, raw, v)
		default:
			c.fail(place, "an object became a %v", v.Type())
		}
	case []any:
		if v.Kind() != reflect.Slice || v.Len() != len(raw) {
			c.fail(place, "a list of %d became %v", len(raw), v)
			return
		}
		for i := range raw {
			c.value(place, raw[i], v.Index(i))
		}
	default:
		c.leaf(place, raw, v)
	}
}

func (c *comparison) object(place string, raw map[string]any, v reflect.Value) {
	fields := map[string]reflect.Value{}
	tagged(v, fields)
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		field, ok := fields[key]
		if ok {
			c.value(place+"."+key, raw[key], field)
			continue
		}
		entry := c.name + " " + strings.TrimPrefix(place+"."+key, ".")
		if _, ok := ignored[entry]; ok {
			c.used[entry] = true
			continue
		}
		if key != "e" || place != "" { // the event's name, which chose the type
			c.fail(place+"."+key, "is in no field of %v and not in the ignore table", v.Type())
		}
	}
}

// tagged collects the fields of a struct, and of those embedded in it, by JSON name.
func tagged(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if tag, ok := field.Tag.Lookup("json"); ok {
			fields[tag] = v.Field(i)
		} else if field.Anonymous {
			tagged(v.Field(i), fields)
		}
	}
}

func (c *comparison) leaf(place string, raw any, v reflect.Value) {
	text := ""
	if raw != nil {
		text = fmt.Sprint(raw)
	}
	number := func(got decimal.Decimal) bool {
		want, err := decimal.NewFromString(strings.ReplaceAll(text, ",", ""))
		return text == "" && got.IsZero() || err == nil && want.Equal(got)
	}
	same := false
	switch got := v.Interface().(type) {
	case exchange.Fixed:
		same = number(got.Decimal())
	case decimal.Decimal:
		same = number(got)
	case Grouped:
		same = number(got.Decimal)
	case exchange.Time:
		same = number(decimal.NewFromInt(got.Millis()))
	default:
		switch v.Kind() {
		case reflect.String:
			same = v.String() == text
		case reflect.Int64, reflect.Int:
			same = number(decimal.NewFromInt(v.Int()))
		case reflect.Bool:
			same = strconv.FormatBool(v.Bool()) == text
		}
	}
	if !same {
		c.fail(place, "%v became %v", raw, v)
	}
}

// TestFieldNames holds the names of fields against the names in JSON, so that none can be
// read from another's.
func TestFieldNames(t *testing.T) {
	other := map[string]string{ // JSON: ours
		"cummulativeQuoteQty": "CumQuoteQty", "interestAccuredTime": "InterestAccruedTime",
	}
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Slice, reflect.Pointer, reflect.Map:
			look(typ.Elem())
		case reflect.Struct:
			if seen[typ] || strings.HasPrefix(typ.PkgPath(), "github.com/shopspring") {
				return
			}
			seen[typ] = true
			for i := range typ.NumField() {
				field := typ.Field(i)
				tag := field.Tag.Get("json")
				if want, ok := other[tag]; ok && field.Name != want || !ok && tag != "" && !strings.EqualFold(field.Name, tag) {
					t.Errorf("%v.%s is read from %q", typ, field.Name, tag)
				}
				look(field.Type)
			}
		}
	}
	for _, make := range answers {
		look(reflect.TypeOf(make()))
	}
	if len(seen) < 60 {
		t.Errorf("only %d types", len(seen))
	}
}

// TestObservedErrors holds that no error body is taken for the answer of any endpoint.
func TestObservedErrors(t *testing.T) {
	t.Run("shared", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(shared(t), "fixtures/papi/observed/errors.json"))
		if err != nil {
			t.Fatal(err)
		}
		var bodies []json.RawMessage
		if err := json.Unmarshal(data, &bodies); err != nil || len(bodies) < 8 {
			t.Fatal(len(bodies), err)
		}
		for _, body := range bodies {
			for name, make := range answers {
				if err := decode(body, make()); err == nil && name != "GET_sapi_v1_account_info" { // which has nothing that must be there
					t.Errorf("%s: %s was taken for an answer", name, body)
				}
			}
		}
	})
	for name, make := range answers {
		for _, body := range []string{
			`{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`,
			`{"code":-1007,"msg":""}`, ``, ` `, `null`, `"x"`, `<html></html>`, `{"code":-1`,
		} {
			v := make()
			if err := decode([]byte(body), v); err == nil {
				t.Errorf("%s: %q was taken for an answer: %+v", name, body, v)
			}
		}
	}
}

// shared is the folder of shared data, beside the repository or where PMBOT_SHARED says.
func shared(t *testing.T) string {
	dir := os.Getenv("PMBOT_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "fixtures/papi")); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return dir
}
