package exchange_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// pureImports is the standard library that a pure package may use. What is missing reads
// a clock, the machine or the network, or waits for another goroutine.
var pureImports = []string{
	"bytes", "cmp", "container/heap", "embed", "encoding", "encoding/binary", "encoding/json", "errors", "fmt", "hash", "io",
	"iter", "maps", "math", "math/big", "math/bits", "math/rand/v2", "reflect", "slices", "sort", "strconv", "strings", "time",
	"unicode", "unicode/utf8",
}

// impure is what those packages have that a pure one may not touch, and why.
var impure = map[string]string{
	"time.Now": clock, "time.Since": clock, "time.Until": clock, "time.After": clock, "time.Tick": clock, "time.Sleep": clock,
	"time.NewTimer": clock, "time.NewTicker": clock, "time.AfterFunc": clock,
	"time.Local": zone, "(time.Time).Local": zone, "time.LoadLocation": zone,
	"fmt.Print": output, "fmt.Printf": output, "fmt.Println": output,
	"(reflect.Value).MapKeys": order, "(reflect.Value).MapRange": order,
	"(reflect.Value).Send": channel, "(reflect.Value).Recv": channel, "reflect.Select": channel, "reflect.MakeChan": channel,
	"maps.Values": order, "maps.All": order,
	"math.Exp": digits, "math.Exp2": digits, "math.Expm1": digits, "math.Log": digits, "math.Log2": digits, "math.Log10": digits,
	"math.Log1p": digits, "math.Pow": digits, "math.Cbrt": digits, "math.Gamma": digits, "math.Hypot": digits,
	"math.Sin": digits, "math.Cos": digits, "math.Tan": digits, "math.Atan": digits, "math.Atan2": digits, "math.Sinh": digits,
	"math.Cosh": digits, "math.Tanh": digits, "math.Asin": digits, "math.Acos": digits,
	decimalPath + ".DivisionPrecision": division, "(" + decimalPath + ".Decimal).Div": division, decimalPath + ".Avg": division,
	"(" + decimalPath + ".Decimal).Pow": division,
}

const (
	decimalPath = "github.com/shopspring/decimal"

	clock    = "reads the clock"
	zone     = "depends on the machine's time zone"
	output   = "writes to the terminal"
	order    = "has a random order"
	channel  = "is a channel operation"
	digits   = "differs between machines in its last digit"
	division = "rounds by a global; use DivRound(x, 16)"
)

// moneyPackages have no float in a field or signature.
var moneyPackages = []string{"riskguard", "riskguard/margin", "engine", "backtest/venue"}

// tables are the package variables that hold a slice, which a reader could change without
// writing to the variable. Each is only ranged over and indexed.
var tables = map[string]string{
	"riskguard/margin.btcusdt":    "maintenance tiers",
	"riskguard/margin.ethusdt":    "maintenance tiers",
	"riskguard/margin.btcusdPerp": "maintenance tiers",
	"riskguard/margin.ethusdPerp": "maintenance tiers",
}

// pkg is one package, parsed and type-checked. name is relative to the module.
type pkg struct {
	name  string
	fset  *token.FileSet
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// breaches returns every breach of the rules of pure packages, with its place.
func (p *pkg) breaches() []string {
	var bad []string
	for _, file := range p.files {
		var parents []ast.Node
		report := func(n ast.Node, format string, args ...any) {
			at := p.fset.Position(n.Pos())
			bad = append(bad, fmt.Sprintf("%s:%d: %s", at.Filename, at.Line, fmt.Sprintf(format, args...)))
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				parents = parents[:len(parents)-1]
				return false
			}
			p.concurrency(n, report)
			p.declarations(n, parents, report)
			p.writes(n, report)
			p.uses(n, parents, report)
			p.floats(n, parents, report)
			parents = append(parents, n)
			return true
		})
	}
	return bad
}

type reporter func(n ast.Node, format string, args ...any)

// concurrency: no goroutine and no channel.
func (p *pkg) concurrency(n ast.Node, report reporter) {
	switch n := n.(type) {
	case *ast.GoStmt:
		report(n, "starts a goroutine")
	case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
		report(n, "uses a channel")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			report(n, "uses a channel")
		}
	}
}

// declarations: only allowed imports, no init, no package variable but those that never
// vary.
func (p *pkg) declarations(n ast.Node, parents []ast.Node, report reporter) {
	switch n := n.(type) {
	case *ast.ImportSpec:
		path, _ := strconv.Unquote(n.Path.Value)
		if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") && !slices.Contains(pureImports, path) {
			report(n, "imports %s", path)
		}
	case *ast.FuncDecl:
		if n.Name.Name == "init" && n.Recv == nil {
			report(n, "has an init function")
		}
	case *ast.ValueSpec:
		if len(parents) != 2 { // file, declaration
			return
		}
		for _, name := range n.Names {
			if v, ok := p.info.Defs[name].(*types.Var); ok && !p.constantVar(v, len(n.Values) > 0) {
				report(name, "package variable %s", name.Name)
			}
		}
	}
}

// constantVar says whether a package variable is a constant in all but the keyword: an
// interface guard, an error, or an unexported value with an initial value that nobody
// can reach to change. That nobody assigns to it is checked at [pkg.writes].
func (p *pkg) constantVar(v *types.Var, initialized bool) bool {
	switch {
	case v.Name() == "_":
		return types.IsInterface(v.Type())
	case types.Identical(v.Type(), types.Universe.Lookup("error").Type()):
		return strings.HasPrefix(strings.ToLower(v.Name()), "err")
	case v.Exported() || !initialized:
		return false
	case v.Type().String() == module+"/exchange.enum":
		return true
	default:
		return isValue(v.Type()) || tables[p.name+"."+v.Name()] != ""
	}
}

// isValue says whether a copy of the type shares nothing with the original. Decimals hold
// a pointer, but none of their methods writes to it.
func isValue(t types.Type) bool {
	if t.String() == decimalPath+".Decimal" {
		return true
	}
	switch x := t.Underlying().(type) {
	case *types.Basic:
		return true
	case *types.Array:
		return isValue(x.Elem())
	case *types.Struct:
		for f := range x.Fields() {
			if !isValue(f.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

// writes: nobody assigns to a package variable, ours or another's, or takes its address,
// be it to call a method on a pointer.
func (p *pkg) writes(n ast.Node, report reporter) {
	check := func(e ast.Expr) {
		if v := p.rootVar(e); v != nil && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			report(e, "writes to package variable %s", v.Name())
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			check(e)
		}
	case *ast.IncDecStmt:
		check(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			check(n.X)
		}
	case *ast.SelectorExpr:
		s := p.info.Selections[n]
		if s == nil || s.Kind() != types.MethodVal {
			return
		}
		_, pointerReceiver := s.Obj().(*types.Func).Signature().Recv().Type().(*types.Pointer)
		if _, pointer := s.Recv().Underlying().(*types.Pointer); pointerReceiver && !pointer {
			check(n.X)
		}
	case *ast.SliceExpr:
		if t := p.info.TypeOf(n.X); t != nil {
			if _, array := t.Underlying().(*types.Array); array {
				check(n.X)
			}
		}
	}
}

// rootVar returns the variable that an expression such as v.f[i].g belongs to.
func (p *pkg) rootVar(e ast.Expr) *types.Var {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			if v, ok := p.info.Uses[x.Sel].(*types.Var); ok && !v.IsField() {
				return v
			}
			e = x.X
		case *ast.Ident:
			v, _ := p.info.Uses[x].(*types.Var)
			return v
		default:
			return nil
		}
	}
}

// uses: no clock, no randomness without a seed, no unordered map.
func (p *pkg) uses(n ast.Node, parents []ast.Node, report reporter) {
	switch n := n.(type) {
	case *ast.RangeStmt:
		if t := p.info.TypeOf(n.X); t != nil {
			switch t.Underlying().(type) {
			case *types.Map:
				report(n, "ranges over a map; range over slices.Sorted(maps.Keys(m))")
			case *types.Chan:
				report(n, "uses a channel")
			}
		}
	case *ast.Ident:
		obj := p.info.Uses[n]
		if b, ok := obj.(*types.Builtin); ok && (b.Name() == "print" || b.Name() == "println") {
			report(n, "%s %s", b.Name(), output)
		}
		if obj == nil || obj.Pkg() == nil {
			return
		}
		name := obj.Pkg().Path() + "." + obj.Name()
		f, function := obj.(*types.Func)
		if function {
			name = f.FullName()
		}
		if why := impure[name]; why != "" {
			report(n, "%s %s", name, why)
		}
		method := function && f.Signature().Recv() != nil
		if function && !method && obj.Pkg().Path() == "math/rand/v2" && !strings.HasPrefix(f.Name(), "New") {
			report(n, "%s has no seed", name)
		}
		if name == "maps.Keys" && !p.sortedAtOnce(parents) {
			report(n, "maps.Keys %s; wrap it in slices.Sorted", order)
		}
	}
}

// sortedAtOnce says whether maps.Keys, whose ancestors these are, is called inside
// slices.Sorted or slices.SortedFunc: ident, selector, call, call.
func (p *pkg) sortedAtOnce(parents []ast.Node) bool {
	if len(parents) < 3 {
		return false
	}
	call, ok := parents[len(parents)-3].(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := p.info.Uses[sel.Sel].(*types.Func)
	return ok && (f.FullName() == "slices.Sorted" || f.FullName() == "slices.SortedFunc")
}

// floats: none in the fields and signatures of money packages; products are rounded at
// once, because some machines fuse x*y+z and keep more digits.
func (p *pkg) floats(n ast.Node, parents []ast.Node, report reporter) {
	money := slices.Contains(moneyPackages, p.name)
	switch n := n.(type) {
	case *ast.StructType:
		for _, f := range n.Fields.List {
			if money && hasFloat(p.info.TypeOf(f.Type)) {
				report(f, "a field has a float")
			}
		}
	case *ast.FuncType:
		for _, list := range []*ast.FieldList{n.Params, n.Results} {
			for i := 0; list != nil && i < len(list.List); i++ {
				if money && hasFloat(p.info.TypeOf(list.List[i].Type)) {
					report(list.List[i], "a signature has a float")
				}
			}
		}
	case *ast.AssignStmt:
		if n.Tok == token.MUL_ASSIGN && isFloat(p.info.TypeOf(n.Lhs[0])) {
			report(n, "a float product is not wrapped: write x = float64(x*y)")
		}
	case *ast.BinaryExpr:
		tv := p.info.Types[n]
		if n.Op == token.MUL && tv.Value == nil && isFloat(tv.Type) && !p.roundedAtOnce(parents) {
			report(n, "a float product is not wrapped: write float64(x*y)")
		}
	}
}

// roundedAtOnce says whether an expression is the argument of a conversion, or a factor of
// a product, which fuses with nothing.
func (p *pkg) roundedAtOnce(parents []ast.Node) bool {
	for i := len(parents) - 1; i >= 0; i-- {
		switch x := parents[i].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.BinaryExpr:
			return x.Op == token.MUL
		case *ast.CallExpr:
			tv, ok := p.info.Types[x.Fun]
			return ok && tv.IsType()
		}
		return false
	}
	return false
}

func isFloat(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

// hasFloat looks through pointers and collections, but not into named structs: those are
// judged where they are declared.
func hasFloat(t types.Type) bool {
	switch x := t.(type) {
	case *types.Pointer:
		return hasFloat(x.Elem())
	case *types.Slice:
		return hasFloat(x.Elem())
	case *types.Array:
		return hasFloat(x.Elem())
	case *types.Map:
		return hasFloat(x.Key()) || hasFloat(x.Elem())
	}
	return isFloat(t)
}
