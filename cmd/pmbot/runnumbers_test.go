package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestNumberStrategies: a label has one number for ever, and a number one label.
func TestNumberStrategies(t *testing.T) {
	many := make([]string, 255)
	for i := range many {
		many[i] = fmt.Sprint("s", i)
	}
	for _, test := range []struct {
		past, configured, want string
		wrong                  string
	}{
		{past: "", configured: "a b", want: "a b"},
		{past: "a b", configured: "b a", want: "a b"},
		{past: "a b c", configured: "c", want: "a b c"},
		{past: "a b", configured: "c b", want: "a b c"},
		{past: "a b c", configured: "d a e", want: "a b c d e"},
		{past: "a a", configured: "a", wrong: `strategy 2 is called "a", which is no name or another's`},
		{past: strings.Join(many, " "), configured: "s3", want: strings.Join(many, " ")},
		{past: strings.Join(many, " "), configured: "new", wrong: "256 strategies have had a number by now, and there are 255"},
	} {
		got, err := numberStrategies(strings.Fields(test.past), strings.Fields(test.configured))
		if fmt.Sprint(err) != test.wrong && (err != nil || test.wrong != "") || !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%.20s, then %s: got %.40s and %v, want %.40s", test.past, test.configured, got, err, test.want)
		}
	}
	if _, err := numberStrategies([]string{"a", ""}, nil); err == nil {
		t.Error("a strategy without a name was taken")
	}
}
