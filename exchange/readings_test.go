package exchange_test

import (
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The clients and the simulated exchange are independent readings of one API: what one of them
// has misread, the other must not have misread in the same way. So they may have in common
// what values are, and nothing that writes or reads them for the wire. The clients share a
// decoder, exchange/internal/lenient, which is behind them alone.
const simulated = "backtest/papisim"

var (
	clients = []string{"exchange/papi", "exchange/market/rest"}
	// inCommon is all that may be behind both: numbers and orders, and the margin model.
	inCommon = []string{"exchange", "riskguard", "riskguard/margin"}
	// coders are the modules and packages that make or read JSON, websockets apart, which
	// only carry frames; and whether they are the simulator's.
	coders = map[string]bool{"github.com/go-json-experiment/json": false, "encoding/json": true}
)

// TestTwoReadings follows the imports of both sides to their ends.
func TestTwoReadings(t *testing.T) {
	imports := map[string][]string{}
	err := walkPackages("..", func(pkg string, files []string) error {
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, spec := range parsed.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				imports[pkg] = append(imports[pkg], strings.TrimPrefix(path, module+"/"))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, client := range clients {
		for _, breach := range shared(imports, client) {
			t.Error(breach)
		}
		if len(imports[client]) == 0 {
			t.Errorf("%s is not there", client)
		}
	}
	// The check itself: decoders behind both, and a JSON module on the wrong side, at first hand
	// and behind a decoder.
	damaged := maps.Clone(imports)
	damaged["exchange/papi"] = append(slices.Clone(imports["exchange/papi"]), "exchange/frame", "encoding/json")
	damaged["backtest/papisim"] = append(slices.Clone(imports["backtest/papisim"]), "exchange/frame", "exchange/internal/lenient")
	if bad := shared(damaged, "exchange/papi"); len(bad) != 4 {
		t.Errorf("a shared decoder gives %d breaches: %v", len(bad), bad)
	}
}

// shared are the breaches of what a client and the simulator may have in common.
func shared(imports map[string][]string, client string) []string {
	var bad []string
	readings := [2]string{client, simulated}
	behind := [2]map[string]bool{}
	for i, root := range readings {
		behind[i] = map[string]bool{}
		for pkg := range imports {
			if pkg == root || strings.HasPrefix(pkg, root+"/") {
				behindOf(imports, pkg, behind[i])
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(behind[0])) {
		if behind[1][pkg] && imports[pkg] != nil && !slices.Contains(inCommon, pkg) {
			bad = append(bad, pkg+" is behind both "+client+" and "+simulated)
		}
	}
	for i, root := range readings {
		for pkg := range behind[i] {
			for _, path := range slices.Compact(slices.Sorted(slices.Values(imports[pkg]))) {
				simulators, coder := coders[path]
				direct := strings.HasPrefix(pkg, root) || strings.HasPrefix(pkg, "exchange/internal")
				if coder && direct && simulators != (root == simulated) {
					bad = append(bad, pkg+" reads or writes JSON with the other side's "+path)
				}
			}
		}
	}
	return bad
}

// behindOf notes every package of ours that a package needs.
func behindOf(imports map[string][]string, pkg string, seen map[string]bool) {
	if seen[pkg] {
		return
	}
	seen[pkg] = true
	for _, path := range imports[pkg] {
		if imports[path] != nil {
			behindOf(imports, path, seen)
		}
	}
}
