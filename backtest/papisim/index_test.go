package papisim

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// indexed is a row of the reference's index of endpoints.
var indexed = regexp.MustCompile("(?m)^\\| `[A-Z]+ /papi/\\S+` \\|.*\\|$")

// TestIndex holds all endpoints of papi against the reference's index: each is there with
// its security, weight and count of orders, and there are no others. testdata/index.txt is a
// copy of the rows; with the reference at hand it is compared with it.
func TestIndex(t *testing.T) {
	const file = "testdata/index.txt"
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	if reference, err := os.ReadFile(filepath.Join(root, "reference", "papi", "rest.md")); err != nil {
		t.Logf("shared data not at hand: %v", err)
	} else {
		rows := strings.Join(indexed.FindAllString(string(reference), -1), "\n") + "\n"
		if *rewrite {
			if err := os.WriteFile(file, []byte(rows), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || string(have) != rows {
			t.Errorf("%s is not the reference's index: %v", file, err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]web.Route{}
	for _, r := range newTestSim(t).routes() {
		if r.Host == web.PAPI {
			routes[r.Method+" "+r.Path] = r
		}
	}
	rows := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(rows) != 102 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		name := strings.Trim(cells[0], "`")
		r, ok := routes[name]
		if !ok {
			t.Errorf("%s has no route", name)
			continue
		}
		delete(routes, name)
		checkRow(t, name, &r, cells[2], cells[3], cells[4])
	}
	delete(routes, "GET "+filePath) // where the files of bulk downloads are
	for name := range routes {
		t.Errorf("%s is not in the index", name)
	}
}

func checkRow(t *testing.T, name string, r *web.Route, security, weight, orders string) {
	want := map[string]web.Security{
		"NONE": web.None, "USER_STREAM": web.Keyed, "USER_DATA": web.UserData, "TRADE": web.Trade, "MARGIN": web.MarginTrade,
	}[security]
	if r.Security != want {
		t.Errorf("%s: security %d; the index says %s", name, r.Security, security)
	}
	with, without, two := strings.Cut(weight, "/")
	if !two {
		without = with
	}
	for _, c := range [...]struct{ query, weight string }{{"symbol=X", with}, {"", without}, {"pair=X", without}} {
		p, wrong := web.ReadParams(c.query, "")
		if wrong != nil {
			t.Fatal(wrong)
		}
		number, _, _ := strings.Cut(strings.TrimSpace(c.weight), " ")
		if got := strconv.Itoa(r.Cost(p)); got != number {
			t.Errorf("%s with %q costs %s; the index says %s", name, c.query, got, weight)
		}
	}
	count := 0
	switch {
	case strings.HasPrefix(orders, "2"):
		count = 2
	case orders != "-": // "not stated" counts, too: see algoRoutes
		count = 1
	}
	if r.Orders != count {
		t.Errorf("%s counts as %d orders; the index says %s", name, r.Orders, orders)
	}
}
