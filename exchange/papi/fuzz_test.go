package papi

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzAnswers decodes any bytes into the answer of any endpoint. It never panics; an answer
// that was taken can be walked, has what it must have, and decodes to the same again.
func FuzzAnswers(f *testing.F) {
	names := slices.Sorted(maps.Keys(answers))
	for i, name := range names {
		body, err := os.ReadFile(filepath.Join("testdata/answers", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), body)
	}
	for _, body := range []string{"", "{}", "[]", "[{}]", "null", "<html>", `{"code":-1000,"msg":"x"}`, `{"code":"200","msg":"x"}`} {
		f.Add(uint8(0), []byte(body))
		f.Add(uint8(len(names)-1), []byte(body))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		make := answers[names[int(which)%len(names)]]
		v := make()
		before := bytes.Clone(body)
		err := decode(body, v)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if text := err.Error(); len(text) > 1000 || text == "" {
				t.Fatalf("an error of %d bytes", len(text))
			}
			return
		}
		if first := strings.TrimLeft(string(body), " \t\r\n")[0]; first != '{' && first != '[' {
			t.Fatalf("%q was taken for an answer", body)
		}
		if field := incomplete(v); field != "" {
			t.Fatalf("taken without %s", field)
		}
		again := make()
		if err := decode(body, again); err != nil || !reflect.DeepEqual(v, again) {
			t.Fatalf("decoded twice: %+v and %+v, %v", v, again, err)
		}
	})
}

// incomplete asks an answer, and each element where it is a list, what it lacks.
func incomplete(v any) string {
	if field := missing(v); field != "" {
		return field
	}
	if list := reflect.ValueOf(v).Elem(); list.Kind() == reflect.Slice {
		for i := range list.Len() {
			if field := missing(list.Index(i).Addr().Interface()); field != "" {
				return field
			}
		}
	}
	return ""
}
