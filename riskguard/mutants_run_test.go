package riskguard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMutants makes every mutant and fails for each that no test of this package, or for the
// mutants of margin of that one, notices: PMBOT_MUTANTS=all go test ./riskguard -run TestMutants.
// -run 'TestMutants/order-size' takes those of one control. No file of the checkout is touched:
// the compiler is shown others.
func TestMutants(t *testing.T) {
	if os.Getenv("PMBOT_MUTANTS") == "" {
		t.Skip("the mutants are made when PMBOT_MUTANTS is set")
	}
	all := slices.Concat(slices.Collect(maps.Values(mutantLists(t)))...)
	c := combine(t, all)
	programs := compileAll(t, &c)
	for _, name := range madeMutants() {
		_, of, _ := strings.Cut(name, " ")
		t.Run(of+"/"+name, func(t *testing.T) {
			t.Parallel()
			if !noticed(t, programs["."], ".", noticing(name), "PMBOT_MUTANT="+name) {
				t.Error("no test notices")
			}
		})
	}
	for _, m := range all {
		t.Run(m.list+"/"+m.name, func(t *testing.T) {
			t.Parallel()
			m.try(t, programs, c.numbers[m])
		})
	}
}

// noticing are the flags that say which tests must notice a mutant that is made: the control's
// own script that it is gone, and of a list of names or numbers only what must.
func noticing(name string) string {
	switch kind, of, _ := strings.Cut(name, " "); kind {
	case "remove":
		return "-test.run=^TestScripts$/^" + cmp.Or(mutantScript(of), "no script") + "$"
	default:
		return "-test.skip=^Test(Mutant|NoSequence)"
	}
}

// try asks the tests about a mutant of a list. One that is not in the programs, because it is
// not within one function, gets its own.
func (m *mutant) try(t *testing.T, programs map[string]string, number int) {
	packages := []string{"."}
	if of := filepath.Dir(m.file); of != "." && filepath.IsLocal(of) {
		packages = []string{of, "."} // a package of the guard's own has tests, too
	}
	if number == 0 {
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		overlay := writeOverlay(t, dir, map[string]string{m.file: strings.Replace(string(text), m.old, m.new, 1)})
		programs = map[string]string{}
		for _, of := range packages {
			programs[of] = compileTest(t, overlay, dir, of)
		}
	}
	variable := fmt.Sprint("PMBOT_MUTANT_NUMBER=", number)
	if script := mutantScript(m.list); script != "" && noticed(t, programs["."], ".", "-test.run=^TestScripts$/^"+script+"$", variable) {
		return // which is quickly found out
	}
	for _, of := range packages {
		if noticed(t, programs[of], of, noticing(""), variable) {
			return
		}
	}
	t.Error("no test notices")
}

// noticed says whether a test of a program failed, or did not end.
func noticed(t *testing.T, program, dir, flags, variable string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, program, flags, "-test.failfast", "-test.timeout=1m")
	run.Dir, run.Env = dir, append(os.Environ(), "PMBOT_MUTANTS=", variable)
	out, err := run.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for _, word := range [...]string{"no tests to run", "no such mutant"} {
		if strings.Contains(string(out), word) {
			t.Fatalf("%v: %s", run.Args, word)
		}
	}
	if err != nil && testing.Verbose() {
		for line := range strings.Lines(string(out)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "--- FAIL") || strings.HasPrefix(line, "panic:") {
				t.Log("noticed by", line)
			}
		}
	}
	return err != nil
}

// writeOverlay writes other contents of files beside them and tells the compiler so.
func writeOverlay(t *testing.T, dir string, contents map[string]string) string {
	t.Helper()
	replace := map[string]string{}
	for name, text := range contents {
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		replace[path] = filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// compileTest makes the test program of a package; a mutant that is no program is a failure.
func compileTest(t *testing.T, overlay, dir, of string) string {
	t.Helper()
	test := filepath.Join(dir, strings.Trim(of, ".")+"mutant.test")
	out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", test, "./"+of).CombinedOutput()
	if err != nil {
		t.Fatalf("the mutant is no program: %v\n%s", err, out)
	}
	return test
}

// compileAll makes the programs, by package, that are every mutant as variables of their
// environment say: those of lists by number, and those that are made by name.
func compileAll(t *testing.T, c *combined) map[string]string {
	t.Helper()
	for _, f := range [...]struct{ file, old, fresh string }{
		{"rules.go", "func rules() []rule {", "func soundRules() []rule {"},
		{"limits.go", "func DefaultLimits() Limits {", "func soundDefaults() Limits {"},
		{"limit_table.go", "func (l *Limits) entries() []limitEntry {", "func (l *Limits) soundEntries() []limitEntry {"},
	} {
		text, known := c.files[f.file]
		if !known {
			read, err := os.ReadFile(f.file)
			if err != nil {
				t.Fatal(err)
			}
			text = string(read)
		}
		if strings.Count(text, f.old) != 1 {
			t.Fatalf("%s has not one %q; the made mutants need it", f.file, f.old)
		}
		c.files[f.file] = strings.Replace(text, f.old, f.fresh, 1)
	}
	c.files["made_mutant.go"] = madeSource
	dir := t.TempDir()
	overlay := writeOverlay(t, dir, c.files)
	programs := map[string]string{}
	for _, of := range [...]string{".", "margin"} {
		programs[of] = compileTest(t, overlay, dir, of)
		// Without a mistake all is well, or nothing could be learned.
		if noticed(t, programs[of], of, noticing(""), "PMBOT_MUTANT_NUMBER=0") {
			t.Fatalf("the tests of %s fail without any mutant", of)
		}
	}
	return programs
}

// madeSource is the mistakes that need no list.
const madeSource = `package riskguard

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

var mutantKind, mutantOf, _ = strings.Cut(os.Getenv("PMBOT_MUTANT"), " ")

func init() {
	found := mutantKind == ""
	for _, r := range soundRules() {
		found = found || r.name == mutantOf && slices.Contains([]string{"remove", "swap", "money", "pace"}, mutantKind)
	}
	sound := soundDefaults()
	for _, e := range sound.soundEntries() {
		found = found || e.key == mutantOf && slices.Contains([]string{"default", "least", "most", "strict"}, mutantKind)
	}
	if !found {
		panic("no such mutant")
	}
}

func rules() []rule {
	list := soundRules()
	at := slices.IndexFunc(list, func(r rule) bool { return r.name == mutantOf })
	if at < 0 {
		return list
	}
	switch mutantKind {
	case "remove":
		return slices.Delete(list, at, at+1)
	case "swap":
		list[at], list[at+1] = list[at+1], list[at]
	case "money":
		list[at].money = !list[at].money
	case "pace":
		list[at].pace = !list[at].pace
	}
	return list
}

func DefaultLimits() Limits {
	l := soundDefaults()
	for _, e := range l.soundEntries() {
		if mutantKind != "default" || e.key != mutantOf {
			continue
		}
		switch v := e.value.(type) {
		case *time.Duration:
			*v *= 2
		case *int:
			*v++
		case *bool:
			*v = !*v
		case *SelfTrade:
			must(e.parse(e.most))
		case *decimal.Decimal:
			if *v = v.Mul(decimal.New(11, -1)); v.IsZero() {
				*v = decimal.New(1, 0)
			}
		}
	}
	return l
}

func (l *Limits) entries() []limitEntry {
	list := l.soundEntries()
	for i := range list {
		e := &list[i]
		if e.key != mutantOf {
			continue
		}
		switch mutantKind {
		case "least":
			e.least = nearby(e.value, e.least)
		case "most":
			e.most = nearby(e.value, e.most)
		case "strict":
			e.strict = (e.strict + 1) % 3
		}
	}
	return list
}

// nearby is another bound, a little higher.
func nearby(value any, text string) string {
	if _, is := value.(*time.Duration); is {
		d, _ := time.ParseDuration(text)
		return (d + d/20 + 1).String()
	}
	step := decimal.New(1, -5)
	if _, is := value.(*int); is {
		step = decimal.New(1, 0)
	}
	return decimal.RequireFromString(text).Add(step).String()
}
`

// TestMadeMutants: a mutant that nobody has heard of is no mutant.
func TestMadeMutants(t *testing.T) {
	for _, name := range madeMutants() {
		if kind, of, ok := strings.Cut(name, " "); !ok || kind == "" || of == "" {
			t.Error(fmt.Errorf("%q has no kind or nothing that it is of", name))
		}
	}
}
