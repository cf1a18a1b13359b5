package trend

import (
	"os"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/strategy"
	"github.com/pmbot/pmbot/strategy/strategytest"
)

// The table in README.md is the one that the tags of Params make.
func TestReadmeListsTheParameters(t *testing.T) {
	const head = "## Parameters\n\n"
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	list, err := strategy.ParamsOf(New().Params())
	if err != nil {
		t.Fatal(err)
	}
	text, table := string(data), strategy.ParamTable(list)
	before, rest, ok := strings.Cut(text, head)
	if !ok {
		t.Fatalf("README.md has no line %q", strings.TrimSpace(head))
	}
	_, after, _ := strings.Cut("\n"+rest, "\n## ")
	want := before + head + table + "\n## " + after
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
