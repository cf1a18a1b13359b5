package main

import (
	"encoding/json"

	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/internal/raced"
)

// TestBundledResults runs the configurations that the READMEs of the bundled strategies name,
// and that need no data. Each line of testdata/bundled.txt is a configuration, what came of it,
// and the hash of the whole result.
func TestBundledResults(t *testing.T) {
	raced.Skip(t, "the script backtest shows the same goroutines")
	const golden = "cmd/pmbot/testdata/bundled.txt"
	t.Chdir("../..") // the commands of the READMEs are given there
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(string(want)), "\n") {
		name, _, _ := strings.Cut(line, " ")
		text := pmbot(t, "backtest", "--json", "--no-report", "--mode", "inprocess", "-c", filepath.Join("configs", name+".toml"))
		var r backtest.Result
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		if r.Margin.Liquidations != 0 || r.Orders.Refused*20 > r.Orders.Intents || r.Orders.Rejected*20 > r.Orders.Intents {
			t.Errorf("%s: %d liquidations, %+v", name, r.Margin.Liquidations, r.Orders)
		}
		fmt.Fprintf(&got, "%s %d fills, net %v USD, fees %v, funding %v, interest %v, %s\n",
			name, r.Orders.Fills, r.Total.Net.Round(2), r.Total.Fees.Round(2), r.Total.Funding.Round(2), r.Total.Interest.Round(2), r.Hash)
	}
	switch {
	case got.String() == string(want):
	case *rewrite:
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
