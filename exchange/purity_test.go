package exchange_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// purePackages do no I/O and know no clock, goroutine, channel or global.
var purePackages = []string{
	"exchange", "exchange/book", "exchange/frame", "exchange/market/stream", "riskguard", "riskguard/margin", "riskguard/whatif", "strategy", "strategy/exec", "engine",
	"backtest/venue", "backtest/venue/queue", "backtest/venue/link", "backtest/derive", "backtest/market", "backtest/tape/clock",
}

// TestPurePackages type-checks every pure package that exists and looks for what would
// make a run differ from its replay.
func TestPurePackages(t *testing.T) {
	var patterns []string
	for _, name := range purePackages {
		if files, _ := filepath.Glob(filepath.Join("..", name, "*.go")); len(files) > 0 {
			patterns = append(patterns, module+"/"+name)
		}
	}
	b := newBuild(t, append(patterns, "container/heap", "context", "math/rand/v2", "os", "reflect", "sync")...)
	for _, path := range patterns {
		name := strings.TrimPrefix(path, module+"/")
		t.Run(name, func(t *testing.T) {
			p, err := b.check(name, b.sources(t, path))
			if err != nil {
				t.Fatal(err)
			}
			for _, breach := range p.breaches() {
				t.Error(strings.TrimPrefix(breach, "../"))
			}
		})
	}
	t.Run("self-test", func(t *testing.T) { testPurityCatches(t, b) })
}

// build holds what the Go command has compiled, from which imports are read.
type build struct {
	exports map[string]string
	files   map[string][]string
	mu      sync.Mutex
	loader  types.Importer
	fset    *token.FileSet
}

func newBuild(t *testing.T, patterns ...string) *build {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export"}, patterns...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	b := &build{exports: map[string]string{}, files: map[string][]string{}, fset: token.NewFileSet()}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var row struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
		}
		if err := d.Decode(&row); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		b.exports[row.ImportPath] = row.Export
		for _, name := range row.GoFiles {
			b.files[row.ImportPath] = append(b.files[row.ImportPath], filepath.Join(row.Dir, name))
		}
	}
	b.loader = importer.ForCompiler(b.fset, "gc", func(path string) (io.ReadCloser, error) {
		if b.exports[path] == "" {
			return nil, fmt.Errorf("%s does not compile", path)
		}
		return os.Open(b.exports[path])
	})
	return b
}

// sources reads the files of a package, keyed by their path in the repository.
func (b *build) sources(t *testing.T, path string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range b.files[path] {
		rel := filepath.Join("..", strings.TrimPrefix(path, module+"/"), filepath.Base(name))
		data, err := os.ReadFile(rel)
		if err != nil {
			t.Fatal(err)
		}
		files[rel] = string(data)
	}
	return files
}

func (b *build) check(name string, sources map[string]string) (*pkg, error) {
	p := &pkg{name: name, fset: b.fset, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
	}}
	for file, text := range sources {
		f, err := parser.ParseFile(b.fset, file, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	var err error
	config := types.Config{Importer: b.loader}
	p.types, err = config.Check(module+"/"+name, b.fset, p.files, p.info)
	return p, err
}

// puritySnippets break every rule once and keep to it once; want is "" for those that do.
var puritySnippets = []struct{ pkg, imports, code, want string }{
	{"engine", "", `func f() { go f() }`, "starts a goroutine"},
	{"engine", "", `type t struct{ c chan int }`, "uses a channel"},
	{"engine", "", `func f(c chan<- int) { c <- 1 }`, "uses a channel"},
	{"engine", "", `func f() { select {} }`, "uses a channel"},
	{"engine", "time", `func f() int64 { return time.Now().Unix() }`, "time.Now reads the clock"},
	{"engine", "time", `var _ = time.Since`, "package variable _"},
	{"engine", "time", `func f() any { return time.AfterFunc }`, "time.AfterFunc reads the clock"},
	{"engine", "time", `func f(t time.Time) time.Time { return t.Local() }`, "(time.Time).Local depends on the machine's time zone"},
	{"engine", "time", `func f(d time.Duration) time.Duration { return d.Round(time.Hour) }`, ""},
	{"engine", "os", `var _ any = os.Args`, "imports os"},
	{"engine", "sync", `type t struct{ mu sync.Mutex }`, "imports sync"},
	{"engine", "context", `func f(context.Context) {}`, "imports context"},
	{"engine", "fmt", `func f() { fmt.Println() }`, "fmt.Println writes to the terminal"},
	{"engine", "", `func f() { println() }`, "println writes to the terminal"},
	{"engine", "math/rand/v2", `func f() int { return rand.IntN(3) }`, "math/rand/v2.IntN has no seed"},
	{"engine", "math/rand/v2", `func f(s uint64) int { return rand.New(rand.NewPCG(s, 1)).IntN(3) }`, ""},
	{"engine", "", `func init() {}`, "has an init function"},
	{"engine", "", `type t struct{}; func (t) init() {}`, ""},
	{"engine", "", `var count int`, "package variable count"},
	{"engine", "", `var Count = 5`, "package variable Count"},
	{"engine", "", `var list = []int{1}`, "package variable list"},
	{"engine", "", `var box = struct{ m map[int]int }{}`, "package variable box"},
	{"engine", "", `type t struct{ n int }; func (x *t) inc() { x.n++ }; var v = t{}; func f() { v.inc() }`, "writes to package variable v"},
	{"engine", "", `type t struct{ n int }; func (x t) get() int { return x.n }; var v = t{}; func f() int { return v.get() }`, ""},
	{"engine", "errors", `var ErrLost = errors.New("lost")`, ""},
	{"engine", "errors", `var Lost = errors.New("lost")`, "package variable Lost"},
	{"engine", "fmt", `type t int; func (t) String() string { return "" }; var _ fmt.Stringer = t(0)`, ""},
	{"engine", "errors", `var errLost = errors.New("lost"); func f() { errLost = nil }`, "writes to package variable errLost"},
	{"engine", "", `var pow10 = [2]int{1, 10}; func f() { pow10[1]++ }`, "writes to package variable pow10"},
	{"engine", "", `var pow10 = [2]int{1, 10}; func f() []int { return pow10[:] }`, "writes to package variable pow10"},
	{"engine", "", `var pow10 = [2]int{1, 10}; func f() *int { return &pow10[1] }`, "writes to package variable pow10"},
	{"engine", "", `var pow10 = [2]int{1, 10}; func f(i int) int { return pow10[i] }`, ""},
	{"engine", decimalPath, `func f() { decimal.DivisionPrecision = 3 }`, "writes to package variable DivisionPrecision"},
	{"engine", decimalPath, `func f(a, b decimal.Decimal) decimal.Decimal { return a.Div(b) }`, "Decimal).Div rounds by a global"},
	{"engine", decimalPath, `func f() any { return decimal.Decimal.Div }`, "Decimal).Div rounds by a global"},
	{"engine", decimalPath, `func f(a, b decimal.Decimal) decimal.Decimal { return a.DivRound(b, 16) }`, ""},
	{"engine", decimalPath, `var two = decimal.NewFromInt(2); func f(a decimal.Decimal) decimal.Decimal { return a.Mul(two) }`, ""},
	{"engine", decimalPath, `var Two = decimal.NewFromInt(2)`, "package variable Two"},
	{"engine", "", `func f(m map[int]int) { for range m {} }`, "ranges over a map"},
	{"engine", "", `type m map[int]int; func f(x m) { for range x {} }`, "ranges over a map"},
	{"engine", "maps", `func f(m map[int]int) { for range maps.Keys(m) {} }`, "maps.Keys has a random order"},
	{"engine", "maps slices", `func f(m map[int]int) []int { return slices.Collect(maps.Keys(m)) }`, "maps.Keys has a random order"},
	{"engine", "maps slices", `func f(m map[int]int) []int { return slices.Sorted(maps.Values(m)) }`, "maps.Values has a random order"},
	{"engine", "maps slices", `func f(m map[int]int) []int { return slices.Sorted(maps.Keys(m)) }`, ""},
	{"engine", "reflect", `func f(v reflect.Value) any { return v.MapKeys() }`, "(reflect.Value).MapKeys has a random order"},
	{"engine", "", `type t struct{ rate float64 }`, "a field has a float"},
	{"riskguard/margin", "", `type t struct{ rates map[string][]*float32 }`, "a field has a float"},
	{"riskguard", "", `func f(x float64) {}`, "a signature has a float"},
	{"backtest/venue", "", `type rate float64; func f() (r rate) { return }`, "a signature has a float"},
	{"strategy", "", `type t struct{ mean float64 }; func f(x float64) {}`, ""},
	{"strategy", "", `func f(x, y, z float64) float64 { return x*y + z }`, "a float product is not wrapped"},
	{"strategy", "", `func f(x, y float64) float64 { x *= y; return x }`, "a float product is not wrapped"},
	{"strategy", "", `func f(x, y float64) float64 { p := x * y; return p }`, "a float product is not wrapped"},
	{"strategy", "", `func f(x, y, z float64) float64 { return float64(x*y*z) + float64((x*y)) + 2.0*3.0 }`, ""},
	{"strategy", "", `func f(x, y float64) int { return int(x * y) }`, ""},
	{"strategy", "math", `func f(x float64) float64 { return math.Pow(x, 2) }`, "math.Pow differs between machines"},
	{"strategy", "math", `func f(x float64) float64 { return math.Sqrt(x) }`, ""},
}

func testPurityCatches(t *testing.T, b *build) {
	for _, c := range puritySnippets {
		source := "package x\n"
		for _, path := range strings.Fields(c.imports) {
			source += fmt.Sprintf("import %q\n", path)
		}
		p, err := b.check(c.pkg, map[string]string{"x.go": source + c.code + "\n"})
		if err != nil {
			t.Errorf("%s: %v", c.code, err)
			continue
		}
		got := strings.Join(p.breaches(), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s\ngot %q, want %q", c.pkg, c.code, got, c.want)
		}
	}
}
