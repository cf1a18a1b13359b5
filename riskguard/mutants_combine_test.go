package riskguard

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// To compile and link a program for each mutant would take minutes. Nearly all of them are
// within one function, so a program can have every one: a function that is mutated becomes
// several, and one with its name that calls the one which a variable of the environment says.

// combined is the text of files with all mutants in them, by path, and the mutants' numbers.
type combined struct {
	files   map[string]string
	numbers map[mutant]int
}

// combine puts all mutants that are within one function into their files.
func combine(t *testing.T, all []mutant) combined {
	t.Helper()
	c := combined{files: map[string]string{}, numbers: map[mutant]int{}}
	byFile := map[string][]mutant{}
	for _, m := range all {
		byFile[m.file] = append(byFile[m.file], m)
	}
	for file, list := range byFile {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c.files[file] = c.combineFile(t, string(text), list)
		dir, _ := filepath.Split(file)
		pkg := filepath.Base(strings.TrimSuffix(dir, "/"))
		if dir == "" {
			pkg = "riskguard"
		}
		c.files[dir+"mutant_number.go"] = strings.Replace(numberSource, "PACKAGE", pkg, 1)
	}
	return c
}

// numberSource says which mutant a process is.
const numberSource = `package PACKAGE

import (
	"os"
	"strconv"
)

var mutantNumber, _ = strconv.Atoi(os.Getenv("PMBOT_MUTANT_NUMBER"))
`

// combineFile makes the functions of a file that are mutated several.
func (c *combined) combineFile(t *testing.T, text string, list []mutant) string {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	var out strings.Builder
	done := 0
	for _, d := range parsed.Decls {
		decl, is := d.(*ast.FuncDecl)
		if !is || decl.Body == nil || decl.Type.TypeParams != nil {
			continue
		}
		start, end := at(decl.Pos()), at(decl.End())
		var clones []string
		var numbers []int
		for _, m := range list {
			if i := strings.Index(text, m.old); i >= start && i+len(m.old) <= end {
				c.numbers[m] = len(c.numbers) + 1
				numbers = append(numbers, c.numbers[m])
				changed := text[start:i] + m.new + text[i+len(m.old):end]
				clones = append(clones, renamedFunc(changed, decl.Name.Name, c.numbers[m]))
			}
		}
		if len(clones) == 0 {
			continue
		}
		out.WriteString(text[done:start])
		out.WriteString(chooser(decl, func(n ast.Node) string { return text[at(n.Pos()):at(n.End())] }, numbers))
		out.WriteString("\n\n" + renamedFunc(text[start:end], decl.Name.Name, 0) + "\n\n" + strings.Join(clones, "\n\n"))
		done = end
	}
	return out.String() + text[done:]
}

func renamedFunc(text, name string, number int) string {
	return strings.Replace(text, name+"(", fmt.Sprintf("%s__m%d(", name, number), 1)
}

// chooser is a function with the signature of decl that calls the mutant which is chosen.
func chooser(decl *ast.FuncDecl, source func(ast.Node) string, numbers []int) string {
	var params, args []string
	for _, field := range decl.Type.Params.List {
		for range max(1, len(field.Names)) {
			name := fmt.Sprint("p", len(args))
			params = append(params, name+" "+source(field.Type))
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				name += "..."
			}
			args = append(args, name)
		}
	}
	receiver, call := "", decl.Name.Name
	if decl.Recv != nil {
		receiver, call = "(recv "+source(decl.Recv.List[0].Type)+") ", "recv."+call
	}
	results, give, after := "", "", "\n\t\treturn"
	if r := decl.Type.Results; r != nil {
		var types []string
		for _, field := range r.List {
			types = append(types, slices.Repeat([]string{source(field.Type)}, max(1, len(field.Names)))...)
		}
		results, give, after = " ("+strings.Join(types, ", ")+")", "return ", ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "func %s%s(%s)%s {\n\tswitch mutantNumber {\n", receiver, decl.Name.Name, strings.Join(params, ", "), results)
	for _, n := range numbers {
		fmt.Fprintf(&b, "\tcase %d:\n\t\t%s%s__m%d(%s)%s\n", n, give, call, n, strings.Join(args, ", "), after)
	}
	fmt.Fprintf(&b, "\t}\n\t%s%s__m0(%s)\n}", give, call, strings.Join(args, ", "))
	return b.String()
}
