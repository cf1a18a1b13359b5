package bundletest

import (
	"os"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/strategytest"
)

// Readme holds the table of parameters in the README.md of the working directory against the
// tags of the strategy's parameters, or writes it with -rewrite.
func Readme(t *testing.T, s strategy.Strategy) {
	t.Helper()
	const head = "## Parameters\n\n"
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	list, err := strategy.ParamsOf(s.Params())
	if err != nil {
		t.Fatal(err)
	}
	text, table := string(data), strategy.ParamTable(list)
	before, rest, ok := strings.Cut(text, head)
	if !ok {
		t.Fatalf("README.md has no line %q", strings.TrimSpace(head))
	}
	want := before + head + table
	if _, after, more := strings.Cut("\n"+rest, "\n## "); more {
		want += "\n## " + after
	}
	if text == want {
		return
	}
	if !strategytest.Rewrite() {
		t.Fatal("README.md does not list the parameters as they are; run go test -rewrite")
	}
	if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
