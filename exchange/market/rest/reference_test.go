package rest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEndpointsAreTheReference holds that every path of the reference's table can be asked, and
// that no other one of futures can.
func TestEndpointsAreTheReference(t *testing.T) {
	text, err := os.ReadFile(sharedData(t, "reference", "market", "rest.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## 2. Endpoint table")
	table, _, _ = strings.Cut(table, "## 3.")
	table, _, _ = strings.Cut(table, "Not on this list")
	told := map[string]bool{}
	for _, path := range regexp.MustCompile(`/[fd]api/v\d/[A-Za-z0-9/]+|/futures/data/[A-Za-z-]+`).FindAllString(table, -1) {
		told[path] = true
	}
	list := regexp.MustCompile(`/futures/data/\{([^}]*)\}`).FindStringSubmatch(table)
	for _, name := range regexp.MustCompile(`[A-Za-z]{4,}`).FindAllString(list[1], -1) {
		told["/futures/data/"+name] = true
	}
	for i := range endpoints {
		path := endpoints[i].path
		if !told[path] && !strings.HasPrefix(path, "/api/v3/") {
			t.Errorf("%s is not in the reference", path)
		}
	}
	for path := range told {
		asked := strings.HasSuffix(path, "/historicalTrades") // wants a key
		for i := range endpoints {
			asked = asked || endpoints[i].path == path
		}
		if !asked {
			t.Errorf("%s cannot be asked", path)
		}
	}
	if len(told) < 50 {
		t.Errorf("%d paths in the reference", len(told))
	}
}
