package exchange_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pmbot/pmbot"

// law is who may import whom: everything points at the vocabulary. A package that is not
// in the table has no right to exist; "*" is every package but commands. Test files are
// free.
var law = map[string]string{
	// The pure core.
	"exchange":         "",
	"exchange/book":    "exchange",
	"exchange/frame":   "exchange",
	"riskguard/margin": "exchange",
	"riskguard":        "exchange riskguard/margin",
	"riskguard/whatif": "exchange riskguard riskguard/margin",
	"strategy":         "exchange exchange/book",
	"strategy/exec":    "exchange strategy",
	"engine":           "exchange exchange/book riskguard riskguard/margin",
	"backtest/market":  "exchange",
	"backtest/venue":   "exchange exchange/book riskguard riskguard/margin backtest/venue/queue",

	"backtest/venue/queue": "exchange",
	"backtest/venue/link":  "exchange riskguard riskguard/margin backtest/venue",

	// The shell around the kernel.
	"engine/journal": "exchange",
	"engine/store":   "exchange engine/journal",
	"engine/monitor": "exchange engine riskguard riskguard/margin riskguard/whatif",
	"engine/loop":    "exchange engine engine/journal riskguard",
	// What a person must know, by log and webhook.
	"engine/alarm": "exchange",

	// The exchange. papi takes riskguard.Approved and nothing else.
	"exchange/internal/*": "",
	// The decoder of answers knows the numbers of the vocabulary.
	"exchange/internal/lenient": "exchange",
	"exchange/market":           "exchange exchange/book exchange/frame exchange/market/* exchange/internal/*",
	"exchange/papi":             "exchange riskguard exchange/internal/*",

	// Market data: the names of streams, the public answers, connections that stay; and the
	// feed that makes events of them.
	"exchange/market/stream": "exchange",
	"exchange/market/rest":   "exchange exchange/internal/*",
	"exchange/market/socket": "exchange exchange/frame exchange/market/stream exchange/internal/*",

	// What doctor finds: the account as papi tells it against our model of it.
	"exchange/papi/preflight": "exchange exchange/papi riskguard/margin",
	// What ends every order, by the exchange's word alone.
	"exchange/papi/sweep": "exchange exchange/papi",

	// Backtests and the simulated exchange. papisim reads the API on its own and shares
	// no decoder with exchange/papi.
	"backtest/tape": "exchange exchange/book exchange/frame backtest/tape/row backtest/tape/clock backtest/tape/durable backtest/tape/source " +
		"backtest/tape/source/*",
	"backtest/tape/row":            "exchange",
	"backtest/tape/clock":          "exchange",
	"backtest/tape/source":         "exchange backtest/tape/row",
	"backtest/tape/source/csv":     "exchange backtest/tape/row backtest/tape/source",
	"backtest/tape/source/capture": "exchange exchange/frame backtest/tape/row backtest/tape/source",
	"backtest/tape/source/npz":     "exchange backtest/tape/row backtest/tape/source",
	"backtest/tape/durable":        "",
	"backtest/tape/record":         "exchange backtest/tape backtest/tape/durable backtest/tape/row backtest/tape/source backtest/tape/source/capture",
	"backtest/tape/download":       "exchange exchange/market/rest backtest/tape backtest/tape/row backtest/tape/source",
	"backtest/tape/audit":          "exchange exchange/book backtest/tape backtest/tape/row backtest/tape/clock backtest/tape/source",
	"backtest/tape/export":         "exchange backtest/tape backtest/tape/durable backtest/tape/row backtest/tape/source/npz",
	"backtest/papisim":             "exchange exchange/book backtest/venue backtest/market backtest/tape backtest/papisim/*",
	"backtest/papisim/web":         "exchange",
	"backtest/papisim/public":      "exchange exchange/book backtest/papisim/web",
	// What market data lacks for an account to be valued: the same rules for tapes and live.
	"backtest/derive": "exchange",
	"backtest": "exchange engine engine/journal riskguard riskguard/margin strategy configs " +
		"backtest/derive backtest/venue backtest/venue/link backtest/venue/queue backtest/market backtest/tape backtest/tape/row backtest/tape/clock",
	// The simulated exchange as the broker of a loop.
	"backtest/paper":        "exchange riskguard riskguard/margin backtest/derive backtest/venue backtest/venue/link backtest/venue/queue",
	"backtest/stats":        "exchange backtest",
	"backtest/rundir":       "exchange backtest",
	"backtest/readable":     "exchange",
	"backtest/compare":      "exchange backtest backtest/stats backtest/readable",
	"backtest/report/plot":  "exchange backtest/readable",
	"backtest/report":       "exchange backtest backtest/stats backtest/compare backtest/readable backtest/report/plot",
	"strategy/strategytest": "exchange strategy backtest",
	"configs":               "",

	// The process boundary.
	"plugins/proto":          "",
	"plugins/proto/genproto": "",
	"plugins/wire":           "exchange strategy plugins/proto",
	"plugins/socket":         "",
	"plugins/host":           "exchange strategy plugins/wire plugins/proto plugins/socket",
	"plugins/sdk":            "exchange strategy backtest plugins/wire plugins/proto plugins/socket",
	"plugins/plugintest":     "exchange strategy plugins/*",

	// The bundled strategies.
	"plugins/hedge": bundled, "plugins/carry": bundled, "plugins/basis": bundled,
	"plugins/mm": bundled, "plugins/grid": bundled, "plugins/trend": bundled,

	"cmd/pmbot": "*",

	// For tests alone.
	"internal/raced":      "",
	"internal/bundletest": "exchange strategy strategy/strategytest backtest backtest/tape backtest/tape/row backtest/tape/source riskguard internal/raced",
	"internal/pythontest": "",
}

const bundled = "exchange strategy strategy/exec plugins/sdk"

// modules is who may import which third-party module. A heavy module has one importer,
// or one on each side of the process boundary, so that it can be replaced.
var modules = map[string]string{
	"github.com/shopspring/decimal": "*",
	"github.com/google/go-cmp":      "plugins/plugintest",

	"github.com/BurntSushi/toml":          "cmd/pmbot",
	"github.com/spf13/cobra":              "cmd/pmbot",
	"github.com/spf13/pflag":              "cmd/pmbot",
	"github.com/schollz/progressbar/v3":   "cmd/pmbot",
	"golang.org/x/term":                   "cmd/pmbot",
	"golang.org/x/sync":                   "cmd/pmbot",
	"golang.org/x/sys":                    "plugins/host",
	"charm.land/lipgloss/v2":              "backtest/report",
	"github.com/parquet-go/parquet-go":    "backtest/tape backtest/rundir",
	"github.com/klauspost/compress":       "backtest/tape backtest/tape/*",
	"github.com/hashicorp/go-plugin":      "plugins/host plugins/sdk plugins/plugintest",
	"github.com/hashicorp/go-hclog":       "plugins/host plugins/sdk plugins/plugintest",
	"google.golang.org/grpc":              "plugins/proto plugins/host plugins/sdk plugins/plugintest",
	"google.golang.org/protobuf":          "plugins/proto plugins/proto/genproto plugins/wire plugins/host plugins/sdk plugins/plugintest",
	"github.com/bufbuild/protocompile":    "plugins/proto/genproto",
	"google.golang.org/genproto":          "",
	"github.com/gorilla/websocket":        "exchange/internal/* backtest/papisim",
	"github.com/go-json-experiment/json":  "exchange/papi exchange/market/* exchange/internal/*",
	"modernc.org/sqlite":                  "engine/store",
	"github.com/jackc/pgx/v5":             "engine/store",
	"github.com/pressly/goose/v3":         "engine/store",
	"github.com/prometheus/client_golang": "engine/monitor",
}

// TestImportLaw parses the imports of every file of the module that is no test.
func TestImportLaw(t *testing.T) {
	packages := 0
	err := walkPackages("..", func(pkg string, files []string) error {
		packages++
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			bad, err := lawBreaches(pkg, source)
			if err != nil {
				return err
			}
			for _, breach := range bad {
				t.Errorf("%s: %s", strings.TrimPrefix(file, "../"), breach)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages < 3 {
		t.Errorf("only %d packages were looked at", packages)
	}
}

// walkPackages calls f with every folder below root that holds Go files of this module,
// named relative to it, and those files without the tests.
func walkPackages(root string, f func(pkg string, files []string) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		name := entry.Name()
		if path != root {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
				return fs.SkipDir
			}
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil {
			return err
		}
		files = slices.DeleteFunc(files, func(s string) bool { return strings.HasSuffix(s, "_test.go") })
		rel, err := filepath.Rel(root, path)
		if err != nil || len(files) == 0 {
			return err
		}
		return f(filepath.ToSlash(rel), files)
	})
}

// lawBreaches returns what a file of a package imports against the law.
func lawBreaches(pkg string, source []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), pkg+".go", source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	allowed, ok := row(law, pkg)
	if !ok {
		return []string{"package " + pkg + " is not in the table of deps_test.go"}, nil
	}
	var bad []string
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		ours, local := strings.CutPrefix(path, module+"/")
		first, _, _ := strings.Cut(path, "/")
		switch {
		case local && !permits(allowed, ours):
			bad = append(bad, "package "+pkg+" may not import "+ours)
		case local || !strings.Contains(first, "."): // ours and allowed, or the standard library
		default:
			importers, ok := row(modules, path)
			if !ok || !permits(importers, pkg) && importers != "*" {
				bad = append(bad, "package "+pkg+" may not import "+path)
			}
		}
	}
	return bad, nil
}

// row finds the entry of a path: its own, that of a folder above with "/*", or, for an
// import path, that of the module that holds it.
func row(table map[string]string, path string) (string, bool) {
	if v, ok := table[path]; ok {
		return v, true
	}
	for dir := path; strings.Contains(dir, "/"); {
		dir = dir[:strings.LastIndex(dir, "/")]
		if v, ok := table[dir+"/*"]; ok {
			return v, true
		}
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			if v, ok := table[dir]; ok {
				return v, true
			}
		}
	}
	return "", false
}

// permits says whether a list of names, of which "a/*" is all below a, has the package.
func permits(list, pkg string) bool {
	for _, name := range strings.Fields(list) {
		dir, folder := strings.CutSuffix(name, "*")
		if name == pkg || folder && strings.HasPrefix(pkg, dir) && !strings.HasPrefix(pkg, "cmd/") {
			return true
		}
	}
	return false
}

// TestLawHolds asks the table itself what no row may ever undo.
func TestLawHolds(t *testing.T) {
	for _, never := range []struct{ from, to string }{
		{"engine", "exchange/market"}, {"engine", "exchange/papi"}, {"engine", "strategy"}, {"engine", "plugins/"},
		{"engine", "backtest"}, {"engine/loop", "exchange/papi"}, {"strategy", "engine"}, {"strategy", "riskguard"},
		{"plugins/trend", "exchange/papi"}, {"plugins/sdk", "exchange/papi"}, {"plugins/host", "backtest"},
		{"backtest/papisim", "exchange/papi"}, {"exchange/market", "exchange/papi"}, {"exchange/market", "riskguard"},
	} {
		for reached := range reach(never.from) {
			if reached == never.to || strings.HasSuffix(never.to, "/") && strings.HasPrefix(reached, never.to) {
				t.Errorf("the table lets %s reach %s", never.from, reached)
			}
		}
	}
	for pkg := range law {
		if pkg != "cmd/pmbot" && permits(law["cmd/pmbot"], pkg) == false {
			t.Errorf("cmd/pmbot may not import %s", pkg)
		}
		if reach(pkg)[pkg] {
			t.Errorf("%s can reach itself", pkg)
		}
		if permits(law[pkg], "cmd/pmbot") {
			t.Errorf("%s may import a command", pkg)
		}
	}
}

// reach returns all packages that the table lets a package import, directly or not.
func reach(pkg string) map[string]bool {
	reached := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		for q := range law {
			if q != p && permits(law[p], q) && !reached[q] {
				reached[q] = true
				visit(q)
			}
		}
	}
	visit(pkg)
	return reached
}

// TestLawCatches breaks the law in small files, and keeps it in others.
func TestLawCatches(t *testing.T) {
	for _, c := range []struct{ pkg, path, want string }{
		{"exchange", module + "/engine", "package exchange may not import engine"},
		{"engine", module + "/strategy", "package engine may not import strategy"},
		{"engine", module + "/exchange/papi", "package engine may not import exchange/papi"},
		{"backtest", module + "/cmd/pmbot", "package backtest may not import cmd/pmbot"},
		{"cmd/pmbot", module + "/cmd/pmbot", "package cmd/pmbot may not import cmd/pmbot"},
		{"common", "fmt", "package common is not in the table of deps_test.go"},
		{"plugins/new", "fmt", "package plugins/new is not in the table of deps_test.go"},
		{"engine", "github.com/parquet-go/parquet-go/compress/zstd", "package engine may not import github.com/parquet-go/parquet-go/compress/zstd"},
		{"exchange", "github.com/nobody/knows", "package exchange may not import github.com/nobody/knows"},
		{"exchange", "github.com/shopspring/decimal", ""},
		{"backtest/tape", "github.com/parquet-go/parquet-go/compress/zstd", ""},
		{"exchange/internal/ws", "github.com/gorilla/websocket", ""},
		{"exchange/market", module + "/exchange/internal/ws", ""},
		{"cmd/pmbot", module + "/plugins/sdk", ""},
		{"exchange", "os", ""},
	} {
		bad, err := lawBreaches(c.pkg, []byte("package x\n\nimport _ "+strconv.Quote(c.path)+"\n"))
		if got := strings.Join(bad, "\n"); err != nil || got != c.want {
			t.Errorf("%s importing %s: %q, %v; want %q", c.pkg, c.path, got, err, c.want)
		}
	}
}
