package papi

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestWords is golden text: a line with a type and a word, and what the word is known as.
func TestWords(t *testing.T) {
	const path = "testdata/words.txt"
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]reflect.Type{
		"Side": reflect.TypeFor[Side](), "PositionSide": reflect.TypeFor[PositionSide](), "TimeInForce": reflect.TypeFor[TimeInForce](),
		"OrderType": reflect.TypeFor[OrderType](), "MarginOrderType": reflect.TypeFor[MarginOrderType](),
		"OrderStatus": reflect.TypeFor[OrderStatus](), "ConditionalStatus": reflect.TypeFor[ConditionalStatus](),
		"AccountStatus": reflect.TypeFor[AccountStatus](), "IncomeType": reflect.TypeFor[IncomeType](),
	}
	var out strings.Builder
	for line := range strings.Lines(string(script)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		typ, ok := types[name]
		if !ok {
			fmt.Fprint(&out, line)
			continue
		}
		word, _, _ := strings.Cut(rest, " ")
		results := reflect.ValueOf(strings.Trim(word, `"`)).Convert(typ).MethodByName("Known").Call(nil)
		fmt.Fprintf(&out, "%s %s =", name, word)
		if known := results[len(results)-1]; !known.Bool() {
			results = nil
			fmt.Fprint(&out, " not known")
		} else {
			results = results[:len(results)-1]
		}
		for _, r := range results {
			fmt.Fprintf(&out, " %v", r)
		}
		fmt.Fprintln(&out)
	}
	golden(t, path, out.String())
}
