package riskguard

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestLimitTable: keys, defaults, bounds and directions as testdata/limits/table.txt has them.
// A change of one is a change of what every configuration means, so it shows in a diff.
func TestLimitTable(t *testing.T) {
	var out strings.Builder
	l := DefaultLimits()
	directions := [...]string{whole: "of the whole account", lower: "the lower is stricter", higher: "the higher is stricter"}
	for _, e := range l.entries() {
		fmt.Fprintf(&out, "%s is %s, within %s to %s, %s\n", e.key, e.text(), e.least, e.most, directions[e.strict])
	}
	const name = "testdata/limits/table.txt"
	if *rewrite {
		if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("the limits are otherwise; got\n%s", &out)
	}
}
