package papisim

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// TestRefused runs testdata/refused/*.txt: for an order endpoint a request that is good, and
// what is answered when its parameters are changed.
//
//	endpoint METHOD PATH
//	good PARAMS
//	before LINE          something that (*testSim).obey does before each request
//
// and then the changes, each to the good request and at an exchange of its own: k=v sets a
// parameter, -k leaves it out, +k=v sends it once more, and "good" is the good one. Behind a
// # stands where Binance says so, by the sections of the reference.
func TestRefused(t *testing.T) {
	golden(t, "testdata/refused", func(t *testing.T, text string) string {
		var base, endpoint string
		var before []string
		return script(text, func(line string) (string, error) {
			line, _, _ = strings.Cut(line, "  #")
			word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch word {
			case "endpoint":
				endpoint = rest
				return "", nil
			case "good":
				if rest != "" {
					base = rest
				}
			case "before":
				before = append(before, rest)
				return "", nil
			}
			params := base
			if word != "good" {
				params = changed(base, strings.Fields(line))
			}
			return answerTo(t, before, endpoint, params), nil
		})
	})
}

// answerTo is what a fresh exchange answers after some lines.
func answerTo(t *testing.T, before []string, endpoint, params string) (answer string) {
	inSim(t, func(t *testing.T, s *testSim) {
		for _, line := range before {
			if out, err := s.obey(line); err != nil || out != "" && !strings.HasPrefix(out, "200") {
				t.Fatalf("%s: %s %v", line, out, err)
			}
		}
		answer = s.request(append(strings.Fields(endpoint), params))
	})
	if strings.HasPrefix(answer, "200") {
		answer = "200" // what it looks like is the walks' business
	}
	return answer
}

// changed is a query string after changes.
func changed(base string, changes []string) string {
	list := slices.DeleteFunc(strings.Split(base, "&"), func(p string) bool { return p == "" })
	is := func(name string) func(string) bool {
		return func(p string) bool { return strings.HasPrefix(p, name+"=") }
	}
	for _, c := range changes {
		name, _, _ := strings.Cut(c, "=")
		switch {
		case strings.HasPrefix(c, "-"):
			list = slices.DeleteFunc(list, is(c[1:]))
		case strings.HasPrefix(c, "+"):
			list = append(list, c[1:])
		default:
			list = append(slices.DeleteFunc(list, is(name)), c)
		}
	}
	return strings.Join(list, "&")
}

// TestRefusedComplete sees to it that each order endpoint of futures has a table, and that
// each table has a request that is taken, refusals, and their sources.
func TestRefusedComplete(t *testing.T) {
	s := newTestSim(t)
	for _, r := range slices.Concat(s.umOrderRoutes(), s.algoRoutes(), s.cmOrderRoutes(), s.conditionalRoutes(), s.fillRoutes()) {
		file := tableOf(r)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%s %s has no table of bad parameters: %v", r.Method, r.Path, err)
			continue
		}
		if want := fmt.Sprintf("\nendpoint %s %s\n", r.Method, strings.TrimPrefix(r.Path, "/papi/v1/")); !strings.Contains("\n"+string(text), want) {
			t.Errorf("%s is about another endpoint", file)
		}
		lines, refusals, taken := strings.Split(string(text), "\n"), 0, false
		for i := 1; i < len(lines); i++ {
			refused := strings.HasPrefix(lines[i], "  4")
			taken = taken || lines[i] == "  200" && strings.HasPrefix(lines[i-1], "good")
			if refused {
				refusals++
			}
			_, source, _ := strings.Cut(lines[i-1], "  # ")
			if code := codeInAnswer.FindString(lines[i]); refused && !strings.Contains(source, code) {
				t.Errorf("%s:%d: code %s is not that of the source %q", file, i, code, source)
			}
		}
		if !taken || refusals < 2 {
			t.Errorf("%s: good request taken: %v; %d refusals", file, taken, refusals)
		}
	}
}

var codeInAnswer = regexp.MustCompile(`-[0-9]{4}`)

// tableOf is the file with the bad parameters of an endpoint.
func tableOf(r web.Route) string {
	name := r.Method + "_" + strings.ReplaceAll(strings.TrimPrefix(r.Path, "/papi/v1/"), "/", "_")
	return filepath.Join("testdata", "refused", name+".txt")
}
