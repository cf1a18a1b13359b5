package riskguard

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A mutant is the guard with one mistake in it. TestMutants, when PMBOT_MUTANTS is set, makes
// each and asks whether a test notices. The mistakes are of two kinds.
//
// Those that every control and limit can have are made of rules and of the table of limits,
// without anybody writing them down: a control is removed, two change places, a control is no
// more skipped or never held, a default, a bound or the direction of strictness is another.
//
// The others stand in testdata/mutants, a file for each control and files all-*.txt and
// act-*.txt for what they share and for the controls of acts, watch-*.txt for those that look
// between orders. An entry is
//
//	== boundary: what the mistake is
//	file share.go
//	- the old text, which stands once in that file
//	+ the new text
//
// Old and new may have several lines. The words before the colon are one of mutantKinds.

// mutantKinds are what mistakes of the lists may be.
var mutantKinds = []string{"boundary", "sign", "unit", "input", "skip", "words", "state"}

// mutant is one mistake: of a list, or made, which has no file.
type mutant struct {
	list, name     string
	file, old, new string
}

// TestMutantsAreCurrent: every control has a list, and every mistake of a list still can be
// made. Which of them tests notice TestMutants finds out.
func TestMutantsAreCurrent(t *testing.T) {
	lists := mutantLists(t)
	for _, r := range rules() {
		if len(lists[r.name]) == 0 {
			t.Errorf("control %s has no mutants: write some in testdata/mutants/%s.txt, as the others have", r.name, r.name)
		}
		if mutantScript(r.name) == "" {
			t.Errorf("control %s has no script: testdata must have one file whose name ends with -%s.txt", r.name, r.name)
		}
		delete(lists, r.name)
	}
	for _, w := range watchers() {
		delete(lists, w.name)
	}
	for name := range lists {
		if !slices.ContainsFunc([]string{"all-", "act-", "watch-"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			t.Errorf("testdata/mutants/%s.txt: there is no such control", name)
		}
	}
}

// mutantScript is the name of a control's script as a subtest of TestScripts, "" if there is
// not one.
func mutantScript(control string) string {
	names, _ := filepath.Glob("testdata/[0-9][0-9]*-" + control + ".txt")
	names = slices.DeleteFunc(names, func(name string) bool {
		_, of, _ := strings.Cut(filepath.Base(name), "-")
		return of != control+".txt"
	})
	if len(names) != 1 {
		return ""
	}
	return strings.TrimSuffix(filepath.Base(names[0]), ".txt")
}

// mutantLists reads all lists, by name.
func mutantLists(t *testing.T) map[string][]mutant {
	t.Helper()
	files, err := filepath.Glob("testdata/mutants/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no lists of mutants", err)
	}
	lists := map[string][]mutant{}
	for _, name := range files {
		list, err := readMutants(name)
		if err != nil {
			t.Error(err)
		}
		for i := range list {
			if err := list[i].current(); err != nil {
				t.Errorf("%s: %q: %v", name, list[i].name, err)
			}
		}
		lists[strings.TrimSuffix(filepath.Base(name), ".txt")] = list
	}
	return lists
}

// readMutants reads one list.
func readMutants(path string) ([]mutant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []mutant
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		var m *mutant
		if len(list) > 0 {
			m = &list[len(list)-1]
		}
		switch {
		case word == "==":
			list = append(list, mutant{list: strings.TrimSuffix(filepath.Base(path), ".txt"), name: rest})
		case word == "" && rest == "", strings.HasPrefix(word, "#"):
		case word == "file" && m != nil:
			m.file = rest
		case word == "-" && m != nil && m.new == "":
			m.old += rest + "\n"
		case word == "+" && m != nil:
			m.new += rest + "\n"
		default:
			return nil, fmt.Errorf("%s:%d: %q begins no line of a mutant", path, i+1, word)
		}
	}
	for i := range list {
		list[i].old, list[i].new = strings.TrimSuffix(list[i].old, "\n"), strings.TrimSuffix(list[i].new, "\n")
	}
	return list, nil
}

// current says whether the mistake can be made.
func (m *mutant) current() error {
	if kind, what, ok := strings.Cut(m.name, ": "); !ok || what == "" || !slices.Contains(mutantKinds, kind) {
		return fmt.Errorf("its name must be one of %q, a colon and what the mistake is", mutantKinds)
	}
	if m.old == "" || m.old == m.new {
		return fmt.Errorf("it needs an old text and another new one")
	}
	text, err := os.ReadFile(m.file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return fmt.Errorf("its old text stands %d times in %s; it must once: bring the list up to date", n, m.file)
	}
	return nil
}

// madeMutants are the mistakes that need no list, by what is mutated; mutants_run_test.go
// makes them.
func madeMutants() (list []string) {
	all := rules()
	for i, r := range all {
		list = append(list, "remove "+r.name, "money "+r.name)
		if !r.money { // whose money rules are skipped, their pace is, too
			list = append(list, "pace "+r.name)
		}
		if i+1 < len(all) {
			list = append(list, "swap "+r.name)
		}
	}
	defaults := DefaultLimits()
	for _, e := range defaults.entries() {
		list = append(list, "default "+e.key, "strict "+e.key)
		switch e.value.(type) {
		case *SelfTrade, *bool: // which have no bounds but their two words
		default:
			list = append(list, "least "+e.key, "most "+e.key)
		}
	}
	return list
}

// TestMutantLists: what is wrong with a list is said.
func TestMutantLists(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"== boundary: x\nfile share.go\n- no such text\n+ y\n": "stands 0 times in share.go",
		"== boundary: x\nfile share.go\n- return\n+ y\n":       "stands ",
		"== boundary: x\nfile share.go\n- return\n+ return\n":  "another new one",
		"== else: x\nfile share.go\n- return\n+ y\n":           "its name must be",
		"== boundary: x\nfile none.go\n- return\n+ y\n":        "no such file",
		"== boundary: x\nfile share.go\n* return\n+ y\n":       "list.txt:3: \"*\" begins no line",
		"- x\n":                        "list.txt:1: \"-\" begins no line",
		"== words: x\nfile share.go\n": "it needs an old text",
	} {
		name := filepath.Join(dir, "list.txt")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := readMutants(name)
		for i := range list {
			err = list[i].current()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	// The limits that are made another are of all kinds.
	made := madeMutants()
	kinds := map[string]int{}
	for _, name := range made {
		kind, _, _ := strings.Cut(name, " ")
		kinds[kind]++
	}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, []string{"default", "least", "money", "most", "pace", "remove", "strict", "swap"}) {
		t.Errorf("%q", got)
	}
}
