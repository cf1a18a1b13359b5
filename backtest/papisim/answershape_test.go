package papisim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shape is what JSON values are made of: the paths in the order in which they come first,
// and the types that stand there. List elements are written [].
type shape struct {
	paths []string
	types map[string]map[string]bool
}

func shapeOf(t *testing.T, list ...string) *shape {
	s := &shape{types: map[string]map[string]bool{}}
	for _, text := range list {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := s.read(d, ""); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return s
}

func (s *shape) add(path, kind string) {
	if s.types[path] == nil {
		s.types[path] = map[string]bool{}
		s.paths = append(s.paths, path)
	}
	s.types[path][kind] = true
}

func (s *shape) read(d *json.Decoder, path string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case nil:
		s.add(path, "null")
	case string:
		s.add(path, "text")
	case json.Number:
		s.add(path, "number")
	case bool:
		s.add(path, "bool")
	case json.Delim:
		s.add(path, map[json.Delim]string{'{': "object", '[': "list"}[v])
		for d.More() {
			below := path + "[]"
			if v == '{' {
				key, err := d.Token()
				if err != nil {
					return err
				}
				below = path + "." + key.(string)
			}
			if err := s.read(d, below); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

// lines are the paths with their types.
func (s *shape) lines() []string {
	var list []string
	for _, path := range s.paths {
		list = append(list, path+" "+strings.Join(slices.Sorted(maps.Keys(s.types[path])), "|"))
	}
	return list
}

// inOrder says whether the lines that two lists share have one order in both.
func inOrder(want, got []string) bool {
	shared := func(list, other []string) (both []string) {
		for _, l := range list {
			if slices.Contains(other, l) {
				both = append(both, l)
			}
		}
		return both
	}
	return slices.Equal(shared(want, got), shared(got, want))
}

// fixtureName is what the reference calls an endpoint: GET_um_account for /papi/v1/um/account.
func fixtureName(method, path string) string {
	switch {
	case strings.HasPrefix(path, "/papi/v1/"):
		path = strings.TrimPrefix(path, "/papi/v1/")
	case strings.HasPrefix(path, "/papi/"):
		path = strings.TrimPrefix(path, "/papi/")
	}
	return method + "_" + strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "_")
}

// unlike are the places where an answer differs from its example, by endpoint and path, with
// the reason. A path that ends in * is all that begin so.
func unlike() map[string]map[string]string {
	null := "the wire has null where the printed example has the word None"
	prevented := map[string]string{"[].preventedMatchId": null, "[].preventedQuantity": null}
	file := map[string]string{".s3Link": null, ".isExpired": null}
	one := "one asset is answered with an object, which lacks crossMarginAsset"
	return map[string]map[string]string{
		"GET_margin_order":      {".preventedMatchId": null, ".preventedQuantity": null},
		"GET_margin_openOrders": prevented, "GET_margin_allOrders": prevented,
		"GET_um_order_asyn_id": file, "GET_um_trade_asyn_id": file, "GET_um_income_asyn_id": file,
		"GET_balance":                            {"": one, ".*": one},
		"DELETE_margin_allOpenOrders":            {"order": "the example has made one object of an order and a list"},
		"GET_sapi_v1_margin_available-inventory": {".assets.*": "the keys are assets"},
	}
}

// excused is the reason why a path may differ, "" for none.
func excused(exceptions map[string]string, path string) string {
	for _, pattern := range slices.Sorted(maps.Keys(exceptions)) {
		prefix, wild := strings.CutSuffix(pattern, "*")
		if path == pattern || wild && strings.HasPrefix(path, prefix) {
			return exceptions[pattern]
		}
	}
	return ""
}

// TestShapes compares keys and types of every answer with testdata/shapes.txt, which has
// been made of the reference's examples by TestShapesOfFixtures.
func TestShapes(t *testing.T) {
	known := readShapes(t)
	compareShapes(t, func(name string) []string { return known[name] })
}

// TestShapesOfFixtures compares them with the examples themselves, and with -rewrite writes
// testdata/shapes.txt anew.
func TestShapesOfFixtures(t *testing.T) {
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	fixtures := filepath.Join(root, "fixtures", "papi")
	if _, err := os.Stat(fixtures); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	of := func(name string) []string {
		for _, dir := range [...]string{"rest", "sapi"} {
			if text, err := os.ReadFile(filepath.Join(fixtures, dir, name+".json")); err == nil {
				return shapeOf(t, string(text)).lines()
			}
		}
		return nil
	}
	if *rewrite {
		writeShapes(t, of)
	}
	compareShapes(t, of)
}

func compareShapes(t *testing.T, of func(name string) []string) {
	s, shown, compared := newTestSim(t), answersShown(t), 0
	exceptions := unlike()
	for _, r := range s.accountEndpoints() {
		name := fixtureName(r.Method, r.Path)
		want := of(name)
		if want == nil || len(shown[r.Method+" "+r.Path]) == 0 {
			continue
		}
		compared++
		if r.Path == filePath {
			continue
		}
		answers := shown[r.Method+" "+r.Path]
		for _, answer := range answers {
			if excused(exceptions[name], "order") == "" && !inOrder(want, shapeOf(t, answer).lines()) {
				t.Errorf("%s: keys in another order: %s", name, answer)
			}
		}
		got := shapeOf(t, answers...).lines()
		for _, line := range difference(want, got) {
			path, _, _ := strings.Cut(line[1:], " ")
			if excused(exceptions[name], path) == "" {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	if compared < 70 {
		t.Errorf("compared only %d endpoints", compared)
	}
}

// difference lists lines that stand in one of two lists only, with - for the first.
func difference(want, got []string) []string {
	var list []string
	for _, l := range want {
		if !slices.Contains(got, l) {
			list = append(list, "-"+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			list = append(list, "+"+l)
		}
	}
	return list
}

const shapesFile = "testdata/shapes.txt"

func writeShapes(t *testing.T, of func(name string) []string) {
	var b bytes.Buffer
	b.WriteString("# Keys and types of Binance's published answers, by endpoint.\n")
	s := newTestSim(t)
	for _, r := range s.accountEndpoints() {
		if name := fixtureName(r.Method, r.Path); of(name) != nil {
			fmt.Fprintf(&b, "%s\n  %s\n", name, strings.Join(of(name), "\n  "))
		}
	}
	if err := os.WriteFile(shapesFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readShapes(t *testing.T) map[string][]string {
	text, err := os.ReadFile(shapesFile)
	if err != nil {
		t.Fatal(err)
	}
	known, name := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "  "):
			known[name] = append(known[name], line[2:])
		default:
			name = line
		}
	}
	return known
}
