package tape

import (
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// TestSchema holds the columns that FORMAT.md promises to other programs.
func TestSchema(t *testing.T) {
	const path = "testdata/schema.txt"
	var out strings.Builder
	for _, s := range []*parquet.Schema{
		parquet.SchemaOf(new(row.Trade)), parquet.SchemaOf(new(row.Ticker)), parquet.SchemaOf(new(row.Level)),
		parquet.SchemaOf(new(row.Mark)), parquet.SchemaOf(new(row.Liquidation)), parquet.SchemaOf(new(row.Bucket)),
		parquet.SchemaOf(new(row.Bar)), parquet.SchemaOf(new(row.Funding)), parquet.SchemaOf(new(row.Metric)),
	} {
		out.WriteString(s.String() + "\n")
	}
	if *rewrite {
		must(t, os.WriteFile(path, []byte(out.String()), 0o644))
	}
	if want := string(readFile(t, path)); out.String() != want {
		t.Errorf("schemas are\n%s\nwant\n%s", out.String(), want)
	}
}
