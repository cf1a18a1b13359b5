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
		if field, found := incomplete(v); found {
			t.Fatalf("taken without %s", field)
		}
		again := make()
		if err := decode(body, again); err != nil || !reflect.DeepEqual(v, again) {
			t.Fatalf("decoded twice: %+v and %+v, %v", v, again, err)
		}
	})
}

// FuzzDecimal holds that the short way of reading a decimal and the long one agree, and that
// no text makes a number that is expensive to add.
func FuzzDecimal(f *testing.F) {
	for _, text := range []string{"0", "-0.50", "122607.35137903", "999999999999999999", "9999999999999999999", "1e40", "1e-40", ".5", "5.", "-", "--1", "1.2.3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		short, ok := shortDecimal([]byte(text))
		long, err := parseDecimal([]byte("0" + strings.TrimPrefix(text, "-")))
		if strings.HasPrefix(text, "-") {
			long = long.Neg()
		}
		if ok && (err != nil || !short.Equal(long)) {
			t.Fatalf("%q is %v and %v, %v", text, short, long, err)
		}
		if d, err := parseDecimal([]byte(text)); err == nil && len(d.String()) > 2*decimalPlacesMax+10 {
			t.Fatalf("%q has %d digits", text, len(d.String()))
		}
	})
}
