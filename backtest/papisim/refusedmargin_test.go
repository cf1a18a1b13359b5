package papisim

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var marginCode = regexp.MustCompile(`"code":(-?[0-9]+)`)

// TestRefusedMargin sees to it that each endpoint of margin orders and loans has a table of
// bad parameters, with a request that is taken, refusals, and the sources of their codes.
func TestRefusedMargin(t *testing.T) {
	s := newTestSim(t)
	for _, r := range slices.Concat(s.marginOrderRoutes(), s.loanRoutes()) {
		if r.Path == "/papi/v1/margin/openOrderList" {
			continue // it has no parameters
		}
		text, err := os.ReadFile(tableOf(r))
		if err != nil {
			t.Errorf("%s %s has no table of bad parameters: %v", r.Method, r.Path, err)
			continue
		}
		refusals, taken, request := 0, false, ""
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "  ") {
				request = line
				continue
			}
			taken = taken || line == "  200\n" && strings.HasPrefix(request, "good")
			found := marginCode.FindStringSubmatch(line)
			if found == nil {
				continue
			}
			refusals++
			if _, source, _ := strings.Cut(request, "  # "); !strings.Contains(source, found[1]) {
				t.Errorf("%s: %scode %s is not that of the source", tableOf(r), request, found[1])
			}
		}
		if !taken || refusals < 2 {
			t.Errorf("%s: good request taken: %v; %d refusals", tableOf(r), taken, refusals)
		}
	}
}
