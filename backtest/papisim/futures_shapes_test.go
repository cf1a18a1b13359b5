package papisim

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// futuresRoutes are the endpoints of rest.md 2 to 5.
func (s *testSim) futuresRoutes() []web.Route {
	return slices.Concat(s.umOrderRoutes(), s.algoRoutes(), s.cmOrderRoutes(), s.conditionalRoutes(), s.fillRoutes(), s.ruleRoutes())
}

// deviations are the fields, by endpoint, that answers may have or lack against Binance's
// example, with the reason.
func deviations() map[string]map[string]string {
	trail := "rest.md 5: only for trailing stops"
	trailing := map[string]string{"activatePrice": trail, "priceRate": trail}
	triggered := map[string]string{
		"activatePrice": trail, "priceRate": trail, "orderId": "only after the trigger", "status": "only after the trigger",
		"triggerTime": "only after the trigger", "type": "only after the trigger",
	}
	modify := map[string]string{"modifyId": "rest.md 2: echoed when sent"}
	mode := "rest.md 2: LONG and SHORT in hedge mode, BOTH in one-way mode"
	leg := map[string]string{"LONG": mode, "SHORT": mode, "BOTH": mode, "HEDGE": mode}
	rules := "one indicator for the example's; the map is keyed by symbol, and ACCOUNT is there when it is locked"
	return map[string]map[string]string{
		"PUT_um_order": modify, "PUT_cm_order": modify, "GET_um_orderAmendment": modify, "GET_cm_orderAmendment": modify,
		"POST_um_algo_order":          {"closePosition": "rest.md 3: in the answer since connector 18.1.1"},
		"POST_cm_conditional_order":   trailing,
		"DELETE_cm_conditional_order": trailing, "GET_cm_conditional_openOrder": trailing, "GET_cm_conditional_openOrders": trailing,
		"GET_cm_conditional_allOrders": triggered, "GET_cm_conditional_orderHistory": triggered,
		"GET_um_adlQuantile": leg, "GET_cm_adlQuantile": leg,
		"GET_um_apiTradingStatus": {"ACCOUNT": rules},
		"DELETE_cm_allOpenOrders": {"code": "rest.md 2 and general.md 8 say text, the example a number: text is the worse one"},
	}
}

// futuresShapes has the fields of Binance's examples, a line for each endpoint.
const futuresShapes = "testdata/futures_shapes.txt"

// TestFuturesShapes compares every good answer of the walks with Binance's example: the same
// fields in the same order, of the same kinds. Each endpoint has to be in a walk.
func TestFuturesShapes(t *testing.T) {
	text, err := os.ReadFile(futuresShapes)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		name, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		known[name] = strings.Split(list, ", ")
	}
	answers := walked(t)
	for _, r := range newTestSim(t).futuresRoutes() {
		name := fixtureName(r.Method, r.Path)
		if len(answers[name]) == 0 || known[name] == nil {
			t.Errorf("%s is in %d walks, and its example has %d fields", name, len(answers[name]), len(known[name]))
		}
		for _, answer := range answers[name] {
			if got := fields(t, answer); got != nil {
				compareFields(t, name, known[name], got)
			}
		}
	}
}

// TestFuturesFixtures compares the list of fields with the examples themselves, and with
// -rewrite makes it of them.
func TestFuturesFixtures(t *testing.T) {
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	fixtures := filepath.Join(root, "fixtures", "papi", "rest")
	if _, err := os.Stat(fixtures); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	var made strings.Builder
	for _, r := range newTestSim(t).futuresRoutes() {
		name := fixtureName(r.Method, r.Path)
		example, err := os.ReadFile(filepath.Join(fixtures, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		made.WriteString(name + ": " + strings.Join(fields(t, string(example)), ", ") + "\n")
	}
	if *rewrite {
		if err := os.WriteFile(futuresShapes, []byte(made.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(futuresShapes)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != made.String() {
		t.Errorf("%s differs from line %s", futuresShapes, firstDifference(made.String(), string(have)))
	}
}

// walked are the good answers of the walks by endpoint.
func walked(t *testing.T) map[string][]string {
	files, err := filepath.Glob("testdata/walk/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]string{}
	request := regexp.MustCompile(`(?m)^(GET|POST|PUT|DELETE) (\S+).*\n  200 (.*)$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range request.FindAllStringSubmatch(string(text), -1) {
			name := m[1] + "_" + strings.ReplaceAll(m[2], "/", "_")
			answers[name] = append(answers[name], m[3])
		}
	}
	return answers
}

func compareFields(t *testing.T, name string, want, got []string) {
	may := deviations()[name]
	is := func(field string) bool {
		path, _, _ := strings.Cut(field, " ")
		return may[path[strings.LastIndexByte(path, '.')+1:]] != ""
	}
	w, g := slices.DeleteFunc(slices.Clone(want), is), slices.DeleteFunc(slices.Clone(got), is)
	// What a deviation names may hold more.
	inside := func(field string) bool { return strings.Contains(field, ".ACCOUNT") }
	w, g = slices.DeleteFunc(w, inside), slices.DeleteFunc(g, inside)
	if !slices.Equal(w, g) {
		t.Errorf("%s:\nwant %v\ngot  %v", name, w, g)
	}
}

// fields are the paths of all values of a document with their kinds, in order; of a list
// those of its first element. An empty list has none.
func fields(t *testing.T, text string) []string {
	d := json.NewDecoder(strings.NewReader(text))
	var list []string
	var value func(path string)
	value = func(path string) {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' {
				list = append(list, path+" object")
			}
			for first := true; d.More(); first = false {
				inner := path + "[]"
				if token == '{' {
					key, err := d.Token()
					if err != nil {
						t.Fatal(err)
					}
					inner = path + "." + key.(string)
				}
				before := len(list)
				value(inner)
				if token == '[' && !first {
					list = list[:before]
				}
			}
			if _, err := d.Token(); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		case string:
			list = append(list, path+" text")
		case float64:
			list = append(list, path+" number")
		case bool:
			list = append(list, path+" bool")
		default:
			list = append(list, path+" null")
		}
	}
	value("")
	return list
}
