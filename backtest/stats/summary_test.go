package stats

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden holds a text against a file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -rewrite, then read the diff); got\n%s", path, got)
	}
}

// tableHead is where the written part of STATISTICS.md begins.
const tableHead = "| key | name | unit | formula | source | undefined |\n|---|---|---|---|---|---|\n"

// TestStatisticsTable keeps the table of STATISTICS.md what the code says.
func TestStatisticsTable(t *testing.T) {
	var b strings.Builder
	text, err := os.ReadFile("STATISTICS.md")
	if err != nil {
		t.Fatal(err)
	}
	introduction, _, _ := strings.Cut(string(text), "### ")
	b.WriteString(strings.TrimRight(introduction, "\n") + "\n")
	cell := strings.NewReplacer("|", `\|`, "*", `\*`).Replace
	for _, g := range Of(&backtest.Result{}).Groups {
		fmt.Fprintf(&b, "\n### %s\n\n%s", g.Name, tableHead)
		for _, item := range g.Items {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", item.Key, item.Name, item.Unit, cell(item.Formula), cell(item.Source), item.Undefined)
		}
	}
	golden(t, "STATISTICS.md", []byte(b.String()))
}

// TestDefinitions: each key is there once, fit for a file, and defined in full.
func TestDefinitions(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Of(&backtest.Result{}).Groups {
		for _, i := range g.Items {
			if seen[i.Key] || strings.Trim(i.Key, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
				t.Errorf("key %q is there twice, or no key", i.Key)
			}
			seen[i.Key] = true
			if i.Name == "" || i.Unit == "" || i.Formula == "" || i.Source == "" || i.Undefined == "" {
				t.Errorf("%s is not defined in full: %+v", i.Key, i)
			}
			if i.OK != (i.Reason == "") || i.Undefined == always && !i.OK {
				t.Errorf("%s of an empty run: %+v", i.Key, i.Value)
			}
		}
	}
}

// summarySchema is the schema of [Summary] by its Go type.
func summarySchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	number := &jsonschema.Schema{Type: "string", Pattern: `^-?[0-9]+(\.[0-9]+)?$`}
	instant := &jsonschema.Schema{Type: "string", Pattern: `^(-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z)$`}
	enum := func(v ...any) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Enum: v} }
	s, err := jsonschema.For[Summary](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[decimal.Decimal]():  number,
		reflect.TypeFor[exchange.Time]():    instant,
		reflect.TypeFor[exchange.Product](): enum("UM", "CM", "MARGIN"),
		reflect.TypeFor[backtest.Kind]():    enum(backtest.KindBacktest, backtest.KindDryRun, backtest.KindLive),
		reflect.TypeFor[Unit]():             enum(Ratio, Percent, USD, Count, Duration, Time, PerDay, Points),
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", SummarySchema
	s.Properties["schema"].Const = jsonschema.Ptr[any](SummarySchema)
	open(s)
	return s
}

// open lets objects have fields that a later version adds, and lists not be null.
func open(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Type == "object" && s.Properties != nil {
		s.AdditionalProperties = nil
	}
	if s.Items != nil {
		s.Type, s.Types = "array", nil
	}
	open(s.Items)
	for _, p := range s.Properties {
		open(p)
	}
}

// TestSummarySchema keeps report.schema.json what the Go types say.
func TestSummarySchema(t *testing.T) {
	b, err := json.MarshalIndent(summarySchema(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.schema.json", append(b, '\n'))
}

// checkDocument holds the document of a run against the published schema.
func checkDocument(t *testing.T, r *backtest.Result) {
	t.Helper()
	text, err := os.ReadFile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(SummaryOf(r))
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	if err := resolved.Validate(document); err != nil {
		t.Errorf("the document breaks its schema: %v\n%s", err, b)
	}
}

func TestDocumentOfNothing(t *testing.T) {
	checkDocument(t, &backtest.Result{})
	checkDocument(t, equity(day, 0, 100, 90))
}

// TestDocument is the document of the run of forty days, as text.
func TestDocument(t *testing.T) {
	b, err := json.MarshalIndent(SummaryOf(readRun(t, "testdata/forty.txt")), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/forty.json", append(b, '\n'))
}
